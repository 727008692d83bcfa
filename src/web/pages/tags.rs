//! `/tags`: every tag with its colour and its sessions; renamed, joined, coloured, made and removed here.

use crate::engine::view::{SUGGESTED_TAGS, TAG_COLORS, TagRow};
use crate::web::ask::Ask;
use crate::web::error::{Answer, Failure};
use crate::web::marks::{TagView, class};
use crate::web::params::Params;
use crate::web::respond::{self, fragment};
use crate::web::shell::Shell;
use crate::web::{App, blocking, filters};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;

const PATH: &str = "/tags";
/// Longest tag, in characters.
const MAX_TAG: usize = 40;

#[derive(Template)]
#[template(path = "pages/tags.html", blocks = ["results"])]
pub struct Tags {
    pub shell: Shell,
    pub rows: Vec<Row>,
    /// Tags that nobody has made yet.
    pub offers: Vec<Color>,
    pub colors: Vec<Color>,
}
fragment!(Tags);

pub struct Row {
    pub tag: TagView,
    pub sessions: usize,
    pub colors: Vec<Color>,
}

/// A word with the class of its colour.
#[derive(Clone)]
pub struct Color {
    pub word: String,
    pub class: String,
    pub current: bool,
}

pub async fn page(State(app): State<App>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        let shell = Shell::new(app, &ask, PATH, "Tags");
        let page = Tags::new(shell, app.engine.tags()?);
        respond::navigated(&ask, &page, PATH)
    })
    .await
}

/// `POST /tags`, form `tag` and `do=create` or `do=color` (`color`), `do=rename` (`to`, which is new), `do=merge`
/// (`to`, which is there) or `do=remove`.
pub async fn change(State(app): State<App>, _: Ask, body: String) -> Answer {
    blocking::page(app, move |app| {
        let form = Params::parse(&body);
        let tag = form.get("tag").map(str::trim).unwrap_or_default();
        let to = form.get("to").map(str::trim).unwrap_or_default();
        let rows = app.engine.tags()?;
        let there = |name: &str| rows.iter().any(|row| row.tag.name == name);
        let color = form.get("color").unwrap_or_default();
        let color = TAG_COLORS.into_iter().find(|known| *known == color);
        match form.get("do") {
            _ if tag.is_empty() => return Err(refused("which tag is meant?")),
            Some("create") if there(tag) => {
                return Err(refused(&format!("there is a tag {tag} already")));
            }
            Some("create") => {
                let offered = SUGGESTED_TAGS.iter().find(|offer| offer.0 == tag);
                let color = color.or(offered.map(|offer| offer.1));
                app.engine
                    .color_tag(named(tag)?, color.unwrap_or_default())?;
            }
            Some("color") => app.engine.color_tag(tag, color.unwrap_or_default())?,
            Some("rename") if to != tag && there(to) => {
                return Err(refused(&format!(
                    "there is a tag {to} already: merge the two if they are one"
                )));
            }
            Some("merge") if !there(to) => {
                return Err(refused(&format!("there is no tag {to} to merge it into")));
            }
            Some("rename" | "merge") => app.engine.rename_tag(tag, named(to)?)?,
            Some("remove") => app.engine.remove_tag(tag)?,
            _ => return Err(refused("nothing is to be done with the tag")),
        }
        Ok(respond::back(Some(PATH)))
    })
    .await
}

fn named(tag: &str) -> Result<&str, Failure> {
    let good = (1..=MAX_TAG).contains(&tag.chars().count()) && !tag.contains(char::is_control);
    match good {
        true => Ok(tag),
        false => Err(refused(&format!("a tag has 1 to {MAX_TAG} characters"))),
    }
}

fn refused(why: &str) -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, why)
}

impl Tags {
    fn new(shell: Shell, rows: Vec<TagRow>) -> Tags {
        let offers: Vec<Color> = SUGGESTED_TAGS
            .iter()
            .filter(|(name, _)| rows.iter().all(|row| row.tag.name != *name))
            .map(|(name, color)| Color {
                word: (*name).into(),
                class: class(color),
                current: false,
            })
            .collect();
        Tags {
            offers,
            colors: colors(""),
            rows: rows
                .into_iter()
                .map(|row| Row {
                    colors: colors(row.tag.color),
                    sessions: row.sessions,
                    tag: TagView::new(row.tag),
                })
                .collect(),
            shell,
        }
    }
}

fn colors(current: &str) -> Vec<Color> {
    let words = TAG_COLORS.into_iter().chain([""]);
    words
        .map(|word| Color {
            word: word.into(),
            class: class(word),
            current: word == current,
        })
        .collect()
}
