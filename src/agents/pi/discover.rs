//! Where the files lie.

use crate::agents::Listing;
use crate::agents::read::{folder, tell};
use crate::model::{Rank, Source};
use std::path::Path;

/// Folders below the sessions' folder.
const DEPTH: usize = 4;

pub fn sessions(root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
    let mut listing = Listing::new();
    let mut take = |entry: folder::Entry, listing: &mut Listing| {
        let Some(stem) = entry.name.strip_suffix(".jsonl") else {
            return;
        };
        // a folder named as a session beside it holds that session's sub-agents
        let above = entry.path.parent().unwrap_or(root);
        let parent = above
            .with_extension("jsonl")
            .is_file()
            .then(|| above.file_name())
            .flatten()
            .map(|name| name.to_string_lossy().into_owned())
            .map(|name| uuid(&name).map_or_else(|| tell::id_of_name(&name), str::to_owned));
        let native = uuid(stem).unwrap_or_default().to_owned();
        source(&entry.path, native, parent, listing, found);
    };
    folder::walk(root, DEPTH, &|_| true, &mut listing, &mut take);
    listing
}

/// `<agent>/sessions/*`.
pub fn assistants(root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
    let mut listing = Listing::new();
    for agent in folder::entries(root, &mut listing) {
        if !agent.is_folder {
            continue;
        }
        for entry in folder::inside(&agent.path.join("sessions"), &mut listing) {
            let Some((stem, rest)) = entry.name.split_once(".jsonl") else {
                continue;
            };
            let former = rest.starts_with(".reset") || rest.starts_with(".deleted");
            if entry.is_folder || !(rest.is_empty() || former) {
                continue;
            }
            let native = tell::id_of_name(&format!("{stem}{rest}"));
            source(&entry.path, native, None, &mut listing, found);
        }
    }
    listing
}

/// The uuid behind the time in a session's name.
fn uuid(stem: &str) -> Option<&str> {
    let (_, id) = stem.rsplit_once('_')?;
    (id.len() >= 32 && tell::is_id(id)).then_some(id)
}

fn source(
    path: &Path,
    native: String,
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
        rank: Rank::Primary,
        layout: 0,
        native,
        parent,
    });
}
