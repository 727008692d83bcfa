//! The folder's owner: writing, committing and the calls that read.

use super::earlier::{self, Earlier};
use super::entry::{Entry, InFlight};
use super::open;
use super::rows::RowCache;
use super::schema::Fields;
use super::stored::{Store, values};
use super::{
    CarriedOver, Document, EarlierIndex, IndexOptions, IndexStats, OpenError, Opened, Role,
    RoleSet, SearchRequest, SearchResponse, Sid, StoredMessage, ValueField, Within, search,
};
use anyhow::{Context, Result, anyhow, bail};
use std::ops::{Bound, Range};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tantivy::indexer::UserOperation;
use tantivy::query::{BooleanQuery, Occur, Query, RangeQuery, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{Index, IndexReader, IndexWriter, Searcher, Term};

/// Text taken over from an earlier index between two commits.
const CARRY_BYTES: usize = 64 << 20;

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
    pub(super) earlier: RwLock<Option<Arc<Earlier>>>,
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
        if let Some(answer) = self.before().and_then(|before| before.search(request)) {
            return answer.context("searching the earlier index");
        }
        search::search(&self.reader.searcher(), self.fields, &self.rows, request)
            .context("searching")
    }

    /// Every message that answers a request about one session (`only` says which).
    pub fn within(&self, request: &SearchRequest) -> Result<Within> {
        if let Some(answer) = self.before().and_then(|before| before.within(request)) {
            return answer.context("searching the earlier index");
        }
        search::within(&self.reader.searcher(), self.fields, &self.rows, request)
            .context("searching in a session")
    }

    /// Messages of a session with one of these ordinals, which are sorted; in order.
    pub fn messages_at(&self, sid: Sid, seqs: &[u32]) -> Result<Vec<StoredMessage>> {
        let (Some(first), Some(last)) = (seqs.first(), seqs.last()) else {
            return Ok(Vec::new());
        };
        let searcher = self.searcher_of(sid)?;
        let mut store = Store::new(&searcher, self.fields);
        let places = store.places(sid, &(*first..last.saturating_add(1)), None)?;
        let wanted = places
            .into_iter()
            .filter(|place| seqs.binary_search(&place.0).is_ok());
        let messages = wanted.map(|(.., place)| store.message(place));
        Ok(messages.collect::<tantivy::Result<_>>()?)
    }

    /// Messages of a session with `seq` in the range, in order; `roles: None` is every role.
    pub fn messages(
        &self,
        sid: Sid,
        seq: Range<u32>,
        roles: Option<&[Role]>,
    ) -> Result<Vec<StoredMessage>> {
        let searcher = self.searcher_of(sid)?;
        let mut store = Store::new(&searcher, self.fields);
        let places = store.places(sid, &seq, roles)?;
        let messages = places.into_iter().map(|(.., place)| store.message(place));
        Ok(messages.collect::<tantivy::Result<_>>()?)
    }

    /// Which messages there are, in order, without reading their bodies.
    pub fn message_seqs(&self, sid: Sid, roles: Option<&[Role]>) -> Result<Vec<(u32, Role)>> {
        let searcher = self.searcher_of(sid)?;
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
            bytes: open::bytes(&self.dir)? + self.earlier_bytes(),
            deleted: deleted.sum(),
        })
    }

    /// At most `n` values that begin with `prefix` (any case), in order.
    pub fn suggest_values(&self, field: ValueField, prefix: &str, n: usize) -> Result<Vec<String>> {
        let serving = self.before().and_then(|before| before.searcher());
        let searcher = serving.unwrap_or_else(|| self.reader.searcher());
        Ok(values(&searcher, field, prefix, n)?)
    }

    /// Puts the index in `dir` (not open now) back, so that the next `open` begins a new one beside it.
    /// `false`: that cannot be done with it.
    ///
    /// # Errors
    /// The folder cannot be renamed.
    pub fn set_back(dir: &Path) -> std::io::Result<bool> {
        earlier::set_back(dir)
    }

    /// The earlier index that still lies beside this one.
    pub fn earlier(&self) -> Option<EarlierIndex> {
        self.before().map(|before| EarlierIndex {
            version: before.version.clone(),
            payload: before.payload.clone(),
            serves: before.searcher().is_some(),
        })
    }

    /// The earlier index is one of our store: it answers, if it can, until it is let go.
    pub fn admit_earlier(&self) {
        if let Some(before) = self.before() {
            before.admit();
        }
    }

    /// Takes the documents of these sessions over from the earlier index, where that has more of them.
    /// Commits with `payload`. Ends early (`None`) when `go_on` says so; what was committed stays, and
    /// the next call goes on from there.
    ///
    /// # Errors
    /// As [`add`](Self::add), or the earlier index cannot be read.
    pub fn carry_over(
        &self,
        sids: &[Sid],
        payload: &str,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Option<CarriedOver>> {
        let Some(before) = self.before() else {
            return Ok(Some(CarriedOver::default()));
        };
        let wanted = sids.iter().map(|sid| sid.0).collect();
        let census = before.census(&wanted)?;
        let mut carried = CarriedOver {
            lost: census.unreadable,
            ..CarriedOver::default()
        };
        let mut bytes = 0;
        for sid in sids {
            let Some(places) = census.places.get(&sid.0) else {
                continue;
            };
            if self.documents_of(&self.reader.searcher(), *sid)? >= places.len() {
                continue;
            }
            self.delete_session(*sid)?;
            carried.sessions += 1;
            for chunk in places.chunks(64) {
                if !go_on() {
                    return Ok(None);
                }
                let docs = chunk.iter().filter_map(|place| census.document(*place));
                let docs: Vec<Document> = docs.collect();
                carried.lost += (chunk.len() - docs.len()) as u64;
                carried.documents += docs.len() as u64;
                bytes += docs.iter().map(|doc| doc.text.len()).sum::<usize>();
                self.add(docs)?;
            }
            if bytes > CARRY_BYTES {
                bytes = 0;
                self.commit(payload)?;
            }
        }
        if carried.sessions > 0 {
            self.commit(payload)?;
        }
        Ok(Some(carried))
    }

    /// The new index is complete, or the earlier one is none of ours: it goes, or is moved aside when
    /// it was damaged or `keep` says so. Searches are answered by this index from now on.
    pub fn let_earlier_go(&self, keep: bool) {
        let before = self.earlier.write();
        let before = before.unwrap_or_else(PoisonError::into_inner).take();
        let Some(damaged) = before.map(|before| before.damaged) else {
            return;
        };
        let gone = match keep || damaged {
            true => earlier::set_aside(&self.dir).map(drop),
            false => earlier::remove(&self.dir),
        };
        if let Err(error) = gone {
            // the next start finds it complete and tries again
            tracing::warn!("the earlier index cannot be moved: {error}");
        }
    }

    fn before(&self) -> Option<Arc<Earlier>> {
        let earlier = self.earlier.read();
        earlier.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn earlier_bytes(&self) -> u64 {
        match self.before() {
            Some(_) => open::bytes(&earlier::folder(&self.dir)).unwrap_or(0),
            None => 0,
        }
    }

    fn documents_of(&self, searcher: &Searcher, sid: Sid) -> Result<usize> {
        let places = Store::new(searcher, self.fields).places(sid, &(0..u32::MAX), None)?;
        Ok(places.len())
    }

    /// Of the two, the one that has more of this session.
    fn searcher_of(&self, sid: Sid) -> Result<Searcher> {
        let own = self.reader.searcher();
        if let Some(earlier) = self.before().and_then(|before| before.searcher())
            && self.documents_of(&earlier, sid)? > self.documents_of(&own, sid)?
        {
            return Ok(earlier);
        }
        Ok(own)
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
