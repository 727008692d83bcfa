//! Noticing changes: the operating system's watcher, and a periodic look where that fails.

use super::scan::Scope;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

/// How often everything is listed where watching fails.
const POLL: Duration = Duration::from_secs(5);

#[derive(Debug)]
enum Wakeup {
    Everything,
    Path(PathBuf),
}

/// Wakes the ingest thread.
#[derive(Clone)]
pub struct Waker(Sender<Wakeup>);

pub struct Wakeups(Receiver<Wakeup>);

pub fn channel() -> (Waker, Wakeups) {
    let (sender, receiver) = std::sync::mpsc::channel();
    (Waker(sender), Wakeups(receiver))
}

impl Waker {
    pub fn everything(&self) {
        // nobody listens any more: the thread has ended, and that is all that was wanted
        let _ = self.0.send(Wakeup::Everything);
    }
}

impl Wakeups {
    /// Waits for changes, then a little for their neighbours. Everything when nothing came for long.
    pub fn wait(&self, limit: Duration, debounce: Duration) -> Scope {
        let Ok(first) = self.0.recv_timeout(limit) else {
            return Scope::Everything;
        };
        let mut paths = BTreeSet::new();
        let mut everything = false;
        let mut take = |wakeup| match wakeup {
            Wakeup::Everything => everything = true,
            Wakeup::Path(path) => {
                paths.insert(path);
            }
        };
        take(first);
        let until = Instant::now() + debounce;
        while let Ok(next) = self
            .0
            .recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            take(next);
        }
        if everything {
            Scope::Everything
        } else {
            Scope::Paths(paths)
        }
    }
}

/// The watch over all roots and the settings.
pub struct Watch {
    places: Vec<PathBuf>,
    watcher: Option<RecommendedWatcher>,
    watched: HashSet<PathBuf>,
    failures: Vec<String>,
}

impl Watch {
    pub fn start(places: Vec<PathBuf>, waker: &Waker) -> Watch {
        let sender = waker.0.clone();
        let concerning = places.clone();
        let watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| match event {
                Ok(event) if event.kind.is_access() => {}
                Ok(event) if event.need_rescan() => {
                    let _ = sender.send(Wakeup::Everything);
                }
                // our own reading of a database touches what lies beside it
                Ok(event) if event.paths.iter().all(|path| is_aside(path, &event.kind)) => {}
                Ok(event) => {
                    for path in event
                        .paths
                        .into_iter()
                        .filter(|path| concerns(&concerning, path))
                    {
                        let _ = sender.send(Wakeup::Path(path));
                    }
                }
                Err(_) => {
                    let _ = sender.send(Wakeup::Everything);
                }
            });
        let mut watch = Watch {
            places,
            watcher: None,
            watched: HashSet::new(),
            failures: Vec::new(),
        };
        match watcher {
            Ok(watcher) => watch.watcher = Some(watcher),
            Err(error) => watch.failures.push(error.to_string()),
        }
        watch.refresh();
        watch
    }

    /// Watches roots that have appeared; for those that have not, the nearest folder above them.
    pub fn refresh(&mut self) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        self.watched.retain(|path| path.exists());
        for place in &self.places {
            let (path, mode) = match nearest(place) {
                Some(path) if path == *place => (path, RecursiveMode::Recursive),
                Some(path) => (path, RecursiveMode::NonRecursive),
                None => continue,
            };
            if mode == RecursiveMode::Recursive && self.watched.contains(&path) {
                continue;
            }
            let key = if mode == RecursiveMode::Recursive {
                path.clone()
            } else {
                path.join("*")
            };
            if self.watched.contains(&key) {
                continue;
            }
            match watcher.watch(&path, mode) {
                Ok(()) => {
                    self.watched.insert(key);
                }
                Err(error) => self.failures.push(format!("{}: {error}", path.display())),
            }
        }
        self.failures.truncate(8);
    }

    /// How often to list everything because watching does not work; `None` where it does.
    pub fn interval(&self) -> Option<Duration> {
        (!self.failures.is_empty()).then_some(POLL)
    }

    /// For the status page.
    pub fn describe(&self) -> String {
        match self.failures.first() {
            None => "watching".into(),
            Some(why) => format!("scanning every {} s ({why})", POLL.as_secs()),
        }
    }
}

/// A database's shared index, or no more than the status of its log: neither tells of new rows.
fn is_aside(path: &Path, kind: &notify::EventKind) -> bool {
    use notify::event::{EventKind, ModifyKind};
    let name = path.file_name().map(|name| name.to_string_lossy());
    let ends = |end| name.as_ref().is_some_and(|name| name.ends_with(end));
    ends("-shm") || (ends("-wal") && matches!(kind, EventKind::Modify(ModifyKind::Metadata(_))))
}

fn concerns(roots: &[PathBuf], path: &Path) -> bool {
    roots
        .iter()
        .any(|root| path.starts_with(root) || root.starts_with(path))
}

/// The path itself when it is there, else the nearest folder above it that is.
fn nearest(path: &Path) -> Option<PathBuf> {
    path.ancestors()
        .find(|folder| folder.is_dir())
        .map(Path::to_path_buf)
}
