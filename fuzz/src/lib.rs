//! What the fuzz targets share: one file of a fixture's home holds the fuzzer's bytes, and the room reads
//! that home.
//!
//! One target per room, in the top folder (needs `cargo install cargo-fuzz --locked`):
//!
//! ```text
//! cargo +nightly fuzz run <agent id> -- -max_total_time=60 -rss_limit_mb=1024
//! RUSTC_BOOTSTRAP=1 cargo fuzz run <agent id> -- ...      with a stable compiler
//! ```
//!
//! It looks for panics, endless reading and memory without bound; what a room must tell of damage is a
//! property test (`tests/suite/damage.rs`), which runs in the gate. Databases are not fuzzed: SQLite reads them.

use codedash::agents::{self, EventSink, Flow};
use codedash::config::Config;
use codedash::model::{Checkpoint, Event, ParseIssue, SessionStart, Source, Wants};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Reads `data` as a file of this agent: its first byte says which of the fixtures' files, the rest is
/// what stands in it.
pub fn room(agent: &str, data: &[u8]) {
    static FILES: OnceLock<Vec<(PathBuf, PathBuf)>> = OnceLock::new();
    let files = FILES.get_or_init(|| files_of(agent));
    let Some((which, bytes)) = data.split_first() else {
        return;
    };
    let (home, file) = &files[usize::from(*which) % files.len()];
    fs::write(file, bytes).expect("the copy is ours");
    let room = agents::room(agent).expect("targets are named as agents");
    let config = Config::for_home(home, &home.join("none"));
    for root in config.roots(agents::all_infos()) {
        if root.agent == agent {
            let mut found: Vec<Source> = Vec::new();
            room.discover(&root.path, &mut |source| found.push(source));
            for source in found.iter().filter(|source| source.path == *file) {
                // the file may be gone or no file: that is an answer
                let _ = room.parse(source, &Checkpoint::default(), &mut Nothing);
            }
        }
    }
}

struct Nothing;

impl EventSink for Nothing {
    fn wants(&self) -> Wants {
        Wants::ALL
    }
    fn session(&mut self, start: SessionStart) {
        assert!(!start.native.contains(['/', '\\']), "an id that is a path");
    }
    fn event(&mut self, _: Event) -> Flow {
        Flow::Go
    }
    fn issue(&mut self, _: ParseIssue) {}
}

/// Copies of the homes of all fixtures of an agent, and each file in them.
fn files_of(agent: &str) -> Vec<(PathBuf, PathBuf)> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(agent);
    let top = std::env::temp_dir().join(format!("codedash-fuzz-{agent}-{}", std::process::id()));
    let mut files = Vec::new();
    for case in fs::read_dir(&fixtures).expect("every agent has fixtures").flatten() {
        let home = top.join(case.file_name());
        copy(&case.path().join("home"), &home, &home, &mut files);
    }
    assert!(!files.is_empty(), "{} holds no file", fixtures.display());
    files
}

fn copy(from: &Path, to: &Path, home: &Path, files: &mut Vec<(PathBuf, PathBuf)>) {
    let Ok(entries) = fs::read_dir(from) else {
        return;
    };
    fs::create_dir_all(to).expect("the folder is ours");
    for entry in entries.flatten() {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to, home, files);
        } else if entry.path().extension().is_none_or(|end| end != "sql") {
            fs::copy(entry.path(), &to).expect("the folder is ours");
            files.push((home.to_owned(), to));
        }
    }
}
