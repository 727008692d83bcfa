//! Stars and tags: what the person adds. The guard has checked origin and token of every POST.

use super::params::Params;
use super::reply::{Failure, Reply, respond};
use super::session::find;
use crate::engine::Engine;
use crate::web::App;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagRecord {
    pub tag: String,
    /// Sessions that carry it.
    pub count: usize,
}

/// Body of `POST /api/session/{id}/star`.
#[derive(Debug, Deserialize)]
struct StarBody {
    #[serde(default = "yes")]
    on: bool,
}

/// Body of `POST /api/session/{id}/tag`.
#[derive(Debug, Deserialize)]
struct TagBody {
    tag: String,
    #[serde(default = "yes")]
    on: bool,
}

fn yes() -> bool {
    true
}

/// What a change answers with.
#[derive(Debug, Serialize, Deserialize)]
pub struct Changed {
    pub ok: bool,
    pub id: String,
    pub on: bool,
}

/// `GET /api/tags`: an array of [`TagRecord`]: the tags in use.
///
/// # Errors
/// 500 when the store cannot be read.
pub fn tags(engine: &Engine, _: &Params) -> Result<Reply<Vec<TagRecord>>, Failure> {
    let tags = engine.tags()?.into_iter();
    let records: Vec<TagRecord> = tags.map(|(tag, count)| TagRecord { tag, count }).collect();
    Ok(records.into())
}

/// `POST /api/session/{id}/star` with `{"on": true}` (the default) or `{"on": false}`: [`Changed`].
pub(super) async fn star(State(app): State<App>, Path(id): Path<String>, body: Bytes) -> Response {
    let body = if body.is_empty() { "{}".into() } else { body };
    let StarBody { on } = match read(&body) {
        Ok(body) => body,
        Err(failure) => return failure.into_response(),
    };
    respond(&app, move |engine| {
        engine.set_star(find(engine, &id)?, on)?;
        Ok(Changed { ok: true, id, on }.into())
    })
    .await
}

/// `POST /api/session/{id}/tag` with `{"tag": "bug", "on": true}` (`on` may be left out): [`Changed`].
pub(super) async fn tag(State(app): State<App>, Path(id): Path<String>, body: Bytes) -> Response {
    let TagBody { tag, on } = match read(&body) {
        Ok(body) => body,
        Err(failure) => return failure.into_response(),
    };
    let tag = tag.trim().to_owned();
    if tag.is_empty() || tag.chars().count() > 40 || tag.chars().any(char::is_control) {
        let failure = Failure::parameter("tag", &tag, "1 to 40 characters on one line");
        return failure.into_response();
    }
    respond(&app, move |engine| {
        engine.set_tag(find(engine, &id)?, &tag, on)?;
        Ok(Changed { ok: true, id, on }.into())
    })
    .await
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Failure> {
    serde_json::from_slice(body)
        .map_err(|error| Failure::bad(format!("the body is not what is expected: {error}")))
}
