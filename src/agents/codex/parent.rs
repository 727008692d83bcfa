//! The running sums of a parent's rollout, for forks whose files do not say what is copied.

use super::discover::{Name, open_text};
use super::record::{Counts, Envelope};
use super::replay::uuid_time;
use super::usage::{Meter, Reading, Vector};
use crate::agents::read::json::{Raw, fields};
use std::ffi::OsStr;
use std::io::BufRead;
use std::path::{Path, PathBuf};

fields! {
    struct Told {
        kind: "type",
        info: "info",
    }
}

/// The running sum after each response of the thread `id`, in order; empty when its rollout is not found
/// under the root in which `rollout` lies.
pub(super) fn sums(rollout: &Path, id: &str) -> Vec<Vector> {
    find(rollout, id).map_or_else(Vec::new, |path| read(&path).unwrap_or_default())
}

/// Bytes of that rollout; 0 when it is not found.
pub(super) fn size(rollout: &Path, id: &str) -> u64 {
    let found = find(rollout, id).and_then(|path| std::fs::metadata(path).ok());
    found.map_or(0, |meta| meta.len())
}

fn read(path: &Path) -> std::io::Result<Vec<Vector>> {
    let mut sums: Vec<Vector> = Vec::new();
    let mut meter = Meter::default();
    let mut input = std::io::BufReader::with_capacity(256 << 10, open_text(path)?);
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        if memchr::memmem::find(&line, b"total_token_usage").is_some()
            && let Some(Reading { sum: Some(sum), .. }) = reading(&line, &mut meter)
        {
            sums.push(sum);
        }
        line.clear();
    }
    Ok(sums)
}

fn reading(line: &[u8], meter: &mut Meter) -> Option<Reading> {
    let envelope: Envelope = serde_json::from_slice(line).ok()?;
    let told: Told = envelope.payload.and_then(Raw::object)?;
    if !told.kind.is_some_and(|kind| kind.is("token_count")) {
        return None;
    }
    let counts: Counts = told.info.and_then(Raw::object)?;
    meter.count(&counts, false)
}

/// A UUIDv7 tells the day of its folder; any other id costs a walk over all of them.
fn find(rollout: &Path, id: &str) -> Option<PathBuf> {
    let named = |name: &str| {
        rollout
            .ancestors()
            .find(|dir| dir.file_name() == Some(OsStr::new(name)))
    };
    let home = named("sessions")
        .or_else(|| named("archived_sessions"))?
        .parent()?;
    let sessions = home.join("sessions");
    let days = uuid_time(id).map(|ms| {
        [-1, 0, 1].map(|day: i64| {
            let date = jiff::Timestamp::from_millisecond(ms + day * 86_400_000)
                .unwrap_or_default()
                .strftime("%Y/%m/%d")
                .to_string();
            (sessions.join(date), 1)
        })
    });
    let places = match days {
        Some(days) => days.to_vec(),
        None => vec![(sessions, usize::MAX)],
    };
    let archive = (home.join("archived_sessions"), 1);
    places
        .into_iter()
        .chain([archive])
        .find_map(|(dir, depth)| {
            walkdir::WalkDir::new(dir)
                .max_depth(depth)
                .into_iter()
                .flatten()
                .filter(|entry| entry.file_type().is_file())
                .find(|entry| {
                    Name::of(entry.path()).is_some_and(|name| name.is_lines() && name.id == id)
                })
                .map(|entry| entry.into_path())
        })
}
