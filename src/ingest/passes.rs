//! Reading what the scan found, by worth: metadata of everything, then prose, then the rest.
//!
//! Workers pull sources from a list and send what they read to the committing thread. A commit happens
//! only while no source is half read (the gate), so that index and store always hold whole reads.

use super::commit;
use super::copies;
use super::sink::{Purpose, Sink, SourceRead};
use super::titles;
use super::{Shared, scan};
use crate::agents;
use crate::index::RoleSet;
use crate::model::{Checkpoint, Fingerprint, IssueKind, ParseIssue, Rank};
use crate::store::{SourceRow, status::Phase};
use anyhow::Result;
use std::sync::RwLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// Up to this many unread bytes are read in one go instead of pass by pass.
const SMALL: u64 = 8 << 20;

/// The first commit of a pass comes quickly, so that there is something to show.
const FIRST_COMMIT: Duration = Duration::from_millis(30);
/// Metadata follows at growing distances: each commit writes again what is spread over all pages.
const META_COMMIT: Duration = Duration::from_millis(200);
const META_COMMIT_MOST: Duration = Duration::from_millis(1600);
const INDEX_COMMIT: Duration = Duration::from_millis(4000);

const FOLD: Purpose = Purpose {
    fold: true,
    documents: None,
};

/// Brings every source of `work` up to date.
pub fn run(shared: &Shared, work: Vec<SourceRow>) -> Result<()> {
    let reader = shared.store.read()?;
    let (mut grown, mut unread) = (Vec::new(), Vec::new());
    for row in work {
        if even(&row)
            && row.meta.checkpoint != Checkpoint::default()
            && !copies::may_copy(&reader, &row)?
        {
            grown.push(row);
        } else {
            unread.push(row);
        }
    }
    // killed before copies were looked for: then all are looked at
    let interrupted = reader.unsettled()?;
    drop(reader);
    if !grown.is_empty() {
        let all = Purpose {
            fold: true,
            documents: Some(RoleSet::All),
        };
        pass(shared, grown, all, Phase::Rest)?;
    }
    if (unread.is_empty() && !interrupted) || shared.stopping() {
        return Ok(());
    }
    let mut paths: Vec<String> = unread.iter().map(|row| row.path.clone()).collect();
    let meta: Vec<SourceRow> = unread
        .iter()
        .filter(|row| !row.is_done(&row.meta))
        .cloned()
        .collect();
    if !meta.is_empty() || interrupted {
        let mut folded: Vec<String> = meta.iter().map(|row| row.path.clone()).collect();
        copies::unsettle(shared, true)?;
        pass(shared, meta, FOLD, Phase::Metadata)?;
        if interrupted {
            let all = shared.store.read()?.sources()?;
            folded = all.into_iter().map(|row| row.path).collect();
        }
        let again = copies::settle(shared, &folded)?;
        paths.extend(again.iter().map(|row| row.path.clone()));
        pass(shared, again, FOLD, Phase::Metadata)?;
        titles::settle(shared)?;
        if !shared.stopping() {
            copies::unsettle(shared, false)?;
        }
    }
    if shared.stopping() {
        return Ok(());
    }
    shared
        .status
        .update(|status| status.listing_complete = true);
    let behind = |pass: fn(&SourceRow) -> &crate::store::Pass| -> Result<Vec<SourceRow>> {
        fresh(shared, &paths, pass)
    };
    let left: u64 = behind(|row| &row.rest)?
        .iter()
        .map(|row| row.fingerprint.size)
        .sum();
    if left <= SMALL {
        let rows = behind(|row| &row.rest)?;
        return pass(
            shared,
            rows,
            Purpose {
                fold: false,
                documents: Some(RoleSet::All),
            },
            Phase::Rest,
        );
    }
    let prose = Purpose {
        fold: false,
        documents: Some(RoleSet::Prose),
    };
    pass(shared, behind(|row| &row.prose)?, prose, Phase::Prose)?;
    if shared.stopping() {
        return Ok(());
    }
    shared.status.update(|status| status.prose_complete = true);
    let rest = Purpose {
        fold: false,
        documents: Some(RoleSet::Rest),
    };
    pass(shared, behind(|row| &row.rest)?, rest, Phase::Rest)
}

/// All passes stand at the same place: one read serves them all.
fn even(row: &SourceRow) -> bool {
    row.meta.checkpoint.offset == row.prose.checkpoint.offset
        && row.meta.checkpoint.offset == row.rest.checkpoint.offset
}

/// The rows as they are in the store now, as far as this pass is behind in them.
fn fresh(
    shared: &Shared,
    paths: &[String],
    pass: fn(&SourceRow) -> &crate::store::Pass,
) -> Result<Vec<SourceRow>> {
    let reader = shared.store.read()?;
    let mut rows: Vec<SourceRow> = Vec::new();
    for path in paths.iter().collect::<std::collections::BTreeSet<_>>() {
        if let Some(row) = reader.source(path)?
            && !row.is_done(pass(&row))
            && row.is_done(&row.meta)
            && !row.gone
            && !row.shadowed
        {
            rows.push(row);
        }
    }
    rows.sort_by_key(super::scan::by_worth);
    Ok(rows)
}

/// Reads `rows` on all workers for one purpose and commits as it goes.
pub(super) fn pass(
    shared: &Shared,
    rows: Vec<SourceRow>,
    purpose: Purpose,
    phase: Phase,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let bytes_total = rows
        .iter()
        .map(|row| row.fingerprint.size - start(row, purpose).offset.min(row.fingerprint.size))
        .sum();
    shared.status.update(|status| {
        status.phase = phase;
        (status.sources_done, status.sources_total) = (0, rows.len() as u64);
        (status.bytes_done, status.bytes_total) = (0, bytes_total);
    });
    let run = Run {
        shared,
        rows: &rows,
        purpose,
        next: AtomicUsize::new(0),
        bytes: AtomicU64::new(0),
        gate: RwLock::new(()),
    };
    let (started, before) = (Instant::now(), shared.status.get().documents);
    let read = std::thread::scope(|scope| {
        let (sender, receiver) = channel();
        for worker in 0..shared.threads.min(rows.len()) {
            let (run, sender) = (&run, sender.clone());
            std::thread::Builder::new()
                .name(format!("read-{worker}"))
                .spawn_scoped(scope, move || run.work(&sender))
                .expect("a thread can be had");
        }
        drop(sender);
        run.commit_all(&receiver)
    });
    let status = shared.status.get();
    tracing::info!(
        "read {} of {} sources ({}): {} bytes, {} messages indexed, {} ms",
        status.sources_done,
        rows.len(),
        phase.as_str(),
        status.bytes_done,
        status.documents.saturating_sub(before),
        started.elapsed().as_millis(),
    );
    read
}

/// Where a source is read from for a purpose.
fn start(row: &SourceRow, purpose: Purpose) -> &Checkpoint {
    match (purpose.fold, purpose.documents) {
        (true, _) => &row.meta.checkpoint,
        (false, Some(RoleSet::Rest)) => &row.rest.checkpoint,
        (false, _) => &row.prose.checkpoint,
    }
}

struct Run<'a> {
    shared: &'a Shared,
    rows: &'a [SourceRow],
    purpose: Purpose,
    next: AtomicUsize,
    bytes: AtomicU64,
    /// Held for reading while a source is read, for writing while a batch is committed.
    gate: RwLock<()>,
}

impl Run<'_> {
    fn work(&self, sender: &Sender<Result<SourceRead>>) {
        loop {
            let _reading = self
                .gate
                .read()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            if at >= self.rows.len() || self.shared.stopping() {
                return;
            }
            let read = read_source(self.shared, &self.rows[at], self.purpose, &self.bytes);
            if sender.send(read).is_err() {
                return;
            }
        }
    }

    fn commit_all(&self, receiver: &Receiver<Result<SourceRead>>) -> Result<()> {
        let (mut every, most) = if self.purpose.documents.is_some() {
            (INDEX_COMMIT, INDEX_COMMIT)
        } else {
            (META_COMMIT, META_COMMIT_MOST)
        };
        let (mut pending, mut sources) = (Vec::new(), 0);
        let (mut last, mut wait, mut open) = (Instant::now(), FIRST_COMMIT, true);
        while open || !pending.is_empty() {
            match receiver.recv_timeout(Duration::from_millis(20)) {
                Ok(read) => pending.push(read?),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => open = false,
            }
            let due = last.elapsed() >= wait && !pending.is_empty();
            if open && !due {
                self.report(sources + pending.len() as u64);
                continue;
            }
            if self.shared.stopping() {
                return Ok(());
            }
            // metadata folds are whole in themselves; documents must not be half there
            let _quiet = self.purpose.documents.map(|_| {
                self.gate
                    .write()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
            });
            for read in receiver.try_iter() {
                pending.push(read?);
            }
            sources += pending.len() as u64;
            if self.shared.stopping() {
                return Ok(());
            }
            let documents = commit::commit(self.shared, std::mem::take(&mut pending))?;
            self.report(sources);
            self.shared.status.update(|status| {
                status.documents += documents;
                status.last_commit_at = crate::config::now_ms();
            });
            (last, wait) = (Instant::now(), every);
            every = (every * 2).min(most);
        }
        Ok(())
    }

    fn report(&self, sources: u64) {
        let bytes = self.bytes.load(Ordering::Relaxed);
        self.shared.status.update_if(|status| {
            let bytes = bytes.min(status.bytes_total);
            let moved = status.bytes_done != bytes || status.sources_done != sources;
            (status.bytes_done, status.sources_done) = (bytes, sources);
            moved
        });
    }
}

/// Reads one source from its checkpoint. What cannot be read is an issue of the source, and it is
/// tried again when the file changes or everything is listed again.
pub(super) fn read_source(
    shared: &Shared,
    row: &SourceRow,
    purpose: Purpose,
    bytes: &AtomicU64,
) -> Result<SourceRead> {
    let from = start(row, purpose);
    let from_start = *from == Checkpoint::default();
    let mut row = row.clone();
    // what is appended while we read is seen by the next scan: the older fingerprint is recorded
    if row.rank == Rank::Primary
        && let Some(now) = scan::fingerprint(std::path::Path::new(&row.path))
    {
        let same = now.inode == row.fingerprint.inode && now.size >= row.fingerprint.size;
        if !same {
            row.fingerprint = now;
        }
    }
    let reader = shared.store.read()?;
    let mut sink = Sink::new(shared, &reader, &row, purpose, from_start, bytes);
    let outcome = match agents::room(&row.agent) {
        Some(room) => room.parse(&row.source(), from, &mut sink),
        None => Ok(from.clone()),
    };
    sink.finish();
    if let Some(failure) = sink.failure.take() {
        return Err(failure);
    }
    // small files end before they report
    let size = row.fingerprint.size.saturating_sub(from.offset);
    bytes.fetch_add(size.saturating_sub(sink.read), Ordering::Relaxed);
    let (sessions, mut issues) = (
        std::mem::take(&mut sink.sessions),
        std::mem::take(&mut sink.issues),
    );
    let titles = std::mem::take(&mut sink.titles);
    drop(sink);
    let checkpoint = match outcome {
        Ok(checkpoint) => Some(checkpoint),
        // a database that was busy: unlike any state it can have, so that the next look reads it
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
            row.fingerprint = Fingerprint::default();
            None
        }
        Err(error) => {
            issues.push(ParseIssue {
                path: row.path.clone(),
                line: 0,
                kind: IssueKind::Unreadable,
                detail: format!("cannot be read: {error}"),
            });
            None
        }
    };
    Ok(SourceRead {
        row,
        purpose,
        checkpoint,
        sessions,
        issues,
        titles,
        from_start,
    })
}
