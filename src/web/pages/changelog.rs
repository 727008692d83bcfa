//! `/changelog`: what changed for the people who use this.

use crate::web::App;
use crate::web::ask::Ask;
use crate::web::changelog::{Release, releases};
use crate::web::error::Answer;
use crate::web::markdown;
use crate::web::respond::{self, fragment};
use crate::web::shell::Shell;
use askama::Template;
use axum::extract::State;

const PATH: &str = "/changelog";
/// Bytes that are rendered as Markdown: all of it, many times over.
const BUDGET: usize = 1 << 20;

#[derive(Template)]
#[template(path = "pages/changelog.html", blocks = ["results"])]
pub struct Changelog {
    pub shell: Shell,
    pub running: &'static str,
    pub releases: Vec<Shown>,
}
fragment!(Changelog);

pub struct Shown {
    pub release: Release,
    pub anchor: String,
    /// This very version is running.
    pub current: bool,
    /// HTML, sanitised.
    pub changes: Vec<String>,
}

pub async fn page(State(app): State<App>, ask: Ask) -> Answer {
    let page = Changelog::new(Shell::new(&app, &ask, PATH, "Changelog"), releases());
    respond::navigated(&ask, &page, PATH)
}

impl Changelog {
    fn new(mut shell: Shell, releases: Vec<Release>) -> Changelog {
        shell.here = PATH.into();
        let running = env!("CARGO_PKG_VERSION");
        let mut budget = BUDGET;
        let shown = |release: Release| Shown {
            anchor: format!("v{}", release.version.replace('.', "-").to_lowercase()),
            current: release.version == running,
            changes: release
                .changes
                .iter()
                .map(|change| markdown::html(change, false, &mut budget))
                .collect(),
            release,
        };
        Changelog {
            shell,
            running,
            releases: releases.into_iter().map(shown).collect(),
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::web::sample;

    pub fn sample_page() -> Changelog {
        Changelog::new(sample::shell(PATH, "Changelog"), releases())
    }

    #[test]
    fn changes_are_markdown_and_the_running_version_is_marked() {
        let release = |version: &str| Release {
            version: version.into(),
            date: "2026-03-08".into(),
            title: String::new(),
            changes: vec!["`codedash` reads **all** of it <script>".into()],
        };
        let list = vec![release("99.0.0"), release(env!("CARGO_PKG_VERSION"))];
        let html = Changelog::new(sample::shell(PATH, "Changelog"), list)
            .render()
            .unwrap();
        assert!(html.contains("<code>codedash</code> reads <strong>all</strong>"));
        assert!(!html.contains("<script>"));
        assert_eq!(html.matches("this one is running").count(), 1);
    }
}
