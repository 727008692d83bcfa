//! The folder's owner: opening, writing, committing and the calls that read.

use super::{
    Document, IndexOptions, IndexStats, OpenError, Opened, Role, RoleSet, SearchRequest,
    SearchResponse, Sid, StoredMessage, ValueField,
};
use anyhow::Result;
use std::ops::Range;
use std::path::Path;

/// The index of one data folder: searching from many threads, writing from one.
pub struct SearchIndex;

impl SearchIndex {
    /// Opens the index in `dir`, or begins one when the folder is empty or missing.
    pub fn open(_dir: &Path, _options: &IndexOptions) -> Result<Opened, OpenError> {
        todo!()
    }

    /// Takes a batch of documents of one session, so that they lie side by side. Visible after
    /// [`commit`](Self::commit).
    pub fn add(&self, _docs: Vec<Document>) -> Result<()> {
        todo!()
    }

    pub fn delete_session(&self, _sid: Sid) -> Result<()> {
        todo!()
    }

    /// Removes the documents of a session with `seq >= from` whose role belongs to `roles`.
    pub fn delete_from(&self, _sid: Sid, _from: u32, _roles: RoleSet) -> Result<()> {
        todo!()
    }

    /// Removes every document.
    pub fn clear(&self) -> Result<()> {
        todo!()
    }

    /// Makes everything so far durable and visible; `payload` comes back from the next `open`.
    pub fn commit(&self, _payload: &str) -> Result<()> {
        todo!()
    }

    pub fn search(&self, _request: &SearchRequest) -> Result<SearchResponse> {
        todo!()
    }

    /// Messages of a session with `seq` in the range, in order; `roles: None` is every role.
    pub fn messages(
        &self,
        _sid: Sid,
        _seq: Range<u32>,
        _roles: Option<&[Role]>,
    ) -> Result<Vec<StoredMessage>> {
        todo!()
    }

    /// Which messages there are, in order, without reading their bodies.
    pub fn message_seqs(&self, _sid: Sid, _roles: Option<&[Role]>) -> Result<Vec<(u32, Role)>> {
        todo!()
    }

    pub fn stats(&self) -> Result<IndexStats> {
        todo!()
    }

    /// At most `n` values that begin with `prefix` (any case), in order.
    pub fn suggest_values(
        &self,
        _field: ValueField,
        _prefix: &str,
        _n: usize,
    ) -> Result<Vec<String>> {
        todo!()
    }

    /// Waits until no merge is under way.
    pub fn merge_wait(&self) -> Result<()> {
        todo!()
    }

    /// Gives up the writer and its lock; what was not committed is lost. Searching goes on.
    pub fn shutdown(&self) {
        todo!()
    }
}
