//! What the fuzz targets share: one file, or one cell of a database, of a fixture's home holds the fuzzer's
//! bytes, and the room reads that home.
//!
//! One target per room, in the top folder (needs `cargo install cargo-fuzz --locked`):
//!
//! ```text
//! cargo +nightly fuzz run <agent id> -- -max_total_time=60 -rss_limit_mb=1024 -max_len=20000
//! RUSTC_BOOTSTRAP=1 cargo fuzz run <agent id> -- ...      with a stable compiler
//! ```
//!
//! It looks for panics, endless reading and memory without bound; what a room must tell of damage is a
//! property test (`tests/suite/damage.rs`), which runs in the gate. The bytes of a database's file are not
//! fuzzed: SQLite reads them.

use codedash::agents::{self, Agent, EventSink, Flow};
use codedash::config::Config;
use codedash::model::{Checkpoint, Event, ParseIssue, SessionStart, Source, Wants};
use libfuzzer_sys::fuzzer_mutate;
use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};
use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};

/// The target of an agent: its first two bytes say which of the fixtures' places, the rest is what stands there.
#[macro_export]
macro_rules! target {
    ($agent:literal) => {
        libfuzzer_sys::fuzz_target!(|data: &[u8]| $crate::room($agent, data));
        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max: usize, seed: u32| {
            $crate::mutated($agent, data, size, max, seed)
        });
    };
}

/// Where the fuzzer's bytes go.
enum Place {
    File(PathBuf),
    Cell {
        database: PathBuf,
        writer: std::rc::Rc<Connection>,
        table: String,
        column: String,
        row: i64,
    },
}

/// A place in a copy of a fixture's home, and what stands there in the fixture.
struct Seat {
    home: PathBuf,
    place: Place,
    stood: Vec<u8>,
}

thread_local! {
    static SEATS: OnceCell<Vec<Seat>> = const { OnceCell::new() };
}

/// Reads `data` as a file or cell of this agent.
pub fn room(agent: &str, data: &[u8]) {
    let Some((which, bytes)) = data.split_first_chunk::<2>() else {
        return;
    };
    SEATS.with(|seats| {
        let seats = seats.get_or_init(|| seats_of(agent));
        let seat = &seats[usize::from(u16::from_le_bytes(*which)) % seats.len()];
        seat.put(bytes);
        read(
            agents::room(agent).expect("targets are named as agents"),
            seat,
        );
        // what it stands beside is the fixture's
        seat.put(&seat.stood);
    });
}

/// libFuzzer's own mutation, and now and then what stands in a fixture.
pub fn mutated(agent: &str, data: &mut [u8], size: usize, max: usize, seed: u32) -> usize {
    if size > 2 && !seed.is_multiple_of(64) {
        return fuzzer_mutate(data, size, max);
    }
    SEATS.with(|seats| {
        let seats = seats.get_or_init(|| seats_of(agent));
        let which = (seed / 64) as usize % seats.len();
        let stood = &seats[which].stood;
        let end = (stood.len() + 2).min(max).min(data.len());
        if end < 2 {
            return size;
        }
        data[..2].copy_from_slice(&(which as u16).to_le_bytes());
        data[2..end].copy_from_slice(&stood[..end - 2]);
        end
    })
}

impl Seat {
    fn path(&self) -> &Path {
        match &self.place {
            Place::File(path) => path,
            Place::Cell { database, .. } => database,
        }
    }

    fn put(&self, bytes: &[u8]) {
        match &self.place {
            Place::File(path) => fs::write(path, bytes).expect("the copy is ours"),
            Place::Cell {
                writer,
                table,
                column,
                row,
                ..
            } => {
                let value = match std::str::from_utf8(bytes) {
                    Ok(text) => Value::Text(text.to_owned()),
                    Err(_) => Value::Blob(bytes.to_owned()),
                };
                let sql = format!("UPDATE \"{table}\" SET \"{column}\" = ?1 WHERE rowid = ?2");
                let put = writer
                    .prepare_cached(&sql)
                    .and_then(|mut put| put.execute((value, row)));
                // a key that stands there already stays as it is
                let _ = put;
            }
        }
    }
}

fn read(room: &dyn Agent, seat: &Seat) {
    let config = Config::for_home(&seat.home, &seat.home.join("none"));
    for root in config.roots(agents::all_infos()) {
        if root.agent != room.info().id {
            continue;
        }
        let mut found: Vec<Source> = Vec::new();
        room.discover(&root.path, &mut |source| found.push(source));
        // a session that is rows lies below its database; what is no source is read beside all of them
        let here = |source: &&Source| source.path.starts_with(seat.path());
        let beside = !found.iter().any(|source| here(&source));
        for source in found.iter().filter(|source| beside || here(source)) {
            // the file may be gone or no file: that is an answer
            let _ = room.parse(source, &Checkpoint::default(), &mut Nothing);
        }
    }
}

struct Nothing;

impl EventSink for Nothing {
    fn wants(&self) -> Wants {
        Wants::ALL
    }
    fn session(&mut self, start: SessionStart) {
        assert!(!start.native.contains(['/', '\\']), "an id that is a path");
    }
    fn event(&mut self, _: Event) -> Flow {
        Flow::Go
    }
    fn issue(&mut self, _: ParseIssue) {}
}

/// Every file and every cell of the homes of all fixtures of an agent, in copies of them.
fn seats_of(agent: &str) -> Vec<Seat> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/fixtures")
        .join(agent);
    let top = std::env::temp_dir().join(format!("codedash-fuzz-{agent}-{}", std::process::id()));
    let mut cases: Vec<PathBuf> = fs::read_dir(&fixtures)
        .expect("every agent has fixtures")
        .flatten()
        .map(|case| case.path())
        .collect();
    cases.sort();
    let mut seats = Vec::new();
    for case in cases {
        let home = top.join(case.file_name().expect("read from a folder"));
        copy(&case.join("home"), &home, &home, &mut seats);
    }
    assert!(!seats.is_empty(), "{} holds no file", fixtures.display());
    seats
}

fn copy(from: &Path, to: &Path, home: &Path, seats: &mut Vec<Seat>) {
    let Ok(entries) = fs::read_dir(from) else {
        return;
    };
    fs::create_dir_all(to).expect("the folder is ours");
    let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for from in entries {
        let to = to.join(from.file_name().expect("read from a folder"));
        if from.is_dir() {
            copy(&from, &to, home, seats);
        } else if from.extension().is_some_and(|end| end == "sql") {
            cells(&from, &to.with_extension(""), home, seats);
        } else {
            let bytes = fs::read(&from).expect("a fixture can be read");
            let stood = match String::from_utf8(bytes) {
                Ok(text) => text.replace("{HOME}", &home.to_string_lossy()).into_bytes(),
                Err(binary) => binary.into_bytes(),
            };
            fs::write(&to, &stood).expect("the folder is ours");
            seats.push(Seat {
                home: home.to_owned(),
                place: Place::File(to),
                stood,
            });
        }
    }
}

/// Makes a database, which stays open as agents keep theirs.
fn cells(sql: &Path, database: &Path, home: &Path, seats: &mut Vec<Seat>) {
    let writer = Connection::open(database).expect("the folder is ours");
    let sql = fs::read_to_string(sql).expect("a fixture can be read");
    writer
        .execute_batch(&sql)
        .expect("the fixture's statements run");
    writer
        .execute_batch("PRAGMA synchronous = OFF")
        .expect("it is known");
    let writer = std::rc::Rc::new(writer);
    let names = |sql: &str, of: &str| -> Vec<String> {
        let mut statement = writer.prepare(sql).expect("it is SQL");
        let names = statement.query_map([of], |row| row.get(0));
        names.expect("one parameter").flatten().collect()
    };
    for table in names("SELECT name FROM sqlite_schema WHERE type = ?1", "table") {
        for column in names("SELECT name FROM pragma_table_info(?1)", &table) {
            let sql = format!("SELECT rowid, \"{column}\" FROM \"{table}\"");
            let Ok(mut statement) = writer.prepare(&sql) else {
                continue;
            };
            let mut rows = statement.query([]).expect("no parameters");
            while let Ok(Some(row)) = rows.next() {
                let stood = match row.get_ref(1).expect("it was selected") {
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.to_owned(),
                    ValueRef::Integer(number) => number.to_string().into_bytes(),
                    ValueRef::Real(number) => number.to_string().into_bytes(),
                    ValueRef::Null => continue,
                };
                seats.push(Seat {
                    home: home.to_owned(),
                    place: Place::Cell {
                        database: database.to_owned(),
                        writer: writer.clone(),
                        table: table.clone(),
                        column: column.clone(),
                        row: row.get(0).expect("every row has one"),
                    },
                    stood,
                });
            }
        }
    }
}
