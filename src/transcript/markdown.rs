//! A session as Markdown, written message by message.
//!
//! Bodies are Markdown themselves, or foreign text: a fence is longer than any inside, and a fence that
//! a body leaves open is closed behind it, so that no message swallows the next one.

use crate::model::{BodyFormat, Message, Role};
use jiff::tz::TimeZone;
use std::io::{self, Write};

/// What is left out.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    pub tools: bool,
    pub thinking: bool,
}

pub struct Markdown<'w> {
    out: &'w mut dyn Write,
    zone: TimeZone,
    parts: Parts,
    /// Whose heading stands above.
    speaker: &'static str,
}

impl<'w> Markdown<'w> {
    pub fn new(out: &'w mut dyn Write, zone: TimeZone, parts: Parts) -> Markdown<'w> {
        Markdown {
            out,
            zone,
            parts,
            speaker: "",
        }
    }

    /// Title and facts; facts without a value are left out.
    ///
    /// # Errors
    /// The writer's.
    pub fn head(&mut self, title: &str, facts: &[(&str, String)]) -> io::Result<()> {
        writeln!(self.out, "# {}\n", line(title))?;
        for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
            writeln!(self.out, "- **{name}:** {}", line(value))?;
        }
        Ok(())
    }

    /// One message, in the order of the session.
    ///
    /// # Errors
    /// The writer's.
    pub fn message(&mut self, message: &Message, at: Option<i64>) -> io::Result<()> {
        match message.role {
            Role::User if message.prompt.is_prompt() => {
                // two prompts in a row are two
                self.speaker = "";
                self.prose("User", message, at)
            }
            Role::Assistant => self.prose("Assistant", message, at),
            Role::Thinking if self.parts.thinking && !message.text.trim().is_empty() => {
                self.heading("Assistant", at)?;
                writeln!(self.out, "\n*Thinking*\n")?;
                for line in message.text.trim().lines() {
                    writeln!(self.out, "> {line}")?;
                }
                self.cut(message)
            }
            Role::Tool if self.parts.tools => self.call(message, at),
            Role::Output if self.parts.tools => self.output(message, at),
            _ => Ok(()),
        }
    }

    fn heading(&mut self, speaker: &'static str, at: Option<i64>) -> io::Result<()> {
        if self.speaker == speaker {
            return Ok(());
        }
        self.speaker = speaker;
        match at.map(|at| stamp(at, &self.zone)) {
            Some(at) => writeln!(self.out, "\n## {speaker}, {at}"),
            None => writeln!(self.out, "\n## {speaker}"),
        }
    }

    fn prose(
        &mut self,
        speaker: &'static str,
        message: &Message,
        at: Option<i64>,
    ) -> io::Result<()> {
        let text = message.text.trim();
        if text.is_empty() {
            return Ok(());
        }
        self.heading(speaker, at)?;
        match message.format {
            BodyFormat::Markdown => {
                writeln!(self.out, "\n{text}")?;
                if let Some(fence) = open_fence(text) {
                    writeln!(self.out, "{fence}")?;
                }
            }
            _ => self.fenced(message)?,
        }
        self.cut(message)
    }

    fn call(&mut self, message: &Message, at: Option<i64>) -> io::Result<()> {
        let tool = message.tool.as_deref();
        let name = tool.map_or("", |tool| tool.name.as_str());
        let title = tool.map_or("", |tool| tool.title.as_str());
        if name.is_empty() && title.is_empty() && message.text.trim().is_empty() {
            return Ok(());
        }
        self.heading("Assistant", at)?;
        let name = if name.is_empty() { "Tool" } else { name };
        match line(title).as_str() {
            "" => writeln!(self.out, "\n### {}", line(name))?,
            title => writeln!(self.out, "\n### {}: {}", line(name), code(title))?,
        }
        self.fenced(message)?;
        self.cut(message)
    }

    fn output(&mut self, message: &Message, at: Option<i64>) -> io::Result<()> {
        if message.text.trim().is_empty() {
            return Ok(());
        }
        self.heading("Assistant", at)?;
        let tool = message.tool.as_deref();
        let of = tool
            .map(|tool| line(&tool.name))
            .filter(|name| !name.is_empty());
        let of = of.map(|name| format!(" of {name}")).unwrap_or_default();
        let failed = match tool.is_some_and(|tool| tool.failed) {
            true => ", failed",
            false => "",
        };
        writeln!(self.out, "\n*Output{of}{failed}*")?;
        self.fenced(message)?;
        self.cut(message)
    }

    fn fenced(&mut self, message: &Message) -> io::Result<()> {
        let text = message.text.trim_end();
        if text.is_empty() {
            return Ok(());
        }
        let language = match message.format {
            BodyFormat::Diff => "diff",
            BodyFormat::Shell => "sh",
            BodyFormat::Json => "json",
            BodyFormat::Markdown | BodyFormat::Plain => "",
        };
        let fence = "`".repeat((longest_run(text) + 1).max(3));
        writeln!(self.out, "\n{fence}{language}\n{text}\n{fence}")
    }

    fn cut(&mut self, message: &Message) -> io::Result<()> {
        if !message.cut {
            return Ok(());
        }
        let (shown, all) = (message.text.len(), message.bytes);
        writeln!(
            self.out,
            "\n*{shown} of {all} bytes: the rest was not kept.*"
        )
    }
}

fn stamp(at: i64, zone: &TimeZone) -> String {
    let at = jiff::Timestamp::from_millisecond(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let at = at.to_zoned(zone.clone());
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// On one line, without control characters.
fn line(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .collect();
    words
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Code inside a line, whatever backticks are in it.
fn code(text: &str) -> String {
    let ticks = "`".repeat(longest_run(text) + 1);
    match text.starts_with('`') || text.ends_with('`') {
        true => format!("{ticks} {text} {ticks}"),
        false => format!("{ticks}{text}{ticks}"),
    }
}

fn longest_run(text: &str) -> usize {
    let (mut longest, mut run) = (0, 0);
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// The fence that would close what a Markdown text leaves open.
fn open_fence(text: &str) -> Option<String> {
    let mut open: Option<(char, usize)> = None;
    for line in text.lines() {
        let bare = line.trim_start_matches(' ');
        let Some(mark) = bare.chars().next().filter(|c| matches!(c, '`' | '~')) else {
            continue;
        };
        let length = bare.chars().take_while(|c| *c == mark).count();
        if length < 3 || line.len() - bare.len() > 3 {
            continue;
        }
        let rest = &bare[length..];
        open = match open {
            None if mark == '`' && rest.contains('`') => None,
            None => Some((mark, length)),
            Some((of, least)) if of == mark && length >= least && rest.trim().is_empty() => None,
            open => open,
        };
    }
    open.map(|(mark, length)| mark.to_string().repeat(length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{PromptKind, ToolCall};

    fn message(role: Role, text: &str) -> Message {
        Message {
            role,
            text: text.into(),
            ..Message::default()
        }
    }

    fn tool(role: Role, name: &str, title: &str, text: &str) -> Message {
        Message {
            format: BodyFormat::Plain,
            tool: Some(Box::new(ToolCall {
                name: name.into(),
                title: title.into(),
                failed: role == Role::Output,
                ..ToolCall::default()
            })),
            ..message(role, text)
        }
    }

    fn told(messages: &[Message], parts: Parts) -> String {
        let mut out = Vec::new();
        let mut markdown = Markdown::new(&mut out, TimeZone::UTC, parts);
        let facts = [("Agent", "X".to_owned()), ("Branch", String::new())];
        markdown.head("A\ntitle", &facts).unwrap();
        for message in messages {
            markdown.message(message, Some(1_772_971_200_000)).unwrap();
        }
        String::from_utf8(out).unwrap()
    }

    const ALL: Parts = Parts {
        tools: true,
        thinking: true,
    };

    #[test]
    fn a_session_is_told_under_two_kinds_of_headings() {
        let injected = Message {
            prompt: PromptKind::Injected,
            ..message(Role::User, "<env>")
        };
        let text = told(
            &[
                message(Role::User, "fix it"),
                injected,
                message(Role::Thinking, "hm\nwell"),
                message(Role::Assistant, "I look"),
                message(Role::Assistant, "  "),
                tool(Role::Tool, "Bash", "ls `x`", "ls `x`"),
                tool(Role::Output, "Bash", "", "a\n```\nb"),
                message(Role::Assistant, "done"),
                message(Role::System, "note"),
                message(Role::User, "thanks"),
                message(Role::User, "bye"),
            ],
            ALL,
        );
        let want = "# A title\n\n- **Agent:** X\n\n## User, 2026-03-08 12:00:00\n\nfix it\n\n\
## Assistant, 2026-03-08 12:00:00\n\n*Thinking*\n\n> hm\n> well\n\nI look\n\n### Bash: `` ls `x` ``\n\n\
```\nls `x`\n```\n\n*Output of Bash, failed*\n\n````\na\n```\nb\n````\n\ndone\n\n\
## User, 2026-03-08 12:00:00\n\nthanks\n\n## User, 2026-03-08 12:00:00\n\nbye\n";
        assert_eq!(text, want);
    }

    #[test]
    fn what_is_not_wanted_leaves_no_heading() {
        let some = Parts {
            tools: false,
            thinking: false,
        };
        let text = told(
            &[
                message(Role::Thinking, "hm"),
                tool(Role::Tool, "Bash", "ls", "ls"),
                tool(Role::Output, "Bash", "", "a"),
            ],
            some,
        );
        assert_eq!(text, "# A title\n\n- **Agent:** X\n");
    }

    #[test]
    fn an_open_fence_is_closed_behind_its_message() {
        for (text, fence) in [
            ("```rust\nlet x;", Some("```")),
            ("```rust\nlet x;\n```", None),
            ("~~~~\n```\n~~~", Some("~~~~")),
            ("inline ``` here", None),
            ("```a``` is code", None),
            ("    ```\nindented", None),
        ] {
            assert_eq!(open_fence(text).as_deref(), fence, "{text}");
        }
        let text = told(
            &[message(Role::User, "```\nx"), message(Role::User, "y")],
            ALL,
        );
        assert!(text.contains("```\nx\n```\n\n## User"), "{text}");
    }
}
