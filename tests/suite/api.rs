//! The JSON endpoints as a client sees them. Shapes (names and kinds of every field) are snapshots:
//! a changed one is a changed promise.

use crate::house::{House, Server, house, id_of, shape};
use serde_json::{Value, json};

/// Two projects, a helper run, a session of 120 messages.
fn furnished() -> House {
    let house = house();
    house
        .codex_session("cache")
        .cwd("/w/store")
        .at("2026-11-02T09:00:00Z")
        .prompt("add a flamingo cache layer")
        .thinking("where to put the flamingo")
        .tool("shell", "grep -r flamingo .", "store/flamingo.rs")
        .answer("there is a **cache** now");
    house
        .codex_session("lane")
        .originator("codex_exec")
        .at("2026-11-03T09:00:00Z")
        .prompt("count the flamingo files")
        .answer("seven");
    let mut long = house.codex_session("long").at("2026-11-04T09:00:00Z");
    for number in 0..60 {
        long = long
            .prompt(&format!("question {number} of the heron"))
            .answer(&format!("answer {number}"));
    }
    house
}

fn ids(rows: &Value) -> Vec<&str> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row["id"].as_str().unwrap()).collect()
}

fn token(house: &House) -> String {
    let text = std::fs::read(house.data().join("server.json")).unwrap();
    let server: Value = serde_json::from_slice(&text).unwrap();
    server["token"].as_str().unwrap().to_owned()
}

#[test]
fn sessions_are_filtered_paged_and_counted() {
    let house = furnished();
    let server = house.serve();
    server.settled();
    let all = server.get("/api/sessions");
    assert_eq!(all.headers["content-type"], "application/json");
    assert_eq!(ids(&all.json()), [id_of("long"), id_of("cache")]);
    assert_eq!(all.headers["x-total-count"], "2");
    assert_eq!(all.headers["x-helper-count"], "1");

    let with_helpers = server.get("/api/sessions?include_helpers=1");
    assert_eq!(with_helpers.json().as_array().unwrap().len(), 3);
    assert_eq!(with_helpers.headers["x-total-count"], "3");
    assert_eq!(with_helpers.headers["x-helper-count"], "0");
    let lane = &with_helpers.json()[1];
    assert_eq!(
        (&lane["is_helper"], &lane["helper_reason"]),
        (&json!(true), &json!("scripted"))
    );

    let page = server.get("/api/sessions?limit=1&offset=1&include_helpers=1");
    assert_eq!(ids(&page.json()), [id_of("lane")]);
    assert_eq!(page.headers["x-total-count"], "3");
    for (query, want) in [
        ("project=/w/store", vec!["cache"]),
        ("project=/w/store&project=/w/app", vec!["long", "cache"]),
        ("from=2026-11-03", vec!["long"]),
        ("to=2026-11-03", vec!["cache"]),
        ("q=flamingo", vec!["cache"]),
        ("sort=oldest", vec!["cache", "long"]),
        ("agent=nobody", vec![]),
        ("agent=&from=&to=&unknown=1", vec!["long", "cache"]),
    ] {
        let want: Vec<String> = want.into_iter().map(id_of).collect();
        let got = server.get(&format!("/api/sessions?{query}")).json();
        assert_eq!(ids(&got), want, "{query}");
    }
}

#[test]
fn runs_of_a_conversation_share_their_key() {
    let house = house();
    house
        .codex_session("once")
        .prompt("water the plants")
        .answer("done");
    house
        .codex_session("again")
        .prompt("water the plants")
        .answer("done");
    house
        .codex_session("other")
        .prompt("water the lawn")
        .answer("done");
    let server = house.serve();
    server.settled();
    let key = |name: &str| {
        let answer = server.get(&format!("/api/session/{}", id_of(name))).json();
        answer["session"]["group_key"].as_str().unwrap().to_owned()
    };
    assert_eq!(key("once"), key("again"));
    assert_ne!(key("once"), key("other"));
}

#[test]
fn a_session_is_paged_and_filtered_by_role() {
    let house = furnished();
    let server = house.serve();
    server.settled();
    let long = id_of("long");
    let first = server.get(&format!("/api/session/{long}?limit=50")).json();
    assert_eq!((&first["total"], &first["next"]), (&json!(120), &json!(50)));
    assert_eq!(first["messages"][0]["content"], "question 0 of the heron");
    assert_eq!(first["session"]["first_message"], "question 0 of the heron");
    let last = server
        .get(&format!("/api/session/{}?offset=119", &long[..8]))
        .json();
    assert_eq!(last["messages"].as_array().unwrap().len(), 1);
    assert_eq!(last["messages"][0]["content"], "answer 59");
    assert_eq!(last["next"], Value::Null);
    let users = server
        .get(&format!("/api/session/{long}?role=user&limit=1000"))
        .json();
    assert_eq!(users["total"], 60);
    let around = server
        .get(&format!("/api/session/{long}?around=77&limit=20"))
        .json();
    let seqs: Vec<u64> = around["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["seq"].as_u64().unwrap())
        .collect();
    assert!(seqs.contains(&77) && seqs.len() <= 20, "{seqs:?}");

    let preview = server.get(&format!("/api/preview/{long}?limit=3")).json();
    assert_eq!(preview.as_array().unwrap().len(), 3);
    assert_eq!(
        preview[1],
        json!({"role": "assistant", "content": "answer 0", "seq": 1})
    );

    for id in ["no-such-session", "%00", "..%2f..%2fetc", "a b"] {
        let answer = server.get(&format!("/api/session/{id}"));
        assert!((400..500).contains(&answer.status), "{id}: {answer:?}");
    }
    let missing = server.get("/api/session/no-such-session");
    assert_eq!(missing.status, 404);
    assert_eq!(missing.json()["messages"], json!([]));
    assert!(
        missing.json()["error"]
            .as_str()
            .unwrap()
            .contains("no-such-session")
    );
}

/// A stream to its end: names of the events, with their data.
fn events(server: &Server, path: &str) -> Vec<(String, Value)> {
    let answer = server.get(path);
    assert_eq!(answer.headers["content-type"], "text/event-stream");
    let events = answer.body.split("\n\n");
    let events = events.filter(|event| !event.trim().is_empty());
    events
        .map(|event| {
            let field = |name: &str| {
                let line = event.lines().find_map(|line| line.strip_prefix(name));
                line.map(str::trim)
            };
            let name = field("event:").unwrap_or("message").to_owned();
            (name, serde_json::from_str(field("data:").unwrap()).unwrap())
        })
        .collect()
}

#[test]
fn a_stream_gives_fifty_at_a_time_and_ends() {
    let house = furnished();
    let server = house.serve();
    server.settled();
    let events = |path: &str| events(&server, path);
    let all = events(&format!("/api/session/{}/stream", id_of("long")));
    let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["message", "message", "message", "done"]);
    let sizes: Vec<usize> = all[..3]
        .iter()
        .map(|(_, data)| data["messages"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [50, 50, 20]);
    assert_eq!(all[1].1["offset"], 50);
    assert_eq!(all[3].1, json!({"total": 120}));
    let rest = events(&format!("/api/session/{}/stream?offset=110", id_of("long")));
    assert_eq!(
        rest[0].1["messages"][0]["content"],
        "question 55 of the heron"
    );
    assert_eq!(rest.len(), 2);
    assert_eq!(server.get("/api/session/none-such/stream").status, 404);
}

#[test]
fn a_search_answers_with_exact_totals_and_facets() {
    let house = furnished();
    let server = house.serve();
    server.settled();
    let found = server.get("/api/search?q=flamingo").json();
    assert_eq!(
        (&found["total"], &found["hidden_sessions"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(found["results"][0]["sessionId"], id_of("cache").as_str());
    assert_eq!(found["results"][0]["count"], found["total_messages"]);
    let roles = found["facets"]["role"].as_array().unwrap();
    let counted: u64 = roles
        .iter()
        .map(|role| role["count"].as_u64().unwrap())
        .sum();
    assert_eq!(found["total_messages"], counted);

    let tools = server
        .get("/api/search?q=flamingo&role=tool&role=output")
        .json();
    let roles: Vec<&str> = tools["results"][0]["matches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| found["role"].as_str().unwrap())
        .collect();
    assert!(!roles.is_empty() && roles.iter().all(|role| ["tool", "output"].contains(role)));
    let loose = server.get("/api/search?q=flamingo+zebrafinch").json();
    assert_eq!(loose["tier"], "any_word");
    let nothing = server.get("/api/search?q=zebrafinchquux").json();
    assert_eq!(
        (&nothing["total"], &nothing["results"]),
        (&json!(0), &json!([]))
    );
}

#[test]
fn a_value_that_is_not_allowed_is_named() {
    let house = house();
    let server = house.serve();
    for (path, name) in [
        ("/api/sessions?limit=many", "limit"),
        ("/api/sessions?offset=-1", "offset"),
        ("/api/sessions?sort=best", "sort"),
        ("/api/sessions?from=2026-02-30", "from"),
        ("/api/sessions?from=today&to=3d", "from"),
        ("/api/sessions?include_helpers=perhaps", "include_helpers"),
        ("/api/search?q=x&role=nobody", "role"),
        ("/api/search?q=x&sort=best", "sort"),
        ("/api/search", "q"),
        ("/api/analytics/cost?wait=long", "wait"),
        ("/api/analytics/cost?seen=x", "seen"),
    ] {
        let answer = server.get(path);
        assert_eq!(answer.status, 400, "{path}");
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(error.starts_with(name), "{path}: {error}");
    }
}

#[test]
fn a_job_ends_with_its_fields_at_top_level_too() {
    let house = furnished();
    let server = house.serve();
    server.settled();
    let job = server.get("/api/analytics/cost?wait=30").json();
    assert_eq!(job["status"], "done");
    assert_eq!(job["totalSessionsAll"], 3);
    assert_eq!(job["result"]["totalCost"], job["totalCost"]);
    let agents = job["byAgent"].as_object().unwrap();
    let summed: f64 = agents
        .values()
        .map(|agent| agent["cost"].as_f64().unwrap())
        .sum();
    assert!(
        (summed - job["totalCost"].as_f64().unwrap()).abs() < 1e-6,
        "{job}"
    );
    let part = server
        .get("/api/analytics/cost?wait=30&from=2026-11-04")
        .json();
    assert_eq!(part["firstDate"], "2026-11-04");
}

#[test]
fn every_table_can_be_taken_away_in_both_forms() {
    let house = furnished();
    house
        .codex_session("formula")
        .cwd("/w/=cmd()")
        .at("2026-11-05T09:00:00Z")
        .prompt("=HYPERLINK(\"x\")")
        .answer("done");
    let server = house.serve();
    server.settled();
    let missing = server.get("/api/analytics/nothing.csv");
    assert_eq!(missing.status, 404);
    let error = missing.json()["error"].as_str().unwrap().to_owned();
    let names = error.split_once("there are ").unwrap().1;
    let names: Vec<&str> = names.split(", ").collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        let rows = server.get(&format!("/api/analytics/{name}.json"));
        assert_eq!(rows.status, 200, "{name}");
        let rows = rows.json().as_array().unwrap().clone();
        let csv = server.get(&format!("/api/analytics/{name}.csv"));
        assert!(csv.headers["content-type"].starts_with("text/csv"));
        assert!(csv.headers["content-disposition"].contains(&format!("codedash-{name}.csv")));
        assert_eq!(csv.body.lines().count(), rows.len() + 1, "{name}");
        if let Some(first) = rows.first() {
            let mut columns: Vec<&str> = csv.body.lines().next().unwrap().split(',').collect();
            columns.sort_unstable();
            let fields = first.as_object().unwrap();
            assert!(columns.iter().eq(fields.keys()), "{name}");
        }
        for line in csv.body.lines() {
            assert!(
                !line.starts_with('=') && !line.contains(",="),
                "{name}: {line}"
            );
        }
    }
    assert_eq!(server.get("/api/analytics/days.xml").status, 404);
    assert_eq!(server.get("/api/analytics/days.csv?from=soon").status, 400);
}

#[test]
fn tables_and_totals_agree_whatever_is_filtered() {
    let house = furnished();
    let server = house.serve();
    server.settled();
    for filters in [
        "",
        "?from=2026-11-03",
        "?helpers=without",
        "?helpers=only",
        "?project=/w/store",
    ] {
        let rows = |table: &str| {
            let rows = server
                .get(&format!("/api/analytics/{table}.json{filters}"))
                .json();
            rows.as_array().unwrap().clone()
        };
        let sum = |table: &str, column: &str| -> u64 {
            rows(table)
                .iter()
                .map(|row| row[column].as_u64().unwrap())
                .sum()
        };
        let total = sum("totals", "responses");
        for table in [
            "days", "weeks", "months", "agents", "models", "projects", "branches", "tools",
        ] {
            assert_eq!(sum(table, "responses"), total, "{table}{filters}");
        }
        assert_eq!(
            sum("days", "prompts"),
            sum("totals", "prompts"),
            "{filters}"
        );
    }
    let sessions = |helpers: &str| {
        let job = server
            .get(&format!("/api/analytics/cost?wait=30&helpers={helpers}"))
            .json();
        job["totalSessionsAll"].as_u64().unwrap()
    };
    assert_eq!(
        (sessions("all"), sessions("without"), sessions("only")),
        (3, 2, 1)
    );
    assert_eq!(server.get("/api/analytics/cost?helpers=few").status, 400);
}

#[test]
fn one_more_response_is_in_the_figures() {
    let house = furnished();
    let server = house.serve();
    server.settled();
    let prompts = || {
        let job = server.get("/api/analytics/cost?wait=30&seen=1").json();
        (job["status"] == "done").then(|| job["prompts"].as_u64().unwrap())
    };
    let before = crate::house::wait_for("the figures", prompts);
    house
        .codex_session("cache")
        .prompt("and an egret")
        .answer("yes");
    crate::house::wait_for("the new prompt", || {
        prompts().filter(|now| *now == before + 1)
    });
}

#[test]
fn stars_and_tags_are_kept_and_need_the_token() {
    let house = furnished();
    let server = house.serve();
    server.settled();
    let cache = id_of("cache");
    let token = token(&house);
    let star = format!("/api/session/{cache}/star");
    let tag = format!("/api/session/{cache}/tag");
    assert_eq!(server.post(&star, "guessed", "").status, 403);
    assert_eq!(server.post(&star, &token, "").json()["on"], true);
    assert_eq!(server.post(&tag, &token, r#"{"tag": "bug"}"#).status, 200);
    let starred = server.get("/api/sessions?starred=1&tag=bug").json();
    assert_eq!(ids(&starred), [cache.as_str()]);
    assert_eq!(starred[0]["tags"], json!(["bug"]));
    assert_eq!(
        server.get("/api/tags").json(),
        json!([{"tag": "bug", "count": 1, "color": "red"}])
    );
    for body in [
        "{",
        "{}",
        r#"{"tag": ""}"#,
        r#"{"tag": "a\nb"}"#,
        r#"{"tag": 1}"#,
    ] {
        assert_eq!(server.post(&tag, &token, body).status, 400, "{body}");
    }
    assert_eq!(
        server
            .post("/api/session/none-such/star", &token, "")
            .status,
        404
    );
    // kept over a restart
    drop(server);
    let server = house.serve();
    server.settled();
    assert_eq!(ids(&server.get("/api/sessions?starred=1").json()), [cache]);
    let off = server
        .post(&star, &self::token(&house), r#"{"on": false}"#)
        .json();
    assert_eq!(off["on"], false);
    assert_eq!(server.get("/api/sessions?starred=1").json(), json!([]));
}

#[test]
fn status_endpoints_say_what_there_is() {
    let house = furnished();
    let server = house.serve();
    server.settled();
    let warming = server.get("/api/warming").json();
    assert_eq!(
        (&warming["running"], &warming["phase"]),
        (&json!(false), &json!("idle"))
    );
    let status = server.get("/api/index-status").json();
    assert_eq!(status["index"]["sessions"], 3);
    assert_eq!(status["index"]["hidden_sessions"], 1);
    assert_eq!(
        shape(&server.get("/api/sqlite-status").json()),
        shape(&status)
    );
    assert_eq!(
        server.get("/api/version").json(),
        json!({"current": env!("CARGO_PKG_VERSION"), "latest": null, "updateAvailable": false})
    );
    let health = server.get("/health");
    assert_eq!(health.status, 200);
    assert_eq!(health.json()["status"], "ok");
    assert_eq!(health.json()["lag"]["bytes"], 0);
}

/// Shapes of everything, from a house where nothing is empty.
#[test]
fn shapes_are_as_promised() {
    let house = furnished();
    let server = house.serve();
    server.settled();
    let cache = id_of("cache");
    let token = token(&house);
    server.post(
        &format!("/api/session/{cache}/tag"),
        &token,
        r#"{"tag": "bug"}"#,
    );
    let ask = |server: &Server, path: &str| shape(&server.get(path).json());
    for (name, path) in [
        ("sessions", "/api/sessions?project=/w/store".to_owned()),
        ("session", format!("/api/session/{cache}?role=tools")),
        ("preview", format!("/api/preview/{cache}")),
        ("cost", format!("/api/cost/{cache}")),
        ("stats", "/api/stats?by=day,session,model".to_owned()),
        ("search", "/api/search?q=flamingo&role=tool".to_owned()),
        ("projects", "/api/projects?project=/w/store".to_owned()),
        (
            "analytics",
            "/api/analytics/cost?wait=30&project=/w/store".to_owned(),
        ),
        ("leaderboard", "/api/leaderboard?wait=30".to_owned()),
        ("changelog", "/api/changelog".to_owned()),
        ("warming", "/api/warming".to_owned()),
        ("index-status", "/api/index-status".to_owned()),
        ("health", "/health".to_owned()),
        ("version", "/api/version".to_owned()),
        ("tags", "/api/tags".to_owned()),
        ("error", "/api/search".to_owned()),
        ("session-missing", "/api/session/no-such-session".to_owned()),
    ] {
        insta::assert_snapshot!(name, ask(&server, &path));
    }
    let posted = |path: &str, body: &str| shape(&server.post(path, &token, body).json());
    let star = posted(&format!("/api/session/{cache}/star"), "");
    insta::assert_snapshot!("star", star);
    let tag = posted(&format!("/api/session/{cache}/tag"), r#"{"tag": "bug"}"#);
    insta::assert_snapshot!("tag", tag);
    let stream = events(&server, &format!("/api/session/{cache}/stream"));
    let stream = stream
        .iter()
        .map(|(name, data)| format!("event {name}\n{}", shape(data)));
    insta::assert_snapshot!("stream", stream.collect::<Vec<_>>().join("\n"));
}

/// Sessions of a repository and its worktree on two branches, one of them tagged.
#[test]
fn facets_of_sessions_are_counted_and_ticked_in_a_search() {
    let house = house();
    let root = house.path("orbit");
    let tree = house.path("orbit-fix");
    std::fs::create_dir_all(root.join(".git/worktrees/orbit-fix")).unwrap();
    std::fs::create_dir_all(&tree).unwrap();
    let link = format!(
        "gitdir: {}\n",
        root.join(".git/worktrees/orbit-fix").display()
    );
    std::fs::write(tree.join(".git"), link).unwrap();
    std::fs::write(root.join(".git/worktrees/orbit-fix/commondir"), "../..\n").unwrap();
    let (root, tree) = (root.to_str().unwrap(), tree.to_str().unwrap());
    for (name, cwd, branch) in [
        ("one", root, "main"),
        ("two", tree, "fix/lamp"),
        ("three", "/w/elsewhere", "main"),
    ] {
        let session = house.claude_session(name).cwd(cwd).branch(branch);
        session
            .prompt(&format!("light lantern {name}"))
            .answer("lit");
    }
    let server = house.serve();
    server.settled();
    let tagged = server.post(
        &format!("/api/session/{}/tag", id_of("one")),
        &token(&house),
        r#"{"tag": "keep"}"#,
    );
    assert_eq!(tagged.status, 200);
    // repositories are found in the background
    crate::house::wait_for("the repository", || {
        let found = server.get("/api/search?q=lantern").json();
        (found["facets"]["repo"][0]["count"] == 2).then_some(())
    });
    let asked = |query: &str| {
        let found = server.get(&format!("/api/search?q=lantern{query}")).json();
        let counts = |field: &str| {
            let values = found["facets"][field].as_array().unwrap().iter();
            let told = values.map(|value| {
                let tick = if value["ticked"] == true { "*" } else { "" };
                format!(
                    "{}={}{tick}",
                    value["label"].as_str().unwrap(),
                    value["count"]
                )
            });
            told.collect::<Vec<_>>().join(" ")
        };
        let total = found["total"].as_u64().unwrap();
        (total, counts("repo"), counts("branch"), counts("tag"))
    };
    let told = |total, repo: &str, branch: &str, tag: &str| {
        (total, repo.to_owned(), branch.to_owned(), tag.to_owned())
    };
    assert_eq!(asked(""), told(3, "orbit=2", "main=2 fix/lamp=1", "keep=1"));
    assert_eq!(
        asked("&branch=main"),
        told(2, "orbit=1", "main=2* fix/lamp=1", "keep=1")
    );
    assert_eq!(
        asked("&branch=main&branch=fix/lamp"),
        told(3, "orbit=2", "main=2* fix/lamp=1*", "keep=1")
    );
    assert_eq!(
        asked(&format!("&repo={root}&branch=fix/lamp")),
        told(1, "orbit=1*", "fix/lamp=1* main=1", "")
    );
    assert_eq!(asked("&tag=keep"), told(1, "orbit=1", "main=1", "keep=1*"));

    // the same from a terminal
    let ids_of = |args: &[&str]| {
        let run = house.run(&[&["search", "lantern", "--json"], args].concat());
        let found = run.ok().json();
        let hits = found["results"].as_array().unwrap().iter();
        let mut ids: Vec<String> = hits
            .map(|hit| hit["sessionId"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    };
    let sorted = |names: &[&str]| {
        let mut ids: Vec<String> = names.iter().map(|name| id_of(name)).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids_of(&["--repo", "orbit"]), sorted(&["one", "two"]));
    assert_eq!(
        ids_of(&["--repo", tree, "--branch", "main"]),
        sorted(&["one"])
    );
    assert_eq!(
        ids_of(&["--branch", "main", "--branch", "fix/lamp"]),
        sorted(&["one", "two", "three"])
    );
    assert_eq!(ids_of(&["--tag", "keep"]), sorted(&["one"]));
    house
        .run(&["search", "lantern", "--repo", "nowhere"])
        .fails(2);
}

#[test]
fn titles_tags_bulk_and_saved_searches() {
    let house = furnished();
    let server = house.serve();
    server.settled();
    let token = token(&house);
    let (cache, long) = (id_of("cache"), id_of("long"));
    let post = |path: &str, body: &str| server.post(path, &token, body);

    let title = format!("/api/session/{cache}/title");
    assert_eq!(post(&title, r#"{"title": "Cache of birds"}"#).status, 200);
    let session = server.get(&format!("/api/session/{cache}")).json();
    let named = |field: &str| session["session"][field].clone();
    assert_eq!(
        (named("session_name"), named("name"), named("agent_title")),
        (
            json!("Cache of birds"),
            json!("Cache of birds"),
            json!("add a flamingo cache layer")
        )
    );
    let found = server.get("/api/search?q=flamingo").json();
    assert_eq!(found["results"][0]["session"]["name"], "Cache of birds");
    assert_eq!(post(&title, r#"{"title": ""}"#).status, 200);
    let session = server.get(&format!("/api/session/{cache}")).json();
    assert_eq!(session["session"]["agent_title"], json!(null));

    let both = json!({"ids": [cache, long], "tag": "bird"}).to_string();
    assert_eq!(post("/api/bulk", &both).status, 200);
    let broken = json!({"ids": [cache, "no-such-session"], "star": true}).to_string();
    assert_eq!(post("/api/bulk", &broken).status, 404);
    let starred = server.get("/api/sessions?starred=1").json();
    assert_eq!(ids(&starred), Vec::<&str>::new(), "all or none");
    post(
        "/api/tags",
        r#"{"tag": "bird", "rename": "feather", "color": "pink"}"#,
    );
    assert_eq!(
        server.get("/api/tags").json(),
        json!([{"tag": "feather", "count": 2, "color": "pink"}])
    );
    for bad in [
        r#"{"tag": "feather", "color": "mauve"}"#,
        r#"{"tag": "feather", "rename": ""}"#,
        r#"{"tag": ""}"#,
    ] {
        let status = post("/api/tags", bad).status;
        assert!(status == 400 || bad.contains(r#""tag": """#), "{bad}");
    }

    let saved = r#"{"name": "Feathers", "query": "tag=feather&offset=60&nonsense=1"}"#;
    assert_eq!(
        post("/api/saved", saved).json(),
        json!([{"id": 1, "name": "Feathers", "path": "/", "query": "tag=feather"}])
    );
    assert_eq!(
        post("/api/saved", r#"{"name": "x", "path": "/status"}"#).status,
        400
    );
    post("/api/saved", r#"{"id": 1, "remove": true}"#);
    assert_eq!(server.get("/api/saved").json(), json!([]));
}

#[test]
fn closed_facets_filter_and_name_what_they_allow() {
    let house = furnished();
    let server = house.serve();
    server.settled();
    for (query, want) in [
        ("length=50-199", vec!["long"]),
        ("length=0-9&length=50-199", vec!["long", "cache"]),
        ("helper=scripted", vec!["lane"]),
        ("helper=none", vec!["long", "cache"]),
        ("has=errors", vec![]),
        ("cost=0-0.1", vec!["long", "cache"]),
        ("cost=unknown", vec![]),
        ("cost=1-10", vec![]),
        ("mcp=none-of-that", vec![]),
    ] {
        let want: Vec<String> = want.into_iter().map(id_of).collect();
        let got = server.get(&format!("/api/sessions?{query}")).json();
        assert_eq!(ids(&got), want, "{query}");
    }
    for (query, allowed) in [
        ("length=short", "0-9"),
        ("helper=me", "scripted"),
        ("has=bugs", "errors, sub-agents"),
        ("cost=5", "0.1-1"),
    ] {
        let refused = server.get(&format!("/api/sessions?{query}"));
        assert_eq!(refused.status, 400, "{query}");
        let error = refused.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(allowed), "{error}");
    }
    let found = server.get("/api/search?q=flamingo&helper=scripted").json();
    assert_eq!(found["total"], 1, "a search knows them too");
}
