//! Reading foreign files: what more than one room needs.
//!
//! [`folder`] lists, [`jsonl`] gives whole lines out of damaged files, [`json`] looks into a record without copying it,
//! [`prompt`] tells a person's words from the runtime's, [`text`] makes bodies fit to keep and
//! [`tool`] presents a tool call. [`document`] reads a whole JSON file, [`sqlite`] a database, [`rows`]
//! makes its sessions sources, and [`teller`] tells a session to the sink.

pub mod document;
pub mod folder;
pub mod json;
pub mod jsonl;
mod listing;
pub mod patch;
pub mod prompt;
pub mod rows;
pub mod salvage;
mod shell;
pub mod sqlite;
pub mod teller;
pub mod text;
pub mod tool;
pub mod vscode;

use crate::model::Fingerprint;

/// The fingerprint that a file's metadata gives.
pub fn fingerprint(meta: &std::fs::Metadata) -> Fingerprint {
    let mtime_ns = meta
        .modified()
        .ok()
        .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
        .map_or(0, |since| since.as_nanos() as i64);
    #[cfg(unix)]
    let (ctime_ns, inode) = {
        use std::os::unix::fs::MetadataExt;
        (
            meta.ctime()
                .saturating_mul(1_000_000_000)
                .saturating_add(meta.ctime_nsec()),
            meta.ino(),
        )
    };
    #[cfg(not(unix))]
    let (ctime_ns, inode) = (0, 0);
    Fingerprint {
        size: meta.len(),
        mtime_ns,
        ctime_ns,
        inode,
    }
}
