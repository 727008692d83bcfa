//! `/api/replay/{id}`: what was said when.

use super::params::Params;
use super::record::{head, rfc3339};
use super::reply::{Failure, Reply};
use super::session::{find, unknown};
use crate::engine::Engine;
use crate::engine::view::MessagesQuery;
use serde::{Deserialize, Serialize};

/// Characters of a message.
const LONGEST: usize = 3000;
/// Messages of one answer when `limit` does not say, and at most.
const PAGE: usize = 1000;
const MOST: usize = 5000;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReplayAnswer {
    pub messages: Vec<ReplayRecord>,
    /// First and last time of the session in ms since the epoch; `null` where none is recorded.
    #[serde(rename = "startMs")]
    pub start_ms: Option<i64>,
    #[serde(rename = "endMs")]
    pub end_ms: Option<i64>,
    /// Ms between them.
    pub duration: i64,
    pub total: usize,
    pub offset: usize,
    /// `offset` of the next page; `null` on the last.
    pub next: Option<usize>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReplayRecord {
    pub role: String,
    /// At most 3000 characters.
    pub content: String,
    /// RFC 3339 in UTC; `null` when the record has no time, as `ms`.
    pub timestamp: Option<String>,
    /// Ms since the epoch.
    pub ms: Option<i64>,
    pub seq: u32,
}

/// `GET /api/replay/{id}`: [`ReplayAnswer`]. Parameters: `offset` (default 0), `limit` (default 1000, at
/// most 5000).
///
/// # Errors
/// 404 for an id that no session, or more than one, has; 400 for a parameter that is not allowed.
pub fn one(engine: &Engine, id: &str, params: &Params) -> Result<Reply<ReplayAnswer>, Failure> {
    let sid = find(engine, id)?;
    let view = engine.session(sid)?.ok_or_else(|| unknown(id))?;
    let page = engine.messages(
        sid,
        &MessagesQuery {
            offset: params.number("offset")?.unwrap_or(0),
            limit: params.number("limit")?.unwrap_or(PAGE).min(MOST),
            ..MessagesQuery::default()
        },
    )?;
    let session = &view.card.session;
    let span = session.first_at.zip(session.last_at);
    Ok(Reply::from(ReplayAnswer {
        messages: page
            .items
            .iter()
            .map(|item| ReplayRecord {
                role: item.role.as_str().to_owned(),
                content: head(&item.text, LONGEST),
                timestamp: rfc3339(item.at),
                ms: item.at,
                seq: item.seq,
            })
            .collect(),
        start_ms: session.first_at,
        end_ms: session.last_at,
        duration: span.map_or(0, |(first, last)| last.saturating_sub(first)),
        total: page.total,
        offset: page.offset,
        next: page.next,
    }))
}
