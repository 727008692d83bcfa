//! A query tree to one tantivy query, at one of the three tiers, and what it marks.

use super::Match;
use super::marks::Marks;
use super::plain::{Clause, boolean, everything};
use super::spelling;
use super::unit::units;
use super::word::{Scale, Stats};
use crate::query::Node;
use tantivy::Searcher;
use tantivy::query::{EmptyQuery, Occur, Query};
use tantivy::schema::Field;

pub(super) type Clauses = Vec<Clause>;

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
    let alternatives = match tier {
        Match::CloseSpelling => spelling::AT_MOST,
        _ => 1,
    };
    let scale = Scale::new(count_units(node) * alternatives);
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

pub(super) struct Lowering<'a> {
    pub(super) searcher: &'a Searcher,
    pub(super) field: Field,
    pub(super) stats: Stats,
    pub(super) scale: Scale,
    pub(super) marks: Marks,
    pub(super) corrected: Vec<String>,
}

impl Lowering<'_> {
    /// `None` for what has no word in it.
    pub(super) fn node(&mut self, node: &Node) -> tantivy::Result<Option<Box<dyn Query>>> {
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
                Ok(combine(clauses))
            }
        }
    }

    /// Lowers without marking: what is excluded is not there to be marked.
    pub(super) fn silently(&mut self, node: &Node) -> tantivy::Result<Option<Box<dyn Query>>> {
        let marks = std::mem::take(&mut self.marks);
        let query = self.node(node);
        self.marks = marks;
        query
    }
}

pub(super) fn combine(mut clauses: Clauses) -> Option<Box<dyn Query>> {
    match clauses.len() {
        0 => None,
        1 => clauses.pop().map(|(_, query)| query),
        _ => Some(boolean(clauses)),
    }
}

/// All of the clauses, none of the excluded.
pub(super) fn exclude(clauses: Clauses, excluded: Vec<Box<dyn Query>>) -> Option<Box<dyn Query>> {
    if excluded.is_empty() {
        return combine(clauses);
    }
    if clauses.is_empty() {
        return Some(everything_but(excluded));
    }
    let not = excluded.into_iter().map(|q| (Occur::MustNot, q));
    Some(boolean(clauses.into_iter().chain(not).collect()))
}

pub(super) fn everything_but(excluded: Vec<Box<dyn Query>>) -> Box<dyn Query> {
    let not = excluded.into_iter().map(|q| (Occur::MustNot, q));
    let all = std::iter::once((Occur::Must, everything()));
    boolean(all.chain(not).collect())
}
