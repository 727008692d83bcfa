//! `/status`: how far reading is, what could not be read, and how large everything is.

use crate::engine::view::StatusView;
use crate::web::ask::Ask;
use crate::web::error::Answer;
use crate::web::respond::{self, fragment};
use crate::web::roots::{AgentRow, agent_rows};
use crate::web::shell::Shell;
use crate::web::{App, blocking, filters};
use askama::Template;
use axum::extract::State;

const PATH: &str = "/status";

#[derive(Template)]
#[template(path = "pages/status.html", blocks = ["results"])]
pub struct Status {
    pub shell: Shell,
    pub view: StatusView,
    pub agents: Vec<AgentRow>,
    /// Agents of which nothing is here.
    pub absent: Vec<AgentRow>,
    pub committed: Option<i64>,
    /// Index and store against sources, percent.
    pub ratio: Option<u64>,
}
fragment!(Status);

pub async fn page(State(app): State<App>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        let shell = Shell::new(app, &ask, PATH, "Status");
        let page = Status::new(shell, app.engine.status()?);
        respond::navigated(&ask, &page, PATH)
    })
    .await
}

impl Status {
    fn new(mut shell: Shell, mut view: StatusView) -> Status {
        shell.here = PATH.into();
        let rows = agent_rows(std::mem::take(&mut view.agents)).into_iter();
        let (agents, absent) = rows.partition(AgentRow::is_here);
        Status {
            agents,
            absent,
            committed: (view.ingest.last_commit_at > 0).then_some(view.ingest.last_commit_at),
            ratio: (view.source_bytes > 0)
                .then(|| (view.index_bytes + view.store_bytes) * 100 / view.source_bytes),
            view,
            shell,
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::web::sample;

    pub fn sample_page() -> Status {
        Status::new(sample::shell(PATH, "Status"), sample::status())
    }

    #[test]
    fn issues_name_file_and_line() {
        let html = sample_page().render().unwrap();
        assert!(html.contains("torn tail"));
        assert!(html.contains(":4127"));
    }
}
