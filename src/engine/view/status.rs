//! How the whole thing is doing.

use crate::model::{AgentInfo, ParseIssue};

#[derive(Clone, Debug, Default)]
pub struct StatusView {
    pub ingest: crate::store::status::IngestStatus,
    pub sessions: u64,
    pub hidden_sessions: u64,
    /// Without any message.
    pub empty_sessions: u64,
    pub messages: u64,
    pub documents: u64,
    pub segments: u64,
    pub index_bytes: u64,
    pub store_bytes: u64,
    pub source_bytes: u64,
    pub sources: u64,
    pub gone_sources: u64,
    pub issues_total: u64,
    /// By kind label.
    pub issues_by_kind: Vec<(String, u64)>,
    /// The newest, at most 500.
    pub issues: Vec<ParseIssue>,
    pub agents: Vec<AgentStatus>,
    pub versions: Vec<(String, String)>,
    pub data_dir: String,
    pub zone: String,
    /// Stores set aside at start because they did not open.
    pub set_aside: Vec<String>,
    /// What goes on because stores were of another version or damaged, and what was lost by it, one
    /// sentence each.
    pub notes: Vec<String>,
    pub resident_bytes: u64,
}

#[derive(Clone, Debug)]
pub struct AgentStatus {
    pub agent: &'static AgentInfo,
    /// Folder and whether it exists.
    pub roots: Vec<(String, bool)>,
    pub sources: u64,
    pub sessions: u64,
    pub messages: u64,
    pub issues: u64,
}

/// What came of asking the endpoint for titles.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// What the model says, or a sentence on what is wrong.
    pub outcome: Result<String, String>,
    /// How long it took, with one decimal.
    pub seconds: String,
    pub model: String,
}
