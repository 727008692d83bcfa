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

/// Everything that is ranked, in the making.
struct Gathered<'t> {
    agents: List<u32>,
    models: List<u32>,
    projects: List<&'t str>,
    days: Distinct<Day>,
    week: HashSet<Conversation>,
    longest: Option<Record>,
    fullest: Option<Record>,
}

impl Tally {
    /// The lists, and how many conversations each day had.
    pub(super) fn ranks(&self, today: Day) -> (Ranks, HashMap<Day, u64>) {
        let monday = Day(today.0 - i32::from(today.date().weekday().to_monday_zero_offset()));
        let mut all = Gathered {
            agents: List::new(),
            models: List::new(),
            projects: List::new(),
            days: Distinct::new(),
            week: HashSet::new(),
            longest: None,
            fullest: None,
        };
        for (sid, one) in self.applied() {
            let conversation = self.conversation(sid);
            self.spent(&mut all, one, conversation);
            if one.shown {
                self.done(&mut all, one, conversation, (monday, today));
            }
        }
        let days = all.days.counts();
        let tables = &self.catalog.tables;
        let by_prompts: fn(&Rank) -> (i64, u64) = |row| (row.prompts as i64, row.conversations);
        let by_cost: fn(&Rank) -> (i64, u64) = |row| (row.cost, row.tokens);
        let (agent, model) = (|id| tables.agents.get(id), |id| self.ledger.models.get(id));
        let ranks = Ranks {
            conversations_today: days.get(&today).copied().unwrap_or(0),
            conversations_week: all.week.len() as u64,
            agents: all.agents.rows(agent, agent_dress, by_prompts),
            models: all.models.rows(model, model_dress, by_cost),
            projects: all.projects.rows(|name| name, path_dress, by_prompts),
            longest: all.longest,
            fullest: all.fullest,
        };
        (ranks, days)
    }

    /// Money and tokens of any run.
    fn spent<'t>(&'t self, all: &mut Gathered<'t>, one: &'t Applied, of: Conversation) {
        let agent = all.agents.sums.entry(u32::from(one.entry.agent));
        let project = all.projects.sums.entry(self.root(one));
        for sum in [agent.or_default(), project.or_default()] {
            sum.tokens += one.used.tokens.total();
            sum.cost += one.used.cost;
            sum.responses += one.used.responses;
            sum.unpriced += one.used.unpriced_responses;
        }
        for cell in self.cells(one) {
            let model = cell.place.model;
            let sum = all.models.sums.entry(model).or_default();
            sum.tokens += cell.amount.tokens.total();
            sum.cost += cell.amount.cost;
            sum.responses += cell.amount.responses;
            sum.unpriced += cell.amount.unpriced_responses;
            if one.shown {
                all.models.conversations.0.insert((model, of));
            }
        }
    }

    /// What people did in a session that is shown.
    fn done<'t>(
        &'t self,
        all: &mut Gathered<'t>,
        one: &'t Applied,
        of: Conversation,
        (monday, today): (Day, Day),
    ) {
        let (agent, project) = (u32::from(one.entry.agent), self.root(one));
        all.agents.conversations.0.insert((agent, of));
        all.projects.conversations.0.insert((project, of));
        let (mut prompts, mut active, mut messages) = (0, 0, 0);
        for facts in self.facts(one) {
            prompts += u64::from(facts.prompts);
            active += facts.active_ms;
            messages += i64::from(facts.messages);
            all.days.0.insert((facts.day, of));
            if monday <= facts.day && facts.day <= today {
                all.week.insert(of);
            }
        }
        let agent = all.agents.sums.entry(agent);
        let project = all.projects.sums.entry(project);
        for sum in [agent.or_default(), project.or_default()] {
            sum.prompts += prompts;
            sum.active_ms += active;
        }
        beat(&mut all.longest, one, active);
        beat(&mut all.fullest, one, messages);
    }

    /// Repository, or the folder that lies in none.
    fn root(&self, one: &Applied) -> &str {
        let name = &*self.catalog.project(&one.entry).name;
        name.repo.as_deref().unwrap_or(&name.path)
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
