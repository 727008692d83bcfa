//! What each facet would show without its own ticks.

use super::bands;
use super::catalog::{Catalog, Entry, NONE};
use super::filter::{Facet, Misses};
use super::names::{Names, last_segment};
use super::view::{FacetList, FacetValue, Filters};
use crate::agents;
use crate::model::Day;
use std::collections::{BTreeMap, HashMap};

/// Counts sessions per facet value, each facet without its own ticks.
pub(super) struct FacetCounts<'c> {
    catalog: &'c Catalog,
    agents: Vec<u64>,
    projects: Vec<u64>,
    repos: Vec<u64>,
    models: Vec<u64>,
    branches: Vec<u64>,
    tools: Vec<u64>,
    mcp: Vec<u64>,
    skills: Vec<u64>,
    tags: HashMap<&'c str, u64>,
    helpers: [u64; bands::HELPERS.len()],
    has: [u64; bands::HAS.len()],
    costs: [u64; bands::COSTS.len()],
    lengths: [u64; bands::LENGTHS.len()],
    /// Some session has no price yet: costs are not told.
    unpriced: bool,
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
            mcp: vec![0; t.mcp.len()],
            skills: vec![0; t.skills.len()],
            tags: HashMap::new(),
            helpers: Default::default(),
            has: Default::default(),
            costs: Default::default(),
            lengths: Default::default(),
            unpriced: false,
            days: BTreeMap::new(),
        }
    }

    pub fn add(&mut self, entry: &Entry, misses: Misses) {
        let one = |facet, counts: &mut Vec<u64>, ids: &[u32]| count(misses, facet, counts, ids, 1);
        one(Facet::Agent, &mut self.agents, &[u32::from(entry.agent)]);
        one(Facet::Project, &mut self.projects, &[entry.project]);
        one(Facet::Model, &mut self.models, &entry.models);
        one(Facet::Tool, &mut self.tools, &entry.tools);
        if misses.at_most(Facet::Day) && entry.first_day <= entry.last_day {
            *self.days.entry(entry.first_day).or_default() += 1;
            *self.days.entry(entry.last_day + 1).or_default() -= 1;
        }
        self.add_helper(entry, misses);
        self.add_own(entry, misses, 1);
    }

    /// A session that only its being a helper run keeps from the list.
    pub fn add_helper(&mut self, entry: &Entry, misses: Misses) {
        if misses.at_most(Facet::Helper) {
            self.helpers[entry.helper()] += 1;
        }
    }

    /// What only sessions know, `n` times: a search counts messages.
    pub fn add_own(&mut self, entry: &Entry, misses: Misses, n: u64) {
        let each = |facet, counts: &mut Vec<u64>, ids: &[u32]| count(misses, facet, counts, ids, n);
        let repo = self.catalog.project(entry).repo;
        each(Facet::Repo, &mut self.repos, &[repo]);
        each(Facet::Branch, &mut self.branches, &entry.branches);
        each(Facet::Mcp, &mut self.mcp, &entry.mcp);
        each(Facet::Skill, &mut self.skills, &entry.skills);
        if misses.at_most(Facet::Tag)
            && !self.catalog.tags.is_empty()
            && let Some(tags) = self.catalog.tags.get(&entry.sid)
        {
            for tag in tags {
                *self.tags.entry(tag).or_default() += n;
            }
        }
        if misses.at_most(Facet::Length) {
            self.lengths[entry.length()] += n;
        }
        match entry.cost() {
            Some(band) if misses.at_most(Facet::Cost) => self.costs[band] += n,
            Some(_) => {}
            None => self.unpriced = true,
        }
        if misses.at_most(Facet::Errors) || misses.at_most(Facet::SubAgents) {
            let has = self.catalog.has(entry);
            for (at, facet) in [Facet::Errors, Facet::SubAgents].into_iter().enumerate() {
                if has[at] && misses.at_most(facet) {
                    self.has[at] += n;
                }
            }
        }
    }

    /// Facets in the order of the side bar, values by count.
    pub fn lists(&self, filters: &Filters) -> Vec<FacetList> {
        let t = &self.catalog.tables;
        let [repo, branch] = self.places(filters);
        let mut lists = vec![
            list("agent", pairs(&t.agents, &self.agents), &filters.agents),
            list(
                "project",
                pairs(&t.paths, &self.projects),
                &filters.projects,
            ),
            repo,
            list("model", pairs(&t.models, &self.models), &filters.models),
            branch,
            list("tool", pairs(&t.tools, &self.tools), &filters.tools),
        ];
        lists.extend(self.own_lists(filters));
        lists.push(FacetList {
            field: "helper",
            values: bands::values(&bands::HELPERS, &self.helpers, &filters.helpers),
            pending: false,
        });
        lists
    }

    /// Those of [`FacetCounts::add_own`] but for repository and branch.
    pub fn own_lists(&self, filters: &Filters) -> Vec<FacetList> {
        let t = &self.catalog.tables;
        let closed = |field, bands, counts, ticks| FacetList {
            field,
            values: bands::values(bands, counts, ticks),
            pending: false,
        };
        let mut tags = list(
            "tag",
            self.tags.iter().map(|(tag, count)| (*tag, *count)),
            &filters.tags,
        );
        for value in &mut tags.values {
            value.color = Some(self.catalog.color(&value.value));
        }
        vec![
            tags,
            list("mcp", pairs(&t.mcp, &self.mcp), &filters.mcp),
            list("skill", pairs(&t.skills, &self.skills), &filters.skills),
            closed("has", &bands::HAS, &self.has, &filters.has),
            FacetList {
                field: "cost",
                values: match self.unpriced {
                    true => bands::values(&bands::COSTS, &[1; bands::COSTS.len()], &filters.costs),
                    false => bands::values(&bands::COSTS, &self.costs, &filters.costs),
                },
                pending: self.unpriced,
            },
            closed("length", &bands::LENGTHS, &self.lengths, &filters.lengths),
        ]
    }

    /// Repository and branch.
    pub fn places(&self, filters: &Filters) -> [FacetList; 2] {
        let t = &self.catalog.tables;
        [
            list("repo", pairs(&t.repos, &self.repos), &filters.repos),
            list(
                "branch",
                pairs(&t.branches, &self.branches),
                &filters.branches,
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

fn count(misses: Misses, facet: Facet, counts: &mut [u64], ids: &[u32], n: u64) {
    if misses.at_most(facet) {
        for id in ids.iter().filter(|id| **id != NONE) {
            counts[*id as usize] += n;
        }
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
    FacetList {
        field,
        values,
        pending: false,
    }
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
