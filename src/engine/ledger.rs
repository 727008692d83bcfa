//! Every session's day rows, decoded and priced, in memory: what all analytics add up.
//!
//! A snapshot is derived from the one before by reading the sessions that changed, so that one more
//! response costs one session. Rows are shared between snapshots: equal pointers are equal rows.

use super::cost::Pricer;
use super::detail::{Detail, Numbers, Place};
use super::names::Names;
use super::refresh::CatalogCell;
use super::view::Amount;
use crate::model::{Day, DayStats, Response, Sid, ToolCount};
use crate::store::{Reader, Store};
use anyhow::Result;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

/// Whoever watches hears of a long read at this pace.
const PACE: Duration = Duration::from_millis(150);

/// One session's use.
#[derive(Default)]
pub(super) struct Rows {
    /// Oldest first.
    pub days: Box<[DayFacts]>,
    pub cells: Box<[Cell]>,
}

/// What a session did on one local day, money aside.
pub(super) struct DayFacts {
    pub day: Day,
    pub prompts: u32,
    pub messages: u32,
    pub tool_calls: u32,
    pub tool_errors: u32,
    pub interruptions: u32,
    pub compactions: u32,
    pub active_ms: i64,
    pub by_hour: [u16; 24],
    /// Calls and failures by number in [`Ledger::tools`], [`Ledger::servers`], [`Ledger::skills`].
    pub tools: Calls,
    pub servers: Calls,
    pub skills: Calls,
}

pub(super) type Calls = Box<[(u32, u32, u32)]>;

/// Responses of one hour, model and branch, priced.
pub(super) struct Cell {
    pub place: Place,
    /// Local hour 0-23.
    pub hour: u8,
    /// Start of the hour, ms since the epoch.
    pub at: i64,
    pub amount: Amount,
    /// Micro-dollars that cache reads saved.
    pub saved: i64,
}

/// One state of all sessions. Nobody ever sees a half-made one as current.
#[derive(Clone, Default)]
pub(super) struct Ledger {
    /// Store generation that it was read at.
    pub generation: u64,
    /// Version of the settings that it was priced by.
    pub setting: u64,
    /// By sid.
    rows: Vec<Option<Arc<Rows>>>,
    details: Vec<Option<Arc<Detail>>>,
    pub models: Arc<Names>,
    pub branches: Arc<Names>,
    pub tools: Arc<Names>,
    pub servers: Arc<Names>,
    pub skills: Arc<Names>,
}

/// The newest ledger, brought up to date by whoever asks first.
pub(super) struct LedgerCell {
    store: Arc<Store>,
    catalog: Arc<CatalogCell>,
    current: RwLock<Option<Arc<Ledger>>>,
    making: Mutex<()>,
    /// How often it was asked for.
    asked: AtomicU64,
}

impl Ledger {
    pub fn rows(&self, sid: Sid) -> Option<&Arc<Rows>> {
        self.rows.get(sid.0 as usize)?.as_ref()
    }

    pub fn detail(&self, sid: Sid) -> Option<&Arc<Detail>> {
        self.details.get(sid.0 as usize)?.as_ref()
    }
}

fn put<T>(slots: &mut Vec<Option<Arc<T>>>, sid: Sid, value: Option<T>) {
    let at = sid.0 as usize;
    if slots.len() <= at {
        slots.resize(at + 1, None);
    }
    slots[at] = value.map(Arc::new);
}

impl LedgerCell {
    /// `catalog` says how money is counted.
    pub fn new(store: Arc<Store>, catalog: Arc<CatalogCell>) -> LedgerCell {
        LedgerCell {
            store,
            catalog,
            current: RwLock::default(),
            making: Mutex::default(),
            asked: AtomicU64::new(0),
        }
    }

    /// The ledger of the store's present generation. `watch` sees what has been read so far, with
    /// its share of the whole, while everything must be read.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn get(&self, watch: impl FnMut(&Arc<Ledger>, f32)) -> Result<Arc<Ledger>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let generation = self.store.read()?.generation()?;
        if let Some(ledger) = self.fresh(generation, self.catalog.setting().version) {
            return Ok(ledger);
        }
        let _making = self.making.lock().expect("no panic while held");
        let reader = self.store.read()?;
        let generation = reader.generation()?;
        let setting = self.catalog.setting().version;
        if let Some(ledger) = self.fresh(generation, setting) {
            return Ok(ledger);
        }
        let before = self.current.read().expect("no panic while held").clone();
        // other settings are other prices and hours
        let before = before.filter(|before| before.setting == setting);
        let mut maker = Maker {
            pricer: self.catalog.pricer(),
            ledger: before.as_deref().cloned().unwrap_or_default(),
        };
        let changed = before.and_then(|before| self.store.changed_since(before.generation));
        (maker.ledger.generation, maker.ledger.setting) = (generation, setting);
        match changed {
            Some(sids) if sids.len() <= maker.ledger.rows.len() / 2 + 64 => {
                for sid in sids {
                    maker.read(&reader, sid)?;
                }
            }
            _ => maker.read_all(&reader, watch)?,
        }
        let ledger = Arc::new(maker.ledger);
        *self.current.write().expect("no panic while held") = Some(ledger.clone());
        Ok(ledger)
    }

    /// Forgets everything: the next asker reads the store anew.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    pub fn forget(&self) {
        *self.current.write().expect("no panic while held") = None;
    }

    fn fresh(&self, generation: u64, setting: u64) -> Option<Arc<Ledger>> {
        let current = self.current.read().expect("no panic while held");
        let ledger = current.as_ref()?;
        (ledger.generation >= generation && ledger.setting == setting).then(|| ledger.clone())
    }
}

struct Maker {
    pricer: Pricer,
    ledger: Ledger,
}

impl Maker {
    fn read(&mut self, reader: &Reader, sid: Sid) -> Result<()> {
        let rows = self.rows(reader.days(sid)?.iter());
        put(&mut self.ledger.rows, sid, rows);
        let responses = reader.responses_of(sid)?;
        let told = match responses.is_empty() {
            true => None,
            false => reader.bare_session(sid)?.and_then(|s| s.context_window),
        };
        let detail = self.detail(&responses, told);
        put(&mut self.ledger.details, sid, detail);
        Ok(())
    }

    /// Day rows first, which are quick: they tell of nearly everything.
    fn read_all(
        &mut self,
        reader: &Reader,
        mut watch: impl FnMut(&Arc<Ledger>, f32),
    ) -> Result<()> {
        let end = reader.next_sid()?.max(1) as f32;
        self.ledger.rows.clear();
        self.ledger.details.clear();
        let mut last = Instant::now();
        let mut show = |ledger: &Ledger, share: f32| {
            if last.elapsed() > PACE {
                watch(&Arc::new(ledger.clone()), share);
                last = Instant::now();
            }
        };
        let mut run: Run<DayStats> = Run::default();
        reader.all_days(|sid, day, stats| {
            if let Some((sid, days)) = run.next(sid, day, stats) {
                let rows = self.rows(days.iter());
                put(&mut self.ledger.rows, sid, rows);
                show(&self.ledger, sid.0 as f32 / end / 3.0);
            }
            true
        })?;
        if let Some((sid, days)) = run.end() {
            let rows = self.rows(days.iter());
            put(&mut self.ledger.rows, sid, rows);
        }
        let windows: BTreeMap<Sid, u64> = reader
            .sessions()?
            .into_iter()
            .filter_map(|(sid, session)| Some((sid, session.context_window?)))
            .collect();
        let mut run: Run<Vec<Response>> = Run::default();
        reader.all_responses(|sid, day, responses| {
            if let Some((sid, days)) = run.next(sid, day, responses) {
                let detail = self.detail(&days, windows.get(&sid).copied());
                put(&mut self.ledger.details, sid, detail);
                show(&self.ledger, (1.0 + sid.0 as f32 / end * 2.0) / 3.0);
            }
            true
        })?;
        if let Some((sid, days)) = run.end() {
            let detail = self.detail(&days, windows.get(&sid).copied());
            put(&mut self.ledger.details, sid, detail);
        }
        Ok(())
    }

    fn detail(&mut self, days: &BTreeMap<Day, Vec<Response>>, told: Option<u64>) -> Option<Detail> {
        let mut numbers = Numbers {
            models: &mut self.ledger.models,
            branches: &mut self.ledger.branches,
            tools: &mut self.ledger.tools,
        };
        (!days.is_empty()).then(|| Detail::of(days, told, &mut self.pricer, &mut numbers))
    }

    fn rows<'d>(&mut self, days: impl Iterator<Item = (&'d Day, &'d DayStats)>) -> Option<Rows> {
        let (mut facts, mut cells) = (Vec::new(), Vec::new());
        for (day, stats) in days {
            facts.push(self.facts(*day, stats));
            for bucket in &stats.usage {
                cells.push(Cell {
                    place: Place {
                        day: *day,
                        model: Names::intern(&mut self.ledger.models, &bucket.model),
                        branch: Names::intern(&mut self.ledger.branches, &bucket.branch),
                    },
                    hour: bucket.hour,
                    at: self.pricer.at(*day, bucket.hour),
                    amount: self.pricer.amount(*day, bucket),
                    saved: self.pricer.saved(*day, bucket),
                });
            }
        }
        (!facts.is_empty()).then(|| Rows {
            days: facts.into(),
            cells: cells.into(),
        })
    }

    fn facts(&mut self, day: Day, stats: &DayStats) -> DayFacts {
        DayFacts {
            day,
            prompts: stats.prompts,
            messages: stats.messages,
            tool_calls: stats.tool_calls,
            tool_errors: stats.tool_errors,
            interruptions: u32::from(stats.interruptions),
            compactions: u32::from(stats.compactions),
            active_ms: stats.active_ms(),
            by_hour: stats.by_hour,
            tools: calls(&mut self.ledger.tools, &stats.tools),
            servers: calls(&mut self.ledger.servers, &stats.mcp_servers),
            skills: calls(&mut self.ledger.skills, &stats.skills),
        }
    }
}

fn calls(names: &mut Arc<Names>, counts: &[ToolCount]) -> Calls {
    counts
        .iter()
        .map(|count| (Names::intern(names, &count.name), count.calls, count.errors))
        .collect()
}

/// Rows of one session come together: collects them until the next one begins.
struct Run<T> {
    sid: Option<Sid>,
    days: BTreeMap<Day, T>,
}

impl<T> Default for Run<T> {
    fn default() -> Self {
        Run {
            sid: None,
            days: BTreeMap::new(),
        }
    }
}

impl<T> Run<T> {
    /// Takes a row in; the session before, if this is the first row of another.
    fn next(&mut self, sid: Sid, day: Day, value: T) -> Option<(Sid, BTreeMap<Day, T>)> {
        let done = match self.sid {
            Some(before) if before != sid => Some((before, std::mem::take(&mut self.days))),
            _ => None,
        };
        self.sid = Some(sid);
        self.days.insert(day, value);
        done
    }

    fn end(self) -> Option<(Sid, BTreeMap<Day, T>)> {
        Some((self.sid?, self.days))
    }
}
