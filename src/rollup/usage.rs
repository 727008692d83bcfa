//! Which records tell of one model response, and whose it is (accounting.md 1.4).

use super::LocalDays;
use crate::model::{Claim, Response, Tier, Tokens, UsageBucket, daily::prompt_class};
use std::collections::BTreeMap;

/// Calls that one response is remembered with.
const MAX_TOOLS: usize = 32;

/// A response and whose it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Owned {
    /// Index into the claims handed in: the session that it counts for.
    pub owner: usize,
    pub claim: Claim,
}

/// Whether two claims with the same key are the same response.
///
/// Keys are unique with most providers. Gateways that hand out one id for everything are seen by
/// prompts that differ; partial records without counts match anything.
pub fn same_response(a: &Claim, b: &Claim) -> bool {
    let prompt = |t: &Tokens| (t.input, t.cache_read, t.cache_write());
    let (pa, pb) = (prompt(&a.tokens), prompt(&b.tokens));
    match (&a.request, &b.request) {
        (Some(x), Some(y)) if x == y => true,
        (Some(_), Some(_)) => {
            a.sidechain
                || b.sidechain
                || a.copy
                || b.copy
                || (pa == pb && a.tokens.output == b.tokens.output)
        }
        _ => pa == pb || pa == (0, 0, 0) || pb == (0, 0, 0),
    }
}

/// Joins a later report of the same response in one session into an earlier one: counts only grow.
pub fn merge(into: &mut Claim, other: &Claim) {
    into.tools.extend(other.tools.iter().cloned());
    into.tools.truncate(MAX_TOOLS);
    join(into, other);
}

/// The same for two sessions' reports: both tell of the same calls.
fn join(into: &mut Claim, other: &Claim) {
    let dated = |at: i64| if at == 0 { i64::MAX } else { at };
    into.first_at = dated(into.first_at).min(dated(other.first_at));
    if into.first_at == i64::MAX {
        into.first_at = 0;
    }
    into.last_at = into.last_at.max(other.last_at);
    into.tokens = match (into.estimated, other.estimated) {
        (true, false) => other.tokens,
        (false, true) => into.tokens,
        _ => into.tokens.max(other.tokens),
    };
    into.estimated &= other.estimated;
    into.recorded_cost = into.recorded_cost.max(other.recorded_cost);
    if into.model.is_empty() {
        into.model = other.model.clone();
    }
    if into.branch.is_empty() {
        into.branch = other.branch.clone();
    }
    if into.tools.is_empty() {
        into.tools = other.tools.clone();
    }
    if into.request.is_none() {
        into.request = other.request;
    }
    into.tier = into.tier.max(other.tier);
    into.us_region |= other.us_region;
    into.copy &= other.copy;
    into.sidechain &= other.sidechain;
}

/// All claims on one key, from all sessions, to the responses behind them. `tie` orders sessions
/// that have equal rights the same way in every run (a hash of the session key). The result does
/// not depend on the order of `claims`.
pub fn resolve(claims: &[(u64, Claim)]) -> Vec<Owned> {
    let mut order: Vec<usize> = (0..claims.len()).collect();
    order.sort_by_key(|at| {
        let (tie, claim) = &claims[*at];
        (
            claim.copy,
            claim.sidechain,
            claim.first_at,
            *tie,
            claim.variant,
        )
    });
    let mut responses: Vec<Owned> = Vec::new();
    for at in order {
        let claim = &claims[at].1;
        match responses
            .iter_mut()
            .find(|known| same_response(&known.claim, claim))
        {
            Some(known) => join(&mut known.claim, claim),
            None => responses.push(Owned {
                owner: at,
                claim: claim.clone(),
            }),
        }
    }
    responses
}

/// One day's responses added up; the same responses give the same buckets, whatever their order.
pub fn buckets(responses: &[Response], clock: &mut LocalDays) -> Vec<UsageBucket> {
    let mut buckets: BTreeMap<BucketKey<'_>, UsageBucket> = BTreeMap::new();
    for response in responses {
        let key = BucketKey::of(response, clock);
        let bucket = buckets.entry(key).or_insert_with(|| key.empty());
        bucket.responses += 1;
        bucket.tokens += response.tokens;
        if let Some(cost) = response.recorded_cost {
            bucket.recorded += 1;
            bucket.recorded_cost += cost;
        }
    }
    buckets.into_values().collect()
}

/// What responses of one bucket have in common, in the order in which buckets are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketKey<'r> {
    pub hour: u8,
    pub model: &'r str,
    pub branch: &'r str,
    pub tier: Tier,
    pub prompt_class: u8,
    pub us_region: bool,
    pub estimated: bool,
    pub recorded: bool,
}

impl<'r> BucketKey<'r> {
    pub fn of(response: &'r Response, clock: &mut LocalDays) -> BucketKey<'r> {
        BucketKey {
            hour: clock.at(response.at).1,
            model: &response.model,
            branch: &response.branch,
            tier: response.tier,
            prompt_class: prompt_class(response.tokens.prompt()),
            us_region: response.us_region,
            estimated: response.estimated,
            recorded: response.recorded_cost.is_some(),
        }
    }

    fn empty(&self) -> UsageBucket {
        UsageBucket {
            hour: self.hour,
            model: self.model.to_owned(),
            branch: self.branch.to_owned(),
            tier: self.tier,
            prompt_class: self.prompt_class,
            us_region: self.us_region,
            estimated: self.estimated,
            ..UsageBucket::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claim(request: Option<&str>, input: u64, output: u64) -> Claim {
        Claim {
            key: 1,
            request: request.map(|name| name.len() as u64 + u64::from(name.as_bytes()[0])),
            tokens: Tokens {
                input,
                output,
                ..Default::default()
            },
            first_at: 5,
            last_at: 5,
            ..Default::default()
        }
    }

    #[test]
    fn growing_lines_of_one_response_are_one_with_the_largest_output() {
        let all = [(1, claim(Some("r"), 10, 5)), (1, claim(Some("r"), 10, 631))];
        let found = resolve(&all);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].claim.tokens.output, 631);
    }

    #[test]
    fn a_gateways_constant_id_is_many_responses() {
        let all = [
            (1, claim(None, 10, 5)),
            (1, claim(None, 900, 7)),
            (1, claim(None, 0, 1)),
        ];
        assert_eq!(resolve(&all).len(), 2);
    }

    #[test]
    fn a_side_question_replays_the_same_response() {
        let mut replay = claim(Some("other"), 10, 5);
        replay.sidechain = true;
        assert_eq!(
            resolve(&[(1, claim(Some("r"), 10, 50)), (2, replay)]).len(),
            1
        );
        assert_eq!(
            resolve(&[(1, claim(Some("r"), 10, 50)), (2, claim(Some("s"), 10, 5))]).len(),
            2
        );
    }

    #[test]
    fn a_fork_never_owns_what_it_copied() {
        let mut copy = claim(Some("r"), 10, 5);
        copy.copy = true;
        copy.first_at = 1;
        let found = resolve(&[(1, copy), (2, claim(Some("r"), 10, 5))]);
        assert_eq!((found.len(), found[0].owner), (1, 1));
    }

    #[test]
    fn buckets_keep_apart_what_is_priced_apart() {
        let mut clock = LocalDays::new(jiff::tz::TimeZone::UTC);
        let one = Response::of(&claim(None, 3, 4), 1);
        let long = Response::of(&claim(None, 50_000, 4), 2);
        let recorded = Response {
            recorded_cost: Some(7),
            ..one.clone()
        };
        let elsewhere = Response {
            branch: "topic".into(),
            ..one.clone()
        };
        let later = Response {
            at: 3_600_000,
            ..one.clone()
        };
        let mut all = vec![one.clone(), one.clone(), long, recorded, elsewhere, later];
        let found = buckets(&all, &mut clock);
        let told: Vec<_> = found
            .iter()
            .map(|b| {
                (
                    b.hour,
                    b.branch.as_str(),
                    b.prompt_class,
                    b.responses,
                    b.tokens.input,
                    b.recorded_cost,
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (0, "", 0, 2, 6, 0),
                (0, "", 0, 1, 3, 7),
                (0, "", 1, 1, 50_000, 0),
                (0, "topic", 0, 1, 3, 0),
                (1, "", 0, 1, 3, 0),
            ]
        );
        all.reverse();
        assert_eq!(buckets(&all, &mut clock), found);
    }

    proptest! {
        #[test]
        fn order_does_not_matter(
            seed in proptest::collection::vec((0u8..3, 0u64..3, 0u64..4, any::<bool>(), 1i64..4), 1..7),
            turn in 0usize..7,
        ) {
            let mut claims: Vec<(u64, Claim)> = seed.iter().enumerate().map(|(n, (request, input, output, copy, at))| {
                let mut c = claim((*request > 0).then_some(if *request == 1 { "r" } else { "s" }), *input, *output);
                c.copy = *copy;
                c.first_at = *at;
                (n as u64, c)
            }).collect();
            let name = |claims: &[(u64, Claim)]| {
                let mut found: Vec<_> = resolve(claims).into_iter().map(|r| (claims[r.owner].0, r.claim)).collect();
                found.sort_by_key(|(tie, _)| *tie);
                found
            };
            let before = name(&claims);
            let turn = turn % claims.len();
            claims.rotate_left(turn);
            claims.reverse();
            prop_assert_eq!(before, name(&claims));
        }
    }
}
