//! A session's summary to the catalog's entry: names to numbers, moments to days.

use super::super::names::{Names, project_name};
use super::{Catalog, Entry, FIRST_DAY, LAST_DAY, NONE, Project, Setting, Tables, hash};
use crate::agents;
use crate::model::{AgentInfo, Capabilities, SessionSummary, Sid, TitleRank};
use crate::rollup::{LocalDays, conversation_key};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

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
