//! The terminal program's conversations: a database each, `meta` and a graph of `blobs`.
//!
//! `meta` names the newest root; blobs are named by their hash. A root lists messages (or turns that
//! list them) as 32-byte hashes in the encoding of protocol buffers; a message is JSON, bare or inside.

use super::{layout, said};
use crate::agents::read::json::Raw;
use crate::agents::read::record::Kept;
use crate::agents::read::sqlite::{Db, with_log};
use crate::agents::read::tell::{Teller, Told};
use crate::agents::read::value;
use crate::agents::read::{folder, rows};
use crate::agents::{EventSink, Flow, Listing};
use crate::model::{
    Checkpoint, Fact, Fingerprint, ParseIssue, Rank, Source, SourceMode, TitleRank,
};
use std::collections::HashSet;
use std::path::Path;

const MAX_DEPTH: u32 = 12;

/// A conversation's source is its folder: the database and its log are one.
pub(super) fn discover(root: &Path, listing: &mut Listing, found: &mut dyn FnMut(Source)) {
    for workspace in folder::entries(root, listing) {
        if !workspace.is_folder {
            continue;
        }
        for chat in folder::entries(&workspace.path, listing) {
            let database = chat.path.join("store.db");
            if !chat.is_folder || !value::is_id(&chat.name) {
                continue;
            }
            if let Some(print) = folder::fingerprint(&database, listing) {
                found(Source {
                    fingerprint: Fingerprint {
                        inode: 0,
                        ..with_log(print, &database)
                    },
                    path: chat.path,
                    rank: Rank::Primary,
                    layout: layout::STORE,
                    native: chat.name,
                    parent: None,
                });
            }
        }
    }
}

pub(super) fn parse(source: &Source, sink: &mut dyn EventSink) -> std::io::Result<Checkpoint> {
    let database = source.path.join("store.db");
    match Db::open(&database).and_then(|db| read(&db, source, sink)) {
        Ok(()) => Ok(Checkpoint::default()),
        Err(issue) => rows::failed(issue, sink),
    }
}

fn read(db: &Db, source: &Source, sink: &mut dyn EventSink) -> Result<(), ParseIssue> {
    let mut meta = String::new();
    db.select(
        "meta",
        &["value"],
        "ORDER BY key LIMIT 1",
        &[],
        &mut |row| {
            meta = row.text(0).unwrap_or_default();
            Flow::Stop
        },
    )?;
    // JSON written as hexadecimal digits
    let plain = unhex(&meta).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let meta = plain.unwrap_or(meta);
    let about = Raw::parse(&meta).ok();
    let of = |key: &str| about.and_then(|about| about.get(key));
    let mut graph = Graph {
        db,
        seen: HashSet::new(),
        messages: Vec::new(),
    };
    if let Some(root) = of("latestRootBlobId").and_then(Raw::text) {
        graph.walk(&root, 0)?;
    }
    if graph.messages.is_empty() {
        graph.all()?;
    }
    let messages = graph.messages;
    let mut teller = Teller::at(Told::of(&source.native), SourceMode::Replace, 0, sink);
    let out = &mut teller.out(sink);
    if let Some(name) = of("name")
        .and_then(Raw::text)
        .filter(|name| name != "New Agent")
    {
        out.title(TitleRank::Generated, &name);
    }
    let created = of("createdAt").and_then(Raw::time);
    let changed =
        (source.fingerprint.mtime_ns > 0).then_some(source.fingerprint.mtime_ns / 1_000_000);
    out.span(created, changed);
    if let Some(folder) = messages.iter().find_map(|(_, message)| workspace(message)) {
        out.fact(Fact::Cwd(folder));
    }
    let model = of("lastUsedModel").and_then(Raw::filled);
    out.model(&model.clone().unwrap_or_default());
    for (number, (id, message)) in (1..).zip(&messages) {
        let Ok(raw) = Raw::parse(message) else {
            continue;
        };
        let role = raw.get("role").and_then(Raw::text).unwrap_or_default();
        out.kept(&[Kept::row(("blobs", "data"), ("id", id), message)]);
        // messages have no time of their own
        out.record(None, number, "");
        let options = raw
            .get("providerOptions")
            .and_then(|options| options.get("cursor"));
        let named = options
            .and_then(|options| options.get("modelName"))
            .and_then(Raw::text);
        out.by(named.or(model.clone()));
        if let Some(content) = raw.get("content") {
            said::message(out, &role, content);
        }
    }
    Ok(())
}

/// What the program tells the model of where it is.
fn workspace(message: &str) -> Option<String> {
    let (_, behind) = message.split_once("Workspace Path: ")?;
    let path = behind.split(['\\', '"', '\n', '<']).next()?.trim();
    (!path.is_empty()).then(|| path.to_owned())
}

struct Graph<'a> {
    db: &'a Db,
    seen: HashSet<String>,
    /// Each with the id of the blob that it lies in.
    messages: Vec<(String, String)>,
}

impl Graph<'_> {
    fn walk(&mut self, id: &str, depth: u32) -> Result<(), ParseIssue> {
        if depth > MAX_DEPTH || !self.seen.insert(id.to_owned()) {
            return Ok(());
        }
        let mut data = None;
        self.db
            .select("blobs", &["data"], "WHERE id = ?1", &[&id], &mut |row| {
                data = row.bytes(0).map(<[u8]>::to_vec);
                Flow::Stop
            })?;
        let Some(data) = data else {
            return Ok(());
        };
        if let Some(message) = message(&data) {
            self.messages.push((id.to_owned(), message));
            return Ok(());
        }
        for field in fields(&data).unwrap_or_default() {
            match field.len() {
                32 => self.walk(&hex(field), depth + 1)?,
                _ => {
                    // a turn may lie in its list instead of being named there
                    for inner in fields(field).unwrap_or_default() {
                        if inner.len() == 32 {
                            self.walk(&hex(inner), depth + 1)?;
                        } else if let Some(message) = message(inner) {
                            self.messages.push((id.to_owned(), message));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Without a root that leads anywhere: whatever is a message, in the order of writing.
    fn all(&mut self) -> Result<(), ParseIssue> {
        let messages = &mut self.messages;
        let columns = ["data", "id"];
        self.db
            .select("blobs", &columns, "ORDER BY rowid", &[], &mut |row| {
                let id = row.text(1).unwrap_or_default();
                let message = row.bytes(0).and_then(message);
                messages.extend(message.map(|message| (id, message)));
                Flow::Go
            })
    }
}

fn message(data: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(data).ok()?.trim();
    let raw = text
        .starts_with('{')
        .then(|| Raw::parse(text).ok())
        .flatten()?;
    raw.get("role").map(|_| text.to_owned())
}

/// The length-delimited fields of a message; `None` when this is none.
fn fields(mut data: &[u8]) -> Option<Vec<&[u8]>> {
    let mut found = Vec::new();
    while !data.is_empty() {
        let tag = varint(&mut data)?;
        match tag & 7 {
            0 => {
                varint(&mut data)?;
            }
            1 => data = data.get(8..)?,
            2 => {
                let length = usize::try_from(varint(&mut data)?).ok()?;
                let (field, rest) = data.split_at_checked(length)?;
                found.push(field);
                data = rest;
            }
            5 => data = data.get(4..)?,
            _ => return None,
        }
    }
    Some(found)
}

fn varint(data: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = data.split_first()?;
        *data = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| digit as u8);
    digits
        .chunks_exact(2)
        .map(|pair| Some(digit(&pair[0])? << 4 | digit(&pair[1])?))
        .collect()
}
