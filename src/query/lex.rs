//! Text to items: words, phrases, prefixes, filters, each with its sign.

use super::{Field, Filter, Node, dates};
use crate::model::{Day, Role};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    Operand(Node),
    /// A lone `OR`, which is an operator only between two operands.
    Or,
    Filter(Filter),
}

/// Splits a question into items. What makes no word at all (`->`, `&&`) is left out.
pub(super) fn items(text: &str, today: Day) -> Vec<Item> {
    let mut rest = text;
    let mut out = Vec::new();
    loop {
        rest = rest.trim_start_matches(is_blank);
        if rest.is_empty() {
            return out;
        }
        let (item, after) = next(rest, today);
        out.extend(item);
        rest = after;
    }
}

fn next(text: &str, today: Day) -> (Option<Item>, &str) {
    let (negated, body) = sign(text);
    let not = |node| {
        if negated {
            Node::Not(Box::new(node))
        } else {
            node
        }
    };
    if let Some((inside, after)) = quoted(body) {
        let phrase = has_word(inside).then(|| Item::Operand(not(Node::Phrase(inside.to_owned()))));
        return (phrase, after);
    }
    if let Some(after) = body.strip_prefix('"') {
        return (None, after);
    }
    if let Some((field, after)) = filter(body, today) {
        return (Some(Item::Filter(Filter { field, negated })), after);
    }
    let end = body.find(is_blank).unwrap_or(body.len());
    let (word, after) = body.split_at(end);
    if !negated && word == "OR" {
        return (Some(Item::Or), after);
    }
    if !has_word(word) {
        return (None, after);
    }
    let node = match word.strip_suffix('*') {
        Some(stem) if stem.chars().next_back().is_some_and(char::is_alphanumeric) => {
            Node::Prefix(stem.to_owned())
        }
        _ => Node::Word(word.to_owned()),
    };
    (Some(Item::Operand(not(node))), after)
}

/// `-word` excludes; `--flag` and `->` are text.
fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(body) if body.starts_with(|c: char| !is_blank(c) && c != '-' && c != '>') => {
            (true, body)
        }
        _ => (false, text),
    }
}

/// A quote at the beginning that is closed later. One that is not is no quote.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let (inside, after) = text.strip_prefix('"')?.split_once('"')?;
    Some((inside, after))
}

fn filter(text: &str, today: Day) -> Option<(Field, &str)> {
    let (name, rest) = text.split_once(':')?;
    let (value, after) = match quoted(rest) {
        Some(found) => found,
        None => rest.split_at(rest.find(is_blank).unwrap_or(rest.len())),
    };
    Some((field(name, value, today)?, after))
}

/// `None` for unknown names and for values that the field cannot have: then it is text.
fn field(name: &str, value: &str, today: Day) -> Option<Field> {
    if value.trim().is_empty() || value.starts_with('"') {
        return None;
    }
    let text = || value.to_owned();
    let lower = value.to_ascii_lowercase();
    Some(match name.to_ascii_lowercase().as_str() {
        "agent" => Field::Agent(text()),
        "project" => Field::Project(text()),
        "role" => Field::Role(Role::parse(&lower)?.as_str().to_owned()),
        "tool" => Field::Tool(text()),
        "model" => Field::Model(text()),
        "branch" => Field::Branch(text()),
        "repo" => Field::Repo(text()),
        "tag" => Field::Tag(text()),
        "file" => Field::File(text()),
        "after" => Field::After(dates::parse(&lower, today)?),
        "before" => Field::Before(dates::parse(&lower, today)?),
        "is" => match lower.as_str() {
            "helper" => Field::IsHelper,
            "subagent" | "sub-agent" => Field::IsSubAgent,
            _ => return None,
        },
        "has" if lower == "error" => Field::HasError,
        _ => return None,
    })
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\0'
}

/// Letters, digits and anything beyond ASCII may be a word; the index knows better.
pub(super) fn has_word(text: &str) -> bool {
    text.chars()
        .any(|c| !c.is_ascii() || c.is_ascii_alphanumeric())
}
