//! Claude Code: `projects/<key>/<session>.jsonl` below its configuration folder, sub-agents in files
//! of their own, and a prompt history beside them.
//!
//! The file stem is the session: `sessionId` in a record may be the parent's or an older session's.
//!
//! Checked against real files: transcripts of many versions (2025-07 to 2026-08) with resumptions, forks,
//! compactions, all three places of sub-agents and their housekeeping, the prompt history, and sessions
//! that the desktop app started. Not seen: that app's own folders of other systems, which hold the same.

mod answer;
mod discover;
mod history;
mod opening;
mod output;
mod person;
mod queue;
mod record;
mod shape;
mod state;
mod title;
mod transcript;
mod usage;

use super::{Agent, EventSink, Listing};
use crate::model::{AgentInfo, Capabilities, Checkpoint, RootSpec, Source};
use std::path::Path;

pub struct Claude;

const CAPABILITIES: Capabilities = Capabilities {
    usage: true,
    tool_calls: true,
    sub_agents: true,
    timestamps: true,
    thinking: true,
};

const fn below_home(path: &'static str) -> RootSpec {
    RootSpec {
        env: None,
        env_suffix: "",
        path,
    }
}

const fn configured(path: &'static str) -> RootSpec {
    RootSpec {
        env: Some("CLAUDE_CONFIG_DIR"),
        env_suffix: "",
        path,
    }
}

static INFO: AgentInfo = AgentInfo {
    id: "claude",
    name: "Claude Code",
    color: "#60a5fa",
    roots: &[
        configured(".claude"),
        configured(".config/claude"),
        below_home("Library/Application Support/Claude/local-agent-mode-sessions"),
        below_home(".config/Claude/local-agent-mode-sessions"),
        below_home("AppData/Roaming/Claude/local-agent-mode-sessions"),
        below_home(
            "AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude/local-agent-mode-sessions",
        ),
    ],
    resume: Some("claude --resume {id}"),
    worktrees: Some(".claude/worktrees"),
    capabilities: CAPABILITIES,
};

/// Sessions that an editor's extension started.
static EXTENSION: AgentInfo = AgentInfo {
    id: "claude-ext",
    name: "Claude Code (IDE)",
    color: "#818cf8",
    roots: &[],
    resume: Some("claude --resume {id}"),
    worktrees: Some(".claude/worktrees"),
    capabilities: CAPABILITIES,
};

/// Sessions of the desktop app: its Code tab and its local agent mode.
static DESKTOP: AgentInfo = AgentInfo {
    id: "claude-desktop",
    name: "Claude Desktop",
    color: "#38bdf8",
    roots: &[],
    resume: Some("claude --resume {id}"),
    worktrees: Some(".claude/worktrees"),
    capabilities: CAPABILITIES,
};

/// Which file a source is (`Source::layout`).
mod layout {
    pub const SESSION: u8 = 0;
    /// Below the session's own folder: the path names the parent.
    pub const SUB_AGENT: u8 = 1;
    /// Beside the sessions: only the content names the parent.
    pub const LOOSE_SUB_AGENT: u8 = 2;
    pub const HISTORY: u8 = 3;
    /// Added to any of them: found in the desktop app's folder.
    pub const DESKTOP: u8 = 16;
}

impl Agent for Claude {
    fn info(&self) -> &'static AgentInfo {
        &INFO
    }

    fn variants(&self) -> &'static [&'static AgentInfo] {
        static VARIANTS: [&AgentInfo; 2] = [&EXTENSION, &DESKTOP];
        &VARIANTS
    }

    fn sub_agents_within(&self) -> bool {
        true
    }

    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        discover::discover(root, found)
    }

    fn parse(
        &self,
        source: &Source,
        from: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> std::io::Result<Checkpoint> {
        if source.layout & !layout::DESKTOP == layout::HISTORY {
            return history::parse(source, from, sink);
        }
        transcript::parse(source, from, sink)
    }
}
