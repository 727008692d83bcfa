//! What was searched for last: part of the marks.
//!
//! Nothing that lists show hangs on it, so it does not make them anew.

use super::marks::Marks;
use super::tables::RECENT;
use anyhow::Result;
use redb::{ReadableDatabase, ReadableTable};

/// More than these are not remembered.
const MOST: usize = 20;

impl Marks {
    /// Searches, newest first.
    pub fn recent(&self) -> Result<Vec<String>> {
        let txn = self.db.begin_read()?;
        let table = match txn.open_table(RECENT) {
            // files of earlier versions have none
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
            table => table?,
        };
        let mut rows = Vec::new();
        for row in table.iter()? {
            let (text, at) = row?;
            rows.push((at.value(), text.value().to_owned()));
        }
        rows.sort_by(|a, b| b.cmp(a));
        Ok(rows.into_iter().map(|(_, text)| text).collect())
    }

    /// Remembers a search of this time, ms: once, however often it was made.
    pub fn note_recent(&self, text: &str, at: i64) -> Result<()> {
        let mut txn = self.db.begin_write()?;
        txn.set_quick_repair(true);
        {
            let mut table = txn.open_table(RECENT)?;
            table.insert(text, at)?;
            let mut times = Vec::new();
            for row in table.iter()? {
                times.push(row?.1.value());
            }
            if times.len() > MOST {
                times.sort_unstable();
                let oldest = times[times.len() - MOST];
                table.retain(|_, at| at >= oldest)?;
            }
        }
        Ok(txn.commit()?)
    }

    /// Forgets one search, or all of them.
    pub fn forget_recent(&self, text: Option<&str>) -> Result<()> {
        let mut txn = self.db.begin_write()?;
        txn.set_quick_repair(true);
        {
            let mut table = txn.open_table(RECENT)?;
            table.retain(|known, _| text.is_some_and(|text| text != known))?;
        }
        Ok(txn.commit()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_twenty_once_each_and_forgotten_when_asked() {
        let dir = tempfile::tempdir().unwrap();
        let marks = Marks::open(&dir.path().join("marks.redb")).unwrap();
        assert!(marks.recent().unwrap().is_empty());
        let generation = marks.generation();
        for n in 0..25 {
            marks.note_recent(&format!("word {n}"), n).unwrap();
        }
        marks.note_recent("word 10", 99).unwrap();
        let recent = marks.recent().unwrap();
        assert_eq!(recent.len(), MOST);
        assert_eq!(
            (recent[0].as_str(), recent[1].as_str()),
            ("word 10", "word 24")
        );
        marks.forget_recent(Some("word 24")).unwrap();
        assert_eq!(marks.recent().unwrap().len(), MOST - 1);
        marks.forget_recent(None).unwrap();
        assert!(marks.recent().unwrap().is_empty());
        assert_eq!(marks.generation(), generation, "lists stay as they are");
    }
}
