//! Where things are in a session: prompts, calls, failures, edits and compactions, without their texts.
//!
//! A map is made by reading the session's source once without bodies, and kept for the sessions that
//! were looked at last. A file that has only grown is read on from where its map ends. A long one is
//! read in stretches, so that the map knows places where it can be entered: a page in its middle is
//! read from the place before it.

use super::Engine;
use super::catalog::Entry;
use super::reading::{Consumer, Held, Part, SHORT, run_part};
use super::view::{Landmark, RoleFilter};
use crate::agents::read::record::Cut;
use crate::index::StoredMessage;
use crate::model::{
    Checkpoint, Fact, Fingerprint, Message, PromptKind, Role, Sid, ToolCall, ToolKind, Wants,
};
use crate::store::SourceRef;
use crate::transcript::Pairs;
use anyhow::{Context, Result};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Sessions whose maps are kept.
const KEPT: usize = 12;
/// Ordinals taken from the archive at a time: their texts are read with them.
const CHUNK: u32 = 4096;
/// Bytes kept of a prompt.
const PEEK: usize = 200;
/// Bytes from one place to the next where a long source can be entered, and places at most.
const STRETCH: u64 = 2 << 20;
const PLACES: u64 = 256;

/// In [`Mark::tool`] of what is no call.
const NO_TOOL: u16 = u16::MAX;

const PROMPT: u8 = 1;
const ERROR: u8 = 2;
const EDIT: u8 = 4;
const COMPACTION: u8 = 8;
const ANSWER: u8 = 16;
/// An output whose call is not known.
const LOOSE: u8 = 32;

/// One item of a transcript: a message, or a call with its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub seq: u32,
    /// Ordinal of a call's output; its own where there is none.
    pub output: u32,
    pub at: Option<i64>,
    tool: u16,
    flags: u8,
}

/// A session's items in order.
#[derive(Clone, Debug, Default)]
pub(super) struct SessionMap {
    pub marks: Vec<Mark>,
    pub prompts: Vec<Prompt>,
    /// Edits and writes by the path that they name: places in `marks`.
    pub files: BTreeMap<String, Vec<u32>>,
    pub from_archive: bool,
    tools: Vec<String>,
    /// Where the source can be entered, in order; each tells which message comes next.
    places: Vec<Checkpoint>,
}

#[derive(Clone, Debug)]
pub(super) struct Prompt {
    /// Place in `marks`.
    pub at: u32,
    /// Its beginning.
    pub text: String,
}

impl Mark {
    pub fn seqs(&self) -> impl Iterator<Item = u32> {
        let output = (self.output != self.seq).then_some(self.output);
        std::iter::once(self.seq).chain(output)
    }
    pub fn is_call(&self) -> bool {
        self.tool != NO_TOOL
    }
    pub fn is_prompt(&self) -> bool {
        self.flags & PROMPT != 0
    }
    pub fn failed(&self) -> bool {
        self.flags & ERROR != 0
    }
    pub fn is_edit(&self) -> bool {
        self.flags & EDIT != 0
    }
    /// The context was compacted just before.
    pub fn compacted(&self) -> bool {
        self.flags & COMPACTION != 0
    }
}

impl SessionMap {
    /// Items of one kind.
    pub fn only<'m>(&'m self, landmark: &Landmark) -> impl Iterator<Item = &'m Mark> + use<'m> {
        let (flag, tool) = match landmark {
            Landmark::Prompt => (PROMPT, None),
            Landmark::Error => (ERROR, None),
            Landmark::Edit => (EDIT, None),
            Landmark::Compaction => (COMPACTION, None),
            Landmark::Tool(name) => {
                let place = self.tools.iter().position(|known| known == name);
                // a name that is not known is nobody's
                (0, Some(place.map_or(NO_TOOL - 1, |place| place as u16)))
            }
        };
        self.marks.iter().filter(move |mark| match tool {
            Some(tool) => mark.tool == tool,
            None => mark.flags & flag != 0,
        })
    }

    /// Items that a filter passes.
    pub fn filtered(&self, filter: RoleFilter) -> impl Iterator<Item = &Mark> {
        self.marks.iter().filter(move |mark| match filter {
            RoleFilter::All => true,
            RoleFilter::User => mark.is_prompt(),
            RoleFilter::Assistant => mark.flags & ANSWER != 0,
            RoleFilter::Tools => mark.is_call() || mark.flags & LOOSE != 0,
        })
    }

    /// The nearest place before a message; the beginning where none is known.
    pub fn place(&self, seq: u32) -> Checkpoint {
        match self.places_before(seq) {
            0 => Checkpoint::default(),
            n => self.places[n - 1].clone(),
        }
    }

    fn places_before(&self, seq: u32) -> usize {
        self.places.partition_point(|place| place.seq <= seq)
    }

    /// Sorted ordinals, with the places from which they are read: what lies between is passed over where
    /// that saves a place or more.
    pub fn runs<'w>(&self, wanted: &'w [u32]) -> Vec<(Checkpoint, &'w [u32])> {
        let near = |a: &u32, b: &u32| self.places_before(*b) - self.places_before(*a) <= 1;
        wanted
            .chunk_by(near)
            .map(|run| (self.place(run[0]), run))
            .collect()
    }

    fn note_files(&mut self, tool: Option<&ToolCall>, place: u32) {
        let files = tool.map(|tool| tool.files.as_slice()).unwrap_or_default();
        for path in files.iter().filter(|path| !path.is_empty()) {
            let edits = self.files.entry(path.clone()).or_default();
            if edits.last() != Some(&place) {
                edits.push(place);
            }
        }
    }
}

/// Draws a map from messages as they come.
#[derive(Clone, Default)]
struct Surveyor {
    /// Shared with those who look at it.
    map: Arc<SessionMap>,
    pairs: Pairs,
    names: HashMap<String, u16>,
    compacted: bool,
}

impl Surveyor {
    fn tool(&mut self, name: &str) -> u16 {
        if let Some(place) = self.names.get(name) {
            return *place;
        }
        let tools = &mut Arc::make_mut(&mut self.map).tools;
        let place = tools.len().min(usize::from(NO_TOOL) - 2) as u16;
        tools.push(name.to_owned());
        self.names.insert(name.to_owned(), place);
        place
    }

    fn flags(&mut self, message: &Message) -> u8 {
        let mut flags = 0;
        let prompt = message.role == Role::User && message.prompt.is_prompt();
        let kind = message.tool.as_ref().map(|tool| tool.kind);
        for (flag, is) in [
            (PROMPT, prompt),
            (ERROR, message.tool.as_ref().is_some_and(|tool| tool.failed)),
            (
                EDIT,
                message.role == Role::Tool
                    && matches!(kind, Some(ToolKind::Edit | ToolKind::Write)),
            ),
            (COMPACTION, std::mem::take(&mut self.compacted)),
            (ANSWER, message.role == Role::Assistant),
            (LOOSE, message.role == Role::Output),
        ] {
            flags |= if is { flag } else { 0 };
        }
        flags
    }
}

impl Consumer for Surveyor {
    const WANTS: Wants = Wants::META;

    fn push(&mut self, message: Message, at: Option<i64>) {
        if let Some(item) = self.pairs.of_output(&message) {
            if let Some(mark) = Arc::make_mut(&mut self.map).marks.get_mut(item) {
                mark.output = message.seq;
                if message.tool.is_some_and(|tool| tool.failed) {
                    mark.flags |= ERROR;
                }
            }
            return;
        }
        self.pairs.call(&message, self.map.marks.len());
        let flags = self.flags(&message);
        let tool = match (&message.role, &message.tool) {
            (Role::Tool, Some(tool)) => self.tool(&tool.name),
            _ => NO_TOOL,
        };
        let map = Arc::make_mut(&mut self.map);
        let at_place = map.marks.len() as u32;
        if flags & EDIT != 0 {
            map.note_files(message.tool.as_deref(), at_place);
        }
        if flags & PROMPT != 0 {
            let end = message.text.floor_char_boundary(PEEK);
            map.prompts.push(Prompt {
                at: at_place,
                text: message.text[..end].to_owned(),
            });
        }
        map.marks.push(Mark {
            seq: message.seq,
            output: message.seq,
            at,
            tool,
            flags,
        });
    }

    fn fact(&mut self, fact: &Fact) {
        self.compacted |= *fact == Fact::Compaction;
    }

    fn begin_again(&mut self) {
        *self = Surveyor::default();
    }
}

/// The maps of the sessions that were looked at last.
#[derive(Default)]
pub(super) struct Maps {
    slots: Mutex<Vec<(Sid, Arc<Slot>)>>,
}

/// Held while its map is made, so that several askers cause one reading.
type Slot = Mutex<Option<Kept>>;

struct Kept {
    from: Origin,
    surveyor: Surveyor,
}

/// What a map was made from.
enum Origin {
    Source {
        path: PathBuf,
        fingerprint: Fingerprint,
        end: Checkpoint,
    },
    /// Messages that the index held.
    Archive(usize),
}

impl Maps {
    /// The map of a source as it is now, if it was drawn already.
    pub fn known(&self, sid: Sid, now: &Fingerprint) -> Option<Arc<SessionMap>> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, slot) = slots.iter().find(|(known, _)| *known == sid)?;
        // one that is being drawn is not waited for
        let slot = slot.try_lock().ok()?;
        let kept = slot.as_ref()?;
        matches!(&kept.from, Origin::Source { fingerprint, .. } if fingerprint == now)
            .then(|| kept.surveyor.map.clone())
    }

    fn slot(&self, sid: Sid) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = match slots.iter().position(|(known, _)| *known == sid) {
            Some(at) => slots.remove(at).1,
            None => Arc::default(),
        };
        if slots.len() >= KEPT {
            slots.remove(0);
        }
        slots.push((sid, slot.clone()));
        slot
    }
}

impl Engine {
    /// The map of a session as its source was when it was last looked at.
    ///
    /// # Errors
    /// The source, or the index in its place, cannot be read.
    pub(super) fn map(&self, entry: &Entry) -> Result<Arc<SessionMap>> {
        let slot = self.maps.slot(entry.sid);
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let held = self.held(entry)?;
        let kept = match &held.source {
            Some(source) => match self.survey(entry, &held, source, slot.take()) {
                Err(error) if is_missing(&error) => self.survey_archive(entry.sid, None)?,
                kept => kept?,
            },
            None => self.survey_archive(entry.sid, slot.take())?,
        };
        let map = kept.surveyor.map.clone();
        *slot = Some(kept);
        Ok(map)
    }

    fn survey(
        &self,
        entry: &Entry,
        held: &Held<'_>,
        source: &SourceRef,
        known: Option<Kept>,
    ) -> Result<Kept> {
        let now = source.source.fingerprint;
        let room = held.room()?;
        let mut from = Checkpoint::default();
        let mut surveyor = Surveyor::default();
        // whatever is left of a long source is read by stretches
        let mut stretch = match room.cut(&source.source) {
            Cut::Line if now.size > SHORT => Some(STRETCH.max(now.size / PLACES)),
            _ => None,
        };
        if let Some(kept) = known
            && let Origin::Source {
                path,
                fingerprint,
                end,
            } = &kept.from
            && *path == source.source.path
        {
            if *fingerprint == now {
                return Ok(kept);
            }
            if *end != Checkpoint::default() && room.continues(&source.source, end) {
                (from, surveyor) = (end.clone(), kept.surveyor);
            }
        }
        let native = &entry.summary.key.native;
        let zone = self.config().zone.clone();
        let end = loop {
            let mut part = Part::from(from.clone());
            if let Some(length) = stretch {
                part.until = from.offset.saturating_add(length);
            }
            let last = part.until >= now.size;
            if last {
                part.until = u64::MAX;
            }
            let read = run_part(room, native, &zone, source, &part, surveyor);
            let (read, end) =
                read.with_context(|| format!("cannot read {}", source.source.path.display()))?;
            let end = end.unwrap_or_default();
            surveyor = read;
            match end.offset {
                _ if last => break end,
                // not to be entered in the middle (or one record is longer than a stretch)
                0 => (surveyor, stretch) = (Surveyor::default(), None),
                at if at == from.offset => stretch = stretch.map(|length| length * 2),
                _ => {
                    Arc::make_mut(&mut surveyor.map).places.push(end.clone());
                    from = end;
                }
            }
        };
        Ok(Kept {
            surveyor,
            from: Origin::Source {
                path: source.source.path.clone(),
                fingerprint: now,
                end,
            },
        })
    }

    fn survey_archive(&self, sid: Sid, known: Option<Kept>) -> Result<Kept> {
        let Some(index) = self.index.get() else {
            return Ok(drawn(Surveyor::default(), 0));
        };
        let seqs = index.message_seqs(sid, None)?;
        if let Some(kept) = known
            && matches!(kept.from, Origin::Archive(count) if count == seqs.len())
        {
            return Ok(kept);
        }
        let mut surveyor = Surveyor::default();
        let end = seqs.last().map_or(0, |(seq, _)| seq.saturating_add(1));
        for from in (0..end).step_by(CHUNK as usize) {
            for message in index.messages(sid, from..from.saturating_add(CHUNK), None)? {
                let at = message.at;
                surveyor.push(bare(message), at);
            }
        }
        Ok(drawn(surveyor, seqs.len()))
    }
}

fn drawn(mut surveyor: Surveyor, count: usize) -> Kept {
    Arc::make_mut(&mut surveyor.map).from_archive = true;
    Kept {
        surveyor,
        from: Origin::Archive(count),
    }
}

fn is_missing(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

/// As much of a stored message as a map takes.
fn bare(stored: StoredMessage) -> Message {
    let prompt = match stored.role {
        Role::User => stored.meta.prompt,
        _ => PromptKind::default(),
    };
    Message {
        seq: stored.seq,
        role: stored.role,
        prompt,
        text: stored.text,
        tool: stored.meta.tool.map(Box::new),
        ..Message::default()
    }
}

#[cfg(test)]
#[path = "map_tests.rs"]
mod tests;
