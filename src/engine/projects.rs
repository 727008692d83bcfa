//! Projects: repositories, and folders that lie in none.

use super::Engine;
use super::catalog::{Catalog, Entry};
use super::languages;
use super::sessions::{conversations, select};
use super::view::*;
use crate::store::Reader;
use anyhow::Result;
use std::collections::HashMap;
use std::sync::Arc;

/// Cards under a project.
const NEWEST: usize = 5;
/// Weeks that a row draws.
const WEEKS: usize = 26;

/// The sessions of one project.
#[derive(Default)]
pub(super) struct Pile<'c> {
    /// Newest first.
    pub shown: Vec<&'c Arc<Entry>>,
    /// Helpers, sub-agents, and sessions without a message: their money counts.
    pub unseen: Vec<&'c Arc<Entry>>,
}

impl<'c> Pile<'c> {
    pub fn all(&self) -> impl Iterator<Item = &'c Arc<Entry>> + '_ {
        self.shown.iter().chain(&self.unseen).copied()
    }
}

/// The project that a session belongs to: its repository's root, else its folder.
pub(super) fn root_of<'c>(catalog: &'c Catalog, entry: &Entry) -> &'c str {
    let name = &*catalog.tables.projects[entry.project as usize].name;
    name.repo.as_deref().unwrap_or(&name.path)
}

impl Engine {
    /// Newest project first. Counts are of the sessions shown, costs of all runs.
    pub(super) fn list_projects(&self, filters: &Filters) -> Result<ProjectsPage> {
        let catalog = self.catalog.get()?;
        let reader = self.store.read()?;
        self.catalog.price_all(&catalog, &reader)?;
        let selection = select(&catalog, filters, "");
        let mut piles: HashMap<&str, Pile> = HashMap::new();
        for entry in &selection.shown {
            let pile = piles.entry(root_of(&catalog, entry)).or_default();
            pile.shown.push(entry);
        }
        for entry in selection.hidden.iter().chain(&selection.empty) {
            let pile = piles.entry(root_of(&catalog, entry)).or_default();
            pile.unseen.push(entry);
        }
        let mut rows = Vec::new();
        for (root, pile) in piles {
            if !pile.shown.is_empty() {
                rows.push(self.project_row(&catalog, &reader, root, &pile)?);
            }
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

    /// A project as lists show it; some session of it is shown, and all have been priced.
    pub(super) fn project_row(
        &self,
        catalog: &Catalog,
        reader: &Reader,
        root: &str,
        pile: &Pile,
    ) -> Result<ProjectRow> {
        let mut desk = self.desk(catalog)?;
        let drafts = conversations(catalog, &pile.shown);
        let (mut cost, mut tokens) = (CostView::default(), 0);
        for usage in pile.all().filter_map(|entry| entry.usage.get()) {
            cost += &usage.cost;
            tokens += usage.tokens.total();
        }
        Ok(ProjectRow {
            path: root.to_owned(),
            name: name_of(&catalog.project(pile.shown[0]).name, root, self),
            folders: folders(&pile.shown),
            conversations: drafts.len(),
            sessions: pile.shown.len(),
            prompts: sum(&pile.shown, |s| s.prompts),
            messages: sum(&pile.shown, |s| s.messages),
            last_at: pile.shown[0].summary.last_at,
            cost,
            tokens,
            agents: agents(&pile.shown),
            languages: languages_of(reader, pile)?,
            weeks: self.weeks(&pile.shown),
            newest: drafts
                .iter()
                .take(NEWEST)
                .map(|d| desk.card(d.newest, &d.more))
                .collect::<Result<_>>()?,
        })
    }

    /// Prompts of the last half year by week.
    fn weeks(&self, shown: &[&Arc<Entry>]) -> Vec<u64> {
        let today = self.today();
        let monday = today.0 - i32::from(today.date().weekday().to_monday_zero_offset());
        let first = monday - 7 * (WEEKS as i32 - 1);
        let mut weeks = vec![0; WEEKS];
        for (day, prompts) in shown.iter().filter_map(|e| e.prompts.get()).flatten() {
            if (first..=today.0).contains(day) {
                weeks[((day - first) / 7) as usize] += u64::from(*prompts);
            }
        }
        weeks
    }
}

/// Helpers and sub-agents work on the same files: theirs count too.
fn languages_of(reader: &Reader, pile: &Pile) -> Result<Vec<LanguageUse>> {
    let mut sums: HashMap<u16, LanguageUse> = HashMap::new();
    for entry in pile.all() {
        for (number, calls, files) in spoken(reader, entry)? {
            let sum = sums.entry(*number).or_default();
            sum.calls += u64::from(*calls);
            sum.files += u64::from(*files);
        }
    }
    let mut list: Vec<LanguageUse> = sums
        .into_iter()
        .map(|(number, sum)| LanguageUse {
            name: languages::name(number),
            ..sum
        })
        .collect();
    list.sort_by_key(|row| (std::cmp::Reverse(row.calls), row.name));
    Ok(list)
}

/// Number of the language, calls and files, read once per state of the session.
fn spoken<'e>(reader: &Reader, entry: &'e Entry) -> Result<&'e [(u16, u32, u32)]> {
    if let Some(known) = entry.languages.get() {
        return Ok(known);
    }
    let mut list: Vec<(u16, u32, u32)> = Vec::new();
    // who called no tool named no file
    let files = match entry.summary.tool_calls {
        0 => Vec::new(),
        _ => reader.files(entry.sid)?,
    };
    for file in files {
        let Some(number) = languages::of(&file.path) else {
            continue;
        };
        let calls = file.reads.saturating_add(file.edits);
        match list.iter_mut().find(|row| row.0 == number) {
            Some(row) => (row.1, row.2) = (row.1.saturating_add(calls), row.2 + 1),
            None => list.push((number, calls, 1)),
        }
    }
    Ok(entry.languages.get_or_init(|| list.into()))
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
