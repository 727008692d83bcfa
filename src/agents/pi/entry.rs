//! One entry of a session.

use super::variant;
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::tell::{self, Out, Record, count, dollars, wrong};
use crate::agents::read::{blocks, parts};
use crate::model::{AgentId, Fact, PromptKind, Relation, Source, TitleRank, Tokens};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What later entries are told by.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    headed: bool,
}

fields! {
    struct Entry {
        kind: "type",
        id: "id",
        at: "timestamp",
        cwd: "cwd",
        branched: "branchedFrom",
        parent: "parentSession",
        model: "modelId",
        message: "message",
        summary: "summary",
        name: "name",
        title: "title",
        content: "content",
    }
}

fields! {
    struct Message {
        role: "role",
        content: "content",
        at: "timestamp",
        model: "model",
        usage: "usage",
        stop: "stopReason",
        error: "errorMessage",
        response: "responseId",
        call: "toolCallId",
        tool: "toolName",
        failed: "isError",
        command: "command",
        output: "output",
        exit: "exitCode",
        cancelled: "cancelled",
        summary: "summary",
    }
}

fields! {
    struct Usage {
        input: "input",
        output: "output",
        read: "cacheRead",
        written: "cacheWrite",
        reasoning: "reasoning",
        cost: "cost",
    }
}

fn text(raw: Option<Raw<'_>>) -> Cow<'_, str> {
    raw.and_then(Raw::text).unwrap_or_default()
}

pub fn tell(
    source: &Source,
    record: Record<'_>,
    state: &mut State,
    out: &mut Out<'_>,
) -> Result<(), serde_json::Error> {
    let entry: Entry<'_> = serde_json::from_str(record.raw.as_json())?;
    let Some(kind) = entry.kind.and_then(Raw::text) else {
        return Err(wrong("no type"));
    };
    let at = entry.at.and_then(Raw::time);
    out.record(at, record.offset, "");
    match kind.as_ref() {
        "session" => header(source, &entry, state, out),
        "title" => out.title(TitleRank::Generated, &text(entry.title)),
        "message" => {
            let Some(message) = entry.message.and_then(Raw::object::<Message<'_>>) else {
                return Err(wrong("no message"));
            };
            let said = message.at.and_then(Raw::time);
            out.record(at.or(said), record.offset, &uuid(&entry, &message));
            tell_message(&message, record.offset, out);
        }
        "model_change" => out.model(&text(entry.model)),
        "compaction" => {
            out.fact(Fact::Compaction);
            out.note(text(entry.summary));
        }
        "branch_summary" => out.note(text(entry.summary)),
        "session_info" => out.title(TitleRank::Custom, &text(entry.name)),
        "custom_message" => {
            out.note(entry.content.map(parts::words).unwrap_or_default().0);
        }
        _ => {}
    }
    Ok(())
}

fn header(source: &Source, entry: &Entry<'_>, state: &mut State, out: &mut Out<'_>) {
    // a file name without an id leaves it to the header
    if let Some(id) = tell::id(entry.id).filter(|_| source.native.is_empty()) {
        out.native(&id);
    }
    out.cwd(&text(entry.cwd));
    out.model(&text(entry.model));
    if state.headed {
        return;
    }
    state.headed = true;
    if let Some(info) = variant(&source.path) {
        out.fact(Fact::Variant(AgentId::new(info.id)));
    }
    let from = entry.branched.or(entry.parent).and_then(Raw::filled);
    let (native, relation) = match (&source.parent, from) {
        (Some(parent), _) => (parent.clone(), Relation::SubAgent),
        (None, Some(path)) => (session_at(&path), Relation::Fork),
        (None, None) => return,
    };
    out.fact(Fact::Parent { native, relation });
}

/// The session whose file a path names.
fn session_at(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let stem = name.split(".jsonl").next().unwrap_or(name);
    let id = stem.rsplit_once('_').map_or(stem, |(_, id)| id);
    tell::id_of_name(id)
}

/// Entry ids are short and unique within their session only; a branch copies them with their times.
fn uuid(entry: &Entry<'_>, message: &Message<'_>) -> String {
    let stamp = message.at.and_then(Raw::int);
    let id = text(entry.id);
    match (id.as_ref(), stamp) {
        ("", None) => String::new(),
        ("", Some(at)) => {
            let call = text(message.call);
            format!("{at}.{}.{call}", text(message.role))
        }
        (id, at) => format!("{id}.{}", at.unwrap_or(0)),
    }
}

fn tell_message(message: &Message<'_>, offset: u64, out: &mut Out<'_>) {
    match text(message.role).as_ref() {
        "user" => {
            let (words, images) = message.content.map(parts::words).unwrap_or_default();
            out.user(without_date(&words), images);
        }
        "assistant" => answer(message, offset, out),
        "toolResult" => {
            let failed = message.failed.and_then(Raw::bool) == Some(true);
            let name = text(message.tool);
            out.output_of(&text(message.call), &name, message.content, failed);
        }
        "bashExecution" => {
            out.prompt(PromptKind::Shell, &text(message.command));
            let exit = message.exit.and_then(Raw::float);
            let failed = exit.is_some_and(|code| code != 0.0)
                || message.cancelled.and_then(Raw::bool) == Some(true);
            out.output_of("", "bash", message.output, failed);
        }
        "branchSummary" | "compactionSummary" => out.note(text(message.summary)),
        _ => out.note(message.content.map(parts::words).unwrap_or_default().0),
    }
}

fn answer(message: &Message<'_>, offset: u64, out: &mut Out<'_>) {
    out.model(&text(message.model));
    if let Some(content) = message.content {
        blocks::assistant(content, out);
    }
    match text(message.stop).as_ref() {
        "aborted" => out.fact(Fact::Interruption),
        "error" => out.note(text(message.error)),
        _ => {}
    }
    let usage: Usage<'_> = message.usage.and_then(Raw::object).unwrap_or_default();
    let output = count(usage.output);
    let tokens = Tokens {
        input: count(usage.input),
        cache_read: count(usage.read),
        cache_write_5m: count(usage.written),
        output,
        reasoning: count(usage.reasoning).min(output),
        ..Tokens::default()
    };
    let cost = dollars(usage.cost.and_then(|cost| cost.get("total")));
    // a branch copies responses with their own times: those make them the same one again
    let key = match (
        message.response.and_then(Raw::filled),
        message.at.and_then(Raw::int),
    ) {
        (Some(id), _) => id.into_owned(),
        (None, Some(at)) => format!("{at}/{}/{output}", text(message.model)),
        (None, None) => format!("{}@{offset}", out.teller.told.native),
    };
    out.usage(&key, tokens, cost);
}

/// OpenClaw puts `[Mon 2026-02-02 10:00 UTC] ` in front of what a person wrote.
fn without_date(words: &str) -> &str {
    const DAYS: [&str; 7] = ["Mon ", "Tue ", "Wed ", "Thu ", "Fri ", "Sat ", "Sun "];
    let inside = words
        .strip_prefix('[')
        .filter(|rest| DAYS.iter().any(|day| rest.starts_with(day)));
    match inside.and_then(|rest| rest.split_once(']')) {
        Some((date, rest)) if date.len() <= 40 => rest.trim_start(),
        _ => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_date_is_taken_off() {
        assert_eq!(without_date("[Mon 2026-02-02 10:00 UTC] hi"), "hi");
        for words in ["[Monday] hi", "[x] hi", "[Mon hi", "hi"] {
            assert_eq!(without_date(words), words);
        }
    }

    #[test]
    fn a_parent_is_named_by_its_file() {
        assert_eq!(session_at("/a/b/2026-01-01T00-00-00-000Z_abc.jsonl"), "abc");
        assert_eq!(session_at("C:\\a\\x.jsonl"), "x");
        assert_eq!(session_at("../.."), "unnamed");
    }
}
