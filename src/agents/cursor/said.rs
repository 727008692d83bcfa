//! What a person wrote, out of what the editor packs around it.

use crate::agents::read::json::Raw;
use crate::agents::read::parts::content;
use crate::agents::read::tell::Out;

/// Tags that the editor opens a user-role text with which the person did not write.
const CONTEXT: &[&str] = &[
    "<user_info>",
    "<project_layout>",
    "<attached_files>",
    "<open_and_recently_viewed_files>",
    "<agent_transcripts>",
    "<agent_skills>",
    "<rules>",
    "<git_status>",
    "<additional_data>",
    "<system_reminder>",
    "<timestamp>",
    "<environment>",
];

pub(super) fn user(out: &mut Out<'_>, text: &str) {
    user_with(out, text, 0);
}

pub(super) fn user_with(out: &mut Out<'_>, text: &str, images: u32) {
    if let Some((before, rest)) = text.split_once("<user_query>") {
        let query = rest.split("</user_query>").next().unwrap_or(rest);
        out.note(before);
        out.user(query.trim(), images);
        return;
    }
    let start = text.trim_start();
    match CONTEXT.iter().any(|tag| start.starts_with(tag)) {
        true => out.note(text),
        false => out.user(text, images),
    }
}

/// A message `{role, content}` with blocks as model interfaces have them.
pub(super) fn message(out: &mut Out<'_>, role: &str, said: Raw<'_>) {
    if let Some(text) = said.text() {
        match role {
            "user" => user(out, &text),
            "assistant" => out.answer(text),
            // the instructions of the program itself, the same in every conversation
            _ => {}
        }
        return;
    }
    for block in said.items() {
        let get = |key: &str| block.get(key).and_then(Raw::text).unwrap_or_default();
        let kind = get("type");
        match (role, kind.as_ref()) {
            ("user", "text") => user(out, &get("text")),
            ("user", "image") => out.user("[image]", 1),
            ("assistant", "text") => out.answer(get("text")),
            ("assistant", "reasoning" | "thinking") => {
                let text = block.get("text").or(block.get("thinking"));
                out.thought(text.map(content).unwrap_or_default());
            }
            (_, "tool-call" | "tool_use") => {
                let id = block
                    .get("toolCallId")
                    .or(block.get("id"))
                    .and_then(Raw::text);
                let name = block
                    .get("toolName")
                    .or(block.get("name"))
                    .and_then(Raw::text);
                let input = block.get("args").or(block.get("input"));
                out.call(
                    &id.unwrap_or_default(),
                    &name.unwrap_or_default(),
                    input.map_or("{}", Raw::as_json),
                    |_| {},
                );
            }
            (_, "tool-result" | "tool_result") => {
                let id = block
                    .get("toolCallId")
                    .or(block.get("tool_use_id"))
                    .and_then(Raw::text);
                let result = block
                    .get("result")
                    .or(block.get("content"))
                    .or(block.get("output"));
                let failed = block
                    .get("isError")
                    .or(block.get("is_error"))
                    .and_then(Raw::bool);
                let text = result.map(content).unwrap_or_default();
                out.output(
                    &id.unwrap_or_default(),
                    &get("toolName"),
                    text.as_str(),
                    failed == Some(true),
                );
            }
            _ => {}
        }
    }
}
