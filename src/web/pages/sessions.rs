//! `/`: every conversation, newest first.

use crate::engine::Engine;
use crate::engine::view::{AgentStatus, GroupBy, SessionSort, SessionsPage, SessionsQuery};
use crate::model::Day;
use crate::web::ask::Ask;
use crate::web::cards::CardView;
use crate::web::error::{Answer, Failure};
use crate::web::facets::{Choice, Facet, Range, choices, choices_from, facets, range};
use crate::web::params::{FILTERS, Params};
use crate::web::respond::{self, fragment};
use crate::web::roots::{AgentRow, agent_rows};
use crate::web::shell::Shell;
use crate::web::{App, blocking, filters};
use askama::Template;
use axum::extract::State;

const PATH: &str = "/";
/// Conversations at a time.
const LIMIT: usize = 60;
const SORTS: [(&str, &str); 4] = [
    ("newest", "Newest"),
    ("oldest", "Oldest"),
    ("longest", "Longest"),
    ("costliest", "Costliest"),
];
const GROUPS: [(&str, &str); 4] = [
    ("none", "None"),
    ("project", "Project"),
    ("repo", "Repository"),
    ("day", "Day"),
];
const VIEWS: [(&str, &str); 2] = [("cards", "Cards"), ("list", "List")];

#[derive(Template)]
#[template(path = "pages/sessions.html", blocks = ["results", "cards"])]
pub struct Sessions {
    pub shell: Shell,
    pub q: String,
    /// State that the search form must carry besides its own fields.
    pub carried: Vec<(String, String)>,
    pub groups: Vec<Group>,
    pub list: bool,
    pub total: usize,
    pub shown: usize,
    pub hidden: usize,
    /// Sessions without a message, that are not shown.
    pub empty: usize,
    /// Position of the first card.
    pub offset: usize,
    pub remaining: usize,
    /// Address of the next page, and of its cards alone.
    pub next: Option<(String, String)>,
    pub first: String,
    /// Address of this very list, for redrawing it when something changed.
    pub refresh: String,
    pub facets: Vec<Facet>,
    pub range: Range,
    pub sorts: Vec<Choice>,
    pub grouping: Vec<Choice>,
    pub views: Vec<Choice>,
    pub helpers: Choice,
    pub empties: Choice,
    pub starred: Choice,
    /// Removes every filter; `None` when there is none.
    pub clear: Option<String>,
    /// Nothing was found on this machine: where it was looked for.
    pub first_run: Vec<AgentRow>,
}
fragment!(Sessions);

pub struct Group {
    pub label: String,
    pub title: String,
    pub count: usize,
    pub cards: Vec<CardView>,
}

pub async fn page(State(app): State<App>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        respond::stamped(app, &ask, || {
            let (shell, params) = (shell(app, &ask), known(&ask));
            let page = build(&app.engine, shell, params)?;
            respond::navigated(&ask, &page, &page.shell.here)
        })
    })
    .await
}

/// The next cards alone, for appending.
pub async fn more(State(app): State<App>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        respond::stamped(app, &ask, || {
            let page = build(&app.engine, shell(app, &ask), known(&ask))?;
            respond::part(&ask, &page.as_cards())
        })
    })
    .await
}

fn shell(app: &App, ask: &Ask) -> Shell {
    Shell::new(app, ask, PATH, "Sessions")
}

fn known(ask: &Ask) -> Params {
    let names: Vec<&str> = ["q"]
        .into_iter()
        .chain(FILTERS)
        .chain(["sort", "group", "view", "offset"])
        .collect();
    ask.params.only(&names)
}

fn build(engine: &Engine, mut shell: Shell, params: Params) -> Result<Sessions, Failure> {
    let grouping = engine.config().grouping.clone();
    let query = query(&params, &grouping);
    let found = engine.sessions(&query)?;
    let first_run = if found.all_sessions == 0 && params.is_empty() && !shell.progress.busy {
        engine.status()?.agents
    } else {
        Vec::new()
    };
    shell.generation = found.generation;
    shell.here = params.url(PATH);
    let today = engine.today();
    let plain = params.without("offset");
    Ok(Sessions {
        grouping: choices_from(&plain, PATH, "group", &GROUPS, &grouping),
        ..Sessions::new(shell, params, &query, found, today, first_run)
    })
}

/// `grouping`: where the address does not say.
fn query(params: &Params, grouping: &str) -> SessionsQuery {
    SessionsQuery {
        filters: params.filters(),
        text: params.get("q").unwrap_or_default().to_owned(),
        sort: match params.get("sort") {
            Some("oldest") => SessionSort::Oldest,
            Some("longest") => SessionSort::Longest,
            Some("costliest") => SessionSort::Costliest,
            _ => SessionSort::Newest,
        },
        group: match params.get("group").unwrap_or(grouping) {
            "project" => GroupBy::Project,
            "repo" => GroupBy::Repo,
            "day" => GroupBy::Day,
            _ => GroupBy::None,
        },
        offset: params.number("offset").unwrap_or_default(),
        limit: LIMIT,
    }
}

impl Sessions {
    fn new(
        shell: Shell,
        params: Params,
        query: &SessionsQuery,
        found: SessionsPage,
        today: Day,
        first_run: Vec<AgentStatus>,
    ) -> Sessions {
        let plain = params.without("offset");
        let next = found.next.map(|offset| {
            let next = plain.with("offset", &offset.to_string());
            (next.url(PATH), next.url("/fragments/sessions/more"))
        });
        let view = plain.only(&["sort", "group", "view"]);
        let groups = groups(found.groups, query.group, &shell);
        Sessions {
            q: query.text.clone(),
            carried: plain
                .without("q")
                .without("from")
                .without("to")
                .pairs()
                .to_vec(),
            groups,
            list: params.get("view") == Some("list"),
            total: found.total,
            shown: found.shown_sessions,
            hidden: found.hidden_sessions,
            empty: found.empty_sessions,
            offset: query.offset,
            remaining: found
                .next
                .map_or(0, |next| found.total.saturating_sub(next)),
            next,
            first: plain.url(PATH),
            refresh: params.url("/fragments/sessions"),
            facets: facets(&found.facets, &plain, PATH),
            range: range(&plain, PATH, today),
            sorts: choices(&plain, PATH, "sort", &SORTS),
            grouping: choices(&plain, PATH, "group", &GROUPS),
            views: choices(&plain, PATH, "view", &VIEWS),
            helpers: switch(&plain, "include_helpers", query.filters.include_helpers),
            empties: switch(&plain, "include_empty", query.filters.include_empty),
            starred: switch(&plain, "starred", query.filters.starred),
            clear: (view != plain).then(|| view.url(PATH)),
            first_run: agent_rows(first_run),
            shell,
        }
    }
}

fn groups(groups: Vec<crate::engine::view::CardGroup>, by: GroupBy, shell: &Shell) -> Vec<Group> {
    groups
        .into_iter()
        .map(|group| Group {
            label: match (by, Day::parse(&group.key)) {
                (GroupBy::None, _) => String::new(),
                (GroupBy::Day, Some(day)) => shell.clock.day_name(day),
                _ if group.label.is_empty() => "Not recorded".into(),
                _ => group.label,
            },
            title: group.key,
            count: group.count,
            cards: group
                .cards
                .into_iter()
                .map(|card| CardView::new(card, shell))
                .collect(),
        })
        .collect()
}

/// The other state of an on-off parameter.
fn switch(params: &Params, name: &'static str, on: bool) -> Choice {
    Choice {
        label: name,
        href: params.with(name, if on { "" } else { "1" }).url(PATH),
        current: on,
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::web::sample;

    pub fn sample_page(query_text: &str, offset: usize) -> Sessions {
        let params = Params::parse(query_text);
        let query = query(&params, "none");
        let mut found = sample::sessions();
        found.next = (offset == 0).then_some(60);
        let today = Day::parse("2026-03-08").unwrap();
        Sessions::new(
            sample::shell("/", "Sessions"),
            params,
            &query,
            found,
            today,
            vec![],
        )
    }

    pub fn first_run() -> Sessions {
        let shell = sample::shell("/", "Sessions");
        let (found, today) = (SessionsPage::default(), Day(20_000));
        let query = query(&Params::default(), "none");
        Sessions::new(
            shell,
            Params::default(),
            &query,
            found,
            today,
            sample::agents_found(),
        )
    }

    #[test]
    fn hidden_runs_are_said_with_the_switch() {
        let html = sample_page("", 0).render().unwrap();
        assert!(
            html.contains("1,234"),
            "the hidden count stands on the page"
        );
        assert!(html.contains("/?include_helpers=1"));
    }

    #[test]
    fn the_next_page_is_a_plain_link_and_a_trigger() {
        let html = sample_page("agent=x", 0).render().unwrap();
        assert!(html.contains("href=\"/?agent=x&#38;offset=60\""));
        assert!(html.contains("hx-get=\"/fragments/sessions/more?agent=x&#38;offset=60\""));
        let cards = sample_page("", 0).as_cards().render().unwrap();
        assert!(!cards.contains("<html"), "appended cards are no page");
    }
}
