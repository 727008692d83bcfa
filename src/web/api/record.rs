//! The session record: what every list, search hit and detail says of a session.

use crate::engine::Engine;
use crate::engine::view::{Card, CostView};
use crate::model::{HelperReason, Relation, TitleRank, Tokens};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// One session. Times are ms since the epoch (`null`: no record carries a time) and, beside them, local
/// text in the server's zone (`""` then). Texts that are not recorded are `""`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// The agent's own id: what `/api/session/{id}` takes.
    pub id: String,
    /// Agent (or its display variant): value of the `agent` filter.
    pub tool: String,
    pub agent_name: String,
    /// Equal for runs of one conversation; `null` for a session that never groups.
    pub group_key: Option<String>,
    /// Title, else recap, else first prompt.
    pub name: String,
    /// Working directory as recorded, and with `~` for the home.
    pub project: String,
    pub project_short: String,
    pub project_label: String,
    /// Root of the repository; `null` when the folder is in none (or that is not known yet).
    pub git_root: Option<String>,
    pub worktree_original_cwd: Option<String>,
    pub git_branches: Vec<String>,
    pub git_remote: Option<String>,
    /// Given by the person or by the agent; `""` when there is none.
    pub session_name: String,
    /// What it is called without the name that the person gave it here; `null` when they gave none.
    pub agent_title: Option<String>,
    /// At most 200 characters.
    pub first_message: String,
    pub last_message: String,
    /// The agent's own summary line, at most 300 characters.
    pub recap: String,
    pub first_ts: Option<i64>,
    pub last_ts: Option<i64>,
    /// `YYYY-MM-DD HH:MM`.
    pub first_time: String,
    pub last_time: String,
    /// Local day of `last_ts`, `YYYY-MM-DD`.
    pub date: String,
    /// Messages of the person and of the agent.
    pub messages: u32,
    /// Messages of all roles, tool traffic included: what `offset` of the session endpoint counts to.
    pub detail_messages: u32,
    /// Prompts of the person.
    pub user_messages: u32,
    pub assistant_messages: u32,
    /// Prompts and tool calls.
    pub total_interactions: u32,
    pub tool_calls: u32,
    pub tool_errors: u32,
    pub interruptions: u32,
    pub compactions: u32,
    pub thinking: u32,
    pub images: u32,
    /// Messages shown here but counted in the session they were copied from.
    pub copied_messages: u32,
    /// There is a transcript, not just a line in a prompt history.
    pub has_detail: bool,
    /// Bytes of the transcript.
    pub file_size: u64,
    pub mcp_servers: Vec<String>,
    pub skills: Vec<String>,
    /// Per tool, most used first.
    pub tools: Vec<ToolUse>,
    /// The first model used; all of them in `models`.
    pub model: String,
    pub models: Vec<String>,
    pub context_window: Option<u64>,
    pub version: String,
    /// How it was started, as the agent says (`cli`, `vscode`, ...).
    pub origin: String,
    pub is_helper: bool,
    /// `scripted`, or the pattern that the first prompt matches.
    pub helper_reason: Option<String>,
    pub is_sub_agent: bool,
    /// Native id of the session that this one belongs to.
    pub parent_id: Option<String>,
    /// `sub-agent`, `housekeeping`, `fork` or `continuation`; `null` for a session of its own.
    pub relation: Option<String>,
    pub agent_label: Option<String>,
    pub sub_agents: u32,
    pub starred: bool,
    pub tags: Vec<String>,
    pub tokens: TokenRecord,
    pub cost: CostRecord,
    /// The transcript grew in the last minute.
    pub live: bool,
    /// The agent has deleted the transcript; what is here is all there is.
    pub gone: bool,
    pub archived: bool,
    /// Records of the transcript that could not be read as they should.
    pub issues: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolUse {
    pub name: String,
    pub calls: u32,
    pub errors: u32,
}

/// Tokens, exclusive of each other; `output` includes `reasoning`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TokenRecord {
    pub input: u64,
    pub output: u64,
    pub reasoning: u64,
    pub cache_read: u64,
    pub cache_write: u64,
    pub total: u64,
}

impl From<&Tokens> for TokenRecord {
    fn from(tokens: &Tokens) -> TokenRecord {
        TokenRecord {
            input: tokens.input,
            output: tokens.output,
            reasoning: tokens.reasoning,
            cache_read: tokens.cache_read,
            cache_write: tokens.cache_write(),
            total: tokens.total(),
        }
    }
}

/// Money in US dollars, with what is not known about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CostRecord {
    pub usd: f64,
    pub responses: u32,
    /// Responses of models without a known price: not in `usd`.
    pub unpriced_responses: u32,
    /// Responses whose tokens are estimates.
    pub estimated_responses: u32,
    /// What the agent itself recorded; `null`: nothing.
    pub recorded_usd: Option<f64>,
    /// The agent records no tokens for this: `usd` says nothing.
    pub unavailable: bool,
}

impl From<&CostView> for CostRecord {
    fn from(cost: &CostView) -> CostRecord {
        CostRecord {
            usd: dollars(cost.micros),
            responses: cost.responses,
            unpriced_responses: cost.unpriced,
            estimated_responses: cost.estimated,
            recorded_usd: (cost.recorded > 0).then(|| dollars(cost.recorded_micros)),
            unavailable: cost.unrecorded,
        }
    }
}

/// Micro-dollars as dollars.
pub fn dollars(micros: i64) -> f64 {
    micros as f64 / 1e6
}

impl SessionRecord {
    pub fn new(card: &Card, zone: &TimeZone) -> SessionRecord {
        let session = &*card.session;
        let title = session.title.clone().unwrap_or_default();
        let (session_name, recap) = match session.title_rank {
            TitleRank::Summary => (String::new(), head(&title, 300)),
            _ => (title, String::new()),
        };
        SessionRecord {
            id: session.key.native.clone(),
            tool: card.agent.id.to_owned(),
            agent_name: card.agent.name.to_owned(),
            group_key: Engine::conversation_key(session).map(|key| format!("{key:016x}")),
            name: head(session.name(), 300),
            project: session.project.clone(),
            project_short: card.project.short.clone(),
            project_label: card.project.label.clone(),
            git_root: card.project.repo.clone(),
            worktree_original_cwd: session.worktree_of.clone(),
            git_branches: session.branches.clone(),
            git_remote: session.remote.clone(),
            session_name,
            agent_title: card.called.as_deref().map(|called| head(called, 300)),
            first_message: head(&session.first_prompt, 200),
            last_message: head(&session.last_prompt, 200),
            recap,
            first_ts: session.first_at,
            last_ts: session.last_at,
            first_time: local(session.first_at, zone, "%Y-%m-%d %H:%M"),
            last_time: local(session.last_at, zone, "%Y-%m-%d %H:%M"),
            date: local(session.last_at, zone, "%Y-%m-%d"),
            messages: session.messages,
            detail_messages: session.all_messages,
            user_messages: session.prompts,
            assistant_messages: session.assistant_messages,
            total_interactions: session.prompts + session.tool_calls,
            tool_calls: session.tool_calls,
            tool_errors: session.tool_errors,
            interruptions: session.interruptions,
            compactions: session.compactions,
            thinking: session.thinking,
            images: session.images,
            copied_messages: session.copies,
            has_detail: !session.stand_in,
            file_size: session.file_size,
            mcp_servers: session.mcp_servers.clone(),
            skills: session.skills.clone(),
            tools: tools(session),
            model: session.models.first().cloned().unwrap_or_default(),
            models: session.models.clone(),
            context_window: session.context_window,
            version: session.version.clone(),
            origin: session.origin.clone(),
            is_helper: session.helper.is_some(),
            helper_reason: session.helper.as_ref().map(|reason| match reason {
                HelperReason::Scripted => "scripted".to_owned(),
                HelperReason::Pattern(pattern) => pattern.clone(),
            }),
            is_sub_agent: session.is_sub_agent(),
            parent_id: session.parent.clone(),
            relation: relation(session.relation).map(str::to_owned),
            agent_label: session.agent_label.clone(),
            sub_agents: card.sub_agents,
            starred: card.starred,
            tags: card.tags.iter().map(|tag| tag.name.clone()).collect(),
            tokens: (&card.tokens).into(),
            cost: (&card.cost).into(),
            live: card.live,
            gone: session.gone,
            archived: session.archived,
            issues: session.issues,
        }
    }
}

fn tools(session: &crate::model::SessionSummary) -> Vec<ToolUse> {
    session
        .tools
        .iter()
        .map(|tool| ToolUse {
            name: tool.name.clone(),
            calls: tool.calls,
            errors: tool.errors,
        })
        .collect()
}

fn relation(relation: Relation) -> Option<&'static str> {
    match relation {
        Relation::None => None,
        Relation::SubAgent => Some("sub-agent"),
        Relation::Housekeeping => Some("housekeeping"),
        Relation::Fork => Some("fork"),
        Relation::Continuation => Some("continuation"),
    }
}

/// At most so many characters of a text.
pub(super) fn head(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => text[..end].to_owned(),
        None => text.to_owned(),
    }
}

/// A moment as local text; `""` for none.
pub(super) fn local(at: Option<i64>, zone: &TimeZone, format: &str) -> String {
    at.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .map(|stamp| stamp.to_zoned(zone.clone()).strftime(format).to_string())
        .unwrap_or_default()
}

/// A moment as RFC 3339 in UTC.
pub(super) fn rfc3339(at: Option<i64>) -> Option<String> {
    at.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .map(|stamp| format!("{stamp:.3}"))
}
