//! The program as a person or a script runs it.

use crate::house::{House, Server, house, id_of, wait_for};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;

const VERBS: [&str; 9] = [
    "serve",
    "index",
    "search",
    "list",
    "show",
    "export",
    "stats",
    "doctor",
    "completions",
];

/// Two agents, two projects, a helper run.
fn furnished() -> House {
    let house = house();
    house
        .claude_session("login")
        .title("Repair the login")
        .prompt("fix the login of the flamingo page")
        .thinking("the cookie is gone")
        .tool("Bash", "cargo test login", "test login ... FAILED")
        .answer("the flamingo cookie is kept now");
    house
        .codex_session("cache")
        .cwd("/w/store")
        .prompt("add a cache layer")
        .tool("shell", "grep -r flamingo .", "nothing found")
        .answer("there is a cache");
    house
        .codex_session("lane")
        .originator("codex_exec")
        .prompt("count the flamingo files")
        .answer("seven");
    house
}

#[test]
fn every_verb_explains_itself_with_examples() {
    let house = house();
    let help = house.run(&["--help"]).ok().out;
    for verb in VERBS {
        assert!(help.contains(verb), "{help}");
        let help = house.run(&[verb, "--help"]).ok().out;
        assert!(help.contains("Usage: codedash"), "{help}");
        assert!(help.contains("codedash ") && help.contains(verb), "{help}");
    }
    for word in ["CODEDASH_HOME", "config.toml", "Exit codes"] {
        assert!(help.contains(word), "{help}");
    }
    assert!(!house.data().exists(), "help touches nothing");
}

#[test]
fn what_is_wrongly_asked_is_code_two() {
    let house = house();
    let run = house.run(&["serach", "x"]).fails(2);
    assert!(
        run.err.contains("search") && run.err.contains("--help"),
        "{}",
        run.err
    );
    house.run(&["list", "--nonsense"]).fails(2);
    house.run(&["search"]).fails(2);
    let run = house.run(&["list", "--agent", "nobody"]).fails(2);
    assert!(run.err.contains("claude"), "{}", run.err);
    let run = house.run(&["list", "--since", "soonish"]).fails(2);
    assert!(
        run.err.contains("--since") && run.err.contains("7d"),
        "{}",
        run.err
    );
}

#[test]
fn completions_for_every_shell() {
    let house = house();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = house.run(&["completions", shell]).ok().out;
        assert!(script.contains("doctor"), "{shell}");
    }
    house.run(&["completions", "csh9"]).fails(2);
}

#[test]
fn a_wrong_setting_is_one_sentence_with_file_key_and_what_is_allowed() {
    let house = house();
    for (text, words) in [
        ("prot = 1", ["config.toml", "\"prot\"", "port, host"]),
        ("port = 'x'", ["config.toml", "port", "whole number"]),
        ("zone = 'Mars/X'", ["config.toml", "zone", "time zone"]),
        ("port = ", ["config.toml", "line 1", "TOML"]),
    ] {
        house.write_config(text);
        let err = house.run(&["list"]).fails(1).err;
        for word in words {
            assert!(err.contains(word), "{text}: {err}");
        }
        assert_eq!(err.lines().count(), 1, "{text}: {err}");
    }
    house.write_config("");
    let err = house
        .run(&["list", "--root", "/nowhere/at/all"])
        .fails(1)
        .err;
    assert!(err.contains("/nowhere/at/all"), "{err}");
}

#[test]
fn lists_searches_and_shows_without_a_server() {
    let house = furnished();
    let list = house.run(&["list"]).ok().out;
    assert!(
        list.contains("Repair the login") && list.contains("add a cache layer"),
        "{list}"
    );
    assert!(
        list.contains("2 of 2 sessions") && list.contains("1 more hidden"),
        "{list}"
    );
    let list = house
        .run(&["list", "--helpers", "--agent", "codex"])
        .ok()
        .out;
    assert!(
        list.contains("count the flamingo files") && !list.contains("login"),
        "{list}"
    );

    let found = house.run(&["search", "flamingo", "-cookie"]).ok().out;
    assert!(found.contains("grep -r flamingo"), "{found}");
    assert!(!found.contains('\x1b'), "no colour into a pipe: {found}");

    let id = id_of("login");
    let shown = house.run(&["show", &id[..8]]).ok().out;
    for fact in [
        id.as_str(),
        "/w/app",
        "main",
        "claude-sonnet-4-5",
        "1 prompt",
        "--resume",
    ] {
        assert!(shown.contains(fact), "{fact}: {shown}");
    }
    assert!(
        shown.contains("fix the login of the flamingo page"),
        "{shown}"
    );
    assert!(shown.contains("test login ... FAILED"), "{shown}");
    let err = house.run(&["show", "ffffffff"]).fails(1).err;
    assert!(err.contains("no session ffffffff"), "{err}");

    let stats = house.run(&["stats"]).ok().out;
    assert!(stats.contains("3 (2 shown, 1 hidden"), "{stats}");
}

/// Everything but what depends on the moment.
fn settled(mut value: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for name in ["took", "live", "hoursElapsedToday"] {
                    fields.remove(name);
                }
                fields.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut value);
    value
}

#[test]
fn the_answers_are_the_same_with_and_without_a_server() {
    let house = furnished();
    let id = id_of("login");
    let questions: [&[&str]; 6] = [
        &["list", "--json", "--helpers"],
        &[
            "list",
            "--json",
            "--project",
            "/w/store",
            "--since",
            "2026-11-01",
        ],
        &["search", "--json", "flamingo", "--role", "tool"],
        &[
            "search",
            "--json",
            "flamingo OR \"cache layer\"",
            "--sort",
            "oldest",
        ],
        &["show", "--json", &id, "-n", "3"],
        &["stats", "--json"],
    ];
    let alone: Vec<Value> = questions
        .iter()
        .map(|question| settled(house.run(question).json()))
        .collect();
    let server = house.serve();
    server.settled();
    for (question, alone) in questions.iter().zip(alone) {
        let served = settled(house.run(question).json());
        assert_eq!(served, alone, "{question:?}");
    }
    // plain text too, refusals included
    let text = house.run(&["list"]).ok().out;
    let refused = house.run(&["show", "ffffffff"]).fails(1).err;
    drop(server);
    assert_eq!(house.run(&["list"]).ok().out, text);
    assert_eq!(house.run(&["show", "ffffffff"]).fails(1).err, refused);
}

#[test]
fn facets_are_flags() {
    let house = house();
    let session = |name: &str| {
        house
            .claude_session(name)
            .at("2026-11-02T10:00:00Z")
            .prompt("light the lantern")
    };
    session("quiet").answer("lit");
    session("busy")
        .tool("mcp__shed__find", "wick", "found")
        .failing_tool("Bash", "ls /none", "no such folder")
        .answer("lit");
    let listed = |flags: &[&str]| {
        let line: Vec<&str> = ["list", "--json"].iter().chain(flags).copied().collect();
        let rows = house.run(&line).json();
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| row["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    for flags in [
        &["--mcp", "shed"][..],
        &["--tool", "Bash"],
        &["--has", "errors"],
        &["--tool", "Bash", "--length", "0-9", "--started-by", "none"],
    ] {
        assert_eq!(listed(flags), [id_of("busy")], "{flags:?}");
    }
    assert_eq!(listed(&["--length", "0-9", "--length", "1000-"]).len(), 2);
    assert!(listed(&["--length", "1000-"]).is_empty());
    assert!(listed(&["--skill", "none"]).is_empty());
    assert!(listed(&["--cost", "100-"]).is_empty());
    let found = house
        .run(&["search", "--json", "lantern", "--mcp", "shed"])
        .json();
    assert_eq!(found["total"], 1, "{found}");
    let refused = house.run(&["list", "--length", "many"]).fails(2);
    assert!(refused.err.contains("200-999"), "{}", refused.err);
    for verb in ["list", "search"] {
        let help = house.run(&[verb, "--help"]).ok().out;
        assert!(
            help.contains("--started-by <WHOM>") && help.contains("$10 to $100"),
            "{help}"
        );
    }
}

#[test]
fn json_is_what_the_endpoints_document() {
    let house = furnished();
    let list = house.run(&["list", "--json"]).json();
    let login = list
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["id"] == id_of("login").as_str())
        .unwrap();
    assert_eq!(login["session_name"], "Repair the login");
    assert_eq!(login["first_message"], "fix the login of the flamingo page");
    assert_eq!(login["user_messages"], 1);
    assert_eq!(login["date"], "2026-11-02");

    let found = house
        .run(&["search", "--json", "flamingo", "--helpers"])
        .json();
    assert_eq!(found["tier"], "all_words");
    assert_eq!(found["total"], 3);
    let first = &found["results"][0];
    let snippet = first["matches"][0]["snippet"].as_str().unwrap();
    let mark = &first["matches"][0]["marks"][0];
    let (from, to) = (mark[0].as_u64().unwrap(), mark[1].as_u64().unwrap());
    let marked: String = snippet
        .chars()
        .skip(from as usize)
        .take((to - from) as usize)
        .collect();
    assert_eq!(marked.to_lowercase(), "flamingo");

    let shown = house
        .run(&["show", "--json", &id_of("login"), "-n", "1"])
        .json();
    assert_eq!(shown["messages"].as_array().unwrap().len(), 1);
    assert_eq!(shown["next"], 1);

    let doctor = house.run(&["doctor", "--json"]).json();
    assert_eq!(doctor["ok"], true);
    let checks = doctor["checks"].as_array().unwrap();
    assert!(
        checks.iter().all(|check| check["level"] != "error"),
        "{doctor}"
    );
    assert_eq!(doctor["status"]["index"]["sessions"], 3);
}

#[test]
fn doctor_names_file_and_line_of_what_could_not_be_read() {
    let house = house();
    let session = house
        .claude_session("torn")
        .prompt("one")
        .raw("{\"type\":\"user\",,}\n")
        .answer("two");
    house.run(&["index"]).ok();
    let text = house.run(&["doctor"]).ok().out;
    let place = format!("{}:2", session.path().display());
    assert!(text.contains(&place), "{text}");
}

#[test]
fn index_reports_in_plain_lines_and_finds_nothing_to_do_again() {
    let house = furnished();
    let run = house.run(&["index"]).ok();
    assert!(run.out.contains("up to date"), "{run:?}");
    assert!(!run.err.contains('\x1b'), "{run:?}");
    let again = house.run(&["index"]).ok();
    assert!(again.out.contains("0 messages indexed"), "{again:?}");
    house.run(&["index", "--full"]).ok();
    let found = house.run(&["search", "--json", "flamingo"]).json();
    assert_eq!(found["total"], 2);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let house = house();
    let mut session = house.claude_session("long");
    for number in 0..400 {
        session = session.prompt(&format!("{number} {}", "word ".repeat(200)));
    }
    drop(session);
    for verb in [vec!["show", "--all"], vec!["show", "--json", "-n", "400"]] {
        let id = id_of("long");
        let args: Vec<&str> = verb.iter().copied().chain([id.as_str()]).collect();
        let mut child = house
            .command(&args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        drop(out);
        let mut err = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut err)
            .unwrap();
        assert!(child.wait().unwrap().success(), "{args:?}: {err}");
        assert_eq!(err, "", "{args:?}");
    }
}

#[test]
fn a_second_start_says_where_the_first_listens() {
    let house = house();
    let first = house.serve();
    let second = house.run(&["serve", "--no-browser", "--port", "0"]).ok();
    assert!(second.out.contains(&first.url), "{second:?}");
    assert!(
        second.out.contains(&first.child.id().to_string()),
        "{second:?}"
    );
    assert_eq!(first.get("/api/version").status, 200);
    // without a verb it is the same
    let third = house.run(&["--no-browser"]).ok();
    assert!(third.out.contains(&first.url), "{third:?}");
    let err = house.run(&["index", "--full"]).fails(1).err;
    assert!(err.contains(&first.url), "{err}");
}

#[test]
fn a_port_in_use_is_one_sentence_with_a_way_out() {
    let house = house();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port().to_string();
    let err = house
        .run(&["serve", "--no-browser", "--port", &port])
        .fails(1)
        .err;
    assert!(err.contains(&port) && err.contains("--port"), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
    assert!(!house.data().join("server.json").exists());
}

#[cfg(unix)]
#[test]
fn a_server_file_of_a_killed_server_is_replaced() {
    let house = furnished();
    let mut first = house.serve();
    first.signal(libc::SIGKILL);
    first.ended();
    assert!(house.data().join("server.json").exists());
    assert!(house.run(&["list"]).ok().out.contains("2 of 2"));
    let second = house.serve();
    let file: Value =
        serde_json::from_slice(&std::fs::read(house.data().join("server.json")).unwrap()).unwrap();
    assert_eq!(file["pid"], second.child.id());
    assert_eq!(file["url"], second.url.as_str());
    // a live pid and a port that somebody else answers on
    drop(second);
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in other.incoming().flatten() {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nhello");
        }
    });
    let mut file = file;
    file["pid"] = std::process::id().into();
    file["address"] = address.to_string().into();
    std::fs::write(house.data().join("server.json"), file.to_string()).unwrap();
    let third = house.serve();
    assert_ne!(third.address, address);
}

#[cfg(unix)]
#[test]
fn a_signal_stops_it_with_streams_open_and_nothing_left_behind() {
    for signal in [libc::SIGTERM, libc::SIGINT] {
        let house = furnished();
        let mut server = house.serve();
        server.settled();
        let idle = open(&server, "/api/warming", "keep-alive");
        let stream = open(&server, "/events", "keep-alive");
        server.signal(signal);
        let status = server.ended();
        assert_eq!(status.code(), Some(0), "signal {signal}");
        assert!(!house.data().join("server.json").exists());
        drop((idle, stream));
        assert!(house.run(&["list"]).ok().out.contains("2 of 2"));
    }
}

/// A connection with a request on it whose answer has begun.
fn open(server: &Server, path: &str, connection: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).unwrap();
    let host = server.address;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: {connection}\r\n\r\n"
    )
    .unwrap();
    stream.read_exact(&mut [0; 12]).unwrap();
    stream
}

#[cfg(unix)]
#[test]
fn everything_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let house = furnished();
    let server = house.serve();
    server.settled();
    for entry in walkdir::WalkDir::new(house.data()) {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", entry.path().display());
    }
}

#[test]
fn the_terminal_is_quiet_and_the_log_has_it_all() {
    let house = furnished();
    let mut server = house.serve();
    server.settled();
    assert_eq!(server.get("/api/analytics/cost").status, 200);
    let log = wait_for("the log", || {
        let log = std::fs::read_to_string(house.data().join("logs/server.log")).ok()?;
        let whole = ["listens at", "messages indexed", "job "];
        whole.iter().all(|line| log.contains(line)).then_some(log)
    });
    assert_eq!(server.errors(), "");
    let stamp = log.split(' ').next().unwrap();
    assert!(stamp.parse::<jiff::Timestamp>().is_ok(), "{log}");

    let mut command = house.command(&["serve", "--no-browser", "--port", "0"]);
    let mut child = command
        .env("CODEDASH_LOG", "1")
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(line.contains("INFO"), "{line}");
}

#[test]
fn listening_beyond_the_loopback_is_warned_of() {
    let house = house();
    let mut server = house.serve_with(&["--host", "0.0.0.0"]);
    assert_eq!(server.get("/api/version").status, 200);
    assert!(server.errors().contains("other machines"));
}

#[test]
fn further_homes_are_read_too() {
    let house = furnished();
    let other = crate::house::house();
    other
        .claude_session("elsewhere")
        .prompt("look at the heron");
    let root = format!("box={}", other.home().display());
    let list = house.run(&["list", "--root", &root]).ok().out;
    assert!(list.contains("look at the heron"), "{list}");
    assert!(list.contains("Repair the login"), "{list}");
}

#[test]
fn a_home_without_histories_is_no_failure() {
    let house = house();
    assert!(house.run(&["list"]).ok().out.contains("0 of 0"));
    assert_eq!(house.run(&["list", "--json"]).json(), serde_json::json!([]));
    assert_eq!(house.run(&["search", "--json", "x"]).json()["total"], 0);
    house.run(&["stats"]).ok();
    house.run(&["doctor"]).ok();
}

#[test]
fn a_folder_that_cannot_be_made_is_one_sentence() {
    let house = house();
    std::fs::write(house.path("file"), "").unwrap();
    for verb in ["serve", "list"] {
        let mut command = house.command(&[verb]);
        command.env("CODEDASH_HOME", house.path("file").join("dash"));
        let output = command.output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{err}");
        assert!(
            err.contains("file/dash") && err.lines().count() == 1,
            "{err}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_demo_has_a_history_of_its_own_and_leaves_nothing() {
    let house = furnished();
    let mut command = house.command(&["--demo", "--no-browser", "--port", "0"]);
    command.env("TMPDIR", house.path(""));
    let mut server = Server::start(command);
    server.settled();
    let rows = server.get("/api/sessions?limit=1000").json();
    assert!(rows.as_array().unwrap().len() > 10);
    let own = id_of("cache");
    assert!(
        rows.as_array()
            .unwrap()
            .iter()
            .all(|row| row["id"] != own.as_str())
    );
    let demos = || {
        let entries = std::fs::read_dir(house.path("")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.contains("demo")).count()
    };
    assert_eq!(demos(), 1);
    assert!(!house.data().exists());
    server.signal(libc::SIGTERM);
    assert_eq!(server.ended().code(), Some(0));
    assert_eq!(demos(), 0);
}

/// With a page open and nothing going on, no thread wakes and no byte is written.
#[cfg(target_os = "linux")]
#[test]
fn an_idle_server_rests() {
    let house = furnished();
    let server = house.serve();
    server.settled();
    let stream = open(&server, "/events", "keep-alive");
    // wakes of all threads and bytes handed to the system, as the kernel counts them
    let work = || -> (u64, String) {
        let process = format!("/proc/{}", server.child.id());
        let tasks = std::fs::read_dir(format!("{process}/task")).unwrap();
        let switches = |task: std::path::PathBuf| -> u64 {
            let status = std::fs::read_to_string(task.join("status")).unwrap_or_default();
            let lines = status
                .lines()
                .filter(|line| line.contains("voluntary_ctxt_switches"));
            lines
                .filter_map(|line| line.split_whitespace().last()?.parse::<u64>().ok())
                .sum()
        };
        let io = std::fs::read_to_string(format!("{process}/io")).unwrap();
        let written = io
            .lines()
            .find(|line| line.starts_with("wchar"))
            .unwrap()
            .to_owned();
        (
            tasks.map(|task| switches(task.unwrap().path())).sum(),
            written,
        )
    };
    wait_for("two seconds without a wake", || {
        let before = work();
        std::thread::sleep(std::time::Duration::from_secs(2));
        (work() == before).then_some(())
    });
    drop(stream);
}
