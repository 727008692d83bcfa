use super::*;
use crate::agents::{Flow, read::sqlite};
use crate::model::{Event, EventKind, ParseIssue, SessionStart, SourceMode, Wants};

#[derive(Default)]
struct Told {
    starts: Vec<SessionStart>,
    events: Vec<Event>,
    issues: Vec<ParseIssue>,
}

impl EventSink for Told {
    fn wants(&self) -> Wants {
        Wants::ALL
    }
    fn session(&mut self, start: SessionStart) {
        self.starts.push(start);
    }
    fn event(&mut self, event: Event) -> Flow {
        self.events.push(event);
        Flow::Go
    }
    fn issue(&mut self, issue: ParseIssue) {
        self.issues.push(issue);
    }
}

impl Told {
    fn texts(&self) -> Vec<&str> {
        let messages = self.events.iter().filter_map(|event| match &event.kind {
            EventKind::Message(message) => Some(message.text.as_str()),
            _ => None,
        });
        messages.collect()
    }
}

const SCHEMA: &str = "
CREATE TABLE session (id text PRIMARY KEY, project_id text, parent_id text, directory text, title text, version text, time_created integer, time_updated integer);
CREATE TABLE message (id text PRIMARY KEY, session_id text, time_created integer, time_updated integer, data text);
CREATE TABLE part (id text PRIMARY KEY, message_id text, session_id text, time_created integer, time_updated integer, data text);
INSERT INTO session VALUES ('ses_1', 'p', NULL, '/w', 'One', '1', 1770000000000, 1770000000000), ('ses_2', 'p', NULL, '/w', 'Two', '1', 1770000000000, 1770000000000);
INSERT INTO message VALUES ('msg_1', 'ses_1', 1, 1, '{\"role\":\"user\",\"time\":{\"created\":1770000000000}}');
INSERT INTO part VALUES ('prt_1', 'msg_1', 'ses_1', 1, 1, '{\"type\":\"text\",\"text\":\"hello\"}');
";

fn found(home: &Path) -> Vec<Source> {
    let mut sources = Vec::new();
    let listing = OpenCode.discover(home, &mut |source| sources.push(source));
    assert!(listing.complete, "{:?}", listing.issues);
    sources.retain(|source| source.layout == layout::ROWS);
    sources
}

fn read(source: &Source, from: &Checkpoint) -> (Told, Checkpoint) {
    let mut told = Told::default();
    let checkpoint = OpenCode.parse(source, from, &mut told).unwrap();
    (told, checkpoint)
}

#[test]
fn what_is_added_costs_only_itself_and_what_is_rewritten_is_read_anew() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("opencode.db");
    let writer = sqlite::writer(&path);
    let run = |sql: &str| writer(sql);
    run("PRAGMA journal_mode=WAL");
    run(SCHEMA);
    let before = found(home.path());
    assert_eq!(before.len(), 2);
    let (told, first) = read(&before[0], &Checkpoint::default());
    assert_eq!(told.texts(), ["hello"]);

    // a tool that still runs is told when it has ended
    run("INSERT INTO message VALUES ('msg_2', 'ses_1', 2, 2, '{\"role\":\"assistant\",\"time\":{\"created\":1770000001000}}');
         INSERT INTO part VALUES ('prt_2', 'msg_2', 'ses_1', 2, 2, '{\"type\":\"text\",\"text\":\"I try\",\"time\":{\"start\":1770000001000,\"end\":1770000001100}}'),
                                 ('prt_3', 'msg_2', 'ses_1', 2, 2, '{\"type\":\"tool\",\"tool\":\"bash\",\"callID\":\"c\",\"state\":{\"status\":\"running\",\"input\":{\"command\":\"ls\"}}}')");
    let after = found(home.path());
    assert_ne!(after[0].fingerprint, before[0].fingerprint);
    assert_eq!(after[1], before[1], "the other session did not change");
    assert!(OpenCode.continues(&after[0], &first));
    let (told, second) = read(&after[0], &first);
    assert_eq!(told.starts[0].mode, SourceMode::Append);
    assert_eq!(told.texts(), ["I try"]);

    run(
        "UPDATE part SET time_updated = 3, data = '{\"type\":\"tool\",\"tool\":\"bash\",\"callID\":\"c\",\"state\":{\"status\":\"completed\",\"input\":{\"command\":\"ls\"},\"output\":\"a b\"}}' WHERE id = 'prt_3'",
    );
    let later = found(home.path());
    assert_ne!(later[0].fingerprint, after[0].fingerprint);
    let (told, third) = read(&later[0], &second);
    assert_eq!(told.texts(), ["ls", "a b"]);
    let (again, _) = read(&later[0], &third);
    assert!(again.texts().is_empty());

    // a message taken back: the session is told anew
    run("DELETE FROM message WHERE id = 'msg_1'; DELETE FROM part WHERE message_id = 'msg_1'");
    let (told, _) = read(&found(home.path())[0], &third);
    assert_eq!(told.starts[0].mode, SourceMode::Replace);
    assert_eq!(told.texts(), ["I try", "ls", "a b"]);
    run(
        "UPDATE message SET data = '{\"role\":\"assistant\",\"time\":{\"created\":1770000001000,\"completed\":1770000002000}}', time_updated = 9",
    );
    run(
        "INSERT INTO message VALUES ('msg_0', 'ses_1', 0, 0, '{\"role\":\"user\",\"time\":{\"created\":1770000000000}}')",
    );
    run(
        "INSERT INTO part VALUES ('prt_0', 'msg_0', 'ses_1', 1, 1, '{\"type\":\"text\",\"text\":\"other\"}')",
    );
    let source = &found(home.path())[0];
    let (whole, last) = read(source, &Checkpoint::default());
    assert_eq!(whole.texts(), ["other", "I try", "ls", "a b"]);
    let (told, same) = read(source, &third);
    assert_eq!(told.starts[0].mode, SourceMode::Replace);
    assert_eq!(told.texts(), whole.texts());
    assert_eq!(same, last);

    run("DELETE FROM session WHERE id = 'ses_1'");
    let left = found(home.path());
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].native, "ses_2");
}

#[test]
fn a_locked_database_is_tried_again_and_a_broken_one_is_named() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("opencode.db");
    let writer = sqlite::writer(&path);
    writer(SCHEMA);
    let sources = found(home.path());
    writer("BEGIN EXCLUSIVE");
    let mut told = Told::default();
    let error = OpenCode
        .parse(&sources[0], &Checkpoint::default(), &mut told)
        .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    assert_eq!(told.issues[0].kind, crate::model::IssueKind::Locked);
    let listing = OpenCode.discover(home.path(), &mut |_| {});
    assert!(!listing.complete, "nothing is taken for gone");
    writer("COMMIT");

    std::fs::write(home.path().join("opencode-dev.db"), "not a database at all, but long enough to be looked at as one: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx").unwrap();
    let mut sources = Vec::new();
    let listing = OpenCode.discover(home.path(), &mut |source| sources.push(source));
    assert!(!listing.complete);
    assert_eq!(sources.len(), 4, "the other database is read");
    let broken = sources
        .iter()
        .find(|s| s.path.ends_with("opencode-dev.db"))
        .unwrap();
    let (told, _) = read(broken, &Checkpoint::default());
    assert_eq!(told.issues[0].kind, crate::model::IssueKind::Corrupt);
}

#[test]
fn a_look_that_remembers_sees_what_a_first_one_sees() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("opencode.db");
    let writer = sqlite::writer(&path);
    writer("PRAGMA journal_mode=WAL");
    writer(SCHEMA);
    let look = |path: &Path| -> Vec<(String, crate::model::Fingerprint)> {
        let sources = found(path.parent().unwrap()).into_iter();
        sources
            .map(|source| (source.native, source.fingerprint))
            .collect()
    };
    let mut before = look(&path);
    for (sql, changes) in [
        (
            "INSERT INTO message VALUES ('msg_2', 'ses_1', 2, 2, '{}')",
            true,
        ),
        (
            "INSERT INTO part VALUES ('prt_2', 'msg_2', 'ses_1', 2, 2, '{}')",
            true,
        ),
        ("UPDATE part SET time_updated = 5 WHERE id = 'prt_2'", true),
        (
            "UPDATE message SET time_updated = 6 WHERE id = 'msg_1'",
            true,
        ),
        (
            "UPDATE session SET time_updated = 1780000000000 WHERE id = 'ses_2'",
            true,
        ),
        // the newest row goes, and another takes its number
        (
            "DELETE FROM part WHERE id = 'prt_2'; INSERT INTO part VALUES ('prt_3', 'msg_2', 'ses_2', 7, 7, '{}')",
            true,
        ),
        ("DELETE FROM part WHERE id = 'prt_1'", true),
        (
            "INSERT INTO session VALUES ('ses_3', 'p', NULL, '/w', 'Three', '1', 1, 1)",
            true,
        ),
        ("DELETE FROM session WHERE id = 'ses_2'", true),
        ("CREATE TABLE other (id)", false),
    ] {
        writer(sql);
        let after = look(&path);
        assert_eq!(after != before, changes, "{sql}");
        // nobody remembers anything of a copy
        let copy = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(home.path()).unwrap().flatten() {
            std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
        assert_eq!(after, look(&copy.path().join("opencode.db")), "{sql}");
        before = after;
    }
}
