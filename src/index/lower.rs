//! A query tree to one tantivy query, at one of the three tiers, and what it marks.

use super::Match;
use super::marks::Marks;
use super::spelling;
use super::token::{PART, Unit, units};
use super::word::{SPELLED_BOOST, Scale, Stats, WordQuery, word_freq};
use crate::query::Node;
use std::ops::Bound;
use tantivy::query::{
    AllQuery, BooleanQuery, ConstScoreQuery, EmptyQuery, InvertedIndexRangeQuery, Occur,
    PhrasePrefixQuery, PhraseQuery, Query,
};
use tantivy::schema::Field;
use tantivy::{Searcher, Term};

type Clauses = Vec<(Occur, Box<dyn Query>)>;

/// From this many terms on, a prefix behind other words of a glued word is not held to its place.
const MAX_PHRASE_EXPANSIONS: usize = 1024;

#[derive(Debug)]
pub(super) struct Lowered {
    pub query: Box<dyn Query>,
    pub marks: Marks,
    pub scale: Scale,
    /// Words of the dictionary taken for words of the query.
    pub corrected: Vec<String>,
}

/// Lowers `node` for one field. `None`: this tier asks nothing that the one before did not.
pub(super) fn lower(
    searcher: &Searcher,
    field: Field,
    node: &Node,
    tier: Match,
) -> tantivy::Result<Option<Lowered>> {
    let stats = Stats::new(searcher, field)?;
    let scale = Scale::new(count_units(node));
    let mut lowering = Lowering {
        searcher,
        field,
        stats,
        scale,
        marks: Marks::default(),
        corrected: Vec::new(),
    };
    let query = match tier {
        Match::AllWords => Some(match lowering.node(node)? {
            Some(query) => query,
            // nothing but signs: a question about nothing finds nothing
            None => Box::new(EmptyQuery),
        }),
        Match::AnyWord => lowering.any_word(node)?,
        Match::CloseSpelling => lowering.close_spelling(node)?,
    };
    Ok(query.map(|query| Lowered {
        query,
        marks: lowering.marks,
        scale,
        corrected: lowering.corrected,
    }))
}

fn count_units(node: &Node) -> usize {
    match node {
        Node::Word(text) | Node::Phrase(text) | Node::Prefix(text) => units(text).len() + 1,
        Node::All(nodes) | Node::Any(nodes) => nodes.iter().map(count_units).sum(),
        Node::Not(_) => 0,
    }
}

/// The positive words, phrases and prefixes, and what is excluded at the top.
fn leaves<'n>(node: &'n Node, positive: &mut Vec<&'n Node>, excluded: &mut Vec<&'n Node>) {
    match node {
        Node::All(nodes) | Node::Any(nodes) => {
            for node in nodes {
                leaves(node, positive, excluded);
            }
        }
        Node::Not(node) => excluded.push(node),
        leaf => positive.push(leaf),
    }
}

fn text_of(leaf: &Node) -> &str {
    match leaf {
        Node::Word(text) | Node::Phrase(text) | Node::Prefix(text) => text,
        _ => "",
    }
}

pub(super) struct Lowering<'a> {
    searcher: &'a Searcher,
    field: Field,
    stats: Stats,
    scale: Scale,
    marks: Marks,
    corrected: Vec<String>,
}

impl Lowering<'_> {
    /// `None` for what has no word in it.
    fn node(&mut self, node: &Node) -> tantivy::Result<Option<Box<dyn Query>>> {
        match node {
            Node::Word(text) => self.text(&units(text), false),
            Node::Phrase(text) => self.text(&units(text), true),
            Node::Prefix(stem) => self.prefix(&units(stem)),
            Node::Not(inner) => Ok(self.silently(inner)?.map(|q| everything_but(vec![q]))),
            Node::All(nodes) => {
                let mut clauses = Clauses::new();
                let mut excluded = Vec::new();
                for node in nodes {
                    match node {
                        Node::Not(inner) => excluded.extend(self.silently(inner)?),
                        node => clauses.extend(self.node(node)?.map(|q| (Occur::Must, q))),
                    }
                }
                Ok(exclude(clauses, excluded))
            }
            Node::Any(nodes) => {
                let mut clauses = Clauses::new();
                for node in nodes {
                    clauses.extend(self.node(node)?.map(|q| (Occur::Should, q)));
                }
                Ok(boolean(clauses))
            }
        }
    }

    /// Lowers without marking: what is excluded is not there to be marked.
    fn silently(&mut self, node: &Node) -> tantivy::Result<Option<Box<dyn Query>>> {
        let marks = std::mem::take(&mut self.marks);
        let query = self.node(node);
        self.marks = marks;
        query
    }

    fn text(&mut self, units: &[Unit], exact: bool) -> tantivy::Result<Option<Box<dyn Query>>> {
        match units {
            [] => Ok(None),
            [unit] => self.word(unit, exact, false).map(Some),
            units => Ok(Some(self.phrase(units))),
        }
    }

    fn term(&self, text: &str) -> Term {
        Term::from_field_text(self.field, text)
    }

    fn part(&self, text: &str) -> Term {
        self.term(&as_part(text))
    }

    fn word_query(&self, whole: &str, parts_too: bool) -> tantivy::Result<Box<dyn Query>> {
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
    fn word(&mut self, unit: &Unit, exact: bool, loose: bool) -> tantivy::Result<Box<dyn Query>> {
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
            clauses.push((Occur::Should, Box::new(ConstScoreQuery::new(phrase, score))));
        }
        if loose {
            let mut anywhere = Clauses::new();
            for part in &spelled {
                anywhere.push((Occur::Must, self.word_query(part, true)?));
                self.marks.term(leaf, (*part).to_owned());
                self.marks.term(leaf, as_part(part));
            }
            let anywhere = Box::new(BooleanQuery::new(anywhere));
            clauses.push((
                Occur::Should,
                Box::new(ConstScoreQuery::new(anywhere, score / 2.0)),
            ));
        }
        Ok(Box::new(BooleanQuery::new(clauses)))
    }

    fn phrase(&mut self, units: &[Unit]) -> Box<dyn Query> {
        let leaf = self.marks.leaf();
        let terms: Vec<_> = units.iter().map(phrase_term).collect();
        self.marks.phrase(leaf, &terms);
        self.phrase_query(&terms)
    }

    fn phrase_query(&self, terms: &[(usize, String)]) -> Box<dyn Query> {
        let terms = terms.iter().map(|(at, text)| (*at, self.term(text)));
        Box::new(PhraseQuery::new_with_offset(terms.collect()))
    }

    fn prefix(&mut self, units: &[Unit]) -> tantivy::Result<Option<Box<dyn Query>>> {
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
            return Ok(Some(Box::new(ConstScoreQuery::new(Box::new(phrase), 1.0))));
        }
        self.marks.prefix(leaf, stem.to_owned());
        let head = self.text(before, true)?;
        let mut clauses: Clauses = vec![(Occur::Must, alone)];
        clauses.extend(head.map(|q| (Occur::Must, q)));
        Ok(boolean(clauses))
    }

    /// The exact word above the words that begin with it above such parts.
    fn prefix_alone(&self, stem: &str) -> tantivy::Result<Box<dyn Query>> {
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
            (
                Occur::Should,
                Box::new(ConstScoreQuery::new(Box::new(range), boost * idf)),
            )
        };
        Ok(Box::new(BooleanQuery::new(vec![
            (Occur::Should, self.word_query(stem, true)?),
            range(stem, 0.4),
            range(&as_part(stem), 0.2),
        ])))
    }

    /// Any of the words; `None` when that is what all of them already was.
    fn any_word(&mut self, node: &Node) -> tantivy::Result<Option<Box<dyn Query>>> {
        let (mut positive, mut excluded) = (Vec::new(), Vec::new());
        leaves(node, &mut positive, &mut excluded);
        let mut clauses = Clauses::new();
        let mut looser = positive.len() > 1;
        for leaf in positive {
            let units = units(text_of(leaf));
            let count = units.len();
            for (i, unit) in units.iter().enumerate() {
                let query = match leaf {
                    Node::Prefix(_) if i + 1 == count => self.prefix(&[Unit {
                        offset: 0,
                        ..unit.clone()
                    }])?,
                    _ => Some(self.word(unit, false, true)?),
                };
                looser |= count > 1 || matches!(leaf, Node::Phrase(_)) || unit.spelled().len() > 1;
                clauses.extend(query.map(|q| (Occur::Should, q)));
            }
        }
        if !looser || clauses.is_empty() {
            return Ok(None);
        }
        let mut without = Vec::new();
        for node in excluded {
            without.extend(self.silently(node)?);
        }
        let any: Clauses = boolean(clauses)
            .into_iter()
            .map(|q| (Occur::Must, q))
            .collect();
        Ok(exclude(any, without))
    }

    /// Any word that is near one of the words; `None` when the dictionary has none.
    fn close_spelling(&mut self, node: &Node) -> tantivy::Result<Option<Box<dyn Query>>> {
        let (mut positive, mut excluded) = (Vec::new(), Vec::new());
        leaves(node, &mut positive, &mut excluded);
        let mut clauses = Clauses::new();
        for unit in positive.iter().flat_map(|leaf| units(text_of(leaf))) {
            let whole = unit.whole.unwrap_or_default();
            let near = spelling::near(self.searcher, self.field, &whole)?;
            if near.is_empty() {
                continue;
            }
            let leaf = self.marks.leaf();
            for word in near {
                self.marks.term(leaf, word.clone());
                self.marks.term(leaf, as_part(&word));
                clauses.push((Occur::Should, self.word_query(&word, true)?));
                if !self.corrected.contains(&word) {
                    self.corrected.push(word);
                }
            }
        }
        let mut without = Vec::new();
        for node in excluded {
            without.extend(self.silently(node)?);
        }
        let any: Clauses = boolean(clauses)
            .into_iter()
            .map(|q| (Occur::Must, q))
            .collect();
        Ok(if any.is_empty() {
            None
        } else {
            exclude(any, without)
        })
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

fn boolean(mut clauses: Clauses) -> Option<Box<dyn Query>> {
    match clauses.len() {
        0 => None,
        1 => clauses.pop().map(|(_, query)| query),
        _ => Some(Box::new(BooleanQuery::new(clauses))),
    }
}

/// All of the clauses, none of the excluded.
fn exclude(clauses: Clauses, excluded: Vec<Box<dyn Query>>) -> Option<Box<dyn Query>> {
    if excluded.is_empty() {
        return boolean(clauses);
    }
    if clauses.is_empty() {
        return Some(everything_but(excluded));
    }
    let not = excluded.into_iter().map(|q| (Occur::MustNot, q));
    Some(Box::new(BooleanQuery::new(
        clauses.into_iter().chain(not).collect(),
    )))
}

pub(super) fn everything() -> Box<dyn Query> {
    Box::new(ConstScoreQuery::new(Box::new(AllQuery), 0.0))
}

fn everything_but(excluded: Vec<Box<dyn Query>>) -> Box<dyn Query> {
    let not = excluded.into_iter().map(|q| (Occur::MustNot, q));
    let all = std::iter::once((Occur::Must, everything()));
    Box::new(BooleanQuery::new(all.chain(not).collect()))
}
