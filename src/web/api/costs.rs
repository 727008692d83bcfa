//! The figures of `/api/analytics/cost`, with the names that older clients know.

use super::record::dollars;
use crate::engine::view::{Amount, Analytics, DayAmount, NamedAmount};
use crate::model::Day;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All money is US dollars of what could be priced, all days are local days of `zone`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CostReport {
    pub total_cost: f64,
    pub total_tokens: u64,
    pub total_input_tokens: u64,
    pub total_output_tokens: u64,
    pub total_cache_read_tokens: u64,
    pub total_cache_create_tokens: u64,
    /// How full contexts were; `null`, since few agents record their window.
    pub avg_context_pct: Option<f64>,
    /// `total_cost` by calendar days from the first to the last.
    pub daily_rate: f64,
    pub first_date: Option<String>,
    pub last_date: Option<String>,
    pub days: u32,
    pub active_days: u32,
    /// Sessions with recorded usage, all sessions, and how many of them are hidden by default.
    pub total_sessions: u64,
    pub total_sessions_all: u64,
    pub hidden_sessions: u64,
    /// Sessions without any message.
    #[serde(default)]
    pub empty_sessions: u64,
    pub conversations: u64,
    pub prompts: u64,
    pub messages: u64,
    pub tool_calls: u64,
    pub by_day: BTreeMap<String, CostRow>,
    /// By the Sunday that the week began with.
    pub by_week: BTreeMap<String, CostRow>,
    pub by_project: BTreeMap<String, CostRow>,
    pub by_repo: BTreeMap<String, CostRow>,
    pub by_model: BTreeMap<String, CostRow>,
    pub by_agent: BTreeMap<String, AgentCost>,
    /// Sessions of agents that record no tokens.
    pub agent_no_cost_data: BTreeMap<String, u64>,
    /// The ten that cost most.
    pub top_sessions: Vec<TopCost>,
    /// Models without a known price: their tokens are counted, their cost is not.
    pub unpriced: BTreeMap<String, CostRow>,
    #[serde(rename = "last1hCost")]
    pub last_1h_cost: f64,
    pub today_cost: f64,
    /// At least 1.
    pub hours_elapsed_today: f64,
    pub input_cost_est: f64,
    pub output_cost_est: f64,
    pub cache_read_cost_est: f64,
    pub cache_create_cost_est: f64,
    /// What cache reads saved against fresh input.
    pub cache_savings: f64,
    /// Cache reads by everything that was read, 0 to 1.
    pub cache_hit_rate: f64,
    pub zone: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CostRow {
    pub cost: f64,
    pub sessions: u64,
    pub tokens: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AgentCost {
    pub name: String,
    pub cost: f64,
    pub sessions: u64,
    pub tokens: u64,
    /// Always `false`: nothing is guessed.
    pub estimated: bool,
    /// It records no tokens: `cost` says nothing.
    pub unavailable: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TopCost {
    pub id: String,
    pub name: String,
    pub tool: String,
    pub project: String,
    pub cost: f64,
    pub tokens: u64,
}

impl CostReport {
    pub fn new(figures: &Analytics, zone: &jiff::tz::TimeZone) -> CostReport {
        let total = &figures.total;
        let tokens = &total.tokens;
        let unavailable = |agent: &str| figures.unrecorded.iter().any(|(name, _)| name == agent);
        CostReport {
            total_cost: dollars(total.cost),
            total_tokens: tokens.total(),
            total_input_tokens: tokens.input,
            total_output_tokens: tokens.output,
            total_cache_read_tokens: tokens.cache_read,
            total_cache_create_tokens: tokens.cache_write(),
            avg_context_pct: None,
            daily_rate: dollars(total.cost) / f64::from(figures.days.max(1)),
            first_date: figures.first_day.map(|day| day.to_string()),
            last_date: figures.last_day.map(|day| day.to_string()),
            days: figures.days,
            active_days: figures.active_days,
            total_sessions: figures.sessions_with_data,
            total_sessions_all: figures.sessions_all,
            hidden_sessions: figures.sessions_hidden,
            empty_sessions: figures.sessions_empty,
            conversations: figures.conversations,
            prompts: figures.prompts,
            messages: figures.messages,
            tool_calls: figures.tool_calls,
            by_day: figures.by_day.iter().map(day_row).collect(),
            by_week: weeks(&figures.by_day),
            by_project: figures.by_project.iter().map(named_row).collect(),
            by_repo: figures.by_repo.iter().map(named_row).collect(),
            by_model: figures.by_model.iter().map(named_row).collect(),
            by_agent: figures
                .by_agent
                .iter()
                .map(|row| agent_row(row, unavailable(&row.name)))
                .collect(),
            agent_no_cost_data: figures.unrecorded.iter().cloned().collect(),
            top_sessions: top(figures),
            unpriced: figures.unpriced.iter().map(named_row).collect(),
            last_1h_cost: dollars(figures.last_hour.cost),
            today_cost: dollars(figures.today.cost),
            hours_elapsed_today: hours_of_day(figures.as_of, zone),
            input_cost_est: dollars(total.parts.input),
            output_cost_est: dollars(total.parts.output),
            cache_read_cost_est: dollars(total.parts.cache_read),
            cache_create_cost_est: dollars(total.parts.cache_write),
            cache_savings: dollars(figures.cache_saved),
            cache_hit_rate: tokens.cache_read as f64 / tokens.prompt().max(1) as f64,
            zone: figures.zone.clone(),
        }
    }
}

fn row(amount: &Amount, sessions: u64) -> CostRow {
    CostRow {
        cost: dollars(amount.cost),
        sessions,
        tokens: amount.tokens.total(),
    }
}

fn named_row(named: &NamedAmount) -> (String, CostRow) {
    (named.name.clone(), row(&named.amount, named.sessions))
}

fn day_row(day: &DayAmount) -> (String, CostRow) {
    (day.day.to_string(), row(&day.amount, day.sessions))
}

fn agent_row(named: &NamedAmount, unavailable: bool) -> (String, AgentCost) {
    let cost = AgentCost {
        name: named.label.clone(),
        cost: dollars(named.amount.cost),
        sessions: named.sessions,
        tokens: named.amount.tokens.total(),
        estimated: false,
        unavailable,
    };
    (named.name.clone(), cost)
}

/// Sessions are counted on each of their days, so a week's number is of session days.
fn weeks(days: &[DayAmount]) -> BTreeMap<String, CostRow> {
    let mut weeks: BTreeMap<String, CostRow> = BTreeMap::new();
    for day in days {
        let since_sunday = day.day.date().weekday().to_sunday_zero_offset();
        let sunday = Day(day.day.0 - i32::from(since_sunday));
        let week = weeks.entry(sunday.to_string()).or_default();
        week.cost += dollars(day.amount.cost);
        week.sessions += day.sessions;
        week.tokens += day.amount.tokens.total();
    }
    weeks
}

fn top(figures: &Analytics) -> Vec<TopCost> {
    let sessions = figures.top_sessions.iter().take(10);
    sessions
        .map(|session| TopCost {
            id: session.id.clone(),
            name: session.name.clone(),
            tool: session.agent.clone(),
            project: session.project.clone(),
            cost: dollars(session.amount.cost),
            tokens: session.amount.tokens.total(),
        })
        .collect()
}

fn hours_of_day(at: i64, zone: &jiff::tz::TimeZone) -> f64 {
    let elapsed = || {
        let now = jiff::Timestamp::from_millisecond(at)
            .ok()?
            .to_zoned(zone.clone());
        let midnight = now.start_of_day().ok()?;
        Some((at - midnight.timestamp().as_millisecond()) as f64 / 3.6e6)
    };
    elapsed().unwrap_or(1.0).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_sunday_and_add_up() {
        let day = |text: &str, cost: i64| DayAmount {
            day: Day::parse(text).unwrap(),
            sessions: 1,
            amount: Amount {
                cost,
                ..Amount::default()
            },
            ..DayAmount::default()
        };
        // 2026-11-22 is a Sunday
        let days = [
            day("2026-11-21", 1_000_000),
            day("2026-11-22", 2_000_000),
            day("2026-11-28", 4_000_000),
        ];
        let weeks = weeks(&days);
        assert_eq!(
            weeks.keys().collect::<Vec<_>>(),
            ["2026-11-15", "2026-11-22"]
        );
        assert_eq!(weeks["2026-11-22"].cost, 6.0);
        assert_eq!(weeks["2026-11-22"].sessions, 2);
    }

    #[test]
    fn hours_of_a_day_are_local_and_at_least_one() {
        let zone = jiff::tz::TimeZone::get("Asia/Tokyo").unwrap();
        // 2026-11-21T00:28:30Z is 09:28:30 in Tokyo
        let hours = hours_of_day(1_795_220_910_000, &zone);
        assert!((hours - 9.475).abs() < 0.001, "{hours}");
        assert_eq!(
            hours_of_day(1_795_220_910_000, &jiff::tz::TimeZone::UTC),
            1.0
        );
    }
}
