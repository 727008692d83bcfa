//! The editor's own files.

use super::{layout, source};
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::record::Kept;
use crate::agents::read::teller::{Teller, content};
use crate::agents::read::{document, folder};
use crate::agents::{EventSink, Listing};
use crate::model::{Checkpoint, Fact, Source, SourceMode, TitleRank};
use std::path::Path;

pub(super) fn discover(root: &Path, listing: &mut Listing, found: &mut dyn FnMut(Source)) {
    for place in folder::entries(root, listing) {
        if !place.is_folder {
            continue;
        }
        for entry in folder::entries(&place.path, listing) {
            if place.name == "workspace-sessions" && entry.is_folder {
                for file in folder::entries(&entry.path, listing) {
                    let stem = file.name.strip_suffix(".json").unwrap_or("");
                    if !file.is_folder && stem != "sessions" {
                        let native = stem.to_owned();
                        source(&file.path, native, layout::WORKSPACE, listing, found);
                    }
                }
            } else if let Some(stem) = entry.name.strip_suffix(".chat")
                && !entry.is_folder
            {
                let native = stem.to_owned();
                source(&entry.path, native, layout::EXECUTION, listing, found);
            }
        }
    }
}

/// Both are written anew at every change.
pub(super) fn parse(source: &Source, sink: &mut dyn EventSink) -> std::io::Result<Checkpoint> {
    if let Some(json) = document::read(&source.path, sink)? {
        let raw = Raw::parse(&json).expect("the reader has checked it");
        let mut teller = Teller::open(sink, &source.native, SourceMode::Replace, 0);
        match source.layout {
            layout::WORKSPACE => workspace(&mut teller, source, raw),
            _ => execution(&mut teller, raw),
        }
    }
    Ok(Checkpoint::default())
}

fields! {
    struct Listed {
        id: "sessionId",
        title: "title",
        created: "dateCreated",
        folder: "workspaceDirectory",
    }
}

fields! {
    struct Session {
        title: "title",
        folder: "workspaceDirectory",
        model: "selectedModel",
        history: "history",
    }
}

fn workspace(teller: &mut Teller<'_>, source: &Source, raw: Raw<'_>) {
    let session: Session<'_> = raw.object().unwrap_or_default();
    let list = document::beside(&source.path.with_file_name("sessions.json"));
    let list = list.unwrap_or_default();
    let listed = Raw::parse(&list).map(Raw::items).unwrap_or_default();
    let listed = listed.into_iter().filter_map(Raw::object::<Listed<'_>>);
    let listed = listed
        .into_iter()
        .find(|one| one.id.is_some_and(|id| id.is(&source.native)));
    let listed = listed.unwrap_or_default();
    if let Some(title) = session.title.or(listed.title).and_then(Raw::text)
        && title != "New Session"
    {
        teller.title(TitleRank::Generated, &title);
    }
    teller.filled(
        session.folder.or(listed.folder).and_then(Raw::text),
        Fact::Cwd,
    );
    let created = listed.created.and_then(Raw::time);
    teller.span(created, None);
    for (number, one) in (1..).zip(session.history.map(Raw::items).unwrap_or_default()) {
        let Some(message) = one.get("message") else {
            continue;
        };
        let id = message.get("id").and_then(Raw::text).unwrap_or_default();
        teller.kept(&[Kept::member("history", number, one.as_json())]);
        teller.record(&id, created, number);
        teller.by(session.model.and_then(Raw::text));
        let text = message.get("content").map(content).unwrap_or_default();
        match message.get("role") {
            Some(role) if role.is("user") => teller.user(&text),
            Some(role) if role.is("assistant") => teller.answer(&text),
            _ => teller.notice(&text),
        }
    }
}

/// Its first messages are the system's, in the person's name.
fn execution(teller: &mut Teller<'_>, raw: Raw<'_>) {
    let metadata = raw.get("metadata");
    let of = |key: &str| metadata.and_then(|metadata| metadata.get(key));
    let (start, end) = (
        of("startTime").and_then(Raw::time),
        of("endTime").and_then(Raw::time),
    );
    teller.span(start, end);
    for (number, message) in (1..).zip(raw.get("chat").map(Raw::items).unwrap_or_default()) {
        teller.kept(&[Kept::member("chat", number, message.as_json())]);
        teller.record("", start, number);
        teller.by(of("modelId").and_then(Raw::text));
        let text = message.get("content").map(content).unwrap_or_default();
        let system = ["# System Prompt", "<identity>", "# Identity"];
        match message.get("role") {
            Some(role) if role.is("human") => {
                match system
                    .iter()
                    .any(|start| text.trim_start().starts_with(start))
                {
                    true => teller.notice(&text),
                    false => teller.user(&text),
                }
            }
            Some(role) if role.is("bot") => {
                teller.at = end.or(start);
                teller.answer(&text);
            }
            Some(role) if role.is("tool") => teller.output("", "", &text, false),
            _ => teller.notice(&text),
        }
    }
}
