//! What can still be read of a line that is not JSON.

use super::json;
use crate::model::IssueKind;
use std::borrow::Cow;

pub fn describe(error: &serde_json::Error, text: &str, saved: usize) -> (IssueKind, String) {
    let kind = if error.is_data() {
        IssueKind::WrongShape
    } else if text.contains('\0') {
        IssueKind::NulBytes
    } else {
        IssueKind::BadRecord
    };
    let what = match kind {
        IssueKind::WrongShape => "a record is not the object it should be",
        IssueKind::NulBytes => "NUL bytes inside a record",
        _ if !text.starts_with('{') => "a line is not JSON",
        _ => "a record is torn or mixed with another",
    };
    let detail = match saved {
        0 => what.to_owned(),
        1 => format!("{what}; one whole record in it was read"),
        n => format!("{what}; {n} whole records in it were read"),
    };
    (kind, detail)
}

/// The whole objects of a line that is not one: records glued together, or a whole record behind the
/// torn beginning of another. With their byte positions.
pub fn salvage(text: &str) -> Vec<(usize, Cow<'_, str>)> {
    let mut pieces = Vec::new();
    // control characters inside a string: blanks in their place give a whole record
    if text.bytes().any(|byte| byte < b' ') {
        let cleaned = text.replace(|c: char| c < ' ', " ");
        if json::is_whole_object(&cleaned) {
            return vec![(0, Cow::Owned(cleaned))];
        }
    }
    let mut at = 0;
    // every retry reads up to its own error: the sum is bounded, or nested torn objects cost n^2
    let mut budget = text.len() * 8 + 65_536;
    while at < text.len() && budget > 0 {
        let mut values =
            serde_json::Deserializer::from_str(&text[at..]).into_iter::<serde::de::IgnoredAny>();
        let (whole, used) = match values.next() {
            Some(Ok(_)) => (text.as_bytes()[at] == b'{', values.byte_offset()),
            Some(Err(error)) => (false, error.column()),
            None => (false, 0),
        };
        budget = budget.saturating_sub(used.max(64));
        let end = text.floor_char_boundary(at + used);
        // inside a torn record a whole inner object is followed by more of the outer one
        let follows = text[end..].trim_start_matches(|c: char| c.is_whitespace() || c == '\0');
        if whole && (follows.is_empty() || follows.starts_with("{\"")) {
            pieces.push((at, Cow::Borrowed(&text[at..end])));
            at = text.len() - follows.len();
            continue;
        }
        match memchr::memmem::find(&text.as_bytes()[at + 1..], b"{\"") {
            Some(next) => at += 1 + next,
            None => break,
        }
    }
    pieces
}

/// Closes the beginning of a JSON object, so that what it holds can be read.
pub fn close(head: &str) -> String {
    let mut open: Vec<u8> = Vec::new();
    let (mut in_text, mut escaped) = (false, false);
    // where the last complete member or element ends, and what was open there
    let mut safe = (0, 0);
    for (at, byte) in head.bytes().enumerate() {
        if in_text {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'{' => open.push(b'}'),
            b'[' => open.push(b']'),
            b'}' | b']' => {
                open.pop();
            }
            _ => {}
        }
        match byte {
            b'{' | b'[' | b'}' | b']' => safe = (at + 1, open.len()),
            b',' => safe = (at, open.len()),
            _ => {}
        }
    }
    let closers =
        |depth: usize| -> String { open[..depth].iter().rev().map(|b| *b as char).collect() };
    if in_text {
        // an escape is up to 6 bytes (12 as a pair): cut before one that may be torn
        let near = head.len().saturating_sub(12);
        let near = (near..=head.len())
            .find(|at| head.is_char_boundary(*at))
            .unwrap_or(head.len());
        let end = head[near..].find('\\').map_or(head.len(), |at| near + at);
        let as_value = format!("{}\"{}", &head[..end], closers(open.len()));
        if json::is_whole_object(&as_value) {
            return as_value;
        }
    }
    format!("{}{}", &head[..safe.0], closers(safe.1.min(open.len())))
}
