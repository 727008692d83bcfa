//! One bubble of the editor: a prompt, a piece of an answer, or a tool call with its result.

use super::said;
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::parts::content;
use crate::agents::read::tell::Out;
use crate::model::Tokens;

fields! {
    struct Bubble {
        kind: "type",
        text: "text",
        raw: "rawText",
        created: "createdAt",
        timing: "timingInfo",
        thinking: "thinking",
        tool: "toolFormerData",
        tokens: "tokenCount",
        model: "modelInfo",
        model_type: "modelType",
        images: "images",
        selected: "selectedImages",
        code: "codeBlocks",
    }
}

fields! {
    struct Tool {
        id: "toolCallId",
        name: "name",
        input: "rawArgs",
        parameters: "params",
        result: "result",
        status: "status",
        error: "error",
    }
}

/// The person's side; the chat before composers had words in place of numbers.
fn is_user(kind: Option<Raw<'_>>) -> bool {
    kind.is_some_and(|kind| kind.int() == Some(1) || kind.is("user"))
}

/// Tells a bubble; gives its time, if it has one. `at` stands in for it.
pub(super) fn tell(
    out: &mut Out<'_>,
    id: &str,
    raw: Raw<'_>,
    number: u64,
    at: Option<i64>,
    model: Option<&str>,
) -> Option<i64> {
    let bubble: Bubble<'_> = raw.object()?;
    let timing = |key: &str| {
        bubble
            .timing
            .and_then(|timing| timing.get(key))
            .and_then(Raw::time)
    };
    let own = bubble.created.and_then(Raw::time);
    let own = own
        .or(timing("clientRpcSendTime"))
        .or(timing("clientStartTime"));
    out.record(own.or(at), number, id);
    let text = bubble.text.or(bubble.raw).map(content).unwrap_or_default();
    if is_user(bubble.kind) {
        let images = bubble.images.or(bubble.selected).map(Raw::items);
        said::user_with(out, &text, images.map_or(0, |images| images.len() as u32));
        return own;
    }
    let named = bubble
        .model
        .and_then(|model| model.get("modelName"))
        .or(bubble.model_type);
    let named = named.and_then(Raw::filled).filter(|name| name != "default");
    out.by(named.or(model.map(Into::into)));
    if let Some(thought) = bubble.thinking {
        let inner = thought.get("text").unwrap_or(thought);
        out.thought(inner.text().unwrap_or_default());
    }
    out.answer(match text.trim().is_empty() {
        true => code(bubble.code),
        false => text,
    });
    if let Some(tool) = bubble.tool.and_then(Raw::object::<Tool<'_>>) {
        self::tool(out, &tool);
    }
    if let Some(tokens) = bubble.tokens {
        let count = |key: &str| tokens.get(key).and_then(Raw::int).unwrap_or(0);
        out.usage(
            id,
            Tokens {
                input: count("inputTokens"),
                output: count("outputTokens"),
                ..Tokens::default()
            },
            None,
        );
    }
    own
}

/// An answer of nothing but code keeps it beside the text.
fn code(blocks: Option<Raw<'_>>) -> String {
    let blocks = blocks.map(Raw::items).unwrap_or_default();
    let texts = blocks.into_iter().filter_map(|block| {
        let text = block.get("content").and_then(Raw::filled)?;
        let language = block
            .get("languageId")
            .and_then(Raw::owned)
            .unwrap_or_default();
        Some(format!("```{language}\n{text}\n```"))
    });
    texts.collect::<Vec<_>>().join("\n\n")
}

fn tool(out: &mut Out<'_>, tool: &Tool<'_>) {
    let get = |raw: Option<Raw<'_>>| raw.and_then(Raw::owned).unwrap_or_default();
    let (id, name) = (get(tool.id), get(tool.name));
    // arguments are JSON inside a string; while they stream in they are torn
    let input = [tool.input, tool.parameters]
        .into_iter()
        .flatten()
        .find_map(|raw| {
            let inner = raw
                .text()
                .map_or_else(|| raw.as_json().to_owned(), Into::into);
            (!inner.trim().is_empty()).then_some(inner)
        });
    let server = name
        .strip_prefix("mcp_")
        .and_then(|rest| rest.split_once('_'));
    out.call(&id, &name, input.as_deref().unwrap_or("{}"), |call| {
        call.mcp = (server.map(|(server, _)| server.to_owned())).or(call.mcp.take());
    });
    let status = get(tool.status);
    let said = tool.result.or(tool.error).map(content).unwrap_or_default();
    if said.is_empty() && !matches!(status.as_str(), "completed" | "error" | "cancelled") {
        return;
    }
    let failed = matches!(status.as_str(), "error" | "cancelled");
    out.output(&id, &name, result(&said), failed);
}

/// A result is often JSON inside a string, of which the output is what people read.
fn result(said: &str) -> String {
    let parsed = Raw::parse(said).ok().filter(|raw| raw.is_object());
    let named = ["output", "contents", "content", "result", "error"];
    let inner = parsed.and_then(|raw| named.iter().find_map(|key| raw.get(key)?.filled()));
    inner.map_or_else(|| said.to_owned(), Into::into)
}
