//! One read transaction and everything that can be asked of it.

use super::Told;
use super::rows::{Note, SourceRow, decode, decode_responses};
use super::tables::*;
use crate::model::*;
use anyhow::Result;
use redb::{ReadTransaction, ReadableTable};
use std::collections::{BTreeMap, HashMap};

/// A consistent view of the store. Short-lived: it pins pages.
pub struct Reader {
    txn: ReadTransaction,
}

/// Where a session's transcript lies.
#[derive(Clone, Debug)]
pub struct SourceRef {
    pub agent: AgentId,
    pub source: Source,
    /// Every message is in the index.
    pub complete: bool,
    pub gone: bool,
}

#[derive(Clone, Debug, Default)]
pub struct IssueSummary {
    pub total: u64,
    /// By kind, most first.
    pub by_kind: Vec<(IssueKind, u64)>,
    /// By path.
    pub by_path: BTreeMap<String, u64>,
    /// At most as many as asked for.
    pub first: Vec<ParseIssue>,
}

pub(super) fn number(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_le_bytes)
}

impl Reader {
    pub(super) fn begin(txn: ReadTransaction) -> Result<Reader> {
        Ok(Reader { txn })
    }

    /// A number of the `meta` table; 0 when not set.
    pub(super) fn meta_number(&self, key: &str) -> Result<u64> {
        let table = self.txn.open_table(META)?;
        Ok(table.get(key)?.map_or(0, |value| number(value.value())))
    }

    /// Grows with every commit that changed what can be seen.
    pub fn generation(&self) -> Result<u64> {
        self.meta_number("generation")
    }

    /// Drawn when the store was made: an index of another store is not ours.
    pub fn store_id(&self) -> Result<u64> {
        self.meta_number("store_id")
    }

    /// Number of the last index commit that this state follows.
    pub fn batch(&self) -> Result<u64> {
        self.meta_number("batch")
    }

    /// The setting that what is stored was told by; `None`: by a build that did not note it.
    pub fn setting(&self, setting: Told) -> Result<Option<String>> {
        let meta = self.txn.open_table(META)?;
        let value = meta.get(setting.key())?;
        Ok(value.map(|value| String::from_utf8_lossy(value.value()).into_owned()))
    }

    /// See [`Writer::put_unsettled`](super::Writer::put_unsettled).
    pub fn unsettled(&self) -> Result<bool> {
        Ok(self.meta_number("unsettled")? != 0)
    }

    /// Sessions and documents of earlier stores and indexes that could not be taken over.
    pub fn lost(&self) -> Result<(u64, u64)> {
        let sessions = self.meta_number("lost_sessions")?;
        Ok((sessions, self.meta_number("lost_documents")?))
    }

    /// All sessions, notes merged in, in sid order.
    pub fn sessions(&self) -> Result<Vec<(Sid, SessionSummary)>> {
        let notes = self.notes()?;
        let table = self.txn.open_table(SESSIONS)?;
        let part = |sids: std::ops::Range<u32>| -> Result<Vec<(Sid, SessionSummary)>> {
            let mut part = Vec::new();
            for row in table.range(sids)? {
                let (sid, bytes) = row?;
                let mut session: SessionSummary = decode(bytes.value())?;
                if !notes.is_empty()
                    && let Some(notes) = notes.get(&session.key.to_string())
                {
                    notes.iter().for_each(|note| note.apply(&mut session));
                }
                part.push((Sid(sid.value()), session));
            }
            Ok(part)
        };
        // the first page of a start waits for this: two halves at once
        let (half, end) = (self.next_sid()? / 2, u32::MAX);
        let (first, second) = rayon::join(|| part(0..half), || part(half..end));
        let mut all = first?;
        all.extend(second?);
        Ok(all)
    }

    /// One session, notes merged in.
    pub fn session(&self, sid: Sid) -> Result<Option<SessionSummary>> {
        let Some(mut session) = self.bare_session(sid)? else {
            return Ok(None);
        };
        let table = self.txn.open_table(NOTES)?;
        if let Some(bytes) = table.get(session.key.to_string().as_str())? {
            let notes: Vec<Note> = decode(bytes.value())?;
            notes.iter().for_each(|note| note.apply(&mut session));
        }
        Ok(Some(session))
    }

    /// One session as its own source tells it.
    pub fn bare_session(&self, sid: Sid) -> Result<Option<SessionSummary>> {
        let table = self.txn.open_table(SESSIONS)?;
        table
            .get(sid.0)?
            .map(|bytes| decode(bytes.value()))
            .transpose()
    }

    pub fn sid(&self, key: &SessionKey) -> Result<Option<Sid>> {
        let table = self.txn.open_table(SID_BY_KEY)?;
        Ok(table
            .get(key.to_string().as_str())?
            .map(|sid| Sid(sid.value())))
    }

    /// One past the greatest sid given out.
    pub fn next_sid(&self) -> Result<u32> {
        Ok(self.meta_number("next_sid")? as u32)
    }

    /// A session's days, oldest first.
    pub fn days(&self, sid: Sid) -> Result<BTreeMap<Day, DayStats>> {
        let table = self.txn.open_table(DAYS)?;
        let mut days = BTreeMap::new();
        for row in table.range((sid.0, i32::MIN)..=(sid.0, i32::MAX))? {
            let (key, bytes) = row?;
            days.insert(Day(key.value().1), decode(bytes.value())?);
        }
        Ok(days)
    }

    /// Every session's days, by sid and then by day; stop by returning `false`.
    pub fn all_days(&self, mut each: impl FnMut(Sid, Day, DayStats) -> bool) -> Result<()> {
        let table = self.txn.open_table(DAYS)?;
        for row in table.iter()? {
            let (key, bytes) = row?;
            let (sid, day) = key.value();
            if !each(Sid(sid), Day(day), decode(bytes.value())?) {
                break;
            }
        }
        Ok(())
    }

    /// Files that a session's tool calls named, in order of first sight; at most a few dozen.
    pub fn files(&self, sid: Sid) -> Result<Vec<FileCount>> {
        let table = self.txn.open_table(FILES)?;
        let bytes = table.get(sid.0)?;
        Ok(bytes
            .map(|bytes| decode(bytes.value()))
            .transpose()?
            .unwrap_or_default())
    }

    /// Responses that count for a session on a day, in order of time.
    pub fn responses(&self, sid: Sid, day: Day) -> Result<Vec<Response>> {
        let table = self.txn.open_table(RESPONSES)?;
        Ok(table
            .get((sid.0, day.0))?
            .map(|bytes| decode_responses(bytes.value()))
            .transpose()?
            .unwrap_or_default())
    }

    /// Responses that count for a session, by day.
    pub fn responses_of(&self, sid: Sid) -> Result<BTreeMap<Day, Vec<Response>>> {
        let table = self.txn.open_table(RESPONSES)?;
        let mut days = BTreeMap::new();
        for row in table.range((sid.0, i32::MIN)..=(sid.0, i32::MAX))? {
            let (key, bytes) = row?;
            days.insert(Day(key.value().1), decode_responses(bytes.value())?);
        }
        Ok(days)
    }

    /// Every response that counts, by session and then by day; stop by returning `false`.
    pub fn all_responses(
        &self,
        mut each: impl FnMut(Sid, Day, Vec<Response>) -> bool,
    ) -> Result<()> {
        let table = self.txn.open_table(RESPONSES)?;
        for row in table.iter()? {
            let (key, bytes) = row?;
            let (sid, day) = key.value();
            if !each(Sid(sid), Day(day), decode_responses(bytes.value())?) {
                break;
            }
        }
        Ok(())
    }

    /// The transcript of a session: its source, unless only others' notes tell of it.
    pub fn source_of(&self, sid: Sid) -> Result<Option<SourceRef>> {
        let Some(session) = self.bare_session(sid)? else {
            return Ok(None);
        };
        Ok(self.source(&session.path)?.map(|row| SourceRef {
            agent: AgentId::new(&row.agent),
            source: row.source(),
            complete: row.complete(),
            gone: row.gone,
        }))
    }

    pub fn source(&self, path: &str) -> Result<Option<SourceRow>> {
        let table = self.txn.open_table(SOURCES)?;
        table
            .get(path)?
            .map(|bytes| decode(bytes.value()))
            .transpose()
    }

    /// All sources by path.
    pub fn sources(&self) -> Result<Vec<SourceRow>> {
        let table = self.txn.open_table(SOURCES)?;
        let mut all = Vec::new();
        for row in table.iter()? {
            all.push(decode(row?.1.value())?);
        }
        Ok(all)
    }

    /// Repository root by project path; projects known to lie in none are left out.
    pub fn repo_roots(&self) -> Result<HashMap<String, String>> {
        let table = self.txn.open_table(REPOS)?;
        let mut roots = HashMap::new();
        for row in table.iter()? {
            let (project, root) = row?;
            if !root.value().is_empty() {
                roots.insert(project.value().to_owned(), root.value().to_owned());
            }
        }
        Ok(roots)
    }

    /// Whether the repository of this project has been looked for.
    pub fn repo_known(&self, project: &str) -> Result<bool> {
        Ok(self.txn.open_table(REPOS)?.get(project)?.is_some())
    }

    /// Issues of all sources, counted, with the first `limit` of them.
    pub fn issues(&self, limit: usize) -> Result<IssueSummary> {
        let table = self.txn.open_table(ISSUES)?;
        let mut sum = IssueSummary::default();
        let mut kinds: BTreeMap<IssueKind, u64> = BTreeMap::new();
        for row in table.iter()? {
            let (path, bytes) = row?;
            let issues: Vec<ParseIssue> = decode(bytes.value())?;
            sum.total += issues.len() as u64;
            sum.by_path
                .insert(path.value().to_owned(), issues.len() as u64);
            for issue in issues {
                *kinds.entry(issue.kind).or_default() += 1;
                if sum.first.len() < limit {
                    sum.first.push(issue);
                }
            }
        }
        sum.by_kind = kinds.into_iter().collect();
        sum.by_kind
            .sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        Ok(sum)
    }

    /// Issues of one source.
    pub fn issues_of(&self, path: &str) -> Result<Vec<ParseIssue>> {
        let table = self.txn.open_table(ISSUES)?;
        Ok(table
            .get(path)?
            .map(|bytes| decode(bytes.value()))
            .transpose()?
            .unwrap_or_default())
    }

    /// A kept aggregate.
    pub fn result(&self, key: &str) -> Result<Option<Vec<u8>>> {
        Ok(self
            .txn
            .open_table(RESULTS)?
            .get(key)?
            .map(|bytes| bytes.value().to_vec()))
    }

    /// Hashes of the records of `sid` that belong to other sessions.
    pub fn copied(&self, sid: Sid) -> Result<Vec<u64>> {
        copied(&self.txn, sid)
    }

    /// Whether a session shares records with others.
    pub fn shares(&self, sid: Sid) -> Result<bool> {
        Ok(self.txn.open_table(COPIED)?.get(sid.0)?.is_some())
    }

    /// The records of a session, in file order.
    pub fn records(&self, sid: Sid) -> Result<Vec<RecordRef>> {
        records_of(&self.txn, sid)
    }

    pub fn has_records(&self, sid: Sid) -> Result<bool> {
        let table = self.txn.open_table(RECORDS)?;
        Ok(table
            .range((sid.0, 0)..=(sid.0, u32::MAX))?
            .next()
            .is_some())
    }

    /// Hands over every session's records, by sid (a long session comes in several pieces).
    pub fn all_records(&self, mut each: impl FnMut(Sid, RecordRef)) -> Result<()> {
        for row in self.txn.open_table(RECORDS)?.iter()? {
            let (key, bytes) = row?;
            let sid = Sid(key.value().0);
            records(bytes.value()).for_each(|record| each(sid, record));
        }
        Ok(())
    }

    /// What a session claims, in the order in which it came.
    pub fn claims_of(&self, sid: Sid) -> Result<Vec<Claim>> {
        claims_of(&self.txn, sid)
    }

    /// Every claim, for checks and exports: (sid, claim).
    pub fn all_claims(&self, mut each: impl FnMut(Sid, Claim)) -> Result<()> {
        for row in self.txn.open_table(CLAIMS)?.iter()? {
            let (key, bytes) = row?;
            for claim in decode::<Vec<Claim>>(bytes.value())? {
                each(Sid(key.value().0), claim);
            }
        }
        Ok(())
    }

    /// Notes on everything of one agent, by native id.
    pub fn notes_of(&self, agent: &str) -> Result<Vec<(String, Vec<Note>)>> {
        let table = self.txn.open_table(NOTES)?;
        let (first, end) = (format!("{agent}:"), format!("{agent};"));
        let mut all = Vec::new();
        for row in table.range(first.as_str()..end.as_str())? {
            let (key, bytes) = row?;
            all.push((
                key.value()[first.len()..].to_owned(),
                decode(bytes.value())?,
            ));
        }
        Ok(all)
    }

    fn notes(&self) -> Result<HashMap<String, Vec<Note>>> {
        let table = self.txn.open_table(NOTES)?;
        let mut notes = HashMap::new();
        for row in table.iter()? {
            let (key, bytes) = row?;
            notes.insert(key.value().to_owned(), decode(bytes.value())?);
        }
        Ok(notes)
    }
}

pub(super) fn copied(txn: &ReadTransaction, sid: Sid) -> Result<Vec<u64>> {
    let table = txn.open_table(COPIED)?;
    Ok(table
        .get(sid.0)?
        .map(|bytes| words(bytes.value()))
        .unwrap_or_default())
}

pub(super) fn records_of(txn: &ReadTransaction, sid: Sid) -> Result<Vec<RecordRef>> {
    let table = txn.open_table(RECORDS)?;
    let mut all = Vec::new();
    for row in table.range((sid.0, 0)..=(sid.0, u32::MAX))? {
        all.extend(records(row?.1.value()));
    }
    Ok(all)
}

fn claims_of(txn: &ReadTransaction, sid: Sid) -> Result<Vec<Claim>> {
    let table = txn.open_table(CLAIMS)?;
    let mut all = Vec::new();
    for row in table.range((sid.0, 0)..=(sid.0, u32::MAX))? {
        all.extend(decode::<Vec<Claim>>(row?.1.value())?);
    }
    Ok(all)
}

pub(super) fn words(bytes: &[u8]) -> Vec<u64> {
    bytes
        .as_chunks::<8>()
        .0
        .iter()
        .map(|word| u64::from_le_bytes(*word))
        .collect()
}

fn records(bytes: &[u8]) -> impl Iterator<Item = RecordRef> + '_ {
    bytes.as_chunks::<16>().0.iter().map(|entry| {
        let (hash, time) = entry.split_at(8);
        let time = number(time) as i64;
        RecordRef {
            hash: number(hash),
            at: time >> 1,
            marked: time & 1 == 1,
        }
    })
}

pub(super) fn record_bytes(records: &[RecordRef]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(records.len() * 16);
    for record in records {
        bytes.extend(record.hash.to_le_bytes());
        bytes.extend(((record.at << 1) | i64::from(record.marked)).to_le_bytes());
    }
    bytes
}
