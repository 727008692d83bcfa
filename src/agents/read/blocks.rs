//! Messages made of blocks as the Messages API has them (`text`, `thinking`, `tool_use`,
//! `tool_result`, images), which many agents keep in nearly that form.

use super::json::{Raw, fields};
use super::parts;
use super::tell::Out;
use std::borrow::Cow;

fields! {
    struct Block {
        kind: "type",
        text: "text",
        thinking: "thinking",
        id: "id",
        tool_id: "toolUseID",
        use_id: "tool_use_id",
        call_id: "toolCallId",
        name: "name",
        input: "input",
        arguments: "arguments",
        content: "content",
        run: "run",
        failed: "is_error",
    }
}

fields! {
    struct Run {
        status: "status",
        result: "result",
        error: "error",
        message: "message",
    }
}

/// A user's message: its words are one prompt, the results in it are outputs.
pub fn user(content: Raw<'_>, out: &mut Out<'_>) {
    let blocks = content.items();
    for block in &blocks {
        let block: Block<'_> = block.object().unwrap_or_default();
        if block.kind.is_some_and(|kind| kind.is("tool_result")) {
            result(&block, out);
        }
    }
    let (words, images) = parts::words(content);
    out.user(&words, images);
}

/// An answer, block by block.
pub fn assistant(content: Raw<'_>, out: &mut Out<'_>) {
    if let Some(text) = content.text() {
        out.answer(text);
    }
    for raw in content.items() {
        if let Some(text) = raw.text() {
            out.answer(text);
            continue;
        }
        let block: Block<'_> = raw.object().unwrap_or_default();
        let kind = block.kind.and_then(Raw::text).unwrap_or_default();
        match kind.as_ref() {
            "thinking" | "reasoning" => {
                let thought = block.thinking.or(block.text);
                out.thought(thought.and_then(Raw::text).unwrap_or_default());
            }
            "tool_use" | "toolCall" | "server_tool_use" => {
                let id = block.id.or(block.call_id).and_then(Raw::text);
                let name = block.name.and_then(Raw::text).unwrap_or_default();
                let input = block.input.or(block.arguments);
                let input = match input {
                    // arguments as the model wrote them: JSON inside a string
                    Some(raw) if raw.is_text() => raw.text().unwrap_or_default(),
                    Some(raw) => Cow::Borrowed(raw.as_json()),
                    None => Cow::Borrowed("{}"),
                };
                out.call(&id.unwrap_or_default(), &name, &input, |_| {});
            }
            "tool_result" => result(&block, out),
            _ => out.answer(parts::words(raw).0),
        }
    }
}

fn result(block: &Block<'_>, out: &mut Out<'_>) {
    let id = [block.use_id, block.tool_id, block.call_id];
    let id = id.into_iter().flatten().find_map(Raw::text);
    let run: Run<'_> = block.run.and_then(Raw::object).unwrap_or_default();
    let status = run.status.and_then(Raw::text).unwrap_or_default();
    let failed = block.failed.and_then(Raw::bool) == Some(true)
        || matches!(status.as_ref(), "error" | "cancelled" | "rejected-by-user");
    let error = run.error.map(|error| error.get("message").unwrap_or(error));
    let content = block.content.or(run.result).or(error).or(run.message);
    let name = block.name.and_then(Raw::text).unwrap_or_default();
    out.output_of(&id.unwrap_or_default(), &name, content, failed);
}
