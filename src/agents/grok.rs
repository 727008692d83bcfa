//! Grok CLI: `sessions/<folder, percent-encoded>/<id>/` below its folder, with `chat_history.jsonl` (what
//! went to the model) and `summary.json`.
//!
//! Checked against real files: none were at hand, and no published sources either; this follows short
//! descriptions. Records that are no chat messages are issues rather than guesses. Not read:
//! `updates.jsonl` (what the screen was told, with tokens): so tokens are not counted.

use super::read::json::{Raw, fields};
use super::read::tell::{self, Out, Record, wrong};
use super::read::whole::Document;
use super::read::{chat, folder};
use super::{Agent, EventSink, Listing};
use crate::model::{AgentInfo, Capabilities, Checkpoint, Fact, RootSpec, Source, TitleRank};
use std::io;
use std::path::Path;

pub struct Grok;

static INFO: AgentInfo = AgentInfo {
    id: "grok",
    name: "Grok CLI",
    color: "#94a3b8",
    roots: &[RootSpec::moved("GROK_HOME", "sessions", ".grok/sessions")],
    resume: None,
    worktrees: None,
    capabilities: Capabilities {
        usage: false,
        tool_calls: true,
        sub_agents: false,
        timestamps: false,
        thinking: true,
    },
};

fields! {
    struct Summary {
        title: "title",
        summary: "summary",
        cwd: "cwd",
        model: "model",
        created: "created_at",
        updated: "updated_at",
        info: "info",
    }
}

impl Agent for Grok {
    fn info(&self) -> &'static AgentInfo {
        &INFO
    }

    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        let mut listing = Listing::new();
        for project in folder::entries(root, &mut listing) {
            if !project.is_folder {
                continue;
            }
            for session in folder::entries(&project.path, &mut listing) {
                let path = session.path.join("chat_history.jsonl");
                if !session.is_folder {
                    continue;
                }
                if let Some(fingerprint) = folder::fingerprint(&path, &mut listing) {
                    found(Source::whole(
                        path,
                        fingerprint,
                        tell::id_of_name(&session.name),
                    ));
                }
            }
        }
        listing
    }

    fn parse(
        &self,
        source: &Source,
        from: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> io::Result<Checkpoint> {
        let document = Document::beside(&source.path.with_file_name("summary.json"));
        let summary: Summary<'_> = document
            .as_ref()
            .and_then(|document| document.root().object())
            .unwrap_or_default();
        tell::lines(
            source,
            from,
            sink,
            &source.native,
            &mut |record, begun: &mut bool, out| {
                let message: chat::Message<'_> = serde_json::from_str(record.raw.as_json())?;
                out.record(time(record), record.offset, "");
                if !std::mem::replace(begun, true) {
                    head(source, &summary, out);
                }
                match chat::tell(&message, out) {
                    true => Ok(()),
                    false => Err(wrong("no role")),
                }
            },
        )
    }
}

fn time(record: Record<'_>) -> Option<i64> {
    record.raw.get("timestamp").and_then(Raw::time)
}

fn head(source: &Source, summary: &Summary<'_>, out: &mut Out<'_>) {
    let text = |raw: Option<Raw<'_>>| raw.and_then(Raw::filled).unwrap_or_default().into_owned();
    let inner = |key: &str| summary.info.and_then(|info| info.get(key));
    let told = text(summary.cwd.or(inner("cwd")));
    let folder = source.path.ancestors().nth(2).and_then(Path::file_name);
    let folder = folder.unwrap_or_default().to_string_lossy();
    let decoded = percent_encoding::percent_decode_str(&folder).decode_utf8_lossy();
    match told.as_str() {
        // a folder's name that is no path was encoded in another way
        "" if decoded.contains(['/', '\\']) => out.cwd(&decoded),
        told => out.cwd(told),
    }
    out.model(&text(summary.model.or(inner("model"))));
    let title = summary.title.or(inner("title")).or(summary.summary);
    out.title(TitleRank::Generated, &text(title));
    let first = summary.created.and_then(Raw::time);
    let last = summary.updated.and_then(Raw::time);
    if let (Some(first), Some(last)) = (first, last) {
        out.fact(Fact::Span {
            first,
            last: last.max(first),
        });
    }
}
