//! Shares of one whole: kinds of tokens, tenths of a context window.

use super::FULL;
use crate::engine::view::{Amount, ContextUse};

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
        ("Searches and other", "other", parts.other, 0),
    ]
    .into_iter()
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

/// How many responses found their context how full.
#[derive(Default)]
pub struct Tenths {
    pub columns: Vec<Tenth>,
}

pub struct Tenth {
    pub x: usize,
    pub y: String,
    pub height: String,
    pub label: String,
    pub responses: u64,
    pub percent: String,
}

pub fn tenths(context: &ContextUse) -> Tenths {
    let greatest = context.tenths.iter().copied().max().unwrap_or(0).max(1) as f64;
    let all = context.responses.max(1) as f64;
    let column = |(at, responses): (usize, &u64)| {
        let height = match responses {
            0 => 0.0,
            // a few full contexts must stay visible beside thousands of fresh ones
            some => (*some as f64 / greatest * FULL).max(1.5),
        };
        Tenth {
            x: at * 10,
            y: format!("{:.2}", FULL - height),
            height: format!("{height:.2}"),
            label: format!("{} to {}%", at * 10, at * 10 + 10),
            responses: *responses,
            percent: format!("{:.1}%", *responses as f64 / all * 100.0),
        }
    };
    Tenths {
        columns: context.tenths.iter().enumerate().map(column).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
