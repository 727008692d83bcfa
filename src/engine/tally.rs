//! The ledger added up for one question, and kept up: a session that changed is taken back as it was
//! and added as it is.
//!
//! Money and tokens are of all matching runs, helpers included: they were spent. Counts (sessions,
//! conversations, prompts, messages, the week) are of the sessions that are shown. [`Runs`] says
//! otherwise where that is asked for.

use super::catalog::{Catalog, Entry};
use super::detail::{Detail, FillSum, Place, Spent};
use super::ledger::{Calls, Cell, DayFacts, Ledger, Rows};
use super::sessions::{conversations, select};
use super::view::{Amount, AnalyticsQuery, Filters, Runs};
use crate::model::{Day, Sid};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Out,
    Shown,
    Hidden,
}

/// A session as it was added.
pub(super) struct Applied {
    pub entry: Arc<Entry>,
    pub rows: Option<Arc<Rows>>,
    pub detail: Option<Arc<Detail>>,
    pub shown: bool,
    /// What it used within the question.
    pub used: Amount,
}

#[derive(Clone, Default)]
pub(super) struct DaySum {
    pub sessions: u64,
    pub prompts: u64,
    pub messages: u64,
    pub tool_calls: u64,
    pub active_ms: i64,
    pub amount: Amount,
    /// Sessions, prompts and tokens by agent.
    pub shares: BTreeMap<u32, AgentShare>,
    /// Micro-dollars by agent, model and project.
    pub agents: BTreeMap<u32, i64>,
    pub models: BTreeMap<u32, i64>,
    pub projects: BTreeMap<u32, i64>,
}

#[derive(Clone, Copy, Default, PartialEq)]
pub(super) struct AgentShare {
    pub sessions: u64,
    pub prompts: u64,
    pub tokens: u64,
}

/// One row of a list by name.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Part {
    pub sessions: u64,
    pub amount: Amount,
}

/// Sums that a session is added to and taken back from. What fell back to nothing may stay as a
/// zero; readers skip it.
#[derive(Default)]
pub(super) struct Sums {
    pub total: Amount,
    pub cache_saved: i64,
    pub prompts: u64,
    pub messages: u64,
    pub tool_calls: u64,
    pub tool_errors: u64,
    pub interruptions: u64,
    pub compactions: u64,
    pub active_ms: i64,
    pub days: BTreeMap<Day, DaySum>,
    /// By (start of the hour, agent).
    pub hours: BTreeMap<(i64, u32), Amount>,
    pub week: [[u64; 24]; 7],
    pub week_cost: [[i64; 24]; 7],
    pub agents: HashMap<u32, Part>,
    pub projects: HashMap<u32, Part>,
    pub models: HashMap<u32, Part>,
    pub branches: HashMap<u32, Part>,
    pub unpriced: HashMap<u32, Part>,
    pub tools: HashMap<u32, ToolSum>,
    /// Calls and failures by MCP server and by skill.
    pub servers: HashMap<u32, (u64, u64)>,
    pub skills: HashMap<u32, (u64, u64)>,
    pub fill: FillSum,
}

#[derive(Clone, Copy, Default, PartialEq)]
pub(super) struct ToolSum {
    pub spent: Spent,
    /// Of sessions that are shown.
    pub calls: u64,
    pub errors: u64,
}

/// Sessions that match, whether or not they used anything.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    pub all: u64,
    pub hidden: u64,
    pub empty: u64,
    pub conversations: u64,
}

/// Which responses count, of sessions that match.
pub(super) struct Gate {
    from: Day,
    to: Day,
    /// By number: ticked. Empty: nothing is ticked, all count.
    models: Vec<bool>,
    branches: Vec<bool>,
}

impl Gate {
    pub fn day(&self, day: Day) -> bool {
        self.from <= day && day <= self.to
    }

    pub fn lets(&self, place: Place) -> bool {
        let ticked = |flags: &[bool], id: u32| flags.get(id as usize) != Some(&false);
        self.day(place.day)
            && ticked(&self.models, place.model)
            && ticked(&self.branches, place.branch)
    }
}

pub(super) struct Tally {
    filters: Filters,
    runs: Runs,
    pub catalog: Arc<Catalog>,
    pub ledger: Arc<Ledger>,
    /// By sid.
    applied: Vec<Option<Applied>>,
    gate: Gate,
    pub sums: Sums,
    pub counts: Counts,
}

impl Tally {
    pub fn new(query: &AnalyticsQuery) -> Tally {
        let mut filters = query.filters.clone();
        match query.runs {
            Runs::All => {}
            Runs::People => filters.include_helpers = false,
            Runs::Helpers => filters.include_helpers = true,
        }
        Tally {
            gate: Gate {
                from: filters.from.unwrap_or(Day(i32::MIN)),
                to: filters.to.unwrap_or(Day(i32::MAX)),
                models: Vec::new(),
                branches: Vec::new(),
            },
            filters,
            runs: query.runs,
            catalog: Arc::default(),
            ledger: Arc::default(),
            applied: Vec::new(),
            sums: Sums::default(),
            counts: Counts::default(),
        }
    }

    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The models that are ticked; empty: all count.
    pub fn models(&self) -> &[String] {
        &self.filters.models
    }

    pub fn branches(&self) -> &[String] {
        &self.filters.branches
    }

    /// Everything that was added, by sid.
    pub fn applied(&self) -> impl Iterator<Item = (Sid, &Applied)> {
        let slots = self.applied.iter().enumerate();
        slots.filter_map(|(at, slot)| Some((Sid(at as u32), slot.as_ref()?)))
    }

    /// Brings the sums to this state of the sessions; costs what changed.
    pub fn advance(&mut self, catalog: &Arc<Catalog>, ledger: &Arc<Ledger>) {
        if Arc::ptr_eq(&self.catalog, catalog) && Arc::ptr_eq(&self.ledger, ledger) {
            return;
        }
        let verdicts = self.judge(catalog);
        self.tick(ledger);
        self.applied
            .resize_with(verdicts.len().max(self.applied.len()), || None);
        for at in 0..self.applied.len() {
            let verdict = verdicts.get(at).copied().unwrap_or(Verdict::Out);
            let sid = Sid(at as u32);
            let now = catalog.get(sid).filter(|_| verdict != Verdict::Out);
            let next = now.map(|entry| Applied {
                entry: entry.clone(),
                rows: ledger.rows(sid).cloned(),
                detail: ledger.detail(sid).cloned(),
                shown: verdict == Verdict::Shown,
                used: Amount::default(),
            });
            match (&self.applied[at], &next) {
                (None, None) => continue,
                (Some(old), Some(new)) if old.is(new) => continue,
                _ => {}
            }
            if let Some(old) = self.applied[at].take() {
                self.shift(&old, -1);
            }
            self.applied[at] = next.map(|mut new| {
                new.used = self.shift(&new, 1);
                new
            });
        }
        self.catalog = catalog.clone();
        self.ledger = ledger.clone();
    }

    fn judge(&mut self, catalog: &Catalog) -> Vec<Verdict> {
        let selection = select(catalog, &self.filters, "");
        let mut verdicts = vec![Verdict::Out; catalog.end()];
        let mut shown = selection.shown;
        if self.runs == Runs::Helpers {
            shown.retain(|entry| entry.hidden);
        }
        let (hidden, empty) = match self.runs {
            Runs::All => (selection.hidden, selection.empty),
            Runs::People => (Vec::new(), selection.empty),
            Runs::Helpers => (Vec::new(), Vec::new()),
        };
        for entry in &shown {
            verdicts[entry.sid.0 as usize] = Verdict::Shown;
        }
        for entry in hidden.iter().chain(&empty) {
            verdicts[entry.sid.0 as usize] = Verdict::Hidden;
        }
        self.counts = Counts {
            all: (shown.len() + hidden.len() + empty.len()) as u64,
            hidden: hidden.len() as u64,
            empty: empty.len() as u64,
            conversations: conversations(catalog, &shown).len() as u64,
        };
        verdicts
    }

    /// Names that came since are ticked or not; the numbers of the others stay.
    fn tick(&mut self, ledger: &Ledger) {
        let flags = |ticked: &[String], names: &super::names::Names| -> Vec<bool> {
            match ticked.is_empty() {
                true => Vec::new(),
                false => names
                    .iter()
                    .map(|name| ticked.iter().any(|one| one == name))
                    .collect(),
            }
        };
        self.gate.models = flags(&self.filters.models, &ledger.models);
        self.gate.branches = flags(&self.filters.branches, &ledger.branches);
    }

    /// Adds (`sign` 1) or takes back (`sign` -1) one session; what it used within the question.
    fn shift(&mut self, one: &Applied, sign: i64) -> Amount {
        let mut used = Amount::default();
        let counted = u64::from(one.shown);
        let (agent, project) = (u32::from(one.entry.agent), one.entry.project);
        let (sums, gate) = (&mut self.sums, &self.gate);
        let count = |parts: &mut HashMap<u32, Part>, id: u32| {
            step(&mut parts.entry(id).or_default().sessions, counted, sign);
        };
        count(&mut sums.agents, agent);
        count(&mut sums.projects, project);
        if let Some(detail) = &one.detail {
            sums.detail(detail, gate, sign);
        }
        let Some(rows) = &one.rows else { return used };
        if one.shown {
            for facts in rows.days.iter().filter(|facts| gate.day(facts.day)) {
                sums.count(facts, agent, sign);
            }
        }
        let (mut models, mut branches, mut unpriced) = (Vec::new(), Vec::new(), Vec::new());
        let once = |list: &mut Vec<u32>, id: u32| {
            if !list.contains(&id) {
                list.push(id);
            }
        };
        for cell in rows.cells.iter().filter(|cell| gate.lets(cell.place)) {
            used += &cell.amount;
            sums.spend(cell, agent, project, sign);
            once(&mut models, cell.place.model);
            once(&mut branches, cell.place.branch);
            if cell.amount.unpriced_responses > 0 {
                once(&mut unpriced, cell.place.model);
            }
        }
        models.iter().for_each(|id| count(&mut sums.models, *id));
        branches
            .iter()
            .for_each(|id| count(&mut sums.branches, *id));
        unpriced
            .iter()
            .for_each(|id| count(&mut sums.unpriced, *id));
        used
    }
}

impl Applied {
    /// Nothing to take back and add again.
    fn is(&self, other: &Applied) -> bool {
        fn same<T>(a: &Option<Arc<T>>, b: &Option<Arc<T>>) -> bool {
            match (a, b) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                (None, None) => true,
                _ => false,
            }
        }
        self.shown == other.shown
            && Arc::ptr_eq(&self.entry, &other.entry)
            && same(&self.rows, &other.rows)
            && same(&self.detail, &other.detail)
    }
}

impl Sums {
    /// A day of a session that is shown.
    fn count(&mut self, facts: &DayFacts, agent: u32, sign: i64) {
        step(&mut self.prompts, u64::from(facts.prompts), sign);
        step(&mut self.messages, u64::from(facts.messages), sign);
        step(&mut self.tool_calls, u64::from(facts.tool_calls), sign);
        step(&mut self.tool_errors, u64::from(facts.tool_errors), sign);
        step(
            &mut self.interruptions,
            u64::from(facts.interruptions),
            sign,
        );
        step(&mut self.compactions, u64::from(facts.compactions), sign);
        self.active_ms += sign * facts.active_ms;
        for (tool, calls, errors) in &facts.tools {
            let sum = self.tools.entry(*tool).or_default();
            step(&mut sum.calls, u64::from(*calls), sign);
            step(&mut sum.errors, u64::from(*errors), sign);
        }
        tell(&mut self.servers, &facts.servers, sign);
        tell(&mut self.skills, &facts.skills, sign);
        let day = self.days.entry(facts.day).or_default();
        step(&mut day.sessions, 1, sign);
        step(&mut day.prompts, u64::from(facts.prompts), sign);
        step(&mut day.messages, u64::from(facts.messages), sign);
        step(&mut day.tool_calls, u64::from(facts.tool_calls), sign);
        day.active_ms += sign * facts.active_ms;
        let share = day.shares.entry(agent).or_default();
        step(&mut share.sessions, 1, sign);
        step(&mut share.prompts, u64::from(facts.prompts), sign);
        let week = &mut self.week[weekday(facts.day)];
        for (sum, count) in week.iter_mut().zip(facts.by_hour) {
            step(sum, u64::from(count), sign);
        }
    }

    fn spend(&mut self, cell: &Cell, agent: u32, project: u32, sign: i64) {
        let amount = &cell.amount;
        let cost = sign * amount.cost;
        shift(&mut self.total, amount, sign);
        self.cache_saved += sign * cell.saved;
        let Place {
            day: at,
            model,
            branch,
        } = cell.place;
        let day = self.days.entry(at).or_default();
        shift(&mut day.amount, amount, sign);
        *day.agents.entry(agent).or_default() += cost;
        let share = day.shares.entry(agent).or_default();
        step(&mut share.tokens, amount.tokens.total(), sign);
        *day.models.entry(model).or_default() += cost;
        *day.projects.entry(project).or_default() += cost;
        self.week_cost[weekday(at)][usize::from(cell.hour % 24)] += cost;
        let hour = self.hours.entry((cell.at, agent)).or_default();
        shift(hour, amount, sign);
        shift(&mut part(&mut self.agents, agent).amount, amount, sign);
        shift(&mut part(&mut self.projects, project).amount, amount, sign);
        shift(&mut part(&mut self.models, model).amount, amount, sign);
        shift(&mut part(&mut self.branches, branch).amount, amount, sign);
        if amount.unpriced_responses > 0 {
            shift(&mut part(&mut self.unpriced, model).amount, amount, sign);
        }
    }

    fn detail(&mut self, detail: &Detail, gate: &Gate, sign: i64) {
        for cell in detail.tools.iter().filter(|cell| gate.lets(cell.place)) {
            let sum = self.tools.entry(cell.tool).or_default();
            sum.spent.shift(&cell.spent, sign);
        }
        for fill in detail.fills.iter().filter(|fill| gate.lets(fill.place)) {
            self.fill.shift(&fill.sum, sign);
        }
    }
}

fn tell(sums: &mut HashMap<u32, (u64, u64)>, calls: &Calls, sign: i64) {
    for (name, calls, errors) in calls {
        let sum = sums.entry(*name).or_default();
        step(&mut sum.0, u64::from(*calls), sign);
        step(&mut sum.1, u64::from(*errors), sign);
    }
}

fn weekday(day: Day) -> usize {
    day.date().weekday().to_monday_zero_offset() as usize
}

fn part(parts: &mut HashMap<u32, Part>, id: u32) -> &mut Part {
    parts.entry(id).or_default()
}

fn step(value: &mut u64, by: u64, sign: i64) {
    *value = value.wrapping_add_signed(sign * by as i64);
}

fn shift(sum: &mut Amount, by: &Amount, sign: i64) {
    match sign {
        1 => *sum += by,
        _ => sum.retract(by),
    }
}

#[cfg(test)]
#[path = "tally_tests.rs"]
mod tests;
