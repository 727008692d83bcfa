//! One rollout, record by record: what is remembered between records, and the records that are not
//! items (headers, turns, usage, events).

use super::parent;
use super::record::{DoneItem, Envelope, Event as Told, Meta, Turn, filled, is, owned, word};
use super::replay::Replay;
use super::twice::{Form, Twins};
use super::usage::{self, Meter, Vector};
use crate::agents::read::json::Raw;
use crate::agents::read::jsonl::Line;
use crate::agents::read::text;
use crate::agents::read::value::is_id;
use crate::agents::{EventSink, Flow};
use crate::model::{
    Checkpoint, Event, EventKind, Fact, Message, Role, SessionStart, Source, SourceMode, TitleRank,
    ToolKind, Wants,
};
use serde::de::Error as _;
use serde::{Deserialize, Serialize};

/// Everything that a later read needs to go on as if it had read from the beginning.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    /// The thread's id: the file name's, or its header's where the name has none.
    pub(super) native: String,
    /// A header has been seen, and one that bears `native`.
    pub(super) header: bool,
    pub(super) named: bool,
    /// The id of the first header, where it is not `native`: the file is a copy under another name.
    pub(super) misnamed: Option<String>,
    pub(super) told: Facts,
    pub(super) replay: Replay,
    pub(super) twins: Twins,
    pub(super) meter: Meter,
    pub(super) calls: Vec<Call>,
    pub(super) turn: TurnState,
}

/// Facts told last: only changes are told again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) cwd: String,
    pub(super) branch: String,
    pub(super) remote: String,
    pub(super) version: String,
    model: String,
    window: u64,
}

/// A tool call that waits for its output.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: ToolKind,
    pub(super) failed: bool,
    pub(super) child: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct TurnState {
    /// Fingerprint of the last prompt.
    pub(super) prompt: u64,
    /// The model has done something since.
    pub(super) answered: bool,
    pub(super) aborted: bool,
}

/// Calls that may wait at once; of more the oldest lose their notes, not their output.
const WAITING: usize = 64;

pub(super) struct Reader<'s> {
    pub(super) source: &'s Source,
    pub(super) wants: Wants,
    pub(super) state: State,
    mode: SourceMode,
    opened: bool,
    seq: u32,
    /// The parent's running sums, once they are asked for.
    pub(super) sums: Option<Vec<Vector>>,
}

/// Where the events of one record go.
pub(super) struct Out<'a> {
    pub(super) sink: &'a mut dyn EventSink,
    pub(super) at: Option<i64>,
    offset: u64,
    pub(super) uuid: String,
    blocks: u32,
    flow: Flow,
}

impl Out<'_> {
    pub(super) fn push(&mut self, kind: EventKind) {
        if self.flow == Flow::Go {
            self.flow = self.sink.event(Event {
                at: self.at,
                offset: self.offset,
                kind,
            });
        }
    }

    pub(super) fn fact(&mut self, fact: Fact) {
        self.push(EventKind::Fact(fact));
    }
}

/// The parent that a fork was compared with to the end of its sums, and how large its file was then.
fn outrun(from: &Checkpoint) -> Option<(String, u64)> {
    if from.state.is_empty() {
        return None;
    }
    let state: State = postcard::from_bytes(&from.state).ok()?;
    state.replay.parent.zip(state.replay.short)
}

pub(super) fn awaits(from: &Checkpoint) -> Option<String> {
    outrun(from).map(|(parent, _)| parent)
}

/// There may be more of the parent's sums now than a fork was compared with.
pub(super) fn outran_its_parent(source: &Source, from: &Checkpoint) -> bool {
    outrun(from).is_some_and(|(parent, size)| parent::size(&source.path, &parent) != size)
}

impl<'s> Reader<'s> {
    pub(super) fn resume(source: &'s Source, from: &Checkpoint, wants: Wants) -> Reader<'s> {
        // a state that another version wrote comes with another parser version and is not given to us
        let state = postcard::from_bytes(&from.state).unwrap_or_default();
        Reader {
            source,
            wants,
            state,
            mode: match from.offset {
                0 => SourceMode::Replace,
                _ => SourceMode::Append,
            },
            opened: false,
            seq: from.seq,
            sums: None,
        }
    }

    pub(super) fn checkpoint(&self, lines: Checkpoint) -> Checkpoint {
        Checkpoint {
            seq: self.seq,
            state: postcard::to_stdvec(&self.state).expect("plain data serialises"),
            ..lines
        }
    }

    /// Reads one record. Nothing has been pushed when this is an error.
    pub(super) fn record(
        &mut self,
        line: Line<'_>,
        sink: &mut dyn EventSink,
    ) -> Result<Flow, serde_json::Error> {
        let envelope: Envelope = serde_json::from_str(line.text)?;
        let body = match envelope.payload {
            Some(payload) if payload.is_object() => payload,
            Some(_) => return Err(serde_json::Error::custom("no object")),
            None => Raw::parse(line.text)?,
        };
        let at = envelope.timestamp.and_then(Raw::time);
        let kind = word(envelope.kind);
        let header = kind.is_empty() && envelope.id.is_some() && envelope.record_type.is_none();
        if kind.is_empty() && !header && envelope.record_type.is_none() {
            return Err(serde_json::Error::custom("no type"));
        }
        let is_header = header || kind == "session_meta";
        let told: Told = match kind {
            "event_msg" => body.object().unwrap_or_default(),
            _ => Told::default(),
        };
        if !is_sound(&told) {
            return Err(serde_json::Error::custom("a text that is none"));
        }
        self.open(is_header.then_some(body), sink);
        if !is_header {
            self.state
                .replay
                .record(at, envelope.ordinal.and_then(Raw::int));
        }
        let mut out = Out {
            sink,
            at,
            offset: line.offset,
            uuid: String::new(),
            blocks: 0,
            flow: Flow::Go,
        };
        match kind {
            _ if is_header => self.header(body.object().unwrap_or_default(), header, &mut out),
            "turn_context" => self.turn(body.object().unwrap_or_default(), &mut out),
            "event_msg" => self.told(told, &mut out),
            "token_usage_record" => self.usage(body.object().unwrap_or_default(), &mut out),
            "compacted" => self.compacted(body, &mut out),
            "response_item" => self.item(body.object().unwrap_or_default(), &mut out),
            // before mid-2025 items stand without an envelope
            _ if envelope.payload.is_none() => {
                self.item(body.object().unwrap_or_default(), &mut out)
            }
            _ => {}
        }
        Ok(out.flow)
    }

    /// Opens the session on the sink, once for each reading.
    fn open(&mut self, header: Option<Raw<'_>>, sink: &mut dyn EventSink) {
        if self.opened {
            return;
        }
        self.opened = true;
        if self.state.native.is_empty() {
            let meta: Meta = header.and_then(Raw::object).unwrap_or_default();
            let stem = self.source.path.file_stem().unwrap_or_default();
            self.state.native = Some(self.source.native.clone())
                .filter(|id| !id.is_empty())
                .or_else(|| owned(meta.id).filter(|id| is_id(id)))
                .unwrap_or_else(|| stem.to_string_lossy().into_owned());
        }
        sink.session(SessionStart {
            native: self.state.native.clone(),
            mode: self.mode,
        });
    }

    /// Counts, marks and sends a message. `seq` does not depend on what the sink wants.
    pub(super) fn push(&mut self, mut message: Message, out: &mut Out<'_>) {
        message.seq = self.seq;
        self.seq += 1;
        message.copy |= self.state.replay.copying();
        message.uuid = match (out.uuid.as_str(), out.blocks) {
            ("", _) => String::new(),
            (uuid, 0) => uuid.to_owned(),
            (uuid, n) => format!("{uuid}#{n}"),
        };
        out.blocks += 1;
        if matches!(message.role, Role::Assistant | Role::Thinking | Role::Tool) {
            message.model = Some(self.state.meter.model.clone()).filter(|name| !name.is_empty());
        }
        out.push(EventKind::Message(Box::new(message)));
    }

    fn turn(&mut self, turn: Turn<'_>, out: &mut Out<'_>) {
        if let Some(id) = filled(turn.turn_id) {
            self.state.replay.turn(&id);
        }
        self.setting(turn.cwd, turn.model, out);
    }

    /// Model and folder as of now. A copied turn's are the parent's: remembered, not told.
    pub(super) fn setting(
        &mut self,
        cwd: Option<Raw<'_>>,
        model: Option<Raw<'_>>,
        out: &mut Out<'_>,
    ) {
        if let Some(model) = owned(model) {
            self.state.meter.model = model;
            self.name_responses(out);
        }
        if self.state.replay.copying() {
            return;
        }
        let told = &mut self.state.told;
        if let Some(cwd) = changed(&mut told.cwd, cwd) {
            out.fact(Fact::Cwd(cwd));
        }
        if !self.state.meter.model.is_empty() && told.model != self.state.meter.model {
            told.model.clone_from(&self.state.meter.model);
            out.fact(Fact::Model(told.model.clone()));
        }
    }

    /// The folder as the oldest versions tell it: in the context given to the model.
    pub(super) fn folder(&mut self, cwd: &str, out: &mut Out<'_>) {
        if self.state.told.cwd.is_empty() && !self.state.replay.copying() {
            cwd.clone_into(&mut self.state.told.cwd);
            out.fact(Fact::Cwd(cwd.to_owned()));
        }
    }

    pub(super) fn window(&mut self, raw: Option<Raw<'_>>, out: &mut Out<'_>) {
        let window = raw.and_then(Raw::int).filter(|tokens| *tokens > 0);
        if let Some(window) = window.filter(|window| *window != self.state.told.window)
            && !self.state.replay.copying()
        {
            self.state.told.window = window;
            out.fact(Fact::ContextWindow(window));
        }
    }

    fn told(&mut self, told: Told<'_>, out: &mut Out<'_>) {
        match word(told.kind) {
            "user_message" => {
                self.state.meter.next_turn();
                self.said(&told, out);
            }
            "agent_message" => self.answer(filled(told.message), Form::Event, out),
            "agent_reasoning" | "agent_reasoning_raw_content" => {
                self.thought(filled(told.text), Form::Event, out);
            }
            "token_count" => self.count(told.info.and_then(Raw::object).unwrap_or_default(), out),
            "task_started" | "turn_started" => {
                if let Some(id) = filled(told.turn_id) {
                    self.state.replay.turn(&id);
                }
                self.state.turn.aborted = false;
                self.state.meter.next_turn();
                self.window(told.model_context_window, out);
            }
            "turn_aborted" => {
                self.interrupted(out);
            }
            "exec_command_end" | "patch_apply_end" | "mcp_tool_call_end" => self.ended(&told),
            "collab_agent_spawn_end" => {
                let child = owned(told.new_thread_id).filter(|id| is_id(id));
                self.note(told.call_id, |call| call.child = child.clone());
            }
            "thread_settings_applied" => {
                let settings: Option<Turn> = told.thread_settings.and_then(Raw::object);
                let tier = settings
                    .as_ref()
                    .map_or(told.service_tier, |settings| settings.service_tier);
                self.state.meter.tier = usage::tier(tier);
                let model = settings
                    .as_ref()
                    .map_or(told.model, |settings| settings.model);
                self.setting(settings.and_then(|settings| settings.cwd), model, out);
            }
            "thread_name_updated" => {
                if let Some(name) = filled(told.thread_name) {
                    out.fact(Fact::Title {
                        rank: TitleRank::Index,
                        text: text::one_line(&name, text::MAX_TITLE),
                    });
                }
            }
            "item_completed" => {
                self.done(told.item.and_then(Raw::object).unwrap_or_default(), out);
            }
            "error" => self.notice(filled(told.message), out),
            _ => {}
        }
    }

    /// Paginated rollouts tell the interface's side as whole items.
    fn done(&mut self, item: DoneItem<'_>, out: &mut Out<'_>) {
        match word(item.kind) {
            "UserMessage" => self.said_item(&item, out),
            "AgentMessage" => {
                for part in item.content.map(Raw::items).unwrap_or_default() {
                    self.answer(part.get("text").and_then(Raw::filled), Form::Event, out);
                }
            }
            "Reasoning" => {
                for part in item.summary_text.map(Raw::items).unwrap_or_default() {
                    self.thought(part.filled(), Form::Event, out);
                }
            }
            _ => {
                let failed = is(item.status, "failed")
                    || item
                        .exit_code
                        .and_then(Raw::float)
                        .is_some_and(|code| code != 0.0);
                if failed {
                    self.note(item.id, |call| call.failed = true);
                }
            }
        }
    }

    /// The interface's word on how a call went comes before its output.
    fn ended(&mut self, told: &Told<'_>) {
        let failed = told
            .exit_code
            .and_then(Raw::float)
            .is_some_and(|code| code != 0.0)
            || told.success.and_then(Raw::bool) == Some(false)
            || told.result.is_some_and(|result| {
                result.get("Err").is_some()
                    || result
                        .get("Ok")
                        .and_then(|ok| ok.get("isError"))
                        .and_then(Raw::bool)
                        == Some(true)
            });
        if failed {
            self.note(told.call_id, |call| call.failed = true);
        }
    }

    fn note(&mut self, id: Option<Raw<'_>>, change: impl Fn(&mut Call)) {
        let Some(id) = filled(id) else { return };
        if let Some(call) = self.state.calls.iter_mut().find(|call| call.id == id) {
            change(call);
        }
    }

    pub(super) fn called(&mut self, call: Call) {
        if self.state.calls.len() == WAITING {
            self.state.calls.remove(0);
        }
        self.state.calls.push(call);
    }

    pub(super) fn interrupted(&mut self, out: &mut Out<'_>) {
        if !self.state.turn.aborted && !self.state.replay.copying() {
            out.fact(Fact::Interruption);
        }
        self.state.turn.aborted = true;
    }

    fn compacted(&mut self, body: Raw<'_>, out: &mut Out<'_>) {
        let told: Told = body.object().unwrap_or_default();
        if !self.state.replay.copying() {
            out.fact(Fact::Compaction);
        }
        // the response that wrote the summary; where it has a line of its own, this is the same one
        if let Some(record) = told.usage_record.and_then(Raw::object) {
            self.usage(record, out);
        }
        self.notice(filled(told.message), out);
    }
}

/// What was said must be text: anything else would be lost without a word.
fn is_sound(told: &Told<'_>) -> bool {
    let said = [
        (told.message, "user_message"),
        (told.message, "agent_message"),
        (told.text, "agent_reasoning"),
    ];
    said.into_iter()
        .all(|(text, kind)| !is(told.kind, kind) || text.is_none_or(Raw::is_text))
}

/// The value when it is another than the one told last.
pub(super) fn changed(told: &mut String, raw: Option<Raw<'_>>) -> Option<String> {
    let value = owned(raw).filter(|value| value != told)?;
    told.clone_from(&value);
    Some(value)
}
