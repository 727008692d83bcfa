//! Stars, tags and titles of one session: forms that come back to their page, or swap themselves when
//! htmx sends them.

use crate::web::ask::Ask;
use crate::web::error::{Answer, Failure};
use crate::web::marks::{Star, TagView, Tags, find, offers};
use crate::web::params::{Params, segment};
use crate::web::respond;
use crate::web::{App, blocking};
use axum::extract::{Path, State};
use axum::http::StatusCode;

/// Longest tag and title, in characters.
const MAX_TAG: usize = 40;
const MAX_TITLE: usize = 200;

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
        };
        respond::part(&ask, &star)
    })
    .await
}

/// `POST /session/{id}/tags`, form `tag=<word>`; `on=0` with it, or `untag=<word>`, takes it away.
pub async fn tag(State(app): State<App>, Path(id): Path<String>, ask: Ask, body: String) -> Answer {
    blocking::page(app, move |app| {
        let form = Params::parse(&body);
        let (tag, on) = match form.get("untag") {
            Some(tag) => (tag.trim(), false),
            None => (
                form.get("tag").map(str::trim).unwrap_or_default(),
                form.get("on") != Some("0"),
            ),
        };
        // what is there already may be taken away however long it is
        if tag.is_empty() || on && tag.chars().count() > MAX_TAG || tag.contains(char::is_control) {
            return Err(Failure::new(
                StatusCode::BAD_REQUEST,
                format!("a tag has 1 to {MAX_TAG} characters"),
            ));
        }
        let sid = find(&app.engine, &id)?;
        app.engine.set_tag(sid, tag, on)?;
        if !ask.htmx {
            return Ok(respond::back(form.get("back")));
        }
        let view = app.engine.session(sid)?;
        let tags = view.map(|view| view.card.tags).unwrap_or_default();
        let compact = form.flag("compact");
        let tags = Tags {
            id: match compact {
                true => format!("tags-{}", sid.0),
                false => "tags".into(),
            },
            session: format!("/session/{}", segment(&id)),
            action: format!("/session/{}/tags", segment(&id)),
            tags: tags.into_iter().map(TagView::new).collect(),
            compact,
            known: offers(app.engine.tags()?),
            token: app.token.clone(),
            back: form.get("back").unwrap_or("/").to_owned(),
        };
        respond::part(&ask, &tags)
    })
    .await
}

/// `POST /session/{id}/title`, form `title=<text>`, or `own=0` for the agent's title again.
pub async fn title(
    State(app): State<App>,
    Path(id): Path<String>,
    ask: Ask,
    body: String,
) -> Answer {
    blocking::page(app, move |app| {
        let form = Params::parse(&body);
        let title = match form.get("own") {
            Some("0") => "",
            _ => form.get("title").map(str::trim).unwrap_or_default(),
        };
        if title.chars().count() > MAX_TITLE || title.contains(char::is_control) {
            return Err(Failure::new(
                StatusCode::BAD_REQUEST,
                format!("a title is one line of at most {MAX_TITLE} characters"),
            ));
        }
        app.engine.set_title(find(&app.engine, &id)?, title)?;
        Ok(match ask.htmx {
            true => respond::marked(),
            false => respond::back(form.get("back")),
        })
    })
    .await
}
