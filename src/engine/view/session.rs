//! One session from above: its outline, its files, its responses over time, and finding in it.

use super::Amount;
use crate::index::{Marker, Match};

/// What can be jumped to in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Landmark {
    Prompt,
    /// A call that failed.
    Error,
    /// A call that edits or writes a file.
    Edit,
    /// The first item after the context was compacted.
    Compaction,
    /// A call of the tool of this name.
    Tool(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Next,
    Previous,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct OutlineQuery {
    /// In turns.
    pub offset: usize,
    pub limit: usize,
    /// The window that the turn of this message stands in, with others before and behind it (overrides
    /// `offset`).
    pub around: Option<u32>,
}

/// A session by its prompts, and as a strip.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    pub turns: Vec<OutlineTurn>,
    pub offset: usize,
    /// Turns in the whole session.
    pub total: usize,
    /// Items in the whole session (a call and its output are one).
    pub items: usize,
    /// The whole session in at most [`STRETCHES`] stretches of as many items.
    pub strip: Vec<Stretch>,
}

/// What a [`Outline::strip`] has at most.
pub const STRETCHES: usize = 240;

/// One prompt and what came of it.
#[derive(Clone, Debug, Default)]
pub struct OutlineTurn {
    /// Of the prompt; of the first item where no prompt stands before it.
    pub seq: u32,
    /// `false`: what came before the first prompt.
    pub prompt: bool,
    /// Beginning of the prompt.
    pub text: String,
    pub at: Option<i64>,
    /// Time of its last item.
    pub until: Option<i64>,
    pub items: u32,
    pub calls: u32,
    pub errors: u32,
    pub edits: u32,
    pub compactions: u32,
    /// What its responses used.
    pub amount: Amount,
}

/// Neighbouring items, and the first of each kind among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stretch {
    /// Of its first item.
    pub seq: u32,
    pub items: u32,
    pub prompts: Marked,
    pub errors: Marked,
    pub edits: Marked,
    pub compactions: Marked,
}

/// How many there are, and the ordinal of the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marked {
    pub count: u32,
    pub first: u32,
}

/// A file that a session edited or wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// As the calls name it.
    pub path: String,
    pub edits: usize,
    /// Of those, how many failed.
    pub failed: usize,
    /// Ordinals of the first and the last of them.
    pub first: u32,
    pub last: u32,
}

/// What was found in one session.
#[derive(Clone, Debug, Default)]
pub struct Inside {
    pub tier: Match,
    /// Ordinals of the messages, in order.
    pub seqs: Vec<u32>,
    /// Words taken for words of the question (tier `CloseSpelling`).
    pub corrected: Vec<String>,
    pub marker: Marker,
    /// The index is still being filled.
    pub filling: bool,
}

/// What a session's responses used, one after the other.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// By ordinal of the prompt, in order.
    pub turns: Vec<super::TurnView>,
    /// In order of time, in steps of as many responses: at most [`STEPS`].
    pub steps: Vec<CourseStep>,
}

/// What [`Course::steps`] has at most.
pub const STEPS: usize = 60;

/// Neighbouring responses.
#[derive(Clone, Debug, Default)]
pub struct CourseStep {
    /// Time of the first and the last of them, ms.
    pub at: i64,
    pub until: i64,
    /// Prompt that the first of them answers.
    pub turn: Option<u32>,
    pub amount: Amount,
    /// Tokens of the largest prompt among them, and how many fit where that is known.
    pub context: u64,
    pub window: Option<u64>,
}

impl Inside {
    /// The next (or previous) message found; round the end to the other.
    pub fn step(&self, from: Option<u32>, way: Way) -> Option<u32> {
        step(&self.seqs, from, way).or_else(|| step(&self.seqs, None, way))
    }
}

/// The neighbour of `from` in sorted ordinals; the first or last one where nothing is said.
pub(in crate::engine) fn step(seqs: &[u32], from: Option<u32>, way: Way) -> Option<u32> {
    match (from, way) {
        (None, Way::Next) => seqs.first().copied(),
        (None, Way::Previous) => seqs.last().copied(),
        (Some(from), Way::Next) => seqs.get(seqs.partition_point(|seq| *seq <= from)).copied(),
        (Some(from), Way::Previous) => {
            let before = seqs.partition_point(|seq| *seq < from);
            before.checked_sub(1).map(|at| seqs[at])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_go_to_the_neighbour_and_end_at_the_ends() {
        let seqs = [3, 7, 9];
        for (from, next, previous) in [
            (None, Some(3), Some(9)),
            (Some(0), Some(3), None),
            (Some(3), Some(7), None),
            (Some(8), Some(9), Some(7)),
            (Some(9), None, Some(7)),
        ] {
            assert_eq!(step(&seqs, from, Way::Next), next, "{from:?}");
            assert_eq!(step(&seqs, from, Way::Previous), previous, "{from:?}");
        }
        assert_eq!(step(&[], None, Way::Next), None);
    }

    #[test]
    fn finds_go_round() {
        let inside = Inside {
            seqs: vec![3, 7],
            ..Inside::default()
        };
        assert_eq!(inside.step(Some(7), Way::Next), Some(3));
        assert_eq!(inside.step(Some(3), Way::Previous), Some(7));
        assert_eq!(Inside::default().step(None, Way::Next), None);
    }
}
