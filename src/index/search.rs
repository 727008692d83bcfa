//! A request answered: the tiers, one after the other, until something is found.

use super::lower::{Lowered, lower};
use super::marks::Marks;
use super::plain::{Clause, boolean, constant, everything};
use super::plan::Plan;
use super::rows::{RowCache, Unpacked};
use super::run::Run;
use super::schema::Fields;
use super::word::Scale;
use super::{Marker, Match, SearchRequest, SearchResponse, Sort, Standing, Within};
use crate::query::{Field, Node};
use std::sync::Arc;
use tantivy::query::{Occur, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{Searcher, Term};

/// With so few sessions to look into, their documents are walked and not the words'.
const FEW_SESSIONS: usize = 16;

pub(super) fn search(
    searcher: &Searcher,
    fields: Fields,
    cache: &RowCache,
    request: &SearchRequest,
) -> tantivy::Result<SearchResponse> {
    let sort = match (&request.query.text, request.sort) {
        // nothing to be relevant to
        (None, Sort::Relevance) => Sort::Newest,
        (_, sort) => sort,
    };
    let plan = Plan::new(request, sort);
    let run = prepared(searcher, fields, cache, request, &plan)?;
    let Some(text) = &request.query.text else {
        return run.tier(all(), Match::AllWords);
    };
    let mut nothing = None;
    for tier in [Match::AllWords, Match::AnyWord, Match::CloseSpelling] {
        let Some(lowered) = lower(searcher, fields.text, text, tier)? else {
            continue;
        };
        let response = run.tier(lowered, tier)?;
        if response.messages + response.hidden_messages > 0 {
            return Ok(response);
        }
        nothing.get_or_insert(response);
    }
    Ok(SearchResponse {
        corrected: Vec::new(),
        ..nothing.unwrap_or_default()
    })
}

/// Every message that answers a request, in order of ordinals: for one session, which `only` names.
pub(super) fn within(
    searcher: &Searcher,
    fields: Fields,
    cache: &RowCache,
    request: &SearchRequest,
) -> tantivy::Result<Within> {
    let plan = Plan::new(request, Sort::Newest);
    let run = prepared(searcher, fields, cache, request, &plan)?;
    for tier in [Match::AllWords, Match::AnyWord, Match::CloseSpelling] {
        let lowered = match &request.query.text {
            Some(text) => lower(searcher, fields.text, text, tier)?,
            None => (tier == Match::AllWords).then(all),
        };
        let Some(lowered) = lowered else { continue };
        let seqs = run.seqs(lowered.query)?;
        if !seqs.is_empty() {
            return Ok(Within {
                tier,
                seqs,
                corrected: lowered.corrected,
                marker: Marker(Arc::new(lowered.marks)),
            });
        }
    }
    Ok(Within::default())
}

fn prepared<'a>(
    searcher: &'a Searcher,
    fields: Fields,
    cache: &RowCache,
    request: &'a SearchRequest,
    plan: &'a Plan,
) -> tantivy::Result<Run<'a>> {
    let restrict = restrictions(searcher, fields, request)?;
    let columns = cache.of(searcher)?;
    Ok(Run {
        searcher,
        fields,
        newest: newest(&columns),
        columns,
        request,
        plan,
        restrict,
    })
}

/// A question about nothing in particular.
fn all() -> Lowered {
    Lowered {
        query: everything(),
        marks: Marks::default(),
        scale: Scale::new(0),
        corrected: Vec::new(),
    }
}

/// What filters ask of the index itself: `file:`, and a handful of sessions.
fn restrictions(
    searcher: &Searcher,
    fields: Fields,
    request: &SearchRequest,
) -> tantivy::Result<Vec<Clause>> {
    let mut clauses: Vec<Clause> = Vec::new();
    let mut wanted: Vec<Clause> = Vec::new();
    for filter in &request.query.filters {
        let Field::File(value) = &filter.field else {
            continue;
        };
        let node = match value.strip_suffix('*') {
            Some(stem) => Node::Prefix(stem.to_owned()),
            None => Node::Word(value.clone()),
        };
        let Some(lowered) = lower(searcher, fields.file, &node, Match::AllWords)? else {
            continue;
        };
        if filter.negated {
            clauses.push((Occur::MustNot, lowered.query));
        } else {
            wanted.push((Occur::Should, lowered.query));
        }
    }
    if !wanted.is_empty() {
        clauses.push((Occur::Must, constant(boolean(wanted), 0.0)));
    }
    if let Some(only) = &request.only {
        let sids = only.iter().enumerate();
        let sids = sids.filter(|(_, standing)| **standing != Standing::Out);
        let sids: Vec<_> = sids.map(|(sid, _)| sid).take(FEW_SESSIONS + 1).collect();
        if (1..=FEW_SESSIONS).contains(&sids.len()) {
            let terms = sids
                .iter()
                .map(|sid| Term::from_field_u64(fields.sid, *sid as u64));
            let any: Vec<Clause> = terms
                .map(|term| -> Clause {
                    let query = TermQuery::new(term, IndexRecordOption::Basic);
                    (Occur::Should, Box::new(query))
                })
                .collect();
            clauses.push((Occur::Must, constant(boolean(any), 0.0)));
        }
    }
    Ok(clauses)
}

/// Time of the newest message of the index: what "recent" is measured from, since no clock is read
/// here.
fn newest(columns: &[Arc<Unpacked>]) -> i64 {
    let newest = columns.iter().map(|segment| segment.span.1).max();
    newest.unwrap_or(i64::MIN)
}
