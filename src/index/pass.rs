//! The one pass over matching documents: sessions, totals and facets.

use super::days::Days;
use super::groups::{Best, Groups};
use super::plan::{DAY, DROP, HIDDEN, MODEL, Miss, Plan, ROLE, SESSION, TOOL};
use super::rows::{NO_TIME, Row, Unpacked};
use super::view::View;
use super::word::Scale;
use super::{Facets, SessionAttrs, SessionCounts, Sort};
use crate::model::{Day, Role, Sid};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tantivy::query::Weight;
use tantivy::{DocAddress, DocId, SegmentReader};

const DAY_MS: f32 = 86_400_000.0;
/// By role code: user, assistant, thinking, tool, output, system.
const ROLE_WEIGHTS: [f32; 8] = [1.3, 1.0, 0.7, 0.8, 0.6, 0.6, 0.6, 0.6];
/// What the newest message gains over a very old one.
const RECENCY: f32 = 0.1;
const RECENCY_DAYS: f32 = 60.0;
pub(super) struct Pass<'a> {
    plan: &'a Plan,
    attrs: &'a SessionAttrs,
    scale: Scale,
    /// Newest message of the index: what "recent" is measured from, since no clock is read here.
    newest: i64,
    days: Days,
    pub groups: Groups,
    pub messages: u64,
    pub hidden_messages: u64,
    hidden: Vec<bool>,
    pub hidden_sessions: u64,
    /// Every match, for those who want them all.
    pub listed: Option<Vec<DocAddress>>,
    counts: Counts,
}

/// Facet counts as they grow. Facets of sessions are added up from the sessions' counts at the end.
struct Counts {
    /// By sid: documents that would pass but for one facet of their session.
    near: Vec<u32>,
    roles: [u64; 8],
    tools: HashMap<String, u64>,
    models: HashMap<String, u64>,
    days: BTreeMap<Day, u64>,
}

impl<'a> Pass<'a> {
    pub fn new(
        plan: &'a Plan,
        attrs: &'a SessionAttrs,
        zone: &jiff::tz::TimeZone,
        scale: Scale,
        newest: i64,
    ) -> Pass<'a> {
        Pass {
            plan,
            attrs,
            scale,
            newest,
            days: Days::new(zone),
            groups: Groups::new(attrs.rows.len()),
            messages: 0,
            hidden_messages: 0,
            hidden: vec![false; attrs.rows.len()],
            hidden_sessions: 0,
            listed: None,
            counts: Counts {
                near: vec![0; attrs.rows.len()],
                roles: [0; 8],
                tools: HashMap::new(),
                models: HashMap::new(),
                days: BTreeMap::new(),
            },
        }
    }

    /// `weight: None` takes every document.
    pub fn segment(
        &mut self,
        ord: u32,
        reader: &SegmentReader,
        columns: Arc<Unpacked>,
        weight: Option<&dyn Weight>,
    ) -> tantivy::Result<()> {
        let mut view = View::open(self.plan, ord, columns)?;
        let alive = reader.alive_bitset();
        let lives = |doc| alive.is_none_or(|alive| alive.is_alive(doc));
        match weight {
            None => {
                for doc in (0..reader.max_doc()).filter(|doc| lives(*doc)) {
                    self.take(&mut view, doc, 0.0);
                }
            }
            Some(weight) if self.plan.sort == Sort::Relevance => {
                weight.for_each(reader, &mut |doc, score| {
                    if lives(doc) {
                        self.take(&mut view, doc, score);
                    }
                })?;
            }
            Some(weight) => weight.for_each_no_score(reader, &mut |docs| {
                for &doc in docs.iter().filter(|doc| lives(**doc)) {
                    self.take(&mut view, doc, 0.0);
                }
            })?,
        }
        view.tools.pour(&mut self.counts.tools)?;
        view.models.pour(&mut self.counts.models)?;
        view.pour_days(&mut self.counts.days);
        Ok(())
    }

    #[inline]
    fn take(&mut self, view: &mut View, doc: DocId, score: f32) {
        let plan = self.plan;
        let row = view.columns.rows[doc as usize];
        let head = row.head();
        let sid = head.sid();
        let Some(&session) = plan.sids.get(sid as usize) else {
            return;
        };
        let mut fails = session | plan.roles[head.role()];
        if fails & DROP != 0 || plan.failed.is_some_and(|failed| failed != head.failed()) {
            return;
        }
        fails |= view.tools.flags(doc, row.tool()) | view.models.flags(doc, row.model());
        // a message without a time is in no span
        let outside = |(from, to): (i64, i64)| row.at == NO_TIME || row.at < from || row.at >= to;
        if plan.times.is_some_and(outside) {
            return;
        }
        if plan.day_tick.is_some_and(outside) {
            fails |= DAY;
        }
        if fails & DROP != 0 {
            return;
        }
        if fails & HIDDEN != 0 {
            if fails == HIDDEN {
                self.hide(sid);
            }
            return;
        }
        if fails & (fails.wrapping_sub(1)) != 0 {
            return;
        }
        if fails == 0 {
            self.messages += 1;
            let key = self.key(score, row);
            let address = DocAddress::new(view.ord, doc);
            self.groups.add(sid, Best { key, address });
            if let Some(listed) = &mut self.listed {
                listed.push(address);
            }
        }
        if plan.facets {
            self.count(view, doc, fails, row);
        }
    }

    fn hide(&mut self, sid: u32) {
        self.hidden_messages += 1;
        let seen = &mut self.hidden[sid as usize];
        self.hidden_sessions += u64::from(!*seen);
        *seen = true;
    }

    #[inline]
    fn key(&self, score: f32, row: Row) -> i64 {
        match self.plan.sort {
            Sort::Newest => row.at,
            Sort::Oldest if row.at == NO_TIME => i64::MIN,
            Sort::Oldest => -row.at,
            Sort::Relevance => {
                let (lift, bm25) = self.scale.split(score);
                let age = self.newest.saturating_sub(row.at) as f32 / DAY_MS;
                let recency = 1.0 + RECENCY * RECENCY_DAYS / (RECENCY_DAYS + age.max(0.0));
                key_of(lift + bm25 * ROLE_WEIGHTS[row.head().role()] * recency)
            }
        }
    }

    #[inline]
    fn count(&mut self, view: &mut View, doc: DocId, fails: u8, row: Row) {
        let either = |bit: u8| fails == 0 || fails == bit;
        if either(ROLE) {
            self.counts.roles[row.head().role()] += 1;
        }
        if either(TOOL) {
            view.tools.count(doc, row.tool());
        }
        if either(MODEL) {
            view.models.count(doc, row.model());
        }
        if either(DAY) && row.at != NO_TIME {
            view.count_day(self.days.day(row.at));
        }
        if fails == SESSION {
            self.counts.near[row.head().sid() as usize] += 1;
        }
    }

    /// Adds what another pass found in other segments.
    pub fn absorb(&mut self, other: Pass<'_>) {
        self.messages += other.messages;
        self.hidden_messages += other.hidden_messages;
        for (seen, too) in self.hidden.iter_mut().zip(other.hidden) {
            self.hidden_sessions += u64::from(too && !*seen);
            *seen |= too;
        }
        self.groups.absorb(other.groups);
        let (mine, its) = (&mut self.counts, other.counts);
        for (count, more) in mine.near.iter_mut().zip(its.near) {
            *count += more;
        }
        for (count, more) in mine.roles.iter_mut().zip(its.roles) {
            *count += more;
        }
        for (name, count) in its.tools {
            *mine.tools.entry(name).or_default() += count;
        }
        for (name, count) in its.models {
            *mine.models.entry(name).or_default() += count;
        }
        for (day, count) in its.days {
            *mine.days.entry(day).or_default() += count;
        }
    }

    fn found(&self) -> impl Iterator<Item = (u32, u32)> {
        self.groups
            .list
            .iter()
            .map(|group| (group.sid, group.count))
    }

    fn missing(&self) -> impl Iterator<Item = (u32, u32)> {
        let near = self.counts.near.iter().enumerate();
        near.filter(|(_, count)| **count > 0)
            .map(|(sid, count)| (sid as u32, *count))
    }

    /// Matching documents by session: of those found, and of those the asker's facets are next to.
    pub fn sessions(&self) -> (SessionCounts, SessionCounts) {
        if !self.plan.facets {
            return Default::default();
        }
        let named = |(sid, count)| (Sid(sid), count);
        let by_asker = |(sid, _): &(u32, u32)| self.plan.misses[*sid as usize] == Some(Miss::Asker);
        (
            self.found().map(named).collect(),
            self.missing().filter(by_asker).map(named).collect(),
        )
    }

    pub fn facets(&mut self) -> Facets {
        if !self.plan.facets {
            return Facets::default();
        }
        let mut agents = vec![0; self.attrs.agents.len()];
        let mut projects = vec![0; self.attrs.projects.len()];
        let found = self.found().map(|(sid, count)| (sid, count, None));
        let near = self.missing();
        let near = near.map(|(sid, count)| (sid, count, self.plan.misses[sid as usize]));
        for (sid, count, miss) in found.chain(near) {
            let row = self.attrs.rows[sid as usize];
            if miss.is_none_or(|miss| miss == Miss::Agent) {
                agents[usize::from(row.agent)] += u64::from(count);
            }
            if miss.is_none_or(|miss| miss == Miss::Project) {
                projects[row.project as usize] += u64::from(count);
            }
        }
        let counts = &mut self.counts;
        let named = |names: &[String], counts: &[u64]| {
            ordered(names.iter().cloned().zip(counts.iter().copied()))
        };
        Facets {
            agents: named(&self.attrs.agents, &agents),
            projects: named(&self.attrs.projects, &projects),
            roles: ordered(
                Role::ALL
                    .iter()
                    .map(|role| role.as_str().to_owned())
                    .zip(counts.roles),
            ),
            tools: ordered(counts.tools.drain()),
            models: ordered(counts.models.drain()),
            days: std::mem::take(&mut counts.days).into_iter().collect(),
        }
    }
}

/// A score as a number that orders the same.
fn key_of(score: f32) -> i64 {
    i64::from(score.max(0.0).to_bits())
}

pub(super) fn score_of(key: i64) -> f32 {
    f32::from_bits(key as u32)
}

fn ordered(counts: impl Iterator<Item = (String, u64)>) -> Vec<(String, u64)> {
    let mut counts: Vec<_> = counts.filter(|(_, n)| *n > 0).collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts
}
