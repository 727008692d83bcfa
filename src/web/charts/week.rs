//! Which hours of the week are busy.

use crate::engine::view::Analytics;
use crate::web::filters::{dollars, grouped};

/// Weekday by hour.
#[derive(Default)]
pub struct Week {
    pub rows: Vec<WeekRow>,
    /// `messages` or `cost`.
    pub unit: &'static str,
}

pub struct WeekRow {
    pub day: &'static str,
    pub cells: Vec<Cell>,
}

pub struct Cell {
    pub hour: usize,
    pub value: String,
    /// 0 (none) to 5.
    pub level: u8,
    pub title: String,
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// By messages, or by cost.
pub fn week(figures: &Analytics, cost: bool) -> Week {
    let hours: Vec<Vec<u64>> = match cost {
        true => figures
            .week_cost
            .iter()
            .map(|hours| hours.iter().map(|cost| (*cost).max(0) as u64).collect())
            .collect(),
        false => figures.week.iter().map(|hours| hours.to_vec()).collect(),
    };
    let empty = vec![0; 24];
    let greatest = hours.iter().flatten().copied().max().unwrap_or(0);
    let row = |(at, day): (usize, &&'static str)| WeekRow {
        day,
        cells: hours
            .get(at)
            .unwrap_or(&empty)
            .iter()
            .enumerate()
            .map(|(hour, value)| {
                let said = match cost {
                    true => dollars(*value as i64),
                    false => grouped(*value),
                };
                let unit = if cost { "" } else { " messages" };
                Cell {
                    hour,
                    level: level(*value, greatest),
                    title: format!("{day} {hour:02}:00: {said}{unit}"),
                    value: said,
                }
            })
            .collect(),
    };
    Week {
        rows: DAYS.iter().enumerate().map(row).collect(),
        unit: if cost { "cost" } else { "messages" },
    }
}

/// Root scale: a busy night must not bleach the days.
fn level(count: u64, greatest: u64) -> u8 {
    match count {
        0 => 0,
        _ => ((count as f64 / greatest as f64).sqrt() * 5.0)
            .ceil()
            .clamp(1.0, 5.0) as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_is_seen_beside_a_thousand() {
        assert_eq!(level(0, 1000), 0);
        assert_eq!(level(1, 1000), 1);
        assert_eq!(level(1000, 1000), 5);
    }

    #[test]
    fn nothing_is_a_whole_week_too() {
        let week = week(&Analytics::default(), true);
        let cells: usize = week.rows.iter().map(|row| row.cells.len()).sum();
        assert_eq!(cells, 168);
    }
}
