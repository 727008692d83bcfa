//! Continue: `~/.continue/sessions/<id>.json`, a document a session, and `sessions.json`, their list.
//!
//! Messages have no times; the list dates the session. Made after the published source; not checked
//! against real files.

use super::read::json::{Raw, fields};
use super::read::parts::content;
use super::read::record::Kept;
use super::read::tell::{Out, Teller, Told};
use super::read::value;
use super::read::value::dollars;
use super::read::whole::Document;
use super::read::{folder, vscode};
use super::{Agent, EventSink, Listing};
use crate::model::{
    AgentInfo, Capabilities, Checkpoint, Fact, RootSpec, Source, SourceMode, TitleRank, Tokens,
};
use std::path::Path;

pub struct Continue;

static INFO: AgentInfo = AgentInfo {
    id: "continue",
    name: "Continue",
    color: "#14b8a6",
    roots: &[RootSpec {
        env: Some("CONTINUE_GLOBAL_DIR"),
        env_suffix: "sessions",
        path: ".continue/sessions",
    }],
    // it resumes the last session, never a certain one
    resume: None,
    worktrees: None,
    capabilities: Capabilities {
        usage: true,
        tool_calls: true,
        sub_agents: false,
        timestamps: false,
        thinking: true,
    },
};

impl Agent for Continue {
    fn info(&self) -> &'static AgentInfo {
        &INFO
    }

    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        let mut listing = Listing::new();
        for entry in folder::entries(root, &mut listing) {
            let native = match entry.name.strip_suffix(".json") {
                Some(native) if native != "sessions" && value::is_id(native) => native.to_owned(),
                _ => continue,
            };
            if let Some(fingerprint) = folder::fingerprint(&entry.path, &mut listing) {
                found(Source::whole(entry.path, fingerprint, native));
            }
        }
        listing
    }

    fn continues(&self, _: &Source, _: &Checkpoint) -> bool {
        false
    }

    fn parse(
        &self,
        source: &Source,
        _: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> std::io::Result<Checkpoint> {
        if let Some(document) = Document::read(&source.path, sink)? {
            tell(source, document.root(), sink);
        }
        Ok(Checkpoint::default())
    }
}

fields! {
    struct Session {
        title: "title",
        folder: "workspaceDirectory",
        history: "history",
        model: "chatModelTitle",
        usage: "usage",
    }
}

fields! {
    struct Message {
        id: "id",
        role: "role",
        content: "content",
        calls: "toolCalls",
        answers: "toolCallId",
        usage: "usage",
    }
}

fn tell(source: &Source, document: Raw<'_>, sink: &mut dyn EventSink) {
    let session: Session<'_> = document.object().unwrap_or_default();
    let mut teller = Teller::at(Told::of(&source.native), SourceMode::Replace, 0, sink);
    let out = &mut teller.out(sink);
    if let Some(title) = session
        .title
        .and_then(Raw::text)
        .filter(|title| title != "New Session")
    {
        out.title(TitleRank::Generated, &title);
    }
    if let Some(folder) = session
        .folder
        .and_then(Raw::text)
        .and_then(|uri| vscode::path(&uri))
    {
        out.fact(Fact::Cwd(folder));
    }
    let changed =
        (source.fingerprint.mtime_ns > 0).then_some(source.fingerprint.mtime_ns / 1_000_000);
    let created = created(source);
    out.span(created, changed);
    let model = session.model.and_then(Raw::filled);
    for (number, item) in (1..).zip(session.history.map(Raw::items).unwrap_or_default()) {
        let message: Message<'_> = item
            .get("message")
            .and_then(Raw::object)
            .unwrap_or_default();
        let id = message.id.and_then(Raw::text).unwrap_or_default();
        out.kept(&[Kept::member("history", number, item.as_json())]);
        out.record(None, number, &id);
        out.by(model.clone());
        self::item(out, item, &message);
    }
    // a session's sum is all there is where messages have none
    if let Some(usage) = session.usage {
        out.record(changed.or(created), 0, "");
        out.by(model);
        self::usage(out, source.native.clone(), usage);
    }
}

fn created(source: &Source) -> Option<i64> {
    let list = Document::beside(&source.path.with_file_name("sessions.json"))?;
    let own = list.root().items().into_iter().find(|one| {
        let id = one.get("sessionId").and_then(Raw::text);
        id.is_some_and(|id| id == source.native)
    })?;
    own.get("dateCreated").and_then(Raw::time)
}

fn item(out: &mut Out<'_>, item: Raw<'_>, message: &Message<'_>) {
    let text = message.content.map(content).unwrap_or_default();
    let images = message.content.map(Raw::items).unwrap_or_default();
    let is_image = |part: &&Raw<'_>| part.get("type").is_some_and(|kind| kind.is("imageUrl"));
    let images = images.iter().filter(is_image).count() as u32;
    let role = message.role.and_then(Raw::text).unwrap_or_default();
    match role.as_ref() {
        "user" => out.user(&text, images),
        "thinking" => out.thought(text),
        "tool" => {
            let id = message.answers.and_then(Raw::text).unwrap_or_default();
            out.output(&id, "", text.as_str(), false);
        }
        "assistant" => {
            let reasoning = item
                .get("reasoning")
                .and_then(|reasoning| reasoning.get("text"));
            out.thought(reasoning.and_then(Raw::text).unwrap_or_default());
            out.answer(text);
            tools(out, item, message);
        }
        _ => out.note(text),
    }
}

/// Calls stand in the message, what came of them beside it.
fn tools(out: &mut Out<'_>, item: Raw<'_>, message: &Message<'_>) {
    let states = item.get("toolCallStates").map(Raw::items);
    let states = states.or(item.get("toolCallState").map(|state| vec![state]));
    let states = states.unwrap_or_default();
    for call in message.calls.map(Raw::items).unwrap_or_default() {
        let id = call.get("id").and_then(Raw::text).unwrap_or_default();
        let of = |key: &str| call.get("function").and_then(|function| function.get(key));
        let name = of("name").and_then(Raw::text).unwrap_or_default();
        out.call(
            &id,
            &name,
            &of("arguments").map(content).unwrap_or_default(),
            |_| {},
        );
        let state = states.iter().find(|state| {
            let of = state.get("toolCallId").and_then(Raw::text);
            of.is_some_and(|of| of == id)
        });
        let Some(state) = state else {
            continue;
        };
        let output = state.get("output").map(Raw::items).unwrap_or_default();
        let texts = output
            .into_iter()
            .filter_map(|part| part.get("content").map(content));
        let status = state.get("status").and_then(Raw::text).unwrap_or_default();
        let failed = matches!(status.as_ref(), "errored" | "canceled");
        if failed || status == "done" {
            out.output(&id, &name, texts.collect::<Vec<_>>().join("\n"), failed);
        }
    }
    if let (Some(usage), Some(id)) = (message.usage, message.id.and_then(Raw::owned)) {
        self::usage(out, id, usage);
    }
}

fn usage(out: &mut Out<'_>, key: String, usage: Raw<'_>) {
    let count = |name: &str| usage.get(name).and_then(Raw::int);
    let details = usage.get("promptTokensDetails");
    let cached = details
        .and_then(|details| details.get("cachedTokens"))
        .and_then(Raw::int);
    let cached = cached.unwrap_or(0);
    out.usage(
        &key,
        Tokens {
            input: count("promptTokens").unwrap_or(0).saturating_sub(cached),
            cache_read: cached,
            output: count("completionTokens").unwrap_or(0),
            ..Tokens::default()
        },
        dollars(usage.get("totalCost")),
    );
}
