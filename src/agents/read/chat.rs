//! Messages as chat completions have them (`role`, `content`, `tool_calls`), which many agents keep.

use super::json::{Raw, fields};
use super::parts;
use super::tell::Out;
use std::borrow::Cow;

fields! {
    pub struct Message {
        role: "role",
        content: "content",
        thought: "reasoning_content",
        reasoning: "reasoning",
        calls: "tool_calls",
        call: "tool_call_id",
        name: "name",
        kind: "type",
    }
}

fields! {
    struct Call {
        id: "id",
        function: "function",
        name: "name",
        arguments: "arguments",
    }
}

/// Tells a message; `false` when it has no role.
pub fn tell(message: &Message<'_>, out: &mut Out<'_>) -> bool {
    let Some(role) = message.role.or(message.kind).and_then(Raw::text) else {
        return false;
    };
    let (words, images) = message.content.map(parts::words).unwrap_or_default();
    match role.as_ref() {
        "user" | "human" => out.user(&words, images),
        "assistant" | "model" => {
            let thought = message.thought.or(message.reasoning).map(parts::words);
            out.thought(thought.unwrap_or_default().0);
            thoughts(message.content, out);
            out.answer(words);
            for call in message.calls.map(Raw::items).unwrap_or_default() {
                tell_call(call, out);
            }
        }
        "tool" | "tool_result" | "function" => {
            let id = message.call.and_then(Raw::text).unwrap_or_default();
            let name = message.name.and_then(Raw::text).unwrap_or_default();
            out.output_of(&id, &name, message.content, false);
        }
        _ => out.note(words),
    }
    true
}

/// Thoughts that stand among the blocks of the content.
fn thoughts(content: Option<Raw<'_>>, out: &mut Out<'_>) {
    for block in content.map(Raw::items).unwrap_or_default() {
        let kind = block.get("type");
        if kind.is_some_and(|kind| kind.is("think") || kind.is("thinking")) {
            let thought = block.get("think").or(block.get("thinking"));
            out.thought(thought.map(parts::words).unwrap_or_default().0);
        }
    }
}

fn tell_call(raw: Raw<'_>, out: &mut Out<'_>) {
    let call: Call<'_> = raw.object().unwrap_or_default();
    let function: Call<'_> = call.function.and_then(Raw::object).unwrap_or_default();
    let id = call.id.and_then(Raw::text).unwrap_or_default();
    let name = function.name.or(call.name).and_then(Raw::text);
    let input = arguments(function.arguments.or(call.arguments));
    out.call(&id, &name.unwrap_or_default(), &input, |_| {});
}

/// Arguments as JSON, or as the text of JSON.
pub fn arguments(raw: Option<Raw<'_>>) -> Cow<'_, str> {
    match raw {
        Some(raw) if raw.is_text() => raw.text().unwrap_or_default(),
        Some(raw) => Cow::Borrowed(raw.as_json()),
        None => Cow::Borrowed("{}"),
    }
}
