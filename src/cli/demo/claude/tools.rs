//! Tool calls of Claude Code: the `tool_use` block, the `tool_result` record and its structured twin.

use crate::cli::demo::code;
use crate::cli::demo::json;
use crate::cli::demo::prose::{self, fill};
use crate::cli::demo::random::Rng;
use crate::cli::demo::words::Project;
use std::fmt::Write;

/// One call with its result.
pub struct Used {
    pub id: String,
    /// The whole `tool_use` block.
    pub block: String,
    pub failed: bool,
    pub output: String,
    /// `toolUseResult`, as JSON.
    pub extra: String,
}

impl Used {
    pub fn block(&self) -> String {
        self.block.clone()
    }
    /// Body of the user record that holds the result.
    pub fn result(&self) -> String {
        let mut body = String::with_capacity(self.output.len() * 2 + 200);
        body.push_str(",\"message\":{\"role\":\"user\",\"content\":[{\"tool_use_id\":\"");
        body.push_str(&self.id);
        body.push_str("\",\"type\":\"tool_result\",\"content\":");
        json::string(&mut body, &self.output);
        if self.failed {
            body.push_str(",\"is_error\":true");
        }
        body.push_str("}]},\"toolUseResult\":");
        body.push_str(&self.extra);
        body
    }
}

/// JSON of one input object from names and values.
fn object(pairs: &[(&str, &str)]) -> String {
    let mut out = String::from("{");
    for (n, (name, value)) in pairs.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        json::string(&mut out, name);
        out.push(':');
        json::string(&mut out, value);
    }
    out.push('}');
    out
}

fn used(rng: &mut Rng, name: &str, input: &str, output: String, extra: String) -> Used {
    let mut id = String::from("toolu_01");
    rng.base62(22, &mut id);
    Used {
        block: format!(
            "{{\"type\":\"tool_use\",\"id\":\"{id}\",\"name\":\"{name}\",\"input\":{input}}}"
        ),
        id,
        failed: false,
        output,
        extra,
    }
}

pub fn call(rng: &mut Rng, project: &Project, size: f64) -> Used {
    match rng.below(100) {
        0..=33 => bash(rng, project, size),
        34..=55 => read(rng, project, size),
        56..=75 => edit(rng, project),
        76..=86 => grep(rng, project, size),
        87..=90 => todos(rng, project),
        91..=93 => write_file(rng, project, size),
        94..=97 => mcp(rng, project),
        98 => skill(rng),
        _ => fetch(rng, project),
    }
}

fn bash(rng: &mut Rng, project: &Project, size: f64) -> Used {
    let mut output = String::new();
    let command = code::shell(rng, project, size, &mut output);
    let mut about = String::new();
    fill("{v} the {o} of {t}", rng, project, &mut about);
    let input = object(&[("command", &command), ("description", &about)]);
    if rng.chance(0.05) {
        let output = format!("Exit code 1\n{output}");
        let mut extra = String::new();
        json::string(&mut extra, &format!("Error: {output}"));
        let mut call = used(rng, "Bash", &input, output, extra);
        call.failed = true;
        return call;
    }
    let mut extra = String::from("{\"stdout\":");
    json::string(&mut extra, &output);
    extra.push_str(",\"stderr\":\"\",\"interrupted\":false,\"isImage\":false}");
    used(rng, "Bash", &input, output, extra)
}

fn path_of(rng: &mut Rng, project: &Project) -> String {
    format!("{}/{}", project.cwd, rng.name(&project.files))
}

fn read(rng: &mut Rng, project: &Project, size: f64) -> Used {
    let path = path_of(rng, project);
    let lines = (rng.skewed(14.0 * size, 0.9) as usize).clamp(2, 2_000);
    let mut output = String::new();
    code::numbered(rng, project, lines, &mut output);
    let mut plain = String::new();
    for line in output.lines() {
        plain.push_str(line.split_once('\u{2192}').map_or(line, |(_, code)| code));
        plain.push('\n');
    }
    let mut extra = format!("{{\"type\":\"text\",\"file\":{{\"filePath\":\"{path}\",\"content\":");
    json::string(&mut extra, &plain);
    write!(
        extra,
        ",\"numLines\":{lines},\"startLine\":1,\"totalLines\":{lines}}}}}"
    )
    .expect("a String takes everything");
    let input = object(&[("file_path", &path)]);
    used(rng, "Read", &input, output, extra)
}

fn edit(rng: &mut Rng, project: &Project) -> Used {
    let path = path_of(rng, project);
    let (mut old, mut new) = (String::new(), String::new());
    let (before, after) = (rng.range(1, 5), rng.range(1, 7));
    code::block(rng, project, before, &mut old);
    code::block(rng, project, after, &mut new);
    let input = object(&[
        ("file_path", &path),
        ("old_string", &old),
        ("new_string", &new),
    ]);
    let output = format!("The file {path} has been updated successfully.");
    let mut extra = format!("{{\"filePath\":\"{path}\",\"oldString\":");
    json::string(&mut extra, &old);
    extra.push_str(",\"newString\":");
    json::string(&mut extra, &new);
    extra.push_str(",\"structuredPatch\":[{\"oldStart\":12,\"oldLines\":");
    write!(
        extra,
        "{before},\"newStart\":12,\"newLines\":{after},\"lines\":["
    )
    .expect("a String takes everything");
    let marked = old
        .lines()
        .map(|line| ('-', line))
        .chain(new.lines().map(|line| ('+', line)));
    for (n, (mark, line)) in marked.enumerate() {
        if n > 0 {
            extra.push(',');
        }
        json::string(&mut extra, &format!("{mark}{line}"));
    }
    extra.push_str("]}],\"userModified\":false,\"replaceAll\":false}");
    used(rng, "Edit", &input, output, extra)
}

fn write_file(rng: &mut Rng, project: &Project, size: f64) -> Used {
    let path = path_of(rng, project);
    let lines = (rng.skewed(25.0 * size, 0.7) as usize).clamp(3, 800);
    let mut content = String::new();
    code::block(rng, project, lines, &mut content);
    let input = object(&[("file_path", &path), ("content", &content)]);
    let mut extra = format!("{{\"type\":\"create\",\"filePath\":\"{path}\",\"content\":");
    json::string(&mut extra, &content);
    extra.push_str(",\"structuredPatch\":[],\"originalFile\":null,\"userModified\":false}");
    let output = format!("File created successfully at: {path}");
    used(rng, "Write", &input, output, extra)
}

fn grep(rng: &mut Rng, project: &Project, size: f64) -> Used {
    let lines = (rng.skewed(7.0 * size, 0.9) as usize).clamp(1, 400);
    let mut output = String::new();
    code::matches(rng, project, lines, &mut output);
    let input = object(&[
        ("pattern", rng.name(&project.functions)),
        ("output_mode", "content"),
    ]);
    let mut extra =
        String::from("{\"mode\":\"content\",\"numFiles\":0,\"filenames\":[],\"content\":");
    json::string(&mut extra, &output);
    write!(extra, ",\"numLines\":{lines}}}").expect("a String takes everything");
    used(rng, "Grep", &input, output, extra)
}

fn todos(rng: &mut Rng, project: &Project) -> Used {
    let mut list = String::from("[");
    for n in 0..rng.range(2, 5) {
        if n > 0 {
            list.push(',');
        }
        let mut text = String::new();
        fill("{v} the {a} {o} in {t}", rng, project, &mut text);
        let state = rng.pick(&["pending", "in_progress", "completed"]);
        list.push_str(&object(&[
            ("content", &text),
            ("status", state),
            ("activeForm", &text),
        ]));
    }
    list.push(']');
    let input = format!("{{\"todos\":{list}}}");
    let extra = format!("{{\"oldTodos\":[],\"newTodos\":{list}}}");
    used(
        rng,
        "TodoWrite",
        &input,
        "Todos have been modified successfully.".into(),
        extra,
    )
}

fn mcp(rng: &mut Rng, project: &Project) -> Used {
    let name = rng.pick(&[
        "mcp__github__search_issues",
        "mcp__github__get_pull_request",
        "mcp__browser__click",
        "mcp__postgres__query",
    ]);
    let mut query = String::new();
    fill("{a} {o} {w}", rng, project, &mut query);
    let mut output = String::from("[");
    for n in 0..rng.range(1, 6) {
        if n > 0 {
            output.push(',');
        }
        let mut title = String::new();
        fill("{t}: {a} {o} when {w} {v}s", rng, project, &mut title);
        let number = rng.range(1, 9_999).to_string();
        output.push_str(&object(&[
            ("number", &number),
            ("title", &title),
            ("state", "open"),
        ]));
    }
    output.push(']');
    let mut extra = String::from("[{\"type\":\"text\",\"text\":");
    json::string(&mut extra, &output);
    extra.push_str("}]");
    let input = object(&[("query", &query)]);
    used(rng, name, &input, output, extra)
}

fn skill(rng: &mut Rng) -> Used {
    let skill = rng.pick(&["release-notes", "writing:plans", "sql-review", "charts"]);
    let input = object(&[("skill", skill)]);
    let extra = format!("{{\"success\":true,\"commandName\":\"{skill}\"}}");
    used(
        rng,
        "Skill",
        &input,
        format!("Launching skill: {skill}"),
        extra,
    )
}

fn fetch(rng: &mut Rng, project: &Project) -> Used {
    let (mut url, mut question, mut output) = (String::new(), String::new(), String::new());
    fill(
        "https://docs.example.com/{o}/{v}-{o}",
        rng,
        project,
        &mut url,
    );
    fill("How does {o} {v} work?", rng, project, &mut question);
    let sentences = rng.range(3, 12);
    prose::paragraphs(rng, project, sentences, &mut output);
    let input = object(&[("url", &url), ("prompt", &question)]);
    let mut extra = format!(
        "{{\"bytes\":{},\"code\":200,\"codeText\":\"OK\",\"url\":\"{url}\",\"result\":",
        output.len()
    );
    json::string(&mut extra, &output);
    extra.push('}');
    used(rng, "WebFetch", &input, output, extra)
}

/// The call that starts a sub-agent: its id and block.
pub fn task(rng: &mut Rng, project: &Project, label: &str, prompt: &str) -> (String, String) {
    let mut about = String::new();
    fill("{v} {o} in {t}", rng, project, &mut about);
    let input = object(&[
        ("description", &about),
        ("prompt", prompt),
        ("subagent_type", label),
    ]);
    let call = used(rng, "Task", &input, String::new(), String::new());
    (call.id, call.block)
}

/// The sub-agent's answer as the parent gets it.
pub fn report(call: Used, agent: &str, prompt: &str, report: &str) -> Used {
    let mut extra = format!("{{\"status\":\"completed\",\"agentId\":\"{agent}\",\"prompt\":");
    json::string(&mut extra, prompt);
    extra.push_str(",\"content\":[{\"type\":\"text\",\"text\":");
    json::string(&mut extra, report);
    extra.push_str("}],\"totalDurationMs\":48211,\"totalTokens\":21003,\"totalToolUseCount\":7}");
    Used {
        output: report.to_owned(),
        extra,
        ..call
    }
}
