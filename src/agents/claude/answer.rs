//! Records on the model's side: text, thinking and tool calls.

use super::record::{Block, Record, is, yes};
use super::transcript::Parser;
use super::{output, person, queue, usage};
use crate::agents::EventSink;
use crate::agents::read::json::Raw;
use crate::agents::read::text::{self, fill};
use crate::agents::read::tool;
use crate::model::{BodyFormat, EventKind, Fact, Message, PromptKind, Role, ToolCall};
use std::borrow::Cow;

pub fn assistant(parser: &mut Parser<'_>, record: &Record<'_>, sink: &mut dyn EventSink) {
    let message = &record.message;
    let model = message.body.model.and_then(Raw::filled);
    // limits, refusals and errors come as if the model had said them
    let synthetic = model.as_deref() == Some(usage::SYNTHETIC) || yes(record.api_error);
    let model = model.filter(|_| !synthetic).map(Cow::into_owned);
    if let Some(model) = &model
        && parser.state.model != *model
    {
        parser.state.model.clone_from(model);
        parser.facts(Some(Fact::Model(model.clone())), sink);
    }
    let response = message.body.id.and_then(Raw::text).unwrap_or_default();
    let said = Message {
        role: if synthetic {
            Role::System
        } else {
            Role::Assistant
        },
        prompt: if synthetic {
            PromptKind::Injected
        } else {
            PromptKind::default()
        },
        model,
        ..Message::default()
    };
    if let Some(text) = message.text()
        && !text.trim().is_empty()
        && parser.state.is_new_block(&response, text)
    {
        words(parser, 0, text.clone(), said.clone(), sink);
    }
    for (index, block) in message.blocks().iter().enumerate() {
        if parser.state.is_new_block(&response, identity(block)) {
            self::block(parser, index, block, said.clone(), sink);
        }
    }
    for event in usage::events(record, parser.is_copy()) {
        parser.emit(EventKind::Usage(Box::new(event)), sink);
    }
    for queued in queue::answered(&mut parser.state) {
        person::lost(parser, queued, sink);
    }
}

/// What makes a block the same one when a later line of the response repeats it.
fn identity<'a>(block: &'a Block<'_>) -> &'a str {
    let parts = [block.id, block.thinking, block.content, block.source];
    let part = parts.into_iter().flatten().next();
    part.map_or(block.text.as_written(), Raw::as_json)
}

fn block(
    parser: &mut Parser<'_>,
    index: usize,
    block: &Block<'_>,
    said: Message,
    sink: &mut dyn EventSink,
) {
    let kind = block.kind.and_then(Raw::text).unwrap_or_default();
    match kind.as_ref() {
        "thinking" => {
            let Some(thought) = block.thinking.filter(|thought| !thought.is_blank()) else {
                return;
            };
            let mut message = Message {
                role: Role::Thinking,
                ..said
            };
            if parser.wants.rest {
                fill(
                    &mut message,
                    thought.text().unwrap_or_default(),
                    parser.wants,
                );
            }
            parser.push(index, message, sink);
        }
        "redacted_thinking" => {}
        "tool_use" | "server_tool_use" | "mcp_tool_use" => call(parser, index, block, said, sink),
        _ if kind.ends_with("tool_result") => served(parser, index, block, said, sink),
        "image" | "document" => {
            let mut images = 0;
            let stub = output::joined(std::slice::from_ref(block), &mut images);
            words(parser, index, stub.into(), Message { images, ..said }, sink);
        }
        _ => {
            if block.text.is_blank() {
                return;
            }
            // decoded only when somebody wants it
            let wanted = match said.role {
                Role::System => parser.wants.rest,
                _ => parser.wants.prose,
            };
            let text = if wanted { block.text.text() } else { None };
            words(parser, index, text.unwrap_or_default(), said, sink);
        }
    }
}

fn words(
    parser: &mut Parser<'_>,
    index: usize,
    text: Cow<'_, str>,
    mut message: Message,
    sink: &mut dyn EventSink,
) {
    fill(&mut message, text, parser.wants);
    parser.push(index, message, sink);
}

fn call(
    parser: &mut Parser<'_>,
    index: usize,
    block: &Block<'_>,
    said: Message,
    sink: &mut dyn EventSink,
) {
    let name = block.name.and_then(Raw::text).unwrap_or_default();
    let id = block.id.and_then(Raw::owned).unwrap_or_default();
    parser.state.remember_call(&id, &name);
    let input = block.input.map_or("{}", Raw::as_json);
    let shown = tool::present(&name, input, parser.wants.rest);
    let mut message = Message {
        role: Role::Tool,
        tool: Some(Box::new(ToolCall {
            call_id: id,
            ..shown.call
        })),
        format: shown.format,
        ..said
    };
    if parser.wants.rest {
        let body = text::body(shown.text.into());
        (message.text, message.bytes, message.cut) = (body.text, body.bytes, body.cut);
    }
    parser.push(index, message, sink);
}

/// The result of a tool that ran on the model's side: it stands in the response itself.
fn served(
    parser: &mut Parser<'_>,
    index: usize,
    block: &Block<'_>,
    said: Message,
    sink: &mut dyn EventSink,
) {
    let call_id = block.call.and_then(Raw::owned).unwrap_or_default();
    let name = parser.state.take_call(&call_id).unwrap_or_default();
    let error = block.content.and_then(|content| content.get("error_code"));
    let mut message = Message {
        role: Role::Output,
        format: BodyFormat::Plain,
        tool: Some(Box::new(ToolCall {
            kind: tool::kind(&name),
            mcp: tool::mcp_server(&name).map(str::to_owned),
            failed: yes(block.failed) || error.is_some() || is(block.kind, "tool_result_error"),
            call_id,
            name,
            ..ToolCall::default()
        })),
        ..said
    };
    if parser.wants.rest {
        let text = match block.content {
            Some(content) => output::content_text(content, &mut 0),
            None => String::new(),
        };
        fill(&mut message, text.into(), parser.wants);
    }
    parser.push(index, message, sink);
}
