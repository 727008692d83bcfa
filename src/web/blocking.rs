//! The one bridge from handlers to the blocking code below them.

use super::App;
use crate::engine::Engine;

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
