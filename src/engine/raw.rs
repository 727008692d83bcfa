//! What the agent itself wrote of one message: its record, byte by byte, and the pictures in it.
//!
//! The source is read again up to the message; the sink watches where the reader stands by then. A
//! record that is a stretch of a file is cut out of it anew, so that of a huge one no more is held than
//! is shown; rows of databases are in memory anyway.

use super::Engine;
use super::view::*;
use crate::agents::read::picture;
use crate::agents::read::record::{self, Cut, Cutter, Kept, Place};
use crate::agents::{self, EventSink, Flow};
use crate::model::{
    Checkpoint, Event, EventKind, IssueKind, Message, ParseIssue, SessionStart, Sid, Wants,
};
use crate::store::SourceRef;
use anyhow::{Context, Result};
use std::io::{self, Cursor, ErrorKind, Read};
use std::path::Path;

/// Of a longer record no pictures are looked for.
const MOST: u64 = 64 << 20;

impl Engine {
    pub(super) fn raw_of(&self, sid: Sid, seq: u32) -> Result<RawAnswer> {
        let wants = Wants {
            waiting: true,
            ..Wants::META
        };
        Ok(match self.watched(sid, seq, wants)? {
            Watched::Found(source, found) => pieces(&source, *found)?,
            Watched::Nothing => RawAnswer::NoMessage,
            Watched::Gone => RawAnswer::Gone,
        })
    }

    pub(super) fn picture_of(&self, sid: Sid, seq: u32, number: usize) -> Result<Option<Picture>> {
        let Watched::Found(source, found) = self.watched(sid, seq, Wants::PAGE)? else {
            return Ok(None);
        };
        let number = match found.picture(number) {
            Some(Lies::Inside(number)) => number,
            Some(Lies::InFile(path)) if self.is_of_here(&source) => {
                return Ok(picture::of_file(&path));
            }
            _ => return Ok(None),
        };
        let RawAnswer::Found(pieces) = pieces(&source, *found)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        for mut piece in pieces {
            let left = MOST.saturating_sub(bytes.len() as u64);
            (&mut piece.content).take(left).read_to_end(&mut bytes)?;
            bytes.push(b'\n');
        }
        let found = picture::find(&bytes);
        // a record may tell the same picture twice
        let mut once: Vec<_> = Vec::new();
        for run in &found {
            if !once.iter().any(|known: &&std::ops::Range<usize>| {
                bytes[(*known).clone()] == bytes[run.clone()]
            }) {
                once.push(run);
            }
        }
        let run = once.get(number).copied().or(found.get(number));
        Ok(run.and_then(|run| picture::decode(&bytes[run.clone()])))
    }

    /// Paths in it are those of this machine: its source is neither an export that was imported nor in the
    /// home of another one.
    fn is_of_here(&self, source: &SourceRef) -> bool {
        let config = self.config();
        let path = &source.source.path;
        let elsewhere = config.homes.iter().filter(|home| !home.label.is_empty());
        !path.starts_with(&config.dir)
            && !elsewhere
                .into_iter()
                .any(|home| path.starts_with(&home.path))
    }

    /// Reads the session's source as far as the message.
    fn watched(&self, sid: Sid, seq: u32, wants: Wants) -> Result<Watched> {
        let catalog = self.catalog.get()?;
        let entry = catalog.get(sid).context("no such session")?;
        let source = self.store.read()?.source_of(sid)?;
        let Some(source) = source.filter(|source| !source.gone && !entry.summary.gone) else {
            return Ok(Watched::Gone);
        };
        let room = agents::room(source.agent.as_str()).context("no room reads this agent")?;
        let config = self.config();
        let mut watch = Watch {
            native: &entry.summary.key.native,
            zone: &config.zone,
            wants,
            seq,
            to_next: room.cut(&source.source) == Cut::Block,
            ours: false,
            kept: Vec::new(),
            record: None,
            images: 0,
            found: None,
            unread: None,
        };
        let map = self.maps.known(sid, &source.source.fingerprint);
        let from = map.map_or_else(Checkpoint::default, |map| map.place(seq));
        let read = room.parse(&source.source, &from, &mut watch);
        let (found, unread) = (watch.found, watch.unread);
        match (read, found, unread) {
            (_, Some(found), _) => Ok(Watched::Found(source, Box::new(found))),
            (Err(error), ..) if is_gone(&error) => Ok(Watched::Gone),
            (Err(error), ..) => {
                Err(error).with_context(|| format!("cannot read {}", source.source.path.display()))
            }
            (Ok(_), None, Some(_)) if place_of(&source.source.path).is_none() => Ok(Watched::Gone),
            (Ok(_), None, Some(issue)) => anyhow::bail!("{}: {}", issue.path, issue.detail),
            (Ok(_), None, None) => Ok(Watched::Nothing),
        }
    }
}

enum Watched {
    Found(SourceRef, Box<Found>),
    Nothing,
    Gone,
}

/// Where the message stands.
struct Found {
    offset: u64,
    /// Offset of the record behind it, where that is how it ends.
    next: Option<u64>,
    kept: Vec<Shown>,
    /// Pictures that messages before it in the same record have.
    before: u32,
    message: Message,
}

/// A piece that the room has shown.
struct Shown {
    path: Option<String>,
    place: String,
    bytes: Vec<u8>,
}

/// Where a picture is.
#[derive(Debug, PartialEq)]
enum Lies {
    /// Its ordinal among those that are in the record.
    Inside(usize),
    /// What the record says of the place: a path, or an address that is none.
    InFile(String),
}

impl Found {
    /// `None`: the message has no such picture, or does not tell where it is.
    fn picture(&self, number: usize) -> Option<Lies> {
        let stubs: Vec<&str> = self
            .message
            .text
            .match_indices("[image")
            .map(|(at, _)| &self.message.text[at..])
            .collect();
        let elsewhere = |stub: &&str| stub.starts_with("[image, ") || stub.starts_with("[image]");
        let before = self.before as usize;
        // words that look like stubs are told from stubs by their number alone
        if stubs.len() != self.message.images as usize {
            return Some(Lies::Inside(before + number));
        }
        let stub = stubs.get(number)?;
        if let Some(place) = place_in(stub) {
            return Some(Lies::InFile(place.to_owned()));
        }
        if stubs.iter().all(elsewhere) {
            return Some(Lies::Inside(before + number));
        }
        let shift = stubs[..number]
            .iter()
            .filter(|stub| elsewhere(stub))
            .count();
        (!elsewhere(stub)).then(|| Lies::Inside(before + number - shift))
    }
}

/// The path that a stub names: it is a line of its own, and an address of the web is no path.
fn place_in(stub: &str) -> Option<&str> {
    let line = stub.lines().next()?.strip_prefix("[image, ")?;
    let place = line.trim_end().strip_suffix(']')?;
    let path = place.starts_with("file://") || Path::new(place).is_absolute();
    path.then_some(place)
}

struct Watch<'n> {
    native: &'n str,
    zone: &'n jiff::tz::TimeZone,
    wants: Wants,
    seq: u32,
    to_next: bool,
    ours: bool,
    kept: Vec<Shown>,
    /// Offset of the record that is being told, `None` between two of them.
    record: Option<u64>,
    images: u32,
    found: Option<Found>,
    unread: Option<ParseIssue>,
}

impl EventSink for Watch<'_> {
    fn wants(&self) -> Wants {
        self.wants
    }
    fn zone(&self) -> jiff::tz::TimeZone {
        self.zone.clone()
    }
    fn session(&mut self, start: SessionStart) {
        self.ours = start.native == self.native;
    }
    fn kept(&mut self, pieces: &[Kept<'_>]) {
        if self.found.is_none() && !pieces.is_empty() {
            self.kept = pieces.iter().map(Shown::from).collect();
            self.record = None;
        }
    }
    fn event(&mut self, event: Event) -> Flow {
        if let Some(found) = &mut self.found {
            if event.offset <= found.offset {
                return Flow::Go;
            }
            found.next = Some(event.offset);
            return Flow::Stop;
        }
        let EventKind::Message(message) = event.kind else {
            return Flow::Go;
        };
        if !self.ours {
            return Flow::Go;
        }
        if self.record != Some(event.offset) {
            (self.record, self.images) = (Some(event.offset), 0);
        }
        if message.seq != self.seq {
            self.images += message.images;
            return Flow::Go;
        }
        self.found = Some(Found {
            offset: event.offset,
            next: None,
            kept: std::mem::take(&mut self.kept),
            before: self.images,
            message: *message,
        });
        match self.to_next {
            true => Flow::Go,
            false => Flow::Stop,
        }
    }
    fn issue(&mut self, issue: ParseIssue) {
        let unread = matches!(
            issue.kind,
            IssueKind::Unreadable | IssueKind::Locked | IssueKind::Corrupt
        );
        if unread && self.unread.is_none() {
            self.unread = Some(issue);
        }
    }
}

impl From<&Kept<'_>> for Shown {
    fn from(kept: &Kept<'_>) -> Shown {
        let (path, place) = match kept.place {
            Place::Row {
                table,
                column,
                key,
                value,
            } => (None, format!("{table}.{column} where {key} = {value}")),
            Place::Member { list, number } => (None, format!("{list}, element {number}")),
            Place::File(path) => (Some(path.display().to_string()), String::new()),
        };
        Shown {
            path,
            place,
            bytes: kept.bytes.to_vec(),
        }
    }
}

fn pieces(source: &SourceRef, found: Found) -> Result<RawAnswer> {
    let path = place_of(&source.source.path).unwrap_or(&source.source.path);
    if found.kept.is_empty() {
        return match stretch(source, &found) {
            Ok(Some(piece)) => Ok(RawAnswer::Found(vec![piece])),
            Ok(None) => Ok(RawAnswer::Unplaced),
            Err(error) if is_gone(&error) => Ok(RawAnswer::Gone),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
    }
    let pieces = found.kept.into_iter().map(|shown| RawPiece {
        path: shown.path.unwrap_or_else(|| path.display().to_string()),
        place: shown.place,
        line: None,
        offset: None,
        content: Box::new(Cursor::new(shown.bytes)),
    });
    Ok(RawAnswer::Found(pieces.collect()))
}

/// A record that is a stretch of the source's file.
fn stretch(source: &SourceRef, found: &Found) -> io::Result<Option<RawPiece>> {
    let Some(room) = agents::room(source.agent.as_str()) else {
        return Ok(None);
    };
    let source = &source.source;
    let cut = room.cut(source);
    let offset = match cut {
        Cut::Value => match record::value_at(&source.path, found.offset)? {
            Some(offset) => offset,
            None => return Ok(None),
        },
        Cut::Line | Cut::Block => found.offset,
    };
    let length = found.next.map(|next| next - found.offset);
    let input = room.open(source, offset)?;
    Ok(Some(RawPiece {
        path: source.path.display().to_string(),
        place: String::new(),
        line: Some(1 + record::lines_before(room.open(source, 0)?, offset)?),
        offset: Some(offset),
        content: Box::new(Cutter::new(input, cut, length)),
    }))
}

/// The file or folder that a source's path stands for: sessions of a database are named as if that were
/// a folder. `None` when it is not there.
fn place_of(path: &Path) -> Option<&Path> {
    let database = || path.parent().filter(|parent| parent.is_file());
    Some(path).filter(|path| path.exists()).or_else(database)
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
