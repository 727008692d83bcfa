//! What the parser must remember between two reads of a file.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// Calls whose result may still come.
const MAX_CALLS: usize = 256;
/// Records that a title line behind them may point to.
const MAX_RECENT: usize = 256;
/// Title lines in front of the records they point to.
const MAX_SUMMARIES: usize = 64;
const MAX_QUEUED: usize = 32;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The session's id, once known.
    pub native: String,
    /// Parent of a sub-agent, once known.
    pub parent: String,
    /// The facts that open a session were given.
    pub opened: bool,
    pub labelled: bool,
    pub cwd: String,
    pub branch: String,
    pub version: String,
    pub model: String,
    pub origin: bool,
    pub worktree: bool,
    /// Another session that this one came from was named: 1 as continued, 2 as forked.
    pub related: u8,
    /// A compaction boundary was seen and its summary not yet.
    pub boundary: bool,
    pub calls: Vec<Call>,
    pub queued: Vec<Queued>,
    /// Queued prompts that a record handed over before their way out of the queue was told.
    pub settled: u8,
    /// Summary lines whose record has not turned up (hash of its uuid).
    pub summaries: Vec<(u64, String)>,
    /// Hashes of the last records' uuids.
    pub recent: Vec<u64>,
    /// Blocks of the response that is being written (hash of its id, hashes of its blocks): later
    /// lines of one response sometimes repeat them.
    pub response: u64,
    pub blocks: Vec<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Call {
    pub id: String,
    pub name: String,
}

/// A prompt that went into the queue and has not come out as a record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Queued {
    pub text: String,
    pub at: Option<i64>,
    pub offset: u64,
    /// It has left the queue.
    pub taken: bool,
    /// Answers since it left.
    pub answers: u8,
}

impl State {
    /// `None` when another build wrote it.
    pub fn load(bytes: &[u8]) -> Option<State> {
        postcard::from_bytes(bytes).ok()
    }

    pub fn save(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("strings and numbers always serialise")
    }

    pub fn remember_call(&mut self, id: &str, name: &str) {
        if self.calls.len() == MAX_CALLS {
            self.calls.remove(0);
        }
        self.calls.push(Call {
            id: id.to_owned(),
            name: name.to_owned(),
        });
    }

    /// The tool's name, once.
    pub fn take_call(&mut self, id: &str) -> Option<String> {
        let at = self.calls.iter().rposition(|call| call.id == id)?;
        Some(self.calls.remove(at).name)
    }

    pub fn queue(&mut self, queued: Queued) {
        if self.queued.len() == MAX_QUEUED {
            self.queued.remove(0);
        }
        self.queued.push(queued);
    }

    /// Notes a record; gives the summary that was waiting for it.
    pub fn pass_record(&mut self, uuid: &str) -> Option<String> {
        let hash = xxh3_64(uuid.as_bytes());
        if self.recent.len() >= MAX_RECENT * 2 {
            self.recent.drain(..MAX_RECENT);
        }
        self.recent.push(hash);
        let at = self.summaries.iter().position(|(leaf, _)| *leaf == hash)?;
        Some(self.summaries.remove(at).1)
    }

    /// Whether a record was here, among the last ones.
    pub fn has_seen(&self, uuid: &str) -> bool {
        self.recent.contains(&xxh3_64(uuid.as_bytes()))
    }

    /// A summary belongs to the session that holds the record it points to; many stand in a file of
    /// another session. Gives it back when that record was here already.
    pub fn pass_summary(&mut self, leaf: &str, text: String) -> Option<String> {
        let hash = xxh3_64(leaf.as_bytes());
        if self.recent.contains(&hash) {
            return Some(text);
        }
        if self.summaries.len() == MAX_SUMMARIES {
            self.summaries.remove(0);
        }
        self.summaries.push((hash, text));
        None
    }

    /// Whether a block of a response is new.
    pub fn is_new_block(&mut self, response: &str, block: &str) -> bool {
        if response.is_empty() || block.is_empty() {
            return true;
        }
        let (response, block) = (xxh3_64(response.as_bytes()), xxh3_64(block.as_bytes()));
        if self.response != response {
            self.response = response;
            self.blocks.clear();
        }
        let new = !self.blocks.contains(&block);
        if new {
            self.blocks.push(block);
        }
        new
    }
}
