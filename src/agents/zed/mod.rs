//! Zed's agent panel: `threads/threads.db`, one packed JSON document a thread; and its text threads,
//! `conversations/*.zed.json` ([`text`]).
//!
//! Messages have no times of their own; usage is recorded by prompt. Made after the editor's published
//! source; not checked against real files.

mod text;

use super::read::json::{Raw, fields, without_lone_surrogates};
use super::read::parts::content;
use super::read::record::Kept;
use super::read::rows::{self, Seen};
use super::read::sqlite::Db;
use super::read::tell::{self, Out, Teller, Told};
use super::read::whole;
use super::{Agent, EventSink, Flow, Listing};
use crate::model::{
    AgentInfo, Capabilities, Checkpoint, Fact, IssueKind, ParseIssue, Relation, RootSpec, Source,
    SourceMode, TitleRank, Tokens,
};
use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

pub struct Zed;

static INFO: AgentInfo = AgentInfo {
    id: "zed",
    name: "Zed",
    color: "#3b82f6",
    roots: &[
        RootSpec {
            env: Some("XDG_DATA_HOME"),
            env_suffix: "zed/threads",
            path: ".local/share/zed/threads",
        },
        RootSpec {
            env: None,
            env_suffix: "",
            path: "Library/Application Support/Zed/threads",
        },
        RootSpec {
            env: Some("LOCALAPPDATA"),
            env_suffix: "Zed/threads",
            path: "AppData/Local/Zed/threads",
        },
        RootSpec {
            env: Some("XDG_DATA_HOME"),
            env_suffix: "zed/conversations",
            path: ".local/share/zed/conversations",
        },
        // macOS
        RootSpec::fixed(".config/zed/conversations"),
        RootSpec {
            env: Some("LOCALAPPDATA"),
            env_suffix: "Zed/conversations",
            path: "AppData/Local/Zed/conversations",
        },
    ],
    // the editor opens its own threads; there is no command for it
    resume: None,
    worktrees: None,
    capabilities: Capabilities {
        usage: true,
        tool_calls: true,
        sub_agents: true,
        timestamps: false,
        thinking: true,
    },
};

/// What a source is (`Source::layout`).
mod layout {
    pub const ROW: u8 = 0;
    pub const TEXT: u8 = 1;
}

impl Agent for Zed {
    fn info(&self) -> &'static AgentInfo {
        &INFO
    }

    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        let mut listing = Listing::new();
        rows::discover(&root.join("threads.db"), &mut listing, found, &mut list);
        text::discover(root, &mut listing, found);
        listing
    }

    fn parse(
        &self,
        source: &Source,
        _: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> std::io::Result<Checkpoint> {
        match source.layout {
            rows::DATABASE => return Ok(rows::parse_database(source, sink, &mut list)),
            layout::TEXT => return text::parse(source, sink),
            _ => {}
        }
        match find(source) {
            Ok(Some(row)) => tell(source, &row, sink),
            Ok(None) => {}
            Err(issue) => return rows::failed(issue, sink),
        }
        Ok(Checkpoint::default())
    }
}

fn list(db: &Db) -> Result<Vec<Seen>, ParseIssue> {
    let mut seen = Vec::new();
    db.select(
        "threads",
        &["id", "updated_at", "parent_id"],
        "",
        &[],
        &mut |row| {
            let updated = row.time(1);
            seen.push(Seen {
                native: row.text(0).unwrap_or_default(),
                parent: row.text(2),
                updated,
                digest: vec![updated.unwrap_or(0)],
                layout: layout::ROW,
            });
            Flow::Go
        },
    )?;
    let sql = "SELECT id, octet_length(data) FROM threads";
    let mut at = 0;
    db.query(sql, &[], &mut |row| {
        if let Some(one) = seen
            .get_mut(at)
            .filter(|one| row.text(0).as_ref() == Some(&one.native))
        {
            one.digest.push(row.int(1));
        }
        at += 1;
        Flow::Go
    })?;
    Ok(seen)
}

#[derive(Default)]
struct Row {
    summary: String,
    kind: String,
    data: Vec<u8>,
    parent: Option<String>,
    folders: String,
    created: Option<i64>,
    updated: Option<i64>,
}

fn find(source: &Source) -> Result<Option<Row>, ParseIssue> {
    let columns = [
        "summary",
        "data_type",
        "data",
        "parent_id",
        "folder_paths",
        "created_at",
        "updated_at",
    ];
    let db = Db::open(&rows::database(source))?;
    let mut found = None;
    db.select(
        "threads",
        &columns,
        "WHERE id = ?1",
        &[&source.native],
        &mut |row| {
            let text = |column| row.text(column).unwrap_or_default();
            found = Some(Row {
                summary: text(0),
                kind: text(1),
                data: row.bytes(2).unwrap_or_default().to_vec(),
                parent: row.text(3),
                folders: text(4),
                created: row.time(5),
                updated: row.time(6),
            });
            Flow::Stop
        },
    )?;
    Ok(found)
}

fn unpacked(row: &Row) -> Option<String> {
    let bytes = match row.kind.as_str() {
        "zstd" => {
            let mut bytes = Vec::new();
            let decoder = zstd::stream::read::Decoder::new(row.data.as_slice()).ok()?;
            decoder.take(whole::MOST).read_to_end(&mut bytes).ok()?;
            bytes
        }
        _ => row.data.clone(),
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    match Raw::parse(&text) {
        Ok(_) => Some(text),
        Err(_) => without_lone_surrogates(&text).filter(|text| Raw::parse(text).is_ok()),
    }
}

fields! {
    struct Thread {
        title: "title",
        model: "model",
        messages: "messages",
        usage: "request_token_usage",
        total: "cumulative_token_usage",
        snapshot: "initial_project_snapshot",
        context: "subagent_context",
    }
}

fn tell(source: &Source, row: &Row, sink: &mut dyn EventSink) {
    let mut teller = Teller::at(Told::of(&source.native), SourceMode::Replace, 0, sink);
    let out = &mut teller.out(sink);
    out.title(TitleRank::Generated, &row.summary);
    out.span(row.created, row.updated);
    if let Some(native) = row.parent.clone() {
        out.fact(Fact::Parent {
            native,
            relation: Relation::SubAgent,
        });
    }
    let Some(json) = unpacked(row) else {
        let detail = "the thread cannot be unpacked";
        tell::issue(&source.path, 0, IssueKind::Corrupt, detail, out.sink);
        return;
    };
    let thread: Thread<'_> = Raw::parse(&json)
        .ok()
        .and_then(Raw::object)
        .unwrap_or_default();
    out.cwd(
        &place(row, thread.snapshot)
            .map(Cow::Owned)
            .unwrap_or_default(),
    );
    let model = thread
        .model
        .and_then(|model| model.get("model"))
        .and_then(Raw::text);
    out.model(&model.clone().unwrap_or_default());
    for (number, message) in (1..).zip(thread.messages.map(Raw::items).unwrap_or_default()) {
        // `"Resume"` stands between two parts of one answer
        for (kind, inner) in message.members() {
            let id = inner.get("id").and_then(Raw::text).unwrap_or_default();
            out.kept(&[Kept::member("messages", number, message.as_json())]);
            out.record(None, number, &id);
            match kind.as_ref() {
                "User" => {
                    user(out, inner);
                    out.by(model.clone());
                    let used = thread.usage.and_then(|usage| usage.get(&id));
                    usage(out, &format!("{}:{id}", source.native), used);
                }
                "Agent" => {
                    out.by(model.clone());
                    agent(out, inner);
                }
                _ => {}
            }
        }
    }
    if thread.usage.is_none_or(|usage| usage.members().is_empty()) {
        out.record(row.updated, 0, "");
        out.by(model);
        usage(out, &source.native, thread.total);
    }
}

/// Paths one a line, or as a list; else the worktree of the project as it was at the beginning.
fn place(row: &Row, snapshot: Option<Raw<'_>>) -> Option<String> {
    let list = Raw::parse(&row.folders)
        .ok()
        .map(Raw::items)
        .unwrap_or_default();
    let listed = list.into_iter().find_map(Raw::owned);
    let first = || {
        row.folders
            .lines()
            .find(|line| line.starts_with('/') || line.contains(":\\"))
    };
    let trees = || {
        snapshot
            .and_then(|snapshot| snapshot.get("worktree_snapshots"))
            .map(Raw::items)
    };
    let tree = || {
        trees()?
            .into_iter()
            .find_map(|tree| tree.get("worktree_path").and_then(Raw::owned))
    };
    listed.or_else(|| first().map(str::to_owned)).or_else(tree)
}

fn user(out: &mut Out<'_>, message: Raw<'_>) {
    let mut words = String::new();
    let mut images = 0;
    for block in message.get("content").map(Raw::items).unwrap_or_default() {
        for (kind, inner) in block.members() {
            match kind.as_ref() {
                "Text" => words.push_str(&inner.text().unwrap_or_default()),
                "Mention" => {
                    let uri = inner.get("uri");
                    let path = uri.map(Raw::members).unwrap_or_default();
                    let path = path.into_iter().find_map(|(_, inner)| {
                        inner
                            .get("abs_path")
                            .or(inner.get("name"))
                            .and_then(Raw::owned)
                    });
                    words.push_str(&format!("@{}", path.unwrap_or_default()));
                }
                "Image" => {
                    images += 1;
                    words.push_str("[image]");
                }
                _ => {}
            }
        }
    }
    out.user(&words, images);
}

fn agent(out: &mut Out<'_>, message: Raw<'_>) {
    let results = message.get("tool_results");
    for block in message.get("content").map(Raw::items).unwrap_or_default() {
        for (kind, inner) in block.members() {
            match kind.as_ref() {
                "Text" => out.answer(inner.text().unwrap_or_default()),
                "Thinking" => {
                    let text = inner.get("text").unwrap_or(inner);
                    out.thought(text.text().unwrap_or_default());
                }
                "ToolUse" => tool(out, inner, results),
                _ => {}
            }
        }
    }
}

fn tool(out: &mut Out<'_>, call: Raw<'_>, results: Option<Raw<'_>>) {
    let get = |key: &str| call.get(key).and_then(Raw::text).unwrap_or_default();
    let (id, name) = (get("id"), get("name"));
    let input = call.get("input").map(Raw::as_json);
    let result = results.and_then(|results| results.get(&id));
    let session = result.and_then(|result| result.get("output"));
    let child = session.and_then(|output| {
        output
            .get("session_id")
            .or(output.get("subagent_session_id"))
    });
    out.call(&id, &name, input.unwrap_or(&get("raw_input")), |call| {
        call.child = child.and_then(Raw::owned);
    });
    let Some(result) = result else {
        return;
    };
    let failed = result.get("is_error").and_then(Raw::bool) == Some(true);
    // a text, or an object that names the kind of it
    let said = result.get("content").map(|said| {
        let parts = if said.is_array() {
            said.items()
        } else {
            vec![said]
        };
        let parts = parts.into_iter().map(|part| {
            let inner = part.members().into_iter().map(|(_, inner)| inner).next();
            content(inner.unwrap_or(part))
        });
        parts.collect::<Vec<_>>().join("\n")
    });
    let said = said.filter(|said| !said.is_empty());
    let said = said.or_else(|| result.get("output").map(content));
    out.output(&id, &name, said.unwrap_or_default(), failed);
}

fn usage(out: &mut Out<'_>, key: &str, used: Option<Raw<'_>>) {
    let count = |key: &str| {
        used.and_then(|used| used.get(key))
            .and_then(Raw::int)
            .unwrap_or(0)
    };
    out.usage(
        key,
        Tokens {
            input: count("input_tokens"),
            output: count("output_tokens"),
            cache_read: count("cache_read_input_tokens"),
            cache_write_5m: count("cache_creation_input_tokens"),
            ..Tokens::default()
        },
        None,
    );
}
