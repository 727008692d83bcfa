//! What the person saw, note by note.

use super::task::Models;
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::parts::content;
use crate::agents::read::record::Kept;
use crate::agents::read::tell::Out;
use crate::agents::read::value::dollars;
use crate::model::{Fact, Tokens};
use std::borrow::Cow;

fields! {
    struct Note {
        at: "ts",
        say: "say",
        ask: "ask",
        text: "text",
        reasoning: "reasoning",
        images: "images",
        partial: "partial",
        model: "modelInfo",
    }
}

fields! {
    struct Request {
        input: "tokensIn",
        output: "tokensOut",
        writes: "cacheWrites",
        reads: "cacheReads",
        cost: "cost",
        canceled: "cancelReason",
    }
}

pub(super) fn tell(out: &mut Out<'_>, task: &str, notes: &[Raw<'_>], models: &Models) {
    let mut first = true;
    let mut command: Option<String> = None;
    let mut output = String::new();
    let mut pieces = Vec::new();
    for (number, raw) in (1..).zip(notes) {
        let Some(note) = raw.object::<Note<'_>>() else {
            continue;
        };
        let kind = note
            .say
            .or(note.ask)
            .and_then(Raw::text)
            .unwrap_or_default();
        let text = note.text.and_then(Raw::text).unwrap_or_default();
        let at = note.at.and_then(Raw::time);
        // output of a command comes in pieces, and asks in between whether to go on
        if command.is_some() && kind == "command_output" {
            if !text.trim().is_empty() && !output.ends_with(text.as_ref()) {
                output.push_str(&text);
                output.push('\n');
            }
            out.now(at);
            pieces.push(kept(number, *raw));
            continue;
        }
        if let Some(id) = command.take_if(|_| !kind.starts_with("checkpoint")) {
            out.kept(&std::mem::take(&mut pieces));
            out.output(&id, "execute_command", std::mem::take(&mut output), false);
        }
        out.kept(&[kept(number, *raw)]);
        out.record(at, number, "");
        out.by(model(&note, at, models));
        let images = note
            .images
            .map(Raw::items)
            .map_or(0, |images| images.len() as u32);
        if let Some(thought) = note.reasoning.and_then(Raw::text) {
            out.thought(thought);
        }
        match kind.as_ref() {
            "task" => out.user(&text, images),
            "text" if first => out.user(&text, images),
            "text" | "completion_result" | "plan_mode_respond" => out.answer(answer(&text)),
            "user_feedback" | "user_feedback_diff" => out.user(&feedback(&text), images),
            "reasoning" => out.thought(text),
            "api_req_started" => request(out, &format!("{task}:{number}"), &text),
            "followup" | "new_task" => out.answer(answer(&text)),
            "command" => {
                let id = format!("command-{number}");
                let input = serde_json::json!({ "command": text }).to_string();
                call(out, &id, "execute_command", &input, None);
                command = Some(id);
                // what it prints comes in notes behind its own
                pieces = vec![kept(number, *raw)];
            }
            "tool" => tool(out, &text),
            "use_mcp_server" => mcp(out, &text),
            "mcp_server_response" => out.output("", "use_mcp_tool", text, false),
            "browser_action" | "browser_action_launch" => {
                call(out, "", "browser_action", &text, None);
            }
            "condense_context" => out.fact(Fact::Compaction),
            "error" | "api_req_failed" | "diff_error" | "subtask_result" | "rooignore_error" => {
                out.note(text);
            }
            _ => {}
        }
        first = false;
    }
    if let Some(id) = command {
        out.kept(&pieces);
        out.output(&id, "execute_command", output.as_str(), false);
    }
}

fn kept(number: u64, raw: Raw<'_>) -> Kept<'_> {
    Kept::member("messages", number, raw.as_json())
}

fn model<'a>(note: &Note<'a>, at: Option<i64>, models: &'a Models) -> Option<Cow<'a, str>> {
    let own = note
        .model
        .and_then(|model| model.get("modelId"))
        .and_then(Raw::filled);
    own.or_else(|| {
        let before = models
            .iter()
            .rev()
            .find(|(from, _)| at.is_none_or(|at| *from <= at));
        before
            .or(models.first())
            .map(|(_, model)| model.as_str().into())
    })
}

/// A question or a plan may be an object around its words.
fn answer(text: &str) -> String {
    let object = Raw::parse(text).ok().filter(|raw| raw.is_object());
    let inner = object.and_then(|raw| {
        raw.get("question")
            .or(raw.get("response"))
            .or(raw.get("content"))
    });
    inner
        .and_then(Raw::owned)
        .unwrap_or_else(|| text.to_owned())
}

fn feedback(text: &str) -> String {
    let object = Raw::parse(text).ok().filter(|raw| raw.is_object());
    let diff = object.and_then(|raw| raw.get("diff")).and_then(Raw::owned);
    diff.unwrap_or_else(|| text.to_owned())
}

fn request(out: &mut Out<'_>, key: &str, text: &str) {
    let Some(request) = Raw::parse(text).ok().and_then(Raw::object::<Request<'_>>) else {
        return;
    };
    let count = |raw: Option<Raw<'_>>| raw.and_then(Raw::int).unwrap_or(0);
    if request
        .canceled
        .is_some_and(|reason| reason.is("user_cancelled"))
    {
        out.fact(Fact::Interruption);
    }
    out.usage(
        key,
        Tokens {
            input: count(request.input),
            cache_read: count(request.reads),
            cache_write_5m: count(request.writes),
            output: count(request.output),
            ..Tokens::default()
        },
        dollars(request.cost),
    );
}

fn call(out: &mut Out<'_>, id: &str, name: &str, input: &str, mcp: Option<String>) {
    out.call(id, name, input, |call| {
        call.mcp = (mcp).or(call.mcp.take());
    });
}

/// `{tool, path, content | diff, ...}`: the content of a read or a search is what it gave back.
fn tool(out: &mut Out<'_>, text: &str) {
    let object = Raw::parse(text).ok().filter(|raw| raw.is_object());
    let get = |key: &str| object.and_then(|object| object.get(key));
    let name = get("tool").and_then(Raw::text).unwrap_or_default();
    let gives_back = matches!(
        name.as_ref(),
        "readFile"
            | "searchFiles"
            | "listFilesTopLevel"
            | "listFilesRecursive"
            | "listCodeDefinitionNames"
            | "codebaseSearch"
            | "webFetch"
    );
    let mut input = serde_json::Map::new();
    for (key, value) in object.map(Raw::members).unwrap_or_default() {
        if key != "tool" && !(gives_back && key == "content") {
            let value = serde_json::from_str(value.as_json()).unwrap_or_default();
            input.insert(key.into_owned(), value);
        }
    }
    let input = match object {
        Some(_) => serde_json::Value::Object(input).to_string(),
        None => text.to_owned(),
    };
    call(out, "", &name, &input, None);
    if let Some(said) = get("content").filter(|_| gives_back) {
        out.output("", &name, content(said), false);
    }
}

fn mcp(out: &mut Out<'_>, text: &str) {
    let object = Raw::parse(text).ok();
    let get = |key: &str| {
        object
            .and_then(|object| object.get(key))
            .and_then(Raw::owned)
    };
    let name = get("toolName").or(get("uri")).unwrap_or_default();
    let input = get("arguments").unwrap_or_else(|| "{}".to_owned());
    call(out, "", &name, &input, get("serverName"));
}
