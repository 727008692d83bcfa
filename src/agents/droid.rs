//! Factory Droid: `sessions/<folder>/<uuid>.jsonl` below its folder, and `<uuid>.settings.json` beside it.
//!
//! The lines hold the conversation in the form of the Messages API; the model and the tokens, as one
//! running sum for the whole session, stand in the settings. That sum is dated by the provider lock, so
//! that days are only as good as that.
//!
//! Checked against real files: none were at hand; the layout follows published descriptions of it.

use super::read::json::{Raw, fields};
use super::read::tell::{self, Out, Record, count, wrong};
use super::read::whole::Document;
use super::read::{blocks, folder};
use super::{Agent, EventSink, Listing};
use crate::model::{
    AgentInfo, Capabilities, Checkpoint, Fact, Rank, Relation, RootSpec, Source, TitleRank, Tokens,
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::io;
use std::path::Path;

pub struct Droid;

static INFO: AgentInfo = AgentInfo {
    id: "droid",
    name: "Factory Droid",
    color: "#f97316",
    roots: &[RootSpec::fixed(".factory/sessions")],
    resume: Some("droid --resume {id}"),
    worktrees: None,
    capabilities: Capabilities {
        usage: true,
        tool_calls: true,
        sub_agents: true,
        timestamps: true,
        thinking: true,
    },
};

fields! {
    struct Line {
        kind: "type",
        id: "id",
        at: "timestamp",
        title: "title",
        session_title: "sessionTitle",
        cwd: "cwd",
        version: "version",
        caller: "callingSessionId",
        message: "message",
        summary: "summary",
    }
}

fields! {
    struct Message {
        role: "role",
        content: "content",
        model: "model",
    }
}

fields! {
    struct Settings {
        model: "model",
        at: "providerLockTimestamp",
        usage: "tokenUsage",
    }
}

fields! {
    struct Counts {
        input: "inputTokens",
        output: "outputTokens",
        created: "cacheCreationTokens",
        read: "cacheReadTokens",
        thinking: "thinkingTokens",
    }
}

/// What later lines are told by.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    begun: bool,
    /// Output of the sum that was told last.
    told: u64,
}

impl Agent for Droid {
    fn info(&self) -> &'static AgentInfo {
        &INFO
    }

    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        let mut listing = Listing::new();
        let mut take = |entry: folder::Entry, listing: &mut Listing| {
            let Some(stem) = entry.name.strip_suffix(".jsonl") else {
                return;
            };
            if let Some(fingerprint) = folder::fingerprint(&entry.path, listing) {
                found(Source {
                    native: tell::id_of_name(stem),
                    path: entry.path,
                    fingerprint,
                    rank: Rank::Primary,
                    layout: 0,
                    parent: None,
                });
            }
        };
        folder::walk(root, 2, &|_| true, &mut listing, &mut take);
        listing
    }

    fn parse(
        &self,
        source: &Source,
        from: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> io::Result<Checkpoint> {
        let settings = Document::beside(&source.path.with_extension("settings.json"));
        let settings: Settings<'_> = settings
            .as_ref()
            .and_then(|document| document.root().object())
            .unwrap_or_default();
        tell::lines(
            source,
            from,
            sink,
            &source.native,
            &mut |record, state, out| line(record, &settings, state, out),
        )
    }
}

fn text(raw: Option<Raw<'_>>) -> Cow<'_, str> {
    raw.and_then(Raw::text).unwrap_or_default()
}

fn line(
    record: Record<'_>,
    settings: &Settings<'_>,
    state: &mut State,
    out: &mut Out<'_>,
) -> Result<(), serde_json::Error> {
    let line: Line<'_> = serde_json::from_str(record.raw.as_json())?;
    let Some(kind) = line.kind.and_then(Raw::text) else {
        return Err(wrong("no type"));
    };
    let id = text(line.id);
    let uuid = tell::unique(&out.teller.told.native, &id);
    out.record(line.at.and_then(Raw::time), record.offset, &uuid);
    if !state.begun {
        state.begun = true;
        out.model(&model(&text(settings.model)));
    }
    sum(settings, state, out);
    match kind.as_ref() {
        "session_start" => {
            out.cwd(&text(line.cwd));
            out.version(&text(line.version));
            let title = line.session_title.or(line.title);
            out.title(TitleRank::Generated, &text(title));
            if let Some(caller) = tell::id(line.caller) {
                out.fact(Fact::Parent {
                    native: caller,
                    relation: Relation::SubAgent,
                });
            }
        }
        "message" => {
            let Some(message) = line.message.and_then(Raw::object::<Message<'_>>) else {
                return Err(wrong("no message"));
            };
            out.model(&model(&text(message.model)));
            match (message.content, text(message.role).as_ref()) {
                (None, _) => {}
                (Some(content), "user") => blocks::user(content, out),
                (Some(content), _) => blocks::assistant(content, out),
            }
        }
        "compaction_state" => {
            out.fact(Fact::Compaction);
            out.note(text(line.summary));
        }
        _ => {}
    }
    Ok(())
}

/// Own models are named `custom:<name>-<number>`.
fn model(name: &str) -> String {
    name.strip_prefix("custom:").unwrap_or(name).to_owned()
}

/// The session's running sum, told again when it has grown: the same key, so that the greatest counts.
fn sum(settings: &Settings<'_>, state: &mut State, out: &mut Out<'_>) {
    let counts: Counts<'_> = settings.usage.and_then(Raw::object).unwrap_or_default();
    let output = count(counts.output);
    if output <= state.told {
        return;
    }
    state.told = output;
    let key = format!("{}:sum", out.teller.told.native);
    let tokens = Tokens {
        input: count(counts.input),
        cache_read: count(counts.read),
        cache_write_5m: count(counts.created),
        output,
        reasoning: count(counts.thinking).min(output),
        ..Tokens::default()
    };
    out.at(settings.at.and_then(Raw::time), |out| {
        out.sum(&key, tokens, None)
    });
}
