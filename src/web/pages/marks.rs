//! Stars and tags: forms that come back to their page, or swap themselves when htmx sends them.

use crate::web::ask::Ask;
use crate::web::error::{Answer, Failure};
use crate::web::marks::{Star, Tags, find};
use crate::web::params::{Params, segment};
use crate::web::respond;
use crate::web::{App, blocking};
use axum::extract::{Path, State};
use axum::http::StatusCode;

/// Longest tag, in characters.
const MAX_TAG: usize = 40;

/// `POST /session/{id}/star`, form `on=0|1`.
pub async fn star(
    State(app): State<App>,
    Path(id): Path<String>,
    ask: Ask,
    body: String,
) -> Answer {
    blocking::page(app, move |app| {
        let form = Params::parse(&body);
        let on = form.flag("on");
        app.engine.set_star(find(&app.engine, &id)?, on)?;
        if !ask.htmx {
            return Ok(respond::back(form.get("back")));
        }
        let star = Star {
            action: format!("/session/{}/star", segment(&id)),
            on,
            token: app.token.clone(),
            back: form.get("back").unwrap_or("/").to_owned(),
        };
        respond::part(&ask, &star)
    })
    .await
}

/// `POST /session/{id}/tags`, form `tag=<word>` with `on=0` to take it away.
pub async fn tag(State(app): State<App>, Path(id): Path<String>, ask: Ask, body: String) -> Answer {
    blocking::page(app, move |app| {
        let form = Params::parse(&body);
        let tag = form.get("tag").map(str::trim).unwrap_or_default();
        if tag.is_empty() || tag.chars().count() > MAX_TAG || tag.contains(char::is_control) {
            return Err(Failure::new(
                StatusCode::BAD_REQUEST,
                format!("a tag has 1 to {MAX_TAG} characters"),
            ));
        }
        let sid = find(&app.engine, &id)?;
        app.engine.set_tag(sid, tag, form.get("on") != Some("0"))?;
        if !ask.htmx {
            return Ok(respond::back(form.get("back")));
        }
        let view = app.engine.session(sid)?;
        let tags = Tags {
            action: format!("/session/{}/tags", segment(&id)),
            tags: view.map(|view| view.card.tags).unwrap_or_default(),
            known: app.engine.tags()?.into_iter().map(|tag| tag.0).collect(),
            token: app.token.clone(),
            back: form.get("back").unwrap_or("/").to_owned(),
        };
        respond::part(&ask, &tags)
    })
    .await
}
