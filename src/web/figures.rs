//! Pages that show figures of a job: they come at once with what is known, and a stream fills them.

use super::ask::Ask;
use super::error::Failure;
use super::params::Params;
use super::{App, blocking, events};
use crate::engine::view::{Analytics, AnalyticsQuery, Job};
use axum::response::sse::{Event, Sse};
use futures_util::{Stream, StreamExt, stream};
use std::convert::Infallible;
use std::time::Duration;

/// Longest a stream waits for progress before it looks whether anybody still listens.
pub const WAIT: Duration = Duration::from_secs(1);

/// What a page asks the job, and its figures as HTML.
#[derive(Clone, Copy)]
pub struct Drawing {
    pub query: fn(&Params) -> AnalyticsQuery,
    pub html: fn(&App, &Ask, Job<Analytics>) -> Result<String, Failure>,
}

/// Event names with their data.
type Lines = Vec<(&'static str, String)>;

/// `update` with the figures as they come, then `done`; `failed` with a sentence when it breaks.
pub fn follow(
    app: App,
    ask: Ask,
    drawing: Drawing,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let listening = app.clone();
    let steps = stream::unfold(Some(-1.0_f32), move |seen| {
        let (app, ask) = (listening.clone(), ask.clone());
        async move {
            let seen = seen?;
            let failed = |failure: Failure| (vec![("failed", failure.message)], None);
            Some(step(app, ask, drawing, seen).await.unwrap_or_else(failed))
        }
    });
    let events = steps.flat_map(|lines: Lines| {
        let event = |(name, data)| Ok(Event::default().event(name).data(data));
        stream::iter(lines.into_iter().map(event))
    });
    events::sse(&app, events)
}

/// What to send next, and the progress it shows; `None` once there is no more.
async fn step(
    app: App,
    ask: Ask,
    drawing: Drawing,
    seen: f32,
) -> Result<(Lines, Option<f32>), Failure> {
    blocking::page(app, move |app| {
        let query = (drawing.query)(&ask.params);
        let job = app.engine.analytics_wait(&query, seen, WAIT)?;
        let (done, progress) = (job.done, job.progress);
        if !done && progress <= seen {
            return Ok((Lines::new(), Some(seen)));
        }
        let mut lines = vec![("update", (drawing.html)(app, &ask, job)?)];
        if done {
            // an event without data is dropped by browsers, and they would connect again
            lines.push(("done", "done".into()));
        }
        Ok((lines, (!done).then_some(progress)))
    })
    .await
}
