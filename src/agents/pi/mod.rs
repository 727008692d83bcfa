//! Pi and its family, and OpenClaw: session files of one format, a header and then entries, one a line.
//!
//! | place | whose |
//! |---|---|
//! | `~/.pi/agent/sessions/--<folder>--/<time>_<uuid>.jsonl` | Pi; the same below `.omp`, `.prime`, `.omo`, `.stepcode` |
//! | `<parent's stem>/*.jsonl` beside a session | sub-agents of that session (OMP) |
//! | `~/.openclaw/agents/<agent>/sessions/<uuid>.jsonl` | OpenClaw (QClaw, Kimi's), of a daily assistant rather than a project |
//! | the same `.jsonl.reset.<time>`, `.jsonl.deleted.<time>` | what a session held before it was begun anew or deleted |
//!
//! A session is its header's id, or the uuid in the file's name. Entries form a tree; all branches are
//! told in the order in which they were written.
//!
//! Checked against real files: one of Pi's (a branched session of 2025-12 with compactions, without entry
//! ids). Not checked: entry ids, the family, OpenClaw. Not read: Prime's later corrections of usage,
//! OpenClaw's newer SQLite store.

mod discover;
mod entry;

use super::read::tell;
use super::{Agent, EventSink, Listing};
use crate::model::{AgentInfo, Capabilities, Checkpoint, RootSpec, Source};
use std::io;
use std::path::Path;

pub struct Pi;
pub struct OpenClaw;

const CAPABILITIES: Capabilities = Capabilities {
    usage: true,
    tool_calls: true,
    sub_agents: true,
    timestamps: true,
    thinking: true,
};

static PI: AgentInfo = AgentInfo {
    id: "pi",
    name: "Pi",
    color: "#e879f9",
    roots: &[
        RootSpec::moved("PI_CODING_AGENT_SESSION_DIR", "", ".pi/agent/sessions"),
        RootSpec::moved("PI_CODING_AGENT_DIR", "sessions", ".pi/agent/sessions"),
        RootSpec::fixed(".omp/agent/sessions"),
        RootSpec::fixed(".prime/agent/sessions"),
        RootSpec::fixed(".omo/agent/sessions"),
        RootSpec::fixed(".stepcode/agent/sessions"),
    ],
    resume: Some("pi --session {id}"),
    worktrees: None,
    capabilities: CAPABILITIES,
};

const fn relative(id: &'static str, name: &'static str, color: &'static str) -> AgentInfo {
    AgentInfo {
        id,
        name,
        color,
        roots: &[],
        resume: None,
        worktrees: None,
        capabilities: CAPABILITIES,
    }
}

static OMP: AgentInfo = relative("omp", "Oh My Pi", "#d946ef");
static PRIME: AgentInfo = relative("prime", "Prime Agent", "#c026d3");
static OMO: AgentInfo = relative("omo", "OMO", "#a21caf");
static STEP: AgentInfo = relative("stepcode", "StepCode", "#86198f");

static OPENCLAW: AgentInfo = AgentInfo {
    id: "openclaw",
    name: "OpenClaw",
    color: "#ef4444",
    roots: &[
        RootSpec::moved("OPENCLAW_STATE_DIR", "agents", ".openclaw/agents"),
        RootSpec::fixed(".clawdbot/agents"),
        RootSpec::fixed(".moltbot/agents"),
        RootSpec::fixed(".kimi_openclaw/agents"),
        RootSpec::fixed(".qclaw/agents"),
    ],
    resume: None,
    worktrees: None,
    capabilities: Capabilities {
        sub_agents: false,
        ..CAPABILITIES
    },
};

static QCLAW: AgentInfo = relative("qclaw", "QClaw", "#f87171");

/// The family member whose folder a file lies in.
fn variant(path: &Path) -> Option<&'static AgentInfo> {
    let members = [
        (".omp", &OMP),
        (".prime", &PRIME),
        (".omo", &OMO),
        (".stepcode", &STEP),
        (".qclaw", &QCLAW),
    ];
    members
        .into_iter()
        .find(|(folder, _)| path.components().any(|part| part.as_os_str() == *folder))
        .map(|(_, info)| info)
}

impl Agent for Pi {
    fn info(&self) -> &'static AgentInfo {
        &PI
    }

    fn variants(&self) -> &'static [&'static AgentInfo] {
        static VARIANTS: [&AgentInfo; 4] = [&OMP, &PRIME, &OMO, &STEP];
        &VARIANTS
    }

    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        discover::sessions(root, found)
    }

    fn parse(
        &self,
        source: &Source,
        from: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> io::Result<Checkpoint> {
        read(source, from, sink)
    }
}

impl Agent for OpenClaw {
    fn info(&self) -> &'static AgentInfo {
        &OPENCLAW
    }

    fn variants(&self) -> &'static [&'static AgentInfo] {
        static VARIANTS: [&AgentInfo; 1] = [&QCLAW];
        &VARIANTS
    }

    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        discover::assistants(root, found)
    }

    fn parse(
        &self,
        source: &Source,
        from: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> io::Result<Checkpoint> {
        read(source, from, sink)
    }
}

fn read(source: &Source, from: &Checkpoint, sink: &mut dyn EventSink) -> io::Result<Checkpoint> {
    let native = match source.native.as_str() {
        "" => {
            let stem = source.path.file_stem().unwrap_or_default();
            tell::id_of_name(&stem.to_string_lossy())
        }
        native => native.to_owned(),
    };
    tell::lines(source, from, sink, &native, &mut |record, state, out| {
        entry::tell(source, record, state, out)
    })
}
