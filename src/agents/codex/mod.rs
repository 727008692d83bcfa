//! Codex: the CLI, its IDE extensions and its desktop app. They share one folder and one format.
//!
//! | place below `~/.codex` | what it is |
//! |---|---|
//! | `sessions/**/rollout-<time>-<uuid>.jsonl` | a session, appended to while it runs |
//! | the same `.jsonl.zst` | one that was left alone for a week; read whole every time |
//! | `sessions/rollout-<date>-<uuid>.json` | before mid-2025: one document with all items |
//! | `archived_sessions/` | put away by the person; the same files, flat |
//! | `session_index.jsonl` | titles |
//! | `history.jsonl` | prompts: all that is left of a session whose rollout is gone |
//! | `state_*.sqlite`, `thread_history_*.sqlite` | titles, folders, who spawned whom |
//!
//! A session is its `session_meta.id`, which the file name repeats. One session found twice is read
//! once: `.jsonl` before `.zst` before `.json`, the larger before the smaller, `sessions` before
//! `archived_sessions` (see [`discover`]).
//!
//! A rollout tells nearly everything twice; [`twice`] says which telling is shown. A forked or spawned
//! one begins with its parent's records; [`replay`] finds where it becomes itself. [`usage`] says what
//! counts as a response.
//!
//! Checked against real files: rollouts of many versions (from before `session_meta` to 2026-08) with
//! forks and sub-agents, the documents of before mid-2025, `session_index.jsonl`, `history.jsonl`,
//! `state_5.sqlite`. Not seen: `.jsonl.zst`, `thread_history_*.sqlite`, other versions of the state.

mod database;
mod discover;
mod document;
mod header;
mod item;
mod lists;
mod output;
mod parent;
mod prompt;
mod reader;
mod record;
mod replay;
mod twice;
mod usage;

use super::read::jsonl::{self, Lines};
use super::read::record::Cut;
use super::{Agent, EventSink, Listing};
use crate::model::{
    AgentInfo, Capabilities, Checkpoint, IssueKind, ParseIssue, Rank, RootSpec, Source,
};
use discover::Layout;
use reader::Reader;
use std::io::{self, Read};
use std::path::Path;

pub struct Codex;

const CAPABILITIES: Capabilities = Capabilities {
    usage: true,
    tool_calls: true,
    sub_agents: true,
    timestamps: true,
    thinking: true,
};

static INFO: AgentInfo = AgentInfo {
    id: "codex",
    name: "Codex",
    color: "#22d3ee",
    roots: &[RootSpec {
        env: Some("CODEX_HOME"),
        env_suffix: "",
        path: ".codex",
    }],
    resume: Some("codex resume {id}"),
    worktrees: Some(".codex/worktrees"),
    capabilities: CAPABILITIES,
};

static IDE: AgentInfo = AgentInfo {
    id: "codex-ext",
    name: "Codex (IDE)",
    color: "#67e8f9",
    roots: &[],
    resume: Some("codex resume {id}"),
    worktrees: Some(".codex/worktrees"),
    capabilities: CAPABILITIES,
};

static APP: AgentInfo = AgentInfo {
    id: "codex-app",
    name: "Codex (app)",
    color: "#0891b2",
    roots: &[],
    resume: Some("codex resume {id}"),
    worktrees: Some(".codex/worktrees"),
    capabilities: CAPABILITIES,
};

static VARIANTS: &[&AgentInfo] = &[&IDE, &APP];

/// The display variant that an `originator` stands for; `None` for the terminal.
fn variant(originator: &str) -> Option<&'static AgentInfo> {
    let word = originator.to_ascii_lowercase();
    let has = |part: &str| word.contains(part);
    if has("vscode") || has("jetbrains") || has("xcode") || has("cursor") || has("_ide") {
        return Some(&IDE);
    }
    (has("desktop") || has("_app") || has("codex app")).then_some(&APP)
}

impl Agent for Codex {
    fn info(&self) -> &'static AgentInfo {
        &INFO
    }

    fn variants(&self) -> &'static [&'static AgentInfo] {
        VARIANTS
    }

    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        discover::discover(root, found)
    }

    fn continues(&self, source: &Source, from: &Checkpoint) -> bool {
        source.rank == Rank::Primary
            && source.fingerprint.size >= from.offset
            && !reader::outran_its_parent(source, from)
            && jsonl::verify(&source.path, from).unwrap_or(false)
    }

    fn awaits(&self, from: &Checkpoint) -> Option<String> {
        reader::awaits(from)
    }

    fn cut(&self, source: &Source) -> Cut {
        match Layout::of(source.layout) {
            Layout::Document => Cut::Value,
            _ => Cut::Line,
        }
    }

    fn open(&self, source: &Source, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        if Layout::of(source.layout) != Layout::Packed {
            return super::read::record::open(&source.path, offset);
        }
        let mut input = discover::open_text(&source.path)?;
        io::copy(&mut (&mut input).take(offset), &mut io::sink())?;
        Ok(input)
    }
    fn parse(
        &self,
        source: &Source,
        from: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> io::Result<Checkpoint> {
        match Layout::of(source.layout) {
            Layout::Rollout => rollout(source, from, sink),
            Layout::Packed => packed(source, sink),
            Layout::Document => document::parse(source, sink),
            Layout::Index => lists::index(source, from, sink),
            Layout::History => lists::history(source, from, sink),
            Layout::Database => {
                database::parse(source, sink);
                Ok(Checkpoint::default())
            }
        }
    }
}

fn rollout(source: &Source, from: &Checkpoint, sink: &mut dyn EventSink) -> io::Result<Checkpoint> {
    let mut lines = Lines::open(&source.path, from)?;
    let mut reader = Reader::resume(source, from, sink.wants());
    // whoever stops us knows that the checkpoint is worthless
    let _ = jsonl::each(&mut lines, sink, &mut |line, sink| {
        reader.record(line, sink)
    })?;
    Ok(reader.checkpoint(lines.checkpoint()))
}

/// A compressed rollout cannot be entered in the middle and is never appended to: whenever it has
/// changed it is read again from its beginning and replaces what it gave before.
fn packed(source: &Source, sink: &mut dyn EventSink) -> io::Result<Checkpoint> {
    let start = Checkpoint::default();
    let input = discover::open_text(&source.path)?;
    let mut reader = Reader::resume(source, &start, sink.wants());
    let read = Lines::over(input, &source.path, &start).and_then(|mut lines| {
        jsonl::each(&mut lines, sink, &mut |line, sink| {
            reader.record(line, sink)
        })
    });
    if read.is_err() {
        sink.issue(ParseIssue {
            path: source.path.display().to_string(),
            line: 0,
            kind: IssueKind::Corrupt,
            detail: "the compressed file is damaged or incomplete; what came before that was read"
                .to_owned(),
        });
    }
    Ok(start)
}

#[cfg(test)]
mod tests;
