//! Kimi Code's wire: `{type, time, …}`.

use super::{State, tokens};
use crate::agents::read::chat::arguments;
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::parts;
use crate::agents::read::tell::{Out, Record, wrong};
use crate::model::Fact;

fields! {
    struct Line {
        kind: "type",
        at: "time",
        model: "modelAlias",
        cwd: "cwd",
        input: "input",
        event: "event",
        usage: "usage",
    }
}

fields! {
    struct Event {
        kind: "type",
        part: "part",
        call: "toolCallId",
        name: "name",
        args: "args",
        result: "result",
        usage: "usage",
        model: "model",
    }
}

pub fn tell(
    record: Record<'_>,
    state: &mut State,
    out: &mut Out<'_>,
) -> Result<(), serde_json::Error> {
    let line: Line<'_> = serde_json::from_str(record.raw.as_json())?;
    let Some(kind) = line.kind.and_then(Raw::text) else {
        return Err(wrong("no type"));
    };
    out.record(line.at.and_then(Raw::time), record.offset, "");
    let text = |raw: Option<Raw<'_>>| raw.and_then(Raw::owned).unwrap_or_default();
    match kind.as_ref() {
        "config.update" => {
            out.cwd(&text(line.cwd));
            out.model(&text(line.model));
        }
        "turn.prompt" | "turn.steer" => {
            let (words, images) = line.input.map(parts::words).unwrap_or_default();
            out.user(&words, images);
        }
        "context.append_loop_event" => {
            let Some(event) = line.event.and_then(Raw::object::<Event<'_>>) else {
                return Err(wrong("no event"));
            };
            happened(&event, record.offset, state, out);
        }
        "context.compact" | "context.compaction" => out.fact(Fact::Compaction),
        "turn.abort" | "turn.interrupt" => out.fact(Fact::Interruption),
        "usage.record" if !state.steps => used(line.usage, record.offset, out),
        _ => {}
    }
    Ok(())
}

fn happened(event: &Event<'_>, offset: u64, state: &mut State, out: &mut Out<'_>) {
    let kind = event.kind.and_then(Raw::text).unwrap_or_default();
    let text = |raw: Option<Raw<'_>>| raw.and_then(Raw::owned).unwrap_or_default();
    let part = |key: &str| event.part.and_then(|part| part.get(key));
    match kind.as_ref() {
        "content.part" => match part("think") {
            Some(thought) => out.thought(text(Some(thought))),
            None => out.answer(event.part.map(parts::words).unwrap_or_default().0),
        },
        "tool.call" => {
            let input = arguments(event.args);
            out.call(&text(event.call), &text(event.name), &input, |_| {});
        }
        "tool.result" => {
            let get = |key: &str| event.result.and_then(|result| result.get(key));
            let failed = get("isError").and_then(Raw::bool) == Some(true);
            let content = get("output").or(event.result);
            out.output_of(&text(event.call), "", content, failed);
        }
        "step.end" => {
            state.steps = true;
            out.model(&text(event.model));
            used(event.usage, offset, out);
        }
        _ => {}
    }
}

fn used(usage: Option<Raw<'_>>, offset: u64, out: &mut Out<'_>) {
    if let Some(usage) = usage {
        let key = format!("{}@{offset}", out.teller.told.native);
        out.usage(&key, tokens(usage), None);
    }
}
