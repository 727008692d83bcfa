//! What has changed since last time: files against source rows.

use super::Shared;
use crate::agents::{self, Agent};
use crate::config::Root;
use crate::model::{Checkpoint, Fingerprint, ParseIssue, Rank, Source};
use crate::store::SourceRow;
use anyhow::Result;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// How far to look.
#[derive(Clone, Debug)]
pub enum Scope {
    Everything,
    /// These paths changed; what is a known source is looked at alone.
    Paths(BTreeSet<PathBuf>),
}

/// What a scan found.
#[derive(Default)]
pub struct Scan {
    /// Sources to read, newest first, secondary ones last.
    pub work: Vec<SourceRow>,
    /// Rows to write though nothing is to be read: gone, back again, renamed, shadowed.
    pub rows: Vec<SourceRow>,
    /// Paths whose row has moved to another path.
    pub removed: Vec<String>,
    /// What kept each listed root from being listed in full, or nothing: by [`listing_key`].
    pub issues: Vec<(String, Vec<ParseIssue>)>,
}

/// Under which name the issues of listing a root are kept: no file can have it.
fn listing_key(agent: &str, root: &Path) -> String {
    format!("\0{agent}\0{}", root.display())
}

/// Compares the files in `scope` with what is known of them.
pub fn scan(shared: &Shared, scope: &Scope) -> Result<Scan> {
    let known: HashMap<String, SourceRow> = shared
        .store
        .read()?
        .sources()?
        .into_iter()
        .map(|row| (row.path.clone(), row))
        .collect();
    let roots = shared.config.roots(agents::all_infos());
    let mut listing = Listed::default();
    match scope {
        Scope::Everything => roots.iter().for_each(|root| listing.discover(root)),
        Scope::Paths(paths) => listing.paths(paths, &roots, &known),
    }
    Ok(compare(listing, known))
}

/// What is on disk now.
#[derive(Default)]
struct Listed {
    found: BTreeMap<String, (&'static str, u16, Source)>,
    /// Folders of which everything was seen.
    complete: Vec<(&'static str, PathBuf)>,
    /// Known sources that were looked for one by one and are not there.
    missing: Vec<String>,
    issues: Vec<(String, Vec<ParseIssue>)>,
}

impl Listed {
    fn discover(&mut self, root: &Root) {
        let Some(room) = agents::room(root.agent) else {
            return;
        };
        let listing = room.discover(&root.path, &mut |source| {
            self.found
                .entry(source.path.to_string_lossy().into_owned())
                .or_insert((root.agent, root.home as u16, source));
        });
        let key = listing_key(root.agent, &root.path);
        self.issues.push((key, listing.issues));
        if listing.complete {
            self.complete.push((root.agent, root.path.clone()));
        }
    }

    /// Looks at known files alone; anything else has its whole root listed.
    fn paths(
        &mut self,
        paths: &BTreeSet<PathBuf>,
        roots: &[Root],
        known: &HashMap<String, SourceRow>,
    ) {
        let mut whole: Vec<&Root> = Vec::new();
        for path in paths {
            let name = path.to_string_lossy();
            // a secondary source may be more than one file (a database and its log): its room knows
            let row = known.get(name.as_ref());
            match row.filter(|row| row.rank == Rank::Primary) {
                Some(row) => match fingerprint(path) {
                    Some(fingerprint) => {
                        let source = Source {
                            fingerprint,
                            ..row.source()
                        };
                        if let Some(room) = agents::room(&row.agent) {
                            let entry = (room.info().id, row.home, source);
                            self.found.insert(row.path.clone(), entry);
                        }
                    }
                    None => self.missing.push(row.path.clone()),
                },
                None => whole.extend(
                    roots
                        .iter()
                        .filter(|root| path.starts_with(&root.path) || root.path.starts_with(path)),
                ),
            }
        }
        // a file that vanished may have been renamed: only the whole root tells
        for row in self.missing.iter().filter_map(|path| known.get(path)) {
            whole.extend(
                roots
                    .iter()
                    .filter(|root| Path::new(&row.path).starts_with(&root.path)),
            );
        }
        whole.sort_by(|a, b| (a.agent, &a.path).cmp(&(b.agent, &b.path)));
        whole.dedup_by(|a, b| a.agent == b.agent && a.path == b.path);
        whole.into_iter().for_each(|root| self.discover(root));
    }

    fn surely_gone(&self, row: &SourceRow) -> bool {
        !self.found.contains_key(&row.path)
            && (self.missing.contains(&row.path)
                || self.complete.iter().any(|(agent, root)| {
                    *agent == row.agent && Path::new(&row.path).starts_with(root)
                }))
    }
}

fn compare(listed: Listed, mut known: HashMap<String, SourceRow>) -> Scan {
    let mut scan = Scan::default();
    let gone: Vec<String> = known
        .values()
        .filter(|row| listed.surely_gone(row))
        .map(|row| row.path.clone())
        .collect();
    let mut now: Vec<SourceRow> = Vec::new();
    for (path, (agent, home, source)) in &listed.found {
        let row = match known.get(path) {
            Some(row) if row.fingerprint == source.fingerprint && !row.gone => row.clone(),
            Some(row) => updated(row.clone(), source),
            None => match renamed(&gone, &known, source) {
                Some(old) => {
                    scan.removed.push(old.path.clone());
                    SourceRow {
                        path: path.clone(),
                        gone: false,
                        ..old
                    }
                }
                None => SourceRow::of(source, agent, *home),
            },
        };
        now.push(row);
    }
    for path in &scan.removed {
        known.remove(path);
    }
    for path in gone.iter().filter(|path| !scan.removed.contains(path)) {
        let row = &known[path];
        if !row.gone {
            scan.rows.push(SourceRow {
                gone: true,
                ..row.clone()
            });
        }
    }
    again(&mut now, &known);
    cast_shadows(&mut now, &known, &gone);
    for row in now {
        let unread = !row.shadowed && !row.complete();
        let changed = known.get(&row.path) != Some(&row);
        if unread {
            scan.work.push(row);
        } else if changed {
            scan.rows.push(row);
        }
    }
    scan.work.sort_by_key(by_worth);
    scan.issues = listed.issues;
    scan
}

/// Sessions that turned up may be what others were waiting for: those are read again.
fn again(now: &mut Vec<SourceRow>, known: &HashMap<String, SourceRow>) {
    let new = |row: &&SourceRow| {
        let before = known.get(&row.path);
        row.rank == Rank::Primary && before.is_none_or(|before| before.gone)
    };
    let new: BTreeSet<(String, String)> = now
        .iter()
        .filter(new)
        .map(|row| (row.agent.clone(), row.native.clone()))
        .collect();
    if new.is_empty() || known.is_empty() {
        return;
    }
    // asking means unpacking what the room remembers: only rooms that something came to are asked
    let rooms: BTreeSet<&str> = new.iter().map(|(agent, _)| agent.as_str()).collect();
    let waits = |row: &SourceRow| {
        if !rooms.contains(row.agent.as_str()) {
            return None;
        }
        let awaited = agents::room(&row.agent)?.awaits(&row.meta.checkpoint)?;
        new.contains(&(row.agent.clone(), awaited)).then_some(())
    };
    let mut listed: BTreeSet<String> = BTreeSet::new();
    for row in now.iter_mut() {
        if waits(row).is_some() {
            row.reset();
        }
        listed.insert(row.path.clone());
    }
    for row in known.values() {
        let here = !row.gone && !row.shadowed && !listed.contains(&row.path);
        if here && waits(row).is_some() {
            let mut row = row.clone();
            row.reset();
            now.push(row);
        }
    }
}

/// Newest first, secondary sources last.
pub fn by_worth(row: &SourceRow) -> (bool, Reverse<i64>, String) {
    (
        row.rank == Rank::Secondary,
        Reverse(row.fingerprint.mtime_ns),
        row.path.clone(),
    )
}

/// A known source whose file has changed: grown, or rewritten.
fn updated(mut row: SourceRow, source: &Source) -> SourceRow {
    let before = row.fingerprint;
    row.fingerprint = source.fingerprint;
    row.gone = false;
    if before == source.fingerprint {
        return row;
    }
    // same size but another time: an edit in place, or nothing; only reading tells. A session that is
    // rows of a database has no size: its room's checkpoint tells
    let rows = (before.size, before.inode) == (0, 0) && source.fingerprint.size == 0;
    let longer = source.fingerprint.size > before.size;
    let grown = (longer || rows) && source.fingerprint.inode == before.inode;
    let continues = |checkpoint: &Checkpoint| {
        agents::room(&row.agent).is_some_and(|room: &dyn Agent| {
            checkpoint.offset > 0 && room.continues(source, checkpoint)
        })
    };
    if !(grown && continues(&row.meta.checkpoint)) {
        row.reset();
    } else if rows
        && (row.meta.checkpoint != row.prose.checkpoint
            || row.meta.checkpoint != row.rest.checkpoint)
    {
        // rows change in place: passes that saw different states would not fit together
        row.reset_documents();
    }
    row
}

/// The vanished source that this new file is, by what the file system says of it.
fn renamed(
    gone: &[String],
    known: &HashMap<String, SourceRow>,
    source: &Source,
) -> Option<SourceRow> {
    let same = |row: &&SourceRow| {
        let (a, b) = (&row.fingerprint, &source.fingerprint);
        // a rename changes the status-change time
        a.inode != 0
            && (a.inode, a.size, a.mtime_ns) == (b.inode, b.size, b.mtime_ns)
            && row.native == source.native
    };
    let row = gone.iter().filter_map(|path| known.get(path)).find(same)?;
    let mut row = row.clone();
    let done = |pass: &mut crate::store::Pass| {
        if pass.done == Some(row.fingerprint) {
            pass.done = Some(source.fingerprint);
        }
    };
    done(&mut row.meta);
    done(&mut row.prose);
    done(&mut row.rest);
    row.fingerprint = source.fingerprint;
    Some(row)
}

/// The least is read: rows of a database first, then the largest file, the oldest, the first path.
type Claim = (Reverse<bool>, Reverse<u64>, i64, String);

/// Where two files hold the same session, the larger one is read; the other casts no shadow. Rows of a
/// database (which have no size) come before any file: what an agent writes beside them is an extract.
fn cast_shadows(now: &mut [SourceRow], known: &HashMap<String, SourceRow>, gone: &[String]) {
    let listed: BTreeSet<String> = now.iter().map(|row| row.path.clone()).collect();
    let mut best: HashMap<(String, String), Claim> = HashMap::new();
    let others = known
        .values()
        .filter(|row| !listed.contains(&row.path) && !gone.contains(&row.path) && !row.gone);
    let key = |row: &SourceRow| (row.agent.clone(), row.native.clone());
    for row in now.iter().chain(others) {
        if row.native.is_empty() || row.rank == Rank::Secondary {
            continue;
        }
        // of two of one size the older is no copy; the first path in order holds a tie, so that two
        // runs agree
        let file = &row.fingerprint;
        let rows = (file.size, file.inode) == (0, 0) && file.mtime_ns > 0;
        let since = if rows { 0 } else { file.mtime_ns };
        let claim = (Reverse(rows), Reverse(file.size), since, row.path.clone());
        let held = best.entry(key(row)).or_insert_with(|| claim.clone());
        if claim < *held {
            *held = claim;
        }
    }
    for row in now {
        let shadowed = best
            .get(&key(row))
            .is_some_and(|(.., path)| *path != row.path)
            && !row.native.is_empty()
            && row.rank == Rank::Primary;
        if row.shadowed && !shadowed {
            row.reset();
        }
        row.shadowed = shadowed;
    }
}

/// What the file system says of a file now; `None` when it is not there (or no plain file).
pub fn fingerprint(path: &Path) -> Option<Fingerprint> {
    let meta = std::fs::symlink_metadata(path)
        .ok()
        .filter(std::fs::Metadata::is_file)?;
    Some(agents::read::fingerprint(&meta))
}
