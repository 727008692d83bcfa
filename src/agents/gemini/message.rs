//! One message of a session: words, thoughts, calls with their results, tokens.

use crate::agents::read::json::{Raw, fields};
use crate::agents::read::parts;
use crate::agents::read::tell::{self, Out, count};
use crate::agents::read::text;
use crate::model::Tokens;
use std::borrow::Cow;

fields! {
    struct Message {
        id: "id",
        at: "timestamp",
        kind: "type",
        content: "content",
        shown: "displayContent",
        thoughts: "thoughts",
        calls: "toolCalls",
        tokens: "tokens",
        model: "model",
    }
}

fields! {
    struct Thought {
        subject: "subject",
        description: "description",
    }
}

fields! {
    struct Call {
        id: "id",
        name: "name",
        args: "args",
        result: "result",
        status: "status",
        agent: "agentId",
        shown: "resultDisplay",
    }
}

fields! {
    struct Counts {
        input: "input",
        output: "output",
        cached: "cached",
        thoughts: "thoughts",
        tool: "tool",
        total: "total",
    }
}

/// Tells a message; `false` when it is none.
pub fn tell(raw: Raw<'_>, offset: u64, abandoned: bool, native: &str, out: &mut Out<'_>) -> bool {
    let Some(message) = raw.object::<Message<'_>>() else {
        return false;
    };
    let Some(kind) = message.kind.and_then(Raw::text) else {
        return false;
    };
    let id = message.id.and_then(Raw::text).unwrap_or_default();
    let id = tell::unique(native, &id);
    out.record(message.at.and_then(Raw::time), offset, &id);
    out.sidechain(abandoned);
    let content = message.shown.or(message.content);
    let (words, images) = content.map(parts::words).unwrap_or_default();
    match kind.as_ref() {
        "user" => out.user(&words, images),
        "gemini" => {
            if let Some(model) = message.model.and_then(Raw::text) {
                out.model(&model);
            }
            for thought in message.thoughts.map(Raw::items).unwrap_or_default() {
                out.thought(thought_text(thought));
            }
            out.answer(words);
            for call in message.calls.map(Raw::items).unwrap_or_default() {
                tell_call(&call.object().unwrap_or_default(), out);
            }
            let key = match id.as_str() {
                "" => format!("{native}@{offset}"),
                id => id.to_owned(),
            };
            out.usage(&key, tokens(message.tokens), None);
        }
        _ => out.note(words),
    }
    true
}

fn thought_text(raw: Raw<'_>) -> String {
    let thought: Thought<'_> = raw.object().unwrap_or_default();
    let part = |raw: Option<Raw<'_>>| raw.and_then(Raw::filled).unwrap_or_default().into_owned();
    let (subject, description) = (part(thought.subject), part(thought.description));
    match subject.as_str() {
        "" => description,
        subject => format!("**{subject}**\n{description}").trim().to_owned(),
    }
}

fn tell_call(call: &Call<'_>, out: &mut Out<'_>) {
    let id = call.id.and_then(Raw::text).unwrap_or_default();
    let name = call.name.and_then(Raw::text).unwrap_or_default();
    let child = tell::id(call.agent);
    out.call(&id, &name, call.args.map_or("{}", Raw::as_json), |tool| {
        tool.child = child;
    });
    let (words, failed) = result(call);
    let status = call.status.and_then(Raw::text).unwrap_or_default();
    let failed = failed || matches!(status.as_ref(), "error" | "cancelled");
    if call.result.is_some() || call.shown.is_some() || failed {
        out.output(&id, &name, words, failed);
    }
}

/// What a call gave: the model's side of it, else what the person was shown.
fn result<'a>(call: &Call<'a>) -> (Cow<'a, str>, bool) {
    let mut out = Vec::new();
    let mut failed = false;
    let whole = call.result.filter(|raw| !raw.is_array());
    for part in call
        .result
        .map(Raw::items)
        .unwrap_or_default()
        .into_iter()
        .chain(whole)
    {
        let response = part
            .get("functionResponse")
            .and_then(|raw| raw.get("response"));
        let Some(response) = response else {
            out.push(parts::words(part).0);
            continue;
        };
        let error = response.get("error");
        failed |= error.is_some();
        let told = error.or(response.get("output")).unwrap_or(response);
        out.push(parts::output(told).0);
    }
    out.retain(|text| !text.trim().is_empty());
    if out.is_empty() {
        let shown = call.shown.map(parts::output).unwrap_or_default().0;
        return (
            Cow::Owned(text::head(&shown, text::MAX_BODY).to_owned()),
            failed,
        );
    }
    (Cow::Owned(out.join("\n")), failed)
}

/// `input` holds the cached ones; thoughts are billed as output, the tools' own prompt as input where
/// the total shows that it stands beside the rest.
pub fn tokens(raw: Option<Raw<'_>>) -> Tokens {
    let counts: Counts<'_> = raw.and_then(Raw::object).unwrap_or_default();
    let (input, cached) = (count(counts.input), count(counts.cached));
    let (output, thoughts) = (count(counts.output), count(counts.thoughts));
    let total = count(counts.total);
    let beside = total == 0 || total > input + output + thoughts;
    let tool = if beside { count(counts.tool) } else { 0 };
    let cached = cached.min(input);
    Tokens {
        input: input - cached + tool,
        cache_read: cached,
        output: output + thoughts,
        reasoning: thoughts,
        ..Tokens::default()
    }
}
