//! Cursor: the editor and its terminal program.
//!
//! | place | what it is |
//! |---|---|
//! | `Cursor/User/globalStorage/state.vscdb` | the editor's conversations: `composerData:<id>`, `bubbleId:<id>:<bubble>` ([`composer`]) |
//! | `Cursor/User/workspaceStorage/<hash>/state.vscdb` | which conversation is of which folder; before 2025 the conversations themselves ([`workspace`]) |
//! | `~/.cursor/chats/<hash>/<id>/store.db` | the terminal program's conversations ([`store`]) |
//! | `~/.cursor/projects/<slug>/agent-transcripts/` | extracts of both as JSONL or text ([`transcript`]) |
//!
//! One conversation may lie in several places: a database comes before an extract, which has neither
//! times nor what tools gave back. Tokens are recorded for some answers only, and cost never: usage
//! here is a floor. Checked against a real file: `workspaceStorage` of late 2024. Made after what
//! others found: everything else; that `CURSOR_CONFIG_DIR` moves `~/.cursor` is unverified.

mod bubble;
mod composer;
mod place;
mod said;
mod store;
mod transcript;
mod workspace;

use super::read::record::Cut;
use super::read::{rows, vscode};
use super::{Agent, EventSink, Listing};
use crate::model::{AgentInfo, Capabilities, Checkpoint, RootSpec, Source};
use std::path::Path;

pub struct Cursor;

const HOME: &[RootSpec] = &[
    RootSpec {
        env: Some("CURSOR_CONFIG_DIR"),
        env_suffix: "projects",
        path: ".cursor/projects",
    },
    RootSpec {
        env: Some("CURSOR_CONFIG_DIR"),
        env_suffix: "chats",
        path: ".cursor/chats",
    },
];

static ROOTS: [RootSpec; 10] = vscode::joined(&[
    HOME,
    vscode::user_roots!("globalStorage": "Cursor"; ".cursor-server"),
    vscode::user_roots!("workspaceStorage": "Cursor"; ".cursor-server"),
]);

static INFO: AgentInfo = AgentInfo {
    id: "cursor",
    name: "Cursor",
    color: "#94a3b8",
    roots: &ROOTS,
    resume: Some("cursor-agent --resume={id}"),
    worktrees: Some(".cursor/worktrees"),
    capabilities: Capabilities {
        usage: true,
        tool_calls: true,
        sub_agents: true,
        timestamps: true,
        thinking: true,
    },
};

mod layout {
    pub const COMPOSER: u8 = 0;
    pub const JSONL: u8 = 1;
    pub const TEXT: u8 = 2;
    pub const STORE: u8 = 3;
    /// A conversation inside a workspace's database.
    pub const INLINE: u8 = 4;
    /// A tab of the chat that there was before.
    pub const TAB: u8 = 5;
}

impl Agent for Cursor {
    fn info(&self) -> &'static AgentInfo {
        &INFO
    }

    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        let mut listing = Listing::new();
        if root.ends_with("globalStorage") {
            composer::discover(root, &mut listing, found);
        } else if root.ends_with("workspaceStorage") {
            workspace::discover(root, &mut listing, found);
        } else if root.ends_with("chats") {
            store::discover(root, &mut listing, found);
        } else {
            transcript::discover(root, &mut listing, found);
        }
        listing
    }

    fn continues(&self, source: &Source, from: &Checkpoint) -> bool {
        match source.layout {
            layout::COMPOSER => true,
            layout::JSONL => {
                source.fingerprint.size >= from.offset
                    && super::read::jsonl::verify(&source.path, from).unwrap_or(false)
            }
            _ => false,
        }
    }

    fn cut(&self, source: &Source) -> Cut {
        match source.layout {
            layout::TEXT => Cut::Block,
            _ => Cut::Line,
        }
    }
    fn parse(
        &self,
        source: &Source,
        from: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> std::io::Result<Checkpoint> {
        match source.layout {
            layout::COMPOSER => composer::parse(source, from, sink),
            layout::JSONL => transcript::lines(source, from, sink),
            layout::TEXT => transcript::text(source, sink),
            layout::STORE => store::parse(source, sink),
            rows::DATABASE if place::is_global(&source.path) => {
                Ok(rows::parse_database(source, sink, &mut composer::list))
            }
            rows::DATABASE => Ok(rows::parse_database(source, sink, &mut workspace::list)),
            _ => workspace::parse(source, sink),
        }
    }
}
