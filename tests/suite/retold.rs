//! What is retold from sources and beside them: the record of a message, its pictures, exports, replay,
//! and the commits of the session's repository.

use crate::agents::{cases, home};
use crate::house::{House, house, id_of};
use crate::site::Site;
use codedash::config::Config;
use codedash::engine::Engine;
use codedash::engine::view::{RawAnswer, SessionsQuery, TranscriptItem};
use codedash::model::Sid;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// A PNG and a GIF of one pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const GIF: &str = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
const SVG: &str = "PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=";

/// The bytes of a record, its pieces one after the other; a word for why there are none.
fn record(engine: &Engine, sid: Sid, seq: u32) -> Result<Vec<u8>, &'static str> {
    match engine.raw(sid, seq).unwrap() {
        RawAnswer::Found(pieces) => {
            let mut bytes = Vec::new();
            for mut piece in pieces {
                piece.content.read_to_end(&mut bytes).unwrap();
                bytes.push(b'\n');
            }
            Ok(bytes)
        }
        RawAnswer::NoMessage => Err("no message"),
        RawAnswer::Gone => Err("gone"),
        RawAnswer::Unplaced => Err("unplaced"),
    }
}

fn messages(engine: &Engine, sid: Sid) -> Vec<TranscriptItem> {
    let mut all = Vec::new();
    engine
        .each_message(sid, &mut |item| {
            all.push(item);
            true
        })
        .unwrap();
    all
}

/// Everything that is said in a record: of JSON its keys and strings, and those inside of strings.
fn said(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut all = text.to_string();
    let mut values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
    while let Some(Ok(value)) = values.next() {
        collect(&value, &mut all);
    }
    all
}

fn collect(value: &Value, all: &mut String) {
    match value {
        Value::Object(members) => {
            // a text that was spread into an object of its letters
            let letters = members.iter().map(|(key, value)| {
                let place: Option<usize> = key.parse().ok();
                place.zip(value.as_str().filter(|letter| letter.len() == 1))
            });
            if let Some(mut letters) = letters.collect::<Option<Vec<_>>>() {
                letters.sort();
                all.extend(letters.iter().map(|(_, letter)| *letter));
            }
            for (key, value) in members {
                all.push_str(&format!("\n{key}\n"));
                collect(value, all);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, all)),
        Value::String(text) => {
            all.push_str(&format!("\n{text}\n"));
            if let Ok(inner @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text) {
                collect(&inner, all);
            }
        }
        other => all.push_str(&format!("\n{other}\n")),
    }
}

/// Words that a record must hold for its message: nothing of what stands for data or was made here.
fn words(item: &TranscriptItem) -> BTreeSet<String> {
    let mut text = String::new();
    let mut rest = item.text.as_str();
    while let Some((before, behind)) = rest.split_once('[') {
        text.push_str(before);
        rest = behind.split_once(']').map_or("", |(_, rest)| rest);
    }
    text.push_str(rest);
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() > 2)
        .map(str::to_lowercase)
        .collect()
}

/// Rooms of which no record can be shown, with why. It is empty, and shall stay so.
const CANNOT: [(&str, &str); 0] = [];

/// How notes begin that a room writes itself where an agent keeps nothing that can be read.
const OWN_WORDS: [&str; 2] = [
    "The agent kept no transcript of this conversation",
    "The answers of this conversation are kept encrypted",
];

#[test]
fn every_message_of_every_agent_has_its_record() {
    let mut wrong = Vec::new();
    let mut cannot = BTreeSet::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for case in cases() {
        let folder = tempfile::tempdir().unwrap();
        let config = Arc::new(Config::for_home(&home(&case), &folder.path().join("data")));
        config.make_dirs().unwrap();
        let engine = codedash::cli::open::stores(config).unwrap().engine;
        let index = codedash::cli::open::index(&engine).unwrap();
        index.bring_up_to_date(&engine, false).unwrap();
        let mut query = SessionsQuery {
            limit: usize::MAX,
            ..SessionsQuery::default()
        };
        (query.filters.include_helpers, query.filters.include_empty) = (true, true);
        for (sid, session) in engine.session_rows(&query).unwrap().rows {
            let agent = session.key.agent.to_string();
            for item in messages(&engine, sid) {
                let at = format!("{agent} {} #{}", session.key.native, item.seq);
                let bytes = match record(&engine, sid, item.seq) {
                    Ok(bytes) => bytes,
                    Err(why) => {
                        cannot.insert((agent.clone(), why));
                        wrong.push(format!("{at}: {why}"));
                        continue;
                    }
                };
                *seen.entry(agent.clone()).or_default() += 1;
                if OWN_WORDS.iter().any(|own| item.text.starts_with(own)) {
                    continue;
                }
                let (words, said) = (words(&item), said(&bytes).to_lowercase());
                let known = words.iter().filter(|word| said.contains(*word)).count();
                if known * 10 < words.len() * 6 {
                    let record = String::from_utf8_lossy(&bytes)
                        .chars()
                        .take(300)
                        .collect::<String>();
                    wrong.push(format!(
                        "{at}: {:?} is not in {record}",
                        item.text.chars().take(200).collect::<String>()
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {seen:?}\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    let cannot: Vec<(&str, &str)> = cannot
        .iter()
        .map(|(agent, why)| (agent.as_str(), *why))
        .collect();
    assert_eq!(cannot, CANNOT);
    let agents: BTreeSet<&str> = codedash::agents::AGENTS
        .iter()
        .map(|room| room.info().id)
        .collect();
    let missing: Vec<_> = agents
        .iter()
        .filter(|id| !seen.contains_key(**id))
        .collect();
    assert!(missing.is_empty(), "no fixture speaks for {missing:?}");
}

/// A prompt with pictures, as Claude Code writes it.
fn pictured(house: &House) {
    let block = |media: &str, data: &str| json!({"type": "image", "source": {"type": "base64", "media_type": media, "data": data}});
    let text = |text: &str| json!({"type": "text", "text": text});
    let line = |name: &str, content: Value| {
        let line = json!({"type": "user", "uuid": id_of(name), "sessionId": id_of("seen"),
            "timestamp": "2026-03-08T10:00:00.000Z", "cwd": "/w/app",
            "message": {"role": "user", "content": content}});
        format!("{line}\n")
    };
    let remote =
        json!({"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}});
    let bomb = PNG.replace("AAAAEAAAAB", "AP//8A//8A");
    house
        .claude_session("seen")
        .raw(&line(
            "one",
            json!([
                text("what is this"),
                block("image/png", PNG),
                block("image/gif", GIF)
            ]),
        ))
        .raw(&line(
            "two",
            json!([text("and this"), block("image/svg+xml", SVG)]),
        ))
        .raw(&line(
            "three",
            json!([text("or these"), remote, block("image/png", PNG)]),
        ))
        .raw(&line(
            "four",
            json!([text("and that"), block("image/png", &bomb)]),
        ));
}

#[tokio::test]
async fn pictures_come_out_of_the_source_and_nothing_else_does() {
    let house = house();
    pictured(&house);
    let site = Site::new(house.engine());
    let image = |seq: u32, number: &str| format!("/session/{}/image/{seq}/{number}", id_of("seen"));
    for (seq, number, kind) in [
        (0, "0", "image/png"),
        (0, "1", "image/gif"),
        (2, "1", "image/png"),
    ] {
        let reply = site.get(&image(seq, number)).await;
        assert_eq!(reply.status, 200, "{seq}/{number}: {}", reply.text());
        assert_eq!(
            (
                reply.header("content-type"),
                reply.header("content-disposition")
            ),
            (kind, "inline")
        );
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
    }
    // a drawing, an address elsewhere, a bomb, and what is not there
    for (seq, number) in [
        (0, "2"),
        (0, "4294967295"),
        (1, "0"),
        (2, "0"),
        (3, "0"),
        (9, "0"),
    ] {
        let reply = site.get(&image(seq, number)).await;
        assert_eq!(reply.status, 404, "{seq}/{number}");
        assert!(reply.header("content-type").starts_with("text/html"));
    }
    for odd in ["-1", "x", "0.png"] {
        assert_eq!(site.get(&image(0, odd)).await.status, 400, "{odd}");
    }
}

#[tokio::test]
async fn pictures_in_files_are_shown_while_they_are_there() {
    let house = house();
    let png = base64(PNG);
    let desk = house.home().join("desk");
    std::fs::create_dir_all(&desk).unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = desk.join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let shot = put("a shot.png", &png);
    let key = put("key.png", b"-----BEGIN KEY-----");
    let plain = put("plain", &png);
    let at = |url: &str| json!({"type": "image", "source": {"type": "url", "url": url}});
    let prompt = |name: &str, content: Value| {
        let line = json!({"type": "user", "uuid": id_of(name), "sessionId": id_of("seen"),
            "timestamp": "2026-03-08T10:00:00.000Z", "cwd": "/w/app",
            "message": {"role": "user", "content": content}});
        format!("{line}\n")
    };
    let text = |text: &str| json!({"type": "text", "text": text});
    let embedded = json!({"type": "image", "source": {"type": "base64", "media_type": "image/gif", "data": GIF}});
    house
        .claude_session("seen")
        .raw(&prompt(
            "one",
            json!([
                text("see"),
                at(&shot),
                embedded,
                at(&format!("file://{shot}"))
            ]),
        ))
        .raw(&prompt(
            "two",
            json!([
                text("see"),
                at(&key),
                at(&plain),
                at(&format!("{shot}/../key.png"))
            ]),
        ))
        // whoever types a stub has no picture by it
        .raw(&prompt("three", json!([text(&format!("[image, {shot}]"))])));
    let local = json!({"timestamp": "2026-03-08T10:00:01.000Z", "type": "event_msg",
        "payload": {"type": "user_message", "message": "and this", "local_images": [&shot]}});
    house.codex_session("drawn").raw(&format!("{local}\n"));
    let site = Site::new(house.engine());
    let kind = async |name: &str, seq: u32, number: u32| {
        let path = format!("/session/{}/image/{seq}/{number}", id_of(name));
        let reply = site.get(&path).await;
        if reply.status == 200 {
            assert_eq!(reply.header("x-content-type-options"), "nosniff");
            return reply.header("content-type").to_owned();
        }
        reply.status.as_str().to_owned()
    };
    for (name, seq, number, want) in [
        ("seen", 0, 0, "image/png"),
        ("seen", 0, 1, "image/gif"),
        ("seen", 0, 2, "image/png"),
        ("seen", 0, 3, "404"),
        ("seen", 1, 0, "404"),
        ("seen", 1, 1, "404"),
        ("seen", 1, 2, "404"),
        ("seen", 2, 0, "404"),
        ("drawn", 0, 0, "image/png"),
        ("drawn", 0, 1, "404"),
    ] {
        assert_eq!(kind(name, seq, number).await, want, "{name} {seq}/{number}");
    }
    let page = site.text(&format!("/session/{}", id_of("drawn"))).await;
    assert!(page.contains("/image/0/0"), "the page shows it");
    std::fs::remove_file(&shot).unwrap();
    assert_eq!(kind("seen", 0, 0).await, "404");
    assert_eq!(kind("seen", 0, 1).await, "image/gif");
}

fn base64(text: &str) -> Vec<u8> {
    codedash::agents::read::picture::decode(text.as_bytes())
        .unwrap()
        .bytes
}

#[tokio::test]
async fn a_record_is_shown_as_the_agent_wrote_it() {
    let house = house();
    let session = house
        .claude_session("lamp")
        .prompt("light the lantern")
        .tool("Bash", "ls", "<script>alert(1)</script>");
    let text = std::fs::read_to_string(session.path()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let site = Site::new(house.engine());
    let id = id_of("lamp");
    for (seq, line) in lines.iter().enumerate() {
        let plain = site
            .get(&format!("/api/session/{id}/raw/{seq}?format=plain"))
            .await;
        assert_eq!(plain.text(), *line);
        assert_eq!(plain.header("content-type"), "text/plain; charset=utf-8");
        let json = site
            .get(&format!("/api/session/{id}/raw/{seq}?limit=10"))
            .await
            .json();
        let piece = &json["pieces"][0];
        assert_eq!(piece["line"], seq as u64 + 1);
        assert_eq!(piece["bytes"], line.len() as u64);
        assert_eq!(
            (piece["cut"].clone(), piece["content"].as_str()),
            (json!(true), line.get(..10))
        );
        assert!(piece["path"].as_str().unwrap().ends_with(".jsonl"));
    }
    let page = site.get(&format!("/session/{id}/raw/2")).await.text();
    assert!(page.contains("line 3") && page.contains("/raw/1\"") && !page.contains("/raw/3\""));
    assert!(!page.contains("<script>alert"), "a record is text");
    let fragment = site
        .get(&format!("/fragments/session/{id}/raw/0"))
        .await
        .text();
    assert!(fragment.contains("light the lantern") && !fragment.contains("<html"));
    let attached = site
        .get(&format!("/api/session/{id}/raw/0?format=plain&download=1"))
        .await;
    assert_eq!(
        attached.header("content-disposition"),
        "attachment; filename=\"record-0.txt\""
    );
    for path in ["raw/3", "raw/4294967295"] {
        let reply = site.get(&format!("/session/{id}/{path}")).await;
        assert_eq!(reply.status, 404, "{path}");
    }
    for path in ["raw/x", "raw/-1", "raw/..%2f..%2fetc"] {
        let reply = site.get(&format!("/session/{id}/{path}")).await;
        assert!(reply.status.is_client_error(), "{path}: {}", reply.status);
    }
}

#[tokio::test]
async fn a_huge_record_is_cut_on_the_page_and_whole_as_a_download() {
    let house = house();
    let output = "0123456789abcdef".repeat(1 << 16);
    let session = house
        .claude_session("long")
        .prompt("print it")
        .tool("Bash", "yes", &output);
    let line = std::fs::read_to_string(session.path())
        .unwrap()
        .lines()
        .nth(2)
        .unwrap()
        .len();
    let site = Site::new(house.engine());
    let id = id_of("long");
    let page = site.get(&format!("/session/{id}/raw/2")).await.text();
    assert!(page.len() < 400_000, "{}", page.len());
    assert!(
        page.contains("262 kB of") && page.contains("format=plain&#38;download=1"),
        "{}",
        &page[..2000]
    );
    let whole = site
        .get(&format!("/api/session/{id}/raw/2?format=plain"))
        .await;
    assert_eq!(whole.bytes.len(), line);
}

#[tokio::test]
async fn what_the_agent_has_deleted_is_said() {
    let house = house();
    let path = house
        .claude_session("lost")
        .prompt("keep me")
        .answer("kept")
        .path()
        .to_owned();
    pictured(&house);
    let site = Site::new(house.engine());
    let id = id_of("lost");
    // since the last look
    std::fs::remove_file(&path).unwrap();
    let page = site.get(&format!("/session/{id}/raw/0")).await;
    assert_eq!(page.status, 200);
    assert!(
        page.text()
            .contains("has deleted the source of this session"),
        "{}",
        page.text()
    );
    let api = site.get(&format!("/api/session/{id}/raw/0")).await;
    assert_eq!(api.status, 404);
    assert!(api.json()["error"].as_str().unwrap().contains("deleted"));
    assert_eq!(
        site.get(&format!("/session/{id}/image/0/0")).await.status,
        404
    );
    let export = site.get(&format!("/session/{id}/export")).await.text();
    assert!(
        export.contains("keep me") && export.contains("kept"),
        "{export}"
    );
    // what stands in its place by now is another file: nothing of it is shown for the message
    let other = house.path("secret.txt");
    std::fs::write(&other, "nothing of a transcript\n").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&other, &path).unwrap();
    let api = site.get(&format!("/api/session/{id}/raw/0")).await;
    assert_eq!(api.status, 404);
    assert!(!api.text().contains("nothing of a transcript"));
}

fn furnished() -> House {
    let house = house();
    house
        .claude_session("lamp")
        .at("2026-03-08T09:00:00Z")
        .prompt("light the **lantern**\n```\nopen fence")
        .thinking("where is it?")
        .failing_tool("Bash", "cargo test", "```\nFAILED\n```")
        .answer("It is lit.")
        .title("Light \"the\" lantern / <now>");
    house
        .codex_session("count")
        .cwd("/w/store")
        .prompt("count every lantern")
        .tool("shell", "ls lantern", "one two three")
        .answer("three");
    house
}

#[tokio::test]
async fn a_session_goes_out_as_markdown_and_as_json() {
    let house = furnished();
    let site = Site::new(house.engine());
    let id = id_of("lamp");
    let reply = site.get(&format!("/session/{id}/export")).await;
    assert_eq!(reply.header("content-type"), "text/markdown; charset=utf-8");
    let name = format!("attachment; filename=\"session-{}.md\"", &id[..8]);
    assert_eq!(reply.header("content-disposition"), name);
    let text = reply.text();
    for part in [
        "# Light \"the\" lantern / <now>\n",
        "- **Project:** `/w/app`\n",
        "## User, 2026-03-08 09:00:00\n\nlight the **lantern**\n```\nopen fence\n```\n",
        "*Thinking*\n\n> where is it?\n",
        "### Bash: `cargo test`\n",
        "*Output of Bash, failed*\n\n````\n```\nFAILED\n```\n````\n",
        "\nIt is lit.\n",
    ] {
        assert!(text.contains(part), "{part}\n---\n{text}");
    }
    assert_eq!(
        text,
        site.get(&format!("/api/session/{id}/export")).await.text()
    );
    let bare = site
        .get(&format!("/session/{id}/export?tools=0&thinking=0"))
        .await
        .text();
    assert!(
        !bare.contains("cargo test") && !bare.contains("where is it"),
        "{bare}"
    );
    assert_eq!(bare.matches("\n## ").count(), 2, "{bare}");

    let reply = site.get(&format!("/session/{id}/export.json")).await;
    assert_eq!(reply.header("content-type"), "application/json");
    let json = reply.json();
    assert_eq!(json["session"]["id"], id);
    let roles: Vec<&str> = json["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["user", "thinking", "tool", "output", "assistant"]);
    assert_eq!(site.get("/session/nobody/export").await.status, 404);
    assert_eq!(
        site.get("/api/session/nobody/export").await.json()["error"],
        "there is no session nobody"
    );
}

#[tokio::test]
async fn several_sessions_go_out_as_an_archive() {
    let house = furnished();
    let site = Site::new(house.engine());
    let form = format!(
        "id={}&id={}&id={}",
        id_of("lamp"),
        id_of("count"),
        id_of("lamp")
    );
    assert_eq!(
        site.post_with("/export", &[], &form).await.status,
        403,
        "without a token"
    );
    let reply = site.post("/export", &format!("{form}&thinking=0")).await;
    assert_eq!(reply.header("content-type"), "application/zip");
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(reply.bytes)).unwrap();
    let names = zip.file_names();
    let mut names: Vec<String> = names.map(|name| name.unwrap().into_owned()).collect();
    names.sort();
    let lamp = format!(
        "2026-03-08-light-the-lantern-now-{}.md",
        &id_of("lamp")[..8]
    );
    let count = format!("2026-11-02-count-every-lantern-{}.md", &id_of("count")[..8]);
    assert_eq!(names, [lamp.clone(), count]);
    let mut text = String::new();
    zip.by_name(&lamp)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert!(
        text.contains("It is lit.") && !text.contains("where is it"),
        "{text}"
    );
    for bad in ["", "&id=nobody", "&id="] {
        let reply = site.post("/export", bad.trim_start_matches('&')).await;
        assert!(reply.status.is_client_error(), "{bad}: {}", reply.status);
    }
}

#[test]
fn the_command_line_exports_too() {
    let house = furnished();
    let id = id_of("lamp");
    let own = house.run(&["export", &id[..8]]).ok().out;
    assert!(
        own.contains("It is lit.") && own.starts_with("# Light"),
        "{own}"
    );
    let server = house.serve();
    server.settled();
    let asked = house.run(&["export", &id[..8], "--no-tools"]).ok().out;
    assert!(
        asked.contains("It is lit.") && !asked.contains("cargo test"),
        "{asked}"
    );
    house.run(&["export", &id, "--out", "session.md"]).ok();
    assert_eq!(
        std::fs::read_to_string(house.path("session.md")).unwrap(),
        own
    );
    let again = house
        .run(&["export", &id, "--out", "session.md"])
        .fails(1)
        .err;
    assert!(again.contains("session.md"), "{again}");
    house.run(&["export", "nobody-here"]).fails(1);
    drop(server);
    house
        .run(&["export", "nobody-here", "--out", "none.md"])
        .fails(1);
    assert!(!house.path("none.md").exists());
}

#[tokio::test]
async fn a_replay_goes_step_by_step_without_a_script() {
    let house = house();
    let mut session = house.codex_session("many").prompt("count to ninety");
    for n in 0..90 {
        session = session.answer(&format!("number-{n}."));
    }
    drop(session);
    let site = Site::new(house.engine());
    let replay = format!("/session/{}/replay", id_of("many"));
    let first = site.get(&replay).await.text();
    assert!(first.contains("1 of 91") && first.contains("at=1\"") && !first.contains("number-0."));
    let middle = site.get(&format!("{replay}?at=45&speed=5")).await.text();
    assert!(
        middle.contains("46 of 91")
            && middle.contains("number-44.")
            && !middle.contains("number-45.")
    );
    assert!(
        middle.contains("at=44\"") && middle.contains("speed=5&#38;at=46\""),
        "{middle}"
    );
    assert!(middle.contains("<option value=\"5\" selected"));
    assert!(
        !middle.contains("number-20."),
        "the page holds a window of it"
    );
    for beyond in ["91", "99999999999999999999", "4294967296"] {
        let last = site.get(&format!("{replay}?at={beyond}&speed=1000")).await;
        assert_eq!(last.status, 200, "{beyond}");
        let last = last.text();
        // a number that is none is no place at all
        assert!(
            last.contains("91 of 91") || last.contains("1 of 91"),
            "{beyond}"
        );
        assert!(last.contains("<option value=\"1\" selected"));
    }
    let steps = site
        .get(&format!("/fragments{replay}/steps?offset=50"))
        .await
        .text();
    assert_eq!(steps.matches("<li class=\"replay-step\"").count(), 41);
    assert!(steps.contains("data-step=\"50\"") && steps.contains("data-at=\""));

    let api = site
        .get(&format!("/api/replay/{}?offset=1&limit=2", id_of("many")))
        .await
        .json();
    assert_eq!(api["messages"][0]["content"], "number-0.");
    assert_eq!(
        (api["total"].as_u64(), api["next"].as_u64()),
        (Some(91), Some(3))
    );
    assert_eq!(
        api["endMs"].as_i64().unwrap() - api["startMs"].as_i64().unwrap(),
        api["duration"].as_i64().unwrap()
    );
    assert_eq!(
        api["messages"][1]["ms"].as_i64().unwrap() - api["messages"][0]["ms"].as_i64().unwrap(),
        120_000
    );
}

fn git(folder: &Path, args: &[&str], at: &str) {
    let run = std::process::Command::new("git")
        .args(["-c", "user.name=Ann", "-c", "user.email=ann@example.com"])
        .args(args)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", folder.join("none"))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_DATE", at)
        .env("GIT_COMMITTER_DATE", at)
        .output();
    assert!(
        run.expect("the tests of git need git").status.success(),
        "{args:?}"
    );
}

#[tokio::test]
async fn commits_beside_a_session_are_told_and_only_of_known_projects() {
    let house = house();
    let work = house.path("work");
    std::fs::create_dir(&work).unwrap();
    git(
        &work,
        &["init", "--quiet", "--initial-branch=main"],
        "2026-03-08T08:00:00Z",
    );
    for (name, at) in [
        ("before <b>", "2026-03-08T08:59:00Z"),
        ("light <b>it</b>", "2026-03-08T09:01:30Z"),
    ] {
        std::fs::write(work.join("lamp"), name).unwrap();
        git(&work, &["add", "--all"], at);
        git(&work, &["commit", "--quiet", "--message", name], at);
    }
    let path = work.to_str().unwrap();
    let lit = |name: &str, cwd: &str| {
        let session = house
            .claude_session(name)
            .cwd(cwd)
            .at("2026-03-08T09:00:00Z");
        session
            .prompt("light it")
            .tool("Bash", "git commit", "done")
            .answer("lit");
    };
    lit("lamp", path);
    lit("away", "/no/such/folder/anywhere");
    lit("option", "--upload-pack=touch");
    let site = Site::new(house.engine());
    let block = |name: &str| format!("/fragments/session/{}/commits", id_of(name));
    let told = site.get(&block("lamp")).await.text();
    assert!(
        told.contains("light &#60;b&#62;it") && !told.contains("before"),
        "{told}"
    );
    assert!(told.contains("1 file ") && told.contains("+1"), "{told}");
    for name in ["away", "option"] {
        let told = site.get(&block(name)).await.text();
        assert!(told.contains("not on this machine"), "{told}");
    }
    let api = site
        .get(&format!("/api/git-commits?session={}", id_of("lamp")))
        .await
        .json();
    assert_eq!(api.as_array().unwrap().len(), 1);
    assert_eq!(api[0]["message"], "light <b>it</b>");
    let info = site
        .get(&format!("/api/git-info?session={}", id_of("lamp")))
        .await
        .json();
    assert_eq!(
        (info["branch"].as_str(), info["lastCommit"].as_str()),
        (Some("main"), Some("light <b>it</b>"))
    );
    assert_eq!(info["isDirty"], Value::Null, "git status is never asked");
    let of = |query: &str| format!("/api/git-commits?{query}");
    let all = site.get(&of(&format!("project={path}"))).await.json();
    assert_eq!(all.as_array().unwrap().len(), 2);
    let some = site
        .get(&of(&format!("project={path}&from=0&to=1772960370000")))
        .await
        .json();
    assert_eq!(some.as_array().unwrap().len(), 1);
    // the folder is there and a repository, but no session names it
    let below = work.join(".git");
    for (query, status) in [
        (format!("project={}", below.display()), 404),
        (format!("project={path}/../work"), 404),
        ("project=/".to_owned(), 404),
        ("session=nobody".to_owned(), 404),
        (String::new(), 400),
        (format!("project={path}&from=x"), 400),
    ] {
        assert_eq!(site.get(&of(&query)).await.status, status, "{query}");
        let info = format!("/api/git-info?{query}");
        assert!(
            !query.contains("from=") && site.get(&info).await.status == status
                || query.contains("from="),
            "{info}"
        );
    }
}
