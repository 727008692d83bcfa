//! `codedash search`: what matches, by session, with the words marked.

use super::args::SearchArgs;
use super::ask::{Ask, Need};
use super::{print_json, text};
use crate::web::api::search::{self, MatchRecord, SearchAnswer, SearchResult};
use std::io::Write;
use std::process::ExitCode;

pub fn run(args: &SearchArgs) -> anyhow::Result<ExitCode> {
    let ask = Ask::open(&args.ask.sources.flags(), "search", Need::Index)?;
    let params = args
        .facets
        .added(args.filters.params(&ask)?)
        .with("q", args.query.join(" "))
        .with_each("role", &args.role)
        .with_some("sort", args.sort.as_ref())
        .with("limit", args.limit);
    let reply = ask.get("/api/search", &params, search::search)?;
    if args.ask.json {
        return print_json(&reply.body);
    }
    let mut out = anstream::AutoStream::auto(std::io::stdout()).lock();
    render(&reply.body, &mut out)?;
    Ok(ExitCode::SUCCESS)
}

fn render(answer: &SearchAnswer, out: &mut impl Write) -> std::io::Result<()> {
    let dim = text::DIM;
    match answer.tier.as_str() {
        "any_word" => writeln!(
            out,
            "{dim}nothing has all the words; with any of them:{dim:#}\n"
        )?,
        "close_spelling" => writeln!(
            out,
            "{dim}nothing has these words; close spellings ({}):{dim:#}\n",
            text::line(&answer.corrected.join(", "))
        )?,
        _ => {}
    }
    for result in &answer.results {
        session(result, out)?;
    }
    let hidden = match answer.hidden_sessions {
        0 => String::new(),
        hidden => format!(
            ", {} more hidden as helper runs or sub-agents (--helpers)",
            text::plural(hidden, "session")
        ),
    };
    let filling = match answer.filling {
        true => " so far, messages are still being indexed",
        false => "",
    };
    writeln!(
        out,
        "{dim}{} in {}{filling}{hidden} ({:.1} ms){dim:#}",
        text::plural(answer.total_messages, "message"),
        text::plural(answer.total, "session"),
        answer.took,
    )
}

fn session(result: &SearchResult, out: &mut impl Write) -> std::io::Result<()> {
    let (bold, dim) = (text::BOLD, text::DIM);
    let session = &result.session;
    let name = match text::line(&session.name) {
        name if name.is_empty() => "(no prompt)".to_owned(),
        name => text::cut(&name, 100),
    };
    writeln!(
        out,
        "{bold}{name}{bold:#}\n{dim}{}  {}  {}  {}  {}{dim:#}",
        text::line(text::short_id(&result.session_id)),
        session.tool,
        text::line(&session.project_short),
        session.last_time,
        match result.count {
            1 => "1 match".to_owned(),
            n => format!("{} matches", text::count(u64::from(n))),
        },
    )?;
    for found in &result.matches {
        let who = match found.tool.as_str() {
            "" => found.role.clone(),
            tool => format!("{} {}", found.role, text::line(tool)),
        };
        writeln!(
            out,
            "  {dim}{:>5} {who}:{dim:#} {}",
            found.seq,
            marked(found)
        )?;
    }
    writeln!(out)
}

/// The passage on one line with its matches marked.
fn marked(found: &MatchRecord) -> String {
    let (on, off) = (text::MARK.render(), text::MARK.render_reset());
    let mut line = String::from(if found.cut_before { "…" } else { "" });
    let mut open = false;
    for (at, character) in found.snippet.chars().enumerate() {
        let inside = found
            .marks
            .iter()
            .any(|(start, end)| (*start..*end).contains(&at));
        if inside != open {
            line += &(if inside {
                on.to_string()
            } else {
                off.to_string()
            });
            open = inside;
        }
        match character {
            c if c.is_whitespace() => line.push(' '),
            c if c.is_control() => {}
            c => line.push(c),
        }
    }
    if open {
        line += &off.to_string();
    }
    line + if found.cut_after { "…" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_are_marked_where_they_are_and_nothing_else_gets_through() {
        let found = MatchRecord {
            snippet: "größe\n\u{1b}[2Jworld".into(),
            marks: vec![(0, 5), (10, 15)],
            cut_before: true,
            ..MatchRecord::default()
        };
        let (on, off) = (text::MARK.render(), text::MARK.render_reset());
        assert_eq!(marked(&found), format!("…{on}größe{off} [2J{on}world{off}"));
    }

    #[test]
    fn the_last_line_reconciles() {
        let answer = SearchAnswer {
            total: 1,
            total_messages: 3,
            hidden_sessions: 2,
            tier: "any_word".into(),
            results: vec![SearchResult {
                session_id: "019a1b2c-3d4e-7000-8000-000000000001".into(),
                count: 3,
                matches: vec![MatchRecord {
                    role: "tool".into(),
                    tool: "Bash".into(),
                    seq: 41,
                    snippet: "cargo test".into(),
                    ..MatchRecord::default()
                }],
                ..SearchResult::default()
            }],
            ..SearchAnswer::default()
        };
        let mut plain = anstream::StripStream::new(Vec::new());
        render(&answer, &mut plain).unwrap();
        let text = String::from_utf8(plain.into_inner()).unwrap();
        assert!(text.starts_with("nothing has all the words"), "{text}");
        assert!(text.contains("41 tool Bash: cargo test"), "{text}");
        assert!(text.contains("3 matches"), "{text}");
        assert!(
            text.contains("3 messages in 1 session, 2 sessions more hidden"),
            "{text}"
        );
    }
}
