//! `codedash show`: one session, its facts and its messages.

use super::args::ShowArgs;
use super::ask::{Ask, Need};
use super::{print_json, text};
use crate::web::api::message::MessageRecord;
use crate::web::api::params::Params;
use crate::web::api::session::{self, SessionAnswer, SessionDetail};
use std::io::Write;
use std::process::ExitCode;

/// Lines of a message that are printed unless all are asked for.
const LINES: usize = 12;

pub fn run(args: &ShowArgs) -> anyhow::Result<ExitCode> {
    let ask = Ask::open(&args.ask.sources.flags(), "show", Need::Listing)?;
    let page = |offset: usize, limit: usize| {
        let params = Params::default()
            .with_some("role", args.role.as_ref())
            .with("offset", offset)
            .with("limit", limit);
        let reply = ask.get_session(&args.id, &params, session::one);
        reply.map(|reply| reply.body)
    };
    let pages = pages(args, page)?;
    if args.ask.json {
        return print_json(&joined(pages));
    }
    let mut out = anstream::AutoStream::auto(std::io::stdout()).lock();
    head(&pages[0].session, &mut out)?;
    body(&pages, args.all, &mut out)?;
    Ok(ExitCode::SUCCESS)
}

/// The pages that are asked for, in order: one, all, or the beginning and the end. Never none.
fn pages(
    args: &ShowArgs,
    page: impl Fn(usize, usize) -> anyhow::Result<SessionAnswer>,
) -> anyhow::Result<Vec<SessionAnswer>> {
    if args.all {
        let mut pages = vec![page(0, 1000)?];
        while let Some(next) = pages.last().and_then(|page| page.next) {
            pages.push(page(next, 1000)?);
        }
        return Ok(pages);
    }
    if args.offset.is_some() || args.ask.json {
        return Ok(vec![page(args.offset.unwrap_or(0), args.limit)?]);
    }
    let first = page(0, args.limit.div_ceil(2))?;
    let shown = first.messages.len();
    let rest = first.total.saturating_sub(shown);
    let wanted = args.limit.saturating_sub(shown).min(rest);
    let total = first.total;
    let mut pages = vec![first];
    if wanted > 0 {
        pages.push(page(total - wanted, wanted)?);
    }
    Ok(pages)
}

fn joined(pages: Vec<SessionAnswer>) -> SessionAnswer {
    let mut pages = pages.into_iter();
    let mut all = pages.next().unwrap_or_default();
    for page in pages {
        all.messages.extend(page.messages);
        all.limit += page.limit;
        all.next = page.next;
    }
    all
}

fn head(session: &SessionDetail, out: &mut impl Write) -> std::io::Result<()> {
    let (bold, dim) = (text::BOLD, text::DIM);
    let record = &session.record;
    let name = match text::line(&record.name) {
        name if name.is_empty() => "(no prompt)".to_owned(),
        name => name,
    };
    writeln!(out, "{bold}{name}{bold:#}")?;
    for (label, value) in facts(session) {
        if !value.is_empty() {
            writeln!(out, "{dim}{label:<9}{dim:#} {value}")?;
        }
    }
    Ok(())
}

/// What is known of the session; an empty value is not printed.
fn facts(session: &SessionDetail) -> Vec<(&'static str, String)> {
    let record = &session.record;
    let relation = match (&record.relation, &record.parent_id) {
        (Some(relation), Some(parent)) => format!("{relation} of {}", text::line(parent)),
        _ => String::new(),
    };
    let mut marks: Vec<String> = record.tags.iter().map(|tag| text::line(tag)).collect();
    if record.starred {
        marks.insert(0, "starred".into());
    }
    vec![
        ("id", text::line(&record.id)),
        ("agent", with(&record.agent_name, &record.version)),
        (
            "project",
            with(&record.project, &record.git_branches.join(", ")),
        ),
        ("model", text::line(&record.models.join(", "))),
        ("time", times(session)),
        ("messages", counts(session)),
        ("tokens", tokens(session)),
        ("relation", relation),
        (
            "helper",
            record
                .helper_reason
                .as_deref()
                .map(text::line)
                .unwrap_or_default(),
        ),
        ("marks", marks.join(", ")),
        (
            "issues",
            match record.issues {
                0 => String::new(),
                n => format!("{} (see codedash doctor)", text::count(u64::from(n))),
            },
        ),
        (
            "source",
            if record.gone {
                "deleted by the agent; this is what was kept"
            } else {
                ""
            }
            .into(),
        ),
        (
            "resume",
            session
                .resume
                .as_deref()
                .map(text::line)
                .unwrap_or_default(),
        ),
    ]
}

fn with(value: &str, more: &str) -> String {
    match (text::line(value), text::line(more)) {
        (value, more) if more.is_empty() => value,
        (value, more) => format!("{value} ({more})"),
    }
}

fn times(session: &SessionDetail) -> String {
    match (&session.record.first_time, &session.record.last_time) {
        (first, last) if first.is_empty() && last.is_empty() => "not recorded".into(),
        (first, last) if first == last => first.clone(),
        (first, last) => format!("{first} to {last}"),
    }
}

fn counts(session: &SessionDetail) -> String {
    let record = &session.record;
    format!(
        "{} ({}, {}, {} failed)",
        text::count(u64::from(record.messages)),
        text::plural(u64::from(record.user_messages), "prompt"),
        text::plural(u64::from(record.tool_calls), "tool call"),
        text::count(u64::from(record.tool_errors)),
    )
}

fn tokens(session: &SessionDetail) -> String {
    let (tokens, cost) = (&session.record.tokens, &session.record.cost);
    if cost.unavailable {
        return "not recorded by this agent".into();
    }
    let unpriced = match cost.unpriced_responses {
        0 => String::new(),
        n => format!(
            ", {} without a known price",
            text::plural(u64::from(n), "response")
        ),
    };
    format!(
        "{} ({} in, {} out, {} cache): {}{unpriced}",
        text::count(tokens.total),
        text::count(tokens.input),
        text::count(tokens.output),
        text::count(tokens.cache_read + tokens.cache_write),
        text::dollars(cost.usd),
    )
}

fn body(pages: &[SessionAnswer], uncut: bool, out: &mut impl Write) -> std::io::Result<()> {
    let dim = text::DIM;
    let mut at = 0;
    for page in pages {
        if page.offset > at {
            let left = text::plural((page.offset - at) as u64, "message");
            writeln!(
                out,
                "\n{dim}... {left} not shown (--offset {at}, --all) ...{dim:#}"
            )?;
        }
        for item in &page.messages {
            message(item, uncut, out)?;
        }
        at = page.offset + page.messages.len();
    }
    let total = pages.last().map_or(0, |page| page.total);
    if at < total {
        let left = text::plural((total - at) as u64, "message");
        writeln!(
            out,
            "\n{dim}... {left} more (--offset {at}, --all) ...{dim:#}"
        )?;
    }
    Ok(())
}

fn message(item: &MessageRecord, uncut: bool, out: &mut impl Write) -> std::io::Result<()> {
    let (bold, dim) = (text::BOLD, text::DIM);
    let time = item.timestamp.as_deref().unwrap_or_default();
    writeln!(
        out,
        "\n{bold}{}{bold:#} {dim}#{} {time}{dim:#}",
        item.role, item.seq
    )?;
    let tool = item.tools.first();
    if let Some(tool) = tool {
        let failed = if tool.failed { " failed" } else { "" };
        let title = text::line(&tool.title);
        writeln!(
            out,
            "{} {title}{dim}{failed}{dim:#}",
            text::line(&tool.name)
        )?;
        // the title is the input's gist; the whole is there for those who ask for all
        if uncut {
            paragraph(&item.content, uncut, out)?;
        }
        if let Some(output) = &tool.output {
            paragraph(&output.content, uncut, out)?;
        }
        return Ok(());
    }
    paragraph(&item.content, uncut, out)
}

fn paragraph(content: &str, uncut: bool, out: &mut impl Write) -> std::io::Result<()> {
    let dim = text::DIM;
    let content = text::lines(content);
    let lines: Vec<&str> = content.trim_end().lines().collect();
    let shown = if uncut {
        lines.len()
    } else {
        lines.len().min(LINES)
    };
    for line in &lines[..shown] {
        let line = if uncut {
            (*line).to_owned()
        } else {
            text::cut(line, 400)
        };
        writeln!(out, "  {line}")?;
    }
    if lines.len() > shown {
        let left = text::plural((lines.len() - shown) as u64, "line");
        writeln!(out, "  {dim}... {left} more{dim:#}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session_of(total: usize) -> impl Fn(usize, usize) -> anyhow::Result<SessionAnswer> {
        move |offset, limit| {
            let end = (offset + limit).min(total);
            let numbers = offset.min(total)..end;
            Ok(SessionAnswer {
                messages: numbers
                    .map(|seq| MessageRecord {
                        role: "user".into(),
                        content: format!("message {seq}"),
                        seq: seq as u32,
                        ..MessageRecord::default()
                    })
                    .collect(),
                total,
                offset,
                limit,
                next: (end < total).then_some(end),
                ..SessionAnswer::default()
            })
        }
    }

    fn args(limit: usize, offset: Option<usize>, all: bool) -> ShowArgs {
        ShowArgs {
            id: "x".into(),
            limit,
            offset,
            all,
            role: None,
            ask: Default::default(),
        }
    }

    fn shown(args: &ShowArgs, total: usize) -> (Vec<u32>, String) {
        let pages = pages(args, session_of(total)).unwrap();
        let mut plain = anstream::StripStream::new(Vec::new());
        body(&pages, args.all, &mut plain).unwrap();
        let text = String::from_utf8(plain.into_inner()).unwrap();
        let seqs = pages.iter().flat_map(|page| &page.messages);
        (seqs.map(|message| message.seq).collect(), text)
    }

    #[test]
    fn the_first_and_the_last_with_what_is_left_out_said() {
        let (seqs, text) = shown(&args(5, None, false), 100);
        assert_eq!(seqs, [0, 1, 2, 98, 99]);
        assert!(text.contains("95 messages not shown (--offset 3"), "{text}");
        assert!(!text.contains("more (--offset"), "{text}");

        let (seqs, text) = shown(&args(10, None, false), 7);
        assert_eq!(seqs, [0, 1, 2, 3, 4, 5, 6]);
        assert!(!text.contains("..."), "{text}");
        assert_eq!(shown(&args(10, None, false), 0).0, [0u32; 0]);
    }

    #[test]
    fn a_page_or_everything() {
        let (seqs, text) = shown(&args(2, Some(40), false), 100);
        assert_eq!(seqs, [40, 41]);
        assert!(text.contains("58 messages more (--offset 42"), "{text}");
        let (seqs, _) = shown(&args(10, None, true), 2500);
        assert_eq!(seqs, (0..2500).collect::<Vec<u32>>());
    }
}
