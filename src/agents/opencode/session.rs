//! What the session record itself says, in whatever layout.

use crate::agents::read::json::{Raw, fields};
use crate::agents::read::tell::Out;
use crate::model::{Fact, Relation, TitleRank};

/// A session record, its columns or members brought together.
#[derive(Clone, Debug, Default)]
pub(super) struct Session {
    pub parent: Option<String>,
    /// Session that this one was forked from (2.x says so; before, its title does).
    pub fork: Option<String>,
    pub title: String,
    pub directory: String,
    /// Checkout of the project that the session belongs to.
    pub worktree: String,
    pub version: String,
    pub agent: Option<String>,
    pub created: Option<i64>,
    pub archived: bool,
}

fields! {
    struct Times {
        created: "created",
        archived: "archived",
    }
}

fields! {
    struct Info {
        parent: "parentID",
        title: "title",
        directory: "directory",
        version: "version",
        agent: "agent",
        time: "time",
    }
}

impl Session {
    /// Of a JSON file.
    pub fn of_record(record: Raw<'_>) -> Option<Session> {
        let info: Info<'_> = record.object()?;
        let time: Times<'_> = info.time.and_then(Raw::object).unwrap_or_default();
        let text = |raw: Option<Raw<'_>>| raw.and_then(Raw::owned).unwrap_or_default();
        Some(Session {
            parent: info.parent.and_then(Raw::owned),
            title: text(info.title),
            directory: text(info.directory),
            version: text(info.version),
            agent: info.agent.and_then(Raw::owned),
            created: time.created.and_then(Raw::time),
            archived: time.archived.and_then(Raw::time).is_some(),
            ..Session::default()
        })
    }

    /// Before 2.x a fork is known by its title alone.
    pub fn is_fork(&self) -> bool {
        let numbered = || {
            let (_, tail) = self.title.rsplit_once(" (fork #")?;
            let number = tail.strip_suffix(')')?;
            Some(!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
        };
        self.fork.is_some() || numbered() == Some(true)
    }

    /// Whether a record of this time was copied here when the session was forked.
    pub fn is_copy(&self, at: Option<i64>) -> bool {
        match (at, self.created) {
            (Some(at), Some(created)) => self.is_fork() && at < created,
            _ => false,
        }
    }

    pub fn tell(&self, out: &mut Out<'_>) {
        let placeholder = ["New session - ", "Child session - "]
            .iter()
            .any(|start| self.title.starts_with(start));
        if !placeholder {
            out.title(TitleRank::Generated, &self.title);
        }
        let filled = |text: &String| (!text.is_empty()).then(|| text.clone());
        if let Some(directory) = filled(&self.directory) {
            out.fact(Fact::Cwd(directory));
        }
        // a project named `global` has the root folder for a checkout
        let inside = self
            .directory
            .strip_prefix(&self.worktree)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '\\']));
        let elsewhere = self.worktree.len() > 1 && !self.directory.is_empty() && !inside;
        if elsewhere {
            out.fact(Fact::Worktree {
                original: self.worktree.clone(),
            });
        }
        if let Some(version) = filled(&self.version) {
            out.fact(Fact::Version(version));
        }
        let relative = match (&self.parent, &self.fork) {
            (Some(parent), _) => Some((parent, Relation::SubAgent)),
            (None, Some(origin)) => Some((origin, Relation::Fork)),
            (None, None) => None,
        };
        if let Some((native, relation)) = relative {
            out.fact(Fact::Parent {
                native: native.clone(),
                relation,
            });
        }
        if let (Some(_), Some(agent)) = (&self.parent, &self.agent) {
            out.fact(Fact::AgentLabel(agent.clone()));
        }
        if self.archived {
            out.fact(Fact::Archived);
        }
        // when it was changed last says nothing: a new title changes it
        out.span(self.created, None);
    }
}
