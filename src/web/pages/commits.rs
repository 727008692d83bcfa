//! `/fragments/session/{id}/commits`: what was committed while a session ran.

use crate::engine::view::{Commit, GitAnswer};
use crate::web::ask::Ask;
use crate::web::error::Answer;
use crate::web::marks::find;
use crate::web::respond;
use crate::web::shell::Shell;
use crate::web::{App, blocking, filters};
use askama::Template;
use axum::extract::{Path, State};

#[derive(Template)]
#[template(path = "parts/commits.html")]
pub struct Block {
    pub shell: Shell,
    /// Each with its time.
    pub commits: Vec<(Commit, Option<i64>)>,
    pub more: bool,
    /// Why there are none; `""` when there are.
    pub why: String,
}

/// Asked for by the page once it is there: git takes as long as it takes.
pub async fn block(State(app): State<App>, Path(id): Path<String>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        let sid = find(&app.engine, &id)?;
        let answer = app.engine.git_commits(sid)?;
        let block = Block::new(Shell::new(app, &ask, "/", "Commits"), answer);
        respond::part(&ask, &block)
    })
    .await
}

impl Block {
    fn new(shell: Shell, answer: GitAnswer<crate::engine::view::Commits>) -> Block {
        let why = match &answer {
            GitAnswer::Found(found) if found.commits.is_empty() => {
                "No commit was made between its first and its last message.".into()
            }
            GitAnswer::Found(_) => String::new(),
            other => other.why().unwrap_or_default(),
        };
        let found = match answer {
            GitAnswer::Found(found) => found,
            _ => Default::default(),
        };
        Block {
            shell,
            commits: found
                .commits
                .into_iter()
                .map(|commit| {
                    let at = Some(commit.at);
                    (commit, at)
                })
                .collect(),
            more: found.more,
            why,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::view::Commits;
    use crate::web::sample;

    fn html(answer: GitAnswer<Commits>) -> String {
        Block::new(sample::shell("/", "Commits"), answer)
            .render()
            .unwrap()
    }

    #[test]
    fn every_answer_has_its_words() {
        let commit = Commit {
            hash: "0123456789abcdef".into(),
            short: "0123456".into(),
            subject: "<b>bold</b>".into(),
            files: 1,
            added: 2,
            ..Commit::default()
        };
        let found = Commits {
            commits: vec![commit],
            more: true,
        };
        let shown = html(GitAnswer::Found(found));
        assert!(
            shown.contains("0123456</code>") && !shown.contains("<b>bold"),
            "{shown}"
        );
        assert!(
            shown.contains("1 file") && !shown.contains("1 files"),
            "{shown}"
        );
        for (answer, words) in [
            (GitAnswer::Found(Commits::default()), "No commit was made"),
            (GitAnswer::NotRecorded, "not recorded"),
            (GitAnswer::NoFolder, "not on this machine"),
            (GitAnswer::NoRepository, "no repository"),
            (GitAnswer::NoGit, "git is not installed"),
            (GitAnswer::Failed("it <fails>".into()), "It &#60;fails&#62;"),
        ] {
            let shown = html(answer);
            assert!(
                shown.to_lowercase().contains(&words.to_lowercase()),
                "{shown}"
            );
        }
    }
}
