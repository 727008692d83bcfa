//! One word as a query: the exact term lifted above its appearance as a part.
//!
//! A score carries two numbers: whole steps of lift in units of [`Scale`], and a BM25 sum below
//! one unit. The collector takes them apart, weights the BM25 by role and age, and adds the lift
//! unweighted: a message with the exact identifier stays above every message that has it only as a
//! part of another, however rare, short or important that one is.

use std::fmt;
use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::{Postings, SegmentPostings};
use tantivy::query::{Bm25Weight, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocId, DocSet, Score, Searcher, SegmentReader, TERMINATED, Term};

/// Score of one step of lift after unpacking.
pub(super) const STEP: f32 = 0.5;
/// Everything inexact about one word scores at most this many idf: part 0.4 x 2.2 and the
/// spellings of an identifier.
const PART_BOOST: f32 = 0.4;
pub(super) const SPELLED_BOOST: f32 = 0.2;
/// Steps per idf: above (0.88 + 3 x 0.2) x 1.3 (role) x 1.1 (age) x 1.2 (count) / STEP.
const STEPS_PER_IDF: f32 = 5.5;

/// How lift and BM25 share one `f32`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    unit: f32,
    /// One over it: a power of two, so exact.
    per_unit: f32,
}

impl Scale {
    /// A unit above the largest BM25 sum of this many terms.
    pub fn new(terms: usize) -> Scale {
        let unit = (terms.max(6) * 40).next_power_of_two() as f32;
        Scale {
            unit,
            per_unit: 1.0 / unit,
        }
    }
    pub fn lift(self, idf: f32) -> f32 {
        (idf * STEPS_PER_IDF).ceil().max(1.0) * self.unit
    }
    /// Lift (unpacked) and BM25 of a score.
    #[inline]
    pub fn split(self, score: f32) -> (f32, f32) {
        let steps = (score * self.per_unit) as u32 as f32;
        (steps * STEP, score - steps * self.unit)
    }
}

/// Collection statistics of the body field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stats {
    docs: u64,
    average: f32,
}

impl Stats {
    pub fn new(searcher: &Searcher, field: Field) -> tantivy::Result<Stats> {
        let (mut docs, mut tokens) = (0, 0);
        for segment in searcher.segment_readers() {
            docs += u64::from(segment.max_doc());
            tokens += segment.inverted_index(field)?.total_num_tokens();
        }
        Ok(Stats {
            docs,
            average: (tokens as f32 / docs.max(1) as f32).max(1.0),
        })
    }
    pub fn idf(self, freq: u64) -> f32 {
        let freq = freq.min(self.docs);
        (1.0 + ((self.docs - freq) as f32 + 0.5) / (freq as f32 + 0.5)).ln()
    }
    fn bm25(self, freq: u64, boost: f32) -> Bm25Weight {
        Bm25Weight::for_one_term_without_explain(freq.min(self.docs), self.docs, self.average)
            .boost_by(boost)
    }
}

#[derive(Clone)]
pub(super) struct WordQuery {
    exact: Option<Term>,
    part: Option<Term>,
    lift: f32,
    exact_bm25: Bm25Weight,
    part_bm25: Bm25Weight,
}

impl WordQuery {
    pub fn new(
        searcher: &Searcher,
        stats: Stats,
        scale: Scale,
        exact: Option<Term>,
        part: Option<Term>,
    ) -> tantivy::Result<WordQuery> {
        let freq = word_freq(searcher, exact.as_ref(), part.as_ref())?;
        Ok(WordQuery {
            lift: scale.lift(stats.idf(freq)),
            exact_bm25: stats.bm25(freq, 1.0),
            part_bm25: stats.bm25(freq, PART_BOOST),
            exact,
            part,
        })
    }
}

/// In how many documents a word is, as itself or as a part (at most).
pub(super) fn word_freq(
    searcher: &Searcher,
    exact: Option<&Term>,
    part: Option<&Term>,
) -> tantivy::Result<u64> {
    let mut freq = 0;
    for term in [exact, part].into_iter().flatten() {
        freq += searcher.doc_freq(term)?;
    }
    Ok(freq)
}

impl fmt::Debug for WordQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WordQuery")
            .field("exact", &self.exact)
            .field("part", &self.part)
            .finish_non_exhaustive()
    }
}

impl Query for WordQuery {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(WordWeight {
            query: self.clone(),
            scoring: scoring.is_scoring_enabled(),
        }))
    }
}

struct WordWeight {
    query: WordQuery,
    scoring: bool,
}

impl WordWeight {
    fn postings(&self, reader: &SegmentReader, term: &Option<Term>) -> Postable {
        let Some(term) = term else {
            return Ok(None);
        };
        let option = if self.scoring {
            IndexRecordOption::WithFreqs
        } else {
            IndexRecordOption::Basic
        };
        Ok(reader
            .inverted_index(term.field())?
            .read_postings(term, option)?)
    }
}

type Postable = tantivy::Result<Option<SegmentPostings>>;

impl Weight for WordWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let exact = self.postings(reader, &self.query.exact)?;
        let part = self.postings(reader, &self.query.part)?;
        let field = [&self.query.exact, &self.query.part]
            .into_iter()
            .flatten()
            .next()
            .map(|term| term.field());
        let norms = match field {
            Some(field) if self.scoring => reader.fieldnorms_readers().get_field(field)?,
            _ => None,
        };
        let mut scorer = WordScorer {
            exact: exact.unwrap_or_else(SegmentPostings::empty),
            part: part.unwrap_or_else(SegmentPostings::empty),
            doc: 0,
            norms: norms.unwrap_or_else(|| FieldNormReader::constant(reader.max_doc(), 1)),
            lift: self.query.lift * boost,
            exact_bm25: self.query.exact_bm25.boost_by(boost),
            part_bm25: self.query.part_bm25.boost_by(boost),
        };
        scorer.settle();
        Ok(Box::new(scorer))
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        let mut scorer = self.scorer(reader, 1.0)?;
        let score = if scorer.doc() <= doc && scorer.seek(doc) == doc {
            scorer.score()
        } else {
            0.0
        };
        Ok(Explanation::new("word", score))
    }
}

struct WordScorer {
    exact: SegmentPostings,
    part: SegmentPostings,
    doc: DocId,
    norms: FieldNormReader,
    lift: f32,
    exact_bm25: Bm25Weight,
    part_bm25: Bm25Weight,
}

impl WordScorer {
    fn settle(&mut self) -> DocId {
        self.doc = self.exact.doc().min(self.part.doc());
        self.doc
    }
}

impl DocSet for WordScorer {
    #[inline]
    fn advance(&mut self) -> DocId {
        if self.doc == TERMINATED {
            return TERMINATED;
        }
        if self.exact.doc() == self.doc {
            self.exact.advance();
        }
        if self.part.doc() == self.doc {
            self.part.advance();
        }
        self.settle()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        if self.exact.doc() < target {
            self.exact.seek(target);
        }
        if self.part.doc() < target {
            self.part.seek(target);
        }
        self.settle()
    }

    #[inline]
    fn doc(&self) -> DocId {
        self.doc
    }

    fn size_hint(&self) -> u32 {
        self.exact.size_hint().saturating_add(self.part.size_hint())
    }
}

impl Scorer for WordScorer {
    #[inline]
    fn score(&mut self) -> Score {
        let norm = self.norms.fieldnorm_id(self.doc);
        let mut score = 0.0;
        if self.exact.doc() == self.doc {
            score += self.lift + self.exact_bm25.score(norm, self.exact.term_freq());
        }
        if self.part.doc() == self.doc {
            score += self.part_bm25.score(norm, self.part.term_freq());
        }
        score
    }
}
