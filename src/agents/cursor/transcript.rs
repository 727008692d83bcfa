//! Extracts that agents write for other agents to read: JSONL, and text before that. They have no
//! times and no model; the file's own time stands for the conversation.

use super::{layout, place, said};
use crate::agents::read::folder::{self, Entry};
use crate::agents::read::json::Raw;
use crate::agents::read::tell::{self, Out, Teller, Told};
use crate::agents::read::value;
use crate::agents::{EventSink, Listing};
use crate::model::{Checkpoint, Fact, IssueKind, ParseIssue, Rank, Relation, Source, SourceMode};
use std::collections::BTreeMap;
use std::path::Path;

/// `<id>/<id>.jsonl` or `<id>.jsonl` or `<id>.txt`, and sub-agents in `<id>/subagents/`.
pub(super) fn discover(root: &Path, listing: &mut Listing, found: &mut dyn FnMut(Source)) {
    for project in folder::entries(root, listing) {
        if !project.is_folder {
            continue;
        }
        let mut best: BTreeMap<String, Source> = BTreeMap::new();
        for entry in folder::inside(&project.path.join("agent-transcripts"), listing) {
            if !entry.is_folder {
                add(&mut best, entry, None, listing);
                continue;
            }
            let parent = entry.name;
            for file in folder::entries(&entry.path, listing) {
                if !file.is_folder {
                    add(&mut best, file, None, listing);
                } else if file.name == "subagents" {
                    for sub in folder::entries(&file.path, listing) {
                        if !sub.is_folder {
                            add(&mut best, sub, Some(&parent), listing);
                        }
                    }
                }
            }
        }
        best.into_values().for_each(&mut *found);
    }
}

fn add(
    best: &mut BTreeMap<String, Source>,
    entry: Entry,
    parent: Option<&str>,
    listing: &mut Listing,
) {
    let (native, layout) = match entry.name.rsplit_once('.') {
        Some((stem, "jsonl")) => (stem.to_owned(), layout::JSONL),
        Some((stem, "txt")) => (stem.to_owned(), layout::TEXT),
        _ => return,
    };
    let known = best.get(&native).map(|source| source.layout);
    if !value::is_id(&native) || known.is_some_and(|known| known <= layout) {
        return;
    }
    if let Some(fingerprint) = folder::fingerprint(&entry.path, listing) {
        let source = Source {
            path: entry.path,
            fingerprint,
            rank: Rank::Primary,
            layout,
            native: native.clone(),
            parent: parent.map(str::to_owned),
        };
        best.insert(native, source);
    }
}

fn about(out: &mut Out<'_>, source: &Source) {
    let changed = source.fingerprint.mtime_ns / 1_000_000;
    out.span((changed > 0).then_some(changed), None);
    let transcripts = source
        .path
        .ancestors()
        .find(|path| path.ends_with("agent-transcripts"));
    let project = transcripts.and_then(Path::parent);
    out.cwd(&project.and_then(place::of_slug).unwrap_or_default());
    if let Some(parent) = &source.parent {
        out.fact(Fact::Parent {
            native: parent.clone(),
            relation: Relation::SubAgent,
        });
    }
}

pub(super) fn lines(
    source: &Source,
    from: &Checkpoint,
    sink: &mut dyn EventSink,
) -> std::io::Result<Checkpoint> {
    let mut fresh = true;
    tell::lines(
        source,
        from,
        sink,
        &source.native,
        &mut |record, _: &mut (), out| {
            if std::mem::take(&mut fresh) {
                about(out, source);
            }
            let of = |key: &str| record.raw.get(key);
            out.record(of("timestamp").and_then(Raw::time), record.offset, "");
            let role = of("role").or(of("type")).and_then(Raw::text);
            let said = of("message").and_then(|message| message.get("content"));
            if let (Some(role), Some(said)) = (role, said.or(of("content"))) {
                said::message(out, &role, said);
            }
            Ok(())
        },
    )
}

#[derive(Clone, PartialEq)]
enum Part {
    User,
    Answer,
    Thought,
    Call(String),
    Output(String),
}

/// Lines `user:` and `assistant:` open a turn; `[Thinking]`, `[Tool call] Name` and `[Tool result] Name`
/// a part of it. Read whole whenever it changes.
pub(super) fn text(source: &Source, sink: &mut dyn EventSink) -> std::io::Result<Checkpoint> {
    /// A longer extract is not read.
    const MOST: u64 = 64 << 20;
    if source.fingerprint.size > MOST {
        sink.issue(ParseIssue {
            path: source.path.display().to_string(),
            line: 0,
            kind: IssueKind::TooLong,
            detail: "the transcript is over the limit and was not read".to_owned(),
        });
        return Ok(Checkpoint::default());
    }
    let bytes = std::fs::read(&source.path)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut teller = Teller::at(Told::of(&source.native), SourceMode::Replace, 0, sink);
    let out = &mut teller.out(sink);
    about(out, source);
    let (mut part, mut body, mut began) = (Part::Answer, String::new(), 0);
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let number = offset;
        offset += line.len() as u64;
        let line = line.trim_end_matches('\n').trim_end_matches('\r');
        let (next, rest) = match opening(line, &part) {
            Some(opening) => opening,
            None => {
                body.push_str(line);
                body.push('\n');
                continue;
            }
        };
        out.record(None, began, "");
        tell(out, &part, &body);
        (part, body, began) = (next, format!("{rest}\n"), number);
    }
    out.record(None, began, "");
    tell(out, &part, &body);
    Ok(Checkpoint::default())
}

fn opening<'l>(line: &'l str, inside: &Part) -> Option<(Part, &'l str)> {
    match line.trim_end() {
        "user:" => return Some((Part::User, "")),
        "assistant:" | "A:" => return Some((Part::Answer, "")),
        // a person may write what looks like a marker
        _ if *inside == Part::User => return None,
        _ => {}
    }
    if let Some(rest) = line.strip_prefix("[Thinking]") {
        return Some((Part::Thought, rest));
    }
    if let Some(name) = line.strip_prefix("[Tool call]") {
        return Some((Part::Call(name.trim().to_owned()), ""));
    }
    if let Some(name) = line.strip_prefix("[Tool result]") {
        return Some((Part::Output(name.trim().to_owned()), ""));
    }
    if let Some(rest) = line.strip_prefix("<think>") {
        return Some((Part::Thought, rest));
    }
    let rest = line.strip_prefix("</think>")?;
    Some((Part::Answer, rest))
}

fn tell(out: &mut Out<'_>, part: &Part, body: &str) {
    let body = body.trim();
    match part {
        Part::User => said::user(out, body),
        Part::Answer => out.answer(body),
        Part::Thought => out.thought(body.trim_end_matches("</think>")),
        Part::Call(name) => {
            let input = arguments(body);
            out.call("", name, &input, |_| {});
        }
        Part::Output(name) => out.output("", name, body, false),
    }
}

/// JSON, or `key: value` (or `key=value`) lines, which become the object that they stand for.
fn arguments(body: &str) -> String {
    if body.is_empty() || body.starts_with('{') {
        return body.to_owned();
    }
    let mut object = serde_json::Map::new();
    let mut last: Option<String> = None;
    for line in body.lines() {
        let split = line
            .trim_start()
            .split_once(": ")
            .or(line.trim_start().split_once('='));
        let named = split.filter(|(key, _)| {
            !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        });
        match (named, &last) {
            (Some((key, value)), _) => {
                object.insert(key.to_owned(), value.into());
                last = Some(key.to_owned());
            }
            (None, Some(key)) => {
                if let Some(serde_json::Value::String(value)) = object.get_mut(key) {
                    value.push('\n');
                    value.push_str(line);
                }
            }
            (None, None) => return body.to_owned(),
        }
    }
    serde_json::Value::Object(object).to_string()
}
