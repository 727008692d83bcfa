//! Antigravity: Google's terminal program (`agy`), its editor and its desktop program, each in a folder of
//! the same shape below `~/.gemini`.
//!
//! | place below the folder | what it is |
//! |---|---|
//! | `brain/<id>/.system_generated/logs/transcript_full.jsonl` | a conversation, one step a line ([`step`]) |
//! | `transcript.jsonl` beside it | the same with long contents cut; read where it is alone |
//! | `conversation_summaries.db` | title, folder, time and parent of every conversation ([`summary`]) |
//! | `history.jsonl` | prompts as they were typed, with the folder ([`history`]) |
//! | `conversations/<id>.db`, `<id>.pb` | what the program itself goes on from ([`sealed`]) |
//!
//! The last of these are undocumented binary messages (`.db`) or encrypted (`.pb`, before 2026). They are
//! not read: a conversation that has no transcript is listed with its prompts out of `history.jsonl`, and
//! with a note and an issue that say what cannot be read.
//!
//! Calls have no ids: a step that ran a tool belongs to the oldest call of its kind that still waits. Token
//! counts and the model's name stand in the transcripts of some versions only, so usage is a floor.
//! Checked against real files: none were at hand; the layout follows what several others published of
//! theirs. That `GEMINI_HOME` moves the folder is known of one of the programs only.

mod history;
mod sealed;
mod step;
mod summary;

use super::read::{folder, rows, tell, value};
use super::{Agent, EventSink, Listing};
use crate::model::{AgentInfo, Capabilities, Checkpoint, Rank, RootSpec, Source};
use std::collections::BTreeSet;
use std::path::Path;

pub struct Antigravity;

static INFO: AgentInfo = AgentInfo {
    id: "antigravity",
    name: "Antigravity",
    color: "#4f86f7",
    roots: &[
        RootSpec::moved("GEMINI_HOME", "antigravity-cli", ".gemini/antigravity-cli"),
        RootSpec::moved("GEMINI_HOME", "antigravity", ".gemini/antigravity"),
        RootSpec::moved("GEMINI_HOME", "antigravity-ide", ".gemini/antigravity-ide"),
        RootSpec::moved("GEMINI_HOME", "antigravity-acp", ".gemini/antigravity-acp"),
    ],
    resume: Some("agy --conversation {id}"),
    worktrees: None,
    capabilities: Capabilities {
        usage: true,
        tool_calls: true,
        sub_agents: true,
        timestamps: true,
        thinking: true,
    },
};

/// What a source is (`Source::layout`).
mod layout {
    pub const STEPS: u8 = 0;
    pub const SUMMARY: u8 = 1;
    /// A conversation of which there is only what cannot be read.
    pub const SEALED: u8 = 2;
}

impl Agent for Antigravity {
    fn info(&self) -> &'static AgentInfo {
        &INFO
    }

    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        let mut listing = Listing::new();
        let told = transcripts(root, &mut listing, found);
        sealed::discover(root, &told, &mut listing, found);
        let summaries = root.join("conversation_summaries.db");
        let mut annotating = |source: Source| {
            found(Source {
                rank: Rank::Secondary,
                ..source
            });
        };
        rows::discover(
            &summaries,
            &mut listing,
            &mut annotating,
            &mut summary::list,
        );
        listing
    }

    fn parse(
        &self,
        source: &Source,
        from: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> std::io::Result<Checkpoint> {
        match source.layout {
            layout::STEPS => {
                tell::lines(source, from, sink, &source.native, &mut step::tell(source))
            }
            layout::SEALED => sealed::parse(source, sink),
            layout::SUMMARY => summary::parse(source, sink),
            _ => Ok(rows::parse_database(source, sink, &mut summary::list)),
        }
    }
}

/// The better transcript of every conversation that has one; gives their ids.
fn transcripts(
    root: &Path,
    listing: &mut Listing,
    found: &mut dyn FnMut(Source),
) -> BTreeSet<String> {
    let mut told = BTreeSet::new();
    for place in folder::inside(&root.join("brain"), listing) {
        if !place.is_folder || !value::is_id(&place.name) {
            continue;
        }
        let logs = place.path.join(".system_generated").join("logs");
        if folder::leads_out(root, &logs) {
            continue;
        }
        let transcript = ["transcript_full.jsonl", "transcript.jsonl"]
            .into_iter()
            .find_map(|name| {
                let path = logs.join(name);
                let print = folder::fingerprint(&path, listing)?;
                Some((path, print))
            });
        if let Some((path, fingerprint)) = transcript {
            told.insert(place.name.clone());
            found(Source::whole(path, fingerprint, place.name));
        }
    }
    told
}
