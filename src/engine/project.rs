//! One project: what was done in it, when, by whom and on which files.

use super::Engine;
use super::catalog::{Catalog, Entry, NONE};
use super::cost::Pricer;
use super::projects::{Pile, root_of};
use super::report::{agent_dress, model_dress};
use super::sessions::{conversations, select};
use super::view::*;
use crate::model::{Day, DayStats, FileCount, Sid};
use crate::store::Reader;
use anyhow::Result;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Cards of the newest and of the costliest sessions, and files.
const RECENT: usize = 8;
const COSTLIEST: usize = 8;
const FILES: usize = 40;

impl Engine {
    /// The project of this repository root or folder; `None` when no session that is shown is of it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn project(&self, path: &str, include_helpers: bool) -> Result<Option<ProjectView>> {
        let catalog = self.catalog.get()?;
        let filters = Filters {
            include_helpers,
            ..Filters::default()
        };
        let selection = select(&catalog, &filters, "");
        // a folder of a repository is asked for where nobody knew of the repository yet
        let folder = selection
            .shown
            .iter()
            .find(|entry| entry.summary.project == path);
        let root = match selection
            .shown
            .iter()
            .any(|entry| root_of(&catalog, entry) == path)
        {
            true => path,
            false => match folder {
                Some(entry) => root_of(&catalog, entry),
                None => return Ok(None),
            },
        };
        let of_it = |list: &[&'_ Arc<Entry>]| -> Vec<Arc<Entry>> {
            let some = list.iter().filter(|e| root_of(&catalog, e) == root);
            some.map(|entry| Arc::clone(entry)).collect()
        };
        let (shown, hidden) = (of_it(&selection.shown), of_it(&selection.hidden));
        let empty = of_it(&selection.empty);
        let pile = Pile {
            shown: shown.iter().collect(),
            unseen: hidden.iter().chain(&empty).collect(),
        };
        let reader = self.store.read()?;
        let mut pricer = self.catalog.pricer();
        for entry in pile.all() {
            self.catalog.usage(entry, &reader, &mut pricer)?;
        }
        let mut view = ProjectView {
            row: self.project_row(&catalog, &reader, root, &pile)?,
            hidden_sessions: hidden.len(),
            generation: catalog.generation,
            ..ProjectView::default()
        };
        facts(&catalog, &pile, &mut view);
        let (figured, named) = rayon::join(
            || figures(&catalog, &reader, &mut pricer, &pile, &mut view),
            || files(&self.store.read()?, root, &pile),
        );
        figured?;
        (view.files, view.files_all) = named?;
        self.project_cards(&catalog, &pile, &mut view)?;
        Ok(Some(view))
    }

    fn project_cards(&self, catalog: &Catalog, pile: &Pile, view: &mut ProjectView) -> Result<()> {
        let mut desk = self.desk(catalog)?;
        let mut drafts = conversations(catalog, &pile.shown);
        for draft in drafts.iter().take(RECENT) {
            view.recent.push(desk.card(draft.newest, &draft.more)?);
        }
        let cost = |entry: &Entry| entry.usage.get().map_or(0, |usage| usage.cost.micros);
        drafts.sort_by_key(|draft| {
            let members = std::iter::once(&draft.newest).chain(&draft.more);
            Reverse(members.map(|entry| cost(entry)).sum::<i64>())
        });
        for draft in drafts.iter().take(COSTLIEST) {
            view.costliest.push(desk.card(draft.newest, &draft.more)?);
        }
        Ok(())
    }
}

/// What sessions say of the repository, and what people wrote on them.
fn facts(catalog: &Catalog, pile: &Pile, view: &mut ProjectView) {
    let (mut branches, mut remotes, mut tags) = (HashMap::new(), HashMap::new(), HashMap::new());
    let count = |names: &mut HashMap<String, usize>, name: &str| {
        if !name.is_empty() {
            *names.entry(name.to_owned()).or_default() += 1;
        }
    };
    for entry in &pile.shown {
        let s = &entry.summary;
        s.branches
            .iter()
            .for_each(|branch| count(&mut branches, branch));
        count(&mut remotes, s.remote.as_deref().unwrap_or_default());
        for tag in catalog.tags.get(&entry.sid).into_iter().flatten() {
            count(&mut tags, tag);
        }
        view.tool_calls += u64::from(s.tool_calls);
        view.tool_errors += u64::from(s.tool_errors);
        view.first_at = match (view.first_at, s.first_at) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    let ordered = |names: HashMap<String, usize>| {
        let mut list: Vec<(String, usize)> = names.into_iter().collect();
        list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        list
    };
    view.branches = ordered(branches);
    view.remotes = ordered(remotes);
    view.tags = ordered(tags);
}

/// One list by name in the making.
#[derive(Default)]
struct Parts(BTreeMap<String, Part>);

#[derive(Default)]
struct Part {
    amount: Amount,
    sessions: u64,
    /// The session that was counted last; sessions come one after the other.
    last: Option<Sid>,
}

impl Parts {
    fn part(&mut self, name: &str) -> &mut Part {
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), Part::default());
        }
        self.0.get_mut(name).expect("it was put there")
    }

    fn count(&mut self, name: &str, sid: Sid) {
        let part = self.part(name);
        part.sessions += u64::from(part.last != Some(sid));
        part.last = Some(sid);
    }

    fn rows(self, dress: super::report::Dress) -> Vec<NamedAmount> {
        let mut rows: Vec<NamedAmount> = self
            .0
            .into_iter()
            .map(|(name, part)| {
                let (label, color) = dress(&name);
                NamedAmount {
                    name,
                    label,
                    color,
                    sessions: part.sessions,
                    amount: part.amount,
                }
            })
            .collect();
        rows.sort_by_key(|row| Reverse((row.amount.cost, row.amount.tokens.total(), row.sessions)));
        rows
    }
}

/// Figures in the making: money of all runs, counts of those shown.
#[derive(Default)]
struct Figures {
    days: BTreeMap<Day, DayAmount>,
    /// Conversations that a day has already.
    seen: HashSet<(Day, u32)>,
    agents: Parts,
    models: Parts,
    series: BTreeMap<&'static str, BTreeMap<Day, i64>>,
}

impl Figures {
    fn spend(&mut self, entry: &Entry, (day, stats): (Day, &DayStats), pricer: &mut Pricer) {
        let agent = entry.info.id;
        let mut sum = Amount::default();
        for bucket in &stats.usage {
            let amount = pricer.amount(day, bucket);
            self.models.part(&bucket.model).amount += &amount;
            sum += &amount;
        }
        let row = self.days.entry(day).or_insert_with(|| DayAmount {
            day,
            ..DayAmount::default()
        });
        row.amount += &sum;
        if stats.usage.is_empty() {
            return;
        }
        self.agents.part(agent).amount += &sum;
        *self
            .series
            .entry(agent)
            .or_default()
            .entry(day)
            .or_default() += sum.cost;
    }

    /// Of a session that is shown; `conversation`: [`NONE`] for one that never groups.
    fn count(&mut self, entry: &Entry, (day, stats): (Day, &DayStats), conversation: u32) {
        self.agents.count(entry.info.id, entry.sid);
        for bucket in &stats.usage {
            self.models.count(&bucket.model, entry.sid);
        }
        let row = self.days.entry(day).or_default();
        row.sessions += 1;
        row.prompts += u64::from(stats.prompts);
        row.messages += u64::from(stats.messages);
        row.tool_calls += u64::from(stats.tool_calls);
        row.active_ms += stats.active_ms();
        let first = conversation == NONE || self.seen.insert((day, conversation));
        row.conversations += u64::from(first);
    }
}

fn figures(
    catalog: &Catalog,
    reader: &Reader,
    pricer: &mut Pricer,
    pile: &Pile,
    view: &mut ProjectView,
) -> Result<()> {
    let mut sums = Figures::default();
    let shown = pile.shown.iter().map(|entry| (*entry, true));
    let unseen = pile.unseen.iter().map(|entry| (*entry, false));
    for (entry, shown) in shown.chain(unseen) {
        for (day, stats) in &reader.days(entry.sid)? {
            sums.spend(entry, (*day, stats), pricer);
            if shown {
                sums.count(entry, (*day, stats), catalog.conversation(entry.sid));
                view.active_ms += stats.active_ms();
            }
        }
    }
    let mut series: Vec<Series> = sums.series.into_iter().map(line).collect();
    series.sort_by_key(|line| Reverse(line.days.iter().map(|(_, cost)| cost).sum::<i64>()));
    view.agent_days = series;
    view.by_agent = sums.agents.rows(agent_dress);
    view.by_model = sums.models.rows(model_dress);
    view.by_day = sums.days.into_values().collect();
    for row in &view.by_day {
        view.total += &row.amount;
    }
    Ok(())
}

fn line((name, days): (&'static str, BTreeMap<Day, i64>)) -> Series {
    let (label, color) = agent_dress(name);
    Series {
        name: name.to_owned(),
        label,
        color,
        days: days.into_iter().filter(|(_, cost)| *cost != 0).collect(),
    }
}

/// The files that tool calls named most, and how many there are in all. A file of a worktree is the
/// file of the repository: within their folders they have one path.
fn files(reader: &Reader, root: &str, pile: &Pile) -> Result<(Vec<FileUse>, usize)> {
    let mut sums: HashMap<String, FileUse> = HashMap::new();
    for entry in pile.all().filter(|entry| entry.summary.tool_calls > 0) {
        for FileCount { path, reads, edits } in reader.files(entry.sid)? {
            let path = below(root, &entry.summary.project, path);
            let file = sums.entry(path).or_default();
            file.reads += u64::from(reads);
            file.edits += u64::from(edits);
            file.sessions += 1;
        }
    }
    let all = sums.len();
    let mut list: Vec<FileUse> = sums
        .into_iter()
        .map(|(path, sum)| FileUse { path, ..sum })
        .collect();
    list.sort_by(|a, b| {
        let weight = |file: &FileUse| (file.edits + file.reads, file.edits);
        weight(b).cmp(&weight(a)).then_with(|| a.path.cmp(&b.path))
    });
    list.truncate(FILES);
    Ok((list, all))
}

/// A path that a session in a folder of the repository named, from the repository's root.
fn below(root: &str, folder: &str, path: String) -> String {
    let root = root.trim_end_matches(['/', '\\']);
    if let Some(rest) = path.strip_prefix(root)
        && !root.is_empty()
        && rest.starts_with(['/', '\\'])
    {
        return rest[1..].to_owned();
    }
    let inside = folder.strip_prefix(root).unwrap_or_default();
    let inside = inside.trim_matches(['/', '\\']);
    match path.starts_with(['/', '\\', '~']) || path.contains(":\\") || inside.is_empty() {
        true => path,
        false => format!("{inside}/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, day_of, session};
    use super::*;

    #[test]
    fn paths_are_told_from_the_root() {
        let told = |folder: &str, path: &str| below("/w/app", folder, path.to_owned());
        assert_eq!(told("/w/app", "src/a.rs"), "src/a.rs");
        assert_eq!(told("/w/app/web", "src/a.ts"), "web/src/a.ts");
        assert_eq!(told("/w/app/web", "/w/app/src/a.rs"), "src/a.rs");
        assert_eq!(told("/elsewhere/tree", "src/a.rs"), "src/a.rs");
        assert_eq!(told("/w/app", "/etc/hosts"), "/etc/hosts");
    }

    #[test]
    fn a_project_adds_up_what_its_sessions_did() {
        let bench = Bench::new();
        for (n, name) in ["one", "two"].into_iter().enumerate() {
            let mut summary = session(name, "/p/a", name);
            summary.first_at = Some(n as i64 * 86_400_000 + 1_793_491_200_000);
            summary.last_at = summary.first_at;
            (summary.prompts, summary.tool_calls) = (1, 2);
            summary.branches = vec!["main".into()];
            let day = Day(20_758 + n as i32);
            let sid = bench.put(&summary, &[(day, day_of("claude-opus-4-8", 9, 1_000))]);
            let mut writer = bench.engine.store.write().unwrap();
            let file = |path: &str, reads, edits| FileCount {
                path: path.into(),
                reads,
                edits,
            };
            writer
                .put_files(sid, &[file("a.rs", 3, 1), file("doc/b.md", 1, 0)])
                .unwrap();
            writer.commit().unwrap();
        }
        bench.put(&session("other", "/p/b", "other"), &[]);
        let view = bench.engine.project("/p/a", false).unwrap().unwrap();
        assert_eq!((view.row.sessions, view.row.prompts), (2, 2));
        assert_eq!(view.total.cost, 10_000);
        assert_eq!(view.by_day.len(), 2);
        assert_eq!(view.branches, [("main".to_owned(), 2)]);
        let top = &view.files[0];
        assert_eq!(
            (&*top.path, top.reads, top.edits, top.sessions),
            ("a.rs", 6, 2, 2)
        );
        let spoken: Vec<_> = view
            .row
            .languages
            .iter()
            .map(|l| (l.name, l.calls))
            .collect();
        assert_eq!(spoken, [("Rust", 8), ("Markdown", 2)]);
        assert_eq!((view.recent.len(), view.costliest.len()), (2, 2));
        assert!(bench.engine.project("/p/c", false).unwrap().is_none());
    }
}
