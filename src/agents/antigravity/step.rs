//! A step of a transcript: a prompt, what the model planned, what a tool gave, or a notice.

use super::history;
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::tell::{Out, Record, count};
use crate::agents::read::tool;
use crate::model::{Fact, Source, Tokens};
use serde::{Deserialize, Serialize};
use std::path::Path;

fields! {
    struct Step {
        index: "step_index",
        source: "source",
        kind: "type",
        status: "status",
        at: "created_at",
        content: "content",
        thinking: "thinking",
        calls: "tool_calls",
        code: "exit_code",
        input: "input_tokens",
        cached: "cache_read_tokens",
        output: "output_tokens",
    }
}

/// What a later read must know.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    begun: bool,
    /// Id and name of the calls that have not run, oldest first.
    waiting: Vec<(String, String)>,
}

type Told = Result<(), serde_json::Error>;

pub(super) fn tell(source: &Source) -> impl FnMut(Record<'_>, &mut State, &mut Out<'_>) -> Told {
    move |record, state, out| {
        let step: Step<'_> = serde_json::from_str(record.raw.as_json())?;
        out.record(step.at.and_then(Raw::time), record.offset, "");
        if !std::mem::replace(&mut state.begun, true) {
            let root = source.path.ancestors().nth(5).unwrap_or(Path::new(""));
            out.cwd(&history::of(root, &source.native).folder);
        }
        one(&step, state, out);
        Ok(())
    }
}

fn one(step: &Step<'_>, state: &mut State, out: &mut Out<'_>) {
    let content = step.content.map(|content| match content.text() {
        Some(text) => text.into_owned(),
        None => tool::listing(content),
    });
    let content = content.unwrap_or_default();
    let kind = step.kind.and_then(Raw::text).unwrap_or_default();
    match kind.as_ref() {
        "USER_INPUT" => {
            state.waiting.clear();
            asked(step, &content, out);
        }
        "PLANNER_RESPONSE" | "MODEL" => planned(step, &content, state, out),
        "CHECKPOINT" => {
            out.fact(Fact::Compaction);
            out.note(content);
        }
        ""
        | "SYSTEM_MESSAGE"
        | "EPHEMERAL_MESSAGE"
        | "ERROR_MESSAGE"
        | "CONVERSATION_HISTORY"
        | "KNOWLEDGE_ARTIFACTS" => out.note(content),
        ran => {
            let status = step.status.and_then(Raw::text).unwrap_or_default();
            let failed = status == "ERROR"
                || step.code.and_then(Raw::int).is_some_and(|code| code != 0)
                || step
                    .code
                    .and_then(Raw::float)
                    .is_some_and(|code| code < 0.0);
            let (id, name) = state.took(ran);
            out.output(&id, &name, content, failed);
        }
    }
}

/// A prompt in its envelope, with what the program tells the model beside it.
fn asked(step: &Step<'_>, content: &str, out: &mut Out<'_>) {
    if let Some(model) = between(content, "`Model Selection` from ", "\n").and_then(|line| {
        let (_, model) = line.split_once(" to ")?;
        Some(model_id(model))
    }) {
        out.model(&model);
    }
    let words = between(content, "<USER_REQUEST>", "</USER_REQUEST>").unwrap_or(content);
    match step.source.is_some_and(|source| source.is("SYSTEM_SDK")) {
        true => out.note(words.trim()),
        false => out.user(words.trim(), 0),
    }
}

fn between<'t>(text: &'t str, open: &str, close: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(open)?;
    Some(rest.split_once(close).map_or(rest, |(inner, _)| inner))
}

/// `Claude Opus 5.5 (High). No need ...` is shown to people; the id is what prices know.
fn model_id(shown: &str) -> String {
    let name = shown.split([' ', '.']).next().unwrap_or("");
    let end = shown.find(" (").or(shown.find(". ")).unwrap_or(shown.len());
    let id = shown[..end].trim().trim_end_matches('.').to_lowercase();
    let id = id.replace(' ', "-");
    match name.eq_ignore_ascii_case("claude") {
        true => id.replace('.', "-"),
        false => id,
    }
}

fn planned(step: &Step<'_>, content: &str, state: &mut State, out: &mut Out<'_>) {
    let index = step.index.and_then(Raw::int).unwrap_or(0);
    out.thought(step.thinking.and_then(Raw::text).unwrap_or_default());
    out.answer(content);
    for (number, call) in (0..).zip(step.calls.map(Raw::items).unwrap_or_default()) {
        let name = call.get("name").and_then(Raw::owned).unwrap_or_default();
        let input = call.get("args").or(call.get("arguments"));
        let id = format!("{index}.{number}");
        out.call(
            &id,
            &name,
            &input.map(arguments).unwrap_or_default(),
            |_| {},
        );
        state.waiting.push((id, name));
    }
    let tokens = Tokens {
        input: count(step.input),
        cache_read: count(step.cached),
        output: count(step.output),
        ..Tokens::default()
    };
    // a conversation that was wound back uses its numbers again
    let at = step.at.and_then(Raw::time).unwrap_or(0);
    let key = format!("{}:{index}:{at}", out.teller.told.native);
    out.usage(&key, tokens, None);
}

/// Each argument is JSON inside a string; as an object of values they are what the tool was given.
fn arguments(input: Raw<'_>) -> String {
    if !input.is_object() {
        return match input.text() {
            Some(text) => text.into_owned(),
            None => input.as_json().to_owned(),
        };
    }
    let mut object = serde_json::Map::new();
    for (key, value) in input.members() {
        let inner = value.text().map(|text| {
            serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text.into_owned()))
        });
        let value = inner.or_else(|| serde_json::from_str(value.as_json()).ok());
        object.insert(key.into_owned(), value.unwrap_or_default());
    }
    serde_json::Value::Object(object).to_string()
}

/// Names of tools by the kind of the step that runs them, where they are not the same.
const RUN_BY: &[(&str, &[&str])] = &[
    ("LIST_DIRECTORY", &["list_dir"]),
    ("FIND", &["find_by_name", "find"]),
    ("SEARCH_WEB", &["search_web", "google_search"]),
    (
        "CODE_ACTION",
        &[
            "write_to_file",
            "replace_file_content",
            "multi_replace_file_content",
            "edit_file",
        ],
    ),
];

impl State {
    /// The call that a step of this kind ran: the oldest of that name, else the oldest of all.
    fn took(&mut self, kind: &str) -> (String, String) {
        let names = RUN_BY.iter().find(|(run, _)| *run == kind);
        let same = |name: &str| {
            name.eq_ignore_ascii_case(kind) || names.is_some_and(|(_, all)| all.contains(&name))
        };
        let known = self.waiting.iter().position(|(_, name)| same(name));
        match known.or((!self.waiting.is_empty()).then_some(0)) {
            Some(at) => self.waiting.remove(at),
            None => (String::new(), kind.to_ascii_lowercase()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_as_they_are_shown_are_ids() {
        for (shown, id) in [
            (
                "Gemini 3.1 Pro (High). No need to comment",
                "gemini-3.1-pro",
            ),
            ("Claude Opus 5.5 (Thinking)", "claude-opus-5-5"),
            ("GPT-OSS 120B. Go on", "gpt-oss-120b"),
            ("", ""),
        ] {
            assert_eq!(model_id(shown), id);
        }
    }
}
