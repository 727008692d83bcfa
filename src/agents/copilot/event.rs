//! One event of a session.

use super::usage::Run;
use super::workspace::remote;
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::tell::{Out, Record, count, wrong};
use crate::model::Fact;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use xxhash_rust::xxh3::xxh3_64;

/// What later events are told by.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    run: Run,
    /// Of the thought that an event of its own has told: the answer repeats it.
    thought: u64,
}

fields! {
    struct Event {
        kind: "type",
        id: "id",
        at: "timestamp",
        data: "data",
    }
}

fields! {
    struct Data {
        content: "content",
        source: "source",
        attachments: "attachments",
        reasoning: "reasoningText",
        requests: "toolRequests",
        output: "outputTokens",
        parent: "parentToolCallId",
        call: "toolCallId",
        name: "toolName",
        server: "mcpServerName",
        arguments: "arguments",
        success: "success",
        result: "result",
        error: "error",
        model: "model",
        new_model: "newModel",
        selected: "selectedModel",
        current: "currentModel",
        version: "copilotVersion",
        context: "context",
        metrics: "modelMetrics",
        message: "message",
        summary: "summary",
        summary_content: "summaryContent",
    }
}

fields! {
    struct Context {
        cwd: "cwd",
        branch: "branch",
        repository: "repository",
        host: "hostType",
    }
}

fields! {
    struct Request {
        id: "toolCallId",
        name: "name",
        arguments: "arguments",
        args: "args",
        server: "mcpServerName",
        title: "toolTitle",
    }
}

pub fn tell(
    record: Record<'_>,
    state: &mut State,
    out: &mut Out<'_>,
) -> Result<(), serde_json::Error> {
    let event: Event<'_> = serde_json::from_str(record.raw.as_json())?;
    let Some(kind) = event.kind.and_then(Raw::text) else {
        return Err(wrong("no type"));
    };
    let Some(data) = event.data.and_then(Raw::object::<Data<'_>>) else {
        return Err(wrong("no data"));
    };
    let id = event.id.and_then(Raw::text).unwrap_or_default();
    out.record(event.at.and_then(Raw::time), record.offset, &id);
    // a sub-agent speaks in its parent's file
    out.sidechain(data.parent.is_some());
    let key = match id.as_ref() {
        "" => format!("{}@{}", out.teller.told.native, record.offset),
        id => id.to_owned(),
    };
    match kind.as_ref() {
        "session.start" | "session.resume" | "session.context_changed" => {
            if kind == "session.start" {
                out.origin("cli");
            }
            out.version(&text(data.version));
            // the change of context is told by its data itself
            let context = data.context.or(event.data);
            context_of(context.and_then(Raw::object).unwrap_or_default(), out);
            out.model(&text(data.selected));
            if kind != "session.context_changed" {
                state.run = Run::default();
            }
        }
        "session.model_change" => out.model(&text(data.new_model)),
        "user.message" => user(&data, out),
        "assistant.reasoning" => {
            let thought = text(data.content);
            state.thought = xxh3_64(thought.trim().as_bytes());
            out.thought(thought);
        }
        "assistant.message" => {
            answer(&data, state, out);
            // which model a sub-agent runs on is told at the end of the run only
            if data.parent.is_none() {
                let at = event.at.and_then(Raw::time);
                state.run.answer(&key, at, count(data.output), out);
            }
        }
        "tool.execution_start" => started(&data, out),
        "tool.execution_complete" => {
            completed(&data, out);
            state.run.tell(out);
        }
        "session.compaction_complete" => {
            out.fact(Fact::Compaction);
            out.note(text(data.summary_content));
        }
        "abort" | "session.abort" => out.fact(Fact::Interruption),
        "session.task_complete" => out.note(text(data.summary)),
        "session.info" | "session.warning" | "session.error" => out.note(text(data.message)),
        "system.notification" | "skill.invoked" | "system.message" => out.note(text(data.content)),
        "session.shutdown" => {
            if out.teller.told.model.is_empty() {
                out.model(&text(data.current));
            }
            state.run.tell(out);
            state.run.end(&key, data.metrics, out);
        }
        _ => {}
    }
    Ok(())
}

fn text(raw: Option<Raw<'_>>) -> Cow<'_, str> {
    raw.and_then(Raw::text).unwrap_or_default()
}

fn context_of(context: Context<'_>, out: &mut Out<'_>) {
    out.cwd(&text(context.cwd));
    out.branch(&text(context.branch));
    out.remote(&remote(&text(context.host), &text(context.repository)));
}

fn user(data: &Data<'_>, out: &mut Out<'_>) {
    let source = text(data.source);
    if source.starts_with("skill-") || source == "system" {
        out.note(text(data.content));
        return;
    }
    let attached = data.attachments.map(Raw::items).unwrap_or_default();
    let images = attached.iter().filter(|raw| {
        raw.get("type").is_some_and(|kind| kind.is("image"))
            || raw
                .get("mimeType")
                .is_some_and(|kind| text(Some(kind)).starts_with("image/"))
    });
    out.user(&text(data.content), images.count() as u32);
}

fn answer(data: &Data<'_>, state: &mut State, out: &mut Out<'_>) {
    if let Some(model) = data.model {
        out.model(&text(Some(model)));
    }
    let thought = text(data.reasoning);
    if state.thought != xxh3_64(thought.trim().as_bytes()) {
        out.thought(thought);
    }
    state.thought = 0;
    out.answer(text(data.content));
    for request in data.requests.map(Raw::items).unwrap_or_default() {
        let request: Request<'_> = request.object().unwrap_or_default();
        // a server's tool (`server-tool`; own ones have no hyphen): its start names the server
        if request.title.is_some() && request.server.is_none() && text(request.name).contains('-') {
            continue;
        }
        let arguments = request.arguments.or(request.args);
        call(request.id, request.name, arguments, request.server, out);
    }
}

fn call(
    id: Option<Raw<'_>>,
    name: Option<Raw<'_>>,
    arguments: Option<Raw<'_>>,
    server: Option<Raw<'_>>,
    out: &mut Out<'_>,
) {
    let input = match arguments {
        Some(raw) if raw.is_text() => text(Some(raw)),
        Some(raw) => Cow::Borrowed(raw.as_json()),
        None => Cow::Borrowed("{}"),
    };
    let server = server.and_then(Raw::owned);
    out.call(&text(id), &text(name), &input, |tool| {
        tool.mcp = tool.mcp.take().or(server);
    });
}

/// The start of a call that the answer has announced is no news.
fn started(data: &Data<'_>, out: &mut Out<'_>) {
    if !out.waits(&text(data.call)) {
        call(data.call, data.name, data.arguments, data.server, out);
    }
}

fn completed(data: &Data<'_>, out: &mut Out<'_>) {
    if data.parent.is_none() {
        out.model(&text(data.model));
    }
    let failed = data.success.and_then(Raw::bool) == Some(false) || data.error.is_some();
    let result = data.result.map(|raw| raw.get("content").unwrap_or(raw));
    let error = data.error.map(|raw| raw.get("message").unwrap_or(raw));
    out.output_of(&text(data.call), "", result.or(error), failed);
}
