//! A source is one file (or database) that an agent keeps; we read it and never write it.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One file that holds one or more sessions, as found by `Agent::discover`.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    pub path: PathBuf,
    pub fingerprint: Fingerprint,
    /// Primary sources hold transcripts; secondary ones annotate sessions or stand in for lost ones.
    pub rank: Rank,
    /// Room-private tag: which of the room's layouts this file has.
    pub layout: u8,
    /// The session's native id when the file name tells it (`""` when only the content does).
    pub native: String,
    /// Sub-agent transcripts: the parent's native id, when the path tells it.
    pub parent: Option<String>,
}

impl Source {
    /// The transcript of one session, in a room's only layout.
    pub fn whole(path: PathBuf, fingerprint: Fingerprint, native: String) -> Source {
        Source {
            path,
            fingerprint,
            rank: Rank::Primary,
            layout: 0,
            native,
            parent: None,
        }
    }
}

/// What the file system says of a file; equal fingerprints mean "not touched".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since the epoch.
    pub mtime_ns: i64,
    /// Status-change time in ns (0 where the platform has none): sees same-size, same-mtime edits.
    pub ctime_ns: i64,
    /// Inode (0 where the platform has none).
    pub inode: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub enum Rank {
    #[default]
    Primary,
    /// Read after all primaries: title indexes, prompt histories.
    Secondary,
}

/// Where the next read of a source starts, with what the parser must remember from before.
///
/// The default value means "from the beginning".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Bytes consumed: always just behind a whole record.
    pub offset: u64,
    /// Lines (records) consumed, so that issues name the right line.
    pub line: u64,
    /// Next message ordinal of the (single) session of a line-oriented source.
    pub seq: u32,
    /// Room-private state, opaque to everybody else.
    pub state: Vec<u8>,
    /// Hash of the up to 4 KiB before `offset`: a rewrite that kept the size is noticed by it.
    pub tail_hash: u64,
}

/// What the sink wants parsed; metadata, usage and facts always come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wants {
    /// Text of prompts and answers. Without it messages come with empty `text`,
    /// except the first 400 bytes of a user message, which titles and rules need.
    pub prose: bool,
    /// Text of thinking, tool input and tool output.
    pub rest: bool,
    /// Prompts that wait at the end of the source for the agent to take them, as messages behind all
    /// others. They are no history yet: the next record may hand them over, or take them back.
    pub waiting: bool,
}

impl Wants {
    pub const META: Wants = Wants {
        prose: false,
        rest: false,
        waiting: false,
    };
    pub const PROSE: Wants = Wants {
        prose: true,
        rest: false,
        waiting: false,
    };
    pub const ALL: Wants = Wants {
        prose: true,
        rest: true,
        waiting: false,
    };
    /// What a page shows.
    pub const PAGE: Wants = Wants {
        waiting: true,
        ..Wants::ALL
    };
}

/// Opens a session on the sink; the events that follow belong to it.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionStart {
    pub native: String,
    pub mode: SourceMode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceMode {
    /// Continues what this source gave before (or begins it, when nothing was).
    Append,
    /// Forget what this source gave for the session before; it follows whole.
    Replace,
    /// Facts about a session that another source holds; kept until that one turns up.
    Annotate,
    /// A stand-in, used only when no primary source holds the session.
    StandIn,
}

/// Something in a foreign file that could not be read as it should; counted and shown, never fatal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParseIssue {
    pub path: String,
    /// 1-based line or record number; 0 = the file as a whole.
    pub line: u64,
    pub kind: IssueKind,
    /// One clear sentence, lower case, without the foreign text itself.
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, PartialOrd, Ord)]
pub enum IssueKind {
    /// Not JSON (or not this format) at all.
    BadRecord,
    /// The last record is torn and nothing followed it.
    TornTail,
    InvalidUtf8,
    NulBytes,
    /// A record or a body over the limit was cut.
    TooLong,
    /// Right syntax, wrong types.
    WrongShape,
    Unreadable,
    Locked,
    Corrupt,
    /// A layout newer (or older) than this build knows.
    UnknownLayout,
}

impl IssueKind {
    pub fn label(self) -> &'static str {
        match self {
            IssueKind::BadRecord => "bad record",
            IssueKind::TornTail => "torn tail",
            IssueKind::InvalidUtf8 => "invalid UTF-8",
            IssueKind::NulBytes => "NUL bytes",
            IssueKind::TooLong => "record cut",
            IssueKind::WrongShape => "wrong shape",
            IssueKind::Unreadable => "unreadable",
            IssueKind::Locked => "locked",
            IssueKind::Corrupt => "corrupt",
            IssueKind::UnknownLayout => "unknown layout",
        }
    }
}

/// One record of a session, as remembered for finding copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRef {
    /// Hash of the record's id.
    pub hash: u64,
    /// Ms since the epoch; 0 = no time.
    pub at: i64,
    /// The record says itself that it was copied from another session.
    pub marked: bool,
}
