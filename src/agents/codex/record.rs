//! The records of a rollout, as far as they are looked at.
//!
//! `{"timestamp","type","payload"}` a line; before mid-2025 bare items without envelope behind a header
//! `{"id","timestamp","instructions"}`. Types of members vary between versions, so that every member
//! is looked at only where it is used.

use crate::agents::read::json::{Raw, fields};
use std::borrow::Cow;

fields! {
    /// Any line.
    pub(super) struct Envelope {
        timestamp: "timestamp",
        kind: "type",
        payload: "payload",
        ordinal: "ordinal",
        record_type: "record_type",
        id: "id",
        instructions: "instructions",
    }
}

fields! {
    /// `session_meta`, and the old header.
    pub(super) struct Meta {
        id: "id",
        timestamp: "timestamp",
        cwd: "cwd",
        originator: "originator",
        cli_version: "cli_version",
        source: "source",
        git: "git",
        model: "model",
        forked_from_id: "forked_from_id",
        parent_thread_id: "parent_thread_id",
        agent_nickname: "agent_nickname",
        agent_role: "agent_role",
        agent_path: "agent_path",
        start_ordinal: "subagent_history_start_ordinal",
        history_base: "history_base",
    }
}

fields! {
    pub(super) struct Git {
        branch: "branch",
        repository_url: "repository_url",
    }
}

fields! {
    /// `turn_context`, and the settings inside `thread_settings_applied`.
    pub(super) struct Turn {
        turn_id: "turn_id",
        model: "model",
        cwd: "cwd",
        service_tier: "service_tier",
    }
}

fields! {
    /// `response_item`: what went to the model or came from it.
    pub(super) struct Item {
        kind: "type",
        id: "id",
        role: "role",
        content: "content",
        summary: "summary",
        name: "name",
        namespace: "namespace",
        arguments: "arguments",
        input: "input",
        call_id: "call_id",
        output: "output",
        status: "status",
        action: "action",
        result: "result",
        revised_prompt: "revised_prompt",
        tools: "tools",
    }
}

fields! {
    /// A block of `Item::content` or of an output.
    pub(super) struct Part {
        kind: "type",
        text: "text",
        image_url: "image_url",
    }
}

fields! {
    /// `event_msg`: what the interface was told.
    pub(super) struct Event {
        kind: "type",
        message: "message",
        text: "text",
        prompt_kind: "kind",
        images: "images",
        local_images: "local_images",
        info: "info",
        turn_id: "turn_id",
        call_id: "call_id",
        exit_code: "exit_code",
        success: "success",
        result: "result",
        new_thread_id: "new_thread_id",
        model_context_window: "model_context_window",
        thread_settings: "thread_settings",
        service_tier: "service_tier",
        model: "model",
        thread_name: "thread_name",
        item: "item",
        usage_record: "latest_token_usage_record",
    }
}

fields! {
    /// `item_completed.item` of paginated rollouts.
    pub(super) struct DoneItem {
        kind: "type",
        id: "id",
        content: "content",
        summary_text: "summary_text",
        status: "status",
        exit_code: "exit_code",
    }
}

fields! {
    /// `token_count.info`.
    pub(super) struct Counts {
        total: "total_token_usage",
        last: "last_token_usage",
        window: "model_context_window",
    }
}

fields! {
    /// `token_usage_record`, one for each response.
    pub(super) struct UsageRecord {
        thread_id: "thread_id",
        response_id: "response_id",
        model: "model",
        usage: "usage",
    }
}

/// A string that is not blank.
pub(super) fn filled(raw: Option<Raw<'_>>) -> Option<Cow<'_, str>> {
    raw.and_then(Raw::filled)
}

/// The same, owned.
pub(super) fn owned(raw: Option<Raw<'_>>) -> Option<String> {
    filled(raw).map(Cow::into_owned)
}

pub(super) fn is(raw: Option<Raw<'_>>, word: &str) -> bool {
    raw.is_some_and(|raw| raw.is(word))
}

/// The `type` or `role` as it is written: escapes never occur in these words.
pub(super) fn word<'a>(raw: Option<Raw<'a>>) -> &'a str {
    raw.map_or("", |raw| raw.as_json().trim_matches('"'))
}

/// The blocks of a content array; what is no object is passed over.
pub(super) fn parts(content: Raw<'_>) -> Vec<Part<'_>> {
    let items = content.items();
    items.into_iter().filter_map(Raw::object).collect()
}
