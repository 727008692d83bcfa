//! `/analytics`: what it all cost. The page comes at once; a stream fills it while the job runs.

use crate::engine::view::{Analytics as Figures, Job};
use crate::model::Day;
use crate::web::ask::Ask;
use crate::web::charts::{Bars, Ranked, Stack, Week};
use crate::web::error::{Answer, Failure};
use crate::web::facets::{Range, range};
use crate::web::params::{Params, carried};
use crate::web::respond::{self, fragment};
use crate::web::shell::Shell;
use crate::web::{App, blocking, charts, events, filters};
use askama::Template;
use axum::extract::State;
use axum::response::sse::{Event, Sse};
use futures_util::{Stream, StreamExt, stream};
use std::convert::Infallible;
use std::time::Duration;

const PATH: &str = "/analytics";
const KNOWN: [&str; 6] = ["agent", "project", "repo", "model", "from", "to"];
/// Longest a stream waits for progress before it looks whether anybody still listens.
const WAIT: Duration = Duration::from_secs(1);

#[derive(Template)]
#[template(path = "pages/analytics.html", blocks = ["results", "figures"])]
pub struct Analytics {
    pub shell: Shell,
    pub figures: Figures,
    pub done: bool,
    pub percent: u64,
    pub error: Option<String>,
    /// Where the rest of the figures comes from.
    pub stream: String,
    pub refresh: String,
    pub range: Range,
    pub carried: Vec<(String, String)>,
    /// Filters set, each with the link that removes it.
    pub chips: Vec<(String, String)>,
    pub as_of: Option<i64>,
    pub per_day: i64,
    pub hit_rate: Option<u64>,
    pub days: Bars,
    pub agents: Ranked,
    pub models: Ranked,
    pub projects: Ranked,
    pub week: Week,
    pub parts: Stack,
    pub colors: Vec<(String, String)>,
}
fragment!(Analytics);

pub async fn page(State(app): State<App>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        let refresh = ask.params.flag("refresh");
        let params = ask.params.only(&KNOWN);
        let job = app.engine.analytics(&params.filters(), refresh)?;
        let shell = Shell::new(app, &ask, PATH, "Analytics");
        let page = Analytics::new(shell, &params, job, app.engine.today());
        respond::navigated(&ask, &page, &page.shell.here)
    })
    .await
}

/// `update` with the figures as they come, then `done`; `failed` with a sentence when it breaks.
pub async fn stream(
    State(app): State<App>,
    ask: Ask,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let listening = app.clone();
    let steps = stream::unfold(Some(-1.0_f32), move |seen| {
        let (app, ask) = (listening.clone(), ask.clone());
        async move {
            let seen = seen?;
            let failed = |failure: Failure| (vec![("failed", failure.message)], None);
            Some(step(app, ask, seen).await.unwrap_or_else(failed))
        }
    });
    let events = steps.flat_map(|lines: Lines| {
        let event = |(name, data)| Ok(Event::default().event(name).data(data));
        stream::iter(lines.into_iter().map(event))
    });
    events::sse(&app, events)
}

/// Event names with their data.
type Lines = Vec<(&'static str, String)>;

/// What to send next, and the progress it shows; `None` once there is no more.
async fn step(app: App, ask: Ask, seen: f32) -> Result<(Lines, Option<f32>), Failure> {
    blocking::page(app, move |app| {
        let params = ask.params.only(&KNOWN);
        let job = app.engine.analytics_wait(&params.filters(), seen, WAIT)?;
        let (done, progress) = (job.done, job.progress);
        if !done && progress <= seen {
            return Ok((Lines::new(), Some(seen)));
        }
        let shell = Shell::new(app, &ask, PATH, "Analytics");
        let page = Analytics::new(shell, &params, job, app.engine.today());
        let mut lines = vec![("update", page.as_figures().render()?)];
        if done {
            // an event without data is dropped by browsers, and they would connect again
            lines.push(("done", "done".into()));
        }
        Ok((lines, (!done).then_some(progress)))
    })
    .await
}

impl Analytics {
    fn new(mut shell: Shell, params: &Params, job: Job<Figures>, today: Day) -> Analytics {
        let figures = (*job.result).clone();
        shell.here = params.url(PATH);
        shell.unfinished = !job.done;
        let colors = charts::series(&figures);
        let tokens = &figures.total.tokens;
        let chips = params
            .pairs()
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "from" | "to"))
            .map(|(name, value)| {
                let label = format!("{name}: {value}");
                (label, params.toggled(name, value).url(PATH))
            })
            .collect();
        let link = |field: &'static str| {
            let params = params.clone();
            move |value: &str| params.toggled(field, carried(value)).url(PATH)
        };
        Analytics {
            done: job.done,
            percent: (job.progress.clamp(0.0, 1.0) * 100.0) as u64,
            error: job.error,
            stream: params.url("/events/analytics"),
            refresh: params.with("refresh", "1").url(PATH),
            range: range(params, PATH, today),
            carried: params.without("from").without("to").pairs().to_vec(),
            chips,
            as_of: Some(figures.as_of),
            per_day: figures.total.cost / i64::from(figures.days.max(1)),
            hit_rate: (tokens.prompt() > 0).then(|| tokens.cache_read * 100 / tokens.prompt()),
            days: charts::days(&figures, &colors, &shell.clock),
            agents: charts::ranked(&figures.by_agent, &colors, link("agent")),
            models: charts::ranked(&figures.by_model, &[], link("model")),
            projects: charts::ranked(&figures.by_project, &[], link("project")),
            week: charts::week(&figures.week),
            parts: charts::parts(&figures.total),
            colors,
            figures,
            shell,
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::web::sample;
    use std::sync::Arc;

    pub fn sample_page(done: bool) -> Analytics {
        let job = Job {
            done,
            progress: if done { 1.0 } else { 0.4 },
            result: Arc::new(sample::analytics()),
            error: None,
            cached: false,
        };
        let today = Day::parse("2026-03-08").unwrap();
        let shell = sample::shell(PATH, "Analytics");
        Analytics::new(shell, &Params::default(), job, today)
    }

    #[test]
    fn a_running_job_streams_and_a_finished_one_does_not() {
        let running = sample_page(false).render().unwrap();
        assert!(running.contains("sse-connect=\"/events/analytics\""));
        assert!(running.contains("<noscript><meta http-equiv=\"refresh\""));
        let done = sample_page(true).render().unwrap();
        assert!(!done.contains("/events/analytics"));
    }

    #[test]
    fn every_chart_has_its_table() {
        let html = sample_page(true).render().unwrap();
        assert!(html.matches("<table").count() >= 5);
        assert!(!html.contains("style="), "the policy forbids inline style");
    }

    #[test]
    fn nothing_at_all_is_a_page_too() {
        let job = Job {
            done: true,
            progress: 1.0,
            result: Arc::default(),
            error: None,
            cached: false,
        };
        let shell = sample::shell(PATH, "Analytics");
        let page = Analytics::new(shell, &Params::default(), job, Day(20_000));
        assert!(page.render().unwrap().contains("$0"));
    }
}
