//! Keeps the catalog in step with the store and the marks.

use super::catalog::{Catalog, Changes, Entry, Input, Setting};
use super::cost::{Pricer, SessionUsage};
use crate::config::{Config, Live};
use crate::model::{CostMode, Day, DayStats, Sid};
use crate::pricing::Prices;
use crate::store::{Marks, Reader, Store};
use anyhow::Result;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};

/// So many sessions are priced while the asker waits.
const AT_ONCE: usize = 64;

/// The current catalog; shared by requests and jobs.
pub(super) struct CatalogCell {
    store: Arc<Store>,
    marks: Arc<Marks>,
    settings: Arc<Live>,
    /// What the settings come to, as of their version.
    setting: RwLock<Arc<Setting>>,
    current: RwLock<Option<Arc<Catalog>>>,
    /// Held by the one who makes the next catalog; the others wait for it.
    making: Mutex<()>,
    /// Held by the one who prices what nobody has asked for.
    pricing: Mutex<()>,
    /// How often everything has been priced in the background.
    priced: AtomicU64,
}

impl CatalogCell {
    pub fn new(store: Arc<Store>, marks: Arc<Marks>, settings: Arc<Live>) -> CatalogCell {
        let setting = setting(settings.version(), &settings.get());
        CatalogCell {
            store,
            marks,
            settings,
            setting: RwLock::new(Arc::new(setting)),
            current: RwLock::default(),
            making: Mutex::default(),
            pricing: Mutex::default(),
            priced: AtomicU64::default(),
        }
    }

    /// Names, days and money as the settings want them now.
    pub fn setting(&self) -> Arc<Setting> {
        // asked first: what changes in between is another version, seen the next time
        let version = self.settings.version();
        let known = self.setting.read().expect("no panic while held").clone();
        if known.version == version {
            return known;
        }
        let fresh = Arc::new(setting(version, &self.settings.get()));
        *self.setting.write().expect("no panic while held") = fresh.clone();
        fresh
    }

    /// The catalog of the present generations of store, marks and settings.
    ///
    /// # Errors
    /// The store or the marks cannot be read.
    pub fn get(&self) -> Result<Arc<Catalog>> {
        let reader = self.store.read()?;
        if let Some(catalog) = self.fresh(reader.generation()?, &self.setting()) {
            return Ok(catalog);
        }
        let _making = self.making.lock().expect("no panic while held");
        // whoever held the lock may have made what we need, and the store may have moved on
        let reader = self.store.read()?;
        let (generation, setting) = (reader.generation()?, self.setting());
        if let Some(catalog) = self.fresh(generation, &setting) {
            return Ok(catalog);
        }
        let before = self.current.read().expect("no panic while held").clone();
        // other settings are other names, days and prices of everything
        let before = before.filter(|before| before.setting == setting.version);
        let marks_generation = self.marks.generation();
        let input = Input {
            generation,
            marks_generation,
            changes: self.changes(before.as_deref(), &reader, generation)?,
            repo_roots: reader.repo_roots()?,
            starred: self.marks.starred()?,
            tags: self.marks.tags()?,
            tag_colors: self.marks.tag_colors()?,
            titles: self.marks.titles()?,
        };
        let catalog = Arc::new(Catalog::build(before.as_deref(), input, &setting));
        *self.current.write().expect("no panic while held") = Some(catalog.clone());
        Ok(catalog)
    }

    fn fresh(&self, generation: u64, setting: &Setting) -> Option<Arc<Catalog>> {
        let current = self.current.read().expect("no panic while held");
        let catalog = current.as_ref()?;
        (catalog.generation >= generation
            && catalog.setting == setting.version
            && catalog.marks_generation == self.marks.generation())
        .then(|| catalog.clone())
    }

    fn changes(
        &self,
        before: Option<&Catalog>,
        reader: &Reader,
        generation: u64,
    ) -> Result<Changes> {
        let Some(before) = before else {
            return Ok(Changes::All(reader.sessions()?));
        };
        if before.generation == generation {
            return Ok(Changes::Some(Vec::new()));
        }
        // may name sessions that changed after our transaction began: they are read as we see
        // them now and named again the next time
        match self.store.changed_since(before.generation) {
            Some(sids) if sids.len() <= before.len() / 2 + 64 => {
                let read = |sid| Ok((sid, reader.session(sid)?));
                Ok(Changes::Some(
                    sids.into_iter().map(read).collect::<Result<_>>()?,
                ))
            }
            _ => Ok(Changes::All(reader.sessions()?)),
        }
    }

    /// What a session used, priced once per state of the session.
    pub fn usage(
        &self,
        entry: &Entry,
        reader: &Reader,
        pricer: &mut Pricer,
    ) -> Result<SessionUsage> {
        if let Some(usage) = entry.usage.get() {
            return Ok(*usage);
        }
        let days = reader.days(entry.sid)?;
        note_prompts(entry, days.iter().map(|(day, stats)| (*day, stats)));
        let usage = pricer.session(
            days.iter().map(|(day, stats)| (*day, stats)),
            entry.summary.assistant_messages,
        );
        Ok(*entry.usage.get_or_init(|| usage))
    }

    /// Sees to it that every session gets its price: at once where that is little work, else on a thread
    /// of its own, of which there is one at most.
    pub fn price_soon(self: &Arc<Self>, catalog: &Arc<Catalog>) -> Result<()> {
        let unpriced = catalog.iter().filter(|entry| entry.usage.get().is_none());
        match unpriced.take(AT_ONCE + 1).count() {
            0 => Ok(()),
            1..=AT_ONCE => self.price_all(catalog, &self.store.read()?),
            _ => {
                let (cell, catalog) = (self.clone(), catalog.clone());
                let work = move || {
                    let Ok(_pricing) = cell.pricing.try_lock() else {
                        return;
                    };
                    // what cannot be read says so where its cost is shown
                    let reader = cell.store.read();
                    if reader.is_ok_and(|reader| cell.price_all(&catalog, &reader).is_ok()) {
                        cell.priced.fetch_add(1, Ordering::AcqRel);
                    }
                };
                std::thread::Builder::new()
                    .name("costs".into())
                    .spawn(work)?;
                Ok(())
            }
        }
    }

    /// Grows when everything has been priced in the background.
    pub fn priced(&self) -> u64 {
        self.priced.load(Ordering::Acquire)
    }

    /// Prices every session that nobody has asked for yet, in one pass over the day rows.
    pub fn price_all(&self, catalog: &Catalog, reader: &Reader) -> Result<()> {
        let missing = catalog
            .iter()
            .filter(|entry| entry.usage.get().is_none())
            .count();
        let mut pricer = self.pricer();
        if missing < catalog.len() / 8 {
            for entry in catalog.iter() {
                self.usage(entry, reader, &mut pricer)?;
            }
            return Ok(());
        }
        let mut run: Vec<(Day, DayStats)> = Vec::new();
        let mut current = None;
        let mut close = |sid: Option<Sid>, run: &mut Vec<(Day, DayStats)>| {
            if let Some(entry) = sid.and_then(|sid| catalog.get(sid)) {
                note_prompts(entry, run.iter().map(|(day, stats)| (*day, stats)));
                let days = run.iter().map(|(day, stats)| (*day, stats));
                let usage = pricer.session(days, entry.summary.assistant_messages);
                entry.usage.get_or_init(|| usage);
            }
            run.clear();
        };
        reader.all_days(|sid, day, stats| {
            if current != Some(sid) {
                close(current, &mut run);
                current = Some(sid);
            }
            run.push((day, stats));
            true
        })?;
        close(current, &mut run);
        for entry in catalog.iter().filter(|entry| entry.usage.get().is_none()) {
            let none = self.pricer().session([], entry.summary.assistant_messages);
            entry.usage.get_or_init(|| none);
        }
        Ok(())
    }

    /// As configured, or with another word on which cost counts.
    pub fn pricer_for(&self, mode: Option<CostMode>) -> Pricer {
        let setting = self.setting();
        Pricer::with(
            setting.zone.clone(),
            setting.prices.clone(),
            mode.unwrap_or(setting.cost_mode),
        )
    }

    pub fn pricer(&self) -> Pricer {
        self.pricer_for(None)
    }
}

fn setting(version: u64, config: &Config) -> Setting {
    let homes = config.homes.iter();
    Setting {
        version,
        homes: homes
            .map(|home| home.path.to_string_lossy().into_owned())
            .collect(),
        zone: config.zone.clone(),
        prices: Arc::new(Prices::new(&config.prices)),
        cost_mode: config.cost_mode,
    }
}

fn note_prompts<'d>(entry: &Entry, days: impl Iterator<Item = (Day, &'d DayStats)>) {
    let some = days.filter(|(_, stats)| stats.prompts > 0);
    let list = || some.map(|(day, stats)| (day.0, stats.prompts)).collect();
    entry.prompts.get_or_init(list);
}
