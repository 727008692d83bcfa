//! What agents do to their stores between two looks: they append, edit in place, and take back. However
//! it went, the state is the one that a single look at the end gives; nothing is there twice.

use super::agents::{cases, make};
use super::ingest::World;
use rayon::prelude::*;
use rusqlite::Connection;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// A home that a fixture's files are put into, some of them held back.
struct Store {
    world: World,
    files: Vec<PathBuf>,
    case: PathBuf,
}

/// How the files of a store stand at a look.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stand {
    /// The last record of every file is still to come, and the last file of every folder.
    Before,
    Whole,
    /// A record in the middle of every file was taken out.
    Edited,
}

impl Store {
    fn of(case: &Path) -> Store {
        let walk = walkdir::WalkDir::new(case.join("home")).sort_by_file_name();
        let files = walk.into_iter().flatten().map(walkdir::DirEntry::into_path);
        Store {
            world: World::new(),
            files: files.filter(|path| path.is_file()).collect(),
            case: case.to_owned(),
        }
    }

    fn place(&self, file: &Path) -> PathBuf {
        let inner = file.strip_prefix(self.case.join("home")).unwrap();
        self.world.home().join(inner)
    }

    fn write(&self, stand: Stand) {
        let mtime = fs::read_to_string(self.case.join("mtime")).ok().map(|ms| {
            let ms = std::time::Duration::from_millis(ms.trim().parse().unwrap());
            std::time::UNIX_EPOCH + ms
        });
        for file in &self.files {
            let to = self.place(file);
            if stand == Stand::Before && self.is_last(file) {
                continue;
            }
            if file.extension().is_some_and(|end| end == "sql") {
                if !to.with_extension("").exists() {
                    make(file, &to, &self.world.home());
                }
                continue;
            }
            let before = fs::read(&to).ok();
            make(file, &to, &self.world.home());
            let whole = fs::read(&to).unwrap();
            let now = match stand {
                Stand::Whole => whole.clone(),
                Stand::Before => changed(file, &whole, true).unwrap_or(whole.clone()),
                Stand::Edited => changed(file, &whole, false).unwrap_or(whole.clone()),
            };
            if let Some(before) = before.filter(|before| now.starts_with(before)) {
                // as an agent appends: the file stays the same file
                use std::io::Write;
                fs::write(&to, &before).unwrap();
                let mut file = fs::OpenOptions::new().append(true).open(&to).unwrap();
                file.write_all(&now[before.len()..]).unwrap();
            } else {
                fs::write(&to, now).unwrap();
            }
            if let Some(mtime) = &mtime {
                let file = fs::OpenOptions::new().append(true).open(&to).unwrap();
                file.set_modified(*mtime).unwrap();
            }
        }
    }

    /// The last of several sessions, messages or parts that are files of one folder.
    fn is_last(&self, file: &Path) -> bool {
        let like = |other: &&PathBuf| {
            other.parent() == file.parent()
                && other.extension() == file.extension()
                && other
                    .extension()
                    .is_some_and(|end| end == "json" || end == "jsonl")
        };
        let all: Vec<&PathBuf> = self.files.iter().filter(like).collect();
        all.len() > 1 && all.last().is_some_and(|last| *last == file)
    }

    /// Looks, and compares with what somebody sees who looks for the first time: what differs.
    fn look(&self, at: &str) -> Option<String> {
        self.world.run();
        let _ = fs::remove_dir_all(self.world.beside().data());
        let fresh = self.world.beside();
        fresh.run();
        let fresh = fresh.state();
        // what was taken away whole is kept
        let (seen, fresh) = (self.world.state().of(&fresh), fresh.of(&fresh));
        (seen != fresh).then(|| {
            let (seen, fresh) = (format!("{seen:#?}"), format!("{fresh:#?}"));
            let diff = similar::TextDiff::from_lines(&seen, &fresh);
            let diff = diff.unified_diff().context_radius(1).to_string();
            format!("{}: {at}\n{diff}", self.case.display())
        })
    }
}

/// The bytes of a file without its last record, or without one in the middle; `None` for what is no list.
fn changed(file: &Path, bytes: &[u8], last: bool) -> Option<Vec<u8>> {
    let pick = |count: usize| if last { count - 1 } else { count / 2 };
    match file.extension()?.to_str()? {
        // what lies beside a transcript is written before it is named there
        "txt" if file.iter().any(|part| part == "tool-results") => None,
        "jsonl" | "md" | "txt" => {
            let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
            (lines.len() > 1).then(|| lines.remove(pick(lines.len())))?;
            Some(lines.concat())
        }
        "json" | "chat" => {
            let mut document: Value = serde_json::from_slice(bytes).ok()?;
            let list = longest(&mut document)?;
            list.remove(pick(list.len()));
            Some(serde_json::to_vec(&document).unwrap())
        }
        _ => None,
    }
}

/// The longest list of objects in a document, of at least two.
fn longest(value: &mut Value) -> Option<&mut Vec<Value>> {
    let is_list = |list: &[Value]| list.len() > 1 && list.iter().all(Value::is_object);
    if value.as_array().is_some_and(|list| is_list(list)) {
        return value.as_array_mut();
    }
    let inner: Vec<&mut Value> = match value {
        Value::Array(list) => list.iter_mut().collect(),
        Value::Object(members) => members.values_mut().collect(),
        _ => Vec::new(),
    };
    let lists = inner.into_iter().filter_map(longest);
    lists.max_by_key(|list| list.len())
}

#[test]
fn files_that_grow_are_edited_and_shrink_are_seen_as_they_are() {
    let differ = |case: &PathBuf| {
        let store = Store::of(case);
        let stands = [
            (Stand::Before, "the last records are to come"),
            (Stand::Whole, "grown"),
            (Stand::Edited, "a record was taken out"),
            (Stand::Before, "the last record was taken back"),
        ];
        // a fork is told against its parent, and parents only grow
        let only_grows = case.iter().any(|part| part == "codex");
        let stands = stands.into_iter().take(if only_grows { 2 } else { 4 });
        stands.into_iter().find_map(|(stand, at)| {
            store.write(stand);
            store.look(at)
        })
    };
    let wrong: Vec<String> = cases().par_iter().filter_map(differ).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A database of a fixture, and what its agent does to it: each as SQL, with how many messages may be
/// read for it (`None`: the session is one value, which is read whole).
struct Growth {
    case: &'static str,
    database: &'static str,
    steps: &'static [(&'static str, Option<u64>)],
}

const DATABASES: &[Growth] = &[
    Growth {
        case: "opencode/database",
        database: ".local/share/opencode/opencode.db",
        steps: &[
            (
                "INSERT INTO message VALUES ('msg_90', 'ses_three', 1770000090000, 1770000090000, '{\"role\":\"user\",\"time\":{\"created\":1770000090000}}');
                 INSERT INTO part VALUES ('prt_90', 'msg_90', 'ses_three', 1, 1, '{\"type\":\"text\",\"text\":\"And the beans\"}')",
                Some(1),
            ),
            (
                "INSERT INTO message VALUES ('msg_91', 'ses_three', 1770000091000, 1770000091000, '{\"role\":\"assistant\",\"modelID\":\"m\",\"time\":{\"created\":1770000091000}}');
                 INSERT INTO part VALUES ('prt_91', 'msg_91', 'ses_three', 1, 1, '{\"type\":\"tool\",\"tool\":\"bash\",\"callID\":\"c9\",\"state\":{\"status\":\"running\",\"input\":{\"command\":\"water\"}}}')",
                Some(0),
            ),
            (
                "UPDATE part SET time_updated = 1770000092000, data = '{\"type\":\"tool\",\"tool\":\"bash\",\"callID\":\"c9\",\"state\":{\"status\":\"completed\",\"input\":{\"command\":\"water\"},\"output\":\"wet\"}}' WHERE id = 'prt_91';
                 UPDATE message SET time_updated = 1770000093000, data = '{\"role\":\"assistant\",\"modelID\":\"m\",\"time\":{\"created\":1770000091000,\"completed\":1770000093000}}' WHERE id = 'msg_91'",
                Some(2),
            ),
            (
                "DELETE FROM part WHERE message_id = 'msg_90'; DELETE FROM message WHERE id = 'msg_90'",
                None,
            ),
            ("DELETE FROM part WHERE message_id = 'msg_91'; DELETE FROM message WHERE id = 'msg_91'", None),
        ],
    },
    Growth {
        case: "opencode/second-generation",
        database: ".local/share/opencode/opencode.db",
        steps: &[
            (
                "INSERT INTO session_message VALUES ('msg_9', 'ses_b', 'user', 90, 1770000090000, 1770000090000, '{\"text\":\"And the oars\",\"time\":{\"created\":1770000090000}}')",
                Some(1),
            ),
            ("DELETE FROM session_message WHERE id = 'msg_9'", None),
        ],
    },
    Growth {
        case: "kilo/database",
        database: ".local/share/kilo/kilo.db",
        steps: &[
            (
                "INSERT INTO session_message VALUES ('msg_9', 'ses_a', 'user', 90, 1770000090000, 1770000090000, '{\"text\":\"And the oars\",\"time\":{\"created\":1770000090000}}')",
                Some(1),
            ),
            ("DELETE FROM session_message WHERE id = 'msg_9'", None),
        ],
    },
    Growth {
        case: "kiro/all",
        database: ".local/share/kiro-cli/data.sqlite3",
        steps: &[
            (
                "UPDATE conversations_v2 SET updated_at = 1770000010000, value = json_insert(value, '$.history[#]', json('{\"user\":{\"content\":{\"Prompt\":{\"prompt\":\"And down\"}}},\"assistant\":{\"Response\":{\"content\":\"Down.\"}}}')) WHERE key = '/work/hill'",
                None,
            ),
            (
                "UPDATE conversations_v2 SET updated_at = 1770000011000, value = json_set(value, '$.history[1].assistant.Response.content', 'Slowly.') WHERE key = '/work/hill'",
                None,
            ),
            (
                "UPDATE conversations_v2 SET updated_at = 1770000012000, value = json_remove(value, '$.history[1]') WHERE key = '/work/hill'",
                None,
            ),
        ],
    },
    Growth {
        case: "amazon-q/database",
        database: ".local/share/amazon-q/data.sqlite3",
        steps: &[
            (
                "UPDATE conversations SET value = json_insert(value, '$.history[#]', json('{\"user\":{\"content\":{\"Prompt\":{\"prompt\":\"And back\"}}},\"assistant\":{\"Response\":{\"content\":\"Back.\"}}}')) WHERE key = '/work/river'",
                None,
            ),
            (
                "UPDATE conversations SET value = json_remove(value, '$.history[2]') WHERE key = '/work/river'",
                None,
            ),
        ],
    },
    Growth {
        case: "goose/database",
        database: ".local/share/goose/sessions/sessions.db",
        steps: &[
            (
                "INSERT INTO messages (session_id, role, content_json, created_timestamp) VALUES ('20260202_1', 'user', '[{\"type\":\"text\",\"text\":\"And cake\"}]', 1770000500);
                 UPDATE sessions SET updated_at = '2026-02-02 02:50:00', accumulated_output_tokens = 30 WHERE id = '20260202_1'",
                Some(1),
            ),
            (
                "UPDATE messages SET content_json = '[{\"type\":\"text\",\"text\":\"And a cake\"}]' WHERE created_timestamp = 1770000500;
                 UPDATE sessions SET updated_at = '2026-02-02 02:51:00' WHERE id = '20260202_1'",
                None,
            ),
            ("DELETE FROM messages WHERE created_timestamp = 1770000500", None),
        ],
    },
    Growth {
        case: "crush/projects",
        database: "work/shop/.crush/crush.db",
        steps: &[
            (
                // and the answer that was still being written when it was held back
                "INSERT INTO messages VALUES ('m-90', 's-1', 'user', '[{\"type\":\"text\",\"data\":{\"text\":\"And the floor\"}}]', '', 1770000090, 1770000090, NULL, NULL, 0)",
                Some(2),
            ),
            (
                "INSERT INTO messages VALUES ('m-89', 's-1', 'user', '[{\"type\":\"text\",\"data\":{\"text\":\"And the ceiling\"}}]', '', 1770000090, 1770000090, NULL, NULL, 0)",
                Some(1),
            ),
            (
                "UPDATE messages SET updated_at = 1770000091, parts = '[{\"type\":\"text\",\"data\":{\"text\":\"And all floors\"}}]' WHERE id = 'm-90'",
                None,
            ),
            ("DELETE FROM messages WHERE id = 'm-90'", None),
        ],
    },
    Growth {
        case: "cursor/editor",
        database: ".config/Cursor/User/globalStorage/state.vscdb",
        steps: &[
            (
                "INSERT INTO cursorDiskKV VALUES ('bubbleId:c-1:b9', '{\"type\":1,\"bubbleId\":\"b9\",\"text\":\"Again\",\"createdAt\":\"2026-02-02T02:50:00.000Z\"}');
                 REPLACE INTO cursorDiskKV SELECT key, json_insert(value, '$.fullConversationHeadersOnly[#]', json('{\"bubbleId\":\"b9\",\"type\":1}')) FROM cursorDiskKV WHERE key = 'composerData:c-1'",
                Some(1),
            ),
            (
                "REPLACE INTO cursorDiskKV VALUES ('bubbleId:c-1:b9', '{\"type\":1,\"bubbleId\":\"b9\",\"text\":\"Once more\",\"createdAt\":\"2026-02-02T02:50:00.000Z\"}')",
                None,
            ),
            (
                "DELETE FROM cursorDiskKV WHERE key = 'bubbleId:c-1:b9';
                 REPLACE INTO cursorDiskKV SELECT key, json_remove(value, '$.fullConversationHeadersOnly[#-1]') FROM cursorDiskKV WHERE key = 'composerData:c-1'",
                None,
            ),
        ],
    },
    Growth {
        case: "cursor/editor",
        database: ".config/Cursor/User/workspaceStorage/h1/state.vscdb",
        steps: &[
            (
                "UPDATE ItemTable SET value = json_insert(value, '$.allComposers[1].conversation[#]', json('{\"type\":1,\"bubbleId\":\"s9\",\"text\":\"Louder\"}')) WHERE key = 'composer.composerData'",
                None,
            ),
            (
                "UPDATE ItemTable SET value = json_remove(value, '$.allComposers[1].conversation[2]') WHERE key = 'composer.composerData'",
                None,
            ),
        ],
    },
    Growth {
        case: "cursor/terminal",
        database: ".cursor/chats/0123456789abcdef0123456789abcdef/f-2/store.db",
        steps: &[
            (
                "INSERT INTO blobs VALUES ('c', '{\"role\":\"assistant\",\"content\":\"no matter\"}')",
                None,
            ),
            (
                "UPDATE blobs SET data = '{\"role\":\"assistant\",\"content\":\"no matter at all\"}' WHERE id = 'c'",
                None,
            ),
            ("DELETE FROM blobs WHERE id = 'c'", None),
        ],
    },
    Growth {
        case: "zed/threads",
        database: ".local/share/zed/threads/threads.db",
        steps: &[
            (
                "UPDATE threads SET updated_at = '2026-02-02T02:50:00Z', data = json_insert(CAST(data AS TEXT), '$.messages[#]', json('{\"User\":{\"id\":\"u9\",\"content\":[{\"Text\":\"And unfold\"}]}}')) WHERE id = 't-1'",
                None,
            ),
            (
                "UPDATE threads SET updated_at = '2026-02-02T02:51:00Z', data = json_remove(CAST(data AS TEXT), '$.messages[#-1]') WHERE id = 't-1'",
                None,
            ),
        ],
    },
    Growth {
        case: "antigravity/conversations",
        database: ".gemini/antigravity-cli/conversation_summaries.db",
        steps: &[(
            "UPDATE conversation_summaries SET title = 'The kiln' WHERE title = 'Kiln test'",
            None,
        )],
    },
];

#[test]
fn databases_that_grow_are_edited_and_shrink_are_seen_as_they_are() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let differ = |growth: &Growth| {
        let store = Store::of(&fixtures.join(growth.case));
        store.write(Stand::Whole);
        let path = store.world.home().join(growth.database);
        // kept open, as agents keep theirs
        let db = Connection::open(&path).unwrap();
        if let Some(wrong) = store.look("as it was") {
            return Some(wrong);
        }
        for (sql, most) in growth.steps {
            let before = store.world.state();
            db.execute_batch(sql)
                .unwrap_or_else(|error| panic!("{}: {error}: {sql}", growth.database));
            let status = store.world.run();
            let at = format!("{}: {sql}", growth.database);
            if *most != Some(0) && store.world.state() == before {
                return Some(format!("not seen: {at}"));
            }
            if most.is_some_and(|most| status.documents > most) {
                return Some(format!("{} documents: {at}", status.documents));
            }
            if let Some(wrong) = store.look(sql) {
                return Some(wrong);
            }
            if store.world.run().sources_total > 0 {
                return Some(format!("read though nothing changed: {at}"));
            }
        }
        None
    };
    let wrong: Vec<String> = DATABASES.par_iter().filter_map(differ).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_database_of_a_fixture_grows_here() {
    for case in cases() {
        let walk = walkdir::WalkDir::new(case.join("home"));
        let names = walk.into_iter().flatten().map(walkdir::DirEntry::into_path);
        for sql in names.filter(|path| path.extension().is_some_and(|end| end == "sql")) {
            let agent = case.parent().and_then(Path::file_name).unwrap();
            let name = sql.with_extension("");
            let name = name.file_name().unwrap().to_str().unwrap();
            let grows = DATABASES.iter().any(|growth| {
                Path::new(growth.case).starts_with(agent) && growth.database.ends_with(name)
            });
            assert!(grows, "{} is in no row of DATABASES", sql.display());
        }
    }
}
