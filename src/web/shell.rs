//! What stands around every page: navigation, theme, token, clock, ingest progress.

use super::App;
use super::ask::{Ask, Theme};
use super::clock::Clock;
use super::filters::{grouped, sized};
use crate::config;
use crate::store::status::{IngestStatus, Phase};
use askama::Template;
use std::sync::Arc;

/// The views of the header: path and name.
pub const VIEWS: &[(&str, &str)] = &[
    ("/", "Sessions"),
    ("/timeline", "Timeline"),
    ("/projects", "Projects"),
    ("/activity", "Activity"),
    ("/analytics", "Analytics"),
    ("/leaderboard", "Leaderboard"),
];

/// Everything else, in the sections of the menu.
pub const MENU: &[&[(&str, &str)]] = &[
    &[("/starred", "Starred"), ("/tags", "Tags")],
    &[("/status", "Status"), ("/settings", "Settings")],
    &[
        ("/help", "Help and keys"),
        ("/tour", "Tour"),
        ("/changelog", "What is new"),
    ],
];

#[derive(Clone)]
pub struct Shell {
    pub title: String,
    /// Path of the navigation entry that is current; `""` for none.
    pub nav: &'static str,
    pub theme: Theme,
    pub token: Arc<str>,
    pub assets: &'static str,
    pub clock: Clock,
    /// What the search box in the header holds.
    pub q: String,
    pub progress: Progress,
    /// Store generation that the page was made at.
    pub generation: u64,
    /// This very page, for forms that come back to it.
    pub here: String,
    /// Reload by itself while something is missing and no script runs.
    pub unfinished: bool,
}

impl Shell {
    pub fn new(app: &App, ask: &Ask, nav: &'static str, title: &str) -> Shell {
        // a file that somebody has just written is followed from this page on
        app.engine.settings.look();
        let config = app.engine.config();
        let status = app.engine.status.get();
        Shell {
            title: title.to_owned(),
            nav,
            theme: ask
                .theme
                .or_else(|| Theme::parse(&config.theme))
                .unwrap_or_default(),
            token: app.token.clone(),
            assets: app.assets,
            clock: Clock {
                now: config::now_ms(),
                zone: config.zone.clone(),
                twelve: config.twelve,
                absolute: config.absolute,
            },
            q: String::new(),
            progress: Progress::of(&status),
            generation: status.generation,
            here: ask.params.without("theme").url(&ask.path),
            unfinished: false,
        }
    }

    /// The current page stands in the menu, which is closed.
    pub fn in_menu(&self) -> bool {
        let mut entries = MENU.iter().flat_map(|section| section.iter());
        entries.any(|(path, _)| *path == self.nav)
    }
}

/// The ingest strip of the header: swapped by the event stream.
#[derive(Clone, Debug, Default, PartialEq, Template)]
#[template(path = "parts/progress.html")]
pub struct Progress {
    pub busy: bool,
    /// Every session is listed already; what is missing is only text to search.
    pub listed: bool,
    pub label: String,
    pub detail: String,
    pub percent: u64,
    pub error: Option<String>,
}

impl Progress {
    pub fn of(status: &IngestStatus) -> Progress {
        let busy = !status.index_complete || !matches!(status.phase, Phase::Idle);
        let percent = match status.bytes_total {
            0 => 0,
            total => (status.bytes_done.min(total) * 100) / total,
        };
        let label = match status.phase {
            Phase::Starting => "Starting",
            Phase::Scanning => "Looking for changes",
            Phase::Metadata => "Reading sessions",
            Phase::Prose => "Indexing prompts and answers",
            Phase::Rest => "Indexing tool output",
            Phase::Idle => "Up to date",
        };
        let detail = match status.bytes_total {
            0 => String::new(),
            total => format!(
                "{} of {}, {} messages indexed",
                sized(status.bytes_done),
                sized(total),
                grouped(status.documents)
            ),
        };
        Progress {
            busy,
            listed: status.listing_complete,
            label: label.into(),
            detail,
            percent,
            error: status.error.clone(),
        }
    }
}
