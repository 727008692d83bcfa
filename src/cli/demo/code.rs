//! What tools see: source lines, logs, test runs, listings, diffs and commands.

use super::prose::fill;
use super::random::Rng;
use super::words::{Code, Project};
use std::fmt::Write;

const RUST: &[&str] = &[
    "    let {o} = self.{i}(&{o})?;",
    "pub fn {i}({o}: &{t}) -> Result<{t}, {t}> {",
    "    if {o}.len() > {N} {",
    "        return Err({t}::{t}({n}));",
    "    }",
    "impl {t} for {t} {",
    "    let mut {o} = Vec::with_capacity({n});",
    "    for {o} in {i}({o}.iter()) {",
    "        {o}.push({t}::new({n}, {o}));",
    "}",
    "    // {w} {o} must {v} before the {w} {o}",
    "    assert_eq!({i}(\"{w}\"), Some({N}));",
    "use crate::{o}::{t};",
    "",
];
const PYTHON: &[&str] = &[
    "def {i}(self, {o}: {t}, {o}: int = {n}) -> {t}:",
    "    {o} = self.{i}({o})",
    "    if not {o}:",
    "        raise {t}(f\"{a} {o}: {w}\")",
    "    return [{i}({o}) for {o} in {o}[:{n}]]",
    "class {t}({t}):",
    "    \"\"\"{w} the {w} {o}.\"\"\"",
    "    with {i}({N}) as {o}:",
    "from {o}.{o} import {t}",
    "    assert {i}(\"{w}\") == {N}",
    "",
];
const TYPESCRIPT: &[&str] = &[
    "export function {i}({o}: {t}): Promise<{t}> {",
    "  const {o} = await {i}({o}, {n});",
    "  if (!{o}) throw new {t}(`{a} {o} {w}`);",
    "  return {o}.map(({o}) => {i}({o})).slice(0, {n});",
    "}",
    "interface {t} extends {t} {",
    "  {o}: string; // {w}",
    "import { {t} } from './{o}';",
    "  expect({i}('{w}')).toBe({N});",
    "",
];
const GO: &[&str] = &[
    "func (s *{t}) {i}(ctx context.Context, {o} {t}) error {",
    "\t{o}, err := s.{i}(ctx, {n})",
    "\tif err != nil {",
    "\t\treturn fmt.Errorf(\"{v} {w} {o}: %w\", err)",
    "\t}",
    "\tfor _, {o} := range {o} {",
    "type {t} struct {",
    "\t{t} *{t} // {w}",
    "}",
    "",
];

fn lines_of(code: Code) -> &'static [&'static str] {
    match code {
        Code::Rust => RUST,
        Code::Python => PYTHON,
        Code::TypeScript => TYPESCRIPT,
        Code::Go => GO,
    }
}

/// One source line. A `{` that opens no slot is code.
fn line(rng: &mut Rng, project: &Project, out: &mut String) {
    let template = rng.pick(lines_of(project.code));
    let bytes = template.as_bytes();
    let mut from = 0;
    while let Some(at) = template[from..].find('{').map(|at| from + at) {
        if bytes.get(at + 2) == Some(&b'}') {
            out.push_str(&template[from..at]);
            fill(&template[at..at + 3], rng, project, out);
            from = at + 3;
        } else {
            out.push_str(&template[from..=at]);
            from = at + 1;
        }
    }
    out.push_str(&template[from..]);
}

pub fn block(rng: &mut Rng, project: &Project, lines: usize, out: &mut String) {
    for _ in 0..lines {
        line(rng, project, out);
        out.push('\n');
    }
}

/// Source with line numbers before a tab or an arrow, as a reading tool shows it.
pub fn numbered(rng: &mut Rng, project: &Project, lines: usize, out: &mut String) {
    let first = rng.range(1, 400);
    for n in first..first + lines {
        write!(out, "{n:>6}\u{2192}").expect("a String takes everything");
        line(rng, project, out);
        out.push('\n');
    }
}

pub fn log(rng: &mut Rng, project: &Project, lines: usize, out: &mut String) {
    let (mut second, day) = (rng.below(80_000), rng.range(1, 28));
    for _ in 0..lines {
        second += rng.below(3);
        let level = rng.pick(&["INFO ", "DEBUG", "INFO ", "WARN ", "ERROR"]);
        let (h, m, s) = (second / 3600 % 24, second / 60 % 60, second % 60);
        let ms = rng.below(1000);
        write!(
            out,
            "2026-10-{day:02}T{h:02}:{m:02}:{s:02}.{ms:03}Z {level} "
        )
        .expect("a String takes everything");
        let body = rng.pick(&[
            "{o}::{o} {v} {w} took={n}ms rows={N}",
            "{o}::{i} {a} {o} id={h}{h}",
            "{o}: accepted connection from 10.0.{n}.{n}:{N}",
            "{i} retry attempt={n} backoff={N}ms {w}",
            "{t} {w} {w} request={h}-{h}",
        ]);
        fill(body, rng, project, out);
        out.push('\n');
    }
}

fn test_run(rng: &mut Rng, project: &Project, lines: usize, out: &mut String) {
    for _ in 0..lines {
        let body = match project.code {
            Code::Rust => "test {o}::tests::{i}_{w} ... ok\n",
            Code::Python => "tests/test_{o}.py::test_{i}_{w} PASSED\n",
            Code::TypeScript => "  \u{2713} {i} {v}s the {w} {o} ({n} ms)\n",
            Code::Go => "--- PASS: Test{t}/{w}_{o} (0.{n}s)\n",
        };
        fill(body, rng, project, out);
    }
    if rng.chance(0.3) {
        let body = "\nFAILED {f}::{i}: expected {N}, got {N}\n  at {f}:{N}:{n}\n";
        fill(body, rng, project, out);
    }
    fill(
        "\n{N} passed; {n} skipped; finished in {n}.{n}s\n",
        rng,
        project,
        out,
    );
}

fn listing(rng: &mut Rng, project: &Project, lines: usize, out: &mut String) {
    for _ in 0..lines {
        let body = "-rw-r--r-- 1 dev dev {N} Oct {n} 10:{n} {f}\n";
        fill(body, rng, project, out);
    }
}

pub fn matches(rng: &mut Rng, project: &Project, lines: usize, out: &mut String) {
    for _ in 0..lines {
        fill("{f}:{N}:", rng, project, out);
        line(rng, project, out);
        out.push('\n');
    }
}

/// A unified diff without its file header: `@@`, context, removed and added lines.
pub fn hunk(rng: &mut Rng, project: &Project, out: &mut String) {
    let (at, old, new) = (rng.range(1, 900), rng.range(1, 5), rng.range(1, 6));
    writeln!(out, "@@ -{at},{} +{at},{} @@", old + 2, new + 2).expect("a String takes everything");
    for (mark, count) in [(' ', 1), ('-', old), ('+', new), (' ', 1)] {
        for _ in 0..count {
            out.push(mark);
            line(rng, project, out);
            out.push('\n');
        }
    }
}

fn diff(rng: &mut Rng, project: &Project, out: &mut String) {
    let file = rng.name(&project.files).to_owned();
    writeln!(
        out,
        "diff --git a/{file} b/{file}\n--- a/{file}\n+++ b/{file}"
    )
    .expect("a String takes everything");
    for _ in 0..rng.range(1, 4) {
        hunk(rng, project, out);
    }
}

/// A shell command and what it prints.
pub fn shell(rng: &mut Rng, project: &Project, size: f64, output: &mut String) -> String {
    let lines = (rng.skewed(9.0 * size, 1.0) as usize).clamp(1, 1500);
    let mut command = String::new();
    match rng.below(8) {
        0 | 1 => {
            write!(command, "{} ", project.code.test_command()).expect("a String takes everything");
            fill("{i} 2>&1 | tail -{n}", rng, project, &mut command);
            test_run(rng, project, lines, output);
        }
        2 => {
            fill("rg -n '{i}|{w}' {f}", rng, project, &mut command);
            matches(rng, project, lines, output);
        }
        3 => {
            fill("git log --oneline -{n}", rng, project, &mut command);
            for _ in 0..lines {
                fill("{h} {v} the {w} {o}\n", rng, project, output);
            }
        }
        4 => {
            fill("git diff {b} -- {f}", rng, project, &mut command);
            diff(rng, project, output);
        }
        5 => {
            fill(
                "ls -la $(dirname {f}) && du -sh {f}",
                rng,
                project,
                &mut command,
            );
            listing(rng, project, lines, output);
        }
        6 => {
            fill(
                "tail -n {n} logs/{o}.log | grep -v {w}",
                rng,
                project,
                &mut command,
            );
            log(rng, project, lines, output);
        }
        _ => {
            fill("sed -n '{n},{N}p' {f}", rng, project, &mut command);
            block(rng, project, lines, output);
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_of_code_stay() {
        let mut rng = Rng::new(3, 1, 1);
        for number in 0..8 {
            let project = Project::new(5, number);
            let mut out = String::new();
            block(&mut rng, &project, 200, &mut out);
            assert!(out.lines().count() == 200 && out.contains(['{', ':']));
            assert!(!out.contains("{o}") && !out.contains("{t}"), "{out}");
        }
    }
}
