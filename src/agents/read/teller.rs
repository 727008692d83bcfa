//! Telling one session to a sink: messages numbered and classified, calls presented, bodies filled as
//! far as they are wanted. What a room says after the sink has stopped goes nowhere.

use super::json::Raw;
use super::record::Kept;
use super::text::{self, fill};
use super::value::dollars;
use super::{prompt, tool};
use crate::agents::{EventSink, Flow};
use crate::model::{
    BodyFormat, Event, EventKind, Fact, IssueKind, Message, ParseIssue, PromptKind, Role,
    SessionStart, SourceMode, TitleRank, ToolCall, UsageEvent, Wants,
};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A tool call as a room finds it.
#[derive(Clone, Debug, Default)]
pub struct Call<'a> {
    /// `""` where the agent has none.
    pub id: &'a str,
    pub name: &'a str,
    /// JSON, or free text where the agent passes that.
    pub input: &'a str,
    /// MCP server, when the name does not tell it as `mcp__server__tool`.
    pub mcp: Option<String>,
    /// Native id of the sub-agent session that it started.
    pub child: Option<String>,
}

/// Names of the tools that were called and have not answered yet, by call id.
pub type Names = BTreeMap<String, String>;

/// Pushes the events of one session.
pub struct Teller<'s> {
    sink: &'s mut dyn EventSink,
    wants: Wants,
    seq: u32,
    /// Time of what is told next.
    pub at: Option<i64>,
    /// Record number or byte offset of what is told next.
    pub offset: u64,
    /// What is told next is a copy of another session's record.
    pub copy: bool,
    pub sidechain: bool,
    /// Model of what is told next, when the record names it.
    pub model: Option<String>,
    record: String,
    blocks: usize,
    /// Tool names by call id, for outputs that do not repeat them.
    names: Names,
    stopped: bool,
}

impl<'s> Teller<'s> {
    /// Opens the session; `seq` is the ordinal of its next message.
    pub fn open(sink: &'s mut dyn EventSink, native: &str, mode: SourceMode, seq: u32) -> Self {
        sink.session(SessionStart {
            native: native.to_owned(),
            mode,
        });
        Teller {
            wants: sink.wants(),
            sink,
            seq,
            at: None,
            offset: 0,
            copy: false,
            sidechain: false,
            model: None,
            record: String::new(),
            blocks: 0,
            names: Names::new(),
            stopped: false,
        }
    }

    /// Takes up calls that were told before, whose outputs may still come.
    pub fn awaiting(mut self, names: Names) -> Self {
        self.names = names;
        self
    }

    /// Calls without an output so far.
    pub fn awaited(self) -> Names {
        self.names
    }

    /// Ordinal of the next message.
    pub fn seq(&self) -> u32 {
        self.seq
    }

    pub fn flow(&self) -> Flow {
        match self.stopped {
            true => Flow::Stop,
            false => Flow::Go,
        }
    }

    /// Begins a record: its id (`""` for none), its time, its place. The model of the record before
    /// it is forgotten.
    pub fn record(&mut self, id: &str, at: Option<i64>, offset: u64) {
        id.clone_into(&mut self.record);
        (self.at, self.offset, self.blocks) = (at, offset, 0);
        self.model = None;
    }

    /// What the messages that follow are read from: see [`EventSink::kept`].
    pub fn kept(&mut self, pieces: &[Kept<'_>]) {
        self.sink.kept(pieces);
    }

    /// What follows is this block of the record (they are counted when nobody says so).
    pub fn block(&mut self, number: usize) {
        self.blocks = number;
    }

    /// A user-role text: a prompt of the person or something the runtime wrote.
    pub fn user(&mut self, text: &str) {
        self.user_with(text, 0);
    }

    /// The same with images, which stand in the text as stubs.
    pub fn user_with(&mut self, text: &str, images: u32) {
        if text.trim().is_empty() {
            return;
        }
        let reading = prompt::read(text);
        if reading.interruption {
            self.fact(Fact::Interruption);
        }
        let message = Message {
            role: reading.role(),
            prompt: reading.kind,
            images,
            ..Message::default()
        };
        self.say(message, reading.text);
    }

    /// A text that the agent itself marks as not the person's.
    pub fn notice(&mut self, text: &str) {
        let message = Message {
            role: Role::System,
            prompt: PromptKind::Injected,
            ..Message::default()
        };
        self.say(message, Cow::Borrowed(text));
    }

    pub fn answer(&mut self, text: &str) {
        let message = Message {
            role: Role::Assistant,
            model: self.model.clone(),
            ..Message::default()
        };
        self.say(message, Cow::Borrowed(text));
    }

    pub fn thought(&mut self, text: &str) {
        let message = Message {
            role: Role::Thinking,
            model: self.model.clone(),
            ..Message::default()
        };
        self.say(message, Cow::Borrowed(text));
    }

    pub fn call(&mut self, call: Call<'_>) {
        if !call.id.is_empty() {
            self.names.insert(call.id.to_owned(), call.name.to_owned());
        }
        let shown = tool::present(call.name, call.input, self.wants.rest);
        let mut message = Message {
            role: Role::Tool,
            format: shown.format,
            model: self.model.clone(),
            tool: Some(Box::new(ToolCall {
                call_id: call.id.to_owned(),
                mcp: call.mcp.or(shown.call.mcp),
                child: call.child,
                ..shown.call
            })),
            ..Message::default()
        };
        if self.wants.rest {
            let body = text::body(shown.text.into());
            (message.text, message.bytes, message.cut) = (body.text, body.bytes, body.cut);
        }
        self.push(message);
    }

    /// What a tool gave back; `name` may be `""` when the call was told before.
    pub fn output(&mut self, call_id: &str, name: &str, text: &str, failed: bool) {
        let known = self.names.remove(call_id).unwrap_or_default();
        let name = match name.is_empty() {
            true => known,
            false => name.to_owned(),
        };
        let mut message = Message {
            role: Role::Output,
            format: BodyFormat::Plain,
            tool: Some(Box::new(ToolCall {
                kind: tool::kind(&name),
                mcp: tool::mcp_server(&name).map(str::to_owned),
                call_id: call_id.to_owned(),
                failed,
                name,
                ..ToolCall::default()
            })),
            ..Message::default()
        };
        fill(&mut message, Cow::Borrowed(text), self.wants);
        self.push(message);
    }

    pub fn fact(&mut self, fact: Fact) {
        self.event(EventKind::Fact(fact));
    }

    /// A title that says something.
    pub fn title(&mut self, rank: TitleRank, title: &str) {
        let text = text::one_line(title, text::MAX_TITLE);
        if !text.is_empty() {
            self.fact(Fact::Title { rank, text });
        }
    }

    /// A fact made of a text that is there.
    pub fn filled(&mut self, text: Option<Cow<'_, str>>, fact: fn(String) -> Fact) {
        if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
            self.fact(fact(text.into_owned()));
        }
    }

    /// First and last time; either stands for a missing other.
    pub fn span(&mut self, first: Option<i64>, last: Option<i64>) {
        if let (Some(first), Some(last)) = (first.or(last), last.or(first)) {
            self.fact(Fact::Span {
                first: first.min(last),
                last,
            });
        }
    }

    /// Names the model for what follows in this record.
    pub fn by(&mut self, model: Option<Cow<'_, str>>) {
        self.model = model.map(Cow::into_owned).filter(|model| !model.is_empty());
    }

    /// What one response used; nothing is said of one that used nothing.
    pub fn usage(&mut self, usage: UsageEvent) {
        if usage.tokens.total() > 0 || usage.recorded_cost.is_some_and(|cost| cost > 0) {
            let usage = UsageEvent {
                record: self.record.clone(),
                copy: usage.copy || self.copy,
                sidechain: usage.sidechain || self.sidechain,
                ..usage
            };
            self.event(EventKind::Usage(Box::new(usage)));
        }
    }

    pub fn issue(&mut self, path: &std::path::Path, line: u64, kind: IssueKind, detail: &str) {
        self.sink.issue(ParseIssue {
            path: path.display().to_string(),
            line,
            kind,
            detail: detail.to_owned(),
        });
    }

    fn say(&mut self, mut message: Message, text: Cow<'_, str>) {
        if text.trim().is_empty() {
            return;
        }
        fill(&mut message, text, self.wants);
        self.push(message);
    }

    fn push(&mut self, mut message: Message) {
        message.seq = self.seq;
        message.copy = self.copy;
        message.sidechain = self.sidechain;
        // a copy known by its place has no id of its own: the id is what tells copies otherwise
        if !self.record.is_empty() && !self.copy {
            message.uuid = match self.blocks {
                0 => self.record.clone(),
                n => format!("{}#{n}", self.record),
            };
        }
        self.blocks += 1;
        self.seq += 1;
        self.event(EventKind::Message(Box::new(message)));
    }

    fn event(&mut self, kind: EventKind) {
        if self.stopped {
            return;
        }
        let event = Event {
            at: self.at,
            offset: self.offset,
            kind,
        };
        self.stopped = self.sink.event(event) == Flow::Stop;
    }
}

/// The text of a value that may be a string, a list of `{text}` blocks (or strings), or something
/// else, which is shown as it is listed.
pub fn content(value: Raw<'_>) -> String {
    if let Some(text) = value.text() {
        return text.into_owned();
    }
    if value.is_array() {
        let blocks = value.items().into_iter().map(block);
        let filled = blocks.filter(|text| !text.is_empty());
        return filled.collect::<Vec<_>>().join("\n");
    }
    match value.is_object() {
        true => block(value),
        false if value.as_json() == "null" => String::new(),
        false => value.as_json().to_owned(),
    }
}

fn block(value: Raw<'_>) -> String {
    let Some(kind) = value.is_object().then(|| value.get("type")).flatten() else {
        return match value.text() {
            Some(text) => text.into_owned(),
            None => match value.get("text").and_then(Raw::text) {
                Some(text) => text.into_owned(),
                None => tool::listing(value),
            },
        };
    };
    if let Some(text) = value.get("text").and_then(Raw::text) {
        return text.into_owned();
    }
    let data = value.get("data").and_then(Raw::text);
    let is_image = kind.text().is_some_and(|kind| kind.starts_with("image"));
    match (is_image, data) {
        (true, Some(data)) => {
            let media = value.get("mimeType").and_then(Raw::text);
            text::stub(media.as_deref().unwrap_or("image/png"), data.len())
        }
        (true, None) => "[image]".to_owned(),
        _ => tool::listing(value),
    }
}

/// Micro-dollars of a cost in dollars; agents write 0 where they know none.
pub fn micro_dollars(cost: Option<Raw<'_>>) -> Option<i64> {
    dollars(cost.filter(|cost| cost.float().is_some_and(|cost| cost > 0.0)))
}
