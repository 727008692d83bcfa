//! `codedash doctor`: is everything as it should be, and what could not be read?

use super::args::DoctorArgs;
use super::ask::{self, Ask, Need};
use super::owner::{self, ServerFile};
use super::{print_json, text};
use crate::agents;
use crate::config::Config;
use crate::web::api::params::Params;
use crate::web::api::status::{self, IndexStatus};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::ExitCode;

/// What `doctor --json` prints.
#[derive(Debug, Serialize, Deserialize)]
struct Report {
    version: String,
    /// No check has level `error`.
    ok: bool,
    checks: Vec<Check>,
    /// `null` when the stores cannot be opened.
    status: Option<IndexStatus>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Check {
    name: String,
    level: Level,
    detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Ok,
    Warning,
    Error,
}

impl Check {
    fn new(name: &str, level: Level, detail: impl Into<String>) -> Check {
        Check {
            name: name.to_owned(),
            level,
            detail: detail.into(),
        }
    }
}

pub fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let flags = args.ask.sources.flags();
    let config = ask::config(&flags)?;
    // before the folders are made and tightened, which opening the stores does
    let mut checks = vec![folder(&config)];
    checks.extend(
        config
            .warnings
            .iter()
            .map(|warning| Check::new("settings", Level::Warning, warning.as_str())),
    );
    checks.extend(roots(&config));
    let server = owner::running(&config);
    checks.push(port(&config, server.as_ref()));
    checks.extend(watcher());
    let asked = Ask::open(&flags, "doctor", Need::Nothing)
        .and_then(|ask| ask.get("/api/index-status", &Params::default(), status::index));
    let status = match asked {
        Ok(reply) => {
            checks.extend(stores(&reply.body));
            Some(reply.body)
        }
        Err(error) => {
            checks.push(Check::new("stores", Level::Error, format!("{error:#}")));
            None
        }
    };
    let report = Report {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ok: checks.iter().all(|check| check.level != Level::Error),
        checks,
        status,
    };
    if args.ask.json {
        print_json(&report)?;
    } else {
        let mut out = anstream::AutoStream::auto(std::io::stdout()).lock();
        render(&report, &mut out)?;
    }
    Ok(match report.ok {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn folder(config: &Config) -> Check {
    let dir = config.dir.display();
    match std::fs::metadata(&config.dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Check::new("folder", Level::Ok, format!("{dir} is made now"))
        }
        Err(error) => Check::new("folder", Level::Error, format!("{dir}: {error}")),
        Ok(meta) if !meta.is_dir() => {
            Check::new("folder", Level::Error, format!("{dir} is not a folder"))
        }
        Ok(_) => match open_to_others(&config.dir) {
            Some(mode) => Check::new(
                "folder",
                Level::Warning,
                format!("{dir} was open to others (mode {mode:o}), it is closed now"),
            ),
            None => Check::new("folder", Level::Ok, format!("{dir}, for its owner alone")),
        },
    }
}

#[cfg(unix)]
fn open_to_others(dir: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(dir).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn open_to_others(_: &Path) -> Option<u32> {
    None
}

/// Places without a history that are named for an agent.
const MISSING_SHOWN: usize = 3;

/// Folders of histories that are there but cannot be listed; those that are not there are fine.
fn roots(config: &Config) -> Vec<Check> {
    let all = config.roots(agents::all_infos());
    let there = all.iter().filter(|root| root.path.exists()).count();
    let mut checks = vec![Check::new(
        "histories",
        if there == 0 {
            Level::Warning
        } else {
            Level::Ok
        },
        format!(
            "{there} of {} folders that agents write to are there",
            all.len()
        ),
    )];
    for root in all {
        if let Err(error) = std::fs::read_dir(&root.path)
            && !matches!(
                error.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
            )
        {
            let detail = format!("{}: {error}", root.path.display());
            checks.push(Check::new("histories", Level::Error, detail));
        }
    }
    checks
}

fn port(config: &Config, server: Option<&ServerFile>) -> Check {
    if let Some(server) = server {
        let detail = format!("served at {} (pid {})", server.url, server.pid);
        return Check::new("server", Level::Ok, detail);
    }
    let at = format!("port {} on {}", config.port, config.host);
    match TcpListener::bind((config.host.as_str(), config.port)) {
        Ok(_) => Check::new("server", Level::Ok, format!("none runs; {at} is free")),
        Err(error) => Check::new(
            "server",
            Level::Warning,
            format!("none runs, and {at} cannot be had: {error}"),
        ),
    }
}

/// How many folders the system lets a program watch.
fn watcher() -> Option<Check> {
    let read = |name: &str| -> Option<u64> {
        let path = format!("/proc/sys/fs/inotify/{name}");
        std::fs::read_to_string(path).ok()?.trim().parse().ok()
    };
    let (watches, instances) = (read("max_user_watches")?, read("max_user_instances")?);
    let detail = format!(
        "{} folders and {instances} programs may be watched",
        text::count(watches)
    );
    let level = if watches < 8192 {
        Level::Warning
    } else {
        Level::Ok
    };
    Some(Check::new("watcher", level, detail))
}

fn stores(status: &IndexStatus) -> Vec<Check> {
    let sizes = &status.index;
    let mut checks = vec![Check::new(
        "stores",
        Level::Ok,
        format!(
            "{} ({} hidden, {} without a message), {}, {} of {} sources",
            text::plural(sizes.sessions, "session"),
            text::count(sizes.hidden_sessions),
            text::count(sizes.empty_sessions),
            text::plural(sizes.documents, "indexed message"),
            text::bytes(sizes.db_bytes),
            text::bytes(sizes.source_bytes),
        ),
    )];
    for name in &status.set_aside {
        let detail = format!("{name} did not open once and was moved aside");
        checks.push(Check::new("stores", Level::Warning, detail));
    }
    for note in &status.notes {
        checks.push(Check::new("stores", Level::Warning, note.as_str()));
    }
    if let Some(error) = &status.backfill.error {
        checks.push(Check::new("ingest", Level::Error, error.as_str()));
    }
    let level = match status.issues_total {
        0 => Level::Ok,
        _ => Level::Warning,
    };
    let detail = match status.issues_total {
        0 => "every record could be read".to_owned(),
        n => format!(
            "{} could not be read as they should",
            text::plural(n, "record")
        ),
    };
    checks.push(Check::new("issues", level, detail));
    checks
}

fn render(report: &Report, out: &mut impl Write) -> std::io::Result<()> {
    let (bold, dim, good, bad) = (text::BOLD, text::DIM, text::GOOD, text::BAD);
    writeln!(out, "{bold}codedash {}{bold:#}", report.version)?;
    for check in &report.checks {
        let (style, sign) = match check.level {
            Level::Ok => (good, "ok"),
            Level::Warning => (text::MARK, "warning"),
            Level::Error => (bad, "error"),
        };
        let detail = text::line(&check.detail);
        writeln!(out, "{style}{sign:<8}{style:#} {:<10} {detail}", check.name)?;
    }
    let Some(status) = &report.status else {
        return Ok(());
    };
    for agent in &status.agents {
        writeln!(
            out,
            "\n{bold}{}{bold:#}: {}, {}, {}, {}",
            agent.name,
            text::plural(agent.sources, "source"),
            text::plural(agent.sessions, "session"),
            text::plural(agent.messages, "message"),
            text::plural(agent.issues, "issue"),
        )?;
        // an editor's extension may lie in twenty places: those that are not there are counted
        let (there, missing): (Vec<_>, Vec<_>) = agent.roots.iter().partition(|root| root.exists);
        for root in there {
            writeln!(out, "  {}", text::line(&root.path))?;
        }
        for root in missing.iter().take(MISSING_SHOWN) {
            writeln!(out, "  {}{dim} (not there){dim:#}", text::line(&root.path))?;
        }
        if let Some(more) = missing
            .len()
            .checked_sub(MISSING_SHOWN)
            .filter(|more| *more > 0)
        {
            let places = text::plural(more as u64, "more place");
            writeln!(out, "  {dim}and {places}, not there{dim:#}")?;
        }
    }
    writeln!(out)?;
    for version in &status.versions {
        writeln!(out, "{dim}{:<16}{dim:#} {}", version.name, version.version)?;
    }
    issues(status, out)
}

fn issues(status: &IndexStatus, out: &mut impl Write) -> std::io::Result<()> {
    let dim = text::DIM;
    for kind in &status.issues_by_kind {
        writeln!(out, "\n{}: {}", kind.kind, text::count(kind.count))?;
        for issue in status.issues.iter().filter(|issue| issue.kind == kind.kind) {
            let line = match issue.line {
                0 => String::new(),
                line => format!(":{line}"),
            };
            writeln!(
                out,
                "  {}{line} {dim}{}{dim:#}",
                text::line(&issue.path),
                text::line(&issue.detail)
            )?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::api::session::IssueRecord;
    use crate::web::api::status::KindCount;

    #[test]
    fn issues_are_named_with_file_and_line() {
        let status = IndexStatus {
            issues_total: 2,
            issues_by_kind: vec![KindCount {
                kind: "torn tail".into(),
                count: 2,
            }],
            issues: vec![IssueRecord {
                path: "/h/a.jsonl".into(),
                line: 7,
                kind: "torn tail".into(),
                detail: "the last record ends in the middle".into(),
            }],
            ..IndexStatus::default()
        };
        let report = Report {
            version: "1".into(),
            ok: true,
            checks: stores(&status),
            status: Some(status),
        };
        let mut plain = anstream::StripStream::new(Vec::new());
        render(&report, &mut plain).unwrap();
        let text = String::from_utf8(plain.into_inner()).unwrap();
        assert!(text.contains("torn tail: 2"), "{text}");
        assert!(text.contains("/h/a.jsonl:7 the last record"), "{text}");
        assert!(text.contains("2 records could not be read"), "{text}");
    }
}
