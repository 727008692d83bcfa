//! What each response used.
//!
//! `token_count` carries the thread's running sum and the last response; it is written again without a
//! new response (rate limits, resume), and as an estimate after a compaction. Builds from 0.153 on write
//! one `token_usage_record` for each response, and those are used as soon as the file has one.
//!
//! In every vector `cached` and `cache_write` lie inside `input`, and `reasoning` inside `output`.

use super::parent;
use super::reader::{Out, Reader};
use super::record::{Counts, UsageRecord, filled, owned};
use crate::agents::read::json::{Raw, fields};
use crate::model::{EventKind, Tier, Tokens, UsageEvent};
use serde::{Deserialize, Serialize};

fields! {
    struct Buckets {
        input: "input_tokens",
        cached: "cached_input_tokens",
        cache_write: "cache_write_input_tokens",
        output: "output_tokens",
        reasoning: "reasoning_output_tokens",
        total: "total_tokens",
    }
}

/// One usage vector: a response's, or a running sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Vector {
    input: u64,
    cached: u64,
    cache_write: u64,
    output: u64,
    reasoning: u64,
    total: u64,
}

impl Vector {
    pub(super) fn read(raw: Raw<'_>) -> Option<Vector> {
        let buckets: Buckets = raw.object()?;
        let count = |raw: Option<Raw<'_>>| raw.and_then(Raw::int).unwrap_or(0);
        Some(Vector {
            input: count(buckets.input),
            cached: count(buckets.cached),
            cache_write: count(buckets.cache_write),
            output: count(buckets.output),
            reasoning: count(buckets.reasoning),
            total: count(buckets.total),
        })
    }

    /// Nothing but a total: an estimate of what a compacted context takes, not a response.
    fn is_estimate(&self) -> bool {
        Vector { total: 0, ..*self } == Vector::default()
    }

    /// What was added since `before`; `None` when any count went down (a reset).
    fn since(&self, before: &Vector) -> Option<Vector> {
        Some(Vector {
            input: self.input.checked_sub(before.input)?,
            cached: self.cached.checked_sub(before.cached)?,
            cache_write: self.cache_write.checked_sub(before.cache_write)?,
            output: self.output.checked_sub(before.output)?,
            reasoning: self.reasoning.checked_sub(before.reasoning)?,
            total: self.total.saturating_sub(before.total),
        })
    }

    /// Parts that are stated larger than the whole are cut to it.
    fn tokens(&self) -> Tokens {
        let cache_read = self.cached.min(self.input);
        let cache_write = self.cache_write.min(self.input - cache_read);
        Tokens {
            input: self.input - cache_read - cache_write,
            cache_read,
            cache_write_5m: cache_write,
            output: self.output,
            reasoning: self.reasoning.min(self.output),
            ..Tokens::default()
        }
    }

    fn key(&self, thread: &str) -> String {
        format!(
            "{thread}:{}/{}/{}/{}/{}/{}",
            self.input, self.cached, self.cache_write, self.output, self.reasoning, self.total
        )
    }
}

/// What must be remembered between two counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Meter {
    /// The running sum told last.
    sum: Option<Vector>,
    /// The file has `token_usage_record`s.
    exact: bool,
    pub(super) model: String,
    pub(super) tier: Tier,
    /// Responses of this turn that came before the model was told.
    nameless: Vec<Nameless>,
}

/// A response that waits for its model. It counts already; when the model is told it is told again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Nameless {
    key: String,
    used: Vector,
    at: Option<i64>,
    copy: bool,
}

/// Of one turn.
const MAX_NAMELESS: usize = 64;

/// A count that tells of a response, before it is known whose.
pub(super) struct Reading {
    /// The running sum, where it is told: what names the response.
    pub(super) sum: Option<Vector>,
    pub(super) last: Vector,
    /// The counter started with this response.
    pub(super) fresh: bool,
}

impl Meter {
    /// `None`: this count tells of no new response. `inherited`: the sum may hold another thread's.
    pub(super) fn count(&mut self, counts: &Counts<'_>, inherited: bool) -> Option<Reading> {
        let sum = counts.total.and_then(Vector::read);
        let last = counts.last.and_then(Vector::read);
        let before = self.sum;
        if let Some(sum) = sum.filter(|sum| !sum.is_estimate()) {
            self.sum = Some(sum);
        }
        if self.exact || (sum.is_some() && sum == before) {
            return None;
        }
        let used = match (last, sum) {
            (Some(last), _) => last,
            (None, Some(_)) if before.is_none() && inherited => return None,
            (None, Some(sum)) => sum.since(&before.unwrap_or_default())?,
            (None, None) => return None,
        };
        (!used.is_estimate()).then_some(Reading {
            sum,
            last: used,
            fresh: sum == Some(used),
        })
    }

    /// `thread`: whose running sum it is. `at`: names the response where no sum is told.
    pub(super) fn event(
        &self,
        reading: &Reading,
        thread: &str,
        at: Option<i64>,
        copy: bool,
    ) -> UsageEvent {
        let key = match reading.sum {
            Some(sum) => sum.key(thread),
            None => reading
                .last
                .key(&format!("{thread}:@{}", at.unwrap_or_default())),
        };
        UsageEvent {
            key,
            model: self.model.clone(),
            tier: self.tier,
            tokens: reading.last.tokens(),
            copy,
            ..UsageEvent::default()
        }
    }

    /// Notes a response whose model is not known yet.
    fn note_nameless(&mut self, event: &UsageEvent, used: Vector, at: Option<i64>) {
        if event.model.is_empty() && self.nameless.len() < MAX_NAMELESS {
            self.nameless.push(Nameless {
                key: event.key.clone(),
                used,
                at,
                copy: event.copy,
            });
        }
    }

    /// Another turn begins: what had no model until now has none.
    pub(super) fn next_turn(&mut self) {
        self.nameless.clear();
    }

    /// A record of one response. `None` without usage or name.
    pub(super) fn record(&mut self, record: &UsageRecord<'_>, copy: bool) -> Option<UsageEvent> {
        let used = record.usage.and_then(Vector::read)?;
        let key = owned(record.response_id)?;
        self.exact = true;
        (!used.is_estimate()).then(|| UsageEvent {
            key,
            model: filled(record.model).map_or_else(|| self.model.clone(), |name| name.into()),
            tier: self.tier,
            tokens: used.tokens(),
            copy,
            ..UsageEvent::default()
        })
    }
}

/// `service_tier` of `thread_settings_applied`; absent, `default` and `standard` are the same.
pub(super) fn tier(raw: Option<Raw<'_>>) -> Tier {
    match filled(raw).as_deref() {
        Some("priority") => Tier::Priority,
        Some("fast") => Tier::Fast,
        Some("flex") => Tier::Flex,
        Some("batch") => Tier::Batch,
        _ => Tier::Standard,
    }
}

impl Reader<'_> {
    pub(super) fn count(&mut self, counts: Counts<'_>, out: &mut Out<'_>) {
        self.window(counts.window, out);
        let replay = &self.state.replay;
        let inherited = replay.parent.is_some() && !replay.copying();
        if let Some(reading) = self.state.meter.count(&counts, inherited) {
            self.compare(&reading, out.at);
            let state = &self.state;
            let copy = state.replay.copying();
            let thread = match &state.replay.parent {
                Some(parent) if copy => parent,
                _ => &state.native,
            };
            let event = state.meter.event(&reading, thread, out.at, copy);
            self.state.meter.note_nameless(&event, reading.last, out.at);
            out.push(EventKind::Usage(Box::new(event)));
        }
    }

    /// The model is known: the responses before it in this turn are its own.
    pub(super) fn name_responses(&mut self, out: &mut Out<'_>) {
        let meter = &mut self.state.meter;
        if meter.model.is_empty() || meter.nameless.is_empty() {
            return;
        }
        let now = out.at;
        for response in std::mem::take(&mut meter.nameless) {
            out.at = response.at;
            out.push(EventKind::Usage(Box::new(UsageEvent {
                key: response.key,
                model: self.state.meter.model.clone(),
                tier: self.state.meter.tier,
                tokens: response.used.tokens(),
                copy: response.copy,
                ..UsageEvent::default()
            })));
        }
        out.at = now;
    }

    /// Without sure signs the parent's own sums say whether a count is copied.
    fn compare(&mut self, reading: &Reading, at: Option<i64>) {
        let replay = &mut self.state.replay;
        let (Some(met), Some(sum), true) = (replay.met, reading.sum, replay.compares()) else {
            return;
        };
        // a counter that starts with this response: equal numbers of the parent are a coincidence
        if reading.fresh && replay.untouched() {
            replay.part();
            replay.own();
            return;
        }
        let source = &self.source.path;
        let parent = replay.parent.as_deref().unwrap_or_default();
        let sums = self
            .sums
            .get_or_insert_with(|| parent::sums(source, parent));
        if sums.get(met as usize) == Some(&sum) {
            replay.met_again(at);
            return;
        }
        replay.part();
        // without the parent's sums there is only this: a counter that starts here has nothing behind it
        if !sums.is_empty() || (reading.fresh && !replay.header) {
            replay.own();
        }
    }

    pub(super) fn usage(&mut self, record: UsageRecord<'_>, out: &mut Out<'_>) {
        let copy = match filled(record.thread_id) {
            Some(thread) => thread != self.state.native,
            None => self.state.replay.copying(),
        };
        let used = record.usage.and_then(Vector::read).unwrap_or_default();
        if let Some(event) = self.state.meter.record(&record, copy) {
            self.state.meter.note_nameless(&event, used, out.at);
            out.push(EventKind::Usage(Box::new(event)));
        }
    }
}
