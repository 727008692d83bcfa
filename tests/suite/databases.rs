//! Agents' databases through the whole write side: however a store grew, was edited and was looked at in
//! between, the state is the one that a single look at the end gives.

use super::ingest::World;
use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::json;
use std::fs;

const SCHEMA: &str = "PRAGMA journal_mode=WAL;
CREATE TABLE session (id text PRIMARY KEY, project_id text, parent_id text, directory text, title text, version text, time_created integer, time_updated integer);
CREATE TABLE message (id text PRIMARY KEY, session_id text, time_created integer, time_updated integer, data text);
CREATE TABLE part (id text PRIMARY KEY, message_id text, session_id text, time_created integer, time_updated integer, data text);
CREATE INDEX message_session_idx ON message (session_id);
CREATE INDEX part_message_idx ON part (message_id);
CREATE INDEX part_session_idx ON part (session_id);";

const START: i64 = 1_790_000_000_000;

/// An agent at work: keeps its database open, as agents do.
struct Writer {
    db: Connection,
    /// Ticks with every change.
    now: i64,
}

impl Writer {
    fn new(world: &World) -> Writer {
        let folder = world.home().join(".local/share/opencode");
        fs::create_dir_all(&folder).unwrap();
        let db = Connection::open(folder.join("opencode.db")).unwrap();
        db.execute_batch(SCHEMA).unwrap();
        Writer { db, now: START }
    }

    fn tick(&mut self) -> i64 {
        self.now += 1000;
        self.now
    }

    fn session(&mut self, id: &str) {
        let now = self.tick();
        let sql = "INSERT OR IGNORE INTO session VALUES (?1, 'p', NULL, '/w/app', 'A title', '1', ?2, ?2)";
        self.db.execute(sql, (id, now)).unwrap();
    }

    fn message(&mut self, session: &str, data: serde_json::Value) -> String {
        let now = self.tick();
        let id = format!("msg_{now}");
        let mut data = data;
        data["time"]["created"] = now.into();
        let sql = "INSERT INTO message VALUES (?1, ?2, ?3, ?3, ?4)";
        self.db
            .execute(sql, (&id, session, now, data.to_string()))
            .unwrap();
        id
    }

    fn part(&mut self, session: &str, message: &str, data: serde_json::Value) {
        let now = self.tick();
        let sql = "INSERT INTO part VALUES (?1, ?2, ?3, ?4, ?4, ?5)";
        let id = format!("prt_{now}");
        self.db
            .execute(sql, (id, message, session, now, data.to_string()))
            .unwrap();
    }

    fn prompt(&mut self, session: &str, text: &str) {
        let message = self.message(session, json!({"role": "user", "time": {}}));
        self.part(session, &message, json!({"type": "text", "text": text}));
    }

    /// An answer with a tool that still runs.
    fn begin(&mut self, session: &str) {
        let data = json!({"role": "assistant", "modelID": "gpt-5", "time": {}});
        let message = self.message(session, data);
        let words = json!({"type": "text", "text": "I try it", "time": {"start": self.now, "end": self.now}});
        self.part(session, &message, words);
        let tool = json!({"type": "tool", "tool": "bash", "callID": message, "state": {"status": "running", "input": {"command": "make"}}});
        self.part(session, &message, tool);
    }

    /// What runs in the newest answer ends; an older one was abandoned.
    fn end(&mut self, session: &str) {
        let now = self.tick();
        let tools = "UPDATE part SET time_updated = ?2, data = json_set(data, '$.state.status', 'completed', '$.state.output', 'made')
            WHERE message_id = ?1 AND json_extract(data, '$.state.status') = 'running'";
        let Some(newest) = self.newest(session, "assistant") else {
            return;
        };
        self.db.execute(tools, (&newest, now)).unwrap();
        let messages = "UPDATE message SET time_updated = ?2, data = json_set(data, '$.time.completed', ?2,
            '$.tokens', json('{\"input\":10,\"output\":5,\"reasoning\":0,\"cache\":{\"read\":0,\"write\":0}}'))
            WHERE id = ?1 AND json_extract(data, '$.time.completed') IS NULL";
        self.db.execute(messages, (&newest, now)).unwrap();
    }

    /// Id of the newest message of a role.
    fn newest(&self, session: &str, role: &str) -> Option<String> {
        let sql =
            "SELECT id FROM message WHERE session_id = ?1 AND json_extract(data, '$.role') = ?2
            ORDER BY time_created DESC LIMIT 1";
        self.db
            .query_row(sql, (session, role), |row| row.get(0))
            .ok()
    }

    /// The person takes the newest prompt back.
    fn undo(&mut self, session: &str) {
        if let Some(id) = self.newest(session, "user") {
            self.db
                .execute("DELETE FROM part WHERE message_id = ?1", [&id])
                .unwrap();
            self.db
                .execute("DELETE FROM message WHERE id = ?1", [&id])
                .unwrap();
        }
    }

    fn rename(&mut self, session: &str) {
        let now = self.tick();
        let sql = "UPDATE session SET title = ?2, time_updated = ?3 WHERE id = ?1";
        let title = format!("Title {now}");
        self.db.execute(sql, (session, title, now)).unwrap();
    }
}

#[derive(Clone, Debug)]
enum Step {
    Prompt(usize),
    Begin(usize),
    End(usize),
    Undo(usize),
    Rename(usize),
    Look,
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0..2usize;
    prop_oneof![
        3 => which.clone().prop_map(Step::Prompt),
        3 => which.clone().prop_map(Step::Begin),
        3 => which.clone().prop_map(Step::End),
        1 => which.clone().prop_map(Step::Undo),
        1 => which.prop_map(Step::Rename),
        4 => Just(Step::Look),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn looks_in_between_change_nothing(steps in prop::collection::vec(step(), 3..14)) {
        let world = World::new();
        let mut writer = Writer::new(&world);
        let ids = ["ses_one", "ses_two"];
        ids.iter().for_each(|id| writer.session(id));
        for step in &steps {
            match step {
                Step::Prompt(which) => writer.prompt(ids[*which], "please build it"),
                Step::Begin(which) => writer.begin(ids[*which]),
                Step::End(which) => writer.end(ids[*which]),
                Step::Undo(which) => writer.undo(ids[*which]),
                Step::Rename(which) => writer.rename(ids[*which]),
                Step::Look => {
                    world.run();
                }
            }
        }
        world.run();
        let fresh = world.beside();
        fresh.run();
        prop_assert_eq!(world.state(), fresh.state());
    }
}

#[test]
fn a_new_message_in_one_session_reads_that_session_alone() {
    let world = World::new();
    let mut writer = Writer::new(&world);
    for number in 0..20 {
        let id = format!("ses_{number:02}");
        writer.session(&id);
        writer.prompt(&id, "please build it");
    }
    world.run();
    let before = world.state();
    writer.prompt("ses_07", "and test it");
    let status = world.run();
    assert_eq!(status.documents, 1, "{status:?}");
    assert_eq!(status.bytes_total, 0, "{status:?}");
    assert_ne!(world.state(), before);
    let again = world.run();
    assert_eq!(again.sources_total, 0, "nothing changed: {again:?}");
}

#[test]
fn a_deleted_session_is_kept_and_a_lost_database_takes_nothing_away() {
    let world = World::new();
    let mut writer = Writer::new(&world);
    for id in ["ses_one", "ses_two"] {
        writer.session(id);
        writer.prompt(id, "please build it");
    }
    world.run();
    assert_eq!(world.gone(), 0);
    writer
        .db
        .execute_batch("DELETE FROM session WHERE id = 'ses_one'")
        .unwrap();
    world.run();
    assert_eq!((world.sessions(), world.gone()), (2, 1));
    drop(writer);
    let path = world.home().join(".local/share/opencode/opencode.db");
    let _ = fs::remove_file(path.with_extension("db-wal"));
    fs::write(
        &path,
        "this was a database once, and is none any more: nothing of it can be listed",
    )
    .unwrap();
    world.run();
    assert_eq!(
        (world.sessions(), world.gone()),
        (2, 1),
        "nothing was seen, so nothing is gone"
    );
    fs::remove_file(&path).unwrap();
    world.run();
    assert_eq!((world.sessions(), world.gone()), (2, 2));
}
