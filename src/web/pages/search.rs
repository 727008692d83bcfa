//! `/search`: messages that match, grouped by session.

use crate::engine::view::{SavedSearch, SearchHit, SearchPage, SearchQuery};
use crate::index::{Match, Snippet, Sort};
use crate::model::{Day, Role};
use crate::web::ask::Ask;
use crate::web::calendar::{CALENDAR, Calendar, calendar};
use crate::web::cards::CardView;
use crate::web::charts::{self, Histogram};
use crate::web::error::{Answer, Failure};
use crate::web::facets::{Choice, Facet, Range, choices, facets, range};
use crate::web::params::{FILTERS, Params};
use crate::web::respond::{self, fragment};
use crate::web::saved::Saved;
use crate::web::shell::Shell;
use crate::web::{App, blocking, filters};
use askama::Template;
use axum::extract::State;

const PATH: &str = "/search";
/// Sessions at a time.
const LIMIT: usize = 20;
const SORTS: [(&str, &str); 3] = [
    ("relevance", "Relevance"),
    ("newest", "Newest"),
    ("oldest", "Oldest"),
];

#[derive(Template)]
#[template(path = "pages/search.html", blocks = ["results", "hits"])]
pub struct Search {
    pub shell: Shell,
    pub carried: Vec<(String, String)>,
    /// Something was asked: words, or filters alone.
    pub asked: bool,
    pub found: SearchPage,
    /// Says that no message has all the words; `""` when some have.
    pub tier: String,
    pub hits: Vec<Hit>,
    pub offset: usize,
    pub next: Option<(String, String)>,
    pub first: String,
    pub facets: Vec<Facet>,
    pub histogram: Histogram,
    pub range: Range,
    pub calendar: Calendar,
    pub saved: Saved,
    pub sorts: Vec<Choice>,
    pub helpers: Choice,
    pub clear: Option<String>,
    /// The word as a prefix, and its address: offered when nothing is found.
    pub begins: Option<(String, String)>,
    pub took: String,
    /// What was searched for last, with its address: shown before anything is asked.
    pub recent: Vec<(String, String)>,
}
fragment!(Search);

/// A session with its best passages.
pub struct Hit {
    pub view: CardView,
    pub count: u32,
    pub snippets: Vec<Passage>,
    /// All matches of this session alone.
    pub inside: String,
}

pub struct Passage {
    pub snippet: Snippet,
    pub href: String,
    /// The message with its neighbours, to open in this place, and the id of that place.
    pub around: String,
    pub place: String,
    /// The text in turns: plain, marked, plain, ...
    pub parts: Vec<(bool, String)>,
}

pub async fn page(State(app): State<App>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        let page = build(app, &ask)?;
        // what is found while somebody types is no search yet
        if ask.followed && !ask.fragment && page.offset == 0 {
            app.engine.note_search(&page.shell.q)?;
        }
        respond::navigated(&ask, &page, &page.shell.here)
    })
    .await
}

/// The next hits alone, for appending.
pub async fn more(State(app): State<App>, ask: Ask) -> Answer {
    blocking::page(app, move |app| {
        respond::part(&ask, &build(app, &ask)?.as_hits())
    })
    .await
}

fn build(app: &App, ask: &Ask) -> Result<Search, Failure> {
    let names: Vec<&str> = ["q"]
        .into_iter()
        .chain(FILTERS)
        .chain(["role", "session", "sort", "offset"])
        .chain(CALENDAR)
        .collect();
    let params = ask.params.only(&names);
    let query = query(&params);
    let asked = asks(&params);
    let found = match asked {
        true => app.engine.search(&SearchQuery {
            text: crate::query::settled(&query.text).to_owned(),
            ..query.clone()
        })?,
        false => SearchPage::default(),
    };
    let mut shell = Shell::new(app, ask, PATH, "Search");
    if !query.text.is_empty() {
        shell.title = format!("{} - Search", query.text);
    }
    shell.here = params.url(PATH);
    let engine = &app.engine;
    let (saved, today) = (engine.saved()?, engine.today());
    let recent = match asked {
        true => Vec::new(),
        false => engine.recent_searches()?,
    };
    Ok(Search::new(shell, params, &query, found, today, saved).with_recent(recent))
}

/// Something is to be looked for: words, or a filter that is more than a switch.
fn asks(params: &Params) -> bool {
    let switches = ["sort", "include_helpers"].into_iter().chain(CALENDAR);
    let rest = switches.fold(params.without("offset"), |p, name| p.without(name));
    !rest.is_empty()
}

fn query(params: &Params) -> SearchQuery {
    SearchQuery {
        text: params.get("q").unwrap_or_default().to_owned(),
        filters: params.filters(),
        roles: params.all("role").filter_map(Role::parse).collect(),
        sort: match params.get("sort") {
            Some("newest") => Sort::Newest,
            Some("oldest") => Sort::Oldest,
            _ => Sort::Relevance,
        },
        offset: params.number("offset").unwrap_or_default(),
        limit: LIMIT,
        session: params.get("session").map(str::to_owned),
    }
}

impl Search {
    fn with_recent(mut self, recent: Vec<String>) -> Search {
        let linked = |text: String| {
            let href = Params::default().with("q", &text).url(PATH);
            (text, href)
        };
        self.recent = recent.into_iter().map(linked).collect();
        self
    }

    fn new(
        mut shell: Shell,
        params: Params,
        query: &SearchQuery,
        mut found: SearchPage,
        today: Day,
        saved: Vec<SavedSearch>,
    ) -> Search {
        shell.q = query.text.clone();
        let here = params.without("offset");
        let plain = here.without_any(&CALENDAR);
        let next = found.next.map(|offset| {
            let next = plain.with("offset", &offset.to_string());
            (next.url(PATH), next.url("/fragments/search/more"))
        });
        let bare = plain.only(&["q", "sort"]);
        let hits = std::mem::take(&mut found.hits)
            .into_iter()
            .map(|hit| Hit::new(hit, &plain, &shell))
            .collect();
        let filters = &query.filters;
        Search {
            carried: plain
                .without("q")
                .without("from")
                .without("to")
                .pairs()
                .to_vec(),
            asked: asks(&plain),
            tier: tier(&found),
            hits,
            offset: query.offset,
            next,
            first: plain.url(PATH),
            facets: facets(&found.facets, &plain, PATH),
            histogram: charts::histogram(&found.days, &plain, PATH, &shell.clock),
            range: range(&plain, PATH, today),
            calendar: calendar(&here, PATH, today, &found.days),
            saved: Saved::of(saved, PATH, &plain, shell.token.clone(), shell.here.clone()),
            sorts: choices(&plain, PATH, "sort", &SORTS),
            helpers: Choice {
                label: "include_helpers",
                href: plain
                    .with(
                        "include_helpers",
                        if filters.include_helpers { "" } else { "1" },
                    )
                    .url(PATH),
                current: filters.include_helpers,
            },
            clear: (bare != plain).then(|| bare.url(PATH)),
            begins: prefix(&query.text).map(|word| {
                let href = plain.with("q", &word).url(PATH);
                (word, href)
            }),
            took: format!("{:.1} ms", found.micros as f64 / 1000.0),
            recent: Vec::new(),
            found,
            shell,
        }
    }
}

/// A lone word of letters and digits as a prefix; `None` for anything else.
fn prefix(text: &str) -> Option<String> {
    let word = text.trim();
    let plain = word.len() > 2 && word.chars().all(|c| c.is_alphanumeric() || c == '_');
    plain.then(|| format!("{word}*"))
}

/// What was loosened to find anything, in a sentence.
fn tier(found: &SearchPage) -> String {
    match found.tier {
        _ if found.messages == 0 => String::new(),
        Match::AllWords => String::new(),
        Match::AnyWord => "No message has all the words. These have some of them.".into(),
        Match::CloseSpelling if found.corrected.is_empty() => {
            "No message has these words. These have words spelt nearly so.".into()
        }
        Match::CloseSpelling => format!(
            "No message has these words. Shown: {}.",
            found.corrected.join(", ")
        ),
    }
}

impl Hit {
    fn new(hit: SearchHit, params: &Params, shell: &Shell) -> Hit {
        let view = CardView::new(hit.card, shell);
        let snippets = hit
            .snippets
            .into_iter()
            .map(|snippet| Passage {
                around: format!("/fragments{}/around/{}", view.href, snippet.seq),
                place: format!("in-{}-{}", view.card.sid.0, snippet.seq),
                href: format!("{}?m={}#m{}", view.href, snippet.seq, snippet.seq),
                parts: marked(&snippet.text, &snippet.marks),
                snippet,
            })
            .collect();
        Hit {
            inside: params
                .with("session", &view.card.session.key.native)
                .url(PATH),
            view,
            count: hit.count,
            snippets,
        }
    }
}

/// Splits at the marks; ranges that overlap, lie outside or cut a character are left out.
fn marked(text: &str, marks: &[(usize, usize)]) -> Vec<(bool, String)> {
    let mut parts = Vec::new();
    let mut at = 0;
    for (start, end) in marks {
        if *start < at || end <= start {
            continue;
        }
        let (Some(plain), Some(hit)) = (text.get(at..*start), text.get(*start..*end)) else {
            continue;
        };
        if !plain.is_empty() {
            parts.push((false, plain.to_owned()));
        }
        parts.push((true, hit.to_owned()));
        at = *end;
    }
    if let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        parts.push((false, rest.to_owned()));
    }
    parts
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::web::sample;

    pub fn sample_page(query_text: &str) -> Search {
        let params = Params::parse(query_text);
        let query = query(&params);
        let today = Day::parse("2026-03-08").unwrap();
        let mut shell = sample::shell("/search", "Search");
        shell.here = params.url(PATH);
        Search::new(shell, params, &query, sample::search(), today, vec![])
    }

    #[test]
    fn marks_never_cut_a_character_or_repeat_text() {
        let text = "aé bé";
        let joined = |marks: &[(usize, usize)]| -> String {
            marked(text, marks).into_iter().map(|part| part.1).collect()
        };
        for marks in [
            &[(0, 3), (4, 7)][..],
            &[(0, 2), (2, 4)],
            &[(4, 99)],
            &[(0, 3), (1, 3)],
            &[(3, 3)],
        ] {
            assert_eq!(joined(marks), text, "{marks:?}");
        }
        assert_eq!(marked(text, &[(0, 3)])[0], (true, "aé".into()));
    }

    #[test]
    fn a_hit_links_to_its_message_and_escapes_its_text() {
        let html = sample_page("q=retry").render().unwrap();
        assert!(html.contains("?m=12#m12"), "deep link");
        assert!(html.contains("<mark>retry</mark>"));
        assert!(!html.contains("<script>alert"), "snippets are text");
    }

    #[test]
    fn a_loosened_search_says_so() {
        let mut found = sample::search();
        found.tier = Match::AnyWord;
        assert!(tier(&found).contains("all the words"));
        found.messages = 0;
        assert_eq!(tier(&found), "", "nothing found is said elsewhere");
    }
}
