//! What is being typed: the piece of a question at the cursor, for suggestions.

use super::{FIELDS, FieldHelp};

/// The piece that a suggestion takes the place of, as bytes of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub start: usize,
    pub end: usize,
    /// It begins with a minus.
    pub negated: bool,
}

#[derive(Clone, Copy, Debug)]
pub enum Completing<'t> {
    /// Nothing: between words, or inside of a phrase.
    Nothing,
    /// A word, or the name of a field, as far as it is typed.
    Word(&'t str),
    /// The value of a field, as far as it is typed; without its quote.
    Value(&'static FieldHelp, &'t str),
}

/// `cursor`: bytes of `text` before it; one inside of a character stands before that.
pub fn completing(text: &str, cursor: usize) -> (Place, Completing<'_>) {
    let cursor = (0..=cursor.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    let (mut start, mut open) = (0, false);
    for (at, c) in text[..cursor].char_indices() {
        match c {
            '"' => open = !open,
            c if c.is_whitespace() && !open => start = at + c.len_utf8(),
            _ => {}
        }
    }
    let rest = &text[cursor..];
    let ends = |c: char| if open { c == '"' } else { c.is_whitespace() };
    let end = match rest.find(ends) {
        Some(at) if open => cursor + at + 1,
        Some(at) => cursor + at,
        // a quote that is not closed reaches no further than what was typed
        None if open => cursor,
        None => text.len(),
    };
    let typed = &text[start..cursor];
    let (negated, body) = match typed.strip_prefix('-') {
        Some(body) if !body.is_empty() => (true, body),
        _ => (false, typed),
    };
    let place = Place {
        start,
        end,
        negated,
    };
    let what = match body.split_once(':') {
        Some((name, value)) => match field(name) {
            Some(field) => Completing::Value(field, value.trim_start_matches('"')),
            None => Completing::Nothing,
        },
        None if body.is_empty() || body.contains('"') => Completing::Nothing,
        None => Completing::Word(body),
    };
    (place, what)
}

/// The question without the name of a field at its end whose value is still to be typed.
pub fn settled(text: &str) -> &str {
    let (place, what) = completing(text, text.len());
    match what {
        Completing::Value(_, "") => text[..place.start].trim_end(),
        _ => text,
    }
}

fn field(name: &str) -> Option<&'static FieldHelp> {
    let known = |field: &&FieldHelp| field.name.trim_end_matches(':').eq_ignore_ascii_case(name);
    FIELDS.iter().find(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with `|` for the cursor: the piece, and what it is.
    fn at(text: &str) -> (String, String) {
        let cursor = text.find('|').unwrap();
        let text = text.replace('|', "");
        let (place, what) = completing(&text, cursor);
        let what = match what {
            Completing::Nothing => String::new(),
            Completing::Word(word) => format!("word {word}"),
            Completing::Value(field, value) => format!("{} {value}", field.name),
        };
        (text[place.start..place.end].to_owned(), what)
    }

    #[test]
    fn a_field_without_its_value_asks_nothing_yet() {
        for (typed, asked) in [
            ("retry agent:", "retry"),
            ("retry -tool:\"", "retry"),
            ("agent:", ""),
            ("retry agent:x", "retry agent:x"),
            ("retry std:", "retry std:"),
            ("\"retry agent:", "\"retry agent:"),
            ("retry agent: ", "retry agent: "),
        ] {
            assert_eq!(settled(typed), asked, "{typed}");
        }
    }

    #[test]
    fn the_piece_at_the_cursor() {
        for (text, piece, what) in [
            ("|", "", ""),
            ("re|try pool", "retry", "word re"),
            ("retry |", "", ""),
            ("retry ag|", "ag", "word ag"),
            ("retry agent:|", "agent:", "agent: "),
            ("retry -Agent:cl| x", "-Agent:cl", "agent: cl"),
            ("agent:cl|aude x", "agent:claude", "agent: cl"),
            ("project:\"my sh| rest", "project:\"my sh", "project: my sh"),
            (
                "project:\"my sh|op\" rest",
                "project:\"my shop\"",
                "project: my sh",
            ),
            ("\"a phr|", "\"a phr", ""),
            ("http:|", "http:", ""),
            ("日本 tool:|", "tool:", "tool: "),
            ("-|", "-", "word -"),
        ] {
            assert_eq!(at(text), (piece.to_owned(), what.to_owned()), "{text}");
        }
        // any place, even inside of a character
        for cursor in 0..12 {
            completing("日本 \"é", cursor);
        }
    }
}
