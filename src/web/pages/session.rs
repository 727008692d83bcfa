//! `/session/{id}`: one conversation, its facts and its transcript.

use crate::engine::view::{MessagesPage, MessagesQuery, RoleFilter, SessionView, TranscriptItem};
use crate::model::{Relation, SessionSummary, ToolCount};
use crate::web::ask::Ask;
use crate::web::cards::{self, CardView};
use crate::web::error::{Answer, Failure};
use crate::web::facets::{Choice, choices};
use crate::web::marks::{Rename, TagView, Tags, find, offers};
use crate::web::messages::{self, Messages, RECENT, child_href, path};
use crate::web::params::Params;
use crate::web::respond::{self, fragment};
use crate::web::shell::Shell;
use crate::web::transcript::Renderer;
use crate::web::{App, blocking, filters};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;

/// Messages at a time.
const LIMIT: usize = 50;
/// Tools shown unfolded.
const TOOLS: usize = 8;
const FILTERS: [(&str, &str); 4] = [
    ("all", "All"),
    ("user", "User"),
    ("assistant", "Assistant"),
    ("tools", "Tools"),
];

#[derive(Template)]
#[template(path = "pages/session.html", blocks = ["results"])]
pub struct Session {
    pub shell: Shell,
    pub view: SessionView,
    pub card: CardView,
    pub related: Vec<Related>,
    pub filters: Vec<Choice>,
    pub messages: Messages,
    pub tags: Tags,
    pub rename: Rename,
    /// Average fill of the context window, percent.
    pub fill: Option<u64>,
    /// The most used tools, and the rest.
    pub tools: Vec<Tool>,
    pub more_tools: Vec<Tool>,
}
fragment!(Session);

pub struct Tool {
    pub name: String,
    /// Of the server that it belongs to; `""` for a tool of the agent's own.
    pub server: String,
    pub count: ToolCount,
}

/// Another session that this one has to do with.
pub struct Related {
    /// What it is to this one, in a word or two.
    pub relation: String,
    pub href: String,
    pub name: String,
    pub at: Option<i64>,
    /// The time tells it from others of its kind.
    pub dated: bool,
}

pub async fn page(State(app): State<App>, Path(id): Path<String>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        respond::stamped(app, &ask, || {
            let sid = find(&app.engine, &id)?;
            let params = known(&ask);
            let view = app
                .engine
                .session(sid)?
                .ok_or_else(|| Failure::not_found("this session is not known any more"))?;
            let found = app.engine.messages(sid, &query(&params))?;
            let tags = offers(app.engine.tags()?);
            let shell = Shell::new(app, &ask, "/", "Session");
            let page = Session::new(shell, view, found, params, tags);
            respond::navigated(&ask, &page, &page.shell.here)
        })
    })
    .await
}

/// The next (or previous) items alone.
pub async fn more(State(app): State<App>, Path(id): Path<String>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        let (sid, params) = (find(&app.engine, &id)?, known(&ask));
        let found = app.engine.messages(sid, &query(&params))?;
        let shell = Shell::new(app, &ask, "/", "Session");
        let mut messages = Messages::new(shell, &path(&id), &params, found, &app.engine)?;
        // going up, the way down is on the page already, and the other way round
        match ask.params.get("way") {
            Some("up") => (messages.next, messages.tail) = (None, None),
            _ => messages.previous = None,
        }
        respond::part(&ask, &messages)
    })
    .await
}

/// What came behind the end that a page shows: 204 when nothing did.
pub async fn tail(State(app): State<App>, Path(id): Path<String>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        let (sid, params) = (find(&app.engine, &id)?, known(&ask));
        let seen = ask.params.number("offset").unwrap_or_default();
        let waiting: Vec<u32> = ask
            .params
            .get("waiting")
            .unwrap_or_default()
            .split(',')
            .filter_map(|seq| seq.parse().ok())
            .collect();
        let start = seen.saturating_sub(if waiting.is_empty() { 0 } else { RECENT });
        let mut query = query(&params);
        (query.offset, query.around) = (start, None);
        let mut found = app.engine.messages(sid, &query)?;
        let fresh = found.items.split_off((seen - start).min(found.items.len()));
        let changed: Vec<TranscriptItem> = std::mem::replace(&mut found.items, fresh)
            .into_iter()
            .filter(|item| waiting.contains(&item.seq) && item.output.is_some())
            .collect();
        if found.items.is_empty() && changed.is_empty() {
            return Ok(axum::response::IntoResponse::into_response(
                StatusCode::NO_CONTENT,
            ));
        }
        found.offset = seen;
        let shell = Shell::new(app, &ask, "/", "Session");
        let mut messages = Messages::new(shell, &path(&id), &params, found, &app.engine)?;
        let path = path(&id);
        let mut renderer = Renderer::new(&path, None);
        messages.changed = changed
            .into_iter()
            .map(|item| renderer.item(item, child_href(&app.engine)))
            .collect();
        messages.previous = None;
        respond::part(&ask, &messages)
    })
    .await
}

/// One message whole, as plain text: where the page shows only its beginning.
pub async fn text(State(app): State<App>, Path((id, seq)): Path<(String, u32)>) -> Answer {
    blocking::page(app, move |app| {
        let sid = find(&app.engine, &id)?;
        let query = MessagesQuery {
            around: Some(seq),
            limit: LIMIT,
            ..MessagesQuery::default()
        };
        let found = app.engine.messages(sid, &query)?;
        found
            .items
            .into_iter()
            .flat_map(|item| {
                let output = item.output.clone().map(|output| *output);
                std::iter::once(item).chain(output)
            })
            .find(|item| item.seq == seq)
            .ok_or_else(|| Failure::not_found("this session has no such message"))
            .and_then(|item| respond::plain(item.text))
    })
    .await
}

fn known(ask: &Ask) -> Params {
    ask.params.only(&["filter", "m", "offset"])
}

fn query(params: &Params) -> MessagesQuery {
    MessagesQuery {
        filter: match params.get("filter") {
            Some("user") => RoleFilter::User,
            Some("assistant") => RoleFilter::Assistant,
            Some("tools") => RoleFilter::Tools,
            _ => RoleFilter::All,
        },
        offset: params.number("offset").unwrap_or_default(),
        limit: LIMIT,
        around: params.get("m").and_then(|seq| seq.parse().ok()),
    }
}

impl Session {
    fn new(
        mut shell: Shell,
        view: SessionView,
        found: MessagesPage,
        params: Params,
        known: Vec<String>,
    ) -> Session {
        let session = view.card.session.clone();
        let path = path(&session.key.native);
        shell.here = params.without("m").url(&path);
        if let Some(seq) = params.get("m") {
            shell.here = params.url(&path);
            shell.here.push_str(&format!("#m{seq}"));
        }
        let card = CardView::new(view.card.clone(), &shell);
        shell.title = match card.name.as_str() {
            "" => "Untitled session".into(),
            name => name.to_owned(),
        };
        let natives: Vec<String> = view
            .children
            .iter()
            .map(|child| child.session.key.native.clone())
            .collect();
        let linked = move |native: &str| {
            let known = natives.iter().any(|child| child == native);
            known.then(|| messages::path(native))
        };
        Session {
            related: related(&view),
            filters: choices(&params.without("m"), &path, "filter", &FILTERS),
            messages: Messages::with(shell.clone(), &path, &params, found, linked),
            rename: Rename::new(
                &view.card,
                &card.name,
                shell.token.clone(),
                path.clone(),
                false,
            ),
            tags: Tags {
                id: "tags".into(),
                action: format!("{path}/tags"),
                tags: view.card.tags.iter().cloned().map(TagView::new).collect(),
                compact: false,
                known,
                token: shell.token.clone(),
                back: path.clone(),
            },
            fill: fill(&view),
            tools: session.tools.iter().take(TOOLS).map(tool).collect(),
            more_tools: session.tools.iter().skip(TOOLS).map(tool).collect(),
            card,
            view,
            shell,
        }
    }
}

/// `mcp__<server>__<tool>` in its parts.
fn tool(count: &ToolCount) -> Tool {
    let parts = count.name.strip_prefix("mcp__");
    let (server, name) = parts
        .and_then(|rest| rest.split_once("__"))
        .unwrap_or(("", &count.name));
    Tool {
        name: name.to_owned(),
        server: server.to_owned(),
        count: count.clone(),
    }
}

/// Where it came from, what came of it, and its other runs, each once.
fn related(view: &SessionView) -> Vec<Related> {
    let origin = match view.card.session.relation {
        Relation::Fork => "Forked from",
        Relation::Continuation => "Continues",
        _ => "Started by",
    };
    let mut all: Vec<Related> = Vec::new();
    if let Some(parent) = &view.parent {
        all.push(Related::new(origin.into(), &parent.session, false));
    }
    for child in &view.children {
        let relation = match child.session.relation {
            Relation::Fork => "Fork".into(),
            Relation::Continuation => "Continued in".into(),
            Relation::Housekeeping => "Housekeeping".into(),
            _ => child
                .session
                .agent_label
                .clone()
                .unwrap_or_else(|| "Sub-agent".into()),
        };
        all.push(Related::new(relation, &child.session, false));
    }
    for run in &view.retries {
        let run = Related::new("Other run".into(), &run.session, true);
        if all.iter().all(|known| known.href != run.href) {
            all.push(run);
        }
    }
    all
}

impl Related {
    fn new(relation: String, session: &SessionSummary, dated: bool) -> Related {
        Related {
            relation,
            href: cards::href(session),
            name: cards::name(session),
            at: session.last_at,
            dated,
        }
    }
}

/// Share of the context window that one response used on average, percent.
fn fill(view: &SessionView) -> Option<u64> {
    let window = view
        .card
        .session
        .context_window
        .filter(|window| *window > 0)?;
    let responses = u64::from(view.card.cost.responses);
    (responses > 0).then(|| (view.card.tokens.prompt() / responses * 100 / window).min(100))
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::web::sample;

    pub fn sample_page(query_text: &str) -> Session {
        let params = Params::parse(query_text);
        Session::new(
            sample::shell("/", "Session"),
            sample::session(),
            sample::messages(),
            params,
            vec!["infra".into(), "review".into()],
        )
    }

    #[test]
    fn the_asked_message_is_marked() {
        let html = sample_page("m=4").render().unwrap();
        assert!(html.contains("id=\"m4\""));
        assert_eq!(html.matches("is-target").count(), 1);
    }

    #[test]
    fn foreign_markup_stays_text() {
        let html = sample_page("").render().unwrap();
        for harm in ["<script>alert", "onclick=", "javascript:", "<style>body"] {
            let live = html.split('<').any(|tag| {
                let tag = tag.split('>').next().unwrap_or_default();
                tag.contains(harm.trim_start_matches('<')) && !tag.contains("&#")
            });
            assert!(!live, "{harm} is live in the page");
        }
    }

    #[test]
    fn the_end_of_the_transcript_listens_for_more() {
        let page = sample_page("");
        let tail = page.messages.tail.clone().unwrap();
        assert!(tail.contains("/tail?"), "{tail}");
        let html = page.render().unwrap();
        assert!(html.contains("hx-trigger=\"sse:changed\""));
    }
}
