//! Everything that the stream fills: tiles, charts and lists, made from one state of the figures.

use super::lists::{self, Behind, Line, List};
use super::tiles::{Tile, change, tiles};
use super::{PATH, lists::Cell};
use crate::engine::view::{Amount, Analytics as Figures, Subscriptions};
use crate::web::charts::{self, OverTime, Stack, Step, Tenths, Tree, Week};
use crate::web::clock::Clock;
use crate::web::facets::{Choice, choices};
use crate::web::filters::{dollars, grouped, shortened};
use crate::web::params::{Params, carried};

const BY: [(&str, &str); 3] = [
    ("agent", "Agent"),
    ("model", "Model"),
    ("project", "Project"),
];
const MAP: [(&str, &str); 3] = [
    ("project", "Project"),
    ("model", "Model"),
    ("agent", "Agent"),
];
const STEPS: [(&str, &str); 4] = [
    ("fit", "Fitting"),
    ("day", "Day"),
    ("week", "Week"),
    ("month", "Month"),
];
const CHARTS: [(&str, &str); 2] = [("bars", "Bars"), ("areas", "Areas")];
const HEAT: [(&str, &str); 2] = [("messages", "Messages"), ("cost", "Cost")];

pub struct Board {
    pub tiles: Vec<Tile>,
    pub note: String,
    /// Query with `?` for downloads; `""` without filters.
    pub export: String,

    pub chart: OverTime,
    pub by: Vec<Choice>,
    pub step: Vec<Choice>,
    pub kind: Vec<Choice>,
    /// Addresses by column: this page with its days alone, and the sessions behind it.
    pub columns: Vec<(String, String)>,
    /// Addresses that filter by a key of the legend; `""` where there is none.
    pub keys: Vec<String>,
    pub series_table: &'static str,

    /// The same shares for a desk and for a phone, each with its class.
    pub trees: [(&'static str, Tree); 2],
    pub map: Vec<Choice>,
    pub map_table: &'static str,
    /// Addresses that filter by a cell; `""` where there is none.
    pub cells: Vec<String>,

    pub first: Vec<List>,
    pub kinds: Stack,
    pub tenths: Tenths,
    pub context: String,
    pub week: Week,
    pub heat: Vec<Choice>,
    pub then: Vec<List>,
    pub plans: PlanSum,
    pub comparison: Comparison,
    pub work: Vec<(&'static str, String, String)>,
    pub last: Vec<List>,
}

/// Plans against API prices.
pub struct PlanSum {
    pub any: bool,
    pub paid: String,
    pub used: String,
    pub saved: String,
    pub gain: bool,
    pub ratio: String,
    /// What was paid of what it would have cost, 0-100.
    pub width: String,
    pub rows: Vec<(String, String, String, String)>,
    pub note: &'static str,
}

/// This period beside the one before.
pub struct Comparison {
    pub title: String,
    /// Name, now, before, change.
    pub rows: Vec<[String; 4]>,
    pub note: &'static str,
}

impl Board {
    pub fn new(figures: &Figures, plans: &Subscriptions, params: &Params, clock: &Clock) -> Board {
        let behind = Behind::new(params);
        let filters = params.only(&[
            "agent", "project", "repo", "model", "branch", "tool", "tag", "starred", "from", "to",
            "helpers",
        ]);
        let by = params.get("by").unwrap_or("agent");
        let (series, series_table, field) = match by {
            "model" => (&figures.model_days, "model-days", "model"),
            "project" => (&figures.project_days, "project-days", "project"),
            _ => (&figures.agent_days, "agent-days", "agent"),
        };
        let step = params.get("step").and_then(Step::parse);
        let areas = params.get("chart") == Some("areas");
        let chart = charts::over_time(figures, series, step, areas, clock);
        let (shares, map_table, map_field) = match params.get("map") {
            Some("model") => (&figures.by_model, "models", "model"),
            Some("agent") => (&figures.by_agent, "agents", "agent"),
            _ => (&figures.by_project, "projects", "project"),
        };
        let tree = charts::tree(shares, charts::WIDE);
        let filter = |field: &str, name: &Option<String>| match name {
            Some(name) => params.toggled(field, carried(name)).url(PATH),
            None => String::new(),
        };
        Board {
            tiles: tiles(figures, params, clock),
            note: note(figures),
            export: match filters.query() {
                query if query.is_empty() => query,
                query => format!("?{query}"),
            },
            columns: chart
                .columns
                .iter()
                .map(|column| {
                    let (from, to) = (column.first.to_string(), column.last.to_string());
                    let narrowed = params.with("from", &from).with("to", &to).url(PATH);
                    (narrowed, behind.days(column.first, column.last))
                })
                .collect(),
            keys: chart
                .legend
                .iter()
                .map(|key| filter(field, &key.name))
                .collect(),
            chart,
            by: choices(params, PATH, "by", &BY),
            step: choices(params, PATH, "step", &STEPS),
            kind: choices(params, PATH, "chart", &CHARTS),
            series_table,
            cells: tree
                .cells
                .iter()
                .map(|cell| filter(map_field, &cell.name))
                .collect(),
            trees: [
                ("on-desk", tree),
                ("on-phone", charts::tree(shares, charts::TALL)),
            ],
            map: choices(params, PATH, "map", &MAP),
            map_table,
            first: vec![
                lists::named("Agents", "agents", "agent", &figures.by_agent, params),
                lists::named("Models", "models", "model", &figures.by_model, params),
                lists::named(
                    "Projects",
                    "projects",
                    "project",
                    &figures.by_project,
                    params,
                ),
                repositories(figures, params),
                lists::named("Branches", "branches", "branch", &figures.by_branch, params),
                lists::tools(&figures.by_tool, params),
            ],
            kinds: charts::parts(&figures.total),
            tenths: charts::tenths(&figures.context),
            context: context(figures),
            week: charts::week(figures, params.get("heat") == Some("cost")),
            heat: choices(params, PATH, "heat", &HEAT),
            then: vec![
                lists::sessions(&figures.top_sessions),
                lists::days(figures, params, clock),
                lists::prompts(&figures.top_prompts, clock),
                lists::windows(figures, params, clock),
            ],
            plans: plan_sum(plans, params),
            comparison: comparison(figures, clock),
            work: work(figures, &behind),
            last: vec![lists::calls(figures), lists::coverage(figures, params)],
        }
    }
}

/// A project that lies in no repository stands there by its folder.
fn repositories(figures: &Figures, params: &Params) -> List {
    let mut list = lists::named(
        "Repositories",
        "repositories",
        "repo",
        &figures.by_repo,
        params,
    );
    let behind = Behind::new(params);
    let relink = |line: &mut Line| {
        let value = carried(&line.title);
        line.href = params.toggled("project", value).url(PATH);
        let href = behind.url(&[("project", value)]);
        let linked = |cell: &&mut Cell| !cell.href.is_empty();
        let cells = line.cells.iter_mut().filter(linked);
        cells.for_each(|cell| cell.href.clone_from(&href));
    };
    let lines = list.rows.iter_mut().chain(&mut list.folded);
    lines
        .filter(|line| !figures.repo_roots.contains(&line.title))
        .for_each(relink);
    list
}

fn note(figures: &Figures) -> String {
    let counted = format!(
        "{} conversations, {} prompts, {} messages, {} tool calls",
        grouped(figures.conversations),
        grouped(figures.prompts),
        grouped(figures.messages),
        grouped(figures.tool_calls)
    );
    let sum = |part: fn(&crate::engine::view::Coverage) -> u64| -> u64 {
        figures.coverage.iter().map(part).sum()
    };
    let mut parts = vec![format!(
        "{} sessions priced",
        grouped(sum(|row| row.priced))
    )];
    for (count, said) in [
        (
            sum(|row| row.estimated),
            "priced by estimates of their tokens (~)",
        ),
        (
            sum(|row| row.unpriced + row.partly),
            "with tokens but no full price",
        ),
        (sum(|row| row.silent), "without token data"),
        (sum(|row| row.idle), "without a response"),
    ] {
        if count > 0 {
            parts.push(format!("{} {said}", grouped(count)));
        }
    }
    let helpers = match figures.sessions_hidden {
        0 => String::new(),
        some => format!(
            " Costs cover all runs, {} helper and sub-agent runs included; counts do not.",
            grouped(some)
        ),
    };
    format!("Covered: {}. {counted}.{helpers}", parts.join(", "))
}

fn context(figures: &Figures) -> String {
    let context = &figures.context;
    if context.responses == 0 {
        return "No response of a model whose window is known.".into();
    }
    let full = context.tenths[8..].iter().sum::<u64>();
    format!(
        "{:.0}% full on average; {:.1}% of {} responses above 80%; {} compactions.",
        context.mean as f64 / 100.0,
        full as f64 * 100.0 / context.responses as f64,
        shortened(context.responses),
        grouped(figures.compactions)
    )
}

fn plan_sum(plans: &Subscriptions, params: &Params) -> PlanSum {
    let saved = plans.used - plans.paid;
    let share = match plans.used {
        ..=0 => 0.0,
        used => (plans.paid as f64 * 100.0 / used as f64).min(100.0),
    };
    let narrowed = params.pairs().iter().any(|(name, _)| {
        matches!(
            name.as_str(),
            "project" | "repo" | "model" | "branch" | "tool" | "tag"
        )
    });
    PlanSum {
        any: !plans.rows.is_empty(),
        paid: dollars(plans.paid),
        used: dollars(plans.used),
        saved: dollars(saved.abs()),
        gain: saved >= 0,
        ratio: match plans.paid {
            ..=0 => "-".into(),
            paid => format!("{:.1}x", plans.used as f64 / paid as f64),
        },
        width: format!("{share:.1}"),
        rows: plans
            .rows
            .iter()
            .map(|row| {
                (
                    format!("{} {}", row.service_name, row.plan),
                    format!("{:.1}", row.months_milli as f64 / 1000.0),
                    dollars(row.paid),
                    dollars(row.used),
                )
            })
            .collect(),
        note: match narrowed {
            true => "The plans count whole, their use only as far as it passes the filters.",
            false => "Months count by the day; use is that of the plan's agents on its days.",
        },
    }
}

/// Days that are compared where no first day is chosen.
const RECENT: i32 = 30;

fn comparison(figures: &Figures, clock: &Clock) -> Comparison {
    let Some(before) = &figures.previous else {
        return recent(figures, clock);
    };
    let days = (before.to.0 - before.from.0 + 1).max(1) as u64;
    let mut rows = spent(&figures.total, &before.amount, days);
    rows.extend([
        compared(
            "Sessions",
            figures.sessions_all - figures.sessions_hidden - figures.sessions_empty,
            before.sessions,
            grouped,
        ),
        compared("Prompts", figures.prompts, before.prompts, grouped),
        compared(
            "Active days",
            figures.active_days.into(),
            before.active_days.into(),
            grouped,
        ),
    ]);
    Comparison {
        title: format!(
            "Compared with {} to {}",
            clock.day_name(before.from),
            clock.day_name(before.to)
        ),
        rows,
        note: "",
    }
}

/// The last thirty days beside the thirty before.
fn recent(figures: &Figures, clock: &Clock) -> Comparison {
    let today = clock.day(clock.now).0;
    let sum = |last: i32| {
        let days = figures.by_day.iter();
        let inside = days.filter(|day| (last - RECENT + 1..=last).contains(&day.day.0));
        inside.fold(
            (Amount::default(), 0, 0),
            |(mut sum, prompts, days), day| {
                sum += &day.amount;
                (sum, prompts + day.prompts, days + 1)
            },
        )
    };
    let (now, then) = (sum(today), sum(today - RECENT));
    let mut rows = spent(&now.0, &then.0, RECENT as u64);
    rows.push(compared("Prompts", now.1, then.1, grouped));
    rows.push(compared("Active days", now.2, then.2, grouped));
    Comparison {
        title: "Last 30 days against the 30 before".into(),
        rows,
        note: "With a first day chosen, as many days before it stand here.",
    }
}

fn compared(name: &str, now: u64, then: u64, show: fn(u64) -> String) -> [String; 4] {
    [
        name.to_owned(),
        show(now),
        show(then),
        change(now, Some(then)),
    ]
}

fn spent(now: &Amount, then: &Amount, days: u64) -> Vec<[String; 4]> {
    let money = |n: u64| dollars(n as i64);
    let cost = |amount: &Amount| amount.cost.max(0) as u64;
    let tokens = |amount: &Amount| amount.tokens.total();
    vec![
        compared("Cost", cost(now), cost(then), money),
        compared("Cost per day", cost(now) / days, cost(then) / days, money),
        compared("Tokens", tokens(now), tokens(then), shortened),
        compared("Responses", now.responses, then.responses, grouped),
    ]
}

/// Name, figure, address of the sessions behind it.
fn work(figures: &Figures, behind: &Behind) -> Vec<(&'static str, String, String)> {
    let hours = figures.active_ms as f64 / 3.6e6;
    let failed = match figures.tool_calls {
        0 => String::new(),
        calls => format!(
            " ({:.1}%)",
            figures.tool_errors as f64 * 100.0 / calls as f64
        ),
    };
    let all = behind.url(&[]);
    [
        ("Conversations", grouped(figures.conversations)),
        ("Prompts", grouped(figures.prompts)),
        ("Messages", grouped(figures.messages)),
        ("Tool calls", grouped(figures.tool_calls)),
        (
            "Failed tool calls",
            format!("{}{failed}", grouped(figures.tool_errors)),
        ),
        ("Interruptions", grouped(figures.interruptions)),
        ("Compactions", grouped(figures.compactions)),
        ("Web searches", grouped(figures.total.tokens.web_searches)),
        ("Active hours", format!("{hours:.1}")),
    ]
    .into_iter()
    .map(|(name, value)| (name, value, all.clone()))
    .collect()
}
