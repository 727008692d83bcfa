//! What an agent is, as data. Everything above the rooms reads these tables and never a name.

/// One row of the agents table; `&'static` and complete at compile time.
#[derive(Debug)]
pub struct AgentInfo {
    /// Stable id, lower case: facet value, URL parameter, CLI value.
    pub id: &'static str,
    /// The name a person knows, e.g. `Claude Code`.
    pub name: &'static str,
    /// `#rrggbb`, for badges and chart series.
    pub color: &'static str,
    /// Where the histories lie, by platform; empty for a display-only variant of another agent.
    pub roots: &'static [RootSpec],
    /// Command that resumes a session; `{id}` is replaced. `None` where the agent has none.
    pub resume: Option<&'static str>,
    /// Folder, below a checkout and `/`-separated, in which the agent makes its worktrees.
    pub worktrees: Option<&'static str>,
    pub capabilities: Capabilities,
}

/// A place to look in, relative to a home.
#[derive(Debug)]
pub struct RootSpec {
    /// Environment variable that replaces the place (a comma list is several roots), if any.
    pub env: Option<&'static str>,
    /// Joined to the value of `env` when that is set (`""` = the value itself is the root).
    pub env_suffix: &'static str,
    /// Path below the home, `/`-separated.
    pub path: &'static str,
}

impl RootSpec {
    /// A place that no variable moves.
    pub const fn fixed(path: &'static str) -> RootSpec {
        RootSpec {
            env: None,
            env_suffix: "",
            path,
        }
    }

    /// A place that is `env/suffix` when the variable is set.
    pub const fn moved(env: &'static str, suffix: &'static str, path: &'static str) -> RootSpec {
        RootSpec {
            env: Some(env),
            env_suffix: suffix,
            path,
        }
    }
}

/// What the agent's files record; what is false here is said on the page, never guessed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Capabilities {
    pub usage: bool,
    pub tool_calls: bool,
    pub sub_agents: bool,
    pub timestamps: bool,
    pub thinking: bool,
}

impl Capabilities {
    /// Each with the words for it.
    pub fn named(&self) -> [(&'static str, bool); 5] {
        [
            ("tokens", self.usage),
            ("tool calls", self.tool_calls),
            ("sub-agents", self.sub_agents),
            ("times", self.timestamps),
            ("thinking", self.thinking),
        ]
    }

    /// What is recorded, or what is not.
    pub fn words(&self, recorded: bool) -> impl Iterator<Item = &'static str> {
        let named = self.named().into_iter();
        named
            .filter(move |(_, yes)| *yes == recorded)
            .map(|(word, _)| word)
    }
}
