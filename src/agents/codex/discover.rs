//! What lies below a Codex home, and which of two files of one session is read.

use super::record::{Envelope, Meta, owned};
use crate::agents::Listing;
use crate::agents::read::fingerprint;
use crate::agents::read::json::Raw;
use crate::agents::read::value::is_id;
use crate::model::{Fingerprint, IssueKind, ParseIssue, Rank, Source};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

/// Kinds of sources; the number is `Source::layout`, with [`ARCHIVED`] added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Rollout,
    Packed,
    Document,
    Index,
    History,
    Database,
}

/// Set in `Source::layout` below `archived_sessions`.
const ARCHIVED: u8 = 0x10;

impl Layout {
    pub(super) fn of(layout: u8) -> Layout {
        const ALL: [Layout; 6] = [
            Layout::Rollout,
            Layout::Packed,
            Layout::Document,
            Layout::Index,
            Layout::History,
            Layout::Database,
        ];
        ALL.into_iter()
            .find(|kind| *kind as u8 == layout & !ARCHIVED)
            .unwrap_or(Layout::Rollout)
    }
}

pub(super) fn is_archived(source: &Source) -> bool {
    source.layout & ARCHIVED != 0
}

/// What the file name of a rollout says.
pub(super) struct Name<'a> {
    /// The UUID at its end, or `""`.
    pub(super) id: &'a str,
    pub(super) layout: Layout,
}

impl<'a> Name<'a> {
    pub(super) fn of(path: &'a Path) -> Option<Name<'a>> {
        let name = path.file_name()?.to_str()?;
        let rest = name.strip_prefix("rollout-")?;
        let (stem, layout) = [
            (".jsonl", Layout::Rollout),
            (".jsonl.zst", Layout::Packed),
            (".json", Layout::Document),
        ]
        .into_iter()
        .find_map(|(end, layout)| Some((rest.strip_suffix(end)?, layout)))?;
        let id = stem
            .len()
            .checked_sub(36)
            .and_then(|at| stem.get(at..))
            .filter(|tail| is_uuid(tail))
            .unwrap_or("");
        Some(Name { id, layout })
    }

    /// Holds lines, compressed or not.
    pub(super) fn is_lines(&self) -> bool {
        self.layout != Layout::Document
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The text of a rollout of lines, decompressed where need be.
///
/// # Errors
/// The file cannot be opened.
pub(super) fn open_text(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    let file = fs::File::open(path)?;
    Ok(match path.extension().is_some_and(|end| end == "zst") {
        true => Box::new(zstd::stream::read::Decoder::new(file)?),
        false => Box::new(file),
    })
}

/// A header is some 30 KB with the instructions in it.
const HEADER: u64 = 1 << 20;

/// The id in the first line of a file whose name has none.
fn header_id(path: &Path) -> Option<String> {
    let mut line = Vec::new();
    let input = open_text(path).ok()?.take(HEADER);
    io::BufReader::new(input)
        .read_until(b'\n', &mut line)
        .ok()?;
    let envelope: Envelope = serde_json::from_slice(&line).ok()?;
    let meta: Meta = envelope.payload.and_then(Raw::object).unwrap_or_default();
    owned(envelope.id.or(meta.id)).filter(|id| is_id(id))
}

pub(super) fn discover(root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
    let mut search = Search {
        root,
        listing: Listing::new(),
        named: BTreeMap::new(),
        unnamed: Vec::new(),
    };
    search.rollouts("sessions", 0);
    search.rollouts("archived_sessions", ARCHIVED);
    let rollouts = std::mem::take(&mut search.named).into_values();
    rollouts
        .chain(std::mem::take(&mut search.unnamed))
        .for_each(&mut *found);
    search.list("session_index.jsonl", Layout::Index, found);
    search.list("history.jsonl", Layout::History, found);
    search.databases(found);
    search.listing
}

struct Search<'a> {
    root: &'a Path,
    listing: Listing,
    /// Rollouts by session: the better one stays.
    named: BTreeMap<String, Source>,
    unnamed: Vec<Source>,
}

impl Search<'_> {
    fn rollouts(&mut self, folder: &str, flag: u8) {
        let top = self.root.join(folder);
        if self.leads_out(&top) {
            return;
        }
        for entry in walkdir::WalkDir::new(&top) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let gone =
                        error.io_error().map(io::Error::kind) == Some(io::ErrorKind::NotFound);
                    // a home without such a folder is complete; a file that vanished meanwhile is gone
                    if !gone {
                        let path = error.path().unwrap_or(&top).to_owned();
                        self.fail(&path, "the folder cannot be listed");
                    }
                    continue;
                }
            };
            let Some(name) = Name::of(entry.path()).filter(|_| entry.file_type().is_file()) else {
                continue;
            };
            let Ok(meta) = entry.metadata() else {
                self.fail(entry.path(), "the file cannot be examined");
                continue;
            };
            let native = match name.id {
                "" => header_id(entry.path()).unwrap_or_default(),
                id => id.to_owned(),
            };
            let source = Source {
                path: entry.path().to_owned(),
                fingerprint: fingerprint(&meta),
                rank: Rank::Primary,
                layout: name.layout as u8 | flag,
                native,
                parent: None,
            };
            if source.native.is_empty() {
                self.unnamed.push(source);
                continue;
            }
            let known = self.named.get(&source.native);
            if known.is_none_or(|known| worth(&source) > worth(known)) {
                self.named.insert(source.native.clone(), source);
            }
        }
    }

    fn list(&mut self, name: &str, layout: Layout, found: &mut dyn FnMut(Source)) {
        let path = self.root.join(name);
        if self.leads_out(&path) {
            return;
        }
        match fs::metadata(&path) {
            Ok(meta) if meta.is_file() => found(secondary(path, fingerprint(&meta), layout)),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => self.fail(&path, "the file cannot be examined"),
        }
    }

    /// Of each kind of database the newest version: the others are what an update left behind.
    fn databases(&mut self, found: &mut dyn FnMut(Source)) {
        let mut newest: BTreeMap<&str, (u64, PathBuf)> = BTreeMap::new();
        for folder in [self.root.to_owned(), self.root.join("sqlite")] {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(_) => {
                    self.fail(&folder, "the folder cannot be listed");
                    continue;
                }
            };
            for entry in entries.flatten() {
                let name = entry.file_name();
                let Some((kind, version)) = name.to_str().and_then(database) else {
                    continue;
                };
                let regular = entry.file_type().is_ok_and(|kind| kind.is_file());
                if regular && newest.get(kind).is_none_or(|known| version > known.0) {
                    newest.insert(kind, (version, entry.path()));
                }
            }
        }
        for (_, path) in newest.into_values() {
            match fs::metadata(&path) {
                Ok(meta) => {
                    let print = with_log(fingerprint(&meta), &path);
                    found(secondary(path, print, Layout::Database));
                }
                Err(_) => self.fail(&path, "the file cannot be examined"),
            }
        }
    }

    /// A link may lead on inside the root, never out of it.
    fn leads_out(&mut self, path: &Path) -> bool {
        let is_link = fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_symlink());
        if !is_link {
            return false;
        }
        let inside = match (fs::canonicalize(path), fs::canonicalize(self.root)) {
            (Ok(target), Ok(root)) => target.starts_with(root),
            _ => false,
        };
        if !inside {
            self.fail(path, "this is a link out of the folder and is not followed");
        }
        !inside
    }

    fn fail(&mut self, path: &Path, detail: &str) {
        self.listing.complete = false;
        self.listing.issues.push(ParseIssue {
            path: path.display().to_string(),
            line: 0,
            kind: IssueKind::Unreadable,
            detail: detail.to_owned(),
        });
    }
}

/// Which of two files of one session is read: lines that grow, then the packed ones, then the old
/// document; of two alike the larger, then the one that is not archived.
fn worth(source: &Source) -> (u8, u64, bool) {
    let layout = match Layout::of(source.layout) {
        Layout::Rollout => 2,
        Layout::Packed => 1,
        _ => 0,
    };
    (layout, source.fingerprint.size, !is_archived(source))
}

/// `state_5.sqlite` is `("state", 5)`.
fn database(name: &str) -> Option<(&'static str, u64)> {
    ["state", "thread_history"].into_iter().find_map(|kind| {
        let rest = name.strip_prefix(kind)?.strip_suffix(".sqlite")?;
        let version = match rest {
            "" => 0,
            _ => rest.strip_prefix('_')?.parse().ok()?,
        };
        Some((kind, version))
    })
}

fn secondary(path: PathBuf, fingerprint: Fingerprint, layout: Layout) -> Source {
    Source {
        path,
        fingerprint,
        rank: Rank::Secondary,
        layout: layout as u8,
        native: String::new(),
        parent: None,
    }
}

/// Rows may be in the log for days before the database itself is touched.
fn with_log(print: Fingerprint, path: &Path) -> Fingerprint {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    match fs::metadata(log) {
        Ok(meta) => {
            let log = fingerprint(&meta);
            Fingerprint {
                size: print.size + log.size,
                mtime_ns: print.mtime_ns.max(log.mtime_ns),
                ctime_ns: print.ctime_ns.max(log.ctime_ns),
                inode: print.inode,
            }
        }
        Err(_) => print,
    }
}
