//! OpenHands: `conversations/<id>/` below its folder, with `base_state.json` and one file per event in
//! `events/`.
//!
//! A conversation is read whole whenever its state or one of its events changes. Tokens are running sums
//! of the conversation, by the model's role, in the state.
//!
//! Checked against real files: none were at hand; the layout follows the agent's published sources. Not
//! read: the sessions of the first generation (`sessions/<id>/events/N.json`).

mod event;

use super::read::folder;
use super::read::json::{Raw, fields};
use super::read::record::Kept;
use super::read::tell::{self, Out, Teller, count, dollars};
use super::read::whole::Document;
use super::{Agent, EventSink, Listing};
use crate::model::{
    AgentInfo, Capabilities, Checkpoint, Fingerprint, IssueKind, Rank, RootSpec, Source, TitleRank,
    Tokens,
};
use std::io;
use std::path::{Path, PathBuf};

pub struct OpenHands;

static INFO: AgentInfo = AgentInfo {
    id: "openhands",
    name: "OpenHands",
    color: "#facc15",
    roots: &[
        RootSpec::moved(
            "OPENHANDS_CONVERSATIONS_DIR",
            "",
            ".openhands/conversations",
        ),
        RootSpec::moved(
            "OPENHANDS_PERSISTENCE_DIR",
            "conversations",
            ".openhands/conversations",
        ),
    ],
    resume: Some("openhands --resume {id}"),
    worktrees: None,
    capabilities: Capabilities {
        usage: true,
        tool_calls: true,
        sub_agents: false,
        timestamps: true,
        thinking: true,
    },
};

const STATE: &str = "base_state.json";

fields! {
    struct State {
        title: "title",
        agent: "agent",
        workspace: "workspace",
        stats: "stats",
    }
}

fields! {
    struct Metrics {
        model: "model_name",
        cost: "accumulated_cost",
        usage: "accumulated_token_usage",
    }
}

fields! {
    struct Usage {
        prompt: "prompt_tokens",
        completion: "completion_tokens",
        read: "cache_read_tokens",
        written: "cache_write_tokens",
        reasoning: "reasoning_tokens",
    }
}

impl Agent for OpenHands {
    fn info(&self) -> &'static AgentInfo {
        &INFO
    }

    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        let mut listing = Listing::new();
        for entry in folder::entries(root, &mut listing) {
            let path = entry.path.join(STATE);
            let print = entry
                .is_folder
                .then(|| folder::fingerprint(&path, &mut listing))
                .flatten();
            if let Some(print) = print {
                let events = events(&entry.path, &mut listing);
                found(Source {
                    fingerprint: with(print, &events, &mut listing),
                    path,
                    rank: Rank::Primary,
                    layout: 0,
                    native: tell::id_of_name(&entry.name),
                    parent: None,
                });
            }
        }
        listing
    }

    fn parse(
        &self,
        source: &Source,
        _: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> io::Result<Checkpoint> {
        let zone = sink.zone();
        let state = Document::read(&source.path, sink)?;
        let mut teller = Teller::whole(&source.native, sink);
        let told: State<'_> = state
            .as_ref()
            .and_then(|state| state.root().object())
            .unwrap_or_default();
        let out = &mut teller.out(sink);
        out.record(None, 0, "");
        head(&told, out);
        let files = events(
            source.path.parent().unwrap_or(&source.path),
            &mut Listing::default(),
        );
        for (number, path) in files.iter().enumerate() {
            let Some(document) = Document::read(path, out.sink)? else {
                continue;
            };
            let text = document.root().as_json();
            out.sink.kept(&[Kept::file(path, text)]);
            if !event::tell(document.root(), number as u64, &zone, out) {
                let detail = "an event is not the object it should be";
                tell::issue(path, 0, IssueKind::WrongShape, detail, out.sink);
            }
            if out.stopped() {
                return Ok(Checkpoint::default());
            }
        }
        out.record(out.latest(), files.len() as u64, "");
        sums(&told, out);
        Ok(Checkpoint::default())
    }
}

/// The events' files, in order: `event-00012-<id>.json`.
fn events(conversation: &Path, listing: &mut Listing) -> Vec<PathBuf> {
    folder::inside(&conversation.join("events"), listing)
        .into_iter()
        .filter(|entry| !entry.is_folder && entry.name.ends_with(".json"))
        .map(|entry| entry.path)
        .collect()
}

/// A fingerprint that changes with any of the events.
fn with(mut print: Fingerprint, events: &[PathBuf], listing: &mut Listing) -> Fingerprint {
    for path in events {
        if let Some(event) = folder::fingerprint(path, listing) {
            print.size += event.size;
            print.mtime_ns = print.mtime_ns.max(event.mtime_ns);
            print.ctime_ns = print.ctime_ns.max(event.ctime_ns);
        }
    }
    print
}

fn head(state: &State<'_>, out: &mut Out<'_>) {
    let text = |raw: Option<Raw<'_>>| raw.and_then(Raw::owned).unwrap_or_default();
    out.title(TitleRank::Generated, &text(state.title));
    let workspace = state.workspace.and_then(|it| it.get("working_dir"));
    out.cwd(&text(workspace));
    let llm = state.agent.and_then(|agent| agent.get("llm"));
    let model = text(llm.and_then(|llm| llm.get("model")));
    out.model(bare(&model));
}

/// `provider/model`, the provider being no part of the model's name.
fn bare(model: &str) -> &str {
    model.rsplit('/').next().unwrap_or(model)
}

/// One sum for the agent, one for its condenser and so on.
fn sums(state: &State<'_>, out: &mut Out<'_>) {
    let metrics = state.stats.and_then(|stats| stats.get("usage_to_metrics"));
    for (role, raw) in metrics.map(Raw::members).unwrap_or_default() {
        let metrics: Metrics<'_> = raw.object().unwrap_or_default();
        let usage: Usage<'_> = metrics.usage.and_then(Raw::object).unwrap_or_default();
        let (read, written) = (count(usage.read), count(usage.written));
        let output = count(usage.completion);
        let tokens = Tokens {
            input: count(usage.prompt).saturating_sub(read + written),
            cache_read: read,
            cache_write_5m: written,
            output,
            reasoning: count(usage.reasoning).min(output),
            ..Tokens::default()
        };
        let model = metrics.model.and_then(Raw::owned).unwrap_or_default();
        out.model(bare(&model));
        let key = format!("{}:{role}", out.teller.told.native);
        out.usage(&key, tokens, dollars(metrics.cost));
    }
}
