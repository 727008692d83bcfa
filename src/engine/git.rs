//! What the repository of a session's project says: commits, branch, remote.
//!
//! The folder is named by a transcript, so that nothing which it holds may be run. `git` is started by
//! its name and arguments, never by a shell; hooks, the file system monitor, pagers, signature programs,
//! filters and transports are switched off in front of whatever the repository's own settings say, and
//! `git status`, which would refresh the index, is never asked. Whose repositories git trusts
//! (`safe.directory`) stays git's to say. Answers are small, come within two seconds, and are kept for
//! half a minute.

use super::Engine;
use super::view::*;
use crate::model::Sid;
use anyhow::{Context, Result};
use std::collections::HashMap;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(2);
const FRESH: Duration = Duration::from_secs(30);
/// Commits of one answer.
const MOST: usize = 200;
/// Bytes of one answer.
const MOST_BYTES: u64 = 1 << 20;
/// Answers kept at a time.
const KEPT: usize = 64;

/// Ahead of every question, and stronger than the repository's own settings.
const HARMLESS: [&str; 18] = [
    "--no-pager",
    "--no-optional-locks",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.pager=cat",
    "-c",
    "core.sshCommand=false",
    "-c",
    "log.showSignature=false",
    "-c",
    "gpg.program=false",
    "-c",
    "credential.helper=",
    "-c",
    "submodule.recurse=false",
];

/// Variables of our own surroundings that would lead git elsewhere, or make it run or write something.
const FOREIGN: [&str; 20] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_EXTERNAL_DIFF",
    "GIT_PAGER",
    "GIT_EDITOR",
    "GIT_ASKPASS",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_PROXY_COMMAND",
    "GIT_TRACE",
    "GIT_TRACE2",
    "GIT_TRACE2_EVENT",
];

/// How a log is told; nothing of it is asked of another program.
const LOG: [&str; 6] = [
    "--no-show-signature",
    "--no-ext-diff",
    "--no-textconv",
    "--submodule=short",
    "--no-color",
    "--format=%x1e%H%x1f%h%x1f%ct%x1f%an%x1f%s",
];

type Asked = (PathBuf, Option<(i64, i64)>);
type Kept<K, T> = Mutex<HashMap<K, (Instant, GitAnswer<T>)>>;

/// Answers of the last half minute. Held while git runs: one at a time is enough.
#[derive(Default)]
pub(super) struct Desk {
    commits: Kept<Asked, Commits>,
    infos: Kept<PathBuf, GitInfo>,
}

impl Engine {
    pub(super) fn commits_of(&self, sid: Sid) -> Result<GitAnswer<Commits>> {
        let catalog = self.catalog.get()?;
        let session = &catalog.get(sid).context("no such session")?.summary;
        let Some(span) = session.first_at.zip(session.last_at) else {
            return Ok(GitAnswer::NotRecorded);
        };
        Ok(match self.folder_of(sid)? {
            GitAnswer::Found(folder) => self.commits_in(folder, Some(span)),
            other => other.without(),
        })
    }

    pub(super) fn commits_of_project(
        &self,
        project: &str,
        span: Option<(i64, i64)>,
    ) -> Result<Option<GitAnswer<Commits>>> {
        let folder = self.known_project(project)?;
        Ok(folder.map(|folder| match folder {
            GitAnswer::Found(folder) => self.commits_in(folder, span),
            other => other.without(),
        }))
    }

    pub(super) fn repository_of(&self, sid: Sid) -> Result<GitAnswer<GitInfo>> {
        Ok(match self.folder_of(sid)? {
            GitAnswer::Found(folder) => self.info_of(folder),
            other => other.without(),
        })
    }

    pub(super) fn repository_of_project(
        &self,
        project: &str,
    ) -> Result<Option<GitAnswer<GitInfo>>> {
        let folder = self.known_project(project)?;
        Ok(folder.map(|folder| match folder {
            GitAnswer::Found(folder) => self.info_of(folder),
            other => other.without(),
        }))
    }

    fn commits_in(&self, folder: PathBuf, span: Option<(i64, i64)>) -> GitAnswer<Commits> {
        kept(&self.git.commits, (folder, span), |(folder, span)| {
            log(folder, *span)
        })
    }

    fn info_of(&self, folder: PathBuf) -> GitAnswer<GitInfo> {
        kept(&self.git.infos, folder, |folder| info(folder))
    }

    /// The folder in which a session's repository can be asked: its own, else its repository's.
    fn folder_of(&self, sid: Sid) -> Result<GitAnswer<PathBuf>> {
        let catalog = self.catalog.get()?;
        let entry = catalog.get(sid).context("no such session")?;
        let repo = catalog.project(entry).name.repo.clone();
        Ok(folder(&entry.summary.project, repo))
    }

    /// The same for a project that some session names; `None` for any other path.
    fn known_project(&self, project: &str) -> Result<Option<GitAnswer<PathBuf>>> {
        let catalog = self.catalog.get()?;
        let mut of = catalog
            .iter()
            .filter(|entry| entry.summary.project == project);
        Ok(of.next().map(|entry| {
            let repo = catalog.project(entry).name.repo.clone();
            folder(project, repo)
        }))
    }
}

fn folder(project: &str, repo: Option<String>) -> GitAnswer<PathBuf> {
    if project.is_empty() {
        return GitAnswer::NotRecorded;
    }
    let places = [Some(project.to_owned()), repo].into_iter().flatten();
    // a path that is not absolute means another folder for us than for the agent
    let found = places
        .map(PathBuf::from)
        .find(|path| path.is_absolute() && path.is_dir());
    found.map_or(GitAnswer::NoFolder, GitAnswer::Found)
}

fn kept<K: Clone + Eq + std::hash::Hash, T: Clone>(
    desk: &Kept<K, T>,
    key: K,
    ask: impl FnOnce(&K) -> GitAnswer<T>,
) -> GitAnswer<T> {
    let mut desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
    desk.retain(|_, (at, _)| at.elapsed() < FRESH);
    if let Some((_, answer)) = desk.get(&key) {
        return answer.clone();
    }
    let answer = ask(&key);
    if desk.len() < KEPT {
        desk.insert(key, (Instant::now(), answer.clone()));
    }
    answer
}

impl<T> GitAnswer<T> {
    /// The same reason why nothing is said, of something else.
    fn without<U>(self) -> GitAnswer<U> {
        match self {
            GitAnswer::Found(_) | GitAnswer::NotRecorded => GitAnswer::NotRecorded,
            GitAnswer::NoFolder => GitAnswer::NoFolder,
            GitAnswer::NoRepository => GitAnswer::NoRepository,
            GitAnswer::NoGit => GitAnswer::NoGit,
            GitAnswer::Failed(why) => GitAnswer::Failed(why),
        }
    }

    fn map<U>(self, of: impl FnOnce(T) -> U) -> GitAnswer<U> {
        match self {
            GitAnswer::Found(it) => GitAnswer::Found(of(it)),
            other => other.without(),
        }
    }
}

/// Commits of all local branches, newest first.
fn log(folder: &Path, span: Option<(i64, i64)>) -> GitAnswer<Commits> {
    let most = format!("--max-count={}", MOST + 1);
    let mut args = vec!["log", "HEAD", "--branches", &most];
    args.extend(LOG);
    // a commit has whole seconds
    let span = span.map(|(from, to)| {
        let (from, to) = (from.div_euclid(1000), to.div_euclid(1000) + 1);
        [
            format!("--since=@{from} +0000"),
            format!("--until=@{to} +0000"),
        ]
    });
    args.extend(span.iter().flatten().map(String::as_str));
    args.push("--shortstat");
    ask(folder, &args).map(|text| {
        let mut commits = parsed(&text);
        let more = commits.len() > MOST;
        commits.truncate(MOST);
        Commits { commits, more }
    })
}

fn info(folder: &Path) -> GitAnswer<GitInfo> {
    let root = match ask(folder, &["rev-parse", "--show-toplevel"]) {
        GitAnswer::Found(root) => root.trim_end().to_owned(),
        other => return other.without(),
    };
    let line = |args: &[&str]| match ask(folder, args) {
        GitAnswer::Found(text) => text.trim_end().to_owned(),
        _ => String::new(),
    };
    let branch = line(&["symbolic-ref", "--short", "--quiet", "HEAD"]);
    let remote = line(&["config", "--get", "remote.origin.url"]);
    let last = match ask(folder, &[&["log", "--max-count=1"][..], &LOG].concat()) {
        GitAnswer::Found(text) => parsed(&text).into_iter().next(),
        _ => None,
    };
    GitAnswer::Found(GitInfo {
        root,
        branch,
        remote: (!remote.is_empty()).then(|| without_credentials(&remote)),
        last,
    })
}

/// `https://name:secret@host/path` without what stands before the `@`.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let authority = rest.split('/').next().unwrap_or(rest);
    match authority.rsplit_once('@') {
        Some((secret, _)) => format!("{scheme}://{}", &rest[secret.len() + 1..]),
        None => url.to_owned(),
    }
}

fn parsed(text: &str) -> Vec<Commit> {
    let records = text.split('\u{1e}').skip(1);
    records
        .filter_map(|record| {
            let (head, stat) = record.split_once('\n').unwrap_or((record, ""));
            let mut parts = head.splitn(5, '\u{1f}');
            let mut next = || parts.next();
            let (hash, short, at) = (next()?, next()?, next()?.parse::<i64>().ok()?);
            let (author, subject) = (next()?, next()?);
            let number = |what: &str| -> u64 {
                let mut words = stat.split(',');
                let part = words.find(|part| part.contains(what));
                let number = part.and_then(|part| part.trim().split(' ').next());
                number.and_then(|number| number.parse().ok()).unwrap_or(0)
            };
            Some(Commit {
                hash: hash.to_owned(),
                short: short.to_owned(),
                subject: subject.to_owned(),
                author: author.to_owned(),
                at: at.saturating_mul(1000),
                files: u32::try_from(number("changed")).unwrap_or(u32::MAX),
                added: number("insertion"),
                deleted: number("deletion"),
            })
        })
        .collect()
}

/// What git prints.
fn ask(folder: &Path, args: &[&str]) -> GitAnswer<String> {
    let mut command = Command::new("git");
    command.args(HARMLESS).arg("-C").arg(folder).args(args);
    FOREIGN.iter().for_each(|name| {
        command.env_remove(name);
    });
    command
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_OPTIONAL_LOCKS", "0")
        // a partial clone fetches what it lacks by the program that its settings name
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_ALLOW_PROTOCOL", "")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => return GitAnswer::NoGit,
        Err(error) => return GitAnswer::Failed(format!("git cannot be started: {error}")),
    };
    match wait(child) {
        Ok((true, out, _)) => GitAnswer::Found(out),
        Ok((false, _, said)) => refused(&said),
        Err(why) => GitAnswer::Failed(why),
    }
}

fn refused(said: &str) -> GitAnswer<String> {
    if said.contains("not a git repository") {
        return GitAnswer::NoRepository;
    }
    if said.contains("dubious ownership") {
        let why = "the repository belongs to somebody else, and git trusts it only when safe.directory names it (dubious ownership)";
        return GitAnswer::Failed(why.into());
    }
    // nothing was committed yet
    if said.contains("ambiguous argument 'HEAD'") || said.contains("any commits yet") {
        return GitAnswer::Found(String::new());
    }
    let line = said.lines().next().unwrap_or("it gave no reason");
    let line: String = line.chars().filter(|c| !c.is_control()).take(200).collect();
    GitAnswer::Failed(format!("git does not answer: {line}"))
}

/// Whether it ended well, what it printed and what it complained of. It is ended when it takes too long
/// or prints too much.
fn wait(mut child: Child) -> Result<(bool, String, String), String> {
    let reading = |pipe: Option<Box<dyn Read + Send>>, most: u64| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(pipe) = pipe {
                // what was read before an error is all there is
                let _ = pipe.take(most).read_to_end(&mut bytes);
            }
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let out = child.stdout.take().map(|pipe| Box::new(pipe) as Box<_>);
    let err = child.stderr.take().map(|pipe| Box::new(pipe) as Box<_>);
    let (out, err) = (reading(out, MOST_BYTES), reading(err, 4096));
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(2)),
            Ok(None) | Err(_) => break None,
        }
    };
    if status.is_none() {
        // it may have ended just now
        let _ = child.kill();
        let _ = child.wait();
    }
    let text = |thread: std::thread::JoinHandle<String>| thread.join().unwrap_or_default();
    let (out, err) = (text(out), text(err));
    match status {
        // cut off, it cannot end well
        Some(status) => Ok((status.success() || out.len() as u64 >= MOST_BYTES, out, err)),
        None => Err(format!(
            "git did not answer within {} seconds",
            PATIENCE.as_secs()
        )),
    }
}

#[cfg(test)]
#[path = "git_tests.rs"]
mod tests;
