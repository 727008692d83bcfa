//! `POST /saved`: a list of sessions or a search under a name.

use crate::engine::view::SavedSearch;
use crate::web::ask::Ask;
use crate::web::error::{Answer, Failure};
use crate::web::params::Params;
use crate::web::respond;
use crate::web::saved::{PAGES, Saved, canonical};
use crate::web::{App, blocking};
use axum::extract::State;
use axum::http::StatusCode;

/// Form `do=save` (`name`, `path`, `query`), `do=rename` (`id`, `name`) or `do=remove` (`id`). `path` and
/// `query` are always the list that is open.
pub async fn change(State(app): State<App>, ask: Ask, body: String) -> Answer {
    blocking::page(app, move |app| {
        let form = Params::parse(&body);
        let id = form.get("id").and_then(|id| id.parse().ok()).unwrap_or(0);
        let path = form.get("path").unwrap_or("/");
        let params = canonical(&Params::parse(form.get("query").unwrap_or_default()));
        let name = form.get("name").unwrap_or_default().to_owned();
        let known = app
            .engine
            .saved()?
            .into_iter()
            .find(|search| search.id == id);
        let refused = |error: anyhow::Error| refused(&error.to_string());
        match (form.get("do"), known) {
            (Some("save"), _) if !PAGES.contains(&path) => {
                return Err(self::refused("only lists and searches can be saved"));
            }
            (Some("save"), _) => {
                let search = SavedSearch {
                    id: 0,
                    name,
                    path: path.to_owned(),
                    query: params.query(),
                };
                app.engine.put_saved(&search).map_err(refused)?;
            }
            (Some("rename"), Some(known)) => {
                let search = SavedSearch { name, ..known };
                app.engine.put_saved(&search).map_err(refused)?;
            }
            (Some("remove"), _) => app.engine.remove_saved(id)?,
            _ => return Err(self::refused("this search is not saved any more")),
        }
        if !ask.htmx {
            return Ok(respond::back(form.get("back")));
        }
        let back = form.get("back").unwrap_or("/").to_owned();
        let saved = Saved::new(&app.engine, path, &params, app.token.clone(), back)?;
        respond::part(&ask, &saved)
    })
    .await
}

fn refused(why: &str) -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, why)
}
