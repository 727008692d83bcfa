//! What a session contributed on one local day.

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
    /// First and last real prompt of the day, ms since the epoch (hours = their distance).
    pub first_prompt_at: i64,
    pub last_prompt_at: i64,
    /// Messages by local hour 0-23.
    pub by_hour: [u16; 24],
    /// What responses owned by this session used on this day.
    pub usage: Vec<UsageBucket>,
}

/// Responses of one hour, model and price class, added up: exact enough to be priced when read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UsageBucket {
    /// Local hour 0-23.
    pub hour: u8,
    pub model: String,
    pub tier: Tier,
    /// Index into [`PROMPT_CLASSES`]: long-context prices depend on each response's prompt size.
    pub prompt_class: u8,
    pub us_region: bool,
    pub responses: u32,
    pub tokens: Tokens,
    /// Recorded cost of those that carry one, micro-dollars, and how many do.
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
