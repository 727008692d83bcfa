//! The folder's owner: writing, committing and the calls that read.

use super::entry::{Entry, InFlight};
use super::open;
use super::rows::RowCache;
use super::schema::Fields;
use super::stored::{Store, values};
use super::{
    Document, IndexOptions, IndexStats, OpenError, Opened, Role, RoleSet, SearchRequest,
    SearchResponse, Sid, StoredMessage, ValueField, search,
};
use anyhow::{Context, Result, anyhow, bail};
use std::ops::{Bound, Range};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tantivy::indexer::UserOperation;
use tantivy::query::{BooleanQuery, Occur, Query, RangeQuery, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{Index, IndexReader, IndexWriter, Term};

/// A batch is not split over segments; more than this is several batches.
const BATCH_BYTES: usize = 8 << 20;

/// The index of one data folder: searching from many threads, writing from one.
pub struct SearchIndex {
    pub(super) dir: PathBuf,
    pub(super) index: Index,
    pub(super) fields: Fields,
    pub(super) reader: IndexReader,
    pub(super) writer: Mutex<Writer>,
    pub(super) account: Arc<InFlight>,
    pub(super) options: IndexOptions,
    pub(super) rows: RowCache,
}

pub(super) enum Writer {
    Open(Box<IndexWriter<Entry>>),
    /// Dropped after an error; opened again with the next call.
    Broken,
    Closed,
}

impl SearchIndex {
    /// Opens the index in `dir`, or begins one when the folder is empty or missing.
    pub fn open(dir: &Path, options: &IndexOptions) -> Result<Opened, OpenError> {
        open::open(dir, options)
    }

    /// Takes a batch of documents of one session, so that they lie side by side. Visible after
    /// [`commit`](Self::commit). Waits while too much is on its way: that is memory, and work that
    /// a shutdown has to wait for.
    ///
    /// # Errors
    /// After an error here or in any other writing call everything since the last commit is lost:
    /// write it again.
    pub fn add(&self, docs: Vec<Document>) -> Result<()> {
        let mut docs = docs.into_iter().peekable();
        while docs.peek().is_some() {
            if !self.account.wait_below(self.options.heap_bytes / 6) {
                bail!("the index writer takes no more documents");
            }
            let mut batch = Vec::new();
            let mut bytes = 0;
            while let Some(doc) = docs.next_if(|_| bytes < BATCH_BYTES) {
                bytes += doc.text.len();
                let entry = Entry::new(self.fields, doc, &self.account)?;
                batch.push(UserOperation::Add(entry));
            }
            self.write(|writer| writer.run(batch).map(drop))?;
        }
        Ok(())
    }

    pub fn delete_session(&self, sid: Sid) -> Result<()> {
        let term = self.sid_term(sid);
        self.write(|writer| {
            writer.delete_term(term);
            Ok(())
        })
    }

    /// Removes the documents of a session with `seq >= from` whose role belongs to `roles`.
    pub fn delete_from(&self, sid: Sid, from: u32, roles: RoleSet) -> Result<()> {
        let term =
            |term| -> Box<dyn Query> { Box::new(TermQuery::new(term, IndexRecordOption::Basic)) };
        let mut clauses = vec![(Occur::Must, term(self.sid_term(sid)))];
        if from > 0 {
            let from = Term::from_field_u64(self.fields.seq, u64::from(from));
            let range = RangeQuery::new(Bound::Included(from), Bound::Unbounded);
            clauses.push((Occur::Must, Box::new(range)));
        }
        if roles != RoleSet::All {
            let any = Role::ALL.into_iter().filter(|r| roles.contains(*r));
            let any = any.map(|role| {
                let code = u64::from(super::entry::role_code(role));
                (
                    Occur::Should,
                    term(Term::from_field_u64(self.fields.role, code)),
                )
            });
            clauses.push((Occur::Must, Box::new(BooleanQuery::new(any.collect()))));
        }
        let query = Box::new(BooleanQuery::new(clauses));
        self.write(|writer| writer.delete_query(query).map(drop))
    }

    /// Removes every document.
    pub fn clear(&self) -> Result<()> {
        self.write(|writer| writer.delete_all_documents().map(drop))
    }

    /// Makes everything so far durable and visible; `payload` comes back from the next `open`.
    pub fn commit(&self, payload: &str) -> Result<()> {
        self.write(|writer| {
            let mut prepared = writer.prepare_commit()?;
            prepared.set_payload(payload);
            prepared.commit().map(drop)
        })?;
        self.reader.reload().context("reading the new commit")
    }

    pub fn search(&self, request: &SearchRequest) -> Result<SearchResponse> {
        search::search(&self.reader.searcher(), self.fields, &self.rows, request)
            .context("searching")
    }

    /// Messages of a session with `seq` in the range, in order; `roles: None` is every role.
    pub fn messages(
        &self,
        sid: Sid,
        seq: Range<u32>,
        roles: Option<&[Role]>,
    ) -> Result<Vec<StoredMessage>> {
        let searcher = self.reader.searcher();
        let mut store = Store::new(&searcher, self.fields);
        let places = store.places(sid, &seq, roles)?;
        let messages = places.into_iter().map(|(.., place)| store.message(place));
        Ok(messages.collect::<tantivy::Result<_>>()?)
    }

    /// Which messages there are, in order, without reading their bodies.
    pub fn message_seqs(&self, sid: Sid, roles: Option<&[Role]>) -> Result<Vec<(u32, Role)>> {
        let searcher = self.reader.searcher();
        let places = Store::new(&searcher, self.fields).places(sid, &(0..u32::MAX), roles)?;
        Ok(places
            .into_iter()
            .map(|(seq, role, _)| (seq, role))
            .collect())
    }

    pub fn stats(&self) -> Result<IndexStats> {
        let searcher = self.reader.searcher();
        let segments = searcher.segment_readers();
        let deleted = segments.iter().map(|s| u64::from(s.num_deleted_docs()));
        Ok(IndexStats {
            documents: searcher.num_docs(),
            segments: segments.len(),
            bytes: open::bytes(&self.dir)?,
            deleted: deleted.sum(),
        })
    }

    /// At most `n` values that begin with `prefix` (any case), in order.
    pub fn suggest_values(&self, field: ValueField, prefix: &str, n: usize) -> Result<Vec<String>> {
        Ok(values(&self.reader.searcher(), field, prefix, n)?)
    }

    /// Waits until no merge is under way, and lets go of the files that were merged away. Commit
    /// first: what is not committed is lost.
    pub fn merge_wait(&self) -> Result<()> {
        let mut writer = self.lock();
        if let Writer::Open(open) = std::mem::replace(&mut *writer, Writer::Broken) {
            open.wait_merging_threads()?;
        }
        *writer = self.reopen()?;
        Ok(self.reader.reload()?)
    }

    /// Lets searches see merged segments, whose old files can go then. Cheap when nothing changed;
    /// for the idle moments after much was written.
    pub fn refresh(&self) -> Result<()> {
        Ok(self.reader.reload()?)
    }

    /// Gives up the writer and its lock; what was not committed is lost. Searching goes on.
    pub fn shutdown(&self) {
        *self.lock() = Writer::Closed;
    }

    fn sid_term(&self, sid: Sid) -> Term {
        Term::from_field_u64(self.fields.sid, u64::from(sid.0))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reopen(&self) -> Result<Writer> {
        let writer = open::writer(&self.index, &self.options)?;
        Ok(Writer::Open(Box::new(writer)))
    }

    fn write<T>(
        &self,
        job: impl FnOnce(&mut IndexWriter<Entry>) -> tantivy::Result<T>,
    ) -> Result<T> {
        let mut writer = self.lock();
        if matches!(*writer, Writer::Broken) {
            *writer = self.reopen().context("opening the index writer again")?;
        }
        let Writer::Open(open) = &mut *writer else {
            return Err(anyhow!("the index is closed for writing"));
        };
        job(open).map_err(|error| {
            // a writer that failed once is in no known state
            *writer = Writer::Broken;
            anyhow!(error).context("writing to the index")
        })
    }
}
