//! ChatGPT's export: an array of conversations, each a tree of messages with the leaf that was shown last.

use crate::agents::EventSink;
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::tell::{self, Out, Teller};
use crate::agents::read::whole::Document;
use crate::model::{IssueKind, Source, TitleRank};
use std::collections::{HashMap, HashSet};

fields! {
    struct Conversation {
        id: "conversation_id",
        other_id: "id",
        title: "title",
        created: "create_time",
        model: "default_model_slug",
        mapping: "mapping",
        leaf: "current_node",
    }
}

fields! {
    struct Node {
        parent: "parent",
        message: "message",
    }
}

fields! {
    struct Message {
        id: "id",
        author: "author",
        at: "create_time",
        content: "content",
        metadata: "metadata",
        recipient: "recipient",
    }
}

fields! {
    struct Content {
        kind: "content_type",
        parts: "parts",
        text: "text",
        thoughts: "thoughts",
        result: "result",
    }
}

pub fn tell(source: &Source, document: &Document, sink: &mut dyn EventSink) {
    for (number, raw) in document.root().items().into_iter().enumerate() {
        let conversation: Conversation<'_> = raw.object().unwrap_or_default();
        let id = tell::id(conversation.id.or(conversation.other_id));
        let (Some(id), Some(mapping)) = (id, conversation.mapping) else {
            let detail = "a conversation without id or messages";
            let line = number as u64 + 1;
            tell::issue(&source.path, line, IssueKind::WrongShape, detail, sink);
            continue;
        };
        let text = |raw: Option<Raw<'_>>| raw.and_then(Raw::owned).unwrap_or_default();
        let mut teller = Teller::whole(&id, sink);
        let out = &mut teller.out(sink);
        out.record(
            conversation.created.and_then(Raw::time),
            document.offset(raw),
            "",
        );
        out.title(TitleRank::Generated, &text(conversation.title));
        out.model(&text(conversation.model));
        let nodes: Vec<(String, Node<'_>)> = mapping
            .members()
            .into_iter()
            .map(|(id, node)| (id.into_owned(), node.object().unwrap_or_default()))
            .collect();
        let shown = path(&nodes, &text(conversation.leaf));
        for (node, Node { message, .. }) in &nodes {
            let Some(raw) = message else { continue };
            let message: Message<'_> = raw.object().unwrap_or_default();
            let uuid = tell::unique(&id, &text(message.id));
            out.record(message.at.and_then(Raw::time), document.offset(*raw), &uuid);
            out.sidechain(!shown.is_empty() && !shown.contains(node.as_str()));
            said(&message, out);
        }
        if out.stopped() {
            return;
        }
    }
}

/// The nodes from the leaf up to the root; a cycle ends it.
fn path<'n>(nodes: &'n [(String, Node<'_>)], leaf: &str) -> HashSet<&'n str> {
    let by_id: HashMap<&str, &(String, Node<'_>)> =
        nodes.iter().map(|node| (node.0.as_str(), node)).collect();
    let mut path = HashSet::new();
    let mut next = by_id.get(leaf);
    while let Some((id, node)) = next {
        if !path.insert(id.as_str()) {
            break;
        }
        let parent = node.parent.and_then(Raw::text).unwrap_or_default();
        next = by_id.get(parent.as_ref());
    }
    path
}

fn said(message: &Message<'_>, out: &mut Out<'_>) {
    let text = |raw: Option<Raw<'_>>| raw.and_then(Raw::owned).unwrap_or_default();
    let author = |key: &str| message.author.and_then(|author| author.get(key));
    let content: Content<'_> = message.content.and_then(Raw::object).unwrap_or_default();
    let metadata = |key: &str| message.metadata.and_then(|metadata| metadata.get(key));
    let (words, images) = words(&content);
    let hidden = metadata("is_visually_hidden_from_conversation").and_then(Raw::bool) == Some(true);
    match text(author("role")).as_str() {
        "user" if !hidden => out.user(&words, images),
        "assistant" => {
            out.model(&text(metadata("model_slug")));
            for thought in content.thoughts.map(Raw::items).unwrap_or_default() {
                out.thought(text(thought.get("content")));
            }
            // what goes to a tool is a call of it
            match text(message.recipient).as_str() {
                "" | "all" => out.answer(words),
                tool => out.call("", tool, &words, |_| {}),
            }
        }
        "tool" => {
            let name = text(author("name"));
            out.output_with("", &name, words.into(), images, false);
        }
        _ => out.note(words),
    }
}

/// The words of a content, with a stub for each picture.
fn words(content: &Content<'_>) -> (String, u32) {
    let mut out: Vec<String> = Vec::new();
    let mut images = 0;
    for part in content.parts.map(Raw::items).unwrap_or_default() {
        if let Some(text) = part.text() {
            out.push(text.into_owned());
        } else if part.get("asset_pointer").is_some() {
            images += 1;
            out.push("[image]".to_owned());
        } else if let Some(text) = part.get("text").and_then(Raw::owned) {
            out.push(text);
        }
    }
    let whole = content.text.or(content.result).and_then(Raw::owned);
    out.extend(whole.filter(|_| content.kind.is_none_or(|kind| !kind.is("thoughts"))));
    out.retain(|text| !text.trim().is_empty());
    (out.join("\n"), images)
}
