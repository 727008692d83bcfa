//! Grok Build, the terminal program: `sessions/<folder, percent-encoded>/<id>/` below its folder.
//!
//! | place in a session's folder | what it is |
//! |---|---|
//! | `updates.jsonl` | what happened, with times and tokens: what the program itself goes on from ([`update`]) |
//! | `chat_history.jsonl` | what went to the model; read where there are no updates |
//! | `summary.json` | folder, title, model, and of what it is a fork |
//! | `subagents/<child>/` | sessions that this one started |
//! | `../.cwd` | the folder, where its name is too long to be encoded in full |
//!
//! A fork begins with its parent's updates, which keep their ids. What a rewind took back stays in the
//! file and is told. Checked against real files: none were at hand; the layout follows what others
//! published of theirs, and the program's published sources as they cite them.

mod update;

use super::read::json::{Raw, fields};
use super::read::tell::{self, Out, Record, wrong};
use super::read::whole::{self, Document};
use super::read::{chat, folder};
use super::{Agent, EventSink, Listing};
use crate::model::{
    AgentInfo, Capabilities, Checkpoint, Fact, Rank, Relation, RootSpec, Source, TitleRank,
};
use std::collections::HashMap;
use std::io;
use std::path::Path;

pub struct Grok;

static INFO: AgentInfo = AgentInfo {
    id: "grok",
    name: "Grok CLI",
    color: "#94a3b8",
    roots: &[RootSpec::moved("GROK_HOME", "sessions", ".grok/sessions")],
    resume: Some("grok -r {id}"),
    worktrees: None,
    capabilities: Capabilities {
        usage: true,
        tool_calls: true,
        sub_agents: true,
        timestamps: true,
        thinking: true,
    },
};

/// Which file a source is (`Source::layout`).
mod layout {
    pub const CHAT: u8 = 0;
    pub const UPDATES: u8 = 1;
}

fields! {
    struct Summary {
        title: "title",
        generated: "generated_title",
        summary: "summary",
        cwd: "cwd",
        model: "model",
        current: "current_model_id",
        created: "created_at",
        updated: "updated_at",
        info: "info",
        kind: "session_kind",
        parent: "parent_session_id",
    }
}

impl Agent for Grok {
    fn info(&self) -> &'static AgentInfo {
        &INFO
    }

    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        let mut listing = Listing::new();
        let mut sources = Vec::new();
        let mut parents: HashMap<String, String> = HashMap::new();
        for project in folder::entries(root, &mut listing) {
            if !project.is_folder {
                continue;
            }
            for session in folder::entries(&project.path, &mut listing) {
                if session.is_folder {
                    let native = tell::id_of_name(&session.name);
                    // a child may work in another folder than its parent
                    for child in folder::inside(&session.path.join("subagents"), &mut listing) {
                        parents.insert(tell::id_of_name(&child.name), native.clone());
                    }
                    sources.extend(one(&session.path, native, &mut listing));
                }
            }
        }
        for source in sources {
            let parent = parents.get(&source.native).cloned();
            found(Source { parent, ..source });
        }
        listing
    }

    fn parse(
        &self,
        source: &Source,
        from: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> io::Result<Checkpoint> {
        // what lies beside is told by every read: it is written anew all the time
        let mut fresh = true;
        let mut before = |out: &mut Out<'_>| {
            if std::mem::take(&mut fresh) {
                head(source, out);
            }
        };
        if source.layout == layout::UPDATES {
            let mut each = |record: Record<'_>, state: &mut update::State, out: &mut Out<'_>| {
                before(out);
                update::tell(record, state, out);
                Ok(())
            };
            return tell::lines(source, from, sink, &source.native, &mut each);
        }
        let mut each = |record: Record<'_>, _: &mut (), out: &mut Out<'_>| {
            let message: chat::Message<'_> = serde_json::from_str(record.raw.as_json())?;
            before(out);
            out.record(time(record), record.offset, "");
            match chat::tell(&message, out) {
                true => Ok(()),
                false => Err(wrong("no role")),
            }
        };
        tell::lines(source, from, sink, &source.native, &mut each)
    }
}

fn one(session: &Path, native: String, listing: &mut Listing) -> Option<Source> {
    let files = [
        ("updates.jsonl", layout::UPDATES),
        ("chat_history.jsonl", layout::CHAT),
    ];
    files.into_iter().find_map(|(name, layout)| {
        let path = session.join(name);
        Some(Source {
            fingerprint: folder::fingerprint(&path, listing)?,
            path,
            rank: Rank::Primary,
            layout,
            native: native.clone(),
            parent: None,
        })
    })
}

fn time(record: Record<'_>) -> Option<i64> {
    record.raw.get("timestamp").and_then(Raw::time)
}

fn head(source: &Source, out: &mut Out<'_>) {
    let document = Document::beside(&source.path.with_file_name("summary.json"));
    let summary: Summary<'_> = document
        .as_ref()
        .and_then(|document| document.root().object())
        .unwrap_or_default();
    let text = |raw: Option<Raw<'_>>| raw.and_then(Raw::filled).unwrap_or_default().into_owned();
    let inner = |key: &str| summary.info.and_then(|info| info.get(key));
    match text(summary.cwd.or(inner("cwd"))) {
        told if !told.is_empty() => out.cwd(&told),
        _ => out.cwd(&place(source).unwrap_or_default()),
    }
    let model = summary.current.or(summary.model).or(inner("model"));
    out.model(&text(model));
    let title = summary.title.or(summary.generated).or(inner("title"));
    out.title(TitleRank::Generated, &text(title.or(summary.summary)));
    if source.layout == layout::CHAT {
        let time = |raw: Option<Raw<'_>>| raw.and_then(Raw::time);
        out.span(time(summary.created), time(summary.updated));
    }
    let is_child = text(summary.kind).starts_with("subagent");
    let told = tell::id(summary.parent);
    let relation = match is_child || source.parent.is_some() {
        true => Relation::SubAgent,
        false => Relation::Fork,
    };
    if let Some(native) = source.parent.clone().or(told) {
        out.fact(Fact::Parent { native, relation });
    }
}

/// The folder out of the name of the one that holds a project's sessions, or out of what lies in it.
fn place(source: &Source) -> Option<String> {
    let project = source.path.ancestors().nth(2)?;
    if let Some(told) = whole::small(&project.join(".cwd")) {
        return Some(told.trim().to_owned());
    }
    let name = project.file_name()?.to_string_lossy();
    let decoded = percent_encoding::percent_decode_str(&name).decode_utf8_lossy();
    // a folder's name that is no path was encoded in another way
    decoded.contains(['/', '\\']).then(|| decoded.into_owned())
}
