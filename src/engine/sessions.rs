//! The session list: one pass over the catalog, conversations, groups, one page of cards.

use super::catalog::{Catalog, Entry, NONE, Project};
use super::counts::FacetCounts;
use super::filter::Matcher;
use super::names::last_segment;
use super::view::*;
use super::{Engine, Row, Rows};
use crate::config::now_ms;
use crate::model::{Day, Sid};
use anyhow::Result;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A transcript that grew this recently is being written.
pub const LIVE_MS: i64 = 60_000;
/// Runs of one conversation that have a card when they are shown; the others are folded.
const RUNS: usize = 30;

/// A conversation on its way to a card: its newest matching session and the others behind it.
pub(super) struct Draft<'c> {
    pub newest: &'c Arc<Entry>,
    pub more: Vec<&'c Arc<Entry>>,
    starred: bool,
}

impl Draft<'_> {
    fn members(&self) -> impl Iterator<Item = &Entry> {
        std::iter::once(self.newest)
            .chain(self.more.iter().copied())
            .map(|entry| &**entry)
    }
}

/// What matches, before any page is cut.
pub(super) struct Selection<'c> {
    /// Newest first.
    pub shown: Vec<&'c Arc<Entry>>,
    pub hidden: Vec<&'c Arc<Entry>>,
    /// Without any message, and not hidden for another reason.
    pub empty: Vec<&'c Arc<Entry>>,
    pub counts: FacetCounts<'c>,
}

pub(super) fn select<'c>(catalog: &'c Catalog, filters: &'c Filters, text: &str) -> Selection<'c> {
    let matcher = Matcher::new(catalog, filters, text);
    let mut selection = Selection {
        shown: Vec::new(),
        hidden: Vec::new(),
        empty: Vec::new(),
        counts: FacetCounts::new(catalog),
    };
    for entry in catalog.iter() {
        let misses = matcher.misses(entry);
        let empty = entry.summary.is_empty() && !filters.include_empty;
        if entry.hidden && !filters.with_helpers() {
            if !empty {
                selection.counts.add_helper(entry, misses);
            }
            if misses.none() {
                selection.hidden.push(entry);
            }
            continue;
        }
        if empty {
            if misses.none() {
                selection.empty.push(entry);
            }
            continue;
        }
        selection.counts.add(entry, misses);
        if misses.none() {
            selection.shown.push(entry);
        }
    }
    selection
}

/// Joins sessions, newest first, into conversations, newest first.
pub(super) fn conversations<'c>(catalog: &Catalog, shown: &[&'c Arc<Entry>]) -> Vec<Draft<'c>> {
    let mut drafts: Vec<Draft<'c>> = Vec::new();
    let mut place = vec![NONE; catalog.conversation_count];
    for entry in shown {
        let starred = catalog.starred.contains(&entry.sid);
        let number = catalog.conversation(entry.sid);
        if number != NONE {
            let known = place[number as usize];
            if known != NONE {
                let draft = &mut drafts[known as usize];
                draft.more.push(entry);
                draft.starred |= starred;
                continue;
            }
            place[number as usize] = drafts.len() as u32;
        }
        drafts.push(Draft {
            newest: entry,
            more: Vec::new(),
            starred,
        });
    }
    drafts
}

impl Engine {
    pub(super) fn list_sessions(&self, query: &SessionsQuery) -> Result<SessionsPage> {
        let catalog = self.catalog.get()?;
        self.price_for(&catalog, &query.filters)?;
        if self.status.get().listing_complete {
            self.catalog.price_soon(&catalog)?;
        }
        let selection = select(&catalog, &query.filters, &query.text);
        let mut drafts = conversations(&catalog, &selection.shown);
        self.sort(&catalog, &mut drafts, query.sort)?;
        let total = drafts.len();
        let end = query.offset.saturating_add(query.limit);
        let groups = match query.group {
            GroupBy::Conversation => self.cut_runs(&catalog, drafts, query)?,
            _ => self.cut(&catalog, group(&catalog, drafts, query), query.offset, end)?,
        };
        Ok(SessionsPage {
            groups,
            total,
            shown_sessions: selection.shown.len(),
            hidden_sessions: selection.hidden.len(),
            empty_sessions: selection.empty.len(),
            all_sessions: selection.shown.len() + selection.hidden.len() + selection.empty.len(),
            next: (end < total).then_some(end),
            facets: selection.counts.lists(&query.filters),
            days: selection.counts.days(),
            generation: catalog.generation,
        })
    }

    pub(super) fn list_rows(&self, query: &SessionsQuery) -> Result<Rows> {
        let catalog = self.catalog.get()?;
        self.price_for(&catalog, &query.filters)?;
        let selection = select(&catalog, &query.filters, &query.text);
        let single = |entry| Draft {
            newest: entry,
            more: Vec::new(),
            starred: false,
        };
        let mut drafts: Vec<Draft> = selection.shown.iter().copied().map(single).collect();
        self.sort(&catalog, &mut drafts, query.sort)?;
        let rows = drafts.iter().skip(query.offset).take(query.limit);
        let rows = rows
            .map(|draft| (draft.newest.sid, draft.newest.summary.clone()))
            .collect();
        Ok(Rows {
            rows,
            total: selection.shown.len(),
            hidden: selection.hidden.len(),
            empty: selection.empty.len(),
        })
    }

    pub(super) fn cards_of(&self, rows: &[Row]) -> Result<Vec<Card>> {
        let catalog = self.catalog.get()?;
        let mut desk = self.desk(&catalog)?;
        // a session that went away since is left out: there is nothing to say of it
        let entries = rows.iter().filter_map(|(sid, _)| catalog.get(*sid));
        entries.map(|entry| desk.card(entry, &[])).collect()
    }

    /// Drafts come newest first and every sort is stable.
    fn sort(&self, catalog: &Catalog, drafts: &mut [Draft], sort: SessionSort) -> Result<()> {
        match sort {
            SessionSort::Newest => {}
            SessionSort::Oldest => {
                drafts.reverse();
                // sessions without a time stay last
                drafts.sort_by_key(|draft| draft.newest.summary.last_at.is_none());
            }
            SessionSort::Longest => {
                let length = |draft: &Draft| draft.members().map(|e| e.summary.messages).max();
                drafts.sort_by_cached_key(|draft| std::cmp::Reverse(length(draft)));
            }
            SessionSort::Costliest => {
                self.catalog.price_all(catalog, &self.store.read()?)?;
                let cost = |e: &Entry| e.usage.get().map_or(0, |usage| usage.cost.micros);
                drafts.sort_by_cached_key(|draft| {
                    std::cmp::Reverse(draft.members().map(cost).sum::<i64>())
                });
            }
        }
        Ok(())
    }

    /// Cards of the conversations `from..end`, counted through all groups.
    fn cut(
        &self,
        catalog: &Catalog,
        groups: Vec<Group>,
        from: usize,
        end: usize,
    ) -> Result<Vec<CardGroup>> {
        let mut desk = self.desk(catalog)?;
        let mut page = Vec::new();
        let mut first = 0;
        for group in groups {
            let count = group.drafts.len();
            let range = from.saturating_sub(first).min(count)..end.saturating_sub(first).min(count);
            first += count;
            if range.is_empty() {
                continue;
            }
            let cards = group.drafts[range]
                .iter()
                .map(|draft| desk.card(draft.newest, &draft.more));
            page.push(CardGroup {
                key: group.key,
                label: group.label,
                count,
                cards: cards.collect::<Result<_>>()?,
            });
        }
        Ok(page)
    }

    /// The same with every run of a conversation as a card of its own: a heading where there are
    /// several, none over those that stand alone.
    fn cut_runs(
        &self,
        catalog: &Catalog,
        mut drafts: Vec<Draft>,
        query: &SessionsQuery,
    ) -> Result<Vec<CardGroup>> {
        if query.sort == SessionSort::Newest {
            drafts.sort_by_key(|draft| !draft.starred);
        }
        let mut desk = self.desk(catalog)?;
        let mut page: Vec<CardGroup> = Vec::new();
        for draft in drafts.iter().skip(query.offset).take(query.limit) {
            let mut cards = vec![desk.card(draft.newest, &[])?];
            let (shown, folded) = draft.more.split_at(draft.more.len().min(RUNS - 1));
            for run in shown {
                cards.push(desk.card(run, &[])?);
            }
            if let Some(last) = cards.last_mut() {
                last.more = folded.iter().map(|run| desk.member(run)).collect();
            }
            let alone = draft.more.is_empty();
            match page.last_mut() {
                Some(group) if alone && group.key.is_empty() => {
                    group.count += 1;
                    group.cards.append(&mut cards);
                }
                _ => page.push(CardGroup {
                    key: match alone {
                        true => String::new(),
                        false => draft.newest.summary.key.to_string(),
                    },
                    label: draft.newest.summary.name().to_owned(),
                    count: 1 + draft.more.len(),
                    cards,
                }),
            }
        }
        Ok(page)
    }

    /// A filter by cost needs the cost of every session.
    pub(super) fn price_for(&self, catalog: &Catalog, filters: &Filters) -> Result<()> {
        match filters.costs.is_empty() {
            true => Ok(()),
            false => self.catalog.price_all(catalog, &self.store.read()?),
        }
    }

    pub(super) fn out_of_list(&self, sids: &[Sid], query: &SessionsQuery) -> Result<Vec<Sid>> {
        let catalog = self.catalog.get()?;
        self.price_for(&catalog, &query.filters)?;
        let selection = select(&catalog, &query.filters, &query.text);
        let shown: HashSet<Sid> = selection.shown.iter().map(|entry| entry.sid).collect();
        let out = sids.iter().filter(|sid| !shown.contains(sid));
        Ok(out.copied().collect())
    }

    pub(super) fn desk<'e>(&'e self, catalog: &'e Catalog) -> Result<Desk<'e>> {
        Ok(Desk {
            engine: self,
            catalog,
            reader: self.store.read()?,
            pricer: self.catalog.pricer(),
            now: now_ms(),
        })
    }
}

/// Makes cards from entries of one catalog.
pub(super) struct Desk<'e> {
    engine: &'e Engine,
    catalog: &'e Catalog,
    reader: crate::store::Reader,
    pricer: super::cost::Pricer,
    now: i64,
}

impl Desk<'_> {
    pub fn card(&mut self, entry: &Arc<Entry>, more: &[&Arc<Entry>]) -> Result<Card> {
        let usage = self
            .engine
            .catalog
            .usage(entry, &self.reader, &mut self.pricer)?;
        let children = self.catalog.children(entry);
        let age = entry.summary.last_at.map(|at| self.now - at);
        Ok(Card {
            sid: entry.sid,
            session: entry.summary.clone(),
            agent: entry.info,
            project: (*self.catalog.project(entry).name).clone(),
            starred: self.catalog.starred.contains(&entry.sid),
            tags: self.tags(entry),
            called: entry.called().map(str::to_owned),
            tokens: usage.tokens,
            cost: usage.cost,
            more: more.iter().map(|entry| self.member(entry)).collect(),
            sub_agents: children
                .filter(|child| child.summary.is_sub_agent())
                .count() as u32,
            live: !entry.summary.gone && age.is_some_and(|age| age < LIVE_MS),
        })
    }

    fn tags(&self, entry: &Entry) -> Vec<Tag> {
        let tags = self.catalog.tags.get(&entry.sid).into_iter().flatten();
        let tag = |name: &String| Tag {
            name: name.clone(),
            color: self.catalog.color(name),
        };
        tags.map(tag).collect()
    }

    pub fn member(&self, entry: &Arc<Entry>) -> CardMember {
        CardMember {
            sid: entry.sid,
            session: entry.summary.clone(),
            starred: self.catalog.starred.contains(&entry.sid),
        }
    }
}

struct Group<'c> {
    key: String,
    label: String,
    drafts: Vec<Draft<'c>>,
}

/// Groups in the order of their best card; within a group starred ones first when newest first.
fn group<'c>(catalog: &Catalog, drafts: Vec<Draft<'c>>, query: &SessionsQuery) -> Vec<Group<'c>> {
    let mut groups: Vec<Group<'c>> = Vec::new();
    let mut place: HashMap<String, usize> = HashMap::new();
    for draft in drafts {
        let (key, label) = heading(catalog.project(draft.newest), draft.newest, query.group);
        let at = *place.entry(key).or_insert_with_key(|key| {
            groups.push(Group {
                key: key.clone(),
                label,
                drafts: Vec::new(),
            });
            groups.len() - 1
        });
        groups[at].drafts.push(draft);
    }
    if query.sort == SessionSort::Newest {
        for group in &mut groups {
            group.drafts.sort_by_key(|draft| !draft.starred);
        }
    }
    groups
}

fn heading(project: &Project, entry: &Entry, by: GroupBy) -> (String, String) {
    match by {
        GroupBy::None | GroupBy::Conversation => Default::default(),
        GroupBy::Project => (project.name.path.clone(), project.name.label.clone()),
        GroupBy::Repo => {
            let root = project.name.repo.as_ref().unwrap_or(&project.name.path);
            (root.clone(), last_segment(root).to_owned())
        }
        GroupBy::Day if entry.first_day > entry.last_day => Default::default(),
        GroupBy::Day => {
            let day = Day(entry.last_day).to_string();
            (day.clone(), day)
        }
    }
}

#[cfg(test)]
#[path = "sessions_tests.rs"]
mod tests;
