//! Where one stands against oneself: today, this week, ever; streaks and records. Nobody else is asked.

use super::view::{Analytics, DayAmount, Handle, Leaderboard, Standing, Streaks};
use super::{Engine, view::Job};
use crate::model::Day;
use anyhow::Result;

/// Days of the daily list, today included.
pub const DAILY: i32 = 30;

const ADJECTIVES: [&str; 32] = [
    "amber", "brave", "bright", "brisk", "calm", "candid", "clever", "cosmic", "curious", "deft",
    "eager", "fleet", "gentle", "golden", "happy", "hidden", "keen", "lively", "lucid", "mellow",
    "nimble", "patient", "plucky", "quick", "quiet", "rapid", "silver", "steady", "sunny", "swift",
    "vivid", "witty",
];
const ANIMALS: [&str; 32] = [
    "badger", "beaver", "bison", "crane", "dolphin", "eagle", "falcon", "ferret", "finch", "fox",
    "gecko", "heron", "ibex", "jackal", "koala", "lemur", "lynx", "marten", "moose", "newt",
    "otter", "owl", "panda", "puffin", "raven", "seal", "stoat", "swan", "tapir", "toad", "walrus",
    "wren",
];

impl Engine {
    /// Figures of a job as the leaderboard tells them.
    ///
    /// # Errors
    /// The marks, which hold the handle, cannot be read.
    pub fn leaderboard(&self, job: &Job<Analytics>) -> Result<Leaderboard> {
        let handle = handle(self.marks.anonymous()?);
        Ok(leaderboard(&job.result, handle, self.today()))
    }
}

/// `brave-otter-17`: drawn here, and told to nobody.
fn handle(number: u64) -> Handle {
    let pick = |shift: u32, of: u64| (number >> shift) % of;
    let name = format!(
        "{}-{}-{:02}",
        ADJECTIVES[pick(0, 32) as usize],
        ANIMALS[pick(5, 32) as usize],
        pick(10, 100)
    );
    Handle {
        id: format!("{number:016x}"),
        name,
    }
}

fn leaderboard(figures: &Analytics, anon: Handle, today: Day) -> Leaderboard {
    let monday = Day(today.0 - i32::from(today.date().weekday().to_monday_zero_offset()));
    let days = &figures.by_day;
    let within = |from: Day, to: Day| {
        let some = days
            .iter()
            .filter(move |row| from <= row.day && row.day <= to);
        some.fold(Standing::default(), |sum, row| sum.with(row))
    };
    let active: Vec<Day> = active_days(days).collect();
    let whole = Standing {
        conversations: figures.conversations,
        sessions: figures.sessions_all - figures.sessions_hidden - figures.sessions_empty,
        prompts: figures.prompts,
        messages: figures.messages,
        interactions: figures.prompts + figures.tool_calls,
        active_ms: figures.active_ms,
        cost: figures.total.cost,
        tokens: figures.total.tokens.total(),
    };
    let first = Day(today.0 - DAILY + 1);
    Leaderboard {
        anon,
        today: Standing {
            conversations: figures.ranks.conversations_today,
            ..within(today, today)
        },
        week: Standing {
            conversations: figures.ranks.conversations_week,
            ..within(monday, today)
        },
        monday,
        whole,
        hidden: figures.sessions_hidden,
        streaks: streaks(&active, today),
        active_days: active.len() as u32,
        daily: (first.0..=today.0)
            .map(|day| of_day(days, Day(day)))
            .collect(),
        costliest_day: best(days, |row| row.amount.cost),
        busiest_day: best(days, |row| row.prompts as i64),
        ranks: figures.ranks.clone(),
    }
}

impl Standing {
    /// Conversations are no sum: one that lasts two days is one.
    fn with(mut self, row: &DayAmount) -> Standing {
        self.sessions += row.sessions;
        self.prompts += row.prompts;
        self.messages += row.messages;
        self.interactions += row.prompts + row.tool_calls;
        self.active_ms += row.active_ms;
        self.cost += row.amount.cost;
        self.tokens += row.amount.tokens.total();
        self
    }
}

/// Days on which a session that lists show did anything; oldest first.
pub fn active_days(days: &[DayAmount]) -> impl Iterator<Item = Day> + '_ {
    let active = days.iter().filter(|row| row.sessions > 0);
    active.map(|row| row.day)
}

/// What happened on a day; nothing is a row too.
pub fn of_day(days: &[DayAmount], day: Day) -> DayAmount {
    match days.binary_search_by_key(&day, |row| row.day) {
        Ok(at) => days[at].clone(),
        Err(_) => DayAmount {
            day,
            ..DayAmount::default()
        },
    }
}

/// The greatest; of equals the first.
fn best(days: &[DayAmount], value: fn(&DayAmount) -> i64) -> Option<(Day, i64)> {
    let rows = days.iter().filter(|row| value(row) > 0).rev();
    let best = rows.max_by_key(|row| value(row))?;
    Some((best.day, value(best)))
}

/// Runs of days without a gap, of days oldest first. A day that has only begun breaks nothing: with
/// nothing done today yet, what led up to yesterday still stands.
pub fn streaks(active: &[Day], today: Day) -> Streaks {
    let (mut longest, mut run, mut last) = (0, 0, None);
    let mut current = 0;
    for day in active.iter().filter(|day| **day <= today) {
        run = match last {
            Some(Day(before)) if before + 1 == day.0 => run + 1,
            _ => 1,
        };
        longest = longest.max(run);
        if day.0 >= today.0 - 1 {
            current = run;
        }
        last = Some(*day);
    }
    Streaks {
        current,
        longest,
        today: last == Some(today),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(list: &[i32]) -> Vec<Day> {
        list.iter().map(|day| Day(*day)).collect()
    }

    #[test]
    fn a_day_that_has_only_begun_breaks_no_streak() {
        let told = |list: &[i32]| {
            let s = streaks(&days(list), Day(100));
            (s.current, s.longest, s.today)
        };
        assert_eq!(told(&[]), (0, 0, false));
        assert_eq!(told(&[100]), (1, 1, true));
        assert_eq!(told(&[97, 98, 99]), (3, 3, false), "yesterday counts on");
        assert_eq!(told(&[97, 98, 99, 100]), (4, 4, true));
        assert_eq!(told(&[95, 96, 97, 98]), (0, 4, false), "a day was missed");
        assert_eq!(told(&[90, 91, 92, 93, 99, 100]), (2, 4, true));
        assert_eq!(
            told(&[99, 100, 101]),
            (2, 2, true),
            "the future is nobody's"
        );
    }

    #[test]
    fn the_handle_is_the_same_for_the_same_number() {
        let one = handle(0x1234_5678_9abc_def0);
        assert_eq!(one, handle(0x1234_5678_9abc_def0));
        assert_eq!(one.name.split('-').count(), 3);
        assert_ne!(one.name, handle(7).name);
    }

    #[test]
    fn of_equal_records_the_first_stands() {
        let row = |day, prompts| DayAmount {
            day: Day(day),
            prompts,
            ..DayAmount::default()
        };
        let list = [row(1, 2), row(2, 5), row(3, 5), row(4, 0)];
        assert_eq!(best(&list, |row| row.prompts as i64), Some((Day(2), 5)));
        assert_eq!(best(&list[3..], |row| row.prompts as i64), None);
    }
}
