//! Every address that gives a part of a page, JSON or a stream: what the page of fragments is made from.
//!
//! `tests/suite/views.rs` holds it against the routes, and asks for every example.

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
    /// JSON; `""` for none.
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
        lead: "Stars and tags. The token is drawn at every start; it stands in server.json in the data folder, which only you can read.",
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
        "/fragments/session/{id}",
        "filter=user|assistant|tools, offset, m (a message)",
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

static JSON: &[Address] = &[
    get(
        "/api/sessions",
        FILTERS,
        "an array of sessions, newest first; also q, sort, limit, offset. Headers X-Total-Count, X-Helper-Count, X-Empty-Count",
        "/api/sessions?limit=20",
    ),
    get(
        "/api/session/{id}",
        "offset, limit, filter",
        "one session and a page of its messages",
        "/api/session/{id}?offset=0&limit=50",
    ),
    get(
        "/api/session/{id}/stream",
        "filter",
        "all its messages as events, fifty each; it ends",
        "/api/session/{id}/stream",
    ),
    get(
        "/api/preview/{id}",
        "limit",
        "its first messages, in short",
        "/api/preview/{id}?limit=10",
    ),
    get(
        "/api/cost/{id}",
        "",
        "what it cost, by prompt, model and tool",
        "/api/cost/{id}",
    ),
    get(
        "/api/search",
        "q, role, sort, limit, offset, and the filters of sessions",
        "total, how loosely it matched, facets, results",
        "/api/search?q=retry&role=user",
    ),
    get(
        "/api/projects",
        FILTERS,
        "an array of projects, last used first",
        "/api/projects",
    ),
    get(
        "/api/tags",
        "",
        "tags in use, with how many sessions",
        "/api/tags",
    ),
    get(
        "/api/analytics/cost",
        FIGURES,
        "a job: running with figures so far, or done; also refresh=1, wait, seen",
        "/api/analytics/cost?wait=5",
    ),
    get(
        "/api/analytics/{table}",
        FIGURES,
        "one table of the analytics page as .csv or .json",
        "/api/analytics/models.csv",
    ),
    get(
        "/api/leaderboard",
        "refresh=1, wait, seen",
        "a job as well: anon, today, week, totals, agents, streak, daily, activeDays, records",
        "/api/leaderboard",
    ),
    get(
        "/api/stats",
        "by (day, week, month, agent, model, project, repo, branch, tool, session, hour_of_week; several at once), and the filters",
        "tokens and cost by any sides",
        "/api/stats?by=day,agent",
    ),
    get("/api/warming", "", "how far reading is", "/api/warming"),
    get(
        "/api/index-status",
        "",
        "sizes and counts of index and stores",
        "/api/index-status",
    ),
    get(
        "/api/sqlite-status",
        "",
        "the same, under the name that older clients know",
        "/api/sqlite-status",
    ),
    get(
        "/api/changelog",
        "",
        "version, date, title, changes",
        "/api/changelog",
    ),
    get("/api/version", "", "the version that runs", "/api/version"),
    get(
        "/health",
        "",
        "200 once a real query has been answered",
        "/health",
    ),
];

static STREAMS: &[Address] = &[
    stream(
        "/events",
        "seen (a generation)",
        "status: the progress strip; changed: the new generation",
        "/events",
    ),
    stream(
        "/events/analytics",
        "those of the page",
        "update: the figures as they come; done",
        "/events/analytics",
    ),
    stream(
        "/events/activity",
        "those of the page",
        "the same for the activity page",
        "/events/activity",
    ),
    stream(
        "/events/leaderboard",
        "",
        "the same for the leaderboard",
        "/events/leaderboard",
    ),
];

static CHANGES: &[Address] = &[
    post(
        "/api/session/{id}/star",
        "stars a session, or takes the star away",
        "/api/session/{id}/star",
        r#"{"on": true}"#,
    ),
    post(
        "/api/session/{id}/tag",
        "tags a session, or takes the tag away",
        "/api/session/{id}/tag",
        r#"{"tag": "infra", "on": true}"#,
    ),
];

impl Address {
    /// The line to type: `session` and `project` stand in the examples, `host` is `name:port`.
    pub fn curl(&self, host: &str, session: &str, project: &str) -> String {
        let path = self.example.replace("{id}", session);
        let path = path.replace("{project}", project);
        let flags = match (self.method, self.stream) {
            ("POST", _) => format!(
                "-s -X POST -H 'X-Codedash-Token: TOKEN' -H 'Content-Type: application/json' -d '{}'",
                self.body
            ),
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
