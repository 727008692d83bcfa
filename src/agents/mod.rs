//! Here are bytes, what happened? One room per agent behind one face; the table below is all that
//! the rest of the program knows of them.
//!
//! Adding an agent is one file here, one `mod` line, one row in [`AGENTS`] and one fixture folder.
//! A room ends at [`Event`]: no store, no price, no title rule, no HTML. Rooms never import each
//! other; what they share lies in [`read`].

pub mod aider;
pub mod amp;
pub mod antigravity;
pub mod claude;
pub mod cline;
pub mod codex;
pub mod continue_dev;
pub mod copilot;
pub mod copilot_chat;
pub mod crush;
pub mod cursor;
pub mod droid;
pub mod gemini;
pub mod goose;
pub mod gptme;
pub mod grok;
pub mod imported;
pub mod kimi;
pub mod kiro;
pub mod opencode;
pub mod openhands;
pub mod pi;
pub mod qwen;
pub mod read;
pub mod specstory;
pub mod vibe;
pub mod zed;

use crate::model::{AgentInfo, Checkpoint, Event, ParseIssue, Rank, SessionStart, Source, Wants};
use read::record::{self, Cut, Kept};
use std::io::Read;
use std::path::Path;

/// Every agent there is, in the order in which facets and docs list them.
pub static AGENTS: &[&dyn Agent] = &[
    &claude::Claude,
    &codex::Codex,
    &opencode::OpenCode,
    &opencode::Kilo,
    &cursor::Cursor,
    &copilot_chat::CopilotChat,
    &kiro::Kiro,
    &kiro::AmazonQ,
    &goose::Goose,
    &crush::Crush,
    &zed::Zed,
    &continue_dev::Continue,
    &cline::Cline,
    &cline::Roo,
    &cline::KiloCode,
    &gemini::Gemini,
    &antigravity::Antigravity,
    &qwen::Qwen,
    &copilot::Copilot,
    &amp::Amp,
    &pi::Pi,
    &pi::OpenClaw,
    &droid::Droid,
    &kimi::Kimi,
    &aider::Aider,
    &openhands::OpenHands,
    &gptme::Gptme,
    &vibe::Vibe,
    &grok::Grok,
    &specstory::SpecStory,
    &imported::ClaudeAi,
    &imported::ChatGpt,
    &imported::Generic,
];

/// One agent's histories.
pub trait Agent: Sync + Send {
    fn info(&self) -> &'static AgentInfo;

    /// Display variants (IDE extension, desktop app) that sessions of this room can carry.
    fn variants(&self) -> &'static [&'static AgentInfo] {
        &[]
    }

    /// Sub-agents are part of the session that started them, and sums by session take them in; else they
    /// are threads of their own beside it.
    fn sub_agents_within(&self) -> bool {
        false
    }

    /// Hands over every source below `root`. Never follows a link out of `root`.
    /// A root that does not exist is a complete, empty listing.
    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing;

    /// Whether the file still begins with what was read up to `from`, so that reading can go on
    /// there; `false` means it was rewritten. The default suits files that grow at their end.
    fn continues(&self, source: &Source, from: &Checkpoint) -> bool {
        source.rank == Rank::Primary
            && source.fingerprint.size >= from.offset
            && read::jsonl::verify(&source.path, from).unwrap_or(false)
    }

    /// Native id of a session that `from` was reached without, or with a part of it only, though what this
    /// source gives depends on it: it is read again when that session turns up.
    fn awaits(&self, _from: &Checkpoint) -> Option<String> {
        None
    }

    /// How the record of an event is cut out of a source of which the room shows nothing by itself
    /// (see [`EventSink::kept`]).
    fn cut(&self, _source: &Source) -> Cut {
        Cut::Line
    }

    /// The bytes of a source that is a file, from `offset` on, as events count them.
    ///
    /// # Errors
    /// The file cannot be opened or positioned.
    fn open(&self, source: &Source, offset: u64) -> std::io::Result<Box<dyn Read + Send>> {
        record::open(&source.path, offset)
    }

    /// Reads `source` from a checkpoint and pushes what happened into `sink`; returns where the next
    /// read starts. What cannot be read as it should is an issue on the sink. When the sink says
    /// [`Flow::Stop`] the checkpoint returned is worthless and reading ends at once.
    ///
    /// # Errors
    /// I/O only (the file cannot be opened or read).
    fn parse(
        &self,
        source: &Source,
        from: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> std::io::Result<Checkpoint>;
}

/// How a listing went.
#[derive(Debug, Default)]
pub struct Listing {
    /// Everything below the root was seen: what is missing now is really gone.
    pub complete: bool,
    pub issues: Vec<ParseIssue>,
}

impl Listing {
    /// Of which nothing has failed yet.
    pub fn new() -> Listing {
        Listing {
            complete: true,
            issues: Vec::new(),
        }
    }
}

/// Receives what a room reads. Tests use a `Vec`-like sink, ingest folds and indexes.
pub trait EventSink {
    fn wants(&self) -> Wants;
    /// The events that follow belong to this session.
    fn session(&mut self, start: SessionStart);
    fn event(&mut self, event: Event) -> Flow;
    fn issue(&mut self, issue: ParseIssue);
    /// A title of the session that holds this record (its id), which may be another one than any that
    /// was opened.
    fn title_of(&mut self, _record: &str, _title: &str) {}
    /// What the messages that follow are read from, as the agent keeps it, where an event's offset does
    /// not tell it: rows, members of a document, files of their own.
    fn kept(&mut self, _pieces: &[Kept<'_>]) {}
    /// Where a file of lines is taken to end: what lies behind is for another call, which starts at the
    /// checkpoint that this one returns. Whoever reads anything else reads all of it.
    fn until(&self) -> u64 {
        u64::MAX
    }
    /// Zone of times that a record gives without one.
    fn zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::UTC
    }
    /// Bytes read so far of this call, about every MiB; also the moment to stop a long read.
    fn progress(&mut self, _bytes: u64) -> Flow {
        Flow::Go
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Flow {
    Go,
    Stop,
}

/// The row of an agent or of one of its display variants.
pub fn info(id: &str) -> Option<&'static AgentInfo> {
    all_infos().find(|info| info.id == id)
}

/// The room that reads an agent's sources.
pub fn room(id: &str) -> Option<&'static dyn Agent> {
    AGENTS.iter().copied().find(|room| room.info().id == id)
}

/// All agents and display variants, in table order.
pub fn all_infos() -> impl Iterator<Item = &'static AgentInfo> {
    AGENTS
        .iter()
        .flat_map(|room| std::iter::once(room.info()).chain(room.variants().iter().copied()))
}
