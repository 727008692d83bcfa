//! Kimi: what went over its wire between engine and screen, one line each.
//!
//! | place | what it is |
//! |---|---|
//! | `~/.kimi/sessions/<md5 of folder>/<uuid>/wire.jsonl` | Kimi CLI; `kimi.json` says which folder the digest is |
//! | the same `context.jsonl` | older: the model's side of the conversation, read where there is no wire |
//! | `~/.kimi-code/sessions/wd_<name>_<hex>/session_<uuid>/agents/<agent>/wire.jsonl` | Kimi Code; agents other than `main` are sub-agents |
//! | `state.json` beside either | title |
//!
//! Kimi CLI does not say which model answered: its tokens have no price.
//!
//! Checked against real files: none were at hand; the older wire follows the agent's published sources,
//! the newer one published descriptions. Not read: `context_sub_*.jsonl`, which the wire tells too.

mod discover;
mod newer;
mod older;

use super::read::json::Raw;
use super::read::tell::{self, Out, Record, count};
use super::read::whole::Document;
use super::read::{chat, digest};
use super::{Agent, EventSink, Listing};
use crate::model::{
    AgentInfo, Capabilities, Checkpoint, Fact, Relation, RootSpec, Source, TitleRank, Tokens,
};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

pub struct Kimi;

static INFO: AgentInfo = AgentInfo {
    id: "kimi",
    name: "Kimi",
    color: "#2dd4bf",
    roots: &[
        RootSpec::moved("KIMI_SHARE_DIR", "", ".kimi"),
        RootSpec::fixed(".kimi-code"),
        // the desktop program keeps the same below its own folder
        RootSpec::fixed(".config/kimi-desktop/daimon-share/daimon/runtime/kimi-code/home"),
        RootSpec::fixed(
            "Library/Application Support/kimi-desktop/daimon-share/daimon/runtime/kimi-code/home",
        ),
        RootSpec::fixed("AppData/Roaming/kimi-desktop/daimon-share/daimon/runtime/kimi-code/home"),
    ],
    resume: Some("kimi --session {id}"),
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
    pub const OLDER: u8 = 0;
    pub const CONTEXT: u8 = 1;
    pub const NEWER: u8 = 2;
}

/// What later lines are told by.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// Steps tell their tokens: other records only repeat them.
    steps: bool,
}

impl Agent for Kimi {
    fn info(&self) -> &'static AgentInfo {
        &INFO
    }

    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        discover::discover(root, found)
    }

    fn parse(
        &self,
        source: &Source,
        from: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> io::Result<Checkpoint> {
        let mut head = Some(Head::of(source));
        tell::lines(
            source,
            from,
            sink,
            &source.native,
            &mut |record, state: &mut State, out| {
                // what lies beside may say something else at every read
                if let Some(head) = head.take() {
                    head.tell(source, out);
                }
                out.record(None, record.offset, "");
                match source.layout {
                    layout::CONTEXT => context(record, out),
                    layout::NEWER => newer::tell(record, state, out),
                    _ => older::tell(record, out),
                }
            },
        )
    }
}

/// What stands beside a session: its folder and title.
struct Head {
    folder: Option<String>,
    title: Option<(TitleRank, String)>,
}

impl Head {
    fn of(source: &Source) -> Head {
        let session = match source.layout {
            layout::NEWER => source.path.ancestors().nth(3),
            _ => source.path.parent(),
        };
        let state = session.and_then(|folder| Document::beside(&folder.join("state.json")));
        let get = |key: &str| {
            let state = state.as_ref()?.root();
            state
                .get(key)
                .and_then(Raw::filled)
                .map(|text| text.into_owned())
        };
        let custom = get("custom_title").map(|title| (TitleRank::Custom, title));
        Head {
            folder: folder(source),
            title: custom.or_else(|| Some((TitleRank::Generated, get("title")?))),
        }
    }

    fn tell(&self, source: &Source, out: &mut Out<'_>) {
        if let Some(folder) = &self.folder {
            out.cwd(folder);
        }
        if let Some((rank, title)) = self.title.as_ref().filter(|_| source.parent.is_none()) {
            out.title(*rank, title);
        }
        if let Some(parent) = &source.parent {
            let agent = source.path.parent().and_then(Path::file_name);
            let label = agent.map(|name| name.to_string_lossy().into_owned());
            out.fact(Fact::AgentLabel(label.unwrap_or_default()));
            out.fact(Fact::Parent {
                native: parent.clone(),
                relation: Relation::SubAgent,
            });
        }
    }
}

/// The folder whose digest names the sessions' folder.
fn folder(source: &Source) -> Option<String> {
    let mut above = source.path.ancestors().skip(2);
    let name = above.next()?.file_name()?.to_str()?;
    let root = above.nth(1)?;
    let list = Document::beside(&root.join("kimi.json"))?;
    let folders = list.root().get("work_dirs")?.items();
    let mut paths = folders
        .into_iter()
        .filter_map(|entry| entry.get("path").and_then(Raw::owned));
    paths.find(|path| name.ends_with(&digest::md5(path)))
}

/// A line of the model's side; lines of bookkeeping begin with `_`.
fn context(record: Record<'_>, out: &mut Out<'_>) -> Result<(), serde_json::Error> {
    let message: chat::Message<'_> = serde_json::from_str(record.raw.as_json())?;
    let role = message.role.and_then(Raw::text).unwrap_or_default();
    if !role.starts_with('_') && !chat::tell(&message, out) {
        return Err(tell::wrong("no role"));
    }
    Ok(())
}

/// Tokens under the names of either wire.
fn tokens(usage: Raw<'_>) -> Tokens {
    let get = |one: &str, other: &str| count(usage.get(one).or(usage.get(other)));
    Tokens {
        input: get("input_other", "inputOther"),
        cache_read: get("input_cache_read", "inputCacheRead"),
        cache_write_5m: get("input_cache_creation", "inputCacheCreation"),
        output: get("output", "output"),
        ..Tokens::default()
    }
}
