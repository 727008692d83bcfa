//! `/fragments/session/{id}/preview`: the first messages of a session, and what can be done with it from
//! a list.

use crate::engine::view::{MessagesQuery, TranscriptItem};
use crate::model::Role;
use crate::web::ask::Ask;
use crate::web::cards;
use crate::web::error::{Answer, Failure};
use crate::web::marks::{Rename, find};
use crate::web::respond;
use crate::web::{App, blocking};
use askama::Template;
use axum::extract::{Path, State};

/// Prompts and answers of a preview, and characters of each.
const MESSAGES: usize = 10;
const CHARACTERS: usize = 500;
/// Tool traffic between the first answers is passed over: so many messages are looked at.
const LOOKED_AT: usize = 120;

#[derive(Template)]
#[template(path = "parts/preview.html")]
pub struct Preview {
    pub items: Vec<Said>,
    pub href: String,
    pub rename: Rename,
    pub resume: Option<String>,
    /// Of the element that holds the command.
    pub id: String,
}

pub struct Said {
    pub who: &'static str,
    pub class: &'static str,
    pub text: String,
    pub cut: bool,
    pub href: String,
}

pub async fn preview(State(app): State<App>, Path(id): Path<String>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        let sid = find(&app.engine, &id)?;
        let view = app
            .engine
            .session(sid)?
            .ok_or_else(|| Failure::not_found("this session is not known any more"))?;
        let query = MessagesQuery {
            limit: LOOKED_AT,
            ..MessagesQuery::default()
        };
        let found = app.engine.messages(sid, &query)?;
        let href = cards::href(&view.card.session);
        let agent = view.card.agent.name;
        // what the runtime puts before the first prompt is no part of the talk
        let said = |item: &TranscriptItem| item.role.is_prose() && item.prompt.is_prompt();
        let prose = found.items.into_iter().filter(said);
        let name = cards::name(&view.card.session);
        let preview = Preview {
            items: prose
                .take(MESSAGES)
                .map(|item| Said::new(item, agent, &href))
                .collect(),
            rename: Rename::new(&view.card, &name, app.token.clone(), "/".into(), true),
            resume: view.resume,
            id: format!("resume-{}", sid.0),
            href,
        };
        respond::part(&ask, &preview)
    })
    .await
}

impl Said {
    fn new(item: TranscriptItem, agent: &'static str, href: &str) -> Said {
        let text = item.text.trim();
        let end = text.char_indices().nth(CHARACTERS).map(|(at, _)| at);
        let (who, class) = match item.role {
            Role::User => ("You", "from-you"),
            _ => (agent, "from-agent"),
        };
        Said {
            who,
            class,
            text: text[..end.unwrap_or(text.len())].to_owned(),
            cut: end.is_some() || item.cut,
            href: format!("{href}?m={0}#m{0}", item.seq),
        }
    }
}
