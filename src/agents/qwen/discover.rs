//! Where the files lie.

use crate::agents::Listing;
use crate::agents::read::{folder, tell};
use crate::model::{Rank, Source};
use std::path::Path;

/// Folders below a project's key.
const DEPTH: usize = 4;

pub fn discover(root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
    let mut listing = Listing::new();
    let projects = root.join("projects");
    let mut take = |entry: folder::Entry, listing: &mut Listing| {
        let Some(stem) = entry.name.strip_suffix(".jsonl") else {
            return;
        };
        let Some(fingerprint) = folder::fingerprint(&entry.path, listing) else {
            return;
        };
        let parent = parent(&projects, &entry.path);
        found(Source {
            native: match &parent {
                // names of sub-agents are unique within their session only
                Some(parent) => tell::id_of_name(&format!("{stem}.{parent}")),
                None => tell::id_of_name(stem),
            },
            path: entry.path,
            fingerprint,
            rank: Rank::Primary,
            layout: 0,
            parent,
        });
    };
    for entry in folder::inside(&projects, &mut listing) {
        if entry.is_folder {
            folder::walk(&entry.path, DEPTH, &|_| true, &mut listing, &mut take);
        }
    }
    listing
}

/// The session in whose `subagents` folder a file lies.
fn parent(projects: &Path, path: &Path) -> Option<String> {
    let mut folders = path.parent()?.strip_prefix(projects).ok()?.components();
    folders.find(|folder| folder.as_os_str() == "subagents")?;
    let session = folders.next()?.as_os_str().to_string_lossy();
    Some(tell::id_of_name(&session))
}
