//! Day rows added up to what the analytics page shows.
//!
//! Money and tokens are of all matching runs, helpers included: they were spent. Counts (sessions,
//! conversations, prompts, messages, the week) are of the sessions that are shown.

use super::catalog::{Catalog, Entry};
use super::cost::Pricer;
use super::names::last_segment;
use super::sessions::{conversations, select};
use super::view::*;
use crate::agents;
use crate::model::{Day, DayStats, Sid, UsageBucket};
use crate::rollup::LocalDays;
use std::collections::{BTreeMap, HashMap, HashSet};

const HOUR_MS: i64 = 3_600_000;
/// Rows of the "most expensive" list.
const TOP: usize = 20;
/// Rows of lists by name.
const NAMED: usize = 200;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Out,
    Shown,
    Hidden,
}

#[derive(Clone, Default)]
struct DaySum {
    sessions: u64,
    prompts: u64,
    amount: Amount,
    by_agent: BTreeMap<u16, i64>,
}

#[derive(Clone, Default)]
struct Part {
    sessions: u64,
    amount: Amount,
    last: Option<Sid>,
}

pub(super) struct Tally<'c> {
    catalog: &'c Catalog,
    verdicts: Vec<Verdict>,
    from: Day,
    to: Day,
    /// Ticked models: buckets of others are left out.
    models: HashSet<&'c str>,
    pricer: Pricer,
    today: Day,
    /// Local (day, hour) with the share, in 60ths, of it that lies in the last hour.
    recent: [((Day, u8), u64); 2],
    /// Everything that needs no second look at the end.
    sum: Analytics,
    days: BTreeMap<Day, DaySum>,
    by_model: HashMap<String, Part>,
    unpriced: HashMap<String, Part>,
    /// By sid: used within the filters; whether it ever used anything.
    sessions: HashMap<Sid, Amount>,
    recorded: HashSet<Sid>,
    week: Vec<[u64; 24]>,
    by_agent: HashMap<u16, Part>,
    by_project: HashMap<u32, Part>,
}

impl<'c> Tally<'c> {
    pub fn new(
        catalog: &'c Catalog,
        filters: &'c Filters,
        zone: &jiff::tz::TimeZone,
        now: i64,
    ) -> Tally<'c> {
        let selection = select(catalog, filters, "");
        let mut verdicts = vec![Verdict::Out; catalog.end()];
        let (mut by_agent, mut by_project) = (HashMap::new(), HashMap::new());
        for entry in &selection.shown {
            verdicts[entry.sid.0 as usize] = Verdict::Shown;
            by_agent
                .entry(entry.agent)
                .or_insert_with(Part::default)
                .sessions += 1;
            by_project
                .entry(entry.project)
                .or_insert_with(Part::default)
                .sessions += 1;
        }
        for entry in selection.hidden.iter().chain(&selection.empty) {
            verdicts[entry.sid.0 as usize] = Verdict::Hidden;
        }
        let mut days = LocalDays::new(zone.clone());
        let (day, hour, _) = days.at(now);
        let (day_before, hour_before, _) = days.at(now - HOUR_MS);
        let minute = now.div_euclid(60_000).rem_euclid(60) as u64;
        Tally {
            catalog,
            verdicts,
            from: filters.from.unwrap_or(Day(i32::MIN)),
            to: filters.to.unwrap_or(Day(i32::MAX)),
            models: filters.models.iter().map(String::as_str).collect(),
            pricer: Pricer::new(zone.clone()),
            today: day,
            recent: [((day, hour), 60), ((day_before, hour_before), 60 - minute)],
            sum: Analytics {
                as_of: now,
                generation: catalog.generation,
                sessions_all: (selection.shown.len()
                    + selection.hidden.len()
                    + selection.empty.len()) as u64,
                sessions_hidden: selection.hidden.len() as u64,
                sessions_empty: selection.empty.len() as u64,
                conversations: conversations(catalog, &selection.shown).len() as u64,
                ..Analytics::default()
            },
            days: BTreeMap::new(),
            by_model: HashMap::new(),
            unpriced: HashMap::new(),
            sessions: HashMap::new(),
            recorded: HashSet::new(),
            week: vec![[0; 24]; 7],
            by_agent,
            by_project,
        }
    }

    /// Adds one row; rows of one session come together.
    pub fn add(&mut self, sid: Sid, day: Day, stats: &DayStats) {
        let verdict = self
            .verdicts
            .get(sid.0 as usize)
            .copied()
            .unwrap_or(Verdict::Out);
        let Some(entry) = self.catalog.get(sid).filter(|_| verdict != Verdict::Out) else {
            return;
        };
        if stats.usage.iter().any(|bucket| bucket.responses > 0) {
            self.recorded.insert(sid);
        }
        if day < self.from || day > self.to {
            return;
        }
        let shown = verdict == Verdict::Shown;
        if shown {
            self.sum.prompts += u64::from(stats.prompts);
            self.sum.messages += u64::from(stats.messages);
            self.sum.tool_calls += u64::from(stats.tool_calls);
            let row = self.days.entry(day).or_default();
            row.sessions += 1;
            row.prompts += u64::from(stats.prompts);
            let weekday = day.date().weekday().to_monday_zero_offset() as usize;
            for (hour, count) in stats.by_hour.iter().enumerate() {
                self.week[weekday][hour] += u64::from(*count);
            }
        }
        for bucket in &stats.usage {
            if self.models.is_empty() || self.models.contains(bucket.model.as_str()) {
                self.bucket(entry, day, bucket, shown);
            }
        }
    }

    fn bucket(&mut self, entry: &Entry, day: Day, bucket: &UsageBucket, shown: bool) {
        let amount = self.pricer.amount(day, bucket);
        self.sum.total += &amount;
        self.sum.cache_saved += self.pricer.saved(day, bucket);
        let row = self.days.entry(day).or_default();
        row.amount += &amount;
        *row.by_agent.entry(entry.agent).or_default() += amount.cost;
        self.by_agent.entry(entry.agent).or_default().amount += &amount;
        self.by_project.entry(entry.project).or_default().amount += &amount;
        *self.sessions.entry(entry.sid).or_default() += &amount;
        let model = slot(&mut self.by_model, &bucket.model);
        model.count(entry.sid, shown);
        model.amount += &amount;
        if amount.unpriced_responses > 0 {
            let model = slot(&mut self.unpriced, &bucket.model);
            model.count(entry.sid, shown);
            model.amount += &amount;
        }
        if day == self.today {
            self.sum.today += &amount;
        }
        let at = (day, bucket.hour);
        if let Some((_, share)) = self.recent.iter().find(|(recent, _)| *recent == at) {
            self.sum.last_hour += &scaled(&amount, *share);
        }
    }

    /// Everything so far.
    pub fn result(&self) -> Analytics {
        let t = &self.catalog.tables;
        let agent = |id: &u16| t.agents.get(u32::from(*id));
        let mut by_repo: HashMap<&str, Part> = HashMap::new();
        for (id, part) in &self.by_project {
            let name = &*t.projects[*id as usize].name;
            let repo = by_repo
                .entry(name.repo.as_deref().unwrap_or(&name.path))
                .or_default();
            repo.sessions += part.sessions;
            repo.amount += &part.amount;
        }
        let (first, last) = (
            self.days.keys().next().copied(),
            self.days.keys().last().copied(),
        );
        Analytics {
            sessions_with_data: self.sessions.len() as u64,
            first_day: first,
            last_day: last,
            days: first
                .zip(last)
                .map_or(0, |(first, last)| (last.0 - first.0 + 1) as u32),
            active_days: self.days.len() as u32,
            by_day: self
                .days
                .iter()
                .map(|(day, sum)| self.day(*day, sum))
                .collect(),
            by_agent: named(
                self.by_agent.iter().map(|(id, part)| (agent(id), part)),
                |name| {
                    let info = agents::info(name);
                    let label = info.map_or(name, |info| info.name).to_owned();
                    (label, info.map(|info| info.color.to_owned()))
                },
            ),
            by_model: named(parts(&self.by_model), |name| (name.to_owned(), None)),
            by_project: named(
                self.by_project
                    .iter()
                    .map(|(id, part)| (t.paths.get(*id), part)),
                |name| (last_segment(name).to_owned(), None),
            ),
            by_repo: named(by_repo.iter().map(|(name, part)| (*name, part)), |name| {
                (last_segment(name).to_owned(), None)
            }),
            week: self.week.clone(),
            top_sessions: self.top(),
            unpriced: named(parts(&self.unpriced), |name| (name.to_owned(), None)),
            unrecorded: self.unrecorded(),
            ..self.sum.clone()
        }
    }

    fn day(&self, day: Day, sum: &DaySum) -> DayAmount {
        let names = &self.catalog.tables.agents;
        let by_agent = sum.by_agent.iter();
        DayAmount {
            day,
            sessions: sum.sessions,
            prompts: sum.prompts,
            amount: sum.amount.clone(),
            by_agent: by_agent
                .map(|(id, micros)| (names.get(u32::from(*id)).to_owned(), *micros))
                .collect(),
        }
    }

    fn top(&self) -> Vec<TopSession> {
        let mut top: Vec<(&Sid, &Amount)> = self.sessions.iter().collect();
        let key = |(sid, amount): &(&Sid, &Amount)| {
            (
                std::cmp::Reverse((amount.cost, amount.tokens.total())),
                **sid,
            )
        };
        if top.len() > TOP {
            top.select_nth_unstable_by_key(TOP, key);
            top.truncate(TOP);
        }
        top.sort_unstable_by_key(key);
        let row = |(sid, amount): (&Sid, &Amount)| {
            let entry = self.catalog.get(*sid)?;
            Some(TopSession {
                id: entry.summary.key.to_string(),
                name: entry.summary.name().to_owned(),
                agent: entry.info.id.to_owned(),
                project: entry.summary.project.clone(),
                amount: amount.clone(),
            })
        };
        top.into_iter().filter_map(row).collect()
    }

    fn unrecorded(&self) -> Vec<(String, u64)> {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for entry in self.catalog.iter() {
            let silent = self.verdicts[entry.sid.0 as usize] != Verdict::Out
                && entry.summary.assistant_messages > 0
                && !self.recorded.contains(&entry.sid);
            if silent {
                *counts.entry(entry.info.id).or_default() += 1;
            }
        }
        counts
            .into_iter()
            .map(|(agent, count)| (agent.to_owned(), count))
            .collect()
    }
}

impl Part {
    /// A session's rows come together, so that one memory of it is enough.
    fn count(&mut self, sid: Sid, shown: bool) {
        if self.last != Some(sid) {
            self.last = Some(sid);
            self.sessions += u64::from(shown);
        }
    }
}

fn slot<'m>(parts: &'m mut HashMap<String, Part>, name: &str) -> &'m mut Part {
    if !parts.contains_key(name) {
        parts.insert(name.to_owned(), Part::default());
    }
    parts.get_mut(name).expect("just put there")
}

fn parts(parts: &HashMap<String, Part>) -> impl Iterator<Item = (&str, &Part)> {
    parts.iter().map(|(name, part)| (name.as_str(), part))
}

/// Costliest first, then by tokens.
fn named<'p>(
    parts: impl Iterator<Item = (&'p str, &'p Part)>,
    label: impl Fn(&str) -> (String, Option<String>),
) -> Vec<NamedAmount> {
    let mut list: Vec<(&str, &Part)> = parts.collect();
    list.sort_by(|(a_name, a), (b_name, b)| {
        let weight = |part: &Part| (part.amount.cost, part.amount.tokens.total(), part.sessions);
        weight(b).cmp(&weight(a)).then_with(|| a_name.cmp(b_name))
    });
    list.truncate(NAMED);
    let row = |(name, part): (&str, &Part)| {
        let (label, color) = label(name);
        NamedAmount {
            name: name.to_owned(),
            label,
            color,
            sessions: part.sessions,
            amount: part.amount.clone(),
        }
    };
    list.into_iter().map(row).collect()
}

/// The share (60ths) of an hour's amount that lies in the last sixty minutes, evenly spread.
fn scaled(amount: &Amount, share: u64) -> Amount {
    let count = |value: u64| value * share / 60;
    let money = |value: i64| value * share as i64 / 60;
    let (t, p) = (&amount.tokens, &amount.parts);
    let mut scaled = Amount {
        tokens: crate::model::Tokens {
            input: count(t.input),
            cache_read: count(t.cache_read),
            cache_write_5m: count(t.cache_write_5m),
            cache_write_1h: count(t.cache_write_1h),
            output: count(t.output),
            reasoning: count(t.reasoning),
            web_searches: count(t.web_searches),
        },
        responses: count(amount.responses),
        unpriced_responses: count(amount.unpriced_responses),
        cost: 0,
        parts: crate::model::CostParts {
            input: money(p.input),
            output: money(p.output),
            cache_read: money(p.cache_read),
            cache_write: money(p.cache_write),
            other: money(p.other),
        },
        ..Amount::default()
    };
    scaled.cost = scaled.parts.total();
    scaled
}

#[cfg(test)]
#[path = "tally_tests.rs"]
mod tests;
