//! The filter flags as parameters of an endpoint.

use super::Usage;
use super::args::FilterArgs;
use super::ask::Ask;
use crate::model::Day;
use crate::web::api::params::Params;
use crate::web::api::projects::{self, ProjectRecord};
use std::path::Path;

impl FilterArgs {
    /// # Errors
    /// [`Usage`]: a day that is none, a project that is not known.
    pub fn params(&self, ask: &Ask) -> anyhow::Result<Params> {
        for (flag, value) in [("--since", &self.since), ("--until", &self.until)] {
            let params = Params::default().with_some(flag, value.as_ref());
            // the day itself is worked out where the zone is known
            let checked = params.day(flag, Day::default());
            checked.map_err(|failure| Usage(failure.error))?;
        }
        Ok(Params::default()
            .with_each("agent", &self.agent)
            .with_each("project", self.projects(ask)?)
            .with_each("repo", self.repos(ask)?)
            .with_each("branch", &self.branch)
            .with_each("model", &self.model)
            .with_each("tag", &self.tag)
            .with_some("starred", self.starred.then_some(1))
            .with_some("from", self.since.as_ref())
            .with_some("to", self.until.as_ref())
            .with_some("include_helpers", self.helpers.then_some(1))
            .with_some("include_empty", self.empty.then_some(1)))
    }

    /// Working directories that the given folders and names stand for.
    fn projects(&self, ask: &Ask) -> anyhow::Result<Vec<String>> {
        let why = |asked: &str| format!("--project {asked}: no session was held in such a folder");
        each(ask, &self.project, matching, why)
    }

    /// Roots of the repositories that the given folders and names stand for.
    fn repos(&self, ask: &Ask) -> anyhow::Result<Vec<String>> {
        let why = |asked: &str| format!("--repo {asked}: no session was held in such a repository");
        each(ask, &self.repo, repositories, why)
    }
}

/// What `find` takes each of the `asked` for.
///
/// # Errors
/// [`Usage`] with what `why` says, where it takes one for nothing.
fn each(
    ask: &Ask,
    asked: &[String],
    find: fn(&str, &[ProjectRecord]) -> Vec<String>,
    why: impl Fn(&str) -> String,
) -> anyhow::Result<Vec<String>> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let all = Params::default().with("include_helpers", 1);
    let known = ask.get("/api/projects", &all, projects::list)?.body;
    let mut found = Vec::new();
    for asked in asked {
        let values = find(asked, &known);
        if values.is_empty() {
            return Err(Usage(why(asked)).into());
        }
        found.extend(values);
    }
    Ok(found)
}

/// A folder means the repository it lies in, a name the last segment of a root, any case.
fn repositories(asked: &str, known: &[ProjectRecord]) -> Vec<String> {
    let here = is_path(asked).then(|| resolved(asked));
    let matches = |row: &ProjectRecord, root: &str| match &here {
        Some(path) => {
            let mut folders = row.folders.iter().map(String::as_str).chain([root]);
            path.starts_with(root) || folders.any(|folder| Path::new(folder) == path)
        }
        None => row.label.eq_ignore_ascii_case(asked),
    };
    let roots = known.iter().filter_map(|row| {
        let root = row.git_root.as_deref()?;
        matches(row, root).then(|| root.to_owned())
    });
    roots.collect()
}

fn is_path(asked: &str) -> bool {
    asked.starts_with(['.', '~', '/']) || asked.contains(['/', '\\'])
}

/// A folder means the sessions held in it or below it; a name means a last segment, any case.
fn matching(asked: &str, known: &[ProjectRecord]) -> Vec<String> {
    let folders = |row: &ProjectRecord| {
        let own = std::iter::once(row.path.clone());
        let all: Vec<String> = own.chain(row.folders.iter().cloned()).collect();
        all
    };
    let here = is_path(asked).then(|| resolved(asked));
    let matches = |row: &ProjectRecord, folder: &String| match &here {
        Some(path) => Path::new(folder).starts_with(path),
        None => {
            let last = folder.rsplit(['/', '\\']).next().unwrap_or_default();
            row.label.eq_ignore_ascii_case(asked) || last.eq_ignore_ascii_case(asked)
        }
    };
    let mut found: Vec<String> = known
        .iter()
        .flat_map(|row| folders(row).into_iter().map(move |folder| (row, folder)))
        .filter(|(row, folder)| !folder.is_empty() && matches(row, folder))
        .map(|(_, folder)| folder)
        .collect();
    found.sort();
    found.dedup();
    found
}

fn resolved(asked: &str) -> std::path::PathBuf {
    let home = std::env::home_dir();
    let path = match (asked.strip_prefix('~'), home) {
        (Some(rest), Some(home)) => home.join(rest.trim_start_matches('/')),
        _ => asked.into(),
    };
    path.canonicalize()
        .or_else(|_| std::path::absolute(&path))
        .unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(path: &str, folders: &[&str]) -> ProjectRecord {
        ProjectRecord {
            path: path.into(),
            label: path.rsplit('/').next().unwrap().into(),
            folders: folders.iter().map(|folder| folder.to_string()).collect(),
            ..ProjectRecord::default()
        }
    }

    #[test]
    fn a_folder_or_a_name_means_its_working_directories() {
        let known = [
            project("/w/app", &["/w/app", "/w/app/sub", "/w/trees/fix"]),
            project("/w/application", &["/w/application"]),
            project("/v/App", &[]),
        ];
        assert_eq!(matching("/w/app", &known), ["/w/app", "/w/app/sub"]);
        assert_eq!(
            matching("app", &known),
            ["/v/App", "/w/app", "/w/app/sub", "/w/trees/fix"]
        );
        assert_eq!(matching("fix", &known), ["/w/trees/fix"]);
        assert!(matching("appl", &known).is_empty());
        assert!(matching("/nowhere", &known).is_empty());
    }

    #[test]
    fn a_repository_is_named_by_a_folder_in_it_or_by_its_name() {
        let rooted = |path: &str, folders: &[&str]| ProjectRecord {
            git_root: Some(path.into()),
            ..project(path, folders)
        };
        let known = [
            rooted("/w/app", &["/w/app", "/w/trees/fix"]),
            rooted("/v/tool", &[]),
            project("/w/loose", &["/w/loose"]),
        ];
        for asked in ["/w/app", "/w/app/src", "/w/trees/fix", "APP"] {
            assert_eq!(repositories(asked, &known), ["/w/app"], "{asked}");
        }
        for asked in ["loose", "/w", "/w/application", "fix"] {
            assert!(repositories(asked, &known).is_empty(), "{asked}");
        }
    }
}
