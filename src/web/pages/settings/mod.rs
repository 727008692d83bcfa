//! `/settings`: everything that `config.toml` holds, a form a section; what is saved holds at once.

mod form;
mod look;
mod view;

pub use look::theme;

use crate::config::{Refused, Wrong};
use crate::web::ask::{Ask, Theme};
use crate::web::error::{Answer, Failure};
use crate::web::params::Params;
use crate::web::respond;
use crate::web::shell::Shell;
use crate::web::{App, blocking};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use view::{Outcome, Patterns, SettingsPage, Tried};

const PATH: &str = "/settings";

pub async fn page(State(app): State<App>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        let outcome = match ask.params.get("saved").and_then(form::section) {
            Some(section) => Outcome::Saved(section),
            None => Outcome::None,
        };
        let page = SettingsPage::new(app, Shell::new(app, &ask, PATH, "Settings"), outcome)?;
        respond::navigated(&ask, &page, PATH)
    })
    .await
}

/// `POST /settings/{section}`: the fields of one section.
pub async fn save(
    State(app): State<App>,
    Path(section): Path<String>,
    ask: Ask,
    body: String,
) -> Answer {
    blocking::page(app, move |app| {
        let section = form::section(&section)
            .ok_or_else(|| Failure::not_found("there is no such section of the settings"))?;
        let form = Params::parse(&body);
        let saved = form::changes(section, &form).and_then(|changes| {
            let done = app.engine.settings.change(&changes);
            done.map_err(|refused| match refused {
                Refused::Wrong(wrong) => wrong,
                Refused::Disk(error) => {
                    tracing::error!("{error:#}");
                    Wrong::whole(format!("{error:#}"))
                }
            })
        });
        match saved {
            Ok(()) => kept(app, &ask, section, &form),
            Err(wrong) => refused(app, &ask, section, form, wrong),
        }
    })
    .await
}

/// `POST /settings/titles/test`: the one request that this program makes of anybody.
pub async fn try_titles(State(app): State<App>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        let trial = app.engine.try_titles();
        let shell = Shell::new(app, &ask, PATH, "Settings");
        let html = match ask.htmx {
            true => Tried { trial }.render()?,
            false => SettingsPage::new(app, shell, Outcome::Tried(trial))?.render()?,
        };
        Ok((respond::html_headers(), html).into_response())
    })
    .await
}

fn kept(app: &App, ask: &Ask, section: &'static str, form: &Params) -> Answer {
    if ask.htmx {
        let shell = Shell::new(app, ask, PATH, "Settings");
        return part(&SettingsPage::new(app, shell, Outcome::Saved(section))?);
    }
    let mut response = respond::back(Some(&format!("{PATH}?saved={section}#{section}")));
    if section == "appearance"
        && let Some(theme) = form.get("theme").and_then(Theme::parse)
    {
        let headers = response.headers_mut();
        headers.insert(header::SET_COOKIE, look::cookie(theme));
    }
    Ok(response)
}

/// The page with what was typed and what is wrong with it.
fn refused(app: &App, ask: &Ask, section: &'static str, typed: Params, wrong: Wrong) -> Answer {
    let shell = Shell::new(app, ask, PATH, "Settings");
    let outcome = Outcome::Refused {
        section,
        typed,
        wrong,
    };
    let page = SettingsPage::new(app, shell, outcome)?;
    if ask.htmx {
        // swapped in its place: to htmx a refusal is an answer like another
        return part(&page);
    }
    let html = (respond::html_headers(), page.render()?);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, html).into_response())
}

fn part(page: &SettingsPage) -> Result<Response, Failure> {
    Ok((respond::html_headers(), page.as_results().render()?).into_response())
}

/// What the patterns match as they are typed: `helper_patterns`, one a line.
pub async fn patterns(State(app): State<App>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        let typed = ask.params.get("helper_patterns").unwrap_or_default();
        let patterns = app.engine.pattern_counts(&form::lines(typed))?;
        respond::part(&ask, &Patterns { patterns })
    })
    .await
}
