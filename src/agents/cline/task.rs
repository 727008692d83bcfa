//! A task: the documents in its folder brought together.

use super::message;
use crate::agents::EventSink;
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::teller::Teller;
use crate::agents::read::{document, text};
use crate::model::{Checkpoint, Fact, Relation, Source, SourceMode};
use std::path::Path;

fields! {
    struct Item {
        id: "id",
        workspace: "workspace",
        cwd: "cwdOnTaskInitialization",
        parent: "parentTaskId",
        root: "rootTaskId",
        mode: "mode",
        model: "modelId",
    }
}

pub(super) fn parse(source: &Source, sink: &mut dyn EventSink) -> std::io::Result<Checkpoint> {
    let Some(json) = document::read(&source.path, sink)? else {
        return Ok(Checkpoint::default());
    };
    let folder = source.path.parent().unwrap_or(Path::new(""));
    let mut teller = Teller::open(sink, &source.native, SourceMode::Replace, 0);
    let item = item(folder, &source.native).unwrap_or_default();
    let item: Item<'_> = Raw::parse(&item)
        .ok()
        .and_then(Raw::object)
        .unwrap_or_default();
    let cwd = item.workspace.or(item.cwd).and_then(Raw::filled);
    let cwd = cwd.map(Into::into).or_else(|| told_folder(folder));
    teller.filled(cwd.map(Into::into), Fact::Cwd);
    if let Some(parent) = item.parent.and_then(Raw::owned) {
        teller.fact(Fact::Parent {
            native: parent,
            relation: Relation::SubAgent,
        });
        teller.filled(item.mode.and_then(Raw::text), Fact::AgentLabel);
    }
    let models = models(folder, item.model);
    let messages = Raw::parse(&json).map(Raw::items).unwrap_or_default();
    message::tell(&mut teller, &source.native, &messages, &models);
    Ok(Checkpoint::default())
}

/// The task's own description, or its line in the list of all tasks.
fn item(folder: &Path, native: &str) -> Option<String> {
    if let Some(json) = document::beside(&folder.join("history_item.json")) {
        return Some(json);
    }
    let storage = folder.parent().and_then(Path::parent)?;
    let lists = [
        storage.join("state/taskHistory.json"),
        storage.join("tasks/_index.json"),
    ];
    let list = lists.iter().find_map(|path| document::beside(path))?;
    let raw = Raw::parse(&list).ok()?;
    let all = raw.get("entries").unwrap_or(raw).items();
    let own = all.into_iter().find(|one| {
        let id = one
            .get("id")
            .map(|id| id.text().unwrap_or(id.as_json().into()));
        id.is_some_and(|id| id == native)
    });
    own.map(|own| own.as_json().to_owned())
}

/// Times from which on a model was used.
pub(super) type Models = Vec<(i64, String)>;

fn models(folder: &Path, fixed: Option<Raw<'_>>) -> Models {
    let json = document::beside(&folder.join("task_metadata.json")).unwrap_or_default();
    let used = Raw::parse(&json)
        .ok()
        .and_then(|raw| raw.get("model_usage"));
    let mut models: Models = Vec::new();
    for one in used.map(Raw::items).unwrap_or_default() {
        let at = one.get("ts").and_then(Raw::time).unwrap_or(0);
        models.extend(
            one.get("model_id")
                .and_then(Raw::owned)
                .map(|model| (at, model)),
        );
    }
    if models.is_empty() {
        models.extend(fixed.and_then(Raw::owned).map(|model| (0, model)));
    }
    models.sort();
    models
}

/// The model is told where it works in the first message to it.
fn told_folder(folder: &Path) -> Option<String> {
    use std::io::Read;
    let mut head = Vec::new();
    let file = std::fs::File::open(folder.join("api_conversation_history.json")).ok()?;
    file.take(1 << 20).read_to_end(&mut head).ok()?;
    let head = String::from_utf8_lossy(&head);
    let behind = [
        "Current Workspace Directory (",
        "Current Working Directory (",
    ]
    .iter()
    .find_map(|words| head.split_once(words))?
    .1;
    let path = text::head(behind, 4096)
        .split(')')
        .next()?
        .replace("\\\\", "\\");
    (!path.is_empty()).then_some(path)
}
