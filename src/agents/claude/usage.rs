//! Usage of one response, as its line tells it.

use super::record::Record;
use crate::agents::read::json::{Raw, fields};
use crate::model::{Tier, Tokens, UsageEvent};
use std::borrow::Cow;

fields! {
    struct Usage {
        input: "input_tokens",
        output: "output_tokens",
        cache_read: "cache_read_input_tokens",
        cache_write: "cache_creation_input_tokens",
        split: "cache_creation",
        server_tools: "server_tool_use",
        service_tier: "service_tier",
        speed: "speed",
        region: "inference_geo",
        iterations: "iterations",
        kind: "type",
        model: "model",
    }
}

fields! {
    struct Split {
        long: "ephemeral_1h_input_tokens",
        short: "ephemeral_5m_input_tokens",
    }
}

fields! {
    struct ServerTools {
        web_searches: "web_search_requests",
    }
}

/// The model name of lines that the runtime wrote itself.
pub const SYNTHETIC: &str = "<synthetic>";

/// The response of an assistant line, with one event more for each iteration that is billed beside
/// it (an advisor's answer, a compaction). Nothing for lines that no model wrote.
pub fn events(record: &Record<'_>, copy: bool) -> Vec<UsageEvent> {
    let body = &record.message.body;
    let model = body.model.and_then(Raw::text).unwrap_or_default();
    let Some(usage) = body.usage.and_then(Raw::object::<Usage<'_>>) else {
        return Vec::new();
    };
    let tokens = tokens(&usage);
    // an error that a model was paid for was a response all the same
    if model == SYNTHETIC || (super::record::yes(record.api_error) && tokens.total() == 0) {
        return Vec::new();
    }
    let filled = |raw: Option<Raw<'_>>| raw.and_then(Raw::filled).map(Cow::into_owned);
    let request = filled(record.request);
    let named = filled(body.id).or_else(|| request.clone());
    let Some(key) = named.or_else(|| filled(record.uuid)) else {
        return Vec::new();
    };
    let cost = record.cost.and_then(Raw::float).filter(|cost| *cost >= 0.0);
    let main = UsageEvent {
        key,
        record: filled(record.uuid).unwrap_or_default(),
        request,
        model: model.into_owned(),
        tier: tier(&usage),
        tokens,
        recorded_cost: cost.map(|dollars| (dollars * 1e6).round() as i64),
        us_region: super::record::is(usage.region, "us"),
        copy,
        sidechain: record.is_sidechain(),
        estimated: false,
        sum: false,
    };
    let mut events = vec![main];
    let iterations = usage.iterations.map(Raw::items).unwrap_or_default();
    for (index, iteration) in iterations.into_iter().enumerate() {
        let Some(usage) = iteration.object::<Usage<'_>>() else {
            continue;
        };
        // the top level is the sum of the `message` iterations and leaves these two out
        let kind = match usage.kind.and_then(Raw::text).as_deref() {
            Some("advisor_message") => "advisor",
            Some("compaction") => "compaction",
            _ => continue,
        };
        let main = &events[0];
        let own_model = filled(usage.model).filter(|model| *model != main.model);
        let beside = UsageEvent {
            key: format!("{}/{kind}/{index}", main.key),
            // the speed is that of the model that was asked
            tier: match own_model {
                Some(_) => tier(&usage),
                None => main.tier,
            },
            model: own_model.unwrap_or_else(|| main.model.clone()),
            tokens: Tokens {
                web_searches: 0,
                ..self::tokens(&usage)
            },
            recorded_cost: None,
            ..main.clone()
        };
        events.push(beside);
    }
    events
}

fn tier(usage: &Usage<'_>) -> Tier {
    if super::record::is(usage.speed, "fast") {
        return Tier::Fast;
    }
    match usage.service_tier.and_then(Raw::text).as_deref() {
        Some("priority") => Tier::Priority,
        Some("batch") => Tier::Batch,
        Some("flex") => Tier::Flex,
        _ => Tier::Standard,
    }
}

fn tokens(usage: &Usage<'_>) -> Tokens {
    let count = |raw: Option<Raw<'_>>| raw.and_then(Raw::int);
    let split: Split<'_> = usage.split.and_then(Raw::object).unwrap_or_default();
    let (long, short) = (count(split.long), count(split.short));
    // the total is what was billed; a split of zeros beside it only means "not told"
    let written = count(usage.cache_write)
        .unwrap_or_else(|| long.unwrap_or(0).saturating_add(short.unwrap_or(0)));
    let long = long.unwrap_or(0).min(written);
    let server: ServerTools<'_> = usage.server_tools.and_then(Raw::object).unwrap_or_default();
    Tokens {
        input: count(usage.input).unwrap_or(0),
        cache_read: count(usage.cache_read).unwrap_or(0),
        cache_write_5m: written - long,
        cache_write_1h: long,
        output: count(usage.output).unwrap_or(0),
        reasoning: 0,
        web_searches: count(server.web_searches).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Vec<UsageEvent> {
        events(&serde_json::from_str(line).unwrap(), false)
    }

    #[test]
    fn the_hour_share_never_exceeds_the_total() {
        for (usage, want) in [
            (
                r#""cache_creation_input_tokens":10,"cache_creation":{"ephemeral_1h_input_tokens":4,"ephemeral_5m_input_tokens":6}"#,
                (6, 4),
            ),
            (
                r#""cache_creation_input_tokens":10,"cache_creation":{"ephemeral_1h_input_tokens":40}"#,
                (0, 10),
            ),
            (
                r#""cache_creation_input_tokens":10,"cache_creation":{"ephemeral_1h_input_tokens":0,"ephemeral_5m_input_tokens":0}"#,
                (10, 0),
            ),
            (
                r#""cache_creation":{"ephemeral_1h_input_tokens":3,"ephemeral_5m_input_tokens":2}"#,
                (2, 3),
            ),
            (r#""cache_creation_input_tokens":null"#, (0, 0)),
        ] {
            let line = format!(r#"{{"message":{{"id":"m","model":"x","usage": {{{usage}}}}}}}"#);
            let tokens = read(&line)[0].tokens;
            assert_eq!(
                (tokens.cache_write_5m, tokens.cache_write_1h),
                want,
                "{usage}"
            );
        }
    }

    #[test]
    fn iterations_billed_beside_are_responses_of_their_own() {
        let line = r#"{"requestId":"r","costUSD":0.25,"message":{"id":"m","model":"big","usage":{"input_tokens":5,"output_tokens":7,"speed":"fast","inference_geo":"us",
            "server_tool_use":{"web_search_requests":2},"iterations":[{"type":"message","input_tokens":5},
            {"type":"advisor_message","model":"small","input_tokens":3,"output_tokens":1},{"type":"compaction","input_tokens":9},{"type":"fallback_declined","input_tokens":1}]}}}"#;
        let events = read(line);
        let told: Vec<_> = events
            .iter()
            .map(|e| {
                (
                    e.key.as_str(),
                    e.model.as_str(),
                    e.tokens.input,
                    e.recorded_cost,
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("m", "big", 5, Some(250_000)),
                ("m/advisor/1", "small", 3, None),
                ("m/compaction/2", "big", 9, None),
            ]
        );
        assert_eq!((events[0].tier, events[0].us_region), (Tier::Fast, true));
        assert_eq!(events[0].tokens.web_searches, 2);
    }

    #[test]
    fn the_key_falls_back() {
        for (line, key) in [
            (
                r#"{"uuid":"u","requestId":"r","message":{"usage":{}}}"#,
                "r",
            ),
            (
                r#"{"uuid":"u","requestId":null,"message":{"id":"","usage":{}}}"#,
                "u",
            ),
        ] {
            assert_eq!(read(line)[0].key, key);
        }
        assert!(read(r#"{"uuid":"u","message":{"model":"<synthetic>","usage":{}}}"#).is_empty());
        assert!(read(r#"{"uuid":"u","message":{"usage":null}}"#).is_empty());
    }
}
