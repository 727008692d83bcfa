//! Cost over time, stacked by agent, model or project, as columns or as areas.

use super::{COLORS, FULL, color_class, label, scale};
use crate::engine::view::{Analytics, Series};
use crate::model::Day;
use crate::web::clock::Clock;
use crate::web::filters::{dollars, grouped};
use std::fmt::Write;

/// Columns that a chart has at most before its step grows by itself.
const MAX_COLUMNS: i32 = 120;
/// Columns that it has at most whatever is asked: a screen has not many more dots.
const LIMIT: i32 = 1_500;

/// What one column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Day,
    /// From Monday.
    Week,
    Month,
}

impl Step {
    pub fn parse(word: &str) -> Option<Step> {
        match word {
            "day" => Some(Step::Day),
            "week" => Some(Step::Week),
            "month" => Some(Step::Month),
            _ => None,
        }
    }
    pub fn as_str(self) -> &'static str {
        match self {
            Step::Day => "day",
            Step::Week => "week",
            Step::Month => "month",
        }
    }
    fn fitting(span: i32) -> Step {
        match span {
            days if days <= MAX_COLUMNS => Step::Day,
            days if days <= 7 * MAX_COLUMNS => Step::Week,
            _ => Step::Month,
        }
    }
    /// First day of the step that `day` lies in.
    pub fn start(self, day: Day) -> Day {
        match self {
            Step::Day => day,
            Step::Week => Day(day.0 - i32::from(day.date().weekday().to_monday_zero_offset())),
            Step::Month => Day::from_date(day.date().first_of_month()),
        }
    }
    /// Last day of the step that begins with `day`.
    pub fn end(self, day: Day) -> Day {
        match self {
            Step::Day => day,
            Step::Week => Day(day.0 + 6),
            Step::Month => Day::from_date(day.date().last_of_month()),
        }
    }
}

/// The chart.
#[derive(Default)]
pub struct OverTime {
    pub width: u32,
    pub columns: Vec<Column>,
    /// In place of the columns' segments; costliest first, the last one lies on top.
    pub areas: Vec<Area>,
    pub legend: Vec<Key>,
    /// Value at the top of the plot, and half of it, formatted.
    pub top: String,
    pub middle: String,
    /// Dates below, evenly spread.
    pub dates: Vec<String>,
    /// `day`, `week` or `month`.
    pub step: &'static str,
}

pub struct Column {
    pub x: u32,
    pub label: String,
    pub first: Day,
    pub last: Day,
    pub value: String,
    pub sessions: u64,
    pub prompts: u64,
    pub segments: Vec<Segment>,
    pub title: String,
}

pub struct Segment {
    pub y: String,
    pub height: String,
    pub class: String,
}

pub struct Area {
    pub class: String,
    pub path: String,
    pub title: String,
}

pub struct Key {
    pub class: String,
    pub label: String,
    /// Facet value; `None` for what is left.
    pub name: Option<String>,
    pub value: String,
}

/// One column on its way: what it amounts to, and each series' cost in it.
struct Slot {
    day: Day,
    cost: i64,
    sessions: u64,
    prompts: u64,
    costs: Vec<i64>,
}

/// `step`: as asked, else as fits the span.
pub fn over_time(
    figures: &Analytics,
    series: &[Series],
    step: Option<Step>,
    areas: bool,
    clock: &Clock,
) -> OverTime {
    let (Some(first), Some(last)) = (figures.by_day.first(), figures.by_day.last()) else {
        return OverTime {
            step: step.unwrap_or(Step::Day).as_str(),
            top: dollars(0),
            ..OverTime::default()
        };
    };
    let span = last.day.0 - first.day.0 + 1;
    let step = step
        .filter(|step| *step != Step::Day || span <= LIMIT)
        .unwrap_or_else(|| Step::fitting(span));
    let mut slots = empty(first.day, last.day, step, series.len().min(COLORS + 1));
    fill(&mut slots, figures, series, step);
    let classes: Vec<String> = (0..series.len().min(COLORS + 1))
        .map(|at| match at < COLORS {
            true => color_class(&series[at], at),
            false => "sx".into(),
        })
        .collect();
    let greatest = slots.iter().map(|slot| slot.cost).max().unwrap_or(0);
    let top = round_up(greatest);
    let areas = areas && slots.len() > 1;
    OverTime {
        width: slots.len() as u32 * 10,
        areas: match areas {
            true => shapes(&slots, &classes, series, top),
            false => Vec::new(),
        },
        legend: legend(series, &classes),
        top: dollars(top),
        middle: dollars(top / 2),
        dates: dates(&slots, step, clock),
        step: step.as_str(),
        columns: slots
            .iter()
            .enumerate()
            .map(|(at, slot)| slot.column(at as u32, top, &classes, areas, step, clock))
            .collect(),
    }
}

/// Steps without work are columns too.
fn empty(first: Day, last: Day, step: Step, series: usize) -> Vec<Slot> {
    let mut slots = Vec::new();
    let mut day = step.start(first);
    while day <= last {
        slots.push(Slot {
            day,
            cost: 0,
            sessions: 0,
            prompts: 0,
            costs: vec![0; series],
        });
        day = Day(step.end(day).0 + 1);
    }
    slots
}

fn fill(slots: &mut [Slot], figures: &Analytics, series: &[Series], step: Step) {
    let place = |slots: &[Slot], day: Day| {
        let start = step.start(day);
        slots.binary_search_by_key(&start, |slot| slot.day).ok()
    };
    for day in &figures.by_day {
        if let Some(at) = place(slots, day.day) {
            let slot = &mut slots[at];
            slot.cost += day.amount.cost;
            slot.sessions += day.sessions;
            slot.prompts += day.prompts;
        }
    }
    for (line, series) in series.iter().enumerate() {
        for (day, cost) in &series.days {
            if let Some(at) = place(slots, *day) {
                slots[at].costs[line.min(COLORS)] += cost;
            }
        }
    }
}

impl Slot {
    fn column(
        &self,
        at: u32,
        top: i64,
        classes: &[String],
        areas: bool,
        step: Step,
        clock: &Clock,
    ) -> Column {
        let mut below = 0.0;
        let segment = |(cost, class): (&i64, &String)| {
            let height = scale(*cost, top);
            below += height;
            Segment {
                y: format!("{:.2}", FULL - below),
                height: format!("{height:.2}"),
                class: class.clone(),
            }
        };
        let drawn = self.costs.iter().zip(classes).filter(|_| !areas);
        let segments = drawn.filter(|(cost, _)| **cost > 0).map(segment).collect();
        let label = name(self.day, step, clock);
        Column {
            x: at * 10 + 1,
            title: format!(
                "{label}: {}, {} prompts, {} {}",
                dollars(self.cost),
                grouped(self.prompts),
                grouped(self.sessions),
                session_unit(step),
            ),
            label,
            first: self.day,
            last: step.end(self.day),
            value: dollars(self.cost),
            sessions: self.sessions,
            prompts: self.prompts,
            segments,
        }
    }
}

/// A session is counted on each of its days.
fn session_unit(step: Step) -> &'static str {
    match step {
        Step::Day => "sessions",
        _ => "session days",
    }
}

fn name(day: Day, step: Step, clock: &Clock) -> String {
    match step {
        Step::Day => clock.day_name(day),
        Step::Week => format!("Week of {}", day.date().strftime("%-d %b %Y")),
        Step::Month => day.date().strftime("%B %Y").to_string(),
    }
}

/// Each series between what lies below it and that with itself on top, through column centres.
fn shapes(slots: &[Slot], classes: &[String], series: &[Series], top: i64) -> Vec<Area> {
    let mut below = vec![0.0; slots.len()];
    let mut areas = Vec::new();
    for (line, class) in classes.iter().enumerate() {
        let above: Vec<f64> = slots
            .iter()
            .zip(&below)
            .map(|(slot, below)| below + scale(slot.costs[line], top))
            .collect();
        let mut path = String::new();
        let ends = (0..slots.len()).map(|at| (at, above[at]));
        let back = (0..slots.len()).rev().map(|at| (at, below[at]));
        for (n, (at, height)) in ends.chain(back).enumerate() {
            let order = if n == 0 { 'M' } else { 'L' };
            let y = FULL - height;
            write!(path, "{order}{} {y:.2}", at * 10 + 5).expect("writing to a string succeeds");
        }
        path.push('Z');
        areas.push(Area {
            class: class.clone(),
            path,
            title: match line < COLORS {
                true => label(&series[line].label),
                false => "Other".into(),
            },
        });
        below = above;
    }
    areas
}

fn legend(series: &[Series], classes: &[String]) -> Vec<Key> {
    let sum = |series: &[Series]| -> i64 {
        let days = series.iter().flat_map(|series| &series.days);
        days.map(|(_, cost)| cost).sum()
    };
    classes
        .iter()
        .enumerate()
        .map(|(at, class)| {
            let one = at < COLORS;
            let behind = match one {
                true => &series[at..=at],
                false => &series[at..],
            };
            Key {
                class: class.clone(),
                label: match one {
                    true => label(&series[at].label),
                    false => format!("{} others", behind.len()),
                },
                name: one.then(|| series[at].name.clone()),
                value: dollars(sum(behind)),
            }
        })
        .collect()
}

fn dates(slots: &[Slot], step: Step, clock: &Clock) -> Vec<String> {
    let count = slots.len().min(5);
    (0..count)
        .map(|i| {
            let at = match count {
                1 => 0,
                _ => i * (slots.len() - 1) / (count - 1),
            };
            match step {
                Step::Month => slots[at].day.date().strftime("%b %Y").to_string(),
                Step::Week | Step::Day => clock.day_name(slots[at].day),
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::view::DayAmount;
    use crate::web::sample;

    fn chart(figures: &Analytics, step: Option<Step>, areas: bool) -> OverTime {
        let clock = sample::shell("/", "").clock;
        over_time(figures, &figures.agent_days, step, areas, &clock)
    }

    #[test]
    fn the_top_of_a_plot_is_a_round_number() {
        for (value, top) in [(0, 1), (1, 1), (3, 5), (51, 100), (100, 100), (101, 200)] {
            assert_eq!(round_up(value), top, "{value}");
        }
    }

    #[test]
    fn columns_fill_gaps_and_stay_inside() {
        let figures = sample::analytics();
        let bars = chart(&figures, None, false);
        let span = figures.by_day.last().unwrap().day.0 - figures.by_day[0].day.0 + 1;
        assert_eq!(
            bars.columns.len(),
            span as usize,
            "days without work are columns too"
        );
        let segments: Vec<&Segment> = bars.columns.iter().flat_map(|c| &c.segments).collect();
        assert!(!segments.is_empty());
        for segment in segments {
            assert!(segment.y.parse::<f64>().unwrap() >= -0.01);
        }
    }

    #[test]
    fn areas_take_the_place_of_columns_and_the_days_stay() {
        let figures = sample::analytics();
        let areas = chart(&figures, None, true);
        assert_eq!(areas.areas.len(), figures.agent_days.len());
        assert!(
            areas
                .columns
                .iter()
                .all(|column| column.segments.is_empty())
        );
        assert!(areas.columns.iter().any(|column| column.prompts > 0));
    }

    #[test]
    fn steps_are_calendar_steps_and_lose_nothing() {
        let mut figures = sample::analytics();
        let old = figures.by_day[0].clone();
        figures.by_day.insert(
            0,
            DayAmount {
                day: Day(old.day.0 - 400),
                ..old
            },
        );
        assert_eq!(chart(&figures, None, false).step, "week");
        let all: u64 = figures.by_day.iter().map(|day| day.prompts).sum();
        for step in [Step::Day, Step::Week, Step::Month] {
            let bars = chart(&figures, Some(step), false);
            assert_eq!(bars.step, step.as_str());
            let shown: u64 = bars.columns.iter().map(|column| column.prompts).sum();
            assert_eq!(shown, all);
            for pair in bars.columns.windows(2) {
                assert_eq!(pair[0].last.0 + 1, pair[1].first.0);
            }
        }
    }
}
