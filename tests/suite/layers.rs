//! The house rules as data: reads `src/` and `templates/` as text and says file, line, rule and what
//! to do instead. One crate has no other wall between its rooms.

use std::fmt;
use std::path::{Path, PathBuf};

/// What each room may import of this crate. Order: from the bottom up, as in `src/lib.rs`.
const ROOMS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("config", &["model"]),
    ("agents", &["model"]),
    ("endpoint", &[]),
    ("pricing", &["model"]),
    ("query", &["model"]),
    ("rollup", &["model", "pricing"]),
    ("transcript", &["model"]),
    ("store", &["model"]),
    ("index", &["model", "query"]),
    ("ingest", BELOW_L3),
    ("engine", BELOW_L3),
    // the engine's answers hold plain types of these rooms; `HOLDS` below says which
    (
        "web",
        &["engine", "model", "config", "index", "query", "store"],
    ),
    (
        "cli",
        &[
            "web",
            "ingest",
            "engine",
            "index",
            "store",
            "transcript",
            "rollup",
            "query",
            "pricing",
            "agents",
            "config",
            "model",
        ],
    ),
    ("lib", &[]),
    ("main", &["cli"]),
];
const BELOW_L3: &[&str] = &[
    "store",
    "index",
    "agents",
    "endpoint",
    "pricing",
    "query",
    "rollup",
    "transcript",
    "model",
    "config",
];

/// What web may name of rooms that it otherwise must not know: types that the engine's structs hold.
const HOLDS: &[&str] = &[
    "crate::index::Sort",
    "crate::index::Match",
    "crate::index::Marker",
    "crate::index::Snippet",
    "crate::index::self",
    "crate::store::status",
    "crate::query::",
];

/// Crates that one room keeps to itself, and the rooms (path prefixes below `src/`) that may.
const CONFINED: &[(&str, &[&str])] = &[
    ("redb", &["store"]),
    ("tantivy", &["index"]),
    ("axum", &["web"]),
    ("axum_extra", &["web"]),
    ("brotli", &["web"]),
    ("askama", &["web"]),
    ("askama_web", &["web"]),
    ("tower", &["web"]),
    ("tower_http", &["web"]),
    ("rusqlite", &["agents/read"]),
    ("tokio", &["web", "cli"]),
    ("tokio_stream", &["web", "cli"]),
    ("notify", &["ingest"]),
    ("genai_prices", &["pricing"]),
    ("ureq", &["endpoint"]),
    ("clap", &["cli"]),
    ("indicatif", &["cli"]),
    ("zip", &["cli", "web/archive"]),
    ("sha2", &["agents/read"]),
    ("md5", &["agents/read"]),
];

/// Names that are no English words; an agent's name elsewhere means a missing field of `AgentInfo`.
const AGENT_NAMES: &[&str] = &[
    "claude", "codex", "qwen", "opencode", "copilot", "gemini", "kiro", "kilocode", "openclaw",
];
/// Who may say them: the rooms, prices (data), and the generator, which writes their formats.
const MAY_NAME_AGENTS: &[&str] = &["agents", "pricing", "cli/demo"];

const CLOCKS: &[&str] = &[
    "std::env::",
    "env::var",
    "env::home_dir",
    "env::current_dir",
    "SystemTime::now",
    "Timestamp::now",
    "Zoned::now",
    "TimeZone::system",
];

const BANNED_MODULES: &[&str] = &["utils", "util", "helpers", "common", "misc", "manager"];

/// Lines of a file that are no tests.
const LONGEST: usize = 500;

#[derive(Debug, PartialEq)]
struct Finding {
    file: String,
    line: usize,
    rule: &'static str,
    detail: String,
    instead: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding {
            file,
            line,
            rule,
            detail,
            instead,
        } = self;
        write!(
            f,
            "src/{file}:{line}: {rule}: {detail}\n    instead: {instead}"
        )
    }
}

#[test]
fn the_house_keeps_its_rules() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut findings = Vec::new();
    let mut seen = 0;
    let all = files(&src, "rs");
    let tests: Vec<PathBuf> = all.iter().flat_map(|path| test_files(path)).collect();
    for path in all {
        if tests.contains(&path) || tests.iter().any(|test| path.starts_with(test)) {
            continue;
        }
        let name = path
            .strip_prefix(&src)
            .unwrap()
            .to_str()
            .unwrap()
            .replace('\\', "/");
        findings.extend(check(&name, &std::fs::read_to_string(&path).unwrap()));
        seen += 1;
    }
    assert!(
        seen > 20,
        "only {seen} files seen: is this the right folder?"
    );
    let list: Vec<String> = findings.iter().map(Finding::to_string).collect();
    assert!(
        list.is_empty(),
        "{} broken rules:\n{}",
        list.len(),
        list.join("\n")
    );
}

#[test]
fn templates_and_styles_name_no_agent() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut bad = Vec::new();
    for ending in ["html", "css", "js", "svg"] {
        for path in files(&folder, ending) {
            let text = std::fs::read_to_string(&path).unwrap().to_lowercase();
            for (n, line) in text.lines().enumerate() {
                bad.extend(
                    agent_name(line).map(|name| format!("{}:{}: {name}", path.display(), n + 1)),
                );
            }
        }
    }
    assert!(
        bad.is_empty(),
        "agents are data (AgentInfo), not markup:\n{}",
        bad.join("\n")
    );
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else {
        return found;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|e| e == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The files (and folders of submodules) that `#[cfg(test)] mod name;` in this file stands for.
fn test_files(path: &Path) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(path).unwrap();
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap();
    let beside = path.parent().unwrap();
    let below = match stem {
        "mod" | "lib" | "main" => beside.to_owned(),
        _ => beside.join(stem),
    };
    let mut found = Vec::new();
    for item in text.split("#[cfg(test)]").skip(1) {
        let head = item.split(['{', ';']).next().unwrap_or_default();
        if !item[head.len()..].starts_with(';') {
            continue;
        }
        if let Some((_, rest)) = head.split_once("#[path = \"") {
            found.push(beside.join(rest.split('"').next().unwrap()));
        } else if let Some((_, name)) = head.rsplit_once("mod ") {
            found.push(below.join(format!("{name}.rs")));
            found.push(below.join(name));
        }
    }
    found
}

/// Everything wrong with one file; `name` is its path below `src/`.
fn check(name: &str, text: &str) -> Vec<Finding> {
    let stem = name.trim_end_matches(".rs");
    let shown = Code::of(text);
    let mut findings = Vec::new();
    let mut add = |line, rule, detail: String, instead| {
        findings.push(Finding {
            file: name.to_owned(),
            line,
            rule,
            detail,
            instead,
        });
    };
    let room = stem.split('/').next().unwrap_or(stem);
    let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
        add(
            1,
            "rooms",
            format!("no room is called {room}"),
            "put it into a room of src/lib.rs, or give the new room a row in ROOMS",
        );
        return findings;
    };
    for part in stem.split('/') {
        if BANNED_MODULES.contains(&part) {
            add(
                1,
                "names",
                format!("a module called {part}"),
                "name it after what it holds, or move its parts to where they are used",
            );
        }
    }
    for (line, path) in shown.crate_paths() {
        let target = path.split("::").nth(1).unwrap_or_default();
        let known = ROOMS.iter().any(|(name, _)| *name == target);
        if known && target != room && !allowed.contains(&target) && room != "lib" {
            add(
                line,
                "layers",
                format!("{room} imports {path}"),
                "imports go down only: hand the value in, or move the code to the layer that may know both",
            );
        }
        let held = HOLDS.iter().any(|prefix| path.starts_with(prefix));
        let foreign = matches!(target, "index" | "query" | "store");
        if room == "web" && foreign && !held {
            add(
                line,
                "layers",
                format!("web reaches behind the engine: {path}"),
                "ask the engine; only plain types that its structs hold may be named",
            );
        }
        sibling(stem, &path, &mut |detail, instead| {
            add(line, "siblings", detail, instead)
        });
    }
    for (line, path) in shown.super_paths() {
        let base = stem.rsplit_once('/').map_or("", |(folder, _)| folder);
        let path = format!("crate::{}::{}", base.replace('/', "::"), path);
        sibling(stem, &path, &mut |detail, instead| {
            add(line, "siblings", detail, instead)
        });
    }
    words(stem, &shown, &mut add);
    let long = shown.lines.iter().filter(|line| !line.hidden).count();
    if long > LONGEST {
        add(
            LONGEST,
            "length",
            format!("{long} lines without tests"),
            "split it: a room that outgrows its file becomes a folder with the same face",
        );
    }
    findings
}

/// Rooms of `agents` and pages know no sibling, and what all pages use knows no page.
fn sibling(stem: &str, path: &str, add: &mut dyn FnMut(String, &'static str)) {
    let parts: Vec<&str> = path.split("::").collect();
    let own = |folder: &str| {
        stem.strip_prefix(folder)
            .map(|rest| rest.split('/').next().unwrap_or(rest))
    };
    if let (Some(own), ["crate", "agents", other, ..]) = (own("agents/"), &parts[..]) {
        let shared = ["read", "mod"].contains(&own) || ["read"].contains(other);
        let room = other.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        if !shared
            && room
            && own != *other
            && !["self", "super", "info", "room", "all_infos"].contains(other)
        {
            add(
                format!("room {own} uses room {other}"),
                "what two rooms share lies in agents/read",
            );
        }
    }
    if let (Some(own), ["crate", "web", "pages", other, ..]) = (own("web/pages/"), &parts[..])
        && own != "mod"
        && own != *other
        && other.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        && *other != "self"
    {
        add(
            format!("page {own} imports page {other}"),
            "put what both need into templates/parts or web/, as a face of its own",
        );
    }
    let below = ["web/error", "web/respond", "web/filters", "web/guard"];
    if below.iter().any(|file| stem.starts_with(file)) && path.starts_with("crate::web::pages") {
        add(
            format!("{stem} imports a page"),
            "pages use it, never the other way round",
        );
    }
}

/// Rules that are a matter of words in the code.
fn words(stem: &str, shown: &Code, add: &mut dyn FnMut(usize, &'static str, String, &'static str)) {
    let within = |folders: &[&str]| {
        folders
            .iter()
            .any(|folder| stem == *folder || stem.starts_with(&format!("{folder}/")))
    };
    for (n, line) in shown
        .lines
        .iter()
        .enumerate()
        .filter(|(_, line)| !line.hidden)
    {
        let n = n + 1;
        for (name, homes) in CONFINED {
            if !within(homes) && names_crate(&line.code, name) {
                add(
                    n,
                    "confinement",
                    format!("{name} outside {}", homes.join(", ")),
                    "use the face of the room that owns it",
                );
            }
        }
        if !within(&["agents", "web/api"])
            && (line.code.contains("serde_json::Value")
                || line.code.contains("serde_json::{Value")
                || line.code.contains("serde_json::json!"))
        {
            add(
                n,
                "confinement",
                "serde_json::Value outside agents and web/api".into(),
                "give the record a type and derive serde for it",
            );
        }
        if !within(&["config", "cli"])
            && let Some(word) = CLOCKS.iter().find(|word| line.code.contains(**word))
        {
            add(
                n,
                "environment",
                format!("{word} outside config and cli"),
                "take the value as an argument; config::Config and config::now_ms have it",
            );
        }
        if !within(MAY_NAME_AGENTS)
            && let Some(name) = agent_name(&line.with_strings.to_lowercase())
        {
            add(
                n,
                "names",
                format!("an agent's name: {name}"),
                "what differs between agents is a field of AgentInfo; read it from there",
            );
        }
        if line.code.contains(".unwrap()") {
            add(
                n,
                "errors",
                "unwrap outside tests".into(),
                "return the error, or expect(\"why it cannot happen\") for an own invariant",
            );
        }
    }
}

fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let whole =
            before.is_none_or(|c| !(c.is_alphanumeric() || c == '_' || c == '.' || c == ':'));
        let after = &code[at + name.len()..];
        let path = after.starts_with("::")
            || (code.trim_start().starts_with("use ") && after.starts_with(';'));
        whole && path
    })
}

fn agent_name(line: &str) -> Option<&'static str> {
    AGENT_NAMES.iter().copied().find(|name| line.contains(name))
}

/// A file without its comments; lines of test modules are hidden.
struct Code {
    lines: Vec<Line>,
}

#[derive(Default)]
struct Line {
    /// Strings and comments blanked.
    code: String,
    /// Comments blanked.
    with_strings: String,
    hidden: bool,
}

impl Code {
    fn of(text: &str) -> Code {
        let mut code = Code { lines: blank(text) };
        code.hide_tests();
        code
    }

    /// Hides every item behind `#[cfg(test)]`, up to its closing brace or semicolon.
    fn hide_tests(&mut self) {
        let mut n = 0;
        while n < self.lines.len() {
            if !self.lines[n].code.trim_start().starts_with("#[cfg(test)]") {
                n += 1;
                continue;
            }
            let mut depth = 0;
            'item: while n < self.lines.len() {
                self.lines[n].hidden = true;
                for c in self.lines[n].code.replace("#[cfg(test)]", "").chars() {
                    match c {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        _ => {}
                    }
                    if depth == 0 && matches!(c, '}' | ';') {
                        n += 1;
                        break 'item;
                    }
                }
                n += 1;
            }
        }
    }

    /// `crate::...` paths outside tests with their line; `{a, b::c}` groups are spelled out.
    fn crate_paths(&self) -> Vec<(usize, String)> {
        self.paths("crate::")
    }
    fn super_paths(&self) -> Vec<(usize, String)> {
        let mut paths = self.paths("super::");
        for (_, path) in &mut paths {
            *path = path["super::".len()..].to_owned();
        }
        paths
    }

    fn paths(&self, start: &str) -> Vec<(usize, String)> {
        let mut all = String::new();
        let mut line_of = Vec::new();
        for (n, line) in self
            .lines
            .iter()
            .enumerate()
            .filter(|(_, line)| !line.hidden)
        {
            all.push_str(&line.code);
            all.push('\n');
            line_of.resize(all.len(), n + 1);
        }
        let mut paths = Vec::new();
        for (at, _) in all.match_indices(start) {
            let before = all[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            spell_out(start, &all[at + start.len()..], &mut |path| {
                paths.push((line_of[at], path))
            });
        }
        paths
    }
}

/// The paths that `rest` (what follows `prefix`) spells: one, or one for each member of a group.
fn spell_out(prefix: &str, rest: &str, found: &mut dyn FnMut(String)) -> usize {
    let end = rest
        .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
        .unwrap_or(rest.len());
    let path = format!("{prefix}{}", &rest[..end]);
    if !(rest[end..].starts_with('{') && (end == 0 || rest[..end].ends_with("::"))) {
        found(path);
        return end;
    }
    let mut at = end + 1;
    while at < rest.len() && !rest[at..].starts_with('}') {
        let c = rest[at..].chars().next().expect("at is inside");
        if c.is_alphanumeric() || c == '_' {
            at += spell_out(&path, &rest[at..], found);
        } else {
            at += c.len_utf8();
        }
    }
    at + 1
}

/// Blanks comments, and strings in one of the two copies; lines keep their numbers.
fn blank(text: &str) -> Vec<Line> {
    let chars: Vec<char> = text.chars().collect();
    let mut lines = vec![Line::default()];
    let mut at = 0;
    let mut put = |c: char, code: bool, string: bool| {
        if c == '\n' {
            lines.push(Line::default());
            return;
        }
        let line = lines.last_mut().expect("never empty");
        line.code.push(if code { c } else { ' ' });
        line.with_strings.push(if code || string { c } else { ' ' });
    };
    while at < chars.len() {
        let next = chars.get(at + 1).copied();
        let end = match (chars[at], next) {
            ('/', Some('/')) => (at..chars.len())
                .find(|i| chars[*i] == '\n')
                .unwrap_or(chars.len()),
            ('/', Some('*')) => block_comment(&chars, at),
            ('"', _) => string_end(&chars, at),
            ('r', Some('"' | '#'))
                if !at
                    .checked_sub(1)
                    .is_some_and(|i| chars[i].is_alphanumeric() || chars[i] == '_') =>
            {
                raw_end(&chars, at).unwrap_or(at)
            }
            ('\'', _) => char_end(&chars, at).unwrap_or(at),
            _ => at,
        };
        if end == at {
            put(chars[at], true, false);
            at += 1;
            continue;
        }
        let string = chars[at] != '/';
        for c in &chars[at..end] {
            put(*c, false, string);
        }
        at = end;
    }
    lines
}

fn block_comment(chars: &[char], from: usize) -> usize {
    let (mut depth, mut at) = (0, from);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at.min(chars.len())
}

fn string_end(chars: &[char], from: usize) -> usize {
    let mut at = from + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

fn raw_end(chars: &[char], from: usize) -> Option<usize> {
    let hashes = chars[from + 1..].iter().take_while(|c| **c == '#').count();
    (chars.get(from + 1 + hashes) == Some(&'"')).then_some(())?;
    let mut at = from + 2 + hashes;
    while at < chars.len() {
        let closes = chars[at] == '"'
            && chars[at + 1..]
                .iter()
                .take(hashes)
                .filter(|c| **c == '#')
                .count()
                == hashes;
        if closes {
            return Some(at + 1 + hashes);
        }
        at += 1;
    }
    Some(chars.len())
}

/// End of a character literal; `None` for a lifetime.
fn char_end(chars: &[char], from: usize) -> Option<usize> {
    if chars.get(from + 1) == Some(&'\\') {
        let close = (from + 3..chars.len()).find(|i| chars[*i] == '\'')?;
        return Some(close + 1);
    }
    (chars.get(from + 2) == Some(&'\'')).then_some(from + 3)
}

// ---------------------------------------------------------------- the rules can fail

/// (file, text, rule that must be found, on which line)
const BAD: &[(&str, &str, &str, usize)] = &[
    ("model/a.rs", "\nuse crate::store::Store;", "layers", 2),
    ("store/a.rs", "use crate::index::SearchIndex;", "layers", 1),
    (
        "ingest/a.rs",
        "fn f() {\n    crate::engine::run();\n}",
        "layers",
        2,
    ),
    (
        "engine/a.rs",
        "use crate::{\n    model::Sid,\n    web::App,\n};",
        "layers",
        1,
    ),
    ("web/pages/a.rs", "use crate::store::Store;", "layers", 1),
    ("web/a.rs", "use crate::ingest::scan;", "layers", 1),
    ("rollup/a.rs", "use crate::agents;", "layers", 1),
    ("agents/alpha.rs", "use super::beta::line;", "siblings", 1),
    (
        "agents/alpha/turn.rs",
        "use crate::agents::beta;",
        "siblings",
        1,
    ),
    ("web/pages/one.rs", "use super::two::Row;", "siblings", 1),
    (
        "web/respond.rs",
        "use crate::web::pages::one;",
        "siblings",
        1,
    ),
    ("engine/a.rs", "use redb::Database;", "confinement", 1),
    (
        "index/a.rs",
        "fn f() -> tokio::task::JoinHandle<()> {}",
        "confinement",
        1,
    ),
    (
        "agents/alpha.rs",
        "use rusqlite::Connection;",
        "confinement",
        1,
    ),
    ("store/a.rs", "use serde_json::Value;", "confinement", 1),
    (
        "engine/a.rs",
        "let now = jiff::Timestamp::now();",
        "environment",
        1,
    ),
    (
        "index/a.rs",
        "let home = std::env::var(\"HOME\");",
        "environment",
        1,
    ),
    (
        "engine/a.rs",
        "match agent { \"claude\" => 1, _ => 2 }",
        "names",
        1,
    ),
    (
        "web/a.rs",
        "const X: &str = r#\"a \"codex\" b\"#;",
        "names",
        1,
    ),
    ("web/utils.rs", "", "names", 1),
    ("engine/helpers/a.rs", "", "names", 1),
    ("engine/a.rs", "let x = y.unwrap();", "errors", 1),
    ("stuff/a.rs", "", "rooms", 1),
];

#[test]
fn every_rule_finds_what_breaks_it() {
    for (file, text, rule, line) in BAD {
        let found = check(file, text);
        assert!(
            found
                .iter()
                .any(|f| f.rule == *rule && f.line == *line && !f.instead.is_empty()),
            "{file}: {text:?} should break {rule:?} in line {line}, found {found:?}"
        );
    }
    let long = "fn f() {}\n".repeat(LONGEST + 1);
    assert_eq!(check("engine/a.rs", &long)[0].rule, "length");
}

#[test]
fn what_is_allowed_is_left_alone() {
    let tests = format!(
        "#[cfg(test)]\nmod tests {{\n{}}}\n",
        "    let x = y.unwrap();\n".repeat(600)
    );
    let good: &[(&str, &str)] = &[
        ("model/a.rs", "use std::fmt;\nuse super::id::Sid;"),
        (
            "web/a.rs",
            "use crate::engine::Engine;\nuse crate::index::Sort;\nuse crate::store::status::Phase;",
        ),
        ("web/pages/mod.rs", "use super::pages::one;\npub mod one;"),
        ("web/pages/one.rs", "use crate::web::{App, respond};"),
        ("agents/mod.rs", "use crate::agents::alpha;"),
        (
            "agents/alpha.rs",
            "use super::read::jsonl;\nuse super::{Agent, EventSink};",
        ),
        ("agents/alpha/turn.rs", "use super::state::State; // claude"),
        (
            "engine/a.rs",
            "// std::env::var, tantivy::Index and claude in a comment\n/* .unwrap() */",
        ),
        (
            "engine/a.rs",
            "let q = '\"'; let text = \"redb::Database .unwrap()\";",
        ),
        (
            "engine/a.rs",
            "fn f<'a>(x: &'a str) -> &'a str { my_tokio::x(x) }",
        ),
        ("store/a.rs", &tests),
        ("config/mod.rs", "let now = jiff::Timestamp::now();"),
        ("cli/demo/a.rs", "const X: &str = \".codex\";"),
    ];
    for (file, text) in good {
        assert_eq!(check(file, text), [], "{file}: {text}");
    }
}

#[test]
fn every_room_of_the_crate_has_a_row() {
    let lib =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let rooms: Vec<&str> = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    assert!(rooms.len() > 5);
    for room in rooms {
        assert!(
            ROOMS.iter().any(|(name, _)| *name == room),
            "no row for {room}"
        );
    }
}
