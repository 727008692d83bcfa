//! A row of `session_message`, the 2.x layout: one JSON object with all its content.

use super::part::Told;
use super::session::Session;
use super::told;
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::parts::content;
use crate::agents::read::tell::Out;
use crate::model::Fact;

fields! {
    struct Data {
        text: "text",
        files: "files",
        content: "content",
        model: "model",
        tokens: "tokens",
        cost: "cost",
        error: "error",
        time: "time",
        summary: "summary",
        call: "callID",
        command: "command",
        output: "output",
    }
}

fields! {
    struct Block {
        kind: "type",
        text: "text",
        id: "id",
        name: "name",
        state: "state",
        time: "time",
    }
}

fields! {
    struct State {
        status: "status",
        input: "input",
        content: "content",
        error: "error",
        result: "result",
        structured: "structured",
    }
}

pub(super) struct Row<'a> {
    pub id: &'a str,
    pub kind: &'a str,
    pub data: &'a str,
    pub number: u64,
    pub last: bool,
    pub created: Option<i64>,
}

pub(super) fn tell(out: &mut Out<'_>, session: &Session, row: &Row<'_>, skip: u32) -> Told {
    let data = Raw::parse(row.data).ok().and_then(Raw::object::<Data<'_>>);
    let Some(data) = data else {
        return Told::Nothing;
    };
    let of = |key: &str| data.time.and_then(|time| time.get(key)).and_then(Raw::time);
    let created = of("created").or(row.created);
    out.record(created, row.number, row.id);
    out.copied_anew(session.is_copy(created));
    let text = || data.text.and_then(Raw::text).unwrap_or_default();
    match row.kind {
        "user" => {
            let files = data.files.map(Raw::items).unwrap_or_default();
            let mut words = text().into_owned();
            let mut images = 0;
            for file in files {
                let get = |key: &str| file.get(key).and_then(Raw::text).unwrap_or_default();
                images += u32::from(get("mime").starts_with("image/"));
                words.push_str(&format!("\n\n[{}, {}]", get("name"), get("mime")));
            }
            out.user(words.trim(), images);
        }
        "shell" => {
            if row.last && of("completed").is_none() {
                return Told::Parts(0);
            }
            let id = data.call.and_then(Raw::text).unwrap_or_default();
            let command = data.command.and_then(Raw::text).unwrap_or_default();
            out.user(&format!("<bash-input>{command}</bash-input>"), 0);
            out.now(of("completed").or(created));
            let output = data.output.map(content).unwrap_or_default();
            out.output(&id, "bash", output.as_str(), false);
        }
        "synthetic" | "system" => out.note(text()),
        "compaction" => {
            out.fact(Fact::Compaction);
            out.note(data.summary.and_then(Raw::text).unwrap_or_default());
        }
        "model-switched" => {
            let model = data.model.and_then(|model| model.get("id"));
            out.model(&model.and_then(Raw::text).unwrap_or_default());
        }
        "assistant" => return assistant(out, row, &data, created, of("completed"), skip),
        _ => {}
    }
    Told::Whole
}

fn assistant(
    out: &mut Out<'_>,
    row: &Row<'_>,
    data: &Data<'_>,
    created: Option<i64>,
    completed: Option<i64>,
    skip: u32,
) -> Told {
    let model = data
        .model
        .and_then(|model| model.get("id").or(model.get("modelID")));
    out.by(model.and_then(Raw::text));
    let open = row.last && completed.is_none() && data.error.is_none();
    let blocks = data.content.map(Raw::items).unwrap_or_default();
    for (number, block) in blocks.iter().enumerate() {
        let Some(read) = block.object::<Block<'_>>() else {
            continue;
        };
        // a text grows until something follows it; a tool says when it is done
        if open && (is_running(&read) || (number + 1 == blocks.len() && read.state.is_none())) {
            return Told::Parts(number as u32);
        }
        out.block(number * 2);
        if number as u32 >= skip {
            self::block(out, &read, created);
        }
    }
    if open {
        return Told::Parts(blocks.len() as u32);
    }
    out.now(completed.or(created));
    if let Some(error) = data.error {
        told::error(out, error);
    }
    out.now(created);
    told::usage(out, data.tokens, data.cost, created);
    Told::Whole
}

fn is_running(block: &Block<'_>) -> bool {
    let status = block.state.and_then(|state| state.get("status"));
    status.is_some_and(|status| !status.is("completed") && !status.is("error"))
}

fn block(out: &mut Out<'_>, block: &Block<'_>, created: Option<i64>) {
    let of = |key: &str| {
        block
            .time
            .and_then(|time| time.get(key))
            .and_then(Raw::time)
    };
    out.now(of("created").or(created));
    let text = || block.text.and_then(Raw::text).unwrap_or_default();
    let is = |word: &str| block.kind.is_some_and(|kind| kind.is(word));
    if is("text") {
        out.answer(text());
    } else if is("reasoning") {
        out.thought(text());
    } else if is("tool") {
        let state: State<'_> = block.state.and_then(Raw::object).unwrap_or_default();
        let id = block.id.and_then(Raw::text).unwrap_or_default();
        let name = block.name.and_then(Raw::text).unwrap_or_default();
        let structured = state.structured;
        let child = structured.and_then(|data| data.get("sessionID").or(data.get("sessionId")));
        out.call(&id, &name, state.input.map_or("{}", Raw::as_json), |call| {
            call.mcp = (told::server(&name)).or(call.mcp.take());
            call.child = child.and_then(Raw::owned);
        });
        if is_running(block) {
            return;
        }
        let failed = state.status.is_some_and(|status| status.is("error"));
        let mut said = state.content.map(content).unwrap_or_default();
        if let Some(error) = state.error.filter(|_| failed) {
            said = error.get("message").map_or_else(|| content(error), content);
        } else if said.is_empty() {
            said = state.result.map(content).unwrap_or_default();
        }
        out.now(of("completed").or(out.time()));
        out.output(&id, &name, said.as_str(), failed);
    }
}
