//! Where an agent's histories were looked for, briefly: what is there, the rest folded.

use super::filters;
use crate::engine::view::AgentStatus;
use askama::Template;

/// Places of one agent.
#[derive(Template)]
#[template(path = "parts/roots.html")]
pub struct Roots {
    /// Folder and whether it exists: those that do, or the likeliest one when none does.
    pub shown: Vec<(String, bool)>,
    /// The others, which do not exist.
    pub folded: Vec<String>,
}

impl Roots {
    pub fn new(roots: &[(String, bool)]) -> Roots {
        let mut shown: Vec<_> = roots.iter().filter(|(_, there)| *there).cloned().collect();
        if shown.is_empty() {
            shown.extend(roots.first().cloned());
        }
        let rest = roots.iter().filter(|root| !shown.contains(root));
        Roots {
            folded: rest.map(|(path, _)| path.clone()).collect(),
            shown,
        }
    }
}

/// One agent of a table.
pub struct AgentRow {
    pub status: AgentStatus,
    pub roots: Roots,
}

impl AgentRow {
    /// A folder of it is there, or sessions of it are known.
    pub fn is_here(&self) -> bool {
        let there = self.status.roots.iter().any(|(_, there)| *there);
        there || self.status.sessions + self.status.sources > 0
    }

    /// What its files do not record.
    pub fn lacks(&self) -> String {
        let lacks: Vec<&str> = self.status.agent.capabilities.words(false).collect();
        lacks.join(", ")
    }
}

/// `AgentStatus` in the engine's order, with its places.
pub fn agent_rows(agents: Vec<AgentStatus>) -> Vec<AgentRow> {
    let row = |status: AgentStatus| AgentRow {
        roots: Roots::new(&status.roots),
        status,
    };
    agents.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_shown_and_something_always_is() {
        let root = |path: &str, there| (path.to_owned(), there);
        let some = Roots::new(&[root("/a", false), root("/b", true), root("/c", false)]);
        assert_eq!(some.shown, [root("/b", true)]);
        assert_eq!(some.folded, ["/a", "/c"]);
        let none = Roots::new(&[root("/a", false), root("/b", false)]);
        assert_eq!(none.shown, [root("/a", false)]);
        assert_eq!(none.folded, ["/b"]);
        assert!(Roots::new(&[]).shown.is_empty());
    }
}
