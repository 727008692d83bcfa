//! Every path on one page.

use super::events::{self, Hub};
use super::pages::activity::Activity;
use super::pages::analytics::Analytics;
use super::pages::leaderboard::Leaderboard;
use super::pages::{
    analytics, around, bulk, changelog, commits, export, help, marks, preview, project, projects,
    raw, replay, saved, search, session, sessions, settings, status, suggest, tags, timeline, tour,
};
use super::{App, api, assets, error, figures, guard};
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use axum::{Extension, Router};
use std::time::Duration;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::{CompressionLayer, CompressionLevel};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

/// Pages of cards are hundreds of kilobytes that say much twice. Browsers on loopback take zstd, which
/// packs them in a millisecond; brotli, for who has no zstd, takes five times as long.
const PACKED: CompressionLevel = CompressionLevel::Precise(3);
/// Longest a page may take; streams have no such limit.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The whole server: pages, fragments, JSON, streams, assets, behind the guard.
pub fn router(app: App) -> Router {
    let streams = Router::new()
        .route("/events", get(events::stream))
        .route("/events/activity", get(figures::stream::<Activity>))
        .route("/events/analytics", get(figures::stream::<Analytics>))
        .route("/events/leaderboard", get(figures::stream::<Leaderboard>))
        .layer(Extension(Hub::new(app.engine.status.clone())));

    Router::new()
        .merge(pages())
        .merge(fragments())
        .merge(changes())
        .route("/assets/{hash}/{file}", get(assets::serve))
        .route("/favicon.ico", get(assets::favicon))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            TIMEOUT,
        ))
        // JSON and streams set their own limits: one of them sends a session for as long as it takes
        .merge(api::router())
        .merge(streams)
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::wrong_method)
        .layer(RequestBodyLimitLayer::new(guard::MAX_BODY))
        .layer(CompressionLayer::new().quality(PACKED))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(from_fn_with_state(app.clone(), guard::admit))
        .layer(from_fn_with_state(app.clone(), error::present))
        .layer(from_fn(guard::policy))
        .with_state(app)
}

fn pages() -> Router<App> {
    Router::new()
        .route("/", get(sessions::page))
        .route("/starred", get(sessions::page))
        .route("/tags", get(tags::page))
        .route("/search", get(search::page))
        .route("/session/{id}", get(session::page))
        .route("/session/{id}/text/{seq}", get(session::text))
        .route("/timeline", get(timeline::page))
        .route("/session/{id}/outline", get(session::outline))
        .route("/session/{id}/files", get(session::files))
        .route("/session/{id}/raw/{seq}", get(raw::page))
        .route("/session/{id}/image/{seq}/{number}", get(raw::image))
        .route("/session/{id}/replay", get(replay::page))
        .route("/session/{id}/export", get(export::markdown))
        .route("/session/{id}/export.json", get(export::json))
        .route("/projects", get(projects::page))
        .route("/project", get(project::page))
        .route("/activity", get(figures::page::<Activity>))
        .route("/analytics", get(figures::page::<Analytics>))
        .route("/leaderboard", get(figures::page::<Leaderboard>))
        .route("/status", get(status::page))
        .route("/settings", get(settings::page))
        .route("/changelog", get(changelog::page))
        .route("/help", get(help::page))
        .route("/help/fragments", get(help::fragments))
        .route("/tour", get(tour::page))
}

/// The same handlers: the path alone says that the main block is wanted.
fn fragments() -> Router<App> {
    Router::new()
        .route("/fragments/sessions", get(sessions::page))
        .route("/fragments/sessions/more", get(sessions::more))
        .route("/fragments/starred", get(sessions::page))
        .route("/fragments/starred/more", get(sessions::more))
        .route("/fragments/tags", get(tags::page))
        .route("/fragments/selection", post(bulk::selection))
        .route("/fragments/search", get(search::page))
        .route("/fragments/search/more", get(search::more))
        .route("/fragments/search/suggest", get(suggest::suggest))
        .route("/fragments/session/{id}", get(session::page))
        .route("/fragments/session/{id}/preview", get(preview::preview))
        .route("/fragments/session/{id}/more", get(session::more))
        .route("/fragments/session/{id}/tail", get(session::tail))
        .route("/fragments/session/{id}/around/{seq}", get(around::around))
        .route("/fragments/timeline", get(timeline::page))
        .route("/fragments/timeline/more", get(timeline::more))
        .route("/fragments/session/{id}/outline", get(session::outline))
        .route("/fragments/session/{id}/files", get(session::files))
        .route("/fragments/session/{id}/edits", get(session::edits))
        .route("/fragments/session/{id}/raw/{seq}", get(raw::page))
        .route("/fragments/session/{id}/replay", get(replay::page))
        .route("/fragments/session/{id}/replay/steps", get(replay::steps))
        .route("/fragments/session/{id}/commits", get(commits::block))
        .route("/fragments/projects", get(projects::page))
        .route("/fragments/project", get(project::page))
        .route("/fragments/activity", get(figures::page::<Activity>))
        .route(
            "/fragments/activity/figures",
            get(figures::alone::<Activity>),
        )
        .route("/fragments/analytics", get(figures::page::<Analytics>))
        .route(
            "/fragments/analytics/figures",
            get(figures::alone::<Analytics>),
        )
        .route("/fragments/leaderboard", get(figures::page::<Leaderboard>))
        .route(
            "/fragments/leaderboard/figures",
            get(figures::alone::<Leaderboard>),
        )
        .route("/fragments/status", get(status::page))
        .route("/fragments/settings", get(settings::page))
        .route("/fragments/settings/patterns", get(settings::patterns))
        .route("/fragments/changelog", get(changelog::page))
        .route("/fragments/help", get(help::page))
        .route("/fragments/help/fragments", get(help::fragments))
        .route("/fragments/tour", get(tour::page))
}

/// Everything that changes something: marks and settings, behind origin and token.
fn changes() -> Router<App> {
    Router::new()
        .route("/session/{id}/star", post(marks::star))
        .route("/session/{id}/tags", post(marks::tag))
        .route("/session/{id}/title", post(marks::title))
        .route("/tags", post(tags::change))
        .route("/bulk", post(bulk::change))
        .route("/saved", post(saved::change))
        .route("/export", post(export::several))
        .route("/analytics/plans", post(analytics::change_plan))
        .route("/search/recent", post(suggest::note))
        .route("/search/recent/forget", post(suggest::forget))
        .route("/settings/theme", post(settings::theme))
        .route("/settings/titles/test", post(settings::try_titles))
        .route("/settings/{section}", post(settings::save))
}
