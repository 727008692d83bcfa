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
        if self.project.is_empty() {
            return Ok(Vec::new());
        }
        let all = Params::default().with("include_helpers", 1);
        let known = ask.get("/api/projects", &all, projects::list)?.body;
        let mut found = Vec::new();
        for asked in &self.project {
            let folders = matching(asked, &known);
            if folders.is_empty() {
                return Err(Usage(format!(
                    "--project {asked}: no session was held in such a folder"
                ))
                .into());
            }
            found.extend(folders);
        }
        Ok(found)
    }
}

/// A folder means the sessions held in it or below it; a name means a last segment, any case.
fn matching(asked: &str, known: &[ProjectRecord]) -> Vec<String> {
    let folders = |row: &ProjectRecord| {
        let own = std::iter::once(row.path.clone());
        let all: Vec<String> = own.chain(row.folders.iter().cloned()).collect();
        all
    };
    let is_path = asked.starts_with(['.', '~', '/']) || asked.contains(['/', '\\']);
    let here = is_path.then(|| resolved(asked));
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
}
