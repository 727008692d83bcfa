//! Words of the dictionary near a word that was not found.

use super::leaf::as_part;
use super::token::PART;
use std::collections::HashMap;
use tantivy::query::FuzzyTermQuery;
use tantivy::schema::Field;
use tantivy::{Searcher, Term};

/// Shorter words have too many neighbours for any of them to be meant.
const MIN_CHARS: usize = 4;
/// From this length on two typos are believed.
const TWO_TYPOS_FROM: usize = 8;
/// The most frequent of the nearest.
pub(super) const AT_MOST: usize = 8;

/// Words at the smallest edit distance (a swap is one edit) at which there are any, most frequent
/// first; the word itself when the dictionary has it.
pub(super) fn near(searcher: &Searcher, field: Field, word: &str) -> tantivy::Result<Vec<String>> {
    let chars = word.chars().count();
    let reach = match chars {
        _ if chars < MIN_CHARS => 0,
        _ if chars < TWO_TYPOS_FROM => 1,
        _ => 2,
    };
    for distance in 0..=reach {
        let found = at_distance(searcher, field, word, distance)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

fn at_distance(
    searcher: &Searcher,
    field: Field,
    word: &str,
    distance: u8,
) -> tantivy::Result<Vec<String>> {
    let mut freqs: HashMap<String, u64> = HashMap::new();
    for spelled in [word.to_owned(), as_part(word)] {
        let query = FuzzyTermQuery::new(Term::from_field_text(field, &spelled), distance, true);
        let automaton = query.automaton()?;
        for segment in searcher.segment_readers() {
            let inverted = segment.inverted_index(field)?;
            let mut stream = inverted.terms().search(&automaton).into_stream()?;
            while let Some((key, info)) = stream.next() {
                let Ok(term) = std::str::from_utf8(key) else {
                    continue;
                };
                // an edit may not carry a word from one space of terms into the other
                if term.starts_with(PART) == spelled.starts_with(PART) {
                    let plain = term.trim_start_matches(PART).to_owned();
                    *freqs.entry(plain).or_default() += u64::from(info.doc_freq);
                }
            }
        }
    }
    let mut words: Vec<_> = freqs.into_iter().collect();
    words.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    words.truncate(AT_MOST);
    Ok(words.into_iter().map(|(word, _)| word).collect())
}

/// Whether no segment has more than `limit` words that begin with `stem`.
pub(super) fn expansions(
    searcher: &Searcher,
    field: Field,
    stem: &str,
    limit: usize,
) -> tantivy::Result<bool> {
    for segment in searcher.segment_readers() {
        let inverted = segment.inverted_index(field)?;
        let mut stream = inverted.terms().range().ge(stem).into_stream()?;
        let mut count = 0;
        while stream.advance() && stream.key().starts_with(stem.as_bytes()) {
            count += 1;
            if count > limit {
                return Ok(false);
            }
        }
    }
    Ok(true)
}
