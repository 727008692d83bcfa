//! A month of days as links: the first click is the range's first day, the second its last.
//!
//! Both the month in view and the half-chosen range are parameters, so that all of it works as links.

use super::params::Params;
use crate::model::Day;
use jiff::civil::Date;

/// Parameters of the calendar itself; lists do not know them.
pub const CALENDAR: [&str; 2] = ["month", "pick"];
/// Shades of a day that has sessions.
const SHADES: u64 = 4;

pub struct Calendar {
    /// The range in words.
    pub label: String,
    /// Unfolded: somebody is at it.
    pub open: bool,
    /// "March 2026".
    pub title: String,
    pub earlier: String,
    pub later: String,
    pub weeks: Vec<Vec<Cell>>,
    /// The day that was chosen first, while the last one is waited for.
    pub picking: Option<String>,
}

#[derive(Default)]
pub struct Cell {
    /// Day of the month; `""`: another month's.
    pub number: String,
    pub href: String,
    /// "Tue 3 Mar 2026: 12".
    pub title: String,
    /// `c0` to `c4`, and `in`, `end`, `today` where they are true.
    pub class: String,
    pub today: bool,
    pub chosen: bool,
}

/// `days`: how many there are, oldest first, by day.
pub fn calendar(params: &Params, path: &str, today: Day, days: &[(Day, u64)]) -> Calendar {
    let filters = params.filters();
    let pick = params.get("pick").and_then(Day::parse);
    let asked = params
        .get("month")
        .and_then(|month| Day::parse(&format!("{month}-01")));
    let newest = days.last().map(|(day, _)| *day);
    let shown = asked
        .or(filters.to)
        .or(filters.from)
        .or(newest)
        .unwrap_or(today);
    let first = shown.date().first_of_month();
    let month = |date: Date| {
        params
            .with("month", &date.strftime("%Y-%m").to_string())
            .url(path)
    };
    let neighbour = |months: i64| {
        let moved = first.checked_add(jiff::Span::new().months(months));
        month(moved.unwrap_or(first))
    };
    let most = days.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let mut weeks: Vec<Vec<Cell>> = Vec::new();
    let lead = first.weekday().to_monday_zero_offset();
    let mut week: Vec<Cell> = (0..lead).map(|_| Cell::default()).collect();
    for number in 1..=first.days_in_month() {
        let date = Day(Day::from_date(first).0 + i32::from(number) - 1);
        let count = match days.binary_search_by_key(&date, |(day, _)| *day) {
            Ok(at) => days[at].1,
            Err(_) => 0,
        };
        let cell = Cell {
            number: number.to_string(),
            href: chosen(params, date, pick).url(path),
            title: format!("{}: {count}", date.date().strftime("%a %-d %b %Y")),
            today: date == today,
            ..Cell::default()
        };
        week.push(cell.shaded(shade(count, most), date, filters.from, filters.to));
        if week.len() == 7 {
            weeks.push(std::mem::take(&mut week));
        }
    }
    if !week.is_empty() {
        week.resize_with(7, Cell::default);
        weeks.push(week);
    }
    Calendar {
        label: label(filters.from, filters.to, today),
        open: asked.is_some() || pick.is_some(),
        title: first.strftime("%B %Y").to_string(),
        earlier: neighbour(-1),
        later: neighbour(1),
        weeks,
        picking: pick.map(|day| short(day, today)),
    }
}

/// The first click filters by that day and waits; the second closes the range, whichever way round.
fn chosen(params: &Params, day: Day, pick: Option<Day>) -> Params {
    let plain = params.without("pick").without("month");
    let range = |from: Day, to: Day| {
        plain
            .with("from", &from.to_string())
            .with("to", &to.to_string())
    };
    match pick {
        Some(first) => range(first.min(day), first.max(day)),
        None => range(day, day).with("pick", &day.to_string()),
    }
}

fn shade(count: u64, most: u64) -> u64 {
    match count {
        0 => 0,
        // the root keeps one day of many sessions from making all others pale
        _ => ((count as f64 / most as f64).sqrt() * SHADES as f64)
            .ceil()
            .clamp(1.0, SHADES as f64) as u64,
    }
}

impl Cell {
    fn shaded(mut self, shade: u64, day: Day, from: Option<Day>, to: Option<Day>) -> Cell {
        self.class = format!("c{shade}");
        let bounded = from.is_some() || to.is_some();
        let inside = from.is_none_or(|from| from <= day) && to.is_none_or(|to| day <= to);
        self.chosen = bounded && inside;
        if self.chosen {
            self.class.push_str(" in");
        }
        if from == Some(day) || to == Some(day) {
            self.class.push_str(" end");
        }
        if self.today {
            self.class.push_str(" today");
        }
        self
    }
}

fn label(from: Option<Day>, to: Option<Day>, today: Day) -> String {
    match (from, to) {
        (None, None) => "All time".into(),
        (Some(from), Some(to)) if from == to => short(from, today),
        (Some(from), Some(to)) => format!("{} to {}", short(from, today), short(to, today)),
        (Some(from), None) => format!("Since {}", short(from, today)),
        (None, Some(to)) => format!("Until {}", short(to, today)),
    }
}

fn short(day: Day, today: Day) -> String {
    let (date, now) = (day.date(), today.date());
    match date.year() == now.year() {
        true => date.strftime("%-d %b").to_string(),
        false => date.strftime("%-d %b %Y").to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn of(query: &str) -> Calendar {
        let days = [(day("2026-03-02"), 1), (day("2026-03-05"), 40)];
        calendar(&Params::parse(query), "/", day("2026-03-08"), &days)
    }

    fn cell(calendar: &Calendar, number: &str) -> (String, String) {
        let mut cells = calendar.weeks.iter().flatten();
        let cell = cells.find(|cell| cell.number == number).unwrap();
        (cell.href.clone(), cell.class.clone())
    }

    #[test]
    fn weeks_begin_on_monday_and_are_whole() {
        let march = of("");
        assert_eq!(march.title, "March 2026");
        assert!(march.weeks.iter().all(|week| week.len() == 7));
        // the first of March 2026 is a Sunday
        assert_eq!(march.weeks[0][6].number, "1");
        assert_eq!(march.weeks[1][0].number, "2");
        assert_eq!(march.earlier, "/?month=2026-02");
        assert_eq!(of("month=2026-01").earlier, "/?month=2025-12");
        assert_eq!(cell(&march, "5").1, "c4");
        assert_eq!(cell(&march, "2").1, "c1");
        assert_eq!(cell(&march, "8").1, "c0 today");
    }

    #[test]
    fn two_clicks_are_a_range_whichever_comes_first() {
        let (first, _) = cell(&of("agent=x"), "5");
        assert_eq!(
            first,
            "/?agent=x&from=2026-03-05&to=2026-03-05&pick=2026-03-05"
        );
        let picking = of(first.split_once('?').unwrap().1);
        assert_eq!(picking.picking.as_deref(), Some("5 Mar"));
        assert!(picking.open);
        for (second, range) in [
            ("9", "from=2026-03-05&to=2026-03-09"),
            ("2", "from=2026-03-02&to=2026-03-05"),
        ] {
            assert_eq!(cell(&picking, second).0, format!("/?agent=x&{range}"));
        }
        let chosen = of("from=2026-03-05&to=2026-03-09");
        assert_eq!(cell(&chosen, "9").1, "c0 in end");
        assert_eq!(cell(&chosen, "7").1, "c0 in");
        assert_eq!(chosen.label, "5 Mar to 9 Mar");
    }

    #[test]
    fn a_month_that_is_none_is_the_newest_one() {
        for query in ["month=2026-13", "month=x", "pick=never"] {
            assert_eq!(of(query).title, "March 2026", "{query}");
        }
        assert_eq!(of("month=9999-12").title, "December 9999");
    }
}
