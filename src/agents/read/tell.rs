//! A session told to a sink, record by record: what rooms do alike.
//!
//! A [`Teller`] numbers messages, says facts when they change and pairs calls with their outputs;
//! what of it the next read must know is [`Told`]. [`lines`] drives it over a file that grows at its
//! end, [`Teller::whole`] is for sources that are read anew whenever they change.

use super::json::Raw;
use super::jsonl::{self, Lines};
pub use super::value::{count, dollars, id, id_of_name, is_id, unique};
use super::{parts, prompt, text, tool};
use crate::agents::{EventSink, Flow};
use crate::model::{
    BodyFormat, Checkpoint, Event, EventKind, Fact, IssueKind, Message, ParseIssue, PromptKind,
    Role, SessionStart, Source, SourceMode, TitleRank, Tokens, ToolCall, UsageEvent, Wants,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::io;
use std::path::Path;

/// Calls that may wait for their outputs at once; of more the oldest lose their names, not their output.
const WAITING: usize = 64;

/// What was told of a session: a later read goes on from it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    pub native: String,
    pub model: String,
    pub cwd: String,
    branch: String,
    remote: String,
    version: String,
    origin: String,
    title: String,
    window: u64,
    /// Id and name of calls without output.
    calls: Vec<(String, String)>,
}

pub struct Teller {
    pub told: Told,
    mode: SourceMode,
    wants: Wants,
    seq: u32,
    opened: bool,
    flow: Flow,
    at: Option<i64>,
    offset: u64,
    uuid: String,
    blocks: u32,
    sidechain: bool,
    copy: bool,
    latest: Option<i64>,
}

impl Teller {
    /// For a source that is read whole; what it gave before is replaced.
    pub fn whole(native: &str, sink: &dyn EventSink) -> Teller {
        let told = Told {
            native: native.to_owned(),
            ..Told::default()
        };
        Teller::new(told, 0, SourceMode::Replace, sink.wants())
    }

    /// For what only speaks of a session that other sources hold ([`SourceMode::Annotate`] or
    /// [`SourceMode::StandIn`]).
    pub fn beside(native: &str, mode: SourceMode, sink: &dyn EventSink) -> Teller {
        Teller {
            mode,
            ..Teller::whole(native, sink)
        }
    }

    fn new(told: Told, seq: u32, mode: SourceMode, wants: Wants) -> Teller {
        Teller {
            told,
            mode,
            wants,
            seq,
            opened: false,
            flow: Flow::Go,
            at: None,
            offset: 0,
            uuid: String::new(),
            blocks: 0,
            sidechain: false,
            copy: false,
            latest: None,
        }
    }

    pub fn out<'a>(&'a mut self, sink: &'a mut dyn EventSink) -> Out<'a> {
        Out { teller: self, sink }
    }

    pub fn flow(&self) -> Flow {
        self.flow
    }

    /// The session is opened again before its next event: another one was told meanwhile.
    pub fn reopen(&mut self) {
        self.opened = false;
    }
}

/// Where the events of the records go.
pub struct Out<'a> {
    pub teller: &'a mut Teller,
    pub sink: &'a mut dyn EventSink,
}

impl Out<'_> {
    /// Begins a record: what follows happened then and stands there. `uuid` must be unique over all
    /// sessions of all agents, or `""`: two sessions that hold the same one share a copied record.
    pub fn record(&mut self, at: Option<i64>, offset: u64, uuid: &str) {
        self.teller.at = at;
        self.teller.latest = at.or(self.teller.latest);
        self.teller.offset = offset;
        uuid.clone_into(&mut self.teller.uuid);
        self.teller.blocks = 0;
        self.teller.sidechain = false;
        self.teller.copy = false;
    }

    /// Tells something that happened at another time than this record, when that is known.
    pub fn at(&mut self, at: Option<i64>, tell: impl FnOnce(&mut Self)) {
        let now = self.teller.at;
        self.teller.at = at.or(now);
        tell(self);
        self.teller.at = now;
    }

    /// The rest of this record happened on a side chain (a sub-agent's part, an abandoned branch).
    pub fn sidechain(&mut self, yes: bool) {
        self.teller.sidechain = yes;
    }

    /// The rest of this record was copied from another session, as the agent says.
    pub fn copied(&mut self, yes: bool) {
        self.teller.copy = yes;
    }

    /// Time of the last record that had one.
    pub fn latest(&self) -> Option<i64> {
        self.teller.latest
    }

    /// The session's id as its content tells it; later than the first event it changes nothing.
    pub fn native(&mut self, id: &str) {
        if !self.teller.opened {
            id.clone_into(&mut self.teller.told.native);
        }
    }

    pub fn wants(&self) -> Wants {
        self.teller.wants
    }

    pub fn stopped(&self) -> bool {
        self.teller.flow == Flow::Stop
    }

    pub fn push(&mut self, kind: EventKind) {
        let teller = &mut *self.teller;
        if teller.flow == Flow::Stop {
            return;
        }
        if !teller.opened {
            teller.opened = true;
            self.sink.session(SessionStart {
                native: teller.told.native.clone(),
                mode: teller.mode,
            });
        }
        teller.flow = self.sink.event(Event {
            at: teller.at,
            offset: teller.offset,
            kind,
        });
    }

    pub fn fact(&mut self, fact: Fact) {
        self.push(EventKind::Fact(fact));
    }

    pub fn cwd(&mut self, path: &str) {
        if changed(&mut self.teller.told.cwd, path) {
            self.fact(Fact::Cwd(path.to_owned()));
        }
    }

    pub fn branch(&mut self, name: &str) {
        if changed(&mut self.teller.told.branch, name) {
            self.fact(Fact::Branch(name.to_owned()));
        }
    }

    pub fn remote(&mut self, url: &str) {
        if changed(&mut self.teller.told.remote, url) {
            self.fact(Fact::Remote(url.to_owned()));
        }
    }

    pub fn version(&mut self, version: &str) {
        if changed(&mut self.teller.told.version, version) {
            self.fact(Fact::Version(version.to_owned()));
        }
    }

    pub fn origin(&mut self, origin: &str) {
        if changed(&mut self.teller.told.origin, origin) {
            self.fact(Fact::Origin(origin.to_owned()));
        }
    }

    /// The model from here on.
    pub fn model(&mut self, name: &str) {
        if changed(&mut self.teller.told.model, name) {
            self.fact(Fact::Model(name.to_owned()));
        }
    }

    pub fn window(&mut self, tokens: u64) {
        if tokens > 0 && self.teller.told.window != tokens {
            self.teller.told.window = tokens;
            self.fact(Fact::ContextWindow(tokens));
        }
    }

    pub fn title(&mut self, rank: TitleRank, title: &str) {
        let line = text::one_line(title, text::MAX_TITLE);
        if changed(&mut self.teller.told.title, &line) {
            self.fact(Fact::Title { rank, text: line });
        }
    }

    /// What stands in the user's place: told apart as [`prompt::read`] does.
    pub fn user(&mut self, words: &str, images: u32) {
        let reading = prompt::read(words);
        if reading.interruption {
            self.fact(Fact::Interruption);
        }
        if reading.text.trim().is_empty() && images == 0 {
            return;
        }
        let message = Message {
            // a picture alone is a person's message too
            role: if words.trim().is_empty() {
                Role::User
            } else {
                reading.role()
            },
            prompt: if words.trim().is_empty() {
                PromptKind::Typed
            } else {
                reading.kind
            },
            images,
            ..Message::default()
        };
        self.message(message, reading.text);
    }

    /// A prompt of which the agent says what it is.
    pub fn prompt(&mut self, kind: PromptKind, words: &str) {
        let message = Message {
            role: Role::User,
            prompt: kind,
            ..Message::default()
        };
        self.words(message, words.trim().into());
    }

    pub fn answer<'t>(&mut self, words: impl Into<Cow<'t, str>>) {
        let message = Message {
            role: Role::Assistant,
            ..Message::default()
        };
        self.words(message, words.into());
    }

    pub fn thought<'t>(&mut self, words: impl Into<Cow<'t, str>>) {
        let message = Message {
            role: Role::Thinking,
            ..Message::default()
        };
        self.words(message, words.into());
    }

    /// Notices, summaries and what else the runtime wrote.
    pub fn note<'t>(&mut self, words: impl Into<Cow<'t, str>>) {
        let message = Message {
            role: Role::System,
            prompt: PromptKind::Injected,
            ..Message::default()
        };
        self.words(message, words.into());
    }

    /// A tool call; `input` is JSON or free text. `more` adds what the agent tells besides.
    pub fn call(&mut self, id: &str, name: &str, input: &str, more: impl FnOnce(&mut ToolCall)) {
        let calls = &mut self.teller.told.calls;
        if !id.is_empty() {
            if calls.len() == WAITING {
                calls.remove(0);
            }
            calls.push((id.to_owned(), name.to_owned()));
        }
        let wanted = self.teller.wants.rest;
        let shown = tool::present(name, input, wanted);
        let mut call = ToolCall {
            call_id: id.to_owned(),
            ..shown.call
        };
        more(&mut call);
        let mut message = Message {
            role: Role::Tool,
            format: shown.format,
            tool: Some(Box::new(call)),
            ..Message::default()
        };
        if wanted {
            let body = text::body(shown.text.into());
            (message.text, message.bytes, message.cut) = (body.text, body.bytes, body.cut);
        }
        self.place(message);
    }

    /// Whether a call with this id waits for its output.
    pub fn waits(&self, id: &str) -> bool {
        self.teller.told.calls.iter().any(|(known, _)| known == id)
    }

    /// What a tool printed. `name` may be `""` where only the call tells it.
    pub fn output(&mut self, id: &str, name: &str, words: Cow<'_, str>, images: u32, failed: bool) {
        let calls = &mut self.teller.told.calls;
        let known = calls.iter().position(|(known, _)| known == id);
        let called = known.map(|at| calls.remove(at).1).unwrap_or_default();
        let name = if name.is_empty() { &called } else { name };
        let message = Message {
            role: Role::Output,
            format: BodyFormat::Plain,
            images,
            tool: Some(Box::new(ToolCall {
                kind: tool::kind(name),
                mcp: tool::mcp_server(name).map(str::to_owned),
                name: name.to_owned(),
                call_id: id.to_owned(),
                failed,
                ..ToolCall::default()
            })),
            ..Message::default()
        };
        self.message(message, words);
    }

    /// The content of an output as the record has it: text, blocks or an object.
    pub fn output_of(&mut self, id: &str, name: &str, content: Option<Raw<'_>>, failed: bool) {
        let (words, images) = match content {
            Some(content) if self.teller.wants.rest => parts::output(content),
            Some(content) => (Cow::Borrowed(""), parts::images(content)),
            None => (Cow::Borrowed(""), 0),
        };
        self.output(id, name, words, images, failed);
    }

    /// What one model response used; nothing is told of a response that used nothing. A recorded cost of
    /// nothing is that of a model which the agent has no price for.
    pub fn usage(&mut self, key: &str, tokens: Tokens, recorded_cost: Option<i64>) {
        let recorded_cost = recorded_cost.filter(|cost| *cost > 0);
        if tokens == Tokens::default() && recorded_cost.is_none() {
            return;
        }
        let event = UsageEvent {
            key: key.to_owned(),
            record: self.teller.uuid.clone(),
            model: self.teller.told.model.clone(),
            tokens,
            recorded_cost,
            sidechain: self.teller.sidechain,
            copy: self.teller.copy,
            ..UsageEvent::default()
        };
        self.push(EventKind::Usage(Box::new(event)));
    }

    pub fn issue(&mut self, source: &Source, line: u64, kind: IssueKind, detail: &str) {
        issue(&source.path, line, kind, detail, self.sink);
    }

    /// A message that is not blank.
    fn words(&mut self, message: Message, words: Cow<'_, str>) {
        if !words.trim().is_empty() {
            self.message(message, words);
        }
    }

    fn message(&mut self, mut message: Message, words: Cow<'_, str>) {
        text::fill(&mut message, words, self.teller.wants);
        self.place(message);
    }

    fn place(&mut self, mut message: Message) {
        let teller = &mut *self.teller;
        message.seq = teller.seq;
        message.uuid = match (teller.uuid.as_str(), teller.blocks) {
            ("", _) => String::new(),
            (uuid, 0) => uuid.to_owned(),
            (uuid, n) => format!("{uuid}#{n}"),
        };
        message.sidechain = teller.sidechain;
        message.copy = teller.copy;
        if matches!(message.role, Role::Assistant | Role::Thinking | Role::Tool) {
            message.model = Some(teller.told.model.clone()).filter(|name| !name.is_empty());
        }
        teller.seq += 1;
        teller.blocks += 1;
        self.push(EventKind::Message(Box::new(message)));
    }
}

fn changed(told: &mut String, value: &str) -> bool {
    let value = value.trim();
    let changed = !value.is_empty() && told != value;
    if changed {
        value.clone_into(told);
    }
    changed
}

pub fn issue(path: &Path, line: u64, kind: IssueKind, detail: &str, sink: &mut dyn EventSink) {
    sink.issue(ParseIssue {
        path: path.to_string_lossy().into_owned(),
        line,
        kind,
        detail: detail.to_owned(),
    });
}

/// A record that is JSON, but not what it should be.
pub fn wrong(what: &str) -> serde_json::Error {
    serde::de::Error::custom(what)
}

/// One record of a file of lines.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    pub raw: Raw<'a>,
    pub offset: u64,
    /// 1-based.
    pub number: u64,
}

/// Reads a file that grows at its end, from a checkpoint on. `S` is what the room itself must know
/// of what came before.
///
/// # Errors
/// The file cannot be opened or read.
pub fn lines<S: Serialize + DeserializeOwned + Default>(
    source: &Source,
    from: &Checkpoint,
    sink: &mut dyn EventSink,
    native: &str,
    each: &mut dyn FnMut(Record<'_>, &mut S, &mut Out<'_>) -> Result<(), serde_json::Error>,
) -> io::Result<Checkpoint> {
    let (mut told, mut state): (Told, S) = postcard::from_bytes(&from.state).unwrap_or_default();
    if told.native.is_empty() {
        native.clone_into(&mut told.native);
    }
    let mode = match from.offset {
        0 => SourceMode::Replace,
        _ => SourceMode::Append,
    };
    let mut teller = Teller::new(told, from.seq, mode, sink.wants());
    let mut lines = Lines::open(&source.path, from)?;
    // whoever stops us knows that the checkpoint is worthless
    let _ = jsonl::each(&mut lines, sink, &mut |line, sink| {
        let raw = Raw::parse(line.text)?;
        if !raw.is_object() {
            return Err(wrong("no object"));
        }
        let record = Record {
            raw,
            offset: line.offset,
            number: line.number,
        };
        each(record, &mut state, &mut teller.out(sink))?;
        Ok(teller.flow)
    })?;
    Ok(Checkpoint {
        seq: teller.seq,
        state: postcard::to_stdvec(&(&teller.told, &state)).expect("plain data serialises"),
        ..lines.checkpoint()
    })
}
