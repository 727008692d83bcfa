//! Kiro: the terminal program in its three generations, and the editor. Amazon Q Developer CLI, which
//! the first generation was made of, keeps the same database under its own name.
//!
//! | place | what it is |
//! |---|---|
//! | `kiro-cli/data.sqlite3`, `amazon-q/data.sqlite3` | `conversations_v2` (or `conversations`): one JSON value a conversation ([`value`]) |
//! | `~/.kiro/sessions/cli/<id>.jsonl` with `<id>.json` | the second generation ([`lines`]) |
//! | `~/.kiro/sessions/<workspace>/sess_<id>/messages.jsonl` with `session.json` | the third |
//! | `kiro.kiroagent/workspace-sessions/<folder>/<id>.json` | the editor's sessions ([`editor`]) |
//! | `kiro.kiroagent/<hash>/<id>.chat` | the editor's older executions |
//!
//! No layout records tokens (credits, if anything). Nothing here was checked against real files.

mod editor;
mod lines;
mod value;

use super::read::value::is_id;
use super::read::{folder, rows, vscode};
use super::{Agent, EventSink, Listing};
use crate::model::{AgentInfo, Capabilities, Checkpoint, Rank, RootSpec, Source};
use std::path::Path;

pub struct Kiro;
pub struct AmazonQ;

const CAPABILITIES: Capabilities = Capabilities {
    usage: false,
    tool_calls: true,
    sub_agents: false,
    timestamps: true,
    thinking: false,
};

const fn plain(path: &'static str) -> RootSpec {
    RootSpec {
        env: None,
        env_suffix: "",
        path,
    }
}

const DATA: &[RootSpec] = &[
    plain(".kiro/sessions"),
    RootSpec {
        env: Some("XDG_DATA_HOME"),
        env_suffix: "kiro-cli",
        path: ".local/share/kiro-cli",
    },
    plain("Library/Application Support/kiro-cli"),
    RootSpec {
        env: Some("LOCALAPPDATA"),
        env_suffix: "kiro-cli",
        path: "AppData/Local/kiro-cli",
    },
];

static KIRO_ROOTS: [RootSpec; 7] = vscode::joined(&[
    DATA,
    vscode::user_roots!("globalStorage/kiro.kiroagent": "Kiro";),
]);

static KIRO: AgentInfo = AgentInfo {
    id: "kiro",
    name: "Kiro",
    color: "#8b5cf6",
    roots: &KIRO_ROOTS,
    resume: Some("kiro-cli chat --resume-id {id}"),
    worktrees: None,
    capabilities: CAPABILITIES,
};

static AMAZON_Q: AgentInfo = AgentInfo {
    id: "amazon-q",
    name: "Amazon Q",
    color: "#7c3aed",
    roots: &[
        RootSpec {
            env: Some("XDG_DATA_HOME"),
            env_suffix: "amazon-q",
            path: ".local/share/amazon-q",
        },
        plain("Library/Application Support/amazon-q"),
        RootSpec {
            env: Some("LOCALAPPDATA"),
            env_suffix: "amazon-q",
            path: "AppData/Local/amazon-q",
        },
    ],
    // it resumes a folder's last conversation, never a certain one
    resume: None,
    worktrees: None,
    capabilities: CAPABILITIES,
};

mod layout {
    pub const VALUE: u8 = 0;
    pub const SECOND: u8 = 1;
    pub const THIRD: u8 = 2;
    pub const WORKSPACE: u8 = 3;
    pub const EXECUTION: u8 = 4;
}

impl Agent for Kiro {
    fn info(&self) -> &'static AgentInfo {
        &KIRO
    }
    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        let mut listing = whole();
        if root.ends_with("kiro.kiroagent") {
            editor::discover(root, &mut listing, found);
        } else if root.ends_with("sessions") {
            sessions(root, &mut listing, found);
        } else {
            database(root, &mut listing, found);
        }
        listing
    }
    fn parse(
        &self,
        source: &Source,
        from: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> std::io::Result<Checkpoint> {
        match source.layout {
            layout::SECOND | layout::THIRD => lines::parse(source, from, sink),
            layout::WORKSPACE | layout::EXECUTION => editor::parse(source, sink),
            _ => value::parse(source, sink),
        }
    }
}

impl Agent for AmazonQ {
    fn info(&self) -> &'static AgentInfo {
        &AMAZON_Q
    }
    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        let mut listing = whole();
        database(root, &mut listing, found);
        listing
    }
    fn parse(
        &self,
        source: &Source,
        _: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> std::io::Result<Checkpoint> {
        value::parse(source, sink)
    }
}

fn whole() -> Listing {
    Listing::new()
}

fn database(root: &Path, listing: &mut Listing, found: &mut dyn FnMut(Source)) {
    rows::discover(&root.join("data.sqlite3"), listing, found, &mut value::list);
}

fn sessions(root: &Path, listing: &mut Listing, found: &mut dyn FnMut(Source)) {
    for place in folder::entries(root, listing) {
        if !place.is_folder {
            continue;
        }
        for entry in folder::entries(&place.path, listing) {
            if entry.is_folder {
                let native = entry.name.strip_prefix("sess_").unwrap_or("").to_owned();
                let file = entry.path.join("messages.jsonl");
                source(&file, native, layout::THIRD, listing, found);
            } else if place.name == "cli"
                && let Some(stem) = entry.name.strip_suffix(".jsonl")
            {
                source(&entry.path, stem.to_owned(), layout::SECOND, listing, found);
            }
        }
    }
}

fn source(
    path: &Path,
    native: String,
    layout: u8,
    listing: &mut Listing,
    found: &mut dyn FnMut(Source),
) {
    if !is_id(&native) {
        return;
    }
    if let Some(fingerprint) = folder::fingerprint(path, listing) {
        found(Source {
            path: path.to_owned(),
            fingerprint,
            rank: Rank::Primary,
            layout,
            native,
            parent: None,
        });
    }
}
