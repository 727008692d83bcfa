//! How long until everything can be listed and found from nothing, with how much memory and disk; and
//! what a second start over unchanged files costs.
//!
//! Corpus: the large generated history (`benches/corpus`), in the page cache. Server: the release binary
//! in a process of its own with an empty `CODEDASH_HOME`, watched over HTTP and /proc.
//!
//! `cargo bench --bench ingest` (`-- --smoke`: a hundredth of the corpus, for whether it works at all)

mod harness;

use anyhow::{Result, ensure};
use codedash::cli::demo::Class;
use harness::made::{self, Corpus};
use harness::process::Server;
use harness::table::Table;
use harness::{Fresh, Warming, ms, size, wait_for, warm};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn main() -> Result<()> {
    let scale = made::scale_argument()?;
    let corpus = made::corpus(scale)?;
    warm(&corpus.home)?;
    let mut table = Table::new(&format!("ingest: {}", corpus.describe()));
    let fresh = Fresh::new("ingest")?;
    from_nothing(&corpus, fresh.path(), &mut table)?;
    second_start(&corpus, fresh.path(), &mut table)?;
    table.print();
    Ok(())
}

fn from_nothing(corpus: &Corpus, dir: &Path, table: &mut Table) -> Result<()> {
    let mut server = Server::start(&corpus.home, dir)?;
    let (mut listing, mut prose) = (None, None);
    let all = loop {
        let warming: Warming = server.json("/api/warming")?;
        ensure!(
            warming.error.is_none(),
            "ingest failed: {:?}",
            warming.error
        );
        let seconds = server.started.elapsed().as_secs_f64();
        if warming.listing_complete {
            listing.get_or_insert(seconds);
        }
        if warming.prose_complete {
            prose.get_or_insert(seconds);
        }
        if warming.index_complete {
            break seconds;
        }
        ensure!(seconds < 1800.0, "not done after half an hour: {warming:?}");
        std::thread::sleep(Duration::from_millis(20));
    };
    table.below(
        "session list complete from nothing",
        listing.unwrap_or(all),
        5.0,
        "s",
    );
    table.below(
        "every prompt and answer searchable from nothing",
        prose.unwrap_or(all),
        8.0,
        "s",
    );
    table.below("every message searchable from nothing", all, 25.0, "s");
    wait_for(&server, Duration::from_secs(120), |warming| {
        warming.phase == "idle"
    })?;
    table.below(
        "peak resident memory until then",
        server.resident()?.1 as f64 / 1e6,
        400.0,
        "MB",
    );
    table.note(
        "processor time until then",
        server.cpu()?.as_secs_f64(),
        "s",
    );
    compare_with_the_oracle(corpus, &server)?;
    table.note("time to stop", ms(server.stop()?), "ms");
    let data = size(&dir.join("data"))?;
    table.below(
        "index and stores / sources",
        data as f64 / corpus.made.bytes as f64,
        0.5,
        "",
    );
    Ok(())
}

/// What the generator says it wrote is what the program says it read.
fn compare_with_the_oracle(corpus: &Corpus, server: &Server) -> Result<()> {
    let answer = server.get("/api/sessions?limit=1")?;
    let (shown, hidden) = (
        answer.count("x-total-count")?,
        answer.count("x-helper-count")?,
    );
    let made = &corpus.made;
    let wanted = made.class(Class::Shown).sessions;
    let all = made.total().sessions;
    ensure!(
        (shown, hidden) == (wanted, all - wanted),
        "{shown} sessions shown and {hidden} hidden; written were {wanted} and {}",
        all - wanted
    );
    Ok(())
}

fn second_start(corpus: &Corpus, dir: &Path, table: &mut Table) -> Result<()> {
    let before_start = blocks(&dir.join("data"))?;
    let mut server = Server::start(&corpus.home, dir)?;
    let done = |warming: &Warming| warming.phase == "idle" && warming.index_complete;
    wait_for(&server, Duration::from_secs(300), done)?;
    table.below(
        "second start: process start until all is known to be unchanged",
        ms(server.started.elapsed()),
        150.0,
        "ms",
    );
    let written = server.written()?;
    let pause = Duration::from_secs(if corpus.plan.bytes > 500_000_000 {
        20
    } else {
        3
    });
    let before = server.cpu()?;
    std::thread::sleep(pause);
    let spent = ms(server.cpu()? - before) / ms(pause) * 100.0;
    table.below("idle: processor", spent, 0.0, "%");
    table.below(
        "idle: resident memory",
        server.resident()?.0 as f64 / 1e6,
        80.0,
        "MB",
    );
    table.note(
        "idle: of that its own, not mapped files",
        server.anonymous()? as f64 / 1e6,
        "MB",
    );
    server.stop()?;
    let after = blocks(&dir.join("data"))?;
    let same = |path: &PathBuf, n: usize, hash: &u64| {
        before_start.get(path).and_then(|blocks| blocks.get(n)) == Some(hash)
    };
    let changed = after.iter().map(|(path, blocks)| {
        let blocks = blocks.iter().enumerate();
        blocks.filter(|(n, hash)| !same(path, *n, hash)).count()
    });
    table.below(
        "second start: index and stores that differ afterwards (blocks of 4 KiB)",
        changed.sum::<usize>() as f64 * 4096.0,
        0.0,
        "B",
    );
    table.note(
        "second start: bytes to storage in all, log and address file included",
        written as f64,
        "B",
    );
    Ok(())
}

/// Hashes of the 4 KiB blocks of every file below.
fn blocks(folder: &Path) -> Result<HashMap<PathBuf, Vec<u64>>> {
    let mut found = HashMap::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.metadata()?.is_dir() {
            found.extend(blocks(&entry.path())?);
            continue;
        }
        let bytes = std::fs::read(entry.path())?;
        let hashes = bytes.chunks(4096).map(xxhash_rust::xxh3::xxh3_64).collect();
        found.insert(entry.path(), hashes);
    }
    Ok(found)
}
