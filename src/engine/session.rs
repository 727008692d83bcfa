//! One session's page.

use super::Engine;
use super::catalog::Entry;
use super::view::*;
use crate::model::Sid;
use anyhow::Result;

impl Engine {
    pub(super) fn show_session(&self, sid: Sid) -> Result<Option<SessionView>> {
        let catalog = self.catalog.get()?;
        let Some(entry) = catalog.get(sid) else {
            return Ok(None);
        };
        let mut desk = self.desk(&catalog)?;
        let parent = catalog.parent(entry).filter(|parent| parent.sid != sid);
        let parent = parent.map(|parent| desk.card(parent, &[])).transpose()?;
        let children = catalog.children(entry).filter(|child| child.sid != sid);
        let children = children
            .map(|child| desk.card(child, &[]))
            .collect::<Result<_>>()?;
        let retries = catalog
            .retries(sid)
            .into_iter()
            .map(|other| desk.member(other))
            .collect();
        let reader = self.store.read()?;
        let days = reader.days(sid)?;
        let mut pricer = self.catalog.pricer();
        Ok(Some(SessionView {
            card: desk.card(entry, &[])?,
            resume: resume(entry),
            parent,
            children,
            retries,
            cost_by_model: pricer.by_model(days.iter().map(|(day, stats)| (*day, stats))),
            issues: match entry.summary.issues {
                0 => Vec::new(),
                _ => reader.issues_of(&entry.summary.path)?,
            },
        }))
    }
}

/// The command that goes on with a session, ready for a shell. There is none for what only another
/// session started, and none when the agent has deleted its file.
fn resume(entry: &Entry) -> Option<String> {
    let session = &entry.summary;
    if session.is_sub_agent() || session.gone {
        return None;
    }
    Some(
        entry
            .info
            .resume?
            .replace("{id}", &quoted(&session.key.native)),
    )
}

/// Ids come from file names, which may hold anything.
fn quoted(id: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match !id.is_empty() && !id.starts_with('-') && id.chars().all(plain) {
        true => id.to_owned(),
        false => format!("'{}'", id.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_cannot_leave_the_command() {
        assert_eq!(quoted("0b1c-22.jsonl"), "0b1c-22.jsonl");
        assert_eq!(quoted("a; rm -rf ~"), "'a; rm -rf ~'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted("--help"), "'--help'");
    }
}
