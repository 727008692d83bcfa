//! One message with its neighbours, for opening a hit in its place.

use crate::engine::Engine;
use crate::engine::view::{MessagesPage, MessagesQuery, TranscriptItem};
use crate::model::Sid;
use crate::web::ask::Ask;
use crate::web::error::{Answer, Failure};
use crate::web::marks::find;
use crate::web::messages::{child_href, path};
use crate::web::respond;
use crate::web::shell::Shell;
use crate::web::transcript::{Content, Item, Renderer};
use crate::web::{App, blocking, filters};
use askama::Template;
use axum::extract::{Path, State};

/// Messages before it, and behind it.
const NEIGHBOURS: usize = 2;

#[derive(Template)]
#[template(path = "parts/around.html")]
pub struct Around {
    pub shell: Shell,
    pub items: Vec<Item>,
    /// Where it stands in its session.
    pub href: String,
    /// Ordinal from 1, and how many there are.
    pub at: usize,
    pub total: usize,
}

/// `/fragments/session/{id}/around/{seq}`.
pub async fn around(
    State(app): State<App>,
    Path((id, seq)): Path<(String, u32)>,
    ask: Ask,
) -> Answer {
    blocking::page(app, move |app| {
        let sid = find(&app.engine, &id)?;
        let (found, at) = neighbours(&app.engine, sid, seq)?
            .ok_or_else(|| Failure::not_found("this session has no such message"))?;
        let path = path(&id);
        let mut renderer = Renderer::new(&path, Some(seq));
        let linked = child_href(&app.engine);
        let items = found.items.into_iter();
        let page = Around {
            items: items.map(|item| renderer.item(item, &linked)).collect(),
            href: format!("{path}?m={seq}#m{seq}"),
            at: at + 1,
            total: found.total,
            shell: Shell::new(app, &ask, "/search", "Search"),
        };
        respond::part(&ask, &page)
    })
    .await
}

/// The message and those around it, and its place among all.
fn neighbours(
    engine: &Engine,
    sid: Sid,
    seq: u32,
) -> Result<Option<(MessagesPage, usize)>, Failure> {
    let near = engine.messages(
        sid,
        &MessagesQuery {
            around: Some(seq),
            limit: 2 * NEIGHBOURS + 1,
            ..MessagesQuery::default()
        },
    )?;
    let Some(place) = near.items.iter().position(|item| holds(item, seq)) else {
        return Ok(None);
    };
    let at = near.offset + place;
    let around = engine.messages(
        sid,
        &MessagesQuery {
            offset: at.saturating_sub(NEIGHBOURS),
            limit: at.min(NEIGHBOURS) + 1 + NEIGHBOURS,
            ..MessagesQuery::default()
        },
    )?;
    Ok(Some((around, at)))
}

fn holds(item: &TranscriptItem, seq: u32) -> bool {
    let output = item.output.as_ref();
    item.seq == seq || output.is_some_and(|output| output.seq == seq)
}
