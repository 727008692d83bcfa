//! Stars and tags as forms of their own, so that they work without a script; and which session is meant.

use super::cards::href;
use super::error::Failure;
use super::shell::Shell;
use crate::engine::{Engine, Found};
use crate::model::{SessionSummary, Sid};
use askama::Template;
use axum::http::StatusCode;
use std::sync::Arc;

/// The star button.
#[derive(Template)]
#[template(path = "parts/star.html")]
pub struct Star {
    pub action: String,
    pub on: bool,
    pub token: Arc<str>,
    pub back: String,
}

/// The tags of a session, each with a button that removes it, and a field for one more.
#[derive(Template)]
#[template(path = "parts/tags.html")]
pub struct Tags {
    pub action: String,
    pub tags: Vec<String>,
    /// Tags of other sessions, offered while typing.
    pub known: Vec<String>,
    pub token: Arc<str>,
    pub back: String,
}

impl Star {
    pub fn new(session: &SessionSummary, on: bool, shell: &Shell) -> Star {
        Star {
            action: format!("{}/star", href(session)),
            on,
            token: shell.token.clone(),
            back: shell.here.clone(),
        }
    }
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
