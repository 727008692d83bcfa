//! `session_index.jsonl` (titles) and `history.jsonl` (prompts).

use super::prompt;
use super::record::owned;
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::jsonl::{self, Lines};
use crate::agents::read::text;
use crate::agents::{EventSink, Flow};
use crate::model::{
    Checkpoint, Event, EventKind, Fact, Message, SessionStart, Source, SourceMode, TitleRank,
};
use std::collections::BTreeMap;
use std::io;

fields! {
    struct Title {
        id: "id",
        name: "thread_name",
        updated: "updated_at",
    }
}

/// Always read whole (it is small): of a session's lines the one with the newest `updated_at` wins,
/// wherever it stands.
pub(super) fn index(source: &Source, sink: &mut dyn EventSink) -> io::Result<Checkpoint> {
    let mut newest: BTreeMap<String, (Option<i64>, String)> = BTreeMap::new();
    let mut lines = Lines::open(&source.path, &Checkpoint::default())?;
    let read = jsonl::each(&mut lines, sink, &mut |line, _| {
        let title: Title = serde_json::from_str(line.text)?;
        if let (Some(id), Some(name)) = (owned(title.id), owned(title.name)) {
            let updated = title.updated.and_then(Raw::time);
            let known = newest.get(&id);
            if known.is_none_or(|(before, _)| updated >= *before) {
                newest.insert(id, (updated, name));
            }
        }
        Ok(Flow::Go)
    })?;
    if read == Flow::Stop {
        return Ok(Checkpoint::default());
    }
    for (native, (_, name)) in newest.into_iter().filter(|(id, _)| is_id(id)) {
        sink.session(SessionStart {
            native,
            mode: SourceMode::Annotate,
        });
        let title = Fact::Title {
            rank: TitleRank::Index,
            text: text::one_line(&name, text::MAX_TITLE),
        };
        let event = Event {
            at: None,
            offset: 0,
            kind: EventKind::Fact(title),
        };
        if sink.event(event) == Flow::Stop {
            break;
        }
    }
    Ok(Checkpoint::default())
}

fields! {
    struct Entry {
        session_id: "session_id",
        session: "sessionId",
        id: "id",
        ts: "ts",
        timestamp: "timestamp",
        text: "text",
        display: "display",
        prompt: "prompt",
        cwd: "cwd",
        project: "project",
    }
}

/// Sessions interleave in it: the checkpoint's state holds how many prompts each has had.
pub(super) fn history(
    source: &Source,
    from: &Checkpoint,
    sink: &mut dyn EventSink,
) -> io::Result<Checkpoint> {
    let mut told: BTreeMap<String, u32> = postcard::from_bytes(&from.state).unwrap_or_default();
    let mut open: Option<String> = None;
    let wants = sink.wants();
    let mut lines = Lines::open(&source.path, from)?;
    // whoever stops us knows that the checkpoint is worthless
    let _ = jsonl::each(&mut lines, sink, &mut |line, sink| {
        let entry: Entry = serde_json::from_str(line.text)?;
        let native = owned(entry.session_id.or(entry.session).or(entry.id));
        let said = entry
            .text
            .or(entry.display)
            .or(entry.prompt)
            .and_then(Raw::filled);
        let (Some(native), Some(said)) = (native.filter(|id| is_id(id)), said) else {
            return Err(serde::de::Error::custom("no session or no text"));
        };
        let at = entry.ts.or(entry.timestamp).and_then(Raw::time);
        if open.as_deref() != Some(&native) {
            sink.session(SessionStart {
                native: native.clone(),
                mode: SourceMode::StandIn,
            });
            open = Some(native.clone());
        }
        let mut push = |kind| {
            sink.event(Event {
                at,
                offset: line.offset,
                kind,
            })
        };
        if let Some(cwd) = owned(entry.cwd.or(entry.project))
            && push(EventKind::Fact(Fact::Cwd(cwd))) == Flow::Stop
        {
            return Ok(Flow::Stop);
        }
        let prompt = prompt::read(&said);
        let mut body = text::body(prompt.text.clone());
        if !wants.prose {
            body.text
                .truncate(text::head(&body.text, text::PROMPT_HEAD).len());
        }
        let seq = told.entry(native).or_default();
        let message = Message {
            seq: *seq,
            prompt: prompt.kind,
            text: body.text,
            bytes: body.bytes,
            cut: body.cut,
            images: body.images,
            ..Message::default()
        };
        *seq += 1;
        Ok(push(EventKind::Message(Box::new(message))))
    })?;
    Ok(Checkpoint {
        state: postcard::to_stdvec(&told).expect("a map of strings serialises"),
        ..lines.checkpoint()
    })
}

/// A native id travels in URLs and is compared with file names.
pub(super) fn is_id(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= 128
        && !id.contains(['/', '\\'])
        && !id.chars().any(char::is_control)
}
