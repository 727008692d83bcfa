//! What people named themselves: titles of sessions, colours of tags, saved searches. Part of the marks,
//! whose format is read for ever; files of earlier versions have none of these tables.

use super::marks::Marks;
use super::tables::{SAVED, TAG_COLORS, TAGS, TITLES};
use crate::model::SessionKey;
use anyhow::Result;
use redb::{ReadableDatabase, ReadableTable, TableDefinition, TableError};
use std::collections::{BTreeMap, HashMap};

/// A page with its filters under a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedRow {
    pub name: String,
    pub path: String,
    /// Query string, without `?`.
    pub query: String,
    /// When it was saved, ms.
    pub at: i64,
}

impl Marks {
    /// Titles that people gave, by `agent:native`.
    pub fn titles(&self) -> Result<HashMap<String, String>> {
        self.rows(TITLES, |key, (title, _)| (key.to_owned(), title.to_owned()))
    }

    /// Names a session (at this time, ms), or lets it have its own title again.
    pub fn set_title(&self, key: &SessionKey, title: Option<&str>, at: i64) -> Result<()> {
        let name = key.to_string();
        self.change(|txn| {
            let mut table = txn.open_table(TITLES)?;
            match title {
                Some(title) => table.insert(name.as_str(), (title, at))?.map(drop),
                None => table.remove(name.as_str())?.map(drop),
            };
            Ok(())
        })
    }

    /// Words of colours by tag; a tag is here when it was given one, or made without a session.
    pub fn tag_colors(&self) -> Result<BTreeMap<String, String>> {
        self.rows(TAG_COLORS, |tag, color| (tag.to_owned(), color.to_owned()))
    }

    /// Colours a tag, and makes it when there is none.
    pub fn color_tag(&self, tag: &str, color: &str) -> Result<()> {
        self.change(|txn| {
            txn.open_table(TAG_COLORS)?.insert(tag, color)?;
            Ok(())
        })
    }

    /// Calls a tag otherwise on every session. When there is one of that name, both are that one, with
    /// its colour.
    pub fn rename_tag(&self, tag: &str, to: &str) -> Result<()> {
        self.change(|txn| {
            let mut tags = txn.open_table(TAGS)?;
            for (session, at) in carriers(&tags, tag)? {
                tags.remove((session.as_str(), tag))?;
                if tags.get((session.as_str(), to))?.is_none() {
                    tags.insert((session.as_str(), to), at)?;
                }
            }
            let mut colors = txn.open_table(TAG_COLORS)?;
            let color = colors.remove(tag)?.map(|color| color.value().to_owned());
            let known = colors.get(to)?.is_some();
            if let Some(color) = color.filter(|_| !known) {
                colors.insert(to, color.as_str())?;
            }
            Ok(())
        })
    }

    /// Takes a tag from every session, and its colour.
    pub fn remove_tag(&self, tag: &str) -> Result<()> {
        self.change(|txn| {
            let mut tags = txn.open_table(TAGS)?;
            for (session, _) in carriers(&tags, tag)? {
                tags.remove((session.as_str(), tag))?;
            }
            txn.open_table(TAG_COLORS)?.remove(tag)?;
            Ok(())
        })
    }

    /// Saved searches with their numbers, in the order in which they were saved.
    pub fn saved(&self) -> Result<Vec<(u64, SavedRow)>> {
        self.rows(SAVED, |id, (name, path, query, at)| {
            let row = SavedRow {
                name: name.to_owned(),
                path: path.to_owned(),
                query: query.to_owned(),
                at,
            };
            (id, row)
        })
    }

    /// Saves a search under a number; 0 gives it a new one. The number.
    pub fn put_saved(&self, id: u64, row: &SavedRow) -> Result<u64> {
        let mut number = id;
        self.change(|txn| {
            let mut table = txn.open_table(SAVED)?;
            if number == 0 {
                number = table.last()?.map_or(0, |(id, _)| id.value()) + 1;
            }
            let value = (
                row.name.as_str(),
                row.path.as_str(),
                row.query.as_str(),
                row.at,
            );
            table.insert(number, value)?;
            Ok(())
        })?;
        Ok(number)
    }

    pub fn remove_saved(&self, id: u64) -> Result<()> {
        self.change(|txn| {
            txn.open_table(SAVED)?.remove(id)?;
            Ok(())
        })
    }
}

impl Marks {
    /// The rows of a table, which may not be there yet.
    fn rows<K: redb::Key + 'static, V: redb::Value + 'static, R, All: Default + FromIterator<R>>(
        &self,
        table: TableDefinition<K, V>,
        row: impl for<'a> Fn(K::SelfType<'a>, V::SelfType<'a>) -> R,
    ) -> Result<All> {
        let txn = self.db.begin_read()?;
        let table = match txn.open_table(table) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(All::default()),
            table => table?,
        };
        let rows = table.iter()?.map(|found| {
            let (key, value) = found?;
            Ok(row(key.value(), value.value()))
        });
        rows.collect()
    }
}

/// Sessions that carry a tag, with the time of tagging.
fn carriers(
    tags: &impl ReadableTable<(&'static str, &'static str), i64>,
    tag: &str,
) -> Result<Vec<(String, i64)>> {
    let mut found = Vec::new();
    for row in tags.iter()? {
        let (key, at) = row?;
        let (session, carried) = key.value();
        if carried == tag {
            found.push((session.to_owned(), at.value()));
        }
    }
    Ok(found)
}
