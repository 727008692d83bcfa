//! Which sessions a database holds, and which of them changed.
//!
//! A store may hold half a million rows, and every step of an agent changes it: counting them all at each
//! look costs a third of a second. So what the last look saw is remembered, and the next one looks at the
//! sessions that have new rows (by row number), a new time of their own, or were at work lately. Whatever
//! does not add up (rows were deleted, numbers used again) is answered by looking at everything. So is
//! every hundredth look, which sees what was changed in place far behind the newest rows.

use super::layout;
use crate::agents::Flow;
use crate::agents::read::rows::Seen;
use crate::agents::read::sqlite::Db;
use crate::model::ParseIssue;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Sessions whose newest rows may change in place: more are never at work at once.
const LATELY: usize = 16;
/// Looks after which everything is looked at again.
const LOOKS: u32 = 100;

/// Tables whose rows are a session's.
const TABLES: [&str; 3] = ["message", "part", "session_message"];

#[derive(Clone, Default)]
struct Known {
    looks: u32,
    marks: Vec<Mark>,
    seen: BTreeMap<String, Seen>,
}

/// How far a table was seen.
#[derive(Clone)]
struct Mark {
    table: &'static str,
    count: i64,
    /// Number and id of its newest row.
    newest: (i64, String),
}

static KNOWN: Mutex<Option<HashMap<PathBuf, Known>>> = Mutex::new(None);

/// Everything in the database at `path`, at the cost of what changed since the last look.
pub(super) fn look(path: &Path, db: &Db) -> Result<Vec<Seen>, ParseIssue> {
    let take = || {
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        known.get_or_insert_default().remove(path)
    };
    let grown = match take().filter(|known| known.looks < LOOKS) {
        Some(known) => grown(db, known)?,
        None => None,
    };
    let known = match grown {
        Some(known) => known,
        None => whole(db)?,
    };
    let seen = known.seen.values().cloned().collect();
    let mut all = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    all.get_or_insert_default().insert(path.to_owned(), known);
    Ok(seen)
}

/// What the sessions' own rows say: enough to know that the database can be listed.
pub(super) fn sessions(db: &Db) -> Result<Vec<Seen>, ParseIssue> {
    let mut seen = Vec::new();
    let columns = ["id", "parent_id", "time_updated"];
    db.rows("session", &columns, &mut |row| {
        seen.push(Seen {
            native: row.text(0).unwrap_or_default(),
            parent: row.text(1),
            updated: Some(row.int(2)),
            digest: vec![row.int(2)],
            layout: layout::ROWS,
        });
        Flow::Go
    })?;
    Ok(seen)
}

fn tables(db: &Db) -> Result<Vec<&'static str>, ParseIssue> {
    let there = db.tables()?;
    let mut tables = TABLES.to_vec();
    tables.retain(|table| there.iter().any(|name| name == table));
    Ok(tables)
}

fn whole(db: &Db) -> Result<Known, ParseIssue> {
    let tables = tables(db)?;
    let mut known = Known::default();
    // before the sessions are looked at: what comes meanwhile is new at the next look
    for table in &tables {
        known.marks.push(mark(db, table)?);
    }
    for mut session in sessions(db)? {
        rows_of(db, &tables, &mut session)?;
        known.seen.insert(session.native.clone(), session);
    }
    Ok(known)
}

/// What is known and what came since; `None` when it does not add up.
fn grown(db: &Db, mut known: Known) -> Result<Option<Known>, ParseIssue> {
    let tables = tables(db)?;
    if !tables.iter().eq(known.marks.iter().map(|mark| &mark.table)) {
        return Ok(None);
    }
    let mut touched = BTreeSet::new();
    for before in &mut known.marks {
        let now = mark(db, before.table)?;
        let Some(new) = added(db, before, &mut touched)? else {
            return Ok(None);
        };
        if now.count != before.count + new {
            return Ok(None);
        }
        *before = now;
    }
    let mut lately: Vec<(Option<i64>, &String)> = known
        .seen
        .values()
        .map(|seen| (seen.updated, &seen.native))
        .collect();
    lately.sort_unstable_by(|a, b| b.cmp(a));
    touched.extend(lately.iter().take(LATELY).map(|(_, id)| (*id).clone()));
    let mut seen = BTreeMap::new();
    for mut session in sessions(db)? {
        let before = known.seen.remove(&session.native);
        let same = before.filter(|before| {
            before.digest.first() == session.digest.first() && before.parent == session.parent
        });
        match same.filter(|before| !touched.contains(&before.native)) {
            Some(before) => session = before,
            None => rows_of(db, &tables, &mut session)?,
        }
        seen.insert(session.native.clone(), session);
    }
    Ok(Some(Known {
        looks: known.looks + 1,
        seen,
        ..known
    }))
}

fn mark(db: &Db, table: &'static str) -> Result<Mark, ParseIssue> {
    let mut mark = Mark {
        table,
        count: 0,
        newest: (0, String::new()),
    };
    // the newest first: what comes in between is counted twice, and then the sum does not add up
    let newest = format!("SELECT rowid, id FROM {table} ORDER BY rowid DESC LIMIT 1");
    db.query(&newest, &[], &mut |row| {
        mark.newest = (row.int(0), row.text(1).unwrap_or_default());
        Flow::Stop
    })?;
    // over the smallest index, without a row
    let count = format!("SELECT count(*) FROM {table}");
    db.query(&count, &[], &mut |row| {
        mark.count = row.int(0);
        Flow::Stop
    })?;
    Ok(mark)
}

/// How many rows came behind a mark, and whose they are; `None` when the row it is at is another one now.
fn added(
    db: &Db,
    before: &Mark,
    touched: &mut BTreeSet<String>,
) -> Result<Option<i64>, ParseIssue> {
    let (table, (newest, id)) = (before.table, &before.newest);
    let mut same = *newest == 0;
    let sql = format!("SELECT id FROM {table} WHERE rowid = ?1");
    db.query(&sql, &[newest], &mut |row| {
        same = row.text(0).as_ref() == Some(id);
        Flow::Stop
    })?;
    if !same {
        return Ok(None);
    }
    let mut new = 0;
    let sql =
        format!("SELECT session_id, count(*) FROM {table} WHERE rowid > ?1 GROUP BY session_id");
    db.query(&sql, &[newest], &mut |row| {
        touched.extend(row.text(0));
        new += row.int(1);
        Flow::Go
    })?;
    Ok(Some(new))
}

/// A message that is being written changes in place, and so do its parts; it is among the newest ones.
const FIRST: &str = "
SELECT (SELECT count(*) FROM message WHERE session_id = ?1),
  (SELECT count(*) FROM part WHERE session_id = ?1),
  max(m.time_updated),
  max((SELECT max(p.time_updated) FROM part p WHERE p.message_id = m.id))
FROM (SELECT id, time_updated FROM message WHERE session_id = ?1 ORDER BY rowid DESC LIMIT 8) m";

const SECOND: &str = "
SELECT count(*), max(seq), max(time_updated) FROM session_message WHERE session_id = ?1";

fn rows_of(db: &Db, tables: &[&str], session: &mut Seen) -> Result<(), ParseIssue> {
    let statements: [(&[&str], &str); 2] = [
        (&["message", "part"], FIRST),
        (&["session_message"], SECOND),
    ];
    for (needs, sql) in statements {
        if !needs.iter().all(|table| tables.contains(table)) {
            continue;
        }
        let id = session.native.clone();
        db.query(sql, &[&id], &mut |row| {
            session.digest.extend((0..4).map(|column| row.int(column)));
            let updated = row.int(2).max(row.int(3));
            session.updated = session.updated.max(Some(updated));
            Flow::Stop
        })?;
    }
    Ok(())
}
