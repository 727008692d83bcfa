//! What each table holds.

use super::{Data, Make, Table};
use crate::engine::view::*;
use crate::model::Day;
use crate::web::api::record::dollars;
use serde_json::{Number, Value};

/// Every table by name.
pub(super) const TABLES: &[(&str, Make)] = &[
    ("totals", totals),
    ("days", |d| periods(d, "day", |day| day)),
    ("weeks", |d| periods(d, "week", monday)),
    ("months", |d| periods(d, "month", first_of_month)),
    ("agents", |d| named("agent", &d.figures.by_agent)),
    ("models", |d| named("model", &d.figures.by_model)),
    ("projects", |d| named("project", &d.figures.by_project)),
    ("repositories", |d| named("repository", &d.figures.by_repo)),
    ("branches", |d| named("branch", &d.figures.by_branch)),
    ("tools", tools),
    ("servers", |d| calls("server", &d.figures.servers)),
    ("skills", |d| calls("skill", &d.figures.skills)),
    ("agent-days", |d| series("agent", &d.figures.agent_days)),
    ("model-days", |d| series("model", &d.figures.model_days)),
    ("project-days", |d| {
        series("project", &d.figures.project_days)
    }),
    ("kinds", kinds),
    ("context", context),
    ("hours", hours),
    ("sessions", sessions),
    ("prompts", prompts),
    ("windows", windows),
    ("coverage", coverage),
    ("unpriced", |d| named("model", &d.figures.unpriced)),
    ("plans", plans),
    ("comparison", comparison),
];

fn money(micros: i64) -> Value {
    Number::from_f64(dollars(micros)).map_or(Value::Null, Value::Number)
}

fn ratio(value: f64) -> Value {
    let rounded = (value * 10_000.0).round() / 10_000.0;
    Number::from_f64(rounded).map_or(Value::Null, Value::Number)
}

const AMOUNT: [&str; 12] = [
    "input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "web_searches",
    "responses",
    "unpriced_responses",
    "estimated_responses",
    "recorded_usd",
    "cost_usd",
];

fn amount(amount: &Amount) -> Vec<Value> {
    let t = &amount.tokens;
    let unpriced = amount.responses > 0 && amount.unpriced_responses == amount.responses;
    vec![
        t.input.into(),
        t.output.into(),
        t.reasoning.into(),
        t.cache_read.into(),
        t.cache_write_5m.into(),
        t.cache_write_1h.into(),
        t.web_searches.into(),
        amount.responses.into(),
        amount.unpriced_responses.into(),
        amount.estimated_responses.into(),
        match amount.recorded_responses {
            0 => Value::Null,
            _ => money(amount.recorded_cost),
        },
        if unpriced {
            Value::Null
        } else {
            money(amount.cost)
        },
    ]
}

fn spent(spent: &Spending) -> Vec<Value> {
    let unpriced = spent.responses > 0 && spent.unpriced_responses == spent.responses;
    vec![
        spent.tokens.into(),
        spent.responses.into(),
        if unpriced {
            Value::Null
        } else {
            money(spent.cost)
        },
    ]
}

/// Leading columns, then those of an amount.
fn with_amount(first: &[&'static str]) -> Table {
    Table::new(&[first, &AMOUNT].concat())
}

fn line(first: Vec<Value>, rest: Vec<Value>) -> Vec<Value> {
    [first, rest].concat()
}

fn totals(data: &Data) -> Table {
    let f = data.figures;
    let burn = Burn::of(f);
    let text = |day: Option<Day>| day.map(|day| day.to_string());
    let table = with_amount(&[
        "first_day",
        "last_day",
        "days",
        "active_days",
        "sessions",
        "sessions_with_data",
        "sessions_hidden",
        "conversations",
        "prompts",
        "messages",
        "tool_calls",
        "tool_errors",
        "interruptions",
        "compactions",
        "active_hours",
        "today_usd",
        "last_hour_usd",
        "projected_today_usd",
        "cache_saved_usd",
    ]);
    let first = vec![
        text(f.first_day).into(),
        text(f.last_day).into(),
        f.days.into(),
        f.active_days.into(),
        f.sessions_all.into(),
        f.sessions_with_data.into(),
        f.sessions_hidden.into(),
        f.conversations.into(),
        f.prompts.into(),
        f.messages.into(),
        f.tool_calls.into(),
        f.tool_errors.into(),
        f.interruptions.into(),
        f.compactions.into(),
        ratio(f.active_ms as f64 / 3.6e6),
        money(f.today.cost),
        money(f.last_hour.cost),
        money(burn.projected),
        money(f.cache_saved),
    ];
    table.with([line(first, amount(&f.total))])
}

fn monday(day: Day) -> Day {
    Day(day.0 - i32::from(day.date().weekday().to_monday_zero_offset()))
}

fn first_of_month(day: Day) -> Day {
    Day::from_date(day.date().first_of_month())
}

/// Days added up by what `start` makes of them. A session counts on each of its days.
fn periods(data: &Data, name: &'static str, start: fn(Day) -> Day) -> Table {
    let mut rows: Vec<DayAmount> = Vec::new();
    for day in &data.figures.by_day {
        let at = start(day.day);
        if rows.last().is_none_or(|last| last.day != at) {
            rows.push(DayAmount {
                day: at,
                ..DayAmount::default()
            });
        }
        let row = rows.last_mut().expect("just put there");
        row.sessions += day.sessions;
        row.prompts += day.prompts;
        row.amount += &day.amount;
    }
    let sessions = match name {
        "day" => "sessions",
        _ => "session_days",
    };
    with_amount(&[name, sessions, "prompts"]).with(rows.iter().map(|row| {
        let first = vec![
            row.day.to_string().into(),
            row.sessions.into(),
            row.prompts.into(),
        ];
        line(first, amount(&row.amount))
    }))
}

fn named(name: &'static str, rows: &[NamedAmount]) -> Table {
    with_amount(&[name, "sessions"]).with(rows.iter().map(|row| {
        let first = vec![row.name.as_str().into(), row.sessions.into()];
        line(first, amount(&row.amount))
    }))
}

fn tools(data: &Data) -> Table {
    let columns = ["tool", "calls", "errors", "tokens", "responses", "cost_usd"];
    Table::new(&columns).with(data.figures.by_tool.iter().map(|tool| {
        let first = vec![
            tool.name.as_str().into(),
            tool.calls.into(),
            tool.errors.into(),
        ];
        line(first, spent(&tool.spent))
    }))
}

fn calls(name: &'static str, rows: &[CallCount]) -> Table {
    Table::new(&[name, "calls", "errors"]).with(rows.iter().map(|row| {
        vec![
            row.name.as_str().into(),
            row.calls.into(),
            row.errors.into(),
        ]
    }))
}

fn series(name: &'static str, rows: &[Series]) -> Table {
    let mut table = Table::new(&["day", name, "cost_usd"]);
    for row in rows {
        for (day, cost) in &row.days {
            table.rows.push(vec![
                day.to_string().into(),
                row.name.as_str().into(),
                money(*cost),
            ]);
        }
    }
    table.rows.sort_by(|a, b| a[0].as_str().cmp(&b[0].as_str()));
    table
}

fn kinds(data: &Data) -> Table {
    let (t, p) = (&data.figures.total.tokens, &data.figures.total.parts);
    let rows = [
        ("output", t.output, p.output),
        ("input", t.input, p.input),
        ("cache write", t.cache_write(), p.cache_write),
        ("cache read", t.cache_read, p.cache_read),
    ];
    let rows = rows.map(|(kind, tokens, cost)| vec![kind.into(), tokens.into(), money(cost)]);
    let other = vec!["other".into(), Value::Null, money(p.other)];
    Table::new(&["kind", "tokens", "cost_usd"])
        .with(rows)
        .with([other])
}

fn context(data: &Data) -> Table {
    let tenths = data.figures.context.tenths.iter().enumerate();
    Table::new(&["percent_from", "percent_to", "responses"]).with(
        tenths.map(|(at, responses)| {
            vec![(at * 10).into(), (at * 10 + 10).into(), (*responses).into()]
        }),
    )
}

fn hours(data: &Data) -> Table {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let mut table = Table::new(&["weekday", "hour", "messages", "cost_usd"]);
    let weeks = data.figures.week.iter().zip(&data.figures.week_cost);
    for (day, (messages, costs)) in DAYS.iter().zip(weeks) {
        for (hour, (messages, cost)) in messages.iter().zip(costs).enumerate() {
            table.rows.push(vec![
                (*day).into(),
                hour.into(),
                (*messages).into(),
                money(*cost),
            ]);
        }
    }
    table
}

fn sessions(data: &Data) -> Table {
    let table = with_amount(&["session", "name", "agent", "project"]);
    table.with(data.figures.top_sessions.iter().map(|row| {
        let first = vec![
            row.id.as_str().into(),
            row.name.as_str().into(),
            row.agent.as_str().into(),
            row.project.as_str().into(),
        ];
        line(first, amount(&row.amount))
    }))
}

fn prompts(data: &Data) -> Table {
    let columns = [
        "session",
        "prompt",
        "at",
        "name",
        "agent",
        "project",
        "tokens",
        "responses",
        "cost_usd",
    ];
    Table::new(&columns).with(data.figures.top_prompts.iter().map(|row| {
        let first = vec![
            row.id.as_str().into(),
            row.seq.into(),
            moment(data, row.at),
            row.name.as_str().into(),
            row.agent.as_str().into(),
            row.project.as_str().into(),
        ];
        line(first, spent(&row.spent))
    }))
}

/// With the offset of the configured zone.
fn moment(data: &Data, ms: i64) -> Value {
    let at = jiff::Timestamp::from_millisecond(ms).ok();
    at.map_or(Value::Null, |at| {
        let local = at.to_zoned(data.zone.clone());
        local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string().into()
    })
}

fn windows(data: &Data) -> Table {
    let table = with_amount(&["service", "from", "to", "busy_hours"]);
    table.with(data.figures.windows.iter().map(|window| {
        let first = vec![
            window.service.as_str().into(),
            moment(data, window.from),
            moment(data, window.to),
            window.busy_hours.into(),
        ];
        line(first, amount(&window.amount))
    }))
}

fn coverage(data: &Data) -> Table {
    let columns = [
        "agent",
        "sessions",
        "priced",
        "estimated",
        "partly_priced",
        "tokens_only",
        "no_token_data",
        "no_response",
    ];
    Table::new(&columns).with(data.figures.coverage.iter().map(|row| {
        vec![
            row.agent.as_str().into(),
            row.sessions.into(),
            row.priced.into(),
            row.estimated.into(),
            row.partly.into(),
            row.unpriced.into(),
            row.silent.into(),
            row.idle.into(),
        ]
    }))
}

fn plans(data: &Data) -> Table {
    let columns = [
        "service",
        "plan",
        "monthly_usd",
        "from",
        "to",
        "months",
        "paid_usd",
        "used_usd",
    ];
    Table::new(&columns).with(data.plans.rows.iter().map(|row| {
        vec![
            row.service_name.as_str().into(),
            row.plan.as_str().into(),
            money(row.monthly),
            row.from.to_string().into(),
            row.to.map(|to| to.to_string()).into(),
            ratio(row.months_milli as f64 / 1000.0),
            money(row.paid),
            money(row.used),
        ]
    }))
}

fn comparison(data: &Data) -> Table {
    let f = data.figures;
    let columns = [
        "period",
        "from",
        "to",
        "cost_usd",
        "tokens",
        "sessions",
        "prompts",
        "active_days",
    ];
    let text = |day: Option<Day>| Value::from(day.map(|day| day.to_string()));
    let now = vec![
        "this".into(),
        text(f.first_day),
        text(f.last_day),
        money(f.total.cost),
        f.total.tokens.total().into(),
        (f.sessions_all - f.sessions_hidden - f.sessions_empty).into(),
        f.prompts.into(),
        f.active_days.into(),
    ];
    let before = f.previous.iter().map(|p| {
        vec![
            "before".into(),
            p.from.to_string().into(),
            p.to.to_string().into(),
            money(p.amount.cost),
            p.amount.tokens.total().into(),
            p.sessions.into(),
            p.prompts.into(),
            p.active_days.into(),
        ]
    });
    Table::new(&columns).with([now]).with(before)
}
