//! Mistral Vibe: `logs/session/session_<time>_<id8>/` below its folder, with `messages.jsonl` and
//! `meta.json`.
//!
//! Messages are those of the chat interface and have no times; `meta.json` has the session's, its folder,
//! branch and title, and its tokens as one running sum.
//!
//! Checked against real files: none were at hand; the layout follows the agent's published sources. The
//! names of the counts in `stats` could not be checked. Not read: the single documents of the first
//! versions.

use super::read::json::{Raw, fields};
use super::read::tell::{self, Out, Record, count, dollars, wrong};
use super::read::whole::Document;
use super::read::{chat, folder};
use super::{Agent, EventSink, Listing};
use crate::model::{
    AgentInfo, Capabilities, Checkpoint, Fact, Rank, Relation, RootSpec, Source, TitleRank, Tokens,
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::io;
use std::path::Path;

pub struct Vibe;

static INFO: AgentInfo = AgentInfo {
    id: "vibe",
    name: "Mistral Vibe",
    color: "#fb923c",
    roots: &[RootSpec::moved(
        "VIBE_HOME",
        "logs/session",
        ".vibe/logs/session",
    )],
    resume: Some("vibe --resume {id}"),
    worktrees: None,
    capabilities: Capabilities {
        usage: true,
        tool_calls: true,
        sub_agents: false,
        timestamps: false,
        thinking: true,
    },
};

fields! {
    struct Meta {
        id: "session_id",
        start: "start_time",
        end: "end_time",
        branch: "git_branch",
        environment: "environment",
        title: "title",
        source: "title_source",
        parent: "parent_session_id",
        stats: "stats",
        config: "config",
    }
}

fields! {
    struct Stats {
        prompt: "session_prompt_tokens",
        completion: "session_completion_tokens",
        cached: "session_cached_tokens",
        cost: "session_cost",
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    begun: bool,
    /// Output of the sum that was told last.
    told: u64,
}

impl Agent for Vibe {
    fn info(&self) -> &'static AgentInfo {
        &INFO
    }

    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        let mut listing = Listing::new();
        for entry in folder::entries(root, &mut listing) {
            let path = entry.path.join("messages.jsonl");
            if let Some(fingerprint) = entry
                .is_folder
                .then(|| folder::fingerprint(&path, &mut listing))
                .flatten()
            {
                found(Source {
                    path,
                    fingerprint,
                    rank: Rank::Primary,
                    layout: 0,
                    // `meta.json` has all of it, the folder's name a part
                    native: String::new(),
                    parent: None,
                });
            }
        }
        listing
    }

    fn parse(
        &self,
        source: &Source,
        from: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> io::Result<Checkpoint> {
        let document = Document::beside(&source.path.with_file_name("meta.json"));
        let meta: Meta<'_> = document
            .as_ref()
            .and_then(|document| document.root().object())
            .unwrap_or_default();
        let folder = source
            .path
            .parent()
            .and_then(Path::file_name)
            .unwrap_or_default();
        let native =
            tell::id(meta.id).unwrap_or_else(|| tell::id_of_name(&folder.to_string_lossy()));
        tell::lines(source, from, sink, &native, &mut |record, state, out| {
            line(record, &meta, state, out)
        })
    }
}

fn text(raw: Option<Raw<'_>>) -> Cow<'_, str> {
    raw.and_then(Raw::text).unwrap_or_default()
}

fn line(
    record: Record<'_>,
    meta: &Meta<'_>,
    state: &mut State,
    out: &mut Out<'_>,
) -> Result<(), serde_json::Error> {
    let message: chat::Message<'_> = serde_json::from_str(record.raw.as_json())?;
    out.record(None, record.offset, "");
    if !std::mem::replace(&mut state.begun, true) {
        head(meta, out);
    }
    sum(meta, state, out);
    match chat::tell(&message, out) {
        true => Ok(()),
        false => Err(wrong("no role")),
    }
}

fn head(meta: &Meta<'_>, out: &mut Out<'_>) {
    let place = meta.environment.and_then(|it| it.get("working_directory"));
    out.cwd(&text(place));
    out.branch(&text(meta.branch));
    let model = meta.config.and_then(|config| config.get("active_model"));
    out.model(&text(model));
    // the automatic title is the beginning of the first prompt
    if meta.source.is_some_and(|source| source.is("manual")) {
        out.title(TitleRank::Custom, &text(meta.title));
    }
    if let (Some(first), Some(last)) =
        (meta.start.and_then(Raw::time), meta.end.and_then(Raw::time))
    {
        out.fact(Fact::Span {
            first,
            last: last.max(first),
        });
    }
    if let Some(native) = tell::id(meta.parent) {
        let relation = Relation::Continuation;
        out.fact(Fact::Parent { native, relation });
    }
}

/// The running sum, told again when it has grown: the same key, so that the greatest counts.
fn sum(meta: &Meta<'_>, state: &mut State, out: &mut Out<'_>) {
    let stats: Stats<'_> = meta.stats.and_then(Raw::object).unwrap_or_default();
    let output = count(stats.completion);
    if output <= state.told {
        return;
    }
    state.told = output;
    let prompt = count(stats.prompt);
    let cached = count(stats.cached).min(prompt);
    let tokens = Tokens {
        input: prompt - cached,
        cache_read: cached,
        output,
        ..Tokens::default()
    };
    let key = format!("{}:sum", out.teller.told.native);
    let at = meta.end.or(meta.start).and_then(Raw::time);
    out.at(at, |out| out.sum(&key, tokens, dollars(stats.cost)));
}
