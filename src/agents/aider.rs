//! Aider: `.aider.chat.history.md` in the folder of the project, all runs in one Markdown file.
//!
//! A run begins with `# aider chat started at <local time>`; `####` lines are the person's, `>` lines the
//! program's, the rest is the model's answer. An answer that holds such lines itself cannot be told
//! apart. Only the beginning of a run has a time, and the end of the last: the file's. Token counts are
//! rounded by aider itself.
//!
//! It is looked for in the folders of the usual places for projects, and where `AIDER_CHAT_HISTORY_FILE`
//! says.
//!
//! Checked against real files: one with several runs of version 0.86.1 (commands, no answers). Not
//! checked: answers and token lines, which follow the agent's published sources.

use super::read::record::Cut;
use super::read::tell::{self, Out, Teller};
use super::read::{folder, in_projects, whole};
use super::{Agent, EventSink, Listing};
use crate::model::{
    AgentInfo, Capabilities, Checkpoint, Fact, PromptKind, RootSpec, Source, Tokens, time,
};
use std::io;
use std::path::Path;

pub struct Aider;

static INFO: AgentInfo = AgentInfo {
    id: "aider",
    name: "Aider",
    color: "#4ade80",
    roots: in_projects!(
        RootSpec::moved("AIDER_CHAT_HISTORY_FILE", "", ".aider.chat.history.md"),
        ".aider.chat.history.md"
    ),
    resume: None,
    worktrees: None,
    capabilities: Capabilities {
        usage: true,
        tool_calls: false,
        sub_agents: false,
        timestamps: false,
        thinking: false,
    },
};

/// Ms: no run is longer.
const DAY: i64 = 86_400_000;
const BEGIN: &str = "# aider chat started at ";

impl Agent for Aider {
    fn info(&self) -> &'static AgentInfo {
        &INFO
    }

    /// A root is the file itself.
    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        let mut listing = Listing::new();
        if let Some(fingerprint) = folder::fingerprint(root, &mut listing) {
            found(Source::whole(root.to_owned(), fingerprint, String::new()));
        }
        listing
    }

    fn cut(&self, _: &Source) -> Cut {
        Cut::Block
    }
    fn parse(
        &self,
        source: &Source,
        _: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> io::Result<Checkpoint> {
        let Some(text) = whole::text(&source.path, sink)? else {
            return Ok(Checkpoint::default());
        };
        let zone = sink.zone();
        let end = source.fingerprint.mtime_ns / 1_000_000;
        let mut runs = runs(&text).into_iter().peekable();
        while let Some((offset, run)) = runs.next() {
            let (head, body) = run.split_once('\n').unwrap_or((run, ""));
            let stamp = head.strip_prefix(BEGIN).unwrap_or("").trim();
            let began = time::from_local(stamp, &zone);
            let mut teller = Teller::whole(&native(&source.path, stamp, offset), sink);
            let out = &mut teller.out(sink);
            out.record(began, offset, "");
            let project = source.path.parent().map(Path::to_string_lossy);
            out.cwd(&project.unwrap_or_default());
            if let Some(first) = began {
                // a file that was copied since tells nothing of the last run
                let near = (first..first + DAY).contains(&end);
                let last = if runs.peek().is_none() && near {
                    end
                } else {
                    first
                };
                out.fact(Fact::Span { first, last });
            }
            tell_run(body, offset + head.len() as u64 + 1, began, out);
            if out.stopped() {
                break;
            }
        }
        Ok(Checkpoint::default())
    }
}

/// A run's id: the project, and when it began (or where, when it does not say).
fn native(path: &Path, stamp: &str, offset: u64) -> String {
    let project = path.parent().and_then(Path::file_name).unwrap_or_default();
    let project = tell::id_of_name(&project.to_string_lossy());
    let digits: String = stamp
        .chars()
        .filter(char::is_ascii_digit)
        .take(14)
        .collect();
    match digits.as_str() {
        "" => format!("{project}-at-{offset}"),
        digits => format!("{project}-{digits}"),
    }
}

/// Where each run begins, and its text. Two that began in the same second are one.
fn runs(text: &str) -> Vec<(u64, &str)> {
    let mut starts = Vec::new();
    let mut last = "";
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let blank = starts.is_empty() && !line.trim().is_empty();
        if (line.starts_with(BEGIN) && line.trim() != last) || blank {
            starts.push(offset);
            last = line.trim();
        }
        offset += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(start, end)| (*start as u64, &text[*start..end]))
        .collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Voice {
    Person,
    Program,
    Model,
}

fn tell_run(body: &str, offset: u64, began: Option<i64>, out: &mut Out<'_>) {
    let mut block: Vec<&str> = Vec::new();
    let mut voice = Voice::Model;
    let (mut at, mut from) = (offset, offset);
    for line in body.split_inclusive('\n') {
        let bare = line.trim_end();
        let (said, words) = match bare {
            _ if bare == "####" || bare.starts_with("#### ") => (Voice::Person, &bare[4..]),
            _ if bare == ">" || bare.starts_with("> ") => (Voice::Program, &bare[1..]),
            _ => (Voice::Model, bare),
        };
        let words = words
            .strip_prefix(' ')
            .filter(|_| said != Voice::Model)
            .unwrap_or(words);
        // blank lines are inside of answers only
        let pause = bare.is_empty() && voice != Voice::Model;
        if said != voice || pause {
            say(voice, &block, from, began, out);
            block.clear();
            (voice, from) = (said, at);
        }
        block.push(words);
        at += line.len() as u64;
    }
    say(voice, &block, from, began, out);
}

fn say(voice: Voice, block: &[&str], offset: u64, began: Option<i64>, out: &mut Out<'_>) {
    let text = block.join("\n");
    let text = text.trim();
    if text.is_empty() {
        return;
    }
    out.record(None, offset, "");
    match voice {
        Voice::Model => out.answer(text),
        Voice::Person => match text.chars().next() {
            Some('/') => out.prompt(PromptKind::Slash, text),
            Some('!') => out.prompt(PromptKind::Shell, text[1..].trim_start()),
            _ => out.user(text, 0),
        },
        Voice::Program => {
            for line in block {
                noticed(line.trim(), offset, began, out);
            }
            out.note(text);
        }
    }
}

/// What lines of the program say of the session.
fn noticed(line: &str, offset: u64, began: Option<i64>, out: &mut Out<'_>) {
    if let Some(version) = line.strip_prefix("Aider v") {
        out.version(version);
    }
    let model = line
        .strip_prefix("Main model: ")
        .or(line.strip_prefix("Model: "));
    if let Some(model) = model {
        let name = model.split(" with ").next().unwrap_or(model);
        // the provider is no part of the model's name
        out.model(name.rsplit('/').next().unwrap_or(name));
    }
    if line.ends_with("^C KeyboardInterrupt") {
        out.fact(Fact::Interruption);
    }
    if let Some(counts) = line.strip_prefix("Tokens: ") {
        let key = format!("{}@{offset}", out.teller.told.native);
        let (tokens, cost) = tokens(counts);
        out.at(began, |out| out.usage(&key, tokens, cost));
    }
}

/// `4.2k sent, 1.1k cache write, 2k cache hit, 210 received. Cost: $0.01 message, $0.02 session.`
fn tokens(line: &str) -> (Tokens, Option<i64>) {
    let (counts, cost) = line.split_once(" Cost: ").unwrap_or((line, ""));
    let mut tokens = Tokens::default();
    for part in counts.trim_end_matches('.').split(", ") {
        let (number, what) = part.trim().split_once(' ').unwrap_or((part.trim(), ""));
        let number = amount(number);
        match what {
            "sent" => tokens.input = number,
            "received" => tokens.output = number,
            "cache write" => tokens.cache_write_5m = number,
            "cache hit" => tokens.cache_read = number,
            _ => {}
        }
    }
    let message = cost
        .split(" message")
        .next()
        .and_then(|it| it.trim().strip_prefix('$'));
    let dollars: Option<f64> = message.and_then(|number| number.replace(',', "").parse().ok());
    let micro = dollars.filter(|sum| (0.0..1e6).contains(sum));
    (tokens, micro.map(|sum| (sum * 1e6).round() as i64))
}

fn amount(number: &str) -> u64 {
    let number = number.replace(',', "");
    let (digits, scale) = match (number.strip_suffix('k'), number.strip_suffix('M')) {
        (Some(digits), _) => (digits, 1e3),
        (_, Some(digits)) => (digits, 1e6),
        _ => (number.as_str(), 1.0),
    };
    let value = digits.parse::<f64>().unwrap_or(0.0) * scale;
    if (0.0..1e12).contains(&value) {
        value.round() as u64
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_lines_are_read() {
        let (all, cost) =
            tokens("4.2k sent, 2k cache hit, 210 received. Cost: $0.0123 message, $1.02 session.");
        assert_eq!((all.input, all.cache_read, all.output), (4200, 2000, 210));
        assert_eq!(cost, Some(12_300));
        let (all, cost) = tokens("1,234 sent, 5 received.");
        assert_eq!((all.input, all.output, cost), (1234, 5, None));
    }
}
