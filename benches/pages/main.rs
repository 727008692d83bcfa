//! How long somebody waits who starts the program and looks: first pages without and with a cache,
//! analytics from the first byte to the last figure, and again after a restart.
//!
//! Corpus: the large generated history (`benches/corpus`), in the page cache. Server: the release binary
//! in a process of its own; times are from the start of the process where the row says so.
//!
//! Then what every page and fragment costs the server once all is known ([`each`]).
//!
//! `cargo bench --bench pages` (`-- --smoke`: a hundredth of the corpus, for whether it works at all;
//! `-- --scale 10`: ten times the history)

#[path = "../harness/mod.rs"]
mod harness;

mod each;

use anyhow::{Context, Result, ensure};
use harness::made::{self, Corpus};
use harness::process::Server;
use harness::table::Table;
use harness::{Fresh, indexed, ms, quantile, sorted, warm};
use serde::Deserialize;
use std::path::Path;
use std::time::{Duration, Instant};

const ANALYTICS: &str = "/api/analytics/cost";

#[derive(Deserialize)]
struct SessionRow {
    last_ts: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Job {
    status: String,
    partial_result: Option<Figures>,
    result: Option<Figures>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Figures {
    total_sessions_all: u64,
    total_output_tokens: u64,
}

fn main() -> Result<()> {
    let corpus = made::corpus(made::scale_argument()?)?;
    warm(&corpus.home)?;
    let mut table = Table::new(&format!("pages: {}", corpus.describe()));
    let fresh = Fresh::new("pages")?;
    without_a_cache(&corpus, fresh.path(), &mut table)?;
    let dir = indexed(&corpus)?;
    with_a_cache(&corpus, &dir, &mut table)?;
    table.print();
    each::measure(&corpus, &dir)?;
    Ok(())
}

fn without_a_cache(corpus: &Corpus, dir: &Path, table: &mut Table) -> Result<()> {
    let mut server = Server::start(&corpus.home, dir)?;
    let page = server.get("/")?;
    table.below(
        "no cache: process start to the first `/`",
        ms(server.started.elapsed()),
        300.0,
        "ms",
    );
    ensure!(
        page.body.starts_with(b"<!DOCTYPE") || page.body.starts_with(b"<!doctype"),
        "`/` is no page"
    );
    server.get("/api/sessions?limit=60")?;
    table.below(
        "no cache: process start to the first `/api/sessions`",
        ms(server.started.elapsed()),
        300.0,
        "ms",
    );
    let newest = first_sessions(&server)?;
    table.below(
        "no cache: process start to a list with sessions in it",
        ms(server.started.elapsed()),
        300.0,
        "ms",
    );
    let job = server.get(ANALYTICS)?;
    table.below("analytics: first byte", ms(job.first_byte), 20.0, "ms");
    let asked = Instant::now();
    let mut partial = None;
    loop {
        let job: Job = serde_json::from_slice(&server.get(ANALYTICS)?.body)?;
        ensure!(job.status != "error", "the analytics job failed");
        let figures = job.result.as_ref().or(job.partial_result.as_ref());
        if figures.is_some_and(|figures| figures.total_output_tokens > 0) {
            partial.get_or_insert_with(|| asked.elapsed());
        }
        let complete = job
            .result
            .as_ref()
            .filter(|figures| figures.total_sessions_all == corpus.made.total().sessions);
        if complete.is_some() {
            break;
        }
        ensure!(
            asked.elapsed() < Duration::from_secs(900),
            "analytics never complete"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    table.below(
        "analytics: first partial figures",
        partial.map_or(f64::NAN, ms),
        500.0,
        "ms",
    );
    table.below(
        "analytics complete from nothing (process start)",
        server.started.elapsed().as_secs_f64(),
        5.0,
        "s",
    );
    let list: Vec<SessionRow> = server.json("/api/sessions?limit=60")?;
    let really = list.iter().filter_map(|row| row.last_ts).max();
    table.note(
        "age difference of the newest session in the first list",
        (really.unwrap_or(0) - newest) as f64 / 3.6e6,
        "h",
    );
    server.stop()?;
    Ok(())
}

/// Asks until there are sessions; returns the newest one's time.
fn first_sessions(server: &Server) -> Result<i64> {
    let start = Instant::now();
    loop {
        let list: Vec<SessionRow> = server.json("/api/sessions?limit=60")?;
        if let Some(newest) = list.iter().filter_map(|row| row.last_ts).max() {
            return Ok(newest);
        }
        ensure!(
            start.elapsed() < Duration::from_secs(120),
            "no session appears"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn with_a_cache(corpus: &Corpus, dir: &Path, table: &mut Table) -> Result<()> {
    let (mut pages, mut lists) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let mut server = Server::start(&corpus.home, dir)?;
        server.get("/")?;
        pages.push(ms(server.started.elapsed()));
        let list: Vec<SessionRow> = server.json("/api/sessions?limit=60")?;
        lists.push(ms(server.started.elapsed()));
        ensure!(!list.is_empty(), "the list is empty after a restart");
        server.stop()?;
    }
    let median = |values| quantile(&sorted(values), 0.5);
    table.below(
        "with a cache: process start to `/` (median of 5)",
        median(pages),
        50.0,
        "ms",
    );
    table.below(
        "with a cache: process start to `/api/sessions`",
        median(lists),
        50.0,
        "ms",
    );

    let mut server = Server::start(&corpus.home, dir)?;
    finished(&server)?;
    let mut times = Vec::new();
    for _ in 0..30 {
        times.push(ms(server.get(ANALYTICS)?.whole));
    }
    table.below("analytics again (median of 30)", median(times), 5.0, "ms");
    server.stop()?;
    let mut server = Server::start(&corpus.home, dir)?;
    let job = server.get(ANALYTICS)?;
    table.below(
        "analytics, first request after a restart",
        ms(job.whole),
        5.0,
        "ms",
    );
    let job: Job = serde_json::from_slice(&job.body)?;
    ensure!(
        job.status == "done",
        "the result did not survive the restart: {}",
        job.status
    );
    job.result.context("done without a result")?;
    server.stop()?;
    Ok(())
}

/// Until the job is done.
fn finished(server: &Server) -> Result<()> {
    let start = Instant::now();
    loop {
        let job: Job = serde_json::from_slice(&server.get(ANALYTICS)?.body)?;
        if job.status == "done" {
            return Ok(());
        }
        ensure!(
            start.elapsed() < Duration::from_secs(300),
            "analytics: {}",
            job.status
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}
