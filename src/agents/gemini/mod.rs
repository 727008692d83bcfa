//! Gemini CLI: `tmp/<project>/chats/` below its folder, one file a session.
//!
//! | place below `~/.gemini` | what it is |
//! |---|---|
//! | `tmp/<project>/chats/session-<time>-<id8>.json` | a session as one document, rewritten at every turn |
//! | the same `.jsonl` | newer: a header, messages, `$set` patches; a message said again replaces itself |
//! | `tmp/<project>/chats/<session>/*.json[l]` | sub-agents of that session |
//! | `tmp/<project>/logs.json` | prompts: all that is left of sessions that were never recorded |
//! | `projects.json`, `trustedFolders.json`, `tmp/<project>/.project_root` | which folder `<project>` is |
//!
//! `<project>` is a name out of `projects.json`, or the SHA-256 of the folder. One session may go on in
//! a second file: that one's id gets a number behind it and has the first as its parent.
//!
//! Checked against real files: none were at hand; the layouts follow the agent's published sources.
//! Not read: `checkpoint-*.json` of `/chat save`, which repeat what `chats/` has.

mod discover;
mod message;
mod project;
mod session;

use super::read::record::Cut;
use super::{Agent, EventSink, Listing};
use crate::model::{AgentInfo, Capabilities, Checkpoint, RootSpec, Source};
use std::path::Path;

pub struct Gemini;

static INFO: AgentInfo = AgentInfo {
    id: "gemini",
    name: "Gemini CLI",
    color: "#a78bfa",
    roots: &[RootSpec::moved("GEMINI_CLI_HOME", ".gemini", ".gemini")],
    resume: Some("gemini --resume {id}"),
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
    pub const DOCUMENT: u8 = 0;
    pub const LINES: u8 = 1;
    pub const LOG: u8 = 2;
}

impl Agent for Gemini {
    fn info(&self) -> &'static AgentInfo {
        &INFO
    }

    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        discover::discover(root, found)
    }

    fn cut(&self, source: &Source) -> Cut {
        match source.layout {
            layout::LINES => Cut::Line,
            _ => Cut::Value,
        }
    }
    fn parse(
        &self,
        source: &Source,
        _: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> std::io::Result<Checkpoint> {
        match source.layout {
            layout::LOG => session::log(source, sink),
            layout::LINES => session::lines(source, sink),
            _ => session::document(source, sink),
        }
    }
}
