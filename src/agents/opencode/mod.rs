//! OpenCode, and the Kilo CLI that was made of it: the same stores under two names.
//!
//! | place below the data folder | what it is |
//! |---|---|
//! | `opencode.db`, `opencode-<channel>.db`, `kilo.db` | `session` with `message` and `part` (1.x), or with `session_message` (2.x) |
//! | `storage/{session,message,part}` | the same records as JSON files, before the database |
//! | `project/*/storage/session/{info,message,part}` | the same before mid-2025 |
//!
//! A session is its `session.id`; where layouts coexist the database is read. A message of the model
//! is one response. Token counts exclude the cache, and reasoning comes on top of output. A fork copies
//! rows under new ids: responses are therefore named by their time, model and counts, and the rows of a
//! fork that are older than itself are copies.
//!
//! Checked against real files: the `storage` layout of 1.0. Made after the published schema, not
//! seen: both databases, the oldest layout, Kilo's.

mod database;
mod files;
mod listing;
mod part;
mod session;
mod told;
mod v2;

use super::read::rows;
use super::{Agent, EventSink, Listing};
use crate::model::{AgentInfo, Capabilities, Checkpoint, RootSpec, Source};
use std::path::Path;

pub struct OpenCode;
pub struct Kilo;

const CAPABILITIES: Capabilities = Capabilities {
    usage: true,
    tool_calls: true,
    sub_agents: true,
    timestamps: true,
    thinking: true,
};

const fn root(env: &'static str, env_suffix: &'static str, path: &'static str) -> RootSpec {
    RootSpec {
        env: Some(env),
        env_suffix,
        path,
    }
}

static OPENCODE: AgentInfo = AgentInfo {
    id: "opencode",
    name: "OpenCode",
    color: "#f59e0b",
    // the same below the home on every system
    roots: &[root("XDG_DATA_HOME", "opencode", ".local/share/opencode")],
    resume: Some("opencode --session {id}"),
    worktrees: None,
    capabilities: CAPABILITIES,
};

static KILO: AgentInfo = AgentInfo {
    id: "kilo",
    name: "Kilo CLI",
    color: "#facc15",
    roots: &[root("XDG_DATA_HOME", "kilo", ".local/share/kilo")],
    resume: Some("kilo --session {id}"),
    worktrees: None,
    capabilities: CAPABILITIES,
};

/// Which store a source is of (`Source::layout`).
mod layout {
    pub const ROWS: u8 = 0;
    /// `storage/`
    pub const FILES: u8 = 1;
    /// `project/*/storage/session/`
    pub const OLDEST: u8 = 2;
}

impl Agent for OpenCode {
    fn info(&self) -> &'static AgentInfo {
        &OPENCODE
    }
    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        discover(root, "opencode", found)
    }
    fn continues(&self, source: &Source, _: &Checkpoint) -> bool {
        source.layout == layout::ROWS
    }
    fn parse(
        &self,
        source: &Source,
        from: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> std::io::Result<Checkpoint> {
        parse(source, from, sink)
    }
}

impl Agent for Kilo {
    fn info(&self) -> &'static AgentInfo {
        &KILO
    }
    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        discover(root, "kilo", found)
    }
    fn continues(&self, source: &Source, _: &Checkpoint) -> bool {
        source.layout == layout::ROWS
    }
    fn parse(
        &self,
        source: &Source,
        from: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> std::io::Result<Checkpoint> {
        parse(source, from, sink)
    }
}

fn discover(root: &Path, name: &str, found: &mut dyn FnMut(Source)) -> Listing {
    let mut listing = Listing::new();
    let held = database::discover(root, name, &mut listing, found);
    files::discover(root, &held, &mut listing, found);
    listing
}

fn parse(
    source: &Source,
    from: &Checkpoint,
    sink: &mut dyn EventSink,
) -> std::io::Result<Checkpoint> {
    match source.layout {
        rows::DATABASE => Ok(rows::parse_database(source, sink, &mut listing::sessions)),
        layout::ROWS => database::parse(source, from, sink),
        _ => files::parse(source, sink),
    }
}

#[cfg(test)]
mod tests;
