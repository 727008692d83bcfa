//! Server time and weight of every page and fragment over a history that is wholly known, as a browser
//! asks for them (compressed, a connection each), and what a first visit sends in all. No answer is one
//! that was kept for another tab: every address carries a number of its own.

use super::harness::made::Corpus;
use super::harness::process::Server;
use super::harness::table::Table;
use super::harness::{http, indexed_all, ms, quantile, sorted};
use anyhow::{Context, Result, ensure};
use codedash::cli::demo::Class;
use serde::Deserialize;
use std::path::Path;

/// What browsers say.
const BROWSER: &str = "gzip, deflate, br, zstd";
/// Times that each address is asked for.
const ROUNDS: usize = 100;
/// Milliseconds that any page may take, 99 times of 100.
const PAGE: f64 = 20.0;
/// The same for the first screen of a long session.
const LONG: f64 = 50.0;
/// Bytes that a first visit to the session list may take, assets included.
const FIRST_VISIT: f64 = 60_000.0;

#[derive(Deserialize)]
struct Row {
    id: String,
    #[serde(default)]
    git_root: Option<String>,
    #[serde(default)]
    project: String,
    messages: u64,
}

/// Addresses by name, each with what it may take.
type Address = (&'static str, String, f64);

pub fn measure(corpus: &Corpus, dir: &Path) -> Result<()> {
    let mut server = Server::start(&corpus.home, dir)?;
    indexed_all(&server)?;
    let mut table = Table::new(&format!(
        "every page, {} sessions ({} shown): milliseconds of {ROUNDS} requests each, p50 and p99",
        corpus.made.total().sessions,
        corpus.made.class(Class::Shown).sessions,
    ));
    for (name, path, limit) in addresses(&server)? {
        let mut times = Vec::with_capacity(ROUNDS);
        let mut weight = 0;
        let and = if path.contains('?') { '&' } else { '?' };
        for round in 0..ROUNDS {
            let address = format!("{path}{and}round={round}");
            let answer = http::get_as(server.address, &address, BROWSER)?;
            ensure!(answer.status == 200, "GET {path}: {}", answer.status);
            weight = answer.body.len();
            times.push(ms(answer.whole));
        }
        let times = sorted(times);
        let half = quantile(&times, 0.5);
        let what = format!(
            "{name}: p99 (p50 {half:.1} ms, {:.1} kB)",
            weight as f64 / 1e3
        );
        table.below(&what, quantile(&times, 0.99), limit, "ms");
    }
    let sent = first_visit(&server)? as f64;
    table.below(
        "bytes of a first visit to `/`, assets included",
        sent / 1e3,
        FIRST_VISIT / 1e3,
        "kB",
    );
    let (now, _) = server.resident()?;
    table.note("resident memory after all of this", now as f64 / 1e6, "MB");
    table.print();
    server.stop()?;
    Ok(())
}

fn addresses(server: &Server) -> Result<Vec<Address>> {
    let rows: Vec<Row> = server.json("/api/sessions?include_helpers=1&limit=100000")?;
    let longest = rows.iter().max_by_key(|row| row.messages);
    let longest = longest.context("no session")?;
    let (id, middle) = (&longest.id, longest.messages / 2);
    let project = http::encode(longest.git_root.as_deref().unwrap_or(&longest.project));
    let page = |name, path: &str| (name, path.to_owned(), PAGE);
    let long = |name, path: String| (name, path, LONG);
    Ok(vec![
        page("sessions", "/"),
        page("sessions as rows", "/?view=list"),
        page("sessions by project", "/?group=project"),
        page("sessions, dearest", "/?sort=costliest"),
        page("sessions of 90 days", "/?from=2026-08-27"),
        page("sessions, typed filter", "/?q=cache"),
        page("sessions with helpers", "/?include_helpers=1"),
        page(
            "sessions, far down",
            "/fragments/sessions/more?include_helpers=1&offset=1200",
        ),
        page("search, one word", "/search?q=cache"),
        page(
            "search, words and fields",
            "/search?q=retry+role:user+after:2026-03-01",
        ),
        page("search, phrase", "/search?q=%22cannot+borrow%22"),
        page("suggestions", "/fragments/search/suggest?q=proj"),
        page("timeline", "/timeline"),
        page("projects", "/projects"),
        ("project", format!("/project?path={project}"), PAGE),
        page("activity", "/activity"),
        page("analytics", "/analytics"),
        page("leaderboard", "/leaderboard"),
        page("starred", "/starred"),
        page("tags", "/tags"),
        page("status", "/status"),
        page("settings", "/settings"),
        page("changelog", "/changelog"),
        page("help", "/help"),
        page("help, fragments", "/help/fragments"),
        page("tour", "/tour"),
        long("longest session, first screen", format!("/session/{id}")),
        long(
            "longest session, its middle",
            format!("/session/{id}?m={middle}"),
        ),
        long(
            "longest session, outline",
            format!("/fragments/session/{id}/outline"),
        ),
        long("longest session, find", format!("/session/{id}?q=cache")),
        long(
            "longest session, files",
            format!("/fragments/session/{id}/files"),
        ),
        long("longest session, replay", format!("/session/{id}/replay")),
    ])
}

/// Bytes as sent of the page and of everything that its head names.
fn first_visit(server: &Server) -> Result<usize> {
    let sent = |path: &str| -> Result<usize> {
        Ok(http::get_as(server.address, path, BROWSER)?.body.len())
    };
    let page = server.get("/")?;
    let html = String::from_utf8(page.body)?;
    let mut bytes = sent("/")?;
    let mut assets: Vec<&str> = html
        .split(['"', '#'])
        .filter(|part| part.starts_with("/assets/"))
        .collect();
    assets.sort_unstable();
    assets.dedup();
    ensure!(assets.len() > 4, "the page names no assets");
    for asset in assets {
        bytes += sent(asset)?;
    }
    Ok(bytes)
}
