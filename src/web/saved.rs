//! Saved searches: the list in the side bar, and the form that saves what is being looked at.

use super::error::Failure;
use super::params::{FILTERS, Params};
use crate::engine::Engine;
use crate::engine::view::SavedSearch;
use askama::Template;
use std::sync::Arc;

/// Pages whose state can be saved.
pub const PAGES: [&str; 3] = ["/", "/search", "/starred"];

#[derive(Template)]
#[template(path = "parts/saved.html")]
pub struct Saved {
    pub items: Vec<Item>,
    /// What would be saved now; `None`: nothing is filtered, or it is saved already.
    pub state: Option<(String, String)>,
    pub token: Arc<str>,
    pub back: String,
}

pub struct Item {
    pub id: u64,
    pub name: String,
    pub href: String,
    /// This very list.
    pub current: bool,
}

impl Saved {
    /// # Errors
    /// The marks cannot be read.
    pub fn new(
        engine: &Engine,
        path: &str,
        params: &Params,
        token: Arc<str>,
        back: String,
    ) -> Result<Saved, Failure> {
        Ok(Saved::of(engine.saved()?, path, params, token, back))
    }

    pub fn of(
        saved: Vec<SavedSearch>,
        path: &str,
        params: &Params,
        token: Arc<str>,
        back: String,
    ) -> Saved {
        let query = canonical(params).query();
        let items: Vec<Item> = saved
            .into_iter()
            .map(|search| Item {
                id: search.id,
                current: search.path == path && search.query == query,
                href: Params::parse(&search.query).url(&search.path),
                name: search.name,
            })
            .collect();
        let worth = !query.is_empty() && items.iter().all(|item| !item.current);
        Saved {
            state: worth.then(|| (path.to_owned(), query)),
            items,
            token,
            back,
        }
    }
}

/// What a list is asked for, without where in it somebody is.
pub fn canonical(params: &Params) -> Params {
    let names: Vec<&str> = ["q"]
        .into_iter()
        .chain(FILTERS)
        .chain(["role", "session", "sort", "group", "view"])
        .collect();
    params.only(&names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(query: &str) -> Saved {
        let known = SavedSearch {
            id: 3,
            name: "Bugs".into(),
            path: "/".into(),
            query: "tag=bug&sort=oldest".into(),
        };
        Saved::of(
            vec![known],
            "/",
            &Params::parse(query),
            "t".into(),
            "/".into(),
        )
    }

    #[test]
    fn a_list_that_is_saved_is_marked_and_not_saved_again() {
        let same = saved("sort=oldest&tag=bug&offset=60&select=1");
        assert!(same.items[0].current && same.state.is_none());
        let other = saved("tag=infra");
        assert!(!other.items[0].current);
        assert_eq!(other.state, Some(("/".into(), "tag=infra".into())));
        assert!(saved("offset=60").state.is_none(), "nothing is filtered");
    }
}
