//! The harness: a home with made-up histories, an engine over it, the program run against it.
//!
//! ```ignore
//! let house = house();
//! house.claude_session("fix").prompt("fix the login").answer("done").tool("Bash", "ls", "a.rs");
//! let hits = house.engine().search(...);
//! let list = house.run(&["list", "--json"]).json();
//! ```
//! Every call of a session writes its line at once, so that a test can go on with a session later.

#![allow(dead_code, reason = "each module of the suite uses its own part")]

use codedash::cli::open;
use codedash::config::Config;
use codedash::engine::Engine;
use codedash::ingest::Ingest;
use codedash::store::status::Phase;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest wait for something that must happen; only a defect waits as long.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The first made-up message is written at this moment: 2026-11-02T09:00:00Z.
pub const START: i64 = 1_793_610_000_000;

/// A fresh home with nothing in it.
pub fn house() -> House {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("home")).unwrap();
    House { dir }
}

pub struct House {
    dir: tempfile::TempDir,
}

impl House {
    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }
    /// What `CODEDASH_HOME` is.
    pub fn data(&self) -> PathBuf {
        self.home().join(".codedash")
    }
    pub fn config(&self) -> Config {
        Config::for_home(&self.home(), &self.data())
    }
    /// A place for other files of the test.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
    pub fn write_config(&self, text: &str) {
        std::fs::create_dir_all(self.data()).unwrap();
        std::fs::write(self.data().join("config.toml"), text).unwrap();
    }

    /// Begins a Claude Code session; the same name is the same session.
    pub fn claude_session(&self, name: &str) -> Session {
        let id = id_of(name);
        let path = self
            .home()
            .join(".claude/projects/-w-app")
            .join(format!("{id}.jsonl"));
        Session::new(Kind::Claude, id, path)
    }

    /// Begins a Codex session.
    pub fn codex_session(&self, name: &str) -> Session {
        let id = id_of(name);
        let folder = self.home().join(".codex/sessions/2026/11/02");
        let path = folder.join(format!("rollout-2026-11-02T09-00-00-{id}.jsonl"));
        Session::new(Kind::Codex, id, path)
    }

    /// An engine over everything that has been written so far.
    pub fn engine(&self) -> Arc<Engine> {
        let config = self.config();
        config.make_dirs().unwrap();
        let engine = open::stores(Arc::new(config)).unwrap().engine;
        let index = open::index(&engine).unwrap();
        index.bring_up_to_date(&engine, false).unwrap();
        engine
    }

    /// An engine that follows what is written from now on.
    pub fn live(&self) -> Live {
        let config = self.config();
        config.make_dirs().unwrap();
        let engine = open::stores(Arc::new(config)).unwrap().engine;
        let index = open::index(&engine).unwrap();
        let ingest = index.keep_up(&engine).unwrap();
        let live = Live {
            engine,
            _ingest: ingest,
        };
        live.settled();
        live
    }

    /// The program with its arguments, in this home and with nothing else of the environment.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_codedash"));
        command
            .args(args)
            .env_clear()
            .env("HOME", self.home())
            .env("CODEDASH_HOME", self.data())
            .env("TZ", "UTC")
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .current_dir(self.dir.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, args: &[&str]) -> Run {
        let output = self.command(args).output().unwrap();
        Run {
            status: output.status,
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// A running server on a free port.
    pub fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    pub fn serve_with(&self, args: &[&str]) -> Server {
        let mut all = vec!["serve", "--no-browser"];
        if !args.contains(&"--port") {
            all.extend(["--port", "0"]);
        }
        all.extend(args);
        Server::start(self.command(&all))
    }
}

/// A running engine with its write side.
pub struct Live {
    pub engine: Arc<Engine>,
    _ingest: Ingest,
}

impl Live {
    /// Waits until everything that was written is read.
    pub fn settled(&self) {
        wait_for("ingest to settle", || {
            let status = self.engine.status.get();
            (status.phase == Phase::Idle && status.index_complete).then_some(())
        });
    }
}

/// What a run of the program gave.
#[derive(Debug)]
pub struct Run {
    pub status: ExitStatus,
    pub out: String,
    pub err: String,
}

impl Run {
    /// The run, when it ended well.
    #[track_caller]
    pub fn ok(self) -> Run {
        assert!(self.status.success(), "{self:?}");
        self
    }
    /// The run, when it ended with this code and said so without a panic.
    #[track_caller]
    pub fn fails(self, code: i32) -> Run {
        assert_eq!(self.status.code(), Some(code), "{self:?}");
        assert!(!self.err.contains("panicked"), "{self:?}");
        self
    }
    #[track_caller]
    pub fn json(self) -> Value {
        let run = self.ok();
        serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {run:?}"))
    }
}

/// A server of a test; killed when dropped.
pub struct Server {
    pub child: Child,
    pub url: String,
    pub address: SocketAddr,
    /// Everything it prints after its first line.
    pub out: BufReader<std::process::ChildStdout>,
}

impl Server {
    pub fn start(mut command: Command) -> Server {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let Some(url) = line.split(' ').find(|word| word.starts_with("http://")) else {
            let mut err = String::new();
            child
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut err)
                .unwrap();
            panic!("the server did not start: {line} {err}");
        };
        let address = url.trim_start_matches("http://").trim_end_matches('/');
        Server {
            address: address.parse().unwrap(),
            url: url.to_owned(),
            child,
            out,
        }
    }

    /// Waits until every history is read.
    pub fn settled(&self) -> &Server {
        wait_for("the server to settle", || {
            let warming = self.get("/api/warming").json();
            let done = warming["running"] == false && warming["index_complete"] == true;
            done.then_some(())
        });
        self
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send(&format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address
        ))
    }

    /// Posts JSON with the server's own token.
    pub fn post(&self, path: &str, token: &str, body: &str) -> Answer {
        self.send(&format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             X-Codedash-Token: {token}\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        ))
    }

    /// Sends a request as it is and reads to the end of the answer.
    pub fn send(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Answer::parse(&bytes)
    }

    #[cfg(unix)]
    pub fn signal(&self, signal: i32) {
        // SAFETY: the child has not been waited for, so the pid is still its own
        assert_eq!(unsafe { libc::kill(self.child.id() as i32, signal) }, 0);
    }

    /// Waits for the end of the process.
    pub fn ended(&mut self) -> ExitStatus {
        wait_for("the server to end", || self.child.try_wait().unwrap())
    }

    /// What it said on its error output; ends the process first.
    pub fn errors(&mut self) -> String {
        let _ = self.child.kill();
        let mut text = String::new();
        let mut err = self.child.stderr.take().unwrap();
        err.read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Answer {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        let status = lines.next().unwrap_or_default();
        let headers: BTreeMap<String, String> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let chunked = headers
            .get("transfer-encoding")
            .is_some_and(|how| how == "chunked");
        Answer {
            status: status.split(' ').nth(1).unwrap_or("0").parse().unwrap(),
            body: if chunked {
                unchunk(body)
            } else {
                body.to_owned()
            },
            headers,
        }
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

fn unchunk(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            break;
        }
        body.push_str(&after[..size]);
        rest = &after[size + 2..];
    }
    body
}

/// Tries until there is an answer; panics when there is none for long.
#[track_caller]
pub fn wait_for<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = attempt() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// An id in the agents' form, the same for the same name.
pub fn id_of(name: &str) -> String {
    let hex = format!("{:032x}", xxhash_rust::xxh3::xxh3_128(name.as_bytes()));
    let part = |range: std::ops::Range<usize>| &hex[range];
    [
        part(0..8),
        part(8..12),
        part(12..16),
        part(16..20),
        part(20..32),
    ]
    .join("-")
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Claude,
    Codex,
}

/// A session that is being written.
pub struct Session {
    kind: Kind,
    id: String,
    path: PathBuf,
    cwd: String,
    branch: String,
    model: String,
    /// Time of the next record; every record takes a minute.
    at: i64,
    /// Records so far: names of uuids and calls.
    records: usize,
    originator: String,
}

impl Session {
    fn new(kind: Kind, id: String, path: PathBuf) -> Session {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let records = text.lines().count();
        Session {
            kind,
            id,
            path,
            cwd: "/w/app".into(),
            branch: "main".into(),
            model: match kind {
                Kind::Claude => "claude-sonnet-4-5".into(),
                Kind::Codex => "gpt-5-codex".into(),
            },
            at: START + 60_000 * records as i64,
            records,
            originator: "codex_cli_rs".into(),
        }
    }

    pub fn id(&self) -> &str {
        &self.id
    }
    pub fn path(&self) -> &Path {
        &self.path
    }
    /// Working directory of the records that follow.
    pub fn cwd(mut self, cwd: &str) -> Session {
        self.cwd = cwd.into();
        self
    }
    pub fn branch(mut self, branch: &str) -> Session {
        self.branch = branch.into();
        self
    }
    pub fn model(mut self, model: &str) -> Session {
        self.model = model.into();
        self
    }
    /// Who started a Codex session (`codex_exec` = a program); before its first record.
    pub fn originator(mut self, originator: &str) -> Session {
        self.originator = originator.into();
        self
    }
    /// Time of the next record, RFC 3339.
    pub fn at(mut self, time: &str) -> Session {
        self.at = time.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        self
    }

    pub fn prompt(mut self, text: &str) -> Session {
        match self.kind {
            Kind::Claude => {
                self.claude("user", json!({"role": "user", "content": text}), json!({}))
            }
            Kind::Codex => self.codex_message("user", "input_text", text),
        }
        self
    }

    /// An answer that used 1,000 fresh, 5,000 cached and 200 output tokens.
    pub fn answer(mut self, text: &str) -> Session {
        match self.kind {
            Kind::Claude => self.claude_answer(json!({"type": "text", "text": text})),
            Kind::Codex => {
                self.codex_message("assistant", "output_text", text);
                self.codex_usage();
            }
        }
        self
    }

    pub fn thinking(mut self, text: &str) -> Session {
        match self.kind {
            Kind::Claude => self.claude_answer(json!({"type": "thinking", "thinking": text})),
            Kind::Codex => {
                let summary = json!([{"type": "summary_text", "text": text}]);
                self.codex(
                    "response_item",
                    json!({"type": "reasoning", "summary": summary}),
                );
            }
        }
        self
    }

    /// A shell call and what it printed.
    pub fn tool(self, name: &str, command: &str, output: &str) -> Session {
        self.tool_call(name, json!({"command": command}), output, false)
    }

    pub fn failing_tool(self, name: &str, command: &str, output: &str) -> Session {
        self.tool_call(name, json!({"command": command}), output, true)
    }

    /// Any call with its output.
    pub fn tool_call(mut self, name: &str, input: Value, output: &str, failed: bool) -> Session {
        let call = format!("call_{}_{}", &self.id[..8], self.records);
        match self.kind {
            Kind::Claude => {
                self.claude_answer(
                    json!({"type": "tool_use", "id": call, "name": name, "input": input}),
                );
                let result = json!({"type": "tool_result", "tool_use_id": call,
                    "content": output, "is_error": failed});
                let message = json!({"role": "user", "content": [result]});
                self.claude(
                    "user",
                    message,
                    json!({"toolUseResult": {"stdout": output}}),
                );
            }
            Kind::Codex => {
                self.codex(
                    "response_item",
                    json!({"type": "function_call", "name": name, "call_id": call,
                        "arguments": input.to_string()}),
                );
                let output = match failed {
                    true => format!("Process exited with code 1\n{output}"),
                    false => output.to_owned(),
                };
                self.codex(
                    "response_item",
                    json!({"type": "function_call_output", "call_id": call, "output": output}),
                );
            }
        }
        self
    }

    /// The title that the person gave (Claude sessions).
    pub fn title(self, title: &str) -> Session {
        assert!(
            self.kind == Kind::Claude,
            "Codex keeps titles in a file of its own"
        );
        let line = json!({"type": "custom-title", "customTitle": title, "sessionId": self.id});
        self.raw(&format!("{line}\n"))
    }

    /// Anything, as it is.
    pub fn raw(mut self, bytes: &str) -> Session {
        self.append(bytes.as_bytes());
        self
    }

    fn claude_answer(&mut self, block: Value) {
        let name = format!("{}_{}", &self.id[..8], self.records);
        let message = json!({"role": "assistant", "id": format!("msg_{name}"), "model": self.model,
            "content": [block], "stop_reason": "end_turn",
            "usage": {"input_tokens": 1000, "output_tokens": 200,
                "cache_read_input_tokens": 5000, "cache_creation_input_tokens": 0}});
        self.claude(
            "assistant",
            message,
            json!({"requestId": format!("req_{name}")}),
        );
    }

    fn claude(&mut self, kind: &str, message: Value, more: Value) {
        let mut line = json!({"type": kind, "uuid": self.uuid(), "parentUuid": null,
            "sessionId": self.id, "cwd": self.cwd, "gitBranch": self.branch, "version": "2.1.0",
            "timestamp": time(self.at), "isSidechain": false, "entrypoint": "cli",
            "message": message});
        for (key, value) in more.as_object().unwrap() {
            line[key] = value.clone();
        }
        self.append(format!("{line}\n").as_bytes());
    }

    fn codex_message(&mut self, role: &str, kind: &str, text: &str) {
        let content = json!([{"type": kind, "text": text}]);
        let payload = json!({"type": "message", "role": role, "content": content});
        self.codex("response_item", payload);
    }

    fn codex_usage(&mut self) {
        let usage = json!({"input_tokens": 6000, "cached_input_tokens": 5000,
            "output_tokens": 200, "reasoning_output_tokens": 50, "total_tokens": 6200});
        let info = json!({"last_token_usage": usage, "total_token_usage": usage,
            "model_context_window": 272_000});
        self.codex("event_msg", json!({"type": "token_count", "info": info}));
    }

    fn codex(&mut self, kind: &str, payload: Value) {
        if self.records == 0 {
            let meta = json!({"id": self.id, "timestamp": time(self.at), "cwd": self.cwd,
                "originator": self.originator, "cli_version": "0.101.0", "source": "cli",
                "git": {"branch": self.branch}});
            self.codex_line("session_meta", meta);
            let turn = json!({"cwd": self.cwd, "model": self.model});
            self.codex_line("turn_context", turn);
        }
        self.codex_line(kind, payload);
    }

    fn codex_line(&mut self, kind: &str, payload: Value) {
        let line = json!({"timestamp": time(self.at), "type": kind, "payload": payload});
        self.append(format!("{line}\n").as_bytes());
    }

    fn uuid(&self) -> String {
        id_of(&format!("{}#{}", self.id, self.records))
    }

    fn append(&mut self, bytes: &[u8]) {
        let mut file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&self.path)
            .unwrap();
        file.write_all(bytes).unwrap();
        self.records += 1;
        self.at += 60_000;
    }
}

fn time(ms: i64) -> String {
    let stamp = jiff::Timestamp::from_millisecond(ms).unwrap();
    format!("{stamp:.3}")
}

/// The shape of a JSON value, one line a field: what clients rely on, without the values. Lists show
/// their first element.
pub fn shape(value: &Value) -> String {
    let mut lines = Vec::new();
    shape_into(value, "", &mut lines);
    lines.join("\n")
}

fn shape_into(value: &Value, path: &str, lines: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                shape_into(value, &format!("{path}.{name}"), lines);
            }
            if fields.is_empty() {
                lines.push(format!("{path}: {{}}"));
            }
        }
        Value::Array(items) => match items.first() {
            Some(first) => shape_into(first, &format!("{path}[]"), lines),
            None => lines.push(format!("{path}: []")),
        },
        Value::Null => lines.push(format!("{path}: null")),
        Value::Bool(_) => lines.push(format!("{path}: bool")),
        Value::Number(_) => lines.push(format!("{path}: number")),
        Value::String(_) => lines.push(format!("{path}: text")),
    }
}
