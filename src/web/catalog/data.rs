//! JSON, streams and changes.

use super::{Address, FIGURES, FILTERS, get, post, stream};

pub static JSON: &[Address] = &[
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
        "/api/session/{id}/export",
        "tools=0, thinking=0",
        "the session as Markdown",
        "/api/session/{id}/export",
    ),
    get(
        "/api/session/{id}/raw/{seq}",
        "limit, format=plain",
        "the records behind a message, as its file has them",
        "/api/session/{id}/raw/0",
    ),
    get(
        "/api/replay/{id}",
        "offset, limit",
        "its messages with the time that each took",
        "/api/replay/{id}?limit=20",
    ),
    get(
        "/api/git-info",
        "session or project",
        "root, branch, remote and last commit of a repository on this machine",
        "/api/git-info?session={id}",
    ),
    get(
        "/api/git-commits",
        "session or project, from, to",
        "its commits, newest first",
        "/api/git-commits?session={id}",
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
    get("/api/saved", "", "saved searches", "/api/saved"),
    get(
        "/api/settings",
        "",
        "what is set, and where",
        "/api/settings",
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

pub static STREAMS: &[Address] = &[
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

pub static CHANGES: &[Address] = &[
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
    post(
        "/api/session/{id}/title",
        "gives a session a title of your own; an empty one gives it back its agent's",
        "/api/session/{id}/title",
        r#"{"title": "mend the fence"}"#,
    ),
    post(
        "/api/bulk",
        "stars or tags several sessions, or none when one of the ids is none",
        "/api/bulk",
        r#"{"ids": ["{id}"], "tag": "infra", "on": true}"#,
    ),
    post(
        "/api/saved",
        "saves a search; with an id it changes one, with remove it takes one away",
        "/api/saved",
        r#"{"name": "retries", "path": "/search", "query": "q=retry"}"#,
    ),
    post(
        "/fragments/selection",
        "of the sessions chosen, how many the list does not show",
        "/fragments/selection",
        "id={key}&state=",
    ),
];
