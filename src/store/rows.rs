//! Shapes of stored values.

use crate::model::usage::{Response, Tier, Tokens};
use crate::model::{Checkpoint, Fingerprint, Rank, Source, TitleRank};
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::HashMap;
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

/// One day's responses: names once, in front; then a row for each.
#[derive(Serialize, Deserialize)]
struct Day<'r> {
    #[serde(borrow)]
    names: Vec<&'r str>,
    rows: Vec<Packed>,
}

/// A [`Response`] with names by their place, and times after the row before.
#[derive(Serialize, Deserialize)]
struct Packed {
    at: i64,
    lasted: i64,
    key: u64,
    turn: Option<u32>,
    model: u16,
    branch: u16,
    tier: Tier,
    us_region: bool,
    estimated: bool,
    tokens: Tokens,
    recorded_cost: Option<i64>,
    tools: Vec<u16>,
}

/// Responses in the order of [`Response`].
pub(super) fn encode_responses(responses: &[Response]) -> Vec<u8> {
    let mut names: Vec<&str> = Vec::new();
    let mut places: HashMap<&str, u16> = HashMap::new();
    let mut last = 0;
    let mut rows = Vec::with_capacity(responses.len());
    for response in responses {
        // more names than that in one day are damage: the last place stands for all of them
        let mut place = |name| {
            *places.entry(name).or_insert_with(|| {
                if names.len() < usize::from(u16::MAX) {
                    names.push(name);
                }
                (names.len() - 1) as u16
            })
        };
        rows.push(Packed {
            at: response.at.wrapping_sub(last),
            lasted: response.until.wrapping_sub(response.at),
            key: response.key,
            turn: response.turn,
            model: place(&response.model),
            branch: place(&response.branch),
            tier: response.tier,
            us_region: response.us_region,
            estimated: response.estimated,
            tokens: response.tokens,
            recorded_cost: response.recorded_cost,
            tools: response.tools.iter().map(|name| place(name)).collect(),
        });
        last = response.at;
    }
    encode(&Day { names, rows })
}

pub(super) fn decode_responses(bytes: &[u8]) -> Result<Vec<Response>> {
    ensure!(
        bytes.first() == Some(&FORMAT),
        "stored responses have an unknown format"
    );
    let day: Day<'_> =
        postcard::from_bytes(&bytes[1..]).context("stored responses do not decode")?;
    let name = |place: u16| {
        day.names
            .get(usize::from(place))
            .map(|name| (*name).to_owned())
            .unwrap_or_default()
    };
    let mut at = 0_i64;
    let rows = day.rows.iter().map(|row| {
        at = at.wrapping_add(row.at);
        Response {
            at,
            until: at.wrapping_add(row.lasted),
            key: row.key,
            turn: row.turn,
            model: name(row.model),
            branch: name(row.branch),
            tier: row.tier,
            us_region: row.us_region,
            estimated: row.estimated,
            tokens: row.tokens,
            recorded_cost: row.recorded_cost,
            tools: row.tools.iter().map(|place| name(*place)).collect(),
        }
    });
    Ok(rows.collect())
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
