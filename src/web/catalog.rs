//! Every address that gives a part of a page, JSON or a stream: what the page of fragments is made from.
//!
//! `tests/suite/views.rs` holds it against the routes, and asks for every example.

mod data;

use data::{CHANGES, JSON, STREAMS};

/// Filters that lists share, in the words of the page.
const FILTERS: &str = "agent, project, repo, model, branch, tool, tag (each may repeat), starred=1, from, to, include_helpers=1, include_empty=1";
const FIGURES: &str =
    "agent, project, repo, model, branch, tool, tag, starred=1, from, to, helpers=without|only";

/// One address.
pub struct Address {
    pub method: &'static str,
    /// As the router has it.
    pub path: &'static str,
    pub params: &'static str,
    pub gives: &'static str,
    /// An address of it; `{id}` stands for a session's id.
    pub example: &'static str,
    /// JSON or a form, `{id}` as in the example; `""` for none.
    pub body: &'static str,
    /// It does not end by itself.
    pub stream: bool,
}

/// A few of one kind.
pub struct Kind {
    pub title: &'static str,
    pub lead: &'static str,
    pub addresses: &'static [Address],
}

const fn get(
    path: &'static str,
    params: &'static str,
    gives: &'static str,
    example: &'static str,
) -> Address {
    Address {
        method: "GET",
        path,
        params,
        gives,
        example,
        body: "",
        stream: false,
    }
}

const fn stream(
    path: &'static str,
    params: &'static str,
    gives: &'static str,
    example: &'static str,
) -> Address {
    Address {
        stream: true,
        ..get(path, params, gives, example)
    }
}

const fn post(
    path: &'static str,
    gives: &'static str,
    example: &'static str,
    body: &'static str,
) -> Address {
    Address {
        method: "POST",
        body,
        ..get(path, "", gives, example)
    }
}

pub static KINDS: &[Kind] = &[
    Kind {
        title: "Fragments",
        lead: "The main part of each page as HTML, without the frame around it. The query string is the page's own: what the address bar says after the question mark goes behind the fragment as well.",
        addresses: FRAGMENTS,
    },
    Kind {
        title: "JSON",
        lead: "The same answers as data. A value that is not allowed is a 400 with a sentence that names its parameter; unknown parameters are ignored.",
        addresses: JSON,
    },
    Kind {
        title: "Streams",
        lead: "Server-sent events, for pages that stay open. They end when the server does.",
        addresses: STREAMS,
    },
    Kind {
        title: "Changes",
        lead: "Stars, tags, titles, saved searches. The token is drawn at every start; it stands in server.json in the data folder, which only you can read.",
        addresses: CHANGES,
    },
];

static FRAGMENTS: &[Address] = &[
    get(
        "/fragments/sessions",
        FILTERS_AND_LIST,
        "the session list with its facets",
        "/fragments/sessions?sort=costliest",
    ),
    get(
        "/fragments/sessions/more",
        "the same with offset",
        "the next cards alone",
        "/fragments/sessions/more?offset=0",
    ),
    get(
        "/fragments/starred",
        "those of the session list",
        "what is starred",
        "/fragments/starred",
    ),
    get(
        "/fragments/starred/more",
        "the same with offset",
        "the next cards alone",
        "/fragments/starred/more?offset=0",
    ),
    get(
        "/fragments/tags",
        "",
        "every tag with its colour and its sessions",
        "/fragments/tags",
    ),
    get(
        "/fragments/search",
        "q, role, sort, and the filters of sessions",
        "what was found, with facets and passages",
        "/fragments/search?q=retry+role:user",
    ),
    get(
        "/fragments/search/more",
        "the same with offset",
        "the next hits alone",
        "/fragments/search/more?q=retry&offset=0",
    ),
    get(
        "/fragments/search/suggest",
        "q, at (where the cursor is)",
        "how what is typed may go on",
        "/fragments/search/suggest?q=tool:",
    ),
    get(
        "/fragments/session/{id}",
        "filter=user|assistant|tools|errors|edits, tool, q (to find in it), offset, m (a message)",
        "one session: facts and a page of its transcript",
        "/fragments/session/{id}?filter=user",
    ),
    get(
        "/fragments/session/{id}/more",
        "filter, offset",
        "the next messages alone",
        "/fragments/session/{id}/more?offset=0",
    ),
    get(
        "/fragments/session/{id}/tail",
        "filter, offset",
        "what was said since, for a page that is open",
        "/fragments/session/{id}/tail?offset=0",
    ),
    get(
        "/fragments/session/{id}/outline",
        "m (a message), offset",
        "its prompts, with what each came to, and the whole as a strip",
        "/fragments/session/{id}/outline?m=0",
    ),
    get(
        "/fragments/session/{id}/files",
        "file (its edits too), from, few=1",
        "the files that it edited",
        "/fragments/session/{id}/files",
    ),
    get(
        "/fragments/session/{id}/edits",
        "file, offset",
        "the edits of one file, as diffs",
        "/fragments/session/{id}/edits?file=src/main.rs",
    ),
    get(
        "/fragments/session/{id}/raw/{seq}",
        "",
        "the record of a message as its agent wrote it",
        "/fragments/session/{id}/raw/0",
    ),
    get(
        "/fragments/session/{id}/replay",
        "at, speed",
        "the session up to a message, to be played",
        "/fragments/session/{id}/replay?at=0",
    ),
    get(
        "/fragments/session/{id}/replay/steps",
        "offset",
        "the next messages of a replay alone",
        "/fragments/session/{id}/replay/steps?offset=0",
    ),
    get(
        "/fragments/session/{id}/commits",
        "",
        "what was committed while it ran",
        "/fragments/session/{id}/commits",
    ),
    get(
        "/fragments/session/{id}/preview",
        "",
        "its first messages, in short",
        "/fragments/session/{id}/preview",
    ),
    get(
        "/fragments/session/{id}/around/{seq}",
        "",
        "one message with those beside it",
        "/fragments/session/{id}/around/0",
    ),
    get(
        "/fragments/timeline",
        "until (a day), and the filters of sessions",
        "ten days, newest first, with their sessions",
        "/fragments/timeline?until=2026-01-31",
    ),
    get(
        "/fragments/timeline/more",
        "the same",
        "these days alone",
        "/fragments/timeline/more",
    ),
    get(
        "/fragments/projects",
        "q, agent, sort=name|sessions|tokens|costliest, include_helpers=1",
        "every project",
        "/fragments/projects?sort=costliest",
    ),
    get(
        "/fragments/project",
        "path (root or folder), step=day|week|month, include_helpers=1",
        "one project",
        "/fragments/project?path={project}",
    ),
    get(
        "/fragments/activity",
        "of=prompts|tokens|cost, year, heat=cost, agent, project, repo, model, tag",
        "the map of a year, streaks, hours of the week",
        "/fragments/activity?of=prompts",
    ),
    get(
        "/fragments/activity/figures",
        "the same",
        "its figures alone",
        "/fragments/activity/figures",
    ),
    get(
        "/fragments/analytics",
        FIGURES,
        "what it all cost",
        "/fragments/analytics?from=2026-01-01",
    ),
    get(
        "/fragments/analytics/figures",
        "the same",
        "its figures alone",
        "/fragments/analytics/figures",
    ),
    get(
        "/fragments/leaderboard",
        "refresh=1",
        "today, this week, ever; rankings and records",
        "/fragments/leaderboard",
    ),
    get(
        "/fragments/leaderboard/figures",
        "",
        "its figures alone",
        "/fragments/leaderboard/figures",
    ),
    get(
        "/fragments/status",
        "",
        "how far reading is, and what could not be read",
        "/fragments/status",
    ),
    get(
        "/fragments/settings",
        "",
        "what is set, and where",
        "/fragments/settings",
    ),
    get(
        "/fragments/settings/patterns",
        "helper_patterns (one a line)",
        "how many sessions each pattern would take for a helper run",
        "/fragments/settings/patterns?helper_patterns=^You+are",
    ),
    get(
        "/fragments/changelog",
        "",
        "what changed, version by version",
        "/fragments/changelog",
    ),
    get(
        "/fragments/help",
        "",
        "the grammar, the keys",
        "/fragments/help",
    ),
    get(
        "/fragments/help/fragments",
        "",
        "this list",
        "/fragments/help/fragments",
    ),
    get("/fragments/tour", "", "the tour", "/fragments/tour"),
];

const FILTERS_AND_LIST: &str = "q, sort=oldest|longest|costliest, group=project|repo|day, view=list, offset, agent, project, repo, model, branch, tool, tag (each may repeat), starred=1, from, to, include_helpers=1, include_empty=1";

/// What stands for `{id}`, `{key}` and `{project}` in the examples.
pub struct Named {
    /// A session's id as addresses carry it, and `agent:id`.
    pub id: String,
    pub key: String,
    /// Its project, encoded.
    pub project: String,
}

impl Named {
    fn put(&self, text: &str) -> String {
        let text = text.replace("{id}", &self.id).replace("{key}", &self.key);
        text.replace("{project}", &self.project)
    }
}

impl Address {
    /// The line to type; `host` is `name:port`.
    pub fn curl(&self, host: &str, named: &Named) -> String {
        let path = named.put(self.example);
        let flags = match (self.method, self.stream) {
            ("POST", _) => {
                let kind = match self.body.starts_with('{') {
                    true => " -H 'Content-Type: application/json'",
                    false => "",
                };
                let body = named.put(self.body);
                format!("-s -X POST -H 'X-Codedash-Token: TOKEN'{kind} -d '{body}'")
            }
            (_, true) => "-sN".into(),
            _ => "-s".into(),
        };
        format!("curl {flags} 'http://{host}{path}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_stands_once_and_its_example_is_one_of_it() {
        let mut seen = Vec::new();
        for address in KINDS.iter().flat_map(|kind| kind.addresses) {
            assert!(
                !seen.contains(&(address.method, address.path)),
                "{}",
                address.path
            );
            seen.push((address.method, address.path));
            let stem = address.path.split('{').next().unwrap();
            assert!(address.example.starts_with(stem), "{}", address.path);
            assert!(!address.gives.is_empty(), "{}", address.path);
        }
    }
}
