//! What rooms say of a session, record by record, and how it becomes events: messages are numbered and
//! classified, calls presented and paired, bodies filled as far as they are wanted.

use super::{Teller, WAITING, issue};
use crate::agents::read::json::Raw;
use crate::agents::read::record::Kept;
use crate::agents::read::{parts, prompt, text, tool};
use crate::agents::{EventSink, Flow};
use crate::model::{
    BodyFormat, Event, EventKind, Fact, IssueKind, Message, PromptKind, Role, Source, TitleRank,
    Tokens, ToolCall, UsageEvent, Wants,
};
use std::borrow::Cow;

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
        self.teller.renamed = false;
    }

    /// The rest of this record happened then.
    pub fn now(&mut self, at: Option<i64>) {
        self.teller.at = at;
    }

    /// Time of what is told next.
    pub fn time(&self) -> Option<i64> {
        self.teller.at
    }

    /// What the messages that follow are read from: see [`EventSink::kept`].
    pub fn kept(&mut self, pieces: &[Kept<'_>]) {
        self.sink.kept(pieces);
    }

    /// What follows is this block of the record; they are counted where nobody says so.
    pub fn block(&mut self, number: usize) {
        self.teller.blocks = number as u32;
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

    /// The rest of this record was copied from another session and got an id of its own there: as a
    /// message's id that would say that it is none.
    pub fn copied_anew(&mut self, yes: bool) {
        self.copied(yes);
        self.teller.renamed = yes;
    }

    /// Time of the last record that had one.
    pub fn latest(&self) -> Option<i64> {
        self.teller.latest
    }

    /// Ordinal of the next message.
    pub fn seq(&self) -> u32 {
        self.teller.seq
    }

    pub fn flow(&self) -> Flow {
        self.teller.flow
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
            teller.open(self.sink);
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

    /// Who wrote what follows, where each record tells it.
    pub fn by(&mut self, model: Option<Cow<'_, str>>) {
        let model = model.unwrap_or_default();
        self.teller.told.model = model.into_owned();
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
    pub fn output<'t>(
        &mut self,
        id: &str,
        name: &str,
        words: impl Into<Cow<'t, str>>,
        failed: bool,
    ) {
        self.output_with(id, name, words.into(), 0, failed);
    }

    /// The same with images, which stand in the words as stubs.
    pub fn output_with(
        &mut self,
        id: &str,
        name: &str,
        words: Cow<'_, str>,
        images: u32,
        failed: bool,
    ) {
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
        self.output_with(id, name, words, images, failed);
    }

    /// What one model response used; nothing is told of a response that used nothing. A recorded cost of
    /// nothing is that of a model which the agent has no price for.
    pub fn usage(&mut self, key: &str, tokens: Tokens, recorded_cost: Option<i64>) {
        self.used(key, tokens, recorded_cost, false);
    }

    /// What the session used up to now, where the agent keeps nothing but that: told again under the same
    /// key when it has grown.
    pub fn sum(&mut self, key: &str, tokens: Tokens, recorded_cost: Option<i64>) {
        self.used(key, tokens, recorded_cost, true);
    }

    fn used(&mut self, key: &str, tokens: Tokens, recorded_cost: Option<i64>, sum: bool) {
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
            sum,
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
            _ if teller.renamed => String::new(),
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
