//! `/api/sessions`: the list.

use super::params::Params;
use super::record::SessionRecord;
use super::reply::{Counts, Failure, Reply};
use crate::engine::Engine;
use crate::engine::view::{GroupBy, SessionSort, SessionsQuery};

/// `GET /api/sessions`: an array of [`SessionRecord`], one per session (conversations are not folded).
///
/// Parameters: the shared filters ([`Params::filters`]), `q` (words in title, first prompt, project, id
/// or agent), `sort` (`newest`, which is the default, `oldest`, `longest`,
/// `costliest`), `offset`, `limit` (default: all). Headers: `X-Total-Count`, sessions that match;
/// `X-Helper-Count`, sessions that match but are hidden without `include_helpers=1`, and
/// `X-Empty-Count`, those that hold no message and are hidden without `include_empty=1`.
///
/// # Errors
/// 400 for a parameter that is not allowed.
pub fn list(engine: &Engine, params: &Params) -> Result<Reply<Vec<SessionRecord>>, Failure> {
    let sort = params.choice(
        "sort",
        &[
            ("newest", SessionSort::Newest),
            ("oldest", SessionSort::Oldest),
            ("longest", SessionSort::Longest),
            ("costliest", SessionSort::Costliest),
        ],
    )?;
    let query = SessionsQuery {
        filters: params.filters(engine.today())?,
        text: params.one("q").unwrap_or_default().to_owned(),
        sort: sort.unwrap_or_default(),
        group: GroupBy::None,
        offset: params.number("offset")?.unwrap_or(0),
        limit: params.number("limit")?.unwrap_or(usize::MAX),
    };
    let found = engine.session_rows(&query)?;
    let config = engine.config();
    let zone = &config.zone;
    let cards = engine.cards(&found.rows)?;
    Ok(Reply {
        body: cards
            .iter()
            .map(|card| SessionRecord::new(card, zone))
            .collect(),
        status: 200,
        counts: Some(Counts {
            total: found.total,
            hidden: found.hidden,
            empty: found.empty,
        }),
    })
}
