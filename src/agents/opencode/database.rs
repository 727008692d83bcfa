//! The databases: which sessions they hold, and reading one from where the last read ended.

use super::listing;
use super::part::{self, Message, Told};
use super::session::Session;
use super::v2;
use crate::agents::read::record::Kept;
use crate::agents::read::rows;
use crate::agents::read::sqlite::Db;
use crate::agents::read::tell::{self, Out, Teller};
use crate::agents::read::{folder, json};
use crate::agents::{EventSink, Flow, Listing};
use crate::model::{Checkpoint, IssueKind, ParseIssue, Source, SourceMode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::Path;

/// Ids of the sessions that databases of this folder hold.
pub(super) fn discover(
    root: &Path,
    name: &str,
    went: &mut Listing,
    found: &mut dyn FnMut(Source),
) -> BTreeSet<String> {
    let mut held = BTreeSet::new();
    for entry in folder::entries(root, went) {
        let stem = entry.name.strip_suffix(".db").unwrap_or("");
        let ours = stem == name
            || stem
                .strip_prefix(name)
                .is_some_and(|end| end.starts_with('-'));
        if entry.is_folder || !ours {
            continue;
        }
        rows::discover(&entry.path, went, found, &mut |db| {
            let mut seen = listing::look(&entry.path, db)?;
            // two channels may know one session: the first database tells it
            seen.retain(|seen| held.insert(seen.native.clone()));
            Ok(seen)
        });
    }
    held
}

/// Where the reading of a session stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Cursor {
    second: bool,
    /// Messages told whole, and the last of them.
    messages: u64,
    last: String,
    /// Parts told of the message behind it.
    parts: u32,
}

pub(super) fn parse(
    source: &Source,
    from: &Checkpoint,
    sink: &mut dyn EventSink,
) -> std::io::Result<Checkpoint> {
    let read = || -> Result<Reading, ParseIssue> {
        let db = Db::open(&rows::database(source))?;
        let session = session(&db, &source.native)?;
        let keys = keys(&db, &source.native)?;
        Ok(Reading { db, session, keys })
    };
    let reading = match read() {
        Ok(reading) => reading,
        Err(issue) => return rows::failed(issue, sink),
    };
    let mut cursor: Cursor = rows::state(from).unwrap_or_default();
    let known = cursor.messages as usize;
    let fits = cursor.second == reading.keys.second
        && (known == 0 || reading.keys.ids.get(known - 1) == Some(&cursor.last));
    let (mode, seq) = match fits && from.offset > 0 {
        true => (SourceMode::Append, from.seq),
        false => {
            cursor = Cursor {
                second: reading.keys.second,
                ..Cursor::default()
            };
            (SourceMode::Replace, 0)
        }
    };
    let mut teller = Teller::at(tell::Told::of(&source.native), mode, seq, sink);
    let out = &mut teller.out(sink);
    reading.session.tell(out);
    let ended = match reading.keys.second {
        true => reading.second(source, &mut cursor, out),
        false => reading.first(source, &mut cursor, out),
    };
    let seq = out.seq();
    if let Err(issue) = ended {
        return rows::failed(issue, sink);
    }
    Ok(rows::checkpoint(cursor.messages, seq, &cursor))
}

struct Reading {
    db: Db,
    session: Session,
    keys: Keys,
}

/// Ids of a session's messages in their order.
struct Keys {
    second: bool,
    ids: Vec<String>,
    /// Place of the newest answer, where the second generation says so beside its value: what stands
    /// before it does not change any more, complete or not.
    newest: usize,
}

fn keys(db: &Db, native: &str) -> Result<Keys, ParseIssue> {
    let tables = db.tables()?;
    let has = |name: &str| tables.iter().any(|table| table == name);
    let (mut ids, mut newest) = (Vec::new(), 0);
    if has("session_message") {
        let tail = "WHERE session_id = ?1 ORDER BY seq, id";
        let columns = ["id", "type"];
        db.select("session_message", &columns, tail, &[&native], &mut |row| {
            if matches!(row.text(1).as_deref(), Some("assistant" | "shell")) {
                newest = ids.len();
            }
            ids.push(row.text(0).unwrap_or_default());
            Flow::Go
        })?;
    }
    let second = !ids.is_empty();
    if !second && has("message") {
        let tail = "WHERE session_id = ?1 ORDER BY time_created, id";
        db.select("message", &["id"], tail, &[&native], &mut |row| {
            ids.push(row.text(0).unwrap_or_default());
            Flow::Go
        })?;
    }
    Ok(Keys {
        second,
        ids,
        newest,
    })
}

const SESSION: [&str; 9] = [
    "parent_id",
    "fork_session_id",
    "title",
    "directory",
    "version",
    "agent",
    "time_created",
    "time_archived",
    "project_id",
];

fn session(db: &Db, native: &str) -> Result<Session, ParseIssue> {
    let mut session = Session::default();
    let mut project = None;
    db.select(
        "session",
        &SESSION,
        "WHERE id = ?1",
        &[&native],
        &mut |row| {
            session = Session {
                parent: row.text(0),
                fork: row.text(1),
                title: row.text(2).unwrap_or_default(),
                directory: row.text(3).unwrap_or_default(),
                version: row.text(4).unwrap_or_default(),
                agent: row.text(5),
                created: row.time(6),
                archived: row.time(7).is_some(),
                worktree: String::new(),
            };
            project = row.text(8);
            Flow::Stop
        },
    )?;
    if let Some(project) = project
        && db.tables()?.iter().any(|table| table == "project")
    {
        let tail = "WHERE id = ?1";
        db.select("project", &["worktree"], tail, &[&project], &mut |row| {
            session.worktree = row.text(0).unwrap_or_default();
            Flow::Stop
        })?;
    }
    // the original is gone: the copies are all there is
    if let Some(origin) = &session.fork {
        let mut there = false;
        db.select("session", &["id"], "WHERE id = ?1", &[origin], &mut |_| {
            there = true;
            Flow::Stop
        })?;
        if !there {
            session.created = None;
        }
    }
    Ok(session)
}

impl Reading {
    fn behind<'k>(
        &'k self,
        cursor: &Cursor,
    ) -> impl Iterator<Item = (usize, &'k String)> + use<'k> {
        let known = cursor.messages as usize;
        self.keys.ids.iter().enumerate().skip(known)
    }

    fn first(
        &self,
        source: &Source,
        cursor: &mut Cursor,
        out: &mut Out<'_>,
    ) -> Result<(), ParseIssue> {
        let mut pending = Vec::new();
        for (at, id) in self.behind(cursor) {
            let mut data = String::new();
            let tail = "WHERE id = ?1";
            self.db
                .select("message", &["data"], tail, &[id], &mut |row| {
                    data = row.text(0).unwrap_or_default();
                    Flow::Stop
                })?;
            pending.push((at, id, mended(data)));
        }
        let answers = pending.iter().filter(|(_, _, data)| part::is_answer(data));
        let newest = answers.map(|(at, ..)| *at).max().unwrap_or(0);
        for (at, id, data) in &pending {
            // one statement a message: no lock outlives what one message takes
            let mut parts = Vec::new();
            let tail = "WHERE message_id = ?1 ORDER BY id";
            self.db.select("part", &["data"], tail, &[id], &mut |row| {
                parts.push(row.text(0).unwrap_or_default());
                Flow::Go
            })?;
            let message = Message {
                id,
                data,
                number: *at as u64 + 1,
                last: *at >= newest,
            };
            let own = Kept::row(("message", "data"), ("id", id), data);
            let below = parts
                .iter()
                .map(|part| Kept::row(("part", "data"), ("message_id", id), part));
            out.kept(&[own].into_iter().chain(below).collect::<Vec<_>>());
            let told = part::tell(out, &self.session, &message, &parts, cursor.parts);
            if !went_on(source, cursor, out, told, *at, id) {
                break;
            }
        }
        Ok(())
    }

    fn second(
        &self,
        source: &Source,
        cursor: &mut Cursor,
        out: &mut Out<'_>,
    ) -> Result<(), ParseIssue> {
        let columns = ["type", "data", "time_created"];
        for (at, id) in self.behind(cursor) {
            let (mut kind, mut data, mut created) = (String::new(), String::new(), None);
            let tail = "WHERE id = ?1";
            self.db
                .select("session_message", &columns, tail, &[id], &mut |row| {
                    kind = row.text(0).unwrap_or_default();
                    data = row.text(1).unwrap_or_default();
                    created = row.time(2);
                    Flow::Stop
                })?;
            out.kept(&[Kept::row(("session_message", "data"), ("id", id), &data)]);
            let row = v2::Row {
                id,
                kind: &kind,
                data: &mended(data),
                number: at as u64 + 1,
                last: at >= self.keys.newest,
                created,
            };
            let told = v2::tell(out, &self.session, &row, cursor.parts);
            if !went_on(source, cursor, out, told, at, id) {
                break;
            }
        }
        Ok(())
    }
}

/// Moves the cursor; `false` at the place where the next read begins.
fn went_on(
    source: &Source,
    cursor: &mut Cursor,
    out: &mut Out<'_>,
    told: Told,
    at: usize,
    id: &str,
) -> bool {
    if let Told::Parts(parts) = told {
        cursor.parts = parts;
        return false;
    }
    if told == Told::Nothing {
        let detail = "a message is not the object it should be";
        tell::issue(
            &source.path,
            at as u64 + 1,
            IssueKind::WrongShape,
            detail,
            out.sink,
        );
    }
    cursor.parts = 0;
    cursor.messages = at as u64 + 1;
    id.clone_into(&mut cursor.last);
    out.flow() == Flow::Go
}

fn mended(data: String) -> String {
    match json::Raw::parse(&data) {
        Ok(_) => data,
        Err(_) => json::without_lone_surrogates(&data).unwrap_or(data),
    }
}
