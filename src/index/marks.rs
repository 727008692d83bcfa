//! What of a query is to be marked in a text, and finding it there.

use super::token::{CodeTokenizer, PART};
use std::collections::HashMap;
use tantivy::tokenizer::{TokenStream, Tokenizer};

/// A place in a text that answers leaf number `leaf` of the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub start: usize,
    pub end: usize,
    pub leaf: usize,
    /// Exact words count more than parts.
    pub strong: bool,
}

/// Patterns over terms (those of the part space begin with [`PART`]).
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    /// Number of leaves (words, phrases, prefixes) of the query.
    pub leaves: usize,
    terms: HashMap<String, Vec<usize>>,
    prefixes: Vec<(String, usize)>,
    phrases: Vec<Phrase>,
    /// Where a term stands in which phrases.
    in_phrases: HashMap<String, Vec<(usize, usize)>>,
}

#[derive(Clone, Debug)]
struct Phrase {
    leaf: usize,
    /// Distances from the first term; equal ones are terms of one position.
    offsets: Vec<usize>,
}

/// Longer phrases are verified by their beginning.
const PHRASE_TERMS: usize = 32;
/// Enough of them to choose a passage from.
const ENOUGH: usize = 400;

impl Marks {
    pub fn leaf(&mut self) -> usize {
        self.leaves += 1;
        self.leaves - 1
    }

    pub fn is_empty(&self) -> bool {
        self.terms.is_empty() && self.prefixes.is_empty() && self.phrases.is_empty()
    }

    pub fn term(&mut self, leaf: usize, term: String) {
        self.terms.entry(term).or_default().push(leaf);
    }

    pub fn prefix(&mut self, leaf: usize, prefix: String) {
        self.prefixes.push((prefix, leaf));
    }

    pub fn phrase(&mut self, leaf: usize, terms: &[(usize, String)]) {
        let number = self.phrases.len();
        let terms = &terms[..terms.len().min(PHRASE_TERMS)];
        for (i, (_, term)) in terms.iter().enumerate() {
            let places = self.in_phrases.entry(term.clone()).or_default();
            places.push((number, i));
        }
        self.phrases.push(Phrase {
            leaf,
            offsets: terms.iter().map(|(offset, _)| *offset).collect(),
        });
    }

    /// Every match in the text, in order of where it ends; stops early once `width` bytes hold
    /// all leaves exactly, or when there are plenty.
    pub fn find(&self, text: &str, width: usize) -> Vec<Found> {
        let mut tokenizer = CodeTokenizer::default();
        let mut stream = tokenizer.token_stream(text);
        let mut found = Vec::new();
        let mut open: Vec<Candidate> = Vec::new();
        let mut last_seen = vec![None; self.leaves];
        let mut stop_at = usize::MAX;
        while stream.advance() {
            let token = stream.token();
            if token.offset_from > stop_at || found.len() >= ENOUGH {
                break;
            }
            let before = found.len();
            let (start, end) = (token.offset_from, token.offset_to);
            let strong = !token.text.starts_with(PART);
            let mut add = |leaf, strong| {
                found.push(Found {
                    start,
                    end,
                    leaf,
                    strong,
                });
            };
            for leaf in self.terms.get(&token.text).into_iter().flatten() {
                add(*leaf, strong);
            }
            for (prefix, leaf) in &self.prefixes {
                if token.text.starts_with(prefix.as_str()) {
                    add(*leaf, strong);
                }
            }
            if let Some(places) = self.in_phrases.get(&token.text) {
                open.retain(|c| c.base + c.span >= token.position);
                for (phrase, i) in places {
                    self.step(
                        &mut open,
                        &mut found,
                        (*phrase, *i),
                        token.position,
                        (start, end),
                    );
                }
            }
            for new in &found[before..] {
                last_seen[new.leaf] = Some(new.start);
            }
            if found.len() > before && stop_at == usize::MAX {
                let oldest = last_seen.iter().copied().min().flatten();
                if oldest.is_some_and(|oldest| end - oldest <= width) && strong {
                    stop_at = end + width;
                }
            }
        }
        found
    }

    fn step(
        &self,
        open: &mut Vec<Candidate>,
        found: &mut Vec<Found>,
        (phrase, i): (usize, usize),
        position: usize,
        (start, end): (usize, usize),
    ) {
        let Phrase { leaf, offsets } = &self.phrases[phrase];
        let Some(base) = position.checked_sub(offsets[i]) else {
            return;
        };
        let known = open
            .iter()
            .position(|c| c.phrase == phrase && c.base == base);
        let at = known.unwrap_or_else(|| {
            open.push(Candidate {
                phrase,
                base,
                span: offsets.last().copied().unwrap_or(0),
                seen: 0,
                start,
                end,
            });
            open.len() - 1
        });
        let candidate = &mut open[at];
        candidate.seen |= 1 << i;
        candidate.start = candidate.start.min(start);
        candidate.end = candidate.end.max(end);
        if candidate.seen.count_ones() as usize == offsets.len() {
            found.push(Found {
                start: candidate.start,
                end: candidate.end,
                leaf: *leaf,
                strong: true,
            });
            open.swap_remove(at);
        }
    }
}

/// A phrase seen in part.
struct Candidate {
    phrase: usize,
    /// Position of its beginning.
    base: usize,
    span: usize,
    seen: u32,
    start: usize,
    end: usize,
}
