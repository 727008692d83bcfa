//! How far ingest is, what there is, whether it works.

use super::params::Params;
use super::reply::{Failure, Reply};
use super::session::IssueRecord;
use crate::config::now_ms;
use crate::engine::Engine;
use crate::engine::view::{AgentStatus, StatusView};
use crate::store::status::{IngestStatus, Phase};
use serde::{Deserialize, Serialize};

/// Progress of ingest. `done` and `total` count sources of the running pass.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Warming {
    pub running: bool,
    pub done: u64,
    pub total: u64,
    /// `starting`, `scanning`, `metadata`, `prose`, `tool output` or `idle`.
    pub phase: String,
    pub bytes_done: u64,
    pub bytes_total: u64,
    /// Documents put into the index since the server started.
    pub documents: u64,
    /// The session list and its numbers are complete.
    pub listing_complete: bool,
    /// Every prompt and answer can be found.
    pub prose_complete: bool,
    /// Every message can be found.
    pub index_complete: bool,
    /// Ms since the epoch; 0 = nothing written yet.
    pub last_commit_at: i64,
    pub generation: u64,
    /// Why the last pass failed, if it did.
    pub error: Option<String>,
    /// How changes are noticed.
    pub watch: String,
}

impl From<&IngestStatus> for Warming {
    fn from(status: &IngestStatus) -> Warming {
        Warming {
            running: status.phase != Phase::Idle,
            done: status.sources_done,
            total: status.sources_total,
            phase: status.phase.as_str().to_owned(),
            bytes_done: status.bytes_done,
            bytes_total: status.bytes_total,
            documents: status.documents,
            listing_complete: status.listing_complete,
            prose_complete: status.prose_complete,
            index_complete: status.index_complete,
            last_commit_at: status.last_commit_at,
            generation: status.generation,
            error: status.error.clone(),
            watch: status.watch.clone(),
        }
    }
}

/// What there is, where it lies and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct IndexStatus {
    pub backfill: Warming,
    pub index: IndexSizes,
    pub agents: Vec<AgentRecord>,
    pub issues_total: u64,
    pub issues_by_kind: Vec<KindCount>,
    /// The newest, at most 500.
    pub issues: Vec<IssueRecord>,
    /// Versions of schema, tokenizer, parsers and stores.
    pub versions: Vec<VersionRecord>,
    pub data_dir: String,
    pub zone: String,
    /// Stores that did not open and were put aside at start.
    pub set_aside: Vec<String>,
    /// What goes on because stores were of another version, and what was lost with them.
    #[serde(default)]
    pub notes: Vec<String>,
    pub resident_bytes: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct IndexSizes {
    /// Sessions, and how many of them are hidden by default.
    pub sessions: u64,
    pub hidden_sessions: u64,
    /// How many hold no message and are hidden for that.
    #[serde(default)]
    pub empty_sessions: u64,
    pub messages: u64,
    pub documents: u64,
    /// Sources, and how many of them their agent has deleted since.
    pub files: u64,
    pub gone_files: u64,
    pub source_bytes: u64,
    /// Store and index together.
    pub db_bytes: u64,
    pub store_bytes: u64,
    pub index_bytes: u64,
    pub segments: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AgentRecord {
    pub id: String,
    pub name: String,
    pub roots: Vec<RootRecord>,
    pub sources: u64,
    pub sessions: u64,
    pub messages: u64,
    pub issues: u64,
    /// What the agent's files record (`tokens`, `tool calls`, `sub-agents`, `times`, `thinking`) and what not.
    pub records: Vec<String>,
    pub lacks: Vec<String>,
    /// Command that resumes a session, `{id}` to be replaced; `null` where the agent has none.
    pub resume: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RootRecord {
    pub path: String,
    pub exists: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KindCount {
    pub kind: String,
    pub count: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VersionRecord {
    pub name: String,
    pub version: String,
}

/// Which program answers. There is no update check: `latest` is always `null`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    pub current: String,
    pub latest: Option<String>,
    pub update_available: bool,
}

/// Whether a search works, and how far the index is behind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// `ok` or `error`.
    pub status: String,
    /// Why not, when not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    pub version: String,
    /// Tells servers of different data folders apart.
    pub data_dir: String,
    pub phase: String,
    pub lag: Lag,
    /// Why the last pass of ingest failed, if it did.
    pub ingest_error: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lag {
    /// Bytes of sources that the running pass has not read yet.
    pub bytes: u64,
    pub sources: u64,
    /// Since the last commit; `null` before the first.
    pub last_commit_ms: Option<i64>,
    pub index_complete: bool,
}

/// `GET /api/warming`: [`Warming`].
///
/// # Errors
/// None of its own.
pub fn warming(engine: &Engine, _: &Params) -> Result<Reply<Warming>, Failure> {
    Ok(Warming::from(&engine.status.get()).into())
}

/// `GET /api/index-status`, also `/api/sqlite-status`: [`IndexStatus`].
///
/// # Errors
/// 500 when the store cannot be read.
pub fn index(engine: &Engine, _: &Params) -> Result<Reply<IndexStatus>, Failure> {
    Ok(IndexStatus::from(&engine.status()?).into())
}

/// `GET /api/version`: [`Version`].
///
/// # Errors
/// None of its own.
pub fn version(_: &Engine, _: &Params) -> Result<Reply<Version>, Failure> {
    Ok(Reply::from(Version {
        current: env!("CARGO_PKG_VERSION").to_owned(),
        ..Version::default()
    }))
}

/// `GET /health`: [`Health`] after a real query on the real reader; 503 when that failed.
///
/// # Errors
/// None: what is broken is in the answer.
pub fn health(engine: &Engine, _: &Params) -> Result<Reply<Health>, Failure> {
    let broken = engine.health().err().map(|error| format!("{error:#}"));
    let ingest = engine.status.get();
    let commit = (ingest.last_commit_at > 0).then(|| now_ms() - ingest.last_commit_at);
    let status = if broken.is_some() { 503 } else { 200 };
    let left = |total: u64, done: u64| match ingest.phase {
        Phase::Idle => 0,
        _ => total.saturating_sub(done),
    };
    let body = Health {
        status: if broken.is_some() { "error" } else { "ok" }.to_owned(),
        error: broken,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        data_dir: engine.config().dir.display().to_string(),
        phase: ingest.phase.as_str().to_owned(),
        lag: Lag {
            // the counts of the last pass stay on the board when it is over
            bytes: left(ingest.bytes_total, ingest.bytes_done),
            sources: left(ingest.sources_total, ingest.sources_done),
            last_commit_ms: commit,
            index_complete: ingest.index_complete,
        },
        ingest_error: ingest.error,
    };
    Ok(Reply {
        body,
        status,
        counts: None,
    })
}

impl From<&StatusView> for IndexStatus {
    fn from(view: &StatusView) -> IndexStatus {
        IndexStatus {
            backfill: Warming::from(&view.ingest),
            index: IndexSizes {
                sessions: view.sessions,
                hidden_sessions: view.hidden_sessions,
                empty_sessions: view.empty_sessions,
                messages: view.messages,
                documents: view.documents,
                files: view.sources,
                gone_files: view.gone_sources,
                source_bytes: view.source_bytes,
                db_bytes: view.store_bytes + view.index_bytes,
                store_bytes: view.store_bytes,
                index_bytes: view.index_bytes,
                segments: view.segments,
            },
            agents: view.agents.iter().map(agent).collect(),
            issues_total: view.issues_total,
            issues_by_kind: named(&view.issues_by_kind, |kind, count| KindCount {
                kind: kind.clone(),
                count: *count,
            }),
            issues: view.issues.iter().map(IssueRecord::from).collect(),
            versions: named(&view.versions, |name, version| VersionRecord {
                name: name.clone(),
                version: version.clone(),
            }),
            data_dir: view.data_dir.clone(),
            zone: view.zone.clone(),
            set_aside: view.set_aside.clone(),
            notes: view.notes.clone(),
            resident_bytes: view.resident_bytes,
        }
    }
}

fn named<A, B, T>(pairs: &[(A, B)], record: impl Fn(&A, &B) -> T) -> Vec<T> {
    pairs.iter().map(|(a, b)| record(a, b)).collect()
}

fn agent(status: &AgentStatus) -> AgentRecord {
    AgentRecord {
        id: status.agent.id.to_owned(),
        name: status.agent.name.to_owned(),
        roots: named(&status.roots, |path, exists| RootRecord {
            path: path.clone(),
            exists: *exists,
        }),
        sources: status.sources,
        sessions: status.sessions,
        messages: status.messages,
        issues: status.issues,
        records: words(status, true),
        lacks: words(status, false),
        resume: status.agent.resume.map(str::to_owned),
    }
}

fn words(status: &AgentStatus, recorded: bool) -> Vec<String> {
    let words = status.agent.capabilities.words(recorded);
    words.map(str::to_owned).collect()
}
