//! One event of a conversation.

use crate::agents::read::chat::arguments;
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::parts;
use crate::agents::read::tell::{self, Out};
use crate::model::{Fact, time};
use std::borrow::Cow;

fields! {
    struct Event {
        id: "id",
        kind: "kind",
        at: "timestamp",
        source: "source",
        message: "llm_message",
        thought: "thought",
        reasoning: "reasoning_content",
        tool: "tool_name",
        call: "tool_call_id",
        tool_call: "tool_call",
        action: "action",
        observation: "observation",
        error: "error",
        reason: "rejection_reason",
        summary: "summary",
        detail: "detail",
    }
}

/// Tells an event; `false` when it is none.
pub fn tell(raw: Raw<'_>, number: u64, zone: &jiff::tz::TimeZone, out: &mut Out<'_>) -> bool {
    let event: Event<'_> = raw.object().unwrap_or_default();
    let Some(kind) = event.kind.and_then(Raw::text) else {
        return false;
    };
    let text = |raw: Option<Raw<'_>>| raw.and_then(Raw::owned).unwrap_or_default();
    let at = time::from_local(&text(event.at), zone);
    let uuid = tell::unique(&out.teller.told.native, &text(event.id));
    out.record(at, number, &uuid);
    let call = text(event.call);
    let name = text(event.tool);
    match kind.as_ref() {
        "MessageEvent" => message(&event, out),
        "ActionEvent" => {
            thoughts(&event, out);
            let called = |key: &str| event.tool_call.and_then(|call| call.get(key));
            let function = called("function");
            let written = called("arguments").or(function.and_then(|it| it.get("arguments")));
            let input = match (written, event.action) {
                (Some(written), _) => arguments(Some(written)),
                (None, action) => Cow::Borrowed(action.map_or("{}", Raw::as_json)),
            };
            out.call(&call, &name, &input, |_| {});
        }
        "ObservationEvent" => {
            let get = |key: &str| event.observation.and_then(|it| it.get(key));
            let code = get("exit_code").and_then(Raw::float);
            let failed = get("is_error").and_then(Raw::bool) == Some(true)
                || code.is_some_and(|code| code != 0.0);
            let content = get("content").or(get("output")).or(event.observation);
            out.output_of(&call, &name, content, failed);
        }
        "AgentErrorEvent" | "UserRejectObservation" => {
            out.output_of(&call, &name, event.error.or(event.reason), true);
        }
        "PauseEvent" | "InterruptEvent" => out.fact(Fact::Interruption),
        "Condensation" => {
            out.fact(Fact::Compaction);
            out.note(text(event.summary));
        }
        "ConversationErrorEvent" => out.note(text(event.detail.or(event.error))),
        _ => {}
    }
    true
}

fn message(event: &Event<'_>, out: &mut Out<'_>) {
    let content = event.message.and_then(|message| message.get("content"));
    let (words, images) = content.map(parts::words).unwrap_or_default();
    match event
        .source
        .and_then(Raw::text)
        .unwrap_or_default()
        .as_ref()
    {
        "user" => out.user(&words, images),
        "agent" => {
            let inner = event
                .message
                .and_then(|message| message.get("reasoning_content"));
            out.thought(inner.map(parts::words).unwrap_or_default().0);
            out.answer(words);
        }
        _ => out.note(words),
    }
}

/// Before a call: what the model thought, and what it said with it.
fn thoughts(event: &Event<'_>, out: &mut Out<'_>) {
    out.thought(event.reasoning.map(parts::words).unwrap_or_default().0);
    out.answer(event.thought.map(parts::words).unwrap_or_default().0);
}
