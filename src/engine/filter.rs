//! Which sessions pass, and what each facet would show without its own ticks.

use super::catalog::{Catalog, Entry, NONE};
use super::names::{Names, fold, last_segment};
use super::view::{FacetList, FacetValue, Filters};
use crate::agents;
use crate::model::Day;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Facets that can be missed one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Facet {
    Agent,
    Project,
    Repo,
    Model,
    Branch,
    Tool,
    Tag,
    Day,
}

/// Facets that a session does not pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Misses(u16);

impl Misses {
    const OUT: Misses = Misses(u16::MAX);

    fn add(&mut self, facet: Facet) {
        self.0 |= 1 << facet as u16;
    }

    pub fn none(self) -> bool {
        self.0 == 0
    }

    /// Misses one facet only.
    pub fn one(self) -> bool {
        self.0.is_power_of_two()
    }

    /// Passes everything but, perhaps, this facet's own ticks.
    pub fn at_most(self, facet: Facet) -> bool {
        self.0 & !(1 << facet as u16) == 0
    }
}

/// Ticked numbers of one facet; `None` = nothing ticked.
type Ticked = Option<Vec<bool>>;

/// The filters of one request, lowered to the numbers of one catalog.
pub(super) struct Matcher<'c> {
    catalog: &'c Catalog,
    agents: Ticked,
    projects: Ticked,
    repos: Ticked,
    models: Ticked,
    branches: Ticked,
    tools: Ticked,
    tags: HashSet<&'c str>,
    tagged: bool,
    starred: bool,
    days: Option<(i32, i32)>,
    words: Vec<String>,
}

fn ticked(values: &[String], names: &Names) -> Ticked {
    if values.is_empty() {
        return None;
    }
    let mut flags = vec![false; names.len()];
    for id in values.iter().filter_map(|value| names.find(value)) {
        flags[id as usize] = true;
    }
    Some(flags)
}

fn passes(ticked: &Ticked, ids: &[u32]) -> bool {
    match ticked {
        None => true,
        Some(flags) => ids.iter().any(|id| flags.get(*id as usize) == Some(&true)),
    }
}

impl<'c> Matcher<'c> {
    pub fn new(catalog: &'c Catalog, filters: &'c Filters, text: &str) -> Matcher<'c> {
        let tables = &catalog.tables;
        let days = (filters.from.is_some() || filters.to.is_some()).then(|| {
            (
                filters.from.map_or(i32::MIN, |day| day.0),
                filters.to.map_or(i32::MAX, |day| day.0),
            )
        });
        Matcher {
            catalog,
            agents: ticked(&filters.agents, &tables.agents),
            projects: ticked(&filters.projects, &tables.paths),
            repos: ticked(&filters.repos, &tables.repos),
            models: ticked(&filters.models, &tables.models),
            branches: ticked(&filters.branches, &tables.branches),
            tools: ticked(&filters.tools, &tables.tools),
            tags: filters.tags.iter().map(String::as_str).collect(),
            tagged: !filters.tags.is_empty(),
            starred: filters.starred,
            days,
            words: text.split_whitespace().map(fold).collect(),
        }
    }

    pub fn misses(&self, entry: &Entry) -> Misses {
        if self.starred && !self.catalog.starred.contains(&entry.sid) {
            return Misses::OUT;
        }
        if !self
            .words
            .iter()
            .all(|word| entry.folded().contains(word.as_str()))
        {
            return Misses::OUT;
        }
        let mut misses = Misses::default();
        let mut check = |facet, ticked: &Ticked, ids: &[u32]| {
            if !passes(ticked, ids) {
                misses.add(facet);
            }
        };
        check(Facet::Agent, &self.agents, &[u32::from(entry.agent)]);
        check(Facet::Project, &self.projects, &[entry.project]);
        check(
            Facet::Repo,
            &self.repos,
            &[self.catalog.project(entry).repo],
        );
        check(Facet::Model, &self.models, &entry.models);
        check(Facet::Branch, &self.branches, &entry.branches);
        check(Facet::Tool, &self.tools, &entry.tools);
        if self.tagged {
            let tags = self.catalog.tags.get(&entry.sid);
            if !tags.is_some_and(|tags| tags.iter().any(|tag| self.tags.contains(tag.as_str()))) {
                misses.add(Facet::Tag);
            }
        }
        if self.days.is_some_and(|(from, to)| !entry.lies_in(from, to)) {
            misses.add(Facet::Day);
        }
        misses
    }
}

/// Counts sessions per facet value, each facet without its own ticks.
pub(super) struct FacetCounts<'c> {
    catalog: &'c Catalog,
    agents: Vec<u64>,
    projects: Vec<u64>,
    repos: Vec<u64>,
    models: Vec<u64>,
    branches: Vec<u64>,
    tools: Vec<u64>,
    tags: HashMap<&'c str, u64>,
    /// First day -> +1, day behind the last -> -1.
    days: BTreeMap<i32, i64>,
}

impl<'c> FacetCounts<'c> {
    pub fn new(catalog: &'c Catalog) -> FacetCounts<'c> {
        let t = &catalog.tables;
        FacetCounts {
            catalog,
            agents: vec![0; t.agents.len()],
            projects: vec![0; t.paths.len()],
            repos: vec![0; t.repos.len()],
            models: vec![0; t.models.len()],
            branches: vec![0; t.branches.len()],
            tools: vec![0; t.tools.len()],
            tags: HashMap::new(),
            days: BTreeMap::new(),
        }
    }

    pub fn add(&mut self, entry: &Entry, misses: Misses) {
        let count = |facet, counts: &mut Vec<u64>, ids: &[u32]| {
            if misses.at_most(facet) {
                for id in ids.iter().filter(|id| **id != NONE) {
                    counts[*id as usize] += 1;
                }
            }
        };
        count(Facet::Agent, &mut self.agents, &[u32::from(entry.agent)]);
        count(Facet::Project, &mut self.projects, &[entry.project]);
        count(
            Facet::Repo,
            &mut self.repos,
            &[self.catalog.project(entry).repo],
        );
        count(Facet::Model, &mut self.models, &entry.models);
        count(Facet::Branch, &mut self.branches, &entry.branches);
        count(Facet::Tool, &mut self.tools, &entry.tools);
        if misses.at_most(Facet::Tag)
            && let Some(tags) = self.catalog.tags.get(&entry.sid)
        {
            for tag in tags {
                *self.tags.entry(tag).or_default() += 1;
            }
        }
        if misses.at_most(Facet::Day) && entry.first_day <= entry.last_day {
            *self.days.entry(entry.first_day).or_default() += 1;
            *self.days.entry(entry.last_day + 1).or_default() -= 1;
        }
    }

    /// Facets in the order of the side bar, values by count.
    pub fn lists(&self, filters: &Filters) -> Vec<FacetList> {
        let t = &self.catalog.tables;
        vec![
            list("agent", pairs(&t.agents, &self.agents), &filters.agents),
            list(
                "project",
                pairs(&t.paths, &self.projects),
                &filters.projects,
            ),
            list("repo", pairs(&t.repos, &self.repos), &filters.repos),
            list("model", pairs(&t.models, &self.models), &filters.models),
            list(
                "branch",
                pairs(&t.branches, &self.branches),
                &filters.branches,
            ),
            list("tool", pairs(&t.tools, &self.tools), &filters.tools),
            list(
                "tag",
                self.tags.iter().map(|(tag, count)| (*tag, *count)),
                &filters.tags,
            ),
        ]
    }

    /// Local days that a session's span covers, with how many; oldest first. What a day shows here
    /// is what filtering by that day alone gives.
    pub fn days(&self) -> Vec<(Day, u32)> {
        let mut days = Vec::new();
        let mut open = 0;
        let mut from = i32::MIN;
        for (day, change) in &self.days {
            if open > 0 {
                days.extend((from..*day).map(|day| (Day(day), open as u32)));
            }
            open += change;
            from = *day;
        }
        days
    }
}

fn pairs<'a>(names: &'a Names, counts: &'a [u64]) -> impl Iterator<Item = (&'a str, u64)> {
    names.iter().zip(counts.iter().copied())
}

/// Values beyond these are reachable by typing, not by ticking.
const MAX_VALUES: usize = 200;

/// One facet from its counts: most first, ticked values always there (with 0 when nothing has them).
pub(super) fn list<'a>(
    field: &'static str,
    counts: impl Iterator<Item = (&'a str, u64)>,
    ticked: &[String],
) -> FacetList {
    let is_ticked = |value: &str| ticked.iter().any(|t| t == value);
    let mut values: Vec<FacetValue> = counts
        .filter(|(value, count)| *count > 0 || is_ticked(value))
        .map(|(value, count)| facet_value(field, value, count, is_ticked(value)))
        .collect();
    for value in ticked {
        if !values.iter().any(|known| known.value == *value) {
            values.push(facet_value(field, value, 0, true));
        }
    }
    values.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
    let mut kept = 0;
    values.retain(|value| {
        kept += 1;
        kept <= MAX_VALUES || value.ticked
    });
    FacetList { field, values }
}

fn facet_value(field: &str, value: &str, count: u64, ticked: bool) -> FacetValue {
    let info = (field == "agent").then(|| agents::info(value)).flatten();
    let label = match (info, field) {
        (Some(info), _) => info.name,
        (None, "project" | "repo") => last_segment(value),
        _ => value,
    };
    FacetValue {
        value: value.to_owned(),
        label: label.to_owned(),
        count,
        ticked,
        color: info.map(|info| info.color),
    }
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
