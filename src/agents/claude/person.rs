//! Records on the person's side: prompts, tool results, notices, attachments.

use super::output;
use super::queue;
use super::record::{Attachment, Block, Record, ToolResult, blocks, is, yes};
use super::title;
use super::transcript::Parser;
use crate::agents::EventSink;
use crate::agents::read::json::Raw;
use crate::agents::read::prompt::{self, Reading};
use crate::agents::read::text::{self, fill};
use crate::agents::read::tool;
use crate::model::{BodyFormat, Fact, Message, PromptKind, Role, ToolCall};
use std::borrow::Cow;

pub fn user(parser: &mut Parser<'_>, record: &Record<'_>, sink: &mut dyn EventSink) {
    let message = &record.message;
    if yes(record.compact_summary) {
        compacted(parser, record, sink);
        return;
    }
    if let Some(text) = message.text() {
        spoken(parser, record, (0, text, 0), sink);
        return;
    }
    let blocks = message.blocks();
    let is_result = |block: &Block<'_>| is(block.kind, "tool_result");
    let alone = blocks.iter().filter(|block| is_result(block)).count() == 1;
    let mut said = Vec::new();
    let mut first = 0;
    for (index, block) in blocks.iter().enumerate() {
        if is_result(block) {
            let beside = record.result.filter(|_| alone);
            result(parser, index, block, beside, sink);
            continue;
        }
        if said.is_empty() {
            first = index;
        }
        said.push(block.clone());
    }
    // one record is one prompt, however many blocks an editor or a paste made of it
    let mut images = 0;
    let text = output::joined(&said, &mut images);
    spoken(parser, record, (first, &text, images), sink);
}

fn spoken(
    parser: &mut Parser<'_>,
    record: &Record<'_>,
    (block, text, images): (usize, &str, u32),
    sink: &mut dyn EventSink,
) {
    if text.trim().is_empty() {
        return;
    }
    let mut reading = prompt::read(text);
    let written = yes(record.meta)
        || is(record.prompt_source, "system")
        // the task that an older version's sub-agent was given, inline in its parent's file
        || (parser.is_sidechain() && !parser.is_agent());
    if written && !reading.interruption {
        reading = Reading {
            kind: PromptKind::Injected,
            text: Cow::Borrowed(text.trim()),
            interruption: false,
        };
    } else if reading.kind.is_prompt() {
        queue::delivered_in_turn(text, &mut parser.state);
    } else {
        queue::delivered(text, &mut parser.state);
    }
    if reading.kind == PromptKind::Typed && is(record.prompt_source, "queued") {
        reading.kind = PromptKind::Queued;
    }
    if reading.text.trim().is_empty() {
        return;
    }
    if reading.interruption {
        parser.facts(Some(Fact::Interruption), sink);
    }
    if reading.kind == PromptKind::Slash {
        parser.facts(title::renamed(&reading.text), sink);
    }
    let message = presented(parser, reading, images);
    parser.push(block, message, sink);
}

/// A person's words or a notice, ready to be pushed.
fn presented(parser: &Parser<'_>, reading: Reading<'_>, images: u32) -> Message {
    let mut message = Message {
        role: reading.role(),
        prompt: reading.kind,
        format: match reading.kind {
            PromptKind::Shell => BodyFormat::Shell,
            _ => BodyFormat::Markdown,
        },
        images,
        ..Message::default()
    };
    fill(&mut message, reading.text, parser.wants);
    message
}

/// A prompt that left the queue and that no record handed over.
pub fn lost(parser: &mut Parser<'_>, queued: super::state::Queued, sink: &mut dyn EventSink) {
    let mut reading = prompt::read(&queued.text);
    if reading.kind == PromptKind::Typed {
        reading.kind = PromptKind::Queued;
    }
    let message = presented(parser, reading, 0);
    parser.push_at(queued.at, queued.offset, message, sink);
}

/// The summary that replaces what came before. A boundary record in front of it (newer versions)
/// has told of the compaction already.
fn compacted(parser: &mut Parser<'_>, record: &Record<'_>, sink: &mut dyn EventSink) {
    if !std::mem::take(&mut parser.state.boundary) {
        parser.facts(Some(Fact::Compaction), sink);
    }
    let message = &record.message;
    let text = match message.text() {
        Some(text) => text.clone(),
        None => Cow::Owned(output::joined(message.blocks(), &mut 0)),
    };
    notice(parser, text, sink);
}

fn notice(parser: &mut Parser<'_>, text: Cow<'_, str>, sink: &mut dyn EventSink) {
    if text.trim().is_empty() {
        return;
    }
    let mut message = Message {
        role: Role::System,
        prompt: PromptKind::Injected,
        ..Message::default()
    };
    fill(&mut message, text, parser.wants);
    parser.push(0, message, sink);
}

fn result(
    parser: &mut Parser<'_>,
    index: usize,
    block: &Block<'_>,
    beside: Option<Raw<'_>>,
    sink: &mut dyn EventSink,
) {
    let call_id = block.call.and_then(Raw::owned).unwrap_or_default();
    let name = parser.state.take_call(&call_id).unwrap_or_default();
    let structured: ToolResult<'_> = beside.and_then(Raw::object).unwrap_or_default();
    let mut message = Message {
        role: Role::Output,
        format: BodyFormat::Plain,
        images: block.content.map_or(0, output::images),
        tool: Some(Box::new(ToolCall {
            kind: tool::kind(&name),
            mcp: tool::mcp_server(&name).map(str::to_owned),
            failed: yes(block.failed),
            child: structured.agent.and_then(Raw::filled).map(|id| {
                let stem = format!("agent-{}", id.trim_start_matches("agent-"));
                super::discover::agent_native(&stem, parser.session())
            }),
            call_id,
            name,
            ..ToolCall::default()
        })),
        ..Message::default()
    };
    if parser.wants.rest {
        let mut text = match block.content {
            Some(content) => output::content_text(content, &mut 0),
            None => String::new(),
        };
        if text.trim().is_empty() {
            text = beside.map(output::beside).unwrap_or_default();
        }
        match output::persisted(&text, structured.persisted, &parser.outputs) {
            Some((whole, size)) => {
                fill(&mut message, whole.into(), parser.wants);
                message.cut |= size > text::MAX_BODY as u64;
                message.bytes = message.bytes.max(size);
            }
            None => fill(&mut message, text.into(), parser.wants),
        }
    }
    parser.push(index, message, sink);
}

pub fn system(parser: &mut Parser<'_>, record: &Record<'_>, sink: &mut dyn EventSink) {
    let subtype = record.subtype.and_then(Raw::text).unwrap_or_default();
    let content = record.content.and_then(Raw::filled).unwrap_or_default();
    match subtype.as_ref() {
        "compact_boundary" => {
            parser.state.boundary = true;
            parser.facts(Some(Fact::Compaction), sink);
            notice(parser, content, sink);
        }
        "away_summary" => {
            parser.facts(title::recap(&content), sink);
            notice(parser, content, sink);
        }
        "local_command" => spoken(parser, record, (0, &content, 0), sink),
        _ => notice(parser, content, sink),
    }
}

/// Attachments that hold what a person wrote or pointed at; the others are the runtime's reminders.
const SHOWN: &[&str] = &[
    "file",
    "directory",
    "mcp_resource",
    "selected_lines_in_ide",
    "plan_file_reference",
    "hook_blocking_error",
    "hook_additional_context",
];

pub fn attachment(parser: &mut Parser<'_>, record: &Record<'_>, sink: &mut dyn EventSink) {
    let Some(raw) = record.attachment else {
        return;
    };
    let attachment: Attachment<'_> = raw.object().unwrap_or_default();
    let kind = attachment.kind.and_then(Raw::text).unwrap_or_default();
    if kind == "queued_command" {
        queued_command(parser, &attachment, sink);
        return;
    }
    if !SHOWN.contains(&kind.as_ref()) {
        return;
    }
    let name = attachment.display.or(attachment.filename);
    let name = name.and_then(Raw::text).unwrap_or_default();
    let words = if parser.wants.rest {
        attachment.content.map(attached).unwrap_or_default()
    } else {
        String::new()
    };
    let text = format!("[{kind}] {name}\n{words}");
    notice(parser, text.trim_end().to_owned().into(), sink);
}

fn attached(content: Raw<'_>) -> String {
    let file = content.get("file").unwrap_or(content);
    match file.get("content").or(file.get("base64")) {
        Some(inner) if inner.is_text() => inner.owned().unwrap_or_default(),
        _ => output::content_text(content, &mut 0),
    }
}

fn queued_command(parser: &mut Parser<'_>, attachment: &Attachment<'_>, sink: &mut dyn EventSink) {
    let mut images = 0;
    let text = match attachment.prompt {
        Some(prompt) if prompt.is_array() => {
            Cow::Owned(output::joined(&blocks(prompt), &mut images))
        }
        prompt => prompt.and_then(Raw::text).unwrap_or_default(),
    };
    if text.trim().is_empty() {
        return;
    }
    queue::delivered(&text, &mut parser.state);
    let mut reading = prompt::read(&text);
    if reading.kind == PromptKind::Typed {
        reading.kind = match attachment.mode.and_then(Raw::text).as_deref() {
            Some("bash") => PromptKind::Shell,
            Some("prompt") | None => PromptKind::Queued,
            Some(_) => PromptKind::Injected,
        };
    }
    let message = presented(parser, reading, images);
    parser.push(0, message, sink);
}
