//! Copilot Chat in VS Code, and whatever else answers in its chat view.
//!
//! | place below an editor's `User` | what it is |
//! |---|---|
//! | `workspaceStorage/<hash>/chatSessions/<id>.json` | a session, written anew at every change |
//! | the same `.jsonl` | a log of operations on that document, to be replayed ([`replay`]) |
//! | `globalStorage/emptyWindowChatSessions` | the same for windows without a folder |
//! | `globalStorage/transferredChatSessions` | on their way to another window |
//!
//! Editors: stable, Insiders, VSCodium, and the servers of remote windows. The session is the file's
//! stem; where both forms lie there the log is read. Both are read whole whenever they change: neither
//! can be entered in the middle. A tool's input is told only where a round of the answer repeats it.
//!
//! Not checked against real files: made after what the editor itself writes and what others found.

mod replay;
mod request;

use super::read::record::Kept;
use super::read::tell::{Teller, Told};
use super::read::value;
use super::read::whole::Document;
use super::read::{folder, vscode};
use super::{Agent, EventSink, Listing};
use crate::agents::read::json::{Raw, fields};
use crate::model::{
    AgentInfo, Capabilities, Checkpoint, Fact, Rank, RootSpec, Source, SourceMode, TitleRank,
};
use std::collections::BTreeMap;
use std::path::Path;

pub struct CopilotChat;

static ROOTS: [RootSpec; 36] = vscode::joined(&[
    vscode::user_roots!("workspaceStorage": "Code", "Code - Insiders", "VSCodium"; ".vscode-server", ".vscode-server-insiders", ".vscodium-server"),
    vscode::user_roots!("globalStorage/emptyWindowChatSessions": "Code", "Code - Insiders", "VSCodium"; ".vscode-server", ".vscode-server-insiders", ".vscodium-server"),
    vscode::user_roots!("globalStorage/transferredChatSessions": "Code", "Code - Insiders", "VSCodium"; ".vscode-server", ".vscode-server-insiders", ".vscodium-server"),
]);

static INFO: AgentInfo = AgentInfo {
    id: "copilot-chat",
    name: "Copilot Chat",
    color: "#a78bfa",
    roots: &ROOTS,
    // the editor opens its own sessions; there is no command for it
    resume: None,
    worktrees: None,
    capabilities: Capabilities {
        usage: true,
        tool_calls: true,
        sub_agents: false,
        timestamps: true,
        thinking: true,
    },
};

const DOCUMENT: u8 = 0;
const LOG: u8 = 1;

impl Agent for CopilotChat {
    fn info(&self) -> &'static AgentInfo {
        &INFO
    }

    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        let mut listing = Listing::new();
        if !root.ends_with("workspaceStorage") {
            let entries = folder::entries(root, &mut listing);
            sessions(entries, &mut listing, found);
            return listing;
        }
        for workspace in folder::entries(root, &mut listing) {
            if workspace.is_folder {
                let entries = folder::inside(&workspace.path.join("chatSessions"), &mut listing);
                sessions(entries, &mut listing, found);
            }
        }
        listing
    }

    fn continues(&self, _: &Source, _: &Checkpoint) -> bool {
        false
    }

    fn parse(
        &self,
        source: &Source,
        _: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> std::io::Result<Checkpoint> {
        let document = match source.layout {
            LOG => replay::read(&source.path, sink)?,
            _ => Document::read(&source.path, sink)?,
        };
        if let Some(document) = document {
            tell(source, document.root(), sink);
        }
        Ok(Checkpoint::default())
    }
}

fn sessions(entries: Vec<folder::Entry>, listing: &mut Listing, found: &mut dyn FnMut(Source)) {
    let mut best: BTreeMap<String, Source> = BTreeMap::new();
    for entry in entries {
        let (stem, layout) = match entry.name.rsplit_once('.') {
            Some((stem, "jsonl")) => (stem, LOG),
            Some((stem, "json")) => (stem, DOCUMENT),
            _ => continue,
        };
        if entry.is_folder || !value::is_id(stem) {
            continue;
        }
        let Some(fingerprint) = folder::fingerprint(&entry.path, listing) else {
            continue;
        };
        let source = Source {
            path: entry.path,
            fingerprint,
            rank: Rank::Primary,
            layout,
            native: stem.to_owned(),
            parent: None,
        };
        let known = best.get(stem).map(|source| source.layout);
        if known.is_none_or(|known| known < layout) {
            best.insert(stem.to_owned(), source);
        }
    }
    best.into_values().for_each(found);
}

fields! {
    struct Session {
        title: "customTitle",
        created: "creationDate",
        last: "lastMessageDate",
        requests: "requests",
    }
}

fn tell(source: &Source, document: Raw<'_>, sink: &mut dyn EventSink) {
    let session: Session<'_> = document.object().unwrap_or_default();
    let requests = session.requests.map(Raw::items).unwrap_or_default();
    // every window that was ever opened leaves one without a word
    if requests.is_empty() {
        return;
    }
    let mut teller = Teller::at(Told::of(&source.native), SourceMode::Replace, 0, sink);
    let out = &mut teller.out(sink);
    if let Some(title) = session.title.and_then(Raw::text) {
        out.title(TitleRank::Generated, &title);
    }
    let workspace = source.path.parent().and_then(Path::parent);
    if let Some(folder) = workspace.and_then(vscode::folder) {
        out.fact(Fact::Cwd(folder));
    }
    let time = |raw: Option<Raw<'_>>| raw.and_then(Raw::time);
    let (created, last) = (time(session.created), time(session.last));
    out.span(created, last);
    for (number, request) in (1..).zip(requests) {
        out.kept(&[Kept::member("requests", number, request.as_json())]);
        request::tell(out, request, number, created);
    }
}
