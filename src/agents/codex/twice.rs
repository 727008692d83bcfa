//! Text that a rollout holds twice: once for the interface (`event_msg`) and once for the model
//! (`response_item`).
//!
//! Which of the two comes first differs by kind and version, an interrupted turn leaves only the
//! first, and some versions write only one of them. So the first to come is shown, and its twin is
//! dropped: a text is a twin when the *other* form gave the same text and has not been answered yet.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// Unanswered texts that are remembered; twins are at most a few records apart.
const KEPT: usize = 48;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Form {
    Event,
    Item,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Voice {
    Person,
    Answer,
    Thought,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Twins {
    waiting: Vec<(Voice, Form, u64)>,
}

impl Twins {
    /// Whether this text has been shown already in its other form.
    pub(super) fn is_second(&mut self, voice: Voice, form: Form, text: &str) -> bool {
        let hash = fingerprint(text);
        let twin = self
            .waiting
            .iter()
            .position(|(v, f, h)| *v == voice && *f != form && *h == hash);
        if let Some(at) = twin {
            self.waiting.remove(at);
            return true;
        }
        if self.waiting.len() == KEPT {
            self.waiting.remove(0);
        }
        self.waiting.push((voice, form, hash));
        false
    }

    /// A turn ended: what the model said in it has no twin in the next one.
    pub(super) fn turn(&mut self) {
        self.waiting.retain(|(voice, _, _)| *voice == Voice::Person);
    }

    /// The model is at work: what the person said before has no twin behind this.
    pub(super) fn answered(&mut self) {
        self.waiting.retain(|(voice, _, _)| *voice != Voice::Person);
    }
}

/// Blanks do not count: the two forms differ in them.
pub(super) fn fingerprint(text: &str) -> u64 {
    let trimmed = text.trim();
    if !trimmed.bytes().any(|b| matches!(b, b'\r' | b'\t')) && !trimmed.contains("  ") {
        return xxh3_64(trimmed.replace('\n', " ").as_bytes());
    }
    let words: Vec<&str> = trimmed.split_whitespace().collect();
    xxh3_64(words.join(" ").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use Form::{Event, Item};
    use Voice::{Answer, Person};

    #[test]
    fn the_first_form_is_shown_whichever_it_is() {
        let mut twins = Twins::default();
        assert!(!twins.is_second(Answer, Event, "done"));
        assert!(twins.is_second(Answer, Item, "done\n"));
        assert!(!twins.is_second(Person, Item, "go on"));
        assert!(twins.is_second(Person, Event, "go on"));
    }

    #[test]
    fn a_prompt_said_twice_is_two_prompts() {
        let mut twins = Twins::default();
        for _ in 0..2 {
            assert!(!twins.is_second(Person, Item, "again"));
            assert!(twins.is_second(Person, Event, "again"));
        }
        // and when there is only one form
        for _ in 0..3 {
            assert!(!twins.is_second(Person, Item, "once more"));
        }
    }

    #[test]
    fn an_interrupted_answer_does_not_swallow_a_later_one() {
        let mut twins = Twins::default();
        assert!(!twins.is_second(Answer, Event, "I will look"));
        twins.turn();
        assert!(!twins.is_second(Answer, Item, "I will look"));
    }
}
