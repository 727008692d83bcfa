//! Where the files lie.

use super::layout;
use crate::agents::Listing;
use crate::agents::read::{folder, tell};
use crate::model::{Rank, Source};
use std::path::Path;

pub fn discover(root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
    let mut listing = Listing::new();
    for project in folder::inside(&root.join("sessions"), &mut listing) {
        if !project.is_folder {
            continue;
        }
        for session in folder::entries(&project.path, &mut listing) {
            if session.is_folder {
                one(&session, &mut listing, found);
            }
        }
    }
    listing
}

fn one(session: &folder::Entry, listing: &mut Listing, found: &mut dyn FnMut(Source)) {
    let bare = session
        .name
        .strip_prefix("session_")
        .unwrap_or(&session.name);
    let id = tell::id_of_name(bare);
    for agent in folder::inside(&session.path.join("agents"), listing) {
        if agent.is_folder {
            let wire = agent.path.join("wire.jsonl");
            let (native, parent) = match agent.name.as_str() {
                "main" => (id.clone(), None),
                name => (tell::id_of_name(&format!("{id}.{name}")), Some(id.clone())),
            };
            source(&wire, layout::NEWER, native, parent, listing, found);
        }
    }
    let wire = session.path.join("wire.jsonl");
    if wire.is_file() {
        source(&wire, layout::OLDER, id, None, listing, found);
    } else {
        let context = session.path.join("context.jsonl");
        source(&context, layout::CONTEXT, id, None, listing, found);
    }
}

fn source(
    path: &Path,
    layout: u8,
    native: String,
    parent: Option<String>,
    listing: &mut Listing,
    found: &mut dyn FnMut(Source),
) {
    if let Some(fingerprint) = folder::fingerprint(path, listing) {
        found(Source {
            path: path.to_owned(),
            fingerprint,
            rank: Rank::Primary,
            layout,
            native,
            parent,
        });
    }
}
