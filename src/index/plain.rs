//! Queries whose scorers may be combined freely.
//!
//! tantivy's phrase and intersection scorers answer `seek_danger` by leaving themselves in an
//! invalid state that some of its own combinations (exclusion, union) then read. Behind this
//! wrapper a scorer only ever advances and seeks forwards.

use std::fmt;
use tantivy::query::{
    AllQuery, BooleanQuery, ConstScoreQuery, EnableScoring, Explanation, Occur, Query, Scorer,
    Weight,
};
use tantivy::{COLLECT_BLOCK_BUFFER_LEN, DocId, DocSet, Score, SegmentReader};

pub(super) struct PlainQuery(Box<dyn Query>);

pub(super) type Clause = (Occur, Box<dyn Query>);

/// Wraps a query that is about to become a clause of another.
pub(super) fn plain(query: impl Query) -> Box<dyn Query> {
    Box::new(PlainQuery(Box::new(query)))
}

pub(super) fn boolean(clauses: Vec<Clause>) -> Box<dyn Query> {
    plain(BooleanQuery::new(clauses))
}

/// What `query` finds, all with the same score.
pub(super) fn constant(query: Box<dyn Query>, score: f32) -> Box<dyn Query> {
    plain(ConstScoreQuery::new(query, score))
}

pub(super) fn everything() -> Box<dyn Query> {
    constant(Box::new(AllQuery), 0.0)
}

impl Clone for PlainQuery {
    fn clone(&self) -> Self {
        PlainQuery(self.0.box_clone())
    }
}

impl fmt::Debug for PlainQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Query for PlainQuery {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(PlainWeight(self.0.weight(scoring)?)))
    }
}

struct PlainWeight(Box<dyn Weight>);

impl Weight for PlainWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        Ok(Box::new(PlainScorer(self.0.scorer(reader, boost)?)))
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        self.0.explain(reader, doc)
    }
}

struct PlainScorer(Box<dyn Scorer>);

impl DocSet for PlainScorer {
    #[inline]
    fn advance(&mut self) -> DocId {
        self.0.advance()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        let doc = self.0.doc();
        if doc >= target {
            doc
        } else {
            self.0.seek(target)
        }
    }

    fn fill_buffer(&mut self, buffer: &mut [DocId; COLLECT_BLOCK_BUFFER_LEN]) -> usize {
        self.0.fill_buffer(buffer)
    }

    #[inline]
    fn doc(&self) -> DocId {
        self.0.doc()
    }

    fn size_hint(&self) -> u32 {
        self.0.size_hint()
    }

    fn cost(&self) -> u64 {
        self.0.cost()
    }
}

impl Scorer for PlainScorer {
    #[inline]
    fn score(&mut self) -> Score {
        self.0.score()
    }
}
