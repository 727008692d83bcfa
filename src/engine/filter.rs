//! Which sessions pass, and which facets the others miss.

use super::bands;
use super::catalog::{Catalog, Entry};
use super::names::{Names, fold};
use super::view::Filters;
use std::collections::HashSet;

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
    Mcp,
    Skill,
    Helper,
    Errors,
    SubAgents,
    Cost,
    Length,
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
    mcp: Ticked,
    skills: Ticked,
    tags: HashSet<&'c str>,
    tagged: bool,
    helpers: Option<[bool; bands::HELPERS.len()]>,
    has: Option<[bool; bands::HAS.len()]>,
    costs: Option<[bool; bands::COSTS.len()]>,
    lengths: Option<[bool; bands::LENGTHS.len()]>,
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
            mcp: ticked(&filters.mcp, &tables.mcp),
            skills: ticked(&filters.skills, &tables.skills),
            helpers: bands::ticked(&bands::HELPERS, &filters.helpers),
            has: bands::ticked(&bands::HAS, &filters.has),
            costs: bands::ticked(&bands::COSTS, &filters.costs),
            lengths: bands::ticked(&bands::LENGTHS, &filters.lengths),
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
        check(Facet::Mcp, &self.mcp, &entry.mcp);
        check(Facet::Skill, &self.skills, &entry.skills);
        self.check_bands(entry, &mut misses);
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

    /// Whoever ticks costs has all sessions priced before.
    fn check_bands(&self, entry: &Entry, misses: &mut Misses) {
        if self.helpers.is_some_and(|ticked| !ticked[entry.helper()]) {
            misses.add(Facet::Helper);
        }
        if self.lengths.is_some_and(|ticked| !ticked[entry.length()]) {
            misses.add(Facet::Length);
        }
        if self
            .costs
            .is_some_and(|ticked| !entry.cost().is_some_and(|band| ticked[band]))
        {
            misses.add(Facet::Cost);
        }
        if let Some(has) = self.has {
            let there = self.catalog.has(entry);
            for (n, facet) in [Facet::Errors, Facet::SubAgents].into_iter().enumerate() {
                if has[n] && !there[n] {
                    misses.add(facet);
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
