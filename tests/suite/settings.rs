//! Settings: forms that write `config.toml` and leave it as its owner wrote it, and a server that follows
//! it at once.

use crate::house::{House, Live, house, id_of, wait_for};
use crate::site::{Site, TOKEN};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use codedash::engine::Engine;
use codedash::engine::view::{BreakdownQuery, SessionsQuery};

fn file(house: &House) -> String {
    std::fs::read_to_string(house.data().join("config.toml")).unwrap_or_default()
}

/// Two days of UTC are one of Tokyo: 2026-11-02T14:00Z and 16:00Z.
fn furnished() -> House {
    let house = house();
    house
        .claude_session("late")
        .at("2026-11-02T14:00:00Z")
        .prompt("light the lantern")
        .answer("lit")
        .at("2026-11-02T16:00:00Z")
        .prompt("nightly: put it out")
        .answer("out");
    house
        .codex_session("nightly")
        .at("2026-11-03T09:00:00Z")
        .prompt("nightly: count the lanterns")
        .answer("three");
    house
}

fn shown(engine: &Engine) -> usize {
    let query = SessionsQuery {
        limit: 100,
        ..SessionsQuery::default()
    };
    engine.sessions(&query).unwrap().shown_sessions
}

/// Day and prompts of every day row of a session.
fn days(engine: &Engine, name: &str) -> Vec<(String, u32, usize)> {
    let codedash::engine::Found::One(sid) = engine.find_session(&id_of(name)).unwrap() else {
        panic!("{name} is not known");
    };
    let days = engine.store.read().unwrap().days(sid).unwrap();
    days.iter()
        .map(|(day, stats)| (day.to_string(), stats.prompts, stats.usage.len()))
        .collect()
}

#[tokio::test]
async fn a_section_is_saved_into_the_file_as_its_owner_wrote_it() {
    let house = furnished();
    house.write_config(
        "# mine\nzone = \"UTC\" # at home\n\n[prices.\"m-1\"] # dear\ninput = 1\noutput = 2\n",
    );
    let site = Site::new(house.engine());
    let reply = site
        .post(
            "/settings/time",
            "zone=Asia%2FTokyo&time_format=12h&times=absolute",
        )
        .await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    assert_eq!(reply.headers["location"], "/settings?saved=time#time");
    let text = file(&house);
    for kept in [
        "# mine\nzone = \"Asia/Tokyo\" # at home\n",
        "[prices.\"m-1\"] # dear\ninput = 1\n",
    ] {
        assert!(text.contains(kept), "{kept:?} is not in\n{text}");
    }
    let page = site.text("/settings?saved=time").await;
    assert_eq!(page.matches(">Saved<").count(), 1, "one section was saved");
    let told = site.json("/api/settings").await;
    assert_eq!(
        (&told["zone"], &told["time_format"]),
        (&"Asia/Tokyo".into(), &"12h".into())
    );
    // clocks of other pages are the new ones
    let list = site.text("/").await;
    assert!(
        list.contains(" PM JST") || list.contains(" AM JST"),
        "times are of the zone and the clock"
    );
    // what is emptied is said by nobody
    site.post("/settings/time", "zone=&time_format=24h&times=relative")
        .await;
    assert!(!file(&house).contains("zone"), "{}", file(&house));
}

#[tokio::test]
async fn what_is_not_allowed_is_said_at_its_field_and_changes_nothing() {
    let house = furnished();
    house.write_config("# mine\n");
    let site = Site::new(house.engine());
    for (section, form, field) in [
        ("time", "zone=Mars%2FOlympus", "zone"),
        ("sessions", "helper_patterns=%5Ea%0A(", "helper_patterns"),
        ("histories", "path=%2Fnowhere%2Fat%2Fall", "roots"),
        ("histories", "path=", "roots"),
        ("prices", "model=m&input=1", "prices"),
        ("prices", "model=m&input=-1&output=1", "prices"),
        ("titles", "url=ftp%3A%2F%2Fbox", "titles"),
        ("server", "port=70000&host=127.0.0.1", "port"),
        ("server", "port=many", "port"),
        ("server", "memory=3", "memory"),
        ("appearance", "theme=pink", "appearance"),
    ] {
        let path = format!("/settings/{section}");
        let reply = site.post(&path, form).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
        let said = format!("class=\"oops\" id=\"{field}-wrong\"");
        assert_eq!(reply.text().matches("class=\"oops\"").count(), 1, "{form}");
        assert!(reply.text().contains(&said), "{form}: no {said}");
        // for a script it is an answer like another, so that it is shown in its place
        let part = site
            .post_with(
                &path,
                &[("hx-request", "true")],
                &format!("token={TOKEN}&{form}"),
            )
            .await;
        assert_eq!(part.status, StatusCode::OK);
        assert!(
            part.text().contains(&said) && !part.text().contains("<html"),
            "{form}"
        );
        assert_eq!(file(&house), "# mine\n", "{form}");
    }
    let typed = site
        .post("/settings/time", "zone=Mars%2FOlympus")
        .await
        .text();
    assert!(
        typed.contains("value=\"Mars/Olympus\""),
        "what was typed stays"
    );
    assert_eq!(
        site.post("/settings/nothing", "a=b").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn only_our_own_pages_change_settings() {
    let house = furnished();
    let site = Site::new(house.engine());
    let form = "zone=Asia%2FTokyo";
    for path in ["/settings/time", "/search/recent", "/search/recent/forget"] {
        let reply = site.post_with(path, &[], form).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "no token: {path}");
        let with_token = format!("token={TOKEN}&{form}");
        let foreign = [("sec-fetch-site", "cross-site")];
        let reply = site.post_with(path, &foreign, &with_token).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "another site: {path}");
    }
    assert_eq!(file(&house), "");
}

/// A service that answers every question alike, and what it was asked.
fn service(answer: &'static str) -> (String, std::sync::mpsc::Receiver<String>) {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (told, asked) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut piece = [0; 4096];
            loop {
                let text = String::from_utf8_lossy(&request).into_owned();
                if text.ends_with('}')
                    || stream.read(&mut piece).map_or(0, |n| {
                        request.extend_from_slice(&piece[..n]);
                        n
                    }) == 0
                {
                    break;
                }
            }
            let _ = told.send(String::from_utf8(request).unwrap());
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (format!("http://{address}/v1"), asked)
}

#[tokio::test]
async fn the_endpoint_for_titles_is_tried_when_somebody_asks_for_it() {
    let house = furnished();
    let site = Site::new(house.engine());
    let htmx = [("hx-request", "true")];
    let token = format!("token={TOKEN}");
    let none = site
        .post_with("/settings/titles/test", &htmx, &token)
        .await
        .text();
    assert!(
        none.contains("an address and a model are needed first"),
        "{none}"
    );
    let body = r#"{"choices":[{"message":{"role":"assistant","content":" A <dry> wick "}}]}"#;
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let (url, asked) = service(Box::leak(answer.into_boxed_str()));
    let form = format!("url={url}&model=small&api_key=k-1");
    site.post("/settings/titles", &form).await;
    site.text("/settings").await;
    assert!(asked.try_recv().is_err(), "nobody has asked for it");
    let told = site.post_with("/settings/titles/test", &htmx, &token).await;
    assert!(
        told.text().contains("A &#60;dry&#62; wick"),
        "{}",
        told.text()
    );
    assert!(!told.text().contains("<html"));
    let question = asked.try_recv().unwrap();
    assert!(
        question.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"),
        "{question}"
    );
    assert!(
        question
            .to_lowercase()
            .contains("authorization: bearer k-1"),
        "{question}"
    );
    assert!(
        !question.contains("nightly"),
        "nothing of the history is sent"
    );
    assert!(asked.try_recv().is_err(), "one question, once");
    let page = site.post("/settings/titles/test", "").await.text();
    assert!(page.contains("<html") && page.contains("A &#60;dry&#62; wick"));

    let refusal = "HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n{\"error\":{\"message\":\"bad key: k-1\"}}";
    let (url, _asked) = service(refusal);
    site.post("/settings/titles", &format!("url={url}&model=small"))
        .await;
    let told = site
        .post_with("/settings/titles/test", &htmx, &token)
        .await
        .text();
    assert!(
        told.contains("401 Unauthorized: bad key: (the key)"),
        "{told}"
    );
    // the key goes to no other address
    let (elsewhere, visited) = service("HTTP/1.1 200 OK\r\n\r\n");
    let moved = format!(
        "HTTP/1.1 307 Moved\r\nlocation: {elsewhere}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    let (url, _asked) = service(Box::leak(moved.into_boxed_str()));
    site.post("/settings/titles", &format!("url={url}&model=small"))
        .await;
    let told = site
        .post_with("/settings/titles/test", &htmx, &token)
        .await
        .text();
    assert!(told.contains("the service answers 307"), "{told}");
    assert!(visited.try_recv().is_err());
    site.post(
        "/settings/titles",
        "url=http%3A%2F%2F127.0.0.1%3A9%2Fv1&model=small",
    )
    .await;
    let told = site.post_with("/settings/titles/test", &htmx, &token).await;
    assert!(told.text().contains("class=\"oops\""), "{}", told.text());
}

#[tokio::test]
async fn the_key_of_the_endpoint_is_kept_and_never_told() {
    const KEY: &str = "sk-very-secret-93";
    let house = furnished();
    let site = Site::new(house.engine());
    let form = format!("url=http%3A%2F%2F127.0.0.1%3A9%2Fv1&model=small&api_key={KEY}");
    site.post("/settings/titles", &form).await;
    assert!(file(&house).contains(KEY));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let meta = std::fs::metadata(house.data().join("config.toml")).unwrap();
        assert_eq!(meta.permissions().mode() & 0o777, 0o600);
    }
    // saved again with the field left empty, as the page has it
    site.post(
        "/settings/titles",
        "url=http%3A%2F%2F127.0.0.1%3A9%2Fv1&model=other&api_key=",
    )
    .await;
    assert!(file(&house).contains(KEY) && file(&house).contains("other"));
    for path in [
        "/settings",
        "/fragments/settings",
        "/api/settings",
        "/status",
        "/api/index-status",
    ] {
        assert!(!site.text(path).await.contains(KEY), "{path}");
    }
    let refused = site
        .post("/settings/titles", &format!("url=nowhere&api_key={KEY}2"))
        .await;
    assert!(!refused.text().contains(KEY), "nor when it is refused");
    assert_eq!(site.json("/api/settings").await["titles"]["has_key"], true);
    site.post(
        "/settings/titles",
        "url=http%3A%2F%2F127.0.0.1%3A9%2Fv1&model=other&forget=1",
    )
    .await;
    assert!(!file(&house).contains(KEY));
}

#[tokio::test]
async fn a_change_by_hand_is_followed_and_a_broken_file_is_told() {
    let house = furnished();
    let site = Site::new(house.engine());
    assert!(!site.text("/settings").await.contains("cannot be followed"));
    house.write_config("theme = \"contrast\"\ngrouping = \"project\"\n");
    let list = site.text("/").await;
    assert!(list.contains("data-theme=\"contrast\""));
    assert!(list.contains("class=\"group\""), "grouped as the file says");
    let none = site.text("/?group=none").await;
    assert!(!none.contains("class=\"group\""), "the address comes first");
    house.write_config("theme = \"pink\"\n");
    let page = site.text("/settings").await;
    assert!(page.contains("cannot be followed") && page.contains("pink"));
    assert!(
        page.contains("data-theme=\"contrast\""),
        "the settings before it hold"
    );
    assert!(site.text("/status").await.contains("pink"));
    let reply = site.post("/settings/time", "zone=UTC").await;
    assert_eq!(
        reply.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "nothing is written over"
    );
    assert_eq!(file(&house), "theme = \"pink\"\n");
}

#[tokio::test]
async fn prices_and_the_mode_of_costs_hold_at_once() {
    let house = house();
    house
        .claude_session("paid")
        .model("house-made-1")
        .prompt("light the lantern")
        .answer("lit");
    let engine = house.engine();
    let site = Site::new(engine.clone());
    let cost = || {
        let whole = engine.breakdown(&BreakdownQuery::default()).unwrap();
        (
            whole.total.amount.cost,
            whole.total.amount.unpriced_responses,
        )
    };
    assert_eq!(cost(), (0, 1), "nobody knows this model");
    site.post(
        "/settings/prices",
        "model=house-made-1&input=1000&output=1000",
    )
    .await;
    let (dear, unpriced) = cost();
    assert!(dear > 0 && unpriced == 0);
    site.post(
        "/settings/prices",
        "model=house-made-1&input=2000&output=2000",
    )
    .await;
    assert_eq!(cost().0, 2 * dear);
    site.post("/settings/costs", "cost=recorded").await;
    assert_eq!(cost(), (0, 1));
    site.post("/settings/costs", "cost=auto").await;
    site.post("/settings/prices", "remove=house-made-1").await;
    assert_eq!(cost(), (0, 1));
}

#[test]
fn helpers_are_judged_again() {
    let house = furnished();
    let live = house.live();
    assert_eq!(shown(&live.engine), 2);
    let patterns = live
        .engine
        .pattern_counts(&["^nightly:".into(), "(".into()])
        .unwrap();
    assert_eq!(
        (patterns[0].sessions, patterns[1].sessions),
        (Some(1), None)
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let site = Site::new(live.engine.clone());
    runtime.block_on(site.post(
        "/settings/sessions",
        "grouping=none&helper_patterns=%5Enightly%3A",
    ));
    wait_for("the helper to be hidden", || {
        (shown(&live.engine) == 1).then_some(())
    });
    house.write_config("");
    wait_for("it to be shown again", || {
        (shown(&live.engine) == 2).then_some(())
    });
}

#[test]
fn another_zone_moves_every_day_at_once_and_after_a_restart() {
    let house = furnished();
    let live = house.live();
    let utc = days(&live.engine, "late");
    assert_eq!(utc, [("2026-11-02".into(), 2, 2)]);
    let change = |live: &Live, zone: &str| {
        let zone = codedash::config::Setting::Text(zone.into());
        let change = codedash::config::Change::set(&["zone"], zone);
        live.engine.settings.change(&[change]).unwrap();
    };
    change(&live, "Asia/Tokyo");
    let tokyo = [
        ("2026-11-02".to_owned(), 1, 1),
        ("2026-11-03".to_owned(), 1, 1),
    ];
    wait_for("the days of Tokyo", || {
        (days(&live.engine, "late") == tokyo).then_some(())
    });
    live.settled();
    assert_eq!(days(&live.engine, "late"), tokyo);
    drop(live);
    // written while nothing runs; `for_home` reads the file once it is followed
    house.write_config("zone = 'UTC'\n");
    let live = house.live();
    live.settled();
    wait_for("the days of UTC", || {
        (days(&live.engine, "late") == utc).then_some(())
    });
}

#[test]
fn a_home_is_read_as_soon_as_it_is_named() {
    let (here, box_) = (furnished(), house());
    box_.claude_session("elsewhere")
        .prompt("from the box")
        .answer("yes");
    let live = here.live();
    assert_eq!(shown(&live.engine), 2);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let site = Site::new(live.engine.clone());
    let path = box_.home().display().to_string().replace('/', "%2F");
    let reply =
        runtime.block_on(site.post("/settings/histories", &format!("path={path}&label=box")));
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text());
    wait_for("its session", || (shown(&live.engine) == 3).then_some(()));
    let page = runtime.block_on(site.text("/settings"));
    assert!(page.contains(">box<") && page.contains("histories of 1 agent"));
    runtime.block_on(site.post("/settings/histories", &format!("remove={path}")));
    assert!(!file(&here).contains("roots"), "{}", file(&here));
    assert_eq!(shown(&live.engine), 3, "what was read stays");
}

#[tokio::test]
async fn what_needs_a_restart_says_so() {
    let house = furnished();
    let site = Site::new(house.engine());
    site.post("/settings/server", "memory=512&host=&port=&open_browser=1")
        .await;
    let page = site.text("/settings").await;
    assert!(page.contains("now 400 MiB, then 512 MiB"));
    assert_eq!(
        site.json("/api/settings").await["restart"],
        serde_json::json!(["memory"])
    );
    // the name that it answers to is the one that it listens on, not one that is merely saved
    site.post("/settings/server", "host=box.lan").await;
    assert!(site.text("/settings").await.contains("<html"));
    let request = Request::get("/").header("host", "box.lan:80");
    let foreign = site.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
}

// ---------------------------------------------------------------- search

#[tokio::test]
async fn fields_values_and_earlier_searches_are_offered() {
    let house = furnished();
    let engine = house.engine();
    let site = Site::new(engine.clone());
    let offers = async |question: &str| {
        site.text(&format!("/fragments/search/suggest?{question}"))
            .await
    };
    let names = offers("q=lantern+mo&at=10").await;
    assert!(names.contains("data-text=\"lantern model:\"") && names.contains("data-cursor=\"14\""));
    let agent = engine
        .sessions(&SessionsQuery {
            limit: 9,
            ..Default::default()
        })
        .unwrap();
    let agent = agent.groups[0].cards[0].agent.id;
    let values = offers("q=agent%3A").await;
    assert!(
        values.contains(&format!("data-text=\"agent:{agent} \"")),
        "{values}"
    );
    assert!(
        values.contains("<span class=\"n\">1"),
        "how many sessions have it"
    );
    assert!(offers("q=role%3Aus").await.contains("role:user"));
    assert!(
        offers("q=%22a+phra").await.trim().is_empty(),
        "nothing inside of a phrase"
    );

    // typed, or asked for by a script or another site, it is no search that was made
    let word = |name: &str| format!("/search?q={name}");
    let asked = async |path: String, headers: &[(&str, &str)]| {
        let mut request = Request::get(path).header("host", "127.0.0.1:3847");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        site.send(request.body(Body::empty()).unwrap()).await
    };
    let own = ("sec-fetch-site", "same-origin");
    let whole = ("sec-fetch-mode", "navigate");
    asked(word("one"), &[own, whole]).await;
    asked(word("two"), &[]).await;
    asked(word("three"), &[("sec-fetch-site", "cross-site"), whole]).await;
    asked(
        word("four"),
        &[own, ("sec-fetch-mode", "cors"), ("hx-request", "true")],
    )
    .await;
    site.post("/search/recent", "q=five").await;
    assert_eq!(engine.recent_searches().unwrap(), ["five", "one"]);
    let empty = offers("q=").await;
    assert!(empty.contains("data-text=\"five\" data-cursor=\"4\" data-whole"));
    let page = site.text("/search").await;
    assert!(page.contains("Recent searches") && page.contains("href=\"/search?q=five\""));
    site.post("/search/recent/forget", "q=five").await;
    assert_eq!(engine.recent_searches().unwrap(), ["one"]);
    site.post("/search/recent/forget", "").await;
    assert!(engine.recent_searches().unwrap().is_empty());
}

#[tokio::test]
async fn tags_and_repositories_are_fields_of_the_grammar() {
    let house = furnished();
    let engine = house.engine();
    let codedash::engine::Found::One(sid) = engine.find_session(&id_of("late")).unwrap() else {
        panic!("known");
    };
    engine.set_tag(sid, "Ops", true).unwrap();
    let site = Site::new(engine);
    let total = async |question: &str| {
        let path = format!("/api/search?include_helpers=1&q={question}");
        site.json(&path).await["total"].clone()
    };
    assert_eq!(total("tag%3Aops").await, 1);
    assert_eq!(total("-tag%3Aops").await, 1);
    assert_eq!(total("tag%3Aop").await, 0, "a tag is asked for whole");
    assert_eq!(total("repo%3Anone").await, 0);
}

#[tokio::test]
async fn a_hit_opens_with_its_neighbours() {
    let house = house();
    let mut session = house.claude_session("long");
    for n in 0..9 {
        session = session
            .prompt(&format!("step {n}"))
            .answer(&format!("done {n}"));
    }
    drop(session);
    let site = Site::new(house.engine());
    let page = site.text("/fragments/search?q=%22step+4%22").await;
    let link = page.split("hx-get=\"").find_map(|rest| {
        let link = rest.split('"').next()?;
        link.contains("/around/").then(|| link.to_owned())
    });
    let around = site.text(&link.expect("a hit can be opened")).await;
    assert_eq!(around.matches("class=\"msg ").count(), 5);
    for text in ["step 3", "done 3", "step 4", "done 4", "step 5"] {
        assert!(around.contains(text), "{text}");
    }
    assert_eq!(around.matches("is-target").count(), 1);
    assert!(around.contains("Message 9 of 18"));
    let first = site
        .text(&format!("/fragments/session/{}/around/0", id_of("long")))
        .await;
    assert_eq!(
        first.matches("class=\"msg ").count(),
        3,
        "nothing is before the first"
    );
    let none = site
        .text(&format!("/fragments/session/{}/around/999", id_of("long")))
        .await;
    assert!(none.contains("no such message"));
}
