//! What a session amounts to: the row behind every list, facet and card.

use super::event::TitleRank;
use super::id::{AgentId, SessionKey};
use serde::{Deserialize, Serialize};

/// Folded from a session's events by `rollup`; kept by `store`, one per session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionSummary {
    pub key: SessionKey,
    /// The agent to show (a display variant of `key.agent`, or the same).
    pub agent: AgentId,
    /// File (or database) that holds it, as found.
    pub path: String,
    /// Bytes of the transcript (its share of a database: 0 when not known).
    pub file_size: u64,
    /// The source has been deleted by its agent; what we kept is all there is.
    pub gone: bool,
    /// Only a prompt history tells of it; there never was a transcript for us to read.
    pub stand_in: bool,

    /// First working directory, as recorded; `""` when not recorded.
    pub project: String,
    /// The original checkout of a worktree session, as the agent says.
    pub worktree_of: Option<String>,
    pub branches: Vec<String>,
    pub remote: Option<String>,
    pub version: String,
    pub origin: String,
    /// Models in order of first use, at most 8.
    pub models: Vec<String>,
    pub context_window: Option<u64>,

    pub title: Option<String>,
    pub title_rank: TitleRank,
    /// First real prompt, at most 400 characters; `""` when there is none.
    pub first_prompt: String,
    pub last_prompt: String,

    /// Parent session's native id, with what it is to us.
    pub parent: Option<String>,
    pub relation: Relation,
    pub agent_label: Option<String>,

    /// Milliseconds since the epoch. `None`: no record carries a time, and pages say so.
    pub first_at: Option<i64>,
    pub last_at: Option<i64>,

    /// User and assistant messages, tool traffic and injected text not included.
    pub messages: u32,
    /// All messages of all roles: `seq` runs from 0 to this.
    pub all_messages: u32,
    /// Prompts of a person.
    pub prompts: u32,
    pub assistant_messages: u32,
    pub tool_calls: u32,
    /// Records that tell what a response used, copies not counted.
    pub responses: u32,
    pub tool_errors: u32,
    pub interruptions: u32,
    pub compactions: u32,
    pub thinking: u32,
    pub images: u32,
    /// Messages that are copies of another session's (shown, not counted).
    pub copies: u32,
    /// Per tool, most used first, at most 64.
    pub tools: Vec<ToolCount>,
    pub mcp_servers: Vec<String>,
    pub skills: Vec<String>,
    pub helper: Option<HelperReason>,
    pub archived: bool,
    /// Issues met in its source.
    pub issues: u32,
    pub memory: FoldMemory,
}

/// What the fold needs again when the session grows; says nothing to readers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FoldMemory {
    /// Branch as of now.
    pub branch: String,
    /// Ordinal of the last prompt.
    pub turn: Option<u32>,
    /// Tools called by the response whose usage has not been told yet.
    pub tools: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolCount {
    pub name: String,
    pub calls: u32,
    pub errors: u32,
}

/// A file that a session's tool calls named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCount {
    /// Below the project where it lies in it, else as written.
    pub path: String,
    /// Calls that read it, and calls that wrote or edited it.
    pub reads: u32,
    pub edits: u32,
}

#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Hash, PartialOrd, Ord,
)]
pub enum Relation {
    #[default]
    None,
    SubAgent,
    /// Housekeeping of the agent itself (compaction, prompt suggestion, side question).
    Housekeeping,
    Fork,
    Continuation,
}

/// Why a session counts as a helper run and is hidden by default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HelperReason {
    /// The agent says that a program drove it.
    Scripted,
    /// The first prompt matches this entry of the pattern list.
    Pattern(String),
}

impl SessionSummary {
    pub fn is_sub_agent(&self) -> bool {
        matches!(self.relation, Relation::SubAgent | Relation::Housekeeping)
    }
    /// Hidden unless the asker includes helpers.
    pub fn hidden_by_default(&self) -> bool {
        self.helper.is_some() || self.is_sub_agent()
    }
    /// Not one message: a title or a header alone. Lists leave it out unless they are asked for it.
    pub fn is_empty(&self) -> bool {
        self.all_messages == 0 && self.responses == 0
    }
    /// Display name: title, else first prompt, else `""`.
    pub fn name(&self) -> &str {
        match &self.title {
            Some(title) if !title.trim().is_empty() => title,
            _ => &self.first_prompt,
        }
    }
}
