//! `/tour`: two minutes through everything there is, with examples from the reader's own history.

use crate::engine::Engine;
use crate::engine::view::{Card, FacetList, SessionSort, SessionsPage, SessionsQuery};
use crate::web::ask::Ask;
use crate::web::cards;
use crate::web::error::{Answer, Failure};
use crate::web::filters::{dollars, grouped, shortened};
use crate::web::params::{Params, carried};
use crate::web::respond::{self, fragment};
use crate::web::shell::Shell;
use crate::web::{App, blocking};
use askama::Template;
use axum::extract::State;

const PATH: &str = "/tour";

#[derive(Template)]
#[template(path = "pages/tour.html", blocks = ["results"])]
pub struct Tour {
    pub shell: Shell,
    /// Nothing has been read: examples are made up and lead to pages that say so.
    pub empty: bool,
    pub lead: String,
    pub stops: Vec<Stop>,
    pub resume: String,
}
fragment!(Tour);

/// One section.
pub struct Stop {
    pub number: usize,
    pub title: &'static str,
    pub text: &'static str,
    /// Example, what is to be seen there, and its address.
    pub tries: Vec<(String, String, String)>,
}

/// What the examples are taken from.
#[derive(Default)]
struct Own {
    conversations: usize,
    hidden: usize,
    facets: Vec<FacetList>,
    newest: Option<Card>,
    longest: Option<Card>,
    costliest: Option<Card>,
    resume: Option<String>,
}

pub async fn page(State(app): State<App>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        respond::stamped(app, &ask, || {
            let shell = Shell::new(app, &ask, PATH, "Tour");
            let page = Tour::new(shell, own(&app.engine)?);
            respond::navigated(&ask, &page, PATH)
        })
    })
    .await
}

fn own(engine: &Engine) -> Result<Own, Failure> {
    let first = |sort| {
        engine.sessions(&SessionsQuery {
            sort,
            limit: 1,
            ..SessionsQuery::default()
        })
    };
    let card = |page: SessionsPage| page.groups.into_iter().flat_map(|g| g.cards).next();
    let mut list = first(SessionSort::Newest)?;
    let facets = std::mem::take(&mut list.facets);
    let (conversations, hidden) = (list.total, list.hidden_sessions);
    // the list has starred ones first, the plain rows have not
    let rows = engine.session_rows(&SessionsQuery {
        limit: 1,
        ..SessionsQuery::default()
    })?;
    let newest = engine.cards(&rows.rows)?.into_iter().next();
    let view = match &newest {
        Some(card) => engine.session(card.sid)?,
        None => None,
    };
    Ok(Own {
        conversations,
        hidden,
        facets,
        newest,
        longest: card(first(SessionSort::Longest)?),
        costliest: card(first(SessionSort::Costliest)?),
        resume: view.and_then(|view| view.resume),
    })
}

impl Tour {
    fn new(mut shell: Shell, own: Own) -> Tour {
        shell.here = PATH.into();
        let empty = own.conversations == 0;
        let stops = [
            list(&own),
            search(&own),
            read(&own),
            count(&own),
            days(),
            projects(&own),
        ];
        Tour {
            lead: match empty {
                true => "Nothing has been read on this machine yet, so the examples below lead to empty pages for now.".into(),
                false => format!(
                    "{} conversations of yours are here. Every example below is one of your own history: follow it, come back, go on.",
                    grouped(own.conversations as u64)
                ),
            },
            stops: stops
                .into_iter()
                .enumerate()
                .map(|(at, stop)| Stop {
                    number: at + 1,
                    ..stop
                })
                .collect(),
            resume: own
                .resume
                .unwrap_or_else(|| "cd ~/project && agent --resume ID".into()),
            empty,
            shell,
        }
    }
}

fn stop(title: &'static str, text: &'static str, tries: Vec<(String, String, String)>) -> Stop {
    Stop {
        number: 0,
        title,
        text,
        tries,
    }
}

fn example(
    name: impl Into<String>,
    what: impl Into<String>,
    href: impl Into<String>,
) -> (String, String, String) {
    (name.into(), what.into(), href.into())
}

fn named(card: &Card) -> String {
    match cards::name(&card.session) {
        name if name.is_empty() => "Untitled session".into(),
        name => cards::one_line(&name, 70),
    }
}

/// The value that most sessions have.
fn most<'o>(own: &'o Own, field: &str) -> Option<&'o str> {
    let list = own.facets.iter().find(|list| list.field == field)?;
    let value = list.values.iter().find(|value| !value.value.is_empty())?;
    Some(&value.value)
}

fn searched(q: &str) -> String {
    Params::default().with("q", q).url("/search")
}

fn list(own: &Own) -> Stop {
    let mut tries = vec![example("The list", "every conversation, newest first", "/")];
    if let Some(card) = &own.newest {
        tries.push(example(
            named(card),
            "the newest one",
            cards::href(&card.session),
        ));
    }
    tries.push(example(
        "By project, as rows",
        "the same list, grouped",
        "/?group=project&view=list",
    ));
    if own.hidden > 0 {
        tries.push(example(
            format!("Hidden runs: {}", grouped(own.hidden as u64)),
            "helpers and sub-agents: never lost, only out of the way",
            "/?include_helpers=1",
        ));
    }
    stop(
        "Everything is one list",
        "Whatever agent you talked to, its conversations are here. Tick facets at the side, several at once; the address bar holds what you see, so any view can be kept or sent.",
        tries,
    )
}

fn search(own: &Own) -> Stop {
    let tool = most(own, "tool").unwrap_or("Bash");
    let agent = most(own, "agent").unwrap_or_default();
    let mut tries = vec![
        example("error", "a word, wherever it was said", searched("error")),
        example(
            format!("tool:{tool} has:error"),
            "calls of one tool that failed",
            searched(&format!("tool:{tool} has:error")),
        ),
        example(
            "role:user after:2w",
            "what you asked in the last two weeks",
            searched("role:user after:2w"),
        ),
    ];
    if !agent.is_empty() {
        let q = format!("agent:{agent} \"not found\"");
        tries.push(example(q.clone(), "a phrase, from one agent", searched(&q)));
    }
    stop(
        "Find the line that you remember",
        "Prompts, answers, thoughts, tool calls and their output, to the last line. Identifiers are found whole and by their parts, and a query is never an error.",
        tries,
    )
}

fn read(own: &Own) -> Stop {
    let mut tries = Vec::new();
    if let Some(card) = &own.longest {
        let href = cards::href(&card.session);
        let messages = grouped(card.session.messages.into());
        tries.push(example(
            named(card),
            format!("the longest: {messages} messages"),
            href.clone(),
        ));
        tries.push(example(
            "Only what you said",
            "the same, your prompts alone",
            format!("{href}?filter=user"),
        ));
        tries.push(example(
            "Only its tools",
            "what was run and edited, as diffs",
            format!("{href}?filter=tools"),
        ));
    }
    stop(
        "Read it again, go on with it",
        "A session opens at its first messages, however long it is. Star it, tag it, copy the command that goes on with it; its sub-agents, forks and retries stand beside it.",
        tries,
    )
}

fn count(own: &Own) -> Stop {
    let mut tries = vec![example(
        "Analytics",
        "cost and tokens by day, agent, model, project",
        "/analytics",
    )];
    if let Some(card) = own.costliest.as_ref().filter(|card| card.cost.micros > 0) {
        let cost = dollars(card.cost.micros);
        let tokens = shortened(card.tokens.total());
        tries.push(example(
            named(card),
            format!("the dearest: {cost}, {tokens} tokens"),
            cards::href(&card.session),
        ));
    }
    tries.push(example(
        "This week",
        "the same figures for seven days",
        "/analytics?step=day",
    ));
    stop(
        "Know what it cost",
        "Each response counts once, however many files repeat it. What is not known, a price or tokens that an agent does not record, is said and never guessed.",
        tries,
    )
}

fn days() -> Stop {
    stop(
        "Look back",
        "What was done on which day, at what hours, and how long the streak is. All of it stays on this machine.",
        vec![
            example(
                "Timeline",
                "day by day, each with its sessions",
                "/timeline",
            ),
            example("Activity", "a year at a glance", "/activity"),
            example("Leaderboard", "you against yourself", "/leaderboard"),
        ],
    )
}

fn projects(own: &Own) -> Stop {
    let mut tries = vec![example(
        "Projects",
        "repositories, with languages and costs",
        "/projects",
    )];
    if let Some(card) = &own.newest {
        let name = &card.project;
        let root = name.repo.as_deref().unwrap_or(&name.path);
        let href = Params::default()
            .with("path", carried(root))
            .url("/project");
        let label = if name.label.is_empty() {
            "No project recorded"
        } else {
            &name.label
        };
        tries.push(example(label, "where you worked last", href));
    }
    stop(
        "By project",
        "Worktrees and folders of one repository are one project: what was touched in it, by whom, and what it cost.",
        tries,
    )
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::web::sample;

    pub fn sample_page() -> Tour {
        Tour::new(sample::shell(PATH, "Tour"), full())
    }

    fn full() -> Own {
        Own {
            conversations: 612,
            hidden: 1_234,
            facets: sample::facets(),
            newest: Some(sample::card(0)),
            longest: Some(sample::card(1)),
            costliest: Some(sample::card(2)),
            resume: Some("cd /srv && go on".into()),
        }
    }

    #[test]
    fn an_empty_history_has_a_tour_too() {
        let page = Tour::new(sample::shell(PATH, "Tour"), Own::default());
        let html = page.render().unwrap();
        assert!(html.contains("Nothing has been read on this machine yet"));
        assert!(html.contains("codedash --demo"));
        assert!(html.contains("href=\"/search?q=tool:Bash%20has:error\""));
    }

    #[test]
    fn examples_are_of_ones_own() {
        let html = sample_page().render().unwrap();
        assert!(html.contains("612 conversations"));
        assert!(html.contains("Hidden runs: 1,234"));
        assert!(html.contains("cd /srv &#38;&#38; go on"));
        assert!(!html.contains("style="), "the policy forbids inline style");
    }
}
