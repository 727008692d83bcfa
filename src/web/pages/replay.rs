//! `/session/{id}/replay`: a session as it went, step by step.
//!
//! The state is in the address (`at`, `speed`); links and a form lead from step to step without a
//! script. With one, steps come in chunks from [`steps`] and the page plays them at their own pace.

use crate::engine::view::{MessagesPage, MessagesQuery};
use crate::web::ask::Ask;
use crate::web::cards;
use crate::web::error::{Answer, Failure};
use crate::web::marks::find;
use crate::web::messages::{child_href, path};
use crate::web::respond::{self, fragment};
use crate::web::shell::Shell;
use crate::web::transcript::{Content, Insight, Item, Renderer};
use crate::web::{App, blocking, filters};
use askama::Template;
use axum::extract::{Path, State};

/// Steps of a chunk, and how many stand on the page before a script runs.
const CHUNK: usize = 50;
const WINDOW: usize = 20;
const SPEEDS: [&str; 6] = ["0.5", "1", "2", "5", "10", "20"];

#[derive(Template)]
#[template(path = "pages/replay.html", blocks = ["results"])]
pub struct Replay {
    pub shell: Shell,
    /// Address and name of the session.
    pub session: String,
    pub name: String,
    /// The step that is shown last, from 0.
    pub at: usize,
    pub total: usize,
    pub speed: &'static str,
    pub speeds: [&'static str; 6],
    pub steps: Steps,
    /// Moment of the step that is shown last.
    pub clock: String,
    pub first: String,
    pub previous: Option<String>,
    pub next: Option<String>,
    pub last: String,
    pub more: String,
    pub from_archive: bool,
    /// No record of this session tells when it was.
    pub untimed: bool,
}
fragment!(Replay);

#[derive(Template)]
#[template(path = "parts/replay_steps.html")]
pub struct Steps {
    pub shell: Shell,
    pub steps: Vec<Step>,
}

pub struct Step {
    /// From 0.
    pub number: usize,
    pub at: Option<i64>,
    pub clock: String,
    pub item: Item,
}

pub async fn page(State(app): State<App>, Path(id): Path<String>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        let sid = find(&app.engine, &id)?;
        let view = app
            .engine
            .session(sid)?
            .ok_or_else(|| Failure::not_found("this session is not known any more"))?;
        let params = ask.params.only(&["at", "speed"]);
        let asked = params.number("at").unwrap_or(0);
        let window = |at: usize| {
            let offset = (at + 1).saturating_sub(WINDOW);
            let limit = at + 1 - offset;
            app.engine.messages(sid, &chunk(offset, limit))
        };
        let mut at = asked.min(u32::MAX as usize);
        let mut found = window(at)?;
        // beyond the end is the end
        if at >= found.total {
            at = found.total.saturating_sub(1);
            found = window(at)?;
        }
        let session = &view.card.session;
        let home = path(&session.key.native);
        let place = format!("{home}/replay");
        let speed = params
            .get("speed")
            .and_then(|speed| SPEEDS.into_iter().find(|known| *known == speed));
        let to = |step: usize| {
            let params = params.without("at").with("at", &step.to_string());
            params.url(&place)
        };
        let total = found.total;
        let from_archive = found.from_archive;
        let shell = Shell::new(app, &ask, "/", "Replay");
        let steps = Steps::new(shell.clone(), &home, found, app);
        let page = Replay {
            name: match cards::name(session) {
                name if name.is_empty() => "Untitled session".into(),
                name => name,
            },
            clock: steps
                .steps
                .last()
                .map(|step| step.clock.clone())
                .unwrap_or_default(),
            first: to(0),
            previous: at.checked_sub(1).map(to),
            next: (at + 1 < total).then(|| to(at + 1)),
            last: to(total.saturating_sub(1)),
            more: format!("/fragments{place}/steps"),
            untimed: session.first_at.is_none(),
            speed: speed.unwrap_or("1"),
            speeds: SPEEDS,
            session: home,
            at,
            total,
            steps,
            from_archive,
            shell,
        };
        respond::page(&ask, &page)
    })
    .await
}

/// `GET /fragments/session/{id}/replay/steps?offset=`: the steps of one chunk.
pub async fn steps(State(app): State<App>, Path(id): Path<String>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        let sid = find(&app.engine, &id)?;
        let offset = ask
            .params
            .number("offset")
            .unwrap_or(0)
            .min(u32::MAX as usize);
        let found = app.engine.messages(sid, &chunk(offset, CHUNK))?;
        let shell = Shell::new(app, &ask, "/", "Replay");
        respond::part(&ask, &Steps::new(shell, &path(&id), found, app))
    })
    .await
}

fn chunk(offset: usize, limit: usize) -> MessagesQuery {
    MessagesQuery {
        offset,
        limit,
        ..MessagesQuery::default()
    }
}

impl Steps {
    fn new(shell: Shell, path: &str, found: MessagesPage, app: &App) -> Steps {
        let insight = Insight::default();
        let mut renderer = Renderer::new(path, None, &insight);
        let linked = child_href(&app.engine);
        let steps = found.items.into_iter().zip(found.offset..);
        Steps {
            steps: steps
                .map(|(item, number)| Step {
                    number,
                    at: item.at,
                    clock: item.at.map(|at| shell.clock.moment(at)).unwrap_or_default(),
                    item: renderer.item(item, &linked),
                })
                .collect(),
            shell,
        }
    }
}
