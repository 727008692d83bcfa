//! The oldest layout: one document a session, with a timeline for the screen and the messages that
//! went to the model.

use crate::agents::EventSink;
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::tell::{self, Out, Teller};
use crate::agents::read::whole::Document;
use crate::model::{Checkpoint, Fact, IssueKind, Source};
use std::borrow::Cow;
use std::io;

fields! {
    struct Session {
        start: "startTime",
        cwd: "cwd",
        model: "selectedModel",
        timeline: "timeline",
        messages: "chatMessages",
    }
}

fields! {
    struct Moment {
        kind: "type",
        id: "id",
        at: "timestamp",
        text: "text",
        call: "callId",
        name: "name",
        arguments: "arguments",
        result: "result",
    }
}

fields! {
    struct Message {
        role: "role",
        content: "content",
        calls: "tool_calls",
        call: "tool_call_id",
    }
}

pub fn parse(source: &Source, sink: &mut dyn EventSink) -> io::Result<Checkpoint> {
    let Some(document) = Document::read(&source.path, sink)? else {
        return Ok(Checkpoint::default());
    };
    let session: Session<'_> = document.root().object().unwrap_or_default();
    let mut teller = Teller::whole(&source.native, sink);
    let out = &mut teller.out(sink);
    out.record(session.start.and_then(Raw::time), 0, "");
    out.cwd(&text(session.cwd));
    out.model(&text(session.model));
    let timeline = session.timeline.map(Raw::items).unwrap_or_default();
    let messages = session.messages.map(Raw::items).unwrap_or_default();
    if timeline.is_empty() && messages.is_empty() {
        let detail = "the document has neither timeline nor messages";
        out.issue(source, 0, IssueKind::WrongShape, detail);
    }
    for raw in &timeline {
        if let Some(moment) = raw.object::<Moment<'_>>() {
            let id = tell::unique(&source.native, &text(moment.id));
            out.record(moment.at.and_then(Raw::time), document.offset(*raw), &id);
            happened(&moment, out);
        }
    }
    for raw in messages.iter().filter(|_| timeline.is_empty()) {
        if let Some(message) = raw.object::<Message<'_>>() {
            out.record(None, document.offset(*raw), "");
            say(&message, out);
        }
    }
    Ok(Checkpoint::default())
}

fn text(raw: Option<Raw<'_>>) -> Cow<'_, str> {
    raw.and_then(Raw::text).unwrap_or_default()
}

fn happened(moment: &Moment<'_>, out: &mut Out<'_>) {
    match text(moment.kind).as_ref() {
        "user" => out.user(&text(moment.text), 0),
        "copilot" => out.answer(text(moment.text)),
        "tool_call_requested" => {
            let input = moment.arguments.map_or("{}", Raw::as_json);
            out.call(&text(moment.call), &text(moment.name), input, |_| {});
        }
        "tool_call_completed" => {
            if !out.waits(&text(moment.call)) {
                let input = moment.arguments.map_or("{}", Raw::as_json);
                out.call(&text(moment.call), &text(moment.name), input, |_| {});
            }
            let kind = moment.result.and_then(|result| result.get("type"));
            let failed = kind.is_some_and(|kind| !kind.is("success"));
            let log = moment
                .result
                .map(|result| result.get("log").unwrap_or(result));
            out.output_of(&text(moment.call), &text(moment.name), log, failed);
        }
        "abort" | "interrupted" => out.fact(Fact::Interruption),
        _ => out.note(text(moment.text)),
    }
}

fn say(message: &Message<'_>, out: &mut Out<'_>) {
    let content = message.content;
    match text(message.role).as_ref() {
        "user" => out.user(&text(content), 0),
        "assistant" => {
            out.answer(text(content));
            for call in message.calls.map(Raw::items).unwrap_or_default() {
                let function = call.get("function");
                let part = |key: &str| text(function.and_then(|function| function.get(key)));
                let (name, input) = (part("name").into_owned(), part("arguments").into_owned());
                out.call(&text(call.get("id")), &name, &input, |_| {});
            }
        }
        "tool" => out.output_of(&text(message.call), "", content, false),
        _ => out.note(text(content)),
    }
}
