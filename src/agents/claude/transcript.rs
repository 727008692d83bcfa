//! A session's file, record by record.

use super::discover::agent_native;
use super::opening::{first_session, label, outputs, stem, variant};
use super::record::{Record, is};
use super::state::State;
use super::{answer, layout, person, queue, title, usage};
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::jsonl::{self, Line, Lines};
use crate::agents::{EventSink, Flow};
use crate::model::{
    Checkpoint, Event, EventKind, Fact, Message, Relation, Source, SourceMode, TitleRank, Wants,
};
use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

pub fn parse(
    source: &Source,
    from: &Checkpoint,
    sink: &mut dyn EventSink,
) -> io::Result<Checkpoint> {
    let mut start = from.clone();
    let mut mode = SourceMode::Append;
    let mut state = State::default();
    if start.offset > 0 {
        match State::load(&start.state) {
            Some(known) => state = known,
            None => (start, mode) = (Checkpoint::default(), SourceMode::Replace),
        }
    }
    let mut parser = Parser::new(source, state, start.seq, mode, sink.wants())?;
    let mut lines = Lines::open(&source.path, &start)?;
    let _ = jsonl::each(&mut lines, sink, &mut |line, sink| {
        parser.record(line, sink)
    })?;
    let mut checkpoint = lines.checkpoint();
    checkpoint.seq = parser.seq;
    checkpoint.state = parser.state.save();
    if parser.wants.waiting {
        parser.waiting(sink);
    }
    Ok(checkpoint)
}

pub struct Parser<'a> {
    pub source: &'a Source,
    pub state: State,
    pub wants: Wants,
    /// Where this session's long outputs lie.
    pub outputs: PathBuf,
    seq: u32,
    pub mode: SourceMode,
    pub started: bool,
    flow: Flow,
    at: Option<i64>,
    offset: u64,
    uuid: String,
    copy: bool,
    sidechain: bool,
}

impl<'a> Parser<'a> {
    fn new(
        source: &'a Source,
        mut state: State,
        seq: u32,
        mode: SourceMode,
        wants: Wants,
    ) -> io::Result<Self> {
        let stem = stem(&source.path);
        if state.native.is_empty() {
            state.parent = source.parent.clone().unwrap_or_default();
            state.native = source.native.clone();
        }
        if state.native.is_empty() {
            state.parent = first_session(&source.path)?;
            state.native = agent_native(&stem, &state.parent);
        }
        let outputs = outputs(source, &stem, &state.parent);
        Ok(Parser {
            source,
            state,
            wants,
            outputs,
            seq,
            mode,
            started: false,
            flow: Flow::Go,
            at: None,
            offset: 0,
            uuid: String::new(),
            copy: false,
            sidechain: false,
        })
    }

    /// What still stands in the queue, or has left it and never came.
    fn waiting(&mut self, sink: &mut dyn EventSink) {
        for queued in std::mem::take(&mut self.state.queued) {
            if !queued.text.is_empty() && self.flow == Flow::Go {
                person::lost(self, queued, sink);
            }
        }
    }

    fn record(
        &mut self,
        line: Line<'_>,
        sink: &mut dyn EventSink,
    ) -> Result<Flow, serde_json::Error> {
        Record::read(line.text, |record| self.take(&record, line.offset, sink))
    }

    fn take(&mut self, record: &Record<'_>, offset: u64, sink: &mut dyn EventSink) -> Flow {
        self.at = record.timestamp.and_then(Raw::time);
        self.offset = offset;
        self.uuid = record.uuid.and_then(Raw::owned).unwrap_or_default();
        // a resumed session copies the older one's records with the older one's id
        self.copy = record.is_copy() || !self.is_own(record);
        self.sidechain = record.is_sidechain();
        self.context(record, sink);
        match record.kind().as_ref() {
            "user" => {
                self.relation(record, sink);
                person::user(self, record, sink);
            }
            "assistant" => {
                self.relation(record, sink);
                answer::assistant(self, record, sink);
            }
            "system" => person::system(self, record, sink),
            "attachment" => person::attachment(self, record, sink),
            // a resumed session copies the older one's queue lines: those are told there
            "queue-operation" if self.is_own(record) => {
                queue::operation(record, self.at, self.offset, &mut self.state);
            }
            "progress" => self.progress(record, sink),
            other => self.told(other, record, sink),
        }
        self.flow
    }

    /// Lines that only say something of the session; types that are not known are passed over.
    fn told(&mut self, kind: &str, record: &Record<'_>, sink: &mut dyn EventSink) {
        let fact = match kind {
            "custom-title" => title::custom(record.custom_title),
            "ai-title" => title::generated(record.ai_title),
            "agent-name" if self.is_agent() => label(record.agent_name),
            "agent-name" => title::name(record.agent_name),
            "summary" => {
                if let Some((leaf, title)) = title::of_another(record, &self.state) {
                    sink.title_of(&leaf, &title);
                }
                title::summary(record, &mut self.state)
            }
            "worktree-state" if !self.state.worktree => {
                let original = record.worktree.and_then(|raw| raw.get("originalCwd"));
                let original = original.and_then(Raw::filled).map(Cow::into_owned);
                self.state.worktree = original.is_some();
                original.map(|original| Fact::Worktree { original })
            }
            "fork-context-ref" => {
                let parent = record.parent_session.and_then(Raw::filled);
                parent.and_then(|parent| self.related(&parent, Relation::Fork))
            }
            _ => None,
        };
        self.facts(fact, sink);
    }

    /// What nearly every record repeats, given when it changes.
    fn context(&mut self, record: &Record<'_>, sink: &mut dyn EventSink) {
        let changed = |raw: Option<Raw<'_>>, known: &mut String| -> Option<String> {
            let text = raw?.filled()?;
            (*known != text).then(|| {
                *known = text.to_string();
                known.clone()
            })
        };
        let cwd = changed(record.cwd, &mut self.state.cwd);
        let branch = changed(record.branch, &mut self.state.branch);
        let version = changed(record.version, &mut self.state.version);
        self.facts(cwd.map(Fact::Cwd), sink);
        self.facts(branch.map(Fact::Branch), sink);
        self.facts(version.map(Fact::Version), sink);
        if !self.state.origin
            && let Some(origin) = record.entrypoint.and_then(Raw::filled)
        {
            self.state.origin = true;
            if self.source.layout & layout::DESKTOP == 0 {
                self.facts(variant(&origin), sink);
            }
            self.facts(Some(Fact::Origin(origin.into_owned())), sink);
        }
        if self.is_agent() && !self.state.labelled && record.agent_type.is_some() {
            self.state.labelled = true;
            self.facts(label(record.agent_type), sink);
        }
        if !self.uuid.is_empty()
            && let Some(summary) = self.state.pass_record(&self.uuid)
        {
            self.facts(title::title(TitleRank::Summary, &summary), sink);
        }
    }

    /// Where a session came from, when its records carry another one's id.
    fn relation(&mut self, record: &Record<'_>, sink: &mut dyn EventSink) {
        let fork = record.forked_from.and_then(|from| from.get("sessionId"));
        let fact = if let Some(parent) = fork.and_then(Raw::filled) {
            self.related(&parent, Relation::Fork)
        } else if self.is_agent() {
            None
        } else {
            let session = record.session();
            session.and_then(|session| self.related(&session, Relation::Continuation))
        };
        self.facts(fact, sink);
    }

    fn related(&mut self, parent: &str, relation: Relation) -> Option<Fact> {
        let rank = if relation == Relation::Fork { 2 } else { 1 };
        if parent == self.state.native || self.state.related >= rank || self.is_agent() {
            return None;
        }
        self.state.related = rank;
        Some(Fact::Parent {
            native: parent.to_owned(),
            relation,
        })
    }

    /// A sub-agent's response, repeated in its parent's file while it ran.
    fn progress(&mut self, record: &Record<'_>, sink: &mut dyn EventSink) {
        fields! {
            struct Progress {
                kind: "type",
                message: "message",
            }
        }
        let Some(data) = record.data.and_then(Raw::object::<Progress<'_>>) else {
            return;
        };
        let inner = data.message.and_then(Raw::object::<Record<'_>>);
        let Some(inner) =
            inner.filter(|inner| is(data.kind, "agent_progress") && is(inner.kind, "assistant"))
        else {
            return;
        };
        self.at = inner.timestamp.and_then(Raw::time).or(self.at);
        for mut event in usage::events(&inner, true) {
            event.sidechain = true;
            self.emit(EventKind::Usage(Box::new(event)), sink);
        }
    }

    pub fn is_agent(&self) -> bool {
        self.source.layout & !layout::DESKTOP != layout::SESSION
    }

    fn is_own(&self, record: &Record<'_>) -> bool {
        let session = record.session();
        self.is_agent() || session.is_none_or(|session| session == self.state.native.as_str())
    }

    /// The session whose folder holds this file and its sub-agents.
    pub fn session(&self) -> &str {
        match self.state.parent.as_str() {
            "" => &self.state.native,
            parent => parent,
        }
    }

    pub fn is_copy(&self) -> bool {
        self.copy
    }

    pub fn is_sidechain(&self) -> bool {
        self.sidechain
    }

    pub fn facts(&mut self, fact: Option<Fact>, sink: &mut dyn EventSink) {
        if let Some(fact) = fact {
            self.emit(EventKind::Fact(fact), sink);
        }
    }

    /// Gives a message its place; `block` is its position in the record.
    pub fn push(&mut self, block: usize, message: Message, sink: &mut dyn EventSink) {
        let uuid = match block {
            _ if self.uuid.is_empty() => String::new(),
            0 => self.uuid.clone(),
            n => format!("{}#{n}", self.uuid),
        };
        let message = Message {
            seq: self.seq,
            uuid,
            copy: self.copy,
            sidechain: self.sidechain,
            ..message
        };
        self.seq += 1;
        self.emit(EventKind::Message(Box::new(message)), sink);
    }

    /// The same for a prompt that only its queue line told of.
    pub fn push_at(
        &mut self,
        at: Option<i64>,
        offset: u64,
        message: Message,
        sink: &mut dyn EventSink,
    ) {
        let now = (self.at, self.offset);
        let uuid = std::mem::take(&mut self.uuid);
        let copy = std::mem::take(&mut self.copy);
        (self.at, self.offset) = (at, offset);
        self.push(0, message, sink);
        (self.at, self.offset) = now;
        (self.uuid, self.copy) = (uuid, copy);
    }

    pub fn emit(&mut self, kind: EventKind, sink: &mut dyn EventSink) {
        if !self.started {
            self.open(sink);
        }
        let event = Event {
            at: self.at,
            offset: self.offset,
            kind,
        };
        self.send(event, sink);
    }

    pub fn send(&mut self, event: Event, sink: &mut dyn EventSink) {
        if self.flow == Flow::Go {
            self.flow = sink.event(event);
        }
    }
}
