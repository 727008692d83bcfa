//! `/help`: grammar, keys, addresses for curl.

use crate::web::App;
use crate::web::ask::Ask;
use crate::web::error::Answer;
use crate::web::respond::{self, fragment};
use crate::web::shell::Shell;
use askama::Template;
use axum::extract::State;

const PATH: &str = "/help";

#[derive(Template)]
#[template(path = "pages/help.html", blocks = ["results"])]
pub struct Help {
    pub shell: Shell,
    /// `host:port` for the examples.
    pub host: String,
}
fragment!(Help);

pub async fn page(State(app): State<App>, ask: Ask) -> Answer {
    let config = &app.engine.started;
    let page = Help {
        shell: Shell::new(&app, &ask, PATH, "Help"),
        host: format!("{}:{}", config.host, config.port),
    };
    respond::navigated(&ask, &page, PATH)
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::web::sample;

    pub fn sample_page() -> Help {
        Help {
            shell: sample::shell(PATH, "Help"),
            host: "127.0.0.1:3847".into(),
        }
    }

    #[test]
    fn every_field_of_the_grammar_is_explained() {
        let html = sample_page().render().unwrap();
        for field in [
            "agent:",
            "project:",
            "role:",
            "tool:",
            "model:",
            "branch:",
            "file:",
            "after:",
            "before:",
            "is:helper",
            "is:subagent",
            "has:error",
        ] {
            assert!(html.contains(field), "{field}");
        }
    }
}
