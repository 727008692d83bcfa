//! `conversation_summaries.db`: a row a conversation, changed as the conversation goes on.

use super::layout;
use crate::agents::read::json::Raw;
use crate::agents::read::rows::{self, Seen};
use crate::agents::read::sqlite::Db;
use crate::agents::read::tell::Teller;
use crate::agents::read::vscode;
use crate::agents::{EventSink, Flow};
use crate::model::{Checkpoint, Fact, ParseIssue, Relation, Source, SourceMode, TitleRank};
use xxhash_rust::xxh3::xxh3_64;

const COLUMNS: [&str; 8] = [
    "conversation_id",
    "title",
    "workspace_uris",
    "parent_conversation_id",
    "agent_name",
    "last_modified_time",
    "nesting_depth",
    "step_count",
];

pub(super) fn list(db: &Db) -> Result<Vec<Seen>, ParseIssue> {
    let mut seen = Vec::new();
    db.rows("conversation_summaries", &COLUMNS, &mut |row| {
        let text = |column| row.text(column).unwrap_or_default();
        // what is told of it: the time changes with every step of the conversation
        let told = [text(1), text(2), text(3), text(4)].join("\n");
        seen.push(Seen {
            native: text(0),
            parent: row.text(3),
            updated: None,
            digest: vec![xxh3_64(told.as_bytes()) as i64],
            layout: layout::SUMMARY,
        });
        Flow::Go
    })?;
    Ok(seen)
}

/// Facts of a conversation that a transcript or a sealed file holds.
pub(super) fn parse(source: &Source, sink: &mut dyn EventSink) -> std::io::Result<Checkpoint> {
    let mut teller = Teller::beside(&source.native, SourceMode::Annotate, sink);
    let out = &mut teller.out(sink);
    let tail = "WHERE conversation_id = ?1";
    let read = Db::open(&rows::database(source)).and_then(|db| {
        db.select(
            "conversation_summaries",
            &COLUMNS,
            tail,
            &[&source.native],
            &mut |row| {
                let text = |column| row.text(column).unwrap_or_default();
                out.title(TitleRank::Generated, &text(1));
                out.cwd(&folder(&text(2)).unwrap_or_default());
                if let Some(native) = row.text(3).filter(|_| row.int(6) > 0) {
                    let relation = Relation::SubAgent;
                    out.fact(Fact::Parent { native, relation });
                    if let Some(name) = row.text(4) {
                        out.fact(Fact::AgentLabel(name));
                    }
                }
                Flow::Stop
            },
        )
    });
    match read {
        Ok(()) => Ok(Checkpoint::default()),
        Err(issue) => rows::failed(issue, sink),
    }
}

/// The first of a JSON list of URIs.
fn folder(uris: &str) -> Option<String> {
    let uris = Raw::parse(uris).ok()?.items();
    uris.into_iter().find_map(|uri| vscode::path(&uri.text()?))
}
