//! The `codedash` schema: sessions of any program as lines of JSON, one file a session.
//!
//! The file's name is the session's id. Every line is an object with a `type`; all else is optional, and
//! what is not known is passed over. Times are RFC 3339 or numbers (seconds or milliseconds).
//!
//! | `type` | members |
//! |---|---|
//! | `session` (first) | `time`, `agent` (whose it is), `title`, `cwd`, `branch`, `remote`, `version`, `model`, `parent` (id of the session that started this one) |
//! | `message` | `role`: `user`, `assistant`, `thinking`, `system`; `text`, `time`, `id`, `model` |
//! | `call` | `id`, `name`, `input` (an object or text), `time` |
//! | `output` | `id` of its call, `text` (or blocks), `failed` |
//! | `usage` | `id` of the response, `time`, `model`, `input` (without cache), `output`, `cache_read`, `cache_write`, `reasoning` (inside `output`), `cost_usd` |
//! | `title` | `text` |
//! | `compaction`, `interruption` | `time` |
//!
//! ```json
//! {"type":"session","agent":"my-bot","cwd":"/home/ann/shop","title":"Fix the cart"}
//! {"type":"message","role":"user","text":"why is the cart empty?","time":"2026-11-02T09:00:00Z"}
//! {"type":"call","id":"c1","name":"bash","input":{"command":"git log -3"}}
//! {"type":"output","id":"c1","text":"abc fix the cart"}
//! {"type":"usage","id":"r1","model":"claude-sonnet-4-5","input":900,"output":40}
//! ```

use crate::agents::read::chat::arguments;
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::parts;
use crate::agents::read::tell::{self, Out, Record, count, dollars, wrong};
use crate::model::{Fact, Relation, TitleRank, Tokens};

fields! {
    struct Line {
        kind: "type",
        id: "id",
        time: "time",
        agent: "agent",
        title: "title",
        cwd: "cwd",
        branch: "branch",
        remote: "remote",
        version: "version",
        model: "model",
        parent: "parent",
        role: "role",
        text: "text",
        name: "name",
        input: "input",
        output: "output",
        failed: "failed",
        read: "cache_read",
        write: "cache_write",
        reasoning: "reasoning",
        cost: "cost_usd",
    }
}

pub fn tell(record: Record<'_>, out: &mut Out<'_>) -> Result<(), serde_json::Error> {
    let line: Line<'_> = serde_json::from_str(record.raw.as_json())?;
    let Some(kind) = line.kind.and_then(Raw::text) else {
        return Err(wrong("no type"));
    };
    let text = |raw: Option<Raw<'_>>| raw.and_then(Raw::owned).unwrap_or_default();
    let id = text(line.id);
    let native = out.teller.told.native.clone();
    let uuid = if kind == "message" {
        tell::unique(&native, &id)
    } else {
        String::new()
    };
    out.record(line.time.and_then(Raw::time), record.offset, &uuid);
    out.model(&text(line.model));
    match kind.as_ref() {
        "session" => session(&line, out),
        "title" => out.title(TitleRank::Custom, &text(line.text)),
        "message" => {
            let (words, images) = line.text.map(parts::words).unwrap_or_default();
            match text(line.role).as_str() {
                "user" => out.user(&words, images),
                "assistant" => out.answer(words),
                "thinking" => out.thought(words),
                "system" => out.note(words),
                _ => return Err(wrong("a role that is none")),
            }
        }
        "call" => out.call(&id, &text(line.name), &arguments(line.input), |_| {}),
        "output" => {
            let failed = line.failed.and_then(Raw::bool) == Some(true);
            out.output_of(&id, &text(line.name), line.text, failed);
        }
        "usage" => {
            let key = match id.as_str() {
                "" => format!("{native}@{}", record.offset),
                id => tell::unique(&native, id),
            };
            let output = count(line.output);
            let tokens = Tokens {
                input: count(line.input),
                cache_read: count(line.read),
                cache_write_5m: count(line.write),
                output,
                reasoning: count(line.reasoning).min(output),
                ..Tokens::default()
            };
            out.usage(&key, tokens, dollars(line.cost));
        }
        "compaction" => out.fact(Fact::Compaction),
        "interruption" => out.fact(Fact::Interruption),
        _ => {}
    }
    Ok(())
}

fn session(line: &Line<'_>, out: &mut Out<'_>) {
    let text = |raw: Option<Raw<'_>>| raw.and_then(Raw::owned).unwrap_or_default();
    out.cwd(&text(line.cwd));
    out.branch(&text(line.branch));
    out.remote(&text(line.remote));
    out.version(&text(line.version));
    out.origin(&text(line.agent));
    out.title(TitleRank::Custom, &text(line.title));
    if let Some(native) = tell::id(line.parent) {
        out.fact(Fact::Parent {
            native,
            relation: Relation::SubAgent,
        });
    }
}
