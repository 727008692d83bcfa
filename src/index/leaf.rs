//! Words, phrases and prefixes as queries.

use super::lower::{Clauses, Lowering, combine};
use super::plain::{boolean, constant, plain};
use super::spelling;
use super::token::PART;
use super::unit::Unit;
use super::word::{SPELLED_BOOST, WordQuery, word_freq};
use std::ops::Bound;
use tantivy::Term;
use tantivy::query::{InvertedIndexRangeQuery, Occur, PhrasePrefixQuery, PhraseQuery, Query};

/// From this many terms on, a prefix behind other words of a glued word is not held to its place.
const MAX_PHRASE_EXPANSIONS: usize = 1024;

impl Lowering<'_> {
    pub(super) fn text(
        &mut self,
        units: &[Unit],
        exact: bool,
    ) -> tantivy::Result<Option<Box<dyn Query>>> {
        match units {
            [] => Ok(None),
            [unit] => self.word(unit, exact, false).map(Some),
            units => Ok(Some(self.phrase(units))),
        }
    }

    pub(super) fn term(&self, text: &str) -> Term {
        Term::from_field_text(self.field, text)
    }

    pub(super) fn part(&self, text: &str) -> Term {
        self.term(&as_part(text))
    }

    pub(super) fn word_query(
        &self,
        whole: &str,
        parts_too: bool,
    ) -> tantivy::Result<Box<dyn Query>> {
        let part = parts_too.then(|| self.part(whole));
        let exact = Some(self.term(whole));
        Ok(Box::new(WordQuery::new(
            self.searcher,
            self.stats,
            self.scale,
            exact,
            part,
        )?))
    }

    /// Exactly this word, or it as a part, or (an identifier) its parts in one other identifier or
    /// as words in a row; `loose`: or its parts anywhere.
    pub(super) fn word(
        &mut self,
        unit: &Unit,
        exact: bool,
        loose: bool,
    ) -> tantivy::Result<Box<dyn Query>> {
        let leaf = self.marks.leaf();
        let whole = unit.whole.as_deref().unwrap_or_default();
        self.marks.term(leaf, whole.to_owned());
        let parts_too = !exact || unit.lone_cjk();
        if parts_too {
            self.marks.term(leaf, as_part(whole));
        }
        let word = self.word_query(whole, parts_too)?;
        let spelled = unit.spelled();
        if exact || spelled.len() < 2 {
            return Ok(word);
        }
        let freq = word_freq(
            self.searcher,
            Some(&self.term(whole)),
            Some(&self.part(whole)),
        )?;
        let score = SPELLED_BOOST * self.stats.idf(freq);
        let together: Vec<_> = unit.parts.iter().map(|p| (0, as_part(&p.0))).collect();
        let in_a_row: Vec<_> = spelled
            .iter()
            .map(|s| (*s).to_owned())
            .enumerate()
            .collect();
        let mut clauses: Clauses = vec![(Occur::Should, word)];
        for terms in [together, in_a_row] {
            self.marks.phrase(leaf, &terms);
            let phrase = self.phrase_query(&terms);
            clauses.push((Occur::Should, constant(phrase, score)));
        }
        if loose {
            let mut anywhere = Clauses::new();
            for part in &spelled {
                anywhere.push((Occur::Must, self.word_query(part, true)?));
                self.marks.term(leaf, (*part).to_owned());
                self.marks.term(leaf, as_part(part));
            }
            let anywhere = boolean(anywhere);
            clauses.push((Occur::Should, constant(anywhere, score / 2.0)));
        }
        Ok(boolean(clauses))
    }

    pub(super) fn phrase(&mut self, units: &[Unit]) -> Box<dyn Query> {
        let leaf = self.marks.leaf();
        let terms: Vec<_> = units.iter().map(phrase_term).collect();
        self.marks.phrase(leaf, &terms);
        self.phrase_query(&terms)
    }

    pub(super) fn phrase_query(&self, terms: &[(usize, String)]) -> Box<dyn Query> {
        let terms = terms.iter().map(|(at, text)| (*at, self.term(text)));
        plain(PhraseQuery::new_with_offset(terms.collect()))
    }

    pub(super) fn prefix(&mut self, units: &[Unit]) -> tantivy::Result<Option<Box<dyn Query>>> {
        let Some((last, before)) = units.split_last() else {
            return Ok(None);
        };
        if last.lone_cjk() && !before.is_empty() {
            return Ok(Some(self.phrase(units)));
        }
        let stem = last.whole.as_deref().unwrap_or_default();
        let leaf = self.marks.leaf();
        let alone = self.prefix_alone(stem)?;
        if before.is_empty() {
            self.marks.prefix(leaf, stem.to_owned());
            self.marks.prefix(leaf, as_part(stem));
            return Ok(Some(alone));
        }
        let mut terms: Vec<_> = before.iter().map(phrase_term).collect();
        if spelling::expansions(self.searcher, self.field, stem, MAX_PHRASE_EXPANSIONS)? {
            for (_, term) in &terms {
                self.marks.term(leaf, term.clone());
            }
            self.marks.prefix(leaf, stem.to_owned());
            terms.push((last.offset, stem.to_owned()));
            let terms = terms.iter().map(|(at, text)| (*at, self.term(text)));
            let mut phrase = PhrasePrefixQuery::new_with_offset(terms.collect());
            phrase.set_max_expansions(MAX_PHRASE_EXPANSIONS as u32);
            return Ok(Some(constant(Box::new(phrase), 1.0)));
        }
        self.marks.prefix(leaf, stem.to_owned());
        let head = self.text(before, true)?;
        let mut clauses: Clauses = vec![(Occur::Must, alone)];
        clauses.extend(head.map(|q| (Occur::Must, q)));
        Ok(combine(clauses))
    }

    /// The exact word above the words that begin with it above such parts.
    pub(super) fn prefix_alone(&self, stem: &str) -> tantivy::Result<Box<dyn Query>> {
        let freq = word_freq(
            self.searcher,
            Some(&self.term(stem)),
            Some(&self.part(stem)),
        )?;
        let idf = self.stats.idf(freq);
        let range = |from: &str, boost: f32| -> (Occur, Box<dyn Query>) {
            let upper = prefix_end(from).map_or(Bound::Unbounded, |end| {
                let mut term = self.term("");
                term.append_bytes(&end);
                Bound::Excluded(term)
            });
            let range = InvertedIndexRangeQuery::new(Bound::Included(self.term(from)), upper);
            (Occur::Should, constant(Box::new(range), boost * idf))
        };
        Ok(boolean(vec![
            (Occur::Should, self.word_query(stem, true)?),
            range(stem, 0.4),
            range(&as_part(stem), 0.2),
        ]))
    }
}

pub(super) fn as_part(text: &str) -> String {
    format!("{PART}{text}")
}

fn phrase_term(unit: &Unit) -> (usize, String) {
    let whole = unit.whole.clone().unwrap_or_default();
    let term = if unit.lone_cjk() {
        as_part(&whole)
    } else {
        whole
    };
    (unit.offset, term)
}

/// The first byte string above every string that begins with `prefix`.
fn prefix_end(prefix: &str) -> Option<Vec<u8>> {
    let mut bytes = prefix.as_bytes().to_vec();
    while let Some(last) = bytes.pop() {
        if last < u8::MAX {
            bytes.push(last + 1);
            return Some(bytes);
        }
    }
    None
}
