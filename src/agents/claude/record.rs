//! The members of a record that mean something to us. Everything is raw: a wrong type is a missing
//! value.

use crate::agents::read::json::{Raw, fields};
use std::borrow::Cow;

fields! {
    pub struct Record {
        kind: "type",
        subtype: "subtype",
        uuid: "uuid",
        session: "sessionId",
        session_snake: "session_id",
        timestamp: "timestamp",
        cwd: "cwd",
        branch: "gitBranch",
        version: "version",
        entrypoint: "entrypoint",
        sidechain: "isSidechain",
        meta: "isMeta",
        compact_summary: "isCompactSummary",
        api_error: "isApiErrorMessage",
        request: "requestId",
        prompt_source: "promptSource",
        message: "message",
        result: "toolUseResult",
        content: "content",
        cost: "costUSD",
        custom_title: "customTitle",
        agent_name: "agentName",
        ai_title: "aiTitle",
        summary: "summary",
        leaf: "leafUuid",
        worktree: "worktreeSession",
        attachment: "attachment",
        operation: "operation",
        data: "data",
        forked_from: "forkedFrom",
        parent_session: "parentSessionId",
        agent_type: "attributionAgent",
    }
}

fields! {
    pub struct Content {
        role: "role",
        id: "id",
        model: "model",
        content: "content",
        usage: "usage",
        first: "0",
    }
}

fields! {
    pub struct Block {
        kind: "type",
        text: "text",
        thinking: "thinking",
        id: "id",
        name: "name",
        input: "input",
        call: "tool_use_id",
        content: "content",
        failed: "is_error",
        source: "source",
        file: "file",
        title: "title",
        url: "url",
        tool_name: "tool_name",
    }
}

fields! {
    pub struct ToolResult {
        agent: "agentId",
        persisted: "persistedOutputPath",
        stdout: "stdout",
        stderr: "stderr",
    }
}

fields! {
    pub struct Attachment {
        kind: "type",
        prompt: "prompt",
        mode: "commandMode",
        content: "content",
        filename: "filename",
        display: "displayPath",
        uuid: "source_uuid",
    }
}

impl<'a> Record<'a> {
    /// The record's type; the head of a cut record may have lost it, and then the role tells.
    pub fn kind(&self) -> Cow<'a, str> {
        let role = || {
            let message: Content<'a> = self.message?.object()?;
            message.role?.text()
        };
        self.kind
            .and_then(Raw::text)
            .or_else(role)
            .unwrap_or_default()
    }

    pub fn session(&self) -> Option<Cow<'a, str>> {
        let filled = |raw: Option<Raw<'a>>| raw.and_then(Raw::filled);
        filled(self.session).or_else(|| filled(self.session_snake))
    }

    pub fn is_copy(&self) -> bool {
        self.forked_from.is_some()
    }

    pub fn is_sidechain(&self) -> bool {
        yes(self.sidechain)
    }

    /// The message: an object, a bare string, or a string that was spread into `{"0":"a","1":"b"}`.
    pub fn message(&self) -> Message<'a> {
        let Some(raw) = self.message else {
            return Message::default();
        };
        if let Some(text) = raw.text() {
            return Message {
                spread: Some(text),
                ..Message::default()
            };
        }
        let body: Content<'a> = raw.object().unwrap_or_default();
        let spread = (body.content.is_none() && body.first.is_some())
            .then(|| Cow::Owned(joined_characters(raw)));
        Message { body, spread }
    }
}

#[derive(Default)]
pub struct Message<'a> {
    pub body: Content<'a>,
    /// The text, when it is not in `body.content`.
    pub spread: Option<Cow<'a, str>>,
}

impl<'a> Message<'a> {
    /// The text when the content is one string.
    pub fn text(&self) -> Option<Cow<'a, str>> {
        self.spread.clone().or_else(|| self.body.content?.text())
    }

    pub fn blocks(&self) -> Vec<Block<'a>> {
        self.body.content.map(blocks).unwrap_or_default()
    }
}

/// The blocks of an array; a bare string in it is a text block. One block alone need not be in one.
pub fn blocks(content: Raw<'_>) -> Vec<Block<'_>> {
    if content.is_object() {
        return block(content).into_iter().collect();
    }
    if !content.is_array() {
        return Vec::new();
    }
    if let Some(blocks) = content.objects() {
        return blocks;
    }
    content.items().into_iter().filter_map(block).collect()
}

fn block(raw: Raw<'_>) -> Option<Block<'_>> {
    if raw.is_text() {
        return Some(Block {
            text: Some(raw),
            ..Block::default()
        });
    }
    raw.object()
}

fn joined_characters(raw: Raw<'_>) -> String {
    let mut parts: Vec<(u64, Cow<'_, str>)> = raw
        .members()
        .into_iter()
        .filter_map(|(key, value)| Some((key.parse().ok()?, value.text()?)))
        .collect();
    parts.sort_by_key(|(position, _)| *position);
    parts.into_iter().map(|(_, part)| part).collect()
}

pub fn yes(raw: Option<Raw<'_>>) -> bool {
    raw.and_then(Raw::bool) == Some(true)
}

pub fn is(raw: Option<Raw<'_>>, word: &str) -> bool {
    raw.is_some_and(|raw| raw.is(word))
}
