//! The corpus's messages in an SQLite FTS5 table, read through the same rooms as our own index.

use super::harness::made::Corpus;
use anyhow::{Context, Result};
use codedash::agents::{AGENTS, EventSink, Flow};
use codedash::config::Config;
use codedash::model::{Checkpoint, Event, EventKind, Message, ParseIssue, SessionStart, Wants};
use rusqlite::{Connection, params};
use std::collections::HashMap;

pub struct Database {
    connection: Connection,
    /// It was filled just now.
    pub fresh: bool,
    pub bytes: u64,
}

/// Opens the table, filling it when it is not there yet.
pub fn database(corpus: &Corpus) -> Result<Database> {
    let path = corpus.home.with_extension("fts5");
    let fresh = !path.exists();
    if fresh {
        let unfinished = path.with_extension("fts5-new");
        // left by a run that was interrupted, or not there
        let _ = std::fs::remove_file(&unfinished);
        fill(corpus, Connection::open(&unfinished)?)?;
        std::fs::rename(&unfinished, &path)?;
    }
    let connection = Connection::open(&path)?;
    connection.execute_batch("PRAGMA mmap_size = 4000000000; PRAGMA cache_size = -262144;")?;
    let bytes = path.metadata()?.len();
    Ok(Database {
        connection,
        fresh,
        bytes,
    })
}

impl Database {
    /// The ten best rows; returns how many there are.
    pub fn ranked(&self, query: &str) -> Result<usize> {
        let mut statement = self.connection.prepare_cached(
            "SELECT rowid, text FROM found WHERE found MATCH ? ORDER BY rank LIMIT 10",
        )?;
        let mut rows = statement.query([query])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            row.get_ref(1)?.as_str()?;
            count += 1;
        }
        Ok(count)
    }

    /// Counts by six fields as SQL does it: one query each. Returns the number of values.
    pub fn grouped(&self, query: &str) -> Result<usize> {
        let mut values = 0;
        for field in ["agent", "project", "role", "tool", "model", "day"] {
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT {field}, count(*) FROM found \
                 JOIN message ON message.id = found.rowid WHERE found MATCH ? GROUP BY {field}"
            ))?;
            let mut rows = statement.query([query])?;
            while rows.next()?.is_some() {
                values += 1;
            }
        }
        Ok(values)
    }

    /// Counts by six fields, in one scan of the matches: the least that it can cost.
    pub fn scanned(&self, query: &str) -> Result<[HashMap<i64, u64>; 6]> {
        let mut statement = self.connection.prepare_cached(
            "SELECT agent, project, role, tool, model, day FROM found \
             JOIN message ON message.id = found.rowid WHERE found MATCH ?",
        )?;
        let mut counts: [HashMap<i64, u64>; 6] = Default::default();
        let mut rows = statement.query([query])?;
        while let Some(row) = rows.next()? {
            for (field, counts) in counts.iter_mut().enumerate() {
                *counts.entry(row.get(field)?).or_default() += 1;
            }
        }
        Ok(counts)
    }
}

fn fill(corpus: &Corpus, connection: Connection) -> Result<()> {
    connection.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144;
         CREATE TABLE message (id INTEGER PRIMARY KEY, agent INT, project INT, role INT, tool INT, model INT, day INT);
         CREATE VIRTUAL TABLE found USING fts5(text, tokenize = 'unicode61');
         BEGIN;",
    )?;
    let config = Config::for_home(&corpus.home, &corpus.home);
    let mut sink = Sink {
        connection: &connection,
        row: 0,
        names: HashMap::new(),
        agent: 0,
        project: 0,
        failed: None,
    };
    for room in AGENTS {
        for root in config.roots(std::iter::once(room.info())) {
            let mut sources = Vec::new();
            room.discover(&root.path, &mut |source| sources.push(source));
            for source in sources {
                sink.agent = sink.number(room.info().id);
                sink.project = sink.number(
                    &source
                        .path
                        .parent()
                        .map_or_else(String::new, |p| p.display().to_string()),
                );
                room.parse(&source, &Checkpoint::default(), &mut sink)?;
            }
        }
    }
    if let Some(error) = sink.failed {
        return Err(error).context("filling the FTS5 table");
    }
    connection.execute_batch("COMMIT; INSERT INTO found(found) VALUES ('optimize');")?;
    Ok(())
}

struct Sink<'a> {
    connection: &'a Connection,
    row: i64,
    /// Facet values as numbers: cheaper for it to count than text.
    names: HashMap<String, i64>,
    agent: i64,
    project: i64,
    failed: Option<rusqlite::Error>,
}

impl Sink<'_> {
    fn number(&mut self, name: &str) -> i64 {
        if let Some(number) = self.names.get(name) {
            return *number;
        }
        let number = self.names.len() as i64;
        self.names.insert(name.to_owned(), number);
        number
    }

    fn insert(&mut self, at: Option<i64>, message: &Message) -> rusqlite::Result<()> {
        self.row += 1;
        let tool = message
            .tool
            .as_ref()
            .map_or("", |tool| tool.name.as_str())
            .to_owned();
        let tool = self.number(&tool);
        let model = self.number(message.model.as_deref().unwrap_or_default());
        let day = at.unwrap_or(0) / 86_400_000;
        self.connection
            .prepare_cached("INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?)")?
            .execute(params![
                self.row,
                self.agent,
                self.project,
                message.role as i64,
                tool,
                model,
                day
            ])?;
        self.connection
            .prepare_cached("INSERT INTO found (rowid, text) VALUES (?, ?)")?
            .execute(params![self.row, message.text])?;
        Ok(())
    }
}

impl EventSink for Sink<'_> {
    fn wants(&self) -> Wants {
        Wants::ALL
    }
    fn session(&mut self, _: SessionStart) {}
    fn event(&mut self, event: Event) -> Flow {
        if let EventKind::Message(message) = &event.kind
            && !message.copy
            && let Err(error) = self.insert(event.at, message)
        {
            self.failed = Some(error);
            return Flow::Stop;
        }
        Flow::Go
    }
    fn issue(&mut self, _: ParseIssue) {}
}
