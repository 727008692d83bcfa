//! `codedash list`: sessions, one a line.

use super::args::ListArgs;
use super::ask::{Ask, Need};
use super::{print_json, text};
use crate::web::api::record::SessionRecord;
use crate::web::api::reply::Counts;
use crate::web::api::sessions;
use std::io::Write;
use std::process::ExitCode;

pub fn run(args: &ListArgs) -> anyhow::Result<ExitCode> {
    let ask = Ask::open(&args.ask.sources.flags(), "list", Need::Listing)?;
    let params = args
        .facets
        .added(args.filters.params(&ask)?)
        .with_some("q", (!args.words.is_empty()).then(|| args.words.join(" ")))
        .with_some("sort", args.sort.as_ref())
        .with_some("limit", (args.limit > 0).then_some(args.limit));
    let reply = ask.get("/api/sessions", &params, sessions::list)?;
    if args.ask.json {
        return print_json(&reply.body);
    }
    let mut out = anstream::AutoStream::auto(std::io::stdout()).lock();
    render(&reply.body, reply.counts, text::width(), &mut out)?;
    Ok(ExitCode::SUCCESS)
}

fn render(
    rows: &[SessionRecord],
    counts: Option<Counts>,
    width: Option<usize>,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let (bold, dim) = (text::BOLD, text::DIM);
    let widest = |of: fn(&SessionRecord) -> String| {
        let lengths = rows.iter().map(|row| text::columns_of(&of(row)));
        lengths.max().unwrap_or(0).min(24)
    };
    let agents = widest(|row| row.tool.clone());
    let projects = widest(project);
    for row in rows {
        let star = if row.starred { '*' } else { ' ' };
        let time = match row.last_time.as_str() {
            "" => "no time recorded",
            time => time,
        };
        let head = format!(
            "{star} {time:<16}  {:<13}  {:<agents$}  {}  {:>5} msg  ",
            text::line(text::short_id(&row.id)),
            row.tool,
            text::padded(&text::cut(&project(row), projects), projects),
            row.messages,
        );
        let room = width.map_or(usize::MAX, |width| {
            width.saturating_sub(text::columns_of(&head))
        });
        let name = match text::line(&row.name) {
            name if name.is_empty() => "(no prompt)".to_owned(),
            name => text::cut(&name, room.max(20)),
        };
        writeln!(out, "{dim}{head}{dim:#}{bold}{name}{bold:#}")?;
    }
    let Some(Counts {
        total,
        hidden,
        empty,
    }) = counts
    else {
        return Ok(());
    };
    let hint = match hidden {
        0 => String::new(),
        hidden => format!(
            ", {} more hidden as helper runs or sub-agents (--helpers)",
            text::count(hidden as u64)
        ),
    };
    let hint = match empty {
        0 => hint,
        empty => format!(
            "{hint}, {} without a message (--empty)",
            text::count(empty as u64)
        ),
    };
    writeln!(
        out,
        "{dim}{} of {}{hint}{dim:#}",
        text::count(rows.len() as u64),
        text::plural(total as u64, "session"),
    )
}

fn project(row: &SessionRecord) -> String {
    text::line(&row.project_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_is_in_them() {
        let row = |project: &str, name: &str| SessionRecord {
            project_label: project.into(),
            name: name.into(),
            ..SessionRecord::default()
        };
        let rows = [
            row("app", "fix"),
            row("数学ノート", &"検索を直して".repeat(9)),
            row("ÉÈ", "x"),
        ];
        let mut plain = anstream::StripStream::new(Vec::new());
        render(&rows, None, Some(90), &mut plain).unwrap();
        let text = String::from_utf8(plain.into_inner()).unwrap();
        let column = |line: &str| text::columns_of(&line[..line.find(" msg").unwrap()]);
        let columns: Vec<usize> = text.lines().map(column).collect();
        assert!(columns.iter().all(|c| *c == columns[0]), "{text}");
        assert!(
            text.lines().all(|line| text::columns_of(line) <= 90),
            "{text}"
        );
    }

    #[test]
    fn a_session_is_a_line_however_hostile_its_name() {
        let row = SessionRecord {
            id: "019a1b2c-3d4e-7000-8000-000000000001".into(),
            tool: "probe".into(),
            name: format!("fix\nthe \x1b[2Jlogin {}", "x".repeat(300)),
            project_label: "app".into(),
            last_time: "2026-11-21 10:00".into(),
            messages: 12,
            starred: true,
            ..SessionRecord::default()
        };
        let counts = Counts {
            total: 4,
            hidden: 1,
            empty: 3,
        };
        let mut plain = anstream::StripStream::new(Vec::new());
        let rows = [row, SessionRecord::default()];
        render(&rows, Some(counts), Some(80), &mut plain).unwrap();
        let text = String::from_utf8(plain.into_inner()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(lines[0].starts_with("* 2026-11-21 10:00  019a1b2c-3d4e  probe  app"));
        assert!(lines[0].chars().count() <= 80, "{text}");
        assert!(lines[1].contains("no time recorded") && lines[1].contains("(no prompt)"));
        assert!(lines[2].contains("2 of 4 sessions") && lines[2].contains("1 more hidden"));
        assert!(lines[2].contains("3 without a message (--empty)"));
    }
}
