//! Show: routes, pages, JSON, assets.
//!
//! A handler reads typed parameters, asks the engine on the blocking pool ([`blocking`]) and hands a page
//! struct to [`respond`], which renders the whole page or its main block. [`guard`] stands before every
//! route, [`error`] dresses every failure, [`events`] streams what changed. Templates never compute, and
//! a page never imports a page: what two pages share is a part (`facets`, `cards`, `roots`, `transcript`, `charts`).

pub mod api;

mod archive;
mod ask;
pub mod assets;
mod blocking;
mod calendar;
mod cards;
mod catalog;
mod changelog;
mod charts;
mod clock;
mod error;
mod events;
mod facets;
mod figures;
mod filters;
mod found;
mod guard;
mod highlight;
mod markdown;
mod marks;
mod messages;
mod pages;
mod params;
mod pretty;
mod respond;
mod roots;
mod routes;
#[cfg(test)]
mod sample;
mod saved;
mod shades;
mod shell;
mod transcript;

pub use respond::Memo;
pub use routes::router;

use crate::engine::Engine;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What every handler has.
#[derive(Clone)]
pub struct App {
    pub engine: Arc<Engine>,
    /// Per-start token that every changing request must carry.
    pub token: Arc<str>,
    /// Content hash of the assets, part of their URLs: [`assets::hash`].
    pub assets: &'static str,
    /// Fires when the server stops: every stream ends.
    pub stopping: watch::Receiver<bool>,
    /// Pages made last, shared by the tabs that show them.
    pub memo: Memo,
}

/// Open requests have this long to end once the server stops.
const DRAIN: Duration = Duration::from_millis(1500);

/// Answers on `listener` until `stopping` turns true, then drains for at most 1.5 s.
///
/// # Errors
/// The listener fails for good.
pub async fn serve(
    listener: tokio::net::TcpListener,
    app: App,
    stopping: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let stopped = |mut stopping: watch::Receiver<bool>| async move {
        // a dropped sender is a stopped server too
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    let deadline = {
        let stopped = stopped(stopping.clone());
        async move {
            stopped.await;
            tokio::time::sleep(DRAIN).await;
        }
    };
    let server = axum::serve(listener, router(app)).with_graceful_shutdown(stopped(stopping));
    tokio::select! {
        result = async { server.await } => Ok(result?),
        () = deadline => Ok(()),
    }
}
