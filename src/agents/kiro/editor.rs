//! The editor's own files.

use super::{layout, source};
use crate::agents::read::folder;
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::parts::content;
use crate::agents::read::record::Kept;
use crate::agents::read::tell::{Out, Teller, Told};
use crate::agents::read::whole::Document;
use crate::agents::{EventSink, Listing};
use crate::model::{Checkpoint, Source, SourceMode, TitleRank};
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
    if let Some(document) = Document::read(&source.path, sink)? {
        let mut teller = Teller::at(Told::of(&source.native), SourceMode::Replace, 0, sink);
        let out = &mut teller.out(sink);
        match source.layout {
            layout::WORKSPACE => workspace(out, source, document.root()),
            _ => execution(out, document.root()),
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

fn workspace(out: &mut Out<'_>, source: &Source, raw: Raw<'_>) {
    let session: Session<'_> = raw.object().unwrap_or_default();
    let list = Document::beside(&source.path.with_file_name("sessions.json"));
    let listed = list.as_ref().map(|list| list.root().items());
    let listed = listed.unwrap_or_default();
    let listed = listed.into_iter().filter_map(Raw::object::<Listed<'_>>);
    let listed = listed
        .into_iter()
        .find(|one| one.id.is_some_and(|id| id.is(&source.native)));
    let listed = listed.unwrap_or_default();
    if let Some(title) = session.title.or(listed.title).and_then(Raw::text)
        && title != "New Session"
    {
        out.title(TitleRank::Generated, &title);
    }
    out.cwd(
        &session
            .folder
            .or(listed.folder)
            .and_then(Raw::text)
            .unwrap_or_default(),
    );
    let created = listed.created.and_then(Raw::time);
    out.span(created, None);
    for (number, one) in (1..).zip(session.history.map(Raw::items).unwrap_or_default()) {
        let Some(message) = one.get("message") else {
            continue;
        };
        let id = message.get("id").and_then(Raw::text).unwrap_or_default();
        out.kept(&[Kept::member("history", number, one.as_json())]);
        out.record(created, number, &id);
        out.by(session.model.and_then(Raw::text));
        let text = message.get("content").map(content).unwrap_or_default();
        match message.get("role") {
            Some(role) if role.is("user") => out.user(&text, 0),
            Some(role) if role.is("assistant") => out.answer(text),
            _ => out.note(text),
        }
    }
}

/// Its first messages are the system's, in the person's name.
fn execution(out: &mut Out<'_>, raw: Raw<'_>) {
    let metadata = raw.get("metadata");
    let of = |key: &str| metadata.and_then(|metadata| metadata.get(key));
    let (start, end) = (
        of("startTime").and_then(Raw::time),
        of("endTime").and_then(Raw::time),
    );
    out.span(start, end);
    for (number, message) in (1..).zip(raw.get("chat").map(Raw::items).unwrap_or_default()) {
        out.kept(&[Kept::member("chat", number, message.as_json())]);
        out.record(start, number, "");
        out.by(of("modelId").and_then(Raw::text));
        let text = message.get("content").map(content).unwrap_or_default();
        let system = ["# System Prompt", "<identity>", "# Identity"];
        match message.get("role") {
            Some(role) if role.is("human") => {
                match system
                    .iter()
                    .any(|start| text.trim_start().starts_with(start))
                {
                    true => out.note(text),
                    false => out.user(&text, 0),
                }
            }
            Some(role) if role.is("bot") => {
                out.now(end.or(start));
                out.answer(text);
            }
            Some(role) if role.is("tool") => out.output("", "", text.as_str(), false),
            _ => out.note(text),
        }
    }
}
