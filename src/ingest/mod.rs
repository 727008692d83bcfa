//! The write side. (stand-in until the room lands: the face that `cli` is written against)

use crate::config::Config;
use crate::index::SearchIndex;
use crate::store::{Store, status::StatusBoard};
use std::sync::Arc;

pub struct Ingest;

impl Ingest {
    pub fn start(
        _config: Arc<Config>,
        _store: Arc<Store>,
        _index: Arc<SearchIndex>,
        status: Arc<StatusBoard>,
    ) -> Ingest {
        status.update(|status| status.phase = crate::store::status::Phase::Idle);
        Ingest
    }
    pub fn run_once(&self, _full: bool) -> anyhow::Result<()> {
        Ok(())
    }
    pub fn stop(self) {}
}
