//! The one bridge from async handlers to the blocking engine.

use super::error::Failure;
use axum::http::StatusCode;

/// Runs `work` on the blocking pool. A panic in it is a 500, not a hung request.
pub async fn run<T, F>(work: F) -> Result<T, Failure>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Failure> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(Failure::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the server met a defect of its own; the log has the details",
        )),
    }
}
