//! Finding in one session: every message, in order, not just the best.

use super::Engine;
use super::standing::Standings;
use super::view::{Filters, Inside};
use crate::index::{SearchRequest, Sort, Ticks};
use crate::model::Sid;
use crate::query;
use anyhow::Result;
use std::sync::Arc;

impl Engine {
    pub(super) fn find_inside(&self, sid: Sid, text: &str) -> Result<Inside> {
        let filling = !self.status.get().index_complete;
        let Some(index) = self.index.get() else {
            return Ok(Inside {
                filling: true,
                ..Inside::default()
            });
        };
        let catalog = self.catalog.get()?;
        let query = query::parse(text, self.today());
        let all = Filters::default();
        let only = Standings::new(&catalog, &all, &query, Some(sid)).list();
        let found = index.within(&SearchRequest {
            query,
            ticks: Ticks::default(),
            include_hidden: true,
            sort: Sort::Newest,
            offset: 0,
            limit: 0,
            snippets: 0,
            only: only.map(Arc::new),
            attrs: catalog.attrs.clone(),
            zone: self.config().zone.clone(),
            facets: false,
        })?;
        Ok(Inside {
            tier: found.tier,
            seqs: found.seqs,
            corrected: found.corrected,
            marker: found.marker,
            filling,
        })
    }
}
