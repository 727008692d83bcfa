//! Text that a rollout holds twice: once for the interface (`event_msg`) and once for the model
//! (`response_item`).
//!
//! Which of the two comes first differs by kind and version, an interrupted turn leaves only the
//! first, and some versions write only one of them. So the first to come is shown, and its twin is
//! dropped: a text is a twin when the *other* form gave the same text and has found no twin yet. However
//! the forms interleave, a text said n times by one form and m times by the other is shown max(n, m) times.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

/// Texts without a twin that are remembered; twins are at most a few records apart.
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
}

/// Blanks do not count: the two forms differ in them, and in how they join the parts of a prompt.
pub(super) fn fingerprint(text: &str) -> u64 {
    let mut hasher = Xxh3::new();
    text.split_ascii_whitespace()
        .for_each(|word| hasher.update(word.as_bytes()));
    hasher.digest()
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
    fn a_text_is_shown_as_often_as_its_more_frequent_form() {
        let mut twins = Twins::default();
        // an interrupted turn left the interface's form alone; later both forms tell of another one
        let told = [Event, Item, Event, Event, Item];
        let shown = told.map(|form| !twins.is_second(Answer, form, "I will look"));
        assert_eq!(shown.into_iter().filter(|shown| *shown).count(), 3);
    }

    #[test]
    fn memory_is_bounded() {
        let mut twins = Twins::default();
        for n in 0..1000 {
            assert!(!twins.is_second(Answer, Item, &n.to_string()));
        }
        assert_eq!(twins.waiting.len(), KEPT);
        assert!(twins.is_second(Answer, Event, "999"));
    }
}
