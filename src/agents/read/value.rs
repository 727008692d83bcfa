//! Counts, amounts and ids out of records: what cannot be one is none.

use super::json::Raw;
use super::text;
use crate::model::Tokens;

/// A count of tokens; what is no count, or beyond any, is 0.
pub fn count(raw: Option<Raw<'_>>) -> u64 {
    let count = raw.and_then(Raw::int).unwrap_or(0);
    if count < Tokens::MOST { count } else { 0 }
}

/// Micro-dollars of an amount in dollars.
pub fn dollars(raw: Option<Raw<'_>>) -> Option<i64> {
    let amount = raw.and_then(Raw::float)?;
    (0.0..1e9)
        .contains(&amount)
        .then(|| (amount * 1e6).round() as i64)
}

/// A longer id is none.
const MAX_ID: usize = 200;

/// Whether a foreign id can name a session: it becomes part of paths and URLs, and is compared with the
/// names of files. What was no text in its file ([`char::REPLACEMENT_CHARACTER`]) names nothing.
pub fn is_id(id: &str) -> bool {
    let plain = |c: char| !c.is_control() && !matches!(c, '/' | '\\' | char::REPLACEMENT_CHARACTER);
    !id.is_empty() && id.len() <= MAX_ID && id != "." && id != ".." && id.chars().all(plain)
}

/// The id out of a record, when it is one.
pub fn id(raw: Option<Raw<'_>>) -> Option<String> {
    raw.and_then(Raw::owned).filter(|id| is_id(id))
}

/// A record's id as one that is unique over all sessions; short ones are numbers within theirs.
pub fn unique(native: &str, id: &str) -> String {
    match id.len() {
        0 => String::new(),
        1..20 => format!("{native}:{id}"),
        _ => id.to_owned(),
    }
}

/// An id made of a file or folder name, whatever that holds.
pub fn id_of_name(name: &str) -> String {
    let kept = |c: char| {
        if c.is_control() || matches!(c, '/' | '\\' | char::REPLACEMENT_CHARACTER) {
            '_'
        } else {
            c
        }
    };
    let id: String = name.chars().map(kept).collect();
    let id = text::head(&id, MAX_ID).trim();
    if is_id(id) {
        id.to_owned()
    } else {
        "unnamed".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_lead_elsewhere_are_none() {
        for id in ["ses_1", "20251202_1", "a b", "é"] {
            assert!(is_id(id), "{id}");
        }
        for id in ["", ".", "..", "../x", "/etc/passwd", "a\\b", "a\0b", "a\nb"] {
            assert!(!is_id(id), "{id:?}");
        }
        assert!(!is_id(&"x".repeat(1000)));
    }
}
