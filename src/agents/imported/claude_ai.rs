//! Claude.ai's export: an array of conversations with their messages.

use crate::agents::EventSink;
use crate::agents::read::blocks;
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::tell::{self, Out, Teller};
use crate::agents::read::whole::Document;
use crate::model::{IssueKind, Source, TitleRank};

fields! {
    struct Conversation {
        id: "uuid",
        name: "name",
        created: "created_at",
        model: "model",
        messages: "chat_messages",
    }
}

fields! {
    struct Message {
        id: "uuid",
        text: "text",
        content: "content",
        sender: "sender",
        at: "created_at",
        attachments: "attachments",
    }
}

pub fn tell(source: &Source, document: &Document, sink: &mut dyn EventSink) {
    for (number, raw) in document.root().items().into_iter().enumerate() {
        let conversation: Conversation<'_> = raw.object().unwrap_or_default();
        let (Some(id), Some(messages)) = (tell::id(conversation.id), conversation.messages) else {
            let detail = "a conversation without id or messages";
            let line = number as u64 + 1;
            tell::issue(&source.path, line, IssueKind::WrongShape, detail, sink);
            continue;
        };
        let mut teller = Teller::whole(&id, sink);
        let out = &mut teller.out(sink);
        out.record(
            conversation.created.and_then(Raw::time),
            document.offset(raw),
            "",
        );
        let text = |raw: Option<Raw<'_>>| raw.and_then(Raw::owned).unwrap_or_default();
        out.title(TitleRank::Generated, &text(conversation.name));
        out.model(&text(conversation.model));
        for raw in messages.items() {
            let message: Message<'_> = raw.object().unwrap_or_default();
            let uuid = tell::unique(&id, &text(message.id));
            out.record(message.at.and_then(Raw::time), document.offset(raw), &uuid);
            said(&message, out);
        }
        if out.stopped() {
            return;
        }
    }
}

fn said(message: &Message<'_>, out: &mut Out<'_>) {
    // the blocks have what the plain text has, and more; older exports have the text alone
    let blocks = message
        .content
        .filter(|content| content.items().iter().any(|it| it.is_object()));
    let content = blocks.or(message.text);
    let human = message.sender.is_some_and(|sender| sender.is("human"));
    match (content, human) {
        (Some(content), true) => blocks::user(content, out),
        (Some(content), false) => blocks::assistant(content, out),
        (None, _) => {}
    }
    for attached in message.attachments.map(Raw::items).unwrap_or_default() {
        let name = attached
            .get("file_name")
            .and_then(Raw::owned)
            .unwrap_or_default();
        let text = attached.get("extracted_content").and_then(Raw::filled);
        if let Some(text) = text {
            out.note(format!("{name}\n{text}"));
        }
    }
}
