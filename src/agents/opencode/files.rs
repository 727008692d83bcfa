//! The layouts of JSON files: one for the session, one a message, one a part.

use super::layout;
use super::part::{self, Message, Told};
use super::session::Session;
use crate::agents::read::folder::{self, Entry};
use crate::agents::read::json::Raw;
use crate::agents::read::record::Kept;
use crate::agents::read::tell::{self, Teller};
use crate::agents::read::value;
use crate::agents::read::whole::Document;
use crate::agents::{EventSink, Flow, Listing};
use crate::model::{Checkpoint, Fingerprint, IssueKind, Rank, Source, SourceMode};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Sessions of both layouts that no database holds. A session's source is its folder of messages.
pub(super) fn discover(
    root: &Path,
    held: &BTreeSet<String>,
    listing: &mut Listing,
    found: &mut dyn FnMut(Source),
) {
    let storage = root.join("storage");
    if leads_out(root, &storage) {
        return;
    }
    for project in folder::inside(&storage.join("session"), listing) {
        if project.is_folder {
            let infos = folder::entries(&project.path, listing);
            sessions(&storage, infos, layout::FILES, held, listing, found);
        }
    }
    for project in folder::inside(&root.join("project"), listing) {
        if project.is_folder {
            let storage = project.path.join("storage").join("session");
            if leads_out(root, &storage) {
                continue;
            }
            let infos = folder::inside(&storage.join("info"), listing);
            sessions(&storage, infos, layout::OLDEST, held, listing, found);
        }
    }
}

/// Folders of a store that may lie elsewhere by way of a link: asked once a store, not once a session.
fn leads_out(root: &Path, storage: &Path) -> bool {
    ["message", "part"]
        .into_iter()
        .any(|name| folder::leads_out(root, &storage.join(name)))
        || folder::leads_out(root, storage)
}

fn sessions(
    storage: &Path,
    infos: Vec<Entry>,
    layout: u8,
    held: &BTreeSet<String>,
    listing: &mut Listing,
    found: &mut dyn FnMut(Source),
) {
    for info in infos {
        let native = match info.name.strip_suffix(".json") {
            Some(native) if value::is_id(native) && !held.contains(native) => native,
            _ => continue,
        };
        let path = storage.join("message").join(native);
        if folder::is_link(&path) {
            continue;
        }
        let mut print = folder::fingerprint(&info.path, listing).unwrap_or_default();
        for message in folder::entries(&path, listing) {
            add(&mut print, &message, listing);
            let stem = message.name.strip_suffix(".json").unwrap_or("");
            for part in folder::inside(&parts_of(storage, native, stem, layout), listing) {
                add(&mut print, &part, listing);
            }
        }
        found(Source {
            path,
            fingerprint: Fingerprint { inode: 0, ..print },
            rank: Rank::Primary,
            layout,
            native: native.to_owned(),
            parent: None,
        });
    }
}

fn add(print: &mut Fingerprint, entry: &Entry, listing: &mut Listing) {
    if let Some(one) = folder::fingerprint(&entry.path, listing) {
        print.size += one.size;
        print.mtime_ns = print.mtime_ns.max(one.mtime_ns);
        print.ctime_ns = print.ctime_ns.max(one.ctime_ns);
    }
}

fn parts_of(storage: &Path, session: &str, message: &str, layout: u8) -> PathBuf {
    let parts = storage.join("part");
    match layout {
        layout::OLDEST => parts.join(session).join(message),
        _ => parts.join(message),
    }
}

/// The folder of all messages and parts.
fn storage_of(source: &Source) -> &Path {
    let storage = source.path.parent().and_then(Path::parent);
    storage.unwrap_or(Path::new(""))
}

/// Read whole, and whole again when anything changed.
pub(super) fn parse(source: &Source, sink: &mut dyn EventSink) -> std::io::Result<Checkpoint> {
    let storage = storage_of(source);
    let session = info(storage, source).unwrap_or_default();
    let mut listing = Listing::default();
    let messages: Vec<(String, String)> = json_files(&source.path, sink, &mut listing)?;
    let mut ordered: Vec<(Option<i64>, String, String)> = messages
        .into_iter()
        .map(|(id, data)| {
            let time = Raw::parse(&data).ok().and_then(|raw| raw.get("time"));
            let created = time.and_then(|time| time.get("created"));
            (created.and_then(Raw::time), id, data)
        })
        .collect();
    ordered.sort();
    let mut read = Vec::with_capacity(ordered.len());
    for (_, id, data) in ordered {
        let parts = parts_of(storage, &source.native, &id, source.layout);
        let parts = json_files(&parts, sink, &mut listing)?;
        read.push((id, data, parts.into_iter().map(|(_, data)| data).collect()));
    }
    listing
        .issues
        .into_iter()
        .for_each(|issue| sink.issue(issue));
    tell(source, &session, &read, sink);
    Ok(Checkpoint::default())
}

fn tell(
    source: &Source,
    session: &Session,
    messages: &[(String, String, Vec<String>)],
    sink: &mut dyn EventSink,
) {
    let mut teller = Teller::at(tell::Told::of(&source.native), SourceMode::Replace, 0, sink);
    let out = &mut teller.out(sink);
    session.tell(out);
    for (number, (id, data, parts)) in (1..).zip(messages) {
        let message = Message {
            id,
            data,
            number,
            // what is read whole each time need not wait for the end of a message
            last: false,
        };
        let path = source.path.join(format!("{id}.json"));
        let folder = parts_of(storage_of(source), &source.native, id, source.layout);
        let below = parts.iter().map(|part| Kept::file(&folder, part));
        let own = Kept::file(&path, data);
        out.kept(&[own].into_iter().chain(below).collect::<Vec<_>>());
        let told = part::tell(out, session, &message, parts, 0);
        if told == Told::Nothing {
            let detail = "a message is not the object it should be";
            tell::issue(
                &source.path,
                number,
                IssueKind::WrongShape,
                detail,
                out.sink,
            );
        }
        if out.flow() == Flow::Stop {
            return;
        }
    }
}

fn info(storage: &Path, source: &Source) -> Option<Session> {
    let name = format!("{}.json", source.native);
    if source.layout == layout::OLDEST {
        let document = Document::beside(&storage.join("info").join(name))?;
        return Session::of_record(document.root());
    }
    let mut quiet = Listing::default();
    let projects = folder::inside(&storage.join("session"), &mut quiet);
    let found = projects
        .into_iter()
        .filter(|entry| entry.is_folder)
        .find_map(|entry| {
            let document = Document::beside(&entry.path.join(&name))?;
            Some((entry.name, Session::of_record(document.root())?))
        });
    let (project, mut session) = found?;
    let project = storage.join("project").join(format!("{project}.json"));
    let worktree = Document::beside(&project)
        .and_then(|document| document.root().get("worktree").and_then(Raw::owned));
    session.worktree = worktree.unwrap_or_default();
    Some(session)
}

/// Stem and text of every JSON file in a folder, by name.
fn json_files(
    path: &Path,
    sink: &mut dyn EventSink,
    listing: &mut Listing,
) -> std::io::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for entry in folder::inside(path, listing) {
        let Some(stem) = entry
            .name
            .strip_suffix(".json")
            .filter(|_| !entry.is_folder)
        else {
            continue;
        };
        match Document::read(&entry.path, sink) {
            Ok(read) => files.extend(read.map(|read| (stem.to_owned(), read.into_text()))),
            // gone between two looks
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(files)
}
