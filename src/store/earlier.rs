//! The store of before: one of another schema, beside the new one until that is complete.
//!
//! The new store takes the sids over as it is made, so that an index goes on meaning the same sessions.
//! Sessions follow one by one as far as their values still decode: ingest takes those whose source is
//! gone, all others are read anew. What must stay readable over versions for that: the tables `meta` and
//! `sid_by_key`.

use super::OpenError;
use super::rows::{SourceRow, decode_whole};
use super::tables::*;
use crate::model::*;
use anyhow::{Context, Result, ensure};
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, WriteTransaction};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the earlier store knows of one session.
#[derive(Clone, Debug)]
pub struct EarlierSession {
    pub summary: SessionSummary,
    /// Without usage, which follows from the claims.
    pub days: BTreeMap<Day, DayStats>,
    pub claims: Vec<Claim>,
    pub records: Vec<RecordRef>,
    pub files: Vec<FileCount>,
    /// Hashes of records that belong to other sessions, sorted.
    pub copied: Vec<u64>,
    pub source: Option<SourceRow>,
}

/// A read transaction of the earlier store.
pub struct EarlierReader {
    txn: ReadTransaction,
}

impl EarlierReader {
    /// Every session that it has, by `agent:native`.
    pub fn sessions(&self) -> Result<Vec<(String, Sid)>> {
        let sessions = self.txn.open_table(SESSIONS)?;
        let mut all = Vec::new();
        for row in self.txn.open_table(SID_BY_KEY)?.iter()? {
            let (key, sid) = row?;
            if sessions.get(sid.value())?.is_some() {
                all.push((key.value().to_owned(), Sid(sid.value())));
            }
        }
        Ok(all)
    }

    /// # Errors
    /// A value of it does not decode: the session is lost.
    pub fn session(&self, key: &str, sid: Sid) -> Result<EarlierSession> {
        let sessions = self.txn.open_table(SESSIONS)?;
        let bytes = sessions.get(sid.0)?.context("it is not there")?;
        let summary: SessionSummary = decode_whole(bytes.value())?;
        // a value of another shape may decode to nonsense
        ensure!(summary.key.to_string() == key, "it decodes to another one");
        let mut days = BTreeMap::new();
        let of_sid = (sid.0, i32::MIN)..=(sid.0, i32::MAX);
        for row in self.txn.open_table(DAYS)?.range(of_sid)? {
            let (at, bytes) = row?;
            let mut stats: DayStats = decode_whole(bytes.value())?;
            stats.usage.clear();
            days.insert(Day(at.value().1), stats);
        }
        Ok(EarlierSession {
            claims: self.claims(sid)?,
            files: self.files(sid).unwrap_or_default(),
            records: super::read::records_of(&self.txn, sid)?,
            copied: super::read::copied(&self.txn, sid)?,
            source: self.source(&summary.path),
            summary,
            days,
        })
    }

    fn claims(&self, sid: Sid) -> Result<Vec<Claim>> {
        let mut claims = Vec::new();
        let chunks = (sid.0, 0)..=(sid.0, u32::MAX);
        for row in self.txn.open_table(CLAIMS)?.range(chunks)? {
            claims.extend(decode_whole::<Vec<Claim>>(row?.1.value())?);
        }
        Ok(claims)
    }

    /// A store of before schema 5 has none.
    fn files(&self, sid: Sid) -> Result<Vec<FileCount>> {
        let table = self.txn.open_table(FILES)?;
        let bytes = table.get(sid.0)?;
        let files = bytes.map(|bytes| decode_whole(bytes.value())).transpose()?;
        Ok(files.unwrap_or_default())
    }

    fn source(&self, path: &str) -> Option<SourceRow> {
        let table = self.txn.open_table(SOURCES).ok()?;
        let bytes = table.get(path).ok()??;
        decode_whole(bytes.value()).ok()
    }
}

pub(super) fn read(db: &Database) -> Result<EarlierReader> {
    let txn = db.begin_read()?;
    Ok(EarlierReader { txn })
}

/// `sessions-earlier.redb` beside `sessions.redb`.
fn file(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-earlier.redb"))
}

/// Makes the store at `path` the earlier one; `false` when there is one already.
pub(super) fn set_back(path: &Path) -> Result<bool, OpenError> {
    let to = file(path);
    if to.exists() {
        return Ok(false);
    }
    std::fs::rename(path, &to).map_err(|cause| OpenError::Io {
        path: path.display().to_string(),
        cause,
    })?;
    Ok(true)
}

/// The earlier store of `path`, if there is one that opens.
pub(super) fn find(path: &Path) -> Option<Database> {
    let there = file(path);
    if !there.exists() {
        return None;
    }
    let mut builder = redb::Builder::new();
    builder.set_cache_size(4 << 20);
    match builder.open(&there) {
        Ok(db) => Some(db),
        Err(error) => {
            tracing::warn!("{} does not open: {error}", there.display());
            set_aside(path);
            None
        }
    }
}

/// Numbers of sessions, and with them what an index says, stay what they were.
pub(super) fn inherit(db: &Database, into: &WriteTransaction) -> Result<()> {
    let from = db.begin_read()?;
    let number = |key: &str| -> Result<u64> {
        let table = from.open_table(META)?;
        Ok(table
            .get(key)?
            .map_or(0, |value| super::read::number(value.value())))
    };
    let (id, next, batch) = (number("store_id")?, number("next_sid")?, number("batch")?);
    // all of them or none
    let mut sids = Vec::new();
    for row in from.open_table(SID_BY_KEY)?.iter()? {
        let (key, sid) = row?;
        sids.push((key.value().to_owned(), sid.value()));
    }
    let mut new_sids = into.open_table(SID_BY_KEY)?;
    for (key, sid) in sids {
        new_sids.insert(key.as_str(), sid)?;
    }
    let mut meta = into.open_table(META)?;
    let mut put = |key: &str, value: u64| -> Result<()> {
        meta.insert(key, &value.to_le_bytes()[..])?;
        Ok(())
    };
    put("store_id", id)?;
    put("next_sid", next)?;
    // surely behind what the index was committed with last: its documents are of before
    put("batch", batch + 16)?;
    if let Ok(repos) = from.open_table(REPOS) {
        let mut new_repos = into.open_table(REPOS)?;
        for row in repos.iter()? {
            let (project, root) = row?;
            new_repos.insert(project.value(), root.value())?;
        }
    }
    Ok(())
}

pub(super) fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(file(path)) {
        tracing::warn!("the earlier store cannot be removed: {error}");
    }
}

/// Keeps the earlier store under a name that nothing reads.
pub(super) fn set_aside(path: &Path) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let free = (1..)
        .map(|n| path.with_file_name(format!("{name}.aside-earlier-{n}")))
        .find(|path| !path.exists())
        .expect("one of all numbers is free");
    match std::fs::rename(file(path), &free) {
        Ok(()) => tracing::warn!("the earlier store was moved to {}", free.display()),
        Err(error) => tracing::warn!("the earlier store cannot be moved: {error}"),
    }
}
