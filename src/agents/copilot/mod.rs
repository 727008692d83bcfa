//! GitHub Copilot CLI: what happened, event by event, below its folder.
//!
//! | place below `~/.copilot` | what it is |
//! |---|---|
//! | `session-state/<session>/events.jsonl` | a session, appended to while it runs |
//! | `session-state/<session>/workspace.yaml` | its folder, repository, branch and title; all there is of a session that was cleared |
//! | `session-state/<session>.jsonl` | older: the same events in one file |
//! | `history-session-state/*.json` | before that: one document with a timeline |
//!
//! Tokens are told at the end of a run (`session.shutdown`), each run by itself; a run that was killed
//! tells only what its answers held. See [`usage`].
//!
//! Checked against real files: the event layout (versions 1.0.10; sub-agents, compaction, resumed runs),
//! `workspace.yaml`. The flat layout holds the same events; the oldest one was not at hand. Not
//! read: `command-history-state.json` (prompts without session and time), snapshots, checkpoints.

mod discover;
mod document;
mod event;
mod usage;
mod workspace;

use super::read::record::Cut;
use super::read::tell;
use super::{Agent, EventSink, Listing};
use crate::model::{AgentInfo, Capabilities, Checkpoint, RootSpec, Source};
use std::path::Path;

pub struct Copilot;

static INFO: AgentInfo = AgentInfo {
    id: "copilot",
    name: "Copilot CLI",
    color: "#34d399",
    roots: &[
        RootSpec::moved("COPILOT_HOME", "", ".copilot"),
        RootSpec::moved("XDG_STATE_HOME", ".copilot", ".copilot"),
    ],
    resume: Some("copilot --resume {id}"),
    worktrees: None,
    capabilities: Capabilities {
        usage: true,
        tool_calls: true,
        sub_agents: true,
        timestamps: true,
        thinking: true,
    },
};

/// Which file a source is (`Source::layout`).
mod layout {
    pub const EVENTS: u8 = 0;
    pub const DOCUMENT: u8 = 1;
    pub const WORKSPACE: u8 = 2;
}

impl Agent for Copilot {
    fn info(&self) -> &'static AgentInfo {
        &INFO
    }

    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        discover::discover(root, found)
    }

    fn cut(&self, source: &Source) -> Cut {
        match source.layout {
            layout::DOCUMENT => Cut::Value,
            _ => Cut::Line,
        }
    }
    fn parse(
        &self,
        source: &Source,
        from: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> std::io::Result<Checkpoint> {
        match source.layout {
            layout::DOCUMENT => document::parse(source, sink),
            layout::WORKSPACE => workspace::parse(source, sink),
            _ => tell::lines(
                source,
                from,
                sink,
                &source.native,
                &mut |record, state, out| event::tell(record, state, out),
            ),
        }
    }
}
