//! One update: a piece of what was said, a tool call or what came of it, or the end of a turn.

use crate::agents::read::json::{Raw, fields};
use crate::agents::read::tell::{self, Out, Record, count};
use crate::agents::read::{parts, tool};
use crate::model::{Fact, Tokens};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

fields! {
    struct Params {
        update: "update",
        meta: "_meta",
    }
}

fields! {
    struct Update {
        kind: "sessionUpdate",
        content: "content",
        meta: "_meta",
        id: "toolCallId",
        title: "title",
        input: "rawInput",
        output: "rawOutput",
        status: "status",
        prompt: "prompt_id",
        reason: "stop_reason",
        usage: "usage",
    }
}

fields! {
    struct Usage {
        input: "inputTokens",
        output: "outputTokens",
        cached: "cachedReadTokens",
        written: "cacheCreationTokens",
        reasoning: "reasoningTokens",
        ticks: "costUsdTicks",
        models: "modelUsage",
    }
}

/// What a later read must know.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    /// The update before was a piece of a prompt.
    asking: bool,
}

pub(super) fn tell(record: Record<'_>, state: &mut State, out: &mut Out<'_>) {
    // an envelope around a notification, or (once) the notification alone
    let params = record.raw.get("params").unwrap_or(record.raw);
    let read: Params<'_> = params.object().unwrap_or_default();
    let update = read.update.unwrap_or(params);
    let update: Update<'_> = update.object().unwrap_or_default();
    let of = |key: &str| read.meta.and_then(|meta| meta.get(key));
    let stamp = record.raw.get("timestamp").filter(|at| !at.is("0"));
    let stamp = stamp.filter(|at| at.int() != Some(0));
    let at = of("agentTimestampMs").or(stamp).and_then(Raw::time);
    let event = of("eventId").and_then(Raw::text).unwrap_or_default();
    out.record(at, record.offset, &event);
    // what a fork took over keeps the ids that it had
    let own = event.is_empty() || event.starts_with(out.teller.told.native.as_str());
    out.copied(!own);
    let kind = update.kind.and_then(Raw::text).unwrap_or_default();
    let asking = std::mem::replace(&mut state.asking, kind == "user_message_chunk");
    let words = || update.content.map(parts::words).unwrap_or_default();
    match kind.as_ref() {
        "user_message_chunk" => {
            let set = |raw: Option<Raw<'_>>, key: &str| {
                raw.and_then(|meta| meta.get(key)).and_then(Raw::bool) == Some(true)
            };
            let hidden = ["hostTurn", "hideFromScrollback"];
            let hidden = hidden
                .iter()
                .any(|key| set(update.meta, key) || set(read.meta, key));
            let (words, images) = words();
            match hidden || (asking && images > 0) {
                // a picture that belongs to the words before it
                true => out.note(words),
                false => out.user(&words, images),
            }
        }
        "agent_message_chunk" => out.answer(words().0),
        "agent_thought_chunk" => out.thought(words().0),
        "tool_call" => call(&update, out),
        "tool_call_update" => output(&update, out),
        "turn_completed" => {
            if update.reason.is_some_and(|reason| reason.is("cancelled")) {
                out.fact(Fact::Interruption);
            }
            let id = update.prompt.and_then(Raw::text);
            let id = id.filter(|id| !id.is_empty()).unwrap_or(event);
            usage(&update, &id, record.offset, out);
        }
        "auto_compact_completed" => out.fact(Fact::Compaction),
        _ => {}
    }
}

/// The name that the model knows a tool by; a call's title is for people.
fn call(update: &Update<'_>, out: &mut Out<'_>) {
    let about = update.meta.and_then(|meta| meta.get("x.ai/tool"));
    let name = about.and_then(|about| about.get("name")).or(update.title);
    let id = update.id.and_then(Raw::text).unwrap_or_default();
    let input = update.input.map_or("{}", Raw::as_json);
    out.call(
        &id,
        &name.and_then(Raw::text).unwrap_or_default(),
        input,
        |_| {},
    );
}

fn output(update: &Update<'_>, out: &mut Out<'_>) {
    let status = update.status.and_then(Raw::text).unwrap_or_default();
    if !matches!(status.as_ref(), "completed" | "failed") {
        return;
    }
    let id = update.id.and_then(Raw::text).unwrap_or_default();
    let code = update.output.and_then(|raw| raw.get("exit_code"));
    let failed = status == "failed" || code.and_then(Raw::float).is_some_and(|code| code != 0.0);
    let said = match out.wants().rest {
        true => said(update).unwrap_or_default(),
        false => Cow::Borrowed(""),
    };
    out.output(&id, "", said, failed);
}

/// What a tool gave: the text for people, or what its result has under one of the names for that.
fn said<'a>(update: &Update<'a>) -> Option<Cow<'a, str>> {
    let blocks = update.content.map(Raw::items).unwrap_or_default();
    let texts = blocks
        .into_iter()
        .filter_map(|block| block.get("content")?.get("text")?.filled());
    let texts = texts.collect::<Vec<_>>().join("\n");
    if !texts.is_empty() {
        return Some(Cow::Owned(texts));
    }
    let raw = update.output?;
    let inner = raw.members().into_iter().map(|(_, inner)| inner);
    let named = inner
        .filter(|inner| inner.is_object())
        .chain(std::iter::once(raw))
        .find_map(|place| {
            let names = ["content", "output", "stdout", "text", "error", "message"];
            names.iter().find_map(|name| place.get(name)?.filled())
        });
    named.or_else(|| match raw.text() {
        Some(text) => Some(text),
        None => Some(Cow::Owned(tool::listing(raw))),
    })
}

/// Counts of a turn, model by model where they are told apart.
fn usage(update: &Update<'_>, id: &str, offset: u64, out: &mut Out<'_>) {
    let Some(whole) = update.usage.and_then(Raw::object::<Usage<'_>>) else {
        return;
    };
    let native = &out.teller.told.native;
    let key = match id {
        "" => format!("{native}:{offset}"),
        id => tell::unique(native, id),
    };
    let models = whole.models.map(Raw::members).unwrap_or_default();
    if models.is_empty() {
        one(&key, &whole, out);
    }
    let known = out.teller.told.model.clone();
    for (model, counts) in models {
        let counts: Usage<'_> = counts.object().unwrap_or_default();
        out.by(Some(model.as_ref().into()));
        one(&format!("{key}:{model}"), &counts, out);
    }
    out.by(Some(known.into()));
}

/// The prompt's count holds what was read from the cache and written to it.
fn one(key: &str, counts: &Usage<'_>, out: &mut Out<'_>) {
    /// Parts of a dollar that costs are counted in.
    const TICKS: i64 = 10_000_000_000;
    let (cached, written) = (count(counts.cached), count(counts.written));
    let tokens = Tokens {
        input: count(counts.input).saturating_sub(cached.saturating_add(written)),
        cache_read: cached,
        cache_write_5m: written,
        output: count(counts.output),
        reasoning: count(counts.reasoning),
        ..Tokens::default()
    };
    let ticks = counts.ticks.and_then(Raw::int).unwrap_or(0);
    let cost = i64::try_from(ticks).unwrap_or(0) / (TICKS / 1_000_000);
    out.usage(key, tokens, Some(cost));
}
