//! What the benches share: the server as a child process, asked over HTTP; figures from /proc; the table.
#![allow(dead_code, reason = "each bench uses its part of it")]

#[path = "../corpus/made.rs"]
pub mod made;

pub mod http;
pub mod process;
pub mod table;

use anyhow::{Context, Result, ensure};
use made::Corpus;
use process::Server;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// `/api/warming`, as far as benches read it.
#[derive(Debug, Default, Deserialize)]
pub struct Warming {
    pub phase: String,
    pub documents: u64,
    pub listing_complete: bool,
    pub prose_complete: bool,
    pub index_complete: bool,
    pub error: Option<String>,
}

/// A folder for `CODEDASH_HOME` that is empty and gone with the value.
pub struct Fresh(PathBuf);

impl Fresh {
    pub fn new(name: &str) -> Result<Fresh> {
        let path = made::target_dir()
            .join("corpus")
            .join(format!("home-{name}-{}", std::process::id()));
        if path.exists() {
            std::fs::remove_dir_all(&path)?;
        }
        std::fs::create_dir_all(&path)?;
        Ok(Fresh(path))
    }
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        // what stays is below target/
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The `CODEDASH_HOME` in which all of the corpus is indexed; fills it when need be.
pub fn indexed(corpus: &Corpus) -> Result<PathBuf> {
    let dir = corpus.home.with_extension("codedash");
    std::fs::create_dir_all(&dir)?;
    let mut server = Server::start(&corpus.home, &dir)?;
    indexed_all(&server)?;
    server.stop()?;
    Ok(dir)
}

/// Until the server has nothing more to read.
pub fn indexed_all(server: &Server) -> Result<Warming> {
    wait_for(server, Duration::from_secs(1800), |warming| {
        warming.index_complete && warming.phase == "idle"
    })
}

/// Polls `/api/warming` until it is as wanted.
pub fn wait_for(
    server: &Server,
    limit: Duration,
    wanted: impl Fn(&Warming) -> bool,
) -> Result<Warming> {
    let start = Instant::now();
    loop {
        let warming: Warming = server.json("/api/warming")?;
        ensure!(
            warming.error.is_none(),
            "ingest failed: {:?}",
            warming.error
        );
        if wanted(&warming) {
            return Ok(warming);
        }
        ensure!(
            start.elapsed() < limit,
            "gave up after {limit:?}: {warming:?}"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Reads every file once, so that all that follows finds it in memory.
pub fn warm(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).context("reading the corpus")? {
        let path = entry?.path();
        bytes += match path.is_dir() {
            true => warm(&path)?,
            false => std::io::copy(&mut std::fs::File::open(&path)?, &mut std::io::sink())?,
        };
    }
    Ok(bytes)
}

/// Bytes of all files below.
pub fn size(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        bytes += if meta.is_dir() {
            size(&entry.path())?
        } else {
            meta.len()
        };
    }
    Ok(bytes)
}

/// The value below which `share` of the sorted values lie.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    match sorted.len() {
        0 => f64::NAN,
        n => sorted[((n - 1) as f64 * share).round() as usize],
    }
}

pub fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

pub fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
