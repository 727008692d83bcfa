//! `session_index.jsonl` (titles) and `history.jsonl` (prompts).

use super::prompt;
use super::record::owned;
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::jsonl::{self, Lines};
use crate::agents::read::text;
use crate::agents::read::value::is_id;
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

/// Of a session's lines the one with the newest `updated_at` wins, wherever it stands: an older one is
/// not told. The checkpoint's state holds the newest time of each session.
pub(super) fn index(
    source: &Source,
    from: &Checkpoint,
    sink: &mut dyn EventSink,
) -> io::Result<Checkpoint> {
    let mut newest: BTreeMap<String, i64> = postcard::from_bytes(&from.state).unwrap_or_default();
    let mut lines = Lines::open(&source.path, from)?;
    // whoever stops us knows that the checkpoint is worthless
    let _ = jsonl::each(&mut lines, sink, &mut |line, sink| {
        let title: Title = serde_json::from_str(line.text)?;
        let (Some(id), Some(name)) = (owned(title.id).filter(|id| is_id(id)), owned(title.name))
        else {
            return Err(serde::de::Error::custom("no session or no name"));
        };
        let updated = title.updated.and_then(Raw::time).unwrap_or(i64::MIN);
        let known = newest.entry(id.clone()).or_insert(i64::MIN);
        if updated < *known {
            return Ok(Flow::Go);
        }
        *known = updated;
        sink.session(SessionStart {
            native: id,
            mode: SourceMode::Annotate,
        });
        Ok(sink.event(Event {
            at: None,
            offset: line.offset,
            kind: EventKind::Fact(Fact::Title {
                rank: TitleRank::Index,
                text: text::one_line(&name, text::MAX_TITLE),
            }),
        }))
    })?;
    Ok(Checkpoint {
        state: postcard::to_stdvec(&newest).expect("a map of strings serialises"),
        ..lines.checkpoint()
    })
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
