//! The server, driven in memory over a small real history: real router, real engine, real HTML.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use codedash::config::Config;
use codedash::engine::{Engine, Found};
use codedash::index::{IndexOptions, SearchIndex};
use codedash::ingest::Ingest;
use codedash::store::status::StatusBoard;
use codedash::store::{Marks, Store};
use codedash::web::{self, App};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::watch;
use tower::ServiceExt;

const ID: &str = "0199aaaa-0000-7000-8000-000000000001";
const TOKEN: &str = "token-of-this-start";

/// A server over a home with one conversation (or none), and the switch that stops it.
struct Site {
    _dir: tempfile::TempDir,
    engine: Arc<Engine>,
    app: App,
    router: Router,
    stop: watch::Sender<bool>,
}

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

fn record(minute: u32, kind: &str, payload: Value) -> Value {
    json!({"timestamp": format!("2026-03-08T10:{minute:02}:00.000Z"), "type": kind, "payload": payload})
}

fn said(minute: u32, role: &str, text: &str) -> Value {
    let part = if role == "user" {
        "input_text"
    } else {
        "output_text"
    };
    let content = json!([{"type": part, "text": text}]);
    record(
        minute,
        "response_item",
        json!({"type": "message", "role": role, "content": content}),
    )
}

/// One conversation with everything that a page could trip over.
fn conversation() -> Vec<Value> {
    let meta = json!({"id": ID, "timestamp": "2026-03-08T10:00:00.000Z", "cwd": "/w/orbit",
        "originator": "codex_cli_rs", "cli_version": "0.50.0", "git": {"branch": "main"}});
    let arguments = json!({"command": ["bash", "-lc", "cargo test upload"]}).to_string();
    let harm = "<script>alert(1)</script> <img src=x onerror=alert(1)> [x](javascript:alert(1))\n\n**bold** `retry_budget` [x](javascript:alert(1)) <img src=x onerror=alert(1)>";
    let mut lines = vec![
        record(0, "session_meta", meta),
        said(
            1,
            "user",
            "make the uploader retry <b onclick=\"alert(1)\">twice</b>",
        ),
        said(2, "assistant", harm),
        record(
            3,
            "response_item",
            json!({"type": "function_call", "name": "shell", "arguments": arguments, "call_id": "c1"}),
        ),
        record(
            4,
            "response_item",
            json!({"type": "function_call_output", "call_id": "c1", "output": "test retry_is_capped ... ok"}),
        ),
    ];
    lines.extend((0..60).map(|n| said(5 + n / 2, "assistant", &format!("step {n} is done"))));
    lines
}

impl Site {
    fn new(lines: &[Value]) -> Site {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home");
        let folder = home.join(".codex/sessions/2026/03/08");
        std::fs::create_dir_all(&folder).unwrap();
        if !lines.is_empty() {
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let name = format!("rollout-2026-03-08T10-00-00-{ID}.jsonl");
            std::fs::write(folder.join(name), text).unwrap();
        }
        let config = Arc::new(Config::for_home(&home, &dir.path().join("codedash")));
        let store = Arc::new(Store::open(&config.store_path()).unwrap());
        let marks = Arc::new(Marks::open(&config.marks_path()).unwrap());
        let status = Arc::new(StatusBoard::default());
        let opened = SearchIndex::open(&config.index_dir(), &IndexOptions::default()).unwrap();
        let index = Arc::new(opened.index);
        Ingest::run_once(
            config.clone(),
            store.clone(),
            index.clone(),
            opened.payload,
            status.clone(),
            false,
        )
        .unwrap();
        let engine = Arc::new(Engine::new(config, store, marks, status));
        assert!(engine.index.set(index).is_ok());
        let (stop, stopping) = watch::channel(false);
        let app = App {
            engine: engine.clone(),
            token: TOKEN.into(),
            assets: web::assets::hash(),
            stopping,
            memo: Default::default(),
        };
        Site {
            _dir: dir,
            engine,
            router: web::router(app.clone()),
            app,
            stop,
        }
    }

    async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Reply {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.send(ask(Method::GET, path, headers, "")).await
    }

    async fn get(&self, path: &str) -> Reply {
        self.get_with(path, &[]).await
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], form: &str) -> Reply {
        let mut headers = headers.to_vec();
        headers.push(("content-type", "application/x-www-form-urlencoded"));
        self.send(ask(Method::POST, path, &headers, form)).await
    }
}

fn ask(method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "127.0.0.1:3847");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

impl Reply {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
    fn is_page(&self) -> bool {
        self.body.contains("<html") && self.body.contains("</html>")
    }
}

// ---------------------------------------------------------------- guard

#[tokio::test]
async fn a_foreign_host_is_refused_everywhere() {
    let site = Site::new(&conversation());
    for path in [
        "/",
        "/api/sessions",
        "/events",
        "/fragments/search?q=retry",
        "/nothing",
    ] {
        let reply = site
            .get_with(path, &[("host", "rebound.example:3847")])
            .await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{path}");
        assert!(reply.body.contains("answers only to localhost"), "{path}");
        assert!(!reply.body.contains("uploader"), "{path}");
    }
    for host in ["localhost:3847", "[::1]:3847", "127.0.0.1"] {
        assert_eq!(
            site.get_with("/", &[("host", host)]).await.status,
            StatusCode::OK,
            "{host}"
        );
    }
}

#[tokio::test]
async fn one_foreign_name_among_ours_is_refused() {
    let site = Site::new(&conversation());
    for (path, hosts) in [
        ("/", &["localhost:3847", "rebound.example"][..]),
        ("/", &["rebound.example", "localhost:3847"]),
        ("http://rebound.example/", &["localhost:3847"]),
        ("/", &[""]),
    ] {
        let headers: Vec<(&str, &str)> = hosts.iter().map(|host| ("host", *host)).collect();
        let reply = site.get_with(path, &headers).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{path} {hosts:?}");
    }
    let reply = site
        .get_with("http://localhost:3847/", &[("host", "localhost:3847")])
        .await;
    assert_eq!(reply.status, StatusCode::OK);
}

#[tokio::test]
async fn changes_need_our_origin_and_our_token() {
    let site = Site::new(&conversation());
    let star = format!("/session/{ID}/star");
    let form = format!("on=1&token={TOKEN}");
    let refused: [(&[(&str, &str)], &str); 5] = [
        (&[], "on=1"),
        (&[], "on=1&token=guessed"),
        (&[("sec-fetch-site", "cross-site")], &form),
        (&[("sec-fetch-site", "same-site")], &form),
        (&[("origin", "http://127.0.0.1:9999")], &form),
    ];
    for (headers, form) in refused {
        let reply = site.post(&star, headers, form).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{headers:?} {form}");
    }
    assert!(
        !site.get("/?starred=1").await.body.contains(ID),
        "nothing was starred"
    );

    let reply = site
        .post(&star, &[("sec-fetch-site", "same-origin")], &form)
        .await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    assert!(site.get("/?starred=1").await.body.contains(ID));
    let with_header = [
        ("x-codedash-token", TOKEN),
        ("origin", "http://127.0.0.1:3847"),
    ];
    assert_eq!(
        site.post(&star, &with_header, "on=0").await.status,
        StatusCode::SEE_OTHER
    );
    assert!(!site.get("/?starred=1").await.body.contains(ID));
}

#[tokio::test]
async fn strange_addresses_get_clear_answers() {
    let site = Site::new(&conversation());
    let long = format!("/search?q={}", "a".repeat(20_000));
    for (path, status, word) in [
        ("//", 404, "no page"),
        ("/%2e%2e/etc/passwd", 404, "no page"),
        ("/assets/%2e%2e/x", 404, "no page"),
        ("/%zz", 400, "percent-encoding"),
        ("/session/%ff", 400, "UTF-8"),
        ("/session/a%00b", 400, "NUL"),
        ("/search?q=a%00b", 400, "NUL"),
        (&long, 414, "longer than"),
        ("/nothing/here", 404, "no page"),
        ("/session/zzzz-no-such", 404, "no session"),
        ("/session/zzzz-no-such/text/0", 404, "no session"),
    ] {
        let reply = site.get(path).await;
        let start = &path[..path.len().min(40)];
        assert_eq!(reply.status.as_u16(), status, "{start}");
        assert!(reply.is_page() && reply.body.contains(word), "{start}");
        let fragment = site.get_with(path, &[("hx-request", "true")]).await;
        assert!(
            !fragment.is_page() && fragment.body.contains(word),
            "{start}"
        );
    }
    assert_eq!(
        site.get("/search?q=100%").await.status,
        StatusCode::OK,
        "a lone % is text"
    );
    let reply = site
        .send(ask(Method::DELETE, "/", &[("x-codedash-token", TOKEN)], ""))
        .await;
    assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
    let reply = site.get("/api/nothing").await;
    let body: Value = serde_json::from_str(&reply.body).unwrap();
    assert!(body["error"].as_str().unwrap().contains("no page"));
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_read() {
    let site = Site::new(&[]);
    let body = format!("theme=dark&token={TOKEN}&x={}", "a".repeat(100_000));
    let reply = site.post("/settings/theme", &[], &body).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn every_answer_carries_the_policy() {
    let site = Site::new(&conversation());
    let asset = |name: &str| format!("/assets/{}/{name}", web::assets::hash());
    let (icons, none) = (asset("icons.svg"), asset("none.css"));
    for path in ["/", "/nothing", "/api/sessions", "/%zz", &icons, &none] {
        let reply = site.get(path).await;
        let policy = reply.header("content-security-policy");
        assert!(policy.starts_with("default-src 'self'"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(reply.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert!(!reply.header("referrer-policy").is_empty(), "{path}");
    }
    // no documents: what a page may load is said by the page
    for path in [asset("app.css"), asset("app.js")] {
        let reply = site.get(&path).await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        let policy = reply.header("cross-origin-resource-policy");
        assert_eq!(policy, "same-origin", "{path}");
    }
}

// ---------------------------------------------------------------- assets

#[tokio::test]
async fn assets_are_kept_under_their_hash_and_only_there() {
    let site = Site::new(&[]);
    let page = site.get("/").await.body;
    let mut linked = 0;
    for rest in page.split("=\"/assets/").skip(1) {
        let path = format!("/assets/{}", rest.split(['"', '#']).next().unwrap());
        let reply = site.get(&path).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}");
        assert!(
            reply.header("cache-control").contains("immutable"),
            "{path}"
        );
        linked += 1;
    }
    assert!(linked >= 6, "style, scripts and icons are linked");
    let old = site.get("/assets/0123456789abcdef/app.js").await;
    assert_eq!(
        old.header("cache-control"),
        "no-cache",
        "an open page of another build"
    );
    let none = site
        .get(&format!("/assets/{}/none.js", web::assets::hash()))
        .await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}

#[test]
fn vendored_scripts_are_what_their_readme_says() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/assets/vendor");
    let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let mut seen = 0;
    for line in readme.lines().filter(|line| line.contains(".js |")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let bytes = std::fs::read(folder.join(cells[1])).unwrap();
        assert_eq!(sha256(&bytes), cells[6], "{}", cells[1]);
        seen += 1;
    }
    let scripts = std::fs::read_dir(&folder).unwrap().count() - 1;
    assert_eq!(seen, scripts, "every script is in the README");
}

// ---------------------------------------------------------------- pages and fragments

#[tokio::test]
async fn every_page_answers_whole_and_as_its_fragment() {
    let site = Site::new(&conversation());
    let session = format!("/session/{ID}");
    for (path, fragment) in [
        ("/", "/fragments/sessions"),
        (
            "/?view=list&group=day&sort=costliest",
            "/fragments/sessions?view=list&group=day&sort=costliest",
        ),
        ("/search?q=retry", "/fragments/search?q=retry"),
        (session.as_str(), &format!("/fragments{session}")),
        ("/projects", "/fragments/projects"),
        ("/analytics", "/fragments/analytics"),
        ("/status", "/fragments/status"),
        ("/help", "/fragments/help"),
    ] {
        let whole = site.get(path).await;
        assert_eq!(whole.status, StatusCode::OK, "{path}");
        assert!(whole.is_page(), "{path}");
        assert!(
            whole.header("vary").to_lowercase().contains("hx-request"),
            "{path}"
        );
        let part = site.get(fragment).await;
        assert!(
            part.status == StatusCode::OK && !part.is_page(),
            "{fragment}"
        );
        let htmx = site.get_with(path, &[("hx-request", "true")]).await;
        assert!(!htmx.is_page(), "{path}");
        for (header, whole) in [("hx-boosted", false), ("hx-history-restore-request", true)] {
            let headers = [("hx-request", "true"), (header, "true")];
            let answer = site.get_with(path, &headers).await;
            assert_eq!(answer.is_page(), whole, "{path} {header}");
        }
    }
}

#[tokio::test]
async fn the_address_bar_follows_what_is_shown() {
    let site = Site::new(&conversation());
    let htmx = ("hx-request", "true");
    let clicked = site
        .get_with("/?from=&agent=codex&nonsense=1&agent=codex", &[htmx])
        .await;
    assert_eq!(
        clicked.header("hx-push-url"),
        "/?agent=codex",
        "canonical, each value once"
    );
    let typed = site
        .get_with("/search?q=retry", &[htmx, ("hx-trigger-name", "q")])
        .await;
    assert_eq!(typed.header("hx-replace-url"), "/search?q=retry");
    assert_eq!(typed.header("hx-push-url"), "");
    let redrawn = site
        .get_with("/fragments/sessions?agent=codex", &[htmx])
        .await;
    assert_eq!(
        redrawn.header("hx-push-url"),
        "",
        "a redraw is no step in the history"
    );
}

#[tokio::test]
async fn an_unchanged_page_costs_nothing() {
    let site = Site::new(&conversation());
    let first = site.get("/help").await;
    let tag = first.header("etag").to_owned();
    let again = site.get_with("/help", &[("if-none-match", &tag)]).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    assert!(again.body.is_empty());
    let fragment = [("if-none-match", tag.as_str()), ("hx-request", "true")];
    assert_eq!(
        site.get_with("/help", &fragment).await.status,
        StatusCode::OK,
        "another thing"
    );
    let zipped = site.get_with("/help", &[("accept-encoding", "gzip")]).await;
    assert_eq!(zipped.header("content-encoding"), "gzip");
    assert_eq!(zipped.header("etag"), tag, "a weak tag means the same page");
}

#[tokio::test]
async fn a_list_is_not_made_again_until_something_changes() {
    let site = Site::new(&conversation());
    let paths = [
        "/".to_owned(),
        "/projects".into(),
        "/fragments/sessions/more?offset=0".into(),
        format!("/session/{ID}"),
    ];
    for path in &paths {
        // the minute may turn between two requests, and with it the tag
        let unchanged = async || {
            for _ in 0..3 {
                let tag = site.get(path).await.header("etag").to_owned();
                let again = site.get_with(path, &[("if-none-match", &tag)]).await;
                if again.status == StatusCode::NOT_MODIFIED {
                    assert!(again.body.is_empty() && again.header("etag") == tag);
                    return Some(tag);
                }
            }
            None
        };
        let before = unchanged().await.unwrap_or_else(|| panic!("{path}"));
        let other = format!(
            "{path}{}theme=dark",
            if path.contains('?') { '&' } else { '?' }
        );
        let dark = site.get_with(&other, &[("if-none-match", &before)]).await;
        assert_eq!(dark.status, StatusCode::OK, "{other}");
        let Found::One(sid) = site.engine.find_session(ID).unwrap() else {
            panic!("the session is known");
        };
        for on in [true, false] {
            site.engine.set_star(sid, on).unwrap();
            let after = site.get_with(path, &[("if-none-match", &before)]).await;
            assert_eq!(after.status, StatusCode::OK, "{path} starred: {on}");
            assert_ne!(after.header("etag"), before);
        }
    }
}

#[tokio::test]
async fn foreign_text_is_shown_and_never_live() {
    let site = Site::new(&conversation());
    for path in [
        "/".to_owned(),
        format!("/session/{ID}"),
        "/search?q=retry".into(),
        "/projects".into(),
    ] {
        let page = site.get(&path).await.body;
        assert!(page.contains("uploader"), "{path}");
        for tag in page
            .split('<')
            .skip(1)
            .filter_map(|tag| tag.split('>').next())
        {
            assert!(!tag.starts_with("img"), "{path}: <{tag}>");
            assert!(!tag.starts_with("b onclick"), "{path}: <{tag}>");
            assert!(!tag.contains("javascript:"), "{path}: <{tag}>");
            let inline = tag.starts_with("script") && !tag.contains("src=\"/assets/");
            assert!(!inline && !tag.contains(" style="), "{path}: <{tag}>");
        }
    }
    let page = site.get(&format!("/session/{ID}")).await.body;
    assert!(
        page.contains("<strong>bold</strong>"),
        "Markdown is rendered"
    );
    let text = site.get(&format!("/session/{ID}/text/1")).await;
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    assert!(
        text.body.contains("<script>alert(1)</script>"),
        "the text as it is"
    );
}

#[tokio::test]
async fn a_hit_leads_to_its_message() {
    let site = Site::new(&conversation());
    let page = site.get("/search?q=retry_is_capped").await.body;
    let link = page
        .split("class=\"snippets\"")
        .nth(1)
        .and_then(|hits| hits.split("<li><a href=\"").nth(1))
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let (path, anchor) = link.split_once('#').unwrap();
    let session = site.get(path).await.body;
    assert!(session.contains(&format!("id=\"{anchor}\"")), "{link}");
    assert_eq!(session.matches("is-target").count(), 1);
    assert!(session.contains("retry_is_capped"));
}

#[tokio::test]
async fn a_transcript_comes_in_pieces_that_join() {
    let site = Site::new(&conversation());
    let mut seen = Vec::new();
    let mut next = Some(format!("/session/{ID}"));
    while let Some(path) = next {
        let page = site.get(&path).await.body;
        seen.extend(page.split("<section class=\"msg ").skip(1).map(|item| {
            item.split(" id=\"m")
                .nth(1)
                .unwrap()
                .split('"')
                .next()
                .unwrap()
                .parse::<u32>()
                .unwrap()
        }));
        next = page
            .split("id=\"later\"><a href=\"")
            .nth(1)
            .map(|rest| rest.split('"').next().unwrap().replace("&#38;", "&"));
        assert!(seen.len() < 1000, "the last piece has no next");
    }
    assert!(
        seen.is_sorted_by(|a, b| a < b),
        "in order, none twice: {seen:?}"
    );
    assert!(seen.len() >= 63, "calls carry their output: {}", seen.len());
    let users = site.get(&format!("/session/{ID}?filter=user")).await.body;
    assert!(users.contains("make the uploader retry") && !users.contains("step 3 is done"));
}

#[tokio::test]
async fn the_tail_gives_what_is_new_and_nothing_else() {
    let site = Site::new(&conversation());
    let page = site.get(&format!("/session/{ID}?offset=50")).await.body;
    let tail = page.split("id=\"tail\"").nth(1).unwrap();
    let path = tail
        .split("hx-get=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let path = path.replace("&#38;", "&");
    assert_eq!(site.get(&path).await.status, StatusCode::NO_CONTENT);
    let earlier = format!("/fragments/session/{ID}/tail?offset=60");
    let reply = site.get(&earlier).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert!(reply.body.contains("step 59 is done") && !reply.body.contains("step 3 is done"));
}

#[tokio::test]
async fn marks_are_kept_with_and_without_a_script() {
    let site = Site::new(&conversation());
    let (path, token) = (format!("/session/{ID}/tags"), format!("token={TOKEN}"));
    let plain = site
        .post(&path, &[], &format!("{token}&tag=infra&back=/session/{ID}"))
        .await;
    assert_eq!(plain.header("location"), format!("/session/{ID}"));
    let swapped = site
        .post(
            &path,
            &[("hx-request", "true")],
            &format!("{token}&tag=slow"),
        )
        .await;
    assert!(!swapped.is_page() && swapped.body.contains("infra") && swapped.body.contains("slow"));
    let removed = site
        .post(
            &path,
            &[("hx-request", "true")],
            &format!("{token}&tag=infra&on=0"),
        )
        .await;
    assert!(!removed.body.contains("value=\"infra\" title") && removed.body.contains("slow"));
    assert!(site.get("/?tag=slow").await.body.contains(ID));
    let empty = site.post(&path, &[], &format!("{token}&tag=+")).await;
    assert_eq!(empty.status, StatusCode::BAD_REQUEST);
    for outside in ["//evil.example", "https://evil.example", "/\\evil.example"] {
        let form = format!("{token}&on=1&back={outside}");
        let reply = site.post(&format!("/session/{ID}/star"), &[], &form).await;
        assert_eq!(reply.header("location"), "/", "{outside}");
    }
}

#[tokio::test]
async fn selected_sessions_are_marked_and_those_that_a_filter_hides_are_named() {
    let site = Site::new(&conversation());
    let (id, token) = (format!("id=codex:{ID}"), format!("token={TOKEN}"));
    let post = async |path: &str, form: &str, htmx: bool| {
        let headers: &[(&str, &str)] = if htmx { &[("hx-request", "true")] } else { &[] };
        site.post(path, headers, &format!("{token}&{form}")).await
    };
    let plain = post(
        "/bulk",
        &format!("{id}&{id}&do=star&back=/?select=1"),
        false,
    )
    .await;
    assert_eq!(plain.header("location"), "/?select=1");
    assert!(site.get("/starred").await.body.contains(ID));
    let swapped = post("/bulk", &format!("{id}&do=tag&tag=keep"), true).await;
    assert_eq!(swapped.status, StatusCode::NO_CONTENT);
    assert_eq!(
        swapped.header("hx-trigger"),
        "marked",
        "the list redraws itself"
    );
    assert!(site.get("/?tag=keep").await.body.contains(ID));

    let told = post(
        "/fragments/selection",
        &format!("{id}&state=tag%3Dkeep"),
        true,
    )
    .await;
    assert!(told.body.contains("data-n=\"1\"") && !told.body.contains(ID));
    let told = post(
        "/fragments/selection",
        &format!("{id}&state=tag%3Dother"),
        true,
    )
    .await;
    assert!(told.body.contains("1 selected is hidden") && told.body.contains(ID));

    post("/bulk", &format!("{id}&do=untag&tag=keep"), true).await;
    post("/bulk", &format!("{id}&do=unstar"), true).await;
    assert!(!site.get("/starred").await.body.contains(ID));
    for bad in ["do=star", "id=codex:nobody&do=star", "id=x&do=tag&tag="] {
        let refused = post("/bulk", bad, false).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{bad}");
    }
    for bad in [format!("{id}&do=tag"), format!("{id}&do=dance")] {
        let refused = post("/bulk", &bad, false).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{bad}");
    }
    let stranger = site.post("/bulk", &[], &format!("{id}&do=star")).await;
    assert_eq!(stranger.status, StatusCode::FORBIDDEN, "no token");
}

#[tokio::test]
async fn a_list_is_saved_under_a_name_and_a_session_renamed() {
    let site = Site::new(&conversation());
    let token = format!("token={TOKEN}");
    let save =
        format!("{token}&do=save&name=Mine+%26+yours&path=/&query=agent%3Dcodex%26offset%3D60");
    let saved = site.post("/saved", &[("hx-request", "true")], &save).await;
    assert!(!saved.is_page() && saved.body.contains("href=\"/?agent=codex\""));
    assert!(saved.body.contains("Mine &#38; yours"));
    let page = site.get("/?agent=codex").await.body;
    let marked = "href=\"/?agent=codex\" aria-current=\"true\">Mine";
    assert!(page.contains(marked), "the list that is open");
    let renamed = site
        .post(
            "/saved",
            &[],
            &format!("{token}&do=rename&id=1&name=Ours&back=/"),
        )
        .await;
    assert_eq!(renamed.header("location"), "/");
    assert!(
        site.get("/search?q=retry").await.body.contains(">Ours</a>"),
        "on both pages"
    );
    site.post("/saved", &[], &format!("{token}&do=remove&id=1"))
        .await;
    assert!(!site.get("/").await.body.contains(">Ours</a>"));
    for bad in [
        "do=save&name=x&path=/status",
        "do=save&path=/&query=q%3Da",
        "do=rename&id=7&name=x",
    ] {
        let refused = site.post("/saved", &[], &format!("{token}&{bad}")).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{bad}");
    }

    let path = format!("/session/{ID}/title");
    let form = format!("{token}&title=%3Cb%3EMine%3C/b%3E&back=/session/{ID}");
    let named = site.post(&path, &[], &form).await;
    assert_eq!(named.header("location"), format!("/session/{ID}"));
    for page in [
        "/",
        "/search?q=retry",
        "/projects",
        &format!("/session/{ID}"),
    ] {
        let body = site.get(page).await.body;
        assert!(body.contains("&#60;b&#62;Mine"), "{page}");
    }
    let preview = site
        .get(&format!("/fragments/session/{ID}/preview"))
        .await
        .body;
    assert!(preview.contains("Without your title") && preview.matches("<li").count() <= 10);
    site.post(&path, &[], &format!("{token}&own=0&title=ignored"))
        .await;
    assert!(!site.get("/").await.body.contains("Mine"));
}

#[tokio::test]
async fn tags_are_managed_on_a_page_of_their_own() {
    let site = Site::new(&conversation());
    let post = async |form: &str| {
        site.post("/tags", &[], &format!("token={TOKEN}&{form}"))
            .await
    };
    site.post(
        &format!("/session/{ID}/tags"),
        &[],
        &format!("token={TOKEN}&tag=slow"),
    )
    .await;
    assert_eq!(post("do=create&tag=bug").await.header("location"), "/tags");
    post("do=color&tag=slow&color=teal").await;
    let page = site.get("/tags").await.body;
    assert!(
        page.contains("tag t-teal open\" href=\"/?tag=slow\""),
        "a link to its sessions"
    );
    assert!(page.contains("no session"), "bug is there without any");
    assert_eq!(
        post("do=rename&tag=slow&to=bug").await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        post("do=merge&tag=slow&to=none").await.status,
        StatusCode::BAD_REQUEST
    );
    post("do=merge&tag=slow&to=bug").await;
    assert!(site.get("/?tag=bug").await.body.contains(ID));
    post("do=remove&tag=bug").await;
    assert!(
        site.get("/tags")
            .await
            .body
            .contains("No session has a tag")
    );
    for bad in [
        "do=create&tag=+",
        "do=create",
        "do=paint&tag=x",
        "do=create&tag=a%0Ab",
    ] {
        assert_eq!(post(bad).await.status, StatusCode::BAD_REQUEST, "{bad}");
    }
}

#[tokio::test]
async fn the_theme_is_kept_in_a_cookie() {
    let site = Site::new(&[]);
    let form = format!("token={TOKEN}&theme=dark&back=/help");
    let reply = site.post("/settings/theme", &[], &form).await;
    assert_eq!(reply.header("location"), "/help");
    let cookie = reply.header("set-cookie").split(';').next().unwrap();
    let page = site.get_with("/help", &[("cookie", cookie)]).await;
    assert!(page.body.contains("data-theme=\"dark\""));
    let bad = site
        .post("/settings/theme", &[], &format!("token={TOKEN}&theme=pink"))
        .await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn without_any_history_the_first_page_says_where_it_looked() {
    let site = Site::new(&[]);
    let page = site.get("/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains(".codex"), "the folders looked in");
    assert!(page.body.contains("codedash --demo"));
    for path in ["/search?q=x", "/projects", "/analytics", "/status"] {
        assert_eq!(site.get(path).await.status, StatusCode::OK, "{path}");
    }
}

// ---------------------------------------------------------------- streams

/// The next frame of a stream, as text; `None` at its end.
async fn frame(body: &mut Body) -> Option<String> {
    let next = tokio::time::timeout(std::time::Duration::from_secs(20), body.frame());
    let frame = next.await.expect("the stream says something or ends")?;
    let bytes = frame.unwrap().into_data().unwrap();
    Some(String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn an_open_page_hears_of_changes_until_the_server_stops() {
    let site = Site::new(&conversation());
    let seen = site.engine.status.get().generation;
    let request = ask(Method::GET, &format!("/events?seen={seen}"), &[], "");
    let response = site.router.clone().oneshot(request).await.unwrap();
    assert_eq!(
        response.headers()[header::CONTENT_TYPE],
        "text/event-stream"
    );
    let mut body = response.into_body();
    assert!(frame(&mut body).await.unwrap().contains("event: status"));
    site.engine.status.update(|status| status.generation += 1);
    let changed = frame(&mut body).await.unwrap();
    assert!(changed.contains("event: changed") && changed.contains(&(seen + 1).to_string()));
    site.stop.send(true).unwrap();
    assert_eq!(frame(&mut body).await, None, "the stream ends");
}

#[tokio::test]
async fn a_page_that_is_behind_hears_of_it_at_once() {
    let site = Site::new(&conversation());
    let response = site
        .router
        .clone()
        .oneshot(ask(Method::GET, "/events?seen=0", &[], ""))
        .await
        .unwrap();
    let mut body = response.into_body();
    let heard = frame(&mut body).await.unwrap() + &frame(&mut body).await.unwrap();
    assert!(heard.contains("event: changed"), "{heard}");
}

#[tokio::test]
async fn analytics_stream_their_figures_to_the_end() {
    let site = Site::new(&conversation());
    let response = site
        .router
        .clone()
        .oneshot(ask(Method::GET, "/events/analytics", &[], ""))
        .await
        .unwrap();
    let mut body = response.into_body();
    let mut heard = String::new();
    while let Some(text) = frame(&mut body).await {
        heard.push_str(&text);
    }
    assert!(heard.contains("event: update") && heard.contains("Cost by day"));
    assert!(heard.trim_end().ends_with("event: done\ndata:") || heard.contains("event: done"));
    assert!(!heard.contains("<html"));
}

#[tokio::test]
async fn plans_are_noted_changed_and_removed_by_forms() {
    let site = Site::new(&conversation());
    let send = async |body: &str| {
        let form = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
        ];
        let request = ask(Method::POST, "/analytics/plans", &form, body);
        site.router.clone().oneshot(request).await.unwrap().status()
    };
    let page = async || site.get("/analytics").await.body;
    assert!(page().await.contains("Note your plan"));
    let entry = "offer=claude|Pro|20&from=2026-01-15&back=/analytics";
    assert_eq!(
        send(entry).await,
        StatusCode::FORBIDDEN,
        "without the token"
    );
    let entry = format!("token={TOKEN}&{entry}");
    assert_eq!(send(&entry).await, StatusCode::SEE_OTHER);
    let noted = page().await;
    assert!(!noted.contains("Note your plan"));
    assert!(noted.contains("value=\"2026-01-15\"") && noted.contains("name=\"id\" value=\"1\""));
    let changed = format!("token={TOKEN}&id=1&service=claude&plan=Team&dollars=30&from=2026-02-01");
    assert_eq!(send(&changed).await, StatusCode::SEE_OTHER);
    let noted = page().await;
    assert!(noted.contains("value=\"Team\"") && !noted.contains("value=\"2026-01-15\""));
    let nonsense = format!("token={TOKEN}&plan=x&dollars=-1&from=2026-02-01");
    assert_eq!(send(&nonsense).await, StatusCode::BAD_REQUEST);
    let removed = format!("token={TOKEN}&id=1&remove=1");
    assert_eq!(send(&removed).await, StatusCode::SEE_OTHER);
    assert!(page().await.contains("Note your plan"));
}

#[tokio::test]
async fn figures_lead_to_the_sessions_behind_them() {
    let site = Site::new(&conversation());
    crate::house::wait_for("the figures", || {
        let job =
            site.engine
                .analytics_wait(&Default::default(), 1.0, std::time::Duration::from_secs(1));
        job.unwrap().done.then_some(())
    });
    let html = site.get("/analytics?helpers=without&by=project").await.body;
    let start = html.find("class=\"board\"").unwrap();
    let board = &html[start..html.find("id=\"plans\"").unwrap()];
    let mut links: Vec<String> = board
        .split("href=\"/?")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().replace("&#38;", "&"))
        .collect();
    links.sort();
    links.dedup();
    assert!(links.len() > 3, "{links:?}");
    for link in links {
        assert!(
            !link.contains("include_helpers"),
            "they are left out: {link}"
        );
        let list = site.get(&format!("/?{link}")).await;
        assert_eq!(list.status, StatusCode::OK);
        assert!(list.body.contains(ID), "{link}");
    }
}

#[tokio::test]
async fn the_server_stops_though_streams_are_open() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let site = Site::new(&[]);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stopping = site.stop.subscribe();
    let server = tokio::spawn(web::serve(listener, site.app.clone(), stopping));
    let mut tab = tokio::net::TcpStream::connect(address).await.unwrap();
    let line = format!("GET /events HTTP/1.1\r\nHost: {address}\r\n\r\n");
    tab.write_all(line.as_bytes()).await.unwrap();
    let mut heard = [0; 16];
    tab.read_exact(&mut heard).await.unwrap();
    site.stop.send(true).unwrap();
    let ended = tokio::time::timeout(std::time::Duration::from_secs(30), server).await;
    ended.expect("the server ends").unwrap().unwrap();
}

/// FIPS 180-4, for checking what was vendored without a dependency.
fn sha256(bytes: &[u8]) -> String {
    let primes = (2_u64..).filter(|n| (2..*n).all(|d| n % d != 0));
    let fraction = |root: f64| (root.fract() * 4_294_967_296.0) as u32;
    let first: Vec<f64> = primes.take(64).map(|n| n as f64).collect();
    let k: Vec<u32> = first.iter().map(|n| fraction(n.cbrt())).collect();
    let mut state: Vec<u32> = first[..8].iter().map(|n| fraction(n.sqrt())).collect();
    let mut text = bytes.to_vec();
    text.push(0x80);
    while text.len() % 64 != 56 {
        text.push(0);
    }
    text.extend((bytes.len() as u64 * 8).to_be_bytes());
    for block in text.chunks(64) {
        let mut w: Vec<u32> = block
            .chunks(4)
            .map(|b| u32::from_be_bytes(b.try_into().unwrap()))
            .collect();
        for i in 16..64 {
            let (a, b) = (w[i - 15], w[i - 2]);
            let s0 = a.rotate_right(7) ^ a.rotate_right(18) ^ (a >> 3);
            let s1 = b.rotate_right(17) ^ b.rotate_right(19) ^ (b >> 10);
            w.push(
                w[i - 16]
                    .wrapping_add(s0)
                    .wrapping_add(w[i - 7])
                    .wrapping_add(s1),
            );
        }
        let mut v = state.clone();
        for i in 0..64 {
            let s1 = v[4].rotate_right(6) ^ v[4].rotate_right(11) ^ v[4].rotate_right(25);
            let choice = (v[4] & v[5]) ^ (!v[4] & v[6]);
            let t1 = v[7]
                .wrapping_add(s1)
                .wrapping_add(choice)
                .wrapping_add(k[i])
                .wrapping_add(w[i]);
            let s0 = v[0].rotate_right(2) ^ v[0].rotate_right(13) ^ v[0].rotate_right(22);
            let t2 = s0.wrapping_add((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
            v.rotate_right(1);
            v[4] = v[4].wrapping_add(t1);
            v[0] = t1.wrapping_add(t2);
        }
        for (s, v) in state.iter_mut().zip(v) {
            *s = s.wrapping_add(v);
        }
    }
    state.iter().map(|word| format!("{word:08x}")).collect()
}
