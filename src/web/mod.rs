//! Show: routes, pages, JSON, assets. (under construction)

pub mod api;
pub mod blocking;

use crate::engine::Engine;
use std::sync::Arc;

/// What every handler has.
#[derive(Clone)]
pub struct App {
    pub engine: Arc<Engine>,
    /// Per-start token that every changing request must carry.
    pub token: Arc<str>,
    /// Content hash of the assets, part of their URLs.
    pub assets: &'static str,
    /// Fires when the server stops: every stream ends.
    pub stopping: tokio::sync::watch::Receiver<bool>,
}

pub mod assets {
    pub fn hash() -> &'static str {
        ""
    }
}

/// Stand-in until the room lands.
pub async fn serve(
    listener: tokio::net::TcpListener,
    app: App,
    mut stopping: tokio::sync::watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let router = api::router().with_state(app);
    axum::serve(listener, router)
        .with_graceful_shutdown(async move {
            let _ = stopping.wait_for(|stop| *stop).await;
        })
        .await?;
    Ok(())
}
