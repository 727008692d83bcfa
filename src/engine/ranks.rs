//! Who leads: conversations, prompts and hours by agent, model and project, and the records.

use super::catalog::NONE;
use super::report::{Dress, agent_dress, model_dress, path_dress};
use super::tally::{Applied, Tally};
use super::view::{Rank, Ranks, Record};
use crate::model::{Day, Sid};
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// Rows of a list.
const ROWS: usize = 50;

/// Equal for runs of one conversation; a session that never groups is one of its own.
type Conversation = u64;

/// Things that are counted once each, by what they are counted for.
struct Distinct<K>(HashSet<(K, Conversation)>);

impl<K: Copy + Eq + Hash> Distinct<K> {
    fn new() -> Distinct<K> {
        Distinct(HashSet::new())
    }
    fn counts(&self) -> HashMap<K, u64> {
        let mut counts = HashMap::new();
        for (key, _) in &self.0 {
            *counts.entry(*key).or_default() += 1;
        }
        counts
    }
}

/// What one name gathered.
#[derive(Default)]
struct Sum {
    prompts: u64,
    active_ms: i64,
    tokens: u64,
    cost: i64,
    responses: u64,
    unpriced: u64,
}

/// One list in the making.
struct List<K> {
    sums: HashMap<K, Sum>,
    conversations: Distinct<K>,
}

impl<K: Copy + Eq + Hash> List<K> {
    fn new() -> List<K> {
        List {
            sums: HashMap::new(),
            conversations: Distinct::new(),
        }
    }

    fn rows<'n>(
        self,
        name: impl Fn(K) -> &'n str,
        dress: Dress,
        weight: fn(&Rank) -> (i64, u64),
    ) -> Vec<Rank> {
        let conversations = self.conversations.counts();
        let mut rows: Vec<Rank> = self
            .sums
            .into_iter()
            .map(|(key, sum)| {
                let (label, color) = dress(name(key));
                Rank {
                    name: name(key).to_owned(),
                    label,
                    color,
                    conversations: conversations.get(&key).copied().unwrap_or(0),
                    prompts: sum.prompts,
                    active_ms: sum.active_ms,
                    tokens: sum.tokens,
                    cost: sum.cost,
                    unpriced: sum.responses > 0 && sum.unpriced == sum.responses,
                }
            })
            .filter(|row| row.conversations > 0 || row.tokens > 0)
            .collect();
        rows.sort_by(|a, b| weight(b).cmp(&weight(a)).then_with(|| a.name.cmp(&b.name)));
        rows.truncate(ROWS);
        rows
    }
}

impl Tally {
    /// The lists, and how many conversations each day had.
    pub(super) fn ranks(&self, today: Day) -> (Ranks, HashMap<Day, u64>) {
        let monday = Day(today.0 - i32::from(today.date().weekday().to_monday_zero_offset()));
        let mut days: Distinct<Day> = Distinct::new();
        let mut week: HashSet<Conversation> = HashSet::new();
        let (mut agents, mut models) = (List::<u32>::new(), List::<u32>::new());
        let mut projects = List::<&str>::new();
        let (mut longest, mut fullest) = (None, None);
        for (sid, one) in self.applied() {
            let conversation = self.conversation(sid);
            let project = &*self.catalog.project(&one.entry).name;
            let project = project.repo.as_deref().unwrap_or(&project.path);
            let lists = (
                agents.sums.entry(u32::from(one.entry.agent)).or_default(),
                projects.sums.entry(project).or_default(),
            );
            for sum in [lists.0, lists.1] {
                sum.tokens += one.used.tokens.total();
                sum.cost += one.used.cost;
                sum.responses += one.used.responses;
                sum.unpriced += one.used.unpriced_responses;
                if one.shown {
                    for facts in self.facts(one) {
                        sum.prompts += u64::from(facts.prompts);
                        sum.active_ms += facts.active_ms;
                    }
                }
            }
            for cell in self.cells(one) {
                let sum = models.sums.entry(cell.place.model).or_default();
                sum.tokens += cell.amount.tokens.total();
                sum.cost += cell.amount.cost;
                sum.responses += cell.amount.responses;
                sum.unpriced += cell.amount.unpriced_responses;
                if one.shown {
                    models
                        .conversations
                        .0
                        .insert((cell.place.model, conversation));
                }
            }
            if !one.shown {
                continue;
            }
            let agent = u32::from(one.entry.agent);
            agents.conversations.0.insert((agent, conversation));
            projects.conversations.0.insert((project, conversation));
            let (mut active, mut messages) = (0, 0);
            for facts in self.facts(one) {
                active += facts.active_ms;
                messages += i64::from(facts.messages);
                days.0.insert((facts.day, conversation));
                if monday <= facts.day && facts.day <= today {
                    week.insert(conversation);
                }
            }
            beat(&mut longest, one, active);
            beat(&mut fullest, one, messages);
        }
        let days = days.counts();
        let by_prompts: fn(&Rank) -> (i64, u64) = |row| (row.prompts as i64, row.conversations);
        let tables = &self.catalog.tables;
        let ranks = Ranks {
            conversations_today: days.get(&today).copied().unwrap_or(0),
            conversations_week: week.len() as u64,
            agents: agents.rows(|id| tables.agents.get(id), agent_dress, by_prompts),
            models: models.rows(
                |id| self.ledger.models.get(id),
                model_dress,
                |row| (row.cost, row.tokens),
            ),
            projects: projects.rows(|name| name, path_dress, by_prompts),
            longest,
            fullest,
        };
        (ranks, days)
    }

    fn conversation(&self, sid: Sid) -> Conversation {
        match self.catalog.conversation(sid) {
            NONE => 1 << 32 | u64::from(sid.0),
            number => u64::from(number),
        }
    }

    fn facts<'a>(
        &'a self,
        one: &'a Applied,
    ) -> impl Iterator<Item = &'a super::ledger::DayFacts> + 'a {
        let days = one.rows.iter().flat_map(|rows| rows.days.iter());
        days.filter(|facts| self.gate().day(facts.day))
    }

    fn cells<'a>(&'a self, one: &'a Applied) -> impl Iterator<Item = &'a super::ledger::Cell> + 'a {
        let cells = one.rows.iter().flat_map(|rows| rows.cells.iter());
        cells.filter(|cell| self.gate().lets(cell.place))
    }
}

/// The greater one; of equals the one that came first.
fn beat(record: &mut Option<Record>, one: &Applied, value: i64) {
    if value <= record.as_ref().map_or(0, |record| record.value) {
        return;
    }
    *record = Some(Record {
        id: one.entry.summary.key.to_string(),
        name: one.entry.summary.name().to_owned(),
        agent: one.entry.info.id.to_owned(),
        value,
    });
}
