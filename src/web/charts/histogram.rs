//! Matches of a search by day.

use super::FULL;
use crate::model::Day;
use crate::web::clock::Clock;
use crate::web::filters::grouped;
use crate::web::params::Params;

/// Columns at most: in longer histories one is several days.
const MAX_COLUMNS: i32 = 120;

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
    use crate::web::sample;

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
