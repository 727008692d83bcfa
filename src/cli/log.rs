//! The log: everything into `logs/server.log`, little on the terminal.

use crate::config::Config;
use anyhow::Context;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use tracing::{Level, Metadata};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::filter::{LevelFilter, Targets, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// A log file grows to this many bytes and is then moved aside; this many old ones are kept.
const SIZE: u64 = 8 << 20;
const KEPT: usize = 3;

/// Target of lines that tell of a job's progress: shown on the terminal too.
const JOB: &str = "job";

/// Sends the log where it belongs until the guard is dropped. `to_file` for verbs that write stores;
/// the others only warn.
///
/// # Errors
/// The log file cannot be opened.
pub fn start(config: &Config, to_file: bool) -> anyhow::Result<Option<WorkerGuard>> {
    let mirror = config.log_mirror;
    let terminal = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(mirror)
        .with_filter(filter_fn(move |meta| mirror || is_for_people(meta)));
    let (file, guard) = if to_file {
        let path = config.logs_dir().join("server.log");
        let rotating = Rotating::open(&path)
            .with_context(|| format!("cannot write the log {}", path.display()))?;
        let (writer, guard) = tracing_appender::non_blocking(rotating);
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(writer)
            .with_ansi(false);
        (Some(layer), Some(guard))
    } else {
        (None, None)
    };
    // the libraries' own chatter says nothing about us below a warning
    let ours = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("codedash", LevelFilter::INFO)
        .with_target(JOB, LevelFilter::INFO);
    // fails only when a log is set already, which is then as good
    let _ = tracing_subscriber::registry()
        .with(ours)
        .with(terminal)
        .with(file)
        .try_init();
    // a thread's panic belongs where everything else is written
    std::panic::set_hook(Box::new(|panic| tracing::error!("defect: {panic}")));
    Ok(guard)
}

fn is_for_people(meta: &Metadata<'_>) -> bool {
    *meta.level() <= Level::WARN || meta.target() == JOB
}

/// A file that is moved to `.1`, `.2`, ... when it has grown enough.
struct Rotating {
    path: PathBuf,
    file: File,
    written: u64,
}

impl Rotating {
    fn open(path: &Path) -> io::Result<Rotating> {
        let file = File::options().create(true).append(true).open(path)?;
        Ok(Rotating {
            path: path.to_owned(),
            written: file.metadata()?.len(),
            file,
        })
    }

    fn rotate(&mut self) -> io::Result<()> {
        let old = |n: usize| self.path.with_extension(format!("log.{n}"));
        for n in (1..KEPT).rev() {
            if old(n).exists() {
                std::fs::rename(old(n), old(n + 1))?;
            }
        }
        std::fs::rename(&self.path, old(1))?;
        *self = Rotating::open(&self.path)?;
        Ok(())
    }
}

impl Write for Rotating {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.written > 0 && self.written + bytes.len() as u64 > SIZE {
            // a log that cannot be moved goes on where it is
            let _ = self.rotate();
        }
        let written = self.file.write(bytes)?;
        self.written += written as u64;
        Ok(written)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_keeps_a_few_files_of_bounded_size() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("server.log");
        let mut log = Rotating::open(&path).unwrap();
        let line = vec![b'x'; 1 << 20];
        for _ in 0..60 {
            log.write_all(&line).unwrap();
        }
        let mut names: Vec<String> = std::fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                assert!(entry.metadata().unwrap().len() <= SIZE);
                entry.file_name().into_string().unwrap()
            })
            .collect();
        names.sort();
        assert_eq!(
            names,
            ["server.log", "server.log.1", "server.log.2", "server.log.3"]
        );
        // a log of an earlier run is gone on with
        let before = std::fs::metadata(&path).unwrap().len();
        Rotating::open(&path).unwrap().write_all(b"y").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), before + 1);
    }
}
