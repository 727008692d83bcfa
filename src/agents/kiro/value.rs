//! A conversation as one JSON value in a database. It is read whole whenever its row changes.

use super::layout;
use crate::agents::read::json::{Raw, fields, without_lone_surrogates};
use crate::agents::read::parts::content;
use crate::agents::read::record::Kept;
use crate::agents::read::rows::{self, Seen};
use crate::agents::read::sqlite::Db;
use crate::agents::read::tell::{self, Out, Teller, Told};
use crate::agents::{EventSink, Flow};
use crate::model::{Checkpoint, Fact, IssueKind, ParseIssue, Source, SourceMode};
use std::collections::BTreeMap;

/// One row a conversation, the newest where an id has several. The old table has one a folder, whose
/// id stands at the beginning of its value.
pub(super) fn list(db: &Db) -> Result<Vec<Seen>, ParseIssue> {
    let tables = db.tables()?;
    let has = |name: &str| tables.iter().any(|table| table == name);
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    let mut add = |native: String, updated: Option<i64>, digest: Vec<i64>| {
        if seen
            .get(&native)
            .is_none_or(|known| known.updated <= updated)
        {
            let one = Seen {
                native: native.clone(),
                updated,
                digest,
                layout: layout::VALUE,
                parent: None,
            };
            seen.insert(native, one);
        }
    };
    if has("conversations") {
        let sql =
            "SELECT rowid, octet_length(value), substr(value, 1, 400), key FROM conversations";
        db.query(sql, &[], &mut |row| {
            let head = row.text(2).unwrap_or_default();
            let id = id_in(&head).unwrap_or_default();
            add(id.to_owned(), None, vec![row.int(0), row.int(1)]);
            Flow::Go
        })?;
    }
    if has("conversations_v2") || !has("conversations") {
        let columns = ["conversation_id", "updated_at"];
        db.rows("conversations_v2", &columns, &mut |row| {
            let updated = row.time(1);
            add(row.text(0).unwrap_or_default(), updated, vec![row.int(1)]);
            Flow::Go
        })?;
    }
    Ok(seen.into_values().collect())
}

fn id_in(head: &str) -> Option<&str> {
    let (_, behind) = head.split_once("\"conversation_id\":")?;
    behind.trim_start().strip_prefix('"')?.split('"').next()
}

struct Found {
    folder: String,
    value: String,
    created: Option<i64>,
    updated: Option<i64>,
}

fn find(source: &Source) -> Result<Option<Found>, ParseIssue> {
    let db = Db::open(&rows::database(source))?;
    let tables = db.tables()?;
    let mut found: Option<Found> = None;
    if tables.iter().any(|table| table == "conversations_v2") {
        let columns = ["key", "value", "created_at", "updated_at"];
        let tail = "WHERE conversation_id = ?1 ORDER BY updated_at DESC LIMIT 1";
        let native = &source.native;
        db.select("conversations_v2", &columns, tail, &[native], &mut |row| {
            found = Some(Found {
                folder: row.text(0).unwrap_or_default(),
                value: row.text(1).unwrap_or_default(),
                created: row.time(2),
                updated: row.time(3),
            });
            Flow::Stop
        })?;
    }
    if found.is_none() && tables.iter().any(|table| table == "conversations") {
        let tail = "WHERE instr(substr(value, 1, 400), ?1) > 0";
        let native = &source.native;
        db.select(
            "conversations",
            &["key", "value"],
            tail,
            &[native],
            &mut |row| {
                let value = row.text(1).unwrap_or_default();
                if id_in(&value) == Some(native) {
                    found = Some(Found {
                        folder: row.text(0).unwrap_or_default(),
                        value,
                        created: None,
                        updated: None,
                    });
                }
                Flow::Go
            },
        )?;
    }
    Ok(found)
}

fields! {
    struct Value {
        history: "history",
        model: "model",
        info: "model_info",
    }
}

fields! {
    struct Turn {
        user: "user",
        assistant: "assistant",
        metadata: "request_metadata",
    }
}

fields! {
    struct Metadata {
        start: "request_start_timestamp_ms",
        end: "stream_end_timestamp_ms",
        model: "model_id",
    }
}

pub(super) fn parse(source: &Source, sink: &mut dyn EventSink) -> std::io::Result<Checkpoint> {
    if source.layout == rows::DATABASE {
        return Ok(rows::parse_database(source, sink, &mut list));
    }
    let found = match find(source) {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(Checkpoint::default()),
        Err(issue) => return rows::failed(issue, sink),
    };
    let value = match Raw::parse(&found.value) {
        Ok(_) => found.value,
        Err(_) => without_lone_surrogates(&found.value).unwrap_or(found.value),
    };
    let mut teller = Teller::at(Told::of(&source.native), SourceMode::Replace, 0, sink);
    let out = &mut teller.out(sink);
    out.cwd(&found.folder);
    out.span(found.created, found.updated);
    let Some(read) = Raw::parse(&value).ok().and_then(Raw::object::<Value<'_>>) else {
        let detail = "the conversation is not the object it should be";
        tell::issue(&source.path, 0, IssueKind::BadRecord, detail, out.sink);
        return Ok(Checkpoint::default());
    };
    if let Some(window) = read.info.and_then(|info| info.get("context_window_tokens")) {
        window
            .int()
            .into_iter()
            .for_each(|tokens| out.fact(Fact::ContextWindow(tokens)));
    }
    let model = read
        .info
        .and_then(|info| info.get("model_id"))
        .or(read.model);
    let model = model.and_then(Raw::filled);
    let mut at = None;
    for (number, raw) in (1..).zip(read.history.map(Raw::items).unwrap_or_default()) {
        let turn = turn(raw);
        let metadata: Metadata<'_> = turn.metadata.and_then(Raw::object).unwrap_or_default();
        let stamp = turn.user.and_then(|user| user.get("timestamp"));
        let start = stamp.or(metadata.start).and_then(Raw::time);
        // a turn without a time happened when the one before it ended
        at = start.or(at);
        out.kept(&[Kept::member("history", number, raw.as_json())]);
        out.record(at, number, "");
        if let Some(said) = turn.user {
            user(out, said);
        }
        out.by(metadata
            .model
            .and_then(Raw::filled)
            .or_else(|| model.clone()));
        at = metadata.end.and_then(Raw::time).or(at);
        out.now(at);
        if let Some(said) = turn.assistant {
            assistant(out, said);
        }
    }
    Ok(Checkpoint::default())
}

/// An object; in old versions a pair.
fn turn(raw: Raw<'_>) -> Turn<'_> {
    if raw.is_array() {
        let mut pair = raw.items().into_iter();
        return Turn {
            user: pair.next(),
            assistant: pair.next(),
            metadata: pair.next(),
        };
    }
    raw.object().unwrap_or_default()
}

fn user(out: &mut Out<'_>, raw: Raw<'_>) {
    let state = raw.get("env_context").and_then(|env| env.get("env_state"));
    let folder = state.and_then(|state| state.get("current_working_directory"));
    out.cwd(&folder.and_then(Raw::text).unwrap_or_default());
    let Some(said) = raw.get("content") else {
        return;
    };
    for (kind, inner) in said.members() {
        if kind == "CancelledToolUses" {
            out.fact(Fact::Interruption);
        }
        let results = inner.get("tool_use_results").map(Raw::items);
        for result in results.unwrap_or_default() {
            let id = result.get("tool_use_id").and_then(Raw::text);
            let failed = result
                .get("status")
                .is_some_and(|status| status.is("Error"));
            let parts = result.get("content").map(Raw::items).unwrap_or_default();
            let text = parts.into_iter().map(|part| {
                let inner = part.get("Text").or(part.get("Json"));
                content(inner.or(part.get("data")).unwrap_or(part))
            });
            let text = text.collect::<Vec<_>>().join("\n");
            out.output(&id.unwrap_or_default(), "", text.as_str(), failed);
        }
        if let Some(prompt) = inner.get("prompt").and_then(Raw::text) {
            out.user(&prompt, 0);
        }
    }
}

fn assistant(out: &mut Out<'_>, raw: Raw<'_>) {
    for (_, inner) in raw.members() {
        out.answer(inner.get("content").map(content).unwrap_or_default());
        let uses = inner.get("tool_uses").map(Raw::items).unwrap_or_default();
        for call in uses {
            let get = |key: &str| call.get(key).and_then(Raw::text).unwrap_or_default();
            out.call(
                &get("id"),
                &get("name"),
                call.get("args").map_or("{}", Raw::as_json),
                |_| {},
            );
        }
    }
}
