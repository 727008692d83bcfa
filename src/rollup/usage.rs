//! Which records tell of one model response, and whose it is (accounting.md 1.4).

use crate::model::{Claim, Tokens, UsageBucket, daily::prompt_class};

/// A response as it counts: once, for one session.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
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

/// Joins a second report of the same response into the first: counts only grow.
pub fn merge(into: &mut Claim, other: &Claim) {
    let dated = |at: i64| if at == 0 { i64::MAX } else { at };
    into.first_at = dated(into.first_at).min(dated(other.first_at));
    if into.first_at == i64::MAX {
        into.first_at = 0;
    }
    into.last_at = into.last_at.max(other.last_at);
    into.tokens = into.tokens.max(other.tokens);
    into.recorded_cost = into.recorded_cost.max(other.recorded_cost);
    if into.model.is_empty() {
        into.model = other.model.clone();
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
pub fn resolve(claims: &[(u64, Claim)]) -> Vec<Response> {
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
    let mut responses: Vec<Response> = Vec::new();
    for at in order {
        let claim = &claims[at].1;
        match responses
            .iter_mut()
            .find(|known| same_response(&known.claim, claim))
        {
            Some(known) => merge(&mut known.claim, claim),
            None => responses.push(Response {
                owner: at,
                claim: claim.clone(),
            }),
        }
    }
    responses
}

/// Adds (`sign` 1) or takes back (`sign` -1) a response in a day's buckets; empty ones go.
pub fn apply(buckets: &mut Vec<UsageBucket>, claim: &Claim, hour: u8, sign: i64) {
    let class = prompt_class(claim.tokens.prompt());
    let place = buckets.iter().position(|b| {
        b.hour == hour
            && b.model == claim.model
            && b.tier == claim.tier
            && b.prompt_class == class
            && b.us_region == claim.us_region
    });
    let at = place.unwrap_or_else(|| {
        buckets.push(UsageBucket {
            hour,
            model: claim.model.clone(),
            tier: claim.tier,
            prompt_class: class,
            us_region: claim.us_region,
            ..Default::default()
        });
        buckets.len() - 1
    });
    let bucket = &mut buckets[at];
    let step = |value: &mut u64, by: u64| {
        *value = if sign > 0 {
            *value + by
        } else {
            value.saturating_sub(by)
        };
    };
    let (sum, add) = (&mut bucket.tokens, &claim.tokens);
    step(&mut sum.input, add.input);
    step(&mut sum.cache_read, add.cache_read);
    step(&mut sum.cache_write_5m, add.cache_write_5m);
    step(&mut sum.cache_write_1h, add.cache_write_1h);
    step(&mut sum.output, add.output);
    step(&mut sum.reasoning, add.reasoning);
    step(&mut sum.web_searches, add.web_searches);
    let count = |value: u32| value.saturating_add_signed(sign as i32);
    bucket.responses = count(bucket.responses);
    if let Some(cost) = claim.recorded_cost {
        bucket.recorded = count(bucket.recorded);
        bucket.recorded_cost += sign * cost;
    }
    if bucket.responses == 0 {
        buckets.remove(at);
    }
}

/// The one order of buckets, so that equal content is equal bytes.
pub fn sort(buckets: &mut [UsageBucket]) {
    buckets.sort_by(|a, b| {
        (a.hour, &a.model, a.tier, a.prompt_class, a.us_region).cmp(&(
            b.hour,
            &b.model,
            b.tier,
            b.prompt_class,
            b.us_region,
        ))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claim(request: Option<&str>, input: u64, output: u64) -> Claim {
        Claim {
            key: "m".into(),
            request: request.map(|id| u64::from(id.as_bytes()[0])),
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
    fn taking_back_leaves_nothing() {
        let (mut buckets, one, two) = (Vec::new(), claim(None, 3, 4), claim(None, 50_000, 4));
        apply(&mut buckets, &one, 7, 1);
        apply(&mut buckets, &two, 7, 1);
        assert_eq!(buckets.len(), 2, "another price class is another bucket");
        apply(&mut buckets, &one, 7, -1);
        apply(&mut buckets, &two, 7, -1);
        assert_eq!(buckets, []);
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
