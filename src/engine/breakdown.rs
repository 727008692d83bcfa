//! Tokens and money by any of their sides at once: what `codedash stats` and `/api/stats` list.
//!
//! Told from single responses, so that every breakdown adds up to the same total, and so that days may
//! be those of any zone. All matching runs count, helpers included: their money was spent.

use super::Engine;
use super::catalog::{Catalog, Entry, NONE};
use super::sessions::select;
use super::turns::by_tool;
use super::view::{Amount, Filters};
use crate::agents;
use crate::model::{CostMode, Day, Response, Sid};
use crate::rollup::LocalDays;
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use xxhash_rust::xxh3::xxh3_64;

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// Most links from a sub-agent up to its session.
const DEPTH: usize = 16;

/// A side by which responses are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Day,
    /// By its Monday.
    Week,
    Month,
    HourOfWeek,
    Agent,
    Model,
    Project,
    Repo,
    Branch,
    Tool,
    /// With its sub-agents where they live within it.
    Session,
    /// A session by itself, sub-agents apart.
    Run,
    /// Retries of one conversation together, under the id of the newest of them.
    Conversation,
}

#[derive(Clone, Debug, Default)]
pub struct BreakdownQuery {
    /// Days are those of `zone`.
    pub filters: Filters,
    pub by: Vec<By>,
    /// `None`: the configured one.
    pub zone: Option<jiff::tz::TimeZone>,
    /// `None`: as configured.
    pub mode: Option<CostMode>,
}

/// The rows add up to the total.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Breakdown {
    pub by: Vec<By>,
    /// In time where the first side is one of time, else costliest first.
    pub rows: Vec<BreakdownRow>,
    pub total: BreakdownRow,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct BreakdownRow {
    /// One for each of `Breakdown::by`.
    pub keys: Vec<String>,
    /// Sessions with a response in it; sub-agents that live within one are part of it.
    pub sessions: u64,
    pub amount: Amount,
}

impl Engine {
    pub(super) fn break_down(&self, query: &BreakdownQuery) -> Result<Breakdown> {
        let catalog = self.catalog.get()?;
        let filters = Filters {
            // days are looked at response by response, and in the asker's zone
            from: None,
            to: None,
            // what has not one message may have used something
            include_empty: true,
            ..query.filters.clone()
        };
        self.price_for(&catalog, &filters)?;
        let selection = select(&catalog, &filters, "");
        let shown: HashSet<Sid> = selection.shown.iter().map(|entry| entry.sid).collect();
        let hidden: HashSet<Sid> = selection.hidden.iter().map(|entry| entry.sid).collect();
        let config = self.config();
        let zone = query.zone.as_ref().unwrap_or(&config.zone);
        let mut sums = Sums {
            catalog: &catalog,
            by: &query.by,
            clock: LocalDays::new(zone.clone()),
            newest: newest(&catalog),
            rows: BTreeMap::new(),
            total: Sum::default(),
        };
        let models: HashSet<&str> = query.filters.models.iter().map(String::as_str).collect();
        let mut pricer = self.catalog.pricer_for(query.mode);
        self.store.read()?.all_responses(|sid, day, responses| {
            let Some(entry) = catalog.get(sid) else {
                return true;
            };
            let visible = shown.contains(&sid);
            if !visible && !hidden.contains(&sid) {
                return true;
            }
            let (home, native) = home(&catalog, entry);
            // of a lost session its sub-agents are all there is
            let lost = native != home.summary.key.native;
            let place = Place {
                entry,
                home,
                native: (shown.contains(&home.sid) || visible || lost).then_some(native),
            };
            let amounts = pricer.responses(day, &responses);
            for (response, amount) in responses.iter().zip(&amounts) {
                let local = sums.clock.at(response.at).0;
                let inside = query.filters.from.is_none_or(|from| from <= local)
                    && query.filters.to.is_none_or(|to| local <= to)
                    && (models.is_empty() || models.contains(response.model.as_str()));
                if inside {
                    sums.add(&place, response, amount);
                }
            }
            true
        })?;
        Ok(sums.finish())
    }
}

/// The session whose row takes this one in: itself, but for sub-agents that live within another. With its
/// id, which may be that of a session that is lost.
fn home<'c>(catalog: &'c Catalog, entry: &'c Entry) -> (&'c Entry, &'c str) {
    let mut at = entry;
    for _ in 0..DEPTH {
        let key = &at.summary.key;
        let within = at.summary.is_sub_agent()
            && agents::room(key.agent.as_str()).is_some_and(|room| room.sub_agents_within());
        match (catalog.parent(at), &at.summary.parent) {
            (Some(parent), _) if within && parent.sid != at.sid => at = parent,
            (None, Some(parent)) if within => return (at, parent),
            _ => break,
        }
    }
    (at, &at.summary.key.native)
}

/// The newest session of each conversation.
fn newest(catalog: &Catalog) -> HashMap<u32, Sid> {
    let mut newest = HashMap::new();
    for entry in catalog.iter() {
        let number = catalog.conversation(entry.sid);
        if number != NONE {
            newest.entry(number).or_insert(entry.sid);
        }
    }
    newest
}

/// Where the responses of one session go.
struct Place<'c> {
    entry: &'c Entry,
    /// The session that takes it in.
    home: &'c Entry,
    /// Its id; `None`: a run that is hidden and has no row of its own.
    native: Option<&'c str>,
}

#[derive(Default)]
struct Sum {
    amount: Amount,
    sessions: BTreeSet<u64>,
}

struct Sums<'q> {
    catalog: &'q Catalog,
    by: &'q [By],
    clock: LocalDays,
    /// By number of the conversation.
    newest: HashMap<u32, Sid>,
    rows: BTreeMap<Vec<String>, Sum>,
    total: Sum,
}

impl Sums<'_> {
    fn add(&mut self, place: &Place<'_>, response: &Response, amount: &Amount) {
        let id = place.native.unwrap_or(&place.entry.summary.key.native);
        let id = xxh3_64(id.as_bytes());
        self.total.add(id, amount);
        if !self.by.contains(&By::Tool) {
            let key = self.key(place, response, "");
            self.rows.entry(key).or_default().add(id, amount);
            return;
        }
        let mut tools: HashMap<&str, Amount> = HashMap::new();
        for (tool, share) in by_tool(response, amount) {
            *tools.entry(tool).or_default() += &share;
        }
        for (tool, share) in tools {
            let key = self.key(place, response, tool);
            self.rows.entry(key).or_default().add(id, &share);
        }
    }

    fn key(&mut self, place: &Place<'_>, response: &Response, tool: &str) -> Vec<String> {
        let (day, hour, weekday) = self.clock.at(response.at);
        let entry = place.entry;
        let session = place.home;
        let of = |by: &By| match by {
            By::Day => day.to_string(),
            By::Week => Day(day.0 - i32::from(weekday)).to_string(),
            By::Month => day.to_string()[..7].to_owned(),
            By::HourOfWeek => format!("{} {hour:02}", WEEKDAYS[usize::from(weekday)]),
            By::Agent => session.info.id.to_owned(),
            By::Project => session.summary.project.clone(),
            By::Repo => {
                let name = &self.catalog.project(session).name;
                name.repo.as_ref().unwrap_or(&name.path).clone()
            }
            By::Model => match response.model.as_str() {
                "" => "unknown".to_owned(),
                model => model.to_owned(),
            },
            By::Branch => branch(response, entry).to_owned(),
            By::Tool => tool.to_owned(),
            By::Run => entry.summary.key.native.clone(),
            By::Conversation => {
                let number = self.catalog.conversation(session.sid);
                let newest = self
                    .newest
                    .get(&number)
                    .and_then(|sid| self.catalog.get(*sid));
                match newest {
                    Some(newest) => newest.summary.key.native.clone(),
                    None => place
                        .native
                        .unwrap_or(&session.summary.key.native)
                        .to_owned(),
                }
            }
            By::Session => place.native.unwrap_or_default().to_owned(),
        };
        self.by.iter().map(of).collect()
    }

    fn finish(self) -> Breakdown {
        let row = |(keys, sum): (Vec<String>, Sum)| BreakdownRow {
            keys,
            sessions: sum.sessions.len() as u64,
            amount: sum.amount,
        };
        let mut rows: Vec<BreakdownRow> = self.rows.into_iter().map(row).collect();
        let in_time = |by: &By| matches!(by, By::Day | By::Week | By::Month);
        if !self.by.first().is_some_and(in_time) {
            rows.sort_by_key(|row| std::cmp::Reverse((row.amount.cost, row.amount.tokens.total())));
        }
        Breakdown {
            by: self.by.to_vec(),
            rows,
            total: row((Vec::new(), self.total)),
        }
    }
}

/// The branch as recorded with the response, else the session's.
fn branch<'a>(response: &'a Response, entry: &'a Entry) -> &'a str {
    match response.branch.as_str() {
        "" => entry.summary.branches.first().map_or("", String::as_str),
        branch => branch,
    }
}

impl Sum {
    fn add(&mut self, session: u64, amount: &Amount) {
        self.amount += amount;
        self.sessions.insert(session);
    }
}
