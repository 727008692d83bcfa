//! `/api/search`: messages that match, by session.

use super::params::Params;
use super::record::{SessionRecord, rfc3339};
use super::reply::{Failure, Reply};
use crate::engine::Engine;
use crate::engine::view::{FacetList, FacetValue, SearchHit, SearchPage, SearchQuery};
use crate::index::{Match, Snippet, Sort};
use crate::model::Role;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchAnswer {
    /// Sessions and messages that match: exact, whatever `limit` says.
    pub total: u64,
    pub total_messages: u64,
    /// Of those that match, sessions and messages of helpers and sub-agents, which are left out.
    pub hidden_sessions: u64,
    pub hidden_messages: u64,
    /// `all_words`; else, since nothing has them all, `any_word`; else `close_spelling`.
    pub tier: String,
    /// Words that `close_spelling` took instead.
    pub corrected: Vec<String>,
    /// By field, each counted without its own filter.
    pub facets: BTreeMap<String, Vec<FacetRecord>>,
    pub days: Vec<DayCount>,
    pub results: Vec<SearchResult>,
    /// `offset` of the next page; `null` on the last.
    pub next: Option<usize>,
    /// Messages are still being indexed: there may be more.
    pub filling: bool,
    /// Milliseconds inside the engine.
    pub took: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FacetRecord {
    pub value: String,
    pub label: String,
    /// Messages.
    pub count: u64,
    pub ticked: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DayCount {
    /// `YYYY-MM-DD`, local.
    pub day: String,
    pub count: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchResult {
    #[serde(rename = "sessionId")]
    pub session_id: String,
    pub session: SessionRecord,
    /// Messages of this session that match.
    pub count: u32,
    /// The best three.
    pub matches: Vec<MatchRecord>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MatchRecord {
    pub role: String,
    /// Ordinal of the message: `around` of the session endpoint.
    pub seq: u32,
    /// Name of the tool of a call or output; `""` otherwise.
    pub tool: String,
    pub timestamp: Option<String>,
    /// A passage around the matches; `cut_before` and `cut_after` say whether the message goes on.
    pub snippet: String,
    /// `[start, end)` of what matched in `snippet`, in characters (Unicode scalar values).
    pub marks: Vec<(usize, usize)>,
    pub cut_before: bool,
    pub cut_after: bool,
}

/// `GET /api/search`: [`SearchAnswer`].
///
/// Parameters: `q` (the grammar of the search page), the shared filters ([`Params::filters`]), `role`
/// (may repeat), `session` (search within one), `sort` (`relevance`, `newest`, `oldest`), `offset` and
/// `limit` in sessions (default 20, at most 200).
///
/// # Errors
/// 400 for a parameter that is not allowed, or when neither `q` nor a filter says what to look for.
pub fn search(engine: &Engine, params: &Params) -> Result<Reply<SearchAnswer>, Failure> {
    let roles = params.many("role");
    let roles: Option<Vec<Role>> = roles.iter().map(|word| Role::parse(word)).collect();
    let words = Role::ALL.map(Role::as_str).join(", ");
    let sort = params.choice(
        "sort",
        &[
            ("relevance", Sort::Relevance),
            ("newest", Sort::Newest),
            ("oldest", Sort::Oldest),
        ],
    )?;
    let query = SearchQuery {
        text: params.one("q").unwrap_or_default().to_owned(),
        filters: params.filters(engine.today())?,
        roles: roles.ok_or_else(|| {
            Failure::parameter(
                "role",
                &params.many("role").join(", "),
                &format!("of {words}"),
            )
        })?,
        sort: sort.unwrap_or_default(),
        offset: params.number("offset")?.unwrap_or(0),
        limit: params.number("limit")?.unwrap_or(20).min(200),
        session: params.one("session").map(str::to_owned),
    };
    if query.text.trim().is_empty() && asks_nothing(&query) {
        return Err(Failure::bad("q is missing: what is to be looked for?"));
    }
    let page = engine.search(&query)?;
    Ok(Reply::from(SearchAnswer::new(&page, &engine.config().zone)))
}

/// No filter either: every message there is would match.
fn asks_nothing(query: &SearchQuery) -> bool {
    let open = crate::engine::view::Filters {
        include_helpers: query.filters.include_helpers,
        ..Default::default()
    };
    query.filters == open && query.roles.is_empty() && query.session.is_none()
}

impl SearchAnswer {
    fn new(page: &SearchPage, zone: &jiff::tz::TimeZone) -> SearchAnswer {
        SearchAnswer {
            total: page.sessions,
            total_messages: page.messages,
            hidden_sessions: page.hidden_sessions,
            hidden_messages: page.hidden_messages,
            tier: tier(page.tier).to_owned(),
            corrected: page.corrected.clone(),
            facets: page
                .facets
                .iter()
                .filter(|list| !list.pending)
                .map(facet)
                .collect(),
            days: page
                .days
                .iter()
                .map(|(day, count)| DayCount {
                    day: day.to_string(),
                    count: *count,
                })
                .collect(),
            results: page.hits.iter().map(|hit| result(hit, zone)).collect(),
            next: page.next,
            filling: page.filling,
            took: page.micros as f64 / 1000.0,
        }
    }
}

fn tier(tier: Match) -> &'static str {
    match tier {
        Match::AllWords => "all_words",
        Match::AnyWord => "any_word",
        Match::CloseSpelling => "close_spelling",
    }
}

fn facet(list: &FacetList) -> (String, Vec<FacetRecord>) {
    let record = |value: &FacetValue| FacetRecord {
        value: value.value.clone(),
        label: value.label.clone(),
        count: value.count,
        ticked: value.ticked,
    };
    (
        list.field.to_owned(),
        list.values.iter().map(record).collect(),
    )
}

fn result(hit: &SearchHit, zone: &jiff::tz::TimeZone) -> SearchResult {
    SearchResult {
        session_id: hit.card.session.key.native.clone(),
        session: SessionRecord::new(&hit.card, zone),
        count: hit.count,
        matches: hit.snippets.iter().map(found).collect(),
    }
}

fn found(snippet: &Snippet) -> MatchRecord {
    // engine marks are bytes, which a client in another language cannot use
    let characters = |byte: usize| {
        let before = snippet.text.char_indices();
        before.take_while(|(at, _)| *at < byte).count()
    };
    MatchRecord {
        role: snippet.role.as_str().to_owned(),
        seq: snippet.seq,
        tool: snippet.tool.clone(),
        timestamp: rfc3339(snippet.at),
        snippet: snippet.text.clone(),
        marks: snippet
            .marks
            .iter()
            .map(|(start, end)| (characters(*start), characters(*end)))
            .collect(),
        cut_before: snippet.cut_before,
        cut_after: snippet.cut_after,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_count_characters() {
        let snippet = Snippet {
            seq: 3,
            role: Role::Tool,
            tool: "Bash".into(),
            at: Some(1_795_220_910_461),
            text: "größe 世界 run".into(),
            marks: vec![(0, 7), (8, 14), (15, 18)],
            cut_before: true,
            cut_after: false,
        };
        let record = found(&snippet);
        assert_eq!(record.marks, [(0, 5), (6, 8), (9, 12)]);
        assert_eq!(record.role, "tool");
        assert_eq!(record.timestamp.unwrap(), "2026-11-21T00:28:30.461Z");
    }
}
