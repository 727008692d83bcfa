//! Stars, tags and titles as forms of their own, so that they work without a script; and which session
//! is meant.

use super::cards::href;
use super::error::Failure;
use super::params::Params;
use super::shell::Shell;
use crate::engine::view::{Card, SUGGESTED_TAGS, Tag, TagRow};
use crate::engine::{Engine, Found};
use crate::model::{SessionSummary, Sid};
use askama::Template;
use axum::http::StatusCode;
use std::sync::Arc;

/// The star button; what all of them send stands once in the frame of the page, form `marks`.
#[derive(Template)]
#[template(path = "parts/star.html")]
pub struct Star {
    pub action: String,
    pub on: bool,
}

/// The tags of a session, each with a button that removes it, and a field for one more.
#[derive(Template)]
#[template(path = "parts/tags.html")]
pub struct Tags {
    pub id: String,
    /// Address of the session, where the field stands open.
    pub session: String,
    pub action: String,
    pub tags: Vec<TagView>,
    /// On a card: the page has the field once for all of them.
    pub compact: bool,
    /// Tags that are offered while typing.
    pub known: Vec<String>,
    pub token: Arc<str>,
    pub back: String,
}

pub struct TagView {
    pub name: String,
    /// Class of its colour, `""` for none.
    pub class: String,
    /// Its sessions.
    pub href: String,
}

/// A field for a title of one's own.
#[derive(Template)]
#[template(path = "parts/rename.html")]
pub struct Rename {
    pub id: String,
    pub action: String,
    /// What the session is called now.
    pub name: String,
    /// What it is called without one's own title.
    pub called: Option<String>,
    pub token: Arc<str>,
    pub back: String,
    /// In a list that redraws itself; otherwise the page is loaded again.
    pub listed: bool,
}

impl Star {
    pub fn new(session: &SessionSummary, on: bool) -> Star {
        Star {
            action: format!("{}/star", href(session)),
            on,
        }
    }
}

impl TagView {
    pub fn new(tag: Tag) -> TagView {
        TagView {
            class: class(tag.color),
            href: Params::default().with("tag", &tag.name).url("/"),
            name: tag.name,
        }
    }
}

/// The class of a tag's colour, `""` for none.
pub fn class(color: &str) -> String {
    match color {
        "" => String::new(),
        color => format!("t-{color}"),
    }
}

impl Tags {
    /// As a card shows them.
    pub fn of(card: &Card, shell: &Shell) -> Tags {
        Tags {
            id: format!("tags-{}", card.sid.0),
            session: href(&card.session),
            action: format!("{}/tags", href(&card.session)),
            tags: card.tags.iter().cloned().map(TagView::new).collect(),
            compact: true,
            known: Vec::new(),
            token: shell.token.clone(),
            back: shell.here.clone(),
        }
    }
}

impl Rename {
    pub fn new(card: &Card, name: &str, token: Arc<str>, back: String, listed: bool) -> Rename {
        Rename {
            id: format!("title-{}", card.sid.0),
            action: format!("{}/title", href(&card.session)),
            name: name.to_owned(),
            called: card.called.clone(),
            token,
            back,
            listed,
        }
    }
}

/// Tags that a field offers: those there are, and a few to begin with.
pub fn offers(rows: Vec<TagRow>) -> Vec<String> {
    let mut names: Vec<String> = rows.into_iter().map(|row| row.tag.name).collect();
    for (name, _) in SUGGESTED_TAGS {
        if names.iter().all(|known| known != name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// By full id, `agent:id` or a unique prefix.
pub fn find(engine: &Engine, id: &str) -> Result<Sid, Failure> {
    match engine.find_session(id)? {
        Found::One(sid) => Ok(sid),
        Found::None => Err(Failure::not_found(format!("there is no session {id}"))),
        Found::Many(ids) => Err(Failure::new(
            StatusCode::MULTIPLE_CHOICES,
            format!("several sessions begin with {id}: {}", ids.join(", ")),
        )),
    }
}
