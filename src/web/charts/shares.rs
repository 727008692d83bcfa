//! Shares of a whole: who cost what, which hours are busy, where the money goes.

use super::{FULL, scale};
use crate::engine::view::{Amount, Analytics, NamedAmount};
use crate::web::filters::grouped;

/// Values with bars beside them, greatest first.
#[derive(Default)]
pub struct Ranked {
    pub rows: Vec<RankedRow>,
    pub folded: Vec<RankedRow>,
}

pub struct RankedRow {
    pub label: String,
    pub name: String,
    pub href: String,
    pub cost: i64,
    pub tokens: u64,
    pub sessions: u64,
    pub unpriced: bool,
    /// Of the greatest, 0-100.
    pub width: String,
    pub color: String,
}

/// Weekday by hour.
#[derive(Default)]
pub struct Week {
    pub rows: Vec<WeekRow>,
}

pub struct WeekRow {
    pub day: &'static str,
    pub cells: Vec<Cell>,
}

pub struct Cell {
    pub hour: usize,
    pub count: u64,
    /// 0 (none) to 5.
    pub level: u8,
    pub title: String,
}

/// Shares of one whole, in one bar.
#[derive(Default)]
pub struct Stack {
    pub parts: Vec<Share>,
}

pub struct Share {
    pub label: &'static str,
    pub class: &'static str,
    pub cost: i64,
    pub tokens: u64,
    pub x: String,
    pub width: String,
    pub percent: u64,
}

/// Agent ids with their colours, in the order of what they cost.
pub fn series(figures: &Analytics) -> Vec<(String, String)> {
    let color = |row: &NamedAmount| row.color.clone().unwrap_or_else(|| "#8a8f98".into());
    figures
        .by_agent
        .iter()
        .map(|row| (row.name.clone(), color(row)))
        .collect()
}

pub fn ranked(
    rows: &[NamedAmount],
    colors: &[(String, String)],
    link: impl Fn(&str) -> String,
) -> Ranked {
    let greatest = rows.iter().map(|row| row.amount.cost).max().unwrap_or(0);
    let mut rows: Vec<RankedRow> = rows
        .iter()
        .map(|row| RankedRow {
            label: match row.label.is_empty() {
                true => "(not recorded)".into(),
                false => row.label.clone(),
            },
            name: row.name.clone(),
            href: link(&row.name),
            cost: row.amount.cost,
            tokens: row.amount.tokens.total(),
            sessions: row.sessions,
            unpriced: row.amount.cost == 0 && row.amount.unpriced_responses > 0,
            width: format!("{:.1}", scale(row.amount.cost, greatest)),
            color: colors
                .iter()
                .find(|(name, _)| *name == row.name)
                .map_or_else(String::new, |(_, color)| color.clone()),
        })
        .collect();
    let folded = rows.split_off(rows.len().min(10));
    Ranked { rows, folded }
}

pub fn week(week: &[[u64; 24]]) -> Week {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let greatest = week.iter().flatten().copied().max().unwrap_or(0);
    let rows = DAYS
        .iter()
        .zip(week)
        .map(|(day, hours)| WeekRow {
            day,
            cells: hours
                .iter()
                .enumerate()
                .map(|(hour, count)| Cell {
                    hour,
                    count: *count,
                    level: level(*count, greatest),
                    title: format!("{day} {hour:02}:00: {} messages", grouped(*count)),
                })
                .collect(),
        })
        .collect();
    Week { rows }
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

/// Where the money goes.
pub fn parts(total: &Amount) -> Stack {
    let (parts, tokens) = (&total.parts, &total.tokens);
    let whole = parts.total().max(1) as f64;
    let mut x = 0.0;
    let parts = [
        ("Output", "out", parts.output, tokens.output),
        ("Input", "in", parts.input, tokens.input),
        (
            "Cache write",
            "write",
            parts.cache_write,
            tokens.cache_write(),
        ),
        ("Cache read", "read", parts.cache_read, tokens.cache_read),
        ("Other", "other", parts.other, 0),
    ]
    .into_iter()
    .filter(|(_, class, cost, _)| *cost > 0 || *class != "other")
    .map(|(label, class, cost, tokens)| {
        let share = cost.max(0) as f64 / whole * FULL;
        let start = x;
        x += share;
        Share {
            label,
            class,
            cost,
            tokens,
            x: format!("{start:.2}"),
            width: format!("{share:.2}"),
            percent: share.round() as u64,
        }
    })
    .collect();
    Stack { parts }
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
    fn parts_fill_the_bar() {
        let stack = parts(&crate::web::sample::analytics().total);
        let widths = stack
            .parts
            .iter()
            .map(|part| part.width.parse::<f64>().unwrap());
        assert!((widths.sum::<f64>() - FULL).abs() < 0.1);
    }
}
