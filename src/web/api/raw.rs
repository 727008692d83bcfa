//! `/api/session/{id}/raw/{seq}`: what the agent itself wrote of one message.

use super::params::Params;
use super::reply::{Failure, Reply, off_thread};
use super::session::{find, unknown};
use crate::engine::view::{RawAnswer, RawPiece};
use crate::web::{App, blocking};
use axum::extract::{Path, RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Bytes of an answer's contents when `limit` does not say, and at most.
const LIMIT: usize = 1 << 20;
const MOST: usize = 16 << 20;

#[derive(Debug, Serialize)]
struct RawRecord {
    /// The agent's id.
    tool: String,
    seq: u32,
    pieces: Vec<PieceRecord>,
}

/// A stretch of a file, a row, or a file.
#[derive(Debug, Serialize)]
struct PieceRecord {
    path: String,
    /// Where in it when that is no line: `part.data where message_id = msg_1`; `""` else.
    place: String,
    /// From 1; `null` for what is no stretch of a file, as `offset`.
    line: Option<u64>,
    offset: Option<u64>,
    /// Of the whole; `cut` says that `content` is only its beginning.
    bytes: u64,
    cut: bool,
    content: String,
}

/// `GET /api/session/{id}/raw/{seq}`: `{tool, seq, pieces: [{path, place, line, offset, bytes, cut,
/// content}]}`. Parameters: `limit` (bytes of content, default 1 MiB, at most 16 MiB), `format=plain` (the
/// bytes themselves and nothing else, whole; pieces are parted by a line end), `download=1` (as an
/// attachment).
///
/// # Errors
/// 404 when there is no such session or message, when the agent has deleted the source, and when the
/// record cannot be pointed at in it.
pub(super) async fn raw(
    State(app): State<App>,
    Path((id, seq)): Path<(String, u32)>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let found = off_thread(&app, move |engine| {
        let params = Params::parse(&query)?;
        let limit = params.number("limit")?.unwrap_or(LIMIT).min(MOST);
        let plain = params
            .choice("format", &[("json", false), ("plain", true)])?
            .unwrap_or_default();
        let attached = params.choice("download", &[("0", false), ("1", true)])?;
        let sid = find(engine, &id)?;
        let view = engine.session(sid)?.ok_or_else(|| unknown(&id))?;
        let pieces = pieces(engine.raw(sid, seq)?)?;
        if plain {
            return Ok(Ok((pieces, attached.unwrap_or_default())));
        }
        let mut left = limit as u64;
        let pieces = pieces.into_iter().map(|piece| record(piece, &mut left));
        Ok(Err(RawRecord {
            tool: view.card.agent.id.to_owned(),
            seq,
            pieces: pieces.collect::<Result<_, Failure>>()?,
        }))
    });
    match found.await {
        Ok(Ok((pieces, attached))) => bytes(app, seq, pieces, attached),
        Ok(Err(record)) => Reply::from(record).into_response(),
        Err(failure) => failure.into_response(),
    }
}

fn pieces(answer: RawAnswer) -> Result<Vec<RawPiece>, Failure> {
    let why = match answer {
        RawAnswer::Found(pieces) => return Ok(pieces),
        RawAnswer::NoMessage => "this session has no such message",
        RawAnswer::Gone => "the agent has deleted the source of this session",
        RawAnswer::Unplaced => {
            "the source was damaged: where in it the message stands is not known"
        }
    };
    Err(Failure::new(404, why))
}

fn record(mut piece: RawPiece, left: &mut u64) -> Result<PieceRecord, Failure> {
    let (head, bytes) = piece.head(*left).map_err(anyhow::Error::from)?;
    *left = left.saturating_sub(head.len() as u64);
    Ok(PieceRecord {
        path: piece.path,
        place: piece.place,
        line: piece.line,
        offset: piece.offset,
        bytes,
        cut: bytes > head.len() as u64,
        content: String::from_utf8_lossy(&head).into_owned(),
    })
}

/// The bytes as they are; nothing in them is anything but text to a browser.
fn bytes(app: App, seq: u32, pieces: Vec<RawPiece>, attached: bool) -> Response {
    let body = blocking::body(app, move |_, out| {
        let mut first = true;
        for mut piece in pieces {
            if !std::mem::take(&mut first) {
                out.write_all(b"\n")?;
            }
            std::io::copy(&mut piece.content, &mut { &mut *out })?;
        }
        Ok(())
    });
    let disposition = match attached {
        true => format!("attachment; filename=\"record-{seq}.txt\""),
        false => "inline".to_owned(),
    };
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, body).into_response()
}
