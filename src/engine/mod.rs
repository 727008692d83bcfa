//! The read side: one facade over store and index. Plain structs in, plain structs out.

pub mod view;

/// Every agent and display variant there is, in table order.
pub use crate::agents::all_infos as agents;

use crate::config::Config;
use crate::index::SearchIndex;
use crate::model::{Day, SessionSummary, Sid};
use crate::store::{Marks, Store, status::StatusBoard};
use std::sync::Arc;
use view::*;

/// Everything that pages, JSON and verbs read. Cheap to share: one `Arc` per process.
pub struct Engine {
    pub config: Arc<Config>,
    pub store: Arc<Store>,
    pub marks: Arc<Marks>,
    /// Empty until the index has been opened (it may be opened after the server listens).
    pub index: std::sync::OnceLock<Arc<SearchIndex>>,
    pub status: Arc<StatusBoard>,
}

impl Engine {
    pub fn new(
        config: Arc<Config>,
        store: Arc<Store>,
        marks: Arc<Marks>,
        status: Arc<StatusBoard>,
    ) -> Engine {
        Engine {
            config,
            store,
            marks,
            index: Default::default(),
            status,
        }
    }

    /// Today in the configured zone.
    pub fn today(&self) -> Day {
        todo!()
    }
    pub fn sessions(&self, _query: &SessionsQuery) -> anyhow::Result<SessionsPage> {
        todo!()
    }
    /// All sessions that match, without grouping, newest first (JSON, CLI): rows, total, hidden.
    pub fn session_rows(
        &self,
        _query: &SessionsQuery,
    ) -> anyhow::Result<(Vec<(Sid, Arc<SessionSummary>)>, usize, usize)> {
        todo!()
    }
    /// By native id, `agent:native`, or a unique prefix of at least 4 characters.
    pub fn find_session(&self, _id: &str) -> anyhow::Result<Found> {
        todo!()
    }
    pub fn session(&self, _sid: Sid) -> anyhow::Result<Option<SessionView>> {
        todo!()
    }
    pub fn messages(&self, _sid: Sid, _query: &MessagesQuery) -> anyhow::Result<MessagesPage> {
        todo!()
    }
    pub fn search(&self, _query: &SearchQuery) -> anyhow::Result<SearchPage> {
        todo!()
    }
    pub fn projects(&self, _filters: &Filters) -> anyhow::Result<ProjectsPage> {
        todo!()
    }
    /// The analytics job for these filters as it stands: starts it if nobody has, never blocks on it.
    pub fn analytics(&self, _filters: &Filters, _refresh: bool) -> anyhow::Result<Job<Analytics>> {
        todo!()
    }
    /// Blocks until the job has got further than `seen` (a progress value) or is done; at most `limit`.
    pub fn analytics_wait(
        &self,
        _filters: &Filters,
        _seen: f32,
        _limit: std::time::Duration,
    ) -> anyhow::Result<Job<Analytics>> {
        todo!()
    }
    pub fn status(&self) -> anyhow::Result<StatusView> {
        todo!()
    }
    /// Runs a real query on the real reader: `Err` says what is broken.
    pub fn health(&self) -> anyhow::Result<()> {
        todo!()
    }
    pub fn set_star(&self, _sid: Sid, _on: bool) -> anyhow::Result<()> {
        todo!()
    }
    pub fn set_tag(&self, _sid: Sid, _tag: &str, _on: bool) -> anyhow::Result<()> {
        todo!()
    }
    /// Tags in use with their number of sessions.
    pub fn tags(&self) -> anyhow::Result<Vec<(String, usize)>> {
        todo!()
    }
}

/// Answer of [`Engine::find_session`].
pub enum Found {
    One(Sid),
    None,
    /// Several sessions begin so; the first few full ids.
    Many(Vec<String>),
}
