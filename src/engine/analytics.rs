//! The analytics job: follows ingest until every session is read, then keeps its result and what it
//! takes to bring it up to date.

use super::Engine;
use super::jobs::{Jobs, Slot};
use super::ledger::LedgerCell;
use super::refresh::CatalogCell;
use super::tally::Tally;
use super::view::*;
use crate::config::{Config, now_ms};
use crate::model::Day;
use crate::rollup::LocalDays;
use crate::store::Store;
use crate::store::status::StatusBoard;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};
use xxhash_rust::xxh3::xxh3_64;

/// Figures of the last hour are this old at most.
const HOUR_GOOD_MS: i64 = 60_000;
/// Partial results follow each other at this pace.
const PACE: Duration = Duration::from_millis(150);
/// Who has not asked for this long has left: no partial results are made for nobody.
const WATCH: Duration = Duration::from_secs(4);
/// Results kept in the store.
const PLACES: u64 = 32;
/// Questions that are kept ready to be brought up to date.
const DESKS: usize = 4;
/// How long what jobs share is kept after the last of them.
const KEPT: Duration = Duration::from_secs(60);
/// Changes with the meaning of a stored result.
const FORMAT: u32 = 3;

/// What all analytics jobs share.
pub(super) struct Room {
    jobs: Jobs<Analytics>,
    ledger: Arc<LedgerCell>,
    desks: Arc<Desks>,
    alive: Arc<()>,
}

/// One question with the period that it is compared to, added up so far.
struct Desk {
    tally: Tally,
    before: Option<Before>,
    zone: jiff::tz::TimeZone,
    zone_name: String,
}

struct Before {
    from: Day,
    to: Day,
    tally: Tally,
}

/// Desks of the questions asked last, the newest at the end.
#[derive(Default)]
struct Desks {
    list: Mutex<Vec<(String, Desk)>>,
    /// A thread waits for the end of their use.
    waiting: AtomicBool,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    format: u32,
    /// The whole key: several share one place.
    key: String,
    result: Analytics,
}

impl Room {
    pub fn new(store: Arc<Store>, catalog: Arc<CatalogCell>) -> Room {
        Room {
            jobs: Jobs::default(),
            ledger: Arc::new(LedgerCell::new(store, catalog)),
            desks: Arc::default(),
            alive: Arc::default(),
        }
    }
}

impl Engine {
    pub(super) fn analytics_slot(
        &self,
        query: &AnalyticsQuery,
        refresh: bool,
    ) -> Result<Arc<Slot<Analytics>>> {
        let asked = now_ms();
        let generation = self.store.read()?.generation()?;
        let config = self.config();
        let mut days = LocalDays::new(config.zone.clone());
        let today = days.at(asked).0;
        let good = |result: &Analytics| {
            let age = asked - result.as_of;
            // an old figure of the last hour is no figure of the last hour
            let hour = result.last_hour == Amount::default() || (0..HOUR_GOOD_MS).contains(&age);
            let same_day = LocalDays::new(config.zone.clone()).at(result.as_of).0 == today;
            !refresh && same_day && hour && result.generation == generation
        };
        let key = self.analytics_key(query, today);
        let room = &self.analytics;
        let work = Work {
            catalog: self.catalog.clone(),
            ledger: room.ledger.clone(),
            desks: room.desks.clone(),
            store: self.store.clone(),
            alive: Arc::downgrade(&room.alive),
            status: self.status.clone(),
            config: config.clone(),
            query: canonical(query),
            today,
            key: key.clone(),
            anew: refresh,
        };
        let stored = || load(&self.store, &key);
        Ok(room
            .jobs
            .join(&key, good, stored, move |slot| work.run(slot)))
    }

    /// Equal for equal questions. Whoever asks for marked sessions asks anew after each mark; a
    /// comparison with an open end moves with the day.
    pub(super) fn analytics_key(&self, query: &AnalyticsQuery, today: Day) -> String {
        let query = canonical(query);
        let marked = query.filters.starred || !query.filters.tags.is_empty();
        let marks = if marked { self.marks.generation() } else { 0 };
        let open = query.filters.from.is_some() && query.filters.to.is_none();
        let today = if open { today.0 } else { 0 };
        // other prices are other results, and a build brings its own table
        let config = self.config();
        let (zone, mode) = (&config.zone_name, config.cost_mode);
        let prices = format!("{mode:?} {:?}", config.prices);
        let prices = xxh3_64(prices.as_bytes());
        let build = env!("CARGO_PKG_VERSION");
        format!("{build} {zone} {prices:x} {marks} {today} {query:?}")
    }
}

/// Filters in one order, so that equal questions have equal keys.
fn canonical(query: &AnalyticsQuery) -> AnalyticsQuery {
    let mut query = query.clone();
    let filters = &mut query.filters;
    for list in [
        &mut filters.agents,
        &mut filters.projects,
        &mut filters.repos,
        &mut filters.models,
        &mut filters.branches,
        &mut filters.tools,
        &mut filters.tags,
        &mut filters.mcp,
        &mut filters.skills,
        &mut filters.helpers,
        &mut filters.has,
        &mut filters.costs,
        &mut filters.lengths,
    ] {
        list.sort_unstable();
        list.dedup();
    }
    query
}

fn place(key: &str) -> String {
    format!("analytics-{:02}", xxh3_64(key.as_bytes()) % PLACES)
}

/// Where the result of a key is kept.
#[cfg(test)]
pub(super) fn kept_at(key: &str) -> String {
    place(key)
}

fn load(store: &Store, key: &str) -> Option<Analytics> {
    let bytes = store.read().ok()?.result(&place(key)).ok()??;
    let stored: Stored = postcard::from_bytes(&bytes).ok()?;
    (stored.format == FORMAT && stored.key == key).then_some(stored.result)
}

struct Work {
    catalog: Arc<CatalogCell>,
    ledger: Arc<LedgerCell>,
    desks: Arc<Desks>,
    store: Arc<Store>,
    /// Gone once the engine is: then there is nobody to work for.
    alive: Weak<()>,
    status: Arc<StatusBoard>,
    config: Arc<Config>,
    query: AnalyticsQuery,
    today: Day,
    key: String,
    anew: bool,
}

impl Work {
    fn run(self, slot: &Slot<Analytics>) -> Result<()> {
        if self.anew {
            self.ledger.forget();
        }
        let mut desk = match self.desks.take(&self.key).filter(|_| !self.anew) {
            Some(desk) => desk,
            None => Desk::new(&self.query, self.today, &self.config),
        };
        loop {
            let status = self.status.get();
            let started = Instant::now();
            let read = match status.bytes_total {
                _ if status.listing_complete => None,
                0 => Some(0.0),
                total => Some(status.bytes_done as f32 / total as f32),
            };
            let result = self.pass(&mut desk, slot, read)?;
            if status.listing_complete {
                self.desks.put(&self.key, desk);
                self.keep(slot, result);
                self.desks.clear_later(&self.ledger);
                return Ok(());
            }
            if status.error.is_some() || self.alive.strong_count() == 0 {
                slot.finish(result);
                return Ok(());
            }
            slot.publish(result, read.unwrap_or(0.0));
            self.rest(slot, started.elapsed());
        }
    }

    /// Brings the sums up to date; `read`: how far ingest is, when it is still listing.
    fn pass(
        &self,
        desk: &mut Desk,
        slot: &Slot<Analytics>,
        read: Option<f32>,
    ) -> Result<Analytics> {
        let catalog = self.catalog.get()?;
        if !self.query.filters.costs.is_empty() {
            self.catalog.price_all(&catalog, &self.store.read()?)?;
        }
        let ledger = self.ledger.get(|partial, share| {
            desk.advance(&catalog, partial);
            slot.publish(desk.report(now_ms()), read.unwrap_or(share));
        })?;
        desk.advance(&catalog, &ledger);
        let now = now_ms();
        let mut result = desk.report(now);
        let (reader, mut pricer) = (self.store.read()?, self.catalog.pricer());
        result.last_hour = desk.tally.last_hour(&reader, &mut pricer, now)?;
        Ok(result)
    }

    /// Until there is something new to show to somebody, or everything is listed. A third of the time
    /// at most goes into figures that the next ones replace.
    fn rest(&self, slot: &Slot<Analytics>, spent: Duration) {
        let until = Instant::now() + (spent * 2).max(PACE);
        loop {
            let version = self.status.version();
            let status = self.status.get();
            if status.listing_complete || status.error.is_some() || self.alive.strong_count() == 0 {
                return;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() && slot.watched(WATCH) {
                return;
            }
            // who comes back is not a change of the status: look now and then
            let limit = if left.is_zero() { PACE } else { left };
            self.status.wait(version, limit);
        }
    }

    /// Whoever waits has the result before it is on disk.
    fn keep(&self, slot: &Slot<Analytics>, result: Analytics) {
        let stored = Stored {
            format: FORMAT,
            key: self.key.clone(),
            result,
        };
        let bytes = postcard::to_stdvec(&stored).expect("our own types always serialise");
        slot.finish(stored.result);
        let place = place(&self.key);
        // a result that cannot be kept is computed again
        if let Err(error) = self.store.put_result(&place, &place, &bytes) {
            tracing::warn!("analytics result not kept: {error:#}");
        }
    }
}

impl Desk {
    fn new(query: &AnalyticsQuery, today: Day, config: &Config) -> Desk {
        let before = query.filters.from.map(|from| {
            let to = query.filters.to.unwrap_or(today).max(from);
            let length = to.0.saturating_sub(from.0).saturating_add(1);
            let (from, to) = (
                Day(from.0.saturating_sub(length)),
                Day(from.0.saturating_sub(1)),
            );
            let mut query = query.clone();
            (query.filters.from, query.filters.to) = (Some(from), Some(to));
            Before {
                from,
                to,
                tally: Tally::new(&query),
            }
        });
        Desk {
            tally: Tally::new(query),
            before,
            zone: config.zone.clone(),
            zone_name: config.zone_name.clone(),
        }
    }

    fn advance(
        &mut self,
        catalog: &Arc<super::catalog::Catalog>,
        ledger: &Arc<super::ledger::Ledger>,
    ) {
        self.tally.advance(catalog, ledger);
        if let Some(before) = &mut self.before {
            before.tally.advance(catalog, ledger);
        }
    }

    fn report(&self, now: i64) -> Analytics {
        let before = self.before.as_ref();
        Analytics {
            zone: self.zone_name.clone(),
            previous: before.map(|before| before.tally.period(before.from, before.to)),
            ..self.tally.report(&self.zone, now)
        }
    }
}

impl Desks {
    /// Lets them and the ledger go when nobody has asked for [`KEPT`]: of a large history they are
    /// 100 MB, and made again in a second.
    fn clear_later(self: &Arc<Desks>, ledger: &Arc<LedgerCell>) {
        if self.waiting.swap(true, Ordering::AcqRel) {
            return;
        }
        let (desks, ledger) = (Arc::downgrade(self), Arc::downgrade(ledger));
        let mut seen = None;
        let wait = move || {
            while let (Some(desks), Some(ledger)) = (desks.upgrade(), ledger.upgrade()) {
                let asked = Some(ledger.asked());
                if seen == asked {
                    desks.waiting.store(false, Ordering::Release);
                    desks.list.lock().expect("no panic while held").clear();
                    ledger.forget();
                    return;
                }
                seen = asked;
                drop((desks, ledger));
                std::thread::sleep(KEPT);
            }
        };
        let spawned = std::thread::Builder::new().name("rest".into()).spawn(wait);
        if spawned.is_err() {
            self.waiting.store(false, Ordering::Release);
        }
    }

    fn take(&self, key: &str) -> Option<Desk> {
        let mut desks = self.list.lock().expect("no panic while held");
        let at = desks.iter().position(|(known, _)| known == key)?;
        Some(desks.remove(at).1)
    }

    fn put(&self, key: &str, desk: Desk) {
        let mut desks = self.list.lock().expect("no panic while held");
        desks.push((key.to_owned(), desk));
        if desks.len() > DESKS {
            desks.remove(0);
        }
    }
}
