//! The JSON endpoints: one function an endpoint, from engine and parameters to a serialisable answer.
//!
//! The functions are plain and blocking, so that a verb of the command line that finds no server calls
//! the very same ones and prints the same answer. Every path is in [`router`]; its parameters and its
//! shape are in the doc comment of its function. Names are `snake_case`, except where an older client
//! knows them otherwise (`/api/analytics/cost`, `sessionId`, `updateAvailable`). Unknown parameters are
//! ignored; a known one with a value that is not allowed is `400 {"error": ...}` naming it.
//!
//! Reading order: `params` and `reply` (how an endpoint is asked and answers), `record` and `message`
//! (the rows), then one file a subject.

pub mod analytics;
pub mod changelog;
pub mod cost;
pub mod costs;
pub mod export;
pub mod git;
pub mod job;
pub mod leaderboard;
pub mod marks;
pub mod message;
pub mod params;
pub mod projects;
mod raw;
pub mod record;
pub mod replay;
pub mod reply;
pub mod search;
pub mod session;
pub mod sessions;
pub mod settings;
pub mod stats;
pub mod status;
mod stream;
mod tables;

use super::{App, pages};
use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::routing::{get, post};
use params::Params;
use reply::{Failure, Reply, respond};

/// Every endpoint.
pub fn router() -> Router<App> {
    Router::new()
        .route("/api/sessions", get(|s, q| ask(s, q, sessions::list)))
        .route(
            "/api/session/{id}",
            get(|s, i, q| ask_of(s, i, q, session::one)),
        )
        .route("/api/session/{id}/stream", get(stream::stream))
        .route("/api/session/{id}/raw/{seq}", get(raw::raw))
        .route("/api/session/{id}/export", get(pages::export::markdown))
        .route("/api/session/{id}/star", post(marks::star))
        .route("/api/session/{id}/tag", post(marks::tag))
        .route("/api/session/{id}/title", post(marks::title))
        .route("/api/bulk", post(marks::bulk))
        .route(
            "/api/preview/{id}",
            get(|s, i, q| ask_of(s, i, q, session::preview)),
        )
        .route(
            "/api/replay/{id}",
            get(|s, i, q| ask_of(s, i, q, replay::one)),
        )
        .route("/api/git-commits", get(|s, q| ask(s, q, git::commits)))
        .route("/api/git-info", get(|s, q| ask(s, q, git::info)))
        .route("/api/cost/{id}", get(|s, i, q| ask_of(s, i, q, cost::one)))
        .route("/api/search", get(|s, q| ask(s, q, search::search)))
        .route("/api/projects", get(|s, q| ask(s, q, projects::list)))
        .route(
            "/api/tags",
            get(|s, q| ask(s, q, marks::tags)).post(marks::change_tags),
        )
        .route(
            "/api/saved",
            get(|s, q| ask(s, q, marks::saved)).post(marks::change_saved),
        )
        .route(
            "/api/analytics/cost",
            get(|s, q| ask(s, q, analytics::cost)),
        )
        .route("/api/analytics/{table}", get(tables::table))
        .route(
            "/api/leaderboard",
            get(|s, q| ask(s, q, leaderboard::board)),
        )
        .route("/api/changelog", get(|s, q| ask(s, q, changelog::list)))
        .route("/api/stats", get(|s, q| ask(s, q, stats::rows)))
        .route("/api/settings", get(|s, q| ask(s, q, settings::get)))
        .route("/api/warming", get(|s, q| ask(s, q, status::warming)))
        .route("/api/index-status", get(|s, q| ask(s, q, status::index)))
        .route("/api/sqlite-status", get(|s, q| ask(s, q, status::index)))
        .route("/api/version", get(|s, q| ask(s, q, status::version)))
        .route("/health", get(|s, q| ask(s, q, status::health)))
}

/// An endpoint: blocking, the same for a handler and for a verb without a server.
pub type Endpoint<T> = fn(&crate::engine::Engine, &Params) -> Result<Reply<T>, Failure>;

/// An endpoint about one session, named by the path.
pub type SessionEndpoint<T> =
    fn(&crate::engine::Engine, &str, &Params) -> Result<Reply<T>, Failure>;

async fn ask<T: serde::Serialize + Send + 'static>(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    endpoint: Endpoint<T>,
) -> axum::response::Response {
    let query = query.unwrap_or_default();
    respond(&app, move |engine| {
        endpoint(engine, &Params::parse(&query)?)
    })
    .await
}

async fn ask_of<T: serde::Serialize + Send + 'static>(
    State(app): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    endpoint: SessionEndpoint<T>,
) -> axum::response::Response {
    let query = query.unwrap_or_default();
    respond(&app, move |engine| {
        endpoint(engine, &id, &Params::parse(&query)?)
    })
    .await
}
