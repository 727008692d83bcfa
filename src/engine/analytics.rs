//! The analytics job: follows ingest until every session is read, then keeps its result.

use super::Engine;
use super::jobs::Slot;
use super::refresh::CatalogCell;
use super::tally::Tally;
use super::view::*;
use crate::config::{Config, now_ms};
use crate::rollup::LocalDays;
use crate::store::Store;
use crate::store::status::StatusBoard;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::{Duration, Instant};
use xxhash_rust::xxh3::xxh3_64;

/// While sessions are live, results are this old at most.
const BUCKET_MS: i64 = 5 * 60_000;
/// Partial results follow each other at this pace.
const PACE: Duration = Duration::from_millis(150);
/// Rows between two looks at the clock.
const CHUNK: usize = 512;
/// Results kept in the store.
const PLACES: u64 = 32;
/// Changes with the meaning of a stored result.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Stored {
    format: u32,
    /// The whole key: several share one place.
    key: String,
    result: Analytics,
}

impl Engine {
    pub(super) fn analytics_slot(
        &self,
        filters: &Filters,
        refresh: bool,
    ) -> Result<Arc<Slot<Analytics>>> {
        let asked = now_ms();
        let generation = self.store.read()?.generation()?;
        let mut days = LocalDays::new(self.config.zone.clone());
        let today = days.at(asked).0;
        let good = |result: &Analytics| {
            let age = asked - result.as_of;
            let recent = (0..BUCKET_MS).contains(&age);
            // an old figure of the last hour is no figure of the last hour
            let still = result.generation == generation && result.last_hour == Amount::default();
            let same_day = LocalDays::new(self.config.zone.clone()).at(result.as_of).0 == today;
            !refresh && same_day && (recent || still)
        };
        let key = key(&self.config, filters);
        let work = Work {
            catalog: self.catalog.clone(),
            store: self.store.clone(),
            status: self.status.clone(),
            config: self.config.clone(),
            filters: canonical(filters),
            key: key.clone(),
        };
        let stored = || load(&self.store, &key);
        Ok(self
            .analytics
            .join(&key, good, stored, move |slot| work.run(slot)))
    }
}

/// Filters in one order, so that equal questions have equal keys.
fn canonical(filters: &Filters) -> Filters {
    let mut filters = filters.clone();
    for list in [
        &mut filters.agents,
        &mut filters.projects,
        &mut filters.repos,
        &mut filters.models,
        &mut filters.branches,
        &mut filters.tools,
        &mut filters.tags,
    ] {
        list.sort_unstable();
        list.dedup();
    }
    filters
}

fn key(config: &Config, filters: &Filters) -> String {
    format!("{} {:?}", config.zone_name, canonical(filters))
}

fn place(key: &str) -> String {
    format!("analytics-{:02}", xxh3_64(key.as_bytes()) % PLACES)
}

/// Where the result for these filters is kept.
#[cfg(test)]
pub(super) fn kept_at(config: &Config, filters: &Filters) -> String {
    place(&key(config, filters))
}

fn load(store: &Store, key: &str) -> Option<Analytics> {
    let bytes = store.read().ok()?.result(&place(key)).ok()??;
    let stored: Stored = postcard::from_bytes(&bytes).ok()?;
    (stored.format == FORMAT && stored.key == key).then_some(stored.result)
}

struct Work {
    catalog: Arc<CatalogCell>,
    store: Arc<Store>,
    status: Arc<StatusBoard>,
    config: Arc<Config>,
    filters: Filters,
    key: String,
}

impl Work {
    fn run(self, slot: &Slot<Analytics>) -> Result<()> {
        loop {
            let version = self.status.version();
            let status = self.status.get();
            let started = Instant::now();
            let read = match status.bytes_total {
                0 => 0.0,
                total => status.bytes_done as f32 / total as f32,
            };
            let result = self.pass(
                slot,
                if status.listing_complete {
                    None
                } else {
                    Some(read)
                },
            )?;
            if status.listing_complete {
                self.keep(slot, result)?;
                return Ok(());
            }
            if status.error.is_some() {
                slot.finish(result);
                return Ok(());
            }
            slot.publish(result, read);
            // a fifth of the time at most goes into figures that the next ones replace
            let pause = (started.elapsed() * 4).max(PACE);
            std::thread::sleep(pause);
            self.status.wait(version, Duration::from_secs(2));
        }
    }

    /// One pass over all day rows; `read`: how far ingest is, when it is still listing.
    fn pass(&self, slot: &Slot<Analytics>, read: Option<f32>) -> Result<Analytics> {
        let catalog = self.catalog.get()?;
        let reader = self.store.read()?;
        let mut tally = Tally::new(&catalog, &self.filters, &self.config.zone, now_ms());
        let (mut rows, mut last) = (0, Instant::now());
        reader.all_days(|sid, day, stats| {
            tally.add(sid, day, &stats);
            rows += 1;
            if rows % CHUNK == 0 && last.elapsed() > PACE {
                let share = sid.0 as f32 / catalog.end().max(1) as f32;
                slot.publish(self.sign(tally.result()), read.unwrap_or(share));
                last = Instant::now();
            }
            true
        })?;
        Ok(self.sign(tally.result()))
    }

    fn sign(&self, mut result: Analytics) -> Analytics {
        result.zone = self.config.zone_name.clone();
        result
    }

    /// Whoever waits has the result before it is on disk.
    fn keep(&self, slot: &Slot<Analytics>, result: Analytics) -> Result<()> {
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
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_questions_have_equal_keys() {
        let config = Config::for_home(std::path::Path::new("/h"), std::path::Path::new("/d"));
        let of = |agents: &[&str], tool: &str| Filters {
            agents: agents.iter().map(|a| (*a).to_owned()).collect(),
            tools: vec![tool.to_owned()],
            ..Filters::default()
        };
        assert_eq!(
            key(&config, &of(&["a", "b"], "t")),
            key(&config, &of(&["b", "a", "b"], "t"))
        );
        assert_ne!(
            key(&config, &of(&["a"], "t")),
            key(&config, &of(&["a"], "u"))
        );
    }
}
