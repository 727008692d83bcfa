//! Columns over time: cost by day, matches by day.

use super::{FULL, scale};
use crate::engine::view::{Analytics, DayAmount};
use crate::model::Day;
use crate::web::clock::Clock;
use crate::web::filters::{dollars, grouped};
use crate::web::params::Params;

/// Columns at most: longer histories are added up by week, then by month.
const MAX_COLUMNS: i32 = 120;

/// Columns over time, stacked by series.
#[derive(Default)]
pub struct Bars {
    pub width: u32,
    pub columns: Vec<Column>,
    /// Value at the top of the plot, and half of it, formatted.
    pub top: String,
    pub middle: String,
    /// Dates below, evenly spread.
    pub dates: Vec<String>,
    /// `day`, `week` or `30 days`: what one column is.
    pub step: &'static str,
}

pub struct Column {
    pub x: u32,
    pub label: String,
    pub value: String,
    pub sessions: u64,
    pub prompts: u64,
    pub segments: Vec<Segment>,
    pub title: String,
}

pub struct Segment {
    pub y: String,
    pub height: String,
    pub color: String,
}

/// Day histogram of a search.
#[derive(Default)]
pub struct Histogram {
    pub width: u32,
    pub columns: Vec<Tick>,
    pub first: String,
    pub last: String,
}

pub struct Tick {
    pub x: u32,
    pub y: String,
    pub height: String,
    pub title: String,
    pub href: String,
    pub count: u64,
}

/// Cost over time, stacked by agent.
pub fn days(figures: &Analytics, series: &[(String, String)], clock: &Clock) -> Bars {
    let (Some(first), Some(last)) = (figures.by_day.first(), figures.by_day.last()) else {
        return Bars::default();
    };
    let span = last.day.0 - first.day.0 + 1;
    let (width_days, step) = match span {
        days if days <= MAX_COLUMNS => (1, "day"),
        days if days <= 7 * MAX_COLUMNS => (7, "week"),
        _ => (30, "30 days"),
    };
    let count = (span + width_days - 1) / width_days;
    let mut slots: Vec<Slot> = (0..count)
        .map(|i| Slot::new(Day(first.day.0 + i * width_days), series.len()))
        .collect();
    for day in &figures.by_day {
        slots[((day.day.0 - first.day.0) / width_days) as usize].add(day, series);
    }
    let greatest = slots.iter().map(|slot| slot.cost).max().unwrap_or(0);
    let top = round_up(greatest);
    Bars {
        width: slots.len() as u32 * 10,
        top: dollars(top),
        middle: dollars(top / 2),
        dates: dates(&slots, clock),
        step,
        columns: slots
            .iter()
            .enumerate()
            .map(|(i, slot)| slot.column(i as u32, top, series, clock))
            .collect(),
    }
}

struct Slot {
    day: Day,
    cost: i64,
    sessions: u64,
    prompts: u64,
    by_agent: Vec<i64>,
}

impl Slot {
    fn new(day: Day, agents: usize) -> Slot {
        Slot {
            day,
            cost: 0,
            sessions: 0,
            prompts: 0,
            by_agent: vec![0; agents],
        }
    }
    fn add(&mut self, day: &DayAmount, series: &[(String, String)]) {
        self.cost += day.amount.cost;
        self.sessions += day.sessions;
        self.prompts += day.prompts;
        for (agent, cost) in &day.by_agent {
            if let Some(at) = series.iter().position(|(name, _)| name == agent) {
                self.by_agent[at] += cost;
            }
        }
    }
    fn column(&self, i: u32, top: i64, series: &[(String, String)], clock: &Clock) -> Column {
        let mut below = 0.0;
        let segments = self
            .by_agent
            .iter()
            .zip(series)
            .filter(|(cost, _)| **cost > 0)
            .map(|(cost, (_, color))| {
                let height = scale(*cost, top);
                below += height;
                Segment {
                    y: format!("{:.2}", FULL - below),
                    height: format!("{height:.2}"),
                    color: color.clone(),
                }
            })
            .collect();
        let label = clock.day_name(self.day);
        Column {
            x: i * 10 + 1,
            title: format!(
                "{label}: {}, {} prompts, {} sessions",
                dollars(self.cost),
                grouped(self.prompts),
                grouped(self.sessions)
            ),
            label,
            value: dollars(self.cost),
            sessions: self.sessions,
            prompts: self.prompts,
            segments,
        }
    }
}

fn dates(slots: &[Slot], clock: &Clock) -> Vec<String> {
    let count = slots.len().min(5);
    (0..count)
        .map(|i| {
            let at = if count == 1 {
                0
            } else {
                i * (slots.len() - 1) / (count - 1)
            };
            clock.day_name(slots[at].day)
        })
        .collect()
}

/// The next of 1, 2, 5 times a power of ten.
fn round_up(value: i64) -> i64 {
    let mut unit = 1;
    while unit * 10 <= value {
        unit *= 10;
    }
    [1, 2, 5, 10]
        .into_iter()
        .map(|factor| factor * unit)
        .find(|top| *top >= value)
        .unwrap_or(value)
}

/// Matches by day, each bar a link that narrows the search to its days.
pub fn histogram(days: &[(Day, u64)], params: &Params, path: &str, clock: &Clock) -> Histogram {
    let (Some((first, _)), Some((last, _))) = (days.first(), days.last()) else {
        return Histogram::default();
    };
    let width_days = (last.0 - first.0) / MAX_COLUMNS + 1;
    let count = (last.0 - first.0) / width_days + 1;
    let mut slots = vec![0_u64; count as usize];
    for (day, n) in days {
        slots[((day.0 - first.0) / width_days) as usize] += n;
    }
    let greatest = slots.iter().copied().max().unwrap_or(0).max(1) as f64;
    let bar = |(i, n): (usize, &u64)| {
        let from = Day(first.0 + i as i32 * width_days);
        let to = Day(from.0 + width_days - 1);
        let label = match width_days {
            1 => clock.day_name(from),
            _ => format!("{from} to {to}"),
        };
        // a single match must stay visible beside a thousand
        let height = (*n as f64 / greatest * FULL).max(4.0);
        Tick {
            x: i as u32 * 10 + 1,
            y: format!("{:.1}", FULL - height),
            height: format!("{height:.1}"),
            title: format!("{label}: {} messages", grouped(*n)),
            href: params
                .with("from", &from.to_string())
                .with("to", &to.to_string())
                .url(path),
            count: *n,
        }
    };
    Histogram {
        width: slots.len() as u32 * 10,
        columns: slots
            .iter()
            .enumerate()
            .filter(|slot| *slot.1 > 0)
            .map(bar)
            .collect(),
        first: clock.day_name(*first),
        last: clock.day_name(*last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::charts::series;
    use crate::web::sample;

    #[test]
    fn the_top_of_a_plot_is_a_round_number() {
        for (value, top) in [(0, 1), (1, 1), (3, 5), (51, 100), (100, 100), (101, 200)] {
            assert_eq!(round_up(value), top, "{value}");
        }
    }

    #[test]
    fn columns_fill_gaps_and_stay_inside() {
        let figures = sample::analytics();
        let colors = series(&figures);
        let bars = days(&figures, &colors, &sample::shell("/", "").clock);
        let span = figures.by_day.last().unwrap().day.0 - figures.by_day[0].day.0 + 1;
        assert_eq!(
            bars.columns.len(),
            span as usize,
            "days without work are columns too"
        );
        for segment in bars.columns.iter().flat_map(|column| &column.segments) {
            assert!(segment.y.parse::<f64>().unwrap() >= -0.01);
        }
    }

    #[test]
    fn long_histories_are_added_up_without_losing_any() {
        let mut figures = sample::analytics();
        let old = figures.by_day[0].clone();
        figures.by_day.insert(
            0,
            DayAmount {
                day: Day(old.day.0 - 400),
                ..old
            },
        );
        let bars = days(&figures, &series(&figures), &sample::shell("/", "").clock);
        assert_eq!(bars.step, "week");
        let shown: u64 = bars.columns.iter().map(|column| column.prompts).sum();
        assert_eq!(
            shown,
            figures.by_day.iter().map(|day| day.prompts).sum::<u64>()
        );
    }

    #[test]
    fn one_match_is_seen_beside_a_thousand() {
        let clock = sample::shell("/", "").clock;
        let days = [(Day(20_000), 1), (Day(20_300), 1000)];
        let histogram = histogram(&days, &Params::default(), "/search", &clock);
        assert_eq!(histogram.columns.iter().map(|c| c.count).sum::<u64>(), 1001);
        assert!(
            histogram
                .columns
                .iter()
                .all(|c| c.height.parse::<f64>().unwrap() >= 4.0)
        );
    }
}
