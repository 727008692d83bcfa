//! The message record: one item of a transcript.

use super::record::{head, rfc3339};
use crate::engine::view::TranscriptItem;
use crate::model::{BodyFormat, PromptKind, Role, ToolCall, ToolKind};
use serde::{Deserialize, Serialize};

/// One message; a tool call carries its output.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MessageRecord {
    /// `user`, `assistant`, `thinking`, `tool`, `output` or `system`.
    pub role: String,
    pub content: String,
    /// The record's own id in the transcript; `""` where it has none.
    pub uuid: String,
    /// Ordinal in the session: what a deep link names. Counts every message, filtered or not.
    pub seq: u32,
    /// RFC 3339 in UTC with milliseconds; `null` when the record has no time.
    pub timestamp: Option<String>,
    /// The same in ms since the epoch.
    pub ts: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// `markdown`, `plain`, `diff`, `shell` or `json`: how `content` is meant.
    pub format: String,
    /// Of a user message: `typed`, `slash`, `shell`, `queued`, or `injected` (written by a program).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// The tool call that this message is (one at most).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ToolRecord>,
    /// Bytes of the body before any cut; `cut` says that `content` is only its beginning.
    pub bytes: u64,
    pub cut: bool,
    /// Copied from another session, which counts it.
    pub copy: bool,
    pub sidechain: bool,
    /// Images that stand in `content` as stubs.
    pub images: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolRecord {
    pub name: String,
    /// `shell`, `edit`, `write`, `read`, `search`, `web`, `task`, `plan` or `other`.
    pub kind: String,
    /// One line: the command, the path, the pattern.
    pub title: String,
    pub failed: bool,
    pub files: Vec<String>,
    pub mcp_server: Option<String>,
    pub skill: Option<String>,
    /// Id of the sub-agent session that the call started.
    pub session: Option<String>,
    /// What it printed; `null` while there is no answer.
    pub output: Option<OutputRecord>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OutputRecord {
    pub content: String,
    pub seq: u32,
    pub format: String,
    pub bytes: u64,
    pub cut: bool,
}

/// An item of `/api/preview/{id}`: the beginning of a message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PreviewRecord {
    pub role: String,
    /// At most 300 characters.
    pub content: String,
    pub seq: u32,
}

impl From<&TranscriptItem> for MessageRecord {
    fn from(item: &TranscriptItem) -> MessageRecord {
        MessageRecord {
            role: item.role.as_str().to_owned(),
            content: item.text.clone(),
            uuid: item.uuid.clone(),
            seq: item.seq,
            timestamp: rfc3339(item.at),
            ts: item.at,
            model: item.model.clone(),
            format: format(item.format).to_owned(),
            prompt: (item.role == Role::User).then(|| prompt(item.prompt).to_owned()),
            tools: item
                .tool
                .iter()
                .map(|call| tool(call, item.output.as_deref()))
                .collect(),
            bytes: item.bytes,
            cut: item.cut,
            copy: item.copy,
            sidechain: item.sidechain,
            images: item.images,
        }
    }
}

impl From<&TranscriptItem> for PreviewRecord {
    fn from(item: &TranscriptItem) -> PreviewRecord {
        PreviewRecord {
            role: item.role.as_str().to_owned(),
            content: head(&item.text, 300),
            seq: item.seq,
        }
    }
}

fn tool(call: &ToolCall, output: Option<&TranscriptItem>) -> ToolRecord {
    ToolRecord {
        name: call.name.clone(),
        kind: kind(call.kind).to_owned(),
        title: call.title.clone(),
        failed: call.failed,
        files: call.files.clone(),
        mcp_server: call.mcp.clone(),
        skill: call.skill.clone(),
        session: call.child.clone(),
        output: output.map(|output| OutputRecord {
            content: output.text.clone(),
            seq: output.seq,
            format: format(output.format).to_owned(),
            bytes: output.bytes,
            cut: output.cut,
        }),
    }
}

fn format(format: BodyFormat) -> &'static str {
    match format {
        BodyFormat::Markdown => "markdown",
        BodyFormat::Plain => "plain",
        BodyFormat::Diff => "diff",
        BodyFormat::Shell => "shell",
        BodyFormat::Json => "json",
    }
}

fn prompt(kind: PromptKind) -> &'static str {
    match kind {
        PromptKind::Typed => "typed",
        PromptKind::Slash => "slash",
        PromptKind::Shell => "shell",
        PromptKind::Queued => "queued",
        PromptKind::Injected => "injected",
    }
}

fn kind(kind: ToolKind) -> &'static str {
    match kind {
        ToolKind::Shell => "shell",
        ToolKind::Edit => "edit",
        ToolKind::Write => "write",
        ToolKind::Read => "read",
        ToolKind::Search => "search",
        ToolKind::Web => "web",
        ToolKind::Task => "task",
        ToolKind::Plan => "plan",
        ToolKind::Other => "other",
    }
}
