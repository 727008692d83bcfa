//! What of a user-role item a person wrote: what only Codex does, on top of [`crate::agents::read::prompt`].

use crate::agents::read::prompt;
use crate::model::PromptKind;
use std::borrow::Cow;

/// Texts that begin like this were written by Codex in the person's name.
const INJECTED: &[&str] = &[
    "<external_",
    "<hook_prompt",
    "<user_action>",
    "<personality_spec>",
    "<realtime_conversation>",
    "Warning: apply_patch was requested via ",
    "Warning: Your account was flagged for ",
    // compaction: the order to sum up, and the summary handed to the next context
    "You are performing a CONTEXT CHECKPOINT COMPACTION",
    "Another language model started to solve this problem and produced a summary",
    // the reviewer of risky actions is given the conversation as a prompt
    "The following is the Codex agent history",
    "The Codex agent has requested the following",
    ">>> TRANSCRIPT ",
    ">>> APPROVAL REQUEST ",
];

/// Headings of what an IDE puts in front of the request, and the heading of the request.
const CONTEXT: &[&str] = &[
    "# Context from my IDE setup:",
    "# Files mentioned by the user:",
];
const REQUEST: &str = "## My request for Codex:";

pub(super) struct Prompt<'a> {
    pub(super) kind: PromptKind,
    pub(super) text: Cow<'a, str>,
    /// Output of a shell line that the person ran.
    pub(super) result: Option<&'a str>,
    /// The note that the turn was stopped.
    pub(super) interruption: bool,
}

pub(super) fn read(text: &str) -> Prompt<'_> {
    let whole = text.trim();
    let injected = |text: Cow<'static, str>| Prompt {
        kind: PromptKind::Injected,
        text,
        result: None,
        interruption: whole.starts_with("<turn_aborted>"),
    };
    if whole.starts_with("<user_action>") {
        return injected(Cow::Owned(action(whole)));
    }
    if CONTEXT.iter().any(|head| whole.starts_with(head)) {
        return match whole.split_once(REQUEST).map(|(_, request)| request.trim()) {
            Some(request) if !request.is_empty() => read_bare(request),
            _ => injected(Cow::Owned(whole.to_owned())),
        };
    }
    read_bare(whole)
}

fn read_bare(whole: &str) -> Prompt<'_> {
    let reading = prompt::read(whole);
    let known = INJECTED.iter().any(|start| whole.starts_with(start));
    Prompt {
        result: (reading.kind == PromptKind::Shell)
            .then(|| element(whole, "result"))
            .flatten(),
        kind: match reading.kind {
            _ if known => PromptKind::Injected,
            PromptKind::Typed if is_slash(&reading.text) => PromptKind::Slash,
            kind => kind,
        },
        interruption: reading.interruption || whole.starts_with("<turn_aborted>"),
        text: reading.text,
    }
}

/// A review that the person started: what was done, on what, and what came of it.
fn action(text: &str) -> String {
    let parts = ["action", "context", "results"];
    let told: Vec<&str> = parts.iter().filter_map(|tag| element(text, tag)).collect();
    match told.is_empty() {
        true => text.to_owned(),
        false => told.join("\n\n"),
    }
}

/// What stands between `<tag>` and `</tag>`, trimmed, when that is anything.
fn element<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{tag}>"))?;
    let (inner, _) = rest.rsplit_once(&format!("</{tag}>"))?;
    Some(inner.trim()).filter(|inner| !inner.is_empty())
}

/// The working directory as `<environment_context>` tells it; in its first version without a tag.
pub(super) fn folder(text: &str) -> Option<&str> {
    let context = text.trim().strip_prefix("<environment_context>")?;
    let line = || {
        context
            .split_once("Current working directory:")?
            .1
            .lines()
            .next()
    };
    element(context, "cwd").or_else(|| line().map(str::trim))
}

/// `/name` and what follows it; a path has a slash, a dot or a space where a name ends.
fn is_slash(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('/') else {
        return false;
    };
    let name = rest.split_whitespace().next().unwrap_or("");
    !rest.starts_with(char::is_whitespace)
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_:".contains(c))
}

/// `<image name="...">` and `</image>` stand around an attached image as text of their own.
pub(super) fn is_image_tag(text: &str) -> bool {
    let text = text.trim();
    text == "</image>"
        || (text.starts_with("<image") && text.ends_with('>') && !text.contains('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, kind: PromptKind, want: &str) {
        let read = read(text);
        assert_eq!((read.kind, read.text.as_ref()), (kind, want), "{text}");
    }

    #[test]
    fn only_the_request_is_left_of_an_ides_context() {
        let context =
            "# Context from my IDE setup:\n\n## Active file: a.rs\n\n## Open tabs:\n- a.rs: a.rs\n";
        check(
            &format!("{context}\n## My request for Codex:\nrename it\n"),
            PromptKind::Typed,
            "rename it",
        );
        check(
            "# Files mentioned by the user:\n\n## a.rs: a.rs\n\n## My request for Codex:\nread it",
            PromptKind::Typed,
            "read it",
        );
        check(context, PromptKind::Injected, context.trim());
        check(
            "what does `## My request for Codex:` mean?",
            PromptKind::Typed,
            "what does `## My request for Codex:` mean?",
        );
    }

    #[test]
    fn a_shell_line_has_its_output() {
        let text = "<user_shell_command>\n<command>\nls\n</command>\n<result>\nExit code: 0\na\n</result>\n</user_shell_command>";
        let read = read(text);
        assert_eq!((read.kind, read.text.as_ref()), (PromptKind::Shell, "ls"));
        assert_eq!(read.result, Some("Exit code: 0\na"));
    }

    #[test]
    fn a_review_is_no_prompt() {
        check(
            "<user_action>\n<context>the person asked for a review</context>\n<action>review</action>\n<results>none found</results>\n</user_action>",
            PromptKind::Injected,
            "review\n\nthe person asked for a review\n\nnone found",
        );
    }

    #[test]
    fn what_codex_says_in_the_persons_name() {
        for text in [
            "<external_weather>rain</external_weather>",
            "<hook_prompt hook_run_id=\"1\">go on</hook_prompt>",
            "You are performing a CONTEXT CHECKPOINT COMPACTION. Create a summary.",
            "<turn_aborted>\nThe user interrupted the previous turn on purpose.\n</turn_aborted>",
            "# AGENTS.md instructions for /w\n\n<INSTRUCTIONS>be brief</INSTRUCTIONS>",
        ] {
            assert_eq!(read(text).kind, PromptKind::Injected, "{text}");
        }
        assert!(read("<turn_aborted>\nx\n</turn_aborted>").interruption);
    }

    #[test]
    fn a_command_and_a_path() {
        check(
            "/review the last commit",
            PromptKind::Slash,
            "/review the last commit",
        );
        check("/prompts:fix-it", PromptKind::Slash, "/prompts:fix-it");
        for text in [
            "/etc/hosts is wrong",
            "/ is full",
            "/tmp.log",
            "// why?",
            "/",
        ] {
            check(text, PromptKind::Typed, text);
        }
    }

    #[test]
    fn the_folder_in_both_versions_of_the_context() {
        let new = "<environment_context>\n  <cwd>/w/app</cwd>\n</environment_context>";
        let old = "<environment_context>\nCurrent working directory: /w/app\nApproval policy: never\n</environment_context>";
        assert_eq!(folder(new), Some("/w/app"));
        assert_eq!(folder(old), Some("/w/app"));
        assert_eq!(folder("<cwd>/w/app</cwd>"), None);
    }

    #[test]
    fn tags_around_an_image() {
        assert!(is_image_tag("<image>") && is_image_tag("</image>"));
        assert!(is_image_tag("<image name=[Image #1]>"));
        assert!(!is_image_tag("<image> shows a cat") && !is_image_tag("an <image>"));
    }
}
