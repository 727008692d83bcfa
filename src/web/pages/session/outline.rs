//! `/session/{id}/outline`: a session by its prompts, and as a strip.

use super::{known, number};
use crate::engine::view::{Outline, OutlineQuery, OutlineTurn};
use crate::web::ask::Ask;
use crate::web::cards::{self, one_line};
use crate::web::charts::{Strip, strip};
use crate::web::error::{Answer, Failure};
use crate::web::marks::find;
use crate::web::messages;
use crate::web::params::Params;
use crate::web::respond::{self, fragment};
use crate::web::shell::Shell;
use crate::web::{App, blocking, filters};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

/// Turns at a time.
const LIMIT: usize = 200;

#[derive(Template)]
#[template(path = "pages/session/outline.html", blocks = ["results"])]
pub struct OutlinePage {
    pub shell: Shell,
    /// The session's page, and its name.
    pub path: String,
    pub name: String,
    pub turns: Vec<Turn>,
    pub strip: Strip,
    /// Swapped into the page of the session, the strip goes to a place of its own.
    pub within: bool,
    pub total: usize,
    /// Messages that it is made of: a page that has as many needs no other.
    pub items: usize,
    pub offset: usize,
    pub before: usize,
    pub after: usize,
    /// Address of the page, and of its list alone.
    pub previous: Option<(String, String)>,
    pub next: Option<(String, String)>,
}
fragment!(OutlinePage);

/// One prompt and what came of it.
pub struct Turn {
    /// Among all of the session, from 1.
    pub number: usize,
    pub href: String,
    /// Its first words; what it is where nobody typed it.
    pub words: String,
    pub turn: OutlineTurn,
    /// The page shows it.
    pub current: bool,
}

pub async fn page(State(app): State<App>, Path(id): Path<String>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        let sid = find(&app.engine, &id)?;
        let params = known(&ask);
        let shown = number(&params, "m");
        let offset = params.number("offset");
        let outline = app.engine.outline(
            sid,
            &OutlineQuery {
                offset: offset.unwrap_or_default(),
                limit: LIMIT,
                around: shown.filter(|_| offset.is_none()),
            },
        )?;
        // what is on the page already
        if ask.params.number("seen") == Some(outline.items) {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        let view = app
            .engine
            .session(sid)?
            .ok_or_else(|| Failure::not_found("this session is not known any more"))?;
        let path = messages::path(&view.card.session.key.native);
        let mut shell = Shell::new(app, &ask, "/", "Outline");
        shell.here = params.without("m").url(&format!("{path}/outline"));
        let name = cards::name(&view.card.session);
        let within = ask.params.flag("within");
        let page = OutlinePage::new(shell, path, name, outline, shown, within);
        respond::page(&ask, &page)
    })
    .await
}

impl OutlinePage {
    fn new(
        shell: Shell,
        path: String,
        name: String,
        outline: Outline,
        shown: Option<u32>,
        within: bool,
    ) -> OutlinePage {
        let end = outline.offset + outline.turns.len();
        let at = |offset: usize| {
            let params = Params::default().with("offset", &offset.to_string());
            let part = params.with("within", if within { "1" } else { "" });
            let part = part.with("offset", &offset.to_string());
            (
                params.url(&format!("{path}/outline")),
                part.url(&format!("/fragments{path}/outline")),
            )
        };
        let behind = |seq: u32| shown.is_some_and(|shown| seq <= shown);
        let current = outline.turns.iter().rposition(|turn| behind(turn.seq));
        let turns = outline.turns.into_iter().enumerate();
        OutlinePage {
            turns: turns
                .map(|(n, turn)| Turn {
                    number: outline.offset + n + 1,
                    href: format!("{path}?m={}#m{}", turn.seq, turn.seq),
                    words: words(&turn),
                    current: current == Some(n),
                    turn,
                })
                .collect(),
            strip: strip(&outline.strip, &path),
            within,
            total: outline.total,
            items: outline.items,
            offset: outline.offset,
            before: outline.offset,
            after: outline.total.saturating_sub(end),
            previous: (outline.offset > 0).then(|| at(outline.offset.saturating_sub(LIMIT))),
            next: (end < outline.total).then(|| at(end)),
            name,
            path,
            shell,
        }
    }
}

fn words(turn: &OutlineTurn) -> String {
    match one_line(&turn.text, 120) {
        words if !words.is_empty() => words,
        _ if turn.prompt => "(nothing but attachments)".into(),
        _ => "Before the first prompt".into(),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::web::respond::Page;
    use crate::web::sample;

    pub fn sample_page(within: bool) -> OutlinePage {
        let outline = sample::outline();
        let shell = sample::shell("/", "Outline");
        let name = "Bounded retries".to_owned();
        OutlinePage::new(shell, "/session/x".into(), name, outline, Some(5), within)
    }

    #[test]
    fn the_turn_that_holds_the_message_is_current() {
        let page = sample_page(true);
        let current: Vec<usize> = page
            .turns
            .iter()
            .filter(|turn| turn.current)
            .map(|turn| turn.number)
            .collect();
        assert_eq!(current, [1]);
        let html = page.fragment().unwrap();
        assert!(html.contains("hx-swap-oob"), "the strip has its own place");
        assert!(!sample_page(false).render().unwrap().contains("hx-swap-oob"));
    }
}
