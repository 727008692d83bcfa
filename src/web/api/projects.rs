//! `/api/projects`: where the work was done.

use super::params::Params;
use super::record::CostRecord;
use super::reply::{Counts, Failure, Reply};
use crate::engine::Engine;
use crate::engine::view::ProjectRow;
use serde::{Deserialize, Serialize};

/// One project: a repository with its worktrees, or a folder in no repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProjectRecord {
    /// As recorded; `""` = no project recorded.
    pub path: String,
    pub short: String,
    /// Last segment of the path.
    pub label: String,
    pub git_root: Option<String>,
    /// Working directories that belong to it: values of the `project` filter.
    pub folders: Vec<String>,
    pub conversations: usize,
    pub sessions: usize,
    pub prompts: u64,
    pub messages: u64,
    pub last_ts: Option<i64>,
    pub cost: CostRecord,
    /// Of all runs.
    #[serde(default)]
    pub tokens: u64,
    /// Of the files that tool calls named, most calls first.
    #[serde(default)]
    pub languages: Vec<LanguageCount>,
    /// Sessions by agent.
    pub agents: Vec<AgentCount>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LanguageCount {
    pub name: String,
    /// Calls that read or wrote a file of it, and how many files these were (by session).
    pub calls: u64,
    pub files: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AgentCount {
    pub agent: String,
    pub sessions: u32,
}

/// `GET /api/projects`: an array of [`ProjectRecord`], last used first. Parameters: the shared filters
/// ([`Params::filters`]). Headers as `/api/sessions`: `X-Total-Count` counts projects, `X-Helper-Count`
/// sessions.
///
/// # Errors
/// 400 for a parameter that is not allowed.
pub fn list(engine: &Engine, params: &Params) -> Result<Reply<Vec<ProjectRecord>>, Failure> {
    let page = engine.projects(&params.filters(engine.today())?)?;
    Ok(Reply {
        status: 200,
        counts: Some(Counts {
            total: page.rows.len(),
            hidden: page.hidden_sessions,
            empty: 0,
        }),
        body: page.rows.iter().map(record).collect(),
    })
}

fn record(row: &ProjectRow) -> ProjectRecord {
    ProjectRecord {
        path: row.name.path.clone(),
        short: row.name.short.clone(),
        label: row.name.label.clone(),
        git_root: row.name.repo.clone(),
        folders: row.folders.clone(),
        conversations: row.conversations,
        sessions: row.sessions,
        prompts: row.prompts,
        messages: row.messages,
        last_ts: row.last_at,
        cost: (&row.cost).into(),
        tokens: row.tokens,
        languages: row
            .languages
            .iter()
            .map(|language| LanguageCount {
                name: language.name.to_owned(),
                calls: language.calls,
                files: language.files,
            })
            .collect(),
        agents: row
            .agents
            .iter()
            .map(|(agent, sessions)| AgentCount {
                agent: agent.id.to_owned(),
                sessions: *sessions,
            })
            .collect(),
    }
}
