//! Many sessions at once: what is done with the selected ones, and which of them the filters hide.
//!
//! Marks act on the sessions that were chosen, never on the conversation that they stand for.

use crate::engine::Engine;
use crate::engine::view::{SessionSort, SessionsQuery};
use crate::model::Sid;
use crate::web::ask::Ask;
use crate::web::error::{Answer, Failure};
use crate::web::params::Params;
use crate::web::respond;
use crate::web::{App, blocking, filters};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use std::collections::HashSet;

/// What a list of selected sessions says of itself.
#[derive(Template)]
#[template(path = "parts/selection.html")]
pub struct Selection {
    pub count: usize,
    /// `agent:native` of those that the filters hide.
    pub hidden: Vec<String>,
}

/// `POST /bulk`, form `do=star|unstar|tag|untag`, `id` as often as there are sessions, `tag`.
pub async fn change(State(app): State<App>, ask: Ask, body: String) -> Answer {
    blocking::page(app, move |app| {
        let form = Params::parse(&body);
        let (_, sids) = selected(&app.engine, &form)?;
        let tag = form.get("tag").map(str::trim).unwrap_or_default();
        let act = form.get("do").unwrap_or_default();
        if matches!(act, "tag" | "untag") && tag.is_empty() {
            return Err(refused("which tag? Name one beside the button"));
        }
        match act {
            "star" | "unstar" => app.engine.set_stars(&sids, act == "star")?,
            "tag" | "untag" => app
                .engine
                .set_tags(&sids, tag, act == "tag")
                .map_err(|error| refused(&error.to_string()))?,
            _ => return Err(refused("nothing is to be done with the sessions")),
        }
        Ok(match ask.htmx {
            true => respond::marked(),
            false => respond::back(form.get("back")),
        })
    })
    .await
}

/// `POST /fragments/selection`, form `id`s and `state`, the query string of the list: which are hidden.
pub async fn selection(State(app): State<App>, ask: Ask, body: String) -> Answer {
    blocking::page(app, move |app| {
        let form = Params::parse(&body);
        let (names, sids) = selected(&app.engine, &form)?;
        let state = Params::parse(form.get("state").unwrap_or_default());
        let mut filters = state.filters();
        filters.starred |= form.flag("starred");
        let query = SessionsQuery {
            filters,
            text: state.get("q").unwrap_or_default().to_owned(),
            sort: SessionSort::Newest,
            ..SessionsQuery::default()
        };
        let out = app.engine.filtered_out(&sids, &query)?;
        let hidden = names
            .into_iter()
            .zip(&sids)
            .filter(|(_, sid)| out.contains(sid));
        let hidden: Vec<String> = hidden.map(|(name, _)| name).collect();
        let selection = Selection {
            count: sids.len(),
            hidden,
        };
        respond::part(&ask, &selection)
    })
    .await
}

/// Names and numbers of the sessions of a form, each once; what is none any more is left out.
fn selected(engine: &Engine, form: &Params) -> Result<(Vec<String>, Vec<Sid>), Failure> {
    let mut seen = HashSet::new();
    let names: Vec<&str> = form.all("id").filter(|name| seen.insert(*name)).collect();
    let sids = engine.named_sessions(&names)?;
    let known = names.into_iter().zip(sids);
    let (names, sids): (Vec<String>, Vec<Sid>) = known
        .filter_map(|(name, sid)| Some((name.to_owned(), sid?)))
        .unzip();
    match sids.is_empty() {
        true => Err(refused("no session is selected")),
        false => Ok((names, sids)),
    }
}

fn refused(why: &str) -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, why)
}
