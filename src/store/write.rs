//! One write transaction: typed puts, and a generation that grows when it is committed.

use super::claims::ClaimBook;
use super::rows::{Note, SourceRow, decode, decode_responses, encode, encode_responses};
use super::tables::*;
use super::{Store, Told, read};
use crate::model::*;
use anyhow::Result;
use redb::{ReadableDatabase, ReadableTable, WriteTransaction};
use std::collections::{BTreeMap, BTreeSet};

/// All changes of one batch; dropped without [`Writer::commit`] it leaves no trace.
pub struct Writer<'s> {
    store: &'s Store,
    txn: WriteTransaction,
    changed: BTreeSet<Sid>,
    next_sid: u32,
    claims: ClaimBook,
}

impl<'s> Writer<'s> {
    pub(super) fn begin(store: &'s Store) -> Result<Writer<'s>> {
        let mut txn = store.db.begin_write()?;
        // a killed process must find its store usable in a millisecond, not after a repair scan
        txn.set_quick_repair(true);
        let next_sid = {
            let meta = txn.open_table(META)?;
            meta.get("next_sid")?
                .map_or(0, |value| read::number(value.value())) as u32
        };
        Ok(Writer {
            store,
            txn,
            changed: BTreeSet::new(),
            next_sid,
            claims: ClaimBook::default(),
        })
    }

    /// Makes everything durable and visible; returns the new generation.
    ///
    /// # Errors
    /// Nothing was written.
    pub fn commit(mut self) -> Result<u64> {
        self.claims.flush(&self.txn)?;
        let generation = self.number("generation")? + 1;
        self.put_number("generation", generation)?;
        self.put_number("next_sid", u64::from(self.next_sid))?;
        self.txn.commit()?;
        self.store.remember(generation, self.changed);
        Ok(generation)
    }

    fn number(&self, key: &str) -> Result<u64> {
        let meta = self.txn.open_table(META)?;
        Ok(meta
            .get(key)?
            .map_or(0, |value| read::number(value.value())))
    }

    fn put_number(&self, key: &str, value: u64) -> Result<()> {
        self.txn
            .open_table(META)?
            .insert(key, &value.to_le_bytes()[..])?;
        Ok(())
    }

    /// The index commit that this state follows.
    pub fn put_batch(&mut self, batch: u64) -> Result<()> {
        self.put_number("batch", batch)
    }

    /// Whether sources have been folded whose copied records were not looked for yet.
    pub fn put_unsettled(&mut self, unsettled: bool) -> Result<()> {
        self.put_number("unsettled", u64::from(unsettled))
    }

    /// Settings that what is stored depends on.
    pub fn put_setting(&mut self, setting: Told, text: &str) -> Result<()> {
        self.txn
            .open_table(META)?
            .insert(setting.key(), text.as_bytes())?;
        Ok(())
    }

    /// Counts sessions and documents of earlier stores and indexes that could not be taken over.
    pub fn add_lost(&mut self, sessions: u64, documents: u64) -> Result<()> {
        for (key, more) in [("lost_sessions", sessions), ("lost_documents", documents)] {
            let lost = self.number(key)?;
            self.put_number(key, lost + more)?;
        }
        Ok(())
    }

    /// The sid of a session, given out now if it has none.
    pub fn sid_for(&mut self, key: &SessionKey) -> Result<Sid> {
        let name = key.to_string();
        let mut table = self.txn.open_table(SID_BY_KEY)?;
        if let Some(sid) = table.get(name.as_str())? {
            return Ok(Sid(sid.value()));
        }
        let sid = self.next_sid;
        self.next_sid += 1;
        table.insert(name.as_str(), sid)?;
        Ok(Sid(sid))
    }

    pub fn session(&self, sid: Sid) -> Result<Option<SessionSummary>> {
        let table = self.txn.open_table(SESSIONS)?;
        table
            .get(sid.0)?
            .map(|bytes| decode(bytes.value()))
            .transpose()
    }

    pub fn put_session(&mut self, sid: Sid, session: &SessionSummary) -> Result<()> {
        self.txn
            .open_table(SESSIONS)?
            .insert(sid.0, encode(session).as_slice())?;
        self.changed.insert(sid);
        Ok(())
    }

    /// A session's days, usage included.
    pub fn days(&self, sid: Sid) -> Result<BTreeMap<Day, DayStats>> {
        let table = self.txn.open_table(DAYS)?;
        let mut days = BTreeMap::new();
        for row in table.range((sid.0, i32::MIN)..=(sid.0, i32::MAX))? {
            let (key, bytes) = row?;
            days.insert(Day(key.value().1), decode(bytes.value())?);
        }
        Ok(days)
    }

    /// Replaces all days of a session: what it counted before is taken back with it.
    pub fn put_days(&mut self, sid: Sid, days: &BTreeMap<Day, DayStats>) -> Result<()> {
        let mut table = self.txn.open_table(DAYS)?;
        table.retain_in((sid.0, i32::MIN)..=(sid.0, i32::MAX), |(_, day), _| {
            days.contains_key(&Day(day))
        })?;
        for (day, stats) in days {
            table.insert((sid.0, day.0), encode(stats).as_slice())?;
        }
        self.changed.insert(sid);
        Ok(())
    }

    /// Replaces the files that a session's tool calls named.
    pub fn put_files(&mut self, sid: Sid, files: &[FileCount]) -> Result<()> {
        let mut table = self.txn.open_table(FILES)?;
        match files.is_empty() {
            true => table.remove(sid.0)?.map(drop),
            false => table.insert(sid.0, encode(&files).as_slice())?.map(drop),
        };
        Ok(())
    }

    pub fn files(&self, sid: Sid) -> Result<Vec<FileCount>> {
        let table = self.txn.open_table(FILES)?;
        let bytes = table.get(sid.0)?;
        Ok(bytes
            .map(|bytes| decode(bytes.value()))
            .transpose()?
            .unwrap_or_default())
    }

    /// Responses that count for a session on a day, in their order.
    pub fn responses(&self, sid: Sid, day: Day) -> Result<Vec<Response>> {
        let table = self.txn.open_table(RESPONSES)?;
        Ok(table
            .get((sid.0, day.0))?
            .map(|bytes| decode_responses(bytes.value()))
            .transpose()?
            .unwrap_or_default())
    }

    /// Replaces them.
    pub fn put_responses(&mut self, sid: Sid, day: Day, responses: &[Response]) -> Result<()> {
        let mut table = self.txn.open_table(RESPONSES)?;
        if responses.is_empty() {
            table.remove((sid.0, day.0))?;
        } else {
            table.insert((sid.0, day.0), encode_responses(responses).as_slice())?;
        }
        self.changed.insert(sid);
        Ok(())
    }

    /// Sessions that claim a response, by hash of agent and response key.
    pub fn claimers(&mut self, hash: u64) -> Result<Vec<Sid>> {
        self.claims.claimers(&self.txn, hash)
    }

    /// All claims on a response, from all sessions.
    pub fn claims(&mut self, hash: u64) -> Result<Vec<(Sid, Claim)>> {
        self.claims.claims(&self.txn, hash)
    }

    /// Puts what a session claims of a response in the place of what it claimed before.
    pub fn put_claims(&mut self, hash: u64, sid: Sid, claims: Vec<Claim>) -> Result<()> {
        self.claims.put(&self.txn, hash, sid, claims)
    }

    /// Takes away (and hands over) everything that a session claims.
    pub fn take_claims(&mut self, sid: Sid) -> Result<Vec<Claim>> {
        self.claims.take(&self.txn, sid)
    }

    /// Notes records of a session, behind those noted before.
    pub fn add_records(&mut self, sid: Sid, records: &[RecordRef]) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        let mut table = self.txn.open_table(RECORDS)?;
        let last = table.range((sid.0, 0)..=(sid.0, u32::MAX))?.next_back();
        let chunk = last.transpose()?.map_or(0, |(key, _)| key.value().1 + 1);
        table.insert((sid.0, chunk), read::record_bytes(records).as_slice())?;
        Ok(())
    }

    /// Forgets the records of a session (before it is read anew).
    pub fn clear_records(&mut self, sid: Sid) -> Result<()> {
        let all = (sid.0, 0)..=(sid.0, u32::MAX);
        self.txn.open_table(RECORDS)?.retain_in(all, |_, _| false)?;
        Ok(())
    }

    /// Which records of a session are other sessions' (none, for one that only lends); says whether
    /// that changed. From then on the session counts as one that shares records.
    pub fn put_copied(&mut self, sid: Sid, sorted: &[u64]) -> Result<bool> {
        let mut table = self.txn.open_table(COPIED)?;
        let before = table.get(sid.0)?.map(|bytes| read::words(bytes.value()));
        if before.as_deref() == Some(sorted) {
            return Ok(false);
        }
        let bytes: Vec<u8> = sorted.iter().flat_map(|word| word.to_le_bytes()).collect();
        table.insert(sid.0, bytes.as_slice())?;
        Ok(before.unwrap_or_default() != sorted)
    }

    pub fn source(&self, path: &str) -> Result<Option<SourceRow>> {
        let table = self.txn.open_table(SOURCES)?;
        table
            .get(path)?
            .map(|bytes| decode(bytes.value()))
            .transpose()
    }

    pub fn put_source(&mut self, row: &SourceRow) -> Result<()> {
        self.txn
            .open_table(SOURCES)?
            .insert(row.path.as_str(), encode(row).as_slice())?;
        self.changed.extend(row.sids.iter().map(|sid| Sid(*sid)));
        Ok(())
    }

    pub fn remove_source(&mut self, path: &str) -> Result<()> {
        self.txn.open_table(SOURCES)?.remove(path)?;
        self.txn.open_table(ISSUES)?.remove(path)?;
        Ok(())
    }

    /// Replaces the issues of a source.
    pub fn put_issues(&mut self, path: &str, issues: &[ParseIssue]) -> Result<()> {
        let mut table = self.txn.open_table(ISSUES)?;
        if issues.is_empty() {
            table.remove(path)?;
        } else {
            table.insert(path, encode(&issues).as_slice())?;
        }
        Ok(())
    }

    pub fn issues(&self, path: &str) -> Result<Vec<ParseIssue>> {
        let table = self.txn.open_table(ISSUES)?;
        Ok(table
            .get(path)?
            .map(|bytes| decode(bytes.value()))
            .transpose()?
            .unwrap_or_default())
    }

    /// Replaces what `note.source` says of a session.
    pub fn put_note(&mut self, key: &SessionKey, note: Note) -> Result<()> {
        let name = key.to_string();
        let mut table = self.txn.open_table(NOTES)?;
        let mut notes: Vec<Note> = table
            .get(name.as_str())?
            .map(|bytes| decode(bytes.value()))
            .transpose()?
            .unwrap_or_default();
        notes.retain(|known| known.source != note.source);
        notes.push(note);
        notes.sort_by(|a, b| a.source.cmp(&b.source));
        table.insert(name.as_str(), encode(&notes).as_slice())?;
        if let Some(sid) = self.txn.open_table(SID_BY_KEY)?.get(name.as_str())? {
            self.changed.insert(Sid(sid.value()));
        }
        Ok(())
    }

    pub fn remove_notes(&mut self, key: &SessionKey) -> Result<()> {
        let name = key.to_string();
        self.txn.open_table(NOTES)?.remove(name.as_str())?;
        Ok(())
    }

    /// Repository root of a project path (`""`: none).
    pub fn put_repo(&mut self, project: &str, root: &str) -> Result<()> {
        self.txn.open_table(REPOS)?.insert(project, root)?;
        Ok(())
    }

    pub fn mark_changed(&mut self, sid: Sid) {
        self.changed.insert(sid);
    }
}

pub(super) fn put_result(db: &redb::Database, family: &str, key: &str, bytes: &[u8]) -> Result<()> {
    // nothing is lost with an aggregate: it is computed again
    let kept = {
        let txn = db.begin_read()?;
        let table = txn.open_table(RESULTS)?;
        table.get(key)?.is_some_and(|known| known.value() == bytes)
    };
    if kept {
        return Ok(());
    }
    let mut txn = db.begin_write()?;
    txn.set_durability(redb::Durability::Immediate)?;
    {
        let mut table = txn.open_table(RESULTS)?;
        table.retain(|known, _| known == key || !known.starts_with(family))?;
        table.insert(key, bytes)?;
    }
    txn.commit()?;
    Ok(())
}
