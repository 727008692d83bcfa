//! Cline and what was made of it: Roo Code and Kilo Code (the extension, before its rewrite).
//!
//! `tasks/<id>/` below each extension's storage: `ui_messages.json` is what the person saw, with times,
//! and is what is read; `api_conversation_history.json` tells the folder where nothing else does, and
//! `history_item.json` or `task_metadata.json` (or the list of all tasks) title, folder and model.
//! Usage stands in the `api_req_started` notes, with the cost that the extension worked out.
//! Made after the published sources; not checked against real files.

mod message;
mod task;

use super::read::value;
use super::read::{folder, vscode};
use super::{Agent, EventSink, Listing};
use crate::model::{AgentInfo, Capabilities, Checkpoint, RootSpec, Source};
use std::path::Path;

pub struct Cline;
pub struct Roo;
pub struct KiloCode;

const CAPABILITIES: Capabilities = Capabilities {
    usage: true,
    tool_calls: true,
    sub_agents: true,
    timestamps: true,
    thinking: true,
};

/// Editors in which the extensions are run.
macro_rules! tasks_of {
    ($extension:literal) => {
        vscode::user_roots!(
            $extension: "Code", "Code - Insiders", "VSCodium", "Cursor", "Windsurf", "Antigravity", "Kiro", "Trae";
            ".vscode-server", ".vscode-server-insiders", ".cursor-server", ".windsurf-server"
        )
    };
}

const CLI: &[RootSpec] = &[RootSpec {
    env: Some("CLINE_DIR"),
    env_suffix: "data/tasks",
    path: ".cline/data/tasks",
}];

static CLINE_ROOTS: [RootSpec; 29] =
    vscode::joined(&[CLI, tasks_of!("globalStorage/saoudrizwan.claude-dev/tasks")]);

static CLINE: AgentInfo = AgentInfo {
    id: "cline",
    name: "Cline",
    color: "#f472b6",
    roots: &CLINE_ROOTS,
    // a task is opened from the extension's own list
    resume: None,
    worktrees: None,
    capabilities: CAPABILITIES,
};

static ROO: AgentInfo = AgentInfo {
    id: "roo",
    name: "Roo Code",
    color: "#fb7185",
    roots: tasks_of!("globalStorage/rooveterinaryinc.roo-cline/tasks"),
    resume: None,
    worktrees: None,
    capabilities: CAPABILITIES,
};

static KILO_CODE: AgentInfo = AgentInfo {
    id: "kilo-code",
    name: "Kilo Code",
    color: "#eab308",
    roots: tasks_of!("globalStorage/kilocode.kilo-code/tasks"),
    resume: None,
    worktrees: None,
    capabilities: CAPABILITIES,
};

impl Agent for Cline {
    fn info(&self) -> &'static AgentInfo {
        &CLINE
    }
    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        discover(root, found)
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
        task::parse(source, sink)
    }
}

impl Agent for Roo {
    fn info(&self) -> &'static AgentInfo {
        &ROO
    }
    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        discover(root, found)
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
        task::parse(source, sink)
    }
}

impl Agent for KiloCode {
    fn info(&self) -> &'static AgentInfo {
        &KILO_CODE
    }
    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        discover(root, found)
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
        task::parse(source, sink)
    }
}

/// What the person saw, by its names over time.
const SHOWN: [&str; 2] = ["ui_messages.json", "claude_messages.json"];

fn discover(root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
    let mut listing = Listing::new();
    for task in folder::entries(root, &mut listing) {
        if !task.is_folder || !value::is_id(&task.name) {
            continue;
        }
        let shown = SHOWN.iter().find_map(|name| {
            let path = task.path.join(name);
            let print = folder::fingerprint(&path, &mut listing)?;
            Some((path, print))
        });
        if let Some((path, fingerprint)) = shown {
            found(Source::whole(path, fingerprint, task.name));
        }
    }
    listing
}
