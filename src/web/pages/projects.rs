//! `/projects`: what was worked on, newest first.

use crate::engine::view::{ProjectRow, ProjectsPage};
use crate::web::ask::Ask;
use crate::web::cards::CardView;
use crate::web::error::Answer;
use crate::web::facets::Choice;
use crate::web::params::{Params, carried};
use crate::web::respond::{self, fragment};
use crate::web::shell::Shell;
use crate::web::{App, blocking, filters};
use askama::Template;
use axum::extract::State;

const PATH: &str = "/projects";

#[derive(Template)]
#[template(path = "pages/projects.html", blocks = ["results"])]
pub struct Projects {
    pub shell: Shell,
    pub rows: Vec<Row>,
    pub hidden: usize,
    pub helpers: Choice,
    pub refresh: String,
}
fragment!(Projects);

pub struct Row {
    pub row: ProjectRow,
    pub href: String,
    pub cards: Vec<CardView>,
}

pub async fn page(State(app): State<App>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        respond::stamped(app, &ask, || {
            let params = ask.params.only(&["agent", "include_helpers"]);
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
        Projects {
            rows: found
                .rows
                .into_iter()
                .map(|row| Row::new(row, &params, &shell))
                .collect(),
            hidden: found.hidden_sessions,
            helpers: Choice {
                label: "include_helpers",
                href: params
                    .with("include_helpers", if on { "" } else { "1" })
                    .url(PATH),
                current: on,
            },
            refresh: params.url("/fragments/projects"),
            shell,
        }
    }
}

impl Row {
    fn new(mut row: ProjectRow, params: &Params, shell: &Shell) -> Row {
        let helpers = params.only(&["include_helpers"]);
        let href = match &row.name.repo {
            Some(repo) => helpers.with("repo", repo),
            None => helpers.with("project", carried(&row.name.path)),
        };
        let cards = std::mem::take(&mut row.newest)
            .into_iter()
            .map(|card| CardView::new(card, shell))
            .collect();
        Row {
            href: href.url("/"),
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

    #[test]
    fn a_project_leads_to_its_sessions() {
        let html = sample_page().render().unwrap();
        assert!(html.contains("/?repo=/home/ada/src/orbit"));
        assert!(html.contains("/?project=/tmp/scratch"));
    }
}
