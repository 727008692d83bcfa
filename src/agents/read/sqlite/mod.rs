//! Agents' SQLite databases, read while their owners write them.
//!
//! Nothing is written: not the database, and no `-wal` or `-shm` beside it either. Rows that are still
//! in the write-ahead log are seen. How a file is opened follows from what lies beside it:
//!
//! | beside it | somebody has it open | opened as |
//! |---|---|---|
//! | `-shm` | probably | `mode=ro`, the normal locking protocol |
//! | `-wal` with content, no `-shm` | no (crash, copy, read-only folder) | [`image`]: main file and log put together in memory |
//! | neither, header says WAL | no (closed cleanly) | `mode=ro&immutable=1`, see below |
//! | neither, header says rollback journal | maybe | `mode=ro` |
//!
//! A database that was closed cleanly cannot be opened the normal way without a log and its index being
//! made beside it, whatever the flags. `immutable` keeps SQLite from that. It also takes no locks, and no
//! lock of ours would help: a program that opens such a database writes its log back without asking
//! readers that are not in the log's index. So what is read is believed only when, after it, the files
//! are what they were before it ([`Stand`]); else it is [`IssueKind::Locked`] and read again. Reading the
//! whole file into memory first would need the same look, and gigabytes.
//!
//! A database that cannot be read is a [`ParseIssue`], never an error: the run goes on without it.

mod image;

use super::super::Flow;
use crate::model::{Fingerprint, IssueKind, ParseIssue};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

/// How long a reader waits for a writer's lock before it gives up until the next scan.
const BUSY: Duration = Duration::from_millis(250);

/// More than the clock of any file system stands still that keeps times finer than seconds.
const TICK: Duration = Duration::from_millis(20);

/// An image at most this large is kept for the next session of the same database.
const KEEP: u64 = 32 << 20;

/// An agent's database, open for reading.
pub struct Db {
    /// Taken out only when the value goes.
    conn: Option<Connection>,
    path: PathBuf,
    /// What the image was made of.
    image: Option<Fingerprint>,
    /// How the files stood when nobody had the database open.
    closed: Option<Stand>,
}

/// The image used last: the sessions of one database are read one after the other.
static IMAGE: Mutex<Option<(PathBuf, Fingerprint, Connection)>> = Mutex::new(None);

impl Drop for Db {
    fn drop(&mut self) {
        if let (Some(print), Some(conn)) = (self.image, self.conn.take())
            && print.size <= KEEP
            && let Ok(mut kept) = IMAGE.lock()
        {
            *kept = Some((self.path.clone(), print, conn));
        }
    }
}

impl Db {
    /// # Errors
    /// What keeps the file from being read, ready for the sink.
    pub fn open(path: &Path) -> Result<Db, ParseIssue> {
        let made = |opened: rusqlite::Result<Connection>, image| match opened {
            Ok(conn) => Ok(Db {
                conn: Some(conn),
                path: path.to_owned(),
                image,
                closed: None,
            }),
            Err(error) => Err(issue(path, 0, &error)),
        };
        match Way::of(path).map_err(|error| unreadable(path, &error))? {
            Way::Live => match connect(path, "mode=ro") {
                // a folder we may not write: the index of the log cannot be opened the normal way
                Err(error) if cannot_open(&error) => made(image::load(path), None),
                opened => made(opened, None),
            },
            Way::Image => {
                let meta = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
                let print = with_log(super::fingerprint(&meta), path);
                let conn = match kept(path, print) {
                    Some(conn) => Ok(conn),
                    None => image::load(path),
                };
                made(conn, Some(print))
            }
            Way::Closed => {
                let stand = Stand::settled(path).map_err(|error| unreadable(path, &error))?;
                let mut db = made(connect(path, "mode=ro&immutable=1"), None);
                if stand.open || stand.log.is_some() || !stand.holds(path) {
                    return Err(issue(path, 0, &stirred()));
                }
                if let Ok(db) = &mut db {
                    db.closed = Some(stand);
                }
                db
            }
        }
    }

    /// What was read, if it can be believed.
    fn believed<T>(&self, line: u64, read: rusqlite::Result<T>) -> Result<T, ParseIssue> {
        let still_closed = self.closed.is_none_or(|stand| stand.holds(&self.path));
        let read = if still_closed { read } else { Err(stirred()) };
        read.map_err(|error| issue(&self.path, line, &error))
    }

    fn conn(&self) -> &Connection {
        self.conn.as_ref().expect("it is taken out by drop alone")
    }

    /// Names of all tables, in the order in which they were created.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub fn tables(&self) -> Result<Vec<String>, ParseIssue> {
        let read = || -> rusqlite::Result<Vec<String>> {
            let mut statement = self
                .conn()
                .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid")?;
            let names = statement.query_map([], |row| row.get(0))?;
            names.collect()
        };
        self.believed(0, read())
    }

    /// Names of a table's columns; empty where there is no such table.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub fn columns(&self, table: &str) -> Result<Vec<String>, ParseIssue> {
        let read = || -> rusqlite::Result<Vec<String>> {
            let mut statement = self
                .conn()
                .prepare("SELECT name FROM pragma_table_info(?1) ORDER BY cid")?;
            let names = statement.query_map([table], |row| row.get(0))?;
            names.collect()
        };
        self.believed(0, read())
    }

    /// Hands over every row of `table` in rowid (or key) order with these columns. A column that this
    /// version of the database does not have reads as NULL.
    ///
    /// # Errors
    /// As [`Db::open`]; a table that is not there is [`IssueKind::UnknownLayout`].
    pub fn rows(
        &self,
        table: &str,
        columns: &[&str],
        each: &mut dyn FnMut(&Row<'_>) -> Flow,
    ) -> Result<(), ParseIssue> {
        self.select(table, columns, "", &[], each)
    }

    /// The same with what follows the table's name (`WHERE`, `ORDER BY`, ...) and its parameters.
    ///
    /// # Errors
    /// As [`Db::rows`].
    pub fn select(
        &self,
        table: &str,
        columns: &[&str],
        tail: &str,
        parameters: &[&dyn ToSql],
        each: &mut dyn FnMut(&Row<'_>) -> Flow,
    ) -> Result<(), ParseIssue> {
        let present = self.columns(table)?;
        if present.is_empty() {
            return Err(ParseIssue {
                path: self.path.display().to_string(),
                line: 0,
                kind: IssueKind::UnknownLayout,
                detail: format!("the database has no table named {table}"),
            });
        }
        let list: Vec<String> = columns
            .iter()
            .map(|name| match present.iter().any(|have| have == name) {
                true => quote(name),
                false => "NULL".to_owned(),
            })
            .collect();
        let sql = format!("SELECT {} FROM {} {tail}", list.join(", "), quote(table));
        self.query(&sql, parameters, each)
    }

    /// Hands over every row of a statement of our own.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub fn query(
        &self,
        sql: &str,
        parameters: &[&dyn ToSql],
        each: &mut dyn FnMut(&Row<'_>) -> Flow,
    ) -> Result<(), ParseIssue> {
        let mut number = 0;
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = self.conn().prepare_cached(sql)?;
            let mut rows = statement.query(parameters)?;
            while let Some(row) = rows.next()? {
                number += 1;
                if each(&Row { row, number }) == Flow::Stop {
                    break;
                }
            }
            Ok(())
        };
        let ended = read();
        self.believed(number, ended)
    }
}

/// How the files of a database stand: what is read of them without locks counts while they stand so.
#[derive(Clone, Copy, PartialEq)]
struct Stand {
    file: Fingerprint,
    log: Option<Fingerprint>,
    /// Somebody has it open: the log's index lies there.
    open: bool,
}

impl Stand {
    fn of(path: &Path) -> std::io::Result<Stand> {
        let log = fs::metadata(beside(path, "-wal")).ok();
        Ok(Stand {
            file: super::fingerprint(&fs::metadata(path)?),
            // an empty log says nothing, nor does its owner (see `with_log`)
            log: log.filter(|log| log.len() > 0).map(|log| Fingerprint {
                ctime_ns: 0,
                ..super::fingerprint(&log)
            }),
            open: beside(path, "-shm").exists(),
        })
    }

    /// The same once the clock of the file system has moved on: a change within the tick of the last one
    /// would not show.
    fn settled(path: &Path) -> std::io::Result<Stand> {
        for name in [path.to_owned(), beside(path, "-wal")] {
            let changed = fs::metadata(name).and_then(|meta| meta.modified());
            if let Some(age) = changed.ok().and_then(|at| at.elapsed().ok())
                && age < TICK
            {
                std::thread::sleep(TICK - age);
            }
        }
        Stand::of(path)
    }

    fn holds(&self, path: &Path) -> bool {
        Stand::of(path).is_ok_and(|now| now == *self)
    }
}

/// What a database that changed under a reader without locks is to that reader: busy.
fn stirred() -> rusqlite::Error {
    let code = rusqlite::ffi::Error {
        code: ErrorCode::DatabaseBusy,
        extended_code: rusqlite::ffi::SQLITE_BUSY,
    };
    rusqlite::Error::SqliteFailure(code, None)
}

/// The fingerprint of a database together with its write-ahead log, where new rows go first. (The log's
/// status-change time says nothing: SQLite sets its owner whenever root opens it.)
pub fn with_log(mut print: Fingerprint, path: &Path) -> Fingerprint {
    if let Ok(meta) = fs::metadata(beside(path, "-wal")) {
        let log = super::fingerprint(&meta);
        print.size += log.size;
        print.mtime_ns = print.mtime_ns.max(log.mtime_ns);
    }
    print
}

/// One row; every getter takes any type that can stand for the wanted one.
pub struct Row<'a> {
    row: &'a rusqlite::Row<'a>,
    /// 1-based number in this reading.
    pub number: u64,
}

impl Row<'_> {
    /// Text, a number as text, or a blob that is UTF-8. `None` for NULL and `""`.
    pub fn text(&self, column: usize) -> Option<String> {
        let text = match self.row.get_ref(column).ok()? {
            ValueRef::Null => return None,
            ValueRef::Integer(n) => n.to_string(),
            ValueRef::Real(n) => n.to_string(),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                String::from_utf8_lossy(bytes).into_owned()
            }
        };
        (!text.is_empty()).then_some(text)
    }

    /// The bytes of a text or blob.
    pub fn bytes(&self, column: usize) -> Option<&[u8]> {
        match self.row.get_ref(column).ok()? {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// A whole number, 0 for anything else.
    pub fn int(&self, column: usize) -> i64 {
        self.number(column).map_or(0, |number| number as i64)
    }

    /// A number, or a number written as text.
    pub fn number(&self, column: usize) -> Option<f64> {
        match self.row.get_ref(column).ok()? {
            ValueRef::Integer(n) => Some(n as f64),
            ValueRef::Real(n) => Some(n),
            ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok()?.trim().parse().ok(),
            ValueRef::Null | ValueRef::Blob(_) => None,
        }
    }

    /// Milliseconds since the epoch from a number of any unit or RFC 3339.
    pub fn time(&self, column: usize) -> Option<i64> {
        match self.number(column) {
            Some(number) => crate::model::time::from_number(number),
            None => crate::model::time::from_text(&self.text(column)?),
        }
    }
}

fn cannot_open(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)
    )
}

/// The image used last, when it is of this state of this database.
fn kept(path: &Path, print: Fingerprint) -> Option<Connection> {
    let mut kept = IMAGE.lock().ok()?;
    let same = |(of, made, _): &(PathBuf, Fingerprint, Connection)| of == path && *made == print;
    kept.take_if(|kept| same(kept)).map(|(_, _, conn)| conn)
}

/// How a database is to be opened, from what lies on the disk.
enum Way {
    Live,
    Image,
    Closed,
}

impl Way {
    fn of(path: &Path) -> std::io::Result<Way> {
        let mut header = Vec::with_capacity(20);
        fs::File::open(path)?.take(20).read_to_end(&mut header)?;
        let wal_mode = header.get(18) == Some(&2);
        let log = fs::metadata(beside(path, "-wal")).map_or(0, |meta| meta.len());
        Ok(match wal_mode {
            true if beside(path, "-shm").exists() => Way::Live,
            true if log > 0 => Way::Image,
            true => Way::Closed,
            false => Way::Live,
        })
    }
}

/// `name.sqlite` and `-wal` give `name.sqlite-wal`.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn connect(path: &Path, parameters: &str) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(uri(path, parameters), flags)?;
    conn.busy_timeout(BUSY)?;
    // the file is not looked at before the first statement
    conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(conn)
}

/// `file:` URI: whatever could end the path early is escaped.
fn uri(path: &Path, parameters: &str) -> String {
    use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
    const SPECIAL: &AsciiSet = &CONTROLS.add(b'?').add(b'#').add(b'%').add(b' ');
    let path = path.to_string_lossy();
    let slashed = match cfg!(windows) {
        true => format!("/{}", path.replace('\\', "/")),
        false => path.into_owned(),
    };
    format!(
        "file:{}?{parameters}",
        utf8_percent_encode(&slashed, SPECIAL)
    )
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn unreadable(path: &Path, error: &std::io::Error) -> ParseIssue {
    ParseIssue {
        path: path.display().to_string(),
        line: 0,
        kind: IssueKind::Unreadable,
        detail: format!("the database cannot be opened: {}", error.kind()),
    }
}

fn issue(path: &Path, line: u64, error: &rusqlite::Error) -> ParseIssue {
    let (kind, detail) = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
            IssueKind::Locked,
            "the database is locked by another program",
        ),
        Some(ErrorCode::NotADatabase) => (
            IssueKind::Corrupt,
            "this is no SQLite database, or an encrypted one",
        ),
        Some(ErrorCode::DatabaseCorrupt) => (IssueKind::Corrupt, "the database is damaged"),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
            (IssueKind::Unreadable, "the database cannot be opened")
        }
        Some(ErrorCode::SystemIoFailure | ErrorCode::OutOfMemory) => (
            IssueKind::Unreadable,
            "the database could not be read to its end",
        ),
        _ => (
            IssueKind::UnknownLayout,
            "the database has a layout that this version does not know",
        ),
    };
    ParseIssue {
        path: path.display().to_string(),
        line,
        kind,
        detail: detail.to_owned(),
    }
}

/// A writer as an agent would be, for tests of rooms: runs statements, stays open.
#[cfg(test)]
pub fn writer(path: &Path) -> impl Fn(&str) + use<> {
    let conn = Connection::open(path).expect("a folder of the test's own");
    move |sql: &str| {
        conn.execute_batch(sql)
            .expect("statements of the test's own")
    }
}

#[cfg(test)]
mod tests;
