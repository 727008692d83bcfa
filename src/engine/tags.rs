//! What people do with sessions: stars, tags and their colours, titles of their own, saved searches.

use super::Engine;
use super::view::*;
use crate::config::now_ms;
use crate::model::{SessionKey, Sid};
use crate::store::SavedRow;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;

/// Longest tag, title and name of a saved search, in characters.
const MAX_TAG: usize = 64;
const MAX_TITLE: usize = 200;

/// Colours that a tag may have; pages have a class for each.
pub const TAG_COLORS: [&str; 10] = [
    "red", "orange", "yellow", "green", "teal", "blue", "indigo", "violet", "pink", "gray",
];
/// Tags that are offered before anybody has made one, with their colours.
pub const SUGGESTED_TAGS: [(&str, &str); 6] = [
    ("bug", "red"),
    ("feature", "green"),
    ("research", "violet"),
    ("infra", "gray"),
    ("deploy", "orange"),
    ("review", "blue"),
];

/// The chosen colour, else the one that the tag is offered with; `""` for none.
pub(super) fn color(tag: &str, chosen: Option<&str>) -> &'static str {
    let known = |word: &str| TAG_COLORS.into_iter().find(|color| *color == word);
    let offered = || SUGGESTED_TAGS.iter().find(|offer| offer.0 == tag);
    match chosen {
        Some(chosen) => known(chosen).unwrap_or_default(),
        None => offered().map_or("", |offer| offer.1),
    }
}

/// One line with something on it.
fn line<'t>(text: &'t str, what: &str, most: usize) -> Result<&'t str> {
    let text = text.trim();
    ensure!(!text.is_empty(), "{what} needs a name");
    ensure!(
        text.chars().count() <= most,
        "{what} has at most {most} characters"
    );
    ensure!(
        !text.contains(char::is_control),
        "{what} has no control characters"
    );
    Ok(text)
}

impl Engine {
    pub(super) fn star(&self, sids: &[Sid], on: bool) -> Result<()> {
        self.marks.set_stars(&self.keys(sids)?, on.then(now_ms))
    }

    pub(super) fn tag(&self, sids: &[Sid], tag: &str, on: bool) -> Result<()> {
        let tag = line(tag, "a tag", MAX_TAG)?;
        self.marks.set_tags(&self.keys(sids)?, tag, on.then(now_ms))
    }

    pub(super) fn title(&self, sid: Sid, title: &str) -> Result<()> {
        let key = &self.keys(&[sid])?[0];
        let title = match title.trim() {
            "" => None,
            title => Some(line(title, "a session", MAX_TITLE)?),
        };
        self.marks.set_title(key, title, now_ms())
    }

    fn keys(&self, sids: &[Sid]) -> Result<Vec<SessionKey>> {
        let catalog = self.catalog.get()?;
        let key = |sid: &Sid| {
            let entry = catalog.get(*sid).context("no such session")?;
            Ok(entry.summary.key.clone())
        };
        sids.iter().map(key).collect()
    }

    pub(super) fn list_tags(&self) -> Result<Vec<TagRow>> {
        let catalog = self.catalog.get()?;
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for tag in catalog.tag_colors.keys() {
            counts.insert(tag, 0);
        }
        for tag in catalog.tags.values().flatten() {
            *counts.entry(tag).or_default() += 1;
        }
        let row = |(name, sessions): (&str, usize)| TagRow {
            tag: Tag {
                name: name.to_owned(),
                color: catalog.color(name),
            },
            sessions,
        };
        Ok(counts.into_iter().map(row).collect())
    }

    pub(super) fn paint_tag(&self, tag: &str, color: &str) -> Result<()> {
        let tag = line(tag, "a tag", MAX_TAG)?;
        ensure!(
            color.is_empty() || TAG_COLORS.contains(&color),
            "a colour is one of {}",
            TAG_COLORS.join(", ")
        );
        self.marks.color_tag(tag, color)
    }

    pub(super) fn call_tag(&self, tag: &str, to: &str) -> Result<()> {
        let to = line(to, "a tag", MAX_TAG)?;
        match tag == to {
            true => Ok(()),
            false => self.marks.rename_tag(tag, to),
        }
    }

    pub(super) fn list_saved(&self) -> Result<Vec<SavedSearch>> {
        let search = |(id, row): (u64, SavedRow)| SavedSearch {
            id,
            name: row.name,
            path: row.path,
            query: row.query,
        };
        Ok(self.marks.saved()?.into_iter().map(search).collect())
    }

    pub(super) fn save(&self, search: &SavedSearch) -> Result<u64> {
        let row = SavedRow {
            name: line(&search.name, "a saved search", MAX_TAG)?.to_owned(),
            path: search.path.clone(),
            query: search.query.clone(),
            at: now_ms(),
        };
        self.marks.put_saved(search.id, &row)
    }
}

#[cfg(test)]
#[path = "tags_tests.rs"]
mod tests;
