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

/// Chunks that wait for a reader, each of [`CHUNK`] bytes at most.
const WAITING: usize = 4;
const CHUNK: usize = 64 * 1024;

/// A body that `work` writes on a thread that may block, as fast as its reader takes it. When the work
/// fails the connection ends before the body does, so that nobody takes a part for the whole.
pub fn body(
    app: App,
    work: impl FnOnce(&App, &mut dyn std::io::Write) -> anyhow::Result<()> + Send + 'static,
) -> axum::body::Body {
    let (sender, chunks) = tokio::sync::mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        let mut pipe = std::io::BufWriter::with_capacity(CHUNK, Pipe(sender.clone()));
        let done = work(&app, &mut pipe);
        let done = done.and_then(|()| Ok(std::io::Write::flush(&mut pipe)?));
        if let Err(error) = done
            && !sender.is_closed()
        {
            tracing::error!("{error:#}");
            let _ = sender.blocking_send(Err(std::io::Error::other(format!("{error:#}"))));
        }
    });
    axum::body::Body::from_stream(tokio_stream::wrappers::ReceiverStream::new(chunks))
}

struct Pipe(tokio::sync::mpsc::Sender<std::io::Result<Vec<u8>>>);

impl std::io::Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let part = &bytes[..bytes.len().min(CHUNK)];
        let sent = self.0.blocking_send(Ok(part.to_vec()));
        // whoever asked went away
        sent.map_err(|_| std::io::ErrorKind::BrokenPipe)?;
        Ok(part.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
