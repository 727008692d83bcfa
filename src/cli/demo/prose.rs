//! What people and models say: sentences from own templates, with the project's names in the slots.

use super::code;
use super::random::Rng;
use super::words::{ADJECTIVES, LANGUAGES, NOUNS, Project, VERBS, tail_word};
use std::fmt::Write;

/// Replaces `{x}`: f file, i function, t type, n and N small and large number, o noun, v verb,
/// a adjective, w word of the long tail, b branch, h short hash.
pub fn fill(template: &str, rng: &mut Rng, project: &Project, out: &mut String) {
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        slot(rest.as_bytes()[open + 1], rng, project, out);
        rest = &rest[open + 3..];
    }
    out.push_str(rest);
}

fn slot(name: u8, rng: &mut Rng, project: &Project, out: &mut String) {
    match name {
        b'f' => out.push_str(rng.name(&project.files)),
        b'i' => out.push_str(rng.name(&project.functions)),
        b't' => out.push_str(rng.name(&project.types)),
        b'n' => number(out, rng.range(2, 99)),
        b'N' => number(out, rng.range(100, 99_999)),
        b'o' => out.push_str(rng.pick(&NOUNS)),
        b'v' => out.push_str(rng.pick(&VERBS)),
        b'a' => out.push_str(rng.pick(&ADJECTIVES)),
        b'w' => tail_word(rng, out),
        b'b' => out.push_str(rng.name(&project.branches)),
        b'h' => rng.hex(7, out),
        other => unreachable!("no slot named {}", other as char),
    }
}

fn number(out: &mut String, value: usize) {
    write!(out, "{value}").expect("a String takes everything");
}

const PROMPTS: &[&str] = &[
    "Fix the {a} {o} in `{f}`: after a restart `{i}` returns the old value.",
    "The {o} page is {a} when there are more than {N} rows. Find out why and make it quick.",
    "Add a test for `{i}` that covers the {a} {o} case.",
    "Why does `{i}` in {f} {v} the {o} twice? I only want it once.",
    "Rename {t} to {t} everywhere and keep the old name as a deprecated alias.",
    "Write a migration that moves {o} out of the {o} table. It has about {N} rows.",
    "We see `{t}: {a} {o} (code {n})` in production since yesterday. Reproduce it and fix it.",
    "Can you {v} the {o} on a background thread so that the UI stays responsive?",
    "Split {f} into smaller modules, it has become unreadable.",
    "Look at the {o} handling on branch {b}. What is missing before we can merge?",
    "Make the {o} configurable: default {n}, environment variable, documented in the README.",
    "The test suite is {a}. Run it ten times and tell me which tests fail and why.",
    "Please explain how {t} and {t} work together, with the files that matter.",
    "Upgrade the {o} library and fix what breaks.",
    "Add pagination to the {o} list, {n} per page, keep the filters in the URL.",
    "Profile `{i}` on the large dataset and bring it under {n} ms.",
    "Our {o} leaks: memory grows by {n} MB an hour. Where?",
    "Implement {o} {v} with exponential backoff, at most {n} attempts.",
    "Draw a chart of {o} by day on the {o} page, no new dependencies.",
    "Review the last commit ({h}) and be strict about error handling.",
    "There is a race between `{i}` and `{i}`. Add a lock or, better, remove the sharing.",
    "Document the {o} format in docs/{o}.md, with an example for every field.",
    "Users in other time zones see the {o} on the wrong day. Fix `{i}` and add tests.",
    "Write a script that imports {o} from CSV and skips {a} lines with a warning.",
    "Delete the {a} {o} code, nobody has used it since {t} landed.",
    "How would you design {o} search over {N} documents? Give me two options first.",
    "Dark mode for the {o} dialog. The contrast must be good enough.",
    "CI fails on {b} only. Here is the log:",
    "Now do the same for the {o}.",
    "ok, go on",
    "looks good. commit it and continue with the {o}",
    "no, keep the {o} where it is. only {v} the {o}",
];

const SENTENCES: &[&str] = &[
    "The cause is in `{f}`: `{i}` reads the {o} before the {o} has been written.",
    "I'll start with {f}, since everything else goes through {t}.",
    "`{i}` is called from {n} places, {n} of them in tests.",
    "That {o} is {a} because the {o} keeps a reference to the old {o}.",
    "I have changed `{i}` so that it returns early when the {o} is {a}.",
    "All {N} tests pass, and the {w} one that failed before is stable now over {n} runs.",
    "There is one thing I did not touch: {t} still holds the {a} {o}.",
    "The {w} path allocates {N} times per {o}; reusing the buffer brings it down to {n}.",
    "Measured on {N} rows: {n} ms before, {n} ms after.",
    "This keeps the {w} behaviour and makes the {w} case explicit.",
    "A {a} {o} is now an error with a message that names the {o}.",
    "The {w} {o} cannot {v} while a {w} {o} is open, so the lock order is safe.",
    "Next I would {v} the {o}, but that changes the public interface.",
    "Note that `{i}` and `{i}` disagree about the {w} {o}; I followed the former.",
    "The migration is reversible and runs in batches of {N}.",
    "See {f} line {n} for the {w} check and line {N} for its counterpart.",
    "Both {w} and {w} are covered, {w} is not, on purpose.",
    "It turned out that {t} was constructed twice, once with a {a} {o}.",
    "With {n} workers the {o} saturates at about {N} per second.",
    "I removed {n} {a} branches that could never be taken.",
    "The {o} is written to a temporary name first and renamed, so a crash leaves no {w} file.",
    "For {w} {o} values the old code silently truncated at {n} characters.",
    "Two {w} helpers became one function, `{i}`, which the {o} uses as well.",
    "If you prefer the {w} variant, `{i}` is the only place to change.",
    "The failing assertion compares a {w} {o} with a {w} one.",
    "{t} now implements the {w} protocol and {t} no longer needs to know about it.",
    "I ran the {w} benchmark again: the {o} stage went from {n}% to {n}% of the total.",
    "Nothing outside `{f}` depends on the {w} field, hence it is private now.",
    "The retry loop gives up after {n} attempts and reports the last {o}.",
    "A {w} regression test is in place; it fails without the change.",
];

const THOUGHTS: &[&str] = &[
    "Let me look at how {t} gets its {o} first.",
    "The user wants the {o} to {v}, so `{i}` is probably the right place.",
    "Wait, `{i}` already handles the {a} {o}. Then why does the test fail?",
    "Perhaps the {w} {o} is shared between {t} and {t}.",
    "I should check {f} for other callers before changing the signature.",
    "If the {o} is {a}, the {w} branch is taken and the {o} is never released.",
    "Simplest fix: {v} the {o} before the {w} check. But that would break {n} callers.",
    "The log shows {N} entries, which is suspiciously close to the {w} limit.",
    "So there are two {w} states, and the transition to {w} is missing.",
    "Let me run the tests of {f} to be sure.",
];

const TITLES: &[&str] = &[
    "Fix {a} {o} in {t}",
    "Add {o} pagination",
    "Speed up {o} {v}",
    "Investigate {a} {o} tests",
    "Refactor {t} into modules",
    "{o} export to CSV",
    "Dark mode for {o} dialog",
    "Migrate {o} table",
    "Race between {o} and {o}",
    "Review of {b}",
    "Explain {t} design",
    "Time zones in {o} report",
];

pub fn title(rng: &mut Rng, project: &Project) -> String {
    let mut text = String::new();
    fill(rng.pick(TITLES), rng, project, &mut text);
    text
}

/// A prompt: mostly one or two sentences, sometimes another language, sometimes with a paste.
pub fn prompt(rng: &mut Rng, project: &Project) -> String {
    let mut text = String::new();
    if rng.chance(0.16) {
        let language = &LANGUAGES[language(rng)];
        fill(rng.pick(language.sentences), rng, project, &mut text);
        if rng.chance(0.3) {
            text.push(' ');
            foreign(rng, project, &mut text);
        }
        return text;
    }
    let sentences = if rng.chance(0.3) { 2 } else { 1 };
    for n in 0..sentences {
        if n > 0 {
            text.push(' ');
        }
        fill(rng.pick(PROMPTS), rng, project, &mut text);
    }
    if text.ends_with(':') || rng.chance(0.06) {
        text.push_str("\n\n```\n");
        code::log(rng, project, 8, &mut text);
        text.push_str("```\n");
    }
    text
}

/// Some sentences in one of the other languages, with identifiers in between as people write them.
pub fn foreign(rng: &mut Rng, project: &Project, out: &mut String) {
    let language = &LANGUAGES[language(rng)];
    for _ in 0..rng.range(1, 3) {
        for n in 0..rng.range(4, 14) {
            if n > 0 {
                out.push_str(language.between);
            }
            if rng.chance(0.08) {
                fill(" `{i}` ", rng, project, out);
            } else {
                out.push_str(rng.ranked(&language.words));
            }
        }
        out.push_str(language.stop);
    }
}

/// Chinese is the most frequent one in such histories.
fn language(rng: &mut Rng) -> usize {
    match rng.chance(0.5) {
        true => 0,
        false => rng.below(LANGUAGES.len()),
    }
}

/// About `sentences` sentences in paragraphs.
pub fn paragraphs(rng: &mut Rng, project: &Project, sentences: usize, out: &mut String) {
    for n in 0..sentences {
        if n > 0 {
            out.push_str(if n % 4 == 0 { "\n\n" } else { " " });
        }
        fill(rng.pick(SENTENCES), rng, project, out);
    }
}

pub fn thought(rng: &mut Rng, project: &Project, out: &mut String) {
    for n in 0..rng.range(1, 6) {
        if n > 0 {
            out.push(' ');
        }
        let list = if rng.chance(0.6) { THOUGHTS } else { SENTENCES };
        fill(rng.pick(list), rng, project, out);
    }
}

/// One line before a tool call.
pub fn remark(rng: &mut Rng, project: &Project, out: &mut String) {
    fill(rng.pick(THOUGHTS), rng, project, out);
}

/// A closing answer in Markdown.
pub fn answer(rng: &mut Rng, project: &Project, out: &mut String) {
    if rng.chance(0.12) {
        foreign(rng, project, out);
        out.push_str("\n\n");
    }
    let sentences = rng.range(1, 5);
    paragraphs(rng, project, sentences, out);
    if rng.chance(0.35) {
        out.push_str("\n\n## ");
        out.push_str(rng.pick(&["What changed", "Summary", "Next steps", "How to check"]));
        out.push('\n');
        for _ in 0..rng.range(2, 5) {
            out.push_str("\n- ");
            if rng.chance(0.4) {
                fill("**{t}**: ", rng, project, out);
            }
            fill(rng.pick(SENTENCES), rng, project, out);
        }
    }
    if rng.chance(0.3) {
        out.push_str("\n\n```");
        out.push_str(project.code.fence());
        out.push('\n');
        let lines = rng.range(3, 14);
        code::block(rng, project, lines, out);
        out.push_str("```\n");
    }
    if rng.chance(0.06) {
        out.push_str("\n\n| what | before | after |\n|---|---|---|\n");
        for _ in 0..rng.range(2, 5) {
            fill("| `{i}` | {N} ms | {n} ms |\n", rng, project, out);
        }
    }
}

/// Queries as people type them, for benches: words, pairs, identifiers, paths, phrases, prefixes.
pub fn queries(seed: u64, projects: &[Project], count: usize) -> Vec<String> {
    let mut rng = Rng::new(seed, 9, 0);
    let shapes: &[&str] = &[
        "{o} {o}",
        "{o}",
        "{w}",
        "{i}",
        "{t} {o}",
        "{f}",
        "{a} {o} {w}",
        "\"{a} {o}\"",
        "{v} {o} {t}",
        "why does {i} {v}",
        "{w} {w}",
        "{t}",
        "{o} {n} ms",
    ];
    (0..count)
        .map(|n| {
            let mut text = String::new();
            let project = &projects[rng.below(projects.len())];
            fill(shapes[n % shapes.len()], &mut rng, project, &mut text);
            text
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_has_only_slots_that_exist() {
        let project = Project::new(1, 0);
        let mut rng = Rng::new(1, 1, 1);
        let foreign = LANGUAGES.iter().map(|language| language.sentences);
        for list in [PROMPTS, SENTENCES, THOUGHTS, TITLES]
            .into_iter()
            .chain(foreign)
        {
            for template in list {
                let mut out = String::new();
                fill(template, &mut rng, &project, &mut out);
                assert!(!out.contains(['{', '}']), "{out}");
            }
        }
        assert_eq!(queries(1, &[project], 30).len(), 30);
    }
}
