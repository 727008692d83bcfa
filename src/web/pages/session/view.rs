//! What the page of a session shows.

use super::jump::{Finder, Jump, finder, jumps};
use super::{FILTERS, Found, number};
use crate::engine::view::SessionView;
use crate::model::{Relation, SessionSummary, ToolCount};
use crate::web::cards::{self, CardView};
use crate::web::charts;
use crate::web::facets::{Choice, choices};
use crate::web::filters;
use crate::web::marks::{Rename, TagView, Tags};
use crate::web::messages::{self, Messages};
use crate::web::params::Params;
use crate::web::respond::fragment;
use crate::web::shell::Shell;
use crate::web::transcript::Insight;
use askama::Template;

/// Tools shown unfolded.
const TOOLS: usize = 8;

#[derive(Template)]
#[template(path = "pages/session.html", blocks = ["results"])]
pub struct Session {
    pub shell: Shell,
    pub view: SessionView,
    pub card: CardView,
    /// Address of this page, without any state.
    pub path: String,
    /// Where the outline comes from.
    pub outline: String,
    pub related: Vec<Related>,
    pub filters: Vec<Choice>,
    pub jumps: Vec<Jump>,
    pub finder: Finder,
    /// Says that there is nothing more of what was jumped to; `""` otherwise.
    pub notice: String,
    pub messages: Messages,
    pub tags: Tags,
    pub rename: Rename,
    pub course: charts::Course,
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
    /// Its calls alone.
    pub href: String,
    pub current: bool,
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

impl Session {
    pub(super) fn new(mut shell: Shell, found: Found, params: Params) -> Session {
        let view = found.view;
        let session = view.card.session.clone();
        let path = messages::path(&session.key.native);
        shell.here = address(&params, &path);
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
        let first = found.messages.items.first().map(|item| item.seq);
        let from = number(&params, "m").or(first.and_then(|seq| seq.checked_sub(1)));
        let mut tools = session
            .tools
            .iter()
            .map(|count| tool(count, &params, &path));
        let plain = params.without("m").without("none").without("tool");
        let steps = charts::course(&found.course.steps, &path, &shell.clock);
        let insight = Insight::new(found.course.clone(), found.inside);
        let around = number(&params, "m").or(first).unwrap_or_default();
        Session {
            related: related(&view),
            filters: choices(&plain, &path, "filter", &FILTERS),
            jumps: jumps(&params, &path, from),
            finder: finder(&params, &path, &insight.inside, from),
            notice: params.get("none").map_or_else(String::new, jump_notice),
            outline: format!("/fragments{path}/outline?within=1&m={around}"),
            rename: Rename::new(
                &view.card,
                &card.name,
                shell.token.clone(),
                path.clone(),
                false,
            ),
            tags: Tags {
                id: "tags".into(),
                session: path.clone(),
                action: format!("{path}/tags"),
                tags: view.card.tags.iter().cloned().map(TagView::new).collect(),
                compact: false,
                known: found.tags,
                token: shell.token.clone(),
                back: path.clone(),
            },
            fill: fill(&view),
            course: steps,
            tools: tools.by_ref().take(TOOLS).collect(),
            more_tools: tools.collect(),
            messages: Messages::with(
                shell.clone(),
                &path,
                &params,
                found.messages,
                &insight,
                linked,
            ),
            card,
            view,
            path,
            shell,
        }
    }
}

/// Of the page as it stands.
fn address(params: &Params, path: &str) -> String {
    match params.get("m") {
        Some(seq) => {
            let shown = params.without("none").with("m", seq);
            format!("{}#m{seq}", shown.url(path))
        }
        None => params.without("none").url(path),
    }
}

fn jump_notice(kind: &str) -> String {
    match kind {
        "prompt" => "There is no other prompt that way.".into(),
        "error" => "No call failed that way.".into(),
        "edit" => "Nothing was edited that way.".into(),
        "compaction" => "The context was not compacted that way.".into(),
        "tool" => "This tool was not called that way.".into(),
        _ => "There is no more that way.".into(),
    }
}

/// `mcp__<server>__<tool>` in its parts.
fn tool(count: &ToolCount, params: &Params, path: &str) -> Tool {
    let parts = count.name.strip_prefix("mcp__");
    let (server, name) = parts
        .and_then(|rest| rest.split_once("__"))
        .unwrap_or(("", &count.name));
    let current = params.get("tool") == Some(count.name.as_str());
    let plain = params.without("m").without("none").without("tool");
    Tool {
        href: match current {
            true => plain.without("filter").url(path),
            false => plain
                .with("filter", "tools")
                .with("tool", &count.name)
                .url(path),
        },
        current,
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
        let found = Found {
            view: sample::session(),
            messages: sample::messages(),
            course: sample::course().into(),
            inside: match params.get("q") {
                Some(_) => sample::inside(),
                None => Default::default(),
            },
            tags: vec!["infra".into(), "review".into()],
        };
        Session::new(sample::shell("/", "Session"), found, params)
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
