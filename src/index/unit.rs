//! The words of a question as the index sees them.

use super::token::{CodeTokenizer, PART};
use tantivy::tokenizer::{TokenStream, Tokenizer};

/// The tokens of one position of a query text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unit {
    /// Distance in positions from the first unit.
    pub offset: usize,
    /// Absent for the last character of a CJK run.
    pub whole: Option<String>,
    /// With their byte ranges, without [`PART`].
    pub parts: Vec<(String, usize, usize)>,
}

impl Unit {
    /// A CJK character that stands alone in the query: any place in a run will do.
    pub fn lone_cjk(&self) -> bool {
        matches!((&self.whole, &self.parts[..]), (Some(w), [(p, ..)]) if w == p)
    }

    /// Parts that follow each other without overlap: the word spelled out.
    pub fn spelled(&self) -> Vec<&str> {
        let mut sorted: Vec<_> = self.parts.iter().collect();
        sorted.sort_by_key(|(_, from, to)| (*from, std::cmp::Reverse(*to)));
        let mut end = 0;
        let mut out = Vec::new();
        for (text, from, to) in sorted {
            if *from >= end {
                out.push(text.as_str());
                end = *to;
            }
        }
        out
    }
}

/// The words of a query text as the index sees them.
pub(super) fn units(text: &str) -> Vec<Unit> {
    let mut tokenizer = CodeTokenizer::default();
    let mut stream = tokenizer.token_stream(text);
    let mut units: Vec<Unit> = Vec::new();
    while stream.advance() {
        let token = stream.token();
        if units.last().is_none_or(|u| u.offset != token.position) {
            units.push(Unit {
                offset: token.position,
                ..Unit::default()
            });
        }
        let unit = units.last_mut().expect("pushed above");
        match token.text.strip_prefix(PART) {
            Some(part) => unit
                .parts
                .push((part.to_owned(), token.offset_from, token.offset_to)),
            None => unit.whole = Some(token.text.clone()),
        }
    }
    units.retain(|u| u.whole.is_some());
    let first = units.first().map_or(0, |u| u.offset);
    for unit in &mut units {
        unit.offset -= first;
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_a_query() {
        assert_eq!(units("你好世界").len(), 3);
        assert!(units("界")[0].lone_cjk());
        assert!(!units("世界")[0].lone_cjk());
        assert_eq!(units("getUserName")[0].spelled(), ["get", "user", "name"]);
        assert_eq!(units("x86_64")[0].spelled(), ["x86", "64"]);
        assert_eq!(units("->"), []);
    }
}
