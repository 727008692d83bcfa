//! Conversations that have no transcript: what can be said of them without reading them.

use super::{history, layout};
use crate::agents::read::record::Kept;
use crate::agents::read::tell::{self, Teller};
use crate::agents::read::{folder, sqlite, value};
use crate::agents::{EventSink, Listing};
use crate::model::{Checkpoint, IssueKind, Rank, Source};
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

pub(super) fn discover(
    root: &Path,
    told: &BTreeSet<String>,
    listing: &mut Listing,
    found: &mut dyn FnMut(Source),
) {
    // a fork leaves a `.pb` beside the `.db` that goes on
    let mut best: BTreeMap<String, Source> = BTreeMap::new();
    for entry in folder::inside(&root.join("conversations"), listing) {
        let Some((native, end @ ("db" | "pb"))) = entry.name.rsplit_once('.') else {
            continue;
        };
        if entry.is_folder || !value::is_id(native) || told.contains(native) {
            continue;
        }
        let Some(print) = folder::fingerprint(&entry.path, listing) else {
            continue;
        };
        if end == "db" || !best.contains_key(native) {
            let source = Source {
                fingerprint: sqlite::with_log(print, &entry.path),
                native: native.to_owned(),
                path: entry.path,
                rank: Rank::Primary,
                layout: layout::SEALED,
                parent: None,
            };
            best.insert(source.native.clone(), source);
        }
    }
    if best.is_empty() {
        return;
    }
    // what was typed is told of it: it changes when the history does
    let typed = history::digests(root);
    for mut source in best.into_values() {
        source.fingerprint.ctime_ns ^= typed.get(&source.native).map_or(0, |digest| *digest as i64);
        found(source);
    }
}

pub(super) fn parse(source: &Source, sink: &mut dyn EventSink) -> std::io::Result<Checkpoint> {
    // the file may be gone: then nothing is said of it
    let changed = std::fs::metadata(&source.path)?.modified().ok();
    let changed = changed.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let changed = changed.map(|since| since.as_millis() as i64);
    let root = source.path.ancestors().nth(2).unwrap_or(Path::new(""));
    let typed = history::of(root, &source.native);
    let encrypted = source.path.extension().is_some_and(|end| end == "pb");
    let detail = match encrypted {
        true => {
            "the conversation is encrypted: only what was typed, if that, and its times are known"
        }
        false => {
            "the conversation has no transcript: only what was typed, if that, and its times are known"
        }
    };
    tell::issue(&source.path, 0, IssueKind::UnknownLayout, detail, sink);
    let mut teller = Teller::whole(&source.native, sink);
    let out = &mut teller.out(sink);
    let first = typed.prompts.iter().find_map(|(at, _)| *at);
    out.span(first, changed);
    out.cwd(&typed.folder);
    for (number, (at, words)) in (1..).zip(&typed.prompts) {
        out.kept(&[Kept::file(&root.join(history::FILE), words)]);
        out.record(*at, number, "");
        out.user(words, 0);
    }
    out.record(changed, 0, "");
    out.note(match encrypted {
        true => "The answers of this conversation are kept encrypted by the agent and cannot be read here.",
        false => "The agent kept no transcript of this conversation: its answers cannot be read here.",
    });
    Ok(Checkpoint::default())
}
