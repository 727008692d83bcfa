//! What are we talking about? Nouns only: no I/O, no clock, no environment.
//!
//! Reading order: [`id`], [`agent`], [`source`], [`event`], [`usage`], [`session`], [`daily`], [`time`].

pub mod agent;
pub mod daily;
pub mod event;
pub mod id;
pub mod session;
pub mod source;
pub mod time;
pub mod usage;

pub use agent::{AgentInfo, Capabilities, RootSpec};
pub use daily::{Day, DayStats, UsageBucket};
pub use event::{
    BodyFormat, Event, EventKind, Fact, Message, PromptKind, Role, TitleRank, ToolCall, ToolKind,
};
pub use id::{AgentId, SessionKey, Sid};
pub use session::{FileCount, FoldMemory, HelperReason, Relation, SessionSummary, ToolCount};
pub use source::{
    Checkpoint, Fingerprint, IssueKind, ParseIssue, Rank, RecordRef, SessionStart, Source,
    SourceMode, Wants,
};
pub use usage::{Claim, Cost, CostMode, CostParts, OwnPrice, Response, Tier, Tokens, UsageEvent};
