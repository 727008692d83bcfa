//! The generator keeps its word: what it says it wrote is what is on disk, read by other means.

use crate::house::house;
use codedash::cli::demo::{self, Class, Made, Plan, Tally};
use codedash::engine::Engine;
use codedash::engine::view::{Filters, SessionsQuery};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

const NOW: i64 = 1_795_220_910_461;

fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn records(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{path:?}: {e}: {line}")))
        .collect()
}

/// Blocks of all records, by block type; a string is a `text` block.
fn blocks(records: &[Value], kind: &str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for record in records
        .iter()
        .filter(|r| r["type"] == kind && r.get("forkedFrom").is_none())
    {
        match &record["message"]["content"] {
            Value::Array(blocks) => {
                for block in blocks {
                    let empty = block["thinking"] == "";
                    let name = block["type"].as_str().unwrap();
                    *counts.entry(name.to_owned()).or_default() += u64::from(!empty);
                }
            }
            _ => *counts.entry("text".to_owned()).or_default() += 1,
        }
    }
    counts
}

fn made(plan: &Plan) -> (tempfile::TempDir, Made) {
    let home = tempfile::tempdir().unwrap();
    let made = demo::generate(home.path(), plan).unwrap();
    (home, made)
}

#[test]
fn the_same_plan_gives_the_same_bytes() {
    let plan = Plan::demo(NOW);
    let ((one, first), (two, second)) = (made(&plan), made(&plan));
    assert_eq!(first, second);
    let read = |home: &Path| -> Vec<(PathBuf, Vec<u8>)> {
        let all = files(home).into_iter();
        all.map(|path| {
            (
                path.strip_prefix(home).unwrap().to_owned(),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect()
    };
    assert!(read(one.path()) == read(two.path()));
    let other = Plan { seed: 21, ..plan };
    assert_ne!(made(&other).1, first);
}

#[test]
fn sessions_files_and_bytes_are_as_said() {
    let plan = Plan::demo(NOW);
    let (home, made) = made(&plan);
    let all = files(home.path());
    let bytes: u64 = all.iter().map(|path| path.metadata().unwrap().len()).sum();
    assert_eq!((made.files, made.bytes), (all.len() as u64, bytes));
    assert_eq!(made.total().sessions, plan.sessions as u64);
    assert_eq!(made.class(Class::Helper).sessions, plan.helpers as u64);
    assert_eq!(made.class(Class::SubAgent).sessions, plan.sub_agents as u64);
    let transcripts = all.len() - 3;
    assert_eq!(transcripts, plan.sessions - plan.stand_ins);
    assert!(made.conversations <= made.class(Class::Shown).sessions);
    assert!(bytes > plan.bytes / 2 && bytes < plan.bytes * 2, "{bytes}");
}

#[test]
fn messages_and_responses_are_as_said() {
    let (home, made) = made(&Plan::demo(NOW));
    let mut sum: BTreeMap<String, u64> = BTreeMap::new();
    let mut responses: BTreeMap<String, u64> = BTreeMap::new();
    for path in files(&home.path().join(".claude/projects")) {
        let records = records(&path);
        for (name, n) in blocks(&records, "assistant") {
            *sum.entry(name).or_default() += n;
        }
        *sum.entry("tool_result".into()).or_default() += blocks(&records, "user")
            .get("tool_result")
            .copied()
            .unwrap_or(0);
        for record in records
            .iter()
            .filter(|record| record["type"] == "assistant")
        {
            let message = &record["message"];
            let output = message["usage"]["output_tokens"].as_u64().unwrap();
            let most = responses
                .entry(message["id"].as_str().unwrap().into())
                .or_default();
            *most = output.max(*most);
        }
    }
    let said = made.agent("claude");
    let read = ["text", "thinking", "tool_use", "tool_result"].map(|name| sum[name]);
    assert_eq!(
        read,
        [said.answers, said.thoughts, said.calls, said.outputs]
    );
    assert_eq!(responses.len() as u64, said.responses);
    assert_eq!(responses.values().sum::<u64>(), said.tokens.output);
}

#[test]
fn running_totals_are_as_said() {
    let (home, made) = made(&Plan::demo(NOW));
    let (mut output, mut fresh) = (0, 0);
    for path in files(&home.path().join(".codex/sessions")) {
        let records = records(&path);
        let totals = |record: &Value| {
            let total = &record["payload"]["info"]["total_token_usage"];
            let number = |name: &str| total[name].as_u64();
            Some((
                number("output_tokens")?,
                number("input_tokens")? - number("cached_input_tokens")?,
            ))
        };
        let last = records.iter().rev().find_map(totals).unwrap();
        // a fork starts from what its replayed prefix says
        let burst = records[0]["timestamp"].clone();
        let replayed = records
            .iter()
            .take_while(|record| record["timestamp"] == burst);
        let base = match records[0]["payload"].get("forked_from_id") {
            Some(_) => replayed.filter_map(totals).last().unwrap_or_default(),
            None => (0, 0),
        };
        output += last.0 - base.0;
        fresh += last.1 - base.1;
    }
    let said = made.agent("codex").tokens;
    assert_eq!((output, fresh), (said.output, said.input));
}

/// The generator's word against the program's: what was made is what is listed, counted and used.
#[test]
fn what_was_made_is_what_is_read() {
    let house = house();
    let made = demo::generate(&house.home(), &Plan::demo(NOW)).unwrap();
    let engine = house.engine();
    let all = SessionsQuery {
        filters: Filters {
            include_helpers: true,
            ..Filters::default()
        },
        limit: usize::MAX,
        ..SessionsQuery::default()
    };
    let rows = engine.session_rows(&all).unwrap().rows;
    let cards = engine.cards(&rows).unwrap();
    for agent in ["claude", "codex"] {
        let mut read = Tally::default();
        let mut messages = 0;
        for card in cards
            .iter()
            .filter(|c| c.session.key.agent.as_str() == agent)
        {
            let s = &card.session;
            messages += u64::from(s.messages);
            read += &Tally {
                sessions: 1,
                prompts: s.prompts.into(),
                answers: s.assistant_messages.into(),
                thoughts: s.thinking.into(),
                calls: s.tool_calls.into(),
                failed_calls: s.tool_errors.into(),
                compactions: s.compactions.into(),
                responses: card.cost.responses.into(),
                tokens: card.tokens,
                ..Tally::default()
            };
        }
        let said = made.agent(agent);
        // what a sub-agent is told is a message, though no person's prompt
        let told = made.tallies.get(&(agent.to_owned(), Class::SubAgent));
        let told = told.map_or(0, |tally| tally.sessions);
        let said_messages = said.prompts + said.answers + told;
        assert_eq!(messages, said_messages, "{agent}");
        // outputs are not counted by session: they are paired with their calls
        read.outputs = said.outputs;
        assert_eq!(read, said, "{agent}");
    }
    let page = engine.sessions(&SessionsQuery::default()).unwrap();
    let hidden = made.class(Class::Helper).sessions + made.class(Class::SubAgent).sessions;
    assert_eq!(
        page.shown_sessions as u64,
        made.class(Class::Shown).sessions
    );
    assert_eq!(page.hidden_sessions as u64, hidden);
    let shown = cards.iter().map(|card| &card.session);
    let shown = shown.filter(|s| s.helper.is_none() && !s.is_sub_agent());
    let beginnings: HashSet<(&str, &str, String)> = shown
        .clone()
        .map(|s| {
            let beginning = s.first_prompt.chars().take(200).collect();
            (s.key.agent.as_str(), s.project.as_str(), beginning)
        })
        .collect();
    assert_eq!(beginnings.len() as u64, made.conversations);
    // an editor's sessions are conversations of their own
    let keys: HashSet<_> = shown.map(|s| Engine::conversation_key(s)).collect();
    assert!(!keys.contains(&None));
    assert_eq!(page.total, keys.len());
}

#[test]
fn nothing_is_later_than_now_and_something_is_recent() {
    let (home, _) = made(&Plan::demo(NOW));
    let mut newest = 0;
    for path in files(home.path()) {
        for record in records(&path) {
            if let Some(text) = record["timestamp"].as_str() {
                newest = newest.max(codedash::model::time::from_text(text).unwrap());
            }
        }
    }
    assert!(newest <= NOW && newest > NOW - 86_400_000, "{newest}");
}

#[test]
fn the_small_large_plan_keeps_its_proportions() {
    let plan = Plan::large(NOW).times(0.01);
    let (_home, made) = made(&plan);
    assert_eq!(made.total().sessions, plan.sessions as u64);
    let share = made.class(Class::Helper).sessions as f64 / made.total().sessions as f64;
    assert!((0.4..0.5).contains(&share), "{share}");
}

#[test]
fn queries_are_many_and_different() {
    let queries = demo::queries(&Plan::large(NOW), 200);
    let distinct: HashSet<&String> = queries.iter().collect();
    assert!(distinct.len() > 150 && queries.iter().all(|query| !query.trim().is_empty()));
}
