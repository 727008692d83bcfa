//! `history.jsonl`: what was typed, in which conversation and folder.

use crate::agents::read::json::{Raw, fields};
use crate::agents::read::value;
use std::collections::HashMap;
use std::path::Path;
use xxhash_rust::xxh3::xxh3_64_with_seed;

pub(super) const FILE: &str = "history.jsonl";

/// Prompts of one conversation, and where it was.
#[derive(Default)]
pub(super) struct Typed {
    pub folder: String,
    /// Time and words.
    pub prompts: Vec<(Option<i64>, String)>,
}

fields! {
    struct Line {
        words: "display",
        at: "timestamp",
        folder: "workspace",
        conversation: "conversationId",
    }
}

/// A digest of what the history below `root` has of each conversation.
pub(super) fn digests(root: &Path) -> HashMap<String, u64> {
    let mut digests: HashMap<String, u64> = HashMap::new();
    let text = crate::agents::read::whole::small(&root.join(FILE)).unwrap_or_default();
    for line in text.split('\n') {
        let record = Raw::parse(line.trim()).ok();
        let record = record.and_then(Raw::object::<Line<'_>>);
        if let Some(conversation) = record.and_then(|line| value::id(line.conversation)) {
            let digest = digests.entry(conversation).or_default();
            *digest = xxh3_64_with_seed(line.as_bytes(), *digest);
        }
    }
    digests
}

/// What the history below `root` has of a conversation; a damaged line is left out, as nothing is
/// told by it alone.
pub(super) fn of(root: &Path, conversation: &str) -> Typed {
    let mut typed = Typed::default();
    let text = crate::agents::read::whole::small(&root.join(FILE)).unwrap_or_default();
    let lines = text.split('\n').filter(|line| line.contains(conversation));
    for line in lines.filter_map(|line| Raw::parse(line.trim()).ok()) {
        let line: Line<'_> = line.object().unwrap_or_default();
        if value::id(line.conversation).as_deref() != Some(conversation) {
            continue;
        }
        if let Some(folder) = line.folder.and_then(Raw::owned) {
            typed.folder = folder;
        }
        let words = line.words.and_then(Raw::owned).unwrap_or_default();
        typed.prompts.push((line.at.and_then(Raw::time), words));
    }
    typed
}
