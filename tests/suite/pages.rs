//! Every page and fragment as HTML, from the real router in memory. A changed snapshot is a changed
//! page: look at it, then accept it (`INSTA_UPDATE=always cargo test --test suite pages::`).
//!
//! A page is its frame around its fragment, so that nothing is kept twice. What differs from run to run
//! or belongs to others (times, money, sizes, hashes, agents that the home does not have) is redacted.

use crate::house::{House, house, id_of};
use crate::site::{Site, TOKEN};
use codedash::engine::view::{AnalyticsQuery, SavedSearch};
use codedash::engine::{Engine, Found};
use codedash::web;
use regex::Regex;
use serde_json::json;
use std::time::Duration;

/// A site whose pages are tidied of what is another one at every start.
struct Pages {
    house: House,
    site: Site,
}

impl Pages {
    fn new(house: House) -> Pages {
        let engine = house.engine();
        mark(&engine);
        let all = AnalyticsQuery::default();
        let done = |engine: &Engine| {
            let job = engine.analytics_wait(&all, 2.0, Duration::from_secs(1));
            job.unwrap().done.then_some(())
        };
        crate::house::wait_for("analytics", || done(&engine));
        Pages {
            house,
            site: Site::new(engine),
        }
    }

    async fn get(&self, path: &str) -> String {
        self.tidy(&self.site.text(path).await)
    }

    /// Where an address leads on to.
    async fn location(&self, path: &str) -> String {
        let reply = self.site.get(path).await;
        assert_eq!(reply.status, 303, "{path}");
        reply.header("location").to_owned()
    }

    fn tidy(&self, html: &str) -> String {
        let mut html = html
            .replace(self.house.home().to_str().unwrap(), "HOME")
            .replace(web::assets::hash(), "HASH")
            .replace(TOKEN, "TOKEN")
            .replace(env!("CARGO_PKG_VERSION"), "VERSION");
        for (volatile, name) in [
            (r"<time [^>]*>[^<]*</time>", "<time>"),
            (r"&lt;\$0\.01|\$[0-9][0-9,.]*\+?", "MONEY"),
            (r"\b[0-9.]+ (B|kB|MB|GB)\b", "SIZE"),
            (r"\b[0-9.]+ ms\b", "TOOK"),
            (r"\b[0-9]+% of the sources", "SHARE of the sources"),
            (r"\b[0-9]+ index segments?\b", "N index segments"),
            (r"from=20(2[5-9]|[3-9][0-9])-[0-9-]{5}", "from=DAY"),
            (r"seen=[0-9]+", "seen=N"),
            (r#"id="s-[0-9]+""#, r#"id="s-N""#),
            (r#"id="in-[0-9]+-"#, r#"id="in-N-"#),
            (r"(tags|title|resume)-[0-9]+", "$1-N"),
        ] {
            let volatile = Regex::new(volatile).unwrap();
            html = volatile.replace_all(&html, name).into_owned();
        }
        lines(&html)
    }
}

/// The agents that this home has; the others come and go with the program.
const AT_HOME: [&str; 2] = ["a-claude\"", "a-codex\""];

/// One tag a line, indented; an element of text alone is one line.
fn lines(html: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut depth = 0_usize;
    let indent = |depth: usize| "  ".repeat(depth.min(20));
    for piece in html.split('<') {
        let (tag, text) = match piece.split_once('>') {
            Some((tag, text)) => (tag, text),
            None => ("", piece),
        };
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(name) = tag.strip_prefix('/') {
            depth = depth.saturating_sub(1);
            let opened = out.last().is_some_and(|line| {
                let line = line.trim_start();
                line.starts_with(&format!("<{name}>")) || line.starts_with(&format!("<{name} "))
            });
            match out.last_mut() {
                Some(last) if opened && !last.contains("</") => {
                    last.push_str(&format!("</{name}>"));
                    if !text.is_empty() {
                        out.push(format!("{}{text}", indent(depth)));
                    }
                }
                _ => out.push(format!("{}</{name}>{text}", indent(depth))),
            }
        } else if tag.is_empty() {
            out.extend((!text.is_empty()).then_some(text));
        } else {
            out.push(format!("{}<{}>{text}", indent(depth), short(tag)));
            let name = tag.split([' ', '\n']).next().unwrap_or_default();
            let void = ["input", "br", "meta", "link", "time", "!doctype", "hr"].contains(&name);
            depth += usize::from(!void && !tag.ends_with('/'));
        }
    }
    strangers_out(out).join("\n")
}

/// `hx` alone where htmx is told what the link says already.
fn short(tag: &str) -> String {
    let tag = tag.split_whitespace().collect::<Vec<_>>().join(" ");
    let value = |name: &str| {
        let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
        rest.split_once('"').map(|(value, _)| value)
    };
    match (value("href"), value("hx-get")) {
        (Some(href), Some(get)) if href == get => {
            let same =
                format!(" hx-get=\"{get}\" hx-target=\"#results\" hx-swap=\"morph:innerHTML\"");
            tag.replace(&same, " hx")
        }
        _ => tag,
    }
}

/// Without the table rows of agents that are not at home.
fn strangers_out(lines: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    let mut rest = lines.into_iter();
    while let Some(line) = rest.next() {
        if line.trim() != "<tr>" {
            kept.push(line);
            continue;
        }
        let end = line.replace("<tr>", "</tr>");
        let mut row = vec![line];
        for line in rest.by_ref() {
            let last = line == end;
            row.push(line);
            if last {
                break;
            }
        }
        let agent = row.iter().find(|line| line.contains("\"agent a-"));
        let strange = agent.is_some_and(|line| !AT_HOME.iter().any(|class| line.contains(class)));
        if !strange {
            kept.extend(row);
        }
    }
    kept
}

/// Two agents, two projects, a retry, a helper, a failed call, an edit, thinking, a star and tags.
fn furnished() -> House {
    let house = house();
    let edit = json!({"file_path": "/w/app/lantern.rs", "old_string": "let lit = false;",
        "new_string": "let lit = true;"});
    house
        .claude_session("lamp")
        .at("2024-03-05T09:00:00Z")
        .branch("feat/lamp")
        .prompt("light the **lantern** when `dark()`\n<script>alert(1)</script>")
        .thinking("where is the lantern lit?")
        .tool_call("Edit", edit, "The file has been updated.", false)
        .failing_tool("Bash", "cargo test lantern", "test lantern ... FAILED")
        .answer("The lantern is lit:\n\n```rust\nlet lit = true;\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |")
        .title("Light the lantern");
    house
        .codex_session("count")
        .cwd("/w/store")
        .at("2024-03-06T09:00:00Z")
        .prompt("count every lantern")
        .tool("shell", "ls lantern", "one two three")
        .answer("three");
    for (name, day) in [("first", "07"), ("again", "08")] {
        house
            .codex_session(name)
            .cwd("/w/store")
            .at(&format!("2024-03-{day}T09:00:00Z"))
            .prompt("日本語のランタンを数えて")
            .answer("三つ");
    }
    house
        .codex_session("lane")
        .cwd("/w/store")
        .originator("codex_exec")
        .at("2024-03-09T09:00:00Z")
        .prompt("list the lanterns")
        .answer("seven");
    house
}

fn mark(engine: &Engine) {
    if let Found::One(sid) = engine.find_session(&id_of("lamp")).unwrap() {
        engine.set_star(sid, true).unwrap();
        engine.set_tag(sid, "infra", true).unwrap();
        engine.color_tag("someday", "teal").unwrap();
        engine.set_title(sid, "Lantern, my name").unwrap();
        let saved = SavedSearch {
            name: "Infrastructure".into(),
            path: "/".into(),
            query: "tag=infra".into(),
            ..SavedSearch::default()
        };
        engine.put_saved(&saved).unwrap();
    }
}

/// The page without its fragment, which must be in it as it is sent alone.
fn frame(page: &str, fragment: &str) -> String {
    let bare = |text: &str| -> Vec<String> { text.lines().map(|l| l.trim().to_owned()).collect() };
    let (whole, part) = (bare(page), bare(fragment));
    let at = whole.windows(part.len()).position(|lines| lines == part);
    let at = at
        .unwrap_or_else(|| panic!("the page does not hold its fragment:\n{page}\n---\n{fragment}"));
    let lines: Vec<&str> = page.lines().collect();
    let (before, after) = (&lines[..at], &lines[at + part.len()..]);
    [before, &["(the fragment)"], after].concat().join("\n")
}

#[tokio::test]
async fn pages_are_frames_around_their_fragments() {
    let site = Pages::new(furnished());
    let session = format!("session/{}", id_of("lamp"));
    let (outline, files) = (format!("{session}/outline"), format!("{session}/files"));
    for (name, page, fragment) in [
        ("sessions", "/", "sessions"),
        ("search", "/search?q=lantern", "search?q=lantern"),
        ("session", &*format!("/{session}"), &*session),
        ("timeline", "/timeline", "timeline"),
        ("outline", &*format!("/{outline}"), &*outline),
        ("files", &*format!("/{files}"), &*files),
        (
            "raw",
            &*format!("/{session}/raw/1"),
            &*format!("{session}/raw/1"),
        ),
        (
            "replay",
            &*format!("/{session}/replay?at=2"),
            &*format!("{session}/replay?at=2"),
        ),
        ("projects", "/projects", "projects"),
        ("project", "/project?path=/w/app", "project?path=/w/app"),
        ("activity", "/activity", "activity"),
        ("analytics", "/analytics", "analytics"),
        ("leaderboard", "/leaderboard", "leaderboard"),
        ("status", "/status", "status"),
        ("settings", "/settings", "settings"),
        ("starred", "/starred", "starred"),
        ("tags", "/tags", "tags"),
        ("changelog", "/changelog", "changelog"),
        ("help", "/help", "help"),
        ("addresses", "/help/fragments", "help/fragments"),
        ("tour", "/tour", "tour"),
    ] {
        let fragment = site.get(&format!("/fragments/{fragment}")).await;
        let frame = frame(&site.get(page).await, &fragment);
        insta::assert_snapshot!(format!("frame-{name}"), frame);
    }
    insta::assert_snapshot!("frame-error", site.get("/nothing/here").await);
}

#[tokio::test]
async fn fragments_of_a_full_home() {
    let site = Pages::new(furnished());
    let (lamp, count) = (id_of("lamp"), id_of("count"));
    for (name, path) in [
        ("sessions", "sessions"),
        (
            "sessions-list",
            "sessions?view=list&group=project&include_helpers=1",
        ),
        ("sessions-more", "sessions/more?offset=1"),
        (
            "sessions-select",
            "sessions?select=1&group=conversation&view=list&tag=infra&month=2024-03&all=1",
        ),
        ("starred", "starred"),
        ("tags", "tags"),
        ("preview", &*format!("session/{lamp}/preview")),
        ("sessions-none", "sessions?q=nobody+wrote+this"),
        ("search", "search?q=lantern"),
        (
            "search-ticked",
            "search?q=lantern&branch=main&role=user&sort=newest",
        ),
        ("search-none", "search?q=zebrafinch"),
        ("search-grammar", "search"),
        ("search-more", "search/more?q=lantern&offset=1"),
        ("session", &*format!("session/{lamp}")),
        ("session-tools", &*format!("session/{count}?filter=tools")),
        ("session-more", &*format!("session/{count}/more?offset=1")),
        ("session-tail", &*format!("session/{count}/tail?offset=1")),
        ("session-errors", &*format!("session/{lamp}?filter=errors")),
        ("session-found", &*format!("session/{lamp}?q=lantern&m=3")),
        (
            "session-nothing",
            &*format!("session/{lamp}?q=zebrafinch&none=edit"),
        ),
        ("session-none", "session/no-such-session"),
        ("timeline", "timeline"),
        ("timeline-until", "timeline?until=2024-03-06&agent=codex"),
        ("timeline-more", "timeline/more?until=2024-03-05"),
        ("outline", &*format!("session/{lamp}/outline?m=3")),
        (
            "outline-within",
            &*format!("session/{count}/outline?within=1"),
        ),
        (
            "files",
            &*format!("session/{lamp}/files?file=/w/app/lantern.rs"),
        ),
        ("files-few", &*format!("session/{lamp}/files?few=1")),
        ("files-none", &*format!("session/{count}/files")),
        (
            "edits",
            &*format!("session/{lamp}/edits?file=/w/app/lantern.rs"),
        ),
        ("raw", &*format!("session/{lamp}/raw/0")),
        ("raw-none", &*format!("session/{lamp}/raw/99")),
        ("replay", &*format!("session/{count}/replay?at=1&speed=5")),
        (
            "replay-steps",
            &*format!("session/{count}/replay/steps?offset=1"),
        ),
        ("commits", &*format!("session/{lamp}/commits")),
        ("projects", "projects"),
        ("projects-none", "projects?q=nobody+wrote+this"),
        ("project", "project?path=/w/app"),
        ("status", "status"),
        ("settings", "settings"),
        (
            "settings-patterns",
            "settings/patterns?helper_patterns=%5Elight%0A(",
        ),
        ("suggest", "search/suggest?q=lantern+b&at=9"),
        ("suggest-value", "search/suggest?q=branch%3A"),
        ("around", &*format!("session/{lamp}/around/1")),
        ("help", "help"),
        ("addresses", "help/fragments"),
        ("tour", "tour"),
    ] {
        let html = site.get(&format!("/fragments/{path}")).await;
        insta::assert_snapshot!(format!("full-{name}"), html);
    }
    for (name, path) in [
        ("analytics", "analytics"),
        // a year in which nothing more happens
        ("activity", "activity?year=2024&of=prompts"),
        ("leaderboard", "leaderboard"),
        ("changelog", "changelog"),
    ] {
        let html = site.get(&format!("/fragments/{path}")).await;
        insta::assert_snapshot!(format!("full-{name}"), outline(&html));
    }
}

#[tokio::test]
async fn fragments_of_an_empty_home() {
    let site = Pages::new(house());
    for name in [
        "sessions", "starred", "tags", "timeline", "projects", "status", "tour",
    ] {
        let html = site.get(&format!("/fragments/{name}")).await;
        insta::assert_snapshot!(format!("empty-{name}"), html);
    }
    let html = site.get("/fragments/search?q=lantern").await;
    insta::assert_snapshot!("empty-search", html);
    for name in ["analytics", "activity", "leaderboard"] {
        let html = site.get(&format!("/fragments/{name}")).await;
        insta::assert_snapshot!(format!("empty-{name}"), outline(&html));
    }
}

#[tokio::test]
async fn jumps_lead_to_an_address_of_their_own() {
    let site = Pages::new(furnished());
    let lamp = format!("/session/{}", id_of("lamp"));
    // 0 prompt, 1 thought, 2 edit, 3 its output, 4 failed call, 5 its output, 6 answer
    for (asked, want) in [
        ("jump=prompt", "?m=0#m0"),
        ("jump=error", "?m=4#m4"),
        ("jump=error&from=4", "?m=4&none=error#m4"),
        ("jump=edit&way=previous&from=6", "?m=2#m2"),
        ("jump=edit&filter=user", "?m=2#m2"),
        ("jump=edit&filter=edits", "?filter=edits&m=2#m2"),
        (
            "jump=tool&filter=tools&tool=Bash",
            "?filter=tools&tool=Bash&m=4#m4",
        ),
        ("jump=hit&q=FAILED", "?q=FAILED&m=5#m5"),
        ("jump=hit&q=FAILED&from=5", "?q=FAILED&m=5#m5"),
        ("jump=hit&q=zebrafinch", "?q=zebrafinch&none=hit"),
        ("jump=hit", ""),
    ] {
        let location = site.location(&format!("{lamp}?{asked}")).await;
        assert_eq!(location, format!("{lamp}{want}"), "{asked}");
    }
}

#[tokio::test]
async fn a_call_as_markdown_has_its_output() {
    let site = Pages::new(furnished());
    let lamp = id_of("lamp");
    for seq in [4, 5] {
        let path = format!("/session/{lamp}/text/{seq}?form=markdown");
        let text = site.get(&path).await;
        assert!(
            text.contains("**Bash** cargo test lantern ```sh cargo test lantern ```"),
            "{text}"
        );
        assert!(text.contains("test lantern ... FAILED"), "{text}");
    }
}

/// Headings and what is drawn: the figures themselves have tests of their own.
fn outline(html: &str) -> String {
    let starts = [
        "<h1", "<h2", "<h3", "<svg", "<table", "<figure", "<section", "<details",
    ];
    let told = |line: &&str| {
        starts
            .iter()
            .any(|start| line.trim_start().starts_with(start))
    };
    html.lines().filter(told).collect::<Vec<_>>().join("\n")
}
