//! What vendors charge that the price table does not say, as data.

use super::table::Rates;
use crate::model::Tier;
use crate::model::daily::PROMPT_CLASSES;

/// Pico-dollars for one web search: $10 per 1,000.
pub(super) const WEB_SEARCH: u64 = 10_000_000_000;

const VENDOR: &str = "anthropic";

/// Fast mode multiplies every token rate, cache included. Ends of the table's model ids.
const FAST: &[(&str, u64)] = &[
    ("opus-4-6", 6),
    ("opus-4-7", 6),
    ("opus-4-8", 2),
    ("opus-5", 2),
    ("opus-5-5", 2),
];

/// Models from before Opus 4.6: no surcharge for the US region.
const WITHOUT_REGION: &[&str] = &["-2", "-v1", "-3-", "-4-0", "-4-1", "-4-5"];

/// Long-context beta that the table has forgotten: (id end, bound, input x/10, output x/10).
const LONG: &[(&str, u64, u64, u64)] = &[("sonnet-4-0", 200_000, 20, 15)];

/// Listed rates with the vendor's multipliers.
pub(super) fn adjust(
    provider: &str,
    model: &str,
    listed: Rates,
    tier: Tier,
    prompt_class: u8,
    us_region: bool,
) -> Rates {
    let mut rates = listed;
    if provider != VENDOR {
        return rates;
    }
    for (end, bound, input, output) in LONG {
        let over = PROMPT_CLASSES
            .iter()
            .position(|b| b == bound)
            .is_some_and(|class| usize::from(prompt_class) > class);
        if over && model.ends_with(end) {
            rates = rates.scaled(*input, 10, *output, 10);
        }
    }
    if tier == Tier::Fast
        && let Some((_, times)) = FAST.iter().find(|(end, _)| model.ends_with(end))
    {
        rates = rates.scaled(*times, 1, *times, 1);
    }
    if us_region && !is_older(model) {
        rates = rates.scaled(11, 10, 11, 10);
    }
    rates
}

fn is_older(model: &str) -> bool {
    WITHOUT_REGION.iter().any(|mark| match mark.ends_with('-') {
        true => model.contains(mark),
        false => model.ends_with(mark),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_are_told_apart() {
        for old in [
            "claude-2",
            "claude-v1",
            "claude-3-7-sonnet-latest",
            "claude-opus-4-0",
            "claude-opus-4-5",
            "claude-haiku-4-5",
        ] {
            assert!(is_older(old), "{old}");
        }
        for new in [
            "claude-opus-4-6",
            "claude-sonnet-4-6",
            "claude-opus-5",
            "claude-opus-5-5",
            "claude-fable-5-1",
        ] {
            assert!(!is_older(new), "{new}");
        }
    }
}
