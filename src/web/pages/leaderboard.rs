//! `/leaderboard`: where one stands against oneself. Everything is of this machine; nothing leaves it.

use crate::engine::view::{
    Analytics as Figures, AnalyticsQuery, FacetList, Job, Leaderboard as Told,
};
use crate::engine::view::{DayAmount, Rank, Record, Standing};
use crate::model::Day;
use crate::web::cards::one_line;
use crate::web::error::Failure;
use crate::web::figures::Figured;
use crate::web::filters::{counted, dollars, grouped, shortened};
use crate::web::params::{Params, carried, segment};
use crate::web::respond::fragment;
use crate::web::shell::Shell;
use crate::web::{App, filters};
use askama::Template;

const PATH: &str = "/leaderboard";
/// Places of a list.
const PLACES: usize = 10;

#[derive(Template)]
#[template(path = "pages/leaderboard.html", blocks = ["results", "figures"])]
pub struct Leaderboard {
    pub shell: Shell,
    pub done: bool,
    pub percent: u64,
    pub error: Option<String>,
    pub stream: &'static str,
    pub fresh: &'static str,
    pub refresh: &'static str,
    pub as_of: Option<i64>,
    pub zone: String,
    pub board: Board,
}
fragment!(Leaderboard);

/// Everything that the stream fills.
pub struct Board {
    pub name: String,
    /// Letters in the badge.
    pub initials: String,
    pub streak: u32,
    pub streak_note: String,
    pub longest: u32,
    pub active_days: u32,
    pub grids: Vec<Grid>,
    /// What the counts leave out, and the cost does not.
    pub note: String,
    pub rankings: Vec<Ranking>,
    /// Bars of the last thirty days, oldest first.
    pub days: Vec<Bar>,
    pub days_top: String,
    pub records: Vec<Feat>,
}

pub struct Grid {
    pub title: &'static str,
    pub note: String,
    pub cells: Vec<(&'static str, String)>,
}

pub struct Ranking {
    pub title: &'static str,
    pub columns: [&'static str; 3],
    pub rows: Vec<Place>,
    pub empty: &'static str,
}

pub struct Place {
    pub number: usize,
    pub label: String,
    pub title: String,
    pub class: String,
    pub href: String,
    /// Of the first, 0-100.
    pub width: String,
    pub cells: [String; 3],
}

pub struct Bar {
    pub x: usize,
    pub y: String,
    pub height: String,
    pub href: String,
    pub title: String,
    pub row: DayAmount,
    pub name: String,
}

/// A record.
pub struct Feat {
    pub title: &'static str,
    pub value: String,
    pub what: String,
    pub href: String,
}

impl Figured for Leaderboard {
    const PATH: &str = PATH;
    const TITLE: &str = "Leaderboard";
    const KNOWN: &[&str] = &[];
    const FACETS: &[&str] = &[];

    fn query(_params: &Params) -> AnalyticsQuery {
        AnalyticsQuery::default()
    }
    fn drawn(
        app: &App,
        shell: Shell,
        _params: &Params,
        job: Job<Figures>,
        _offered: Vec<FacetList>,
    ) -> Result<Leaderboard, Failure> {
        let told = app.engine.leaderboard(&job)?;
        Ok(Leaderboard::new(shell, job, &told))
    }
    fn figures(&self) -> askama::Result<String> {
        self.as_figures().render()
    }
}

impl Leaderboard {
    fn new(mut shell: Shell, job: Job<Figures>, told: &Told) -> Leaderboard {
        shell.unfinished = !job.done;
        Leaderboard {
            done: job.done,
            percent: (job.progress.clamp(0.0, 1.0) * 100.0) as u64,
            error: job.error.clone(),
            stream: "/events/leaderboard",
            fresh: "/fragments/leaderboard/figures",
            refresh: "/leaderboard?refresh=1",
            as_of: Some(job.result.as_of).filter(|at| *at > 0),
            zone: job.result.zone.clone(),
            board: Board::new(told, &job.result.repo_roots, &shell),
            shell,
        }
    }
}

impl Board {
    fn new(told: &Told, roots: &[String], shell: &Shell) -> Board {
        let clock = &shell.clock;
        let name = told.anon.name.clone();
        let (days, days_top) = bars(told, shell);
        Board {
            initials: name
                .split('-')
                .filter_map(|part| part.chars().next())
                .take(2)
                .collect(),
            name,
            streak: told.streaks.current,
            streak_note: match (told.streaks.current, told.streaks.today) {
                (0, _) => "Begin one today.".into(),
                (_, true) => "Today is in.".into(),
                (_, false) => "Nothing yet today: it ends at midnight.".into(),
            },
            longest: told.streaks.longest,
            active_days: told.active_days,
            grids: vec![
                grid("Today", clock.day(clock.now).to_string(), &told.today),
                grid(
                    "This week",
                    format!("since {}", clock.day_name(told.monday)),
                    &told.week,
                ),
                grid(
                    "All time",
                    format!("{} active days", grouped(told.active_days.into())),
                    &told.whole,
                ),
            ],
            note: note(told),
            rankings: rankings(told, roots),
            days,
            days_top,
            records: records(told, shell),
        }
    }
}

fn rankings(told: &Told, roots: &[String]) -> Vec<Ranking> {
    let ranks = &told.ranks;
    let prompts = |rank: &Rank| rank.prompts;
    let cost = |rank: &Rank| rank.cost.max(0) as u64;
    let project = |rank: &Rank| {
        let field = match roots.contains(&rank.name) {
            true => "repo",
            false => "project",
        };
        behind(field, &rank.name)
    };
    vec![
        Ranking {
            title: "Agents",
            columns: ["Conv.", "Hours", "Prompts"],
            empty: "No agent has been at work yet.",
            rows: ranked(&ranks.agents, prompts, by_prompts, |rank| {
                behind("agent", &rank.name)
            }),
        },
        Ranking {
            title: "Projects",
            columns: ["Conv.", "Hours", "Prompts"],
            empty: "No project has been worked on yet.",
            rows: ranked(&ranks.projects, prompts, by_prompts, project),
        },
        Ranking {
            title: "Models",
            columns: ["Conv.", "Tokens", "Cost"],
            empty: "No response names its model yet.",
            rows: ranked(&ranks.models, cost, by_cost, |rank| {
                behind("model", &rank.name)
            }),
        },
    ]
}

fn grid(title: &'static str, note: String, standing: &Standing) -> Grid {
    let cells = vec![
        ("Prompts", grouped(standing.prompts)),
        ("Interactions", grouped(standing.interactions)),
        ("Agent time", hours(standing.active_ms)),
        ("Conversations", grouped(standing.conversations)),
        ("Cost", dollars(standing.cost)),
        ("Tokens", shortened(standing.tokens)),
    ];
    Grid { title, note, cells }
}

fn hours(ms: i64) -> String {
    format!("{:.1} h", ms as f64 / 3.6e6)
}

fn note(told: &Told) -> String {
    let whole = &told.whole;
    let hidden = match told.hidden {
        0 => String::new(),
        some => format!(
            ", and {} besides",
            counted(some, "helper and sub-agent run")
        ),
    };
    format!(
        "{} {} {}{hidden}. Conversations, prompts and hours count each conversation \
         that lists show; cost and tokens are of every run, for they were spent. An interaction is a \
         prompt or a tool call; hours go from the first to the last prompt of each session and day, \
         16 a day at most.",
        counted(whole.conversations, "conversation"),
        if whole.conversations == 1 {
            "is"
        } else {
            "are"
        },
        counted(whole.sessions, "run"),
    )
}

/// The sessions of one name.
fn behind(field: &str, name: &str) -> String {
    Params::default().with(field, carried(name)).url("/")
}

fn by_prompts(rank: &Rank) -> [String; 3] {
    [
        grouped(rank.conversations),
        format!("{:.1}", rank.active_ms as f64 / 3.6e6),
        grouped(rank.prompts),
    ]
}

fn by_cost(rank: &Rank) -> [String; 3] {
    [
        grouped(rank.conversations),
        shortened(rank.tokens),
        match rank.unpriced {
            true => "unpriced".into(),
            false => dollars(rank.cost),
        },
    ]
}

fn ranked(
    ranks: &[Rank],
    weight: fn(&Rank) -> u64,
    cells: fn(&Rank) -> [String; 3],
    href: impl Fn(&Rank) -> String,
) -> Vec<Place> {
    let first = ranks.iter().map(weight).max().unwrap_or(0).max(1);
    let rows = ranks.iter().take(PLACES).enumerate();
    let place = |(at, rank): (usize, &Rank)| Place {
        number: at + 1,
        label: match rank.label.is_empty() {
            true => "(not recorded)".into(),
            false => rank.label.clone(),
        },
        title: rank.name.clone(),
        class: match rank.color {
            Some(_) => format!("a-{}", rank.name),
            None => String::new(),
        },
        href: href(rank),
        width: format!("{:.1}", weight(rank) as f64 * 100.0 / first as f64),
        cells: cells(rank),
    };
    rows.map(place).collect()
}

fn bars(told: &Told, shell: &Shell) -> (Vec<Bar>, String) {
    let greatest = told.daily.iter().map(|row| row.prompts).max().unwrap_or(0);
    let bar = |(at, row): (usize, &DayAmount)| {
        let height = row.prompts as f64 * 100.0 / greatest.max(1) as f64;
        let name = shell.clock.day_name(row.day);
        Bar {
            x: at * 10,
            y: format!("{:.1}", 100.0 - height),
            height: format!("{height:.1}"),
            href: format!("/timeline?until={}", row.day),
            title: format!(
                "{name}: {}, {}, {}",
                counted(row.prompts, "prompt"),
                counted(row.conversations, "conversation"),
                dollars(row.amount.cost)
            ),
            name,
            row: row.clone(),
        }
    };
    let bars = told.daily.iter().enumerate().map(bar).collect();
    // of thirty days without a prompt the foot alone says so
    let top = Some(greatest).filter(|top| *top > 0);
    (bars, top.map_or_else(String::new, grouped))
}

fn records(told: &Told, shell: &Shell) -> Vec<Feat> {
    let day = |title, record: Option<(Day, i64)>, said: fn(i64) -> String| {
        record.map(|(day, value)| Feat {
            title,
            value: said(value),
            what: shell.clock.day_name(day),
            href: format!("/timeline?until={day}"),
        })
    };
    let session = |title, record: &Option<Record>, said: fn(i64) -> String| {
        record.as_ref().map(|record| Feat {
            title,
            value: said(record.value),
            what: match record.name.trim() {
                "" => "Untitled session".into(),
                name => one_line(name, 90),
            },
            href: format!("/session/{}", segment(&record.id)),
        })
    };
    let streak = told.streaks.longest;
    let streak = (streak > 0).then(|| Feat {
        title: "Longest streak",
        value: format!("{streak} day{}", if streak == 1 { "" } else { "s" }),
        what: "days in a row".into(),
        href: "/activity".into(),
    });
    let list = [
        day("Most expensive day", told.costliest_day, dollars),
        day("Most prompts in a day", told.busiest_day, |n| {
            format!("{} prompts", grouped(n as u64))
        }),
        session("Longest session", &told.ranks.longest, hours),
        session("Most messages in a session", &told.ranks.fullest, |n| {
            format!("{} messages", grouped(n as u64))
        }),
        streak,
    ];
    list.into_iter().flatten().collect()
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::engine::view::{Handle, Streaks};
    use crate::web::sample;
    use std::sync::Arc;

    pub fn sample_page() -> Leaderboard {
        board(&told(), true)
    }

    fn shown(told: &Told, done: bool) -> String {
        board(told, done).render().unwrap()
    }

    fn board(told: &Told, done: bool) -> Leaderboard {
        let job = Job {
            done,
            progress: if done { 1.0 } else { 0.4 },
            result: Arc::new(sample::analytics()),
            error: None,
            cached: false,
        };
        let shell = sample::shell(PATH, "Leaderboard");
        Leaderboard::new(shell, job, told)
    }

    fn told() -> Told {
        Told {
            anon: Handle {
                id: "1".into(),
                name: "brave-otter-17".into(),
            },
            whole: Standing {
                conversations: 612,
                sessions: 2_869,
                prompts: 8_458,
                interactions: 867_000,
                cost: 53_637_000_000,
                ..Standing::default()
            },
            hidden: 2_004,
            streaks: Streaks {
                current: 9,
                longest: 12,
                today: false,
            },
            daily: sample::analytics().by_day,
            busiest_day: Some((Day(20_500), 61)),
            ranks: sample::analytics().ranks,
            ..Told::default()
        }
    }

    #[test]
    fn nothing_at_all_is_a_page_too() {
        let html = shown(&Told::default(), true);
        assert!(html.contains("Begin one today."));
        assert!(html.contains("No agent has been at work yet."));
        assert!(!html.contains("style="), "the policy forbids inline style");
    }

    #[test]
    fn counts_and_costs_say_what_they_are_of() {
        let told = told();
        let html = shown(&told, true);
        for said in [
            "brave-otter-17",
            ">bo<",
            "612 conversations are 2,869 runs, and 2,004 helper and sub-agent runs besides",
            "$53,637",
            "867,000",
            "it ends at midnight",
        ] {
            assert!(html.contains(said), "{said}");
        }
        assert!(shown(&told, false).contains("sse-connect=\"/events/leaderboard\""));
    }
}
