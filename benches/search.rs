//! How long a search takes in the server, with grouping by session, six facets and snippets; and how
//! that compares with SQLite FTS5 over the same messages in the same run.
//!
//! Corpus: the large generated history (`benches/corpus`), all of it indexed. Queries: 400 made-up ones
//! (words, pairs, phrases, identifiers, paths), asked over HTTP one after the other; `took` is the time
//! inside the engine. FTS5 (bundled SQLite, unicode61, in memory-mapped WAL mode, this process): ranked
//! OR queries for ten rows; and the same counted by six fields, in SQL and in one scan by the caller.
//!
//! `cargo bench --bench search` (`-- --smoke`: a hundredth of the corpus, for whether it works at all)

mod harness;
#[path = "corpus/messages.rs"]
mod messages;

use anyhow::{Result, ensure};
use codedash::cli::demo;
use harness::http::encode;
use harness::made::{self, Corpus};
use harness::process::Server;
use harness::table::Table;
use harness::{indexed, ms, quantile, sorted};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Instant;

#[derive(Deserialize)]
struct Answer {
    tier: String,
    total_messages: u64,
    facets: BTreeMap<String, serde::de::IgnoredAny>,
    results: Vec<Hit>,
    took: f64,
}

#[derive(Deserialize)]
struct Hit {
    matches: Vec<serde::de::IgnoredAny>,
}

fn main() -> Result<()> {
    let corpus = made::corpus(made::scale_argument()?)?;
    let dir = indexed(&corpus)?;
    let mut table = Table::new(&format!("search: {}", corpus.describe()));
    let mut server = Server::start(&corpus.home, &dir)?;
    harness::wait_for(&server, std::time::Duration::from_secs(300), |w| {
        w.phase == "idle"
    })?;
    let queries = demo::queries(&corpus.plan, 400);
    mixed(&server, &queries, &mut table)?;
    against_fts5(&corpus, &server, &mut table)?;
    server.stop()?;
    table.print();
    Ok(())
}

fn ask(server: &Server, query: &str) -> Result<(Answer, f64)> {
    let path = format!("/api/search?include_helpers=1&limit=20&q={}", encode(query));
    let answer = server.get(&path)?;
    let wall = ms(answer.whole);
    Ok((serde_json::from_slice(&answer.body)?, wall))
}

fn mixed(server: &Server, queries: &[String], table: &mut Table) -> Result<()> {
    for query in &queries[..40] {
        ask(server, query)?;
    }
    let (mut inside, mut walls, mut hits) = (Vec::new(), Vec::new(), 0);
    for query in queries {
        let (answer, wall) = ask(server, query)?;
        ensure!(
            answer.facets.len() >= 5,
            "{query}: only {} facets",
            answer.facets.len()
        );
        hits += answer.total_messages;
        let snippets = answer.results.iter().all(|hit| !hit.matches.is_empty());
        ensure!(snippets, "{query}: a result without a snippet");
        inside.push(answer.took);
        walls.push(wall);
    }
    ensure!(hits > 0, "nothing is ever found");
    let (inside, walls) = (sorted(inside), sorted(walls));
    table.below(
        "search in the server: median",
        quantile(&inside, 0.5),
        5.0,
        "ms",
    );
    table.below(
        "search in the server: p99",
        quantile(&inside, 0.99),
        25.0,
        "ms",
    );
    table.note("search over HTTP: median", quantile(&walls, 0.5), "ms");
    table.note("search over HTTP: p99", quantile(&walls, 0.99), "ms");
    table.note(
        "messages that match, mean of 400 queries",
        hits as f64 / queries.len() as f64,
        "",
    );
    Ok(())
}

fn against_fts5(corpus: &Corpus, server: &Server, table: &mut Table) -> Result<()> {
    let start = Instant::now();
    let database = messages::database(corpus)?;
    if database.fresh {
        table.note(
            "FTS5: filling its table",
            start.elapsed().as_secs_f64(),
            "s",
        );
    }
    table.note(
        "FTS5: database / sources",
        database.bytes as f64 / corpus.made.bytes as f64,
        "",
    );
    // three plain words each: both engines read them alike
    let words: Vec<String> = demo::queries(&corpus.plan, 400)
        .iter()
        .flat_map(|query| query.split_whitespace())
        .filter(|word| word.chars().all(|c| c.is_ascii_lowercase()))
        .map(str::to_owned)
        .collect();
    let plain: Vec<&[String]> = words.chunks_exact(3).take(40).collect();
    ensure!(plain.len() >= 10, "too few plain queries");
    let (mut ours, mut ranked) = (Vec::new(), Vec::new());
    let (mut grouped, mut scanned, mut hits) = (Vec::new(), Vec::new(), 0);
    for words in &plain {
        let (answer, _) = ask(server, &words.join(" OR "))?;
        ours.push(answer.took);
        let text = words.join(" OR ");
        let start = Instant::now();
        let rows = database.ranked(&text)?;
        ranked.push(ms(start.elapsed()));
        ensure!(
            rows > 0 || answer.tier != "all_words" || answer.total_messages == 0,
            "{text}: FTS5 finds nothing, we {}",
            answer.total_messages
        );
        let start = Instant::now();
        database.grouped(&text)?;
        grouped.push(ms(start.elapsed()));
        let start = Instant::now();
        database.scanned(&text)?;
        scanned.push(ms(start.elapsed()));
        hits += answer.total_messages;
    }
    let median = |values| quantile(&sorted(values), 0.5);
    let (ours, ranked) = (median(ours), median(ranked));
    let (grouped, scanned) = (median(grouped), median(scanned));
    let mean = hits as f64 / plain.len() as f64;
    table.note("OR of three words: messages that match, mean", mean, "");
    table.note(
        "... here, grouped, with six facets and snippets: median",
        ours,
        "ms",
    );
    table.note(
        "... FTS5, ten ranked rows and nothing else: median",
        ranked,
        "ms",
    );
    table.note("... FTS5, six GROUP BY queries: median", grouped, "ms");
    table.note(
        "... FTS5, one scan counted by the caller: median",
        scanned,
        "ms",
    );
    table.above("FTS5 ranked / all that we do", ranked / ours, 20.0, "x");
    let both = (ranked + grouped) / ours;
    table.above("FTS5 ranked and faceted / all that we do", both, 50.0, "x");
    Ok(())
}
