//! A session out of either layout, and the log of prompts.

use super::discover::earlier_parts;
use super::{message, project};
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::jsonl::{self, Lines};
use crate::agents::read::tell::{self, Out, Teller, wrong};
use crate::agents::read::whole::Document;
use crate::agents::{EventSink, Flow};
use crate::model::{Checkpoint, Fact, IssueKind, Relation, Source, SourceMode, TitleRank};
use std::collections::HashMap;
use std::io;

fields! {
    /// The document, the header line and `$set` patches alike.
    pub struct Head {
        session: "sessionId",
        start: "startTime",
        summary: "summary",
        directories: "directories",
        kind: "kind",
        messages: "messages",
        set: "$set",
        rewind: "$rewindTo",
        id: "id",
    }
}

/// What is known of a session before it is told.
#[derive(Default)]
struct Session<'a> {
    id: String,
    start: Option<i64>,
    summary: Option<Raw<'a>>,
    directory: Option<Raw<'a>>,
    sub_agent: bool,
    messages: Vec<Entry<'a>>,
    places: HashMap<String, usize>,
}

struct Entry<'a> {
    raw: Raw<'a>,
    offset: u64,
    /// The person went back to before it.
    abandoned: bool,
}

impl<'a> Session<'a> {
    fn head(&mut self, head: &Head<'a>) {
        if self.id.is_empty() {
            self.id = tell::id(head.session).unwrap_or_default();
        }
        self.start = self.start.or(head.start.and_then(Raw::time));
        self.summary = head.summary.or(self.summary);
        self.sub_agent |= head.kind.is_some_and(|kind| kind.is("subagent"));
        let first = head.directories.map(Raw::items).unwrap_or_default();
        self.directory = self.directory.or(first.into_iter().next());
    }

    /// A message; one that was said before under the same id is replaced where it stands.
    fn message(&mut self, raw: Raw<'a>, id: &str, offset: u64) {
        let entry = Entry {
            raw,
            offset,
            abandoned: false,
        };
        match self.places.get(id) {
            Some(at) if !id.is_empty() => self.messages[*at] = entry,
            _ => {
                self.places.insert(id.to_owned(), self.messages.len());
                self.messages.push(entry);
            }
        }
    }

    fn rewind(&mut self, id: &str) {
        let from = self.places.get(id).map_or(self.messages.len(), |at| *at);
        for entry in &mut self.messages[from..] {
            entry.abandoned = true;
        }
    }
}

pub fn document(source: &Source, sink: &mut dyn EventSink) -> io::Result<Checkpoint> {
    let Some(document) = Document::read(&source.path, sink)? else {
        return Ok(Checkpoint::default());
    };
    let Some(head) = document.root().object::<Head<'_>>() else {
        let detail = "the document is not the object it should be";
        tell::issue(&source.path, 0, IssueKind::WrongShape, detail, sink);
        return Ok(Checkpoint::default());
    };
    let mut session = Session::default();
    session.head(&head);
    for raw in head.messages.map(Raw::items).unwrap_or_default() {
        let id = raw.get("id").and_then(Raw::owned).unwrap_or_default();
        session.message(raw, &id, document.offset(raw));
    }
    finish(source, &session, sink);
    Ok(Checkpoint::default())
}

/// Lines that patch each other: read whole whenever there are more of them.
pub fn lines(source: &Source, sink: &mut dyn EventSink) -> io::Result<Checkpoint> {
    let mut kept: Vec<(u64, String)> = Vec::new();
    let mut lines = Lines::open(&source.path, &Checkpoint::default())?;
    let flow = jsonl::each(&mut lines, sink, &mut |line, _| {
        if !Raw::parse(line.text)?.is_object() {
            return Err(wrong("no object"));
        }
        kept.push((line.offset, line.text.to_owned()));
        Ok(Flow::Go)
    })?;
    if flow == Flow::Stop {
        return Ok(Checkpoint::default());
    }
    let mut session = Session::default();
    for (offset, text) in &kept {
        let Ok(raw) = Raw::parse(text) else { continue };
        let head: Head<'_> = raw.object().unwrap_or_default();
        if let Some(set) = head.set.and_then(Raw::object::<Head<'_>>) {
            session.head(&set);
            if let Some(messages) = set.messages.map(Raw::items) {
                (session.messages, session.places) = (Vec::new(), HashMap::new());
                for raw in messages {
                    let id = raw.get("id").and_then(Raw::owned).unwrap_or_default();
                    session.message(raw, &id, *offset);
                }
            }
        } else if let Some(id) = head.rewind.and_then(Raw::text) {
            session.rewind(&id);
        } else if head.session.is_some() {
            session.head(&head);
        } else {
            let id = head.id.and_then(Raw::owned).unwrap_or_default();
            session.message(raw, &id, *offset);
        }
    }
    finish(source, &session, sink);
    Ok(Checkpoint::default())
}

fn finish(source: &Source, session: &Session<'_>, sink: &mut dyn EventSink) {
    let stem = source.path.file_stem().unwrap_or_default();
    let id = match session.id.as_str() {
        "" => tell::id_of_name(&stem.to_string_lossy()),
        id => id.to_owned(),
    };
    let before = match source.parent {
        None => earlier_parts(&source.path),
        Some(_) => 0,
    };
    let native = match before {
        0 => id.clone(),
        n => format!("{id}.{}", n + 1),
    };
    let mut teller = Teller::whole(&native, sink);
    let out = &mut teller.out(sink);
    out.record(session.start, 0, "");
    let folder = project::folder(&source.path);
    let told = session.directory.and_then(Raw::owned);
    if let Some(cwd) = folder.or(told) {
        out.cwd(&cwd);
    }
    if let Some(parent) = &source.parent {
        let relation = Relation::SubAgent;
        out.fact(Fact::Parent {
            native: parent.clone(),
            relation,
        });
    } else if session.sub_agent {
        out.fact(Fact::AgentLabel("subagent".to_owned()));
    } else if before > 0 {
        out.fact(Fact::Parent {
            native: id,
            relation: Relation::Continuation,
        });
    }
    if let Some(summary) = session.summary.and_then(Raw::filled) {
        out.title(TitleRank::Generated, &summary);
    }
    for (number, entry) in session.messages.iter().enumerate() {
        let told = message::tell(entry.raw, entry.offset, entry.abandoned, &native, out);
        if !told {
            let detail = "a message is not the object it should be";
            out.issue(source, number as u64 + 1, IssueKind::WrongShape, detail);
        }
        if out.stopped() {
            return;
        }
    }
}

fields! {
    struct Logged {
        session: "sessionId",
        at: "timestamp",
        text: "message",
        kind: "type",
    }
}

/// The log of prompts, for sessions of which nothing else was kept.
pub fn log(source: &Source, sink: &mut dyn EventSink) -> io::Result<Checkpoint> {
    let Some(document) = Document::read(&source.path, sink)? else {
        return Ok(Checkpoint::default());
    };
    let folder = project::folder(&source.path);
    let mut tellers: Vec<(String, Teller)> = Vec::new();
    for (number, raw) in document.root().items().into_iter().enumerate() {
        let entry: Logged<'_> = raw.object().unwrap_or_default();
        let (Some(native), Some(text)) = (tell::id(entry.session), entry.text.and_then(Raw::text))
        else {
            let detail = "an entry without session or text";
            let line = number as u64 + 1;
            tell::issue(&source.path, line, IssueKind::WrongShape, detail, sink);
            continue;
        };
        if entry.kind.is_some_and(|kind| !kind.is("user")) {
            continue;
        }
        let at = match tellers.iter().position(|(known, _)| *known == native) {
            Some(at) => at,
            None => {
                let teller = Teller::beside(&native, SourceMode::StandIn, sink);
                tellers.push((native.clone(), teller));
                tellers.len() - 1
            }
        };
        // sessions may interleave: each says again that what follows is its own
        let teller = &mut tellers[at].1;
        teller.reopen();
        let out: &mut Out<'_> = &mut teller.out(sink);
        out.record(entry.at.and_then(Raw::time), document.offset(raw), "");
        if let Some(folder) = &folder {
            out.cwd(folder);
        }
        out.user(&text, 0);
        if out.stopped() {
            break;
        }
    }
    Ok(Checkpoint::default())
}
