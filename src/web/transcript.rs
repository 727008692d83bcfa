//! Messages as the session page shows them: rendered, folded, bounded.

use super::cards::one_line;
use super::filters::sized;
use super::found::{self, Parts};
use super::{highlight, markdown};
use crate::engine::view::{Amount, Course, Inside, TranscriptItem};
use crate::model::{BodyFormat, PromptKind, Role, ToolCall, ToolKind};
use std::sync::Arc;

/// More than this of one body stays behind a link to its full text.
const MAX_PROSE: usize = 96 * 1024;
const MAX_OUTPUT: usize = 16 * 1024;
/// Images shown of one message.
const MAX_IMAGES: u32 = 20;

/// One message, ready for `parts/item.html`.
pub struct Item {
    pub seq: u32,
    /// Address of its session's page.
    pub path: String,
    /// What it can be jumped to as: `prompt`, `error`, `edit`, in words.
    pub kinds: String,
    /// It answers what is searched for in the session.
    pub found: bool,
    /// What its prompt came to.
    pub turn: Option<Sums>,
    /// Kind of row: `user`, `assistant`, `thinking`, `tool`, `system`.
    pub class: &'static str,
    /// Who speaks, in a word.
    pub label: &'static str,
    /// This is the message that the address asks for.
    pub target: bool,
    pub at: Option<i64>,
    pub model: String,
    pub body: Body,
    pub copy: bool,
    pub sidechain: bool,
    /// Addresses of its images.
    pub images: Vec<String>,
    pub call: Option<Call>,
    /// First words, for the head of a fold.
    pub peek: String,
}

/// What a prompt's responses used, and how long they took.
#[derive(Clone)]
pub struct Sums {
    pub until: Option<i64>,
    pub amount: Amount,
}

/// A tool call's head and what it gave back.
pub struct Call {
    pub tool: ToolCall,
    /// Name of its icon.
    pub icon: &'static str,
    /// The tool's name without the prefix that MCP puts before it.
    pub name: String,
    pub failed: bool,
    /// No output is recorded (yet).
    pub silent: bool,
    pub output: Option<Body>,
    pub output_seq: u32,
    pub output_size: String,
    /// Addresses of the images that it gave back.
    pub images: Vec<String>,
    /// The sub-agent that it started.
    pub child: Option<String>,
}

/// What is shown of a text.
pub struct Body {
    pub content: Content,
    /// Says what is missing and where it is; `None` when the whole is shown.
    pub notice: Option<Notice>,
}

pub struct Notice {
    pub text: String,
    /// Full text as we hold it; `None` when the page shows all that we hold.
    pub href: Option<String>,
}

pub enum Content {
    Empty,
    /// Sanitised HTML.
    Html(String),
    /// Preformatted text.
    Plain(Parts),
    /// Lines with their class: `add`, `del`, `hunk`, `file`, `""`.
    Diff(Vec<(&'static str, Parts)>),
}

/// Renders the messages of one page, which share the highlighter's budget.
pub struct Renderer<'a> {
    path: &'a str,
    target: Option<u32>,
    budget: usize,
    insight: &'a Insight,
}

/// What is known of a session beside its messages.
#[derive(Default)]
pub struct Insight {
    course: Arc<Course>,
    pub inside: Inside,
}

impl Insight {
    pub fn new(course: Arc<Course>, inside: Inside) -> Insight {
        Insight { course, inside }
    }

    /// What the prompt of this ordinal came to. A page asks for a few of thousands.
    fn turn(&self, seq: u32) -> Option<Sums> {
        let mut turns = self.course.turns.iter();
        turns.find(|turn| turn.seq == Some(seq)).map(|turn| Sums {
            until: Some(turn.until),
            amount: turn.amount.clone(),
        })
    }

    fn found(&self, seq: u32) -> bool {
        self.inside.seqs.binary_search(&seq).is_ok()
    }
}

impl<'a> Renderer<'a> {
    /// `path` is the session's page; `target` the message that the address asks for.
    pub fn new(path: &'a str, target: Option<u32>, insight: &'a Insight) -> Renderer<'a> {
        Renderer {
            path,
            target,
            insight,
            budget: highlight::PAGE_BUDGET,
        }
    }

    /// `child` finds the page of a sub-agent by its native id.
    pub fn item(
        &mut self,
        mut item: TranscriptItem,
        child: impl Fn(&str) -> Option<String>,
    ) -> Item {
        let output = item.output.take();
        let answered = output.as_ref().map(|output| output.seq);
        let call = item.tool.take().map(|tool| self.call(tool, output, child));
        let (class, label) = match item.role {
            _ if call.is_some() => ("tool", "Tool"),
            Role::User => match item.prompt {
                PromptKind::Injected => ("system", "Injected"),
                PromptKind::Slash => ("user", "You, command"),
                PromptKind::Shell => ("user", "You, shell"),
                PromptKind::Queued => ("user", "You, queued"),
                PromptKind::Typed => ("user", "You"),
            },
            Role::Assistant => ("assistant", "Assistant"),
            Role::Thinking => ("thinking", "Thinking"),
            Role::Tool | Role::Output => ("tool", "Output"),
            Role::System => ("system", "Notice"),
        };
        Item {
            seq: item.seq,
            path: self.path.to_owned(),
            kinds: kinds(&item, call.as_ref()),
            found: self.insight.found(item.seq)
                || answered.is_some_and(|seq| self.insight.found(seq)),
            turn: match item.role {
                Role::User => self.insight.turn(item.seq),
                _ => None,
            },
            class,
            label,
            target: self.target.is_some()
                && (self.target == Some(item.seq) || self.target == answered),
            at: item.at,
            model: item.model.clone().unwrap_or_default(),
            copy: item.copy,
            sidechain: item.sidechain,
            images: self.images(item.seq, item.images),
            call,
            peek: one_line(&item.text[..item.text.floor_char_boundary(400)], 140).replace("**", ""),
            body: self.body(item),
        }
    }

    fn call(
        &mut self,
        tool: ToolCall,
        output: Option<Box<TranscriptItem>>,
        child: impl Fn(&str) -> Option<String>,
    ) -> Call {
        let answer = output.as_ref().and_then(|output| output.tool.as_ref());
        let failed = tool.failed || answer.is_some_and(|answer| answer.failed);
        let child = tool
            .child
            .as_deref()
            .or_else(|| answer.and_then(|answer| answer.child.as_deref()))
            .and_then(child);
        Call {
            icon: icon(tool.kind),
            name: tool
                .name
                .rsplit("__")
                .next()
                .unwrap_or(&tool.name)
                .to_owned(),
            failed,
            silent: output.is_none(),
            output_seq: output.as_ref().map_or(0, |output| output.seq),
            output_size: output
                .as_ref()
                .map_or_else(String::new, |output| sized(output.bytes)),
            images: output
                .as_ref()
                .map_or_else(Vec::new, |output| self.images(output.seq, output.images)),
            output: output.map(|output| self.body(*output)),
            child,
            tool,
        }
    }

    fn images(&self, seq: u32, count: u32) -> Vec<String> {
        let shown = 0..count.min(MAX_IMAGES);
        shown
            .map(|n| format!("{}/image/{seq}/{n}", self.path))
            .collect()
    }

    fn body(&mut self, item: TranscriptItem) -> Body {
        let prose = item.format == BodyFormat::Markdown;
        let limit = if prose { MAX_PROSE } else { MAX_OUTPUT };
        let shown = item.text.floor_char_boundary(limit);
        let notice = self.notice(&item, shown);
        let text = &item.text[..shown];
        let marker = &self.insight.inside.marker;
        let content = match item.format {
            _ if text.trim().is_empty() => Content::Empty,
            BodyFormat::Markdown => {
                let breaks = item.role == Role::User;
                let html = markdown::html(text, breaks, &mut self.budget);
                Content::Html(found::in_html(html, marker))
            }
            BodyFormat::Plain => Content::Plain(found::in_text(bare(text), marker)),
            BodyFormat::Diff => {
                let line = |(class, line)| (class, found::in_text(line, marker));
                Content::Diff(diff(text).into_iter().map(line).collect())
            }
            BodyFormat::Shell => self.code(text, "sh"),
            BodyFormat::Json => self.code(text, "json"),
        };
        Body { content, notice }
    }

    fn notice(&self, item: &TranscriptItem, shown: usize) -> Option<Notice> {
        if shown == item.text.len() && !item.cut {
            return None;
        }
        let all = item.bytes.max(item.text.len() as u64);
        let mut text = format!("{} of {} shown", sized(shown as u64), sized(all));
        if item.cut {
            text.push_str("; the rest was over the limit and is only in the agent's own file");
        }
        let href = format!("{}/text/{}", self.path, item.seq);
        Some(Notice {
            text,
            href: (shown < item.text.len()).then_some(href),
        })
    }

    fn code(&mut self, text: &str, language: &str) -> Content {
        match highlight::html(text, language, &mut self.budget) {
            Some(spans) => {
                let html = format!("<pre tabindex=\"0\"><code>{spans}</code></pre>");
                Content::Html(found::in_html(html, &self.insight.inside.marker))
            }
            None => Content::Plain(found::in_text(bare(text), &self.insight.inside.marker)),
        }
    }
}

fn kinds(item: &TranscriptItem, call: Option<&Call>) -> String {
    let prompt = item.role == Role::User && item.prompt.is_prompt();
    let edit = |call: &Call| matches!(call.tool.kind, ToolKind::Edit | ToolKind::Write);
    let all = [
        (prompt, "prompt"),
        (call.is_some_and(|call| call.failed), "error"),
        (call.is_some_and(edit), "edit"),
    ];
    let kinds: Vec<&str> = all
        .iter()
        .filter(|kind| kind.0)
        .map(|kind| kind.1)
        .collect();
    kinds.join(" ")
}

fn icon(kind: ToolKind) -> &'static str {
    match kind {
        ToolKind::Shell => "shell",
        ToolKind::Edit | ToolKind::Write => "edit",
        ToolKind::Read => "file",
        ToolKind::Search => "search",
        ToolKind::Web => "web",
        ToolKind::Task => "task",
        ToolKind::Plan => "plan",
        ToolKind::Other => "tool",
    }
}

/// Without terminal colours and other control sequences.
fn bare(text: &str) -> String {
    if !text.contains(['\u{1b}', '\r', '\u{8}']) {
        return text.to_owned();
    }
    let mut bare = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => match chars.next() {
                Some('[') => while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
                Some(']') => while chars.next().is_some_and(|c| c != '\u{7}' && c != '\\') {},
                _ => {}
            },
            // a progress bar redraws its line: the last state counts
            '\r' if chars.peek() != Some(&'\n') => {
                bare.truncate(bare.rfind('\n').map_or(0, |at| at + 1));
            }
            '\r' | '\u{8}' => {}
            c => bare.push(c),
        }
    }
    bare
}

fn diff(text: &str) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let class = match line.as_bytes() {
            [b'-', b'-', b'-', b' ', ..] | [b'+', b'+', b'+', b' ', ..] => "file",
            [b'@', b'@', ..] => "hunk",
            [b'+', ..] => "add",
            [b'-', ..] => "del",
            _ => "",
        };
        // the two names of an edit in place say the same thing twice
        let path = line.get(4..).unwrap_or_default();
        if class == "file" && line.starts_with("---") {
            continue;
        }
        match class {
            "file" => lines.push((class, path.to_owned())),
            _ => lines.push((class, line.to_owned())),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(format: BodyFormat, text: &str) -> TranscriptItem {
        TranscriptItem {
            seq: 7,
            text: text.into(),
            bytes: text.len() as u64,
            format,
            ..TranscriptItem::default()
        }
    }

    fn render(item: TranscriptItem) -> Item {
        Renderer::new("/session/x", None, &Insight::default()).item(item, |_| None)
    }

    #[test]
    fn terminal_control_is_taken_out() {
        assert_eq!(bare("\u{1b}[1;31mred\u{1b}[0m\r\nb"), "red\nb");
        assert_eq!(bare("a\n10%\r20%\r100%\nz"), "a\n100%\nz");
        assert_eq!(bare("\u{1b}]8;;http://x\u{7}link"), "link");
        assert_eq!(bare("\u{1b}"), "");
    }

    #[test]
    fn long_output_is_cut_between_characters_and_says_so() {
        let text = "é".repeat(MAX_OUTPUT);
        let item = render(item(BodyFormat::Plain, &text));
        let Content::Plain(shown) = item.body.content else {
            panic!("plain text stays plain");
        };
        assert_eq!(shown[0].1.len(), MAX_OUTPUT);
        let notice = item.body.notice.unwrap();
        assert_eq!(notice.href.as_deref(), Some("/session/x/text/7"));
    }

    #[test]
    fn a_body_that_was_cut_when_read_has_no_link() {
        let mut cut = item(BodyFormat::Plain, "begin");
        (cut.cut, cut.bytes) = (true, 20_000_000);
        let notice = render(cut).body.notice.unwrap();
        assert!(notice.text.contains("5 B of 20 MB"), "{}", notice.text);
        assert_eq!(notice.href, None);
    }

    #[test]
    fn diff_lines_have_classes() {
        let lines = diff("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n same");
        let classes: Vec<_> = lines.iter().map(|line| line.0).collect();
        assert_eq!(classes, ["file", "hunk", "del", "add", ""]);
    }

    #[test]
    fn asking_for_an_output_opens_its_call() {
        let mut call = item(BodyFormat::Shell, "ls");
        call.role = Role::Tool;
        call.tool = Some(ToolCall {
            name: "mcp__gh__search".into(),
            ..ToolCall::default()
        });
        let mut output = item(BodyFormat::Plain, "x");
        output.seq = 8;
        output.tool = Some(ToolCall {
            failed: true,
            ..ToolCall::default()
        });
        call.output = Some(Box::new(output));
        let item = Renderer::new("/session/x", Some(8), &Insight::default()).item(call, |_| None);
        assert!(item.target);
        assert_eq!(item.kinds, "error");
        let call = item.call.unwrap();
        assert!(call.failed && !call.silent);
        assert_eq!(call.name, "search");
    }
}
