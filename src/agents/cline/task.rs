//! A task: the documents in its folder brought together.

use super::message;
use crate::agents::EventSink;
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::tell::{Teller, Told};
use crate::agents::read::text;
use crate::agents::read::whole::Document;
use crate::model::{Checkpoint, Fact, Relation, Source, SourceMode};
use std::borrow::Cow;
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
    let Some(document) = Document::read(&source.path, sink)? else {
        return Ok(Checkpoint::default());
    };
    let folder = source.path.parent().unwrap_or(Path::new(""));
    let mut teller = Teller::at(Told::of(&source.native), SourceMode::Replace, 0, sink);
    let out = &mut teller.out(sink);
    let item = item(folder, &source.native);
    let item = item.as_ref().and_then(|item| item.root().object());
    let item: Item<'_> = item.unwrap_or_default();
    let cwd = item.workspace.or(item.cwd).and_then(Raw::filled);
    let cwd = cwd.map(Cow::into_owned).or_else(|| told_folder(folder));
    out.cwd(&cwd.unwrap_or_default());
    if let Some(parent) = item.parent.and_then(Raw::owned) {
        out.fact(Fact::Parent {
            native: parent,
            relation: Relation::SubAgent,
        });
        if let Some(mode) = item.mode.and_then(Raw::owned) {
            out.fact(Fact::AgentLabel(mode));
        }
    }
    let models = models(folder, item.model);
    message::tell(out, &source.native, &document.root().items(), &models);
    Ok(Checkpoint::default())
}

/// The task's own description, or its line in the list of all tasks.
fn item(folder: &Path, native: &str) -> Option<Document> {
    if let Some(own) = Document::beside(&folder.join("history_item.json")) {
        return Some(own);
    }
    let storage = folder.parent().and_then(Path::parent)?;
    let lists = [
        storage.join("state/taskHistory.json"),
        storage.join("tasks/_index.json"),
    ];
    let list = lists.iter().find_map(|path| Document::beside(path))?;
    let raw = list.root();
    let all = raw.get("entries").unwrap_or(raw).items();
    let own = all.into_iter().find(|one| {
        let id = one
            .get("id")
            .map(|id| id.text().unwrap_or(id.as_json().into()));
        id.is_some_and(|id| id == native)
    });
    Document::made(own?.as_json().to_owned())
}

/// Times from which on a model was used.
pub(super) type Models = Vec<(i64, String)>;

fn models(folder: &Path, fixed: Option<Raw<'_>>) -> Models {
    let metadata = Document::beside(&folder.join("task_metadata.json"));
    let metadata = metadata.as_ref().map(Document::root);
    let used = metadata.and_then(|metadata| metadata.get("model_usage"));
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
