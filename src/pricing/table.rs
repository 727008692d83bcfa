//! Looking up rates in the bundled table, each model and day once.

use super::name::{Reference, references};
use crate::model::Tier;
use crate::model::daily::PROMPT_CLASSES;
use genai_prices::{Calculator, PriceRequest, Usage, UsageKey};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, RwLock};
use std::time::{Duration, UNIX_EPOCH};

/// Pico-dollars per token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rates {
    pub input: u64,
    pub output: u64,
    pub cache_read: u64,
    pub cache_write: u64,
    /// Twice the base input, whatever the table lists (accounting rule).
    pub cache_write_1h: u64,
}

impl Rates {
    /// Prompt-side rates times `input / input_by`, output times `output / output_by`.
    pub fn scaled(self, input: u64, input_by: u64, output: u64, output_by: u64) -> Rates {
        let scale = |rate: u64, times: u64, by: u64| (rate * times + by / 2) / by;
        Rates {
            input: scale(self.input, input, input_by),
            output: scale(self.output, output, output_by),
            cache_read: scale(self.cache_read, input, input_by),
            cache_write: scale(self.cache_write, input, input_by),
            cache_write_1h: scale(self.cache_write_1h, input, input_by),
        }
    }
}

const DAY_MS: i64 = 86_400_000;
const HALF_HOUR_MS: i64 = 1_800_000;
/// From this moment on (2026-10-14) the table's tier rates are verified; it holds none for before.
const TIERS_SINCE: i64 = 1_791_936_000_000;
/// Foreign names and days are unbounded, what we remember of them is not.
const REMEMBERED: usize = 65_536;

/// A model of the table, found under some spelling.
pub(super) struct Entry {
    reference: Reference,
    provider: String,
    model: String,
    window: Option<u64>,
    /// The price depends on the time of day.
    hourly: bool,
    seen: RwLock<HashMap<(i64, Tier, u8), Rates>>,
}

type Found = Option<Arc<Entry>>;

static FOUND: LazyLock<RwLock<HashMap<String, Found>>> = LazyLock::new(Default::default);

pub(super) fn warm() {
    let _ = Calculator::bundled();
}

/// The model behind a name; `None` when the table does not hold it.
pub(super) fn entry(name: &str) -> Found {
    if let Some(found) = FOUND.read().expect("no panic while held").get(name) {
        return found.clone();
    }
    let found = references(name).into_iter().find_map(Entry::find);
    let found = found.map(Arc::new);
    let mut all = FOUND.write().expect("no panic while held");
    if all.len() >= REMEMBERED {
        all.clear();
    }
    all.entry(name.to_owned()).or_insert(found).clone()
}

impl Entry {
    fn find(reference: Reference) -> Option<Entry> {
        let usage = prompt_of(1_000.0, None);
        let asked = request(&reference, &usage, 0);
        let answer = Calculator::bundled().calculate(&asked).ok()?;
        let mut entry = Entry {
            reference,
            window: window(&answer.provider_id, &answer.model_id),
            provider: answer.provider_id,
            model: answer.model_id,
            hourly: false,
            seen: RwLock::default(),
        };
        entry.hourly = [0, TIERS_SINCE].into_iter().any(|day| {
            let at = |slot: i64| entry.derive(day + slot * HALF_HOUR_MS, Tier::Standard, 0);
            (1..48).any(|slot| at(slot) != at(0))
        });
        Some(entry)
    }

    pub fn provider(&self) -> &str {
        &self.provider
    }

    pub fn model(&self) -> &str {
        &self.model
    }

    pub fn context_window(&self) -> Option<u64> {
        self.window
    }

    /// Listed rates of a moment.
    pub fn rates(&self, at_ms: i64, tier: Tier, prompt_class: u8) -> Rates {
        let step = if self.hourly { HALF_HOUR_MS } else { DAY_MS };
        let slot = at_ms.div_euclid(step);
        let key = (slot, tier, prompt_class);
        if let Some(rates) = self.seen.read().expect("no panic while held").get(&key) {
            return *rates;
        }
        let rates = self.at_tier(slot * step, tier, prompt_class);
        let mut seen = self.seen.write().expect("no panic while held");
        if seen.len() >= REMEMBERED {
            seen.clear();
        }
        seen.insert(key, rates);
        rates
    }

    /// Tiers were sold before the table's date for them: the day's price at the tier's ratio.
    fn at_tier(&self, at_ms: i64, tier: Tier, prompt_class: u8) -> Rates {
        if tier == Tier::Standard || at_ms >= TIERS_SINCE {
            return self.derive(at_ms, tier, prompt_class);
        }
        let then = self.derive(at_ms, Tier::Standard, prompt_class);
        let base = self.derive(TIERS_SINCE, Tier::Standard, prompt_class);
        let tiered = self.derive(TIERS_SINCE, tier, prompt_class);
        let ratio = |now: u64, tiered: u64, base: u64| match base {
            0 => now,
            _ => (u128::from(now) * u128::from(tiered) / u128::from(base)) as u64,
        };
        Rates {
            input: ratio(then.input, tiered.input, base.input),
            output: ratio(then.output, tiered.output, base.output),
            cache_read: ratio(then.cache_read, tiered.cache_read, base.cache_read),
            cache_write: ratio(then.cache_write, tiered.cache_write, base.cache_write),
            cache_write_1h: ratio(
                then.cache_write_1h,
                tiered.cache_write_1h,
                base.cache_write_1h,
            ),
        }
    }

    /// Asks the table what a prompt of this class costs as fresh, as read and as written input;
    /// a rate that it does not list is that of fresh input.
    fn derive(&self, at_ms: i64, tier: Tier, prompt_class: u8) -> Rates {
        let prompt = typical(prompt_class);
        let ask = |cached: Option<UsageKey>| {
            let usage = prompt_of(prompt, cached);
            let mut asked = request(&self.reference, &usage, at_ms);
            if let Some((key, value)) = context(tier) {
                asked = asked.with_price_context(key, value);
            }
            let answer = Calculator::bundled()
                .calculate(&asked)
                .expect("the same reference was found before");
            (
                pico(answer.input_price, prompt),
                pico(answer.output_price, OUTPUT),
            )
        };
        let (input, output) = ask(None);
        let (cache_read, _) = ask(Some(UsageKey::CACHE_READ_TOKENS));
        let (cache_write, _) = ask(Some(UsageKey::CACHE_WRITE_TOKENS));
        Rates {
            input,
            output,
            cache_read,
            cache_write,
            cache_write_1h: 2 * input,
        }
    }
}

fn window(provider: &str, model: &str) -> Option<u64> {
    let all = Calculator::bundled();
    let provider = all.find_provider(Some(provider), None).ok()??;
    let model = provider.models().find(|known| known.id() == model)?;
    model.context_window()
}

const OUTPUT: f64 = 1_000_000.0;

fn prompt_of(prompt: f64, cached: Option<UsageKey>) -> Usage {
    let mut usage = Usage::from([
        (UsageKey::INPUT_TOKENS, prompt),
        (UsageKey::OUTPUT_TOKENS, OUTPUT),
    ]);
    if let Some(key) = cached {
        usage.insert(key, prompt);
    }
    usage
}

fn request<'a>(reference: &'a Reference, usage: &'a Usage, at_ms: i64) -> PriceRequest<'a> {
    let since = Duration::from_millis(u64::try_from(at_ms).unwrap_or(0));
    let asked = PriceRequest::new(&reference.model, usage).with_timestamp(UNIX_EPOCH + since);
    match &reference.provider {
        Some(provider) => asked.with_provider_id(provider),
        None => asked,
    }
}

fn context(tier: Tier) -> Option<(&'static str, &'static str)> {
    match tier {
        Tier::Standard => None,
        Tier::Fast => Some(("service_tier", "fast")),
        Tier::Priority => Some(("service_tier", "priority")),
        Tier::Flex => Some(("service_tier", "flex")),
        Tier::Batch => Some(("processing", "batch")),
    }
}

/// A prompt of this class: its bound, which still belongs to it.
fn typical(prompt_class: u8) -> f64 {
    match PROMPT_CLASSES.get(usize::from(prompt_class)) {
        Some(bound) => *bound as f64,
        None => 1_000_000.0,
    }
}

/// Dollars for `count` tokens as pico-dollars per token.
fn pico(dollars: f64, count: f64) -> u64 {
    (dollars / count * 1e12).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOV_2026: i64 = 1_795_220_910_461;

    fn found(name: &str) -> String {
        match entry(name) {
            Some(entry) => format!("{}/{}", entry.provider, entry.model),
            None => "-".into(),
        }
    }

    #[test]
    fn spellings_of_one_model() {
        for (name, want) in [
            ("claude-opus-4-5-20251101", "anthropic/claude-opus-4-5"),
            ("claude-opus-4.8", "anthropic/claude-opus-4-8"),
            ("anthropic/claude-opus-4.8", "anthropic/claude-opus-4-8"),
            ("claude-opus-4-6[1m]", "anthropic/claude-opus-4-6"),
            ("claude-fable-5@20260801", "anthropic/claude-fable-5"),
            ("claude-sonnet-4@20250514", "anthropic/claude-sonnet-4-0"),
            (
                "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
                "aws/regional.anthropic.claude-sonnet-4-5-20250929-v1:0",
            ),
            (
                "arn:aws:bedrock:us-east-1:1:inference-profile/global.anthropic.claude-opus-4-6-v1",
                "aws/global.anthropic.claude-opus-4-6-v1:0",
            ),
            (
                "xx.anthropic.claude-opus-5-5-20260901-v1:0",
                "anthropic/claude-opus-5-5",
            ),
            ("gpt-5-codex", "openai/gpt-5"),
            ("openai/gpt-5-codex", "openai/gpt-5"),
            ("GPT-5.5-2031-01-01", "openai/gpt-5.5"),
            ("codex-mini-latest", "openai/codex-mini"),
            ("models/gemini-2.5-pro", "google/gemini-2.5-pro"),
            ("openrouter/qwen/qwen3-coder", "openrouter/qwen/qwen3-coder"),
            ("qwen3-coder", "-"),
            ("claude-opus-99", "-"),
            ("", "-"),
        ] {
            assert_eq!(found(name), want, "{name}");
        }
    }

    #[test]
    fn hours_matter_where_the_table_says_so() {
        assert!(entry("deepseek-v4-pro").unwrap().hourly);
        assert!(!entry("gpt-5").unwrap().hourly);
        // 01:00-04:00 UTC is dear
        let model = entry("deepseek-v4-pro").unwrap();
        let midnight = NOV_2026.div_euclid(DAY_MS) * DAY_MS;
        let at = |hour: i64| model.rates(midnight + hour * 3_600_000, Tier::Standard, 0);
        assert_ne!(at(2), at(12));
        assert_eq!(at(12), at(13));
    }

    /// Within a class every prompt must cost the same per token, for every model there is: then
    /// tokens may be added up by class before they are priced.
    #[test]
    fn thresholds_are_bounds_of_the_prompt_classes() {
        let calculator = Calculator::bundled();
        let mut asked = 0;
        for provider in calculator.providers() {
            for model in provider.models() {
                let reference = Reference {
                    provider: Some(provider.id().to_owned()),
                    model: model.id().to_owned(),
                };
                for (class, at_ms) in (0..=PROMPT_CLASSES.len())
                    .flat_map(|class| [(class, 1_767_225_600_000), (class, NOV_2026)])
                {
                    let below = class.checked_sub(1).map_or(0, |i| PROMPT_CLASSES[i]);
                    let bound = PROMPT_CLASSES.get(class).copied().unwrap_or(4_000_000);
                    let rate = |prompt: u64| {
                        let usage = prompt_of(prompt as f64, None);
                        let answer = calculator
                            .calculate(&request(&reference, &usage, at_ms))
                            .ok()?;
                        Some((
                            pico(answer.input_price, prompt as f64),
                            pico(answer.output_price, OUTPUT),
                        ))
                    };
                    let Some(low) = rate(below + 1) else { continue };
                    asked += 1;
                    for prompt in [below + (bound - below) / 2 + 1, bound.max(below + 1)] {
                        assert_eq!(Some(low), rate(prompt), "{reference:?} at {prompt}");
                    }
                }
            }
        }
        assert!(asked > 10_000, "the table answered {asked} questions only");
    }
}
