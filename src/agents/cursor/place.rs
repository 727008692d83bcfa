//! Which folder a conversation is of.

use crate::agents::read::json::Raw;
use crate::agents::read::sqlite::{Db, with_log};
use crate::agents::read::whole::Document;
use crate::agents::read::{self, folder, vscode};
use crate::agents::{Flow, Listing};
use crate::model::Fingerprint;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

pub(super) const STATE: &str = "state.vscdb";

/// Conversations of one workspace, as its database named them when it had this fingerprint.
type Known = HashMap<PathBuf, (Fingerprint, Vec<String>)>;

/// Databases of workspaces change seldom and there are many: each is asked again only when it changed.
static KNOWN: Mutex<Option<Known>> = Mutex::new(None);

pub(super) fn is_global(database: &Path) -> bool {
    database
        .parent()
        .is_some_and(|folder| folder.ends_with("globalStorage"))
}

/// The folder of every conversation that some workspace below `User` names.
pub(super) fn folders(user: &Path) -> HashMap<String, String> {
    let mut quiet = Listing::default();
    let mut folders = HashMap::new();
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    for entry in folder::entries(&user.join("workspaceStorage"), &mut quiet) {
        let database = entry.path.join(STATE);
        let Ok(meta) = fs::symlink_metadata(&database) else {
            continue;
        };
        let print = with_log(read::fingerprint(&meta), &database);
        let fresh = known.get(&database).is_some_and(|(made, _)| *made == print);
        if !fresh {
            let ids = ids(&database).unwrap_or_default();
            known.insert(database.clone(), (print, ids));
        }
        let (_, ids) = &known[&database];
        if ids.is_empty() {
            continue;
        }
        if let Some(folder) = vscode::folder(&entry.path) {
            folders.extend(ids.iter().map(|id| (id.clone(), folder.clone())));
        }
    }
    folders
}

fn ids(database: &Path) -> Option<Vec<String>> {
    let db = Db::open(database).ok()?;
    let json = item(&db, "composer.composerData")?;
    let all = Raw::parse(&json).ok()?.get("allComposers")?;
    let id = |one: Raw<'_>| one.get("composerId").and_then(Raw::owned);
    Some(all.items().into_iter().filter_map(id).collect())
}

/// A value of the editor's own table.
pub(super) fn item(db: &Db, key: &str) -> Option<String> {
    let mut value = None;
    let tail = "WHERE key = ?1";
    db.select("ItemTable", &["value"], tail, &[&key], &mut |row| {
        value = row.text(0);
        Flow::Stop
    })
    .ok()?;
    value
}

/// The folder behind a name of `~/.cursor/projects`: as the program noted it there, or a folder that
/// is there now and would get this name. The name alone does not tell `-` from `/`.
pub(super) fn of_slug(project: &Path) -> Option<String> {
    let trusted = Document::beside(&project.join(".workspace-trusted"));
    let noted = trusted
        .as_ref()
        .and_then(|noted| noted.root().get("workspacePath"))
        .and_then(Raw::owned);
    noted.or_else(|| {
        let slug = project.file_name()?.to_str()?;
        let mut looks = 200;
        let start = PathBuf::from(if cfg!(windows) { r"C:\" } else { "/" });
        let slug = slug.trim_start_matches('-');
        let rest = if cfg!(windows) { slug.get(2..)? } else { slug };
        walk(&start, rest, &mut looks).map(|path| path.to_string_lossy().into_owned())
    })
}

/// The longest names first; gives up after so many looks.
fn walk(at: &Path, rest: &str, looks: &mut u32) -> Option<PathBuf> {
    *looks = looks.checked_sub(1)?;
    let mut names: Vec<String> = fs::read_dir(at)
        .ok()?
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| rest.starts_with(&encoded(name)))
        .collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names.into_iter().find_map(|name| {
        let behind = &rest[encoded(&name).len()..];
        let path = at.join(&name);
        if behind.is_empty() {
            return Some(path);
        }
        walk(&path, behind.strip_prefix('-')?, looks)
    })
}

fn encoded(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    name.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_the_folder_that_is_there() {
        let home = tempfile::tempdir().unwrap();
        for path in ["my/app", "my-app/src", "my-app/.x"] {
            fs::create_dir_all(home.path().join(path)).unwrap();
        }
        let found = |rest: &str| walk(home.path(), rest, &mut 100);
        assert_eq!(found("my-app-src"), Some(home.path().join("my-app/src")));
        assert_eq!(found("my-app"), Some(home.path().join("my-app")));
        assert_eq!(found("my-app--x"), Some(home.path().join("my-app/.x")));
        assert_eq!(found("my-other"), None);
        assert_eq!(walk(home.path(), "my-app", &mut 0), None);
    }
}
