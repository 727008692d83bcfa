//! The write side: scan -> passes -> commit, kept going by a watcher.
//!
//! [`scan`] says what is new, grown, rewritten or gone. [`passes`] reads it on the worker threads: first
//! metadata and usage of everything (newest first), then prompts and answers into the index, then the
//! rest; what merely grew is read in one go. [`commit`] writes index, then store: the index payload names
//! what the batch touched, so that a crash between the two is undone by [`recover`] and read again.
//! [`adjust`] brings what was read under other settings under those of now. [`carry`] takes over what only an earlier store or index still has.
//! [`copies`] finds records that several sessions hold, [`titles`] the sessions that others name, [`repos`] the repositories of projects.

mod adjust;
mod carry;
mod commit;
mod copies;
mod passes;
mod recover;
mod repos;
mod scan;
mod sink;
mod titles;
mod watch;

pub use recover::{Standing, settle_earlier, standing};

use crate::config::{Config, Live, Root};
use crate::index::SearchIndex;
use crate::rollup::{HelperRules, LocalDays};
use crate::store::{Store, status::Phase, status::StatusBoard};
use anyhow::{Context as _, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long after a change its neighbours are waited for.
const DEBOUNCE: Duration = Duration::from_millis(40);

/// How often everything is listed again where changes are watched: a net under the watcher.
const RESCAN: Duration = Duration::from_secs(600);

/// After reading more than this, merges are waited for and memory is given back.
const MUCH: u64 = 64 << 20;

/// Everything that the passes share, under one state of the settings.
pub(crate) struct Shared {
    pub config: Arc<Config>,
    pub store: Arc<Store>,
    pub index: Arc<SearchIndex>,
    pub status: Arc<StatusBoard>,
    pub rules: HelperRules,
    pub days: LocalDays,
    pub threads: usize,
    /// Set once; every loop looks at it.
    pub stop: Arc<AtomicBool>,
    pub batch: AtomicU64,
}

impl Shared {
    pub fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// The running write side. Dropping it stops it.
pub struct Ingest {
    stop: Arc<AtomicBool>,
    wake: watch::Waker,
    thread: Option<JoinHandle<()>>,
}

impl Ingest {
    /// Starts reading and watching on its own threads. `payload` is what the index was last
    /// committed with. Other settings are followed as they come.
    ///
    /// # Errors
    /// A helper pattern of the configuration is no regular expression.
    pub fn start(
        settings: Arc<Live>,
        store: Arc<Store>,
        index: Arc<SearchIndex>,
        payload: Option<String>,
        status: Arc<StatusBoard>,
    ) -> Result<Ingest> {
        let version = settings.version();
        let shared = Shared::new(settings.get(), store, index, status)?;
        let stop = shared.stop.clone();
        let (waker, wakeups) = watch::channel();
        settings.on_change({
            let waker = waker.clone();
            move || waker.everything()
        });
        let thread = std::thread::Builder::new().name("ingest".into()).spawn({
            let waker = waker.clone();
            let keeper = Keeper {
                shared,
                settings,
                version,
            };
            move || keeper.run(payload.as_deref(), &waker, &wakeups)
        })?;
        Ok(Ingest {
            stop,
            wake: waker,
            thread: Some(thread),
        })
    }

    /// Lists and reads everything again soon (not anew: what is unchanged costs nothing).
    pub fn rescan(&self) {
        self.wake.everything();
    }

    /// Ends all reading and gives the index writer back; what was not committed is read again.
    pub fn stop(mut self) {
        self.halt();
    }

    fn halt(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.wake.everything();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the ingest thread panicked");
        }
    }

    /// One complete run without watching (`codedash index`). `full` reads everything anew.
    /// Progress is on the status board. `cancel` ends it early.
    ///
    /// # Errors
    /// Store or index cannot be written.
    pub fn run_once(
        config: Arc<Config>,
        store: Arc<Store>,
        index: Arc<SearchIndex>,
        payload: Option<String>,
        status: Arc<StatusBoard>,
        full: bool,
    ) -> Result<()> {
        let shared = Shared::new(config, store, index, status)?;
        recover::recover(&shared, payload.as_deref())?;
        adjust::adjust(&shared)?;
        if full {
            recover::forget_progress(&shared)?;
        }
        shared.cycle(&scan::Scope::Everything)?;
        shared.index.shutdown();
        Ok(())
    }
}

impl Drop for Ingest {
    fn drop(&mut self) {
        self.halt();
    }
}

/// Keeps ingest going, and it under the settings of now.
struct Keeper {
    shared: Shared,
    settings: Arc<Live>,
    /// Of the settings that `shared` has.
    version: u64,
}

impl Keeper {
    fn run(mut self, payload: Option<&str>, waker: &watch::Waker, wakeups: &watch::Wakeups) {
        self.shared
            .attempt(|| recover::recover(&self.shared, payload));
        let mut watcher = None;
        let mut scope = scan::Scope::Everything;
        while !self.shared.stopping() {
            if self.renew() {
                (watcher, scope) = (None, scan::Scope::Everything);
            }
            let shared = &self.shared;
            shared.attempt(|| shared.cycle(&scope));
            if watcher.is_none() {
                // what happens between the first listing and the watch is seen by the next listing
                let started = watch::Watch::start(self.places(), waker);
                shared
                    .status
                    .update(|status| status.watch = started.describe());
                watcher = Some(started);
                scope = scan::Scope::Everything;
                continue;
            }
            let watch = watcher.as_mut().expect("set above");
            scope = wakeups.wait(watch.interval().unwrap_or(RESCAN), DEBOUNCE);
            watch.refresh();
        }
        self.shared.index.shutdown();
    }

    /// Takes over other settings; true when there are some.
    fn renew(&mut self) -> bool {
        self.settings.look();
        let version = self.settings.version();
        if version == self.version {
            return false;
        }
        self.version = version;
        match self.shared.with(self.settings.get()) {
            Ok(shared) => self.shared = shared,
            Err(error) => tracing::error!("the new settings are not followed: {error:#}"),
        }
        true
    }

    /// What is watched: every root, and the settings.
    fn places(&self) -> Vec<std::path::PathBuf> {
        let config = &self.shared.config;
        let roots = config.roots(crate::agents::all_infos()).into_iter();
        roots
            .map(|Root { path, .. }| path)
            .chain([config.file()])
            .collect()
    }
}

impl Shared {
    /// The same under other settings.
    fn with(&self, config: Arc<Config>) -> Result<Shared> {
        let (store, index) = (self.store.clone(), self.index.clone());
        Ok(Shared {
            stop: self.stop.clone(),
            batch: AtomicU64::new(self.batch.load(Ordering::Relaxed)),
            ..Shared::new(config, store, index, self.status.clone())?
        })
    }

    fn new(
        config: Arc<Config>,
        store: Arc<Store>,
        index: Arc<SearchIndex>,
        status: Arc<StatusBoard>,
    ) -> Result<Shared> {
        let rules =
            HelperRules::new(&config.helper_patterns).context("helper_patterns in config.toml")?;
        let threads = std::thread::available_parallelism().map_or(2, |n| n.get().clamp(1, 8));
        Ok(Shared {
            days: LocalDays::new(config.zone.clone()),
            config,
            store,
            index,
            status,
            rules,
            threads,
            stop: Arc::default(),
            batch: AtomicU64::new(0),
        })
    }

    /// A failure is shown and tried again with the next change; it never ends the program.
    fn attempt(&self, work: impl FnOnce() -> Result<()>) {
        match work() {
            Ok(()) => self
                .status
                .update_if(|status| status.error.take().is_some()),
            Err(_) if self.stopping() => {}
            Err(error) => {
                tracing::error!("indexing failed: {error:#}");
                self.status.update(|status| {
                    status.error = Some(format!("{error:#}"));
                    status.phase = Phase::Idle;
                });
                let until = Instant::now() + Duration::from_secs(2);
                while !self.stopping() && Instant::now() < until {
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
        }
    }

    /// From a look at the files to everything read.
    fn cycle(&self, scope: &scan::Scope) -> Result<()> {
        adjust::adjust(self)?;
        let first = !self.status.get().listing_complete;
        if first {
            self.status.update(|status| status.phase = Phase::Scanning);
        }
        let found = scan::scan(self, scope)?;
        commit::apply_scan(self, &found)?;
        carry::vanished(self)?;
        let much = found
            .work
            .iter()
            .map(|row| row.fingerprint.size)
            .sum::<u64>()
            > MUCH;
        passes::run(self, found.work)?;
        if self.stopping() {
            return Ok(());
        }
        if matches!(scope, scan::Scope::Everything) {
            carry::rest(self)?;
        }
        if self.stopping() {
            return Ok(());
        }
        if much {
            self.index.merge_wait()?;
        }
        if much || first {
            give_memory_back();
        }
        self.status.update_if(|status| {
            let before = status.clone();
            status.phase = Phase::Idle;
            status.listing_complete = true;
            status.prose_complete = true;
            status.index_complete = true;
            *status != before
        });
        repos::resolve(self)
    }
}

/// The allocator keeps what a big read needed; an idle server should not. From here on large pieces go
/// back as they are freed; small ones, which every search needs again, stay.
fn give_memory_back() {
    // of mimalloc 3; its bindings do not name them
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    const MINIMAL_PURGE_KIB: libmimalloc_sys::mi_option_t = 44;
    // SAFETY: all of them may be called at any time from any thread
    unsafe {
        libmimalloc_sys::mi_option_set(MINIMAL_PURGE_KIB, 1024);
        libmimalloc_sys::mi_option_set(PURGE_DELAY, 0);
        libmimalloc_sys::mi_collect(true);
    }
}
