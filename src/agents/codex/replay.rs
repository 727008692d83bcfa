//! Where a forked or spawned rollout stops repeating its parent and begins to be itself.
//!
//! Such a file starts with its own header and then holds the parent's records again, with new times.
//! What tells them apart, the sure signs first:
//!
//! 1. `ordinal` below `subagent_history_start_ordinal` (or the end of `history_base`);
//! 2. a turn id: a UUIDv7 older than the thread is one of the parent's turns;
//! 3. a time before the thread was made;
//! 4. no such signs, as in files of 2025: copies are written in one go, so that the first pause ends
//!    them. Usage is compared with the parent's own running sums besides, see [`super::parent`].
//!
//! A record that names a thread belongs to that thread, wherever it stands. A sub-agent without a copied
//! header whose first running sum equals its first response started from nothing.

use serde::{Deserialize, Serialize};

/// Copies follow each other faster than this, ms.
const PAUSE: i64 = 1000;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Replay {
    /// The thread whose records may be repeated here.
    pub(super) parent: Option<String>,
    /// When the thread was made, ms.
    born: Option<i64>,
    /// Ordinal of the first record that is its own.
    start: Option<u64>,
    copying: bool,
    /// Turn ids or ordinals have spoken: nothing is guessed any more.
    sure: bool,
    /// The parent's records are in the file for certain.
    whole: bool,
    /// A header of another thread was copied.
    pub(super) header: bool,
    /// How many of the parent's sums were met again; `None` once they part.
    pub(super) met: Option<u32>,
    /// Time of the last copied record.
    last: Option<i64>,
}

impl Replay {
    /// The thread's own header. `whole`: the parent's records are in the file for certain.
    pub(super) fn begin(
        &mut self,
        id: &str,
        made: Option<i64>,
        parent: Option<String>,
        start: Option<u64>,
        whole: bool,
    ) {
        self.born = uuid_time(id).or(made);
        self.whole = whole;
        self.copying = whole && parent.is_some();
        self.met = parent.is_some().then_some(0);
        self.parent = parent;
        self.start = start;
    }

    /// The header of another thread: what follows is copied from it.
    pub(super) fn foreign(&mut self, id: &str) {
        self.header = true;
        self.parent.get_or_insert_with(|| id.to_owned());
        if !self.sure {
            self.copying = true;
            self.met.get_or_insert(0);
        }
    }

    /// Every record but headers, before it is looked at.
    pub(super) fn record(&mut self, at: Option<i64>, ordinal: Option<u64>) {
        if let (Some(start), Some(ordinal)) = (self.start, ordinal) {
            self.sure = true;
            self.copying = ordinal < start;
        }
        if self.sure || self.parent.is_none() {
            return;
        }
        let Some(at) = at else { return };
        if self.born.is_some_and(|born| at < born) {
            self.copying = true;
        } else if self.last.is_some_and(|last| at - last >= PAUSE) {
            self.copying = false;
        }
        self.last = self.copying.then_some(at);
    }

    /// A turn begins or goes on.
    pub(super) fn turn(&mut self, turn_id: &str) {
        if self.start.is_some() || self.parent.is_none() {
            return;
        }
        if let (Some(turn), Some(born)) = (uuid_time(turn_id), self.born) {
            self.sure = true;
            self.copying = turn < born;
        }
    }

    pub(super) fn copying(&self) -> bool {
        self.copying
    }

    /// Nothing says that the parent's records are here, and no count has been met again.
    pub(super) fn untouched(&self) -> bool {
        !self.whole && !self.header && self.met == Some(0)
    }

    /// Whether a usage vector still has to be compared with the parent's.
    pub(super) fn compares(&self) -> bool {
        !self.sure && self.met.is_some()
    }

    /// The parent's sums part from this thread's here, or are not to be had.
    pub(super) fn part(&mut self) {
        self.met = None;
    }

    /// The thread is at work itself from here on.
    pub(super) fn own(&mut self) {
        self.copying = false;
        self.last = None;
    }

    /// A copied count: so is what stands around it.
    pub(super) fn met_again(&mut self, at: Option<i64>) {
        self.met = self.met.map(|met| met + 1);
        self.copying = true;
        self.last = at.or(self.last);
    }
}

/// Milliseconds since the epoch out of a UUIDv7; `None` for anything else.
pub(super) fn uuid_time(id: &str) -> Option<i64> {
    let b = id.as_bytes();
    if b.len() != 36 || b[8] != b'-' || b[13] != b'-' || b[14] != b'7' {
        return None;
    }
    let high = i64::from_str_radix(id.get(..8)?, 16).ok()?;
    let low = i64::from_str_radix(id.get(9..13)?, 16).ok()?;
    Some(high << 16 | low)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "01900000-5000-7000-8000-000000000001";
    const OLDER: &str = "01900000-4000-7000-8000-000000000002";
    const NEWER: &str = "01900000-6000-7000-8000-000000000003";

    fn spawned(whole: bool) -> Replay {
        let mut replay = Replay::default();
        replay.begin(OWN, None, Some("p".into()), None, whole);
        replay
    }

    #[test]
    fn a_uuid_of_version_7_tells_its_time() {
        assert_eq!(uuid_time(OWN), Some(0x0190_0000_5000));
        assert_eq!(uuid_time("613a9a68-8816-40b2-a2d4-041ade599da6"), None);
        assert_eq!(uuid_time("7"), None);
        assert_eq!(uuid_time("0190000é-000-7000-8000-000000000001"), None);
    }

    #[test]
    fn an_older_turn_is_the_parents_and_a_newer_one_our_own() {
        let mut replay = spawned(false);
        assert!(!replay.copying());
        replay.turn(OLDER);
        assert!(replay.copying());
        replay.record(Some(0x0190_0000_9000), None);
        assert!(
            replay.copying(),
            "a pause says nothing once turn ids have spoken"
        );
        replay.turn(NEWER);
        assert!(!replay.copying());
    }

    #[test]
    fn ordinals_are_surer_than_anything() {
        let mut replay = Replay::default();
        replay.begin(OWN, None, Some("p".into()), Some(5), false);
        replay.turn(NEWER);
        replay.record(None, Some(4));
        assert!(replay.copying());
        replay.turn(NEWER);
        assert!(replay.copying());
        replay.record(None, Some(5));
        assert!(!replay.copying());
    }

    #[test]
    fn the_first_pause_ends_copies_without_signs() {
        let mut replay = spawned(true);
        let born = 0x0190_0000_5000;
        // the header's own time does not count: the first copy may come much later
        replay.record(Some(born + 9_000), None);
        replay.record(Some(born + 9_900), None);
        assert!(replay.copying());
        replay.record(Some(born + 10_900), None);
        assert!(!replay.copying());
        replay.record(Some(born + 10_901), None);
        assert!(!replay.copying());
    }

    #[test]
    fn a_time_before_the_thread_is_the_parents() {
        let mut replay = spawned(false);
        replay.record(Some(0x0190_0000_4000), None);
        assert!(replay.copying());
        replay.record(Some(0x0190_0000_9000), None);
        assert!(!replay.copying());
    }

    #[test]
    fn a_thread_without_parent_copies_nothing() {
        let mut replay = Replay::default();
        replay.begin(OWN, None, None, None, true);
        replay.turn(OLDER);
        replay.record(Some(1), None);
        assert!(!replay.copying());
    }
}
