//! The second and third generation: a file of lines that grows, and a description beside it.

use super::layout;
use crate::agents::EventSink;
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::parts::content;
use crate::agents::read::tell::{self, Out, Record};
use crate::agents::read::whole::Document;
use crate::model::{Checkpoint, Fact, Source, TitleRank};
use serde::{Deserialize, Serialize};
use std::io;

fields! {
    struct Second {
        kind: "kind",
        data: "data",
    }
}

fields! {
    struct Third {
        id: "id",
        at: "timestamp",
        payload: "payload",
    }
}

fields! {
    struct Beside {
        title: "title",
        cwd: "cwd",
        folder: "workspacePath",
        model: "modelId",
        created: "created_at",
        updated: "updated_at",
        first: "createdAt",
        last: "lastModifiedAt",
        state: "session_state",
    }
}

#[derive(Default, Serialize, Deserialize)]
struct State {
    at: Option<i64>,
    model: Option<String>,
}

pub(super) fn parse(
    source: &Source,
    from: &Checkpoint,
    sink: &mut dyn EventSink,
) -> io::Result<Checkpoint> {
    let third = source.layout == layout::THIRD;
    let mut fresh = true;
    tell::lines(
        source,
        from,
        sink,
        &source.native,
        &mut |record, state: &mut State, out| {
            // what lies beside may say something else at every read
            if std::mem::take(&mut fresh) {
                beside(source, state, third, out);
            }
            match third {
                true => self::third(record, state, out),
                false => second(record, state, out),
            }
            Ok(())
        },
    )
}

fn beside(source: &Source, state: &mut State, third: bool, out: &mut Out<'_>) {
    let path = match third {
        true => source.path.with_file_name("session.json"),
        false => source.path.with_extension("json"),
    };
    let document = Document::beside(&path);
    let read = document
        .as_ref()
        .and_then(|document| document.root().object());
    let Some(read): Option<Beside<'_>> = read else {
        return;
    };
    if let Some(title) = read.title.and_then(Raw::text) {
        out.title(TitleRank::Generated, &title);
    }
    out.cwd(
        &read
            .cwd
            .or(read.folder)
            .and_then(Raw::text)
            .unwrap_or_default(),
    );
    let time = |raw: Option<Raw<'_>>| raw.and_then(Raw::time);
    let (first, last) = (read.created.or(read.first), read.updated.or(read.last));
    out.span(time(first), time(last));
    // what has no time of its own happened after this
    state.at = state.at.or(time(first));
    let inner = read.state.and_then(|state| state.get("rts_model_state"));
    let info = inner.and_then(|model| model.get("model_info"));
    let model = info.and_then(|info| info.get("model_id")).or(read.model);
    state.model = model.and_then(Raw::owned).or(state.model.take());
}

fn second(record: Record<'_>, state: &mut State, out: &mut Out<'_>) {
    let line: Second<'_> = record.raw.object().unwrap_or_default();
    let of = |key: &str| line.data.and_then(|data| data.get(key));
    let stamp = of("meta").and_then(|meta| meta.get("timestamp"));
    state.at = stamp.or(of("timestamp")).and_then(Raw::time).or(state.at);
    let id = of("message_id").and_then(Raw::text).unwrap_or_default();
    out.record(state.at, record.offset, &id);
    out.by(state.model.clone().map(Into::into));
    let parts = of("content").map(Raw::items).unwrap_or_default();
    let kind = line.kind.and_then(Raw::text).unwrap_or_default();
    for part in parts {
        let data = part.get("data");
        let of = |key: &str| data.and_then(|data| data.get(key));
        let is = |word: &str| part.get("kind").is_some_and(|kind| kind.is(word));
        let text = || data.map(content).unwrap_or_default();
        if is("toolUse") {
            let get = |key: &str| of(key).and_then(Raw::text).unwrap_or_default();
            out.call(
                &get("toolUseId"),
                &get("name"),
                of("input").map_or("{}", Raw::as_json),
                |_| {},
            );
        } else if is("toolResult") {
            let id = of("toolUseId").and_then(Raw::text).unwrap_or_default();
            let parts = of("content").map(Raw::items).unwrap_or_default();
            let parts = parts
                .into_iter()
                .map(|part| content(part.get("data").unwrap_or(part)));
            let text = parts.collect::<Vec<_>>().join("\n");
            let failed = of("status").is_some_and(|status| status.is("error"));
            out.output(&id, "", text.as_str(), failed);
        } else if is("thinking") || is("reasoning") {
            out.thought(text());
        } else if is("text") {
            match kind.as_ref() {
                "Prompt" => out.user(&text(), 0),
                "AssistantMessage" => out.answer(text()),
                _ => out.note(text()),
            }
        }
    }
    if kind == "Compaction" {
        out.fact(Fact::Compaction);
    }
}

fn third(record: Record<'_>, state: &mut State, out: &mut Out<'_>) {
    let line: Third<'_> = record.raw.object().unwrap_or_default();
    let of = |key: &str| line.payload.and_then(|payload| payload.get(key));
    state.at = line.at.and_then(Raw::time).or(state.at);
    let id = line.id.and_then(Raw::text).unwrap_or_default();
    out.record(state.at, record.offset, &id);
    out.by(state.model.clone().map(Into::into));
    let text = || of("content").map(content).unwrap_or_default();
    let get = |key: &str| of(key).and_then(Raw::text).unwrap_or_default();
    match get("type").as_ref() {
        "user" => out.user(&text(), 0),
        "assistant" => match get("operationType").as_ref() {
            "Think" | "Reason" | "Reasoning" => out.thought(text()),
            _ => out.answer(text()),
        },
        "tool_call" => out.call(
            &get("toolCallId"),
            &get("toolName"),
            of("args").map_or("{}", Raw::as_json),
            |_| {},
        ),
        "tool_result" => {
            let failed = of("success").and_then(Raw::bool) == Some(false);
            out.output(&get("toolCallId"), "", text(), failed);
        }
        _ => {}
    }
}
