use super::*;
use crate::agents::Flow;
use crate::model::*;
use std::fs;
use std::path::PathBuf;

/// Everything that a source told.
struct Seen {
    wants: Wants,
    starts: Vec<SessionStart>,
    events: Vec<Event>,
    issues: Vec<ParseIssue>,
    /// Stops at this many events.
    most: usize,
}

impl Seen {
    fn new(wants: Wants) -> Seen {
        Seen {
            wants,
            starts: Vec::new(),
            events: Vec::new(),
            issues: Vec::new(),
            most: usize::MAX,
        }
    }
    fn messages(&self) -> Vec<&Message> {
        self.events
            .iter()
            .filter_map(|event| match &event.kind {
                EventKind::Message(message) => Some(&**message),
                _ => None,
            })
            .collect()
    }
    fn prompts(&self) -> Vec<&str> {
        let typed = |m: &&&Message| m.role == Role::User && m.prompt.is_prompt() && !m.copy;
        let messages = self.messages();
        messages
            .iter()
            .filter(typed)
            .map(|m| m.text.as_str())
            .collect()
    }
}

impl EventSink for Seen {
    fn wants(&self) -> Wants {
        self.wants
    }
    fn session(&mut self, start: SessionStart) {
        self.starts.push(start);
    }
    fn event(&mut self, event: Event) -> Flow {
        self.events.push(event);
        match self.events.len() < self.most {
            true => Flow::Go,
            false => Flow::Stop,
        }
    }
    fn issue(&mut self, issue: ParseIssue) {
        self.issues.push(issue);
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/codex")
}

fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(fixtures()).unwrap();
    let homes = entries.map(|entry| entry.unwrap().path().join("home/.codex"));
    homes.filter(|home| home.is_dir()).collect()
}

fn found(root: &Path) -> (Vec<Source>, Listing) {
    let mut sources = Vec::new();
    let listing = Codex.discover(root, &mut |source| sources.push(source));
    (sources, listing)
}

fn read(source: &Source, from: &Checkpoint, wants: Wants) -> (Seen, Checkpoint) {
    let mut seen = Seen::new(wants);
    let next = Codex.parse(source, from, &mut seen).unwrap();
    (seen, next)
}

/// Every source of every fixture.
fn everything() -> Vec<Source> {
    let all: Vec<Source> = cases().iter().flat_map(|root| found(root).0).collect();
    assert!(all.len() > 30, "the fixtures are gone");
    all
}

/// One rollout in a home of its own.
fn home(text: &[u8]) -> (tempfile::TempDir, Source) {
    let dir = tempfile::tempdir().unwrap();
    let day = dir.path().join("sessions/2026/01/05");
    fs::create_dir_all(&day).unwrap();
    let name = "rollout-2026-01-05T10-00-00-019b8d99-6900-7000-8000-000000000001.jsonl";
    fs::write(day.join(name), text).unwrap();
    let source = found(dir.path()).0.remove(0);
    (dir, source)
}

fn whole_session() -> Vec<u8> {
    let source = everything()
        .into_iter()
        .find(|source| source.path.to_string_lossy().contains("whole-session"))
        .unwrap();
    fs::read(source.path).unwrap()
}

#[test]
fn what_is_wanted_changes_no_ordinal_and_no_flag() {
    for source in everything() {
        let bare = |wants| {
            let (seen, next) = read(&source, &Checkpoint::default(), wants);
            let events: Vec<Event> = seen
                .events
                .into_iter()
                .map(|mut event| {
                    if let EventKind::Message(message) = &mut event.kind {
                        message.text.clear();
                        (message.bytes, message.cut) = (0, false);
                        message.format = BodyFormat::default();
                    }
                    event
                })
                .collect();
            (events, next, seen.starts, seen.issues)
        };
        let all = bare(Wants::ALL);
        assert_eq!(bare(Wants::META), all, "{}", source.path.display());
        assert_eq!(bare(Wants::PROSE), all, "{}", source.path.display());
    }
}

/// Reads `source` up to each of `cuts`, then to its end, as if it had grown in between.
fn in_pieces(source: &Source, cuts: &[usize]) -> (Vec<Event>, Checkpoint) {
    let whole = fs::read(&source.path).unwrap();
    let mut from = Checkpoint::default();
    let mut events = Vec::new();
    for end in cuts.iter().copied().chain([whole.len()]) {
        fs::write(&source.path, &whole[..end.min(whole.len())]).unwrap();
        let (seen, next) = read(source, &from, Wants::ALL);
        let known = from.offset > 0;
        for start in &seen.starts {
            let appended = start.mode == SourceMode::Append;
            assert!(
                appended || !known || source.rank == Rank::Secondary,
                "{start:?}"
            );
        }
        events.extend(seen.events);
        from = next;
    }
    (events, from)
}

/// A copy of a fixture that may be written to, with the rollouts and lists that grow.
fn growing(case: &Path) -> (tempfile::TempDir, Vec<Source>) {
    let dir = tempfile::tempdir().unwrap();
    for entry in walkdir::WalkDir::new(case) {
        let entry = entry.unwrap();
        let target = dir.path().join(entry.path().strip_prefix(case).unwrap());
        match entry.file_type().is_dir() {
            true => fs::create_dir_all(target).unwrap(),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
    let mut sources = found(dir.path()).0;
    sources.retain(|source| {
        matches!(
            Layout::of(source.layout),
            Layout::Rollout | Layout::Index | Layout::History
        )
    });
    (dir, sources)
}

#[test]
fn a_rollout_read_line_by_line_tells_the_same() {
    for case in cases() {
        let (_dir, sources) = growing(&case);
        for source in sources {
            let whole = fs::read(&source.path).unwrap();
            let ends: Vec<usize> = memchr::memchr_iter(b'\n', &whole)
                .map(|at| at + 1)
                .collect();
            let once = read(&source, &Checkpoint::default(), Wants::ALL);
            let pieces = in_pieces(&source, &ends);
            assert_eq!(pieces, (once.0.events, once.1), "{}", source.path.display());
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]
    #[test]
    fn a_rollout_cut_anywhere_tells_the_same(pick: proptest::sample::Index, at: [proptest::sample::Index; 3]) {
        let cases = cases();
        let (_dir, sources) = growing(&cases[pick.index(cases.len())]);
        for source in sources {
            let size = fs::metadata(&source.path).unwrap().len() as usize;
            let mut cuts = at.map(|at| at.index(size + 1));
            cuts.sort_unstable();
            let once = read(&source, &Checkpoint::default(), Wants::ALL);
            let pieces = in_pieces(&source, &cuts);
            proptest::prop_assert_eq!(pieces, (once.0.events, once.1));
        }
    }
}

#[test]
fn a_packed_rollout_tells_the_same_and_replaces() {
    let plain = whole_session();
    let (dir, source) = home(&plain);
    let (once, _) = read(&source, &Checkpoint::default(), Wants::ALL);
    let packed = zstd::encode_all(plain.as_slice(), 3).unwrap();
    let path = PathBuf::from(format!("{}.zst", source.path.display()));
    fs::write(&path, &packed).unwrap();

    let (sources, _) = found(dir.path());
    assert_eq!(sources.len(), 1, "one session");
    assert_eq!(sources[0].path, source.path, "plain before packed");

    fs::remove_file(&source.path).unwrap();
    let packed_source = found(dir.path()).0.remove(0);
    assert_eq!(packed_source.native, source.native);
    let (seen, next) = read(&packed_source, &Checkpoint::default(), Wants::ALL);
    assert_eq!((&seen.events, &seen.starts), (&once.events, &once.starts));
    let (again, _) = read(&packed_source, &next, Wants::ALL);
    assert_eq!(again.events, once.events);
    assert_eq!(again.starts[0].mode, SourceMode::Replace);

    fs::write(&path, &packed[..packed.len() - 40]).unwrap();
    let (torn, _) = read(&packed_source, &Checkpoint::default(), Wants::ALL);
    assert_eq!(torn.issues.last().unwrap().kind, IssueKind::Corrupt);
    fs::write(&path, b"not packed at all").unwrap();
    let (none, _) = read(&packed_source, &Checkpoint::default(), Wants::ALL);
    assert_eq!(none.issues.last().unwrap().kind, IssueKind::Corrupt);
}

#[test]
fn reading_ends_when_the_sink_says_so() {
    for source in everything() {
        let (all, _) = read(&source, &Checkpoint::default(), Wants::META);
        for most in 1..all.events.len().min(6) {
            let mut seen = Seen::new(Wants::META);
            seen.most = most;
            Codex
                .parse(&source, &Checkpoint::default(), &mut seen)
                .unwrap();
            assert_eq!(seen.events.len(), most, "{}", source.path.display());
        }
    }
}

#[test]
fn of_two_files_of_one_session_the_better_one_is_read() {
    let text = whole_session();
    let (dir, source) = home(&text);
    let name = source.path.file_name().unwrap();
    let archive = dir.path().join("archived_sessions");
    fs::create_dir(&archive).unwrap();
    fs::write(archive.join(name), &text).unwrap();
    let path = |dir: &Path| {
        let (sources, listing) = found(dir);
        assert!(listing.complete);
        assert_eq!(sources.len(), 1);
        sources[0].path.clone()
    };
    assert_eq!(path(dir.path()), source.path, "alike: not the archived one");
    fs::write(archive.join(name), [&text[..], b"{}\n"].concat()).unwrap();
    assert_eq!(path(dir.path()), archive.join(name), "the larger one");
    fs::remove_file(&source.path).unwrap();
    let archived = found(dir.path()).0.remove(0);
    let (seen, _) = read(&archived, &Checkpoint::default(), Wants::META);
    let archived = EventKind::Fact(Fact::Archived);
    assert!(seen.events.iter().any(|event| event.kind == archived));
}

#[test]
fn a_home_that_is_not_there_is_complete_and_empty() {
    let dir = tempfile::tempdir().unwrap();
    let (sources, listing) = found(&dir.path().join("nowhere"));
    assert!(sources.is_empty() && listing.complete && listing.issues.is_empty());
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_out_of_the_home() {
    let (outside, source) = home(&whole_session());
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path().join("sessions"), dir.path().join("sessions"))
        .unwrap();
    let (sources, listing) = found(dir.path());
    assert!(sources.is_empty());
    assert!(!listing.complete, "what the link holds was not seen");
    assert_eq!(listing.issues.len(), 1);

    let inner = tempfile::tempdir().unwrap();
    fs::create_dir(inner.path().join("sessions")).unwrap();
    let name = source.path.file_name().unwrap();
    std::os::unix::fs::symlink(&source.path, inner.path().join("sessions").join(name)).unwrap();
    assert!(found(inner.path()).0.is_empty());
}

mod databases {
    use super::*;
    use rusqlite::Connection;

    const LOST: &str = "019b8d99-6900-7000-8000-0000000000aa";

    fn threads(conn: &Connection) {
        conn.execute_batch(
            r#"CREATE TABLE threads (id TEXT PRIMARY KEY, rollout_path TEXT, created_at INTEGER, updated_at INTEGER,
                 cwd TEXT, title TEXT, name TEXT, first_user_message TEXT, archived INTEGER, agent_role TEXT);
               CREATE TABLE thread_spawn_edges (parent_thread_id TEXT, child_thread_id TEXT PRIMARY KEY, status TEXT);
               INSERT INTO thread_spawn_edges VALUES ('019b8d99-6900-7000-8000-000000000001', 'child', 'open');"#,
        )
        .unwrap();
        let insert = |id: &str, path: &str, title: &str, name: Option<&str>, first: &str| {
            conn.execute(
                "INSERT INTO threads VALUES (?1, ?2, 1767607200, 1767607260, '\\\\?\\C:\\shop', ?3, ?4, ?5, 0, NULL)",
                (id, path, title, name, first),
            )
            .unwrap();
        };
        let here = r"C:\Users\ada\.codex\sessions\2026\01\05\rollout-2026-01-05T10-00-00-019b8d99-6900-7000-8000-000000000001.jsonl";
        insert(
            "019b8d99-6900-7000-8000-000000000001",
            here,
            "the basket forgets",
            Some("Basket"),
            "the basket forgets its items",
        );
        insert(
            "unnamed",
            here,
            "the basket forgets",
            None,
            "the basket forgets its items",
        );
        insert(
            LOST,
            "/gone/sessions/2026/01/05/rollout-x.jsonl",
            "Till",
            None,
            "# Context from my IDE setup:\n\n## My request for Codex:\nround it",
        );
        insert("../up", here, "an id that is none", None, "x");
    }

    fn titles(seen: &Seen) -> Vec<&str> {
        seen.events
            .iter()
            .filter_map(|event| match &event.kind {
                EventKind::Fact(Fact::Title { text, .. }) => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn threads_annotate_and_stand_in_for_lost_rollouts() {
        let (dir, _) = home(&whole_session());
        let conn = Connection::open(dir.path().join("state_5.sqlite")).unwrap();
        threads(&conn);
        fs::write(
            dir.path().join("state_4.sqlite"),
            "left behind by an update",
        )
        .unwrap();
        let sources = found(dir.path()).0;
        assert_eq!(sources.len(), 2, "the rollout and the newest database");
        let database = sources.iter().find(|s| s.rank == Rank::Secondary).unwrap();
        let (seen, _) = read(database, &Checkpoint::default(), Wants::META);
        assert_eq!(seen.issues, []);
        // a title that is the beginning of the first prompt was never given
        assert_eq!(titles(&seen), ["Basket", "Till"]);
        let stand_ins: Vec<&str> = seen
            .starts
            .iter()
            .filter(|start| start.mode == SourceMode::StandIn)
            .map(|start| start.native.as_str())
            .collect();
        assert_eq!(stand_ins, [LOST]);
        assert_eq!(seen.prompts(), ["round it"]);
        let history =
            format!("{{\"session_id\":\"{LOST}\",\"ts\":1767607200,\"text\":\"round it\"}}\n");
        fs::write(dir.path().join("history.jsonl"), history).unwrap();
        let (both, _) = read(database, &Checkpoint::default(), Wants::META);
        let annotates = |start: &SessionStart| start.mode == SourceMode::Annotate;
        assert!(both.starts.iter().all(annotates), "the history stands in");
        let told = |fact: Fact| {
            seen.events
                .iter()
                .any(|e| e.kind == EventKind::Fact(fact.clone()))
        };
        assert!(told(Fact::Cwd(r"C:\shop".into())));
        assert!(told(Fact::Span {
            first: 1_767_607_200_000,
            last: 1_767_607_260_000
        }));
        assert!(told(Fact::Parent {
            native: "019b8d99-6900-7000-8000-000000000001".into(),
            relation: Relation::SubAgent,
        }));
    }

    #[test]
    fn a_history_database_names_threads_in_any_table() {
        let dir = tempfile::tempdir().unwrap();
        let conn = Connection::open(dir.path().join("thread_history_1.sqlite")).unwrap();
        conn.execute_batch(
            "CREATE TABLE thread_items (thread_id TEXT, item_json TEXT);
             CREATE TABLE thread_names (thread_id TEXT, thread_name TEXT);
             CREATE TABLE thread_dynamic_tools (thread_id TEXT, name TEXT);
             INSERT INTO thread_names VALUES ('a', 'Named here'), ('b', NULL);
             INSERT INTO thread_dynamic_tools VALUES ('a', 'a tool, no title');",
        )
        .unwrap();
        let source = found(dir.path()).0.remove(0);
        let (seen, _) = read(&source, &Checkpoint::default(), Wants::META);
        assert_eq!(titles(&seen), ["Named here"]);
        assert_eq!(seen.issues, []);
    }

    #[test]
    fn a_database_of_another_layout_is_an_issue() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state_9.sqlite");
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch("CREATE TABLE conversations (id TEXT)")
            .unwrap();
        let source = found(dir.path()).0.remove(0);
        let (seen, _) = read(&source, &Checkpoint::default(), Wants::META);
        assert_eq!(seen.issues[0].kind, IssueKind::UnknownLayout);
        drop(conn);
        fs::write(&path, [0x7f; 4096]).unwrap();
        let (seen, _) = read(&source, &Checkpoint::default(), Wants::META);
        assert_eq!(seen.issues[0].kind, IssueKind::Corrupt);
    }
}

mod accounting {
    use super::*;
    use std::collections::BTreeSet;

    /// One for each response: what is told again under the same key is the same one.
    fn usage(source: &Source) -> Vec<UsageEvent> {
        let (seen, _) = read(source, &Checkpoint::default(), Wants::META);
        let mut usage: Vec<UsageEvent> = Vec::new();
        for event in seen.events {
            let EventKind::Usage(told) = event.kind else {
                continue;
            };
            match usage.iter_mut().find(|known| known.key == told.key) {
                Some(known) => known.tokens = known.tokens.max(told.tokens),
                None => usage.push(*told),
            }
        }
        usage
    }

    fn sources(case: &str) -> Vec<Source> {
        found(&fixtures().join(case).join("home/.codex")).0
    }

    /// Responses, fresh input, cache reads, cache writes, output.
    type Sum = (usize, u64, u64, u64, u64);

    fn sum(events: &[UsageEvent], copies: bool) -> Sum {
        let of_kind = events.iter().filter(|event| event.copy == copies);
        of_kind.fold((0, 0, 0, 0, 0), |(n, i, r, w, o), event| {
            let t = event.tokens;
            (
                n + 1,
                i + t.input,
                r + t.cache_read,
                w + t.cache_write(),
                o + t.output,
            )
        })
    }

    const NONE: Sum = (0, 0, 0, 0, 0);
    /// What the parent of every fork fixture used.
    const PARENT: Sum = (2, 2100, 900, 0, 200);

    /// Case, end of the file's id, own responses, copied ones. Reasons: `tests/fixtures/codex/README.md`.
    const CASES: &[(&str, &str, Sum, Sum)] = &[
        (
            "usage-counts-written-again",
            "200",
            (3, 170, 80, 0, 21),
            NONE,
        ),
        (
            "usage-estimate-after-compaction",
            "201",
            (2, 15_000, 80_000, 0, 700),
            NONE,
        ),
        (
            "usage-running-sum-reset",
            "202",
            (4, 2300, 2200, 0, 290),
            NONE,
        ),
        ("usage-sums-only", "203", (3, 1800, 1100, 0, 210), NONE),
        (
            "usage-one-record-a-response",
            "204",
            (3, 1400, 2700, 400, 200),
            (1, 70, 0, 0, 7),
        ),
        (
            "usage-tier-of-each-response",
            "206",
            (4, 400, 0, 0, 40),
            NONE,
        ),
        (
            "usage-without-model-and-odd-counts",
            "207",
            (1, 0, 1000, 0, 10),
            NONE,
        ),
        (
            "fork-with-copied-header",
            "0002",
            (1, 200, 1000, 0, 30),
            PARENT,
        ),
        (
            "fork-told-by-turn-ids",
            "301",
            (1, 400, 1600, 0, 60),
            PARENT,
        ),
        (
            "fork-with-original-times",
            "311",
            (1, 400, 1600, 0, 60),
            PARENT,
        ),
        (
            "fork-told-by-the-parents-sums",
            "321",
            (2, 1400, 1600, 0, 100),
            PARENT,
        ),
        (
            "fork-of-a-lost-parent",
            "331",
            (1, 400, 1600, 0, 60),
            PARENT,
        ),
        ("sub-agents-start-fresh", "341", (2, 700, 400, 0, 50), NONE),
        ("sub-agents-start-fresh", "342", (2, 700, 400, 0, 50), NONE),
        (
            "sub-agent-told-by-ordinals",
            "351",
            (1, 500, 0, 0, 20),
            PARENT,
        ),
        (
            "sub-agent-told-by-turn-ids",
            "361",
            (1, 500, 0, 0, 20),
            PARENT,
        ),
    ];

    #[test]
    fn what_each_file_used_itself_and_what_it_copied() {
        for (case, id, own, copied) in CASES {
            let source = sources(case)
                .into_iter()
                .find(|s| s.native.ends_with(id))
                .unwrap();
            let events = usage(&source);
            assert_eq!(sum(&events, false), *own, "{case} {id}: own");
            assert_eq!(sum(&events, true), *copied, "{case} {id}: copied");
        }
    }

    #[test]
    fn a_copy_bears_the_key_of_its_original_and_nothing_else_shares_one() {
        for case in CASES
            .iter()
            .map(|(case, ..)| *case)
            .collect::<BTreeSet<_>>()
        {
            let all: Vec<UsageEvent> = sources(case).iter().flat_map(usage).collect();
            let keys = |copy| all.iter().filter(move |e| e.copy == copy).map(|e| &e.key);
            let own: BTreeSet<_> = keys(false).collect();
            assert_eq!(own.len(), keys(false).count(), "{case}: own keys differ");
            if sources(case).len() > 1 {
                assert!(keys(true).all(|key| own.contains(key)), "{case}");
            }
        }
    }

    #[test]
    fn tier_and_model_are_those_of_the_moment() {
        let told = |case| {
            let events = usage(&sources(case)[0]);
            events
                .into_iter()
                .map(|e| (e.model, e.tier))
                .collect::<Vec<_>>()
        };
        let tiers = [Tier::Standard, Tier::Priority, Tier::Fast, Tier::Standard];
        assert_eq!(
            told("usage-tier-of-each-response"),
            tiers.map(|tier| ("gpt-5.5".to_owned(), tier))
        );
        let models: Vec<String> = told("usage-counts-written-again")
            .into_iter()
            .map(|t| t.0)
            .collect();
        assert_eq!(models, ["gpt-5.5", "gpt-5.5", "gpt-5.5-mini"]);
        assert_eq!(told("usage-without-model-and-odd-counts")[0].0, "");
    }
}
