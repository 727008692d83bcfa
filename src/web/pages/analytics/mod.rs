//! `/analytics`: what it all cost. The page comes at once; a stream fills it while the job runs, and
//! what changes later is drawn into it.

mod board;
mod lists;
mod plans;
mod tiles;

pub use plans::change as change_plan;

use crate::engine::view::{
    Analytics as Figures, AnalyticsQuery, FacetList, Job, Runs, Subscriptions,
};
use crate::model::Day;
use crate::web::error::Failure;
use crate::web::facets::{Choice, Facet, Range, choices, facets, range};
use crate::web::figures::Figured;
use crate::web::params::Params;
use crate::web::respond::fragment;
use crate::web::shell::Shell;
use crate::web::{App, filters};
use askama::Template;
use board::Board;
use plans::PlanForms;

const PATH: &str = "/analytics";
/// Parameters that say how the charts are drawn.
const DRAWN: [&str; 5] = ["by", "step", "chart", "map", "heat"];
const HELPERS: [(&str, &str); 3] = [
    ("all", "Counted"),
    ("without", "Left out"),
    ("only", "Alone"),
];
#[derive(Template)]
#[template(path = "pages/analytics.html", blocks = ["results", "figures"])]
pub struct Analytics {
    pub shell: Shell,
    pub done: bool,
    pub percent: u64,
    pub error: Option<String>,
    /// Where the rest of the figures comes from.
    pub stream: String,
    /// The figures alone, for drawing them anew when something changed.
    pub fresh: String,
    pub refresh: String,
    pub range: Range,
    pub carried: Vec<(String, String)>,
    /// Filters set, each with the link that removes it.
    pub chips: Vec<(String, String)>,
    /// Removes all of them; `None` when there is none.
    pub clear: Option<String>,
    pub facets: Vec<Facet>,
    pub helpers: Vec<Choice>,
    pub as_of: Option<i64>,
    pub zone: String,
    pub board: Board,
    pub plans: PlanForms,
}
fragment!(Analytics);

impl Figured for Analytics {
    const PATH: &str = PATH;
    const TITLE: &str = "Analytics";
    const KNOWN: &[&str] = &[
        "agent", "project", "repo", "model", "branch", "tool", "tag", "starred", "from", "to",
        "helpers", "by", "step", "chart", "map", "heat",
    ];
    const FACETS: &[&str] = &["agent", "model", "repo", "project"];

    fn query(params: &Params) -> AnalyticsQuery {
        AnalyticsQuery {
            filters: params.filters(),
            runs: match params.get("helpers") {
                Some("without") => Runs::People,
                Some("only") => Runs::Helpers,
                _ => Runs::All,
            },
        }
    }
    fn drawn(
        app: &App,
        shell: Shell,
        params: &Params,
        job: Job<Figures>,
        offered: Vec<FacetList>,
    ) -> Result<Analytics, Failure> {
        let query = Analytics::query(params);
        let plans = app.engine.subscriptions(&job.result, &query)?;
        let today = app.engine.today();
        Ok(Analytics::new(shell, params, job, plans, &offered, today))
    }
    fn figures(&self) -> askama::Result<String> {
        self.as_figures().render()
    }
}

impl Analytics {
    fn new(
        mut shell: Shell,
        params: &Params,
        job: Job<Figures>,
        subscriptions: Subscriptions,
        offered: &[FacetList],
        today: Day,
    ) -> Analytics {
        shell.unfinished = !job.done;
        let figures = &*job.result;
        let set: Vec<&(String, String)> = params
            .pairs()
            .iter()
            .filter(|(name, _)| !DRAWN.contains(&name.as_str()))
            .collect();
        let chips = set
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "from" | "to" | "helpers"))
            .map(|(name, value)| {
                let label = format!("{name}: {value}");
                (label, params.toggled(name, value).url(PATH))
            })
            .collect();
        Analytics {
            done: job.done,
            percent: (job.progress.clamp(0.0, 1.0) * 100.0) as u64,
            error: job.error.clone(),
            stream: params.url("/events/analytics"),
            fresh: params.url("/fragments/analytics/figures"),
            refresh: params.with("refresh", "1").url(PATH),
            range: range(params, PATH, today),
            carried: params.without("from").without("to").pairs().to_vec(),
            clear: (!set.is_empty()).then(|| params.only(&DRAWN).url(PATH)),
            chips,
            facets: facets(offered, params, PATH),
            helpers: choices(params, PATH, "helpers", &HELPERS),
            as_of: Some(figures.as_of).filter(|at| *at > 0),
            zone: figures.zone.clone(),
            board: Board::new(figures, &subscriptions, params, &shell.clock),
            plans: PlanForms::new(subscriptions, today),
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
        shown(sample::analytics(), done, "")
    }

    fn shown(figures: Figures, done: bool, params: &str) -> Analytics {
        let job = Job {
            done,
            progress: if done { 1.0 } else { 0.4 },
            result: Arc::new(figures),
            error: None,
            cached: false,
        };
        Analytics::new(
            sample::shell(PATH, "Analytics"),
            &Params::parse(params),
            job,
            sample::subscriptions(),
            &sample::facets(),
            Day::parse("2026-03-08").unwrap(),
        )
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
        assert_eq!(
            html.matches("<svg class=\"plot-").count(),
            // that of kinds stands below its bar at once, the tree map is drawn in two shapes
            html.matches("<details class=\"alt\">").count()
        );
        assert!(!html.contains("style="), "the policy forbids inline style");
    }

    #[test]
    fn nothing_at_all_is_a_page_too() {
        let html = shown(Figures::default(), true, "from=2026-03-01")
            .render()
            .unwrap();
        assert!(html.contains("$0"));
        let (full, empty) = (sample_page(true).render().unwrap(), html);
        let panels = |html: &str| html.matches("<section class=\"panel").count();
        assert_eq!(
            panels(&full),
            panels(&empty),
            "nothing jumps when figures come"
        );
    }

    #[test]
    fn charts_are_drawn_as_the_address_says() {
        let drawn = |params: &str| shown(sample::analytics(), true, params).render().unwrap();
        assert!(drawn("chart=areas").contains("<path class=\"area"));
        assert!(!drawn("").contains("<path class=\"area"));
        assert!(drawn("step=month").contains("Cost by month"));
        assert!(drawn("heat=cost").contains("Mon 09:00: $"));
        // the tree map filters the page and keeps how it is drawn
        let html = drawn("map=model&chart=areas");
        assert!(html.contains("/analytics?map=model&#38;chart=areas&#38;model=opus-4-6"));
    }
}
