//! The write side, seen from outside: files in, state out.

use codedash::config::Config;
use codedash::index::{IndexOptions, SearchIndex};
use codedash::ingest::Ingest;
use codedash::model::{Claim, Day, DayStats, SessionSummary};
use codedash::store::{Store, status::IngestStatus, status::StatusBoard};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A home with histories and a data folder beside it.
pub struct World {
    dir: Arc<tempfile::TempDir>,
    data: &'static str,
}

/// Everything that must be the same after any way of getting there.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    sessions: BTreeMap<String, SessionSummary>,
    days: BTreeMap<String, BTreeMap<Day, DayStats>>,
    documents: BTreeMap<String, Vec<(u32, String)>>,
    claims: Vec<(String, u64, Claim)>,
    issues: u64,
}

impl State {
    /// The sessions that another state has too, without what is said of their files.
    pub fn of(&self, other: &State) -> State {
        let keep = |key: &String| other.sessions.contains_key(key);
        let mut kept = self.clone();
        kept.sessions.retain(|key, _| keep(key));
        kept.days.retain(|key, _| keep(key));
        kept.documents.retain(|key, _| keep(key));
        kept.claims.retain(|(key, ..)| keep(key));
        // a line that says nothing changes neither the size that was read nor what was wrong with it
        kept.issues = 0;
        for session in kept.sessions.values_mut() {
            (session.file_size, session.issues) = (0, 0);
        }
        kept
    }
}

impl World {
    pub fn new() -> World {
        World {
            dir: Arc::new(tempfile::tempdir().unwrap()),
            data: "codedash",
        }
    }

    /// The same home with another data folder.
    pub fn beside(&self) -> World {
        World {
            dir: self.dir.clone(),
            data: "beside",
        }
    }

    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join(self.data)
    }

    /// Path of a Claude session's file.
    pub fn session(&self, id: &str) -> PathBuf {
        self.home()
            .join(".claude/projects/-w-app")
            .join(format!("{id}.jsonl"))
    }

    pub fn write(&self, path: &Path, lines: &[Value]) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text(lines)).unwrap();
    }

    pub fn append(&self, path: &Path, lines: &[Value]) {
        use std::io::Write;
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .unwrap();
        file.write_all(text(lines).as_bytes()).unwrap();
    }

    /// One complete run; how the status board stood at its end.
    pub fn run(&self) -> IngestStatus {
        self.with_stores(|config, store, index, payload| {
            let status = Arc::new(StatusBoard::default());
            Ingest::run_once(config, store, index, payload, status.clone(), false).unwrap();
            status.get()
        })
    }

    pub fn state(&self) -> State {
        self.with_stores(|_, store, index, _| {
            let reader = store.read().unwrap();
            let sessions = reader.sessions().unwrap();
            let name = |sid| {
                sessions
                    .iter()
                    .find(|(at, _)| *at == sid)
                    .map(|(_, s)| s.key.to_string())
                    .unwrap()
            };
            let mut claims = Vec::new();
            reader
                .all_claims(|sid, claim| claims.push((name(sid), claim.key, claim)))
                .unwrap();
            claims.sort_by(|a, b| (&a.0, a.1, a.2.variant).cmp(&(&b.0, b.1, b.2.variant)));
            let documents = |sid| {
                let all = index.messages(sid, 0..u32::MAX, None).unwrap();
                all.into_iter()
                    .map(|message| (message.seq, message.text))
                    .collect()
            };
            State {
                days: sessions
                    .iter()
                    .map(|(sid, s)| (s.key.to_string(), reader.days(*sid).unwrap()))
                    .collect(),
                documents: sessions
                    .iter()
                    .map(|(sid, s)| (s.key.to_string(), documents(*sid)))
                    .collect(),
                sessions: sessions
                    .iter()
                    .map(|(_, s)| (s.key.to_string(), s.clone()))
                    .collect(),
                claims,
                issues: reader.issues(0).unwrap().total,
            }
        })
    }

    pub fn sessions(&self) -> usize {
        self.state().sessions.len()
    }

    /// Sessions whose source is no longer there.
    pub fn gone(&self) -> usize {
        let state = self.state();
        state
            .sessions
            .values()
            .filter(|session| session.gone)
            .count()
    }

    fn with_stores<T>(
        &self,
        work: impl FnOnce(Arc<Config>, Arc<Store>, Arc<SearchIndex>, Option<String>) -> T,
    ) -> T {
        let config = Arc::new(Config::for_home(&self.home(), &self.data()));
        let store = Arc::new(Store::open(&config.store_path()).unwrap());
        let opened = SearchIndex::open(&config.index_dir(), &IndexOptions::default()).unwrap();
        let index = Arc::new(opened.index);
        let result = work(config, store, index.clone(), opened.payload);
        index.shutdown();
        result
    }
}

fn text(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn at(minute: i64) -> String {
    jiff::Timestamp::from_second(1_790_000_000 + minute * 60)
        .unwrap()
        .to_string()
}

fn prompt(session: &str, uuid: &str, minute: i64, text: &str) -> Value {
    json!({"type": "user", "uuid": uuid, "sessionId": session, "timestamp": at(minute), "cwd": "/w/app",
        "entrypoint": "cli", "message": {"role": "user", "content": text}})
}

fn answer(session: &str, uuid: &str, minute: i64, text: &str, output: u64) -> Value {
    json!({"type": "assistant", "uuid": uuid, "sessionId": session, "timestamp": at(minute), "cwd": "/w/app",
        "requestId": format!("req-{uuid}"), "message": {"role": "assistant", "id": format!("msg-{uuid}"), "model": "claude-sonnet-4-5",
        "content": [{"type": "text", "text": text}], "usage": {"input_tokens": 10, "output_tokens": output}}})
}

/// A conversation of `turns` prompts and answers, with ids made from `tag`.
pub fn talk(session: &str, tag: &str, from: i64, turns: i64) -> Vec<Value> {
    (0..turns)
        .flat_map(|turn| {
            let minute = from + turn * 2;
            [
                prompt(
                    session,
                    &format!("{tag}-p{turn}"),
                    minute,
                    &format!("please do {tag} step {turn}"),
                ),
                answer(
                    session,
                    &format!("{tag}-a{turn}"),
                    minute + 1,
                    &format!("{tag} step {turn} is done"),
                    100,
                ),
            ]
        })
        .collect()
}

fn prompts(state: &State) -> u32 {
    state.sessions.values().map(|session| session.prompts).sum()
}

fn output_tokens(state: &State) -> u64 {
    let buckets = state
        .days
        .values()
        .flat_map(|days| days.values())
        .flat_map(|day| &day.usage);
    buckets.map(|bucket| bucket.tokens.output).sum()
}

#[test]
fn a_history_is_listed_counted_and_findable() {
    let world = World::new();
    world.write(&world.session("s1"), &talk("s1", "alpha", 0, 3));
    world.run();
    let state = world.state();
    let session = &state.sessions["claude:s1"];
    assert_eq!(
        (session.prompts, session.messages, session.project.as_str()),
        (3, 6, "/w/app")
    );
    assert_eq!(state.documents["claude:s1"].len(), 6);
    assert_eq!(output_tokens(&state), 300);
}

#[test]
fn a_title_goes_to_the_session_that_holds_its_record() {
    let world = World::new();
    let summary =
        |leaf: &str, text: &str| json!({"type": "summary", "summary": text, "leafUuid": leaf});
    let mut talkative = vec![
        summary("alpha-a2", "The alpha work"),
        summary("nowhere", "Lost"),
    ];
    talkative.extend(talk("s2", "beta", 100, 2));
    world.write(&world.session("s2"), &talkative);
    world.write(&world.session("s0"), &[summary("late-a1", "The late work")]);
    world.write(&world.session("s1"), &talk("s1", "alpha", 0, 3));
    world.run();
    let titles = |state: &State| -> Vec<(String, Option<String>)> {
        let named = state.sessions.iter();
        named
            .map(|(key, session)| (key.clone(), session.title.clone()))
            .collect()
    };
    let titled = |key: &str, title: &str| (key.to_owned(), Some(title.to_owned()));
    let expected = vec![
        titled("claude:s1", "The alpha work"),
        ("claude:s2".to_owned(), None),
    ];
    assert_eq!(titles(&world.state()), expected);
    // a session may turn up after the one that names it
    world.write(&world.session("s3"), &talk("s3", "late", 200, 2));
    world.run();
    let mut expected = expected;
    expected.push(titled("claude:s3", "The late work"));
    assert_eq!(titles(&world.state()), expected);
    assert_eq!(
        titles(&{
            let b = world.beside();
            b.run();
            b.state()
        }),
        expected
    );
}

#[test]
fn a_second_run_changes_not_a_byte() {
    let world = World::new();
    world.write(&world.session("s1"), &talk("s1", "alpha", 0, 3));
    world.write(&world.session("s2"), &talk("s2", "beta", 0, 3));
    world.run();
    let snapshot = |world: &World| -> BTreeMap<PathBuf, (u64, std::time::SystemTime)> {
        let entries = walkdir::WalkDir::new(world.data())
            .into_iter()
            .map(Result::unwrap);
        let files = entries.filter(|entry| entry.file_type().is_file());
        files
            .map(|entry| {
                let meta = entry.metadata().unwrap();
                (
                    entry.path().to_owned(),
                    (meta.len(), meta.modified().unwrap()),
                )
            })
            // taking and releasing the locks is no change of content
            .filter(|(path, _)| path.extension().is_none_or(|ext| ext != "lock"))
            .collect()
    };
    world.with_stores(|config, store, index, payload| {
        let before = snapshot(&world);
        let generation = |store: &Store| store.read().unwrap().generation().unwrap();
        let counted = generation(&store);
        Ingest::run_once(
            config,
            store.clone(),
            index,
            payload,
            Default::default(),
            false,
        )
        .unwrap();
        assert_eq!(generation(&store), counted, "nothing was committed");
        let after = snapshot(&world);
        let changed: Vec<_> = after
            .iter()
            .filter(|(path, file)| before.get(*path) != Some(file))
            .collect();
        assert!(
            changed.is_empty() && after.len() == before.len(),
            "changed: {changed:?}"
        );
    });
}

#[test]
fn an_append_costs_what_was_appended() {
    let world = World::new();
    let path = world.session("s1");
    world.write(&path, &talk("s1", "alpha", 0, 200));
    world.run();
    let added = talk("s1", "beta", 1000, 1);
    world.append(&path, &added);
    let status = world.run();
    assert_eq!(status.bytes_total, text(&added).len() as u64);
    let state = world.state();
    assert_eq!(state.sessions["claude:s1"].prompts, 201);
    assert_eq!(state.documents["claude:s1"].len(), 402);
}

#[test]
fn rewrites_truncations_and_same_size_edits_are_noticed() {
    let world = World::new();
    let path = world.session("s1");
    world.write(&path, &talk("s1", "alpha", 0, 3));
    world.run();
    world.write(&path, &talk("s1", "gamma", 0, 3));
    world.run();
    let state = world.state();
    assert_eq!(
        state.sessions["claude:s1"].first_prompt,
        "please do gamma step 0"
    );
    assert!(
        state.documents["claude:s1"]
            .iter()
            .all(|(_, text)| text.contains("gamma"))
    );
    assert_eq!(state.documents["claude:s1"].len(), 6);
    world.write(&path, &talk("s1", "gamma", 0, 1));
    world.run();
    let state = world.state();
    assert_eq!((prompts(&state), output_tokens(&state)), (1, 100));
    // longer than before, but another beginning
    world.write(&path, &talk("s1", "delta", 0, 5));
    world.run();
    let state = world.state();
    assert_eq!(
        (
            prompts(&state),
            output_tokens(&state),
            state.documents["claude:s1"].len()
        ),
        (5, 500, 10)
    );
}

#[test]
fn a_renamed_folder_is_the_same_history() {
    let world = World::new();
    world.write(&world.session("s1"), &talk("s1", "alpha", 0, 3));
    world.run();
    let before = world.state();
    let projects = world.home().join(".claude/projects");
    std::fs::rename(projects.join("-w-app"), projects.join("-w-moved")).unwrap();
    world.run();
    let after = world.state();
    assert!(after.sessions["claude:s1"].path.contains("-w-moved"));
    assert!(!after.sessions["claude:s1"].gone);
    assert_eq!(
        (after.documents, after.days),
        (before.documents, before.days)
    );
}

#[test]
fn what_the_agent_deletes_stays_and_is_marked() {
    let world = World::new();
    let path = world.session("s1");
    world.write(&path, &talk("s1", "alpha", 0, 3));
    world.write(&world.session("s2"), &talk("s2", "beta", 0, 1));
    world.run();
    let kept = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    world.run();
    let state = world.state();
    assert!(state.sessions["claude:s1"].gone);
    assert_eq!(
        (state.documents["claude:s1"].len(), output_tokens(&state)),
        (6, 400)
    );
    std::fs::write(&path, kept).unwrap();
    world.run();
    let state = world.state();
    assert!(!state.sessions["claude:s1"].gone);
    assert_eq!(
        (state.documents["claude:s1"].len(), output_tokens(&state)),
        (6, 400)
    );
}

#[test]
fn copies_count_once_for_the_session_they_were_written_for() {
    // the same files, read in three orders of arrival, must end in the same state
    let original = talk("s1", "alpha", 0, 3);
    let mut fork: Vec<Value> = original[..4].to_vec();
    for line in &mut fork {
        line["sessionId"] = json!("s2");
    }
    fork.extend(talk("s2", "beta", 5000, 2));
    let expect = |world: &World| {
        let state = world.state();
        assert_eq!((prompts(&state), output_tokens(&state)), (5, 500));
        assert_eq!(state.sessions["claude:s1"].prompts, 3);
        assert_eq!(state.sessions["claude:s2"].copies, 4);
        assert_eq!(state.documents["claude:s1"].len(), 6);
        assert_eq!(state.documents["claude:s2"].len(), 4);
        state
    };
    let together = World::new();
    together.write(&together.session("s1"), &original);
    together.write(&together.session("s2"), &fork);
    together.run();
    expect(&together);
    let original_first = World::new();
    original_first.write(&original_first.session("s1"), &original);
    original_first.run();
    original_first.write(&original_first.session("s2"), &fork);
    original_first.run();
    expect(&original_first);
    let fork_first = World::new();
    fork_first.write(&fork_first.session("s2"), &fork);
    fork_first.run();
    fork_first.write(&fork_first.session("s1"), &original);
    fork_first.run();
    expect(&fork_first);
}

#[test]
fn the_larger_of_two_copies_of_a_session_is_read() {
    let world = World::new();
    let other = world.home().join(".config/claude/projects/-w-app/s1.jsonl");
    world.write(&world.session("s1"), &talk("s1", "alpha", 0, 3));
    world.write(&other, &talk("s1", "alpha", 0, 5));
    world.run();
    let state = world.state();
    assert_eq!(
        (state.sessions.len(), prompts(&state), output_tokens(&state)),
        (1, 5, 500)
    );
    std::fs::remove_file(&other).unwrap();
    world.run();
    assert_eq!(world.state().sessions.len(), 1);
}

#[test]
fn a_lost_index_is_filled_again() {
    let world = World::new();
    world.write(&world.session("s1"), &talk("s1", "alpha", 0, 3));
    world.run();
    let before = world.state();
    std::fs::remove_dir_all(world.data().join("data/index")).unwrap();
    world.run();
    assert_eq!(world.state(), before);
}

#[test]
fn damage_is_counted_and_the_rest_is_read() {
    let world = World::new();
    let path = world.session("s1");
    let mut bytes = text(&talk("s1", "alpha", 0, 2)).into_bytes();
    bytes.extend(b"{\"type\":\"user\",\"uuid\":\"torn\n");
    bytes.extend(text(&talk("s1", "beta", 100, 1)).into_bytes());
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    world.run();
    let state = world.state();
    assert_eq!((prompts(&state), state.issues), (3, 1));
}

#[test]
fn a_folder_that_cannot_be_listed_is_said_and_nothing_is_lost() {
    let world = World::new();
    world.write(&world.session("s1"), &talk("s1", "alpha", 0, 2));
    world.run();
    let (root, aside) = (world.home().join(".claude"), world.home().join("aside"));
    std::fs::rename(&root, &aside).unwrap();
    // a user who is root may read every folder, but not a file as one
    std::fs::write(&root, "").unwrap();
    world.run();
    let state = world.state();
    assert_eq!(state.issues, 1);
    assert!(!state.sessions["claude:s1"].gone);
    std::fs::remove_file(&root).unwrap();
    std::fs::rename(&aside, &root).unwrap();
    world.run();
    let state = world.state();
    assert_eq!((prompts(&state), state.issues), (2, 0));
}

/// Writes four histories in one go and in these pieces (which file, how many lines), reading after each.
#[test]
fn a_folder_that_cannot_be_listed_is_an_issue_until_it_can() {
    let world = World::new();
    let folder = world.home().join(".local/share/opencode/project");
    std::fs::create_dir_all(folder.parent().unwrap()).unwrap();
    std::fs::write(&folder, "no folder").unwrap();
    world.run();
    assert_eq!(world.state().issues, 1);
    std::fs::remove_file(&folder).unwrap();
    std::fs::create_dir(&folder).unwrap();
    world.write(&world.session("s"), &[prompt("s", "u1", 0, "hello")]);
    world.run();
    assert_eq!(world.state().issues, 0);
}

fn in_pieces(cuts: &[(usize, usize)]) {
    let original = talk("s0", "alpha", 0, 4);
    let mut fork: Vec<Value> = original[..5].to_vec();
    fork.iter_mut()
        .for_each(|line| line["sessionId"] = json!("s1"));
    fork.extend(talk("s1", "beta", 5000, 3));
    let files = [
        original,
        fork,
        talk("s2", "gamma", 9000, 3),
        talk("s3", "delta", 50, 2),
    ];
    let name = |at: usize| format!("s{at}");
    let whole = World::new();
    for (at, lines) in files.iter().enumerate() {
        whole.write(&whole.session(&name(at)), lines);
    }
    whole.run();
    let pieces = World::new();
    let mut written = [0usize; 4];
    for (at, count) in cuts.iter().copied() {
        let end = (written[at] + count).min(files[at].len());
        let path = pieces.session(&name(at));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        pieces.append(&path, &files[at][written[at]..end]);
        written[at] = end;
        pieces.run();
    }
    for (at, lines) in files.iter().enumerate() {
        pieces.append(&pieces.session(&name(at)), &lines[written[at]..]);
    }
    pieces.run();
    let paths = |mut state: State| {
        for session in state.sessions.values_mut() {
            session.path = session.path.rsplit('/').next().unwrap().to_owned();
        }
        state
    };
    assert_eq!(paths(pieces.state()), paths(whole.state()));
}

#[test]
fn a_fork_that_outruns_its_origin_and_is_overtaken_ends_alike() {
    in_pieces(&[(0, 2), (1, 4), (1, 1), (0, 3)]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..Default::default() })]

    /// However the same files came to be, in whatever pieces, the end is the same.
    #[test]
    fn pieces_and_order_do_not_matter(cuts in proptest::collection::vec((0usize..4, 1usize..9), 1..10)) {
        in_pieces(&cuts);
    }
}
