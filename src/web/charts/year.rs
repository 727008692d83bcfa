//! A year of days as a map of squares, a column a week.

use crate::engine::of_day;
use crate::engine::view::DayAmount;
use crate::model::Day;
use crate::web::clock::Clock;
use crate::web::filters::{dollars, grouped, shortened};

/// Side of a square with its gap.
const STEP: i32 = 14;

/// What a day is measured by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    #[default]
    Sessions,
    Prompts,
    Tokens,
    Cost,
}

impl Measure {
    pub fn parse(word: &str) -> Option<Measure> {
        match word {
            "sessions" => Some(Measure::Sessions),
            "prompts" => Some(Measure::Prompts),
            "tokens" => Some(Measure::Tokens),
            "cost" => Some(Measure::Cost),
            _ => None,
        }
    }
    pub fn of(self, row: &DayAmount) -> u64 {
        match self {
            Measure::Sessions => row.sessions,
            Measure::Prompts => row.prompts,
            Measure::Tokens => row.amount.tokens.total(),
            Measure::Cost => row.amount.cost.max(0) as u64,
        }
    }
    /// A sum over several days: a session counts on each of its days.
    pub fn summed(self, value: u64) -> String {
        match self {
            Measure::Sessions if value == 1 => "1 session day".into(),
            Measure::Sessions => format!("{} session days", grouped(value)),
            _ => self.said(value),
        }
    }
    pub fn said(self, value: u64) -> String {
        let unit = |one: &'static str, many: &'static str| if value == 1 { one } else { many };
        match self {
            Measure::Sessions => format!("{} {}", grouped(value), unit("session", "sessions")),
            Measure::Prompts => format!("{} {}", grouped(value), unit("prompt", "prompts")),
            Measure::Tokens => format!("{} tokens", shortened(value)),
            Measure::Cost => dollars(value as i64),
        }
    }
}

/// The map.
pub struct Year {
    pub width: i32,
    /// Label and x of the months that begin in it.
    pub months: Vec<(String, i32)>,
    pub cells: Vec<Square>,
    /// The least value of each level from 1 on, said.
    pub levels: Vec<String>,
    /// Days with anything, for the table: newest first.
    pub rows: Vec<Square>,
    /// Sum of the days shown, said, and how many days had anything.
    pub total: String,
    pub active: usize,
}

#[derive(Clone)]
pub struct Square {
    pub day: Day,
    pub x: i32,
    pub y: i32,
    /// 0 (none) to 5.
    pub level: u8,
    pub today: bool,
    pub value: String,
    /// Agents with their sessions, said.
    pub agents: String,
    pub title: String,
}

/// The days `from..=to`. `label` says an agent's name.
pub fn year(
    days: &[DayAmount],
    (from, to): (Day, Day),
    measure: Measure,
    clock: &Clock,
    label: impl Fn(&str) -> String,
) -> Year {
    let today = clock.day(clock.now);
    let monday = monday_of(from);
    let inside: Vec<DayAmount> = (from.0..=to.0).map(|day| of_day(days, Day(day))).collect();
    let greatest = inside.iter().map(|row| measure.of(row)).max().unwrap_or(0);
    let square = |row: &DayAmount| {
        let value = measure.of(row);
        let said = measure.said(value);
        let name = clock.day_name(row.day);
        let agents: Vec<String> = row
            .agents
            .iter()
            .filter(|agent| agent.sessions > 0)
            .map(|agent| format!("{} {}", label(&agent.agent), grouped(agent.sessions)))
            .collect();
        let agents = agents.join(", ");
        let title = match agents.is_empty() {
            true => format!("{name}: {said}"),
            false => format!("{name}: {said} ({agents})"),
        };
        Square {
            day: row.day,
            x: (row.day.0 - monday.0) / 7 * STEP,
            y: (row.day.0 - monday.0) % 7 * STEP,
            level: level(value, greatest),
            today: row.day == today,
            value: said,
            agents,
            title,
        }
    };
    let cells: Vec<Square> = inside.iter().map(square).collect();
    let mut rows: Vec<Square> = cells.iter().filter(|c| c.level > 0).cloned().collect();
    rows.reverse();
    Year {
        width: ((to.0 - monday.0) / 7 + 1) * STEP,
        months: months(&cells),
        levels: (1..=5).map(|n| measure.said(least(n, greatest))).collect(),
        total: measure.summed(inside.iter().map(|row| measure.of(row)).sum()),
        active: rows.len(),
        cells,
        rows,
    }
}

pub fn monday_of(day: Day) -> Day {
    Day(day.0 - i32::from(day.date().weekday().to_monday_zero_offset()))
}

/// Months by the column that their first day lies in; the first one needs room for its name.
fn months(cells: &[Square]) -> Vec<(String, i32)> {
    let mut months: Vec<(String, i32)> = Vec::new();
    for cell in cells {
        let date = cell.day.date();
        let begins = date.day() == 1 || months.is_empty();
        if !begins {
            continue;
        }
        let label = date.strftime("%b").to_string();
        match months.last_mut() {
            // a month of which only a week is seen leaves its place to the next
            Some(last) if cell.x - last.1 < 2 * STEP => *last = (label, cell.x),
            _ => months.push((label, cell.x)),
        }
    }
    months
}

/// Root scale: a busy night must not bleach the days.
fn level(value: u64, greatest: u64) -> u8 {
    match value {
        0 => 0,
        _ => ((value as f64 / greatest as f64).sqrt() * 5.0)
            .ceil()
            .clamp(1.0, 5.0) as u8,
    }
}

/// The least value of a level.
fn least(of: u8, greatest: u64) -> u64 {
    let above = (f64::from(of - 1) / 5.0).powi(2) * greatest as f64;
    (above.floor() as u64 + 1).min(greatest.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::view::AgentDay;

    const NOON: i64 = 1_772_971_200_000; // 2026-03-08T12:00:00Z, a Sunday

    fn clock() -> Clock {
        Clock {
            now: NOON,
            zone: jiff::tz::TimeZone::UTC,
            twelve: false,
            absolute: false,
        }
    }

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn every_day_has_its_square_in_its_week() {
        let busy = DayAmount {
            day: day("2026-03-04"),
            sessions: 3,
            prompts: 9,
            agents: vec![AgentDay {
                agent: "x".into(),
                sessions: 3,
                ..AgentDay::default()
            }],
            ..DayAmount::default()
        };
        let range = (day("2025-03-09"), day("2026-03-08"));
        let map = year(&[busy], range, Measure::Prompts, &clock(), |id| {
            id.to_uppercase()
        });
        assert_eq!(map.cells.len(), 365);
        assert_eq!(
            map.width,
            53 * STEP,
            "2025-03-09 is a Sunday: a week of one day"
        );
        let cell = map.cells.iter().find(|cell| cell.level > 0).unwrap();
        assert_eq!(cell.y, 2 * STEP, "a Wednesday");
        assert_eq!(cell.title, "Wed 4 Mar: 9 prompts (X 3)");
        assert_eq!((map.active, &*map.total), (1, "9 prompts"));
        assert!(map.cells.last().unwrap().today);
        let mut places: Vec<(i32, i32)> = map.cells.iter().map(|c| (c.x, c.y)).collect();
        places.dedup();
        assert_eq!(places.len(), 365);
    }

    #[test]
    fn levels_say_where_they_begin() {
        for greatest in [1, 2, 7, 100, 12_345] {
            for of in 1..=5 {
                let at = least(of, greatest);
                assert!(level(at, greatest) >= of.min(level(greatest, greatest)) || greatest < 25);
            }
            assert_eq!(level(greatest, greatest), 5);
        }
        assert_eq!(level(0, 10), 0);
    }
}
