//! What a session contributed on one local day.

use super::session::ToolCount;
use super::usage::{Tier, Tokens};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A local calendar day in the configured zone: days since 1970-01-01.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct Day(pub i32);

impl Day {
    pub fn date(self) -> jiff::civil::Date {
        jiff::civil::date(1970, 1, 1)
            .checked_add(jiff::Span::new().days(self.0))
            .unwrap_or(jiff::civil::Date::MAX)
    }
    pub fn from_date(date: jiff::civil::Date) -> Day {
        let span = date
            .since(jiff::civil::date(1970, 1, 1))
            .expect("civil dates subtract");
        Day(span.get_days())
    }
    /// `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Day> {
        text.parse::<jiff::civil::Date>().ok().map(Day::from_date)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.date())
    }
}

/// One session's share of one day. Rows of a session are replaced as a whole (retract and apply).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DayStats {
    pub prompts: u32,
    pub messages: u32,
    pub tool_calls: u32,
    pub tool_errors: u32,
    pub interruptions: u16,
    pub compactions: u16,
    /// Calls by tool, by name; beyond [`DAY_NAMES`] of them under [`OTHER_NAME`].
    pub tools: Vec<ToolCount>,
    /// Calls by MCP server, by name.
    pub mcp_servers: Vec<ToolCount>,
    /// Starts by skill, by name.
    pub skills: Vec<ToolCount>,
    /// First and last real prompt of the day, ms since the epoch (hours = their distance).
    pub first_prompt_at: i64,
    pub last_prompt_at: i64,
    /// Messages by local hour 0-23.
    pub by_hour: [u16; 24],
    /// What responses owned by this session used on this day.
    pub usage: Vec<UsageBucket>,
}

/// Names that a list of [`DayStats`] holds at most, so that a damaged file cannot fill the store.
pub const DAY_NAMES: usize = 100;

/// Stands for all names beyond [`DAY_NAMES`].
pub const OTHER_NAME: &str = "(other)";

/// Most hours that one day of one session counts as active.
const ACTIVE_HOURS: i64 = 16;

impl DayStats {
    /// How long somebody was at work in this session on this day, ms: from the first real prompt to the
    /// last one, 16 hours at most.
    pub fn active_ms(&self) -> i64 {
        (self.last_prompt_at - self.first_prompt_at).clamp(0, ACTIVE_HOURS * 3_600_000)
    }
}

/// Responses of one hour, model and price class, added up: exact enough to be priced when read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UsageBucket {
    /// Local hour 0-23.
    pub hour: u8,
    pub model: String,
    /// Branch that was checked out; `""` when not recorded.
    pub branch: String,
    pub tier: Tier,
    /// Index into [`PROMPT_CLASSES`]: long-context prices depend on each response's prompt size.
    pub prompt_class: u8,
    pub us_region: bool,
    /// The tokens are estimates.
    pub estimated: bool,
    pub responses: u32,
    pub tokens: Tokens,
    /// Recorded cost, micro-dollars, and how many responses carry one: all of a bucket or none.
    pub recorded_cost: i64,
    pub recorded: u32,
}

/// Upper bounds (tokens, inclusive) of the prompt-size classes; every long-context threshold in
/// the price table is one of them. The last class has no bound.
pub const PROMPT_CLASSES: [u64; 9] = [
    32_000, 100_000, 128_000, 199_999, 200_000, 256_000, 272_000, 512_000, 524_288,
];

/// The class of a prompt of this many tokens.
pub fn prompt_class(prompt: u64) -> u8 {
    PROMPT_CLASSES
        .iter()
        .take_while(|bound| prompt > **bound)
        .count() as u8
}
