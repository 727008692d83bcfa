//! Numbers as people read them. Templates call these; handlers never format.

use crate::engine::view::{Amount, CostView};

/// Whole numbers of any width, by value or by reference.
pub trait Whole {
    fn whole(&self) -> u64;
}

macro_rules! whole {
    ($($kind:ty),*) => { $(impl Whole for $kind {
        fn whole(&self) -> u64 { *self as u64 }
    })* };
}
whole!(u8, u16, u32, u64, usize);

impl<T: Whole + ?Sized> Whole for &T {
    fn whole(&self) -> u64 {
        (**self).whole()
    }
}

/// `1234567` as `1,234,567`.
#[askama::filter_fn]
pub fn count(n: impl Whole, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(grouped(n.whole()))
}

/// `1234567` as `1.2M`.
#[askama::filter_fn]
pub fn short(n: impl Whole, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(shortened(n.whole()))
}

/// Bytes as `1.2 MB` (powers of 1000).
#[askama::filter_fn]
pub fn bytes(n: impl Whole, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(sized(n.whole()))
}

/// Micro-dollars as `$1.23`.
#[askama::filter_fn]
pub fn money(micros: &i64, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(dollars(*micros))
}

/// What a session cost, in a word or two.
#[askama::filter_fn]
pub fn cost(cost: &CostView, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(priced(cost))
}

/// The same with what is not known about it, for a title.
#[askama::filter_fn]
pub fn cost_note(cost: &CostView, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(price_note(cost))
}

/// What some responses cost, in a word.
#[askama::filter_fn]
pub fn spent(amount: &Amount, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(match amount {
        amount if amount.responses == 0 => String::new(),
        amount if amount.unpriced_responses == amount.responses => "unpriced".into(),
        amount if amount.unpriced_responses > 0 => format!("{}+", dollars(amount.cost)),
        amount => dollars(amount.cost),
    })
}

/// `s` unless there is exactly one.
#[askama::filter_fn]
pub fn s(n: impl Whole, _: &dyn askama::Values) -> askama::Result<&'static str> {
    Ok(if n.whole() == 1 { "" } else { "s" })
}

/// `1 session`, `2 sessions`.
pub fn counted(n: u64, one: &str) -> String {
    format!("{} {one}{}", grouped(n), if n == 1 { "" } else { "s" })
}

pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub fn shortened(n: u64) -> String {
    scaled(n, &["", "k", "M", "B", "T"], "")
}

pub fn sized(n: u64) -> String {
    scaled(n, &["B", "kB", "MB", "GB", "TB"], " ")
}

/// Three significant digits at most, never rounded up to four.
fn scaled(n: u64, units: &[&str], gap: &str) -> String {
    let mut value = n as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && value < 9.95);
    format!("{value:.digits$}{gap}{}", units[unit])
}

pub fn dollars(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    match micros {
        0 => "$0".into(),
        1..5_000 => format!("{sign}<$0.01"),
        5_000..1_000_000_000 => {
            let cents = (micros + 5_000) / 10_000;
            format!("{sign}${}.{:02}", grouped(cents / 100), cents % 100)
        }
        _ => format!("{sign}${}", grouped((micros + 500_000) / 1_000_000)),
    }
}

pub fn priced(cost: &CostView) -> String {
    if cost.responses == 0 && cost.unrecorded {
        "no token data".into()
    } else if cost.responses == 0 {
        "no cost".into()
    } else if cost.unpriced >= cost.responses {
        "unpriced".into()
    } else if cost.unpriced > 0 {
        format!("{}+", dollars(cost.micros))
    } else {
        dollars(cost.micros)
    }
}

pub fn price_note(cost: &CostView) -> String {
    if cost.responses == 0 && cost.unrecorded {
        return "this agent records no tokens".into();
    }
    let mut note = format!(
        "input {}, output {}, cache read {}, cache write {}",
        dollars(cost.parts.input),
        dollars(cost.parts.output),
        dollars(cost.parts.cache_read),
        dollars(cost.parts.cache_write)
    );
    if cost.unpriced > 0 {
        note.push_str(&format!(
            "; {} of {} responses are of models without a known price",
            cost.unpriced, cost.responses
        ));
    }
    note
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well_at_their_edges() {
        for (n, want) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1.0k"),
            (9_949, "9.9k"),
            (9_950, "10k"),
            (999_499, "999k"),
            (999_500, "1.0M"),
            (1_234_567_890, "1.2B"),
        ] {
            assert_eq!(shortened(n), want);
        }
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(100), "100");
        assert_eq!(sized(1_500), "1.5 kB");
        assert_eq!(sized(12), "12 B");
    }

    #[test]
    fn money_is_never_rounded_to_nothing() {
        for (micros, want) in [
            (0, "$0"),
            (1, "<$0.01"),
            (4_999, "<$0.01"),
            (5_000, "$0.01"),
            (1_234_567, "$1.23"),
            (1_999_999, "$2.00"),
            (999_990_000, "$999.99"),
            (1_234_567_890, "$1,235"),
            (12_345_678_901, "$12,346"),
            (-1_500_000, "-$1.50"),
        ] {
            assert_eq!(dollars(micros), want);
        }
    }

    #[test]
    fn what_is_not_known_is_said() {
        let mut view = CostView {
            micros: 2_000_000,
            responses: 4,
            unpriced: 1,
            ..CostView::default()
        };
        assert_eq!(priced(&view), "$2.00+");
        view.unpriced = 4;
        assert_eq!(priced(&view), "unpriced");
        let none = CostView {
            unrecorded: true,
            ..CostView::default()
        };
        assert_eq!(priced(&none), "no token data");
    }
}
