//! Which repository a project lies in, found by reading `.git`, never by running git.

use super::Shared;
use anyhow::Result;
use std::collections::BTreeSet;
use std::path::Path;

/// Looks up the projects that have not been looked up; answers are kept, negative ones too.
pub fn resolve(shared: &Shared) -> Result<()> {
    let reader = shared.store.read()?;
    let mut projects: BTreeSet<(String, Option<String>)> = BTreeSet::new();
    for (_, session) in reader.sessions()? {
        if !session.project.is_empty() && !reader.repo_known(&session.project)? {
            projects.insert((session.project, session.worktree_of));
        }
    }
    drop(reader);
    if projects.is_empty() {
        return Ok(());
    }
    let mut writer = shared.store.write()?;
    for (project, original) in projects {
        let root = original.or_else(|| root_of(&project)).unwrap_or_default();
        writer.put_repo(&project, &root)?;
    }
    let generation = writer.commit()?;
    shared
        .status
        .update(|status| status.generation = generation);
    Ok(())
}

/// Root of the repository that holds `project`; of a worktree, that of its main checkout.
fn root_of(project: &str) -> Option<String> {
    let path = Path::new(project);
    if path.is_absolute() {
        for folder in path.ancestors().take(40) {
            let git = folder.join(".git");
            let Ok(meta) = std::fs::metadata(&git) else {
                continue;
            };
            if meta.is_dir() {
                return Some(folder.to_string_lossy().into_owned());
            }
            return Some(main_checkout(folder, &git));
        }
    }
    // the folder is no longer there, or on another machine: the agents' own worktrees tell by name
    crate::agents::all_infos()
        .filter_map(|info| info.worktrees)
        .find_map(|folder| {
            let slashed = project.replace('\\', "/");
            slashed
                .find(&format!("/{folder}/"))
                .map(|at| project[..at].to_owned())
        })
}

/// A `.git` file points into the main checkout's `.git/worktrees/NAME` (or `.git/modules/NAME`).
fn main_checkout(folder: &Path, git: &Path) -> String {
    let own = || folder.to_string_lossy().into_owned();
    let Ok(text) = std::fs::read_to_string(git) else {
        return own();
    };
    let Some(target) = text.strip_prefix("gitdir:").map(str::trim) else {
        return own();
    };
    let target = folder.join(target);
    let target = target.to_string_lossy();
    match target
        .find("/.git/worktrees/")
        .or_else(|| target.find("\\.git\\worktrees\\"))
    {
        Some(at) => target[..at].to_owned(),
        None => own(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkouts_worktrees_and_submodules() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path();
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let main = base.join("main");
        std::fs::create_dir_all(main.join(".git/worktrees/wt")).unwrap();
        std::fs::create_dir_all(main.join("src/deep")).unwrap();
        std::fs::create_dir_all(base.join("wt")).unwrap();
        std::fs::write(
            base.join("wt/.git"),
            format!("gitdir: {}\n", text(&main.join(".git/worktrees/wt"))),
        )
        .unwrap();
        std::fs::create_dir_all(main.join("sub")).unwrap();
        std::fs::write(main.join("sub/.git"), "gitdir: ../.git/modules/sub\n").unwrap();
        assert_eq!(root_of(&text(&main.join("src/deep"))), Some(text(&main)));
        assert_eq!(root_of(&text(&base.join("wt"))), Some(text(&main)));
        assert_eq!(
            root_of(&text(&main.join("sub"))),
            Some(text(&main.join("sub")))
        );
    }

    #[test]
    fn what_is_not_here_is_told_by_its_name_or_not_at_all() {
        assert_eq!(
            root_of("/nowhere/app/.claude/worktrees/blue"),
            Some("/nowhere/app".into())
        );
        assert_eq!(root_of("C:\\code\\app"), None);
        assert_eq!(root_of("relative"), None);
    }
}
