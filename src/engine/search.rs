//! Search: the question lowered for the index, its answer joined with sessions.

use super::catalog::{Catalog, NONE};
use super::filter::list;
use super::names::fold;
use super::view::*;
use super::{Engine, Found};
use crate::index::{SearchRequest, Ticks};
use crate::model::Day;
use crate::query::{self, Field, Query};
use anyhow::Result;
use std::sync::Arc;
use std::time::Instant;

/// Passages per session.
const SNIPPETS: usize = 3;

impl Engine {
    pub(super) fn answer(&self, asked: &SearchQuery) -> Result<SearchPage> {
        let started = Instant::now();
        let filling = !self.status.get().index_complete;
        let Some(index) = self.index.get() else {
            return Ok(SearchPage {
                filling: true,
                ..SearchPage::default()
            });
        };
        let catalog = self.catalog.get()?;
        let query = query::parse(&asked.text, self.today());
        let only = match self.only(&catalog, asked, &query)? {
            Only::Nothing => {
                return Ok(SearchPage {
                    filling,
                    ..SearchPage::default()
                });
            }
            Only::These(sids) => Some(Arc::new(sids)),
            Only::All => None,
        };
        let request = SearchRequest {
            ticks: self.ticks(asked),
            include_hidden: asked.filters.include_helpers,
            query,
            sort: asked.sort,
            offset: asked.offset,
            limit: asked.limit,
            snippets: SNIPPETS,
            only,
            attrs: catalog.attrs.clone(),
            zone: self.config.zone.clone(),
            facets: true,
        };
        // asked first: an answer of the new index must not be called one of the earlier
        let earlier = index.earlier().is_some_and(|earlier| earlier.serves);
        let found = index.search(&request)?;
        let mut desk = self.desk(&catalog)?;
        let mut hits = Vec::with_capacity(found.hits.len());
        for hit in found.hits {
            if let Some(entry) = catalog.get(hit.sid) {
                let card = desk.card(entry, &[])?;
                hits.push(SearchHit {
                    card,
                    count: hit.count,
                    snippets: hit.snippets,
                });
            }
        }
        let end = asked.offset.saturating_add(asked.limit);
        let ticked = &asked.filters;
        let roles: Vec<String> = asked
            .roles
            .iter()
            .map(|role| role.as_str().to_owned())
            .collect();
        let facet = |field, counts: &[(String, u64)], ticks: &[String]| {
            list(
                field,
                counts.iter().map(|(value, count)| (value.as_str(), *count)),
                ticks,
            )
        };
        Ok(SearchPage {
            tier: found.tier,
            messages: found.messages,
            sessions: found.sessions,
            hidden_messages: found.hidden_messages,
            hidden_sessions: found.hidden_sessions,
            hits,
            facets: vec![
                facet("agent", &found.facets.agents, &ticked.agents),
                facet("project", &found.facets.projects, &ticked.projects),
                facet("role", &found.facets.roles, &roles),
                facet("tool", &found.facets.tools, &ticked.tools),
                facet("model", &found.facets.models, &ticked.models),
            ],
            days: found.facets.days,
            corrected: found.corrected,
            next: (found.sessions > end as u64).then_some(end),
            micros: started.elapsed().as_micros() as u64,
            filling,
            earlier,
        })
    }

    fn ticks(&self, asked: &SearchQuery) -> Ticks {
        let pricer = self.catalog.pricer();
        let filters = &asked.filters;
        let next = |day: Day| Day(day.0.saturating_add(1));
        Ticks {
            agents: filters.agents.clone(),
            projects: filters.projects.clone(),
            roles: asked.roles.clone(),
            tools: filters.tools.clone(),
            models: filters.models.clone(),
            from: filters.from.map(|day| pricer.midnight_of(day)),
            to: filters.to.map(|day| pricer.midnight_of(next(day))),
        }
    }

    /// What only sessions know: repository, branch, tag, star, and being the one that is asked for.
    fn only(&self, catalog: &Catalog, asked: &SearchQuery, query: &Query) -> Result<Only> {
        let filters = &asked.filters;
        let session = match asked.session.as_deref().filter(|id| !id.is_empty()) {
            None => None,
            Some(id) => match self.find(id)? {
                Found::One(sid) => Some(sid),
                Found::None | Found::Many(_) => return Ok(Only::Nothing),
            },
        };
        let branches = Branches::of(query);
        let free = filters.repos.is_empty()
            && filters.branches.is_empty()
            && filters.tags.is_empty()
            && !filters.starred
            && branches.is_empty()
            && session.is_none();
        if free {
            return Ok(Only::All);
        }
        let mut sids = vec![false; catalog.end()];
        for entry in catalog.iter() {
            let repo = catalog.project(entry).repo;
            let repo = (repo != NONE).then(|| catalog.tables.repos.get(repo));
            let any = |values: &[String], has: &dyn Fn(&str) -> bool| {
                values.is_empty() || values.iter().any(|value| has(value))
            };
            let tags = catalog.tags.get(&entry.sid);
            sids[entry.sid.0 as usize] = session.is_none_or(|sid| sid == entry.sid)
                && any(&filters.repos, &|value| repo == Some(value))
                && any(&filters.branches, &|value| {
                    entry.summary.branches.iter().any(|branch| branch == value)
                })
                && any(&filters.tags, &|value| {
                    tags.is_some_and(|tags| tags.iter().any(|tag| tag == value))
                })
                && (!filters.starred || catalog.starred.contains(&entry.sid))
                && branches.pass(&entry.summary.branches);
        }
        Ok(Only::These(sids))
    }
}

enum Only {
    All,
    These(Vec<bool>),
    /// Restricted to a session that there is not.
    Nothing,
}

/// `branch:` of the query text: any of the wanted, none of the others; case and accents aside, a
/// part of the name is enough.
struct Branches {
    wanted: Vec<String>,
    unwanted: Vec<String>,
}

impl Branches {
    fn of(query: &Query) -> Branches {
        let values = |negated: bool| {
            let of_kind = query
                .filters
                .iter()
                .filter(move |filter| filter.negated == negated);
            of_kind
                .filter_map(|filter| match &filter.field {
                    Field::Branch(value) => Some(fold(value)),
                    _ => None,
                })
                .collect()
        };
        Branches {
            wanted: values(false),
            unwanted: values(true),
        }
    }

    fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.unwanted.is_empty()
    }

    fn pass(&self, branches: &[String]) -> bool {
        let has = |value: &String| {
            branches
                .iter()
                .any(|branch| fold(branch).contains(value.as_str()))
        };
        (self.wanted.is_empty() || self.wanted.iter().any(has)) && !self.unwanted.iter().any(has)
    }
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
