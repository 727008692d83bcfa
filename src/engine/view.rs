//! What the engine is asked and what it answers: the structs that pages, JSON and the CLI render.
//! No HTML, no JSON names, no formatting of numbers or times here.

mod analytics;
mod places;
mod retold;
mod session;
mod status;

pub use super::bands::{Band, COSTS, HAS, HELPERS, LENGTHS, bands};
pub use super::sessions::LIVE_MS;
pub use super::tags::{SUGGESTED_TAGS, TAG_COLORS};
pub use analytics::*;
pub use places::*;
pub use retold::*;
pub use session::*;
pub use status::{AgentStatus, StatusView, Trial};

use crate::index;
use crate::model::{
    AgentInfo, BodyFormat, CostParts, Day, ParseIssue, PromptKind, Role, SessionSummary, Sid,
    Tokens, ToolCall,
};
use std::sync::Arc;

// ---------------------------------------------------------------- sessions

/// Filters that every view shares. Empty lists filter nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filters {
    pub agents: Vec<String>,
    /// Working directories, as recorded.
    pub projects: Vec<String>,
    /// Repository roots.
    pub repos: Vec<String>,
    pub models: Vec<String>,
    pub branches: Vec<String>,
    pub tools: Vec<String>,
    pub tags: Vec<String>,
    pub mcp: Vec<String>,
    pub skills: Vec<String>,
    /// Values of [`HELPERS`]: ticking one asks for helper runs, too.
    pub helpers: Vec<String>,
    /// Values of [`HAS`]: every ticked one must be there.
    pub has: Vec<String>,
    /// Values of [`COSTS`] and [`LENGTHS`].
    pub costs: Vec<String>,
    pub lengths: Vec<String>,
    pub starred: bool,
    /// Local days, both included. A session counts when any part of it lies inside.
    pub from: Option<Day>,
    pub to: Option<Day>,
    pub include_helpers: bool,
    /// Sessions without any message too.
    pub include_empty: bool,
}

impl Filters {
    /// Helper runs and sub-agents are asked for.
    pub fn with_helpers(&self) -> bool {
        self.include_helpers || !self.helpers.is_empty()
    }
}

#[derive(Clone, Debug, Default)]
pub struct SessionsQuery {
    pub filters: Filters,
    /// Words that must occur in title, first prompt, project, id or agent (folded substrings).
    pub text: String,
    pub sort: SessionSort,
    pub group: GroupBy,
    /// In cards (conversations).
    pub offset: usize,
    pub limit: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionSort {
    /// Starred first, then newest.
    #[default]
    Newest,
    Oldest,
    Longest,
    Costliest,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupBy {
    #[default]
    None,
    Project,
    Repo,
    Day,
    /// Every run of a conversation has a card, below the conversation's name.
    Conversation,
}

/// One page of the session list. `shown_sessions + hidden_sessions + empty_sessions == all_sessions` always.
#[derive(Clone, Debug, Default)]
pub struct SessionsPage {
    pub groups: Vec<CardGroup>,
    /// Conversations that match (what `offset` and `limit` count).
    pub total: usize,
    /// Sessions behind them.
    pub shown_sessions: usize,
    /// Sessions that match but for the helper switch.
    pub hidden_sessions: usize,
    /// Sessions that match but hold no message (and are no helpers); 0 when they are included.
    pub empty_sessions: usize,
    /// All three.
    pub all_sessions: usize,
    /// Where the next page starts, if there is one.
    pub next: Option<usize>,
    /// Counts are of shown sessions, each facet without its own ticks.
    pub facets: Vec<FacetList>,
    /// Local days that shown sessions span, with how many: what filtering by that day alone gives
    /// (for the calendar; counted without the day filter).
    pub days: Vec<(Day, u32)>,
    /// Store generation that this was read at.
    pub generation: u64,
}

#[derive(Clone, Debug, Default)]
pub struct CardGroup {
    /// Group value: path, repository root or day; `""` when not grouped.
    pub key: String,
    /// Last path segment or date.
    pub label: String,
    /// Conversations in the whole group, not just on this page.
    pub count: usize,
    pub cards: Vec<Card>,
}

/// One conversation: its newest session and how many more runs it has.
#[derive(Clone, Debug)]
pub struct Card {
    pub sid: Sid,
    pub session: Arc<SessionSummary>,
    pub agent: &'static AgentInfo,
    pub project: ProjectName,
    pub starred: bool,
    pub tags: Vec<Tag>,
    /// What the session was called before somebody gave it the name that it has here.
    pub called: Option<String>,
    pub tokens: Tokens,
    pub cost: CostView,
    /// Other members of the conversation, newest first.
    pub more: Vec<CardMember>,
    /// Sub-agents started by it (whether hidden or not).
    pub sub_agents: u32,
    /// The transcript grew in the last minute.
    pub live: bool,
}

#[derive(Clone, Debug)]
pub struct CardMember {
    pub sid: Sid,
    pub session: Arc<SessionSummary>,
    pub starred: bool,
}

/// A tag as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tag {
    pub name: String,
    /// Word of [`TAG_COLORS`], or `""`.
    pub color: &'static str,
}

/// A tag with what it is worth; also those that no session has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagRow {
    pub tag: Tag,
    pub sessions: usize,
}

/// A page with its filters under a name that somebody gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedSearch {
    /// 0: not saved yet.
    pub id: u64,
    pub name: String,
    pub path: String,
    /// Query string, without `?`.
    pub query: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProjectName {
    /// As recorded; `""` = no project recorded.
    pub path: String,
    /// `~` for the home it lies in.
    pub short: String,
    /// Last segment, `/` and `\` both split.
    pub label: String,
    /// Root of the repository, when found.
    pub repo: Option<String>,
    /// Stable colour 0-19.
    pub color: u8,
}

/// Money with what is not known about it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CostView {
    /// Micro-dollars of what could be priced.
    pub micros: i64,
    pub parts: CostParts,
    pub responses: u32,
    /// Responses of models without a known price.
    pub unpriced: u32,
    /// Responses whose tokens are estimates: shown with `~`.
    pub estimated: u32,
    /// What the agent itself recorded, micro-dollars, and for how many responses.
    pub recorded_micros: i64,
    pub recorded: u32,
    /// The agent records no tokens for this.
    pub unrecorded: bool,
}

#[derive(Clone, Debug, Default)]
pub struct FacetList {
    /// `agent`, `project`, `repo`, `model`, `role`, `tool`, `branch`, `tag`, `mcp`, `skill`, `has`, `cost`,
    /// `length`, `helper`, `day`: also the URL parameter.
    pub field: &'static str,
    pub values: Vec<FacetValue>,
    /// Not counted yet: every value is there, and the counts say nothing.
    pub pending: bool,
}

#[derive(Clone, Debug, Default)]
pub struct FacetValue {
    pub value: String,
    pub label: String,
    pub count: u64,
    pub ticked: bool,
    /// An agent's colour, or the word of a tag's.
    pub color: Option<&'static str>,
}

// ---------------------------------------------------------------- one session

#[derive(Clone, Debug)]
pub struct SessionView {
    pub card: Card,
    /// `None` where the agent has no resume command.
    pub resume: Option<String>,
    pub parent: Option<Card>,
    pub children: Vec<Card>,
    /// Other runs of the same conversation.
    pub retries: Vec<CardMember>,
    pub cost_by_model: Vec<(String, Tokens, CostView)>,
    pub issues: Vec<ParseIssue>,
}

/// One prompt and everything that the model did for it.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnView {
    /// Ordinal of the prompt; `None`: before the first one.
    pub seq: Option<u32>,
    /// Time of the first and last record of its responses, ms.
    pub at: i64,
    pub until: i64,
    pub amount: Amount,
    /// Tokens of its largest prompt, and how many fit where that is known.
    pub context: u64,
    pub window: Option<u64>,
    /// Share of the window that each prompt took, added up over the responses whose window is known,
    /// and their number.
    pub fill_sum: f64,
    pub fill_count: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RoleFilter {
    #[default]
    All,
    User,
    Assistant,
    Tools,
}

#[derive(Clone, Debug, Default)]
pub struct MessagesQuery {
    pub filter: RoleFilter,
    /// Ordinal in the filtered list.
    pub offset: usize,
    pub limit: usize,
    /// Start with the page that holds this message (overrides `offset`).
    pub around: Option<u32>,
    /// Items of this kind alone (overrides `filter`).
    pub only: Option<Landmark>,
}

#[derive(Clone, Debug, Default)]
pub struct MessagesPage {
    pub items: Vec<TranscriptItem>,
    pub offset: usize,
    /// Messages that pass the filter in the whole session (calls and outputs paired count once).
    pub total: usize,
    pub next: Option<usize>,
    pub previous: Option<usize>,
    /// Read from the index because the source is gone: fork prefixes may be missing.
    pub from_archive: bool,
}

/// A message; a tool call carries its output.
#[derive(Clone, Debug, Default)]
pub struct TranscriptItem {
    pub seq: u32,
    pub uuid: String,
    pub role: Role,
    pub prompt: PromptKind,
    pub at: Option<i64>,
    pub model: Option<String>,
    pub text: String,
    pub format: BodyFormat,
    pub bytes: u64,
    pub cut: bool,
    pub copy: bool,
    pub sidechain: bool,
    pub images: u32,
    pub tool: Option<ToolCall>,
    pub output: Option<Box<TranscriptItem>>,
}

// ---------------------------------------------------------------- search

#[derive(Clone, Debug, Default)]
pub struct SearchQuery {
    pub text: String,
    pub filters: Filters,
    pub roles: Vec<Role>,
    pub sort: index::Sort,
    pub offset: usize,
    pub limit: usize,
    /// Within this session only.
    pub session: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub struct SearchPage {
    pub tier: index::Match,
    pub messages: u64,
    pub sessions: u64,
    pub hidden_messages: u64,
    pub hidden_sessions: u64,
    pub hits: Vec<SearchHit>,
    pub facets: Vec<FacetList>,
    pub days: Vec<(Day, u64)>,
    pub corrected: Vec<String>,
    pub next: Option<usize>,
    /// Wall time inside the engine.
    pub micros: u64,
    /// The index is still being filled: what is missing yet.
    pub filling: bool,
    /// The index of an earlier version answered, since the new one is still being filled.
    pub earlier: bool,
}

#[derive(Clone, Debug)]
pub struct SearchHit {
    pub card: Card,
    pub count: u32,
    pub snippets: Vec<index::Snippet>,
}

// ---------------------------------------------------------------- projects

#[derive(Clone, Debug, Default)]
pub struct ProjectsPage {
    pub rows: Vec<ProjectRow>,
    pub hidden_sessions: usize,
}

#[derive(Clone, Debug, Default)]
pub struct ProjectRow {
    /// What its page is asked for by: the repository's root, or the folder.
    pub path: String,
    pub name: ProjectName,
    /// Worktrees and folders that belong to it.
    pub folders: Vec<String>,
    pub conversations: usize,
    pub sessions: usize,
    pub prompts: u64,
    pub messages: u64,
    pub last_at: Option<i64>,
    pub cost: CostView,
    pub tokens: u64,
    pub agents: Vec<(&'static AgentInfo, u32)>,
    /// Of the files that tool calls named, most calls first.
    pub languages: Vec<LanguageUse>,
    /// Prompts by week (Monday to Sunday), oldest first, the last one is this week.
    pub weeks: Vec<u64>,
    pub newest: Vec<Card>,
}

pub use super::breakdown::{Breakdown, BreakdownQuery, BreakdownRow, By};
