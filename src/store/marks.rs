//! What people did themselves: stars and tags (`given` and `plans` have the rest). The one thing that
//! cannot be rebuilt, in a file of its own whose format is read for ever: tables are added to it and
//! never changed.

use super::tables::{SELF, STARS, TAGS};
use super::{OpenError, open_database};
use crate::model::SessionKey;
use anyhow::Result;
use redb::{Database, ReadableDatabase, ReadableTable};
use std::collections::hash_map::RandomState;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hasher};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Key of [`SELF`].
const ANONYMOUS: &str = "anonymous";

pub struct Marks {
    pub(super) db: Database,
    generation: AtomicU64,
}

impl Marks {
    /// # Errors
    /// [`OpenError`]; a damaged file is left as it is.
    pub fn open(path: &Path) -> Result<Marks, OpenError> {
        let db = open_database(path)?;
        let create = || -> Result<()> {
            let known = db.begin_read()?.list_tables()?.count();
            if known == 0 {
                let txn = db.begin_write()?;
                txn.open_table(STARS)?;
                txn.open_table(TAGS)?;
                txn.commit()?;
            }
            Ok(())
        };
        create().map_err(|cause| OpenError::Damaged {
            path: path.display().to_string(),
            cause: format!("{cause:#}"),
        })?;
        Ok(Marks {
            db,
            generation: AtomicU64::new(1),
        })
    }

    /// Grows with every change in this process.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Starred sessions as `agent:native`.
    pub fn starred(&self) -> Result<HashSet<String>> {
        let txn = self.db.begin_read()?;
        let mut keys = HashSet::new();
        for row in txn.open_table(STARS)?.iter()? {
            keys.insert(row?.0.value().to_owned());
        }
        Ok(keys)
    }

    /// Tags by `agent:native`, each list in order.
    pub fn tags(&self) -> Result<HashMap<String, Vec<String>>> {
        let txn = self.db.begin_read()?;
        let mut tags: HashMap<String, BTreeSet<String>> = HashMap::new();
        for row in txn.open_table(TAGS)?.iter()? {
            let (key, _) = row?;
            let (session, tag) = key.value();
            tags.entry(session.to_owned())
                .or_default()
                .insert(tag.to_owned());
        }
        Ok(tags
            .into_iter()
            .map(|(key, tags)| (key, tags.into_iter().collect()))
            .collect())
    }

    /// Stars (at this time, ms) or unstars sessions, all of them or none.
    pub fn set_stars(&self, keys: &[SessionKey], at: Option<i64>) -> Result<()> {
        self.change(|txn| {
            let mut table = txn.open_table(STARS)?;
            for key in keys {
                let name = key.to_string();
                match at {
                    Some(at) => table.insert(name.as_str(), at)?.map(drop),
                    None => table.remove(name.as_str())?.map(drop),
                };
            }
            Ok(())
        })
    }

    /// Gives sessions (at this time, ms) a tag or takes it, all of them or none.
    pub fn set_tags(&self, keys: &[SessionKey], tag: &str, at: Option<i64>) -> Result<()> {
        self.change(|txn| {
            let mut table = txn.open_table(TAGS)?;
            for key in keys {
                let name = key.to_string();
                match at {
                    Some(at) => table.insert((name.as_str(), tag), at)?.map(drop),
                    None => table.remove((name.as_str(), tag))?.map(drop),
                };
            }
            Ok(())
        })
    }

    /// A number that stands for whoever works here and says nothing of them; drawn when first asked for.
    pub fn anonymous(&self) -> Result<u64> {
        let known = match self.db.begin_read()?.open_table(SELF) {
            Ok(table) => table.get(ANONYMOUS)?.map(|number| number.value()),
            // a file of before, or nobody has asked yet
            Err(redb::TableError::TableDoesNotExist(_)) => None,
            Err(error) => return Err(error.into()),
        };
        if let Some(number) = known {
            return Ok(number);
        }
        let txn = self.db.begin_write()?;
        let number = {
            let mut table = txn.open_table(SELF)?;
            // another asker may have been quicker
            let drawn = table.get(ANONYMOUS)?.map(|number| number.value());
            let number = drawn.unwrap_or_else(|| RandomState::new().build_hasher().finish());
            table.insert(ANONYMOUS, number)?;
            number
        };
        txn.commit()?;
        Ok(number)
    }

    pub(super) fn change(
        &self,
        change: impl FnOnce(&redb::WriteTransaction) -> Result<()>,
    ) -> Result<()> {
        let mut txn = self.db.begin_write()?;
        txn.set_quick_repair(true);
        change(&txn)?;
        txn.commit()?;
        self.generation.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }
}
