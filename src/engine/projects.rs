//! Projects: repositories, and folders that lie in none.

use super::Engine;
use super::catalog::Entry;
use super::sessions::{conversations, select};
use super::view::*;
use anyhow::Result;
use std::collections::HashMap;
use std::sync::Arc;

/// Cards under a project.
const NEWEST: usize = 5;

#[derive(Default)]
struct Pile<'c> {
    shown: Vec<&'c Arc<Entry>>,
    cost: CostView,
}

impl Engine {
    /// Newest project first. Counts are of the sessions shown, costs of all runs.
    pub(super) fn list_projects(&self, filters: &Filters) -> Result<ProjectsPage> {
        let catalog = self.catalog.get()?;
        self.catalog.price_all(&catalog, &self.store.read()?)?;
        let selection = select(&catalog, filters, "");
        let mut piles: HashMap<&str, Pile> = HashMap::new();
        let home = |entry: &Entry| {
            let name = &*catalog.tables.projects[entry.project as usize].name;
            name.repo.as_deref().unwrap_or(&name.path)
        };
        let all = selection.shown.iter().map(|entry| (entry, true));
        let unseen = selection.hidden.iter().chain(&selection.empty);
        for (entry, shown) in all.chain(unseen.map(|entry| (entry, false))) {
            let pile = piles.entry(home(entry)).or_default();
            if let Some(usage) = entry.usage.get() {
                pile.cost += &usage.cost;
            }
            if shown {
                pile.shown.push(entry);
            }
        }
        let mut desk = self.desk(&catalog)?;
        let mut rows = Vec::new();
        for (root, pile) in piles {
            if pile.shown.is_empty() {
                continue;
            }
            let drafts = conversations(&catalog, &pile.shown);
            let newest = drafts.iter().take(NEWEST);
            rows.push(ProjectRow {
                name: name_of(&catalog.project(pile.shown[0]).name, root, self),
                folders: folders(&pile.shown),
                conversations: drafts.len(),
                sessions: pile.shown.len(),
                prompts: sum(&pile.shown, |s| s.prompts),
                messages: sum(&pile.shown, |s| s.messages),
                last_at: pile.shown[0].summary.last_at,
                cost: pile.cost,
                agents: agents(&pile.shown),
                newest: newest
                    .map(|d| desk.card(d.newest, &d.more))
                    .collect::<Result<_>>()?,
            });
        }
        rows.sort_by(|a, b| {
            b.last_at
                .cmp(&a.last_at)
                .then_with(|| a.name.path.cmp(&b.name.path))
        });
        Ok(ProjectsPage {
            rows,
            hidden_sessions: selection.hidden.len(),
        })
    }
}

/// A repository is named by its root, even when its newest session ran in a worktree.
fn name_of(newest: &ProjectName, root: &str, engine: &Engine) -> ProjectName {
    if newest.path == root {
        return newest.clone();
    }
    let config = engine.config();
    let homes: Vec<String> = config
        .homes
        .iter()
        .map(|home| home.path.to_string_lossy().into_owned())
        .collect();
    super::names::project_name(root, &homes, Some(root))
}

fn folders(shown: &[&Arc<Entry>]) -> Vec<String> {
    let mut folders: Vec<String> = shown.iter().map(|e| e.summary.project.clone()).collect();
    folders.sort_unstable();
    folders.dedup();
    folders
}

fn sum(shown: &[&Arc<Entry>], of: fn(&crate::model::SessionSummary) -> u32) -> u64 {
    shown
        .iter()
        .map(|entry| u64::from(of(&entry.summary)))
        .sum()
}

fn agents(shown: &[&Arc<Entry>]) -> Vec<(&'static crate::model::AgentInfo, u32)> {
    let mut counts: Vec<(&'static crate::model::AgentInfo, u32)> = Vec::new();
    for entry in shown {
        match counts.iter_mut().find(|(info, _)| info.id == entry.info.id) {
            Some((_, count)) => *count += 1,
            None => counts.push((entry.info, 1)),
        }
    }
    counts.sort_by_key(|(info, count)| (std::cmp::Reverse(*count), info.id));
    counts
}
