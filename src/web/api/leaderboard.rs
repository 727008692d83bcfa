//! `/api/leaderboard`: where one stands against oneself, as a job that answers at once.

use super::job::{Envelope, asked};
use super::params::Params;
use super::record::dollars;
use super::reply::{Failure, Reply};
use crate::engine::Engine;
use crate::engine::view::{AnalyticsQuery, DayAmount, Leaderboard, Rank, Record, Standing};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The leaderboard's figures on their way.
pub type LeaderboardJob = Envelope<LeaderboardReport>;

/// Everything is of this machine alone. Counts are of sessions that lists show, costs of all runs;
/// days are local days, weeks begin on Monday. Nothing is rounded before it is added up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeaderboardReport {
    /// Drawn here; it says nothing of whom it stands for.
    pub anon: Anon,
    pub today: Figures,
    pub week: Figures,
    pub totals: Totals,
    /// By agent.
    pub agents: BTreeMap<String, Place>,
    /// Costliest first.
    pub models: Vec<ModelPlace>,
    /// Most prompts first.
    pub projects: Vec<NamedPlace>,
    /// Days in a row up to today, or to yesterday while today has nothing yet.
    pub streak: u32,
    pub longest_streak: u32,
    /// The last 30 days, oldest first.
    pub daily: Vec<Daily>,
    pub active_days: u32,
    pub records: Records,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Anon {
    pub id: String,
    pub name: String,
}

/// What was done in some days.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Conversations, each once.
    pub conversations: u64,
    /// Prompts.
    pub messages: u64,
    /// Prompts and tool calls.
    pub interactions: u64,
    /// From the first to the last prompt of each session and day, 16 hours a day at most.
    pub hours: f64,
    /// US dollars, of all runs.
    pub cost: f64,
    pub tokens: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Conversations, each once, however many runs it has.
    pub sessions: u64,
    /// Runs behind them, and runs that only their cost counts of: helpers and sub-agents.
    pub runs: u64,
    pub hidden_runs: u64,
    /// Prompts.
    pub messages: u64,
    pub interactions: u64,
    pub hours: f64,
    /// US dollars, of all runs.
    pub cost: f64,
    pub tokens: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Conversations.
    pub sessions: u64,
    /// Prompts.
    pub messages: u64,
    pub hours: f64,
    pub cost: f64,
    pub tokens: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NamedPlace {
    pub name: String,
    #[serde(flatten)]
    pub place: Place,
}

/// Prompts and hours are a session's, not a model's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelPlace {
    pub name: String,
    /// Conversations.
    pub sessions: u64,
    pub cost: f64,
    pub tokens: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Daily {
    pub date: String,
    /// Conversations, prompts.
    pub sessions: u64,
    pub messages: u64,
    pub interactions: u64,
    pub hours: f64,
    pub cost: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Records {
    pub costliest_day: Option<DayRecord>,
    pub busiest_day: Option<DayRecord>,
    /// By hours, and by messages.
    pub longest_session: Option<SessionRecord>,
    pub fullest_session: Option<SessionRecord>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DayRecord {
    pub date: String,
    /// US dollars, or prompts.
    pub value: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// `agent:native`.
    pub id: String,
    pub name: String,
    /// Hours, or messages.
    pub value: f64,
}

/// `GET /api/leaderboard`: [`LeaderboardJob`], at once, whether or not it is done. It is the job of
/// `/api/analytics/cost` without filters: started once, however many ask. Parameters: those of jobs
/// ([`asked`]).
///
/// # Errors
/// 400 for a parameter that is not allowed. A job that failed is a 200 with `status` `error`.
pub fn board(engine: &Engine, params: &Params) -> Result<Reply<LeaderboardJob>, Failure> {
    let job = asked(engine, params, &AnalyticsQuery::default())?;
    let board = engine.leaderboard(&job)?;
    Ok(Envelope::new(&job, LeaderboardReport::new(&board)).into())
}

fn hours(ms: i64) -> f64 {
    (ms as f64 / 360_000.0).round() / 10.0
}

impl LeaderboardReport {
    fn new(board: &Leaderboard) -> LeaderboardReport {
        let whole = &board.whole;
        let ranks = &board.ranks;
        let named = |rank: &Rank| NamedPlace {
            name: rank.name.clone(),
            place: rank.into(),
        };
        LeaderboardReport {
            anon: Anon {
                id: board.anon.id.clone(),
                name: board.anon.name.clone(),
            },
            today: (&board.today).into(),
            week: (&board.week).into(),
            totals: Totals {
                sessions: whole.conversations,
                runs: whole.sessions,
                hidden_runs: board.hidden,
                messages: whole.prompts,
                interactions: whole.interactions,
                hours: hours(whole.active_ms),
                cost: dollars(whole.cost),
                tokens: whole.tokens,
            },
            agents: ranks
                .agents
                .iter()
                .map(|rank| (rank.name.clone(), rank.into()))
                .collect(),
            models: ranks.models.iter().map(ModelPlace::from).collect(),
            projects: ranks.projects.iter().map(named).collect(),
            streak: board.streaks.current,
            longest_streak: board.streaks.longest,
            daily: board.daily.iter().map(Daily::from).collect(),
            active_days: board.active_days,
            records: Records::new(board),
        }
    }
}

impl Records {
    fn new(board: &Leaderboard) -> Records {
        let session = |record: &Record, value: f64| SessionRecord {
            id: record.id.clone(),
            name: record.name.clone(),
            value,
        };
        let ranks = &board.ranks;
        Records {
            costliest_day: board.costliest_day.map(|(day, micros)| DayRecord {
                date: day.to_string(),
                value: dollars(micros),
            }),
            busiest_day: board.busiest_day.map(|(day, prompts)| DayRecord {
                date: day.to_string(),
                value: prompts as f64,
            }),
            longest_session: ranks
                .longest
                .as_ref()
                .map(|record| session(record, hours(record.value))),
            fullest_session: ranks
                .fullest
                .as_ref()
                .map(|record| session(record, record.value as f64)),
        }
    }
}

impl From<&Standing> for Figures {
    fn from(standing: &Standing) -> Figures {
        Figures {
            conversations: standing.conversations,
            messages: standing.prompts,
            interactions: standing.interactions,
            hours: hours(standing.active_ms),
            cost: dollars(standing.cost),
            tokens: standing.tokens,
        }
    }
}

impl From<&Rank> for Place {
    fn from(rank: &Rank) -> Place {
        Place {
            sessions: rank.conversations,
            messages: rank.prompts,
            hours: hours(rank.active_ms),
            cost: dollars(rank.cost),
            tokens: rank.tokens,
        }
    }
}

impl From<&Rank> for ModelPlace {
    fn from(rank: &Rank) -> ModelPlace {
        ModelPlace {
            name: rank.name.clone(),
            sessions: rank.conversations,
            cost: dollars(rank.cost),
            tokens: rank.tokens,
        }
    }
}

impl From<&DayAmount> for Daily {
    fn from(row: &DayAmount) -> Daily {
        Daily {
            date: row.day.to_string(),
            sessions: row.conversations,
            messages: row.prompts,
            interactions: row.prompts + row.tool_calls,
            hours: hours(row.active_ms),
            cost: dollars(row.amount.cost),
        }
    }
}
