//! One request: what was asked, and the parts of the answer.

use crate::agents::read::json::{Raw, fields};
use crate::agents::read::parts::content;
use crate::agents::read::tell::Out;
use crate::agents::read::vscode;
use crate::model::{Fact, Tokens};
use std::borrow::Cow;
use std::collections::HashMap;

fields! {
    struct Request {
        id: "requestId",
        at: "timestamp",
        message: "message",
        response: "response",
        model: "modelId",
        result: "result",
        canceled: "isCanceled",
        variables: "variableData",
        completion: "completionTokens",
    }
}

fields! {
    struct Part {
        kind: "kind",
        value: "value",
        content: "content",
        tool: "toolId",
        call: "toolCallId",
        said: "invocationMessage",
        past: "pastTenseMessage",
        data: "toolSpecificData",
        details: "resultDetails",
        source: "source",
        complete: "isComplete",
        reference: "inlineReference",
        name: "name",
        uri: "uri",
        edits: "edits",
    }
}

pub(super) fn tell(out: &mut Out<'_>, raw: Raw<'_>, number: u64, created: Option<i64>) {
    let Some(request) = raw.object::<Request<'_>>() else {
        return;
    };
    let at = request.at.and_then(Raw::time).or(created);
    let id = request.id.and_then(Raw::text).unwrap_or_default();
    out.record(at, number, &id);
    let asked = match request.message {
        Some(message) if message.is_text() => message.text(),
        Some(message) => message.get("text").and_then(Raw::text),
        None => None,
    };
    out.user(&asked.unwrap_or_default(), images(request.variables));
    let metadata = request.result.and_then(|result| result.get("metadata"));
    let resolved = metadata.and_then(|data| data.get("resolvedModel"));
    let model = resolved.or(request.model).and_then(Raw::text);
    out.by(model.map(|model| match model.strip_prefix("copilot/") {
        Some(bare) => Cow::Owned(bare.to_owned()),
        None => model,
    }));
    let elapsed = request
        .result
        .and_then(|result| result.get("timings"))
        .and_then(|timings| timings.get("totalElapsed"))
        .and_then(Raw::int);
    if let (Some(at), Some(elapsed)) = (at, elapsed) {
        out.now(Some(at.saturating_add_unsigned(elapsed.min(86_400_000))));
    }
    let rounds = Rounds::of(metadata);
    answer(out, request.response, &rounds);
    let error = request.result.and_then(|result| result.get("errorDetails"));
    if let Some(error) = error.and_then(|error| error.get("message")) {
        out.note(error.text().unwrap_or_default());
    }
    if request.canceled.and_then(Raw::bool) == Some(true) {
        out.fact(Fact::Interruption);
    }
    out.now(at);
    let count = |key: &str| metadata.and_then(|data| data.get(key)).and_then(Raw::int);
    let output = count("outputTokens").or(request.completion.and_then(Raw::int));
    out.usage(
        &id,
        Tokens {
            input: count("promptTokens").unwrap_or(0),
            output: output.unwrap_or(0),
            ..Tokens::default()
        },
        None,
    );
}

fn images(variables: Option<Raw<'_>>) -> u32 {
    let list = variables.and_then(|data| data.get("variables"));
    let list = list.map(Raw::items).unwrap_or_default();
    let image = |one: &&Raw<'_>| {
        let kind = one.get("kind");
        kind.is_some_and(|kind| kind.is("image"))
            || one.get("isImage").and_then(Raw::bool) == Some(true)
    };
    list.iter().filter(image).count() as u32
}

/// Inputs and outputs of tools, by call id, as the rounds of the answer repeat them.
struct Rounds<'a> {
    inputs: HashMap<String, (String, String)>,
    outputs: Option<Raw<'a>>,
}

impl<'a> Rounds<'a> {
    fn of(metadata: Option<Raw<'a>>) -> Rounds<'a> {
        let rounds = metadata.and_then(|data| data.get("toolCallRounds"));
        let mut inputs = HashMap::new();
        for round in rounds.map(Raw::items).unwrap_or_default() {
            let calls = round.get("toolCalls").map(Raw::items).unwrap_or_default();
            for call in calls {
                let get = |key: &str| call.get(key).and_then(Raw::owned);
                if let (Some(id), Some(name)) = (get("id"), get("name")) {
                    inputs.insert(id, (name, get("arguments").unwrap_or_default()));
                }
            }
        }
        Rounds {
            inputs,
            outputs: metadata.and_then(|data| data.get("toolCallResults")),
        }
    }

    fn output(&self, id: &str) -> Option<String> {
        let result = self.outputs?.get(id)?;
        let parts = result.get("content").unwrap_or(result);
        let parts = parts.items().into_iter().map(|part| {
            let value = part.get("value").unwrap_or(part);
            value.text().map_or_else(|| content(value), Cow::into_owned)
        });
        Some(parts.collect::<Vec<_>>().join("\n"))
    }
}

/// Text between two tools is one answer, references in it by their name.
fn answer(out: &mut Out<'_>, response: Option<Raw<'_>>, rounds: &Rounds<'_>) {
    let mut text = String::new();
    for raw in response.map(Raw::items).unwrap_or_default() {
        let Some(part) = raw.object::<Part<'_>>() else {
            text.push_str(&raw.text().unwrap_or_default());
            continue;
        };
        let kind = part.kind.and_then(Raw::text).unwrap_or_default();
        match kind.as_ref() {
            "" | "text" | "markdownContent" | "markdownVuln" => {
                text.push_str(&markdown(part.value.or(part.content)));
                continue;
            }
            "inlineReference" => {
                text.push_str(&reference(&part));
                continue;
            }
            _ => {}
        }
        let is_turn = matches!(
            kind.as_ref(),
            "thinking"
                | "toolInvocationSerialized"
                | "toolInvocation"
                | "textEditGroup"
                | "notebookEditGroup"
                | "warning"
                | "errorDetails"
        );
        if !is_turn {
            continue;
        }
        out.answer(std::mem::take(&mut text));
        match kind.as_ref() {
            "thinking" => out.thought(part.value.map(content).unwrap_or_default()),
            "warning" | "errorDetails" => out.note(markdown(part.content.or(part.value))),
            "textEditGroup" | "notebookEditGroup" => edits(out, &part),
            _ => tool(out, &part, rounds),
        }
    }
    out.answer(text);
}

/// A string, or an object with one as `value`.
fn markdown(raw: Option<Raw<'_>>) -> String {
    let Some(raw) = raw else {
        return String::new();
    };
    let inner = if raw.is_text() {
        Some(raw)
    } else {
        raw.get("value")
    };
    inner.and_then(Raw::owned).unwrap_or_default()
}

fn reference(part: &Part<'_>) -> String {
    let named = part.name.and_then(Raw::filled).map(Cow::into_owned);
    let target = part.reference;
    let get = |key: &str| target.and_then(|target| target.get(key));
    let path = get("fsPath").or(get("path"));
    let inner = get("uri").or(get("location").and_then(|at| at.get("uri")));
    let path = path.or(inner.and_then(|uri| uri.get("fsPath").or(uri.get("path"))));
    let path = path.and_then(Raw::text).unwrap_or_default();
    let name = path.rsplit(['/', '\\']).next().unwrap_or("").to_owned();
    format!(
        "`{}`",
        named.or(get("name").and_then(Raw::owned)).unwrap_or(name)
    )
}

fn tool(out: &mut Out<'_>, part: &Part<'_>, rounds: &Rounds<'_>) {
    let id = part.call.and_then(Raw::text).unwrap_or_default();
    let known = rounds.inputs.get(id.as_ref());
    let shown = part.tool.and_then(Raw::text).unwrap_or_default();
    let name = known.map_or(shown.as_ref(), |(name, _)| name);
    let command = part.data.and_then(|data| data.get("commandLine"));
    let command = command.and_then(|line| line.get("original").or(line.get("userEdited")));
    let command = command.or(part.data.and_then(|data| data.get("command")));
    let said = markdown(part.said);
    let input = match (
        known,
        part.details.and_then(|details| details.get("input")),
        command,
    ) {
        (Some((_, input)), ..) if !input.is_empty() => input.clone(),
        (_, Some(input), _) if input.filled().is_some() || input.is_object() => input
            .text()
            .map_or_else(|| input.as_json().to_owned(), Cow::into_owned),
        (.., Some(command)) => serde_json::json!({ "command": command.text() }).to_string(),
        _ => said,
    };
    let from = part
        .source
        .filter(|source| source.get("type").is_some_and(|kind| kind.is("mcp")));
    let server = from.and_then(|source| source.get("serverLabel").or(source.get("label")));
    out.call(&id, name, &input, |call| {
        call.mcp = (server.and_then(Raw::owned)).or(call.mcp.take());
    });
    let output = rounds.output(&id);
    let output = output.or(part
        .details
        .and_then(|details| details.get("output"))
        .map(content));
    let output = output.filter(|output| !output.trim().is_empty());
    let past = markdown(part.past);
    let failed = part
        .details
        .and_then(|details| details.get("isError"))
        .and_then(Raw::bool);
    // a command's exit code, where the terminal told it
    let state = part.data.and_then(|data| data.get("terminalCommandState"));
    let code = state
        .and_then(|state| state.get("exitCode"))
        .and_then(Raw::float);
    if output.is_some() || !past.is_empty() || part.complete.and_then(Raw::bool) == Some(true) {
        let failed = failed == Some(true) || code.is_some_and(|code| code != 0.0);
        out.output(&id, name, output.unwrap_or(past), failed);
    }
}

/// Edits that the answer made in one file: what was put in, not what it took the place of.
fn edits(out: &mut Out<'_>, part: &Part<'_>) {
    let get = |key: &str| part.uri.and_then(|uri| uri.get(key)).and_then(Raw::text);
    let file = get("fsPath").or(get("path")).map(Cow::into_owned);
    let file = file.or_else(|| get("external").and_then(|uri| vscode::path(&uri)));
    let mut texts = Vec::new();
    for group in part.edits.map(Raw::items).unwrap_or_default() {
        let list = if group.is_array() {
            group.items()
        } else {
            vec![group]
        };
        texts.extend(
            list.into_iter()
                .filter_map(|edit| edit.get("text"))
                .filter_map(Raw::owned),
        );
    }
    let texts: Vec<String> = texts.into_iter().filter(|text| !text.is_empty()).collect();
    if texts.is_empty() {
        return;
    }
    let input = serde_json::json!({ "file_path": file, "text": texts.join("\n") });
    out.call("", "textEdit", &input.to_string(), |_| {});
}
