//! `/session/{id}`: one conversation, its facts and its transcript.

mod files;
mod jump;
mod outline;
mod text;
mod view;

pub use files::{edits, page as files};
pub use outline::page as outline;
pub use text::text;

use crate::engine::Engine;
use crate::engine::view::{
    Course, Inside, LIVE_MS, Landmark, MessagesPage, MessagesQuery, RoleFilter, SessionView,
    TranscriptItem,
};
use crate::model::Sid;
use crate::web::ask::Ask;
use crate::web::error::{Answer, Failure};
use crate::web::marks::{find, offers};
use crate::web::messages::{Messages, RECENT, child_href, path};
use crate::web::params::Params;
use crate::web::respond;
use crate::web::shell::Shell;
use crate::web::transcript::{Insight, Renderer};
use crate::web::{App, blocking};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use std::sync::Arc;
use view::Session;

/// Messages at a time.
const LIMIT: usize = 50;
const FILTERS: [(&str, &str); 6] = [
    ("all", "All"),
    ("user", "User"),
    ("assistant", "Assistant"),
    ("tools", "Tools"),
    ("errors", "Errors"),
    ("edits", "Edits"),
];

/// Everything that the page of one session shows.
struct Found {
    view: SessionView,
    messages: MessagesPage,
    course: Arc<Course>,
    inside: Inside,
    /// Every tag in use.
    tags: Vec<String>,
}

pub async fn page(State(app): State<App>, Path(id): Path<String>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        let sid = find(&app.engine, &id)?;
        let params = known(&ask);
        if ask.params.get("jump").is_some() {
            return jump::go(app, sid, &path(&id), &params, &ask);
        }
        let make = || {
            let found = Found::new(&app.engine, sid, &params)?;
            let shell = Shell::new(app, &ask, "/", "Session");
            let page = Session::new(shell, found, params.clone());
            respond::navigated(&ask, &page, &page.shell.here)
        };
        // a search sees the index before the store tells of it
        match params.get("q") {
            Some(_) => make(),
            None => respond::stamped(app, &ask, make),
        }
    })
    .await
}

/// The next (or previous) items alone.
pub async fn more(State(app): State<App>, Path(id): Path<String>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        let (sid, params) = (find(&app.engine, &id)?, known(&ask));
        let found = app.engine.messages(sid, &query(&params))?;
        let insight = insight(&app.engine, sid, &params)?;
        let shell = Shell::new(app, &ask, "/", "Session");
        let mut messages = Messages::new(shell, &path(&id), &params, found, &insight, &app.engine)?;
        // going up, the way down is on the page already, and the other way round
        match ask.params.get("way") {
            Some("up") => (messages.next, messages.tail) = (None, None),
            _ => messages.previous = None,
        }
        respond::part(&ask, &messages)
    })
    .await
}

/// What came behind the end that a page shows: 204 when nothing did.
pub async fn tail(State(app): State<App>, Path(id): Path<String>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        let (sid, params) = (find(&app.engine, &id)?, known(&ask));
        let seen = ask.params.number("offset").unwrap_or_default();
        let waiting: Vec<u32> = ask
            .params
            .get("waiting")
            .unwrap_or_default()
            .split(',')
            .filter_map(|seq| seq.parse().ok())
            .collect();
        let start = seen.saturating_sub(if waiting.is_empty() { 0 } else { RECENT });
        let mut query = query(&params);
        (query.offset, query.around) = (start, None);
        let mut found = app.engine.messages(sid, &query)?;
        let fresh = found.items.split_off((seen - start).min(found.items.len()));
        let changed: Vec<TranscriptItem> = std::mem::replace(&mut found.items, fresh)
            .into_iter()
            .filter(|item| waiting.contains(&item.seq) && item.output.is_some())
            .collect();
        if found.items.is_empty() && changed.is_empty() {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        found.offset = seen;
        let newest = found.items.iter().chain(&changed).filter_map(last_at).max();
        let insight = insight(&app.engine, sid, &params)?;
        let shell = Shell::new(app, &ask, "/", "Session");
        let path = path(&id);
        let now = shell.clock.now;
        let mut messages = Messages::new(shell, &path, &params, found, &insight, &app.engine)?;
        let mut renderer = Renderer::new(&path, None, &insight);
        messages.changed = changed
            .into_iter()
            .map(|item| renderer.item(item, child_href(&app.engine)))
            .collect();
        messages.previous = None;
        messages.live = newest
            .map(|at| at.saturating_add(LIVE_MS))
            .filter(|until| *until > now);
        respond::part(&ask, &messages)
    })
    .await
}

/// Of an item, or of its output.
fn last_at(item: &TranscriptItem) -> Option<i64> {
    item.at
        .max(item.output.as_ref().and_then(|output| output.at))
}

/// What is state of the page; the rest of an address is a question about it.
fn known(ask: &Ask) -> Params {
    let names = ["filter", "tool", "q", "m", "none", "offset"];
    ask.params.only(&names)
}

fn query(params: &Params) -> MessagesQuery {
    let filter = params.get("filter");
    MessagesQuery {
        filter: match filter {
            Some("user") => RoleFilter::User,
            Some("assistant") => RoleFilter::Assistant,
            Some("tools") => RoleFilter::Tools,
            _ => RoleFilter::All,
        },
        offset: params.number("offset").unwrap_or_default(),
        limit: LIMIT,
        around: number(params, "m"),
        only: match (filter, params.get("tool")) {
            (Some("errors"), _) => Some(Landmark::Error),
            (Some("edits"), _) => Some(Landmark::Edit),
            (Some("tools"), Some(tool)) => Some(Landmark::Tool(tool.to_owned())),
            _ => None,
        },
    }
}

fn number(params: &Params, name: &str) -> Option<u32> {
    params.get(name)?.parse().ok()
}

fn inside(engine: &Engine, sid: Sid, params: &Params) -> Result<Inside, Failure> {
    Ok(match params.get("q") {
        Some(text) => engine.inside(sid, text)?,
        None => Inside::default(),
    })
}

fn insight(engine: &Engine, sid: Sid, params: &Params) -> Result<Insight, Failure> {
    let inside = inside(engine, sid, params)?;
    Ok(Insight::new(engine.course(sid)?, inside))
}

impl Found {
    fn new(engine: &Engine, sid: Sid, params: &Params) -> Result<Found, Failure> {
        let view = engine
            .session(sid)?
            .ok_or_else(|| Failure::not_found("this session is not known any more"))?;
        Ok(Found {
            view,
            messages: engine.messages(sid, &query(params))?,
            course: engine.course(sid)?,
            inside: inside(engine, sid, params)?,
            tags: offers(engine.tags()?),
        })
    }
}

#[cfg(test)]
pub use view::tests;
