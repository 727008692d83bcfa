//! Text threads: one buffer of text, and where in it each message begins.
//!
//! `{id, zed: "context", version, text, messages: [{id, start, metadata: {role, status}}], summary, ...}`;
//! before version 0.4 the metadata lay beside the messages, by their number. Places are bytes of the
//! text. What a slash command put into a message, and what a model thought before it answered, are
//! stretches of the same text. There is no model (but in version 0.1), no usage, no folder and no time
//! but the file's. The file is named after the summary and renamed with it: its `id` is the thread.

use super::layout;
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::record::Kept;
use crate::agents::read::tell::Teller;
use crate::agents::read::tell::{self, Out};
use crate::agents::read::whole::Document;
use crate::agents::read::{folder, value};
use crate::agents::{EventSink, Flow, Listing};
use crate::model::{Checkpoint, Fact, IssueKind, Rank, Source, TitleRank};
use std::ops::Range;
use std::path::Path;

const END: &str = ".zed.json";

pub(super) fn discover(root: &Path, listing: &mut Listing, found: &mut dyn FnMut(Source)) {
    for entry in folder::entries(root, listing) {
        if entry.is_folder || !entry.name.ends_with(END) {
            continue;
        }
        if let Some(fingerprint) = folder::fingerprint(&entry.path, listing) {
            found(Source {
                path: entry.path,
                fingerprint,
                rank: Rank::Primary,
                layout: layout::TEXT,
                native: String::new(),
                parent: None,
            });
        }
    }
}

fields! {
    struct Saved {
        id: "id",
        text: "text",
        messages: "messages",
        beside: "message_metadata",
        summary: "summary",
        model: "model",
        commands: "slash_command_output_sections",
        thoughts: "thought_process_output_sections",
    }
}

pub(super) fn parse(source: &Source, sink: &mut dyn EventSink) -> std::io::Result<Checkpoint> {
    let changed = std::fs::metadata(&source.path)?.modified().ok();
    let changed = changed.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let changed = changed.map(|since| since.as_millis() as i64);
    let Some(document) = Document::read(&source.path, sink)? else {
        return Ok(Checkpoint::default());
    };
    let saved: Saved<'_> = document.root().object().unwrap_or_default();
    let (Some(text), Some(messages)) = (saved.text.and_then(Raw::text), saved.messages) else {
        let detail = "the text thread has no text, or no messages";
        tell::issue(&source.path, 0, IssueKind::WrongShape, detail, sink);
        return Ok(Checkpoint::default());
    };
    let name = source
        .path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let stem = name.strip_suffix(END).unwrap_or(&name);
    let native = value::id(saved.id).unwrap_or_else(|| tell::id_of_name(stem));
    let mut teller = Teller::whole(&native, sink);
    let out = &mut teller.out(sink);
    let summary = saved.summary.and_then(Raw::text).unwrap_or_default();
    out.title(TitleRank::Generated, &summary);
    out.span(None, changed);
    out.model(&saved.model.and_then(Raw::text).unwrap_or_default());
    let mut told = Vec::new();
    for message in messages.items() {
        told.push(message_of(message, saved.beside));
    }
    told.sort_by_key(|message| message.start);
    let stretches = [stretches(saved.commands), stretches(saved.thoughts)];
    for at in 0..told.len() {
        let end = told.get(at + 1).map_or(text.len(), |next| next.start);
        let message = &told[at];
        let number = at as u64 + 1;
        let words = slice(&text, message.start..end);
        let mut kept = vec![Kept::member("messages", number, message.json)];
        let beside = message.beside;
        kept.extend(beside.map(|json| Kept::member("message_metadata", number, json)));
        kept.push(Kept::member("text of messages", number, words));
        out.kept(&kept);
        out.record(None, number, "");
        message.tell(&text, message.start..end, &stretches, out);
        if out.flow() == Flow::Stop {
            break;
        }
    }
    Ok(Checkpoint::default())
}

struct Message<'a> {
    json: &'a str,
    /// Its metadata, where they do not stand in it.
    beside: Option<&'a str>,
    start: usize,
    role: String,
    status: Option<Raw<'a>>,
}

fn message_of<'a>(message: Raw<'a>, beside: Option<Raw<'a>>) -> Message<'a> {
    let own = message.get("metadata");
    let beside = match own {
        Some(_) => None,
        None => message.get("id").and_then(|id| beside?.get(id.as_json())),
    };
    let metadata = own.or(beside);
    let role = metadata.and_then(|metadata| metadata.get("role"));
    Message {
        json: message.as_json(),
        beside: beside.map(Raw::as_json),
        start: place(message.get("start")),
        role: role.and_then(Raw::owned).unwrap_or_default(),
        status: metadata.and_then(|metadata| metadata.get("status")),
    }
}

impl Message<'_> {
    fn tell(
        &self,
        text: &str,
        range: Range<usize>,
        [commands, thoughts]: &[Vec<Range<usize>>; 2],
        out: &mut Out<'_>,
    ) {
        let (mut words, mut outputs) = (String::new(), Vec::new());
        let assistant = self.role == "assistant";
        let stretches = if assistant { thoughts } else { commands };
        let mut at = range.start;
        for stretch in stretches {
            let (start, end) = (stretch.start.max(at), stretch.end.min(range.end));
            if start >= end {
                continue;
            }
            words.push_str(slice(text, at..start));
            outputs.push(slice(text, start..end).trim());
            at = end;
        }
        words.push_str(slice(text, at..range.end));
        let words = words.trim();
        match assistant {
            true => {
                outputs.iter().for_each(|thought| out.thought(*thought));
                out.answer(words);
            }
            false if self.role == "user" => {
                out.user(words, 0);
                outputs.iter().for_each(|output| out.note(*output));
            }
            false => out.note(words),
        }
        match self.status {
            Some(status) if status.is("Canceled") => out.fact(Fact::Interruption),
            Some(status) => {
                let error = status.get("Error").and_then(Raw::text);
                out.note(error.unwrap_or_default());
            }
            None => {}
        }
    }
}

/// Places in the text, in order: `[{range: {start, end}}]`.
fn stretches(list: Option<Raw<'_>>) -> Vec<Range<usize>> {
    let list = list.map(Raw::items).unwrap_or_default();
    let ranges = list.into_iter().filter_map(|one| one.get("range"));
    let mut ranges: Vec<Range<usize>> = ranges
        .map(|range| place(range.get("start"))..place(range.get("end")))
        .collect();
    ranges.sort_by_key(|range| range.start);
    ranges
}

fn place(raw: Option<Raw<'_>>) -> usize {
    let place = raw.and_then(Raw::int).unwrap_or(0);
    usize::try_from(place).unwrap_or(0)
}

/// A stretch of the text; places that are none of a character move up to one.
fn slice(text: &str, range: Range<usize>) -> &str {
    let within = |at: usize| text.ceil_char_boundary(at.min(text.len()));
    let (start, end) = (within(range.start), within(range.end));
    text.get(start..end).unwrap_or_default()
}
