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
use crate::web::transcript::{Content, Insight, Item, Renderer};
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
        let insight = Insight::default();
        let mut renderer = Renderer::new(&path, Some(seq), &insight);
        let linked = child_href(&app.engine);
        let items = found.items.into_iter();
        let page = Around {
            items: items.map(|item| renderer.item(item, &linked)).collect(),
            href: format!("{path}?m={seq}#m{seq}"),
            at: at + 1,
            total: found.total,
            shell: Shell::new(app, &ask, "/search", "Search"),
        };
        let html = led_home(&page.render()?, &path);
        Ok(respond::tagged(&ask, html))
    })
    .await
}

/// Links to messages lead into their session: on the page that this is put into they lead nowhere.
fn led_home(html: &str, path: &str) -> String {
    let mut pieces = html.split("href=\"#m");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let seq: String = piece.chars().take_while(char::is_ascii_digit).collect();
        out.push_str(&format!("href=\"{path}?m={seq}#m{piece}"));
    }
    out
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_messages_lead_into_the_session() {
        let html = "<a href=\"#m12\">x</a> <a href=\"/a\">y</a> href=#m1";
        let home = led_home(html, "/session/s");
        assert_eq!(home.matches("#m12").count(), 1);
        assert!(home.contains("<a href=\"/session/s?m=12#m12\">x</a> <a href=\"/a\">"));
    }
}
