//! Goose: `sessions.db` with `sessions` and `messages`, and the files of lines that it kept before.
//!
//! Tokens are recorded as sums of the session, not by response; each session is one usage row, dated by
//! its last change. Checked against a real database: its schema (version 5) and an empty session.
//! Not seen: rows of messages, later schemas, the old files.

use super::read::folder;
use super::read::json::{Raw, fields};
use super::read::jsonl::{self, Lines};
use super::read::record::Kept;
use super::read::rows::{self, Seen};
use super::read::sqlite::Db;
use super::read::teller::{Call, Names, Teller, content};
use super::{Agent, EventSink, Flow, Listing};
use crate::model::{
    AgentInfo, Capabilities, Checkpoint, Fact, IssueKind, ParseIssue, Rank, RootSpec, Source,
    SourceMode, TitleRank, Tokens, UsageEvent,
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
            if !rows::is_id(native) || held.iter().any(|held| held == native) {
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
            LINES => lines(source, from, sink),
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

/// The last message told and how many there were up to it.
#[derive(Default, Serialize, Deserialize)]
struct Cursor {
    last: i64,
    count: u64,
    names: Names,
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
        let mut count = 0;
        let sql = "SELECT count(*) FROM messages WHERE session_id = ?1 AND id <= ?2";
        db.query(sql, &[&source.native, &cursor.last], &mut |row| {
            count = row.int(0);
            Flow::Stop
        })?;
        Ok((db, count as u64 == cursor.count && from.offset > 0))
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
        cursor = Cursor::default();
    }
    let names = std::mem::take(&mut cursor.names);
    let mut teller = Teller::open(sink, &source.native, mode, seq).awaiting(names);
    let told = about(&db, source, &mut teller)
        .and_then(|model| messages(&db, source, &mut cursor, &mut teller, model.as_deref()));
    let seq = teller.seq();
    cursor.names = teller.awaited();
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
    teller: &mut Teller<'_>,
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
        if batch.is_empty() || teller.flow() == Flow::Stop {
            return Ok(());
        }
        for (id, role, content, at, metadata) in batch {
            (cursor.last, cursor.count) = (id, cursor.count + 1);
            let key = id.to_string();
            let row = Kept::row(("messages", "content_json"), ("id", &key), &content);
            teller.kept(&[row]);
            teller.record("", at, cursor.count);
            teller.by(model.map(Into::into));
            let hidden = Raw::parse(&metadata)
                .ok()
                .and_then(|data| data.get("userVisible"));
            let shown = hidden.and_then(Raw::bool) != Some(false);
            match Raw::parse(&content) {
                Ok(content) => blocks(teller, &role, Some(content), shown),
                Err(_) => {
                    let detail = "the content of a message is not JSON";
                    let (path, number) = (&source.path, cursor.count);
                    teller.issue(path, number, IssueKind::BadRecord, detail);
                }
            }
        }
    }
}

/// Facts of the session's own row; gives its model.
fn about(db: &Db, source: &Source, teller: &mut Teller<'_>) -> Result<Option<String>, ParseIssue> {
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
            teller.title(rank, &name.or(row.text(1)).unwrap_or_default());
            teller.filled(row.text(2).map(Into::into), Fact::Cwd);
            let (created, updated) = (row.time(3), row.time(4));
            teller.span(created, updated);
            let config = text(7);
            let named = Raw::parse(&config)
                .ok()
                .and_then(|config| config.get("model_name"));
            model = named.and_then(Raw::owned);
            if let Some(model) = &model {
                teller.fact(Fact::Model(model.clone()));
            }
            if matches!(text(8).as_str(), "scheduled" | "sub_agent" | "hidden") {
                teller.fact(Fact::Scripted);
            }
            let count = |column| row.number(column).map_or(0, |count| count.max(0.0) as u64);
            teller.record("", updated.or(created), 0);
            let cost = row.number(9).filter(|cost| *cost > 0.0);
            teller.usage(UsageEvent {
                key: format!("session:{native}"),
                model: model.clone().unwrap_or_default(),
                tokens: Tokens {
                    input: count(5),
                    output: count(6),
                    ..Tokens::default()
                },
                recorded_cost: cost.map(|cost| (cost * 1e6).round() as i64),
                ..UsageEvent::default()
            });
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

fn blocks(teller: &mut Teller<'_>, role: &str, content: Option<Raw<'_>>, shown: bool) {
    for raw in content.map(Raw::items).unwrap_or_default() {
        let Some(block) = raw.object::<Block<'_>>() else {
            continue;
        };
        let kind = block.kind.and_then(Raw::text).unwrap_or_default();
        let text = || block.text.and_then(Raw::text).unwrap_or_default();
        let id = block.id.and_then(Raw::text).unwrap_or_default();
        match kind.as_ref() {
            "text" if !shown => teller.notice(&text()),
            "text" if role == "assistant" => teller.answer(&text()),
            "text" => teller.user(&text()),
            "thinking" => teller.thought(&block.thinking.and_then(Raw::text).unwrap_or_default()),
            "toolRequest" | "frontendToolRequest" => call(teller, &id, block.call),
            "toolResponse" => output(teller, &id, block.result),
            "image" if role != "assistant" => teller.user_with("[image]", 1),
            "conversationCompacted" | "contextLengthExceeded" | "summarizationRequested" => {
                teller.fact(Fact::Compaction);
            }
            "systemNotification" => {
                teller.notice(&block.message.and_then(Raw::text).unwrap_or_default())
            }
            _ => {}
        }
    }
}

/// `developer__shell` is the tool `shell` of the extension `developer`, as an MCP server is.
fn call(teller: &mut Teller<'_>, id: &str, call: Option<Raw<'_>>) {
    let value = call.and_then(|call| call.get("value")).or(call);
    let of = |key: &str| value.and_then(|value| value.get(key));
    let name = of("name").and_then(Raw::text).unwrap_or_default();
    let server = name.split_once("__").map(|(server, _)| server.to_owned());
    teller.call(Call {
        id,
        name: &name,
        input: of("arguments").map_or("{}", Raw::as_json),
        mcp: server
            .filter(|server| !matches!(server.as_str(), "developer" | "platform" | "todo" | "")),
        child: None,
    });
}

fn output(teller: &mut Teller<'_>, id: &str, result: Option<Raw<'_>>) {
    let of = |key: &str| result.and_then(|result| result.get(key));
    let value = of("value");
    let inner = value.and_then(|value| value.get("content")).or(value);
    let flagged = value
        .and_then(|value| value.get("isError"))
        .and_then(Raw::bool);
    let failed = of("status").is_some_and(|status| status.is("error")) || flagged == Some(true);
    let text = inner.or(of("error")).map(content).unwrap_or_default();
    teller.output(id, "", &text, failed);
}

/// The old files: a header, then messages as the rows have them.
fn lines(
    source: &Source,
    from: &Checkpoint,
    sink: &mut dyn EventSink,
) -> std::io::Result<Checkpoint> {
    let mut lines = Lines::open(&source.path, from)?;
    let mut seq = from.seq;
    let mut names: Names = rows::state(from).unwrap_or_default();
    let _ = jsonl::each(&mut lines, sink, &mut |line, sink| {
        let raw = Raw::parse(line.text)?;
        let mut teller = Teller::open(sink, &source.native, SourceMode::Append, seq)
            .awaiting(std::mem::take(&mut names));
        let of = |key: &str| raw.get(key);
        let at = of("created").and_then(Raw::time);
        teller.record("", at, line.offset);
        match of("role").and_then(Raw::text) {
            Some(role) => blocks(&mut teller, &role, of("content"), true),
            None => {
                let title = of("description").and_then(Raw::text).unwrap_or_default();
                teller.title(TitleRank::Generated, &title);
                teller.filled(of("working_dir").and_then(Raw::text), Fact::Cwd);
            }
        }
        seq = teller.seq();
        let flow = teller.flow();
        names = teller.awaited();
        Ok(flow)
    })?;
    let mut checkpoint = lines.checkpoint();
    checkpoint.seq = seq;
    checkpoint.state = rows::checkpoint(1, seq, &names).state;
    Ok(checkpoint)
}
