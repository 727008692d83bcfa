//! Find: the tantivy index of message text, one document per message.
//!
//! What is true of a whole session (agent, project, helper, branch, ...) is not written into
//! documents: the asker hands it over by sid in [`SessionAttrs`], so that it can change without
//! reindexing, and facets and filters read it in the same pass.
//!
//! Reading order. Writing: `handle` (the calls), `open`, `earlier` (what was there before), `schema`, `entry`, `token` with `fold` and
//! `parts`. Finding: `search` (tiers) and `run` (pages), `lower` with `leaf`, `loose`, `unit` and `spelling`
//! (tree to query), `word` and `plain` (own scorers), `plan` (what is asked of a document), `pass`
//! with `rows`, `view`, `groups` and `days` (the one pass), `snippet` with `marks`, `stored`.

use crate::model::{BodyFormat, PromptKind, Role, Sid, ToolCall};
use crate::query::Query;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

mod days;
mod earlier;
mod entry;
mod fold;
mod groups;
mod handle;
mod leaf;
mod loose;
mod lower;
mod marks;
mod open;
mod parts;
mod pass;
mod plain;
mod plan;
mod rows;
mod run;
mod schema;
mod search;
mod snippet;
mod spelling;
mod stored;
mod token;
mod unit;
mod view;
mod word;

pub use handle::SearchIndex;

/// One message on its way into the index.
#[derive(Clone, Debug, Default)]
pub struct Document {
    pub sid: Sid,
    pub seq: u32,
    pub role: Role,
    /// Milliseconds since the epoch.
    pub at: Option<i64>,
    pub model: String,
    pub text: String,
    pub meta: DocMeta,
}

/// What a stored document carries beside its text, so that a session whose source is gone can
/// still be shown whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DocMeta {
    pub uuid: String,
    pub prompt: PromptKind,
    pub format: BodyFormat,
    pub bytes: u64,
    pub cut: bool,
    pub sidechain: bool,
    pub images: u32,
    pub tool: Option<ToolCall>,
}

/// Session-level facts by sid, as the engine knows them now.
#[derive(Clone, Debug, Default)]
pub struct SessionAttrs {
    /// Names for the ordinals below.
    pub agents: Vec<String>,
    pub projects: Vec<String>,
    /// By sid; sids beyond the end do not exist.
    pub rows: Vec<AttrRow>,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct AttrRow {
    /// The session exists and may be shown.
    pub live: bool,
    pub agent: u16,
    pub project: u32,
    pub helper: bool,
    pub sub_agent: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sort {
    #[default]
    Relevance,
    Newest,
    Oldest,
}

/// How loosely the words were taken to find anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Match {
    #[default]
    AllWords,
    AnyWord,
    CloseSpelling,
}

/// Whether a session passes what only the asker can check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    In,
    /// It misses one facet of the asker's, whose other values count it all the same.
    Near,
    #[default]
    Out,
}

/// Values ticked in the facets (besides those in the query text); empty = no filter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ticks {
    pub agents: Vec<String>,
    pub projects: Vec<String>,
    pub roles: Vec<Role>,
    pub tools: Vec<String>,
    pub models: Vec<String>,
    /// Milliseconds since the epoch, `[from, to)`.
    pub from: Option<i64>,
    pub to: Option<i64>,
}

#[derive(Clone, Debug)]
pub struct SearchRequest {
    pub query: Query,
    pub ticks: Ticks,
    pub include_hidden: bool,
    pub sort: Sort,
    /// In sessions.
    pub offset: usize,
    pub limit: usize,
    /// Per session.
    pub snippets: usize,
    /// By sid, what the engine worked out about sessions (repository, branch, tag, star, one
    /// session); sids beyond the end are out. `None`: all are in.
    pub only: Option<Arc<Vec<Standing>>>,
    pub attrs: Arc<SessionAttrs>,
    /// Start of local days for the day facet: UTC offset in ms at a moment.
    pub zone: jiff::tz::TimeZone,
    /// Query text with dates resolved: filters `After`/`Before` are local days of `zone`.
    pub facets: bool,
}

#[derive(Clone, Debug, Default)]
pub struct SearchResponse {
    pub tier: Match,
    /// Exact number of matching messages and sessions.
    pub messages: u64,
    pub sessions: u64,
    /// Of those that only the helper switch hides.
    pub hidden_messages: u64,
    pub hidden_sessions: u64,
    pub hits: Vec<SessionHit>,
    pub facets: Facets,
    /// Matching messages by session, in no order, from which the asker counts facets of its own:
    /// of the sessions found, and of those that are only [`Standing::Near`].
    pub counts: SessionCounts,
    pub near: SessionCounts,
    /// Words found near the ones asked (tier `CloseSpelling`).
    pub corrected: Vec<String>,
}

/// Every message that a question finds in one session.
#[derive(Clone, Debug, Default)]
pub struct Within {
    pub tier: Match,
    /// Ordinals of the messages, in order.
    pub seqs: Vec<u32>,
    /// Words found near the ones asked (tier `CloseSpelling`).
    pub corrected: Vec<String>,
    pub marker: Marker,
}

/// Finds in a text what a question was answered by.
#[derive(Clone, Debug, Default)]
pub struct Marker(Arc<marks::Marks>);

impl Marker {
    #[cfg(test)]
    /// Marks these words, which are in lower case, wherever they stand whole.
    pub fn of_words(words: &[&str]) -> Marker {
        let mut marks = marks::Marks::default();
        for word in words {
            let leaf = marks.leaf();
            marks.term(leaf, (*word).to_owned());
        }
        Marker(Arc::new(marks))
    }

    /// Byte ranges to mark, in order, none of which meet; the first few hundred.
    pub fn find(&self, text: &str) -> Vec<(usize, usize)> {
        match self.0.is_empty() {
            true => Vec::new(),
            false => snippet::spans(&self.0.find(text, 0)),
        }
    }
}

/// Messages by session.
pub type SessionCounts = Vec<(Sid, u32)>;

#[derive(Clone, Debug)]
pub struct SessionHit {
    pub sid: Sid,
    pub score: f32,
    /// Matching messages in this session.
    pub count: u32,
    /// Best first.
    pub snippets: Vec<Snippet>,
}

#[derive(Clone, Debug)]
pub struct Snippet {
    pub seq: u32,
    pub role: Role,
    pub tool: String,
    pub at: Option<i64>,
    /// A passage of the text around the matches; `…` where it is cut is the page's business.
    pub text: String,
    /// Byte ranges in `text` to mark.
    pub marks: Vec<(usize, usize)>,
    pub cut_before: bool,
    pub cut_after: bool,
}

/// Matching messages by value, each facet counted without its own ticks, most first.
#[derive(Clone, Debug, Default)]
pub struct Facets {
    pub agents: Vec<(String, u64)>,
    pub projects: Vec<(String, u64)>,
    pub roles: Vec<(String, u64)>,
    pub tools: Vec<(String, u64)>,
    pub models: Vec<(String, u64)>,
    /// By local day, oldest first.
    pub days: Vec<(crate::model::Day, u64)>,
}

/// One message as the index keeps it.
#[derive(Clone, Debug)]
pub struct StoredMessage {
    pub sid: Sid,
    pub seq: u32,
    pub role: Role,
    pub at: Option<i64>,
    pub model: String,
    pub text: String,
    pub meta: DocMeta,
}

/// What the writer may use.
#[derive(Clone, Copy, Debug)]
pub struct IndexOptions {
    /// Heap of all indexing threads together.
    pub heap_bytes: usize,
    pub threads: usize,
}

impl Default for IndexOptions {
    fn default() -> Self {
        IndexOptions {
            heap_bytes: 96 << 20,
            threads: 2,
        }
    }
}

/// An index that opened, with the payload of its last commit.
pub struct Opened {
    pub index: SearchIndex,
    pub payload: Option<String>,
}

/// An index of another version, or a damaged one, that stays beside the new one until that is complete.
#[derive(Clone, Debug, PartialEq)]
pub struct EarlierIndex {
    /// As its folder says; `""` when it does not.
    pub version: String,
    /// Payload of its last commit.
    pub payload: Option<String>,
    /// It answers searches.
    pub serves: bool,
}

/// What was taken over from an earlier index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CarriedOver {
    pub sessions: u64,
    pub documents: u64,
    /// Documents that could not be read any more (of any session, where a whole part was damaged).
    pub lost: u64,
}

/// Why an index did not open, and nothing of it can be used either; the first two are the caller's cue to set the folder aside.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the index is damaged: {0}")]
    Damaged(String),
    #[error("the index was written by another version ({found})")]
    OtherVersion { found: String },
    #[error("another process writes to the index")]
    Locked,
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// The documents that one pass of ingest writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleSet {
    Prose,
    Rest,
    All,
}

impl RoleSet {
    pub fn contains(self, role: Role) -> bool {
        match self {
            RoleSet::Prose => role.is_prose(),
            RoleSet::Rest => !role.is_prose(),
            RoleSet::All => true,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexStats {
    /// Committed and not deleted.
    pub documents: u64,
    pub segments: usize,
    /// On disk.
    pub bytes: u64,
    /// Deleted but not merged away yet.
    pub deleted: u64,
}

/// Fields whose values the index can list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueField {
    Tool,
    Model,
}

/// Filters of a query that the index passes over, since only the asker knows what they mean: it
/// turns them into [`SearchRequest::only`].
pub fn ignores(field: &crate::query::Field) -> bool {
    use crate::query::Field;
    matches!(field, Field::Branch(_) | Field::Repo(_) | Field::Tag(_))
}

/// Schema and tokenizer. An index of another version is never written: it serves until a new one is
/// complete, and gives that what no source holds any more.
pub const INDEX_VERSION: &str = "1";
