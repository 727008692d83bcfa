//! Goose: `sessions.db` with `sessions` and `messages`, and the files of lines that it kept before.
//!
//! Tokens are recorded as sums of the session, not by response; each session is one usage row, dated by
//! its beginning, which does not move when the sum grows. Checked against a real database: its schema
//! (version 5) and an empty session.
//! Not seen: rows of messages, later schemas, the old files.

use super::read::folder;
use super::read::json::{Raw, fields};
use super::read::jsonl;
use super::read::parts::content;
use super::read::record::Kept;
use super::read::rows::{self, Seen};
use super::read::sqlite::Db;
use super::read::tell::{self, Out, Record, Teller, Told};
use super::read::value;
use super::{Agent, EventSink, Flow, Listing};
use crate::model::{
    AgentInfo, Capabilities, Checkpoint, Fact, IssueKind, ParseIssue, Rank, RootSpec, Source,
    SourceMode, TitleRank, Tokens,
};
use serde::{Deserialize, Serialize};
use std::path::Path;

pub struct Goose;

const fn plain(path: &'static str) -> RootSpec {
    RootSpec {
        env: Some("GOOSE_PATH_ROOT"),
        env_suffix: "data/sessions",
        path,
    }
}

static INFO: AgentInfo = AgentInfo {
    id: "goose",
    name: "Goose",
    color: "#84cc16",
    roots: &[
        plain(".local/share/goose/sessions"),
        plain("Library/Application Support/Block/goose/data/sessions"),
        plain("AppData/Roaming/Block/goose/data/sessions"),
        // before it kept data apart from settings
        plain(".config/goose/sessions"),
        RootSpec {
            env: Some("XDG_DATA_HOME"),
            env_suffix: "goose/sessions",
            path: ".local/share/goose/sessions",
        },
    ],
    resume: Some("goose session --resume --session-id {id}"),
    worktrees: None,
    capabilities: Capabilities {
        usage: true,
        tool_calls: true,
        sub_agents: false,
        timestamps: true,
        thinking: true,
    },
};

const ROWS: u8 = 0;
const LINES: u8 = 1;

impl Agent for Goose {
    fn info(&self) -> &'static AgentInfo {
        &INFO
    }

    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        let mut listing = Listing::new();
        let mut held = Vec::new();
        rows::discover(&root.join("sessions.db"), &mut listing, found, &mut |db| {
            let seen = list(db)?;
            held = seen.iter().map(|seen| seen.native.clone()).collect();
            Ok(seen)
        });
        for entry in folder::entries(root, &mut listing) {
            let Some(native) = entry
                .name
                .strip_suffix(".jsonl")
                .filter(|_| !entry.is_folder)
            else {
                continue;
            };
            // the database took them over
            if !value::is_id(native) || held.iter().any(|held| held == native) {
                continue;
            }
            if let Some(fingerprint) = folder::fingerprint(&entry.path, &mut listing) {
                found(Source {
                    native: native.to_owned(),
                    path: entry.path,
                    fingerprint,
                    rank: Rank::Primary,
                    layout: LINES,
                    parent: None,
                });
            }
        }
        listing
    }

    fn continues(&self, source: &Source, from: &Checkpoint) -> bool {
        source.layout == ROWS
            || (source.fingerprint.size >= from.offset
                && jsonl::verify(&source.path, from).unwrap_or(false))
    }

    fn parse(
        &self,
        source: &Source,
        from: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> std::io::Result<Checkpoint> {
        match source.layout {
            LINES => tell::lines(
                source,
                from,
                sink,
                &source.native,
                &mut |record, _: &mut (), out| {
                    line(record, out);
                    Ok(())
                },
            ),
            rows::DATABASE => Ok(rows::parse_database(source, sink, &mut list)),
            _ => session(source, from, sink),
        }
    }
}

const LIST: &str = "
SELECT s.id, s.updated_at, count(m.id), max(m.id) FROM sessions s
LEFT JOIN messages m ON m.session_id = s.id GROUP BY s.id";

fn list(db: &Db) -> Result<Vec<Seen>, ParseIssue> {
    let mut seen = Vec::new();
    db.query(LIST, &[], &mut |row| {
        let updated = row.time(1);
        seen.push(Seen {
            native: row.text(0).unwrap_or_default(),
            parent: None,
            updated,
            digest: vec![updated.unwrap_or(0), row.int(2), row.int(3)],
            layout: ROWS,
        });
        Flow::Go
    })?;
    Ok(seen)
}

/// The last message told, how many there were up to it, and how long they were: a message that was
/// changed in place has no time that says so.
#[derive(Default, Serialize, Deserialize)]
struct Cursor {
    last: i64,
    count: u64,
    bytes: u64,
    told: Told,
}

const SESSION: [&str; 11] = [
    "name",
    "description",
    "working_dir",
    "created_at",
    "updated_at",
    "accumulated_input_tokens",
    "accumulated_output_tokens",
    "model_config_json",
    "session_type",
    "accumulated_cost",
    "user_set_name",
];

const MESSAGE: [&str; 5] = [
    "id",
    "role",
    "content_json",
    "created_timestamp",
    "metadata_json",
];

fn session(
    source: &Source,
    from: &Checkpoint,
    sink: &mut dyn EventSink,
) -> std::io::Result<Checkpoint> {
    let mut cursor: Cursor = rows::state(from).unwrap_or_default();
    let read = || -> Result<(Db, bool), ParseIssue> {
        let db = Db::open(&rows::database(source))?;
        let mut now = (0, 0);
        // lengths stand in front of the rows: no content is read for this
        let sql = "SELECT count(*), total(octet_length(content_json)) FROM messages
            WHERE session_id = ?1 AND id <= ?2";
        db.query(sql, &[&source.native, &cursor.last], &mut |row| {
            now = (row.int(0) as u64, row.int(1) as u64);
            Flow::Stop
        })?;
        Ok((db, now == (cursor.count, cursor.bytes) && from.offset > 0))
    };
    let (db, goes_on) = match read() {
        Ok(read) => read,
        Err(issue) => return rows::failed(issue, sink),
    };
    let (mode, seq) = match goes_on {
        true => (SourceMode::Append, from.seq),
        false => (SourceMode::Replace, 0),
    };
    if !goes_on {
        cursor = Cursor {
            told: Told::of(&source.native),
            ..Cursor::default()
        };
    }
    let told = std::mem::take(&mut cursor.told);
    let mut teller = Teller::at(told, mode, seq, sink);
    let out = &mut teller.out(sink);
    let told = about(&db, source, out)
        .and_then(|model| messages(&db, source, &mut cursor, out, model.as_deref()));
    let seq = out.seq();
    cursor.told = teller.told;
    match told {
        Ok(()) => Ok(rows::checkpoint(cursor.count, seq, &cursor)),
        Err(issue) => rows::failed(issue, sink),
    }
}

/// What follows the cursor, a few rows a statement: no lock is held while they are told.
fn messages(
    db: &Db,
    source: &Source,
    cursor: &mut Cursor,
    out: &mut Out<'_>,
    model: Option<&str>,
) -> Result<(), ParseIssue> {
    loop {
        let mut batch = Vec::new();
        let tail = "WHERE session_id = ?1 AND id > ?2 ORDER BY id LIMIT 64";
        let native = &source.native;
        db.select(
            "messages",
            &MESSAGE,
            tail,
            &[native, &cursor.last],
            &mut |row| {
                let text = |column| row.text(column).unwrap_or_default();
                batch.push((row.int(0), text(1), text(2), row.time(3), text(4)));
                Flow::Go
            },
        )?;
        if batch.is_empty() || out.flow() == Flow::Stop {
            return Ok(());
        }
        for (id, role, content, at, metadata) in batch {
            (cursor.last, cursor.count) = (id, cursor.count + 1);
            cursor.bytes += content.len() as u64;
            let key = id.to_string();
            let row = Kept::row(("messages", "content_json"), ("id", &key), &content);
            out.kept(&[row]);
            out.record(at, cursor.count, "");
            out.by(model.map(Into::into));
            let hidden = Raw::parse(&metadata)
                .ok()
                .and_then(|data| data.get("userVisible"));
            let shown = hidden.and_then(Raw::bool) != Some(false);
            match Raw::parse(&content) {
                Ok(content) => blocks(out, &role, Some(content), shown),
                Err(_) => {
                    let detail = "the content of a message is not JSON";
                    let (path, number) = (&source.path, cursor.count);
                    tell::issue(path, number, IssueKind::BadRecord, detail, out.sink);
                }
            }
        }
    }
}

/// Facts of the session's own row; gives its model.
fn about(db: &Db, source: &Source, out: &mut Out<'_>) -> Result<Option<String>, ParseIssue> {
    let mut model = None;
    let native = &source.native;
    db.select(
        "sessions",
        &SESSION,
        "WHERE id = ?1",
        &[native],
        &mut |row| {
            let text = |column| row.text(column).unwrap_or_default();
            let name = row.text(0).filter(|name| name != "CLI Session");
            let rank = match row.int(10) {
                0 => TitleRank::Generated,
                _ => TitleRank::Custom,
            };
            out.title(rank, &name.or(row.text(1)).unwrap_or_default());
            out.cwd(&row.text(2).unwrap_or_default());
            let (created, updated) = (row.time(3), row.time(4));
            out.span(created, updated);
            let config = text(7);
            let named = Raw::parse(&config)
                .ok()
                .and_then(|config| config.get("model_name"));
            model = named.and_then(Raw::owned);
            out.model(model.as_deref().unwrap_or_default());
            if matches!(text(8).as_str(), "scheduled" | "sub_agent" | "hidden") {
                out.fact(Fact::Scripted);
            }
            let count = |column| row.number(column).map_or(0, |count| count.max(0.0) as u64);
            out.record(created.or(updated), 0, "");
            let cost = row.number(9).filter(|cost| *cost > 0.0);
            out.by(model.as_deref().map(Into::into));
            out.sum(
                &format!("session:{native}"),
                Tokens {
                    input: count(5),
                    output: count(6),
                    ..Tokens::default()
                },
                cost.map(|cost| (cost * 1e6).round() as i64),
            );
            Flow::Stop
        },
    )?;
    Ok(model)
}

fields! {
    struct Block {
        kind: "type",
        text: "text",
        thinking: "thinking",
        id: "id",
        call: "toolCall",
        result: "toolResult",
        message: "msg",
    }
}

fn blocks(out: &mut Out<'_>, role: &str, content: Option<Raw<'_>>, shown: bool) {
    for raw in content.map(Raw::items).unwrap_or_default() {
        let Some(block) = raw.object::<Block<'_>>() else {
            continue;
        };
        let kind = block.kind.and_then(Raw::text).unwrap_or_default();
        let text = || block.text.and_then(Raw::text).unwrap_or_default();
        let id = block.id.and_then(Raw::text).unwrap_or_default();
        match kind.as_ref() {
            "text" if !shown => out.note(text()),
            "text" if role == "assistant" => out.answer(text()),
            "text" => out.user(&text(), 0),
            "thinking" => out.thought(block.thinking.and_then(Raw::text).unwrap_or_default()),
            "toolRequest" | "frontendToolRequest" => call(out, &id, block.call),
            "toolResponse" => output(out, &id, block.result),
            "image" if role != "assistant" => out.user("[image]", 1),
            "conversationCompacted" | "contextLengthExceeded" | "summarizationRequested" => {
                out.fact(Fact::Compaction);
            }
            "systemNotification" => out.note(block.message.and_then(Raw::text).unwrap_or_default()),
            _ => {}
        }
    }
}

/// `developer__shell` is the tool `shell` of the extension `developer`, as an MCP server is.
fn call(out: &mut Out<'_>, id: &str, call: Option<Raw<'_>>) {
    let value = call.and_then(|call| call.get("value")).or(call);
    let of = |key: &str| value.and_then(|value| value.get(key));
    let name = of("name").and_then(Raw::text).unwrap_or_default();
    let server = name.split_once("__").map(|(server, _)| server.to_owned());
    out.call(
        id,
        &name,
        of("arguments").map_or("{}", Raw::as_json),
        |call| {
            call.mcp = (server.filter(|server| {
                !matches!(server.as_str(), "developer" | "platform" | "todo" | "")
            }))
            .or(call.mcp.take());
        },
    );
}

fn output(out: &mut Out<'_>, id: &str, result: Option<Raw<'_>>) {
    let of = |key: &str| result.and_then(|result| result.get(key));
    let value = of("value");
    let inner = value.and_then(|value| value.get("content")).or(value);
    let flagged = value
        .and_then(|value| value.get("isError"))
        .and_then(Raw::bool);
    let failed = of("status").is_some_and(|status| status.is("error")) || flagged == Some(true);
    let text = inner.or(of("error")).map(content).unwrap_or_default();
    out.output(id, "", text.as_str(), failed);
}

/// The old files: a header, then messages as the rows have them.
fn line(record: Record<'_>, out: &mut Out<'_>) {
    let of = |key: &str| record.raw.get(key);
    out.record(of("created").and_then(Raw::time), record.offset, "");
    match of("role").and_then(Raw::text) {
        Some(role) => blocks(out, &role, of("content"), true),
        None => {
            let title = of("description").and_then(Raw::text).unwrap_or_default();
            out.title(TitleRank::Generated, &title);
            out.cwd(&of("working_dir").and_then(Raw::text).unwrap_or_default());
        }
    }
}
