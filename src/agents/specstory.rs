//! SpecStory: `.specstory/history/*.md` in the folder of the project, one Markdown file a session.
//!
//! These are copies that SpecStory's extensions make of other agents' sessions. Where the original is
//! there too, both are listed: they are two agents. Tokens are not recorded, so none count twice.
//!
//! Checked against real files: none were at hand; the marks (`_**User**_`, `_**Agent (model …)**_`, the
//! comment with the session's id) follow published examples of versions 1 and 2.

use super::read::record::Cut;
use super::read::tell::{self, Out, Teller};
use super::read::{folder, in_projects, whole};
use super::{Agent, EventSink, Listing};
use crate::model::{AgentInfo, Capabilities, Checkpoint, RootSpec, Source, TitleRank, time};
use std::io;
use std::path::Path;

pub struct SpecStory;

static INFO: AgentInfo = AgentInfo {
    id: "specstory",
    name: "SpecStory",
    color: "#cbd5e1",
    roots: in_projects!(RootSpec::fixed(".specstory/history"), ".specstory/history"),
    resume: None,
    worktrees: None,
    capabilities: Capabilities {
        usage: false,
        tool_calls: true,
        sub_agents: false,
        timestamps: true,
        thinking: true,
    },
};

impl Agent for SpecStory {
    fn info(&self) -> &'static AgentInfo {
        &INFO
    }

    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        let mut listing = Listing::new();
        for entry in folder::entries(root, &mut listing) {
            if entry.is_folder || !entry.name.ends_with(".md") {
                continue;
            }
            if let Some(fingerprint) = folder::fingerprint(&entry.path, &mut listing) {
                found(Source::whole(entry.path, fingerprint, String::new()));
            }
        }
        listing
    }

    fn cut(&self, _: &Source) -> Cut {
        Cut::Block
    }
    fn parse(
        &self,
        source: &Source,
        _: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> io::Result<Checkpoint> {
        let Some(text) = whole::text(&source.path, sink)? else {
            return Ok(Checkpoint::default());
        };
        // other notes that somebody keeps there
        if !text.lines().any(|line| mark(line).is_some()) {
            return Ok(Checkpoint::default());
        }
        let stem = source
            .path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy();
        let native = session_id(&text).unwrap_or_else(|| tell::id_of_name(&stem));
        let zone = sink.zone();
        let mut teller = Teller::whole(&native, sink);
        let out = &mut teller.out(sink);
        let began = named_time(&stem, &zone);
        out.record(began, 0, "");
        let project = source.path.ancestors().nth(3).map(Path::to_string_lossy);
        out.cwd(&project.unwrap_or_default());
        tell_text(&text, began, &zone, out);
        Ok(Checkpoint::default())
    }
}

/// The id in `<!-- Claude Code Session 6dc… (2025-08-01 10:00:00Z) -->`.
fn session_id(text: &str) -> Option<String> {
    let comments = text
        .lines()
        .take(20)
        .filter_map(|line| line.trim().strip_prefix("<!--"));
    let mut ids = comments.filter_map(|line| {
        let (_, rest) = line
            .split_once(" Session ")
            .or(line.split_once(" session "))?;
        let id = rest.split_whitespace().next()?;
        (id.len() >= 8 && tell::is_id(id)).then(|| id.to_owned())
    });
    ids.next()
}

/// `2026-01-02_10-00-00Z-the-title` or `2026-01-02_10-00-the-title`.
fn named_time(stem: &str, zone: &jiff::tz::TimeZone) -> Option<i64> {
    let (day, rest) = stem.split_once('_')?;
    let mut parts = rest.splitn(4, '-');
    let (hour, minute) = (parts.next()?, parts.next()?);
    let second = parts.next().unwrap_or("");
    let universal = second.ends_with('Z');
    let second = second.trim_end_matches('Z');
    let second = if second.len() == 2 && second.bytes().all(|b| b.is_ascii_digit()) {
        second
    } else {
        "00"
    };
    let stamp = format!("{day}T{hour}:{minute}:{second}");
    match universal {
        true => time::from_text(&format!("{stamp}Z")),
        false => time::from_local(&stamp, zone),
    }
}

/// `_**User (2026-01-02 10:00:00Z)**_`: who speaks, and what stands in brackets.
fn mark(line: &str) -> Option<(&str, &str)> {
    let inside = line.trim().strip_prefix("_**")?.strip_suffix("**_")?;
    let (who, more) = inside.split_once(" (").unwrap_or((inside, ""));
    let known = matches!(who.trim(), "User" | "Human" | "Agent" | "Assistant");
    known.then(|| (who.trim(), more.trim_end_matches(')')))
}

fn tell_text(text: &str, began: Option<i64>, zone: &jiff::tz::TimeZone, out: &mut Out<'_>) {
    let mut speaker = "";
    let (mut from, mut offset) = (0, 0);
    let mut at = began;
    let mut block = String::new();
    let mut titled = false;
    for line in text.split_inclusive('\n') {
        if let Some((who, more)) = mark(line) {
            say(speaker, &block, at, from, out);
            block.clear();
            (speaker, from) = (who, offset);
            let told = more
                .split(", ")
                .find_map(|part| time::from_local(part, zone));
            at = told.or(if began.is_some() && from == 0 {
                began
            } else {
                None
            });
            let model = more
                .split(", ")
                .find_map(|part| part.strip_prefix("model "));
            out.model(model.unwrap_or_default());
        } else if speaker.is_empty() {
            if let Some(title) = line.strip_prefix("# ").filter(|_| !titled) {
                titled = true;
                let bare = title
                    .rsplit_once(" (")
                    .filter(|(_, end)| end.trim_end().ends_with(')'));
                out.title(TitleRank::Generated, bare.map_or(title, |(bare, _)| bare));
            }
        } else if line.trim() != "---" {
            block.push_str(line);
        }
        offset += line.len() as u64;
    }
    say(speaker, &block, at, from, out);
}

fn say(speaker: &str, block: &str, at: Option<i64>, offset: u64, out: &mut Out<'_>) {
    if block.trim().is_empty() {
        return;
    }
    out.record(at, offset, "");
    if matches!(speaker, "User" | "Human") {
        out.user(block.trim(), 0);
        return;
    }
    let mut rest = block;
    while let Some((before, name, inner, after)) = tagged(rest) {
        out.answer(before.trim());
        if name.is_empty() {
            out.thought(without_heads(inner));
        } else {
            out.call("", name, &without_heads(inner), |_| {});
        }
        rest = after;
    }
    out.answer(rest.trim());
}

/// The first `<think>` or `<tool-use data-tool-name="…">` block: what stands before it, the tool's name
/// (`""` for a thought), what is in it without the folds, and what follows.
fn tagged(text: &str) -> Option<(&str, &str, &str, &str)> {
    let tags = [("<think>", "</think>"), ("<tool-use", "</tool-use>")];
    let (at, open, close) = tags
        .iter()
        .filter_map(|(open, close)| Some((text.find(open)?, *open, *close)))
        .min()?;
    let body = &text[at + open.len()..];
    let (inner, after) = body.split_once(close)?;
    if open == "<think>" {
        return Some((&text[..at], "", unfolded(inner), after));
    }
    let (attributes, inner) = inner.split_once('>')?;
    let name = attributes
        .split_once("data-tool-name=\"")
        .map_or("tool", |(_, rest)| {
            rest.split('"')
                .next()
                .filter(|name| !name.is_empty())
                .unwrap_or("tool")
        });
    Some((&text[..at], name, unfolded(inner), after))
}

/// The head of a fold is text like its body.
fn without_heads(text: &str) -> String {
    let text = text.replace("<summary>", "").replace("</summary>", "");
    text.trim().to_owned()
}

fn unfolded(text: &str) -> &str {
    let text = text.trim();
    let text = text.strip_prefix("<details>").unwrap_or(text).trim_start();
    text.strip_suffix("</details>").unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_names_are_read() {
        assert_eq!(mark("_**User**_"), Some(("User", "")));
        assert_eq!(
            mark("_**Agent (model x, mode y)**_"),
            Some(("Agent", "model x, mode y"))
        );
        assert_eq!(mark("_**Note**_"), None);
        let zone = jiff::tz::TimeZone::UTC;
        let noon = Some(1_767_355_200_000);
        assert_eq!(named_time("2026-01-02_12-00-00Z-a-title", &zone), noon);
        assert_eq!(named_time("2026-01-02_12-00-a-title", &zone), noon);
        assert_eq!(named_time("notes", &zone), None);
    }
}
