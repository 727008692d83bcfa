//! `/`: every conversation, newest first; and `/starred`, the same of those with a star.

mod groups;

use crate::engine::Engine;
use crate::engine::view::{
    AgentStatus, GroupBy, SavedSearch, SessionSort, SessionsPage, SessionsQuery,
};
use crate::model::Day;
use crate::web::ask::Ask;
use crate::web::calendar::{CALENDAR, Calendar, calendar};
use crate::web::error::{Answer, Failure};
use crate::web::facets::{Choice, Facet, Range, choices, choices_from, facets, range, switch};
use crate::web::marks::offers;
use crate::web::params::{FILTERS, Params};
use crate::web::respond::{self, fragment};
use crate::web::roots::{AgentRow, agent_rows};
use crate::web::saved::Saved;
use crate::web::shell::Shell;
use crate::web::{App, blocking, filters};
use askama::Template;
use axum::extract::State;
use groups::{Group, groups};

/// Conversations at a time, and the most that one answer holds when somebody comes back to them.
const LIMIT: usize = 60;
const MOST: usize = 1200;
/// Where in the list somebody is, which no link to another list carries.
const POSITION: [&str; 3] = ["offset", "shown", "all"];
const SORTS: [(&str, &str); 4] = [
    ("newest", "Newest"),
    ("oldest", "Oldest"),
    ("longest", "Longest"),
    ("costliest", "Costliest"),
];
const GROUPS: [(&str, &str); 5] = [
    ("none", "None"),
    ("project", "Project"),
    ("repo", "Repository"),
    ("day", "Day"),
    ("conversation", "Conversation"),
];
const VIEWS: [(&str, &str); 2] = [("cards", "Cards"), ("list", "List")];

/// A page of this list.
pub struct Place {
    pub path: &'static str,
    fragment: &'static str,
    pub title: &'static str,
    /// Only what has a star.
    pub starred: bool,
}

static EVERYTHING: Place = Place {
    path: "/",
    fragment: "/fragments/sessions",
    title: "Sessions",
    starred: false,
};
static STARRED: Place = Place {
    path: "/starred",
    fragment: "/fragments/starred",
    title: "Starred",
    starred: true,
};

#[derive(Template)]
#[template(path = "pages/sessions.html", blocks = ["results", "cards"])]
pub struct Sessions {
    pub shell: Shell,
    pub place: &'static Place,
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
    /// Some facet is being counted: ask again soon.
    pub recount: bool,
    pub range: Range,
    pub calendar: Calendar,
    pub sorts: Vec<Choice>,
    pub grouping: Vec<Choice>,
    /// There are headings over the cards.
    pub grouped: bool,
    /// The next way of grouping, for the key.
    pub regroup: String,
    /// Folds and unfolds all groups.
    pub folds: Vec<Choice>,
    pub views: Vec<Choice>,
    pub helpers: Choice,
    pub empties: Choice,
    pub starred: Choice,
    pub select: Choice,
    /// Selects everything that is shown.
    pub all: Choice,
    pub saved: Saved,
    /// Tags that fields offer.
    pub tags: Vec<String>,
    /// The filters as the list's own parameters, to ask which selected sessions they hide.
    pub state: String,
    /// Removes every filter; `None` when there is none.
    pub clear: Option<String>,
    /// Nothing was found on this machine: where it was looked for.
    pub first_run: Vec<AgentRow>,
}
fragment!(Sessions);

/// What people made and set, as far as the page shows it.
#[derive(Default)]
struct Made {
    saved: Vec<SavedSearch>,
    tags: Vec<String>,
    /// How lists are grouped whose address does not say.
    grouping: String,
}

pub async fn page(State(app): State<App>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        respond::stamped(app, &ask, || {
            let page = build(app, &ask)?;
            respond::navigated(&ask, &page, &page.shell.here)
        })
    })
    .await
}

/// The next cards alone, for appending.
pub async fn more(State(app): State<App>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        respond::stamped(app, &ask, || {
            respond::part(&ask, &build(app, &ask)?.as_cards())
        })
    })
    .await
}

fn known(ask: &Ask) -> Params {
    let names: Vec<&str> = ["q"]
        .into_iter()
        .chain(FILTERS)
        .chain(["sort", "group", "view", "select", "closed"])
        .chain(CALENDAR)
        .chain(POSITION)
        .collect();
    ask.params.only(&names)
}

fn build(app: &App, ask: &Ask) -> Result<Sessions, Failure> {
    let place = match ask.path.contains("/starred") {
        true => &STARRED,
        false => &EVERYTHING,
    };
    let (mut shell, params) = (Shell::new(app, ask, place.path, place.title), known(ask));
    let engine = &app.engine;
    let grouping = engine.config().grouping.clone();
    let query = query(&params, place, &grouping);
    let found = engine.sessions(&query)?;
    let first_run = first_run(engine, &shell, &params, &found)?;
    shell.generation = found.generation;
    shell.here = params.url(place.path);
    let made = Made {
        saved: engine.saved()?,
        tags: offers(engine.tags()?),
        grouping,
    };
    let today = engine.today();
    let page = Sessions::new(shell, place, params, &query, found, today, made);
    Ok(Sessions { first_run, ..page })
}

fn first_run(
    engine: &Engine,
    shell: &Shell,
    params: &Params,
    found: &SessionsPage,
) -> Result<Vec<AgentRow>, Failure> {
    let nothing = found.all_sessions == 0 && params.is_empty() && !shell.progress.busy;
    let agents: Vec<AgentStatus> = match nothing && shell.nav == EVERYTHING.path {
        true => engine.status()?.agents,
        false => Vec::new(),
    };
    Ok(agent_rows(agents))
}

/// `grouping`: where the address does not say.
fn query(params: &Params, place: &Place, grouping: &str) -> SessionsQuery {
    let mut filters = params.filters();
    filters.starred |= place.starred;
    let shown = params.number("shown").unwrap_or(LIMIT);
    SessionsQuery {
        filters,
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
            "conversation" => GroupBy::Conversation,
            _ => GroupBy::None,
        },
        offset: params.number("offset").unwrap_or_default(),
        limit: shown.clamp(LIMIT, MOST).next_multiple_of(LIMIT),
    }
}

impl Sessions {
    fn new(
        shell: Shell,
        place: &'static Place,
        params: Params,
        query: &SessionsQuery,
        found: SessionsPage,
        today: Day,
        made: Made,
    ) -> Sessions {
        let path = place.path;
        let here = POSITION
            .iter()
            .fold(params.clone(), |p, name| p.without(name));
        let plain = here.without_any(&CALENDAR);
        let next = found.next.map(|offset| {
            let next = plain.with("offset", &offset.to_string());
            let more = format!("{}/more", place.fragment);
            (next.url(path), next.url(&more))
        });
        let view = plain.only(&["sort", "group", "view", "select", "closed"]);
        let days: Vec<(Day, u64)> = found
            .days
            .iter()
            .map(|(day, n)| (*day, u64::from(*n)))
            .collect();
        let grouping = choices_from(&plain, path, "group", &GROUPS, &made.grouping);
        let closed = params.flag("closed");
        let selecting = params.flag("select");
        let all = params.flag("all");
        Sessions {
            place,
            q: query.text.clone(),
            carried: carried(&plain),
            groups: groups(found.groups, query, &shell, closed, (selecting, all)),
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
            first: plain.url(path),
            refresh: params.url(place.fragment),
            recount: found.facets.iter().any(|facet| facet.pending),
            facets: facets(&found.facets, &plain, path),
            range: range(&plain, path, today),
            calendar: calendar(&here, path, today, &days),
            sorts: choices(&plain, path, "sort", &SORTS),
            regroup: following(&grouping),
            grouping,
            grouped: query.group != GroupBy::None,
            folds: [("Collapse all", "1"), ("Expand all", "")]
                .map(|(label, value)| Choice {
                    label,
                    href: plain.with("closed", value).url(path),
                    current: closed != value.is_empty(),
                })
                .into(),
            views: choices(&plain, path, "view", &VIEWS),
            helpers: switch(
                &plain,
                path,
                "include_helpers",
                query.filters.include_helpers,
            ),
            empties: switch(&plain, path, "include_empty", query.filters.include_empty),
            starred: switch(&plain, path, "starred", params.flag("starred")),
            select: switch(&plain, path, "select", selecting),
            all: switch(&plain, path, "all", all),
            saved: Saved::of(
                made.saved,
                path,
                &plain,
                shell.token.clone(),
                shell.here.clone(),
            ),
            tags: made.tags,
            state: plain.without("select").query(),
            clear: (view != plain).then(|| view.url(path)),
            first_run: Vec::new(),
            shell,
        }
    }
}

/// What the form of the text filter has no field for.
fn carried(plain: &Params) -> Vec<(String, String)> {
    let rest = ["q", "from", "to"]
        .iter()
        .fold(plain.clone(), |p, name| p.without(name));
    rest.pairs().to_vec()
}

/// The choice after the current one.
fn following(choices: &[Choice]) -> String {
    let at = choices.iter().position(|choice| choice.current);
    let next = at.map_or(0, |at| (at + 1) % choices.len());
    choices[next].href.clone()
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::web::sample;

    pub fn sample_page(query_text: &str, offset: usize) -> Sessions {
        let params = Params::parse(query_text);
        let query = query(&params, &EVERYTHING, "none");
        let mut found = sample::sessions();
        found.next = (offset == 0).then_some(60);
        let today = Day::parse("2026-03-08").unwrap();
        Sessions::new(
            sample::shell("/", "Sessions"),
            &EVERYTHING,
            params,
            &query,
            found,
            today,
            Made::default(),
        )
    }

    pub fn first_run() -> Sessions {
        let shell = sample::shell("/", "Sessions");
        let (found, today) = (SessionsPage::default(), Day(20_000));
        let (params, place) = (Params::default(), &EVERYTHING);
        let query = query(&params, place, "none");
        let page = Sessions::new(shell, place, params, &query, found, today, Made::default());
        Sessions {
            first_run: agent_rows(sample::agents_found()),
            ..page
        }
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
