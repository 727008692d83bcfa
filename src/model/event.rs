//! What happened in a session, in file order: the one language between the rooms and the rest.

use super::id::AgentId;
use super::session::Relation;
use super::usage::UsageEvent;
use serde::{Deserialize, Serialize};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Milliseconds since the epoch; `None` where the record has no time.
    pub at: Option<i64>,
    /// Byte offset of the record in its source (row number in a database).
    pub offset: u64,
    pub kind: EventKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    Message(Box<Message>),
    Usage(Box<UsageEvent>),
    Fact(Fact),
}

/// One displayed and indexed unit: a prompt, an answer, a thought, a tool call or its output.
///
/// A record with several content blocks is several messages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// Ordinal within the session, from 0, counting every message whatever the sink wants.
    pub seq: u32,
    /// The record's own id (uuid) with `#n` behind it for block n > 0; `""` where there is none.
    pub uuid: String,
    pub role: Role,
    /// For `Role::User` only.
    pub prompt: PromptKind,
    /// The body as it is shown and indexed. Base64 and `data:` bodies are stubs already.
    /// Empty when the sink did not want it (see `Wants`).
    pub text: String,
    pub format: BodyFormat,
    /// Bytes of the body before any cut.
    pub bytes: u64,
    /// The body was longer than the limit and `text` is its beginning.
    pub cut: bool,
    pub tool: Option<Box<ToolCall>>,
    /// Model that wrote it, when the record says so.
    pub model: Option<String>,
    /// A copy of a record that lives in another session (fork, resume, replayed prefix):
    /// shown, but neither counted nor indexed.
    pub copy: bool,
    /// Happened on a side chain of the conversation.
    pub sidechain: bool,
    /// Images that the body holds as stubs.
    pub images: u32,
}

#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, PartialOrd, Ord,
)]
pub enum Role {
    #[default]
    User,
    Assistant,
    Thinking,
    /// A tool call: `text` is its input, presented.
    Tool,
    /// What a tool printed.
    Output,
    /// Notices, injected context, summaries: shown quietly, no prompt.
    System,
}

impl Role {
    pub const ALL: [Role; 6] = [
        Role::User,
        Role::Assistant,
        Role::Thinking,
        Role::Tool,
        Role::Output,
        Role::System,
    ];
    /// The word used in facets, the query grammar and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Thinking => "thinking",
            Role::Tool => "tool",
            Role::Output => "output",
            Role::System => "system",
        }
    }
    pub fn parse(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|r| r.as_str() == word)
    }
    /// Text that belongs to the prose pass.
    pub fn is_prose(self) -> bool {
        matches!(self, Role::User | Role::Assistant)
    }
}

/// What a user-role message really is. Only the first four are prompts of a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PromptKind {
    #[default]
    Typed,
    /// `/command args`: `text` is that, cleaned of its envelope.
    Slash,
    /// `!command`: a shell line that the person typed.
    Shell,
    /// Typed while the agent was busy.
    Queued,
    /// Written by the runtime or another program; never counted as a prompt.
    Injected,
}

impl PromptKind {
    pub fn is_prompt(self) -> bool {
        self != PromptKind::Injected
    }
}

/// How `Message::text` is to be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BodyFormat {
    #[default]
    Markdown,
    /// Preformatted, no markup.
    Plain,
    /// One or more `--- path` / `+++ path` unified diffs.
    Diff,
    Shell,
    Json,
}

/// What a tool call or its output says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The agent's own name for the tool (`Bash`, `mcp__gh__search`).
    pub name: String,
    pub kind: ToolKind,
    /// Pairs a call with its output; `""` where the agent has none.
    pub call_id: String,
    /// One line for the fold's head: the command, the path, the pattern. At most 200 characters.
    pub title: String,
    pub failed: bool,
    /// Files it names, as written (at most 16).
    pub files: Vec<String>,
    /// MCP server, when the tool is one's.
    pub mcp: Option<String>,
    /// Skill, when the call starts one.
    pub skill: Option<String>,
    /// Native id of the sub-agent session that this call started.
    pub child: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToolKind {
    Shell,
    Edit,
    Write,
    Read,
    Search,
    Web,
    /// Starts a sub-agent.
    Task,
    Plan,
    #[default]
    Other,
}

/// Something learnt about the session as a whole.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    Title {
        rank: TitleRank,
        text: String,
    },
    /// Working directory; the first is the project.
    Cwd(String),
    /// The worktree's original checkout.
    Worktree {
        original: String,
    },
    Branch(String),
    /// Remote URL of the repository.
    Remote(String),
    Version(String),
    Model(String),
    /// `cli`, `vscode`, `codex_exec`, ...
    Origin(String),
    /// The display variant of the agent (an id in the agents table).
    Variant(AgentId),
    Parent {
        native: String,
        relation: Relation,
    },
    /// Label of a sub-agent (its type or name).
    AgentLabel(String),
    /// Written by a program that drives the agent, as the agent itself says.
    Scripted,
    /// The context was compacted here.
    Compaction,
    /// The person stopped the agent here.
    Interruption,
    /// Context window of the model in tokens, as the agent says.
    ContextWindow(u64),
    /// First and last time as an index or header tells them, for sources without times per record.
    Span {
        first: i64,
        last: i64,
    },
    Archived,
}

/// Which title wins; greater wins, a later one of equal rank replaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TitleRank {
    #[default]
    None,
    /// Recap or `summary` line.
    Summary,
    /// Written by the agent's own model.
    Generated,
    /// The agent's title index.
    Index,
    /// Given by the person.
    Custom,
}
