//! What reading one source yields: folds to commit, documents already handed to the index.

use super::Shared;
use crate::agents::{EventSink, Flow};
use crate::index::{DocMeta, Document, RoleSet};
use crate::model::*;
use crate::rollup::{Copied, SessionFold, uuid_hash};
use crate::store::{Note, Reader, SourceRow};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Documents are handed over in batches of about this much text.
const BATCH_BYTES: usize = 512 << 10;
const BATCH_DOCS: usize = 256;

/// What is wanted of one read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Purpose {
    pub fold: bool,
    pub documents: Option<RoleSet>,
}

impl Purpose {
    pub fn wants(self) -> Wants {
        match self.documents {
            None => Wants::META,
            Some(RoleSet::Prose) => Wants::PROSE,
            Some(RoleSet::Rest) => Wants {
                prose: false,
                rest: true,
                waiting: false,
            },
            Some(RoleSet::All) => Wants::ALL,
        }
    }
}

/// What one read of one source gave.
pub struct SourceRead {
    pub row: SourceRow,
    pub purpose: Purpose,
    /// `None`: the file could not be read this time.
    pub checkpoint: Option<Checkpoint>,
    pub sessions: Vec<SessionRead>,
    pub issues: Vec<ParseIssue>,
    /// Titles of whoever holds these records.
    pub titles: Vec<(u64, String)>,
    /// Began at the beginning.
    pub from_start: bool,
}

/// One session of a source.
pub struct SessionRead {
    pub key: SessionKey,
    pub mode: SourceMode,
    /// Known before this read.
    pub sid: Option<Sid>,
    pub fold: Option<SessionFold>,
    pub note: Note,
    /// Ordinal of the first document handed over, when any was.
    pub first_document: Option<u32>,
    pub documents: u64,
}

/// Folds and indexes as events come.
pub struct Sink<'a> {
    shared: &'a Shared,
    reader: &'a Reader,
    row: &'a SourceRow,
    purpose: Purpose,
    from_start: bool,
    pub sessions: Vec<SessionRead>,
    pub issues: Vec<ParseIssue>,
    pub titles: Vec<(u64, String)>,
    by_native: HashMap<String, usize>,
    current: Option<usize>,
    copied: Copied,
    batch: Vec<Document>,
    batch_bytes: usize,
    /// Bytes reported so far.
    pub read: u64,
    bytes_done: &'a AtomicU64,
    /// The first failure to write; reading stops with it.
    pub failure: Option<anyhow::Error>,
}

impl<'a> Sink<'a> {
    pub fn new(
        shared: &'a Shared,
        reader: &'a Reader,
        row: &'a SourceRow,
        purpose: Purpose,
        from_start: bool,
        bytes_done: &'a AtomicU64,
    ) -> Sink<'a> {
        Sink {
            shared,
            reader,
            row,
            purpose,
            from_start,
            sessions: Vec::new(),
            issues: Vec::new(),
            titles: Vec::new(),
            by_native: HashMap::new(),
            current: None,
            copied: Arc::default(),
            batch: Vec::new(),
            batch_bytes: 0,
            read: 0,
            bytes_done,
            failure: None,
        }
    }

    /// Hands over what is left; call once at the end.
    pub fn finish(&mut self) {
        self.flush();
        for session in &mut self.sessions {
            if let Some(fold) = &mut session.fold {
                fold.finish(&self.shared.rules);
            }
        }
    }

    fn open(&mut self, start: SessionStart) -> anyhow::Result<()> {
        self.flush();
        let key = SessionKey::new(&AgentId::new(&self.row.agent), &start.native);
        let sid = self.reader.sid(&key)?;
        let known = match sid {
            Some(sid) => self.reader.bare_session(sid)?,
            None => None,
        };
        // a transcript beats a stand-in; the larger of two transcripts was chosen by the scan
        let held_elsewhere = known
            .as_ref()
            .is_some_and(|session| session.path != self.row.path && !session.stand_in);
        let moved = known
            .as_ref()
            .is_some_and(|session| session.path != self.row.path);
        let mode = match start.mode {
            SourceMode::StandIn if held_elsewhere => SourceMode::Annotate,
            mode => mode,
        };
        self.copied = match sid {
            Some(sid) => Arc::new(self.reader.copied(sid)?.into_iter().collect()),
            None => Arc::default(),
        };
        let fresh = self.from_start || mode == SourceMode::Replace;
        let fold = (mode != SourceMode::Annotate
            && (self.purpose.fold || self.purpose.documents.is_some()))
        .then(|| {
            match known
                .filter(|session| self.purpose.fold && !fresh && session.path == self.row.path)
            {
                Some(summary) => {
                    let days = sid
                        .map(|sid| self.reader.days(sid))
                        .transpose()?
                        .unwrap_or_default();
                    anyhow::Ok(SessionFold::resume(
                        summary,
                        days,
                        self.copied.clone(),
                        self.shared.days.clone(),
                    ))
                }
                None => Ok(SessionFold::new(
                    key.clone(),
                    self.copied.clone(),
                    self.shared.days.clone(),
                )),
            }
        })
        .transpose()?;
        if fresh
            && let (Some(sid), Some(RoleSet::Prose | RoleSet::All)) = (sid, self.purpose.documents)
            && mode != SourceMode::Annotate
            && (self.row.indexed || moved)
        {
            self.shared.index.delete_session(sid)?;
        }
        self.current = Some(self.sessions.len());
        self.by_native.insert(start.native, self.sessions.len());
        let note = Note {
            source: self.row.path.clone(),
            ..Default::default()
        };
        self.sessions.push(SessionRead {
            key,
            mode,
            sid,
            fold,
            note,
            first_document: None,
            documents: 0,
        });
        Ok(())
    }

    fn document(&mut self, session: usize, at: Option<i64>, message: Message) {
        let session = &mut self.sessions[session];
        let (Some(sid), Some(fold)) = (session.sid, &session.fold) else {
            return;
        };
        let wanted = self
            .purpose
            .documents
            .is_some_and(|roles| roles.contains(message.role));
        if !wanted || message.text.is_empty() || fold.is_copy(&message) {
            return;
        }
        session.first_document.get_or_insert(message.seq);
        session.documents += 1;
        self.batch_bytes += message.text.len() + 64;
        self.batch.push(document(sid, at, message));
        if self.batch_bytes >= BATCH_BYTES || self.batch.len() >= BATCH_DOCS {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        self.batch_bytes = 0;
        if let Err(error) = self.shared.index.add(std::mem::take(&mut self.batch)) {
            self.failure.get_or_insert(error);
        }
    }

    fn flow(&self) -> Flow {
        if self.failure.is_some() || self.shared.stopping() {
            Flow::Stop
        } else {
            Flow::Go
        }
    }
}

fn document(sid: Sid, at: Option<i64>, message: Message) -> Document {
    Document {
        sid,
        seq: message.seq,
        role: message.role,
        at,
        model: message.model.unwrap_or_default(),
        text: message.text,
        meta: DocMeta {
            uuid: message.uuid,
            prompt: message.prompt,
            format: message.format,
            bytes: message.bytes,
            cut: message.cut,
            sidechain: message.sidechain,
            images: message.images,
            tool: message.tool.map(|tool| *tool),
        },
    }
}

impl EventSink for Sink<'_> {
    fn wants(&self) -> Wants {
        self.purpose.wants()
    }

    fn zone(&self) -> jiff::tz::TimeZone {
        self.shared.config.zone.clone()
    }

    fn session(&mut self, start: SessionStart) {
        match self.by_native.get(&start.native) {
            Some(at) if Some(*at) == self.current => {}
            Some(at) => {
                self.current = Some(*at);
                self.flush();
            }
            None => {
                if let Err(error) = self.open(start) {
                    self.failure.get_or_insert(error);
                }
            }
        }
    }

    fn event(&mut self, event: Event) -> Flow {
        let Some(current) = self.current else {
            return self.flow();
        };
        let session = &mut self.sessions[current];
        // a stand-in too: the transcript may be read in this very run, or turn up later
        if matches!(session.mode, SourceMode::Annotate | SourceMode::StandIn) {
            annotate(&mut session.note, &event);
        }
        if session.mode == SourceMode::Annotate {
            return self.flow();
        }
        if let Some(fold) = session.fold.as_mut().filter(|_| self.purpose.fold) {
            fold.push(&event);
        }
        if let EventKind::Message(message) = event.kind {
            self.document(current, event.at, *message);
        }
        self.flow()
    }

    fn issue(&mut self, issue: ParseIssue) {
        // a file of nothing but damage must not fill the store
        if self.issues.len() < 1000 {
            self.issues.push(issue);
        }
    }

    fn title_of(&mut self, record: &str, title: &str) {
        if self.purpose.fold {
            self.titles.push((uuid_hash(record), title.to_owned()));
        }
    }

    fn progress(&mut self, bytes: u64) -> Flow {
        let step = bytes.saturating_sub(self.read);
        self.read = bytes;
        self.bytes_done.fetch_add(step, Ordering::Relaxed);
        self.flow()
    }
}

fn annotate(note: &mut Note, event: &Event) {
    match &event.kind {
        EventKind::Fact(Fact::Title { rank, text }) if !text.trim().is_empty() => {
            note.title = Some((*rank, text.trim().chars().take(300).collect()));
        }
        EventKind::Fact(Fact::Parent { native, relation }) => {
            note.parent = Some((native.clone(), *relation));
        }
        EventKind::Fact(Fact::Cwd(path)) => note.project = Some(path.clone()),
        EventKind::Fact(Fact::Span { first, last }) => note.span = Some((*first, *last)),
        EventKind::Fact(Fact::Archived) => note.archived = true,
        _ => {}
    }
}
