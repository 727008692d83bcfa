//! A message of the 1.x layouts with its parts.

use super::session::Session;
use super::told;
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::tell::Out;
use crate::agents::read::tool;
use crate::model::Fact;
use std::borrow::Cow;

fields! {
    struct Info {
        role: "role",
        time: "time",
        model_id: "modelID",
        model: "model",
        tokens: "tokens",
        cost: "cost",
        error: "error",
        summary: "summary",
    }
}

fields! {
    struct Times {
        created: "created",
        completed: "completed",
        start: "start",
        end: "end",
    }
}

fields! {
    struct Part {
        kind: "type",
        text: "text",
        synthetic: "synthetic",
        ignored: "ignored",
        time: "time",
        tool: "tool",
        call: "callID",
        state: "state",
        mime: "mime",
        filename: "filename",
        url: "url",
        prompt: "prompt",
        name: "name",
    }
}

fields! {
    struct State {
        status: "status",
        input: "input",
        output: "output",
        error: "error",
        metadata: "metadata",
        time: "time",
    }
}

/// A message record, of a file or a row.
pub(super) struct Message<'a> {
    pub id: &'a str,
    pub data: &'a str,
    pub number: u64,
    /// No answer follows it in the session: it may still be in the making. (A prompt may follow, typed
    /// while the answer is.)
    pub last: bool,
}

/// How far a message has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Whole,
    /// Only so many of its parts are finished yet.
    Parts(u32),
    /// Not an object at all.
    Nothing,
}

/// Whether a message is the model's.
pub(super) fn is_answer(data: &str) -> bool {
    let role = Raw::parse(data).ok().and_then(|data| data.get("role"));
    role.is_some_and(|role| role.is("assistant"))
}

/// Tells a message from its part number `skip` on.
pub(super) fn tell(
    out: &mut Out<'_>,
    session: &Session,
    message: &Message<'_>,
    parts: &[String],
    skip: u32,
) -> Told {
    let info = Raw::parse(message.data)
        .ok()
        .and_then(Raw::object::<Info<'_>>);
    let Some(info) = info else {
        return Told::Nothing;
    };
    let time: Times<'_> = info.time.and_then(Raw::object).unwrap_or_default();
    let created = time.created.and_then(Raw::time);
    out.record(created, message.number, message.id);
    out.copied_anew(session.is_copy(created));
    let model = info.model_id.or(info.model.and_then(|m| m.get("modelID")));
    let read: Vec<Part<'_>> = parts
        .iter()
        .map(|part| {
            Raw::parse(part)
                .ok()
                .and_then(Raw::object)
                .unwrap_or_default()
        })
        .collect();
    if info.role.is_some_and(|role| role.is("user")) {
        // the row comes before its parts
        if message.last && parts.is_empty() {
            return Told::Parts(0);
        }
        user(out, &read);
        return Told::Whole;
    }
    out.by(model.and_then(Raw::text));
    let open = message.last && time.completed.is_none() && info.error.is_none();
    for (number, part) in read.iter().enumerate() {
        if open && !is_finished(part) {
            return Told::Parts(number as u32);
        }
        // numbered from the message's beginning, however often it is read
        out.block(number * 2);
        if number as u32 >= skip {
            self::part(out, part, created);
        }
    }
    if open {
        return Told::Parts(read.len() as u32);
    }
    out.now(time.completed.and_then(Raw::time).or(created));
    if let Some(error) = info.error {
        told::error(out, error);
    }
    if info.summary.and_then(Raw::bool) == Some(true) {
        out.fact(Fact::Compaction);
    }
    out.now(created);
    told::usage(out, info.tokens, info.cost, created);
    Told::Whole
}

fn user(out: &mut Out<'_>, parts: &[Part<'_>]) {
    let yes = |raw: Option<Raw<'_>>| raw.and_then(Raw::bool) == Some(true);
    let is = |part: &Part<'_>, kind: &str| part.kind.is_some_and(|known| known.is(kind));
    let mut words: Vec<Cow<'_, str>> = Vec::new();
    let mut images = 0;
    for part in parts {
        if is(part, "text") && !yes(part.synthetic) && !yes(part.ignored) {
            words.extend(part.text.and_then(Raw::filled));
        } else if is(part, "file") {
            let name = part.filename.and_then(Raw::filled);
            let mime = part.mime.and_then(Raw::filled).unwrap_or_default();
            images += u32::from(mime.starts_with("image/"));
            let name = name.unwrap_or(Cow::Borrowed("file"));
            words.push(format!("[{name}, {mime}]").into());
        } else if is(part, "subtask") {
            words.extend(part.prompt.and_then(Raw::filled));
        }
    }
    // a file alone is no prompt in words, but it was sent
    out.user(&words.join("\n\n"), images);
    for part in parts
        .iter()
        .filter(|part| is(part, "text") && yes(part.synthetic))
    {
        out.note(part.text.and_then(Raw::text).unwrap_or_default());
    }
}

fn is_finished(part: &Part<'_>) -> bool {
    let kind = part.kind.and_then(Raw::text).unwrap_or_default();
    match kind.as_ref() {
        "text" | "reasoning" => part.time.and_then(|time| time.get("end")).is_some(),
        "tool" => part
            .state
            .and_then(|state| state.get("status"))
            .is_some_and(|status| status.is("completed") || status.is("error")),
        _ => true,
    }
}

fn part(out: &mut Out<'_>, part: &Part<'_>, created: Option<i64>) {
    let time: Times<'_> = part.time.and_then(Raw::object).unwrap_or_default();
    out.now(time.start.and_then(Raw::time).or(created));
    let kind = part.kind.and_then(Raw::text).unwrap_or_default();
    let text = || part.text.and_then(Raw::text).unwrap_or_default();
    match kind.as_ref() {
        "text" if part.synthetic.and_then(Raw::bool) == Some(true) => out.note(text()),
        "text" => out.answer(text()),
        "reasoning" => out.thought(text()),
        "tool" => tool_part(out, part, created),
        _ => {}
    }
}

fn tool_part(out: &mut Out<'_>, part: &Part<'_>, created: Option<i64>) {
    let state: State<'_> = part.state.and_then(Raw::object).unwrap_or_default();
    let time: Times<'_> = state.time.and_then(Raw::object).unwrap_or_default();
    let (name, id) = (part.tool.and_then(Raw::text), part.call.and_then(Raw::text));
    let (name, id) = (name.unwrap_or_default(), id.unwrap_or_default());
    let metadata = state.metadata;
    let of = |key: &str| metadata.and_then(|metadata| metadata.get(key));
    out.now(time.start.and_then(Raw::time).or(created));
    out.call(&id, &name, state.input.map_or("{}", Raw::as_json), |call| {
        call.mcp = (told::server(&name)).or(call.mcp.take());
        call.child = of("sessionId").or(of("sessionID")).and_then(Raw::owned);
    });
    let is = |word: &str| state.status.is_some_and(|status| status.is(word));
    if !is("completed") && !is("error") {
        return;
    }
    let failed = is("error")
        || name == "invalid"
        || of("exit")
            .and_then(Raw::float)
            .is_some_and(|code| code != 0.0);
    let said = state.output.or(state.error);
    let said = match said.and_then(Raw::text) {
        Some(text) => text,
        None => said.map(tool::listing).unwrap_or_default().into(),
    };
    out.now(time.end.and_then(Raw::time).or(out.time()));
    out.output(&id, &name, said, failed);
}
