//! A session told to a sink, record by record: what rooms do alike.
//!
//! A [`Teller`] numbers messages, says facts when they change and pairs calls with their outputs;
//! what of it the next read must know is [`Told`]. [`lines`] drives it over a file that grows at its
//! end, [`Teller::whole`] is for sources that are read anew whenever they change, [`Teller::at`] for rows
//! that are read on from where the last read ended.

mod out;

pub use super::value::{count, dollars, id, id_of_name, is_id, unique};
pub use out::Out;

use super::json::Raw;
use super::jsonl::{self, Lines};
use crate::agents::{EventSink, Flow};
use crate::model::{Checkpoint, IssueKind, ParseIssue, SessionStart, Source, SourceMode, Wants};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

/// Calls that may wait for their outputs at once; of more the oldest lose their names, not their output.
const WAITING: usize = 64;

/// What was told of a session: a later read goes on from it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    pub native: String,
    pub model: String,
    pub cwd: String,
    branch: String,
    remote: String,
    version: String,
    origin: String,
    title: String,
    window: u64,
    /// Id and name of calls without output.
    calls: Vec<(String, String)>,
}

impl Told {
    /// Nothing yet, of this session.
    pub fn of(native: &str) -> Told {
        Told {
            native: native.to_owned(),
            ..Told::default()
        }
    }
}

pub struct Teller {
    pub told: Told,
    mode: SourceMode,
    wants: Wants,
    seq: u32,
    opened: bool,
    flow: Flow,
    at: Option<i64>,
    offset: u64,
    uuid: String,
    blocks: u32,
    sidechain: bool,
    copy: bool,
    renamed: bool,
    latest: Option<i64>,
}

impl Teller {
    /// For a source that is read whole; what it gave before is replaced.
    pub fn whole(native: &str, sink: &dyn EventSink) -> Teller {
        Teller::new(Told::of(native), 0, SourceMode::Replace, sink.wants())
    }

    /// For rows: the session goes on at message `seq`, or is told anew. It is opened even when nothing
    /// follows, so that one without rows any more is empty.
    pub fn at(told: Told, mode: SourceMode, seq: u32, sink: &mut dyn EventSink) -> Teller {
        let mut teller = Teller::new(told, seq, mode, sink.wants());
        teller.open(sink);
        teller
    }

    /// For what only speaks of a session that other sources hold ([`SourceMode::Annotate`] or
    /// [`SourceMode::StandIn`]).
    pub fn beside(native: &str, mode: SourceMode, sink: &dyn EventSink) -> Teller {
        Teller {
            mode,
            ..Teller::whole(native, sink)
        }
    }

    fn new(told: Told, seq: u32, mode: SourceMode, wants: Wants) -> Teller {
        Teller {
            told,
            mode,
            wants,
            seq,
            opened: false,
            flow: Flow::Go,
            at: None,
            offset: 0,
            uuid: String::new(),
            blocks: 0,
            sidechain: false,
            copy: false,
            renamed: false,
            latest: None,
        }
    }

    pub fn out<'a>(&'a mut self, sink: &'a mut dyn EventSink) -> Out<'a> {
        Out { teller: self, sink }
    }

    pub fn flow(&self) -> Flow {
        self.flow
    }

    fn open(&mut self, sink: &mut dyn EventSink) {
        self.opened = true;
        sink.session(SessionStart {
            native: self.told.native.clone(),
            mode: self.mode,
        });
    }

    /// The session is opened again before its next event: another one was told meanwhile.
    pub fn reopen(&mut self) {
        self.opened = false;
    }
}

pub fn issue(path: &Path, line: u64, kind: IssueKind, detail: &str, sink: &mut dyn EventSink) {
    sink.issue(ParseIssue {
        path: path.to_string_lossy().into_owned(),
        line,
        kind,
        detail: detail.to_owned(),
    });
}

/// A record that is JSON, but not what it should be.
pub fn wrong(what: &str) -> serde_json::Error {
    serde::de::Error::custom(what)
}

/// One record of a file of lines.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    pub raw: Raw<'a>,
    pub offset: u64,
    /// 1-based.
    pub number: u64,
}

/// Reads a file that grows at its end, from a checkpoint on. `S` is what the room itself must know
/// of what came before.
///
/// # Errors
/// The file cannot be opened or read.
pub fn lines<S: Serialize + DeserializeOwned + Default>(
    source: &Source,
    from: &Checkpoint,
    sink: &mut dyn EventSink,
    native: &str,
    each: &mut dyn FnMut(Record<'_>, &mut S, &mut Out<'_>) -> Result<(), serde_json::Error>,
) -> io::Result<Checkpoint> {
    let (mut told, mut state): (Told, S) = postcard::from_bytes(&from.state).unwrap_or_default();
    if told.native.is_empty() {
        native.clone_into(&mut told.native);
    }
    let mode = match from.offset {
        0 => SourceMode::Replace,
        _ => SourceMode::Append,
    };
    let mut teller = Teller::new(told, from.seq, mode, sink.wants());
    if mode == SourceMode::Append && !teller.told.native.is_empty() {
        // what came may be damage alone: the session has grown by that too
        teller.open(sink);
    }
    let mut lines = Lines::open(&source.path, from)?;
    // whoever stops us knows that the checkpoint is worthless
    let _ = jsonl::each(&mut lines, sink, &mut |line, sink| {
        let raw = Raw::parse(line.text)?;
        if !raw.is_object() {
            return Err(wrong("no object"));
        }
        let record = Record {
            raw,
            offset: line.offset,
            number: line.number,
        };
        each(record, &mut state, &mut teller.out(sink))?;
        Ok(teller.flow)
    })?;
    Ok(Checkpoint {
        seq: teller.seq,
        state: postcard::to_stdvec(&(&teller.told, &state)).expect("plain data serialises"),
        ..lines.checkpoint()
    })
}
