//! Timeline, activity, leaderboard, projects and the list of addresses, from the real router over small
//! histories whose figures are counted by hand.

use crate::house::{House, Live, house, id_of, wait_for};
use crate::site::{Site, TOKEN};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use codedash::cli::open;
use codedash::engine::Engine;
use codedash::engine::view::AnalyticsQuery;
use regex::Regex;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// A site, and whether its answers are what they should be.
struct Views {
    engine: Arc<Engine>,
    site: Site,
    // dropped, it would end the home
    _house: House,
}

impl Views {
    /// Over everything that the house holds, with local days of `zone`.
    fn new(house: House, zone: &str) -> Views {
        let mut config = house.config();
        config.zone = jiff::tz::TimeZone::get(zone).unwrap();
        config.zone_name = zone.into();
        config.make_dirs().unwrap();
        let engine = open::stores(Arc::new(config)).unwrap().engine;
        let index = open::index(&engine).unwrap();
        index.bring_up_to_date(&engine, false).unwrap();
        Views {
            site: Site::new(engine.clone()),
            engine,
            _house: house,
        }
    }

    /// The job that activity and leaderboard show is done.
    fn counted(self) -> Views {
        let all = AnalyticsQuery::default();
        wait_for("the figures", || {
            let job = self
                .engine
                .analytics_wait(&all, 2.0, Duration::from_secs(1));
            job.unwrap().done.then_some(())
        });
        self
    }

    async fn get(&self, path: &str) -> String {
        let reply = self.site.get(path).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}: {}", reply.text());
        reply.text()
    }

    async fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path).await).unwrap()
    }
}

/// Text without tags, blanks run together.
fn text(html: &str) -> String {
    let tags = Regex::new("(?s)<title>.*?</title>|<[^>]*>").unwrap();
    let text = tags.replace_all(html, " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The part of a timeline that is one day.
fn day<'h>(html: &'h str, date: &str) -> &'h str {
    let start = html.find(&format!("id=\"d-{date}\""));
    let rest = &html[start.unwrap_or_else(|| panic!("no day {date}"))..];
    &rest[..rest.find("</section>").unwrap()]
}

// ---------------------------------------------------------------- timeline

/// Over midnight in Berlin: two prompts on the 2nd, one on the 3rd; in UTC all are of the 2nd.
fn night() -> House {
    let house = house();
    house
        .claude_session("night")
        .at("2026-11-02T21:00:00Z")
        .prompt("watch the owls")
        .answer("they sleep")
        .at("2026-11-02T22:30:00Z")
        .prompt("and now?")
        .at("2026-11-02T23:30:00Z")
        .prompt("still asleep?")
        .answer("no");
    house
        .codex_session("morning")
        .cwd("/w/barn")
        // what a session begins with takes two minutes
        .at("2026-11-02T06:58:00Z")
        .prompt("sweep the barn")
        .answer("swept");
    house
        .codex_session("lane")
        .originator("codex_exec")
        .at("2026-11-02T08:00:00Z")
        .prompt("count the mice")
        .answer("nine");
    house
}

#[tokio::test]
async fn a_session_over_midnight_stands_on_both_local_days() {
    let berlin = Views::new(night(), "Europe/Berlin");
    let html = berlin.get("/fragments/timeline").await;
    let third = text(day(&html, "2026-11-03"));
    assert!(third.contains("1 conversation 1 prompt"), "{third}");
    assert!(third.contains("00:30 watch the owls"), "{third}");
    assert!(third.contains("day 2 of 2"), "{third}");
    let second = text(day(&html, "2026-11-02"));
    assert!(
        second.contains("2 conversations 3 prompts 1.5 h active"),
        "{second}"
    );
    let (owls, barn) = (
        second.find("22:00 watch").unwrap(),
        second.find("08:00 sweep").unwrap(),
    );
    assert!(owls < barn, "what came last stands first");
    assert!(second.contains("1 helper and sub-agent run"), "{second}");
    assert!(!second.contains("count the mice"));

    let utc = Views::new(night(), "UTC");
    let html = utc.get("/fragments/timeline").await;
    let only = text(day(&html, "2026-11-02"));
    assert!(
        only.contains("2 conversations 4 prompts 2.5 h active"),
        "{only}"
    );
    assert!(!html.contains("id=\"d-2026-11-03\""));
}

#[tokio::test]
async fn the_timeline_is_filtered_jumped_in_and_paged() {
    let house = house();
    for number in 1..=14 {
        house
            .codex_session(&format!("day {number}"))
            .at(&format!("2026-10-{number:02}T09:00:00Z"))
            .prompt(&format!("question of day {number}"))
            .answer("answer");
    }
    let site = Views::new(house, "UTC");
    let html = site.get("/timeline").await;
    assert!(html.contains("question of day 14") && html.contains("question of day 5<"));
    assert!(!html.contains("question of day 4<"));
    assert!(html.contains("href=\"/timeline?until=2026-10-04\""));
    let more = site.get("/fragments/timeline/more?until=2026-10-04").await;
    assert!(more.contains("question of day 4<") && more.contains("question of day 1<"));
    assert!(!more.contains("Earlier days") && !more.contains("<h1"));
    let jumped = site
        .get("/fragments/timeline?until=2026-10-09&from=2026-10-08")
        .await;
    assert_eq!(jumped.matches("<section class=\"day\"").count(), 2);
    assert!(jumped.contains("Back to the newest day"));
    let none = site.get("/fragments/timeline?agent=nobody").await;
    assert!(none.contains("No day has a session that matches."));
}

// ---------------------------------------------------------------- figures

/// Today, yesterday, the day before; a gap; two days long ago. A prompt asked three times is one
/// conversation, a helper run only costs.
fn streaky(today: jiff::civil::Date) -> House {
    let house = house();
    let at = |back: i64, time: &str| format!("{}T{time}:00Z", today - jiff::Span::new().days(back));
    for (name, back) in [("a", 1), ("b", 2), ("c", 2)] {
        house
            .codex_session(name)
            .at(&at(back, "09:00"))
            .prompt("feed the hens")
            .answer("fed")
            // the first prompt comes two minutes after the beginning
            .at(&at(back, "11:02"))
            .prompt("and the ducks")
            .answer("too");
    }
    house
        .claude_session("fence")
        .at(&at(3, "10:00"))
        .prompt("mend the fence")
        .tool("Bash", "ls", "posts")
        .answer("mended");
    house
        .codex_session("lane")
        .originator("codex_exec")
        .at(&at(3, "10:00"))
        .prompt("count the posts")
        .answer("ten");
    for back in [40, 41, 42, 43] {
        house
            .codex_session(&format!("old {back}"))
            .at(&at(back, "12:00"))
            .prompt(&format!("old question {back}"))
            .answer("old answer");
    }
    house
}

#[tokio::test]
async fn the_leaderboard_counts_conversations_once_and_money_always() {
    let today = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    let site = Views::new(streaky(today), "UTC").counted();
    let board = site.json("/api/leaderboard").await;
    assert_eq!(board["status"], "done");
    let result = &board["result"];
    for name in [
        "anon",
        "today",
        "totals",
        "agents",
        "streak",
        "daily",
        "activeDays",
    ] {
        assert_eq!(board[name], result[name], "{name} stands at top level too");
        assert!(!result[name].is_null(), "{name}");
    }
    // hens (three runs), fence, four old ones
    let totals = &result["totals"];
    assert_eq!(totals["sessions"], 6);
    assert_eq!(
        (&totals["runs"], &totals["hidden_runs"]),
        (&json!(8), &Value::Null)
    );
    assert_eq!(totals["hiddenRuns"], 1);
    assert_eq!(totals["messages"], 11);
    assert_eq!(totals["interactions"], 12);
    // three runs of two hours; one prompt alone lasts nothing
    assert_eq!(totals["hours"], 6.0);
    assert_eq!(result["streak"], 3, "nothing yet today breaks nothing");
    assert_eq!(result["longestStreak"], 4);
    assert_eq!(result["activeDays"], 7);
    assert_eq!(result["today"]["messages"], 0);
    let daily = result["daily"].as_array().unwrap();
    assert_eq!(daily.len(), 30);
    let before = &daily[27];
    assert_eq!(
        (&before["sessions"], &before["messages"]),
        (&json!(1), &json!(4))
    );
    assert_eq!(before["hours"], 4.0);

    // the helper's answer cost as much as any other of its model
    let stats = site.json("/api/analytics/cost").await;
    assert_eq!(stats["result"]["totalCost"], totals["cost"]);
    let runs = site.json("/api/analytics/cost?helpers=only&wait=30").await;
    let helper = runs["result"]["totalCost"].as_f64().unwrap();
    assert!(helper > 0.0);
    let agents: f64 = result["agents"]
        .as_object()
        .unwrap()
        .values()
        .map(|agent| agent["cost"].as_f64().unwrap())
        .sum();
    let all = totals["cost"].as_f64().unwrap();
    assert!((agents - all).abs() < 1e-6, "{agents} of {all}");
    let records = &result["records"];
    assert_eq!(records["busiestDay"]["value"], 4.0);
    assert_eq!(records["longestSession"]["value"], 2.0);

    let page = text(&site.get("/fragments/leaderboard").await);
    for said in [
        "3 days in a row",
        "it ends at midnight",
        "6 conversations are 8 runs, and 1 helper and sub-agent run besides",
        result["anon"]["name"].as_str().unwrap(),
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
}

#[tokio::test]
async fn the_handle_stays_and_many_askers_share_one_job() {
    let today = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    let site = Arc::new(Views::new(streaky(today), "UTC"));
    let askers: Vec<_> = (0..12)
        .map(|_| {
            let site = site.clone();
            tokio::spawn(async move { site.json("/api/leaderboard?wait=30").await })
        })
        .collect();
    let mut boards = Vec::new();
    for asker in askers {
        boards.push(asker.await.unwrap());
    }
    for board in &boards {
        assert_eq!(board["status"], "done");
        assert_eq!(board["asOf"], boards[0]["asOf"], "one computation");
        assert_eq!(board["result"], boards[0]["result"]);
    }
    let again = site.json("/api/analytics/cost").await;
    assert_eq!(
        again["asOf"], boards[0]["asOf"],
        "and analytics show the same one"
    );
}

#[tokio::test]
async fn activity_draws_every_day_and_honours_its_filters() {
    let today = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    let site = Views::new(streaky(today), "UTC").counted();
    let html = site.get("/activity?of=prompts").await;
    let before = today - jiff::Span::new().days(2);
    let cell = format!("until={before}\" tabindex=\"-1\" aria-label=\"");
    let title = html.split(&cell).nth(1).unwrap().split('"').next().unwrap();
    assert!(title.ends_with(": 4 prompts (Codex 2)"), "{title}");
    let told = text(&html);
    assert!(told.contains("11 prompts on 7 days"), "{told}");
    assert!(
        told.contains("Current streak 3 days nothing yet today"),
        "{told}"
    );
    assert!(told.contains("Longest streak 4 days"), "{told}");
    // under a filter the job is another one: ask until it is done
    let html = wait_of(&site, "/activity?of=sessions&agent=claude").await;
    let own = text(&html);
    assert!(own.contains("1 session day on 1 day"), "{own}");
    assert!(html.contains("/timeline?agent=claude&#38;until="));
}

async fn wait_of(site: &Views, path: &str) -> String {
    loop {
        let html = site.get(path).await;
        if !html.contains("Adding up") {
            return html;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

// ---------------------------------------------------------------- projects

#[tokio::test]
async fn a_project_tells_of_files_languages_and_branches() {
    let house = house();
    let edit = |file: &str| json!({"file_path": file, "old_string": "a", "new_string": "b"});
    house
        .claude_session("one")
        .at("2026-11-02T09:00:00Z")
        .branch("feat/lamp")
        .prompt("light the lamp")
        .tool_call(
            "Read",
            json!({"file_path": "/w/app/src/lamp.rs"}),
            "fn lamp() {}",
            false,
        )
        .tool_call("Edit", edit("/w/app/src/lamp.rs"), "done", false)
        .tool_call("Edit", edit("/w/app/README.md"), "done", false)
        .tool("Bash", "cat /w/app/other.py", "nothing")
        .answer("lit");
    let site = Views::new(house, "UTC");
    let list = text(&site.get("/fragments/projects").await);
    assert!(list.contains("Rust Markdown"), "{list}");
    assert!(!list.contains("Python"), "a command names no file: {list}");
    let page = site.get("/fragments/project?path=/w/app").await;
    let told = text(&page);
    assert!(told.contains("src/lamp.rs 1 1 1"), "{told}");
    assert!(told.contains("README.md 0 1 1"), "{told}");
    assert!(told.contains("feat/lamp"), "{told}");
    assert!(page.contains("/search?project=/w/app&#38;q=file:src/lamp.rs"));
    let status = site.site.get("/project?path=/w/none").await.status;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[test]
fn what_is_appended_adds_to_the_files_of_before() {
    let house = house();
    let write = |file: &str| json!({"file_path": file, "content": "x"});
    let start = house.claude_session("grow").prompt("write").tool_call(
        "Write",
        write("/w/app/a.rs"),
        "ok",
        false,
    );
    let live: Live = house.live();
    let files = || {
        let view = live.engine.project("/w/app", false).unwrap().unwrap();
        let told = view.files.iter();
        told.map(|file| (file.path.clone(), file.edits))
            .collect::<Vec<_>>()
    };
    assert_eq!(files(), [("a.rs".to_owned(), 1)]);
    start
        .tool_call("Write", write("/w/app/a.rs"), "ok", false)
        .tool_call("Write", write("/w/app/b.rs"), "ok", false);
    wait_for("the second file", || {
        (files() == [("a.rs".to_owned(), 2), ("b.rs".to_owned(), 1)]).then_some(())
    });
}

// ---------------------------------------------------------------- addresses

/// Method, token, body and path of a `curl` line.
fn request_of(line: &str) -> Request<Body> {
    let part = |pattern: &str| {
        let found = Regex::new(pattern).unwrap().captures(line)?;
        Some(found[1].to_owned())
    };
    let path = part("'http://[^/']+([^']*)'$").unwrap_or_else(|| panic!("no address: {line}"));
    let mut request = Request::builder()
        .method(part("-X ([A-Z]+)").as_deref().unwrap_or("GET"))
        .uri(&path)
        .header("host", "127.0.0.1:3847");
    if !line.contains("-H 'Content-Type") {
        request = request.header("content-type", "application/x-www-form-urlencoded");
    }
    for found in Regex::new("-H '([^:]+): ([^']*)'")
        .unwrap()
        .captures_iter(line)
    {
        let value = found[2].replace("TOKEN", TOKEN);
        request = request.header(&found[1], value);
    }
    request
        .body(Body::from(part("-d '([^']*)'").unwrap_or_default()))
        .unwrap()
}

/// `&#38;` and the like as they are meant.
fn plain(html: &str) -> String {
    html.replace("&#38;", "&")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
}

#[tokio::test]
async fn every_line_of_the_page_of_addresses_works() {
    let typed = Regex::new("(?s)<pre[^>]*>(curl .*?)</pre>").unwrap();
    let names = Regex::new(r"\bID\b|path=").unwrap();
    for home in [night(), house()] {
        let empty = !home.home().join(".claude").exists();
        let site = Views::new(home, "UTC").counted();
        let html = site.get("/help/fragments").await;
        let lines: Vec<String> = typed
            .captures_iter(&html)
            .map(|found| plain(&found[1]))
            .collect();
        assert!(lines.len() > 30, "{} lines", lines.len());
        for line in lines {
            // of a history without a session there is none to name
            if empty && names.is_match(&line) {
                continue;
            }
            let status = site.site.ask(request_of(&line)).await.status();
            // a made-up project lies in no repository, and has no such file
            let absent = line.contains("/api/git-") || line.contains("/edits?");
            let fine = status == StatusCode::OK || absent && status == StatusCode::NOT_FOUND;
            assert!(fine, "{status}: {line}");
        }
    }
    assert_eq!(id_of("night").len(), 36);
}

#[tokio::test]
async fn every_route_that_gives_a_part_stands_on_that_page() {
    let src = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web");
    let route = Regex::new(r#"\.route\(\s*"(/(?:fragments|api|events|health)[^"]*)""#).unwrap();
    let mut routes: Vec<String> = Vec::new();
    for file in ["routes.rs", "api/mod.rs"] {
        let text = std::fs::read_to_string(src.join(file)).unwrap();
        routes.extend(route.captures_iter(&text).map(|found| found[1].to_owned()));
    }
    assert!(
        routes.len() > 30,
        "only {} routes seen: is this the right place?",
        routes.len()
    );
    let html = plain(&Views::new(house(), "UTC").get("/help/fragments").await);
    let missing: Vec<&String> = routes
        .iter()
        .filter(|route| {
            let (get, post) = (
                format!("<code>{route}</code>"),
                format!("<code>POST {route}</code>"),
            );
            !html.contains(&get) && !html.contains(&post)
        })
        .collect();
    assert!(
        missing.is_empty(),
        "give each a row in src/web/catalog.rs: {missing:?}"
    );
}

#[tokio::test]
async fn the_changelog_is_told_as_page_and_as_json() {
    let site = Views::new(house(), "UTC");
    let releases = site.json("/api/changelog").await;
    let first = &releases[0];
    for name in ["version", "date", "title"] {
        assert!(first[name].is_string(), "{name}");
    }
    assert!(!first["changes"].as_array().unwrap().is_empty());
    let page = site.get("/changelog").await;
    for release in releases.as_array().unwrap() {
        let version = release["version"].as_str().unwrap();
        assert!(page.contains(&format!("<h2>{version}")), "{version}");
    }
}

#[tokio::test]
async fn the_tour_works_with_and_without_a_history() {
    let tries = Regex::new("<ul class=\"tries\">(.*?)</ul>").unwrap();
    let href = Regex::new("href=\"([^\"]*)\"").unwrap();
    for home in [night(), house()] {
        let site = Views::new(home, "UTC");
        let html = site.get("/tour").await;
        let links: String = tries.find_iter(&html).map(|found| found.as_str()).collect();
        let mut followed = 0;
        for found in href.captures_iter(&links) {
            site.get(&plain(&found[1])).await;
            followed += 1;
        }
        assert!(followed > 8, "{followed} examples");
    }
}
