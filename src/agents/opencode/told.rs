//! What both generations say alike: usage, errors and the names of tools.

use crate::agents::read::json::{Raw, fields};
use crate::agents::read::tell::Out;
use crate::agents::read::value::dollars;
use crate::model::{Fact, Tokens};
use std::borrow::Cow;

fields! {
    struct Counts {
        input: "input",
        output: "output",
        reasoning: "reasoning",
        cache: "cache",
    }
}

fields! {
    struct Cache {
        read: "read",
        write: "write",
    }
}

/// One response. Its key outlives being copied into a fork under another id.
pub(super) fn usage(
    out: &mut Out<'_>,
    tokens: Option<Raw<'_>>,
    cost: Option<Raw<'_>>,
    created: Option<i64>,
) {
    let Some(counts) = tokens.and_then(Raw::object::<Counts<'_>>) else {
        return;
    };
    let cache: Cache<'_> = counts.cache.and_then(Raw::object).unwrap_or_default();
    let number = |raw: Option<Raw<'_>>| raw.and_then(Raw::int).unwrap_or(0);
    let reasoning = number(counts.reasoning);
    let tokens = Tokens {
        input: number(counts.input),
        cache_read: number(cache.read),
        cache_write_5m: number(cache.write),
        output: number(counts.output).saturating_add(reasoning),
        reasoning,
        ..Tokens::default()
    };
    let model = &out.teller.told.model;
    let key = format!(
        "{}:{model}:{}:{}:{}:{}",
        created.unwrap_or(0),
        tokens.input,
        tokens.output,
        tokens.cache_read,
        tokens.cache_write_5m
    );
    out.usage(&key, tokens, dollars(cost));
}

/// What ended a response early: the person, or a failure that is said.
pub(super) fn error(out: &mut Out<'_>, error: Raw<'_>) {
    let name = error
        .get("name")
        .or(error.get("type"))
        .and_then(Raw::text)
        .unwrap_or_default();
    if name.contains("Aborted") || name == "aborted" {
        out.fact(Fact::Interruption);
        return;
    }
    let inner = error.get("data").and_then(|data| data.get("message"));
    let message = inner.or(error.get("message")).and_then(Raw::text);
    out.note(match message {
        Some(message) if name.is_empty() => message,
        Some(message) => Cow::Owned(format!("{name}: {message}")),
        None => name,
    });
}

/// Tools of the agent itself (and of its common plugins): any other name with a `_` in it begins with
/// the name of an MCP server.
const OWN: &[&str] = &[
    "apply_patch",
    "ast_grep_replace",
    "ast_grep_search",
    "background_cancel",
    "background_output",
    "background_task",
    "call_omo_agent",
    "delegate_task",
    "lsp_diagnostics",
    "plan_enter",
    "plan_exit",
    "session_read",
    "skill_mcp",
    "structured_output",
];

pub(super) fn server(tool: &str) -> Option<String> {
    if OWN.contains(&tool) || tool.starts_with("lsp_") || tool.starts_with("mcp__") {
        return None;
    }
    let (server, rest) = tool.split_once('_')?;
    (!server.is_empty() && !rest.is_empty()).then(|| server.to_owned())
}
