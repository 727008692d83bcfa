//! `/timeline`: day by day what was worked on, newest first.

use crate::engine::view::{CostView, TimelineDay, TimelinePage, TimelineQuery, TimelineRow};
use crate::model::Day;
use crate::web::ask::Ask;
use crate::web::calendar::{CALENDAR, Calendar, calendar};
use crate::web::cards;
use crate::web::error::{Answer, Failure};
use crate::web::facets::{Choice, Facet, Range, facets, range, switch};
use crate::web::filters::{dollars, grouped};
use crate::web::params::{FILTERS, Params, carried};
use crate::web::respond::{self, fragment};
use crate::web::shell::Shell;
use crate::web::{App, blocking, filters};
use askama::Template;
use axum::extract::State;

const PATH: &str = "/timeline";
/// Days at a time; days without anything do not count.
const DAYS: usize = 10;
/// Sessions of a day that are listed; the rest is a link away.
const ROWS: usize = 40;
/// Months to jump to that are shown at once.
const MONTHS: usize = 12;

#[derive(Template)]
#[template(path = "pages/timeline.html", blocks = ["results", "days"])]
pub struct Timeline {
    pub shell: Shell,
    pub days: Vec<DayView>,
    /// Address of the next days, and of these alone.
    pub next: Option<(String, String)>,
    /// The day that the page begins with, when that is not the newest.
    pub until: String,
    pub newest: Option<String>,
    pub refresh: String,
    pub carried: Vec<(String, String)>,
    pub months: Vec<(String, String)>,
    pub months_folded: Vec<(String, String)>,
    pub shown: usize,
    pub hidden: usize,
    pub untimed: usize,
    pub facets: Vec<Facet>,
    pub range: Range,
    pub calendar: Calendar,
    pub helpers: Choice,
    pub starred: Choice,
    /// Removes every filter; `None` when there is none.
    pub clear: Option<String>,
}
fragment!(Timeline);

pub struct DayView {
    /// `2026-03-08`, also its anchor.
    pub date: String,
    pub name: String,
    /// `Sun 8 Mar`, where the name does not say it.
    pub full: String,
    pub day: TimelineDay,
    pub cost: CostView,
    pub hours: String,
    /// Sessions of this day.
    pub href: String,
    pub with_helpers: String,
    pub hidden_cost: String,
    /// Hours with their level and what they had.
    pub strip: Vec<(usize, u8, String)>,
    pub strip_title: String,
    pub rows: Vec<RowView>,
    /// Sessions that are not listed here.
    pub more: usize,
}

pub struct RowView {
    pub row: TimelineRow,
    pub agent: &'static str,
    pub agent_name: &'static str,
    pub href: String,
    pub name: String,
    pub project: String,
    pub time: String,
    /// `day 2 of 5`; `""` for a session of one day.
    pub part: String,
    /// Hours in which it was at work.
    pub hours: Vec<usize>,
}

pub async fn page(State(app): State<App>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        respond::stamped(app, &ask, || {
            let page = build(app, &ask)?;
            respond::navigated(&ask, &page, &page.shell.here)
        })
    })
    .await
}

/// The next days alone, for appending.
pub async fn more(State(app): State<App>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        respond::stamped(app, &ask, || {
            respond::part(&ask, &build(app, &ask)?.as_days())
        })
    })
    .await
}

fn build(app: &App, ask: &Ask) -> Result<Timeline, Failure> {
    let names: Vec<&str> = FILTERS
        .into_iter()
        .chain(["until"])
        .chain(CALENDAR)
        .collect();
    let params = ask.params.only(&names);
    let query = TimelineQuery {
        filters: params.filters(),
        until: params.get("until").and_then(Day::parse),
        days: DAYS,
    };
    let found = app.engine.timeline(&query)?;
    let mut shell = Shell::new(app, ask, PATH, "Timeline");
    shell.generation = found.generation;
    shell.here = params.url(PATH);
    Ok(Timeline::new(shell, params, query, found))
}

impl Timeline {
    fn new(shell: Shell, params: Params, query: TimelineQuery, found: TimelinePage) -> Timeline {
        let here = params.without("until");
        let plain = here.without_any(&CALENDAR);
        let spans = found.spans.iter();
        let spans: Vec<(Day, u64)> = spans.map(|(day, n)| (*day, u64::from(*n))).collect();
        let today = shell.clock.day(shell.clock.now);
        let next = found.next.map(|day| {
            let next = plain.with("until", &day.to_string());
            (next.url(PATH), next.url("/fragments/timeline/more"))
        });
        let mut months: Vec<(String, String)> = found
            .months
            .iter()
            .map(|first| {
                let last = Day::from_date(first.date().last_of_month());
                let href = plain.with("until", &last.to_string()).url(PATH);
                (first.date().strftime("%b %Y").to_string(), href)
            })
            .collect();
        let months_folded = months.split_off(months.len().min(MONTHS));
        let days = found.days.into_iter();
        Timeline {
            days: days.map(|day| DayView::new(day, &plain, &shell)).collect(),
            next,
            until: query.until.map_or_else(String::new, |day| day.to_string()),
            newest: query.until.map(|_| plain.url(PATH)),
            refresh: params.url("/fragments/timeline"),
            carried: plain.pairs().to_vec(),
            months,
            months_folded,
            shown: found.shown_sessions,
            hidden: found.hidden_sessions,
            untimed: found.untimed_sessions,
            facets: facets(&found.facets, &plain, PATH),
            range: range(&plain, PATH, today),
            calendar: calendar(&here, PATH, today, &spans),
            helpers: switch(
                &params,
                PATH,
                "include_helpers",
                query.filters.include_helpers,
            ),
            starred: switch(&params, PATH, "starred", query.filters.starred),
            clear: (!plain.is_empty()).then(|| PATH.into()),
            shell,
        }
    }
}

impl DayView {
    fn new(mut day: TimelineDay, params: &Params, shell: &Shell) -> DayView {
        let clock = &shell.clock;
        let date = day.day.to_string();
        let name = clock.day_name(day.day);
        let full = day.day.date().strftime("%a %-d %b").to_string();
        let only = params.with("from", &date).with("to", &date);
        let mut rows = std::mem::take(&mut day.rows);
        let more = rows.len().saturating_sub(ROWS);
        rows.truncate(ROWS);
        let greatest = day.by_hour.iter().copied().max().unwrap_or(0);
        DayView {
            full: match name.contains(&full) {
                true => String::new(),
                false => full,
            },
            cost: day.cost,
            hours: match day.active_ms {
                0 => String::new(),
                ms => format!("{:.1} h", ms as f64 / 3.6e6),
            },
            href: only.url("/"),
            with_helpers: only.with("include_helpers", "1").url("/"),
            hidden_cost: dollars(day.hidden_cost),
            strip: (0..24)
                .map(|hour| {
                    let count = day.by_hour[hour];
                    let said = format!("{hour:02}:00: {} messages", grouped(count.into()));
                    (hour * 10, level(count, greatest), said)
                })
                .collect(),
            strip_title: strip_title(&day.by_hour),
            rows: rows
                .into_iter()
                .map(|row| RowView::new(row, shell))
                .collect(),
            more,
            date,
            name,
            day,
        }
    }
}

/// Root scale, as everywhere.
fn level(count: u32, greatest: u32) -> u8 {
    match count {
        0 => 0,
        _ => ((f64::from(count) / f64::from(greatest)).sqrt() * 5.0)
            .ceil()
            .clamp(1.0, 5.0) as u8,
    }
}

/// What the strip says to who does not see it.
fn strip_title(hours: &[u32; 24]) -> String {
    let first = hours.iter().position(|count| *count > 0);
    let last = hours.iter().rposition(|count| *count > 0);
    match first.zip(last) {
        Some((first, last)) => format!("At work between {first:02}:00 and {:02}:00", last + 1),
        None => "No hour is recorded".into(),
    }
}

impl RowView {
    fn new(row: TimelineRow, shell: &Shell) -> RowView {
        let (nth, of) = row.part;
        RowView {
            agent: row.agent.map_or("", |info| info.id),
            agent_name: row.agent.map_or("", |info| info.name),
            href: cards::href(&row.session),
            name: cards::name(&row.session),
            project: Params::default()
                .with("project", carried(&row.project.path))
                .url("/"),
            time: match row.at {
                Some(at) => shell.clock.time_of(at),
                None => String::new(),
            },
            part: match of {
                0 | 1 => String::new(),
                _ => format!("day {nth} of {of}"),
            },
            hours: (0..24).filter(|hour| row.by_hour[*hour] > 0).collect(),
            row,
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::web::sample;

    pub fn sample_page() -> Timeline {
        shown("", sample::timeline())
    }

    fn shown(query: &str, found: TimelinePage) -> Timeline {
        let params = Params::parse(query);
        let query = TimelineQuery {
            filters: params.filters(),
            until: params.get("until").and_then(Day::parse),
            days: DAYS,
        };
        Timeline::new(sample::shell(PATH, "Timeline"), params, query, found)
    }

    #[test]
    fn earlier_days_are_a_plain_link_and_a_trigger() {
        let found = sample::timeline();
        let page = shown("agent=x", found.clone());
        let html = page.render().unwrap();
        assert!(html.contains("href=\"/timeline?agent=x&#38;until=2026-02-20\""));
        assert!(html.contains("hx-get=\"/fragments/timeline/more?agent=x&#38;until=2026-02-20\""));
        assert!(!page.as_days().render().unwrap().contains("<html"));
    }

    #[test]
    fn a_day_says_what_its_list_leaves_out() {
        let html = shown("", sample::timeline()).render().unwrap();
        assert!(html.contains("day 2 of 3"));
        assert!(html.contains("3 helper and sub-agent runs"));
        assert!(html.contains("At work between 09:00 and 18:00"));
    }

    #[test]
    fn no_day_at_all_is_a_page_too() {
        let html = shown("from=2026-01-01", TimelinePage::default())
            .render()
            .unwrap();
        assert!(html.contains("No day has a session that matches."));
    }
}
