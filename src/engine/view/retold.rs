//! What is retold from a session's sources and from the repository beside them.

use std::io::Read;

pub use crate::agents::read::picture::Picture;

/// What the agent wrote of a message.
pub enum RawAnswer {
    /// Its record: one stretch of a file, or several rows or files. Never none.
    Found(Vec<RawPiece>),
    NoMessage,
    /// The agent has deleted its source.
    Gone,
    /// The source was mended while it was read: where in it the message stands is not known.
    Unplaced,
}

/// A part of a record, to be read once.
pub struct RawPiece {
    pub path: String,
    /// Where in it, when that is no line: `part.data where message_id = msg_1`. `""`: the whole file.
    pub place: String,
    /// From 1.
    pub line: Option<u64>,
    /// Of its first byte.
    pub offset: Option<u64>,
    pub content: Box<dyn Read + Send>,
}

impl RawPiece {
    /// The first `most` bytes, and how many there are in all.
    ///
    /// # Errors
    /// The source cannot be read any more.
    pub fn head(&mut self, most: u64) -> std::io::Result<(Vec<u8>, u64)> {
        let mut head = Vec::new();
        (&mut self.content).take(most).read_to_end(&mut head)?;
        let rest = std::io::copy(&mut self.content, &mut std::io::sink())?;
        let all = head.len() as u64 + rest;
        Ok((head, all))
    }
}

/// What is left out of a retold session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportOptions {
    pub tools: bool,
    pub thinking: bool,
}

impl Default for ExportOptions {
    fn default() -> ExportOptions {
        ExportOptions {
            tools: true,
            thinking: true,
        }
    }
}

/// What a repository says, or why nothing is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GitAnswer<T> {
    Found(T),
    /// The session has no project, or no time.
    NotRecorded,
    /// The folder is not on this machine (any more).
    NoFolder,
    NoRepository,
    /// There is no `git` to ask.
    NoGit,
    /// git does not answer, in a sentence.
    Failed(String),
}

/// A commit that was made while a session ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    pub hash: String,
    pub short: String,
    pub subject: String,
    pub author: String,
    /// Milliseconds since the epoch.
    pub at: i64,
    pub files: u32,
    pub added: u64,
    pub deleted: u64,
}

/// Commits, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commits {
    pub commits: Vec<Commit>,
    /// There are more than were read.
    pub more: bool,
}

/// Where a repository stands. Whether files were changed is not asked: that would run what the
/// repository says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GitInfo {
    pub root: String,
    /// `""`: none is checked out.
    pub branch: String,
    /// Without credentials.
    pub remote: Option<String>,
    pub last: Option<Commit>,
}

impl<T> GitAnswer<T> {
    /// Why nothing is said, as a sentence; `None` when something is.
    pub fn why(&self) -> Option<String> {
        Some(match self {
            GitAnswer::Found(_) => return None,
            GitAnswer::NotRecorded => "Project or times are not recorded.".into(),
            GitAnswer::NoFolder => "The project's folder is not on this machine.".into(),
            GitAnswer::NoRepository => "The project is in no repository.".into(),
            GitAnswer::NoGit => "git is not installed, or not in the search path.".into(),
            GitAnswer::Failed(why) => {
                let mut letters = why.chars();
                let first = letters.next().map(|c| c.to_uppercase().to_string());
                format!("{}{}.", first.unwrap_or_default(), letters.as_str())
            }
        })
    }
}
