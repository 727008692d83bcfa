//! One rollout, record by record: what is remembered between records, and the records that are not
//! items (headers, turns, usage, events).

use super::discover::is_archived;
use super::lists::is_id;
use super::record::{
    Counts, DoneItem, Envelope, Event as Told, Git, Meta, Turn, UsageRecord, filled, is, owned,
    word,
};
use super::replay::Replay;
use super::twice::{Form, Twins, Voice};
use super::usage::{self, Meter, Reading, Vector};
use super::{parent, variant};
use crate::agents::read::json::Raw;
use crate::agents::read::jsonl::Line;
use crate::agents::read::text;
use crate::agents::{EventSink, Flow};
use crate::model::{
    AgentId, Checkpoint, Event, EventKind, Fact, Message, Relation, Role, SessionStart, Source,
    SourceMode, TitleRank, Wants,
};
use serde::de::Error as _;
use serde::{Deserialize, Serialize};

/// Everything that a later read needs to go on as if it had read from the beginning.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    /// The thread's id: the file name's, or its header's where the name has none.
    native: String,
    /// A header has been seen, and one that bears `native`.
    header: bool,
    named: bool,
    told: Facts,
    pub(super) replay: Replay,
    pub(super) twins: Twins,
    pub(super) meter: Meter,
    pub(super) calls: Vec<Call>,
    pub(super) turn: TurnState,
}

/// Facts told last: only changes are told again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Facts {
    cwd: String,
    branch: String,
    remote: String,
    version: String,
    model: String,
    window: u64,
}

/// A tool call that waits for its output.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) name: String,
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
    source: &'s Source,
    pub(super) wants: Wants,
    pub(super) state: State,
    mode: SourceMode,
    opened: bool,
    seq: u32,
    /// The parent's running sums, once they are asked for.
    sums: Option<Vec<Vector>>,
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
    fn push(&mut self, kind: EventKind) {
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
            "event_msg" => self.told(body.object().unwrap_or_default(), &mut out),
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

    fn header(&mut self, meta: Meta<'_>, old: bool, out: &mut Out<'_>) {
        let id = owned(meta.id).unwrap_or_default();
        let ours = id == self.state.native;
        if !ours && self.state.header {
            self.foreign(&id, out);
            return;
        }
        let first = !self.state.header || (ours && !self.state.named);
        self.state.header = true;
        self.state.named |= ours;
        if first {
            self.begin(&meta, old, out);
        }
        self.setting(meta.cwd, meta.model, out);
        let git: Git = meta.git.and_then(Raw::object).unwrap_or_default();
        let told = &mut self.state.told;
        if let Some(branch) = changed(&mut told.branch, git.branch) {
            out.fact(Fact::Branch(branch));
        }
        if let Some(remote) = changed(&mut told.remote, git.repository_url) {
            out.fact(Fact::Remote(remote));
        }
        if let Some(version) = changed(&mut told.version, meta.cli_version) {
            out.fact(Fact::Version(version));
        }
    }

    /// What only the first header says.
    fn begin(&mut self, meta: &Meta<'_>, old: bool, out: &mut Out<'_>) {
        if is_archived(self.source) {
            out.fact(Fact::Archived);
        }
        let made = meta.timestamp.and_then(Raw::time);
        if let (true, Some(first)) = (old, made) {
            // the items of those times carry no time of their own
            out.fact(Fact::Span { first, last: first });
        }
        if let Some(originator) = owned(meta.originator) {
            if let Some(info) = variant(&originator) {
                out.fact(Fact::Variant(AgentId::new(info.id)));
            }
            if originator == "codex_exec" {
                out.fact(Fact::Scripted);
            }
            out.fact(Fact::Origin(originator));
        }
        let spawn = Spawn::of(meta);
        let forked = owned(meta.forked_from_id).filter(|id| is_id(id));
        let start = meta.start_ordinal.and_then(Raw::int).or_else(|| {
            let base = meta.history_base?;
            base.get("end_ordinal_exclusive")?.int()
        });
        let whole = forked.is_some() && meta.history_base.is_none() && !spawn.is_agent;
        let parent = spawn.parent.clone().or_else(|| forked.clone());
        let native = self.state.native.clone();
        self.state
            .replay
            .begin(&native, made, parent.clone(), start, whole);
        spawn
            .label
            .into_iter()
            .for_each(|label| out.fact(Fact::AgentLabel(label)));
        match (parent, spawn.is_agent) {
            (Some(native), true) => out.fact(Fact::Parent {
                native,
                relation: spawn.relation,
            }),
            (Some(native), false) => out.fact(Fact::Parent {
                native,
                relation: Relation::Fork,
            }),
            // a run of Codex's own that does not say whose it is
            (None, true) => out.fact(Fact::Scripted),
            (None, false) => {}
        }
    }

    /// A header of another thread: its records follow.
    fn foreign(&mut self, id: &str, out: &mut Out<'_>) {
        let undeclared = self.state.replay.parent.is_none() && is_id(id);
        self.state.replay.foreign(id);
        if undeclared {
            out.fact(Fact::Parent {
                native: id.to_owned(),
                relation: Relation::Fork,
            });
        }
    }

    fn turn(&mut self, turn: Turn<'_>, out: &mut Out<'_>) {
        self.state.twins.turn();
        if let Some(id) = filled(turn.turn_id) {
            self.state.replay.turn(&id);
        }
        self.setting(turn.cwd, turn.model, out);
    }

    /// Model and folder as of now. A copied turn's are the parent's: remembered, not told.
    fn setting(&mut self, cwd: Option<Raw<'_>>, model: Option<Raw<'_>>, out: &mut Out<'_>) {
        if let Some(model) = owned(model) {
            self.state.meter.model = model;
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

    fn window(&mut self, raw: Option<Raw<'_>>, out: &mut Out<'_>) {
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
            "user_message" => self.said(&told, out),
            "agent_message" => self.answer(filled(told.message), Form::Event, out),
            "agent_reasoning" | "agent_reasoning_raw_content" => {
                self.thought(filled(told.text), Form::Event, out);
            }
            "token_count" => self.count(told.info.and_then(Raw::object).unwrap_or_default(), out),
            "task_started" | "turn_started" => {
                if let Some(id) = filled(told.turn_id) {
                    self.state.replay.turn(&id);
                }
                self.state.twins.turn();
                self.state.turn.aborted = false;
                self.window(told.model_context_window, out);
            }
            "task_complete" | "turn_complete" => self.state.twins.turn(),
            "turn_aborted" => {
                self.state.twins.turn();
                self.interrupted(out);
            }
            "exec_command_end" | "patch_apply_end" | "mcp_tool_call_end" => self.ended(&told),
            "collab_agent_spawn_end" => {
                let child = owned(told.new_thread_id).filter(|id| is_id(id));
                self.note(told.call_id, |call| call.child = child.clone());
            }
            "thread_settings_applied" => {
                let settings: Option<Turn> = told.thread_settings.and_then(Raw::object);
                let tier = settings.map_or(told.service_tier, |settings| settings.service_tier);
                self.state.meter.tier = usage::tier(tier);
                let model = settings.map_or(told.model, |settings| settings.model);
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
        self.notice(filled(told.message), out);
    }

    fn count(&mut self, counts: Counts<'_>, out: &mut Out<'_>) {
        self.window(counts.window, out);
        let replay = &self.state.replay;
        let inherited = replay.parent.is_some() && !replay.copying();
        if let Some(reading) = self.state.meter.count(&counts, inherited) {
            self.compare(&reading, out.at);
            let state = &self.state;
            let copy = state.replay.copying();
            let thread = match &state.replay.parent {
                Some(parent) if copy => parent,
                _ => &state.native,
            };
            let event = state.meter.event(&reading, thread, out.at, copy);
            out.push(EventKind::Usage(Box::new(event)));
        }
    }

    /// Without sure signs the parent's own sums say whether a count is copied.
    fn compare(&mut self, reading: &Reading, at: Option<i64>) {
        let replay = &mut self.state.replay;
        let (Some(met), Some(sum), true) = (replay.met, reading.sum, replay.compares()) else {
            return;
        };
        let source = &self.source.path;
        let parent = replay.parent.as_deref().unwrap_or_default();
        let sums = self
            .sums
            .get_or_insert_with(|| parent::sums(source, parent));
        if sums.get(met as usize) == Some(&sum) {
            replay.met_again(at);
            return;
        }
        replay.part();
        // without the parent's sums there is only this: a counter that starts here has nothing behind it
        if !sums.is_empty() || (reading.fresh && !replay.header) {
            replay.own();
        }
    }

    fn usage(&mut self, record: UsageRecord<'_>, out: &mut Out<'_>) {
        let copy = match filled(record.thread_id) {
            Some(thread) => thread != self.state.native,
            None => self.state.replay.copying(),
        };
        if let Some(event) = self.state.meter.record(&record, copy) {
            out.push(EventKind::Usage(Box::new(event)));
        }
    }
}

/// The value when it is another than the one told last.
fn changed(told: &mut String, raw: Option<Raw<'_>>) -> Option<String> {
    let value = owned(raw).filter(|value| value != told)?;
    told.clone_from(&value);
    Some(value)
}

/// What a header says of a sub-agent: `source` is `{"subagent": "review"}` or
/// `{"subagent": {"thread_spawn": {...}}}`; newer builds have members of the header besides.
struct Spawn {
    is_agent: bool,
    parent: Option<String>,
    label: Option<String>,
    relation: Relation,
}

impl Spawn {
    fn of(meta: &Meta<'_>) -> Spawn {
        let agent = meta.source.and_then(|source| source.get("subagent"));
        let thread = agent.and_then(|agent| agent.get("thread_spawn"));
        let spawned: Meta = thread.and_then(Raw::object).unwrap_or_default();
        let parent = owned(spawned.parent_thread_id.or(meta.parent_thread_id));
        let kind = agent.and_then(|agent| match agent.text() {
            Some(word) => Some(word.into_owned()),
            None => agent.members().first().map(|(key, _)| key.to_string()),
        });
        let named = [spawned, *meta]
            .into_iter()
            .find_map(|meta| owned(meta.agent_role.or(meta.agent_nickname).or(meta.agent_path)));
        let relation = match kind.as_deref() {
            Some("compact" | "memory_consolidation") => Relation::Housekeeping,
            _ => Relation::SubAgent,
        };
        Spawn {
            is_agent: agent.is_some() || parent.is_some(),
            parent: parent.filter(|id| is_id(id)),
            label: named.or(kind.filter(|kind| kind != "thread_spawn")),
            relation,
        }
    }
}

/// Which voice a twin is looked for in.
pub(super) const fn voice(role: Role) -> Voice {
    match role {
        Role::User => Voice::Person,
        Role::Thinking => Voice::Thought,
        _ => Voice::Answer,
    }
}
