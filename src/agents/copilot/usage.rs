//! Tokens: each run's totals at its end, each answer's output while it lasts.
//!
//! A run's totals hold what its answers told. They are split: an answer counts its output at its own
//! time, the end of the run counts the rest. A run that was killed keeps the answers' part.

use crate::agents::read::json::{Raw, fields};
use crate::agents::read::tell::{Out, count};
use crate::model::Tokens;
use serde::{Deserialize, Serialize};

/// Answers that may wait until the model is known; a tool's end tells it, mostly the first one's.
const WAITING: usize = 256;

/// What answers of this run have told.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Run {
    /// Output by model.
    told: Vec<(String, u64)>,
    /// Key, time and output of answers whose model is not known yet.
    waiting: Vec<(String, Option<i64>, u64)>,
}

fields! {
    struct Counts {
        input: "inputTokens",
        output: "outputTokens",
        read: "cacheReadTokens",
        written: "cacheWriteTokens",
        reasoning: "reasoningTokens",
    }
}

impl Run {
    pub fn answer(&mut self, key: &str, at: Option<i64>, output: u64, out: &mut Out<'_>) {
        if output > 0 && self.waiting.len() < WAITING {
            self.waiting.push((key.to_owned(), at, output));
        }
        self.tell(out);
    }

    /// Tells what waited for its model, when that is known.
    pub fn tell(&mut self, out: &mut Out<'_>) {
        let model = out.teller.told.model.clone();
        if model.is_empty() {
            return;
        }
        for (key, at, output) in self.waiting.drain(..) {
            match self.told.iter_mut().find(|(name, _)| *name == model) {
                Some((_, sum)) => *sum += output,
                None => self.told.push((model.clone(), output)),
            }
            let tokens = Tokens {
                output,
                ..Tokens::default()
            };
            out.at(at, |out| out.usage(&key, tokens, None));
        }
    }

    /// The end of a run: `metrics` is `{model: {usage: {…}}}`.
    pub fn end(&mut self, key: &str, metrics: Option<Raw<'_>>, out: &mut Out<'_>) {
        self.waiting.clear();
        let told = std::mem::take(&mut self.told);
        let named = |model: &str| told.iter().find(|(name, _)| name == model);
        let now = out.teller.told.model.clone();
        for (model, metric) in metrics.map(Raw::members).unwrap_or_default() {
            let usage = metric.get("usage").and_then(Raw::object::<Counts<'_>>);
            let counts = usage.unwrap_or_default();
            let (read, written) = (count(counts.read), count(counts.written));
            let before = named(&model).map_or(0, |(_, sum)| *sum);
            let output = count(counts.output).saturating_sub(before);
            let tokens = Tokens {
                input: count(counts.input).saturating_sub(read + written),
                cache_read: read,
                cache_write_5m: written,
                output,
                reasoning: count(counts.reasoning).min(output),
                ..Tokens::default()
            };
            // told as this model's without making it the session's current one
            out.teller.told.model = model.to_string();
            out.usage(&format!("{key}/{model}"), tokens, None);
        }
        out.teller.told.model = now;
    }
}
