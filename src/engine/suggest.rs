//! What the search box offers while somebody types.

use super::Engine;
use super::catalog::{Catalog, Entry, NONE};
use super::names::{fold, last_segment};
use crate::agents;
use crate::query::{Completing, FIELDS, FieldHelp, Place, completing};
use anyhow::Result;
use std::collections::HashMap;

/// Offers of one kind.
const MOST: usize = 8;
/// Searches offered before anything is typed.
const RECENT: usize = 6;
/// Values offered for a word that names no field.
const GUESSES: usize = 3;

/// One thing to take over.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestion {
    pub kind: Offer,
    pub label: String,
    /// What it is, in a few words; `""` for none.
    pub about: String,
    /// Sessions that have it.
    pub sessions: Option<u64>,
    /// The whole question with it in its place.
    pub text: String,
    /// Where the cursor is then, in bytes of `text`.
    pub cursor: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// A question that was asked before.
    Recent,
    Field,
    Value,
}

/// A value of a field as it is written, as it is read, and in how many sessions it is.
struct Known<'c> {
    value: &'c str,
    label: &'c str,
    sessions: u64,
}

impl Engine {
    pub(super) fn complete(&self, text: &str, cursor: usize) -> Result<Vec<Suggestion>> {
        if text.trim().is_empty() {
            let recent = self.marks.recent()?.into_iter().take(RECENT);
            let recent = recent.map(|text| Suggestion {
                kind: Offer::Recent,
                label: text.clone(),
                about: String::new(),
                sessions: None,
                cursor: text.len(),
                text,
            });
            let place = Place {
                start: 0,
                end: text.len(),
                negated: false,
            };
            let fields = FIELDS.iter().map(|field| name(text, place, field));
            return Ok(recent.chain(fields).collect());
        }
        let (place, what) = completing(text, cursor);
        Ok(match what {
            Completing::Nothing => Vec::new(),
            Completing::Word(word) => {
                let typed = word.to_lowercase();
                let mut offers: Vec<Suggestion> = FIELDS
                    .iter()
                    .filter(|field| field.name.starts_with(&typed))
                    .map(|field| name(text, place, field))
                    .collect();
                let catalog = self.catalog.get()?;
                for field in FIELDS
                    .iter()
                    .filter(|field| ["agent:", "project:", "tag:"].contains(&field.name))
                {
                    let found = values(&catalog, field, word, true);
                    let found = found.into_iter().take(GUESSES);
                    offers.extend(found.map(|known| value(text, place, field, &known)));
                }
                offers
            }
            Completing::Value(field, typed) if field.values.is_empty() => {
                let catalog = self.catalog.get()?;
                let found = values(&catalog, field, typed, false).into_iter().take(MOST);
                found
                    .map(|known| value(text, place, field, &known))
                    .collect()
            }
            Completing::Value(field, typed) => {
                let fits = |value: &&&str| value.starts_with(&typed.to_lowercase());
                let found = field.values.iter().filter(fits);
                found
                    .map(|known| put(text, place, field, known, known, None))
                    .collect()
            }
        })
    }
}

fn name(text: &str, place: Place, field: &FieldHelp) -> Suggestion {
    let sign = if place.negated { "-" } else { "" };
    let (text, cursor) = replaced(text, place, &format!("{sign}{}", field.name));
    Suggestion {
        kind: Offer::Field,
        label: field.name.to_owned(),
        about: field.about.to_owned(),
        sessions: None,
        text,
        cursor,
    }
}

fn value(text: &str, place: Place, field: &FieldHelp, known: &Known<'_>) -> Suggestion {
    put(
        text,
        place,
        field,
        known.value,
        known.label,
        Some(known.sessions),
    )
}

fn put(
    text: &str,
    place: Place,
    field: &FieldHelp,
    value: &str,
    label: &str,
    sessions: Option<u64>,
) -> Suggestion {
    let sign = if place.negated { "-" } else { "" };
    let quote = match value.contains(char::is_whitespace) {
        true => "\"",
        false => "",
    };
    let piece = format!("{sign}{}{quote}{value}{quote} ", field.name);
    let (text, cursor) = replaced(text, place, &piece);
    Suggestion {
        kind: Offer::Value,
        label: format!("{}{value}", field.name),
        about: if label == value {
            String::new()
        } else {
            label.to_owned()
        },
        sessions,
        text,
        cursor,
    }
}

/// The text with `piece` in its place, and where that ends. A blank that is there is not doubled.
fn replaced(text: &str, place: Place, piece: &str) -> (String, usize) {
    let rest = &text[place.end..];
    let rest = match piece.ends_with(' ') {
        true => rest.trim_start(),
        false => rest,
    };
    let text = format!("{}{piece}{rest}", &text[..place.start]);
    (text, place.start + piece.len())
}

/// Values that fit what was typed: those that begin so first, then by how many sessions have them.
fn values<'c>(
    catalog: &'c Catalog,
    field: &FieldHelp,
    typed: &str,
    beginning: bool,
) -> Vec<Known<'c>> {
    let mut counts: HashMap<&str, u64> = HashMap::new();
    for entry in catalog.iter().filter(|entry| !entry.hidden) {
        each_value(catalog, entry, field, &mut |value| {
            *counts.entry(value).or_default() += 1;
        });
    }
    let typed = fold(typed);
    let mut found: Vec<(bool, Known)> = counts
        .into_iter()
        .filter(|(value, _)| !value.is_empty() && !value.contains('"'))
        .filter_map(|(value, sessions)| {
            let label = match field.name {
                "agent:" => agents::info(value).map_or(value, |info| info.name),
                "project:" | "repo:" => last_segment(value),
                _ => value,
            };
            let texts = [fold(value), fold(label)];
            let begins = texts.iter().any(|text| text.starts_with(&typed));
            let has = begins || (!beginning && texts.iter().any(|text| text.contains(&typed)));
            has.then_some((
                !begins,
                Known {
                    value,
                    label,
                    sessions,
                },
            ))
        })
        .collect();
    found.sort_by(|(a_late, a), (b_late, b)| {
        let by_count = b.sessions.cmp(&a.sessions);
        a_late.cmp(b_late).then(by_count).then(a.value.cmp(b.value))
    });
    found.into_iter().map(|(_, known)| known).collect()
}

fn each_value<'c>(
    catalog: &'c Catalog,
    entry: &'c Entry,
    field: &FieldHelp,
    see: &mut dyn FnMut(&'c str),
) {
    let tables = &catalog.tables;
    match field.name {
        "agent:" => see(entry.info.id),
        "project:" => see(tables.paths.get(entry.project)),
        "repo:" => {
            let repo = catalog.project(entry).repo;
            if repo != NONE {
                see(tables.repos.get(repo));
            }
        }
        "model:" => entry
            .models
            .iter()
            .for_each(|id| see(tables.models.get(*id))),
        "branch:" => entry
            .branches
            .iter()
            .for_each(|id| see(tables.branches.get(*id))),
        "tool:" => entry.tools.iter().for_each(|id| see(tables.tools.get(*id))),
        "tag:" => {
            let tags = catalog.tags.get(&entry.sid).into_iter().flatten();
            tags.for_each(|tag| see(tag));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_over_stands_in_its_place() {
        let (text, cursor) = ("retry -agent:cl pool", 15);
        let (place, what) = completing(text, cursor);
        let Completing::Value(field, _) = what else {
            panic!("a value is typed");
        };
        let known = |value| Known {
            value,
            label: value,
            sessions: 3,
        };
        let taken = value(text, place, field, &known("one"));
        assert_eq!(taken.text, "retry -agent:one pool");
        assert_eq!(&taken.text[taken.cursor..], "pool");
        let taken = value(text, place, field, &known("two words"));
        assert_eq!(taken.text, "retry -agent:\"two words\" pool");
        let (place, _) = completing("-ag", 3);
        assert_eq!(name("-ag", place, field).text, "-agent:");
    }
}
