//! What analytics are asked and what they answer.

use super::Filters;
use crate::model::{CostParts, Day, Tokens};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A question to analytics.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AnalyticsQuery {
    pub filters: Filters,
    pub runs: Runs,
}

/// Which runs are added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Runs {
    /// Tokens and money of all; counts (sessions, prompts, messages) of those that lists show.
    #[default]
    All,
    /// Helper runs and sub-agents are left out of everything.
    People,
    /// Only helper runs and sub-agents, and they are counted too.
    Helpers,
}

/// Everything that analytics show for one question.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Analytics {
    /// Ms since the epoch when this was computed.
    pub as_of: i64,
    pub generation: u64,
    pub zone: String,
    pub total: Amount,
    pub sessions_all: u64,
    pub sessions_with_data: u64,
    pub sessions_hidden: u64,
    /// Without any message.
    pub sessions_empty: u64,
    pub conversations: u64,
    pub prompts: u64,
    pub messages: u64,
    pub tool_calls: u64,
    pub tool_errors: u64,
    pub interruptions: u64,
    pub compactions: u64,
    /// From the first to the last prompt of each session and day, ms; 16 hours a day at most.
    pub active_ms: i64,
    pub first_day: Option<Day>,
    pub last_day: Option<Day>,
    /// Calendar days first..last.
    pub days: u32,
    pub active_days: u32,
    pub by_day: Vec<DayAmount>,
    pub by_agent: Vec<NamedAmount>,
    pub by_model: Vec<NamedAmount>,
    pub by_project: Vec<NamedAmount>,
    /// Repositories, and folders that lie in none.
    pub by_repo: Vec<NamedAmount>,
    /// Which of them are repositories.
    pub repo_roots: Vec<String>,
    /// `""`: not recorded.
    pub by_branch: Vec<NamedAmount>,
    /// A response's money is shared evenly among the tools that it called; `""`: it called none.
    pub by_tool: Vec<ToolAmount>,
    /// Calls of MCP servers, and starts of skills.
    pub servers: Vec<CallCount>,
    pub skills: Vec<CallCount>,
    pub context: ContextUse,
    /// Cost by day of each row of the lists above that cost anything.
    pub agent_days: Vec<Series>,
    pub model_days: Vec<Series>,
    pub project_days: Vec<Series>,
    /// Weekday (Monday = 0) x hour: messages, and micro-dollars.
    pub week: Vec<[u64; 24]>,
    pub week_cost: Vec<[i64; 24]>,
    pub top_sessions: Vec<TopSession>,
    pub top_prompts: Vec<TopPrompt>,
    /// Today's, and how many minutes of it have passed.
    pub today: Amount,
    pub minutes_today: u32,
    /// The last 60 minutes by event time.
    pub last_hour: Amount,
    /// Models without a known price, with their tokens.
    pub unpriced: Vec<NamedAmount>,
    /// What is known about the cost of sessions, by agent, most sessions first.
    pub coverage: Vec<Coverage>,
    /// Micro-dollars that cache reads saved against fresh input.
    pub cache_saved: i64,
    /// Newest first.
    pub windows: Vec<Window>,
    /// The period of equal length before, when the question has a first day.
    pub previous: Option<Period>,
    /// Who and what leads, of the sessions that are shown.
    pub ranks: Ranks,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Amount {
    pub tokens: Tokens,
    pub responses: u64,
    pub unpriced_responses: u64,
    /// Responses whose tokens are estimates.
    pub estimated_responses: u64,
    /// Micro-dollars.
    pub cost: i64,
    pub parts: CostParts,
    /// What the agents themselves recorded, micro-dollars, and for how many responses.
    pub recorded_cost: i64,
    pub recorded_responses: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NamedAmount {
    /// Facet value.
    pub name: String,
    pub label: String,
    pub color: Option<String>,
    pub sessions: u64,
    pub amount: Amount,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DayAmount {
    pub day: Day,
    pub sessions: u64,
    /// Of these sessions; runs of one conversation on one day are one.
    pub conversations: u64,
    pub prompts: u64,
    pub messages: u64,
    pub tool_calls: u64,
    /// From the first to the last prompt of each session, ms.
    pub active_ms: i64,
    pub amount: Amount,
    /// Agents that were at work, most sessions first.
    pub agents: Vec<AgentDay>,
}

/// What one agent did on one day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AgentDay {
    pub agent: String,
    pub sessions: u64,
    pub prompts: u64,
    pub tokens: u64,
    /// Micro-dollars.
    pub cost: i64,
}

/// Ranking lists and records. Conversations are counted once, however many runs and days they have;
/// money and tokens are of all runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ranks {
    /// Conversations of the last day, and of the last week (from Monday), that this was asked on.
    pub conversations_today: u64,
    pub conversations_week: u64,
    /// Most prompts first.
    pub agents: Vec<Rank>,
    /// Costliest first.
    pub models: Vec<Rank>,
    /// Repositories, and folders that lie in none; most prompts first.
    pub projects: Vec<Rank>,
    /// Most active time, and most messages.
    pub longest: Option<Record>,
    pub fullest: Option<Record>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rank {
    /// Facet value.
    pub name: String,
    pub label: String,
    pub color: Option<String>,
    pub conversations: u64,
    pub prompts: u64,
    pub active_ms: i64,
    pub tokens: u64,
    /// Micro-dollars.
    pub cost: i64,
    /// Responses of which nothing has a price.
    pub unpriced: bool,
}

/// A session that holds a record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// `agent:native`.
    pub id: String,
    pub name: String,
    pub agent: String,
    pub value: i64,
}

/// Micro-dollars by day of one agent, model or project; days without are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Facet value.
    pub name: String,
    pub label: String,
    pub color: Option<String>,
    pub days: Vec<(Day, i64)>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TopSession {
    pub id: String,
    pub name: String,
    pub agent: String,
    pub project: String,
    pub amount: Amount,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolAmount {
    pub name: String,
    /// Calls and failures in sessions that are shown.
    pub calls: u64,
    pub errors: u64,
    pub spent: Spending,
}

/// An amount that is told without its parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spending {
    /// Micro-dollars.
    pub cost: i64,
    pub tokens: u64,
    pub responses: u64,
    pub unpriced_responses: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CallCount {
    pub name: String,
    pub calls: u64,
    pub errors: u64,
}

/// How full the context was when models were asked, by each model's own window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ContextUse {
    /// Responses of models whose window is known.
    pub responses: u64,
    /// Mean, in hundredths of a percent.
    pub mean: u64,
    /// Responses by tenth of the window.
    pub tenths: [u64; 10],
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TopPrompt {
    /// Session id and its name.
    pub id: String,
    pub name: String,
    pub agent: String,
    pub project: String,
    /// Ordinal of the prompt in its session; `None`: before the first one.
    pub seq: Option<u32>,
    /// Time of the first response, ms.
    pub at: i64,
    pub spent: Spending,
}

/// Sessions of one agent by what is known about their cost; the parts add up to `sessions`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    pub agent: String,
    pub label: String,
    pub sessions: u64,
    /// Every response has a price.
    pub priced: u64,
    /// Every response has a price, the tokens of some are estimates.
    pub estimated: u64,
    /// Some responses are of models without a known price.
    pub partly: u64,
    /// Tokens only: no response has a price.
    pub unpriced: u64,
    /// The agent answered, and its files record no tokens.
    pub silent: u64,
    /// No response in these days.
    pub idle: u64,
}

/// A window of use as plans count them: it opens with the first response after the one before has
/// ended, at the full hour, and lasts a fixed time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Name of the service whose plans count so.
    pub service: String,
    /// Ms since the epoch.
    pub from: i64,
    pub to: i64,
    pub amount: Amount,
    /// Hours of it with any response.
    pub busy_hours: u32,
}

/// Another stretch of days, for comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Period {
    pub from: Day,
    pub to: Day,
    pub amount: Amount,
    pub sessions: u64,
    pub prompts: u64,
    pub active_days: u32,
}

/// A job's state: what the page streams and what `/api/analytics/cost` wraps.
#[derive(Clone, Debug)]
pub struct Job<T> {
    pub done: bool,
    /// 0.0 ..= 1.0.
    pub progress: f32,
    /// Partial while running (what was known before, until there is more), final when `done`.
    pub result: Arc<T>,
    pub error: Option<String>,
    /// Came from the result cache.
    pub cached: bool,
}

/// Plans that people pay for, and what they would have paid by the token.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subscriptions {
    pub rows: Vec<Subscription>,
    /// Micro-dollars that the plans cost in these days.
    pub paid: i64,
    /// Micro-dollars at API prices of what the covered agents used on the days that a plan covers.
    pub used: i64,
    /// What can be subscribed to.
    pub services: Vec<Service>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subscription {
    pub id: u64,
    /// [`Service::id`], or `""` for every agent.
    pub service: String,
    pub service_name: String,
    pub plan: String,
    /// Micro-dollars a month.
    pub monthly: i64,
    pub from: Day,
    /// Last day; `None` while it runs.
    pub to: Option<Day>,
    /// Months of it that lie in these days, in thousandths; a part of a month counts by its days.
    pub months_milli: i64,
    /// Micro-dollars for these months.
    pub paid: i64,
    /// What its agents used on its days, micro-dollars at API prices.
    pub used: i64,
}

/// Plans of one vendor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Service {
    pub id: String,
    pub name: String,
    /// Name and micro-dollars a month.
    pub plans: Vec<(String, i64)>,
}

/// How fast money goes today.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Burn {
    /// Minutes of today that have passed, an hour at least: a morning's first prompt is no pace.
    pub minutes: u32,
    /// Today at this pace, micro-dollars.
    pub projected: i64,
    /// How many times the average calendar day that is; 0 where there is no average.
    pub pace: f64,
}

impl Burn {
    pub fn of(figures: &Analytics) -> Burn {
        let minutes = figures.minutes_today.max(60);
        let projected = figures.today.cost * 1_440 / i64::from(minutes.min(1_440));
        let average = figures.total.cost as f64 / f64::from(figures.days.max(1));
        Burn {
            minutes,
            projected,
            pace: if average > 0.0 {
                projected as f64 / average
            } else {
                0.0
            },
        }
    }
}

/// Where one stands, of all sessions there are. Counts are of sessions that lists show, money and
/// tokens of all runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Leaderboard {
    pub anon: Handle,
    pub today: Standing,
    /// Since Monday.
    pub week: Standing,
    pub monday: Day,
    pub whole: Standing,
    /// Helper and sub-agent runs: their cost counts, they themselves do not.
    pub hidden: u64,
    pub streaks: Streaks,
    pub active_days: u32,
    /// The last thirty days, oldest first, days without anything included.
    pub daily: Vec<DayAmount>,
    /// With micro-dollars.
    pub costliest_day: Option<(Day, i64)>,
    /// With prompts.
    pub busiest_day: Option<(Day, i64)>,
    pub ranks: Ranks,
}

/// A name that was drawn here and says nothing of whom it stands for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Handle {
    pub id: String,
    pub name: String,
}

/// What was done in some days.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Standing {
    /// Each once, however many runs and days it has.
    pub conversations: u64,
    /// Session days, where it is more than one day.
    pub sessions: u64,
    pub prompts: u64,
    pub messages: u64,
    /// Prompts, and the tool calls that they led to.
    pub interactions: u64,
    pub active_ms: i64,
    /// Micro-dollars.
    pub cost: i64,
    pub tokens: u64,
}

/// Runs of active days without a gap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streaks {
    /// Up to today, or to yesterday while today has nothing yet.
    pub current: u32,
    pub longest: u32,
    /// Today counts already.
    pub today: bool,
}
