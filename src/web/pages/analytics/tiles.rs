//! The figures at the head of the board.

use super::lists::Behind;
use crate::engine::view::{Analytics, Burn};
use crate::model::Day;
use crate::web::clock::Clock;
use crate::web::filters::{dollars, grouped, shortened};
use crate::web::params::Params;

/// One figure.
#[derive(Default)]
pub struct Tile {
    pub title: &'static str,
    pub value: String,
    /// The whole number, for a title.
    pub exact: String,
    pub href: String,
    pub note: String,
    /// `good`, `warn`, `bad` or nothing.
    pub tone: &'static str,
    /// A word that stands beside the value.
    pub mark: String,
}

pub fn tiles(figures: &Analytics, params: &Params, clock: &Clock) -> Vec<Tile> {
    let behind = Behind::new(params);
    let total = &figures.total;
    let all = behind.url(&[]);
    let per_day = total.cost / i64::from(figures.days.max(1));
    let previous = figures.previous.as_ref();
    let before = |value: fn(&crate::engine::view::Period) -> u64| previous.map(value);
    let cost = Tile {
        title: "Cost",
        value: match total.estimated_responses {
            0 => dollars(total.cost),
            _ => format!("~{}", dollars(total.cost)),
        },
        exact: format!("${:.6}", total.cost as f64 / 1e6),
        href: all.clone(),
        note: match total.unpriced_responses {
            0 => "at API prices".into(),
            some => format!("at API prices; {} responses unpriced", shortened(some)),
        },
        mark: change(total.cost as u64, before(|p| p.amount.cost.max(0) as u64)),
        ..Tile::default()
    };
    let tokens = Tile {
        title: "Tokens",
        value: shortened(total.tokens.total()),
        exact: grouped(total.tokens.total()),
        href: all.clone(),
        note: format!("in {} responses", shortened(total.responses)),
        mark: change(total.tokens.total(), before(|p| p.amount.tokens.total())),
        ..Tile::default()
    };
    let days = Tile {
        title: "Per day",
        value: dollars(per_day),
        href: all.clone(),
        note: format!(
            "{} of {} days active",
            grouped(figures.active_days.into()),
            grouped(figures.days.into())
        ),
        ..Tile::default()
    };
    let sessions = Tile {
        title: "Sessions",
        value: grouped(figures.sessions_with_data),
        href: all,
        note: format!("with token data, of {}", grouped(figures.sessions_all)),
        mark: change(
            figures.sessions_all - figures.sessions_hidden - figures.sessions_empty,
            before(|p| p.sessions),
        ),
        ..Tile::default()
    };
    let mut tiles = vec![cost, tokens, days, sessions];
    tiles.extend(burning(figures, params, clock, &behind));
    tiles
}

/// Today's rate, and what the cache did.
fn burning(figures: &Analytics, params: &Params, clock: &Clock, behind: &Behind) -> Vec<Tile> {
    let today = clock.day(clock.now);
    let inside = |name: &str, ok: fn(&Day, &Day) -> bool| {
        let day = params.get(name).and_then(Day::parse);
        day.is_none_or(|day| ok(&day, &today))
    };
    let covered = inside("from", Day::le) && inside("to", Day::ge);
    let burn = Burn::of(figures);
    let (tone, mark) = match burn.pace {
        _ if figures.today.cost == 0 => ("", String::new()),
        pace if pace >= 2.0 => ("bad", format!("{pace:.1}x average")),
        pace if pace >= 1.3 => ("warn", format!("{pace:.1}x average")),
        _ => ("good", "normal".to_owned()),
    };
    let href = behind.days(today, today);
    let mut tiles = vec![
        Tile {
            title: "Today",
            value: dollars(figures.today.cost),
            href: href.clone(),
            note: format!(
                "{}h {:02}m into the day",
                figures.minutes_today / 60,
                figures.minutes_today % 60
            ),
            ..Tile::default()
        },
        Tile {
            title: "Last hour",
            value: dollars(figures.last_hour.cost),
            href: href.clone(),
            note: format!("{} tokens", shortened(figures.last_hour.tokens.total())),
            ..Tile::default()
        },
        Tile {
            title: "Projected today",
            value: dollars(burn.projected),
            href,
            note: "at today's pace".into(),
            tone,
            mark,
            ..Tile::default()
        },
    ];
    if !covered {
        for tile in &mut tiles {
            *tile = Tile {
                title: tile.title,
                value: "-".into(),
                note: "not in these days".into(),
                ..Tile::default()
            };
        }
    }
    let prompt = figures.total.tokens.prompt();
    let rate = (prompt > 0).then(|| figures.total.tokens.cache_read * 100 / prompt);
    tiles.push(Tile {
        title: "Cache hits",
        value: rate.map_or("-".into(), |rate| format!("{rate}%")),
        href: behind.url(&[]),
        note: format!("saved {}", dollars(figures.cache_saved)),
        tone: match rate {
            Some(60..) => "good",
            Some(30..) => "warn",
            Some(_) => "bad",
            None => "",
        },
        ..Tile::default()
    });
    tiles
}

/// `+12%` against the period before; `""` without one.
pub fn change(now: u64, before: Option<u64>) -> String {
    match before {
        None => String::new(),
        Some(0) if now == 0 => String::new(),
        Some(0) => "new".into(),
        Some(before) => {
            let percent = (now as f64 / before as f64 - 1.0) * 100.0;
            match percent {
                1_000.0.. => format!("{:.0}x", percent / 100.0 + 1.0),
                _ => format!("{percent:+.0}%"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::sample;

    #[test]
    fn changes_read_well() {
        for (now, before, want) in [
            (5, None, ""),
            (0, Some(0), ""),
            (5, Some(0), "new"),
            (112, Some(100), "+12%"),
            (50, Some(100), "-50%"),
            (100, Some(100), "+0%"),
            (2_000, Some(100), "20x"),
        ] {
            assert_eq!(change(now, before), want);
        }
    }

    #[test]
    fn today_is_no_figure_of_another_week() {
        let shell = sample::shell("/analytics", "");
        let values = |params: &str| -> Vec<String> {
            let params = Params::parse(params);
            tiles(&sample::analytics(), &params, &shell.clock)
                .into_iter()
                .map(|tile| tile.value)
                .collect()
        };
        assert_eq!(values("")[4], "$41.20");
        assert_eq!(values("to=2026-03-01")[4], "-");
        assert_eq!(values("")[0], values("to=2026-03-01")[0]);
    }
}
