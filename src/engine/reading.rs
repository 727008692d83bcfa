//! Reads one session out of its source, as far as somebody needs it.

use super::Engine;
use super::catalog::Entry;
use crate::agents::{self, Agent, EventSink, Flow};
use crate::index::SearchIndex;
use crate::model::{
    Checkpoint, Event, EventKind, Fact, Message, ParseIssue, SessionStart, SourceMode, Wants,
};
use crate::store::SourceRef;
use anyhow::{Context, Result};
use jiff::tz::TimeZone;

/// Files up to this size are read to their end, so that totals are exact.
pub(super) const SHORT: u64 = 8 << 20;

/// Where the messages of a session can be had.
pub(super) struct Held<'e> {
    /// `None`: the agent has deleted it.
    pub source: Option<SourceRef>,
    /// Hashes of records that are other sessions'.
    pub copied: Vec<u64>,
    /// It holds every message, and reading the file to the asked page would take long.
    pub index: Option<&'e SearchIndex>,
}

impl Held<'_> {
    pub fn room(&self) -> Result<&'static dyn Agent> {
        let source = self.source.as_ref();
        source
            .and_then(|source| agents::room(source.agent.as_str()))
            .context("no room reads this agent")
    }
}

impl Engine {
    pub(super) fn held(&self, entry: &Entry) -> Result<Held<'_>> {
        let reader = self.store.read()?;
        let source = reader
            .source_of(entry.sid)?
            .filter(|source| !source.gone && !entry.summary.gone);
        let copied = reader.copied(entry.sid)?;
        let whole = copied.is_empty() && entry.summary.copies == 0;
        let index = self.index.get().map(AsRef::as_ref);
        let index = index.filter(|_| {
            whole
                && source
                    .as_ref()
                    .is_some_and(|s| s.complete && s.source.fingerprint.size > SHORT)
        });
        Ok(Held {
            source,
            copied,
            index,
        })
    }
}

/// Takes what one session of a source holds, until it has enough.
pub(super) trait Consumer {
    /// Rooms ask once, before the first record.
    const WANTS: Wants;
    fn has_enough(&self) -> bool {
        false
    }
    fn push(&mut self, message: Message, at: Option<i64>);
    fn fact(&mut self, _fact: &Fact) {}
    /// What came before is void: the session follows whole.
    fn begin_again(&mut self) {}
}

/// Hands the messages of one session of a source to a consumer until that has enough.
struct Sink<'n, C> {
    native: &'n str,
    zone: &'n TimeZone,
    until: u64,
    ours: bool,
    stopped: bool,
    consumer: C,
}

impl<C: Consumer> EventSink for Sink<'_, C> {
    fn wants(&self) -> Wants {
        C::WANTS
    }
    fn zone(&self) -> TimeZone {
        self.zone.clone()
    }
    fn until(&self) -> u64 {
        self.until
    }
    fn session(&mut self, start: SessionStart) {
        self.ours = start.native == self.native;
        if self.ours && start.mode == SourceMode::Replace {
            self.consumer.begin_again();
        }
    }
    fn event(&mut self, event: Event) -> Flow {
        if !self.ours {
            return Flow::Go;
        }
        match event.kind {
            EventKind::Message(message) => {
                self.consumer.push(*message, event.at);
                if self.consumer.has_enough() {
                    self.stopped = true;
                    return Flow::Stop;
                }
            }
            EventKind::Fact(fact) => self.consumer.fact(&fact),
            EventKind::Usage(_) => {}
        }
        Flow::Go
    }
    fn issue(&mut self, _issue: ParseIssue) {}
}

/// Returns the consumer and whether the source was read to its end.
pub(super) fn run<C: Consumer>(
    room: &dyn Agent,
    native: &str,
    zone: &TimeZone,
    source: &SourceRef,
    consumer: C,
) -> std::io::Result<(C, bool)> {
    let (consumer, end) = run_part(room, native, zone, source, &Part::default(), consumer)?;
    Ok((consumer, end.is_some()))
}

/// What is read of a source.
pub(super) struct Part {
    pub from: Checkpoint,
    /// Offset behind which records wait, where the room reads by lines (see [`EventSink::until`]).
    pub until: u64,
}

impl Default for Part {
    /// All of it.
    fn default() -> Part {
        Part::from(Checkpoint::default())
    }
}

impl From<Checkpoint> for Part {
    /// All from there on.
    fn from(from: Checkpoint) -> Part {
        Part {
            from,
            until: u64::MAX,
        }
    }
}

/// `None` in place of the next checkpoint when the consumer stopped early.
pub(super) fn run_part<C: Consumer>(
    room: &dyn Agent,
    native: &str,
    zone: &TimeZone,
    source: &SourceRef,
    part: &Part,
    consumer: C,
) -> std::io::Result<(C, Option<Checkpoint>)> {
    let mut sink = Sink {
        native,
        zone,
        until: part.until,
        ours: false,
        stopped: false,
        consumer,
    };
    let end = room.parse(&source.source, &part.from, &mut sink)?;
    Ok((sink.consumer, (!sink.stopped).then_some(end)))
}
