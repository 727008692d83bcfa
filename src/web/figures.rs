//! Pages that show figures of a job: they come at once with what is known, and a stream fills them.

use super::ask::Ask;
use super::error::{Answer, Failure};
use super::params::Params;
use super::respond::{self, Page};
use super::shell::Shell;
use super::{App, blocking, events};
use crate::engine::view::{Analytics, AnalyticsQuery, FacetList, Job, SessionsQuery};
use axum::extract::State;
use axum::response::sse::{Event, Sse};
use futures_util::{Stream, StreamExt};
use std::convert::Infallible;
use std::time::Duration;

/// Longest a stream waits for progress before it looks whether anybody still listens.
const WAIT: Duration = Duration::from_secs(1);
/// Longest that figures alone are waited for: a page that is open is drawn anew when they are whole.
const WHOLE: Duration = Duration::from_secs(5);

/// A page of such figures.
pub trait Figured: Page {
    const PATH: &str;
    const TITLE: &str;
    /// Parameters that it knows.
    const KNOWN: &[&str];
    /// Facets whose values it offers to tick.
    const FACETS: &[&str];

    fn query(params: &Params) -> AnalyticsQuery;
    /// The page as far as the job has come; `offered` is empty where the figures alone are wanted.
    fn drawn(
        app: &App,
        shell: Shell,
        params: &Params,
        job: Job<Analytics>,
        offered: Vec<FacetList>,
    ) -> Result<Self, Failure>
    where
        Self: Sized;
    /// Of the page the part that the stream fills.
    fn figures(&self) -> askama::Result<String>;
}

/// `GET` of the page: at once, with what is known.
pub async fn page<P: Figured>(State(app): State<App>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        let params = ask.params.only(P::KNOWN);
        let query = P::query(&params);
        let job = app.engine.analytics(&query, ask.params.flag("refresh"))?;
        let offered = match P::FACETS {
            [] => Vec::new(),
            fields => {
                let filters = query.filters;
                let query = SessionsQuery {
                    filters,
                    ..SessionsQuery::default()
                };
                let lists = app.engine.sessions(&query)?.facets;
                let list = |field: &&str| lists.iter().find(|list| list.field == *field).cloned();
                fields.iter().filter_map(list).collect()
            }
        };
        let shell = shell::<P>(app, &ask, &params);
        let here = shell.here.clone();
        respond::navigated(&ask, &P::drawn(app, shell, &params, job, offered)?, &here)
    })
    .await
}

/// `GET` of the figures alone, as complete as they are within seconds.
pub async fn alone<P: Figured>(State(app): State<App>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        let query = P::query(&ask.params.only(P::KNOWN));
        let job = app.engine.analytics_wait(&query, 1.0, WHOLE)?;
        Ok(respond::tagged(&ask, html::<P>(app, &ask, job)?))
    })
    .await
}

fn html<P: Figured>(app: &App, ask: &Ask, job: Job<Analytics>) -> Result<String, Failure> {
    let params = ask.params.only(P::KNOWN);
    let shell = shell::<P>(app, ask, &params);
    Ok(P::drawn(app, shell, &params, job, Vec::new())?.figures()?)
}

fn shell<P: Figured>(app: &App, ask: &Ask, params: &Params) -> Shell {
    let mut shell = Shell::new(app, ask, P::PATH, P::TITLE);
    shell.here = params.url(P::PATH);
    shell
}

/// Event names with their data.
type Lines = Vec<(&'static str, String)>;

/// `update` with the figures as they come, then `done`; `failed` with a sentence when it breaks.
pub async fn stream<P: Figured + 'static>(
    State(app): State<App>,
    ask: Ask,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let listening = app.clone();
    let steps = futures_util::stream::unfold(Some(-1.0_f32), move |seen| {
        let (app, ask) = (listening.clone(), ask.clone());
        async move {
            let seen = seen?;
            let failed = |failure: Failure| (vec![("failed", failure.message)], None);
            Some(step::<P>(app, ask, seen).await.unwrap_or_else(failed))
        }
    });
    let events = steps.flat_map(|lines: Lines| {
        let event = |(name, data)| Ok(Event::default().event(name).data(data));
        futures_util::stream::iter(lines.into_iter().map(event))
    });
    events::sse(&app, events)
}

/// What to send next, and the progress it shows; `None` once there is no more.
async fn step<P: Figured>(app: App, ask: Ask, seen: f32) -> Result<(Lines, Option<f32>), Failure> {
    blocking::page(app, move |app| {
        let query = P::query(&ask.params.only(P::KNOWN));
        let job = app.engine.analytics_wait(&query, seen, WAIT)?;
        let (done, progress) = (job.done, job.progress);
        if !done && progress <= seen {
            return Ok((Lines::new(), Some(seen)));
        }
        let mut lines = vec![("update", html::<P>(app, &ask, job)?)];
        if done {
            // an event without data is dropped by browsers, and they would connect again
            lines.push(("done", "done".into()));
        }
        Ok((lines, (!done).then_some(progress)))
    })
    .await
}
