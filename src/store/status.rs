//! How far ingest is: written by `ingest`, read by `engine`; one board per process.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// Progress in bytes and documents, never a bare heartbeat.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IngestStatus {
    pub phase: Phase,
    /// Sources and bytes of the running pass.
    pub sources_done: u64,
    pub sources_total: u64,
    pub bytes_done: u64,
    pub bytes_total: u64,
    /// Documents committed to the index since the process started.
    pub documents: u64,
    /// Every session's metadata has been read at least once.
    pub listing_complete: bool,
    /// Every prompt and answer can be found.
    pub prose_complete: bool,
    /// Every message can be found.
    pub index_complete: bool,
    /// Ms since the epoch of the last commit; 0 = none yet.
    pub last_commit_at: i64,
    /// Store generation: grows with every commit that changed something.
    pub generation: u64,
    /// Why the last pass failed, if it did.
    pub error: Option<String>,
    /// How changes are noticed: `watching` or `scanning every n s`.
    pub watch: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    #[default]
    Starting,
    Scanning,
    Metadata,
    Prose,
    Rest,
    Idle,
}

impl Phase {
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Starting => "starting",
            Phase::Scanning => "scanning",
            Phase::Metadata => "metadata",
            Phase::Prose => "prose",
            Phase::Rest => "tool output",
            Phase::Idle => "idle",
        }
    }
}

/// The status with a version to wait on.
#[derive(Default)]
pub struct StatusBoard {
    state: Mutex<(u64, IngestStatus)>,
    changed: Condvar,
}

impl StatusBoard {
    pub fn get(&self) -> IngestStatus {
        self.state.lock().expect("no panic while held").1.clone()
    }
    pub fn version(&self) -> u64 {
        self.state.lock().expect("no panic while held").0
    }
    /// Changes the status and wakes everybody who waits.
    pub fn update(&self, change: impl FnOnce(&mut IngestStatus)) {
        let mut state = self.state.lock().expect("no panic while held");
        change(&mut state.1);
        state.0 += 1;
        self.changed.notify_all();
    }
    /// Like [`update`](Self::update), but wakes nobody unless `change` says that it changed something.
    pub fn update_if(&self, change: impl FnOnce(&mut IngestStatus) -> bool) {
        let mut state = self.state.lock().expect("no panic while held");
        if change(&mut state.1) {
            state.0 += 1;
            self.changed.notify_all();
        }
    }
    /// Blocks until the version differs from `seen`, at most `limit`; returns the version.
    pub fn wait(&self, seen: u64, limit: Duration) -> u64 {
        let state = self.state.lock().expect("no panic while held");
        let (state, _) = self
            .changed
            .wait_timeout_while(state, limit, |state| state.0 == seen)
            .expect("no panic while held");
        state.0
    }
}
