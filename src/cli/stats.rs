//! `codedash stats`: what it all adds up to.

use super::args::StatsArgs;
use super::ask::{Ask, Need};
use super::{print_json, text};
use crate::engine::view::By;
use crate::web::api::analytics::{self, CostJob};
use crate::web::api::costs::CostReport;
use crate::web::api::params::Params;
use crate::web::api::stats::{self, StatRow};
use anyhow::{Context, bail};
use std::io::Write;
use std::process::ExitCode;

pub fn run(args: &StatsArgs) -> anyhow::Result<ExitCode> {
    let ask = Ask::open(&args.ask.sources.flags(), "stats", Need::Listing)?;
    if let Some(by) = sides(args) {
        return rows(&ask, args, &by);
    }
    let report = finished(&ask, &args.filters.params(&ask)?)?;
    if args.ask.json {
        return print_json(&report);
    }
    let mut out = anstream::AutoStream::auto(std::io::stdout()).lock();
    render(&report, &mut out)?;
    Ok(ExitCode::SUCCESS)
}

/// What the rows are to be told apart by; `None`: no rows are asked for.
fn sides(args: &StatsArgs) -> Option<Vec<String>> {
    let spans = [
        (args.daily, "day"),
        (args.weekly, "week"),
        (args.monthly, "month"),
    ];
    let spans = spans.iter().filter(|(asked, _)| *asked);
    let mut by: Vec<String> = spans.map(|(_, word)| (*word).to_owned()).collect();
    by.extend(args.by.iter().cloned());
    let rows = !by.is_empty() || args.csv || args.tz.is_some() || args.cost.is_some();
    rows.then_some(by)
}

fn rows(ask: &Ask, args: &StatsArgs, by: &[String]) -> anyhow::Result<ExitCode> {
    let params = args
        .filters
        .params(ask)?
        .with_each("by", by)
        .with_some("tz", args.tz.as_ref())
        .with_some("cost", args.cost.as_ref());
    let rows = ask.get("/api/stats", &params, stats::rows)?.body;
    if args.ask.json {
        return print_json(&rows);
    }
    let sides: Vec<(&str, By)> = stats::BY
        .into_iter()
        .filter(|(word, _)| {
            by.iter().any(|asked| asked == word)
                || *word == "agent" && by.iter().any(|asked| asked == "session")
        })
        .collect();
    let mut out = anstream::AutoStream::auto(std::io::stdout()).lock();
    match args.csv {
        true => write_csv(&sides, &rows, &mut out)?,
        false => write_table(&sides, &rows, &mut out)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn write_csv(sides: &[(&str, By)], rows: &[StatRow], out: &mut impl Write) -> std::io::Result<()> {
    for (word, _) in sides {
        write!(out, "{word},")?;
    }
    writeln!(
        out,
        "input_tokens,output_tokens,reasoning_tokens,cache_read_tokens,cache_write_5m_tokens,\
         cache_write_1h_tokens,total_tokens,web_searches,responses,sessions,cost_usd,\
         unpriced_responses,estimated_responses,recorded_cost_usd"
    )?;
    let money = |dollars: Option<f64>| dollars.map_or_else(String::new, |d| format!("{d:.6}"));
    for row in rows {
        for (_, by) in sides {
            write!(out, "{},", text::csv(row.side(*by)))?;
        }
        writeln!(
            out,
            "{},{},{},{},{},{},{},{},{},{},{},{},{},{}",
            row.input_tokens,
            row.output_tokens,
            row.reasoning_tokens,
            row.cache_read_tokens,
            row.cache_write_5m_tokens,
            row.cache_write_1h_tokens,
            row.total_tokens,
            row.web_searches,
            row.responses,
            row.sessions,
            money(row.cost_usd),
            row.unpriced_responses,
            row.estimated_responses,
            money(row.recorded_cost_usd),
        )?;
    }
    Ok(())
}

fn write_table(
    sides: &[(&str, By)],
    rows: &[StatRow],
    out: &mut impl Write,
) -> std::io::Result<()> {
    let (bold, dim) = (text::BOLD, text::DIM);
    let widths: Vec<usize> = sides
        .iter()
        .map(|(word, by)| {
            let longest = rows.iter().map(|row| row.side(*by).chars().count()).max();
            longest.unwrap_or(0).max(word.len()).min(40)
        })
        .collect();
    write!(out, "{bold}")?;
    for ((word, _), width) in sides.iter().zip(&widths) {
        write!(out, "{word:<width$} ")?;
    }
    writeln!(
        out,
        "{:>9} {:>15} {:>13} {:>17} {:>15} {:>13}{bold:#}",
        "responses", "input", "output", "cache read", "cache written", "cost"
    )?;
    for row in rows {
        for ((_, by), width) in sides.iter().zip(&widths) {
            let side = text::cut(&text::line(row.side(*by)), *width);
            write!(out, "{side:<width$} ")?;
        }
        let mark = if row.estimated_responses > 0 { "~" } else { "" };
        let cost = match row.cost_usd {
            Some(cost) => format!("{mark}{}", text::dollars(cost)),
            None => "no price".to_owned(),
        };
        write!(
            out,
            "{:>9} {:>15} {:>13} {:>17} {:>15} {cost:>13}",
            text::count(row.responses),
            text::count(row.input_tokens),
            text::count(row.output_tokens),
            text::count(row.cache_read_tokens),
            text::count(row.cache_write_5m_tokens + row.cache_write_1h_tokens),
        )?;
        if row.cost_usd.is_some() && row.unpriced_responses > 0 {
            let left = text::plural(row.unpriced_responses, "response");
            write!(out, " {dim}{left} without a price left out{dim:#}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Waits for the job to be done.
fn finished(ask: &Ask, params: &Params) -> anyhow::Result<CostReport> {
    let mut seen = 0.0;
    loop {
        let params = params.clone().with("wait", 10).with("seen", seen);
        let job: CostJob = ask
            .get("/api/analytics/cost", &params, analytics::cost)?
            .body;
        match job.status.as_str() {
            "running" => seen = job.progress,
            "done" => return job.result.context("the job is done without a result"),
            _ => bail!(job.error.unwrap_or_else(|| "the job failed".into())),
        }
    }
}

fn render(report: &CostReport, out: &mut impl Write) -> std::io::Result<()> {
    let (bold, dim) = (text::BOLD, text::DIM);
    for (label, value) in totals(report) {
        writeln!(out, "{dim}{label:<14}{dim:#} {value}")?;
    }
    if !report.by_agent.is_empty() {
        writeln!(
            out,
            "\n{bold}{:<22} {:>9} {:>18} {:>14}{bold:#}",
            "agent", "sessions", "tokens", "cost"
        )?;
    }
    let mut agents: Vec<_> = report.by_agent.values().collect();
    agents.sort_by(|a, b| b.cost.total_cmp(&a.cost));
    for agent in agents {
        let cost = match agent.unavailable {
            true => "not recorded".to_owned(),
            false => text::dollars(agent.cost),
        };
        writeln!(
            out,
            "{:<22} {:>9} {:>18} {cost:>14}",
            text::cut(&agent.name, 22),
            text::count(agent.sessions),
            text::count(agent.tokens),
        )?;
    }
    for (model, row) in &report.unpriced {
        writeln!(
            out,
            "{dim}no price is known for {}: {} tokens are not in the cost{dim:#}",
            text::line(model),
            text::count(row.tokens),
        )?;
    }
    Ok(())
}

fn totals(report: &CostReport) -> Vec<(&'static str, String)> {
    let days = match (&report.first_date, &report.last_date) {
        (Some(first), Some(last)) => format!(
            "{first} to {last} ({}, {} active), days of {}",
            text::plural(u64::from(report.days), "day"),
            report.active_days,
            report.zone
        ),
        _ => "none".to_owned(),
    };
    let shown = report
        .total_sessions_all
        .saturating_sub(report.hidden_sessions + report.empty_sessions);
    let empty = match report.empty_sessions {
        0 => String::new(),
        empty => format!(", {} without a message", text::count(empty)),
    };
    vec![
        ("days", days),
        (
            "sessions",
            format!(
                "{} ({} shown, {} hidden as helper runs or sub-agents{empty})",
                text::count(report.total_sessions_all),
                text::count(shown),
                text::count(report.hidden_sessions)
            ),
        ),
        ("conversations", text::count(report.conversations)),
        ("prompts", text::count(report.prompts)),
        ("messages", text::count(report.messages)),
        ("tool calls", text::count(report.tool_calls)),
        (
            "tokens",
            format!(
                "{} ({} in, {} out, {} cache read, {} cache written)",
                text::count(report.total_tokens),
                text::count(report.total_input_tokens),
                text::count(report.total_output_tokens),
                text::count(report.total_cache_read_tokens),
                text::count(report.total_cache_create_tokens)
            ),
        ),
        (
            "cost",
            format!(
                "{} ({} a day, {} today, {} in the last hour)",
                text::dollars(report.total_cost),
                text::dollars(report.daily_rate),
                text::dollars(report.today_cost),
                text::dollars(report.last_1h_cost)
            ),
        ),
        ("cache saved", text::dollars(report.cache_savings)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::api::costs::{AgentCost, CostRow};

    #[test]
    fn unknown_prices_and_unrecorded_tokens_are_said() {
        let agent = |cost: f64, unavailable: bool| AgentCost {
            name: if unavailable { "Silent" } else { "Probe" }.into(),
            cost,
            unavailable,
            ..AgentCost::default()
        };
        let report = CostReport {
            total_sessions_all: 10,
            hidden_sessions: 4,
            total_cost: 12.5,
            by_agent: [
                ("silent".to_owned(), agent(0.0, true)),
                ("probe".to_owned(), agent(12.5, false)),
            ]
            .into(),
            unpriced: [(
                "new-model".to_owned(),
                CostRow {
                    tokens: 1234,
                    ..CostRow::default()
                },
            )]
            .into(),
            ..CostReport::default()
        };
        let mut plain = anstream::StripStream::new(Vec::new());
        render(&report, &mut plain).unwrap();
        let text = String::from_utf8(plain.into_inner()).unwrap();
        assert!(text.contains("10 (6 shown, 4 hidden"), "{text}");
        assert!(
            text.contains("no price is known for new-model: 1,234 tokens"),
            "{text}"
        );
        let probe = text.find("Probe").unwrap();
        let silent = text.find("Silent").unwrap();
        assert!(
            probe < silent && text[silent..].contains("not recorded"),
            "{text}"
        );
    }
}
