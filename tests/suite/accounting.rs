//! The accounting rules, each through the whole pipeline: files in, rows of `stats` out.

use super::house::{House, house};
use codedash::engine::view::{BreakdownQuery, By};
use codedash::model::{CostMode, Tokens};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

const OPUS: &str = "claude-opus-4-8";

// ---------------------------------------------------------------- a small language for made-up files

/// Writes lines (objects, or text as it is) to a file below the home, behind what it has.
fn put(house: &House, path: &str, lines: &[Value]) {
    let path = house.home().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    for line in lines {
        match line {
            Value::String(raw) => writeln!(file, "{raw}").unwrap(),
            line => writeln!(file, "{line}").unwrap(),
        }
    }
}

/// Path of a Claude Code transcript.
fn claude(session: &str) -> String {
    format!(".claude/projects/-w-app/{session}.jsonl")
}

/// `12:MM:SS` of a day in 2026.
fn at(minute: u32) -> String {
    format!("2026-11-02T12:{minute:02}:00.000Z")
}

/// Changes members of an object; `null` takes one away.
fn with(mut line: Value, changes: Value) -> Value {
    for (key, value) in changes.as_object().unwrap() {
        let place = line.as_object_mut().unwrap();
        match value {
            Value::Null => {
                place.remove(key);
            }
            value => {
                place.insert(key.clone(), value.clone());
            }
        }
    }
    line
}

/// One line of a response: 10 fresh, 100 read, 20 written, so much output.
fn said(session: &str, id: &str, minute: u32, output: u64) -> Value {
    json!({
        "type": "assistant", "uuid": format!("{session}-{id}-{minute}-{output}"), "sessionId": session,
        "timestamp": at(minute), "requestId": format!("req_{id}"), "cwd": "/w/app", "version": "2.1.0",
        "isSidechain": false, "gitBranch": "main",
        "message": {"id": id, "role": "assistant", "model": OPUS, "content": [{"type": "text", "text": format!("{id} {output}")}],
            "usage": usage(10, 100, 20, output)}
    })
}

fn usage(input: u64, read: u64, written: u64, output: u64) -> Value {
    json!({"input_tokens": input, "cache_read_input_tokens": read, "cache_creation_input_tokens": written, "output_tokens": output})
}

/// The same line with another usage.
fn using(mut line: Value, usage: Value) -> Value {
    line["message"]["usage"] = usage;
    line
}

fn asked(session: &str, minute: u32) -> Value {
    json!({"type": "user", "uuid": format!("{session}-p{minute}"), "sessionId": session, "timestamp": at(minute),
        "cwd": "/w/app", "message": {"role": "user", "content": "please"}})
}

/// A row: tokens and micro-dollars, `None` where nothing has a price.
type Row = (Tokens, u64, Option<i64>);

fn rows(house: &House, by: &[By]) -> BTreeMap<Vec<String>, Row> {
    rows_of(&house.engine(), by)
}

fn rows_of(engine: &codedash::engine::Engine, by: &[By]) -> BTreeMap<Vec<String>, Row> {
    let mut query = BreakdownQuery {
        by: by.to_vec(),
        ..BreakdownQuery::default()
    };
    query.filters.include_helpers = true;
    let found = engine.breakdown(&query).unwrap();
    let row = |row: &codedash::engine::view::BreakdownRow| {
        let amount = &row.amount;
        let priced = amount.unpriced_responses < amount.responses;
        (
            amount.tokens,
            amount.responses,
            priced.then_some(amount.cost),
        )
    };
    found
        .rows
        .iter()
        .map(|one| (one.keys.clone(), row(one)))
        .collect()
}

/// (fresh, read, written, output) by session.
fn sessions(house: &House) -> BTreeMap<String, (u64, u64, u64, u64)> {
    let rows = rows(house, &[By::Session]);
    rows.into_iter()
        .map(|(key, (tokens, ..))| (key[0].clone(), four(&tokens)))
        .collect()
}

fn four(tokens: &Tokens) -> (u64, u64, u64, u64) {
    (
        tokens.input,
        tokens.cache_read,
        tokens.cache_write(),
        tokens.output,
    )
}

/// Fresh, read, written, output.
type Four = (u64, u64, u64, u64);

#[track_caller]
fn expect(house: &House, want: &[(&str, Four)]) {
    let want: BTreeMap<String, _> = want
        .iter()
        .map(|(session, four)| (session.to_string(), *four))
        .collect();
    assert_eq!(sessions(house), want);
}

/// Of a history with one session: its row.
fn only(house: &House) -> Row {
    let rows = rows(house, &[By::Session]);
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.into_values().next().unwrap()
}

// ---------------------------------------------------------------- Claude Code: which lines

#[test]
fn a_usage_line_is_never_dropped_for_an_unrelated_field() {
    let house = house();
    let all = [
        with(
            said("s", "m1", 1, 5),
            json!({"version": "nightly", "cwd": 7, "speed": {"a": 1}}),
        ),
        {
            let mut line = said("s", "m2", 2, 5);
            for key in ["version", "cwd", "costUSD", "isApiErrorMessage"] {
                line[key] = Value::Null;
            }
            line["message"]["content"] = json!([{"type": "tool_use", "id": "t", "name": "Bash",
                "input": {"id": null, "model": null, "speed": null, "requestId": null}}]);
            line
        },
        // blanks behind colons
        Value::String(said("s", "m3", 3, 5).to_string().replace("\":", "\" : ")),
        with(
            said("s", "m4", 4, 5),
            json!({"timestamp": "2026-11-02T12:04:00Z"}),
        ),
        with(
            said("s", "m5", 5, 5),
            json!({"timestamp": "2026-11-02T12:05:00.1Z"}),
        ),
        with(
            said("s", "m6", 6, 5),
            json!({"timestamp": "2026-11-02T12:06:00.123456Z"}),
        ),
        with(
            said("s", "m7", 7, 5),
            json!({"timestamp": "2026-11-02T14:07:00.123456789+02:00"}),
        ),
        with(
            said("s", "m8", 8, 5),
            json!({"uuid": null, "requestId": null}),
        ),
        with(said("s", "m9", 9, 5), json!({"timestamp": null})),
        Value::String("{\"type\":\"assistant\",\"message\":{\"usage\":{\"input_to".into()),
    ];
    put(&house, &claude("s"), &all);
    expect(&house, &[("s", (90, 900, 180, 45))]);
    let days = rows(&house, &[By::Day]);
    assert_eq!(days.len(), 1, "{days:?}");
}

#[test]
fn what_no_model_wrote_costs_nothing() {
    let house = house();
    let mut synthetic = said("s", "m2", 2, 50);
    synthetic["message"]["model"] = json!("<synthetic>");
    put(
        &house,
        &claude("s"),
        &[
            said("s", "m1", 1, 5),
            synthetic,
            with(said("s", "m3", 3, 50), json!({"isApiErrorMessage": true})),
            json!({"type": "user", "uuid": "u", "sessionId": "s", "timestamp": at(4), "message": {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t", "content": "done"}]},
                "toolUseResult": {"totalTokens": 99_999, "usage": usage(9, 9, 9, 99_999)}}),
        ],
    );
    expect(&house, &[("s", (10, 100, 20, 5))]);
}

// ---------------------------------------------------------------- Claude Code: one response, once

#[test]
fn lines_of_one_response_are_one_with_the_largest_of_each_count() {
    let house = house();
    put(
        &house,
        &claude("s"),
        &[
            said("s", "m1", 1, 1),
            said("s", "m1", 2, 631),
            using(said("s", "m1", 3, 40), usage(10, 0, 0, 40)),
        ],
    );
    assert_eq!(only(&house).1, 1);
    expect(&house, &[("s", (10, 100, 20, 631))]);
}

#[test]
fn without_request_ids_partial_lines_are_one_response_on_any_day() {
    let house = house();
    let bare =
        |id: &str, minute, output| with(said("s", id, minute, output), json!({"requestId": null}));
    put(
        &house,
        &claude("s"),
        &[
            with(
                bare("m1", 1, 3),
                json!({"timestamp": "2026-11-02T23:59:59.000Z"}),
            ),
            with(
                bare("m1", 2, 90),
                json!({"timestamp": "2026-11-03T00:00:01.000Z"}),
            ),
            using(bare("m2", 3, 0), usage(0, 0, 0, 0)),
            using(bare("m2", 4, 7), usage(500, 0, 0, 7)),
        ],
    );
    expect(&house, &[("s", (510, 100, 20, 97))]);
    let days: Vec<u64> = rows(&house, &[By::Day])
        .values()
        .map(|row| row.0.output)
        .collect();
    // a response counts whole on the day of its first line
    assert_eq!(days, [97]);
}

#[test]
fn a_response_counts_on_the_local_day_of_its_first_line() {
    let house = house();
    put(
        &house,
        &claude("s"),
        &[
            with(
                said("s", "m1", 1, 3),
                json!({"timestamp": "2026-11-02T22:59:59.900Z"}),
            ),
            with(
                said("s", "m1", 2, 90),
                json!({"timestamp": "2026-11-02T23:00:01.000Z"}),
            ),
            with(
                said("s", "m2", 3, 7),
                json!({"timestamp": "2026-11-02T23:00:00.000Z"}),
            ),
        ],
    );
    let engine = house.engine();
    let days = |zone: &str| -> Vec<(String, u64)> {
        let query = BreakdownQuery {
            by: vec![By::Day],
            zone: Some(jiff::tz::TimeZone::get(zone).unwrap()),
            ..BreakdownQuery::default()
        };
        let rows = engine.breakdown(&query).unwrap().rows;
        rows.iter()
            .map(|row| (row.keys[0].clone(), row.amount.tokens.output))
            .collect()
    };
    assert_eq!(days("UTC"), [("2026-11-02".to_owned(), 97)]);
    assert_eq!(
        days("Europe/Berlin"),
        [("2026-11-02".to_owned(), 90), ("2026-11-03".to_owned(), 7)]
    );
}

#[test]
fn a_gateways_constant_id_is_many_responses() {
    let house = house();
    let bare = |minute, input, output| {
        let line = with(
            said("s", "same", minute, output),
            json!({"requestId": null}),
        );
        using(line, usage(input, 0, 0, output))
    };
    put(
        &house,
        &claude("s"),
        &[
            using(bare(1, 0, 1), usage(0, 0, 0, 1)),
            bare(2, 100, 10),
            bare(3, 100, 25),
            bare(4, 900, 3),
            bare(5, 900, 40),
            bare(6, 1500, 2),
        ],
    );
    assert_eq!(only(&house).1, 3);
    expect(&house, &[("s", (2500, 0, 0, 67))]);
}

#[test]
fn one_id_with_two_requests_is_two_responses_unless_it_says_otherwise() {
    let house = house();
    put(
        &house,
        &claude("s"),
        &[
            said("s", "m1", 1, 5),
            with(
                using(said("s", "m1", 2, 9), usage(77, 0, 0, 9)),
                json!({"requestId": "req_b"}),
            ),
            // the same prompt and answer under another request: a retry that was logged twice
            with(said("s", "m1", 3, 5), json!({"requestId": "req_c"})),
        ],
    );
    expect(&house, &[("s", (87, 100, 20, 14))]);
}

#[test]
fn a_side_question_replays_the_same_response() {
    let house = house();
    put(&house, &claude("s"), &[said("s", "m1", 1, 500)]);
    let side = with(
        said("s", "m1", 2, 500),
        json!({"requestId": "req_side", "isSidechain": true, "uuid": "side", "agentId": "aside"}),
    );
    let own = with(
        said("s", "m2", 3, 7),
        json!({"isSidechain": true, "uuid": "side2"}),
    );
    put(
        &house,
        ".claude/projects/-w-app/s/subagents/agent-aside_question-0123456789abcdef.jsonl",
        &[side, own],
    );
    expect(&house, &[("s", (20, 200, 40, 507))]);
}

// ---------------------------------------------------------------- Claude Code: sub-agents

#[test]
fn sub_agents_count_within_their_session_under_their_own_model() {
    let house = house();
    put(
        &house,
        &claude("s"),
        &[asked("s", 0), said("s", "m1", 1, 5)],
    );
    let helper = |id: &str, output| {
        let mut line = with(
            said("s", id, 2, output),
            json!({"isSidechain": true, "agentId": "x"}),
        );
        line["message"]["model"] = json!("claude-haiku-4-5-20251001");
        line
    };
    let folder = ".claude/projects/-w-app/s/subagents";
    put(
        &house,
        &format!("{folder}/agent-a0000000000000001.jsonl"),
        &[helper("m2", 50)],
    );
    put(
        &house,
        &format!("{folder}/workflows/wf_1/agent-a0000000000000002.jsonl"),
        &[helper("m3", 500)],
    );
    put(
        &house,
        &format!("{folder}/workflows/wf_1/journal.jsonl"),
        &[helper("m4", 5000)],
    );
    // before 2026 they lay beside the sessions
    put(
        &house,
        ".claude/projects/-w-app/agent-0a1b2c3d.jsonl",
        &[helper("m5", 50_000)],
    );
    expect(&house, &[("s", (40, 400, 80, 50_555))]);
    let models: Vec<(String, u64)> = rows(&house, &[By::Model])
        .into_iter()
        .map(|(key, row)| (key[0].clone(), row.0.output))
        .collect();
    assert_eq!(
        models,
        [
            ("claude-haiku-4-5-20251001".to_owned(), 50_550),
            (OPUS.to_owned(), 5)
        ]
    );
}

#[test]
fn sub_agents_of_a_lost_session_stand_under_its_id() {
    let house = house();
    put(
        &house,
        ".claude/projects/-w-app/gone/subagents/agent-a0000000000000001.jsonl",
        &[with(said("gone", "m1", 1, 5), json!({"isSidechain": true}))],
    );
    expect(&house, &[("gone", (10, 100, 20, 5))]);
}

#[test]
fn a_response_told_by_the_sub_agent_and_by_its_parents_progress_is_one() {
    let house = house();
    let progress = |id: &str, minute, output| {
        json!({"type": "progress", "uuid": format!("pr{id}{minute}"), "sessionId": "s", "timestamp": at(minute),
            "data": {"type": "agent_progress", "message": {"type": "assistant", "timestamp": at(minute), "requestId": format!("req_{id}"),
                "uuid": format!("in{id}{minute}"),
                "message": {"id": id, "role": "assistant", "model": OPUS, "content": [], "usage": usage(10, 100, 20, output)}}}})
    };
    put(
        &house,
        &claude("s"),
        &[
            asked("s", 0),
            said("s", "m1", 1, 5),
            // the partial in the parent is smaller than the whole in the sub-agent's file
            progress("m2", 2, 1),
            // this one's file was lost
            progress("m3", 3, 70),
        ],
    );
    put(
        &house,
        ".claude/projects/-w-app/s/subagents/agent-a0000000000000001.jsonl",
        &[with(said("s", "m2", 2, 900), json!({"isSidechain": true}))],
    );
    expect(&house, &[("s", (30, 300, 60, 975))]);
}

// ---------------------------------------------------------------- Claude Code: resumed and forked

#[test]
fn a_fork_counts_only_what_it_added() {
    for (parent, fork) in [("aaa", "zzz"), ("zzz", "aaa")] {
        let house = house();
        let own: Vec<Value> = (1..4)
            .map(|n| said(parent, &format!("m{n}"), n, 5))
            .collect();
        let copies = own.iter().map(|line| {
            let from = json!({"sessionId": parent, "messageUuid": line["uuid"]});
            with(line.clone(), json!({"sessionId": fork, "forkedFrom": from, "uuid": format!("{fork}{}", line["uuid"])}))
        });
        let mut lines: Vec<Value> = copies.collect();
        // copies may be told with another request
        lines[1]["requestId"] = json!("req_other");
        lines.push(said(fork, "m9", 9, 70));
        put(&house, &claude(fork), &lines);
        put(&house, &claude(parent), &own);
        expect(
            &house,
            &[(parent, (30, 300, 60, 15)), (fork, (10, 100, 20, 70))],
        );
    }
}

#[test]
fn a_resumed_session_that_copies_the_older_ones_records_counts_only_its_own() {
    for (old, new) in [("aaa", "zzz"), ("zzz", "aaa")] {
        // copies keep the older id, or are rewritten to the newer one
        for rewritten in [false, true] {
            let house = house();
            let own: Vec<Value> = (1..4).map(|n| said(old, &format!("m{n}"), n, 5)).collect();
            let mut copies = own.clone();
            if rewritten {
                copies
                    .iter_mut()
                    .for_each(|line| line["sessionId"] = json!(new));
            }
            copies.push(said(new, "m9", 30, 70));
            put(&house, &claude(new), &copies);
            put(&house, &claude(old), &own);
            expect(
                &house,
                &[(old, (30, 300, 60, 15)), (new, (10, 100, 20, 70))],
            );
        }
    }
}

#[test]
fn copies_with_the_older_id_belong_to_it_even_when_it_went_on_later() {
    let house = house();
    let own: Vec<Value> = (1..4)
        .map(|n| said("old", &format!("m{n}"), n, 5))
        .collect();
    let mut copies = own.clone();
    copies.push(said("new", "m8", 10, 70));
    let mut older = own;
    older.push(said("old", "m9", 50, 1000));
    put(&house, &claude("new"), &copies);
    put(&house, &claude("old"), &older);
    expect(
        &house,
        &[("new", (10, 100, 20, 70)), ("old", (40, 400, 80, 1015))],
    );
}

#[test]
fn a_copy_whose_original_is_lost_still_counts() {
    let house = house();
    let copy = with(
        said("fork", "m1", 1, 5),
        json!({"forkedFrom": {"sessionId": "lost", "messageUuid": "u"}}),
    );
    put(&house, &claude("fork"), &[copy, said("fork", "m2", 2, 6)]);
    expect(&house, &[("fork", (20, 200, 40, 11))]);
}

#[test]
fn one_session_in_two_folders_counts_once() {
    let house = house();
    let mut lines = vec![said("s", "m1", 1, 5), said("s", "m2", 2, 6)];
    put(&house, &claude("s"), &lines);
    lines.push(said("s", "m3", 3, 7));
    put(&house, ".config/claude/projects/-w-app/s.jsonl", &lines);
    expect(&house, &[("s", (30, 300, 60, 18))]);
}

// ---------------------------------------------------------------- Claude Code: tokens and money

#[test]
fn the_total_of_cache_writes_counts_and_its_hour_part_costs_twice_the_input() {
    for (split, hour) in [
        (
            json!({"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}),
            0,
        ),
        (
            json!({"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 600}),
            600,
        ),
        (
            json!({"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 5000}),
            1000,
        ),
        (json!(null), 0),
    ] {
        let house = house();
        let mut used = usage(0, 0, 1000, 0);
        used["cache_creation"] = split;
        put(&house, &claude("s"), &[using(said("s", "m1", 1, 0), used)]);
        let (tokens, _, cost) = only(&house);
        assert_eq!((tokens.cache_write_1h, tokens.cache_write()), (hour, 1000));
        // 6.25 $ and 10 $ a million
        assert_eq!(
            cost,
            Some((hour * 10_000 + (1000 - hour) * 6_250) as i64 / 1000)
        );
    }
}

#[test]
fn iterations_beside_the_answer_are_billed_and_the_others_are_in_it() {
    let house = house();
    let mut used = usage(100, 0, 0, 50);
    used["speed"] = json!("fast");
    used["iterations"] = json!([
        {"type": "message", "input_tokens": 60, "output_tokens": 20},
        {"type": "advisor_message", "model": "claude-haiku-4-5", "input_tokens": 1000, "output_tokens": 200},
        {"type": "message", "input_tokens": 40, "output_tokens": 30},
        {"type": "compaction", "input_tokens": 3000, "output_tokens": 400},
        {"type": "fallback_message", "model": "claude-haiku-4-5", "input_tokens": 7, "output_tokens": 7},
    ]);
    let line = using(said("s", "m1", 1, 0), used);
    put(&house, &claude("s"), &[line.clone(), line]);
    let models = rows(&house, &[By::Model]);
    // 1,000 x 1 $ + 200 x 5 $, and not at the answer's speed
    assert_eq!(models[&vec!["claude-haiku-4-5".to_owned()]].2, Some(2_000));
    // (3,100 x 5 $ + 450 x 25 $) at twice the price
    let (tokens, responses, cost) = models[&vec![OPUS.to_owned()]];
    assert_eq!((tokens.input, tokens.output, responses), (3_100, 450, 2));
    assert_eq!(cost, Some(2 * (15_500 + 11_250)));
}

#[test]
fn speed_region_searches_and_batches_have_their_price() {
    let one = |changes: Value, model: &str| {
        let house = house();
        let mut used = usage(1_000, 0, 0, 100);
        for (key, value) in changes.as_object().unwrap() {
            used[key] = value.clone();
        }
        let mut line = using(said("s", "m1", 1, 0), used);
        line["message"]["model"] = json!(model);
        put(&house, &claude("s"), &[line]);
        only(&house).2.unwrap()
    };
    // 1,000 x 5 $ + 100 x 25 $ = 7,500
    assert_eq!(one(json!({}), "claude-opus-4-6"), 7_500);
    assert_eq!(
        one(
            json!({"speed": "standard", "service_tier": "standard"}),
            "claude-opus-4-6"
        ),
        7_500
    );
    assert_eq!(one(json!({"speed": "fast"}), "claude-opus-4-6"), 45_000);
    assert_eq!(one(json!({"speed": "fast"}), OPUS), 15_000);
    assert_eq!(
        one(json!({"inference_geo": "us"}), "claude-opus-4-6"),
        8_250
    );
    assert_eq!(
        one(json!({"service_tier": "batch"}), "claude-opus-4-6"),
        3_750
    );
    let search = json!({"server_tool_use": {"web_search_requests": 3}});
    assert_eq!(one(search, "claude-opus-4-6"), 37_500);
}

#[test]
fn long_prompts_price_the_whole_request_where_the_model_has_a_threshold() {
    let one = |model: &str, day: &str, read: u64| {
        let house = house();
        let mut line = using(said("s", "m1", 1, 0), usage(0, read, 0, 1_000));
        line["message"]["model"] = json!(model);
        line["timestamp"] = json!(format!("{day}T12:00:00.000Z"));
        put(&house, &claude("s"), &[line]);
        only(&house).2.unwrap()
    };
    // Sonnet 4.5: 0.3 $ and 15 $, above 200,000 0.6 $ and 22.5 $ for all of it
    assert_eq!(one("claude-sonnet-4-5", "2025-11-02", 200_000), 75_000);
    assert_eq!(one("claude-sonnet-4-5", "2025-11-02", 200_010), 142_506);
    // Opus 4.6 is flat since 2026-03-13
    assert_eq!(one("claude-opus-4-6", "2026-03-12", 300_000), 337_500);
    assert_eq!(one("claude-opus-4-6", "2026-03-13", 300_000), 175_000);
}

#[test]
fn an_unknown_model_has_no_cost_and_the_recorded_one_stands_beside() {
    let house = house();
    let mut unknown = said("s", "m1", 1, 5);
    unknown["message"]["model"] = json!("somebodys-own");
    put(&house, &claude("s"), &[unknown]);
    assert_eq!(only(&house).2, None);
    let mut priced = said("t", "m2", 1, 100);
    priced["costUSD"] = json!(0.25);
    priced["message"]["usage"] = usage(0, 0, 0, 100);
    let mut bare = said("t", "m3", 2, 100);
    bare["message"]["usage"] = usage(0, 0, 0, 100);
    let mut other = said("t", "m4", 3, 100);
    other["costUSD"] = json!(0.5);
    other["message"]["model"] = json!("somebodys-own");
    put(&house, &claude("t"), &[priced, bare, other]);
    let engine = house.engine();
    let cost = |mode: CostMode| {
        let query = BreakdownQuery {
            by: vec![By::Session],
            mode: Some(mode),
            ..BreakdownQuery::default()
        };
        let rows = engine.breakdown(&query).unwrap().rows;
        let row = rows.iter().find(|row| row.keys[0] == "t").unwrap();
        (
            row.amount.cost,
            row.amount.unpriced_responses,
            row.amount.recorded_cost,
        )
    };
    // 100 x 25 $ a million each
    assert_eq!(cost(CostMode::Calculate), (5_000, 1, 750_000));
    assert_eq!(cost(CostMode::Auto), (505_000, 0, 750_000));
    assert_eq!(cost(CostMode::Recorded), (750_000, 1, 750_000));
}

#[test]
fn a_persons_own_price_reprices_history_when_it_is_read() {
    let house = house();
    let mut line = using(said("s", "m1", 1, 0), usage(1_000, 0, 0, 100));
    line["message"]["model"] = json!("house-model");
    put(&house, &claude("s"), &[line]);
    assert_eq!(only(&house).2, None);
    let mut config = house.config();
    config.prices = vec![codedash::model::OwnPrice {
        model: "house-model".into(),
        input: 2.0,
        output: 30.0,
        ..Default::default()
    }];
    let engine = codedash::cli::open::stores(std::sync::Arc::new(config))
        .unwrap()
        .engine;
    let rows = rows_of(&engine, &[By::Session]);
    assert_eq!(rows.into_values().next().unwrap().2, Some(5_000));
}

// ---------------------------------------------------------------- Codex

/// A thread id whose time is `minute` past 12:00 of 2026-11-02.
fn thread(minute: u32, n: u32) -> String {
    let ms = 1_793_620_800_000_u64 + u64::from(minute) * 60_000;
    let hex = format!("{ms:012x}");
    format!("{}-{}-7000-8000-{n:012}", &hex[..8], &hex[8..])
}

fn rollout(thread: &str) -> String {
    format!(".codex/sessions/2026/11/02/rollout-2026-11-02T12-00-00-{thread}.jsonl")
}

fn codex(at: &str, kind: &str, payload: Value) -> Value {
    json!({"timestamp": at, "type": kind, "payload": payload})
}

fn meta(thread: &str, minute: u32, more: Value) -> Value {
    let payload = json!({"id": thread, "timestamp": at(minute), "cwd": "/w/app", "originator": "codex_cli_rs",
        "cli_version": "0.150.0", "source": "cli", "git": {"branch": "trunk"}});
    codex(&at(minute), "session_meta", with(payload, more))
}

fn turn(minute: u32, model: &str) -> Value {
    codex(
        &at(minute),
        "turn_context",
        json!({"cwd": "/w/app", "model": model}),
    )
}

fn vector(input: u64, cached: u64, output: u64) -> Value {
    json!({"input_tokens": input, "cached_input_tokens": cached, "output_tokens": output, "reasoning_output_tokens": 0,
        "total_tokens": input + output})
}

fn count_at(time: &str, total: Value, last: Value) -> Value {
    let info = json!({"total_token_usage": total, "last_token_usage": last, "model_context_window": 272_000});
    codex(
        time,
        "event_msg",
        json!({"type": "token_count", "info": info}),
    )
}

fn count(minute: u32, total: Value, last: Value) -> Value {
    count_at(&at(minute), total, last)
}

#[test]
fn codex_counts_a_response_when_the_running_sum_moves() {
    let house = house();
    let id = thread(0, 1);
    let estimate = json!({"input_tokens": 0, "cached_input_tokens": 0, "output_tokens": 0, "reasoning_output_tokens": 0, "total_tokens": 5_000});
    put(
        &house,
        &rollout(&id),
        &[
            meta(&id, 0, json!({})),
            turn(1, "gpt-5-codex"),
            count(1, vector(100, 40, 10), vector(100, 40, 10)),
            // written again: rate limits, resume
            count(2, vector(100, 40, 10), vector(100, 40, 10)),
            // a real request of the same size
            count(3, vector(200, 80, 20), vector(100, 40, 10)),
            // an estimate of what a compacted context takes
            count(4, estimate.clone(), estimate),
            // the sum was set back: never the whole new sum
            count(5, vector(150, 60, 15), vector(50, 20, 5)),
            codex(
                &at(6),
                "event_msg",
                json!({"type": "token_count", "info": null}),
            ),
        ],
    );
    expect(&house, &[(&id, (150, 100, 0, 25))]);
}

#[test]
fn codex_reasoning_is_inside_output_and_cache_writes_inside_input() {
    let house = house();
    let id = thread(0, 1);
    let used = json!({"input_tokens": 1_000, "cached_input_tokens": 600, "cache_write_input_tokens": 300,
        "output_tokens": 80, "reasoning_output_tokens": 50, "total_tokens": 1_080});
    put(
        &house,
        &rollout(&id),
        &[
            meta(&id, 0, json!({})),
            turn(1, "gpt-5.6-sol"),
            count(1, used.clone(), used),
        ],
    );
    let (tokens, _, cost) = only(&house);
    assert_eq!(four(&tokens), (100, 600, 300, 80));
    assert_eq!(tokens.reasoning, 50);
    // 4 $, 0.4 $, 1.25 x 4 $, 20 $ a million
    assert_eq!(cost, Some(400 + 240 + 1_500 + 1_600));
}

#[test]
fn codex_files_with_sums_alone_count_what_was_added() {
    let house = house();
    let id = thread(0, 1);
    let sum = |minute, total| {
        codex(
            &at(minute),
            "event_msg",
            json!({"type": "token_count", "info": {"total_token_usage": total}}),
        )
    };
    put(
        &house,
        &rollout(&id),
        &[
            meta(&id, 0, json!({})),
            turn(1, "gpt-5-codex"),
            sum(1, vector(100, 40, 10)),
            sum(2, vector(300, 140, 25)),
            sum(3, vector(300, 140, 25)),
        ],
    );
    expect(&house, &[(&id, (160, 140, 0, 25))]);
}

fn record(minute: u32, thread: &str, response: &str, used: Value) -> Value {
    json!({"timestamp": at(minute), "type": "token_usage_record", "payload": {"thread_id": thread, "session_id": thread,
        "turn_id": "t", "response_id": response, "usage": used, "model": null}})
}

#[test]
fn codex_usage_records_name_each_response() {
    let house = house();
    let id = thread(0, 1);
    let compaction = vector(5_000, 0, 300);
    put(
        &house,
        &rollout(&id),
        &[
            meta(&id, 0, json!({})),
            turn(1, "gpt-5-codex"),
            record(1, &id, "r1", vector(100, 40, 10)),
            count(1, vector(100, 40, 10), vector(100, 40, 10)),
            record(2, &id, "r2", vector(100, 40, 10)),
            count(2, vector(200, 80, 20), vector(100, 40, 10)),
            // a remote compaction's response stands here alone, and again with the compaction
            record(3, &id, "r3", compaction.clone()),
            codex(
                &at(3),
                "compacted",
                json!({"message": "", "compaction_response_id": "r3",
                "latest_token_usage_record": record(3, &id, "r3", compaction.clone())["payload"]}),
            ),
            // this one stands with its compaction alone
            codex(
                &at(4),
                "compacted",
                json!({"message": "", "compaction_response_id": "r4",
                "latest_token_usage_record": record(4, &id, "r4", vector(70, 0, 7))["payload"]}),
            ),
        ],
    );
    assert_eq!(only(&house).1, 4);
    expect(&house, &[(&id, (120 + 5_000 + 70, 80, 0, 327))]);
}

#[test]
fn a_codex_forks_repeated_prefix_is_its_parents() {
    let house = house();
    let (parent, fork) = (thread(0, 1), thread(30, 2));
    let shared = [
        turn(1, "gpt-5-codex"),
        count(1, vector(100, 40, 10), vector(100, 40, 10)),
        count(2, vector(200, 80, 20), vector(100, 40, 10)),
    ];
    let mut first = vec![meta(&parent, 0, json!({}))];
    first.extend(shared.clone());
    first.push(count(40, vector(260, 100, 26), vector(60, 20, 6)));
    // the copy is written in one go, with new times
    let mut second = vec![
        meta(&fork, 30, json!({"forked_from_id": parent})),
        meta(&parent, 30, json!({})),
    ];
    second.extend(
        shared
            .iter()
            .map(|line| with(line.clone(), json!({"timestamp": at(30)}))),
    );
    second.push(turn(31, "gpt-5-codex"));
    second.push(count(31, vector(1_200, 80, 120), vector(1_000, 0, 100)));
    put(&house, &rollout(&fork), &second);
    put(&house, &rollout(&parent), &first);
    expect(
        &house,
        &[(&parent, (160, 100, 0, 26)), (&fork, (1_000, 0, 0, 100))],
    );
}

#[test]
fn a_fresh_codex_sub_agent_loses_nothing_and_siblings_are_told_apart() {
    let house = house();
    let parent = thread(0, 1);
    put(
        &house,
        &rollout(&parent),
        &[
            meta(&parent, 0, json!({})),
            turn(1, "gpt-5-codex"),
            // by chance the sums of the sub-agents
            count(1, vector(100, 0, 10), vector(100, 0, 10)),
            count(2, vector(300, 50, 25), vector(200, 50, 15)),
        ],
    );
    let spawned =
        json!({"source": {"subagent": {"thread_spawn": {"parent_thread_id": parent, "depth": 1}}}});
    for n in [2, 3] {
        let id = thread(10, n);
        let second = "2026-11-02T12:10:01";
        put(
            &house,
            &rollout(&id),
            &[
                meta(&id, 10, spawned.clone()),
                with(
                    turn(10, "gpt-5-codex"),
                    json!({"timestamp": format!("{second}.000Z")}),
                ),
                // both in the first second, and the same sums in both siblings
                count_at(
                    &format!("{second}.200Z"),
                    vector(100, 0, 10),
                    vector(100, 0, 10),
                ),
                count_at(
                    &format!("{second}.900Z"),
                    vector(300, 50, 25),
                    vector(200, 50, 15),
                ),
            ],
        );
    }
    expect(
        &house,
        &[
            (&parent, (250, 50, 0, 25)),
            (&thread(10, 2), (250, 50, 0, 25)),
            (&thread(10, 3), (250, 50, 0, 25)),
        ],
    );
}

#[test]
fn an_archived_codex_session_counts_once_and_a_packed_one_is_read() {
    let house = house();
    let (id, packed) = (thread(0, 1), thread(0, 2));
    let lines = |id: &str| {
        vec![
            meta(id, 0, json!({})),
            turn(1, "gpt-5-codex"),
            count(1, vector(100, 40, 10), vector(100, 40, 10)),
        ]
    };
    put(&house, &rollout(&id), &lines(&id));
    let name = Path::new(&rollout(&id)).file_name().unwrap().to_owned();
    put(
        &house,
        &format!(".codex/archived_sessions/{}", name.to_string_lossy()),
        &lines(&id),
    );
    let text: String = lines(&packed)
        .iter()
        .map(|line| format!("{line}\n"))
        .collect();
    let path = house.home().join(format!("{}.zst", rollout(&packed)));
    std::fs::write(path, zstd::encode_all(text.as_bytes(), 3).unwrap()).unwrap();
    expect(
        &house,
        &[(&id, (60, 40, 0, 10)), (&packed, (60, 40, 0, 10))],
    );
}

#[test]
fn a_codex_model_that_is_told_late_is_the_turns() {
    let house = house();
    let (id, never) = (thread(0, 1), thread(0, 2));
    put(
        &house,
        &rollout(&id),
        &[
            meta(&id, 0, json!({})),
            count(1, vector(100, 40, 10), vector(100, 40, 10)),
            turn(2, "gpt-5-codex"),
            count(3, vector(200, 80, 20), vector(100, 40, 10)),
        ],
    );
    put(
        &house,
        &rollout(&never),
        &[
            meta(&never, 0, json!({})),
            count(1, vector(1_000, 400, 100), vector(1_000, 400, 100)),
        ],
    );
    let models = rows(&house, &[By::Model]);
    assert_eq!(models[&vec!["gpt-5-codex".to_owned()]].0.output, 20);
    let unknown = models[&vec!["unknown".to_owned()]];
    assert_eq!((unknown.0.output, unknown.2), (100, None));
}

#[test]
fn codex_tiers_and_long_prompts_have_their_price() {
    let one = |tier: Option<&str>, input: u64| {
        let house = house();
        let id = thread(0, 1);
        let mut lines = vec![meta(&id, 0, json!({})), turn(1, "gpt-5.5")];
        if let Some(tier) = tier {
            let settings = json!({"type": "thread_settings_applied", "thread_settings": {"service_tier": tier, "model": "gpt-5.5"}});
            lines.push(codex(&at(1), "event_msg", settings));
        }
        let used = vector(input, 0, 1_000);
        lines.push(count(2, used.clone(), used));
        put(&house, &rollout(&id), &lines);
        only(&house).2.unwrap()
    };
    // 5 $ and 30 $; above 272,000 10 $ and 45 $ for all of it
    assert_eq!(one(None, 272_000), 1_390_000);
    assert_eq!(one(None, 400_000), 4_045_000);
    assert_eq!(one(Some("default"), 1_000), 35_000);
    assert_eq!(one(Some("standard"), 1_000), 35_000);
    let priority = one(Some("priority"), 1_000);
    assert!(priority > 35_000, "{priority}");
    assert_eq!(one(Some("fast"), 1_000), priority);
}

#[test]
fn a_codex_response_counts_on_the_day_of_its_event() {
    let house = house();
    let id = thread(0, 1);
    put(
        &house,
        &rollout(&id),
        &[
            meta(&id, 0, json!({})),
            with(
                turn(1, "gpt-5-codex"),
                json!({"timestamp": "2026-11-02T23:58:00.000Z"}),
            ),
            count_at(
                "2026-11-03T00:02:00.000Z",
                vector(100, 40, 10),
                vector(100, 40, 10),
            ),
        ],
    );
    let days: Vec<Vec<String>> = rows(&house, &[By::Day]).into_keys().collect();
    assert_eq!(days, [["2026-11-03"]]);
}

// ---------------------------------------------------------------- properties

/// Every side there is.
const SIDES: [By; 13] = [
    By::Run,
    By::Conversation,
    By::Day,
    By::Week,
    By::Month,
    By::HourOfWeek,
    By::Agent,
    By::Model,
    By::Project,
    By::Repo,
    By::Branch,
    By::Tool,
    By::Session,
];

/// Files of a history in which nearly everything happens: path and lines.
fn history() -> Vec<(String, Vec<Value>)> {
    let tool = |mut line: Value, name: &str| {
        line["message"]["content"] =
            json!([{"type": "tool_use", "id": name, "name": name, "input": {}}]);
        line
    };
    let on = |line: Value, stamp: &str, branch: &str| {
        with(line, json!({"timestamp": stamp, "gitBranch": branch}))
    };
    let mut main = vec![
        asked("main", 0),
        said("main", "m1", 1, 3),
        tool(
            with(said("main", "m1", 1, 60), json!({"uuid": "m1b"})),
            "Bash",
        ),
        tool(
            on(
                said("main", "m2", 2, 9),
                "2026-11-02T23:59:59.000Z",
                "topic",
            ),
            "Read",
        ),
        asked("main", 3),
        on(
            using(said("main", "m3", 4, 11), usage(7, 33_333, 1, 11)),
            "2026-11-03T00:00:01.000Z",
            "topic",
        ),
        using(said("main", "m4", 5, 0), usage(0, 0, 0, 0)),
        said("main", "m4", 6, 13),
    ];
    main[5]["message"]["model"] = json!("claude-3-haiku");
    main[7]["message"]["model"] = json!("claude-3-haiku");
    let helper = with(
        tool(said("main", "m5", 7, 21), "Grep"),
        json!({"isSidechain": true, "cwd": "/w/app/sub"}),
    );
    let mut unknown = with(
        said("main", "m6", 8, 5),
        json!({"isSidechain": true, "costUSD": 0.125}),
    );
    unknown["message"]["model"] = json!("somebodys-own");
    let copies = main.iter().skip(1).take(3).map(|line| {
        let from = json!({"sessionId": "main", "messageUuid": line["uuid"]});
        with(
            line.clone(),
            json!({"sessionId": "fork", "forkedFrom": from}),
        )
    });
    let mut fork: Vec<Value> = copies.collect();
    fork.push(said("fork", "m7", 40, 31));
    let mut resumed: Vec<Value> = main[..4].to_vec();
    resumed.push(with(
        said("later", "m8", 50, 41),
        json!({"cwd": "/w/other"}),
    ));
    let (parent, child) = (thread(0, 1), thread(30, 2));
    let call = |minute, name: &str| {
        codex(
            &at(minute),
            "response_item",
            json!({"type": "function_call", "name": name, "arguments": "{}", "call_id": name}),
        )
    };
    let shared = vec![
        count(1, vector(100, 40, 10), vector(100, 40, 10)),
        turn(1, "gpt-5-codex"),
        call(2, "shell"),
        call(2, "apply_patch"),
        count(2, vector(207, 80, 21), vector(107, 40, 11)),
    ];
    let mut first = vec![meta(&parent, 0, json!({}))];
    first.extend(shared.clone());
    let mut second = vec![
        meta(&child, 30, json!({"forked_from_id": parent})),
        meta(&parent, 30, json!({})),
    ];
    second.extend(
        shared
            .into_iter()
            .map(|line| with(line, json!({"timestamp": at(30)}))),
    );
    second.push(turn(31, "gpt-5.5"));
    second.push(count(31, vector(1_207, 80, 121), vector(1_000, 0, 100)));
    vec![
        (claude("main"), main),
        (
            ".claude/projects/-w-app/main/subagents/agent-a0000000000000001.jsonl".into(),
            vec![helper, unknown],
        ),
        (claude("fork"), fork),
        (claude("later"), resumed),
        (rollout(&parent), first),
        (rollout(&child), second),
    ]
}

/// Everything that is told of a history, by every side.
fn everything(house: &House) -> Vec<BTreeMap<Vec<String>, Row>> {
    let engine = house.engine();
    SIDES
        .iter()
        .map(|side| rows_of(&engine, &[*side]))
        .collect()
}

#[test]
fn every_breakdown_adds_up_to_the_total() {
    let house = house();
    for (path, lines) in history() {
        put(&house, &path, &lines);
    }
    let engine = house.engine();
    let ask = |by: &[By], helpers: bool| {
        let mut query = BreakdownQuery {
            by: by.to_vec(),
            ..BreakdownQuery::default()
        };
        query.filters.include_helpers = helpers;
        engine.breakdown(&query).unwrap()
    };
    let total = ask(&[], true).total;
    assert!(
        total.amount.cost > 0 && total.amount.tokens.output > 300,
        "{total:?}"
    );
    let mut combined: Vec<Vec<By>> = SIDES.iter().map(|side| vec![*side]).collect();
    combined.push(SIDES.to_vec());
    for by in combined {
        for helpers in [true, false] {
            let found = ask(&by, helpers);
            let mut sum = codedash::engine::view::Amount::default();
            for row in &found.rows {
                let (a, b) = (&mut sum, &row.amount);
                a.tokens += b.tokens;
                a.parts += b.parts;
                a.cost += b.cost;
                a.responses += b.responses;
                a.unpriced_responses += b.unpriced_responses;
                a.recorded_cost += b.recorded_cost;
                a.recorded_responses += b.recorded_responses;
            }
            assert_eq!(sum, total.amount, "{by:?}");
        }
    }
    // the sums of the session list, sub-agents apart, and of the analytics page are the same
    let query = codedash::engine::view::SessionsQuery {
        filters: codedash::engine::view::Filters {
            include_helpers: true,
            ..Default::default()
        },
        limit: 1_000,
        ..Default::default()
    };
    let listed = engine.session_rows(&query).unwrap().rows;
    let cards = engine.cards(&listed).unwrap();
    assert_eq!(
        cards.iter().map(|card| card.cost.micros).sum::<i64>(),
        total.amount.cost
    );
    let mut tokens = Tokens::default();
    cards.iter().for_each(|card| tokens += card.tokens);
    assert_eq!(tokens, total.amount.tokens);
    // prompts and tools of each session add up to the session
    for card in &cards {
        let turns = engine.turns(card.sid).unwrap();
        assert_eq!(
            turns.iter().map(|turn| turn.amount.cost).sum::<i64>(),
            card.cost.micros
        );
        let tools = engine.tool_costs(card.sid).unwrap();
        assert_eq!(
            tools.iter().map(|(_, amount)| amount.cost).sum::<i64>(),
            card.cost.micros
        );
    }
    let query = codedash::engine::view::AnalyticsQuery::default();
    let job = engine
        .analytics_wait(&query, 1.0, std::time::Duration::from_secs(20))
        .unwrap();
    assert!(job.done);
    assert_eq!(job.result.total.cost, total.amount.cost);
    assert_eq!(job.result.total.tokens, total.amount.tokens);
}

/// Reads a history that comes in pieces: `steps` say which file grows next and by how many lines; after
/// some steps everything is brought up to date.
fn in_pieces(steps: &[(usize, usize, bool)], crash: bool) -> Vec<BTreeMap<Vec<String>, Row>> {
    let house = house();
    let files = history();
    let mut done = vec![0; files.len()];
    let mut grow = |file: usize, lines: usize| {
        let (path, all) = &files[file];
        let end = (done[file] + lines).min(all.len());
        put(&house, path, &all[done[file]..end]);
        done[file] = end;
    };
    for (file, lines, read) in steps {
        grow(file % files.len(), *lines);
        if *read {
            drop(house.engine());
        }
    }
    let store = house.data().join("data/sessions.redb");
    let before = std::fs::read(&store).ok();
    (0..files.len()).for_each(|file| grow(file, 100));
    if let (true, Some(before)) = (crash, before) {
        // killed after the index was committed and before the store was
        drop(house.engine());
        std::fs::write(&store, before).unwrap();
    }
    everything(&house)
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 10, ..Default::default() })]

    #[test]
    fn order_pieces_passes_and_a_crash_change_nothing(
        steps in proptest::collection::vec((0usize..6, 1usize..5, proptest::prelude::any::<bool>()), 0..10),
        crash in proptest::prelude::any::<bool>(),
    ) {
        let house = house();
        for (path, lines) in history() {
            put(&house, &path, &lines);
        }
        proptest::prop_assert_eq!(in_pieces(&steps, crash), everything(&house));
    }
}
