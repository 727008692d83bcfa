//! Shapes of stored values.

use crate::model::{Checkpoint, Fingerprint, Rank, Source, TitleRank};
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::path::PathBuf;

/// First byte of every postcard value.
const FORMAT: u8 = 1;

pub(super) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_extend(value, vec![FORMAT]).expect("our own types always serialise")
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    ensure!(
        bytes.first() == Some(&FORMAT),
        "stored value has an unknown format"
    );
    postcard::from_bytes(&bytes[1..]).context("stored value does not decode")
}

/// The same for values that another build wrote: one that leaves bytes over had another shape.
pub(super) fn decode_whole<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    ensure!(
        bytes.first() == Some(&FORMAT),
        "stored value has an unknown format"
    );
    let (value, rest) =
        postcard::take_from_bytes(&bytes[1..]).context("stored value does not decode")?;
    ensure!(rest.is_empty(), "stored value has another shape");
    Ok(value)
}

/// A source and how far each pass has read it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceRow {
    pub agent: String,
    pub path: String,
    /// Index into the configuration's homes.
    pub home: u16,
    pub layout: u8,
    pub rank: Rank,
    pub native: String,
    pub parent: Option<String>,
    pub fingerprint: Fingerprint,
    pub meta: Pass,
    pub prose: Pass,
    pub rest: Pass,
    /// Sessions that it gave.
    pub sids: Vec<u32>,
    /// The index holds (or held) documents of it: they go before it is read anew.
    pub indexed: bool,
    /// The file is no longer there; its sessions stay.
    pub gone: bool,
    /// Another source holds the same session and is larger: this one is not read.
    pub shadowed: bool,
}

/// How far one pass has got in a source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pass {
    pub checkpoint: Checkpoint,
    /// The file as it was when the pass was complete; `None`: not read yet.
    pub done: Option<Fingerprint>,
}

impl SourceRow {
    pub fn of(source: &Source, agent: &str, home: u16) -> SourceRow {
        SourceRow {
            agent: agent.to_owned(),
            path: source.path.to_string_lossy().into_owned(),
            home,
            layout: source.layout,
            rank: source.rank,
            native: source.native.clone(),
            parent: source.parent.clone(),
            fingerprint: source.fingerprint,
            ..Default::default()
        }
    }

    pub fn source(&self) -> Source {
        Source {
            path: PathBuf::from(&self.path),
            fingerprint: self.fingerprint,
            rank: self.rank,
            layout: self.layout,
            native: self.native.clone(),
            parent: self.parent.clone(),
        }
    }

    pub fn is_done(&self, pass: &Pass) -> bool {
        pass.done == Some(self.fingerprint)
    }

    /// Every message of it is in the index.
    pub fn complete(&self) -> bool {
        self.is_done(&self.meta) && self.is_done(&self.prose) && self.is_done(&self.rest)
    }

    /// Nothing has been read: the next passes begin at the beginning.
    pub fn reset(&mut self) {
        self.meta = Pass::default();
        self.reset_documents();
    }

    pub fn reset_documents(&mut self) {
        self.prose = Pass::default();
        self.rest = Pass::default();
    }
}

/// What a secondary source says of a session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// Path of the source that says so.
    pub source: String,
    pub title: Option<(TitleRank, String)>,
    pub parent: Option<(String, crate::model::Relation)>,
    pub project: Option<String>,
    pub span: Option<(i64, i64)>,
    pub archived: bool,
}

impl Note {
    /// Fills in what the session does not say itself; a title of at least equal rank wins.
    pub(super) fn apply(&self, session: &mut crate::model::SessionSummary) {
        if let Some((rank, title)) = &self.title
            && *rank >= session.title_rank
        {
            session.title = Some(title.clone());
            session.title_rank = *rank;
        }
        if session.parent.is_none()
            && let Some((parent, relation)) = &self.parent
        {
            session.parent = Some(parent.clone());
            session.relation = *relation;
        }
        if session.project.is_empty()
            && let Some(project) = &self.project
        {
            session.project = project.clone();
        }
        if session.first_at.is_none()
            && let Some((first, last)) = self.span
        {
            session.first_at = Some(first);
            session.last_at = Some(last);
        }
        session.archived |= self.archived;
    }
}
