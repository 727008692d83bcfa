//! A session's file, record by record.

use super::discover::{agent_native, is_housekeeping};
use super::record::{Record, is};
use super::state::State;
use super::{answer, layout, person, queue, title, usage};
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::jsonl::{self, Line, Lines};
use crate::agents::read::text;
use crate::agents::{EventSink, Flow};
use crate::model::{
    AgentId, Checkpoint, Event, EventKind, Fact, Message, ParseIssue, Relation, SessionStart,
    Source, SourceMode, TitleRank, Wants,
};
use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

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
    Ok(checkpoint)
}

pub struct Parser<'a> {
    source: &'a Source,
    pub state: State,
    pub wants: Wants,
    /// Where this session's long outputs lie.
    pub outputs: PathBuf,
    seq: u32,
    mode: SourceMode,
    started: bool,
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

    fn record(
        &mut self,
        line: Line<'_>,
        sink: &mut dyn EventSink,
    ) -> Result<Flow, serde_json::Error> {
        let record: Record<'_> = serde_json::from_str(line.text)?;
        self.at = record.timestamp.and_then(Raw::time);
        self.offset = line.offset;
        self.uuid = record.uuid.and_then(Raw::owned).unwrap_or_default();
        self.copy = record.is_copy();
        self.sidechain = record.is_sidechain();
        self.context(&record, sink);
        match record.kind().as_ref() {
            "user" => {
                self.relation(&record, sink);
                person::user(self, &record, sink);
            }
            "assistant" => {
                self.relation(&record, sink);
                answer::assistant(self, &record, sink);
            }
            "system" => person::system(self, &record, sink),
            "attachment" => person::attachment(self, &record, sink),
            // a resumed session copies the older one's queue lines: those are told there
            "queue-operation" if self.is_own(&record) => {
                queue::operation(&record, self.at, self.offset, &mut self.state);
            }
            "progress" => self.progress(&record, sink),
            other => self.told(other, &record, sink),
        }
        Ok(self.flow)
    }

    /// Lines that only say something of the session; types that are not known are passed over.
    fn told(&mut self, kind: &str, record: &Record<'_>, sink: &mut dyn EventSink) {
        let fact = match kind {
            "custom-title" => title::custom(record.custom_title),
            "ai-title" => title::generated(record.ai_title),
            "agent-name" if self.is_agent() => label(record.agent_name),
            "agent-name" => title::name(record.agent_name),
            "summary" => title::summary(record, &mut self.state),
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
        (self.at, self.offset) = (at, offset);
        self.push(0, message, sink);
        (self.at, self.offset) = now;
        self.uuid = uuid;
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

    fn send(&mut self, event: Event, sink: &mut dyn EventSink) {
        if self.flow == Flow::Go {
            self.flow = sink.event(event);
        }
    }

    /// Opens the session, first thing before its first event in this read.
    fn open(&mut self, sink: &mut dyn EventSink) {
        self.started = true;
        sink.session(SessionStart {
            native: self.state.native.clone(),
            mode: self.mode,
        });
        if self.state.opened {
            return;
        }
        self.state.opened = true;
        let mut facts = Vec::new();
        if self.source.layout & layout::DESKTOP != 0 {
            facts.push(Fact::Variant(AgentId::new(super::DESKTOP.id)));
        }
        if self.is_agent() {
            let stem = stem(&self.source.path);
            let relation = match is_housekeeping(&stem) {
                true => Relation::Housekeeping,
                false => Relation::SubAgent,
            };
            if !self.state.parent.is_empty() {
                facts.push(Fact::Parent {
                    native: self.state.parent.clone(),
                    relation,
                });
            }
            facts.extend(self.described());
        }
        for fact in facts {
            let event = Event {
                at: None,
                offset: 0,
                kind: EventKind::Fact(fact),
            };
            self.send(event, sink);
        }
    }

    /// Label and title of a sub-agent, from the small file beside its transcript.
    fn described(&mut self) -> Vec<Fact> {
        fields! {
            struct Meta {
                kind: "agentType",
                description: "description",
            }
        }
        let path = self.source.path.with_extension("meta.json");
        let plain = std::fs::symlink_metadata(&path)
            .is_ok_and(|file| file.is_file() && file.len() < 1 << 20);
        let content = plain.then(|| std::fs::read_to_string(&path).ok()).flatten();
        let content = content.unwrap_or_default();
        let meta: Meta<'_> = serde_json::from_str(&content).unwrap_or_default();
        let label = label(meta.kind);
        self.state.labelled = label.is_some();
        let description = meta.description.and_then(Raw::filled);
        let title = description.and_then(|text| title::title(TitleRank::Index, &text));
        label.into_iter().chain(title).collect()
    }
}

fn label(raw: Option<Raw<'_>>) -> Option<Fact> {
    let text = text::one_line(&raw?.filled()?, text::MAX_TITLE);
    Some(Fact::AgentLabel(text))
}

/// Who drives the session: `cli` and the programming kits are the agent itself, the desktop app is
/// told by its name, and what is left are editors.
fn variant(origin: &str) -> Option<Fact> {
    let id = match origin {
        "cli" | "mcp" => return None,
        _ if origin.starts_with("sdk") || origin.contains("action") => return None,
        _ if origin.contains("desktop") || origin == "local-agent" => super::DESKTOP.id,
        _ => super::EXTENSION.id,
    };
    Some(Fact::Variant(AgentId::new(id)))
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// Where the session's long outputs lie: beside the `subagents` that hold a sub-agent's file, else in
/// the folder that is named as the session.
fn outputs(source: &Source, stem: &str, parent: &str) -> PathBuf {
    let named = |path: &&Path| path.file_name().is_some_and(|name| *name == *parent);
    let session = match source.path.ancestors().find(named) {
        Some(session) if !parent.is_empty() => session.to_owned(),
        _ => {
            let folder = source.path.parent().unwrap_or(Path::new(""));
            folder.join(if parent.is_empty() { stem } else { parent })
        }
    };
    session.join("tool-results")
}

/// The session that the first records name: the parent of a sub-agent beside the sessions.
fn first_session(path: &Path) -> io::Result<String> {
    struct Quiet;
    impl EventSink for Quiet {
        fn wants(&self) -> Wants {
            Wants::META
        }
        fn session(&mut self, _: SessionStart) {}
        fn event(&mut self, _: Event) -> Flow {
            Flow::Go
        }
        fn issue(&mut self, _: ParseIssue) {}
    }
    let mut lines = Lines::open(path, &Checkpoint::default())?;
    while let Some(line) = lines.next(&mut Quiet)? {
        let record: Record<'_> = serde_json::from_str(line.text).unwrap_or_default();
        if let Some(session) = record.session() {
            return Ok(session.into_owned());
        }
    }
    Ok(String::new())
}
