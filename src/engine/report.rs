//! Sums to the figures that are shown: names, orders, shares of the clock.

use super::cost::Pricer;
use super::detail::Spent;
use super::names::{Names, last_segment};
use super::tally::{AgentShare, Applied, DaySum, Part, Sums, Tally, ToolSum};
use super::view::*;
use crate::agents;
use crate::model::{Day, Sid};
use crate::pricing::plans;
use crate::rollup::{LocalDays, WINDOW_MS, Windows};
use crate::store::Reader;
use anyhow::Result;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

const HOUR_MS: i64 = 3_600_000;
/// Rows of the "most expensive" lists.
const TOP: usize = 50;
/// Rows of lists by name.
const NAMED: usize = 200;
/// Windows of use, newest first.
const WINDOWS: usize = 200;

/// Label and colour of a facet value.
pub(super) type Dress = fn(&str) -> (String, Option<String>);

impl Tally {
    /// Everything as it stands at this moment (ms since the epoch).
    pub fn report(&self, zone: &jiff::tz::TimeZone, now: i64) -> Analytics {
        let s = &self.sums;
        let tables = &self.catalog.tables;
        let agent = |id: u32| tables.agents.get(id);
        let model = |id: u32| self.ledger.models.get(id);
        let path = |id: u32| tables.paths.get(id);
        let today = LocalDays::new(zone.clone()).at(now).0;
        let (ranks, conversations) = self.ranks(today);
        let mut by_day = days(s, agent);
        for row in &mut by_day {
            row.conversations = conversations.get(&row.day).copied().unwrap_or(0);
        }
        let (first, last) = (by_day.first().map(|d| d.day), by_day.last().map(|d| d.day));
        let midnight = Pricer::new(zone.clone()).midnight_of(today);
        Analytics {
            as_of: now,
            generation: self.catalog.generation.min(self.ledger.generation),
            zone: String::new(),
            total: s.total.clone(),
            sessions_all: self.counts.all,
            sessions_with_data: self
                .applied()
                .filter(|(_, one)| one.used.responses > 0)
                .count() as u64,
            sessions_hidden: self.counts.hidden,
            sessions_empty: self.counts.empty,
            conversations: self.counts.conversations,
            prompts: s.prompts,
            messages: s.messages,
            tool_calls: s.tool_calls,
            tool_errors: s.tool_errors,
            interruptions: s.interruptions,
            compactions: s.compactions,
            active_ms: s.active_ms,
            first_day: first,
            last_day: last,
            days: first
                .zip(last)
                .map_or(0, |(first, last)| (last.0 - first.0 + 1) as u32),
            active_days: by_day.len() as u32,
            by_agent: named(of(&s.agents, agent), agent_dress),
            by_model: named(of(&s.models, model), model_dress),
            by_project: named(of(&s.projects, path), path_dress),
            by_repo: named(self.repos(), path_dress),
            repo_roots: self.roots(),
            by_branch: named(
                of(&s.branches, |id| self.ledger.branches.get(id)),
                model_dress,
            ),
            by_tool: self.tools(),
            servers: called(&s.servers, &self.ledger.servers),
            skills: called(&s.skills, &self.ledger.skills),
            context: ContextUse {
                responses: s.fill.responses,
                mean: s.fill.filled / s.fill.responses.max(1),
                tenths: s.fill.tenths,
            },
            agent_days: series(s, agent, agent_dress, |day| &day.agents),
            model_days: series(s, model, model_dress, |day| &day.models),
            project_days: series(s, path, path_dress, |day| &day.projects),
            week: s.week.to_vec(),
            week_cost: s.week_cost.to_vec(),
            top_sessions: self.top(),
            top_prompts: self.prompts(),
            today: s
                .days
                .get(&today)
                .map_or_else(Amount::default, |day| day.amount.clone()),
            minutes_today: (now - midnight).div_euclid(60_000).clamp(0, 1_500) as u32,
            last_hour: Amount::default(),
            unpriced: named(of(&s.unpriced, model), model_dress),
            coverage: self.coverage(),
            cache_saved: s.cache_saved,
            windows: self.windows(),
            previous: None,
            ranks,
            by_day,
        }
    }

    /// The sums alone, for these days.
    pub fn period(&self, from: Day, to: Day) -> Period {
        Period {
            from,
            to,
            amount: self.sums.total.clone(),
            sessions: self.counts.all - self.counts.hidden - self.counts.empty,
            prompts: self.sums.prompts,
            active_days: days(&self.sums, |_| "").len() as u32,
        }
    }

    fn repos(&self) -> Vec<(&str, Part)> {
        let mut repos: HashMap<&str, Part> = HashMap::new();
        for (id, part) in &self.sums.projects {
            let name = &*self.catalog.tables.projects[*id as usize].name;
            let repo = name.repo.as_deref().unwrap_or(&name.path);
            let sum = repos.entry(repo).or_default();
            sum.sessions += part.sessions;
            sum.amount += &part.amount;
        }
        repos.into_iter().collect()
    }

    fn roots(&self) -> Vec<String> {
        let known = self.sums.projects.keys();
        let names = known.map(|id| &self.catalog.tables.projects[*id as usize].name);
        let roots: BTreeSet<&String> = names.filter_map(|name| name.repo.as_ref()).collect();
        roots.into_iter().cloned().collect()
    }

    fn top(&self) -> Vec<TopSession> {
        let mut top: Vec<(Sid, &Applied)> = self
            .applied()
            .filter(|(_, one)| one.used.responses > 0)
            .collect();
        let key = |(sid, one): &(Sid, &Applied)| {
            (Reverse((one.used.cost, one.used.tokens.total())), *sid)
        };
        if top.len() > TOP {
            top.select_nth_unstable_by_key(TOP, key);
            top.truncate(TOP);
        }
        top.sort_unstable_by_key(key);
        let row = |(_, one): (Sid, &Applied)| TopSession {
            id: one.entry.summary.key.to_string(),
            name: one.entry.summary.name().to_owned(),
            agent: one.entry.info.id.to_owned(),
            project: one.entry.summary.project.clone(),
            amount: one.used.clone(),
        };
        top.into_iter().map(row).collect()
    }

    fn coverage(&self) -> Vec<Coverage> {
        let mut rows: BTreeMap<&str, Coverage> = BTreeMap::new();
        for (_, one) in self.applied() {
            let info = one.entry.info;
            let row = rows.entry(info.id).or_insert_with(|| Coverage {
                agent: info.id.to_owned(),
                label: info.name.to_owned(),
                ..Coverage::default()
            });
            row.sessions += 1;
            let ever = || {
                let rows = one.rows.as_deref();
                rows.is_some_and(|rows| rows.cells.iter().any(|cell| cell.amount.responses > 0))
            };
            let place = match (one.used.responses, one.used.unpriced_responses) {
                (0, _) if one.entry.summary.assistant_messages > 0 && !ever() => &mut row.silent,
                (0, _) => &mut row.idle,
                (_, 0) if one.used.estimated_responses > 0 => &mut row.estimated,
                (_, 0) => &mut row.priced,
                (all, unpriced) if all == unpriced => &mut row.unpriced,
                _ => &mut row.partly,
            };
            *place += 1;
        }
        let mut rows: Vec<Coverage> = rows.into_values().collect();
        rows.sort_by_key(|row| Reverse(row.sessions));
        rows
    }

    fn windows(&self) -> Vec<Window> {
        let agents = &self.catalog.tables.agents;
        // by service: how it counts, its newest window, and the newest hour counted in that
        let mut open: HashMap<&str, (Windows, usize, i64)> = HashMap::new();
        let mut windows: Vec<Window> = Vec::new();
        let hours = self.sums.hours.iter().filter(|(_, sum)| sum.responses > 0);
        for ((at, agent), amount) in hours {
            let service = plans::service_of(agents.get(*agent));
            let Some(service) = service.filter(|service| service.windows) else {
                continue;
            };
            let (starts, place, hour) =
                open.entry(service.id)
                    .or_insert((Windows::default(), usize::MAX, i64::MIN));
            let from = starts.start_of(*at);
            if windows.get(*place).is_none_or(|window| window.from != from) {
                *place = windows.len();
                windows.push(Window {
                    service: service.name.to_owned(),
                    from,
                    to: from + WINDOW_MS,
                    ..Window::default()
                });
            }
            let window = &mut windows[*place];
            window.amount += amount;
            window.busy_hours += u32::from(*hour != *at);
            *hour = *at;
        }
        windows.reverse();
        windows.truncate(WINDOWS);
        windows
    }

    fn tools(&self) -> Vec<ToolAmount> {
        let some = self.sums.tools.iter();
        let mut tools: Vec<ToolAmount> = some
            .filter(|(_, sum)| **sum != ToolSum::default())
            .map(|(id, sum)| ToolAmount {
                name: self.ledger.tools.get(*id).to_owned(),
                calls: sum.calls,
                errors: sum.errors,
                spent: sum.spent.into(),
            })
            .collect();
        tools.sort_by(|a, b| {
            let weight = |tool: &ToolAmount| (tool.spent.cost, tool.spent.tokens, tool.calls);
            weight(b).cmp(&weight(a)).then_with(|| a.name.cmp(&b.name))
        });
        tools.truncate(NAMED);
        tools
    }

    /// A prompt that went on over midnight, or with several models, is one prompt.
    fn prompts(&self) -> Vec<TopPrompt> {
        let mut top: Vec<(Spent, Sid, Option<u32>, i64)> = Vec::new();
        for (sid, one) in self.applied() {
            let Some(detail) = &one.detail else { continue };
            let mut turns: BTreeMap<Option<u32>, (i64, Spent)> = BTreeMap::new();
            for turn in detail.turns.iter() {
                if self.gate().lets(turn.place) {
                    let (at, spent) = turns.entry(turn.seq).or_insert((turn.at, Spent::default()));
                    *at = (*at).min(turn.at);
                    spent.add(&turn.spent);
                }
            }
            let turns = turns.into_iter();
            top.extend(turns.map(|(seq, (at, spent))| (spent, sid, seq, at)));
        }
        let key = |(spent, sid, seq, _): &(Spent, Sid, Option<u32>, i64)| {
            (Reverse((spent.cost, spent.tokens)), *sid, *seq)
        };
        if top.len() > TOP {
            top.select_nth_unstable_by_key(TOP, key);
            top.truncate(TOP);
        }
        top.sort_unstable_by_key(key);
        let row = |(spent, sid, seq, at): (Spent, Sid, Option<u32>, i64)| {
            let entry = self.catalog.get(sid)?;
            Some(TopPrompt {
                id: entry.summary.key.to_string(),
                name: entry.summary.name().to_owned(),
                agent: entry.info.id.to_owned(),
                project: entry.summary.project.clone(),
                seq,
                at,
                spent: spent.into(),
            })
        };
        top.into_iter().filter_map(row).collect()
    }

    /// What was used in the last sixty minutes before `now`, response by response.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn last_hour(&self, reader: &Reader, pricer: &mut Pricer, now: i64) -> Result<Amount> {
        let since = now - HOUR_MS;
        let mut sum = Amount::default();
        let wanted = |ticked: &[String], name: &String| ticked.is_empty() || ticked.contains(name);
        for (sid, one) in self.applied() {
            let recent = one.entry.summary.last_at.is_some_and(|at| at > since);
            let Some(rows) = one.rows.as_deref().filter(|_| recent) else {
                continue;
            };
            let days = rows.days.iter().map(|facts| facts.day).filter(|day| {
                let start = pricer.midnight_of(*day);
                self.gate().day(*day) && start <= now && start + 25 * HOUR_MS > since
            });
            for day in days.collect::<Vec<_>>() {
                let responses = reader.responses(sid, day)?;
                let amounts = pricer.responses(day, &responses);
                for (response, amount) in responses.iter().zip(&amounts) {
                    let inside = since < response.at && response.at <= now;
                    if inside
                        && wanted(self.models(), &response.model)
                        && wanted(self.branches(), &response.branch)
                    {
                        sum += amount;
                    }
                }
            }
        }
        Ok(sum)
    }
}

impl From<Spent> for Spending {
    fn from(spent: Spent) -> Spending {
        Spending {
            cost: spent.cost,
            tokens: spent.tokens,
            responses: spent.responses,
            unpriced_responses: spent.unpriced,
        }
    }
}

fn called(sums: &HashMap<u32, (u64, u64)>, names: &Names) -> Vec<CallCount> {
    let some = sums.iter().filter(|(_, (calls, _))| *calls > 0);
    let mut list: Vec<CallCount> = some
        .map(|(id, (calls, errors))| CallCount {
            name: names.get(*id).to_owned(),
            calls: *calls,
            errors: *errors,
        })
        .collect();
    list.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.name.cmp(&b.name)));
    list.truncate(NAMED);
    list
}

/// Days on which there was anything.
fn days<'n>(sums: &Sums, agent: impl Fn(u32) -> &'n str) -> Vec<DayAmount> {
    let row = |(day, sum): (&Day, &DaySum)| DayAmount {
        day: *day,
        sessions: sum.sessions,
        conversations: 0,
        prompts: sum.prompts,
        messages: sum.messages,
        tool_calls: sum.tool_calls,
        active_ms: sum.active_ms,
        amount: sum.amount.clone(),
        agents: agents_of(sum, &agent),
    };
    let any = |row: &DayAmount| row.sessions > 0 || row.amount.responses > 0;
    sums.days.iter().map(row).filter(any).collect()
}

fn agents_of<'n>(sum: &DaySum, name: impl Fn(u32) -> &'n str) -> Vec<AgentDay> {
    let some = sum.shares.iter();
    let mut list: Vec<AgentDay> = some
        .filter(|(_, share)| **share != AgentShare::default())
        .map(|(id, share)| AgentDay {
            agent: name(*id).to_owned(),
            sessions: share.sessions,
            prompts: share.prompts,
            tokens: share.tokens,
            cost: sum.agents.get(id).copied().unwrap_or(0),
        })
        .collect();
    list.sort_by(|a, b| {
        let weight = |row: &AgentDay| (row.sessions, row.cost);
        weight(b)
            .cmp(&weight(a))
            .then_with(|| a.agent.cmp(&b.agent))
    });
    list
}

pub(super) fn agent_dress(name: &str) -> (String, Option<String>) {
    let info = agents::info(name);
    let label = info.map_or(name, |info| info.name).to_owned();
    (label, info.map(|info| info.color.to_owned()))
}

pub(super) fn model_dress(name: &str) -> (String, Option<String>) {
    (name.to_owned(), None)
}

pub(super) fn path_dress(name: &str) -> (String, Option<String>) {
    (last_segment(name).to_owned(), None)
}

fn of<'n>(parts: &HashMap<u32, Part>, name: impl Fn(u32) -> &'n str) -> Vec<(&'n str, Part)> {
    let some = parts.iter().filter(|(_, part)| **part != Part::default());
    some.map(|(id, part)| (name(*id), part.clone())).collect()
}

/// Costliest first, then by tokens.
fn named(mut list: Vec<(&str, Part)>, dress: Dress) -> Vec<NamedAmount> {
    let weight = |part: &Part| {
        let amount = &part.amount;
        (amount.cost, amount.tokens.total(), part.sessions)
    };
    // what was taken back leaves its name
    list.retain(|(_, part)| part.sessions > 0 || part.amount != Amount::default());
    list.sort_by(|(a_name, a), (b_name, b)| {
        weight(b).cmp(&weight(a)).then_with(|| a_name.cmp(b_name))
    });
    list.truncate(NAMED);
    let row = |(name, part): (&str, Part)| {
        let (label, color) = dress(name);
        NamedAmount {
            name: name.to_owned(),
            label,
            color,
            sessions: part.sessions,
            amount: part.amount,
        }
    };
    list.into_iter().map(row).collect()
}

/// Cost by day for each name, the costliest first.
fn series<'n>(
    sums: &Sums,
    name: impl Fn(u32) -> &'n str,
    dress: Dress,
    costs: fn(&DaySum) -> &BTreeMap<u32, i64>,
) -> Vec<Series> {
    let mut lines: HashMap<u32, (i64, Vec<(Day, i64)>)> = HashMap::new();
    for (day, sum) in &sums.days {
        for (id, cost) in costs(sum).iter().filter(|(_, cost)| **cost != 0) {
            let line = lines.entry(*id).or_default();
            line.0 += cost;
            line.1.push((*day, *cost));
        }
    }
    let mut lines: Vec<_> = lines
        .into_iter()
        .map(|(id, (sum, days))| (sum, name(id), days))
        .collect();
    lines.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let line = |(_, name, days): (i64, &str, Vec<(Day, i64)>)| {
        let (label, color) = dress(name);
        Series {
            name: name.to_owned(),
            label,
            color,
            days,
        }
    };
    lines.into_iter().map(line).collect()
}
