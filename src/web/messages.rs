//! A stretch of a transcript, with the ways on: earlier, later, and what comes behind the end.

use super::error::Failure;
use super::filters;
use super::params::{Params, segment};
use super::shell::Shell;
use super::transcript::{Content, Insight, Item, Renderer};
use crate::engine::view::MessagesPage;
use crate::engine::{Engine, Found};
use askama::Template;

/// Calls at the end that may still wait for their output when a page is redrawn.
pub const RECENT: usize = 12;

/// A stretch of the transcript with the ways on.
#[derive(Template)]
#[template(path = "parts/messages.html")]
pub struct Messages {
    pub shell: Shell,
    pub items: Vec<Item>,
    /// Items that are shown already and have changed: swapped where they stand.
    pub changed: Vec<Item>,
    pub total: usize,
    /// Ordinals of the first and the last item, from 1; 0 when there are none.
    pub first: usize,
    pub last: usize,
    pub before: usize,
    pub after: usize,
    /// Address of the page, and of its items alone.
    pub next: Option<(String, String)>,
    pub previous: Option<(String, String)>,
    /// Where new messages come from, once the end is shown.
    pub tail: Option<String>,
    pub from_archive: bool,
    /// Until when the session is live, ms: what came just now tells the head of the page so.
    pub live: Option<i64>,
}

/// Where a sub-agent that a call started is shown; `None` when it is not known to us.
pub fn child_href(engine: &Engine) -> impl Fn(&str) -> Option<String> {
    |native| match engine.find_session(native) {
        Ok(Found::One(_)) => Some(path(native)),
        _ => None,
    }
}

/// Address of a session's page.
pub fn path(id: &str) -> String {
    format!("/session/{}", segment(id))
}

impl Messages {
    /// With sub-agents looked up one by one.
    pub fn new(
        shell: Shell,
        path: &str,
        params: &Params,
        found: MessagesPage,
        insight: &Insight,
        engine: &Engine,
    ) -> Result<Messages, Failure> {
        let linked = child_href(engine);
        Ok(Messages::with(shell, path, params, found, insight, linked))
    }

    /// `linked` finds the page of a sub-agent by its native id.
    pub fn with(
        shell: Shell,
        path: &str,
        params: &Params,
        found: MessagesPage,
        insight: &Insight,
        linked: impl Fn(&str) -> Option<String>,
    ) -> Messages {
        let highlight = params.get("m").and_then(|seq| seq.parse().ok());
        let mut renderer = Renderer::new(path, highlight, insight);
        let plain = params.without("m").without("none");
        let at = |offset: usize, way: &str| {
            let params = plain.with("offset", &offset.to_string());
            let more = params.with("way", way).with("offset", &offset.to_string());
            (
                params.url(path),
                more.url(&format!("/fragments{path}/more")),
            )
        };
        let shown = found.items.len();
        let end = found.offset + shown;
        let waiting: Vec<String> = found
            .items
            .iter()
            .rev()
            .take(RECENT)
            .filter(|item| item.tool.is_some() && item.output.is_none())
            .map(|item| item.seq.to_string())
            .collect();
        let tail = found.next.is_none().then(|| {
            plain
                .with("waiting", &waiting.join(","))
                .with("offset", &end.to_string())
                .url(&format!("/fragments{path}/tail"))
        });
        Messages {
            total: found.total,
            first: if shown == 0 { 0 } else { found.offset + 1 },
            last: end,
            before: found.offset,
            after: found.total.saturating_sub(end),
            next: found.next.map(|offset| at(offset, "down")),
            previous: found.previous.map(|offset| at(offset, "up")),
            tail,
            from_archive: found.from_archive,
            live: None,
            items: found
                .items
                .into_iter()
                .map(|item| renderer.item(item, &linked))
                .collect(),
            changed: Vec::new(),
            shell,
        }
    }
}
