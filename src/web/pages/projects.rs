//! `/projects`: what was worked on, newest first.

use crate::engine::view::{LanguageUse, ProjectRow, ProjectsPage};
use crate::web::ask::Ask;
use crate::web::cards::CardView;
use crate::web::charts::{Spark, spark};
use crate::web::error::Answer;
use crate::web::facets::{Choice, choices};
use crate::web::params::{Params, carried};
use crate::web::respond::{self, fragment};
use crate::web::shell::Shell;
use crate::web::{App, blocking, filters};
use askama::Template;
use axum::extract::State;

const PATH: &str = "/projects";
const SORTS: [(&str, &str); 5] = [
    ("newest", "Newest"),
    ("name", "Name"),
    ("sessions", "Sessions"),
    ("tokens", "Tokens"),
    ("costliest", "Costliest"),
];
/// Languages that a row names.
const LANGUAGES: usize = 4;
/// Sessions that a row names.
const RECENT: usize = 3;

#[derive(Template)]
#[template(path = "pages/projects.html", blocks = ["results"])]
pub struct Projects {
    pub shell: Shell,
    pub q: String,
    pub rows: Vec<Row>,
    /// Projects before the words were looked for.
    pub all: usize,
    pub hidden: usize,
    pub sorts: Vec<Choice>,
    pub carried: Vec<(String, String)>,
    pub helpers: Choice,
    pub clear: Option<String>,
    pub refresh: String,
}
fragment!(Projects);

pub struct Row {
    pub row: ProjectRow,
    /// The project's own page, and its sessions.
    pub href: String,
    pub sessions: String,
    pub languages: Vec<LanguageUse>,
    pub spark: Spark,
    pub cards: Vec<CardView>,
}

pub async fn page(State(app): State<App>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        respond::stamped(app, &ask, || {
            let known = ["q", "agent", "sort", "include_helpers"];
            let params = ask.params.only(&known);
            let found = app.engine.projects(&params.filters())?;
            let shell = Shell::new(app, &ask, PATH, "Projects");
            let page = Projects::new(shell, params, found);
            respond::navigated(&ask, &page, &page.shell.here)
        })
    })
    .await
}

impl Projects {
    fn new(mut shell: Shell, params: Params, found: ProjectsPage) -> Projects {
        shell.here = params.url(PATH);
        let on = params.flag("include_helpers");
        let q = params.get("q").unwrap_or_default().trim().to_owned();
        let mut rows = found.rows;
        let all = rows.len();
        rows.retain(|row| has(row, &q));
        match params.get("sort") {
            Some("name") => rows.sort_by_cached_key(|row| row.name.label.to_lowercase()),
            Some("sessions") => rows.sort_by_key(|row| std::cmp::Reverse(row.sessions)),
            Some("tokens") => rows.sort_by_key(|row| std::cmp::Reverse(row.tokens)),
            Some("costliest") => rows.sort_by_key(|row| std::cmp::Reverse(row.cost.micros)),
            _ => {}
        }
        let rows = rows.into_iter();
        Projects {
            rows: rows.map(|row| Row::new(row, &params, &shell)).collect(),
            all,
            hidden: found.hidden_sessions,
            sorts: choices(&params, PATH, "sort", &SORTS),
            carried: params.without("q").pairs().to_vec(),
            helpers: Choice {
                label: "include_helpers",
                href: params
                    .with("include_helpers", if on { "" } else { "1" })
                    .url(PATH),
                current: on,
            },
            clear: (!q.is_empty()).then(|| params.without("q").url(PATH)),
            refresh: params.url("/fragments/projects"),
            q,
            shell,
        }
    }
}

/// Every word occurs in its path, its agents or its languages, whatever the case.
fn has(row: &ProjectRow, q: &str) -> bool {
    let agents = row.agents.iter().map(|(info, _)| info.name);
    let languages = row.languages.iter().map(|language| language.name);
    let all: Vec<&str> = [row.path.as_str(), row.name.label.as_str()]
        .into_iter()
        .chain(row.folders.iter().map(String::as_str))
        .chain(agents)
        .chain(languages)
        .collect();
    let all = all.join("\n").to_lowercase();
    q.to_lowercase()
        .split_whitespace()
        .all(|word| all.contains(word))
}

impl Row {
    fn new(mut row: ProjectRow, params: &Params, shell: &Shell) -> Row {
        let helpers = params.only(&["include_helpers"]);
        let sessions = match &row.name.repo {
            Some(repo) => helpers.with("repo", repo),
            None => helpers.with("project", carried(&row.name.path)),
        };
        let cards = std::mem::take(&mut row.newest)
            .into_iter()
            .take(RECENT)
            .map(|card| CardView::new(card, shell))
            .collect();
        Row {
            href: helpers.with("path", carried(&row.path)).url("/project"),
            sessions: sessions.url("/"),
            languages: row.languages.iter().take(LANGUAGES).cloned().collect(),
            spark: spark(&row.weeks),
            cards,
            row,
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::web::sample;

    pub fn sample_page() -> Projects {
        let shell = sample::shell(PATH, "Projects");
        Projects::new(shell, Params::default(), sample::projects())
    }

    fn shown(params: &str) -> String {
        let shell = sample::shell(PATH, "Projects");
        Projects::new(shell, Params::parse(params), sample::projects())
            .render()
            .unwrap()
    }

    #[test]
    fn a_project_leads_to_its_page_and_to_its_sessions() {
        let html = sample_page().render().unwrap();
        assert!(html.contains("/?repo=/home/ada/src/orbit"));
        assert!(html.contains("/project?path=/home/ada/src/orbit"));
        assert!(html.contains("/?project=/tmp/scratch"));
    }

    #[test]
    fn words_narrow_and_sorts_order() {
        let html = shown("q=SCRATCH");
        assert!(html.contains("/tmp/scratch") && !html.contains("/home/ada/src/orbit"));
        assert!(shown("q=nobody").contains("No project has these words."));
        let place = |html: &str, path: &str| html.find(&format!("path={path}")).unwrap();
        let html = shown("sort=name");
        assert!(place(&html, "/home/ada/src/orbit") < place(&html, "/tmp/scratch"));
    }
}
