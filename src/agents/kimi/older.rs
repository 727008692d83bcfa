//! Kimi CLI's wire: `{timestamp, message: {type, payload}}`.

use super::tokens;
use crate::agents::read::chat::arguments;
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::parts;
use crate::agents::read::tell::{self, Out, Record, count, wrong};
use crate::model::Fact;

fields! {
    struct Line {
        at: "timestamp",
        message: "message",
        kind: "type",
    }
}

fields! {
    struct Message {
        kind: "type",
        payload: "payload",
    }
}

fields! {
    struct Payload {
        input: "user_input",
        kind: "type",
        text: "text",
        think: "think",
        id: "id",
        function: "function",
        call: "tool_call_id",
        value: "return_value",
        usage: "token_usage",
        message: "message_id",
        window: "max_context_tokens",
        event: "event",
        title: "title",
        body: "body",
        content: "content",
    }
}

pub fn tell(record: Record<'_>, out: &mut Out<'_>) -> Result<(), serde_json::Error> {
    let line: Line<'_> = serde_json::from_str(record.raw.as_json())?;
    let Some(message) = line.message.and_then(Raw::object::<Message<'_>>) else {
        // the first line tells the version of the protocol
        return match line.kind {
            Some(_) => Ok(()),
            None => Err(wrong("no message")),
        };
    };
    out.record(line.at.and_then(Raw::time), record.offset, "");
    event(&message, record.offset, out);
    Ok(())
}

fn event(message: &Message<'_>, offset: u64, out: &mut Out<'_>) {
    let payload: Payload<'_> = message.payload.and_then(Raw::object).unwrap_or_default();
    let kind = message.kind.and_then(Raw::text).unwrap_or_default();
    let text = |raw: Option<Raw<'_>>| raw.and_then(Raw::owned).unwrap_or_default();
    match kind.as_ref() {
        "TurnBegin" | "SteerInput" => {
            let (words, images) = payload.input.map(parts::words).unwrap_or_default();
            out.user(&words, images);
        }
        "ContentPart" | "TextPart" | "ThinkPart" => match payload.think {
            Some(_) => out.thought(text(payload.think)),
            None => out.answer(text(payload.text)),
        },
        "ToolCall" => {
            let function = |key: &str| payload.function.and_then(|it| it.get(key));
            let input = arguments(function("arguments"));
            out.call(&text(payload.id), &text(function("name")), &input, |_| {});
        }
        "ToolResult" => {
            let get = |key: &str| payload.value.and_then(|value| value.get(key));
            let failed = get("is_error").and_then(Raw::bool) == Some(true);
            let output = get("output").filter(|output| !output.is_blank() || !output.is_text());
            let content = output.or(get("message")).or(payload.value);
            out.output_of(&text(payload.call), "", content, failed);
        }
        "StatusUpdate" => {
            out.window(count(payload.window));
            let native = out.teller.told.native.clone();
            let key = match text(payload.message).as_str() {
                "" => format!("{native}@{offset}"),
                id => tell::unique(&native, id),
            };
            if let Some(usage) = payload.usage {
                out.usage(&key, tokens(usage), None);
            }
        }
        "SubagentEvent" => {
            out.sidechain(true);
            let inner = payload.event.and_then(Raw::object::<Message<'_>>);
            // a sub-agent starts none itself
            if let Some(inner) =
                inner.filter(|inner| !inner.kind.is_some_and(|kind| kind.is("SubagentEvent")))
            {
                event(&inner, offset, out);
            }
        }
        "StepInterrupted" => out.fact(Fact::Interruption),
        "CompactionBegin" => out.fact(Fact::Compaction),
        "Notification" => out.note(
            format!("{}\n{}", text(payload.title), text(payload.body))
                .trim()
                .to_owned(),
        ),
        "PlanDisplay" => out.note(text(payload.content)),
        _ => {}
    }
}
