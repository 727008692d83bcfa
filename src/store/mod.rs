//! Keep and count: everything but message text, in redb.
//!
//! [`Store`] (`sessions.redb`) can be rebuilt from the agents' files and the index; [`Marks`]
//! (`marks.redb`) is what people did themselves and cannot. One process owns both. Readers are
//! [`Reader`]s (one read transaction each, never held across waits), the one writer is [`Writer`].

mod claims;
mod earlier;
mod given;
mod marks;
mod plans;
mod read;
mod recent;
mod rows;
pub mod status;
mod tables;
mod write;

pub use earlier::{EarlierReader, EarlierSession};
pub use given::SavedRow;
pub use marks::Marks;
pub use plans::PlanRow;
pub use read::{IssueSummary, Reader, SourceRef};
pub use rows::{Note, Pass, SourceRow};
pub use write::Writer;

use crate::model::Sid;
use redb::{Database, ReadableDatabase};
use std::collections::hash_map::RandomState;
use std::collections::{BTreeSet, VecDeque};
use std::hash::{BuildHasher, Hasher};
use std::path::Path;
use std::sync::Mutex;

/// Version of the tables, the rollup and the rooms: another one is rebuilt.
pub const SCHEMA: u64 = 6;

/// redb's own cache; the page cache does the rest.
const CACHE_BYTES: usize = 6 << 20;

/// How many generations of changes are remembered for [`Store::changed_since`].
const REMEMBERED: usize = 256;

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{path} is in use by another process")]
    Locked { path: String },
    #[error("{path} is damaged: {cause}")]
    Damaged { path: String, cause: String },
    #[error("{path} has schema {found}, this build has {SCHEMA}")]
    OtherVersion { path: String, found: u64 },
    #[error("{path}: {cause}")]
    Io { path: String, cause: std::io::Error },
}

/// Settings that what is stored was told by: when they change, it has to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Name of the zone of local days.
    Zone,
    /// The rules by which helpers are found.
    Helpers,
}

impl Told {
    fn key(self) -> &'static str {
        match self {
            Told::Zone => "zone",
            Told::Helpers => "helper_rules",
        }
    }
}

/// Sessions, days, usage, sources: one file, owned by this process.
pub struct Store {
    db: Database,
    path: std::path::PathBuf,
    /// Sessions changed by recent generations.
    recent: Mutex<VecDeque<(u64, BTreeSet<Sid>)>>,
    /// The store of another schema that this one takes the place of, until it is complete.
    earlier: Mutex<Option<Database>>,
}

impl Store {
    /// Opens or creates the store. One of another schema becomes the earlier store of a new one.
    ///
    /// # Errors
    /// [`OpenError`]; a damaged file is left as it is for the caller to set aside, and so is one of
    /// another schema while there is an earlier one already.
    pub fn open(path: &Path) -> Result<Store, OpenError> {
        match Store::open_alone(path) {
            Err(error @ OpenError::OtherVersion { .. }) => {
                if !earlier::set_back(path)? {
                    return Err(error);
                }
                tracing::warn!("{error}; it is kept until a new one is complete");
                Store::open_alone(path)
            }
            opened => opened,
        }
    }

    fn open_alone(path: &Path) -> Result<Store, OpenError> {
        let db = open_database(path)?;
        let store = Store {
            db,
            path: path.to_owned(),
            recent: Mutex::default(),
            earlier: Mutex::default(),
        };
        let damaged = |cause: anyhow::Error| OpenError::Damaged {
            path: path.display().to_string(),
            cause: format!("{cause:#}"),
        };
        match store.stored_schema().map_err(damaged)? {
            Some(found) if found != SCHEMA => {
                return Err(OpenError::OtherVersion {
                    path: path.display().to_string(),
                    found,
                });
            }
            Some(_) => *store.lock_earlier() = earlier::find(path),
            None => {
                let before = earlier::find(path);
                store.create_tables(before.as_ref()).map_err(damaged)?;
                *store.lock_earlier() = before;
            }
        }
        Ok(store)
    }

    /// One consistent view.
    ///
    /// # Errors
    /// The store cannot be read any more.
    pub fn read(&self) -> anyhow::Result<Reader> {
        Reader::begin(self.db.begin_read()?)
    }

    /// The one write transaction; waits for a running one. Nothing happens unless it is committed.
    ///
    /// # Errors
    /// The store cannot be written any more.
    pub fn write(&self) -> anyhow::Result<Writer<'_>> {
        Writer::begin(self)
    }

    /// Sessions changed after `generation`; `None` when that is too long ago to say.
    pub fn changed_since(&self, generation: u64) -> Option<Vec<Sid>> {
        let recent = self.recent.lock().expect("no panic while held");
        let first = recent.front()?.0;
        (generation + 1 >= first).then(|| {
            let later = recent.iter().filter(|(at, _)| *at > generation);
            later
                .flat_map(|(_, sids)| sids.iter().copied())
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect()
        })
    }

    /// A view of the earlier store, while there is one.
    ///
    /// # Errors
    /// It cannot be read any more.
    pub fn earlier(&self) -> anyhow::Result<Option<EarlierReader>> {
        self.lock_earlier().as_ref().map(earlier::read).transpose()
    }

    /// Everything was taken from the earlier store: it is removed, or kept aside.
    pub fn let_earlier_go(&self, keep: bool) {
        if self.lock_earlier().take().is_some() {
            match keep {
                true => earlier::set_aside(&self.path),
                false => earlier::remove(&self.path),
            }
        }
    }

    fn lock_earlier(&self) -> std::sync::MutexGuard<'_, Option<Database>> {
        self.earlier.lock().expect("no panic while held")
    }

    /// Bytes of the file.
    pub fn bytes(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |meta| meta.len())
    }

    /// Keeps a computed aggregate under a key; older entries of the same `family` go.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn put_result(&self, family: &str, key: &str, bytes: &[u8]) -> anyhow::Result<()> {
        write::put_result(&self.db, family, key, bytes)
    }

    fn remember(&self, generation: u64, changed: BTreeSet<Sid>) {
        let mut recent = self.recent.lock().expect("no panic while held");
        recent.push_back((generation, changed));
        while recent.len() > REMEMBERED {
            recent.pop_front();
        }
    }

    fn stored_schema(&self) -> anyhow::Result<Option<u64>> {
        let txn = self.db.begin_read()?;
        match txn.open_table(tables::META) {
            Ok(table) => Ok(table
                .get("schema")?
                .map(|value| read::number(value.value()))),
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn create_tables(&self, before: Option<&Database>) -> anyhow::Result<()> {
        let txn = self.db.begin_write()?;
        // an index of another store must not be taken for ours
        let id = RandomState::new().build_hasher().finish() | 1;
        txn.open_table(tables::META)?
            .insert("store_id", &id.to_le_bytes()[..])?;
        if let Some(before) = before
            && let Err(error) = earlier::inherit(before, &txn)
        {
            tracing::warn!("the earlier store cannot be followed: {error:#}");
        }
        txn.open_table(tables::META)?
            .insert("schema", &SCHEMA.to_le_bytes()[..])?;
        txn.open_table(tables::SESSIONS)?;
        txn.open_table(tables::SID_BY_KEY)?;
        txn.open_table(tables::DAYS)?;
        txn.open_table(tables::RESPONSES)?;
        txn.open_table(tables::CLAIMS)?;
        txn.open_table(tables::CLAIMERS)?;
        txn.open_table(tables::RECORDS)?;
        txn.open_table(tables::COPIED)?;
        txn.open_table(tables::FILES)?;
        txn.open_table(tables::SOURCES)?;
        txn.open_table(tables::ISSUES)?;
        txn.open_table(tables::NOTES)?;
        txn.open_table(tables::REPOS)?;
        txn.open_table(tables::RESULTS)?;
        txn.commit()?;
        Ok(())
    }
}

/// Opens a redb file; creates it (readable by its owner only) when it is not there.
fn open_database(path: &Path) -> Result<Database, OpenError> {
    let name = || path.display().to_string();
    let io = |cause| OpenError::Io {
        path: name(),
        cause,
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(io)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(io)?;
    let mut builder = redb::Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    match builder.create(path) {
        Ok(db) => Ok(db),
        Err(redb::DatabaseError::DatabaseAlreadyOpen) => Err(OpenError::Locked { path: name() }),
        Err(redb::DatabaseError::Storage(redb::StorageError::Io(cause)))
            if cause.kind() != std::io::ErrorKind::InvalidData
                && cause.kind() != std::io::ErrorKind::UnexpectedEof =>
        {
            Err(OpenError::Io {
                path: name(),
                cause,
            })
        }
        Err(cause) => Err(OpenError::Damaged {
            path: name(),
            cause: cause.to_string(),
        }),
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
