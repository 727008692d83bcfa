//! The one bridge from handlers to the blocking code below them.

use super::App;
use super::error::Failure;
use crate::engine::Engine;
use axum::http::StatusCode;

/// Runs `work` on a thread that may block.
///
/// # Errors
/// The work panicked, or the server is stopping and it was never started.
pub async fn run<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&Engine) -> T + Send + 'static,
) -> anyhow::Result<T> {
    let engine = app.engine.clone();
    tokio::task::spawn_blocking(move || work(&engine))
        .await
        .map_err(|error| anyhow::anyhow!("the work was not finished: {error}"))
}

/// The same for a page, from the engine's answer to the rendered bytes. A panic in it is a 500 for
/// this reader and nobody else.
pub async fn page<T: Send + 'static>(
    app: App,
    work: impl FnOnce(&App) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(move || work(&app)).await;
    done.unwrap_or_else(|_| {
        Err(Failure::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the server met a defect of its own; the log has the details",
        ))
    })
}
