//! Headers: whose file this is, where it was at work, and who began it.

use super::discover::is_archived;
use super::reader::{Out, Reader, changed};
use super::record::{Git, Meta, is, owned};
use super::variant;
use crate::agents::read::json::Raw;
use crate::agents::read::value::is_id;
use crate::model::{AgentId, Fact, Relation};

impl Reader<'_> {
    pub(super) fn header(&mut self, meta: Meta<'_>, old: bool, out: &mut Out<'_>) {
        let id = owned(meta.id).unwrap_or_default();
        let ours = id == self.state.native;
        if !ours && self.state.header {
            self.foreign(&id, out);
            return;
        }
        let first = !self.state.header || (ours && !self.state.named);
        self.state.header = true;
        self.state.named |= ours;
        self.state.misnamed = (!ours && is_id(&id)).then_some(id);
        self.setting(meta.cwd, meta.model, out);
        if first {
            self.begin(&meta, old, out);
        }
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
            // programs that embed Codex run `codex exec` under an originator of their own
            if originator == "codex_exec" || is(meta.source, "exec") {
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
        let named = [spawned, meta.clone()]
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
