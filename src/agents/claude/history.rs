//! `history.jsonl`: every prompt typed into the terminal, with its session. It stands in for
//! sessions whose transcript is gone.

use crate::agents::read::json::{Raw, fields};
use crate::agents::read::jsonl::{self, Line, Lines};
use crate::agents::read::value::is_id;
use crate::agents::read::{prompt, text};
use crate::agents::{EventSink, Flow};
use crate::model::{
    Checkpoint, Event, EventKind, Fact, Message, PromptKind, SessionStart, Source, SourceMode,
    Wants,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;

fields! {
    struct Entry {
        display: "display",
        pasted: "pastedContents",
        timestamp: "timestamp",
        project: "project",
        session: "sessionId",
    }
}

/// Next message ordinal of every session.
#[derive(Default, Serialize, Deserialize)]
struct State {
    next: BTreeMap<String, u32>,
}

pub fn parse(
    source: &Source,
    from: &Checkpoint,
    sink: &mut dyn EventSink,
) -> io::Result<Checkpoint> {
    let mut state = State::default();
    let mut start = from.clone();
    if !from.state.is_empty() {
        match postcard::from_bytes(&from.state) {
            Ok(known) => state = known,
            Err(_) => start = Checkpoint::default(),
        }
    }
    let mut lines = Lines::open(&source.path, &start)?;
    let mut open = String::new();
    let _ = jsonl::each(&mut lines, sink, &mut |line, sink| {
        let entry: Entry<'_> = serde_json::from_str(line.text)?;
        Ok(push(&entry, line, &mut state, &mut open, sink))
    })?;
    let mut checkpoint = lines.checkpoint();
    checkpoint.state = postcard::to_stdvec(&state).expect("strings and numbers always serialise");
    Ok(checkpoint)
}

fn push(
    entry: &Entry<'_>,
    line: Line<'_>,
    state: &mut State,
    open: &mut String,
    sink: &mut dyn EventSink,
) -> Flow {
    // lines of old versions name no session: their prompts are in some transcript, or lost
    let session = entry.session.and_then(Raw::filled);
    let shown = entry.display.and_then(Raw::filled);
    let (Some(session), Some(shown)) = (session, shown) else {
        return Flow::Go;
    };
    if !is_id(&session) {
        return Flow::Go;
    }
    if *open != session {
        *open = session.to_string();
        sink.session(SessionStart {
            native: open.clone(),
            mode: SourceMode::StandIn,
        });
    }
    let at = entry.timestamp.and_then(Raw::time);
    let wants = sink.wants();
    let mut emit = |kind| {
        sink.event(Event {
            at,
            offset: line.offset,
            kind,
        })
    };
    let next = state.next.entry(session.into_owned()).or_default();
    if *next == 0
        && let Some(project) = entry.project.and_then(Raw::filled)
        && emit(EventKind::Fact(Fact::Cwd(project.into_owned()))) == Flow::Stop
    {
        return Flow::Stop;
    }
    let message = message(&shown, entry.pasted, *next, wants);
    *next += 1;
    emit(EventKind::Message(Box::new(message)))
}

fn message(shown: &str, pasted: Option<Raw<'_>>, seq: u32, wants: Wants) -> Message {
    let mut whole = shown.trim().to_owned();
    for (_, pasted) in pasted.map(Raw::members).unwrap_or_default() {
        if let Some(content) = pasted.get("content").and_then(Raw::filled) {
            whole.push('\n');
            whole.push_str(&content);
        }
    }
    let reading = prompt::read(&whole);
    let kind = match (reading.kind, shown.trim().as_bytes()) {
        (PromptKind::Typed, [b'!', ..]) => PromptKind::Shell,
        (PromptKind::Typed, [b'/', b'a'..=b'z', ..]) if is_command(shown) => PromptKind::Slash,
        (kind, _) => kind,
    };
    let mut message = Message {
        seq,
        role: reading.role(),
        prompt: kind,
        ..Message::default()
    };
    let words = match kind {
        PromptKind::Shell => reading
            .text
            .trim_start_matches('!')
            .trim()
            .to_owned()
            .into(),
        _ => reading.text,
    };
    text::fill(&mut message, words, wants);
    message
}

/// `/word`, and not a path.
fn is_command(shown: &str) -> bool {
    let word = shown.split_whitespace().next().unwrap_or("");
    !word[1..].contains('/')
}
