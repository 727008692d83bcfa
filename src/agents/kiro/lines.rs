//! The second and third generation: a file of lines that grows, and a description beside it.

use super::layout;
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::jsonl::{self, Line, Lines};
use crate::agents::read::teller::{Call, Names, Teller, content};
use crate::agents::read::{document, rows};
use crate::agents::{EventSink, Flow};
use crate::model::{Checkpoint, Fact, Source, SourceMode, TitleRank};
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
    names: Names,
}

pub(super) fn parse(
    source: &Source,
    from: &Checkpoint,
    sink: &mut dyn EventSink,
) -> io::Result<Checkpoint> {
    let mut state: State = rows::state(from).unwrap_or_default();
    let mut lines = Lines::open(&source.path, from)?;
    let mut seq = from.seq;
    let third = source.layout == layout::THIRD;
    if beside(source, &mut state, seq, third, sink) == Flow::Stop {
        return Ok(Checkpoint::default());
    }
    let _ = jsonl::each(&mut lines, sink, &mut |line, sink| {
        let raw = Raw::parse(line.text)?;
        let mut teller = Teller::open(sink, &source.native, SourceMode::Append, seq)
            .awaiting(std::mem::take(&mut state.names));
        match third {
            true => self::third(&mut teller, raw, line, &mut state),
            false => second(&mut teller, raw, line, &mut state),
        }
        seq = teller.seq();
        let flow = teller.flow();
        state.names = teller.awaited();
        Ok(flow)
    })?;
    let mut checkpoint = lines.checkpoint();
    checkpoint.seq = seq;
    checkpoint.state = postcard::to_stdvec(&state).expect("own plain data always serialises");
    Ok(checkpoint)
}

fn beside(
    source: &Source,
    state: &mut State,
    seq: u32,
    third: bool,
    sink: &mut dyn EventSink,
) -> Flow {
    let path = match third {
        true => source.path.with_file_name("session.json"),
        false => source.path.with_extension("json"),
    };
    let json = document::beside(&path).unwrap_or_default();
    let Some(read) = Raw::parse(&json).ok().and_then(Raw::object::<Beside<'_>>) else {
        return Flow::Go;
    };
    let mut teller = Teller::open(sink, &source.native, SourceMode::Append, seq);
    if let Some(title) = read.title.and_then(Raw::text) {
        teller.title(TitleRank::Generated, &title);
    }
    teller.filled(read.cwd.or(read.folder).and_then(Raw::text), Fact::Cwd);
    let time = |raw: Option<Raw<'_>>| raw.and_then(Raw::time);
    let (first, last) = (read.created.or(read.first), read.updated.or(read.last));
    teller.span(time(first), time(last));
    // what has no time of its own happened after this
    state.at = state.at.or(time(first));
    let inner = read.state.and_then(|state| state.get("rts_model_state"));
    let info = inner.and_then(|model| model.get("model_info"));
    let model = info.and_then(|info| info.get("model_id")).or(read.model);
    state.model = model.and_then(Raw::owned).or(state.model.take());
    teller.flow()
}

fn second(teller: &mut Teller<'_>, raw: Raw<'_>, line: Line<'_>, state: &mut State) {
    let Some(record) = raw.object::<Second<'_>>() else {
        return;
    };
    let of = |key: &str| record.data.and_then(|data| data.get(key));
    let stamp = of("meta").and_then(|meta| meta.get("timestamp"));
    state.at = stamp.or(of("timestamp")).and_then(Raw::time).or(state.at);
    let id = of("message_id").and_then(Raw::text).unwrap_or_default();
    teller.record(&id, state.at, line.offset);
    teller.model = state.model.clone();
    let parts = of("content").map(Raw::items).unwrap_or_default();
    let kind = record.kind.and_then(Raw::text).unwrap_or_default();
    for part in parts {
        let data = part.get("data");
        let of = |key: &str| data.and_then(|data| data.get(key));
        let is = |word: &str| part.get("kind").is_some_and(|kind| kind.is(word));
        let text = || data.map(content).unwrap_or_default();
        if is("toolUse") {
            let get = |key: &str| of(key).and_then(Raw::text).unwrap_or_default();
            teller.call(Call {
                id: &get("toolUseId"),
                name: &get("name"),
                input: of("input").map_or("{}", Raw::as_json),
                ..Call::default()
            });
        } else if is("toolResult") {
            let id = of("toolUseId").and_then(Raw::text).unwrap_or_default();
            let parts = of("content").map(Raw::items).unwrap_or_default();
            let parts = parts
                .into_iter()
                .map(|part| content(part.get("data").unwrap_or(part)));
            let text = parts.collect::<Vec<_>>().join("\n");
            let failed = of("status").is_some_and(|status| status.is("error"));
            teller.output(&id, "", &text, failed);
        } else if is("thinking") || is("reasoning") {
            teller.thought(&text());
        } else if is("text") {
            match kind.as_ref() {
                "Prompt" => teller.user(&text()),
                "AssistantMessage" => teller.answer(&text()),
                _ => teller.notice(&text()),
            }
        }
    }
    if kind == "Compaction" {
        teller.fact(Fact::Compaction);
    }
}

fn third(teller: &mut Teller<'_>, raw: Raw<'_>, line: Line<'_>, state: &mut State) {
    let Some(record) = raw.object::<Third<'_>>() else {
        return;
    };
    let of = |key: &str| record.payload.and_then(|payload| payload.get(key));
    state.at = record.at.and_then(Raw::time).or(state.at);
    let id = record.id.and_then(Raw::text).unwrap_or_default();
    teller.record(&id, state.at, line.offset);
    teller.model = state.model.clone();
    let text = || of("content").map(content).unwrap_or_default();
    let get = |key: &str| of(key).and_then(Raw::text).unwrap_or_default();
    match get("type").as_ref() {
        "user" => teller.user(&text()),
        "assistant" => match get("operationType").as_ref() {
            "Think" | "Reason" | "Reasoning" => teller.thought(&text()),
            _ => teller.answer(&text()),
        },
        "tool_call" => teller.call(Call {
            id: &get("toolCallId"),
            name: &get("toolName"),
            input: of("args").map_or("{}", Raw::as_json),
            ..Call::default()
        }),
        "tool_result" => {
            let failed = of("success").and_then(Raw::bool) == Some(false);
            teller.output(&get("toolCallId"), "", &text(), failed);
        }
        _ => {}
    }
}
