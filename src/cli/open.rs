//! Opening the stores, in the order that loses nothing, and starting what writes them.
//!
//! A file that does not open is never removed and never stops a start: it is moved aside under a name
//! with the time, a new one is begun, and who asked is told. One of another version, and an index that is
//! damaged in parts, stay beside the new one until that is complete (`store::earlier`, `index::earlier`).

use crate::config::{Config, now_ms};
use crate::engine::Engine;
use crate::index::{IndexOptions, SearchIndex};
use crate::ingest::{self, Ingest, Standing};
use crate::store::status::StatusBoard;
use crate::store::{Marks, Store};
use crate::{index, store};
use anyhow::Context;
use std::path::Path;
use std::sync::Arc;

/// An engine whose index is still to be opened.
pub struct Opened {
    pub engine: Arc<Engine>,
    /// What did not open and was moved aside, one sentence each.
    pub set_aside: Vec<String>,
}

/// Opens marks and sessions: milliseconds, so that pages can answer.
///
/// # Errors
/// A file is in use by a program that is not codedash, or the disk refuses.
pub fn stores(config: Arc<Config>) -> anyhow::Result<Opened> {
    let mut set_aside = Vec::new();
    let marks = open(&config.marks_path(), Marks::open, &mut set_aside)?;
    let store = open(&config.store_path(), Store::open, &mut set_aside)?;
    let status = Arc::new(StatusBoard::default());
    let engine = Engine::new(config, Arc::new(store), Arc::new(marks), status);
    Ok(Opened {
        engine: Arc::new(engine),
        set_aside,
    })
}

/// Opens the search index and hands it to the engine: up to a second with a cold disk.
///
/// # Errors
/// As [`stores`].
pub fn index(engine: &Engine) -> anyhow::Result<Index> {
    let mut set_aside = Vec::new();
    let options = IndexOptions::default();
    let dir = engine.config().index_dir();
    let mut begin = || open(&dir, |dir| SearchIndex::open(dir, &options), &mut set_aside);
    let mut opened = begin()?;
    if ingest::standing(&engine.store, opened.payload.as_deref())? != Standing::Together {
        // it holds what no source holds any more: it is not cleared but set back
        drop(opened);
        if !SearchIndex::set_back(&dir)? {
            aside(&dir)?;
        }
        opened = begin()?;
    }
    ingest::settle_earlier(&engine.store, &opened.index)?;
    let index = Arc::new(opened.index);
    // a second index of one process cannot be: the first holds the writer's lock
    let _ = engine.index.set(index.clone());
    Ok(Index {
        index,
        payload: opened.payload,
    })
}

/// The opened index, ready to be written.
pub struct Index {
    index: Arc<SearchIndex>,
    /// What it was last committed with: where ingest goes on.
    payload: Option<String>,
}

impl Index {
    /// Starts to read and watch, on threads of its own.
    ///
    /// # Errors
    /// See [`Ingest::start`].
    pub fn keep_up(self, engine: &Engine) -> anyhow::Result<Ingest> {
        Ingest::start(
            engine.settings.clone(),
            engine.store.clone(),
            self.index,
            self.payload,
            engine.status.clone(),
        )
    }

    /// Reads what is new, or everything again, on this thread.
    ///
    /// # Errors
    /// See [`Ingest::run_once`].
    pub fn bring_up_to_date(self, engine: &Engine, full: bool) -> anyhow::Result<()> {
        Ingest::run_once(
            engine.config(),
            engine.store.clone(),
            self.index,
            self.payload,
            engine.status.clone(),
            full,
        )
    }
}

/// Whether a refusal to open is cured by starting anew.
trait Refusal: std::error::Error + Send + Sync + 'static {
    fn is_cured_by_a_new_one(&self) -> bool;
}

impl Refusal for store::OpenError {
    fn is_cured_by_a_new_one(&self) -> bool {
        matches!(
            self,
            store::OpenError::Damaged { .. } | store::OpenError::OtherVersion { .. }
        )
    }
}

impl Refusal for index::OpenError {
    fn is_cured_by_a_new_one(&self) -> bool {
        matches!(
            self,
            index::OpenError::Damaged(_) | index::OpenError::OtherVersion { .. }
        )
    }
}

fn open<T, E: Refusal>(
    path: &Path,
    open: impl Fn(&Path) -> Result<T, E>,
    set_aside: &mut Vec<String>,
) -> anyhow::Result<T> {
    match open(path) {
        Ok(opened) => Ok(opened),
        Err(refusal) if refusal.is_cured_by_a_new_one() => {
            let kept = aside(path)?;
            let sentence = format!("{refusal}; it was moved to {}", kept.display());
            tracing::warn!("{sentence}");
            set_aside.push(sentence);
            open(path).with_context(|| format!("cannot begin a new {}", path.display()))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// Moves a file or folder out of the way and returns where it is now.
fn aside(path: &Path) -> anyhow::Result<std::path::PathBuf> {
    let stamp = jiff::Timestamp::from_millisecond(now_ms())?.strftime("%Y%m%dT%H%M%SZ");
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let free = (0..)
        .map(|n| match n {
            0 => format!("{name}.aside-{stamp}"),
            n => format!("{name}.aside-{stamp}-{n}"),
        })
        .map(|name| path.with_file_name(name))
        .find(|path| !path.exists())
        .expect("one of all numbers is free");
    std::fs::rename(path, &free)
        .with_context(|| format!("cannot move {} aside", path.display()))?;
    Ok(free)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_damaged_is_kept_under_another_name_and_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sessions.redb");
        for text in ["not a database", "not one either"] {
            std::fs::write(&path, text).unwrap();
            let mut set_aside = Vec::new();
            drop(super::open(&path, Store::open, &mut set_aside).unwrap());
            assert_eq!(set_aside.len(), 1);
            let kept = std::fs::read_dir(dir.path())
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.to_string_lossy().contains(".aside-"))
                .find(|path| std::fs::read_to_string(path).unwrap() == text);
            let kept = kept.expect("the damaged file is kept");
            assert!(set_aside[0].contains(kept.to_str().unwrap()));
        }
        let mut set_aside = Vec::new();
        super::open(&path, Store::open, &mut set_aside).unwrap();
        assert!(set_aside.is_empty());
    }

    #[test]
    fn whatever_was_moved_aside_is_on_the_status() {
        let dir = tempfile::tempdir().unwrap();
        let config = Arc::new(Config::for_home(&dir.path().join("home"), dir.path()));
        std::fs::create_dir_all(config.data_dir()).unwrap();
        std::fs::write(config.marks_path(), "no marks").unwrap();
        std::fs::write(config.store_path(), "no sessions").unwrap();
        let opened = stores(config).unwrap();
        assert_eq!(opened.set_aside.len(), 2);
        let told = opened.engine.status().unwrap().set_aside;
        for name in ["marks.redb.aside-", "sessions.redb.aside-"] {
            assert!(told.iter().any(|path| path.contains(name)), "{told:?}");
        }
    }

    #[test]
    fn what_is_in_use_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("marks.redb");
        let mut set_aside = Vec::new();
        let _held = super::open(&path, Marks::open, &mut set_aside).unwrap();
        assert!(super::open(&path, Marks::open, &mut set_aside).is_err());
        assert!(set_aside.is_empty() && path.exists());
    }
}
