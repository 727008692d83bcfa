//! Where the files lie.

use super::layout;
use crate::agents::Listing;
use crate::agents::read::{folder, tell};
use crate::model::{Rank, Source};
use std::path::Path;

pub fn discover(root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
    let mut listing = Listing::new();
    for entry in folder::inside(&root.join("session-state"), &mut listing) {
        if entry.is_folder {
            let native = tell::id_of_name(&entry.name);
            let events = entry.path.join("events.jsonl");
            source(&events, layout::EVENTS, &native, &mut listing, found);
            let workspace = entry.path.join("workspace.yaml");
            source(&workspace, layout::WORKSPACE, &native, &mut listing, found);
        } else if let Some(stem) = entry.name.strip_suffix(".jsonl") {
            let native = tell::id_of_name(stem);
            source(&entry.path, layout::EVENTS, &native, &mut listing, found);
        }
    }
    for entry in folder::inside(&root.join("history-session-state"), &mut listing) {
        let stem = entry.name.strip_suffix(".json");
        if let Some(stem) = stem.filter(|_| !entry.is_folder) {
            // session_<id>_<time>.json
            let bare = stem.strip_prefix("session_").unwrap_or(stem);
            let id = bare.split('_').next().unwrap_or(bare);
            let native = tell::id_of_name(id);
            source(&entry.path, layout::DOCUMENT, &native, &mut listing, found);
        }
    }
    listing
}

fn source(
    path: &Path,
    layout: u8,
    native: &str,
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
            layout::WORKSPACE => Rank::Secondary,
            _ => Rank::Primary,
        },
        layout,
        native: native.to_owned(),
        parent: None,
    });
}
