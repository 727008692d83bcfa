//! Opening a session: who it is, whose child it is, and what lies beside its file.

use super::discover::is_housekeeping;
use super::layout;
use super::record::Record;
use super::title;
use super::transcript::Parser;
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::jsonl::Lines;
use crate::agents::read::text;
use crate::agents::{EventSink, Flow};
use crate::model::{
    AgentId, Checkpoint, Event, EventKind, Fact, ParseIssue, Relation, SessionStart, Source,
    TitleRank, Wants,
};
use std::io;
use std::path::{Path, PathBuf};

impl Parser<'_> {
    /// Opens the session, first thing before its first event in this read.
    pub fn open(&mut self, sink: &mut dyn EventSink) {
        self.started = true;
        sink.session(SessionStart {
            native: self.state.native.clone(),
            mode: self.mode,
        });
        if self.state.opened {
            return;
        }
        self.state.opened = true;
        let mut facts = Vec::new();
        if self.source.layout & layout::DESKTOP != 0 {
            facts.push(Fact::Variant(AgentId::new(super::DESKTOP.id)));
        }
        if self.is_agent() {
            let stem = stem(&self.source.path);
            let relation = match is_housekeeping(&stem) {
                true => Relation::Housekeeping,
                false => Relation::SubAgent,
            };
            if !self.state.parent.is_empty() {
                facts.push(Fact::Parent {
                    native: self.state.parent.clone(),
                    relation,
                });
            }
            facts.extend(self.described());
        }
        for fact in facts {
            let event = Event {
                at: None,
                offset: 0,
                kind: EventKind::Fact(fact),
            };
            self.send(event, sink);
        }
    }

    /// Label and title of a sub-agent, from the small file beside its transcript.
    fn described(&mut self) -> Vec<Fact> {
        fields! {
            struct Meta {
                kind: "agentType",
                description: "description",
            }
        }
        let path = self.source.path.with_extension("meta.json");
        let plain = std::fs::symlink_metadata(&path)
            .is_ok_and(|file| file.is_file() && file.len() < 1 << 20);
        let content = plain.then(|| std::fs::read_to_string(&path).ok()).flatten();
        let content = content.unwrap_or_default();
        let meta: Meta<'_> = serde_json::from_str(&content).unwrap_or_default();
        let label = label(meta.kind);
        self.state.labelled = label.is_some();
        let description = meta.description.and_then(Raw::filled);
        let title = description.and_then(|text| title::title(TitleRank::Index, &text));
        label.into_iter().chain(title).collect()
    }
}

pub fn label(raw: Option<Raw<'_>>) -> Option<Fact> {
    let text = text::one_line(&raw?.filled()?, text::MAX_TITLE);
    Some(Fact::AgentLabel(text))
}

/// Who drives the session: `cli` and the programming kits are the agent itself, the desktop app is
/// told by its name, and what is left are editors.
pub fn variant(origin: &str) -> Option<Fact> {
    let id = match origin {
        "cli" | "mcp" => return None,
        _ if origin.starts_with("sdk") || origin.contains("action") => return None,
        _ if origin.contains("desktop") || origin == "local-agent" => super::DESKTOP.id,
        _ => super::EXTENSION.id,
    };
    Some(Fact::Variant(AgentId::new(id)))
}

pub fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// Where the session's long outputs lie: beside the `subagents` that hold a sub-agent's file, else in
/// the folder that is named as the session.
pub fn outputs(source: &Source, stem: &str, parent: &str) -> PathBuf {
    let named = |path: &&Path| path.file_name().is_some_and(|name| *name == *parent);
    let session = match source.path.ancestors().find(named) {
        Some(session) if !parent.is_empty() => session.to_owned(),
        _ => {
            let folder = source.path.parent().unwrap_or(Path::new(""));
            folder.join(if parent.is_empty() { stem } else { parent })
        }
    };
    session.join("tool-results")
}

/// The session that the first records name: the parent of a sub-agent beside the sessions.
pub fn first_session(path: &Path) -> io::Result<String> {
    struct Quiet;
    impl EventSink for Quiet {
        fn wants(&self) -> Wants {
            Wants::META
        }
        fn session(&mut self, _: SessionStart) {}
        fn event(&mut self, _: Event) -> Flow {
            Flow::Go
        }
        fn issue(&mut self, _: ParseIssue) {}
    }
    let mut lines = Lines::open(path, &Checkpoint::default())?;
    while let Some(line) = lines.next(&mut Quiet)? {
        let session = |record: Record<'_>| record.session().map(|session| session.into_owned());
        if let Ok(Some(session)) = Record::read(line.text, session) {
            return Ok(session);
        }
    }
    Ok(String::new())
}
