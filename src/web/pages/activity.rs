//! `/activity`: which days and hours had work on them.

use crate::engine::view::Streaks;
use crate::engine::view::{Analytics as Figures, AnalyticsQuery, DayAmount, FacetList, Job};
use crate::engine::{active_days, streaks};
use crate::model::Day;
use crate::web::charts::{self, Measure, Week, Year};
use crate::web::error::Failure;
use crate::web::facets::{Choice, Facet, choices, facets};
use crate::web::figures::Figured;
use crate::web::filters::{dollars, grouped};
use crate::web::params::Params;
use crate::web::respond::fragment;
use crate::web::shell::Shell;
use crate::web::{App, filters};
use askama::Template;
use std::collections::BTreeMap;

const PATH: &str = "/activity";
/// Parameters that say how it is drawn.
const DRAWN: [&str; 3] = ["year", "of", "heat"];
const OF: [(&str, &str); 4] = [
    ("sessions", "Sessions"),
    ("prompts", "Prompts"),
    ("tokens", "Tokens"),
    ("cost", "Cost"),
];
const HEAT: [(&str, &str); 2] = [("messages", "Messages"), ("cost", "Cost")];

#[derive(Template)]
#[template(path = "pages/activity.html", blocks = ["results", "figures"])]
pub struct Activity {
    pub shell: Shell,
    pub done: bool,
    pub percent: u64,
    pub error: Option<String>,
    /// Where the rest of the figures comes from.
    pub stream: String,
    /// The figures alone, for drawing them anew when something changed.
    pub fresh: String,
    pub refresh: String,
    pub as_of: Option<i64>,
    pub zone: String,
    /// Filters set, each with the link that removes it.
    pub chips: Vec<(String, String)>,
    pub clear: Option<String>,
    pub facets: Vec<Facet>,
    pub board: Board,
}
fragment!(Activity);

/// Everything that the stream fills.
pub struct Board {
    pub map: Year,
    /// Addresses by square: that day in the timeline.
    pub days: Vec<String>,
    pub period: String,
    pub years: Vec<Link>,
    pub of: Vec<Choice>,
    pub stats: Vec<Stat>,
    pub week: Week,
    pub heat: Vec<Choice>,
    pub shares: Vec<Share>,
}

pub struct Link {
    pub label: String,
    pub href: String,
    pub current: bool,
}

pub struct Stat {
    pub title: &'static str,
    pub value: String,
    pub note: String,
    /// `""` for none.
    pub href: String,
}

/// One agent's part in the days shown.
pub struct Share {
    pub label: String,
    pub class: String,
    pub href: String,
    /// Of the greatest, 0-100.
    pub width: String,
    pub percent: String,
    pub value: String,
    pub sessions: u64,
    pub prompts: u64,
}

impl Figured for Activity {
    const PATH: &str = PATH;
    const TITLE: &str = "Activity";
    const KNOWN: &[&str] = &[
        "agent", "project", "repo", "model", "tag", "year", "of", "heat",
    ];
    const FACETS: &[&str] = &["agent", "repo", "project"];

    fn query(params: &Params) -> AnalyticsQuery {
        AnalyticsQuery {
            filters: params.filters(),
            ..AnalyticsQuery::default()
        }
    }
    fn drawn(
        _app: &App,
        shell: Shell,
        params: &Params,
        job: Job<Figures>,
        offered: Vec<FacetList>,
    ) -> Result<Activity, Failure> {
        Ok(Activity::new(shell, params, job, &offered))
    }
    fn figures(&self) -> askama::Result<String> {
        self.as_figures().render()
    }
}

impl Activity {
    fn new(
        mut shell: Shell,
        params: &Params,
        job: Job<Figures>,
        offered: &[FacetList],
    ) -> Activity {
        shell.unfinished = !job.done;
        let figures = &*job.result;
        let set = params.pairs().iter();
        let set: Vec<_> = set
            .filter(|(name, _)| !DRAWN.contains(&name.as_str()))
            .collect();
        Activity {
            done: job.done,
            percent: (job.progress.clamp(0.0, 1.0) * 100.0) as u64,
            error: job.error.clone(),
            stream: params.url("/events/activity"),
            fresh: params.url("/fragments/activity/figures"),
            refresh: params.with("refresh", "1").url(PATH),
            as_of: Some(figures.as_of).filter(|at| *at > 0),
            zone: figures.zone.clone(),
            chips: set
                .iter()
                .map(|(name, value)| {
                    let label = format!("{name}: {value}");
                    (label, params.toggled(name, value).url(PATH))
                })
                .collect(),
            clear: (!set.is_empty()).then(|| params.only(&DRAWN).url(PATH)),
            facets: facets(offered, params, PATH),
            board: Board::new(figures, params, &shell),
            shell,
        }
    }
}

impl Board {
    fn new(figures: &Figures, params: &Params, shell: &Shell) -> Board {
        let clock = &shell.clock;
        let today = clock.day(clock.now);
        let measure = params
            .get("of")
            .and_then(Measure::parse)
            .unwrap_or_default();
        let year = params.get("year").and_then(|year| year.parse::<i16>().ok());
        let range = range(year, today);
        let map = charts::year(&figures.by_day, range, measure, clock, agent_name);
        let inside: Vec<&DayAmount> = figures
            .by_day
            .iter()
            .filter(|row| range.0 <= row.day && row.day <= range.1)
            .collect();
        Board {
            days: map.cells.iter().map(|c| day_href(params, c.day)).collect(),
            period: match year {
                Some(year) => year.to_string(),
                None => "The last twelve months".into(),
            },
            years: years(figures, params, year, today),
            of: choices(params, PATH, "of", &OF),
            stats: stats(figures, &inside, (range, measure), params, shell),
            week: charts::week(figures, params.get("heat") == Some("cost")),
            heat: choices(params, PATH, "heat", &HEAT),
            shares: shares(&inside, measure, params),
            map,
        }
    }
}

/// A calendar year as far as it has come, or the weeks of the last twelve months.
fn range(year: Option<i16>, today: Day) -> (Day, Day) {
    let whole = year.and_then(|year| {
        let first = jiff::civil::Date::new(year, 1, 1).ok()?;
        let last = jiff::civil::Date::new(year, 12, 31).ok()?;
        Some((Day::from_date(first), Day::from_date(last)))
    });
    match whole {
        Some((first, last)) => (first, last.min(today).max(first)),
        None => (Day(charts::monday_of(today).0 - 52 * 7), today),
    }
}

fn years(figures: &Figures, params: &Params, year: Option<i16>, today: Day) -> Vec<Link> {
    let mut links = vec![Link {
        label: "Last 12 months".into(),
        href: params.with("year", "").url(PATH),
        current: year.is_none(),
    }];
    let first = figures.first_day.unwrap_or(today).date().year();
    let last = today.date().year();
    links.extend((first.max(last - 12)..=last).rev().map(|of| Link {
        label: of.to_string(),
        href: params.with("year", &of.to_string()).url(PATH),
        current: year == Some(of),
    }));
    links
}

/// That day in the timeline, under the same filters.
fn day_href(params: &Params, day: Day) -> String {
    let filters = params.only(&["agent", "project", "repo", "model", "tag"]);
    filters.with("until", &day.to_string()).url("/timeline")
}

fn agent_name(id: &str) -> String {
    let info = crate::engine::agents().find(|info| info.id == id);
    info.map_or(id, |info| info.name).to_owned()
}

fn stats(
    figures: &Figures,
    inside: &[&DayAmount],
    ((from, to), measure): ((Day, Day), Measure),
    params: &Params,
    shell: &Shell,
) -> Vec<Stat> {
    let clock = &shell.clock;
    let active: Vec<&&DayAmount> = inside.iter().filter(|row| row.sessions > 0).collect();
    let days: Vec<Day> = active_days(&figures.by_day).collect();
    let run: Streaks = streaks(&days, clock.day(clock.now));
    let sum: u64 = inside.iter().map(|row| measure.of(row)).sum();
    // of equals the first
    let best = inside.iter().rev().max_by_key(|row| measure.of(row));
    let best = best.filter(|row| measure.of(row) > 0);
    let ms: i64 = inside.iter().map(|row| row.active_ms).sum();
    vec![
        plain(
            "Total",
            match measure {
                Measure::Sessions => grouped(sum),
                _ => measure.summed(sum),
            },
            match measure {
                Measure::Sessions => "session days, one for each day of each".into(),
                _ => "in the days shown".into(),
            },
        ),
        plain(
            "Active days",
            grouped(active.len() as u64),
            format!("of {}", grouped((to.0 - from.0 + 1) as u64)),
        ),
        current(run),
        plain("Longest streak", days_long(run.longest), "ever".into()),
        Stat {
            title: "Best day",
            value: best.map_or("-".into(), |row| measure.said(measure.of(row))),
            note: best.map_or(String::new(), |row| clock.day_name(row.day)),
            href: best.map_or(String::new(), |row| day_href(params, row.day)),
        },
        plain(
            "On an active day",
            average(measure, sum, active.len() as u64),
            "on average".into(),
        ),
        plain(
            "Active hours",
            format!("{:.1}", ms as f64 / 3.6e6),
            "from first to last prompt".into(),
        ),
        plain(
            "Cost",
            dollars(inside.iter().map(|row| row.amount.cost).sum()),
            "of all runs".into(),
        ),
    ]
}

fn plain(title: &'static str, value: String, note: String) -> Stat {
    Stat {
        title,
        value,
        note,
        href: String::new(),
    }
}

fn days_long(n: u32) -> String {
    format!("{n} day{}", if n == 1 { "" } else { "s" })
}

fn current(run: Streaks) -> Stat {
    let note = match (run.current, run.today) {
        (0, _) => "no day yet: begin one",
        (_, true) => "today included",
        (_, false) => "nothing yet today",
    };
    plain("Current streak", days_long(run.current), note.into())
}

fn average(measure: Measure, sum: u64, days: u64) -> String {
    match days {
        0 => "-".into(),
        n if measure == Measure::Cost => dollars((sum / n) as i64),
        n if measure == Measure::Tokens => measure.said(sum / n),
        n => format!("{:.1}", sum as f64 / n as f64),
    }
}

fn shares(inside: &[&DayAmount], measure: Measure, params: &Params) -> Vec<Share> {
    let mut sums: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
    for agent in inside.iter().flat_map(|row| &row.agents) {
        let sum = sums.entry(&agent.agent).or_default();
        sum.0 += match measure {
            Measure::Sessions => agent.sessions,
            Measure::Prompts => agent.prompts,
            Measure::Tokens => agent.tokens,
            Measure::Cost => agent.cost.max(0) as u64,
        };
        sum.1 += agent.sessions;
        sum.2 += agent.prompts;
    }
    let whole: u64 = sums.values().map(|sum| sum.0).sum();
    let greatest = sums.values().map(|sum| sum.0).max().unwrap_or(0).max(1);
    let mut rows: Vec<(&str, (u64, u64, u64))> = sums.into_iter().collect();
    rows.sort_by_key(|(name, sum)| (std::cmp::Reverse(*sum), *name));
    let row = |(name, (value, sessions, prompts)): (&str, (u64, u64, u64))| Share {
        label: agent_name(name),
        class: format!("a-{name}"),
        href: params.toggled("agent", name).url(PATH),
        width: format!("{:.1}", value as f64 * 100.0 / greatest as f64),
        percent: format!("{:.0}%", value as f64 * 100.0 / whole.max(1) as f64),
        value: measure.said(value),
        sessions,
        prompts,
    };
    rows.into_iter().map(row).collect()
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::web::sample;
    use std::sync::Arc;

    pub fn sample_page() -> Activity {
        activity(sample::analytics(), true, "agent=x")
    }

    fn shown(figures: Figures, done: bool, params: &str) -> String {
        activity(figures, done, params).render().unwrap()
    }

    fn activity(figures: Figures, done: bool, params: &str) -> Activity {
        let job = Job {
            done,
            progress: if done { 1.0 } else { 0.4 },
            result: Arc::new(figures),
            error: None,
            cached: false,
        };
        let shell = sample::shell(PATH, "Activity");
        Activity::new(shell, &Params::parse(params), job, &sample::facets())
    }

    #[test]
    fn the_map_has_its_table_and_leads_to_days() {
        let html = shown(sample::analytics(), true, "agent=x");
        assert!(html.contains("/timeline?agent=x&#38;until=2026-03-0"));
        assert_eq!(
            html.matches("<svg class=\"plot-").count(),
            html.matches("<details class=\"alt\">").count()
        );
        assert!(!html.contains("style="), "the policy forbids inline style");
    }

    #[test]
    fn a_running_job_streams_and_a_finished_one_does_not() {
        let html = shown(Figures::default(), false, "of=cost&year=2025");
        assert!(html.contains("sse-connect=\"/events/activity?of=cost&#38;year=2025\""));
        assert!(!shown(Figures::default(), true, "").contains("/events/activity"));
    }

    #[test]
    fn ranges_are_whole_weeks_or_a_year_as_far_as_it_has_come() {
        let today = Day::parse("2026-03-08").unwrap();
        let told = |year| {
            let (from, to) = range(year, today);
            (from.to_string(), to.to_string())
        };
        assert_eq!(told(None), ("2025-03-03".into(), "2026-03-08".into()));
        assert_eq!(told(Some(2025)), ("2025-01-01".into(), "2025-12-31".into()));
        assert_eq!(told(Some(2026)), ("2026-01-01".into(), "2026-03-08".into()));
        assert_eq!(told(Some(i16::MAX)).1, "2026-03-08", "no year at all");
    }
}
