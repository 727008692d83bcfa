//! One session's events to what it amounts to.

use super::days::LocalDays;
use super::files;
use super::usage::{merge, same_response};
use crate::model::daily::{DAY_NAMES, OTHER_NAME};
use crate::model::usage::response_key;
use crate::model::*;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// Hashes of records that belong to another session, of which this one holds copies.
pub type Copied = Arc<HashSet<u64>>;

/// Hash of a record id as kept for finding copies; block suffixes (`#n`) do not count.
pub fn uuid_hash(uuid: &str) -> u64 {
    xxh3_64(
        uuid.split_once('#')
            .map_or(uuid, |(record, _)| record)
            .as_bytes(),
    )
}

const PROMPT_CHARS: usize = 400;
const MAX_TOOLS: usize = 64;
const MAX_MODELS: usize = 8;
const MAX_NAMES: usize = 32;
const MAX_CALLS: usize = 32;

/// Folds events in file order. What it has folded before (`resume`) is not needed again.
pub struct SessionFold {
    pub summary: SessionSummary,
    /// Without usage, which is added when it is known whose each response is.
    pub days: BTreeMap<Day, DayStats>,
    pub claims: Vec<Claim>,
    /// The records seen, in order.
    pub records: Vec<RecordRef>,
    /// Files that tool calls named, in order of first sight.
    pub files: Vec<FileCount>,
    by_key: HashMap<String, Vec<usize>>,
    copied: Copied,
    clock: LocalDays,
    scripted: bool,
    last_seen: i64,
    copy_span: Option<(i64, i64)>,
    /// Told by the record at this offset, and not yet known whether that is a copy.
    pending: Option<(u64, Option<i64>, Moment)>,
}

/// What happens to a session besides what is said in it.
#[derive(Clone, Copy, PartialEq)]
enum Moment {
    Compaction,
    Interruption,
}

impl SessionFold {
    /// A session from its beginning.
    pub fn new(key: SessionKey, copied: Copied, clock: LocalDays) -> SessionFold {
        let summary = SessionSummary {
            agent: key.agent.clone(),
            key,
            ..Default::default()
        };
        SessionFold::resume(summary, BTreeMap::new(), copied, clock)
    }

    /// A session from where its summary and day rows (usage left out) stand.
    pub fn resume(
        mut summary: SessionSummary,
        days: BTreeMap<Day, DayStats>,
        copied: Copied,
        clock: LocalDays,
    ) -> SessionFold {
        // the times of nothing but copies give way to the first record of its own
        let only_copies = summary.copies > 0 && summary.copies == summary.all_messages;
        let copy_span = only_copies
            .then(|| summary.first_at.take().zip(summary.last_at.take()))
            .flatten();
        SessionFold {
            scripted: summary.helper == Some(HelperReason::Scripted),
            last_seen: summary.last_at.unwrap_or(0),
            summary,
            days,
            claims: Vec::new(),
            records: Vec::new(),
            files: Vec::new(),
            by_key: HashMap::new(),
            copied,
            clock,
            copy_span,
            pending: None,
        }
    }

    /// Whether a message is another session's (the same answer indexing goes by).
    ///
    /// A record that has an id is a copy only while the session it was copied from is known to us:
    /// when that one is lost, the copy is all there is.
    pub fn is_copy(&self, message: &Message) -> bool {
        if message.uuid.is_empty() {
            message.copy
        } else {
            !self.copied.is_empty() && self.copied.contains(&uuid_hash(&message.uuid))
        }
    }

    pub fn push(&mut self, event: &Event) {
        if let Some((offset, at, moment)) = self.pending
            && (offset != event.offset || matches!(event.kind, EventKind::Message(_)))
        {
            self.pending = None;
            let copied = match &event.kind {
                EventKind::Message(message) if offset == event.offset => self.is_copy(message),
                _ => false,
            };
            if !copied {
                self.moment(moment, at);
            }
        }
        match &event.kind {
            EventKind::Message(message) => self.message(message, event.at),
            EventKind::Usage(usage) => self.usage(usage, event.at),
            EventKind::Fact(Fact::Compaction) => {
                self.pending = Some((event.offset, event.at, Moment::Compaction));
            }
            EventKind::Fact(Fact::Interruption) => {
                self.pending = Some((event.offset, event.at, Moment::Interruption));
            }
            EventKind::Fact(fact) => self.fact(fact),
        }
    }

    fn moment(&mut self, moment: Moment, at: Option<i64>) {
        self.seen(at, false);
        let day = self.clock.at(at.unwrap_or(self.last_seen)).0;
        let row = self.days.entry(day).or_default();
        let (all, here) = match moment {
            Moment::Compaction => (&mut self.summary.compactions, &mut row.compactions),
            Moment::Interruption => (&mut self.summary.interruptions, &mut row.interruptions),
        };
        *all += 1;
        *here = here.saturating_add(1);
    }

    /// Settles what can be said only at the end.
    pub fn finish(&mut self, rules: &super::HelperRules) {
        if let Some((_, at, moment)) = self.pending.take() {
            self.moment(moment, at);
        }
        let s = &mut self.summary;
        if s.first_at.is_none()
            && let Some((first, last)) = self.copy_span
        {
            s.first_at = Some(first);
            s.last_at = Some(last);
        }
        s.tools
            .sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.name.cmp(&b.name)));
        s.helper = if s.is_sub_agent() {
            None
        } else {
            rules.reason(s, self.scripted)
        };
    }

    fn seen(&mut self, at: Option<i64>, copy: bool) {
        let Some(at) = at else { return };
        if copy {
            let span = self.copy_span.get_or_insert((at, at));
            *span = (span.0.min(at), span.1.max(at));
            return;
        }
        self.last_seen = at;
        let s = &mut self.summary;
        s.first_at = Some(s.first_at.map_or(at, |first| first.min(at)));
        s.last_at = Some(s.last_at.map_or(at, |last| last.max(at)));
    }

    fn record(&mut self, uuid: &str, at: Option<i64>, marked: bool) {
        let hash = uuid_hash(uuid);
        if !uuid.is_empty() && self.records.last().is_none_or(|last| last.hash != hash) {
            self.records.push(RecordRef {
                hash,
                at: at.unwrap_or(0),
                marked,
            });
        }
    }

    fn message(&mut self, message: &Message, at: Option<i64>) {
        self.record(&message.uuid, at, message.copy);
        let copy = self.is_copy(message);
        self.seen(at, copy);
        self.summary.all_messages = self.summary.all_messages.max(message.seq + 1);
        let by_person =
            message.role == Role::User && message.prompt.is_prompt() && !message.sidechain;
        if by_person {
            self.prompt_text(message);
        }
        let asked = message.role == Role::User && message.prompt.is_prompt();
        if by_person || (asked && self.summary.is_sub_agent()) {
            self.summary.memory.turn = Some(message.seq);
        }
        if copy {
            self.summary.copies += 1;
            return;
        }
        self.summary.images += message.images;
        if let Some(model) = &message.model {
            note(&mut self.summary.models, model, MAX_MODELS);
        }
        let sub_agent = self.summary.is_sub_agent();
        let s = &mut self.summary;
        let mut day = DayStats::default();
        match message.role {
            Role::User if by_person && !sub_agent => {
                s.messages += 1;
                s.prompts += 1;
                (day.messages, day.prompts) = (1, 1);
            }
            Role::User if message.prompt.is_prompt() => {
                s.messages += 1;
                day.messages = 1;
            }
            Role::Assistant => {
                s.messages += 1;
                s.assistant_messages += 1;
                day.messages = 1;
            }
            Role::Thinking => s.thinking += 1,
            Role::Tool => {
                s.tool_calls += 1;
                day.tool_calls = 1;
                if let Some(tool) = &message.tool {
                    files::note(&mut self.files, &s.project, tool);
                }
                if let Some(tool) = &message.tool
                    && s.memory.tools.len() < MAX_CALLS
                {
                    s.memory.tools.push(tool.name.clone());
                }
            }
            Role::Output => {
                let failed = message.tool.as_ref().is_some_and(|tool| tool.failed);
                s.tool_errors += u32::from(failed);
                day.tool_errors = u32::from(failed);
            }
            _ => {}
        }
        if let Some(tool) = &message.tool {
            count_tool(s, message.role, tool);
        }
        if let Some(at) = at {
            self.count_day(at, &day, message);
        }
    }

    fn count_day(&mut self, at: i64, add: &DayStats, message: &Message) {
        let (day, hour, _) = self.clock.at(at);
        let row = self.days.entry(day).or_default();
        if add.prompts > 0 {
            row.first_prompt_at = if row.prompts == 0 {
                at
            } else {
                row.first_prompt_at.min(at)
            };
            row.last_prompt_at = if row.prompts == 0 {
                at
            } else {
                row.last_prompt_at.max(at)
            };
        }
        row.prompts += add.prompts;
        row.messages += add.messages;
        row.tool_calls += add.tool_calls;
        row.tool_errors += add.tool_errors;
        if let Some(tool) = &message.tool {
            let (calls, errors) = (add.tool_calls, add.tool_errors);
            tally(&mut row.tools, &tool.name, calls, errors);
            if let Some(server) = &tool.mcp {
                tally(&mut row.mcp_servers, server, calls, errors);
            }
            if let Some(skill) = &tool.skill {
                tally(&mut row.skills, skill, calls, errors);
            }
        }
        let hour = &mut row.by_hour[usize::from(hour)];
        *hour = hour.saturating_add(1);
    }

    fn prompt_text(&mut self, message: &Message) {
        let text = message.text.trim();
        if text.is_empty() {
            return;
        }
        let s = &mut self.summary;
        // a bare `/clear` in front names nothing: the first prompt in words takes its place
        if s.first_prompt.is_empty()
            || (is_command(&s.first_prompt) && message.prompt != PromptKind::Slash)
        {
            s.first_prompt = text.chars().take(PROMPT_CHARS).collect();
        }
        s.last_prompt = text.chars().take(200).collect();
    }

    fn usage(&mut self, usage: &UsageEvent, at: Option<i64>) {
        if usage.copy && usage.record.is_empty() {
            return; // a replay, known as one by its place in the file
        }
        // a record may hold nothing but usage (a thought without words)
        self.record(&usage.record, at, usage.copy);
        let elsewhere = if usage.record.is_empty() {
            false
        } else {
            !self.copied.is_empty() && self.copied.contains(&uuid_hash(&usage.record))
        };
        self.seen(at, elsewhere);
        self.summary.responses += u32::from(!elsewhere && !usage.copy && !usage.sum);
        if !elsewhere {
            note(&mut self.summary.models, &usage.model, MAX_MODELS);
        }
        let at = at.unwrap_or(self.last_seen);
        let memory = &mut self.summary.memory;
        let tools = match elsewhere || usage.sum {
            true => Vec::new(),
            false => std::mem::take(&mut memory.tools),
        };
        let mut claim = Claim {
            key: response_key(&self.summary.key.agent, &usage.key),
            variant: 0,
            request: usage
                .request
                .as_ref()
                .map(|request| xxh3_64(request.as_bytes())),
            first_at: at,
            last_at: at,
            model: usage.model.clone(),
            tier: usage.tier,
            tokens: usage.tokens.believable(),
            recorded_cost: usage.recorded_cost,
            us_region: usage.us_region,
            copy: usage.copy || elsewhere,
            sidechain: usage.sidechain,
            estimated: usage.estimated,
            branch: memory.branch.clone(),
            turn: memory.turn,
            tools,
        };
        let known = self.by_key.entry(usage.key.clone()).or_default();
        // the latest first: a gateway that reuses one id streams its responses one after the other
        match known
            .iter()
            .rev()
            .find(|at| same_response(&self.claims[**at], &claim))
        {
            Some(at) => merge(&mut self.claims[*at], &claim),
            None => {
                claim.variant = known.len() as u16;
                known.push(self.claims.len());
                self.claims.push(claim);
            }
        }
    }

    fn fact(&mut self, fact: &Fact) {
        let s = &mut self.summary;
        match fact {
            Fact::Title { rank, text } => {
                let text = text.trim();
                if *rank >= s.title_rank && !text.is_empty() {
                    s.title = Some(text.chars().take(300).collect());
                    s.title_rank = *rank;
                }
            }
            Fact::Cwd(path) if s.project.is_empty() => s.project = path.clone(),
            Fact::Cwd(_) => {}
            Fact::Worktree { original } => {
                s.worktree_of.get_or_insert_with(|| original.clone());
            }
            Fact::Branch(branch) => {
                s.memory.branch.clone_from(branch);
                note(&mut s.branches, branch, MAX_NAMES);
            }
            Fact::Remote(url) => s.remote = Some(url.clone()),
            Fact::Version(version) => s.version = version.clone(),
            Fact::Model(model) => note(&mut s.models, model, MAX_MODELS),
            Fact::Origin(origin) => s.origin = origin.clone(),
            Fact::Variant(agent) => s.agent = agent.clone(),
            Fact::Parent { native, relation } => {
                s.parent = Some(native.clone());
                s.relation = *relation;
            }
            Fact::AgentLabel(label) => s.agent_label = Some(label.clone()),
            Fact::Scripted => self.scripted = true,
            // counted once it is known that they are no copies
            Fact::Compaction | Fact::Interruption => {}
            Fact::ContextWindow(tokens) => s.context_window = Some(*tokens),
            Fact::Span { first, last } => {
                self.seen(Some(*first), false);
                self.seen(Some(*last), false);
            }
            Fact::Archived => s.archived = true,
        }
    }
}

/// `/name args` as a person types it, and no path.
fn is_command(prompt: &str) -> bool {
    prompt.strip_prefix('/').is_some_and(|rest| {
        !rest
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .contains(['/', '.'])
    })
}

fn note(list: &mut Vec<String>, value: &str, limit: usize) {
    if !value.is_empty() && list.len() < limit && !list.iter().any(|known| known == value) {
        list.push(value.to_owned());
    }
}

/// Adds to a list that is kept by name.
fn tally(list: &mut Vec<ToolCount>, name: &str, calls: u32, errors: u32) {
    if name.is_empty() || calls + errors == 0 {
        return;
    }
    let at = match list.binary_search_by(|known| known.name.as_str().cmp(name)) {
        Ok(at) => at,
        Err(_) if list.len() >= DAY_NAMES && name != OTHER_NAME => {
            return tally(list, OTHER_NAME, calls, errors);
        }
        Err(at) => {
            list.insert(
                at,
                ToolCount {
                    name: name.to_owned(),
                    ..ToolCount::default()
                },
            );
            at
        }
    };
    list[at].calls += calls;
    list[at].errors += errors;
}

fn count_tool(s: &mut SessionSummary, role: Role, tool: &ToolCall) {
    let (calls, errors) = match role {
        Role::Tool => (1, 0),
        Role::Output if tool.failed => (0, 1),
        _ => (0, 0),
    };
    if let Some(server) = &tool.mcp {
        note(&mut s.mcp_servers, server, MAX_NAMES);
    }
    if let Some(skill) = &tool.skill {
        note(&mut s.skills, skill, MAX_NAMES);
    }
    if tool.name.is_empty() || calls + errors == 0 {
        return;
    }
    let place = s.tools.iter().position(|known| known.name == tool.name);
    match place {
        Some(at) => {
            s.tools[at].calls += calls;
            s.tools[at].errors += errors;
        }
        None if s.tools.len() < MAX_TOOLS => {
            s.tools.push(ToolCount {
                name: tool.name.clone(),
                calls,
                errors,
            });
        }
        None => {}
    }
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;
