//! Where made-up records go, and what was written.

use crate::model::usage::Tokens;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::ops::AddAssign;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// How a session is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Class {
    /// In the list by default.
    Shown,
    /// Driven by a program: hidden by default.
    Helper,
    /// Started by another session: hidden by default.
    SubAgent,
}

/// What the records of some sessions add up to; copies of other sessions' records count nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub sessions: u64,
    /// Typed, queued, slash and shell prompts. Sub-agents have none: their task is not a person's.
    pub prompts: u64,
    /// Text blocks of the model.
    pub answers: u64,
    /// Thinking blocks that hold text.
    pub thoughts: u64,
    pub calls: u64,
    pub failed_calls: u64,
    pub outputs: u64,
    pub compactions: u64,
    /// Model responses, each counted once however many records tell of it.
    pub responses: u64,
    pub tokens: Tokens,
}

impl Tally {
    /// Displayed units, notices and injected text not included.
    pub fn units(&self) -> u64 {
        self.prompts + self.answers + self.thoughts + self.calls + self.outputs
    }
}

impl AddAssign<&Tally> for Tally {
    fn add_assign(&mut self, other: &Tally) {
        self.sessions += other.sessions;
        self.prompts += other.prompts;
        self.answers += other.answers;
        self.thoughts += other.thoughts;
        self.calls += other.calls;
        self.failed_calls += other.failed_calls;
        self.outputs += other.outputs;
        self.compactions += other.compactions;
        self.responses += other.responses;
        self.tokens += other.tokens;
    }
}

/// What was written: the oracle for tests and the head line of benches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// By agent id and class.
    pub tallies: BTreeMap<(String, Class), Tally>,
    /// Distinct (agent, project, first 200 characters of the first prompt) of shown sessions; a fork
    /// belongs to its parent's conversation.
    pub conversations: u64,
    pub files: u64,
    /// Bytes of all files, indexes and histories included.
    pub bytes: u64,
}

impl Made {
    pub fn total(&self) -> Tally {
        self.sum(|_, _| true)
    }
    pub fn class(&self, class: Class) -> Tally {
        self.sum(|_, of| of == class)
    }
    pub fn agent(&self, agent: &str) -> Tally {
        self.sum(|name, _| name == agent)
    }
    fn sum(&self, wanted: impl Fn(&str, Class) -> bool) -> Tally {
        let mut sum = Tally::default();
        for ((agent, class), tally) in &self.tallies {
            if wanted(agent, *class) {
                sum += tally;
            }
        }
        sum
    }
}

/// What writing one family of sessions gave.
#[derive(Default)]
pub struct Outcome {
    pub made: Made,
    /// Lines of the agents' prompt histories and title indexes: (file number, time, line).
    pub lines: Vec<(usize, i64, String)>,
}

impl Outcome {
    pub fn count(&mut self, agent: &str, class: Class, tally: &Tally) {
        let key = (agent.to_owned(), class);
        *self.made.tallies.entry(key).or_default() += tally;
    }
    pub fn merge(&mut self, other: Outcome) {
        for ((agent, class), tally) in &other.made.tallies {
            self.count(agent, *class, tally);
        }
        self.made.files += other.made.files;
        self.made.bytes += other.made.bytes;
        self.lines.extend(other.lines);
    }
    pub fn file(&mut self, bytes: u64) {
        self.made.files += 1;
        self.made.bytes += bytes;
    }
}

/// A file of lines; its modification time is set to the last record's.
pub struct Lines {
    file: File,
    buffer: String,
    written: u64,
}

impl Lines {
    pub fn create(path: &Path) -> io::Result<Lines> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        Ok(Lines {
            file: File::create(path)?,
            buffer: String::new(),
            written: 0,
        })
    }
    pub fn push(&mut self, line: &str) -> io::Result<()> {
        self.buffer.push_str(line);
        self.buffer.push('\n');
        if self.buffer.len() > 1 << 18 {
            self.flush()?;
        }
        Ok(())
    }
    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(self.buffer.as_bytes())?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
    pub fn close(mut self, last_ms: i64) -> io::Result<u64> {
        self.flush()?;
        let since = Duration::from_millis(last_ms.max(0) as u64);
        self.file.set_modified(SystemTime::UNIX_EPOCH + since)?;
        Ok(self.written)
    }
}

/// `YYYY-MM-DDTHH:MM:SS.mmmZ`
pub fn stamp(ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(ms).expect("made-up times lie within our century");
    format!("{time:.3}")
}
