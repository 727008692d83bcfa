//! Lists of the board: a name, a bar, figures, each a link to what is behind it.

use super::PATH;
use crate::engine::view::{
    Analytics, NamedAmount, Series, Spending, ToolAmount, TopPrompt, TopSession, Window,
};
use crate::model::Day;
use crate::web::charts::{color_class, label};
use crate::web::clock::Clock;
use crate::web::filters::{dollars, grouped, shortened};
use crate::web::params::{Params, carried, segment};
use std::collections::BTreeSet;

/// Rows that a panel shows; the rest is folded.
const SHOWN: usize = 8;

/// One panel of rows.
#[derive(Default)]
pub struct List {
    pub title: &'static str,
    /// Name of its download.
    pub table: &'static str,
    /// Headings of the columns behind the name.
    pub columns: Vec<&'static str>,
    pub rows: Vec<Line>,
    pub folded: Vec<Line>,
    /// What to say when there is nothing.
    pub empty: &'static str,
    pub note: String,
}

#[derive(Default)]
pub struct Line {
    pub label: String,
    pub title: String,
    /// Address that the name leads to; `""` for none.
    pub href: String,
    /// Class that colours it; `""` for none.
    pub class: String,
    /// Of the greatest, 0-100; `""` for no bar.
    pub width: String,
    pub cells: Vec<Cell>,
}

#[derive(Default)]
pub struct Cell {
    pub text: String,
    pub href: String,
    pub title: String,
}

/// Addresses of the sessions behind figures.
pub struct Behind<'p> {
    params: &'p Params,
}

impl<'p> Behind<'p> {
    pub fn new(params: &'p Params) -> Behind<'p> {
        Behind { params }
    }

    /// Sessions that pass the page's filters and these, costliest first. Costs cover helper runs, so
    /// the list must too.
    pub fn url(&self, more: &[(&str, &str)]) -> String {
        let mut params = self.params.only(&[
            "agent", "project", "repo", "model", "branch", "tool", "tag", "starred", "from", "to",
        ]);
        for (name, value) in more {
            params = params.with(name, value);
        }
        if self.params.get("helpers") != Some("without") {
            params = params.with("include_helpers", "1");
        }
        params.with("sort", "costliest").url("/")
    }

    pub fn days(&self, from: Day, to: Day) -> String {
        self.url(&[("from", &from.to_string()), ("to", &to.to_string())])
    }
}

impl List {
    fn new(title: &'static str, table: &'static str, columns: &[&'static str]) -> List {
        List {
            title,
            table,
            columns: columns.to_vec(),
            empty: "Nothing yet.",
            ..List::default()
        }
    }

    fn with(mut self, mut rows: Vec<Line>) -> List {
        self.folded = rows.split_off(rows.len().min(SHOWN));
        self.rows = rows;
        self
    }
}

/// Costs by name; names filter the page, money leads to the sessions.
pub fn named(
    title: &'static str,
    table: &'static str,
    field: &'static str,
    rows: &[NamedAmount],
    params: &Params,
) -> List {
    let greatest = rows.iter().map(|row| row.amount.cost).max().unwrap_or(0);
    let behind = Behind::new(params);
    let line = |row: &NamedAmount| {
        let unpriced = row.amount.cost == 0 && row.amount.unpriced_responses > 0;
        let value = carried(&row.name);
        let href = behind.url(&[(field, value)]);
        Line {
            label: label(&row.label),
            title: row.name.clone(),
            href: params.toggled(field, value).url(PATH),
            class: match row.color {
                Some(_) => format!("a-{}", row.name),
                None => String::new(),
            },
            width: share(row.amount.cost, greatest),
            cells: vec![
                Cell {
                    text: grouped(row.sessions),
                    href: href.clone(),
                    title: String::new(),
                },
                tokens(row.amount.tokens.total()),
                Cell {
                    text: match unpriced {
                        true => "unpriced".into(),
                        false if row.amount.estimated_responses > 0 => {
                            format!("~{}", dollars(row.amount.cost))
                        }
                        false => dollars(row.amount.cost),
                    },
                    href,
                    title: String::new(),
                },
            ],
        }
    };
    List::new(title, table, &["Sessions", "Tokens", "Cost"]).with(rows.iter().map(line).collect())
}

pub fn tools(rows: &[ToolAmount], params: &Params) -> List {
    let greatest = rows.iter().map(|row| row.spent.cost).max().unwrap_or(0);
    let behind = Behind::new(params);
    let line = |row: &ToolAmount| {
        let none = row.name.is_empty();
        Line {
            label: match none {
                true => "(no tool called)".into(),
                false => row.name.clone(),
            },
            title: row.name.clone(),
            href: match none {
                true => String::new(),
                false => params.toggled("tool", &row.name).url(PATH),
            },
            width: share(row.spent.cost, greatest),
            cells: vec![
                Cell {
                    text: match none {
                        true => String::new(),
                        false => grouped(row.calls),
                    },
                    title: format!("{} failed", grouped(row.errors)),
                    href: String::new(),
                },
                Cell {
                    text: match row.errors {
                        0 => String::new(),
                        some => grouped(some),
                    },
                    ..Cell::default()
                },
                Cell {
                    text: cost(&row.spent),
                    href: match none {
                        true => String::new(),
                        false => behind.url(&[("tool", &row.name)]),
                    },
                    title: String::new(),
                },
            ],
            ..Line::default()
        }
    };
    List {
        note: "A response's cost is shared evenly among the tools that it called.".into(),
        ..List::new("Tools", "tools", &["Calls", "Failed", "Cost"])
            .with(rows.iter().map(line).collect())
    }
}

pub fn sessions(rows: &[TopSession]) -> List {
    let line = |row: &TopSession| Line {
        label: named_or(&row.name),
        title: row.project.clone(),
        href: format!("/session/{}", segment(&row.id)),
        class: format!("a-{}", row.agent),
        cells: vec![
            tokens(row.amount.tokens.total()),
            Cell {
                text: dollars(row.amount.cost),
                ..Cell::default()
            },
        ],
        ..Line::default()
    };
    List::new("Most expensive sessions", "sessions", &["Tokens", "Cost"])
        .with(rows.iter().take(20).map(line).collect())
}

pub fn days(figures: &Analytics, params: &Params, clock: &Clock) -> List {
    let behind = Behind::new(params);
    let mut days: Vec<_> = figures
        .by_day
        .iter()
        .filter(|day| day.amount.responses > 0)
        .collect();
    days.sort_by_key(|day| std::cmp::Reverse((day.amount.cost, day.day)));
    let greatest = days.first().map_or(0, |day| day.amount.cost);
    let line = |day: &&crate::engine::view::DayAmount| {
        let date = day.day.to_string();
        let href = behind.days(day.day, day.day);
        Line {
            label: clock.day_name(day.day),
            title: date.clone(),
            href: params.with("from", &date).with("to", &date).url(PATH),
            width: share(day.amount.cost, greatest),
            cells: vec![
                Cell {
                    text: grouped(day.prompts),
                    href: href.clone(),
                    title: String::new(),
                },
                tokens(day.amount.tokens.total()),
                Cell {
                    text: dollars(day.amount.cost),
                    href,
                    title: String::new(),
                },
            ],
            ..Line::default()
        }
    };
    List::new(
        "Most expensive days",
        "days",
        &["Prompts", "Tokens", "Cost"],
    )
    .with(days.iter().take(20).map(line).collect())
}

pub fn prompts(rows: &[TopPrompt], clock: &Clock) -> List {
    let line = |row: &TopPrompt| {
        let session = format!("/session/{}", segment(&row.id));
        Line {
            label: named_or(&row.name),
            title: clock.stamp_of(row.at),
            href: match row.seq {
                Some(seq) => format!("{session}?m={seq}"),
                None => session,
            },
            class: format!("a-{}", row.agent),
            cells: vec![
                tokens(row.spent.tokens),
                Cell {
                    text: cost(&row.spent),
                    ..Cell::default()
                },
            ],
            ..Line::default()
        }
    };
    List::new("Most expensive prompts", "prompts", &["Tokens", "Cost"])
        .with(rows.iter().take(20).map(line).collect())
}

/// Windows of use, newest first, the open one marked.
pub fn windows(figures: &Analytics, params: &Params, clock: &Clock) -> List {
    let behind = Behind::new(params);
    let rows = &figures.windows;
    let greatest = rows.iter().map(|row| row.amount.cost).max().unwrap_or(0);
    let line = |row: &Window| {
        let open = row.to > figures.as_of;
        let (first, last) = (clock.day(row.from), clock.day(row.to - 1));
        Line {
            label: format!("{}-{}", clock.stamp_of(row.from), clock.time_of(row.to)),
            title: match open {
                true => format!("{}, open until {}", row.service, clock.time_of(row.to)),
                false => format!("{}, used in {} of 5 hours", row.service, row.busy_hours),
            },
            href: behind.days(first, last),
            class: if open {
                "open-window".into()
            } else {
                String::new()
            },
            width: share(row.amount.cost, greatest),
            cells: vec![
                Cell {
                    text: row.service.clone(),
                    ..Cell::default()
                },
                tokens(row.amount.tokens.total()),
                Cell {
                    text: dollars(row.amount.cost),
                    ..Cell::default()
                },
            ],
        }
    };
    let services: BTreeSet<&str> = rows.iter().map(|row| row.service.as_str()).collect();
    let one = services.len() < 2;
    let columns: &[&str] = match one {
        true => &["Tokens", "Cost"],
        false => &["Plan", "Tokens", "Cost"],
    };
    let mean = rows.iter().map(|row| row.amount.cost).sum::<i64>() / rows.len().max(1) as i64;
    List {
        empty: "No use of an agent whose plans count by five-hour windows.",
        note: match rows.is_empty() {
            true => String::new(),
            false => format!(
                "A window opens with the first response after the last one ended. On average {}, at most {}.",
                dollars(mean),
                dollars(greatest)
            ),
        },
        ..List::new("Five-hour windows", "windows", columns).with(
            rows.iter()
                .take(40)
                .map(|row| {
                    let mut line = line(row);
                    // which plan it is needs saying only where there are several
                    line.cells.drain(..usize::from(one));
                    line
                })
                .collect(),
        )
    }
}

/// MCP servers and skills, by calls.
pub fn calls(figures: &Analytics) -> List {
    let rows = figures.servers.iter().map(|row| ("MCP", row));
    let rows = rows.chain(figures.skills.iter().map(|row| ("Skill", row)));
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.calls));
    let greatest = rows.first().map_or(0, |(_, row)| row.calls as i64);
    let line = |(kind, row): &(&str, &crate::engine::view::CallCount)| Line {
        label: row.name.clone(),
        title: row.name.clone(),
        width: share(row.calls as i64, greatest),
        cells: vec![
            Cell {
                text: (*kind).to_owned(),
                ..Cell::default()
            },
            Cell {
                text: match row.errors {
                    0 => String::new(),
                    some => grouped(some),
                },
                ..Cell::default()
            },
            Cell {
                text: grouped(row.calls),
                ..Cell::default()
            },
        ],
        ..Line::default()
    };
    List {
        empty: "No MCP server was called and no skill started.",
        ..List::new(
            "MCP servers and skills",
            "servers",
            &["Kind", "Failed", "Calls"],
        )
        .with(rows.iter().map(line).collect())
    }
}

/// What is known about the cost of sessions, by agent.
pub fn coverage(figures: &Analytics, params: &Params) -> List {
    let behind = Behind::new(params);
    let rows = figures.coverage.iter().map(|row| {
        let series = Series {
            name: row.agent.clone(),
            color: Some(String::new()),
            ..Series::default()
        };
        let count = |n: u64| Cell {
            text: match n {
                0 => String::new(),
                n => grouped(n),
            },
            ..Cell::default()
        };
        let mut priced = count(row.priced + row.estimated);
        priced.title = format!("{} more had no response in these days", grouped(row.idle));
        Line {
            label: row.label.clone(),
            title: format!("{} sessions", grouped(row.sessions)),
            href: behind.url(&[("agent", &row.agent)]),
            class: color_class(&series, 0),
            cells: vec![priced, count(row.unpriced + row.partly), count(row.silent)],
            ..Line::default()
        }
    });
    let models: Vec<String> = figures
        .unpriced
        .iter()
        .take(6)
        .map(|row| {
            let tokens = shortened(row.amount.tokens.total());
            format!("{} ({tokens} tokens)", label(&row.label))
        })
        .collect();
    List {
        note: match models.is_empty() {
            true => "Every model that was used has a known price.".into(),
            false => format!("No price is known for {}.", models.join(", ")),
        },
        ..List::new(
            "What is covered",
            "coverage",
            &["Priced", "Part", "No tokens"],
        )
        .with(rows.collect())
    }
}

fn named_or(name: &str) -> String {
    match name.trim() {
        "" => "Untitled session".into(),
        name => crate::web::cards::one_line(name, 120),
    }
}

fn tokens(n: u64) -> Cell {
    Cell {
        text: shortened(n),
        title: format!("{} tokens", grouped(n)),
        href: String::new(),
    }
}

fn cost(spent: &Spending) -> String {
    match spent.cost == 0 && spent.unpriced_responses > 0 {
        true => "unpriced".into(),
        false => dollars(spent.cost),
    }
}

fn share(value: i64, greatest: i64) -> String {
    format!(
        "{:.1}",
        value.max(0) as f64 * 100.0 / greatest.max(1) as f64
    )
}
