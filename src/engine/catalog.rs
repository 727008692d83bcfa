//! All sessions as one immutable snapshot, with what lists, facets and search need of them.
//!
//! A snapshot is derived from the one before by replacing the sessions that changed; ordering and
//! the maps by number are cheap and made anew. Nobody ever sees a half-made one.

use super::bands;
pub(super) use super::entry::{Entry, FIRST_DAY, NONE, Project};
use super::entry::{Maker, Tables, hash};
use super::tags::color;
use crate::index::{AttrRow, SessionAttrs};
use crate::model::{SessionSummary, Sid};
use crate::rollup::LocalDays;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// What a catalog is made from, read in one transaction.
pub(super) struct Input {
    pub generation: u64,
    pub marks_generation: u64,
    pub changes: Changes,
    pub repo_roots: HashMap<String, String>,
    /// `agent:native`.
    pub starred: HashSet<String>,
    pub tags: HashMap<String, Vec<String>>,
    /// By tag.
    pub tag_colors: BTreeMap<String, String>,
    /// Titles that people gave, by `agent:native`.
    pub titles: HashMap<String, String>,
}

pub(super) enum Changes {
    All(Vec<(Sid, SessionSummary)>),
    /// `None`: the session is gone.
    Some(Vec<(Sid, Option<SessionSummary>)>),
}

/// The part of the configuration that names and days depend on.
pub(super) struct Setting {
    /// Of the settings that it was made from.
    pub version: u64,
    pub homes: Vec<String>,
    pub zone: jiff::tz::TimeZone,
    pub prices: Arc<crate::pricing::Prices>,
    pub cost_mode: crate::model::CostMode,
}

type ByHash<V> = HashMap<u64, V, BuildHasherDefault<AsItIs>>;

#[derive(Default)]
pub(super) struct Catalog {
    pub generation: u64,
    pub marks_generation: u64,
    /// Version of the settings.
    pub setting: u64,
    /// By sid.
    slots: Vec<Option<Arc<Entry>>>,
    /// Newest first; sessions without a time last.
    order: Vec<(i64, Sid)>,
    pub tables: Tables,
    /// Number of a session's conversation by sid.
    conversations: Vec<u32>,
    pub conversation_count: usize,
    by_key: ByHash<Sid>,
    children: ByHash<Vec<Sid>>,
    pub attrs: Arc<SessionAttrs>,
    pub starred: HashSet<Sid>,
    pub tags: HashMap<Sid, Vec<String>>,
    /// Also of tags that no session has.
    pub tag_colors: BTreeMap<String, String>,
    titles: HashMap<Sid, String>,
    pub roots: Arc<HashMap<String, String>>,
}

impl Catalog {
    pub fn build(before: Option<&Catalog>, input: Input, setting: &Setting) -> Catalog {
        let mut maker = Maker {
            tables: before.map(|c| c.tables.clone()).unwrap_or_default(),
            days: LocalDays::new(setting.zone.clone()),
            setting,
            titles: &input.titles,
        };
        let (mut slots, mut order) = (Vec::new(), Vec::new());
        match input.changes {
            Changes::All(all) => {
                for (sid, summary) in all {
                    put(&mut slots, sid, Some(Arc::new(maker.entry(sid, summary))));
                }
                order.extend(slots.iter().flatten().map(|e| (e.moment(), e.sid)));
            }
            Changes::Some(changed) => {
                if let Some(before) = before {
                    slots = before.slots.clone();
                    order = before.order.clone();
                }
                let touched: HashSet<Sid> = changed.iter().map(|(sid, _)| *sid).collect();
                order.retain(|(_, sid)| !touched.contains(sid));
                for (sid, summary) in changed {
                    let entry = summary.map(|summary| Arc::new(maker.entry(sid, summary)));
                    order.extend(entry.iter().map(|e| (e.moment(), e.sid)));
                    put(&mut slots, sid, entry);
                }
                let renamed = before.map(|before| before.renamed(&input.titles));
                for sid in renamed.unwrap_or_default() {
                    // what changed besides was made with its new title above
                    if let Some(entry) = slots[sid.0 as usize]
                        .as_ref()
                        .filter(|_| !touched.contains(&sid))
                    {
                        slots[sid.0 as usize] = Some(Arc::new(maker.again(entry)));
                    }
                }
            }
        }
        order.sort_unstable_by(|a, b| b.cmp(a));
        let roots = match before {
            Some(before) if *before.roots == input.repo_roots => before.roots.clone(),
            _ => Arc::new(input.repo_roots),
        };
        maker.name_projects(&roots, before);
        let mut catalog = Catalog {
            generation: input.generation,
            marks_generation: input.marks_generation,
            setting: setting.version,
            slots,
            order,
            tables: maker.tables,
            roots,
            ..Catalog::default()
        };
        catalog.number();
        catalog.mark(&input.starred, input.tags);
        catalog.tag_colors = input.tag_colors;
        catalog.titles = catalog.by_sid(&input.titles);
        catalog.attrs = Arc::new(catalog.attributes());
        catalog
    }

    pub fn get(&self, sid: Sid) -> Option<&Arc<Entry>> {
        self.slots.get(sid.0 as usize)?.as_ref()
    }

    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// One past the greatest sid.
    pub fn end(&self) -> usize {
        self.slots.len()
    }

    /// Newest first.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.order.iter().map(|(_, sid)| {
            self.slots[sid.0 as usize]
                .as_ref()
                .expect("ordered sids are filled")
        })
    }

    /// Number of the session's conversation, [`NONE`] when it never groups.
    pub fn conversation(&self, sid: Sid) -> u32 {
        self.conversations
            .get(sid.0 as usize)
            .copied()
            .unwrap_or(NONE)
    }

    pub fn project(&self, entry: &Entry) -> &Project {
        &self.tables.projects[entry.project as usize]
    }

    /// Sessions that name this one as their parent, oldest first.
    pub fn children(&self, entry: &Entry) -> impl Iterator<Item = &Arc<Entry>> {
        let sids = self.children.get(&entry.key).map_or(&[][..], Vec::as_slice);
        sids.iter().filter_map(|sid| self.get(*sid))
    }

    pub fn parent(&self, entry: &Entry) -> Option<&Arc<Entry>> {
        self.get(*self.by_key.get(&entry.parent?)?)
    }

    /// Other sessions of its conversation, newest first.
    pub fn retries(&self, sid: Sid) -> Vec<&Arc<Entry>> {
        let number = self.conversation(sid);
        if number == NONE {
            return Vec::new();
        }
        self.iter()
            .filter(|other| other.sid != sid && self.conversation(other.sid) == number)
            .collect()
    }

    fn number(&mut self) {
        self.conversations = vec![NONE; self.slots.len()];
        self.by_key = ByHash::with_capacity_and_hasher(self.order.len(), Default::default());
        let mut known: ByHash<u32> = ByHash::default();
        let mut children: ByHash<Vec<Sid>> = ByHash::default();
        for (_, sid) in self.order.iter().rev() {
            let entry = self.slots[sid.0 as usize]
                .as_ref()
                .expect("ordered sids are filled");
            self.by_key.insert(entry.key, entry.sid);
            if let Some(key) = entry.conversation {
                let next = known.len() as u32;
                self.conversations[sid.0 as usize] = *known.entry(key).or_insert(next);
            }
            if let Some(parent) = entry.parent {
                children.entry(parent).or_default().push(*sid);
            }
        }
        self.conversation_count = known.len();
        self.children = children;
    }

    fn mark(&mut self, starred: &HashSet<String>, tags: HashMap<String, Vec<String>>) {
        self.starred = starred.iter().filter_map(|name| self.named(name)).collect();
        self.tags = tags
            .into_iter()
            .filter_map(|(name, tags)| Some((self.named(&name)?, tags)))
            .collect();
    }

    /// By `agent:native`.
    pub fn named(&self, name: &str) -> Option<Sid> {
        let (agent, native) = name.split_once(':')?;
        self.by_key.get(&hash(agent, native)).copied()
    }

    fn by_sid(&self, titles: &HashMap<String, String>) -> HashMap<Sid, String> {
        let known = |(name, title): (&String, &String)| Some((self.named(name)?, title.clone()));
        titles.iter().filter_map(known).collect()
    }

    /// Sessions whose title by a person is not the one that it is here.
    fn renamed(&self, titles: &HashMap<String, String>) -> Vec<Sid> {
        let titles = self.by_sid(titles);
        let both = self.titles.keys().chain(titles.keys());
        both.copied()
            .filter(|sid| self.titles.get(sid) != titles.get(sid))
            .collect()
    }

    /// By the order of [`bands::HAS`].
    pub fn has(&self, entry: &Entry) -> [bool; bands::HAS.len()] {
        let mut children = self.children(entry);
        [
            entry.summary.tool_errors > 0,
            children.any(|child| child.summary.is_sub_agent()),
        ]
    }

    /// Word of a tag's colour, `""` for none.
    pub fn color(&self, tag: &str) -> &'static str {
        color(tag, self.tag_colors.get(tag).map(String::as_str))
    }

    fn attributes(&self) -> SessionAttrs {
        let row = |slot: &Option<Arc<Entry>>| {
            slot.as_ref()
                .map_or_else(AttrRow::default, |entry| AttrRow {
                    live: true,
                    agent: entry.agent,
                    project: entry.project,
                    helper: entry.summary.helper.is_some(),
                    sub_agent: entry.summary.is_sub_agent(),
                })
        };
        SessionAttrs {
            agents: self.tables.agents.iter().map(str::to_owned).collect(),
            projects: self.tables.paths.iter().map(str::to_owned).collect(),
            rows: self.slots.iter().map(row).collect(),
        }
    }
}

fn put(slots: &mut Vec<Option<Arc<Entry>>>, sid: Sid, entry: Option<Arc<Entry>>) {
    let at = sid.0 as usize;
    if slots.len() <= at {
        slots.resize(at + 1, None);
    }
    slots[at] = entry;
}

/// Keys are hashes already.
#[derive(Default)]
pub(super) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64(bytes);
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

#[cfg(test)]
#[path = "catalog_tests.rs"]
mod tests;
