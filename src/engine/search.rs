//! Search: the question lowered for the index, its answer joined with sessions.

use super::counts::list;
use super::standing::{Standings, of_sessions};
use super::view::*;
use super::{Engine, Found};
use crate::index::{SearchRequest, Ticks};
use crate::model::Day;
use crate::query;
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
        let session = match asked.session.as_deref().filter(|id| !id.is_empty()) {
            None => None,
            Some(id) => match self.find(id)? {
                Found::One(sid) => Some(sid),
                Found::None | Found::Many(_) => {
                    return Ok(SearchPage {
                        filling,
                        ..SearchPage::default()
                    });
                }
            },
        };
        let own = of_sessions(&asked.filters);
        self.price_for(&catalog, &own)?;
        if self.status.get().listing_complete {
            self.catalog.price_soon(&catalog)?;
        }
        let standings = Standings::new(&catalog, &own, &query, session);
        let request = SearchRequest {
            ticks: self.ticks(asked),
            include_hidden: asked.filters.with_helpers(),
            query,
            sort: asked.sort,
            offset: asked.offset,
            limit: asked.limit,
            snippets: SNIPPETS,
            only: standings.list().map(Arc::new),
            attrs: catalog.attrs.clone(),
            zone: self.config().zone.clone(),
            facets: true,
        };
        // asked first: an answer of the new index must not be called one of the earlier
        let earlier = index.earlier().is_some_and(|earlier| earlier.serves);
        let found = index.search(&request)?;
        let counted = standings.facets(&found);
        let [repos, branches] = counted.places(&own);
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
        let mut facets = vec![
            facet("agent", &found.facets.agents, &ticked.agents),
            facet("project", &found.facets.projects, &ticked.projects),
            repos,
            facet("role", &found.facets.roles, &roles),
            facet("tool", &found.facets.tools, &ticked.tools),
            facet("model", &found.facets.models, &ticked.models),
            branches,
        ];
        facets.extend(counted.own_lists(&own));
        Ok(SearchPage {
            tier: found.tier,
            messages: found.messages,
            sessions: found.sessions,
            hidden_messages: found.hidden_messages,
            hidden_sessions: found.hidden_sessions,
            hits,
            facets,
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
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
