//! `/project?path=...`: one project, by its repository's root or its folder.

use crate::engine::view::{Analytics, FileUse, NamedAmount, ProjectView};
use crate::web::ask::Ask;
use crate::web::cards::CardView;
use crate::web::charts::{self, OverTime, Step};
use crate::web::error::{Answer, Failure};
use crate::web::facets::{Choice, choices};
use crate::web::filters::{counted, dollars, grouped, shortened};
use crate::web::params::{NONE, Params, carried};
use crate::web::respond::{self, fragment};
use crate::web::shell::Shell;
use crate::web::{App, blocking, filters};
use askama::Template;
use axum::extract::State;

const PATH: &str = "/project";
const STEPS: [(&str, &str); 4] = [
    ("fit", "Fitting"),
    ("day", "Day"),
    ("week", "Week"),
    ("month", "Month"),
];
/// Rows of a list before its fold.
const SHOWN: usize = 10;

#[derive(Template)]
#[template(path = "pages/project.html", blocks = ["results"])]
pub struct Project {
    pub shell: Shell,
    pub view: ProjectView,
    pub label: String,
    pub helpers: Choice,
    pub refresh: String,
    /// Its sessions, its analytics, its activity, its days, and a search in it.
    pub links: Vec<(&'static str, String)>,
    pub tiles: Vec<(&'static str, String, String)>,
    pub chart: OverTime,
    /// Addresses by column: the sessions of these days.
    pub columns: Vec<String>,
    pub steps: Vec<Choice>,
    pub languages: Vec<Language>,
    /// Agents and models.
    pub lists: Vec<(&'static str, Vec<Line>)>,
    pub files: Vec<File>,
    pub files_folded: Vec<File>,
    /// Folder, branch or tag, how many sessions, their address.
    pub folders: Vec<(String, String)>,
    pub branches: Vec<(String, usize, String)>,
    pub tags: Vec<(String, usize, String)>,
    /// Newest and costliest sessions.
    pub sessions: Vec<(&'static str, Vec<CardView>)>,
}
fragment!(Project);

/// One language's part.
pub struct Language {
    pub name: &'static str,
    pub class: String,
    pub x: String,
    pub width: String,
    pub percent: String,
    pub calls: u64,
    pub files: u64,
}

/// An agent or a model.
pub struct Line {
    pub label: String,
    pub class: String,
    pub href: String,
    pub width: String,
    pub sessions: u64,
    pub tokens: String,
    pub cost: String,
}

pub struct File {
    pub file: FileUse,
    /// The search for calls that named it.
    pub href: String,
}

pub async fn page(State(app): State<App>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        respond::stamped(app, &ask, || {
            let params = ask.params.only(&["path", "step", "include_helpers"]);
            let path = params.get("path").unwrap_or(NONE);
            let path = if path == NONE { "" } else { path };
            let view = app
                .engine
                .project(path, params.flag("include_helpers"))?
                .ok_or_else(|| Failure::not_found("no session that is shown is of this project"))?;
            let mut shell = Shell::new(app, &ask, "/projects", "Project");
            shell.generation = view.generation;
            let page = Project::new(shell, params, view);
            respond::navigated(&ask, &page, &page.shell.here)
        })
    })
    .await
}

impl Project {
    fn new(mut shell: Shell, params: Params, view: ProjectView) -> Project {
        let params = params.with("path", carried(&view.row.path));
        shell.here = params.url(PATH);
        let label = match view.row.name.label.as_str() {
            "" => "No project recorded".to_owned(),
            label => label.to_owned(),
        };
        shell.title = label.clone();
        let behind = Behind::new(&view, &params);
        let step = params.get("step").and_then(Step::parse);
        let (chart, columns) = chart(&view, step, &behind, &shell);
        let mut files: Vec<File> = view.files.iter().map(|f| file(f, &behind)).collect();
        let files_folded = files.split_off(files.len().min(SHOWN));
        let on = params.flag("include_helpers");
        let counted = |list: &[(String, usize)], field: &str| -> Vec<(String, usize, String)> {
            let some = list.iter().take(24);
            some.map(|(name, n)| (name.clone(), *n, behind.url("/", field, name)))
                .collect()
        };
        let folder = |path: &String| (path.clone(), behind.folder(path));
        Project {
            helpers: Choice {
                label: "include_helpers",
                href: params
                    .with("include_helpers", if on { "" } else { "1" })
                    .url(PATH),
                current: on,
            },
            refresh: params.url("/fragments/project"),
            links: vec![
                ("Sessions", behind.all("/")),
                ("Analytics", behind.all("/analytics")),
                ("Activity", behind.all("/activity")),
                ("Timeline", behind.all("/timeline")),
                ("Search in it", behind.all("/search")),
            ],
            tiles: tiles(&view),
            steps: choices(&params, PATH, "step", &STEPS),
            chart,
            columns,
            languages: languages(&view),
            lists: vec![
                ("Agents", lines(&view.by_agent, "agent", &behind)),
                ("Models", lines(&view.by_model, "model", &behind)),
            ],
            files,
            files_folded,
            folders: view.row.folders.iter().map(folder).collect(),
            branches: counted(&view.branches, "branch"),
            tags: counted(&view.tags, "tag"),
            sessions: vec![
                ("Newest", cards(&view.recent, &shell)),
                ("Costliest", cards(&view.costliest, &shell)),
            ],
            label,
            view,
            shell,
        }
    }
}

/// Addresses of what lies behind the figures.
struct Behind {
    base: Params,
}

impl Behind {
    fn new(view: &ProjectView, params: &Params) -> Behind {
        let base = params.only(&["include_helpers"]);
        Behind {
            base: match &view.row.name.repo {
                Some(repo) => base.with("repo", repo),
                None => base.with("project", carried(&view.row.path)),
            },
        }
    }
    fn all(&self, path: &str) -> String {
        self.base.url(path)
    }
    fn url(&self, path: &str, field: &str, value: &str) -> String {
        self.base.with(field, carried(value)).url(path)
    }
    fn folder(&self, path: &str) -> String {
        let helpers = self.base.only(&["include_helpers"]);
        helpers.with("project", carried(path)).url("/")
    }
}

fn chart(
    view: &ProjectView,
    step: Option<Step>,
    behind: &Behind,
    shell: &Shell,
) -> (OverTime, Vec<String>) {
    let figures = Analytics {
        first_day: view.by_day.first().map(|row| row.day),
        last_day: view.by_day.last().map(|row| row.day),
        by_day: view.by_day.clone(),
        ..Analytics::default()
    };
    let chart = charts::over_time(&figures, &view.agent_days, step, false, &shell.clock);
    let columns = chart.columns.iter().map(|column| {
        let (from, to) = (column.first.to_string(), column.last.to_string());
        behind.base.with("from", &from).with("to", &to).url("/")
    });
    let columns = columns.collect();
    (chart, columns)
}

fn tiles(view: &ProjectView) -> Vec<(&'static str, String, String)> {
    let row = &view.row;
    let hidden = match view.hidden_sessions {
        0 => "of all runs".to_owned(),
        some => format!("{} included", counted(some as u64, "hidden run")),
    };
    let failed = match view.tool_errors {
        0 => "none failed".to_owned(),
        some => format!("{} failed", grouped(some)),
    };
    vec![
        (
            "Conversations",
            grouped(row.conversations as u64),
            counted(row.sessions as u64, "session"),
        ),
        (
            "Prompts",
            grouped(row.prompts),
            counted(row.messages, "message"),
        ),
        (
            "Active hours",
            format!("{:.1}", view.active_ms as f64 / 3.6e6),
            format!("on {} days", grouped(view.by_day.len() as u64)),
        ),
        ("Tool calls", grouped(view.tool_calls), failed),
        (
            "Tokens",
            shortened(view.total.tokens.total()),
            hidden.clone(),
        ),
        ("Cost", filters::priced(&row.cost), hidden),
    ]
}

fn languages(view: &ProjectView) -> Vec<Language> {
    let whole: u64 = view.row.languages.iter().map(|row| row.calls).sum();
    let mut x = 0.0;
    let row = |(at, language): (usize, &crate::engine::view::LanguageUse)| {
        let share = language.calls as f64 * 100.0 / whole.max(1) as f64;
        let from = x;
        x += share;
        Language {
            name: language.name,
            class: if at < 9 {
                format!("s{at}")
            } else {
                "sx".into()
            },
            x: format!("{from:.2}"),
            width: format!("{share:.2}"),
            percent: format!("{share:.0}%"),
            calls: language.calls,
            files: language.files,
        }
    };
    view.row.languages.iter().enumerate().map(row).collect()
}

fn lines(rows: &[NamedAmount], field: &str, behind: &Behind) -> Vec<Line> {
    let greatest = rows.iter().map(|row| row.amount.cost).max().unwrap_or(0);
    let line = |row: &NamedAmount| Line {
        label: charts::label(&row.label),
        class: match row.color {
            Some(_) => format!("a-{}", row.name),
            None => String::new(),
        },
        href: behind.url("/", field, &row.name),
        width: format!(
            "{:.1}",
            row.amount.cost.max(0) as f64 * 100.0 / greatest.max(1) as f64
        ),
        sessions: row.sessions,
        tokens: shortened(row.amount.tokens.total()),
        cost: match row.amount.cost == 0 && row.amount.unpriced_responses > 0 {
            true => "unpriced".into(),
            false => dollars(row.amount.cost),
        },
    };
    rows.iter().take(12).map(line).collect()
}

fn file(file: &FileUse, behind: &Behind) -> File {
    // the search's words are cut at blanks and quotes: a path with such is looked for by its name
    let name = file.path.rsplit(['/', '\\']).next().unwrap_or(&file.path);
    let word = match file.path.contains([' ', '"']) {
        true => name.split([' ', '"']).next().unwrap_or(name),
        false => &file.path,
    };
    File {
        href: behind
            .base
            .with("q", &format!("file:{word}"))
            .url("/search"),
        file: file.clone(),
    }
}

fn cards(list: &[crate::engine::view::Card], shell: &Shell) -> Vec<CardView> {
    let cards = list.iter().cloned();
    cards.map(|card| CardView::new(card, shell)).collect()
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::web::sample;

    pub fn sample_page() -> Project {
        shown(sample::project(), "path=/home/ada/src/orbit")
    }

    fn shown(view: ProjectView, params: &str) -> Project {
        let shell = sample::shell("/projects", "Project");
        Project::new(shell, Params::parse(params), view)
    }

    #[test]
    fn what_is_told_leads_to_what_is_behind_it() {
        let html = sample_page().render().unwrap();
        for link in [
            "href=\"/?repo=/home/ada/src/orbit\"",
            "href=\"/analytics?repo=/home/ada/src/orbit\"",
            "href=\"/search?repo=/home/ada/src/orbit&#38;q=file:src/retry.rs\"",
            "href=\"/?repo=/home/ada/src/orbit&#38;branch=main\"",
        ] {
            assert!(html.contains(link), "{link}");
        }
        assert!(html.contains(">Rust<"));
        assert!(!html.contains("style="), "the policy forbids inline style");
    }

    #[test]
    fn a_project_of_one_untold_session_is_a_page_too() {
        let page = shown(ProjectView::default(), "path=(none)");
        let html = page.render().unwrap();
        assert!(html.contains("No project recorded"));
        assert!(html.contains("No tool call named a file."));
    }
}
