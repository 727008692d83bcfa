//! Whose histories are read: the user's own home and those of other machines and containers.

use super::{Home, Surroundings};
use crate::model::AgentInfo;
use std::path::{Path, PathBuf};

/// The own home first, then those of the command line, of the file, and Windows homes beside a
/// Linux that runs inside Windows. Each folder once.
///
/// # Errors
/// A folder named by a flag does not exist. (One named by the file may be on a disk that is not
/// mounted today: that is a warning.)
pub(super) fn all(
    flags: &[String],
    file: Vec<(String, Option<String>)>,
    around: &Surroundings,
    agents: &[&AgentInfo],
    warnings: &mut Vec<String>,
) -> anyhow::Result<Vec<Home>> {
    let mut homes: Vec<Home> = Vec::new();
    let mut add = |path: PathBuf, label: String| {
        let same = |home: &Home| home.path == path || real(&home.path) == real(&path);
        if !homes.iter().any(same) {
            homes.push(Home { path, label });
        }
    };
    if let Some(home) = &around.home {
        add(home.clone(), String::new());
    }
    for flag in flags {
        let (label, path) = split(flag);
        let path = expand(path, around);
        if !path.is_dir() {
            anyhow::bail!("--root {flag}: there is no folder {}", path.display());
        }
        add(
            path.clone(),
            label.map_or_else(|| name(&path), str::to_owned),
        );
    }
    for (path, label) in file {
        let path = expand(&path, around);
        if !path.is_dir() {
            warnings.push(format!(
                "roots in config.toml: there is no folder {} now, it is left out",
                path.display()
            ));
            continue;
        }
        add(path.clone(), label.unwrap_or_else(|| name(&path)));
    }
    for path in around
        .windows_users
        .iter()
        .flat_map(|users| with_histories(users, agents))
    {
        let label = format!("windows-{}", name(&path));
        add(path, label);
    }
    Ok(homes)
}

/// `LABEL=PATH` or `PATH`. A path may hold `=` itself: a label has no separator and is not empty.
fn split(flag: &str) -> (Option<&str>, &str) {
    match flag.split_once('=') {
        Some((label, path))
            if !label.is_empty() && !label.contains(['/', '\\']) && !path.is_empty() =>
        {
            (Some(label), path)
        }
        _ => (None, flag),
    }
}

/// Folders that a `*` may stand for; a place with more is no place for projects.
const MOST_FOLDERS: usize = 2000;

/// The places below a home that a root's path stands for: itself, or where it holds `*` (any folder that
/// is not hidden) those that are there; the path as it is written where none is.
pub(super) fn matching(home: &Path, path: &str) -> Vec<PathBuf> {
    let mut found = vec![home.to_owned()];
    if !path.contains('*') {
        return vec![home.join(path)];
    }
    for part in path.split('/') {
        found = match part {
            "*" => found.iter().flat_map(|folder| folders(folder)).collect(),
            name => found.into_iter().map(|folder| folder.join(name)).collect(),
        };
        found.truncate(MOST_FOLDERS);
    }
    found.retain(|path| path.exists());
    if found.is_empty() {
        found.push(home.join(path));
    }
    found
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

pub(super) fn expand(path: &str, around: &Surroundings) -> PathBuf {
    match (path.strip_prefix("~/"), &around.home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => std::path::absolute(path).unwrap_or_else(|_| path.into()),
    }
}

fn name(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Windows homes that hold a history. Windows itself is not asked which home is whose: starting its
/// command interpreter takes up to seconds, and this finds the same.
fn with_histories(users: &Path, agents: &[&AgentInfo]) -> Vec<PathBuf> {
    let holds = |home: &PathBuf| {
        agents
            .iter()
            .flat_map(|info| info.roots)
            .any(|spec| home.join(spec.path).is_dir())
    };
    let mut found: Vec<PathBuf> = std::fs::read_dir(users)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(holds)
        .collect();
    found.sort();
    found
}

/// Where a Linux inside Windows sees the Windows homes.
pub(super) fn windows_users() -> Option<PathBuf> {
    let users = Path::new("/mnt/c/Users");
    (cfg!(target_os = "linux") && users.is_dir()).then(|| users.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_folder_that_is_there() {
        let home = tempfile::tempdir().unwrap();
        for folder in ["code/b/.x", "code/a/.x", "code/.git/.x", "code/c"] {
            std::fs::create_dir_all(home.path().join(folder)).unwrap();
        }
        let at = |path: &str| home.path().join(path);
        assert_eq!(
            matching(home.path(), "code/*/.x"),
            [at("code/a/.x"), at("code/b/.x")]
        );
        assert_eq!(matching(home.path(), "none/*/.x"), [at("none/*/.x")]);
        assert_eq!(matching(home.path(), ".y"), [at(".y")]);
    }
}
