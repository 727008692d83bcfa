//! Every room against its fixtures: `tests/fixtures/<agent>/<case>/home` is a small home, and
//! `expected.txt` beside it is all that comes out of it. `UPDATE_FIXTURES=1` writes that file anew.
//!
//! `x.sql` in a home stands for the database `x` that it makes, with `journal_mode=WAL` in it for one
//! whose rows are still in its log. A home with such a file, or with a `mtime` (ms) beside it for all its
//! files, is made anew below the target folder; `{HOME}` in its JSON files is then that place.

use codedash::agents::{self, Agent, EventSink, Flow};
use codedash::config::Config;
use codedash::model::{
    Checkpoint, Event, EventKind, IssueKind, Message, ParseIssue, PromptKind, SessionStart, Source,
    Wants,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

#[test]
fn fixtures_come_out_as_expected() {
    let mut wrong = Vec::new();
    for case in cases() {
        let got = render_home(&case);
        let file = case.join("expected.txt");
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            fs::write(&file, &got).unwrap();
            continue;
        }
        let want = fs::read_to_string(&file).unwrap_or_default();
        if want != got {
            let at = want.lines().zip(got.lines()).position(|(w, g)| w != g);
            let at = at.unwrap_or_else(|| want.lines().count().min(got.lines().count()));
            wrong.push(format!(
                "{}: line {}\n  want {:?}\n  got  {:?}",
                case.display(),
                at + 1,
                want.lines().nth(at),
                got.lines().nth(at)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn reading_in_two_parts_is_reading_at_once() {
    for (room, source) in all_sources() {
        let Some(bytes) = plain_lines(room, &source) else {
            continue;
        };
        // all reads at the same place: rooms look at what lies beside a source
        let shadow = Shadow::of(&source);
        shadow.write(&bytes);
        let whole = read(room, &shadow.source, &Checkpoint::default(), Wants::ALL);
        for cut in cuts(&bytes) {
            shadow.write(&bytes[..cut]);
            let first = read(room, &shadow.source, &Checkpoint::default(), Wants::ALL);
            shadow.write(&bytes);
            let second = read(room, &shadow.source, &first.checkpoint, Wants::ALL);
            let at = format!("{} cut at {cut}", source.path.display());
            let mut events = first.events.clone();
            // what lies beside a source is told by every read
            let told = |event: &(String, Event)| {
                matches!(event.1.kind, EventKind::Fact(_)) && first.events.contains(event)
            };
            events.extend(second.events.iter().filter(|event| !told(event)).cloned());
            assert_eq!(events, whole.events, "{at}");
            let lasting = |read: &Read| -> Vec<(u64, IssueKind)> {
                let issues = read.issues.iter().filter(|issue| issue.line > 0);
                issues.map(|issue| (issue.line, issue.kind)).collect()
            };
            let mut issues = lasting(&first);
            // what the end of an unfinished file looks like is told again by every read; a whole line
            // without its end is consumed before it is counted
            issues.retain(|(line, kind)| {
                *line <= first.checkpoint.line + 1 && !matches!(kind, IssueKind::TornTail)
            });
            issues.extend(lasting(&second));
            let whole_issues: BTreeSet<_> = lasting(&whole).into_iter().collect();
            assert_eq!(
                issues.into_iter().collect::<BTreeSet<_>>(),
                whole_issues,
                "{at}"
            );
            assert_eq!(second.checkpoint.offset, whole.checkpoint.offset, "{at}");
            assert_eq!(second.checkpoint.line, whole.checkpoint.line, "{at}");
            assert_eq!(second.checkpoint.seq, whole.checkpoint.seq, "{at}");
            assert_eq!(
                second.checkpoint.tail_hash, whole.checkpoint.tail_hash,
                "{at}"
            );
        }
    }
}

#[test]
fn a_prompt_that_waits_at_the_end_is_shown_when_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(".claude/projects/-w-app/s1.jsonl");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let line = |kind: &str, rest: &str| {
        format!(r#"{{"type":"{kind}","sessionId":"s1","timestamp":"2026-08-01T10:00:00Z",{rest}}}"#)
    };
    let said = |uuid: &str, text: &str| {
        let rest = format!(r#""uuid":"{uuid}","message":{{"role":"user","content":"{text}"}}"#);
        line("user", &rest)
    };
    let queued = |text: &str| {
        let rest = format!(r#""operation":"enqueue","content":"{text}""#);
        line("queue-operation", &rest)
    };
    let first = [
        said("u1", "start"),
        queued("then the tests"),
        queued("<task-notification>x</task-notification>"),
    ];
    fs::write(&file, first.join("\n") + "\n").unwrap();
    let config = Config::for_home(dir.path(), &dir.path().join("data"));
    let root = config
        .roots(agents::all_infos())
        .into_iter()
        .find(|root| root.path.exists());
    let room = agents::room(root.as_ref().unwrap().agent).unwrap();
    let prompts = |wants: Wants| -> Vec<(u32, String, PromptKind)> {
        let mut sources = Vec::new();
        room.discover(&root.as_ref().unwrap().path, &mut |source| {
            sources.push(source)
        });
        let read = read(room, &sources[0], &Checkpoint::default(), wants);
        let messages = read
            .events
            .into_iter()
            .filter_map(|(_, event)| match event.kind {
                EventKind::Message(message) if message.prompt.is_prompt() => Some(message),
                _ => None,
            });
        messages.map(|m| (m.seq, m.text, m.prompt)).collect()
    };
    let start = (0, "start".to_owned(), PromptKind::Typed);
    let waits = (1, "then the tests".to_owned(), PromptKind::Queued);
    assert_eq!(prompts(Wants::ALL), std::slice::from_ref(&start));
    assert_eq!(prompts(Wants::PAGE), [start.clone(), waits]);
    // handed over, it is told once
    let second = [
        line("queue-operation", r#""operation":"dequeue""#),
        said("u2", "then the tests"),
    ];
    fs::write(&file, [&first[..2], &second].concat().join("\n") + "\n").unwrap();
    let handed = (1, "then the tests".to_owned(), PromptKind::Typed);
    for wants in [Wants::ALL, Wants::PAGE] {
        assert_eq!(prompts(wants), [start.clone(), handed.clone()]);
    }
}

#[test]
fn every_room_says_what_was_checked_against_real_files() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/agents");
    let mut rooms = 0;
    for entry in fs::read_dir(top).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if name == "mod.rs" || name == "read" {
            continue;
        }
        let file = if path.is_dir() {
            path.join("mod.rs")
        } else {
            path
        };
        let text = fs::read_to_string(&file).unwrap();
        let head = text.lines().take_while(|line| line.starts_with("//!"));
        let head: Vec<&str> = head
            .map(|line| line.trim_start_matches("//!").trim())
            .collect();
        let head = head.join(" ").to_lowercase();
        let says = head.contains("checked against");
        assert!(says, "{} does not say what was checked", file.display());
        rooms += 1;
    }
    assert!(rooms > 20, "only {rooms} rooms");
}

/// Places to cut at: between records, just beside, and anywhere.
fn cuts(bytes: &[u8]) -> BTreeSet<usize> {
    let ends: Vec<usize> = memchr::memchr_iter(b'\n', bytes).collect();
    let near = ends.iter().step_by(ends.len() / 3 + 1);
    let near = near.flat_map(|end| [*end, end + 1, end + 2]);
    let anywhere = (0..bytes.len()).step_by(bytes.len() / 5 + 1);
    near.chain(anywhere)
        .filter(|cut| *cut <= bytes.len())
        .collect()
}

#[test]
fn what_the_sink_wants_changes_bodies_only() {
    for (room, source) in all_sources() {
        let all = read(room, &source, &Checkpoint::default(), Wants::ALL);
        for wants in [Wants::META, Wants::PROSE] {
            let some = read(room, &source, &Checkpoint::default(), wants);
            assert_eq!(some.issues, all.issues, "{}", source.path.display());
            assert_eq!(some.checkpoint, all.checkpoint);
            assert_eq!(some.events.len(), all.events.len());
            for (some, all) in some.events.iter().zip(&all.events) {
                check_wanted(some, all, wants);
            }
        }
    }
}

fn check_wanted((_, some): &(String, Event), (_, all): &(String, Event), wants: Wants) {
    let (EventKind::Message(some), EventKind::Message(all)) = (&some.kind, &all.kind) else {
        assert_eq!(some, all);
        return;
    };
    let bare = |message: &Message| Message {
        text: String::new(),
        bytes: 0,
        cut: false,
        format: Default::default(),
        ..message.clone()
    };
    assert_eq!(bare(some), bare(all));
    let wanted = if all.role.is_prose() {
        wants.prose
    } else {
        wants.rest
    };
    if wanted {
        assert_eq!(some, all);
    } else if all.role == codedash::model::Role::User {
        assert!(all.text.starts_with(&some.text));
        assert!(some.text.len() >= all.text.len().min(396), "{}", some.text);
    } else {
        assert_eq!(some.text, "");
    }
}

#[test]
fn messages_are_numbered_without_gaps() {
    for (room, source) in all_sources() {
        let mut next: BTreeMap<String, u32> = BTreeMap::new();
        for (session, event) in read(room, &source, &Checkpoint::default(), Wants::META).events {
            if let EventKind::Message(message) = event.kind {
                let next = next.entry(session).or_default();
                assert_eq!(message.seq, *next, "{}", source.path.display());
                *next += 1;
            }
        }
    }
}

#[test]
fn a_sink_that_stops_is_not_pushed_further() {
    for (room, source) in all_sources() {
        for limit in [1, 2, 7] {
            let mut sink = Collect::new(Wants::ALL);
            sink.limit = limit;
            room.parse(&source, &Checkpoint::default(), &mut sink)
                .unwrap();
            assert!(sink.read.events.len() <= limit, "{}", source.path.display());
        }
    }
}

#[test]
fn an_over_long_record_is_cut_and_the_rest_is_read() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("projects/-p");
    fs::create_dir_all(&folder).unwrap();
    let record = |text: &str| {
        format!(
            "{{\"type\":\"user\",\"uuid\":\"u\",\"sessionId\":\"s\",\"message\":{{\"role\":\"user\",\"content\":\"{text}\"}}}}\n"
        )
    };
    let long = record(&"many words ".repeat(2_000_000));
    let text = format!("{}{long}{}", record("before"), record("after"));
    fs::write(folder.join("s.jsonl"), text).unwrap();
    let room = agents::room("claude").unwrap();
    let mut sources = Vec::new();
    assert!(
        room.discover(home.path(), &mut |source| sources.push(source))
            .complete
    );
    let read = read(room, &sources[0], &Checkpoint::default(), Wants::ALL);
    let messages = read.messages();
    assert_eq!(messages.len(), 3);
    assert_eq!(messages[0].text, "before");
    assert!(messages[1].text.starts_with("many words many") && messages[1].cut);
    assert!(messages[1].text.len() <= 1 << 20);
    assert_eq!(messages[2].text, "after");
    let issues: Vec<_> = read.issues.iter().map(|i| (i.line, i.kind)).collect();
    assert_eq!(issues, [(2, IssueKind::TooLong)]);
}

#[derive(Clone, Debug)]
enum Damage {
    Truncate(usize),
    Flip(usize, u8),
    Nul(usize, usize),
    Repeat(usize),
    Join(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = 0..1_000_000usize;
    prop_oneof![
        place.clone().prop_map(Damage::Truncate),
        (place.clone(), any::<u8>()).prop_map(|(at, byte)| Damage::Flip(at, byte)),
        (place.clone(), 1..300usize).prop_map(|(at, length)| Damage::Nul(at, length)),
        place.clone().prop_map(Damage::Repeat),
        place.prop_map(Damage::Join),
    ]
}

fn damaged(bytes: &[u8], damage: &[Damage]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for one in damage {
        let length = bytes.len().max(1);
        match *one {
            Damage::Truncate(at) => bytes.truncate(at % length),
            Damage::Flip(at, byte) => {
                if let Some(old) = bytes.get_mut(at % length) {
                    *old = byte;
                }
            }
            Damage::Nul(at, size) => {
                let at = at % length;
                let end = (at + size).min(bytes.len());
                bytes[at.min(end)..end].fill(0);
            }
            Damage::Repeat(at) => {
                let lines: Vec<Vec<u8>> = bytes
                    .split_inclusive(|b| *b == b'\n')
                    .map(<[u8]>::to_vec)
                    .collect();
                if !lines.is_empty() {
                    let line = lines[at % lines.len()].clone();
                    bytes.extend(line);
                }
            }
            Damage::Join(at) => {
                let ends: Vec<usize> = memchr::memchr_iter(b'\n', &bytes).collect();
                if !ends.is_empty() {
                    bytes.remove(ends[at % ends.len()]);
                }
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    /// No damage makes a room panic or lose a record that is whole, and a line that is no JSON is told.
    #[test]
    fn damage_costs_only_what_it_hit(
        damages in prop::collection::vec(damage(), 1..4),
        pick in any::<prop::sample::Index>(),
    ) {
        static LINES: LazyLock<Vec<(&'static dyn Agent, Source)>> = LazyLock::new(|| {
            all_sources().into_iter().filter(|(r, s)| plain_lines(*r, s).is_some()).collect()
        });
        let (room, source) = pick.get(&LINES);
        let original = plain_lines(*room, source).expect("filtered");
        let bytes = damaged(&original, &damages);
        let shadow = Shadow::of(source);
        shadow.write(&bytes);
        let read = read(*room, &shadow.source, &Checkpoint::default(), Wants::ALL);
        let given: BTreeSet<u64> = read.events.iter().map(|(_, event)| event.offset).collect();
        let told: BTreeSet<u64> = read.issues.iter().map(|issue| issue.line).collect();
        let speaking = speaking_lines(*room, source, &original);
        let mut offset = 0u64;
        for (index, line) in bytes.split_inclusive(|b| *b == b'\n').enumerate() {
            let number = index as u64 + 1;
            if speaking.contains(line) {
                prop_assert!(given.contains(&offset), "line {number} of {} is lost", source.path.display());
            }
            let text = line.trim_ascii();
            let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
            let json = serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok();
            if !text.is_empty() && !json {
                prop_assert!(told.contains(&number), "line {number} of {} is not told", source.path.display());
            }
            offset += line.len() as u64;
        }
    }
}

/// The lines of an undamaged file that give a message whatever stands around them: tool calls and
/// their outputs.
fn speaking_lines<'a>(room: &dyn Agent, source: &Source, bytes: &'a [u8]) -> BTreeSet<&'a [u8]> {
    let whole = read(room, source, &Checkpoint::default(), Wants::META);
    let spoken = whole.events.iter().filter(
        |(_, event)| matches!(&event.kind, EventKind::Message(message) if message.tool.is_some()),
    );
    let offsets: BTreeSet<u64> = spoken.map(|(_, event)| event.offset).collect();
    let mut offset = 0;
    let mut lines = BTreeSet::new();
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        if offsets.contains(&offset) && line.ends_with(b"\n") {
            lines.insert(line);
        }
        offset += line.len() as u64;
    }
    lines
}

/// What a room gave for one source.
#[derive(Clone, Debug, Default)]
pub struct Read {
    pub events: Vec<(String, Event)>,
    pub sessions: Vec<SessionStart>,
    pub issues: Vec<ParseIssue>,
    pub checkpoint: Checkpoint,
}

impl Read {
    fn messages(&self) -> Vec<&Message> {
        let mut messages = Vec::new();
        for (_, event) in &self.events {
            if let EventKind::Message(message) = &event.kind {
                messages.push(message.as_ref());
            }
        }
        messages
    }
}

struct Collect {
    wants: Wants,
    read: Read,
    limit: usize,
}

impl Collect {
    fn new(wants: Wants) -> Self {
        Collect {
            wants,
            read: Read::default(),
            limit: usize::MAX,
        }
    }
}

impl EventSink for Collect {
    fn wants(&self) -> Wants {
        self.wants
    }
    fn session(&mut self, start: SessionStart) {
        self.read.sessions.push(start);
    }
    fn event(&mut self, event: Event) -> Flow {
        let session = self
            .read
            .sessions
            .last()
            .expect("a session is open")
            .native
            .clone();
        self.read.events.push((session, event));
        if self.read.events.len() >= self.limit {
            Flow::Stop
        } else {
            Flow::Go
        }
    }
    fn issue(&mut self, issue: ParseIssue) {
        self.read.issues.push(issue);
    }
}

pub fn read(room: &dyn Agent, source: &Source, from: &Checkpoint, wants: Wants) -> Read {
    let mut sink = Collect::new(wants);
    let checkpoint = room.parse(source, from, &mut sink).unwrap();
    sink.read.checkpoint = checkpoint;
    sink.read
}

/// A copy of a source at the same place below a folder of its own, free to be damaged.
struct Shadow {
    _home: tempfile::TempDir,
    source: Source,
}

impl Shadow {
    fn of(source: &Source) -> Shadow {
        let home = tempfile::tempdir().unwrap();
        let tail: Vec<_> = source.path.components().rev().take(5).collect();
        let path: PathBuf = std::iter::once(home.path().to_owned())
            .chain(
                tail.iter()
                    .rev()
                    .map(|part| PathBuf::from(part.as_os_str())),
            )
            .collect();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut source = source.clone();
        // what lies beside a source (labels, long outputs) comes along
        if let Some(meta) = neighbour(&source.path) {
            fs::copy(
                &meta,
                path.parent().unwrap().join(meta.file_name().unwrap()),
            )
            .unwrap();
        }
        let results = source.path.with_extension("").join("tool-results");
        if let Ok(files) = fs::read_dir(&results) {
            let to = path.with_extension("").join("tool-results");
            fs::create_dir_all(&to).unwrap();
            for file in files.flatten() {
                fs::copy(file.path(), to.join(file.file_name())).unwrap();
            }
        }
        source.path = path;
        Shadow {
            _home: home,
            source,
        }
    }
    fn write(&self, bytes: &[u8]) {
        fs::write(&self.source.path, bytes).unwrap();
    }
}

fn neighbour(path: &Path) -> Option<PathBuf> {
    let meta = path.with_extension("meta.json");
    meta.is_file().then_some(meta)
}

/// The bytes of a source that grows line by line and is read on where the last read ended.
fn plain_lines(room: &dyn Agent, source: &Source) -> Option<Vec<u8>> {
    let lines = source.path.extension().is_some_and(|e| e == "jsonl") && source.path.is_file();
    let goes_on = || {
        read(room, source, &Checkpoint::default(), Wants::META)
            .checkpoint
            .offset
            > 0
    };
    let bytes = lines.then(|| fs::read(&source.path).unwrap())?;
    (bytes.is_empty() || goes_on()).then_some(bytes)
}

pub fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut cases = Vec::new();
    for agent in folders(&root) {
        for case in folders(&agent) {
            if case.join("home").is_dir() {
                cases.push(case);
            }
        }
    }
    assert!(!cases.is_empty(), "no fixtures below {}", root.display());
    cases
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

pub fn all_sources() -> Vec<(&'static dyn Agent, Source)> {
    cases().iter().flat_map(|case| sources(case).0).collect()
}

/// The home of a case: as it lies there, or made from it.
pub fn home(case: &Path) -> PathBuf {
    static MADE: Mutex<BTreeMap<PathBuf, PathBuf>> = Mutex::new(BTreeMap::new());
    let plain = case.join("home");
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(home) = made.get(case) {
        return home.clone();
    }
    let files: Vec<PathBuf> = walkdir::WalkDir::new(&plain)
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .collect();
    let mtime = fs::read_to_string(case.join("mtime")).ok();
    let sql = |path: &Path| path.extension().is_some_and(|end| end == "sql");
    let home = match mtime.is_some() || files.iter().any(|path| sql(path)) {
        false => plain,
        true => {
            let name = case.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
            let name = name.to_string_lossy().replace(['/', '\\'], "-");
            let home = Path::new(env!("CARGO_TARGET_TMPDIR"))
                .join(format!("{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&home);
            for file in &files {
                make(file, &home.join(file.strip_prefix(&plain).unwrap()), &home);
            }
            if let Some(mtime) = mtime {
                let at = std::time::UNIX_EPOCH
                    + std::time::Duration::from_millis(mtime.trim().parse().unwrap());
                for entry in walkdir::WalkDir::new(&home).into_iter().flatten() {
                    if entry.file_type().is_file() {
                        let file = fs::File::options().append(true).open(entry.path()).unwrap();
                        file.set_modified(at).unwrap();
                    }
                }
            }
            home
        }
    };
    made.insert(case.to_owned(), home.clone());
    home
}

/// One file of a fixture, where it is to lie.
pub fn make(file: &Path, to: &Path, home: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    if file.extension().is_none_or(|end| end != "sql") {
        let bytes = fs::read(file).unwrap();
        let bytes = match String::from_utf8(bytes) {
            Ok(text) => text.replace("{HOME}", &home.to_string_lossy()).into_bytes(),
            Err(error) => error.into_bytes(),
        };
        fs::write(to, bytes).unwrap();
        return;
    }
    let sql = fs::read_to_string(file).unwrap();
    let to = to.with_extension("");
    let building = to.with_extension("building");
    let beside = |path: &Path| PathBuf::from(format!("{}-wal", path.display()));
    let conn = rusqlite::Connection::open(&building).unwrap();
    conn.execute_batch(&sql)
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    // copied while it is open: closing would write the log back
    fs::copy(&building, &to).unwrap();
    if beside(&building).exists() {
        fs::copy(beside(&building), beside(&to)).unwrap();
    }
    drop(conn);
    fs::remove_file(&building).unwrap();
}

fn sources(case: &Path) -> (Vec<(&'static dyn Agent, Source)>, Vec<String>) {
    let home = home(case);
    let config = Config::for_home(&home, &case.join("none"));
    let (mut found, mut notes) = (Vec::new(), Vec::new());
    for root in config.roots(agents::all_infos()) {
        let room = agents::room(root.agent).expect("roots name agents");
        let listing = room.discover(&root.path, &mut |source| found.push((room, source)));
        if !listing.complete {
            notes.push(format!(
                "incomplete: {}",
                root.path.strip_prefix(&home).unwrap().display()
            ));
        }
        notes.extend(
            listing
                .issues
                .iter()
                .map(|issue| format!("issue {:?}: {}", issue.kind, issue.detail)),
        );
    }
    found.sort_by(|(_, a), (_, b)| a.path.cmp(&b.path));
    (found, notes)
}

fn render_home(case: &Path) -> String {
    let (sources, notes) = sources(case);
    let mut out = String::new();
    for note in notes {
        let _ = writeln!(out, "{note}");
    }
    for (room, source) in sources {
        let path = source.path.strip_prefix(home(case)).unwrap();
        let path = path.to_string_lossy().replace('\\', "/");
        let _ = writeln!(
            out,
            "=== {path}\n{:?} layout={} native={:?} parent={:?} size={}",
            source.rank, source.layout, source.native, source.parent, source.fingerprint.size
        );
        let read = read(room, &source, &Checkpoint::default(), Wants::ALL);
        render(&read, &mut out);
    }
    out.replace(home(case).to_string_lossy().as_ref(), "{HOME}")
}

fn render(read: &Read, out: &mut String) {
    let mut session = String::new();
    for (of, event) in &read.events {
        if *of != session {
            session.clone_from(of);
            let start = read
                .sessions
                .iter()
                .find(|start| start.native == *of)
                .unwrap();
            let _ = writeln!(out, "session {} {:?}", start.native, start.mode);
        }
        let at = event.at.map_or("-".to_owned(), |at| at.to_string());
        let _ = write!(out, "  @{} {at} ", event.offset);
        match &event.kind {
            EventKind::Message(message) => render_message(message, out),
            EventKind::Usage(usage) => {
                // told only where it is so
                let told = format!("{usage:?}")
                    .replace(", estimated: false", "")
                    .replace(", sum: false", "");
                let _ = writeln!(out, "{told}");
            }
            EventKind::Fact(fact) => {
                let _ = writeln!(out, "{fact:?}");
            }
        }
    }
    for issue in &read.issues {
        let _ = writeln!(
            out,
            "issue line {} {:?}: {}",
            issue.line, issue.kind, issue.detail
        );
    }
    let checkpoint = &read.checkpoint;
    let _ = writeln!(
        out,
        "checkpoint offset={} line={} seq={}",
        checkpoint.offset, checkpoint.line, checkpoint.seq
    );
}

fn render_message(message: &Message, out: &mut String) {
    let _ = write!(out, "#{} {}", message.seq, message.role.as_str());
    if message.role == codedash::model::Role::User {
        let _ = write!(out, "/{:?}", message.prompt);
    }
    let _ = write!(out, " {:?} {}b", message.format, message.bytes);
    for (flag, name) in [
        (message.cut, "cut"),
        (message.copy, "copy"),
        (message.sidechain, "sidechain"),
    ] {
        if flag {
            let _ = write!(out, " {name}");
        }
    }
    if message.images > 0 {
        let _ = write!(out, " images={}", message.images);
    }
    if let Some(model) = &message.model {
        let _ = write!(out, " model={model}");
    }
    let _ = writeln!(out, " uuid={:?}", message.uuid);
    if let Some(tool) = &message.tool {
        let _ = writeln!(out, "    {tool:?}");
    }
    let shown: String = message.text.chars().take(2000).collect();
    for line in shown.split('\n') {
        let _ = writeln!(out, "    | {}", line.escape_debug());
    }
}
