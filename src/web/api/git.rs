//! `/api/git-commits` and `/api/git-info`: what the repository of a session or a project says.
//!
//! Only a session's own project is ever asked: a path that no session names is answered by a 404.

use super::params::Params;
use super::record::rfc3339;
use super::reply::{Failure, Reply};
use super::session::find;
use crate::engine::Engine;
use crate::engine::view::{Commit, GitAnswer};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CommitRecord {
    pub hash: String,
    /// Its subject.
    pub message: String,
    pub author: String,
    /// RFC 3339 in UTC.
    pub timestamp: Option<String>,
    pub ts: i64,
    pub files: u32,
    pub added: u64,
    pub deleted: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InfoRecord {
    pub git_root: String,
    /// `""`: no branch is checked out.
    pub branch: String,
    /// Without credentials.
    pub remote_url: Option<String>,
    /// Subject of the commit that is checked out; `null` in a repository without one.
    pub last_commit: Option<String>,
    pub last_commit_hash: Option<String>,
    pub last_commit_date: Option<String>,
    /// Always `null`: asking would run what the repository's settings name.
    pub is_dirty: Option<bool>,
}

impl From<&Commit> for CommitRecord {
    fn from(commit: &Commit) -> CommitRecord {
        CommitRecord {
            hash: commit.hash.clone(),
            message: commit.subject.clone(),
            author: commit.author.clone(),
            timestamp: rfc3339(Some(commit.at)),
            ts: commit.at,
            files: commit.files,
            added: commit.added,
            deleted: commit.deleted,
        }
    }
}

/// `GET /api/git-commits`: an array of [`CommitRecord`], newest first, at most 200. Parameters: `session`
/// (an id: commits from its first to its last record), or `project` (a folder that some session names)
/// with `from` and `to` (ms).
///
/// # Errors
/// 404 when there is no such session, project, folder, repository or no git; 400 for a parameter that is
/// not allowed.
pub fn commits(engine: &Engine, params: &Params) -> Result<Reply<Vec<CommitRecord>>, Failure> {
    let answer = match asked(params)? {
        Asked::Session(id) => engine.git_commits(find(engine, id)?)?,
        Asked::Project(path) => {
            let from = params.number("from")?;
            let to = params.number("to")?;
            let span = (from.is_some() || to.is_some())
                .then(|| (from.unwrap_or(0), to.unwrap_or(i64::MAX / 2)));
            let answer = engine.git_commits_in(path, span)?;
            answer.ok_or_else(|| stranger(path))?
        }
    };
    let found = told(answer)?;
    Ok(found
        .commits
        .iter()
        .map(CommitRecord::from)
        .collect::<Vec<_>>()
        .into())
}

/// `GET /api/git-info`: an [`InfoRecord`]. Parameters: `session` or `project`, as above.
///
/// # Errors
/// As [`commits`].
pub fn info(engine: &Engine, params: &Params) -> Result<Reply<InfoRecord>, Failure> {
    let answer = match asked(params)? {
        Asked::Session(id) => engine.git_info(find(engine, id)?)?,
        Asked::Project(path) => engine.git_info_in(path)?.ok_or_else(|| stranger(path))?,
    };
    let found = told(answer)?;
    Ok(InfoRecord {
        git_root: found.root,
        branch: found.branch,
        remote_url: found.remote,
        last_commit: found.last.as_ref().map(|last| last.subject.clone()),
        last_commit_hash: found.last.as_ref().map(|last| last.hash.clone()),
        last_commit_date: found.last.and_then(|last| rfc3339(Some(last.at))),
        is_dirty: None,
    }
    .into())
}

enum Asked<'p> {
    Session(&'p str),
    Project(&'p str),
}

fn asked(params: &Params) -> Result<Asked<'_>, Failure> {
    match (params.one("session"), params.one("project")) {
        (Some(id), _) => Ok(Asked::Session(id)),
        (None, Some(path)) => Ok(Asked::Project(path)),
        (None, None) => Err(Failure::bad("say which session or which project")),
    }
}

fn stranger(path: &str) -> Failure {
    let shown: String = path.chars().take(80).collect();
    Failure::new(404, format!("no session has the project {shown}"))
}

fn told<T>(answer: GitAnswer<T>) -> Result<T, Failure> {
    match answer {
        GitAnswer::Found(it) => Ok(it),
        GitAnswer::Failed(why) => Err(Failure::new(502, why)),
        other => Err(Failure::new(404, other.why().unwrap_or_default())),
    }
}
