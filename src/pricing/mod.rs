//! What did it cost? Tokens, model, moment and tier to money, or "not known".
//!
//! Rates come from the dated table of the `genai-prices` crate; what that table does not carry
//! (speed multipliers, the regional surcharge, tiers of a retired beta) is data in [`rules`].
//! Money is integer: rates are whole pico-dollars per token, products are exact, and each part of
//! a bucket is rounded to a micro-dollar once.

mod name;
mod rules;
mod table;

use crate::model::{Cost, CostParts, OwnPrice, Tier, Tokens};
use std::collections::HashMap;
use table::Rates;

/// Pico-dollars in a micro-dollar.
const PICO: u128 = 1_000_000;

/// What `tokens` cost that responses of one prompt class used.
///
/// `at_ms` (ms since the epoch) picks the price of that day; `prompt_class` indexes
/// [`PROMPT_CLASSES`](crate::model::daily::PROMPT_CLASSES) and picks the long-context rate, which
/// holds for the whole request. `us_region` adds the regional surcharge where the vendor has one.
///
/// A model that the table does not hold is [`Cost::Unpriced`]: never zero, never a relative's price.
pub fn price(
    model: &str,
    at_ms: i64,
    tier: Tier,
    prompt_class: u8,
    tokens: &Tokens,
    us_region: bool,
) -> Cost {
    match rates(model, at_ms, tier, prompt_class, us_region) {
        Some(rates) => Cost::Priced(rates.exact(tokens).rounded()),
        None => Cost::Unpriced,
    }
}

/// Tokens that fit into one prompt of this model, where the table says so.
pub fn context_window(model: &str) -> Option<u64> {
    table::entry(model)?.context_window()
}

/// The table with a person's own prices over it.
#[derive(Debug, Default)]
pub struct Prices {
    /// By model name in lower case.
    own: HashMap<String, Rates>,
}

/// What a price depends on besides the tokens: see [`price`].
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub model: &'a str,
    pub at_ms: i64,
    pub tier: Tier,
    pub prompt_class: u8,
    pub us_region: bool,
}

impl Prices {
    pub fn new(own: &[OwnPrice]) -> Prices {
        let rates = |price: &OwnPrice| Rates {
            input: pico(price.input),
            output: pico(price.output),
            cache_read: pico(price.cache_read.unwrap_or(price.input)),
            cache_write: pico(price.cache_write.unwrap_or(price.input)),
            cache_write_1h: pico(price.cache_write_1h.unwrap_or(2.0 * price.input)),
        };
        Prices {
            own: own
                .iter()
                .map(|price| (price.model.trim().to_lowercase(), rates(price)))
                .collect(),
        }
    }

    /// Before rounding; `None`: no price is known.
    pub fn exact(&self, asked: &Asked<'_>, tokens: &Tokens) -> Option<Exact> {
        self.rates(asked).map(|rates| rates.exact(tokens))
    }

    /// Micro-dollars that reading from the cache saved against fresh input; 0 for an unknown model.
    pub fn cache_saving(&self, asked: &Asked<'_>, tokens: &Tokens) -> i64 {
        self.rates(asked).map_or(0, |rates| {
            micros(u128::from(tokens.cache_read) * u128::from(rates.input))
                - micros(u128::from(tokens.cache_read) * u128::from(rates.cache_read))
        })
    }

    fn rates(&self, asked: &Asked<'_>) -> Option<Rates> {
        if !self.own.is_empty()
            && let Some(own) = self.own.get(&asked.model.trim().to_lowercase())
        {
            return Some(*own);
        }
        rates(
            asked.model,
            asked.at_ms,
            asked.tier,
            asked.prompt_class,
            asked.us_region,
        )
    }
}

/// Dollars for a million tokens as pico-dollars for one.
fn pico(dollars: f64) -> u64 {
    (dollars * 1e6).round() as u64
}

/// Decodes the price table, which takes tens of milliseconds: call it where nobody waits.
pub fn warm() {
    table::warm();
}

fn rates(model: &str, at_ms: i64, tier: Tier, prompt_class: u8, us_region: bool) -> Option<Rates> {
    let entry = table::entry(model)?;
    let listed = entry.rates(at_ms, tier, prompt_class);
    Some(rules::adjust(
        entry.provider(),
        entry.model(),
        listed,
        tier,
        prompt_class,
        us_region,
    ))
}

impl Rates {
    fn exact(&self, tokens: &Tokens) -> Exact {
        let times = |count: u64, rate: u64| u128::from(count) * u128::from(rate);
        Exact {
            input: times(tokens.input, self.input),
            output: times(tokens.output, self.output),
            cache_read: times(tokens.cache_read, self.cache_read),
            cache_write: times(tokens.cache_write_5m, self.cache_write)
                + times(tokens.cache_write_1h, self.cache_write_1h),
            other: times(tokens.web_searches, rules::WEB_SEARCH),
        }
    }
}

/// Money in pico-dollars, as exact as the rates are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exact {
    input: u128,
    output: u128,
    cache_read: u128,
    cache_write: u128,
    other: u128,
}

impl Exact {
    pub fn rounded(&self) -> CostParts {
        CostParts {
            input: micros(self.input),
            output: micros(self.output),
            cache_read: micros(self.cache_read),
            cache_write: micros(self.cache_write),
            other: micros(self.other),
        }
    }
}

impl std::ops::AddAssign for Exact {
    fn add_assign(&mut self, o: Exact) {
        self.input += o.input;
        self.output += o.output;
        self.cache_read += o.cache_read;
        self.cache_write += o.cache_write;
        self.other += o.other;
    }
}

/// Half up.
fn micros(pico: u128) -> i64 {
    i64::try_from((pico + PICO / 2) / PICO).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::daily::prompt_class;

    const NOV_2026: i64 = 1_795_220_910_461;

    fn at(date: &str) -> i64 {
        crate::model::time::from_text(&format!("{date}T12:00:00Z")).unwrap()
    }

    /// Prices one response, its class from its own prompt.
    fn cost(model: &str, at_ms: i64, tier: Tier, tokens: Tokens) -> i64 {
        match price(
            model,
            at_ms,
            tier,
            prompt_class(tokens.prompt()),
            &tokens,
            false,
        ) {
            Cost::Priced(parts) => parts.total(),
            Cost::Unpriced => panic!("{model} has no price"),
        }
    }

    #[test]
    fn every_part_at_its_own_rate() {
        // Opus 4.8: 5 in, 25 out, 0.5 read, 6.25 write (5 min), 10 write (1 h) $/M; 0.01 $ a search
        let tokens = Tokens {
            input: 1_000,           // x 5    =  5,000 micro-dollars
            output: 2_000,          // x 25   = 50,000
            reasoning: 1_500,       // inside output
            cache_read: 30_000,     // x 0.5  = 15,000
            cache_write_5m: 4_000,  // x 6.25 = 25,000
            cache_write_1h: 10_000, // x 10   = 100,000
            web_searches: 3,        // x 10,000
        };
        let Cost::Priced(parts) = price(
            "claude-opus-4-8",
            NOV_2026,
            Tier::Standard,
            1,
            &tokens,
            false,
        ) else {
            panic!("has a price")
        };
        assert_eq!(
            parts,
            CostParts {
                input: 5_000,
                output: 50_000,
                cache_read: 15_000,
                cache_write: 125_000,
                other: 30_000,
            }
        );
        assert_eq!(parts.total(), 225_000);
    }

    #[test]
    fn the_price_of_the_day() {
        let tokens = Tokens {
            input: 1_000_000,
            ..Tokens::default()
        };
        // one request of 1 M tokens: 2 x 5 $ above 200k until 2026-03-13, flat 5 $ since
        assert_eq!(
            cost("claude-opus-4-6", at("2026-03-12"), Tier::Standard, tokens),
            10_000_000
        );
        assert_eq!(
            cost("claude-opus-4-6", at("2026-03-13"), Tier::Standard, tokens),
            5_000_000
        );
    }

    #[test]
    fn a_long_prompt_prices_the_whole_request() {
        // 272,000 is still the short rate: 272,000 x 5 + 1,000 x 30 = 1,390,000
        let short = Tokens {
            input: 72_000,
            cache_read: 0,
            cache_write_5m: 200_000, // no write rate listed: fresh input
            output: 1_000,
            ..Tokens::default()
        };
        assert_eq!(cost("gpt-5.5", NOV_2026, Tier::Standard, short), 1_390_000);
        // one more token: 272,001 x 10 + 1,000 x 45 = 2,765,010
        let long = Tokens {
            input: 72_001,
            ..short
        };
        assert_eq!(cost("gpt-5.5", NOV_2026, Tier::Standard, long), 2_765_010);
        // Sonnet 4 beyond 200k was the same beta as 4.5: 6 in, 22.5 out
        let beta = Tokens {
            input: 200_001,
            output: 1_000,
            ..Tokens::default()
        };
        for model in ["claude-sonnet-4-20250514", "claude-sonnet-4-5"] {
            assert_eq!(
                cost(model, at("2025-10-01"), Tier::Standard, beta),
                1_222_506,
                "{model}"
            );
        }
    }

    #[test]
    fn speed_multiplies_every_token_rate() {
        let tokens = Tokens {
            input: 1_000,          // 5,000
            output: 500,           // 12,500
            cache_read: 10_000,    // 5,000
            cache_write_5m: 1_000, // 6,250
            web_searches: 1,       // 10,000, never multiplied
            ..Tokens::default()
        };
        // 28,750 at the standard price
        for (model, want) in [
            ("claude-opus-4-6", 6 * 28_750 + 10_000),
            ("claude-opus-4-7", 6 * 28_750 + 10_000),
            ("claude-opus-4-8", 2 * 28_750 + 10_000),
            ("claude-opus-5", 2 * 28_750 + 10_000),
            // 4 in, 20 out, 0.2 read, 5 write: 4,000 + 10,000 + 2,000 + 5,000 = 21,000
            ("claude-opus-5-5", 2 * 21_000 + 10_000),
            ("claude-opus-4-5", 28_750 + 10_000),
        ] {
            assert_eq!(cost(model, NOV_2026, Tier::Fast, tokens), want, "{model}");
        }
    }

    #[test]
    fn tiers_of_the_table() {
        let tokens = Tokens {
            input: 1_000,
            output: 100,
            cache_read: 8_000,
            ..Tokens::default()
        };
        // gpt-5: 1,000 x 1.25 + 100 x 10 + 8,000 x 0.125 = 3,250; priority doubles, flex halves
        let now = at("2026-11-01");
        for (tier, want) in [
            (Tier::Standard, 3_250),
            (Tier::Priority, 6_500),
            (Tier::Fast, 6_500),
            (Tier::Flex, 1_625),
            (Tier::Batch, 1_625),
        ] {
            assert_eq!(cost("gpt-5-codex", now, tier, tokens), want, "{tier:?}");
        }
        // before the tiers were verified: the same ratio to the price of the day
        assert_eq!(
            cost("gpt-5-codex", at("2026-02-01"), Tier::Priority, tokens),
            6_500
        );
    }

    #[test]
    fn the_region_costs_a_tenth_more_on_newer_models_only() {
        let tokens = Tokens {
            input: 100_000,
            ..Tokens::default()
        };
        for (model, want) in [
            ("claude-opus-4-6", 550_000),
            ("claude-sonnet-4-6", 330_000),
            ("claude-opus-4-5", 500_000),
            ("gpt-5", 125_000),
        ] {
            let class = prompt_class(tokens.prompt());
            let Cost::Priced(parts) = price(model, NOV_2026, Tier::Standard, class, &tokens, true)
            else {
                panic!("{model} has a price")
            };
            assert_eq!(parts.total(), want, "{model}");
        }
    }

    #[test]
    fn many_small_buckets_do_not_drift() {
        // 1 token of Haiku 3 read from the cache is 0.03 micro-dollars: rounded away in a bucket of
        // one, exact in a bucket of many
        let tokens = |count| Tokens {
            cache_read: count,
            ..Tokens::default()
        };
        assert_eq!(
            cost("claude-3-haiku", NOV_2026, Tier::Standard, tokens(1)),
            0
        );
        assert_eq!(
            cost("claude-3-haiku", NOV_2026, Tier::Standard, tokens(30_000)),
            900
        );
        assert_eq!(
            cost("claude-opus-4-8", NOV_2026, Tier::Standard, tokens(1)),
            1
        ); // 0.5, half up
    }

    fn asked(model: &str) -> Asked<'_> {
        Asked {
            model,
            at_ms: NOV_2026,
            tier: Tier::Standard,
            prompt_class: 9,
            us_region: false,
        }
    }

    #[test]
    fn saved_by_the_cache() {
        let tokens = Tokens {
            cache_read: 1_000_000,
            ..Tokens::default()
        };
        let prices = Prices::default();
        // 5 $ fresh, 0.5 $ read
        assert_eq!(
            prices.cache_saving(&asked("claude-opus-4-8"), &tokens),
            4_500_000
        );
        assert_eq!(prices.cache_saving(&asked("nobody-knows-it"), &tokens), 0);
    }

    #[test]
    fn a_persons_own_price_holds_whatever_the_table_says() {
        let prices = Prices::new(&[OwnPrice {
            model: "House-Model".into(),
            input: 2.0,
            output: 8.0,
            cache_read: Some(0.25),
            ..OwnPrice::default()
        }]);
        let tokens = Tokens {
            input: 1_000,          // x 2    =  2,000
            output: 100,           // x 8    =    800
            cache_read: 4_000,     // x 0.25 =  1,000
            cache_write_5m: 500,   // x 2    =  1,000
            cache_write_1h: 1_000, // x 4    =  4,000
            ..Tokens::default()
        };
        let mut asked = asked("house-model");
        asked.tier = Tier::Fast;
        let parts = prices.exact(&asked, &tokens).unwrap().rounded();
        assert_eq!(parts.total(), 8_800);
        assert_eq!(Prices::default().exact(&asked, &tokens), None);
    }

    #[test]
    fn unknown_is_never_a_number() {
        let tokens = Tokens {
            input: 10,
            ..Tokens::default()
        };
        for model in [
            "",
            "opus",
            "claude-opus-99",
            "gpt-99",
            "<synthetic>",
            "llama-at-home",
            "a/b/c",
        ] {
            assert_eq!(
                price(model, NOV_2026, Tier::Standard, 0, &tokens, false),
                Cost::Unpriced,
                "{model}"
            );
        }
    }
}
