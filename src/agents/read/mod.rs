//! Reading foreign files: what more than one room needs.
//!
//! [`folder`] lists, [`digest`] recognises folders that are named by one, [`jsonl`] gives whole lines out of damaged files,
//! [`json`] looks into a record without copying it, [`whole`] reads documents (of damaged ones what is left, by
//! [`salvage`]), [`sqlite`] a database, [`rows`] makes its sessions sources, [`record`] gives a record as it
//! is kept and [`picture`] the pictures in it. [`prompt`] tells a person's words from the
//! runtime's, [`parts`], [`blocks`] and [`chat`] open contents, [`value`] takes counts and ids, [`text`] makes bodies fit
//! to keep, [`tool`] presents a tool call; [`tell`] puts it all into a session.

pub mod blocks;
pub mod chat;
pub mod digest;
pub mod folder;
pub mod json;
pub mod jsonl;
mod listing;
pub mod parts;
pub mod patch;
pub mod picture;
pub mod prompt;
pub mod record;
pub mod rows;
pub mod salvage;
mod shell;
pub mod sqlite;
pub mod tell;
pub mod text;
pub mod tool;
pub mod value;
pub mod vscode;
pub mod whole;

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

/// Roots of an agent that keeps its histories in the projects themselves: `$first`, and `$tail` in every
/// folder of the places where people keep projects (`*` is a folder's name, see `Config::roots`).
macro_rules! in_projects {
    ($first:expr, $tail:literal) => {
        &[
            $first,
            $crate::model::RootSpec::fixed(concat!("projects/*/", $tail)),
            $crate::model::RootSpec::fixed(concat!("Projects/*/", $tail)),
            $crate::model::RootSpec::fixed(concat!("src/*/", $tail)),
            $crate::model::RootSpec::fixed(concat!("code/*/", $tail)),
            $crate::model::RootSpec::fixed(concat!("dev/*/", $tail)),
            $crate::model::RootSpec::fixed(concat!("work/*/", $tail)),
            $crate::model::RootSpec::fixed(concat!("repos/*/", $tail)),
            $crate::model::RootSpec::fixed(concat!("git/*/", $tail)),
            $crate::model::RootSpec::fixed(concat!("git/*/*/", $tail)),
            $crate::model::RootSpec::fixed(concat!("workspace/*/", $tail)),
            $crate::model::RootSpec::fixed(concat!("Developer/*/", $tail)),
            $crate::model::RootSpec::fixed(concat!("Documents/GitHub/*/", $tail)),
            $crate::model::RootSpec::fixed(concat!("source/repos/*/", $tail)),
        ]
    };
}
pub(crate) use in_projects;
