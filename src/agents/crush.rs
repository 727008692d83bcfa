//! Crush: a database in every project, `.crush/crush.db`, and a list of the projects.
//!
//! `projects.json` in the data folder names each project and the folder with its database; databases of
//! before there was a list are looked for where people keep projects. A session
//! has its cost as a running sum, and the tokens of its last response only: one usage row a session.
//! Checked against real files: the schema of two databases (both without a session). Made after the
//! published source: the parts of messages, packed or plain, and sub-agents (`<message>$$<call>`).

use super::read::json::{Raw, fields};
use super::read::parts::content;
use super::read::record::Kept;
use super::read::rows::{self, Seen};
use super::read::sqlite::Db;
use super::read::tell::{Out, Teller, Told};
use super::read::whole::Document;
use super::read::{in_projects, vscode};
use super::{Agent, EventSink, Flow, Listing};
use crate::model::{
    AgentInfo, Capabilities, Checkpoint, Fact, ParseIssue, Relation, RootSpec, Source, SourceMode,
    TitleRank, Tokens,
};
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::path::{Path, PathBuf};

pub struct Crush;

const DATA: &[RootSpec] = &[
    RootSpec::moved("CRUSH_GLOBAL_DATA", "", ".local/share/crush"),
    RootSpec::moved("XDG_DATA_HOME", "crush", ".local/share/crush"),
    RootSpec::moved("LOCALAPPDATA", "crush", "AppData/Local/crush"),
];

/// The list of projects is younger than the databases in them.
static ROOTS: [RootSpec; 17] =
    vscode::joined(&[DATA, in_projects!(RootSpec::fixed(".crush"), ".crush")]);

static INFO: AgentInfo = AgentInfo {
    id: "crush",
    name: "Crush",
    color: "#ec4899",
    roots: &ROOTS,
    resume: Some("crush --session {id}"),
    worktrees: None,
    capabilities: Capabilities {
        usage: true,
        tool_calls: true,
        sub_agents: true,
        timestamps: true,
        thinking: true,
    },
};

const ROWS: u8 = 0;

impl Agent for Crush {
    fn info(&self) -> &'static AgentInfo {
        &INFO
    }

    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        let mut listing = Listing::new();
        let mut places: Vec<PathBuf> = vec![root.join("crush.db")];
        let list = Document::beside(&root.join("projects.json"));
        let projects = list.as_ref().and_then(|list| list.root().get("projects"));
        for project in projects.map(Raw::items).unwrap_or_default() {
            let get = |key: &str| project.get(key).and_then(Raw::filled);
            let Some(home) = get("path").map(|path| PathBuf::from(path.as_ref())) else {
                continue;
            };
            // relative to the project, or absolute
            let data = get("data_dir").map_or(home.join(".crush"), |dir| home.join(dir.as_ref()));
            if data.is_absolute() {
                places.push(data.join("crush.db"));
            }
        }
        places.sort();
        places.dedup();
        for place in places {
            rows::discover(&place, &mut listing, found, &mut self::list);
        }
        listing
    }

    fn continues(&self, source: &Source, _: &Checkpoint) -> bool {
        source.layout == ROWS
    }

    fn parse(
        &self,
        source: &Source,
        from: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> std::io::Result<Checkpoint> {
        match source.layout {
            ROWS => session(source, from, sink),
            _ => Ok(rows::parse_database(source, sink, &mut list)),
        }
    }
}

/// Rows of messages change in place until they are finished, hence the greatest update time.
const LIST: &str = "
SELECT s.id, s.parent_session_id, s.updated_at, count(m.id), max(m.updated_at), max(m.created_at)
FROM sessions s LEFT JOIN messages m ON m.session_id = s.id GROUP BY s.id";

fn list(db: &Db) -> Result<Vec<Seen>, ParseIssue> {
    let mut seen = Vec::new();
    db.query(LIST, &[], &mut |row| {
        seen.push(Seen {
            native: row.text(0).unwrap_or_default(),
            parent: row.text(1),
            updated: row.time(2).max(row.time(4)).max(row.time(5)),
            digest: vec![row.int(2), row.int(3), row.int(4), row.int(5)],
            layout: ROWS,
        });
        Flow::Go
    })?;
    Ok(seen)
}

#[derive(Default, Serialize, Deserialize)]
struct Cursor {
    told: u64,
    last: String,
    /// Greatest update time of what was told.
    newest: i64,
}

impl Cursor {
    /// What was told is still there as it was.
    fn fits(&self, rows: &[(String, i64)]) -> bool {
        let Some(told) = rows.get(..self.told as usize) else {
            return false;
        };
        told.last().is_none_or(|(id, _)| *id == self.last)
            && told.iter().all(|(_, updated)| *updated <= self.newest)
    }
}

fn session(
    source: &Source,
    from: &Checkpoint,
    sink: &mut dyn EventSink,
) -> std::io::Result<Checkpoint> {
    let path = rows::database(source);
    let mut cursor: Cursor = rows::state(from).unwrap_or_default();
    let read = || -> Result<(Db, Vec<(String, i64)>), ParseIssue> {
        let db = Db::open(&path)?;
        let mut all = Vec::new();
        let tail = "WHERE session_id = ?1 ORDER BY created_at, rowid";
        let (columns, native) = (["id", "updated_at"], &source.native);
        db.select("messages", &columns, tail, &[native], &mut |row| {
            all.extend(row.text(0).map(|id| (id, row.int(1))));
            Flow::Go
        })?;
        Ok((db, all))
    };
    let (db, all) = match read() {
        Ok(read) => read,
        Err(issue) => return rows::failed(issue, sink),
    };
    let goes_on = from.offset > 0 && cursor.fits(&all);
    let (mode, seq) = match goes_on {
        true => (SourceMode::Append, from.seq),
        false => (SourceMode::Replace, 0),
    };
    if !goes_on {
        cursor = Cursor::default();
    }
    let mut teller = Teller::at(Told::of(&source.native), mode, seq, sink);
    let out = &mut teller.out(sink);
    let told = about(&db, source, &path, out).and_then(|()| messages(&db, &all, &mut cursor, out));
    let seq = out.seq();
    match told {
        Ok(()) => Ok(rows::checkpoint(cursor.told, seq, &cursor)),
        Err(issue) => rows::failed(issue, sink),
    }
}

const SESSION: [&str; 7] = [
    "parent_session_id",
    "title",
    "prompt_tokens",
    "completion_tokens",
    "cost",
    "updated_at",
    "created_at",
];

fn about(db: &Db, source: &Source, path: &Path, out: &mut Out<'_>) -> Result<(), ParseIssue> {
    let native = &source.native;
    let mut model = String::new();
    let tail = "WHERE session_id = ?1 AND model <> '' ORDER BY created_at DESC LIMIT 1";
    db.select("messages", &["model"], tail, &[native], &mut |row| {
        model = row.text(0).unwrap_or_default();
        Flow::Stop
    })?;
    db.select(
        "sessions",
        &SESSION,
        "WHERE id = ?1",
        &[native],
        &mut |row| {
            let title = row.text(1).unwrap_or_default();
            if !matches!(
                title.as_str(),
                "New Session" | "Untitled Session" | "New Agent Session"
            ) {
                out.title(TitleRank::Generated, &title);
            }
            // the database lies in the project's `.crush`, unless the person put it elsewhere
            let home = path.parent().filter(|folder| folder.ends_with(".crush"));
            let home = home
                .and_then(Path::parent)
                .map(|home| home.to_string_lossy());
            out.cwd(&home.unwrap_or_default());
            if let Some(parent) = row.text(0) {
                out.fact(Fact::Parent {
                    native: parent,
                    relation: Relation::SubAgent,
                });
            }
            out.span(row.time(6), None);
            // of its beginning, which does not move when the sum grows
            let at = row.time(6).or(row.time(5));
            out.record(at, 0, "");
            let count = |column| row.number(column).map_or(0, |count| count.max(0.0) as u64);
            let cost = row.number(4).filter(|cost| *cost > 0.0);
            out.by(Some(model.as_str().into()));
            out.sum(
                &format!("session:{native}"),
                Tokens {
                    input: count(2),
                    output: count(3),
                    ..Tokens::default()
                },
                cost.map(|cost| (cost * 1e6).round() as i64),
            );
            Flow::Stop
        },
    )
}

const MESSAGE: [&str; 7] = [
    "role",
    "parts",
    "model",
    "created_at",
    "updated_at",
    "finished_at",
    "is_summary_message",
];

fn messages(
    db: &Db,
    all: &[(String, i64)],
    cursor: &mut Cursor,
    out: &mut Out<'_>,
) -> Result<(), ParseIssue> {
    let known = cursor.told as usize;
    for (at, (id, updated)) in all.iter().enumerate().skip(known) {
        let last = at + 1 == all.len();
        let mut open = false;
        db.select("messages", &MESSAGE, "WHERE id = ?1", &[id], &mut |row| {
            let role = row.text(0).unwrap_or_default();
            let stored = unpacked(row.bytes(1).unwrap_or_default());
            let parts = Raw::parse(&stored).map(Raw::items).unwrap_or_default();
            let done = parts
                .iter()
                .any(|part| part.get("type").is_some_and(|kind| kind.is("finish")));
            // an answer grows in its row until it says that it is finished
            open = last && role == "assistant" && !done && row.time(5).is_none();
            if open {
                return Flow::Stop;
            }
            out.kept(&[Kept::row(("messages", "parts"), ("id", id), &stored)]);
            out.record(row.time(3), at as u64 + 1, id);
            out.by(row.text(2).map(Into::into));
            if row.int(6) != 0 {
                out.fact(Fact::Compaction);
            }
            for part in parts {
                self::part(out, &role, id, part, row.int(6) != 0);
            }
            Flow::Stop
        })?;
        if open || out.flow() == Flow::Stop {
            break;
        }
        cursor.told = at as u64 + 1;
        id.clone_into(&mut cursor.last);
        cursor.newest = cursor.newest.max(*updated);
    }
    Ok(())
}

/// Parts are JSON, in newer versions packed.
fn unpacked(stored: &[u8]) -> String {
    /// What one message may unpack to.
    const MOST: u64 = 64 << 20;
    if stored.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let mut bytes = Vec::new();
        let read = zstd::stream::read::Decoder::new(stored)
            .and_then(|decoder| decoder.take(MOST).read_to_end(&mut bytes));
        return match read {
            Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(_) => String::new(),
        };
    }
    String::from_utf8_lossy(stored).into_owned()
}

fields! {
    struct Data {
        text: "text",
        thinking: "thinking",
        id: "id",
        call: "tool_call_id",
        name: "name",
        input: "input",
        content: "content",
        failed: "is_error",
        reason: "reason",
        message: "message",
        details: "details",
    }
}

fn part(out: &mut Out<'_>, role: &str, message: &str, part: Raw<'_>, summary: bool) {
    let data: Data<'_> = part.get("data").and_then(Raw::object).unwrap_or_default();
    let kind = part.get("type").and_then(Raw::text).unwrap_or_default();
    let text = |raw: Option<Raw<'_>>| raw.map(content).unwrap_or_default();
    match kind.as_ref() {
        "text" if role == "user" => out.user(&text(data.text), 0),
        "text" if role == "assistant" && !summary => out.answer(text(data.text)),
        "text" => out.note(text(data.text)),
        "reasoning" => out.thought(text(data.thinking)),
        "tool_call" => {
            let (id, name) = (text(data.id), text(data.name));
            // a sub-agent's session is named by the message and the call that started it
            let child = (name == "agent").then(|| format!("{message}$${id}"));
            let server = name
                .strip_prefix("mcp_")
                .and_then(|rest| rest.split_once('_'));
            out.call(&id, &name, &text(data.input), |call| {
                call.mcp = (server.map(|(server, _)| server.to_owned())).or(call.mcp.take());
                call.child = child;
            });
        }
        "tool_result" => {
            let failed = data.failed.and_then(Raw::bool) == Some(true);
            out.output(
                &text(data.call),
                &text(data.name),
                text(data.content),
                failed,
            );
        }
        "finish" => match text(data.reason).as_str() {
            "canceled" => out.fact(Fact::Interruption),
            "error" => out.note(format!("{} {}", text(data.message), text(data.details)).trim()),
            _ => {}
        },
        "image_url" | "binary" if role == "user" => out.user("[image]", 1),
        _ => {}
    }
}
