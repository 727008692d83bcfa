//! Continue: `~/.continue/sessions/<id>.json`, a document a session, and `sessions.json`, their list.
//!
//! Messages have no times; the list dates the session. Made after the published source; not checked
//! against real files.

use super::read::json::{Raw, fields};
use super::read::record::Kept;
use super::read::teller::{Call, Teller, content};
use super::read::{document, folder, rows, vscode};
use super::{Agent, EventSink, Listing};
use crate::model::{
    AgentInfo, Capabilities, Checkpoint, Fact, RootSpec, Source, SourceMode, TitleRank, Tokens,
    UsageEvent,
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
                Some(native) if native != "sessions" && rows::is_id(native) => native.to_owned(),
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
        if let Some(json) = document::read(&source.path, sink)? {
            tell(source, &json, sink);
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

fn tell(source: &Source, json: &str, sink: &mut dyn EventSink) {
    let session: Session<'_> = Raw::parse(json)
        .ok()
        .and_then(Raw::object)
        .unwrap_or_default();
    let mut teller = Teller::open(sink, &source.native, SourceMode::Replace, 0);
    if let Some(title) = session
        .title
        .and_then(Raw::text)
        .filter(|title| title != "New Session")
    {
        teller.title(TitleRank::Generated, &title);
    }
    if let Some(folder) = session
        .folder
        .and_then(Raw::text)
        .and_then(|uri| vscode::path(&uri))
    {
        teller.fact(Fact::Cwd(folder));
    }
    let changed =
        (source.fingerprint.mtime_ns > 0).then_some(source.fingerprint.mtime_ns / 1_000_000);
    let created = created(source);
    teller.span(created, changed);
    let model = session.model.and_then(Raw::filled);
    for (number, item) in (1..).zip(session.history.map(Raw::items).unwrap_or_default()) {
        let message: Message<'_> = item
            .get("message")
            .and_then(Raw::object)
            .unwrap_or_default();
        let id = message.id.and_then(Raw::text).unwrap_or_default();
        teller.kept(&[Kept::member("history", number, item.as_json())]);
        teller.record(&id, None, number);
        teller.by(model.clone());
        self::item(&mut teller, item, &message);
    }
    // a session's sum is all there is where messages have none
    if let Some(usage) = session.usage {
        teller.record("", changed.or(created), 0);
        teller.by(model);
        self::usage(&mut teller, source.native.clone(), usage);
    }
}

fn created(source: &Source) -> Option<i64> {
    let list = document::beside(&source.path.with_file_name("sessions.json"))?;
    let list = Raw::parse(&list).ok()?.items();
    let own = list.into_iter().find(|one| {
        let id = one.get("sessionId").and_then(Raw::text);
        id.is_some_and(|id| id == source.native)
    })?;
    own.get("dateCreated").and_then(Raw::time)
}

fn item(teller: &mut Teller<'_>, item: Raw<'_>, message: &Message<'_>) {
    let text = message.content.map(content).unwrap_or_default();
    let images = message.content.map(Raw::items).unwrap_or_default();
    let is_image = |part: &&Raw<'_>| part.get("type").is_some_and(|kind| kind.is("imageUrl"));
    let images = images.iter().filter(is_image).count() as u32;
    let role = message.role.and_then(Raw::text).unwrap_or_default();
    match role.as_ref() {
        "user" => teller.user_with(&text, images),
        "thinking" => teller.thought(&text),
        "tool" => {
            let id = message.answers.and_then(Raw::text).unwrap_or_default();
            teller.output(&id, "", &text, false);
        }
        "assistant" => {
            let reasoning = item
                .get("reasoning")
                .and_then(|reasoning| reasoning.get("text"));
            teller.thought(&reasoning.and_then(Raw::text).unwrap_or_default());
            teller.answer(&text);
            tools(teller, item, message);
        }
        _ => teller.notice(&text),
    }
}

/// Calls stand in the message, what came of them beside it.
fn tools(teller: &mut Teller<'_>, item: Raw<'_>, message: &Message<'_>) {
    let states = item.get("toolCallStates").map(Raw::items);
    let states = states.or(item.get("toolCallState").map(|state| vec![state]));
    let states = states.unwrap_or_default();
    for call in message.calls.map(Raw::items).unwrap_or_default() {
        let id = call.get("id").and_then(Raw::text).unwrap_or_default();
        let of = |key: &str| call.get("function").and_then(|function| function.get(key));
        let name = of("name").and_then(Raw::text).unwrap_or_default();
        teller.call(Call {
            id: &id,
            name: &name,
            input: &of("arguments").map(content).unwrap_or_default(),
            ..Call::default()
        });
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
            teller.output(&id, &name, &texts.collect::<Vec<_>>().join("\n"), failed);
        }
    }
    if let (Some(usage), Some(id)) = (message.usage, message.id.and_then(Raw::owned)) {
        self::usage(teller, id, usage);
    }
}

fn usage(teller: &mut Teller<'_>, key: String, usage: Raw<'_>) {
    let count = |name: &str| usage.get(name).and_then(Raw::int);
    let details = usage.get("promptTokensDetails");
    let cached = details
        .and_then(|details| details.get("cachedTokens"))
        .and_then(Raw::int);
    let cached = cached.unwrap_or(0);
    teller.usage(UsageEvent {
        key,
        model: teller.model.clone().unwrap_or_default(),
        tokens: Tokens {
            input: count("promptTokens").unwrap_or(0).saturating_sub(cached),
            cache_read: cached,
            output: count("completionTokens").unwrap_or(0),
            ..Tokens::default()
        },
        recorded_cost: super::read::teller::micro_dollars(usage.get("totalCost")),
        ..UsageEvent::default()
    });
}
