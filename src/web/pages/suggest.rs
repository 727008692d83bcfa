//! What the search box offers, and the searches that are remembered.

use crate::engine::{Offer, Suggestion};
use crate::web::ask::Ask;
use crate::web::error::Answer;
use crate::web::params::Params;
use crate::web::respond;
use crate::web::{App, blocking, filters};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;

#[derive(Template)]
#[template(path = "parts/suggest.html")]
pub struct Suggestions {
    pub groups: Vec<Group>,
}

/// Offers of one kind under its name.
pub struct Group {
    pub title: &'static str,
    pub rows: Vec<Row>,
}

pub struct Row {
    pub offer: Suggestion,
    /// Where the cursor is then, as scripts count: in UTF-16.
    pub cursor: usize,
    /// Takes the search over as it is.
    pub whole: bool,
}

/// `q`, and `at`: the cursor in it as scripts count; at its end without.
pub async fn suggest(State(app): State<App>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        let text = ask.params.get("q").unwrap_or_default();
        let cursor = match ask.params.number("at") {
            Some(units) => bytes(text, units),
            None => text.len(),
        };
        let found = app.engine.suggest(text, cursor)?;
        respond::part(&ask, &Suggestions::new(found))
    })
    .await
}

/// `POST /search/recent`, form `q`: somebody opened what this search found.
pub async fn note(State(app): State<App>, body: String) -> Answer {
    blocking::page(app, move |app| {
        let form = Params::parse(&body);
        app.engine.note_search(form.get("q").unwrap_or_default())?;
        Ok(StatusCode::NO_CONTENT.into_response())
    })
    .await
}

/// `POST /search/recent/forget`, form `q` for one search; all without.
pub async fn forget(State(app): State<App>, body: String) -> Answer {
    blocking::page(app, move |app| {
        app.engine.forget_search(Params::parse(&body).get("q"))?;
        Ok(respond::back(Some("/search")))
    })
    .await
}

impl Suggestions {
    pub fn new(found: Vec<Suggestion>) -> Suggestions {
        let mut groups: Vec<Group> = Vec::new();
        for offer in found {
            let title = match offer.kind {
                Offer::Recent => "Recent searches",
                Offer::Field => "Narrow by",
                Offer::Value => "Values",
            };
            let row = Row {
                cursor: units(&offer.text[..offer.cursor]),
                whole: offer.kind == Offer::Recent,
                offer,
            };
            match groups.iter_mut().find(|group| group.title == title) {
                Some(group) => group.rows.push(row),
                None => groups.push(Group {
                    title,
                    rows: vec![row],
                }),
            }
        }
        Suggestions { groups }
    }
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The byte that this many UTF-16 units end at.
fn bytes(text: &str, units: usize) -> usize {
    let mut left = units;
    for (at, c) in text.char_indices() {
        if left < c.len_utf16() {
            return at;
        }
        left -= c.len_utf16();
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_counted_as_scripts_do() {
        let text = "a😀日b";
        for (unit, byte) in [(0, 0), (1, 1), (2, 1), (3, 5), (4, 8), (5, 9), (99, 9)] {
            assert_eq!(bytes(text, unit), byte, "{unit}");
        }
        assert_eq!(units(text), 5);
    }
}
