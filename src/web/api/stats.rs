//! `GET /api/stats`: tokens and money by day, week, month, agent, model, project, repository, branch,
//! tool, session or hour of the week, and by several of them at once.

use super::params::Params;
use super::record::dollars;
use super::reply::{Failure, Reply};
use crate::engine::Engine;
use crate::engine::view::{BreakdownQuery, BreakdownRow, By};
use crate::model::CostMode;
use serde::{Deserialize, Serialize};

/// The words for [`By`], in the order of the docs.
pub const BY: [(&str, By); 13] = [
    ("day", By::Day),
    ("week", By::Week),
    ("month", By::Month),
    ("agent", By::Agent),
    ("model", By::Model),
    ("project", By::Project),
    ("repo", By::Repo),
    ("branch", By::Branch),
    ("tool", By::Tool),
    ("session", By::Session),
    ("run", By::Run),
    ("conversation", By::Conversation),
    ("hour_of_week", By::HourOfWeek),
];

/// One row. Of the first members those are there that were asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StatRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
    /// Its Monday.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub week: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
    /// `Mon 09`: the hour from nine to ten on Mondays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hour_of_week: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// `""`: responses that called none. A response that called several counts in even parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// Native id; `""`: all runs that are hidden as helpers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Native id of a session that is looked at by itself, its sub-agents apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Native id of the newest session of a conversation: its retries are in the same row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// Fresh input.
    pub input_tokens: u64,
    /// Reasoning included.
    pub output_tokens: u64,
    pub reasoning_tokens: u64,
    pub cache_read_tokens: u64,
    pub cache_write_5m_tokens: u64,
    pub cache_write_1h_tokens: u64,
    pub total_tokens: u64,
    pub web_searches: u64,
    pub responses: u64,
    pub sessions: u64,
    /// `null`: none of it has a price.
    pub cost_usd: Option<f64>,
    /// Responses that `cost_usd` leaves out, since no price is known.
    pub unpriced_responses: u64,
    /// Responses whose tokens are estimates.
    pub estimated_responses: u64,
    /// What the agent itself recorded; `null`: nothing.
    pub recorded_cost_usd: Option<f64>,
}

impl StatRow {
    fn new(by: &[By], row: &BreakdownRow) -> StatRow {
        let (amount, tokens) = (&row.amount, &row.amount.tokens);
        let mut out = StatRow {
            input_tokens: tokens.input,
            output_tokens: tokens.output,
            reasoning_tokens: tokens.reasoning,
            cache_read_tokens: tokens.cache_read,
            cache_write_5m_tokens: tokens.cache_write_5m,
            cache_write_1h_tokens: tokens.cache_write_1h,
            total_tokens: tokens.total(),
            web_searches: tokens.web_searches,
            responses: amount.responses,
            sessions: row.sessions,
            cost_usd: (amount.unpriced_responses == 0
                || amount.unpriced_responses < amount.responses)
                .then(|| dollars(amount.cost)),
            unpriced_responses: amount.unpriced_responses,
            estimated_responses: amount.estimated_responses,
            recorded_cost_usd: (amount.recorded_responses > 0)
                .then(|| dollars(amount.recorded_cost)),
            ..StatRow::default()
        };
        for (by, key) in by.iter().zip(&row.keys) {
            *out.side_mut(*by) = Some(key.clone());
        }
        out
    }

    fn side_mut(&mut self, by: By) -> &mut Option<String> {
        match by {
            By::Day => &mut self.day,
            By::Week => &mut self.week,
            By::Month => &mut self.month,
            By::HourOfWeek => &mut self.hour_of_week,
            By::Agent => &mut self.agent,
            By::Model => &mut self.model,
            By::Project => &mut self.project,
            By::Repo => &mut self.repo,
            By::Branch => &mut self.branch,
            By::Tool => &mut self.tool,
            By::Session => &mut self.session,
            By::Run => &mut self.run,
            By::Conversation => &mut self.conversation,
        }
    }

    /// The value of one of the sides that were asked for.
    pub fn side(&self, by: By) -> &str {
        let side = match by {
            By::Day => &self.day,
            By::Week => &self.week,
            By::Month => &self.month,
            By::HourOfWeek => &self.hour_of_week,
            By::Agent => &self.agent,
            By::Model => &self.model,
            By::Project => &self.project,
            By::Repo => &self.repo,
            By::Branch => &self.branch,
            By::Tool => &self.tool,
            By::Session => &self.session,
            By::Run => &self.run,
            By::Conversation => &self.conversation,
        };
        side.as_deref().unwrap_or_default()
    }
}

/// `by` (may repeat, or a comma list; `session`, `run` and `conversation` bring `agent` with them; none: one row of everything),
/// `tz` (zone of days and hours), `cost` (`auto`, `calculate`, `recorded`), and the filters.
///
/// Answers an array of [`StatRow`]: by time in its order, else costliest first.
pub fn rows(engine: &Engine, params: &Params) -> Result<Reply<Vec<StatRow>>, Failure> {
    let mut by: Vec<By> = Vec::new();
    let words = params.many("by");
    for word in words.iter().flat_map(|list| list.split(',')) {
        let asked = Params::default().with("by", word.trim());
        let Some(side) = asked.choice("by", &BY)? else {
            continue;
        };
        let of_one_agent = [By::Session, By::Run, By::Conversation];
        if of_one_agent.contains(&side) && !by.contains(&By::Agent) {
            by.push(By::Agent);
        }
        if !by.contains(&side) {
            by.push(side);
        }
    }
    let zone = params.one("tz").map(|name| {
        let zone = jiff::tz::TimeZone::get(name);
        zone.map_err(|_| Failure::parameter("tz", name, "a time zone such as Europe/Berlin or UTC"))
    });
    let query = BreakdownQuery {
        filters: params.filters(engine.today())?,
        by,
        zone: zone.transpose()?,
        mode: params.choice("cost", &CostMode::WORDS)?,
    };
    let found = engine.breakdown(&query)?;
    if query.by.is_empty() {
        return Ok(vec![StatRow::new(&[], &found.total)].into());
    }
    let rows = found.rows.iter();
    Ok(rows
        .map(|row| StatRow::new(&found.by, row))
        .collect::<Vec<_>>()
        .into())
}
