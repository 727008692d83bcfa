//! The members of a record that mean something to us. Everything is raw: a wrong type is a missing
//! value.

use crate::agents::read::json::{self, Raw, fields};
use std::borrow::Cow;

fields! {
    /// A record but for its message, which is read in the same pass: most bytes of a file lie in
    /// messages, and every look at them again costs as much as reading the file again.
    pub struct Record with message: Message = "message" {
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
    pub struct Content with content: Said = "content" {
        role: "role",
        id: "id",
        model: "model",
        usage: "usage",
        first: "0",
    }
}

fields! {
    pub struct Block with text: Words = "text" {
        kind: "type",
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
    /// Reads a record. Lone surrogates are replaced first where there are some.
    pub fn read<T>(json: &str, each: impl FnOnce(Record<'_>) -> T) -> Result<T, serde_json::Error> {
        match serde_json::from_str(json) {
            Ok(record) => Ok(each(spread(record, json))),
            Err(error) => match json::without_lone_surrogates(json) {
                Some(mended) => {
                    serde_json::from_str(&mended).map(|record| each(spread(record, &mended)))
                }
                None => Err(error),
            },
        }
    }

    /// The record's type; the head of a cut record may have lost it, and then the role tells.
    pub fn kind(&self) -> Cow<'a, str> {
        let kind = self.kind.and_then(Raw::text);
        let role = || self.message.body.role?.text();
        kind.or_else(role).unwrap_or_default()
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
}

/// The message: an object, a bare string, or a string that was spread into `{"0":"a","1":"b"}`.
#[derive(Clone, Debug, Default)]
pub struct Message<'a> {
    pub body: Content<'a>,
    /// The message where it is no object, or one of another shape.
    pub bare: Option<Cow<'a, str>>,
}

impl<'a> Message<'a> {
    /// The text when the content is one string.
    pub fn text(&self) -> Option<&Cow<'a, str>> {
        self.bare.as_ref().or(self.body.content.text.as_ref())
    }

    pub fn blocks(&self) -> &[Block<'a>] {
        &self.body.content.blocks
    }
}

/// A message that is a string taken apart: its letters are looked up again, it is rare.
fn spread<'a>(mut record: Record<'a>, json: &'a str) -> Record<'a> {
    let body = &record.message.body;
    if body.first.is_some() && body.content.text.is_none() && body.content.blocks.is_empty() {
        let message = Raw::parse(json).ok().and_then(|raw| raw.get("message"));
        record.message.bare = message.map(|raw| Cow::Owned(joined_characters(raw)));
    }
    record
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

/// The text of a block: as it is written, or a bare string that stood for a block.
#[derive(Clone, Debug, Default)]
pub enum Words<'a> {
    #[default]
    None,
    Written(Raw<'a>),
    Bare(Cow<'a, str>),
}

impl<'a> Words<'a> {
    pub fn text(&self) -> Option<Cow<'a, str>> {
        match self {
            Words::None => None,
            Words::Written(raw) => raw.text(),
            Words::Bare(text) => Some(text.clone()),
        }
    }

    pub fn is_blank(&self) -> bool {
        match self {
            Words::None => true,
            Words::Written(raw) => raw.is_blank(),
            Words::Bare(text) => text.trim().is_empty(),
        }
    }

    /// As it is written, for comparing.
    pub fn as_written(&self) -> &str {
        match self {
            Words::None => "",
            Words::Written(raw) => raw.as_json(),
            Words::Bare(text) => text,
        }
    }
}

/// What a message holds: one string, or blocks.
#[derive(Clone, Debug, Default)]
pub struct Said<'a> {
    pub text: Option<Cow<'a, str>>,
    pub blocks: Vec<Block<'a>>,
}

/// The blocks of a content, for those that are not a message's own.
pub fn blocks(content: Raw<'_>) -> Vec<Block<'_>> {
    if content.is_text() {
        return Vec::new();
    }
    let said: Option<Said<'_>> = serde_json::from_str(content.as_json()).ok();
    said.unwrap_or_default().blocks
}

pub fn yes(raw: Option<Raw<'_>>) -> bool {
    raw.and_then(Raw::bool) == Some(true)
}

pub fn is(raw: Option<Raw<'_>>, word: &str) -> bool {
    raw.is_some_and(|raw| raw.is(word))
}
