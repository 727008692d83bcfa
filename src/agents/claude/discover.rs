//! Where the files lie.

use super::layout;
use crate::agents::Listing;
use crate::agents::read::folder::{self, Entry};
use crate::agents::read::value::id_of_name;
use crate::model::{Rank, Source};
use std::path::Path;

/// A configuration folder (`projects/` and `history.jsonl`), a `projects` folder itself, or the
/// desktop app's folder with configuration folders at some depth in it.
pub fn discover(root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
    let mut walk = Walk {
        found,
        listing: Listing::new(),
        desktop: 0,
    };
    let entries = folder::entries(root, &mut walk.listing);
    let known = |entry: &Entry| entry.name == "projects" || entry.name == "history.jsonl";
    if root.ends_with("projects") {
        walk.projects(root);
    } else if root.ends_with("local-agent-mode-sessions") {
        walk.desktop = layout::DESKTOP;
        walk.desktop(entries, 0);
    } else if entries.iter().any(known) {
        walk.configuration(entries);
    }
    walk.listing
}

/// Folders above `.claude` in the desktop app's tree.
const DESKTOP_DEPTH: usize = 5;
/// Folders below `subagents` (workflows nest).
const AGENT_DEPTH: usize = 6;

struct Walk<'a> {
    found: &'a mut dyn FnMut(Source),
    listing: Listing,
    desktop: u8,
}

impl Walk<'_> {
    fn desktop(&mut self, entries: Vec<Entry>, depth: usize) {
        for entry in entries.into_iter().filter(|entry| entry.is_folder) {
            let inner = folder::entries(&entry.path, &mut self.listing);
            if entry.name == ".claude" {
                self.configuration(inner);
            } else if depth < DESKTOP_DEPTH && entry.name != "node_modules" {
                self.desktop(inner, depth + 1);
            }
        }
    }

    fn configuration(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            match (entry.name.as_str(), entry.is_folder) {
                ("projects", true) => self.projects(&entry.path),
                ("history.jsonl", false) => {
                    self.source(&entry.path, layout::HISTORY, String::new(), None);
                }
                _ => {}
            }
        }
    }

    fn projects(&mut self, folder: &Path) {
        for project in folder::entries(folder, &mut self.listing) {
            if !project.is_folder {
                continue;
            }
            for entry in folder::entries(&project.path, &mut self.listing) {
                if entry.is_folder {
                    let agents = entry.path.join("subagents");
                    self.sub_agents(&agents, &entry.name, 0);
                    continue;
                }
                match entry.name.strip_suffix(".jsonl") {
                    None | Some("") => {}
                    Some(stem) if stem.starts_with("agent-") => {
                        let kind = layout::LOOSE_SUB_AGENT;
                        self.source(&entry.path, kind, String::new(), None);
                    }
                    Some(stem) => {
                        let native = id_of_name(stem);
                        self.source(&entry.path, layout::SESSION, native, None);
                    }
                }
            }
        }
    }

    fn sub_agents(&mut self, folder: &Path, parent: &str, depth: usize) {
        for entry in folder::inside(folder, &mut self.listing) {
            if entry.is_folder {
                if depth < AGENT_DEPTH {
                    self.sub_agents(&entry.path, parent, depth + 1);
                }
                continue;
            }
            // a workflow's `journal.jsonl` is no transcript
            if let Some(stem) = entry.name.strip_suffix(".jsonl")
                && stem.starts_with("agent-")
            {
                let native = agent_native(&id_of_name(stem), &id_of_name(parent));
                let parent = Some(id_of_name(parent));
                self.source(&entry.path, layout::SUB_AGENT, native, parent);
            }
        }
    }

    fn source(&mut self, path: &Path, kind: u8, native: String, parent: Option<String>) {
        let Some(fingerprint) = folder::fingerprint(path, &mut self.listing) else {
            return;
        };
        (self.found)(Source {
            path: path.to_owned(),
            fingerprint,
            rank: if kind == layout::HISTORY {
                Rank::Secondary
            } else {
                Rank::Primary
            },
            layout: kind | self.desktop,
            native,
            parent,
        });
    }
}

/// A sub-agent's id out of its file stem. Older ones are eight hex digits or fewer, which collide
/// between sessions: those carry the beginning of the parent's id.
pub fn agent_native(stem: &str, parent: &str) -> String {
    let last = stem.rsplit('-').next().unwrap_or(stem);
    if last.len() >= 12 || parent.is_empty() {
        return stem.to_owned();
    }
    let short: String = parent.chars().take(8).collect();
    format!("{stem}.{short}")
}

/// Compaction, prompt suggestions and side questions run as sub-agents under these names.
pub fn is_housekeeping(stem: &str) -> bool {
    const NAMES: [&str; 3] = [
        "agent-acompact-",
        "agent-aprompt_suggestion-",
        "agent-aside_question-",
    ];
    NAMES.iter().any(|name| stem.starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_agent_ids_carry_their_parent() {
        let parent = "5eac5945-4cf4-4f5c-a46a-1f8dacb407aa";
        assert_eq!(
            agent_native("agent-ae36478", parent),
            "agent-ae36478.5eac5945"
        );
        assert_eq!(
            agent_native("agent-a481e91cedd69e847", parent),
            "agent-a481e91cedd69e847"
        );
        assert_eq!(
            agent_native("agent-acompact-1a2b3c", parent),
            "agent-acompact-1a2b3c.5eac5945"
        );
        assert_eq!(agent_native("agent-ae36478", ""), "agent-ae36478");
    }
}
