//! Tool calls as people read them: a head line, and a body that holds every word of the input.

mod input;
mod kinds;

pub use super::listing::listing;
pub use kinds::{kind, mcp_server};

use super::json::Raw;
use super::shell::command_line;
use super::{patch, text};
use crate::model::{BodyFormat, ToolCall, ToolKind};
use input::{Edit, Input};
use std::borrow::Cow;

/// A tool call, presented.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Presented {
    /// Without `call_id`, `failed` and `child`, which the caller knows.
    pub call: ToolCall,
    /// Empty when it was not wanted.
    pub text: String,
    pub format: BodyFormat,
}

const MAX_FILES: usize = 16;

/// Presents a call. `input` is a JSON object, or free text where the agent passes that. The text is
/// made only when wanted; the head, the files and the rest always are.
pub fn present(name: &str, input: &str, wanted: bool) -> Presented {
    let mut presented = Presented {
        call: ToolCall {
            name: name.to_owned(),
            kind: kind(name),
            mcp: mcp_server(name).map(str::to_owned),
            ..ToolCall::default()
        },
        ..Presented::default()
    };
    let object = Raw::parse(input).ok().filter(|raw| raw.is_object());
    let fields = object.and_then(Raw::object::<Input<'_>>);
    let fields = fields.map(Input::spelt_alike);
    let (Some(object), Some(fields)) = (object, fields) else {
        free_text(&mut presented, input, wanted);
        return presented;
    };
    let call = &mut presented.call;
    if name.eq_ignore_ascii_case("skill") {
        let skill = fields.skill.or(fields.command).and_then(Raw::filled);
        call.skill = skill.map(|skill| plugin_of(&skill).to_owned());
    }
    for path in [fields.file_path, fields.notebook_path, fields.path] {
        call.files
            .extend(path.and_then(Raw::filled).map(Cow::into_owned));
    }
    let command = fields.command.or(fields.cmd).and_then(command_line);
    let patched = command
        .as_deref()
        .or(fields.input.or(fields.patch).and_then(Raw::text).as_deref())
        .and_then(patch::from_apply_patch);
    call.title = title(&fields, command.as_deref(), object);
    if let Some((diff, files)) = patched {
        patched_call(&mut presented, diff, files, wanted);
    } else if call.kind == ToolKind::Shell
        && let Some(command) = command
    {
        if wanted {
            presented.text = shell_text(object, &command);
            presented.format = BodyFormat::Shell;
        }
    } else if wanted {
        match edit_text(call.kind, object, &fields) {
            Some(diff) => (presented.text, presented.format) = (diff, BodyFormat::Diff),
            None => (presented.text, presented.format) = (listing(object), BodyFormat::Plain),
        }
    }
    presented.call.files.truncate(MAX_FILES);
    presented
}

/// `plugin:skill` belongs to `plugin`.
pub fn plugin_of(skill: &str) -> &str {
    let skill = skill.trim().trim_start_matches('/');
    skill.split(':').next().unwrap_or(skill)
}

fn free_text(presented: &mut Presented, input: &str, wanted: bool) {
    if let Some((diff, files)) = patch::from_apply_patch(input) {
        patched_call(presented, diff, files, wanted);
        return;
    }
    let decoded = Raw::parse(input).ok().and_then(Raw::text);
    let plain = decoded.as_deref().unwrap_or(input).trim();
    let plain = if plain == "null" { "" } else { plain };
    presented.call.title = text::one_line(plain, text::MAX_TITLE);
    if wanted {
        presented.text = plain.to_owned();
        presented.format = match presented.call.kind {
            ToolKind::Shell => BodyFormat::Shell,
            _ => BodyFormat::Plain,
        };
    }
}

fn patched_call(presented: &mut Presented, diff: String, files: Vec<String>, wanted: bool) {
    presented.call.kind = ToolKind::Edit;
    presented.call.title = text::one_line(&files.join(", "), text::MAX_TITLE);
    presented.call.files = files;
    presented.call.files.truncate(MAX_FILES);
    if wanted {
        presented.text = diff;
        presented.format = BodyFormat::Diff;
    }
}

fn title(fields: &Input<'_>, command: Option<&str>, object: Raw<'_>) -> String {
    let order = [
        fields.file_path,
        fields.notebook_path,
        fields.pattern,
        fields.query,
        fields.url,
        fields.description,
        fields.subject,
        fields.skill,
        fields.title,
        fields.path,
        fields.name,
        fields.prompt,
        fields.message,
        fields.id,
    ];
    let named = || order.into_iter().flatten().find_map(Raw::filled);
    let any = || {
        let members = object.members();
        members.into_iter().find_map(|(_, value)| value.filled())
    };
    let line = match command {
        Some(command) => Cow::Borrowed(command),
        None => named().or_else(any).unwrap_or_default(),
    };
    text::one_line(&line, text::MAX_TITLE)
}

/// The command, with what else was passed as comments around it.
fn shell_text(object: Raw<'_>, command: &str) -> String {
    let mut out = String::with_capacity(command.len() + 64);
    let mut after = String::new();
    for (key, value) in object.members() {
        match key.as_ref() {
            "command" | "cmd" | "CommandLine" => {}
            "description" | "justification" => {
                for line in value.text().unwrap_or_default().lines() {
                    out.push_str(&format!("# {line}\n"));
                }
            }
            _ => after.push_str(&format!("\n# {key}: {}", inline(value))),
        }
    }
    out.push_str(command.trim_end());
    out.push_str(&after);
    out
}

fn inline(value: Raw<'_>) -> String {
    let text = value.text().unwrap_or(Cow::Borrowed(value.as_json()));
    text.lines().collect::<Vec<_>>().join(" ")
}

/// Edits as diffs; `None` for what is no edit.
fn edit_text(kind: ToolKind, object: Raw<'_>, fields: &Input<'_>) -> Option<String> {
    let file = fields.file_path.or(fields.notebook_path).or(fields.path);
    let path = file.and_then(Raw::text)?;
    let get = |raw: Option<Raw<'_>>| raw.and_then(Raw::owned);
    let edits = fields.edits.map(Raw::items).unwrap_or_default();
    if kind == ToolKind::Write {
        let content = get(fields.content)?;
        return Some(others(object) + &patch::created(&path, &content));
    }
    if kind != ToolKind::Edit {
        return None;
    }
    if let Some(new) = get(fields.new_string).or(get(fields.new_source)) {
        let old = get(fields.old_string).unwrap_or_default();
        return Some(others(object) + &patch::unified(&path, &old, &new));
    }
    if edits.is_empty() {
        return None;
    }
    let mut out = others(object);
    patch::header(&mut out, &path, &path);
    for edit in edits {
        let edit = edit.object::<Edit<'_>>()?.spelt_alike();
        let old = get(edit.old_string).unwrap_or_default();
        patch::hunks(&mut out, &old, &get(edit.new_string)?);
    }
    Some(out)
}

/// Members of an edit that its diff does not show.
fn others(object: Raw<'_>) -> String {
    const SHOWN: &[&str] = &[
        "file_path",
        "notebook_path",
        "path",
        "content",
        "old_string",
        "new_string",
        "oldText",
        "newText",
        "new_source",
        "edits",
        "filePath",
        "target_file",
        "oldString",
        "newString",
        "old_str",
        "new_str",
        "file_text",
        "AbsolutePath",
        "TargetFile",
        "CodeContent",
        "TargetContent",
        "ReplacementContent",
        "ReplacementChunks",
    ];
    let mut out = String::new();
    for (key, value) in object.members() {
        // `replace_all: false` is the default and says nothing
        if !SHOWN.contains(&key.as_ref()) && value.bool() != Some(false) {
            out.push_str(&format!("{key}: {}\n", inline(value)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_call_is_its_command() {
        let input = r#"{"command":"cargo test\n","description":"run it","timeout":5}"#;
        let shown = present("Bash", input, true);
        assert_eq!(shown.text, "# run it\ncargo test\n# timeout: 5");
        assert_eq!(shown.format, BodyFormat::Shell);
        assert_eq!(shown.call.title, "cargo test");
        let shown = present("shell", r#"{"command":["bash","-lc","ls | wc"]}"#, true);
        assert_eq!(shown.text, "ls | wc");
        let shown = present("shell", r#"{"command":["git","commit","-m","it's"]}"#, true);
        assert_eq!(shown.text, r"git commit -m 'it'\''s'");
    }

    #[test]
    fn an_edit_is_a_diff() {
        let input =
            r#"{"file_path":"/a/b.rs","old_string":"x\ny","new_string":"x\nz","replace_all":true}"#;
        let shown = present("Edit", input, true);
        assert_eq!(shown.format, BodyFormat::Diff);
        assert_eq!(
            shown.text,
            "replace_all: true\n--- /a/b.rs\n+++ /a/b.rs\n@@ -1,2 +1,2 @@\n x\n-y\n+z\n"
        );
        assert_eq!(shown.call.files, ["/a/b.rs"]);
        let input = r#"{"file_path":"m","edits":[{"old_string":"a","new_string":"b"},{"old_string":"c","new_string":"d"}]}"#;
        let shown = present("MultiEdit", input, true);
        assert_eq!(
            shown.text.matches("@@ -1 +1 @@").count(),
            2,
            "{}",
            shown.text
        );
        let shown = present("Write", r#"{"file_path":"n","content":"hi"}"#, true);
        assert_eq!(shown.text, "--- /dev/null\n+++ n\n@@ -0,0 +1,1 @@\n+hi\n");
    }

    #[test]
    fn a_patch_is_an_edit_wherever_it_stands() {
        let free = "*** Begin Patch\n*** Update File: a\n@@\n-x\n+y\n*** End Patch";
        let json = serde_json::json!({ "input": free }).to_string();
        let shell = serde_json::json!({ "command": ["apply_patch", free] }).to_string();
        for (name, input) in [
            ("apply_patch", free),
            ("apply_patch", &json),
            ("shell", &shell),
        ] {
            let shown = present(name, input, true);
            assert_eq!(shown.call.kind, ToolKind::Edit, "{name}");
            assert_eq!(shown.call.files, ["a"]);
            assert!(
                shown.text.ends_with("--- a\n+++ a\n@@\n-x\n+y\n"),
                "{}",
                shown.text
            );
        }
    }

    #[test]
    fn every_word_of_any_input_is_in_the_text() {
        let input = r#"{"alpha":"one\ntwo","beta":[{"gamma":"three"},4,null],"delta":{"e":{"f":"\u00fcber"}},"zeta":[]}"#;
        let shown = present("mcp__srv__do_it", input, true);
        assert_eq!(shown.call.mcp.as_deref(), Some("srv"));
        assert_eq!(
            shown.text,
            "alpha:\n  one\n  two\nbeta:\n  -\n    gamma: three\n  - 4\n  - null\ndelta:\n  e:\n    f: über\nzeta: []"
        );
    }

    #[test]
    fn deep_nesting_ends() {
        let input = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
        assert!(present("X", &input, true).text.contains("{\"a\":"));
        let input = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(!present("X", &input, true).text.is_empty());
    }

    #[test]
    fn skills_and_servers_are_named() {
        let shown = present("Skill", r#"{"skill":"superpowers:writing-plans"}"#, false);
        assert_eq!(shown.call.skill.as_deref(), Some("superpowers"));
        assert_eq!(shown.call.title, "superpowers:writing-plans");
        assert!(shown.text.is_empty());
        assert_eq!(mcp_server("mcp__a_b__c__d"), Some("a_b"));
        assert_eq!(mcp_server("mcp__a"), None);
    }

    #[test]
    fn input_that_is_no_object_is_text() {
        for (input, want) in [
            ("\"just words\"", "just words"),
            ("{torn", "{torn"),
            ("null", ""),
        ] {
            assert_eq!(present("Thing", input, true).text, want);
        }
    }
}
