//! `/session/{id}/raw/{seq}`: what the agent itself wrote of one message; and the pictures in it.

use crate::engine::view::{RawAnswer, RawPiece};
use crate::web::ask::Ask;
use crate::web::cards;
use crate::web::error::{Answer, Failure};
use crate::web::filters::{grouped, sized};
use crate::web::marks::find;
use crate::web::messages::path;
use crate::web::respond::{self, fragment};
use crate::web::shell::Shell;
use crate::web::transcript::{Body, Content, Notice};
use crate::web::{App, blocking, found, highlight, pretty};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;

/// Shown of one record; the whole is a download.
const MOST: u64 = 256 << 10;

#[derive(Template)]
#[template(path = "pages/raw.html", blocks = ["results"])]
pub struct Raw {
    pub shell: Shell,
    /// Address and name of the session.
    pub session: String,
    pub name: String,
    pub agent: &'static str,
    pub seq: u32,
    pub message: String,
    pub previous: Option<String>,
    pub next: Option<String>,
    pub pieces: Vec<Piece>,
    /// Why there are none.
    pub missing: Option<String>,
    pub whole: String,
    pub json: String,
}
fragment!(Raw);

/// One stretch of a file, one row, one file.
pub struct Piece {
    pub path: String,
    /// Where in it, in words; `""`: the whole.
    pub place: String,
    pub size: String,
    pub body: Body,
}

pub async fn page(
    State(app): State<App>,
    Path((id, seq)): Path<(String, u32)>,
    ask: Ask,
) -> Answer {
    blocking::page(app, move |app| {
        let sid = find(&app.engine, &id)?;
        let view = app
            .engine
            .session(sid)?
            .ok_or_else(|| Failure::not_found("this session is not known any more"))?;
        let (pieces, missing) = match app.engine.raw(sid, seq)? {
            RawAnswer::Found(pieces) => (pieces, None),
            RawAnswer::NoMessage => return Err(no_message()),
            RawAnswer::Gone => (Vec::new(), Some(gone(view.card.agent.name))),
            RawAnswer::Unplaced => (Vec::new(), Some(unplaced(view.card.agent.name))),
        };
        let session = &view.card.session;
        let home = path(&session.key.native);
        let of = |seq: u32| format!("{home}/raw/{seq}");
        let json = format!("/api{home}/raw/{seq}");
        let whole = format!("{json}?format=plain&download=1");
        let page = Raw {
            name: match cards::name(session) {
                name if name.is_empty() => "Untitled session".into(),
                name => name,
            },
            agent: view.card.agent.name,
            message: format!("{home}?m={seq}#m{seq}"),
            previous: seq.checked_sub(1).map(of),
            next: (seq + 1 < session.all_messages).then(|| of(seq + 1)),
            pieces: shown(pieces, &whole)?,
            missing,
            session: home,
            seq,
            whole,
            json,
            shell: Shell::new(app, &ask, "/", &format!("Record of message {seq}")),
        };
        respond::page(&ask, &page)
    })
    .await
}

/// `GET /session/{id}/image/{seq}/{number}`: the bytes of a picture, nothing but a picture.
pub async fn image(
    State(app): State<App>,
    Path((id, seq, number)): Path<(String, u32, usize)>,
) -> Answer {
    blocking::page(app, move |app| {
        let sid = find(&app.engine, &id)?;
        let picture = app.engine.picture(sid, seq, number)?;
        let picture = picture.ok_or_else(|| {
            Failure::not_found(
                "the source of this session holds no such image, or none that is shown",
            )
        })?;
        let headers = [
            (header::CONTENT_TYPE, picture.media),
            (header::CONTENT_DISPOSITION, "inline"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::CACHE_CONTROL, "private, max-age=600"),
        ];
        let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
        Ok((headers, picture.bytes).into_response())
    })
    .await
}

fn no_message() -> Failure {
    Failure::not_found("this session has no such message")
}

fn gone(agent: &str) -> String {
    format!(
        "{agent} has deleted the source of this session. What codedash kept of the message is its text alone."
    )
}

fn unplaced(agent: &str) -> String {
    format!(
        "The record cannot be pointed at: what {agent} wrote was damaged and was mended while it was read, so that places in it are not those of the file."
    )
}

fn shown(pieces: Vec<RawPiece>, whole: &str) -> Result<Vec<Piece>, Failure> {
    let mut left = MOST;
    let mut budget = highlight::PAGE_BUDGET;
    let mut all = Vec::new();
    for mut piece in pieces {
        let (head, bytes) = piece.head(left).map_err(|error| {
            anyhow::Error::new(error).context("the source cannot be read any more")
        })?;
        left = left.saturating_sub(head.len() as u64);
        let notice = (bytes > head.len() as u64).then(|| Notice {
            text: format!("{} of {} shown", sized(head.len() as u64), sized(bytes)),
            href: Some(whole.to_owned()),
        });
        let text = String::from_utf8_lossy(&head).into_owned();
        let content = match pretty::json(&text) {
            _ if text.is_empty() => Content::Empty,
            Some(json) => match highlight::html(&json, "json", &mut budget) {
                Some(spans) => {
                    Content::Html(format!("<pre tabindex=\"0\"><code>{spans}</code></pre>"))
                }
                None => Content::Plain(found::unmarked(json)),
            },
            None => Content::Plain(found::unmarked(text)),
        };
        all.push(Piece {
            place: place(&piece),
            path: piece.path,
            size: sized(bytes),
            body: Body { content, notice },
        });
    }
    Ok(all)
}

fn place(piece: &RawPiece) -> String {
    match (piece.line, piece.offset) {
        (Some(line), Some(offset)) => {
            format!("line {}, from byte {}", grouped(line), grouped(offset))
        }
        _ => piece.place.clone(),
    }
}
