//! One session of a catalog, and how it is made from what the store tells.

use super::bands;
use super::catalog::{Catalog, Setting};
use super::cost::SessionUsage;
use super::names::{Names, fold, project_name};
use super::view::ProjectName;
use crate::agents;
use crate::model::{AgentInfo, Capabilities, SessionSummary, Sid, TitleRank};
use crate::rollup::{LocalDays, conversation_key};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use xxhash_rust::xxh3::xxh3_64;

/// Number of "no such thing": no repository, no conversation.
pub(super) const NONE: u32 = u32::MAX;

/// 2000-01-01 and 2100-01-01: times beyond are nonsense, and a calendar of them would not end.
pub(super) const FIRST_DAY: i32 = 10_957;
pub(super) const LAST_DAY: i32 = 47_482;

/// One session with what is derived from it alone.
pub(super) struct Entry {
    pub sid: Sid,
    pub summary: Arc<SessionSummary>,
    pub info: &'static AgentInfo,
    /// Numbers in the catalog's name tables.
    pub agent: u16,
    pub project: u32,
    pub models: Box<[u32]>,
    pub branches: Box<[u32]>,
    pub tools: Box<[u32]>,
    pub mcp: Box<[u32]>,
    pub skills: Box<[u32]>,
    pub hidden: bool,
    /// Local days of the first and last record; an empty range when no record has a time.
    pub first_day: i32,
    pub last_day: i32,
    /// What the agent calls a session that somebody renamed.
    told: Option<Box<(Option<String>, TitleRank)>>,
    pub key: u64,
    pub parent: Option<u64>,
    pub conversation: Option<u64>,
    folded: OnceLock<Box<str>>,
    /// Filled when first asked for: most sessions are never shown.
    pub usage: OnceLock<SessionUsage>,
    /// Prompts by local day; filled with `usage`.
    pub prompts: OnceLock<Box<[(i32, u32)]>>,
    /// Language of the files it named (a number of `languages`), calls, files; filled when asked for.
    pub languages: OnceLock<Box<[(u16, u32, u32)]>>,
}

/// A project with the number of its repository ([`NONE`] when it lies in none).
#[derive(Clone)]
pub(super) struct Project {
    pub name: Arc<ProjectName>,
    pub repo: u32,
    worktree_of: Option<String>,
}

/// The tables that numbers in entries point into; they only ever grow.
#[derive(Clone, Default)]
pub(super) struct Tables {
    pub agents: Arc<Names>,
    pub models: Arc<Names>,
    pub branches: Arc<Names>,
    pub tools: Arc<Names>,
    pub mcp: Arc<Names>,
    pub skills: Arc<Names>,
    pub repos: Arc<Names>,
    pub paths: Arc<Names>,
    pub projects: Arc<Vec<Project>>,
}

impl Entry {
    pub fn moment(&self) -> i64 {
        self.summary.last_at.unwrap_or(i64::MIN)
    }

    /// What the text filter of the session list looks in.
    pub fn folded(&self) -> &str {
        self.folded.get_or_init(|| {
            let s = &self.summary;
            let told = self.told.as_ref().and_then(|told| told.0.as_deref());
            let parts = [
                s.title.as_deref().unwrap_or(""),
                told.unwrap_or(""),
                &s.first_prompt,
                &s.project,
                &s.key.native,
                self.info.name,
            ];
            fold(&parts.join("\n")).into()
        })
    }

    /// What it was called before somebody renamed it: the agent's title, else the first prompt.
    pub fn called(&self) -> Option<&str> {
        let (title, _) = &**self.told.as_ref()?;
        Some(match title {
            Some(title) if !title.trim().is_empty() => title,
            _ => &self.summary.first_prompt,
        })
    }

    /// Places in the lists of [`bands`]; the cost has none before the session was priced.
    pub fn helper(&self) -> usize {
        bands::helper_band(&self.summary)
    }

    pub fn length(&self) -> usize {
        bands::length_band(self.summary.messages)
    }

    pub fn cost(&self) -> Option<usize> {
        self.usage.get().map(bands::cost_band)
    }

    /// Any part of it lies in these local days, both included.
    pub fn lies_in(&self, from: i32, to: i32) -> bool {
        self.first_day <= self.last_day && self.first_day <= to && from <= self.last_day
    }
}

/// Makes the entries of one catalog.
pub(super) struct Maker<'s> {
    pub tables: Tables,
    pub days: LocalDays,
    pub setting: &'s Setting,
    pub titles: &'s HashMap<String, String>,
}

impl Maker<'_> {
    /// The same session under the title that it has now.
    pub fn again(&mut self, entry: &Entry) -> Entry {
        let mut summary = (*entry.summary).clone();
        if let Some(told) = &entry.told {
            (summary.title, summary.title_rank) = (**told).clone();
        }
        let again = self.entry(entry.sid, summary);
        if let Some(usage) = entry.usage.get() {
            again.usage.get_or_init(|| *usage);
        }
        if let Some(prompts) = entry.prompts.get() {
            again.prompts.get_or_init(|| prompts.clone());
        }
        if let Some(languages) = entry.languages.get() {
            again.languages.get_or_init(|| languages.clone());
        }
        again
    }

    pub fn entry(&mut self, sid: Sid, mut summary: SessionSummary) -> Entry {
        let told = match self.titles.is_empty() {
            true => None,
            false => self.rename(&mut summary),
        };
        let s = &summary;
        let agent = if s.agent.as_str().is_empty() {
            &s.key.agent
        } else {
            &s.agent
        };
        let info = agents::info(agent.as_str())
            .or_else(|| agents::info(s.key.agent.as_str()))
            .unwrap_or(&UNKNOWN);
        let project = self.project(s);
        let ids = |names: &mut Arc<Names>, list: &mut dyn Iterator<Item = &String>| {
            list.map(|name| Names::intern(names, name))
                .collect::<Box<[u32]>>()
        };
        let models = ids(&mut self.tables.models, &mut s.models.iter());
        let branches = ids(&mut self.tables.branches, &mut s.branches.iter());
        let tools = ids(
            &mut self.tables.tools,
            &mut s.tools.iter().map(|tool| &tool.name),
        );
        let mcp = ids(&mut self.tables.mcp, &mut s.mcp_servers.iter());
        let skills = ids(&mut self.tables.skills, &mut s.skills.iter());
        let mut day =
            |at: Option<i64>| at.map(|ms| self.days.at(ms).0.0.clamp(FIRST_DAY, LAST_DAY));
        let (first, last) = (day(s.first_at.or(s.last_at)), day(s.last_at.or(s.first_at)));
        Entry {
            sid,
            info,
            agent: Names::intern(&mut self.tables.agents, info.id) as u16,
            project,
            models,
            branches,
            tools,
            mcp,
            skills,
            told,
            hidden: s.hidden_by_default(),
            first_day: first.unwrap_or(i32::MAX),
            last_day: last.unwrap_or(i32::MIN),
            key: hash(s.key.agent.as_str(), &s.key.native),
            parent: s
                .parent
                .as_deref()
                .map(|parent| hash(s.key.agent.as_str(), parent)),
            conversation: conversation_key(s),
            folded: OnceLock::new(),
            usage: OnceLock::new(),
            prompts: OnceLock::new(),
            languages: OnceLock::new(),
            summary: Arc::new(summary),
        }
    }

    /// Puts the title that a person gave in the place of the agent's, which is handed back.
    fn rename(&self, summary: &mut SessionSummary) -> Option<Box<(Option<String>, TitleRank)>> {
        let title = self.titles.get(&summary.key.to_string())?;
        let told = (summary.title.replace(title.clone()), summary.title_rank);
        summary.title_rank = TitleRank::Custom;
        Some(Box::new(told))
    }

    fn project(&mut self, summary: &SessionSummary) -> u32 {
        let known = self.tables.paths.len();
        let id = Names::intern(&mut self.tables.paths, &summary.project);
        if id as usize == known {
            Arc::make_mut(&mut self.tables.projects).push(Project {
                name: Arc::default(),
                repo: NONE,
                worktree_of: None,
            });
        }
        if summary.worktree_of.is_some() && self.tables.projects[id as usize].worktree_of.is_none()
        {
            let project = &mut Arc::make_mut(&mut self.tables.projects)[id as usize];
            project.worktree_of = summary.worktree_of.clone();
            project.name = Arc::default();
        }
        id
    }

    /// Names new projects, and all of them when repositories have been found since.
    pub fn name_projects(
        &mut self,
        roots: &Arc<HashMap<String, String>>,
        before: Option<&Catalog>,
    ) {
        let same = before.is_some_and(|before| Arc::ptr_eq(&before.roots, roots));
        let stale =
            |project: &Project, path: &str| !same || project.name.path != path || path.is_empty();
        let Tables {
            projects,
            repos,
            paths,
            ..
        } = &mut self.tables;
        for id in 0..paths.len() {
            let path = paths.get(id as u32);
            if !stale(&projects[id], path) {
                continue;
            }
            let original = projects[id].worktree_of.as_deref();
            let root = roots
                .get(path)
                .or_else(|| original.and_then(|original| roots.get(original)))
                .map(String::as_str)
                .or(original)
                .filter(|root| !root.is_empty());
            let name = project_name(path, &self.setting.homes, root);
            let repo = root.map_or(NONE, |root| Names::intern(repos, root));
            if projects[id].repo != repo || *projects[id].name != name {
                let project = &mut Arc::make_mut(projects)[id];
                project.name = Arc::new(name);
                project.repo = repo;
            }
        }
    }
}

pub(super) fn hash(agent: &str, native: &str) -> u64 {
    let mut name = Vec::with_capacity(agent.len() + native.len() + 1);
    name.extend_from_slice(agent.as_bytes());
    name.push(b':');
    name.extend_from_slice(native.as_bytes());
    xxh3_64(&name)
}

/// Stands for an agent that this build does not know.
static UNKNOWN: AgentInfo = AgentInfo {
    id: "unknown",
    name: "Unknown agent",
    color: "#9ca3af",
    roots: &[],
    resume: None,
    worktrees: None,
    capabilities: Capabilities {
        usage: false,
        tool_calls: false,
        sub_agents: false,
        timestamps: false,
        thinking: false,
    },
};
