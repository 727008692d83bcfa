//! One query run: the pass over the segments, the page, and its passages.

use super::groups::Group;
use super::lower::Lowered;
use super::marks::Marks;
use super::pass::{Pass, score_of};
use super::plain::{Clause, boolean};
use super::plan::Plan;
use super::rows::Unpacked;
use super::schema::Fields;
use super::snippet::passage;
use super::stored::Store;
use super::word::Scale;
use super::{Match, SearchRequest, SearchResponse, SessionHit, Snippet, Sort};
use crate::model::Sid;
use std::sync::Arc;
use tantivy::query::{EnableScoring, Occur, Query, Weight};
use tantivy::{DocAddress, Searcher, SegmentReader};

/// Documents in the index from which a second thread pays.
const TWO_THREADS_FROM: usize = 20_000;
/// The same for sessions on a page.
const TWO_THREADS_FROM_HITS: usize = 6;
/// The count of matches raises a session's score by at most this share.
const COUNT_SHARE: f32 = 0.2;

/// One request against one searcher; each tier is a run.
pub(super) struct Run<'a> {
    pub searcher: &'a Searcher,
    pub fields: Fields,
    /// By segment.
    pub columns: Vec<Arc<Unpacked>>,
    pub newest: i64,
    pub request: &'a SearchRequest,
    pub plan: &'a Plan,
    pub restrict: Vec<Clause>,
}

impl Run<'_> {
    pub fn tier(&self, lowered: Lowered, tier: Match) -> tantivy::Result<SearchResponse> {
        let request = self.request;
        let everything = request.query.text.is_none() && self.restrict.is_empty();
        let query = self.restricted(lowered.query);
        let scoring = match self.plan.sort {
            Sort::Relevance => EnableScoring::enabled_from_searcher(self.searcher),
            _ => EnableScoring::disabled_from_searcher(self.searcher),
        };
        let weight = query.weight(scoring)?;
        let weight = (!everything).then_some(weight.as_ref());
        let mut pass = self.pass(weight, lowered.scale)?;
        let (counts, near) = pass.sessions();
        let mut response = SearchResponse {
            tier,
            counts,
            near,
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
        response.hits = self.hits(&page, &lowered.marks)?;
        Ok(response)
    }

    /// Ordinals of all messages that match, in order.
    pub fn seqs(&self, query: Box<dyn Query>) -> tantivy::Result<Vec<u32>> {
        let query = self.restricted(query);
        let weight = query.weight(EnableScoring::disabled_from_searcher(self.searcher))?;
        let request = self.request;
        let mut pass = Pass::new(
            self.plan,
            &request.attrs,
            &request.zone,
            Scale::new(0),
            self.newest,
        );
        pass.listed = Some(Vec::new());
        for (ord, segment) in self.searcher.segment_readers().iter().enumerate() {
            let columns = self.columns[ord].clone();
            pass.segment(ord as u32, segment, columns, Some(weight.as_ref()))?;
        }
        let seq_of = |address: &DocAddress| {
            let columns = &self.columns[address.segment_ord as usize];
            columns.seq.get_val(address.doc_id) as u32
        };
        let listed = pass.listed.unwrap_or_default();
        let mut seqs: Vec<u32> = listed.iter().map(seq_of).collect();
        seqs.sort_unstable();
        seqs.dedup();
        Ok(seqs)
    }

    /// The pass over all segments, on two threads when there is much to pass over.
    fn pass(&self, weight: Option<&dyn Weight>, scale: Scale) -> tantivy::Result<Pass<'_>> {
        let segments = self.searcher.segment_readers();
        let over = |ords: &[usize]| -> tantivy::Result<Pass<'_>> {
            let request = self.request;
            let attrs = &request.attrs;
            let mut pass = Pass::new(self.plan, attrs, &request.zone, scale, self.newest);
            for &ord in ords {
                pass.segment(
                    ord as u32,
                    &segments[ord],
                    self.columns[ord].clone(),
                    weight,
                )?;
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

    /// The page with its passages. Most of the time goes into unpacking stored blocks, so two
    /// threads share it.
    fn hits(&self, page: &[Group], marks: &Marks) -> tantivy::Result<Vec<SessionHit>> {
        let some = |groups: &[Group]| -> tantivy::Result<Vec<SessionHit>> {
            let mut store = Store::with(self.searcher, self.fields, &self.columns);
            let hits = groups
                .iter()
                .map(|group| self.hit(group, marks, &mut store));
            hits.collect()
        };
        if page.len() < TWO_THREADS_FROM_HITS || self.request.snippets == 0 {
            return some(page);
        }
        let (left, right) = page.split_at(page.len() / 2);
        std::thread::scope(|scope| {
            let other = scope.spawn(|| some(right));
            let mut hits = some(left)?;
            let other = other.join();
            hits.extend(other.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            Ok(hits)
        })
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
