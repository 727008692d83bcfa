//! Where the files lie.

use super::layout;
use crate::agents::Listing;
use crate::agents::read::folder::{self, Entry};
use crate::agents::read::tell;
use crate::model::{Rank, Source};
use std::path::Path;

pub fn discover(root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
    let mut listing = Listing::new();
    for project in folder::inside(&root.join("tmp"), &mut listing) {
        if !project.is_folder {
            continue;
        }
        let chats = project.path.join("chats");
        let entries = folder::inside(&chats, &mut listing);
        for entry in entries.iter().filter(|entry| entry.is_folder) {
            let inner = folder::entries(&entry.path, &mut listing);
            let parent = Some(tell::id_of_name(&entry.name));
            files(&inner, parent, &mut listing, found);
        }
        files(&entries, None, &mut listing, found);
        let log = project.path.join("logs.json");
        source(&log, layout::LOG, None, &mut listing, found);
    }
    listing
}

/// The sessions of one folder. Where the same one is there in both layouts, the newer one is taken.
fn files(
    entries: &[Entry],
    parent: Option<String>,
    listing: &mut Listing,
    found: &mut dyn FnMut(Source),
) {
    for entry in entries.iter().filter(|entry| !entry.is_folder) {
        let lines = entry.name.ends_with(".jsonl");
        let name = entry.name.strip_suffix(".json");
        if lines {
            source(&entry.path, layout::LINES, parent.clone(), listing, found);
        } else if let Some(stem) = name {
            let newer = format!("{stem}.jsonl");
            let is_there = entries.iter().any(|other| other.name == newer);
            if !is_there {
                let layout = layout::DOCUMENT;
                source(&entry.path, layout, parent.clone(), listing, found);
            }
        }
    }
}

fn source(
    path: &Path,
    layout: u8,
    parent: Option<String>,
    listing: &mut Listing,
    found: &mut dyn FnMut(Source),
) {
    let Some(fingerprint) = folder::fingerprint(path, listing) else {
        return;
    };
    found(Source {
        path: path.to_owned(),
        fingerprint,
        rank: match layout {
            layout::LOG => Rank::Secondary,
            _ => Rank::Primary,
        },
        layout,
        // the name holds eight of its letters: only the content tells it
        native: String::new(),
        parent,
    });
}

/// How many files of the same session stand before this one in its folder (they are named by time).
pub fn earlier_parts(path: &Path) -> usize {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return 0;
    };
    let name = name.to_string_lossy();
    let (stem, _) = name.rsplit_once('.').unwrap_or((&name, ""));
    let Some((_, mark)) = stem
        .rsplit_once('-')
        .filter(|_| stem.starts_with("session-"))
    else {
        return 0;
    };
    let end = format!("-{mark}");
    let mut stems: Vec<String> = folder::entries(folder, &mut Listing::default())
        .into_iter()
        .filter(|entry| !entry.is_folder && entry.name.starts_with("session-"))
        .filter_map(|entry| Some(entry.name.rsplit_once('.')?.0.to_owned()))
        .filter(|other| other.ends_with(&end) && other.as_str() < stem)
        .collect();
    stems.dedup();
    stems.len()
}
