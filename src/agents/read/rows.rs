//! Sessions that are rows of a database.
//!
//! Each is a source of its own, named by the database's path with the session's id behind it, as if
//! the database were a folder. Its fingerprint is made of its own rows: the time of the newest change
//! and a digest of counts. So a store of many gigabytes with one new message costs that session's new
//! rows, and a deleted session is a file that is gone. The database itself is a source too: one that
//! gives no session, and tells of what keeps the database from being read.

use super::folder;
use super::sqlite::Db;
use super::value::is_id;
use crate::agents::{EventSink, Listing};
use crate::model::{Checkpoint, Fingerprint, ParseIssue, Rank, Source};
use serde::{Serialize, de::DeserializeOwned};
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_64;

/// `Source::layout` of the database itself, in every room.
pub const DATABASE: u8 = 0xff;

/// What is seen of one session without reading it.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub native: String,
    pub parent: Option<String>,
    /// Time of the newest change, ms.
    pub updated: Option<i64>,
    /// Counts, greatest row numbers: whatever changes when the session does.
    pub digest: Vec<i64>,
    pub layout: u8,
}

/// Opens the database at `path` and hands over what `list` sees in it, the database first.
pub fn discover(
    path: &Path,
    listing: &mut Listing,
    found: &mut dyn FnMut(Source),
    list: &mut dyn FnMut(&Db) -> Result<Vec<Seen>, ParseIssue>,
) {
    let Some(print) = folder::fingerprint(path, listing) else {
        return;
    };
    let state = super::sqlite::with_log(print, path);
    let digest = postcard::to_stdvec(&state).expect("numbers always serialise");
    found(Source {
        path: path.to_owned(),
        // no size: looking at a database does not read it through
        fingerprint: Fingerprint {
            size: 0,
            ctime_ns: xxh3_64(&digest) as i64,
            ..state
        },
        rank: Rank::Secondary,
        layout: DATABASE,
        native: String::new(),
        parent: None,
    });
    match Db::open(path).and_then(|db| list(&db)) {
        Ok(seen) => seen
            .into_iter()
            .filter(|seen| is_id(&seen.native))
            .for_each(|seen| found(source(path, seen))),
        // what it held before stays as it was: nothing was seen
        Err(issue) => {
            listing.complete = false;
            listing.issues.push(issue);
        }
    }
}

fn source(database: &Path, seen: Seen) -> Source {
    let digest = postcard::to_stdvec(&seen.digest).expect("numbers always serialise");
    Source {
        path: database.join(&seen.native),
        fingerprint: Fingerprint {
            size: 0,
            mtime_ns: seen.updated.unwrap_or(0).saturating_mul(1_000_000),
            ctime_ns: xxh3_64(&digest) as i64,
            inode: 0,
        },
        rank: Rank::Primary,
        layout: seen.layout,
        native: seen.native,
        parent: seen.parent,
    }
}

/// The database that holds a session found by [`discover`].
pub fn database(source: &Source) -> PathBuf {
    source.path.parent().map(Path::to_owned).unwrap_or_default()
}

/// Reads the source that the database itself is: whether it can be listed at all.
pub fn parse_database(
    source: &Source,
    sink: &mut dyn EventSink,
    list: &mut dyn FnMut(&Db) -> Result<Vec<Seen>, ParseIssue>,
) -> Checkpoint {
    match Db::open(&source.path).and_then(|db| list(&db)) {
        Ok(seen) => {
            let odd = seen.iter().filter(|seen| !is_id(&seen.native)).count();
            if odd > 0 {
                sink.issue(ParseIssue {
                    path: source.path.display().to_string(),
                    line: 0,
                    kind: crate::model::IssueKind::WrongShape,
                    detail: format!("{odd} sessions have an id that is none and were left out"),
                });
            }
        }
        Err(issue) => sink.issue(issue),
    }
    Checkpoint::default()
}

/// A session that could not be read: tried again at the next look when the database was merely busy.
///
/// # Errors
/// `WouldBlock` when the database was locked.
pub fn failed(issue: ParseIssue, sink: &mut dyn EventSink) -> std::io::Result<Checkpoint> {
    let locked = issue.kind == crate::model::IssueKind::Locked;
    let detail = issue.detail.clone();
    sink.issue(issue);
    match locked {
        true => Err(std::io::Error::new(std::io::ErrorKind::WouldBlock, detail)),
        false => Ok(Checkpoint::default()),
    }
}

/// Where a session's reading stands: `rows` read (at least one is claimed, so that the checkpoint is
/// not the beginning), and what the room must remember.
pub fn checkpoint<T: Serialize>(rows: u64, seq: u32, state: &T) -> Checkpoint {
    Checkpoint {
        offset: rows.max(1),
        line: rows,
        seq,
        state: postcard::to_stdvec(state).expect("own plain data always serialises"),
        tail_hash: 0,
    }
}

/// What [`checkpoint`] remembered; `None` at the beginning, or when another version wrote it.
pub fn state<T: DeserializeOwned>(from: &Checkpoint) -> Option<T> {
    if from.offset == 0 {
        return None;
    }
    postcard::from_bytes(&from.state).ok()
}
