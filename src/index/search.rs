//! A request answered: tiers, the pass, and the page's passages.

use super::groups::Group;
use super::lower::{Lowered, lower};
use super::marks::Marks;
use super::pass::{Pass, score_of};
use super::plain::{Clause, boolean, constant, everything};
use super::plan::Plan;
use super::rows::{Row, RowCache};
use super::schema::Fields;
use super::snippet::passage;
use super::stored::Store;
use super::word::Scale;
use super::{Match, SearchRequest, SearchResponse, SessionHit, Snippet, Sort};
use crate::model::Sid;
use crate::query::{Field, Node};
use std::sync::Arc;
use tantivy::query::{EnableScoring, Occur, Query, TermQuery, Weight};
use tantivy::schema::IndexRecordOption;
use tantivy::{Searcher, SegmentReader, Term};

/// With so few sessions to look into, their documents are walked and not the words'.
const FEW_SESSIONS: usize = 16;
/// Documents in the index from which a second thread pays.
const TWO_THREADS_FROM: usize = 100_000;
/// The count of matches raises a session's score by at most this share.
const COUNT_SHARE: f32 = 0.2;

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
    let restrict = restrictions(searcher, fields, request)?;
    let run = Run {
        searcher,
        fields,
        rows: cache.of(searcher)?,
        newest: newest(searcher)?,
        request,
        plan: &plan,
        restrict,
    };
    let Some(text) = &request.query.text else {
        let all = Lowered {
            query: everything(),
            marks: Marks::default(),
            scale: Scale::new(0),
            corrected: Vec::new(),
        };
        return run.tier(all, Match::AllWords);
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
        let sids = only.iter().enumerate().filter(|(_, yes)| **yes);
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
fn newest(searcher: &Searcher) -> tantivy::Result<i64> {
    let mut newest = i64::MIN;
    for segment in searcher.segment_readers() {
        newest = newest.max(segment.fast_fields().i64("ts")?.max_value());
    }
    Ok(newest)
}

struct Run<'a> {
    searcher: &'a Searcher,
    fields: Fields,
    /// By segment.
    rows: Vec<Arc<Vec<Row>>>,
    newest: i64,
    request: &'a SearchRequest,
    plan: &'a Plan,
    restrict: Vec<Clause>,
}

impl Run<'_> {
    fn tier(&self, lowered: Lowered, tier: Match) -> tantivy::Result<SearchResponse> {
        let request = self.request;
        let query = self.restricted(lowered.query);
        let scoring = match self.plan.sort {
            Sort::Relevance => EnableScoring::enabled_from_searcher(self.searcher),
            _ => EnableScoring::disabled_from_searcher(self.searcher),
        };
        let weight = query.weight(scoring)?;
        let mut pass = self.pass(weight.as_ref(), lowered.scale)?;
        let mut response = SearchResponse {
            tier,
            messages: pass.messages,
            sessions: pass.groups.list.len() as u64,
            hidden_messages: pass.hidden_messages,
            hidden_sessions: pass.hidden_sessions,
            facets: pass.facets(),
            corrected: lowered.corrected,
            hits: Vec::new(),
        };
        let (offset, limit) = (request.offset, request.limit);
        let page = match self.plan.sort {
            Sort::Relevance => pass.groups.page(offset, limit, |g| f64::from(score(g))),
            _ => pass.groups.page(offset, limit, |g| g.best()[0].key as f64),
        };
        let mut store = Store::new(self.searcher, self.fields);
        for group in page {
            response
                .hits
                .push(self.hit(&group, &lowered.marks, &mut store)?);
        }
        Ok(response)
    }

    /// The pass over all segments, on two threads when there is much to pass over.
    fn pass(&self, weight: &dyn Weight, scale: Scale) -> tantivy::Result<Pass<'_>> {
        let segments = self.searcher.segment_readers();
        let over = |ords: &[usize]| -> tantivy::Result<Pass<'_>> {
            let request = self.request;
            let attrs = &request.attrs;
            let mut pass = Pass::new(self.plan, attrs, &request.zone, scale, self.newest);
            for &ord in ords {
                pass.segment(ord as u32, &segments[ord], self.rows[ord].clone(), weight)?;
            }
            Ok(pass)
        };
        let (left, right) = halves(segments);
        if right.is_empty() {
            return over(&left);
        }
        std::thread::scope(|scope| {
            let other = scope.spawn(|| over(&right));
            let mut pass = over(&left)?;
            let other = other.join();
            pass.absorb(other.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            Ok(pass)
        })
    }

    fn restricted(&self, query: Box<dyn Query>) -> Box<dyn Query> {
        if self.restrict.is_empty() {
            return query;
        }
        let mut clauses: Vec<Clause> = vec![(Occur::Must, query)];
        for (occur, query) in &self.restrict {
            clauses.push((*occur, query.box_clone()));
        }
        boolean(clauses)
    }

    fn hit(
        &self,
        group: &Group,
        marks: &Marks,
        store: &mut Store<'_>,
    ) -> tantivy::Result<SessionHit> {
        let mut snippets = Vec::new();
        for best in group.best().iter().take(self.request.snippets) {
            let message = store.message(best.address)?;
            let passage = passage(&message.text, marks);
            snippets.push(Snippet {
                seq: message.seq,
                role: message.role,
                tool: message.meta.tool.map(|tool| tool.name).unwrap_or_default(),
                at: message.at,
                text: passage.text,
                marks: passage.marks,
                cut_before: passage.cut_before,
                cut_after: passage.cut_after,
            });
        }
        let score = match self.plan.sort {
            Sort::Relevance => score(group),
            _ => 0.0,
        };
        Ok(SessionHit {
            sid: Sid(group.sid),
            score,
            count: group.count,
            snippets,
        })
    }
}

/// Ordinals of the segments in two parts of about as many documents; the second is empty when one
/// thread has done it all before another has begun.
fn halves(segments: &[SegmentReader]) -> (Vec<usize>, Vec<usize>) {
    let size = |ord: &usize| segments[*ord].max_doc() as usize;
    let mut ords: Vec<usize> = (0..segments.len()).collect();
    if ords.iter().map(size).sum::<usize>() < TWO_THREADS_FROM {
        return (ords, Vec::new());
    }
    ords.sort_by_key(|ord| std::cmp::Reverse(size(ord)));
    let (mut left, mut right) = ((Vec::new(), 0), (Vec::new(), 0));
    for ord in ords {
        let lighter = if left.1 <= right.1 {
            &mut left
        } else {
            &mut right
        };
        lighter.0.push(ord);
        lighter.1 += size(&ord);
    }
    (left.0, right.0)
}

/// The best message decides; many messages help a little.
fn score(group: &Group) -> f32 {
    let best = group.best().first().map_or(0.0, |best| score_of(best.key));
    let many = (group.count as f32).ln() * 0.02;
    best * (1.0 + many.min(COUNT_SHARE))
}
