//! `/help`: grammar, keys. `/help/fragments`: every address for curl.

use crate::engine::view::SessionsQuery;
use crate::web::ask::Ask;
use crate::web::catalog::{Address, KINDS, Kind, Named};
use crate::web::error::Answer;
use crate::web::params::{Params, carried, segment};
use crate::web::respond::{self, fragment};
use crate::web::shell::Shell;
use crate::web::{App, blocking};
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, header};

const PATH: &str = "/help";
const FRAGMENTS: &str = "/help/fragments";

/// Key, and what it does; several keys are apart by a blank.
const KEYS: [(&str, &[(&str, &str)]); 3] = [
    (
        "Everywhere",
        &[
            ("/", "to the search field"),
            ("j k", "next and previous session, hit, project or message"),
            ("Enter", "open it"),
            ("x", "star it"),
            ("?", "this page"),
            ("Esc", "leave the field, drop the selection"),
        ],
    ),
    (
        "In a list",
        &[
            ("p o", "its first messages, unfolded"),
            ("s", "select several; Enter then ticks the picked one"),
            ("g", "group the list otherwise"),
            ("r", "read the list again"),
        ],
    ),
    (
        "In a session",
        &[
            ("n p", "next and previous prompt"),
            ("e E", "next and previous call that failed"),
            ("c C", "next and previous change of a file"),
            ("t T", "next and previous call of the tool that is picked"),
            ("f", "search in it"),
            ("] [", "next and previous find"),
        ],
    ),
];

/// What is pressed, one after the other, and what it does.
type Key = (Vec<&'static str>, &'static str);

#[derive(Template)]
#[template(path = "pages/help.html", blocks = ["results"])]
pub struct Help {
    pub shell: Shell,
    /// `host:port` for the examples.
    pub host: String,
    pub keys: Vec<(&'static str, Vec<Key>)>,
}
fragment!(Help);

#[derive(Template)]
#[template(path = "pages/fragments.html", blocks = ["results"])]
pub struct Fragments {
    pub shell: Shell,
    pub kinds: Vec<Listed>,
}
fragment!(Fragments);

pub struct Listed {
    pub kind: &'static Kind,
    pub anchor: String,
    pub rows: Vec<(&'static Address, String)>,
}

pub async fn page(State(app): State<App>, ask: Ask, headers: HeaderMap) -> Answer {
    let host = host(&app, &headers);
    let page = Help::new(Shell::new(&app, &ask, PATH, "Help"), host);
    respond::navigated(&ask, &page, PATH)
}

pub async fn fragments(State(app): State<App>, ask: Ask, headers: HeaderMap) -> Answer {
    let host = host(&app, &headers);
    blocking::page(app, move |app| {
        // the lines work as they stand where there is a session to name
        let newest = app.engine.sessions(&SessionsQuery {
            limit: 1,
            ..SessionsQuery::default()
        })?;
        let card = newest.groups.first().and_then(|group| group.cards.first());
        let project = card.map_or("", |card| {
            let name = &card.project;
            name.repo.as_deref().unwrap_or(&name.path)
        });
        let project = Params::default().with("path", carried(project)).query();
        let key = card.map(|card| &card.session.key);
        let named = Named {
            id: key.map_or_else(|| "ID".into(), |key| segment(&key.native)),
            key: key.map_or_else(|| "AGENT:ID".into(), ToString::to_string),
            project: project.trim_start_matches("path=").to_owned(),
        };
        let shell = Shell::new(app, &ask, PATH, "Fragments and JSON");
        let page = Fragments::new(shell, &host, &named);
        respond::navigated(&ask, &page, FRAGMENTS)
    })
    .await
}

/// As the reader reached us (the guard has let it in): the port may have been forwarded, or drawn.
fn host(app: &App, headers: &HeaderMap) -> String {
    let config = &app.engine.started;
    let asked = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    asked.map_or_else(|| format!("{}:{}", config.host, config.port), str::to_owned)
}

impl Help {
    fn new(shell: Shell, host: String) -> Help {
        let spelt =
            |(keys, what): &(&'static str, &'static str)| (keys.split(' ').collect(), *what);
        let keys = KEYS.iter();
        Help {
            shell,
            host,
            keys: keys
                .map(|(title, list)| (*title, list.iter().map(spelt).collect()))
                .collect(),
        }
    }
}

impl Fragments {
    fn new(mut shell: Shell, host: &str, named: &Named) -> Fragments {
        shell.here = FRAGMENTS.into();
        let listed = |kind: &'static Kind| Listed {
            kind,
            anchor: kind.title.to_lowercase(),
            rows: kind
                .addresses
                .iter()
                .map(|address| (address, address.curl(host, named)))
                .collect(),
        };
        Fragments {
            shell,
            kinds: KINDS.iter().map(listed).collect(),
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::web::sample;

    pub fn sample_page() -> Help {
        Help::new(sample::shell(PATH, "Help"), "127.0.0.1:3847".into())
    }

    pub fn sample_addresses() -> Fragments {
        let shell = sample::shell(PATH, "Fragments and JSON");
        let named = Named {
            id: "abc".into(),
            key: "x:abc".into(),
            project: "/w/app".into(),
        };
        Fragments::new(shell, "127.0.0.1:3847", &named)
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

    #[test]
    fn every_address_has_its_line() {
        let html = sample_addresses().render().unwrap();
        let all: usize = KINDS.iter().map(|kind| kind.addresses.len()).sum();
        assert_eq!(html.matches(">curl ").count(), all);
        assert!(html.contains("/fragments/session/abc?filter=user"));
    }
}
