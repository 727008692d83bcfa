//! One record: words, thoughts, calls, results, tokens, and what the system notes.

use crate::agents::read::json::{Raw, fields};
use crate::agents::read::parts;
use crate::agents::read::tell::{self, Out, Record, count, wrong};
use crate::model::{Fact, PromptKind, Relation, Source, TitleRank, Tokens};
use serde::{Deserialize, Serialize};

/// What later records are told by.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    related: bool,
    labelled: bool,
}

fields! {
    struct Line {
        uuid: "uuid",
        at: "timestamp",
        kind: "type",
        subtype: "subtype",
        cwd: "cwd",
        version: "version",
        branch: "gitBranch",
        message: "message",
        usage: "usageMetadata",
        model: "model",
        window: "contextWindowSize",
        result: "toolCallResult",
        payload: "systemPayload",
        agent: "agentName",
        sidechain: "isSidechain",
        forked: "forkedFrom",
    }
}

fields! {
    struct Part {
        text: "text",
        thought: "thought",
        call: "functionCall",
        response: "functionResponse",
    }
}

fields! {
    struct Function {
        id: "id",
        name: "name",
        args: "args",
        response: "response",
    }
}

fields! {
    struct Counts {
        prompt: "promptTokenCount",
        answer: "candidatesTokenCount",
        cached: "cachedContentTokenCount",
        thoughts: "thoughtsTokenCount",
        total: "totalTokenCount",
    }
}

pub fn tell(
    source: &Source,
    record: Record<'_>,
    state: &mut State,
    out: &mut Out<'_>,
) -> Result<(), serde_json::Error> {
    let line: Line<'_> = serde_json::from_str(record.raw.as_json())?;
    let Some(kind) = line.kind.and_then(Raw::text) else {
        return Err(wrong("no type"));
    };
    let text = |raw: Option<Raw<'_>>| raw.and_then(Raw::filled).unwrap_or_default().into_owned();
    let uuid = text(line.uuid);
    out.record(line.at.and_then(Raw::time), record.offset, &uuid);
    out.cwd(&text(line.cwd));
    out.branch(&text(line.branch));
    out.version(&text(line.version));
    relation(source, &line, state, out);
    out.sidechain(source.parent.is_none() && line.sidechain.and_then(Raw::bool) == Some(true));
    out.copied(line.forked.is_some());
    let parts = line.message.and_then(|message| message.get("parts"));
    match kind.as_ref() {
        "user" => user(&line, parts, out),
        "assistant" => {
            out.model(&text(line.model));
            out.window(count(line.window));
            for part in parts.map(Raw::items).unwrap_or_default() {
                answer(part, out);
            }
            let key = match uuid.as_str() {
                "" => format!("{}@{}", source.native, record.offset),
                uuid => uuid.to_owned(),
            };
            out.usage(&key, tokens(line.usage), None);
        }
        "tool_result" => results(&line, parts, out),
        _ => system(&line, out),
    }
    Ok(())
}

fn relation(source: &Source, line: &Line<'_>, state: &mut State, out: &mut Out<'_>) {
    let label = line.agent.and_then(Raw::filled);
    if let Some(label) = label.filter(|_| source.parent.is_some() && !state.labelled) {
        state.labelled = true;
        out.fact(Fact::AgentLabel(label.into_owned()));
    }
    if state.related {
        return;
    }
    let fork = line
        .forked
        .and_then(|forked| tell::id(forked.get("sessionId")));
    let spawned = line
        .payload
        .and_then(|payload| tell::id(payload.get("parentSessionId")));
    let (native, relation) = match (&source.parent, fork, spawned) {
        (Some(parent), _, _) => (parent.clone(), Relation::SubAgent),
        (None, Some(fork), _) => (fork, Relation::Fork),
        (None, None, Some(parent)) => (parent, Relation::SubAgent),
        _ => return,
    };
    state.related = true;
    out.fact(Fact::Parent { native, relation });
}

fn user(line: &Line<'_>, parts: Option<Raw<'_>>, out: &mut Out<'_>) {
    let (words, images) = parts.map(parts::words).unwrap_or_default();
    // older versions kept results in the user's name
    results(line, parts, out);
    let shown = line.payload.and_then(|payload| payload.get("displayText"));
    let shown = shown.and_then(Raw::filled);
    let subtype = line.subtype.and_then(Raw::text).unwrap_or_default();
    match subtype.as_ref() {
        "notification" | "cron" | "background_task_completed" | "agent_bootstrap" => {
            out.note(shown.unwrap_or(words));
        }
        "mid_turn_user_message" => out.prompt(PromptKind::Queued, &shown.unwrap_or(words)),
        _ => out.user(&shown.unwrap_or(words), images),
    }
}

fn answer(raw: Raw<'_>, out: &mut Out<'_>) {
    let part: Part<'_> = raw.object().unwrap_or_default();
    if let Some(call) = part.call.and_then(Raw::object::<Function<'_>>) {
        let id = call.id.and_then(Raw::text).unwrap_or_default();
        let name = call.name.and_then(Raw::text).unwrap_or_default();
        out.call(&id, &name, call.args.map_or("{}", Raw::as_json), |_| {});
        return;
    }
    let text = part.text.and_then(Raw::text).unwrap_or_default();
    match part.thought.and_then(Raw::bool) {
        Some(true) => out.thought(text),
        _ => out.answer(text),
    }
}

fn results(line: &Line<'_>, parts: Option<Raw<'_>>, out: &mut Out<'_>) {
    let status = line.result.and_then(|result| result.get("status"));
    let told = status.is_some_and(|status| status.is("error") || status.is("cancelled"));
    for raw in parts.map(Raw::items).unwrap_or_default() {
        let response = raw.get("functionResponse");
        let Some(done) = response.and_then(Raw::object::<Function<'_>>) else {
            continue;
        };
        let id = done.id.and_then(Raw::text).unwrap_or_default();
        let name = done.name.and_then(Raw::text).unwrap_or_default();
        let error = done.response.and_then(|response| response.get("error"));
        let output = done.response.and_then(|response| response.get("output"));
        let content = error.or(output).or(done.response);
        out.output_of(&id, &name, content, told || error.is_some());
    }
}

fn system(line: &Line<'_>, out: &mut Out<'_>) {
    let payload = |key: &str| line.payload.and_then(|payload| payload.get(key));
    let subtype = line.subtype.and_then(Raw::text).unwrap_or_default();
    match subtype.as_ref() {
        "chat_compression" => out.fact(Fact::Compaction),
        "custom_title" => {
            let rank = match payload("titleSource").is_some_and(|source| source.is("auto")) {
                true => TitleRank::Generated,
                false => TitleRank::Custom,
            };
            let title = payload("customTitle").and_then(Raw::filled);
            out.title(rank, &title.unwrap_or_default());
        }
        "slash_command" if payload("phase").is_none_or(|phase| phase.is("invocation")) => {
            let command = payload("rawCommand").and_then(Raw::filled);
            out.prompt(PromptKind::Slash, &command.unwrap_or_default());
        }
        "notification" => out.note(
            payload("displayText")
                .and_then(Raw::text)
                .unwrap_or_default(),
        ),
        _ => {}
    }
}

/// `prompt` holds the cached ones. Thoughts are inside the answer's count, except where the total shows
/// that they stand beside it.
pub fn tokens(raw: Option<Raw<'_>>) -> Tokens {
    let counts: Counts<'_> = raw.and_then(Raw::object).unwrap_or_default();
    let (prompt, answer) = (count(counts.prompt), count(counts.answer));
    let (thoughts, total) = (count(counts.thoughts), count(counts.total));
    let cached = count(counts.cached).min(prompt);
    let beside = total >= prompt + answer + thoughts && thoughts > 0;
    Tokens {
        input: prompt - cached,
        cache_read: cached,
        output: if beside { answer + thoughts } else { answer },
        reasoning: if beside {
            thoughts
        } else {
            thoughts.min(answer)
        },
        ..Tokens::default()
    }
}
