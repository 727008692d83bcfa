//! Days, newest first, each with the sessions that were at work on it.
//!
//! Only the sessions that may have been at work on the days of one page are read: those whose span
//! reaches them, newest first, until nothing older can.

use super::Engine;
use super::catalog::{Catalog, Entry, FIRST_DAY, NONE};
use super::cost::{Pricer, cost_view};
use super::sessions::select;
use super::view::*;
use crate::model::{Day, DayStats};
use crate::store::Reader;
use anyhow::Result;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

impl Engine {
    /// One page of the timeline.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn timeline(&self, query: &TimelineQuery) -> Result<TimelinePage> {
        let catalog = self.catalog.get()?;
        let selection = select(&catalog, &query.filters, "");
        let to = match (query.filters.to, query.until) {
            (Some(to), Some(until)) => to.min(until).0,
            (to, until) => to.or(until).map_or(i32::MAX, |day| day.0),
        };
        let mut walk = Walk {
            catalog: &catalog,
            reader: self.store.read()?,
            pricer: self.catalog.pricer(),
            from: query
                .filters
                .from
                .map_or(FIRST_DAY, |day| day.0.max(FIRST_DAY)),
            to,
            days: BTreeMap::new(),
        };
        let unseen = selection.hidden.iter().chain(&selection.empty);
        let mut entries: Vec<(&Arc<Entry>, bool)> = selection
            .shown
            .iter()
            .map(|entry| (*entry, true))
            .chain(unseen.map(|entry| (*entry, false)))
            .filter(|(entry, _)| entry.first_day <= entry.last_day)
            .collect();
        entries.sort_by_key(|(entry, _)| std::cmp::Reverse(entry.last_day));
        let rest = walk.read(&entries, query.days)?;
        let mut months: Vec<Day> = Vec::new();
        let spans = selection.counts.days();
        for (day, _) in spans.iter().rev() {
            let first = Day::from_date(day.date().first_of_month());
            if months.last() != Some(&first) {
                months.push(first);
            }
        }
        let (days, next) = walk.page(query.days, rest);
        Ok(TimelinePage {
            days,
            next,
            months,
            spans,
            shown_sessions: selection.shown.len(),
            hidden_sessions: selection.hidden.len(),
            empty_sessions: selection.empty.len(),
            untimed_sessions: selection
                .shown
                .iter()
                .filter(|entry| entry.first_day > entry.last_day)
                .count(),
            facets: selection.counts.lists(&query.filters),
            generation: catalog.generation,
        })
    }
}

/// One page in the making.
struct Walk<'c> {
    catalog: &'c Catalog,
    reader: Reader,
    pricer: Pricer,
    from: i32,
    to: i32,
    days: BTreeMap<i32, Draft>,
}

/// A day in the making.
#[derive(Default)]
struct Draft {
    day: TimelineDay,
    cost: Amount,
    conversations: HashSet<u64>,
}

impl Walk<'_> {
    /// Reads sessions, those that ended last first, until the newest `wanted` days are whole; the last
    /// day of what was not read.
    fn read(&mut self, entries: &[(&Arc<Entry>, bool)], wanted: usize) -> Result<Option<i32>> {
        for (entry, shown) in entries {
            if entry.last_day < self.from {
                break;
            }
            if entry.first_day > self.to {
                continue;
            }
            if self.days.len() >= wanted {
                let oldest = self.days.keys().rev().nth(wanted.saturating_sub(1));
                if oldest.is_some_and(|oldest| entry.last_day < *oldest) {
                    return Ok(Some(entry.last_day));
                }
            }
            self.add(entry, *shown)?;
        }
        Ok(None)
    }

    fn add(&mut self, entry: &Arc<Entry>, shown: bool) -> Result<()> {
        let days = self.reader.days(entry.sid)?;
        let timed = days.keys().filter(|day| day.0 >= FIRST_DAY).count();
        if timed == 0 && shown && (self.from..=self.to).contains(&entry.last_day) {
            self.put_whole(entry);
        }
        for (nth, (day, stats)) in days
            .iter()
            .filter(|(day, _)| day.0 >= FIRST_DAY)
            .enumerate()
        {
            if (self.from..=self.to).contains(&day.0) {
                self.put(entry, shown, *day, stats, (nth + 1, timed));
            }
        }
        Ok(())
    }

    fn put(
        &mut self,
        entry: &Arc<Entry>,
        shown: bool,
        day: Day,
        stats: &DayStats,
        part: (usize, usize),
    ) {
        let mut amount = Amount::default();
        for bucket in &stats.usage {
            amount += &self.pricer.amount(day, bucket);
        }
        let hour = stats.by_hour.iter().position(|count| *count > 0);
        let hour = hour.or_else(|| stats.usage.first().map(|bucket| usize::from(bucket.hour)));
        let at = match stats.first_prompt_at {
            0 => hour.map(|hour| self.pricer.at(day, hour as u8)),
            at => Some(at),
        };
        let conversation = conversation(self.catalog, entry);
        let draft = self.days.entry(day.0).or_default();
        draft.cost += &amount;
        if !shown {
            draft.day.hidden += 1;
            draft.day.hidden_cost += amount.cost;
            return;
        }
        draft.conversations.insert(conversation);
        draft.day.sessions += 1;
        draft.day.prompts += u64::from(stats.prompts);
        draft.day.messages += u64::from(stats.messages);
        draft.day.active_ms += stats.active_ms();
        for (sum, count) in draft.day.by_hour.iter_mut().zip(stats.by_hour) {
            *sum += u32::from(count);
        }
        draft.day.rows.push(TimelineRow {
            at,
            prompts: stats.prompts,
            messages: stats.messages,
            active_ms: stats.active_ms(),
            by_hour: stats.by_hour,
            part,
            cost: CostView {
                unrecorded: amount.responses == 0 && entry.summary.assistant_messages > 0,
                ..cost_view(&amount)
            },
            ..row(self.catalog, entry)
        });
    }

    /// A session whose records carry no times, of which only its span is known: it stands on its last
    /// day, with all that it is.
    fn put_whole(&mut self, entry: &Arc<Entry>) {
        let conversation = conversation(self.catalog, entry);
        let draft = self.days.entry(entry.last_day).or_default();
        let s = &entry.summary;
        draft.conversations.insert(conversation);
        draft.day.sessions += 1;
        draft.day.prompts += u64::from(s.prompts);
        draft.day.messages += u64::from(s.messages);
        draft.day.rows.push(TimelineRow {
            prompts: s.prompts,
            messages: s.messages,
            part: (1, 1),
            whole: true,
            cost: CostView {
                unrecorded: true,
                ..CostView::default()
            },
            ..row(self.catalog, entry)
        });
    }

    /// The newest days, and the day that the next page begins with.
    fn page(self, wanted: usize, rest: Option<i32>) -> (Vec<TimelineDay>, Option<Day>) {
        let mut days = self.days.into_iter().rev();
        let page = days
            .by_ref()
            .take(wanted)
            .map(|(day, draft)| finished(Day(day), draft))
            .collect();
        let next = days.next().map(|(day, _)| day).max(rest);
        (page, next.map(Day))
    }
}

fn finished(day: Day, draft: Draft) -> TimelineDay {
    let mut done = TimelineDay {
        day,
        conversations: draft.conversations.len(),
        cost: cost_view(&draft.cost),
        ..draft.day
    };
    // within a day as between days: what came last stands first, what has no time last of all
    done.rows
        .sort_by_key(|row| (std::cmp::Reverse(row.at), row.sid));
    done
}

fn row(catalog: &Catalog, entry: &Arc<Entry>) -> TimelineRow {
    TimelineRow {
        sid: entry.sid,
        session: entry.summary.clone(),
        agent: Some(entry.info),
        project: catalog.project(entry).name.clone(),
        starred: catalog.starred.contains(&entry.sid),
        ..TimelineRow::default()
    }
}

fn conversation(catalog: &Catalog, entry: &Entry) -> u64 {
    match catalog.conversation(entry.sid) {
        NONE => 1 << 32 | u64::from(entry.sid.0),
        number => u64::from(number),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, day_of, session};
    use super::*;
    use crate::model::{HelperReason, SessionSummary};

    const FIRST: i32 = 20_758; // 2026-11-01

    fn spanning(native: &str, days: &[i32]) -> (SessionSummary, Vec<(Day, DayStats)>) {
        let ms = |day: i32| i64::from(FIRST + day) * 86_400_000 + 9 * 3_600_000;
        let summary = SessionSummary {
            first_at: days.first().map(|day| ms(*day)),
            last_at: days.last().map(|day| ms(*day) + 60_000),
            prompts: days.len() as u32,
            ..session(native, "/p/a", native)
        };
        let rows = days.iter().map(|day| {
            let mut stats = day_of("claude-opus-4-8", 9, 1_000);
            stats.first_prompt_at = ms(*day);
            stats.last_prompt_at = ms(*day) + 1_800_000;
            (Day(FIRST + day), stats)
        });
        (summary, rows.collect())
    }

    fn days(page: &TimelinePage) -> Vec<(i32, Vec<&str>)> {
        page.days
            .iter()
            .map(|day| {
                let rows = day.rows.iter();
                let names = rows.map(|row| row.session.key.native.as_str()).collect();
                (day.day.0 - FIRST, names)
            })
            .collect()
    }

    #[test]
    fn a_long_session_stands_on_each_of_its_days_with_what_that_day_had() {
        let bench = Bench::new();
        for (name, list) in [("long", &[0, 2, 9][..]), ("short", &[2]), ("last", &[9])] {
            let (summary, rows) = spanning(name, list);
            bench.put(&summary, &rows);
        }
        let ask = |until: Option<i32>, days: usize| TimelineQuery {
            until: until.map(|day| Day(FIRST + day)),
            days,
            ..TimelineQuery::default()
        };
        let page = bench.engine.timeline(&ask(None, 2)).unwrap();
        assert_eq!(
            days(&page),
            [(9, vec!["long", "last"]), (2, vec!["long", "short"])]
        );
        assert_eq!(page.next, Some(Day(FIRST)));
        let day = &page.days[0];
        assert_eq!(
            (day.prompts, day.conversations, day.active_ms),
            (2, 2, 3_600_000)
        );
        assert_eq!(
            day.cost.micros, 10_000,
            "two responses of 1,000 tokens at $5"
        );
        assert_eq!(day.rows[0].part, (3, 3));
        assert_eq!(day.rows[0].cost.micros, 5_000);
        assert_eq!(day.by_hour[9], 4);

        let page = bench.engine.timeline(&ask(Some(8), 2)).unwrap();
        assert_eq!(days(&page), [(2, vec!["long", "short"]), (0, vec!["long"])]);
        assert_eq!(page.next, None);
        let page = bench.engine.timeline(&ask(Some(-1), 2)).unwrap();
        assert!(page.days.is_empty() && page.next.is_none());
    }

    #[test]
    fn helper_runs_are_in_the_days_cost_and_not_in_its_list() {
        let bench = Bench::new();
        let (mut helper, rows) = spanning("lane", &[1]);
        helper.helper = Some(HelperReason::Scripted);
        bench.put(&helper, &rows);
        let query = TimelineQuery {
            days: 5,
            ..TimelineQuery::default()
        };
        let page = bench.engine.timeline(&query).unwrap();
        let day = &page.days[0];
        assert_eq!((day.sessions, day.rows.len(), day.hidden), (0, 0, 1));
        assert_eq!((day.cost.micros, day.hidden_cost), (5_000, 5_000));
        assert_eq!(page.hidden_sessions, 1);
    }

    #[test]
    fn a_session_without_times_of_its_own_stands_on_its_last_day() {
        let bench = Bench::new();
        let (summary, _) = spanning("bare", &[0, 4]);
        bench.put(&summary, &[]);
        let query = TimelineQuery {
            days: 5,
            ..TimelineQuery::default()
        };
        let page = bench.engine.timeline(&query).unwrap();
        assert_eq!(days(&page), [(4, vec!["bare"])]);
        assert!(page.days[0].rows[0].whole);
        assert_eq!(page.days[0].prompts, 2);
    }
}
