//! How fast each room reads: megabytes a second, once for what a first listing wants (facts, tokens,
//! prompts) and once for everything.
//!
//! Input: the files of every fixture, grown to 8 MiB each by repeating what they hold (lines; the longest
//! array of a document; the text of anything else), below `target/`. Databases are left out. One thread,
//! page cache warm, release build.
//!
//! `cargo bench --bench agents` (`-- --smoke`: 256 KiB each, for whether it works at all)

use anyhow::{Context, Result, ensure};
use codedash::agents::{self, Agent, EventSink, Flow};
use codedash::config::Config;
use codedash::model::{Checkpoint, Event, ParseIssue, SessionStart, Source, Wants};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

const LARGE: usize = 8 << 20;
const SMOKE: usize = 256 << 10;

fn main() -> Result<()> {
    let smoke = std::env::args().any(|arg| arg == "--smoke");
    let size = if smoke { SMOKE } else { LARGE };
    let made = grown(size)?;
    println!(
        "{:<14} {:>9} {:>12} {:>12} {:>10}",
        "agent", "MiB", "listing MB/s", "all MB/s", "events"
    );
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    for home in &made {
        let config = Config::for_home(home, &home.join("none"));
        for root in config.roots(agents::all_infos()) {
            let room = agents::room(root.agent).context("roots name agents")?;
            let mut sources = Vec::new();
            room.discover(&root.path, &mut |source| sources.push(source));
            for source in sources.iter().filter(|source| source.path.is_file()) {
                rows.entry(root.agent).or_default().add(room, source)?;
            }
        }
    }
    ensure!(!rows.is_empty(), "no fixtures were found");
    for (agent, row) in rows {
        let speed = |seconds: f64| row.bytes as f64 / 1e6 / seconds.max(1e-9);
        println!(
            "{agent:<14} {:>9.1} {:>12.0} {:>12.0} {:>10}",
            row.bytes as f64 / 1_048_576.0,
            speed(row.listing),
            speed(row.all),
            row.events
        );
    }
    Ok(())
}

#[derive(Default)]
struct Row {
    bytes: u64,
    listing: f64,
    all: f64,
    events: u64,
}

impl Row {
    fn add(&mut self, room: &dyn Agent, source: &Source) -> Result<()> {
        self.bytes += source.fingerprint.size;
        for (wants, seconds) in [
            (Wants::META, &mut self.listing),
            (Wants::ALL, &mut self.all),
        ] {
            let mut sink = Count { wants, events: 0 };
            let began = Instant::now();
            room.parse(source, &Checkpoint::default(), &mut sink)
                .with_context(|| source.path.display().to_string())?;
            *seconds += began.elapsed().as_secs_f64();
            self.events = self.events.max(sink.events);
        }
        Ok(())
    }
}

struct Count {
    wants: Wants,
    events: u64,
}

impl EventSink for Count {
    fn wants(&self) -> Wants {
        self.wants
    }
    fn session(&mut self, _: SessionStart) {}
    fn event(&mut self, _: Event) -> Flow {
        self.events += 1;
        Flow::Go
    }
    fn issue(&mut self, _: ParseIssue) {}
}

/// The homes of all fixtures, their files grown to `size`.
fn grown(size: usize) -> Result<Vec<PathBuf>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(here.join("target"), PathBuf::from);
    let made = target.join("corpus/agents");
    if made.exists() {
        fs::remove_dir_all(&made)?;
    }
    let mut homes = Vec::new();
    for (number, home) in homes_of(&here.join("tests/fixtures"))?
        .into_iter()
        .enumerate()
    {
        let to = made.join(number.to_string());
        copy(&home, &to, size)?;
        homes.push(to);
    }
    Ok(homes)
}

fn homes_of(fixtures: &Path) -> Result<Vec<PathBuf>> {
    let mut homes = Vec::new();
    for agent in fs::read_dir(fixtures)? {
        let agent = agent?.path();
        if !agent.is_dir() {
            continue;
        }
        for case in fs::read_dir(agent)? {
            let home = case?.path().join("home");
            homes.extend(home.is_dir().then_some(home));
        }
    }
    homes.sort();
    Ok(homes)
}

fn copy(from: &Path, to: &Path, size: usize) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to, size)?;
        } else if entry.path().extension().is_none_or(|end| end != "sql") {
            let bytes = fs::read(entry.path())?;
            fs::write(to, grow(&bytes, size))?;
        }
    }
    Ok(())
}

fn grow(bytes: &[u8], size: usize) -> Vec<u8> {
    // settings, titles and what else is small stays so
    if bytes.len() < 150 {
        return bytes.to_vec();
    }
    if let Ok(mut document) = serde_json::from_slice::<Value>(bytes) {
        let times = size / bytes.len() + 1;
        if let Some(list) = longest(&mut document) {
            let once = list.clone();
            for _ in 1..times {
                list.extend(once.iter().cloned());
            }
        }
        return document.to_string().into_bytes();
    }
    let mut whole = bytes.to_vec();
    if !whole.ends_with(b"\n") {
        whole.push(b'\n');
    }
    let once = whole.clone();
    while whole.len() < size {
        whole.extend_from_slice(&once);
    }
    whole
}

/// The longest list of objects, wherever it lies.
fn longest(value: &mut Value) -> Option<&mut Vec<Value>> {
    let of_objects = matches!(value, Value::Array(list) if list.iter().any(Value::is_object));
    match value {
        Value::Array(list) => match of_objects {
            true => Some(list),
            false => (list.iter_mut().filter_map(longest)).max_by_key(|list| list.len()),
        },
        Value::Object(members) => {
            (members.values_mut().filter_map(longest)).max_by_key(|list| list.len())
        }
        _ => None,
    }
}
