//! Live lines to open pages (server-sent events).
//!
//! One thread waits on the status board for all tabs, and only while a tab is open: an idle server
//! wakes for nobody. It publishes through a watch channel, so a slow tab sees the newest state and
//! never a queue. Every stream ends when the server stops.

use super::App;
use super::ask::Ask;
use super::shell::Progress;
use crate::store::status::{IngestStatus, StatusBoard};
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt, stream};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Status changes closer together than this are one.
const COALESCE: Duration = Duration::from_millis(150);
/// A tab redraws its list at most this often.
const REDRAW: Duration = Duration::from_millis(800);
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What all event streams share.
#[derive(Clone)]
pub struct Hub {
    board: Arc<StatusBoard>,
    sender: Arc<watch::Sender<IngestStatus>>,
    waiting: Arc<Mutex<bool>>,
}

impl Hub {
    pub fn new(board: Arc<StatusBoard>) -> Hub {
        let sender = Arc::new(watch::Sender::new(board.get()));
        Hub {
            board,
            sender,
            waiting: Arc::new(Mutex::new(false)),
        }
    }

    fn subscribe(&self) -> watch::Receiver<IngestStatus> {
        let receiver = self.sender.subscribe();
        let mut waiting = self.waiting.lock().expect("no panic while held");
        // version first: what changes in between is seen again, not missed
        let seen = self.board.version();
        self.sender.send_replace(self.board.get());
        if !*waiting {
            let hub = self.clone();
            *waiting = std::thread::Builder::new()
                .name("events".into())
                .spawn(move || hub.wait(seen))
                .is_ok();
        }
        receiver
    }

    /// Until the last tab is gone.
    fn wait(&self, mut seen: u64) {
        loop {
            let version = self.board.wait(seen, Duration::from_secs(5));
            if version != seen {
                seen = version;
                self.sender.send_replace(self.board.get());
                std::thread::sleep(COALESCE);
            }
            // under the lock, so that a tab that comes now either is counted or starts the next one
            let mut waiting = self.waiting.lock().expect("no panic while held");
            if self.sender.receiver_count() == 0 {
                *waiting = false;
                return;
            }
        }
    }
}

struct Tab {
    board: watch::Receiver<IngestStatus>,
    progress: Option<Progress>,
    generation: u64,
    drawn: Option<Instant>,
    ready: Vec<Event>,
}

/// `GET /events?seen=<generation>`: `status` (the progress strip) and `changed` (the generation).
pub async fn stream(
    State(app): State<App>,
    Extension(hub): Extension<Hub>,
    ask: Ask,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let board = hub.subscribe();
    let generation = ask
        .params
        .number("seen")
        .map_or_else(|| board.borrow().generation, |seen| seen as u64);
    let tab = Tab {
        board,
        progress: None,
        generation,
        drawn: None,
        ready: Vec::new(),
    };
    let events = stream::unfold(tab, |mut tab| async move {
        loop {
            if let Some(event) = tab.ready.pop() {
                return Some((Ok(event), tab));
            }
            let first = tab.progress.is_none();
            if !first && !tab.moved().await {
                return None;
            }
            tab.collect();
        }
    });
    sse(&app, events)
}

impl Tab {
    /// Waits for news; false when the hub is gone.
    async fn moved(&mut self) -> bool {
        let behind = self.board.borrow().generation != self.generation;
        match self.drawn {
            Some(drawn) if behind => {
                tokio::time::sleep_until(drawn + REDRAW).await;
                true
            }
            _ => self.board.changed().await.is_ok(),
        }
    }

    fn collect(&mut self) {
        let status = self.board.borrow_and_update().clone();
        let progress = Progress::of(&status);
        let settled = self.drawn.is_none_or(|drawn| drawn.elapsed() >= REDRAW);
        if status.generation != self.generation && settled {
            self.generation = status.generation;
            self.drawn = Some(Instant::now());
            let number = status.generation.to_string();
            self.ready
                .push(Event::default().event("changed").data(number));
        }
        if self.progress.as_ref() != Some(&progress) {
            if let Ok(html) = progress.render() {
                self.ready.push(Event::default().event("status").data(html));
            }
            self.progress = Some(progress);
        }
    }
}

/// Wraps a stream: keep-alive comments, and an end when the server stops.
pub fn sse<S>(app: &App, events: S) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<S>>
where
    S: Stream<Item = Result<Event, Infallible>> + Send + 'static,
{
    let mut stopping = app.stopping.clone();
    let stopped = async move {
        // a dropped sender is a stopped server too
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    Sse::new(events.take_until(Box::pin(stopped))).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}
