//! The looser tiers: any of the words, and words spelled nearly the same.

use super::leaf::as_part;
use super::lower::{Clauses, Lowering, combine, exclude};
use super::spelling;
use super::unit::{Unit, units};
use crate::query::Node;
use tantivy::query::{Occur, Query};

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

impl Lowering<'_> {
    /// Any of the words; `None` when that is what all of them already was.
    pub(super) fn any_word(&mut self, node: &Node) -> tantivy::Result<Option<Box<dyn Query>>> {
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
        let any: Clauses = combine(clauses)
            .into_iter()
            .map(|q| (Occur::Must, q))
            .collect();
        Ok(exclude(any, without))
    }

    /// Any word that is near one of the words; `None` when the dictionary has none.
    pub(super) fn close_spelling(
        &mut self,
        node: &Node,
    ) -> tantivy::Result<Option<Box<dyn Query>>> {
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
        let any: Clauses = combine(clauses)
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
