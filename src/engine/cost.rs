//! Day rows to tokens and money.

use super::view::{Amount, CostView};
use crate::model::{CostMode, CostParts, Day, DayStats, Response, Tokens, UsageBucket};
use crate::pricing::{Asked, Exact, Prices};
use crate::rollup::LocalDays;
use crate::rollup::usage::BucketKey;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What one session used in all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct SessionUsage {
    pub tokens: Tokens,
    pub cost: CostView,
}

/// Prices buckets and responses at their own local hour.
pub(super) struct Pricer {
    zone: jiff::tz::TimeZone,
    prices: Arc<Prices>,
    mode: CostMode,
    day: Day,
    /// Local midnight of `day`, ms since the epoch.
    midnight: i64,
    /// `day` has 24 hours.
    even: bool,
    clock: LocalDays,
}

impl Pricer {
    /// The table's prices alone.
    pub fn new(zone: jiff::tz::TimeZone) -> Pricer {
        Pricer::with(zone, Arc::default(), CostMode::Auto)
    }

    pub fn with(zone: jiff::tz::TimeZone, prices: Arc<Prices>, mode: CostMode) -> Pricer {
        let mut pricer = Pricer {
            clock: LocalDays::new(zone.clone()),
            zone,
            prices,
            mode,
            day: Day(i32::MIN),
            midnight: 0,
            even: true,
        };
        pricer.at(Day(0), 0);
        pricer
    }

    /// Start of a local day, ms since the epoch.
    pub fn midnight_of(&self, day: Day) -> i64 {
        let midnight = day.date().to_zoned(self.zone.clone());
        midnight.map_or(i64::from(day.0) * 86_400_000, |at| {
            at.timestamp().as_millisecond()
        })
    }

    /// Start of a local hour, ms since the epoch. On the days when the clock changes, an hour that
    /// comes twice is its first, and one that is skipped is the one after it.
    pub fn at(&mut self, day: Day, hour: u8) -> i64 {
        if day != self.day {
            self.midnight = self.midnight_of(day);
            self.even =
                self.midnight_of(Day(day.0.saturating_add(1))) - self.midnight == 86_400_000;
            self.day = day;
        }
        if self.even {
            return self.midnight + i64::from(hour) * 3_600_000;
        }
        let hour = i8::try_from(hour).unwrap_or(0);
        let local = day.date().at(hour, 0, 0, 0).to_zoned(self.zone.clone());
        local.map_or(self.midnight, |at| at.timestamp().as_millisecond())
    }

    /// Money for one bucket. A cost that the agent recorded stands under `other` where it counts;
    /// responses with neither price nor recorded cost are unpriced.
    pub fn amount(&mut self, day: Day, bucket: &UsageBucket) -> Amount {
        let at = self.at(day, bucket.hour);
        let exact = self.computed(&asked(bucket, at), &bucket.tokens);
        let (parts, unpriced) = match exact {
            Some(exact) => (exact.rounded(), 0),
            None => self.recorded(bucket.recorded_cost, bucket.recorded, bucket.responses),
        };
        Amount {
            tokens: bucket.tokens,
            responses: u64::from(bucket.responses),
            unpriced_responses: u64::from(unpriced),
            estimated_responses: u64::from(if bucket.estimated {
                bucket.responses
            } else {
                0
            }),
            cost: parts.total(),
            parts,
            recorded_cost: bucket.recorded_cost,
            recorded_responses: u64::from(bucket.recorded),
        }
    }

    /// `None` where the price table is not to be asked, or has no answer.
    fn computed(&self, asked: &Asked<'_>, tokens: &Tokens) -> Option<Exact> {
        match self.mode {
            CostMode::Recorded => None,
            CostMode::Auto | CostMode::Calculate => self.prices.exact(asked, tokens),
        }
    }

    /// What counts without a computed cost: money, and how many responses are left without.
    fn recorded(&self, cost: i64, recorded: u32, responses: u32) -> (CostParts, u32) {
        match self.mode {
            CostMode::Calculate => (CostParts::default(), responses),
            CostMode::Auto | CostMode::Recorded => {
                let parts = CostParts {
                    other: cost,
                    ..CostParts::default()
                };
                (parts, responses.saturating_sub(recorded))
            }
        }
    }

    /// Money for each response of one day. Of those that fall into one bucket it adds up to the bucket's
    /// to the micro-dollar, so that everything told of responses adds up to what is told of buckets.
    pub fn responses(&mut self, day: Day, responses: &[Response]) -> Vec<Amount> {
        let mut clock = self.clock.clone();
        let mut sums: HashMap<BucketKey<'_>, Exact> = HashMap::new();
        let mut amounts = Vec::with_capacity(responses.len());
        for response in responses {
            let key = BucketKey::of(response, &mut clock);
            let asked = Asked {
                model: key.model,
                at_ms: self.at(day, key.hour),
                tier: key.tier,
                prompt_class: key.prompt_class,
                us_region: key.us_region,
            };
            let (parts, unpriced) = match self.computed(&asked, &response.tokens) {
                Some(exact) => {
                    let sum = sums.entry(key).or_default();
                    let before = sum.rounded();
                    *sum += exact;
                    (difference(sum.rounded(), before), 0)
                }
                None => {
                    let cost = response.recorded_cost;
                    self.recorded(cost.unwrap_or(0), u32::from(cost.is_some()), 1)
                }
            };
            amounts.push(Amount {
                tokens: response.tokens,
                responses: 1,
                unpriced_responses: u64::from(unpriced),
                estimated_responses: u64::from(response.estimated),
                cost: parts.total(),
                parts,
                recorded_cost: response.recorded_cost.unwrap_or(0),
                recorded_responses: u64::from(response.recorded_cost.is_some()),
            });
        }
        self.clock = clock;
        amounts
    }

    /// Micro-dollars that cache reads of this bucket saved.
    pub fn saved(&mut self, day: Day, bucket: &UsageBucket) -> i64 {
        let at = self.at(day, bucket.hour);
        self.prices.cache_saving(&asked(bucket, at), &bucket.tokens)
    }

    pub fn session<'d>(
        &mut self,
        days: impl IntoIterator<Item = (Day, &'d DayStats)>,
        assistant_messages: u32,
    ) -> SessionUsage {
        let mut sum = Amount::default();
        for (day, stats) in days {
            for bucket in &stats.usage {
                sum += &self.amount(day, bucket);
            }
        }
        usage(&sum, assistant_messages)
    }

    /// By model, costliest first.
    pub fn by_model<'d>(
        &mut self,
        days: impl IntoIterator<Item = (Day, &'d DayStats)>,
    ) -> Vec<(String, Tokens, CostView)> {
        let mut models: BTreeMap<&str, Amount> = BTreeMap::new();
        for (day, stats) in days {
            for bucket in &stats.usage {
                *models.entry(&bucket.model).or_default() += &self.amount(day, bucket);
            }
        }
        let mut list: Vec<_> = models
            .into_iter()
            .map(|(model, sum)| (model.to_owned(), sum.tokens, cost_view(&sum)))
            .collect();
        list.sort_by_key(|(_, tokens, cost)| std::cmp::Reverse((cost.micros, tokens.total())));
        list
    }
}

fn asked(bucket: &UsageBucket, at_ms: i64) -> Asked<'_> {
    Asked {
        model: &bucket.model,
        at_ms,
        tier: bucket.tier,
        prompt_class: bucket.prompt_class,
        us_region: bucket.us_region,
    }
}

fn difference(a: CostParts, b: CostParts) -> CostParts {
    CostParts {
        input: a.input - b.input,
        output: a.output - b.output,
        cache_read: a.cache_read - b.cache_read,
        cache_write: a.cache_write - b.cache_write,
        other: a.other - b.other,
    }
}

/// `amount` in `count` parts that add up to it.
pub(super) fn even_shares(amount: &Amount, count: u64) -> impl Iterator<Item = Amount> + '_ {
    let upto = move |place: u64| {
        let of = |value: u64| (u128::from(value) * u128::from(place) / u128::from(count)) as u64;
        let money = |value: i64| (i128::from(value) * i128::from(place) / i128::from(count)) as i64;
        let (t, p) = (&amount.tokens, &amount.parts);
        Amount {
            tokens: Tokens {
                input: of(t.input),
                cache_read: of(t.cache_read),
                cache_write_5m: of(t.cache_write_5m),
                cache_write_1h: of(t.cache_write_1h),
                output: of(t.output),
                reasoning: of(t.reasoning),
                web_searches: of(t.web_searches),
            },
            responses: of(amount.responses),
            unpriced_responses: of(amount.unpriced_responses),
            estimated_responses: of(amount.estimated_responses),
            recorded_cost: money(amount.recorded_cost),
            recorded_responses: of(amount.recorded_responses),
            cost: 0,
            parts: CostParts {
                input: money(p.input),
                output: money(p.output),
                cache_read: money(p.cache_read),
                cache_write: money(p.cache_write),
                other: money(p.other),
            },
        }
    };
    (0..count).map(move |place| {
        let (from, to) = (upto(place), upto(place + 1));
        let (f, t) = (&from.tokens, &to.tokens);
        let parts = difference(to.parts, from.parts);
        Amount {
            tokens: Tokens {
                input: t.input - f.input,
                cache_read: t.cache_read - f.cache_read,
                cache_write_5m: t.cache_write_5m - f.cache_write_5m,
                cache_write_1h: t.cache_write_1h - f.cache_write_1h,
                output: t.output - f.output,
                reasoning: t.reasoning - f.reasoning,
                web_searches: t.web_searches - f.web_searches,
            },
            responses: to.responses - from.responses,
            unpriced_responses: to.unpriced_responses - from.unpriced_responses,
            estimated_responses: to.estimated_responses - from.estimated_responses,
            recorded_cost: to.recorded_cost - from.recorded_cost,
            recorded_responses: to.recorded_responses - from.recorded_responses,
            cost: parts.total(),
            parts,
        }
    })
}

fn usage(sum: &Amount, assistant_messages: u32) -> SessionUsage {
    SessionUsage {
        tokens: sum.tokens,
        cost: CostView {
            unrecorded: sum.responses == 0 && assistant_messages > 0,
            ..cost_view(sum)
        },
    }
}

pub(super) fn cost_view(sum: &Amount) -> CostView {
    CostView {
        micros: sum.cost,
        parts: sum.parts,
        responses: u32::try_from(sum.responses).unwrap_or(u32::MAX),
        unpriced: u32::try_from(sum.unpriced_responses).unwrap_or(u32::MAX),
        estimated: u32::try_from(sum.estimated_responses).unwrap_or(u32::MAX),
        recorded_micros: sum.recorded_cost,
        recorded: u32::try_from(sum.recorded_responses).unwrap_or(u32::MAX),
        unrecorded: false,
    }
}

impl Amount {
    /// Takes back what was added before.
    pub(super) fn retract(&mut self, other: &Amount) {
        self.tokens -= other.tokens;
        self.parts -= other.parts;
        self.responses -= other.responses;
        self.unpriced_responses -= other.unpriced_responses;
        self.estimated_responses -= other.estimated_responses;
        self.recorded_cost -= other.recorded_cost;
        self.recorded_responses -= other.recorded_responses;
        self.cost -= other.cost;
    }
}

impl std::ops::AddAssign<&Amount> for Amount {
    fn add_assign(&mut self, other: &Amount) {
        self.tokens += other.tokens;
        self.responses += other.responses;
        self.unpriced_responses += other.unpriced_responses;
        self.estimated_responses += other.estimated_responses;
        self.recorded_cost += other.recorded_cost;
        self.recorded_responses += other.recorded_responses;
        self.cost += other.cost;
        self.parts += other.parts;
    }
}

impl std::ops::AddAssign<&CostView> for CostView {
    fn add_assign(&mut self, other: &CostView) {
        self.micros += other.micros;
        self.parts += other.parts;
        self.responses = self.responses.saturating_add(other.responses);
        self.unpriced = self.unpriced.saturating_add(other.unpriced);
        self.estimated = self.estimated.saturating_add(other.estimated);
        self.recorded_micros += other.recorded_micros;
        self.recorded = self.recorded.saturating_add(other.recorded);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(model: &str, hour: u8, input: u64) -> UsageBucket {
        UsageBucket {
            hour,
            model: model.into(),
            responses: 1,
            tokens: Tokens {
                input,
                ..Tokens::default()
            },
            ..UsageBucket::default()
        }
    }

    #[test]
    fn a_price_change_holds_from_its_moment_not_from_local_midnight() {
        // the table's change comes at 2026-03-13T00:00Z, which is 20:00 of the day before here
        let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(-4));
        let mut pricer = Pricer::new(zone);
        let day = Day::parse("2026-03-12").unwrap();
        let long = |hour| UsageBucket {
            prompt_class: 9,
            ..bucket("claude-opus-4-6", hour, 1_000_000)
        };
        assert_eq!(pricer.amount(day, &long(19)).cost, 10_000_000);
        assert_eq!(pricer.amount(day, &long(20)).cost, 5_000_000);
    }

    #[test]
    fn responses_add_up_to_their_buckets_and_shares_to_their_response() {
        let mut pricer = Pricer::new(jiff::tz::TimeZone::UTC);
        let day = Day(20_700);
        let mut responses: Vec<Response> = (0..40)
            .map(|n| Response {
                at: pricer.midnight_of(day) + i64::from(n) * 700_000,
                key: n as u64,
                model: ["claude-3-haiku", "gpt-5-codex", "nobody-knows-it"][n as usize % 3].into(),
                recorded_cost: (n % 5 == 0).then_some(11),
                tokens: Tokens {
                    input: 3,
                    cache_read: 1 + n as u64,
                    output: 1,
                    ..Tokens::default()
                },
                ..Response::default()
            })
            .collect();
        responses.sort_unstable();
        let mut clock = LocalDays::new(jiff::tz::TimeZone::UTC);
        let mut of_buckets = Amount::default();
        for bucket in crate::rollup::usage::buckets(&responses, &mut clock) {
            of_buckets += &pricer.amount(day, &bucket);
        }
        let (mut of_responses, mut of_shares) = (Amount::default(), Amount::default());
        for amount in pricer.responses(day, &responses) {
            of_responses += &amount;
            even_shares(&amount, 3).for_each(|share| of_shares += &share);
        }
        assert!(of_buckets.cost > 0 && of_buckets.unpriced_responses > 0);
        assert_eq!(of_responses, of_buckets);
        assert_eq!(of_shares, of_buckets);
    }

    #[test]
    fn what_has_no_price_is_said_and_recorded_money_counts() {
        let mut pricer = Pricer::new(jiff::tz::TimeZone::UTC);
        let recorded = UsageBucket {
            responses: 3,
            recorded: 2,
            recorded_cost: 700,
            ..bucket("home-grown", 1, 50)
        };
        let day = DayStats {
            usage: vec![recorded, bucket("claude-opus-4-8", 2, 1_000)],
            ..DayStats::default()
        };
        let used = pricer.session([(Day(20_000), &day)], 4);
        assert_eq!(used.cost.micros, 5_700);
        assert_eq!((used.cost.responses, used.cost.unpriced), (4, 1));
        assert!(!used.cost.unrecorded);
        let models = pricer.by_model([(Day(20_000), &day)]);
        assert_eq!(models[0].0, "claude-opus-4-8");
        assert_eq!(models[1].2.micros, 700);
    }

    #[test]
    fn answers_without_any_usage_are_unrecorded() {
        let mut pricer = Pricer::new(jiff::tz::TimeZone::UTC);
        assert!(pricer.session([], 1).cost.unrecorded);
        assert!(!pricer.session([], 0).cost.unrecorded);
    }
}
