//! One session's responses over time: the tokens of each step, and how full the context was.

use super::{FULL, scale};
use crate::engine::view::CourseStep;
use crate::web::clock::Clock;
use crate::web::filters::{dollars, grouped, shortened};

/// Width of a step in the units of the plots.
const WIDE: u32 = 10;

/// Two plots over the same steps.
#[derive(Default)]
pub struct Course {
    pub width: u32,
    pub steps: Vec<Step>,
    /// Tokens at the top of the first plot.
    pub top: String,
    /// The greatest context, and its share of the window where that is known.
    pub greatest: String,
    /// Times of the first and the last step.
    pub first: String,
    pub last: String,
}

pub struct Step {
    pub x: u32,
    /// The prompt that it begins with.
    pub href: Option<String>,
    pub title: String,
    pub parts: Vec<Part>,
    /// Context fill: `None` where the window is not known.
    pub fill: Option<Part>,
    pub fill_title: String,
}

pub struct Part {
    pub class: &'static str,
    pub y: String,
    pub height: String,
}

/// `path`: the session's page, where steps lead to.
pub fn course(steps: &[CourseStep], path: &str, clock: &Clock) -> Course {
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else {
        return Course::default();
    };
    let total = |step: &CourseStep| step.amount.tokens.total();
    let top = steps.iter().map(total).max().unwrap_or(0);
    let greatest = steps.iter().max_by_key(|step| step.context);
    Course {
        width: steps.len() as u32 * WIDE,
        top: shortened(top),
        greatest: greatest.map_or_else(String::new, filled),
        first: clock.stamp_of(first.at),
        last: clock.stamp_of(last.until),
        steps: steps
            .iter()
            .enumerate()
            .map(|(n, step)| drawn(n as u32, step, top, path, clock))
            .collect(),
    }
}

fn drawn(n: u32, step: &CourseStep, top: u64, path: &str, clock: &Clock) -> Step {
    let tokens = &step.amount.tokens;
    let mut below = 0.0;
    let parts = [
        ("part-read", tokens.cache_read),
        ("part-write", tokens.cache_write()),
        ("part-in", tokens.input),
        ("part-out", tokens.output),
    ];
    let parts = parts
        .iter()
        .filter(|part| part.1 > 0)
        .map(|(class, count)| {
            let height = scale(*count as i64, top as i64);
            below += height;
            part(class, below, height)
        });
    let when = clock.stamp_of(step.at);
    Step {
        x: n * WIDE,
        href: step.turn.map(|seq| format!("{path}?m={seq}#m{seq}")),
        title: format!(
            "{when}: {} tokens, {} output, {}, {} response{}",
            shortened(tokens.total()),
            shortened(tokens.output),
            dollars(step.amount.cost),
            grouped(step.amount.responses),
            if step.amount.responses == 1 { "" } else { "s" },
        ),
        parts: parts.collect(),
        fill: step.window.map(|window| {
            let height = scale(step.context.min(window) as i64, window as i64);
            part(fill_class(height), height, height)
        }),
        fill_title: format!("{when}: {}", filled(step)),
    }
}

fn part(class: &'static str, top: f64, height: f64) -> Part {
    Part {
        class,
        y: format!("{:.1}", FULL - top),
        height: format!("{height:.1}"),
    }
}

fn fill_class(height: f64) -> &'static str {
    match height {
        90.0.. => "fill-full",
        70.0.. => "fill-much",
        _ => "fill",
    }
}

/// `120k of 200k tokens, 60%`.
fn filled(step: &CourseStep) -> String {
    match step.window.filter(|window| *window > 0) {
        Some(window) => format!(
            "{} of {} tokens, {}%",
            shortened(step.context),
            shortened(window),
            (step.context.min(window) * 100) / window
        ),
        None => format!("{} tokens", shortened(step.context)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::view::Amount;
    use crate::model::Tokens;
    use crate::web::sample;

    #[test]
    fn parts_stand_on_each_other_inside_the_plot() {
        let step = |input: u64, output: u64, window| CourseStep {
            at: 0,
            amount: Amount {
                tokens: Tokens {
                    input,
                    output,
                    ..Tokens::default()
                },
                ..Amount::default()
            },
            context: input,
            window,
            ..CourseStep::default()
        };
        let clock = sample::shell("/", "").clock;
        let steps = [step(60, 40, Some(100)), step(10, 0, None)];
        let drawn = course(&steps, "/session/x", &clock);
        let heights = |n: usize| -> Vec<&str> {
            drawn.steps[n]
                .parts
                .iter()
                .map(|part| &*part.height)
                .collect()
        };
        assert_eq!(heights(0), ["60.0", "40.0"]);
        assert_eq!(drawn.steps[0].parts[1].y, "0.0");
        assert_eq!(heights(1), ["10.0"]);
        assert_eq!(drawn.steps[0].fill.as_ref().unwrap().height, "60.0");
        assert!(drawn.steps[1].fill.is_none(), "no window, no share of it");
        assert_eq!(drawn.greatest, "60 of 100 tokens, 60%");
    }

    #[test]
    fn nothing_used_is_nothing_drawn() {
        let clock = sample::shell("/", "").clock;
        assert!(course(&[], "/session/x", &clock).steps.is_empty());
    }
}
