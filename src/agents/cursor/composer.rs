//! The editor's conversations in its global database.
//!
//! The table of keys and values replaces a row to change it, so that the newest row number of a
//! conversation tells of any change, and the index alone lists everything: values are not touched.

use super::{bubble, layout, place};
use crate::agents::read::json::{Raw, fields, without_lone_surrogates};
use crate::agents::read::rows::{self, Seen};
use crate::agents::read::sqlite::Db;
use crate::agents::read::teller::Teller;
use crate::agents::{EventSink, Flow, Listing};
use crate::model::{
    Checkpoint, Fact, IssueKind, ParseIssue, Relation, Source, SourceMode, TitleRank,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::Path;
use xxhash_rust::xxh3::xxh3_64;

pub(super) fn discover(root: &Path, listing: &mut Listing, found: &mut dyn FnMut(Source)) {
    let folders = root.parent().map(place::folders).unwrap_or_default();
    rows::discover(&root.join(place::STATE), listing, found, &mut |db| {
        let mut seen = list(db)?;
        for one in &mut seen {
            // where it belongs may be learnt after it was read
            let folder = folders
                .get(&one.native)
                .map_or(0, |path| xxh3_64(path.as_bytes()));
            one.digest.push(folder as i64);
        }
        Ok(seen)
    });
}

const COMPOSERS: &str = "
SELECT key, rowid FROM cursorDiskKV WHERE key >= 'composerData:' AND key < 'composerData;'";

const BUBBLES: &str = "
SELECT substr(key, 10, instr(substr(key, 10), ':') - 1) AS id, count(*), max(rowid) FROM cursorDiskKV
WHERE key >= 'bubbleId:' AND key < 'bubbleId;' GROUP BY id";

pub(super) fn list(db: &Db) -> Result<Vec<Seen>, ParseIssue> {
    // a window that was never used has the editor's own table alone
    if !db.tables()?.iter().any(|table| table == "cursorDiskKV") {
        return Ok(Vec::new());
    }
    let mut bubbles: HashMap<String, (i64, i64)> = HashMap::new();
    db.query(BUBBLES, &[], &mut |row| {
        let id = row.text(0).unwrap_or_default();
        bubbles.insert(id, (row.int(1), row.int(2)));
        Flow::Go
    })?;
    let mut seen = Vec::new();
    db.query(COMPOSERS, &[], &mut |row| {
        let key = row.text(0).unwrap_or_default();
        let native = key.trim_start_matches("composerData:").to_owned();
        let (count, newest) = bubbles.get(&native).copied().unwrap_or_default();
        seen.push(Seen {
            native,
            parent: None,
            // there is no time outside of the value; row numbers grow with it
            updated: Some(row.int(1).max(newest)),
            digest: vec![row.int(1), count, newest],
            layout: layout::COMPOSER,
        });
        Flow::Go
    })?;
    Ok(seen)
}

/// The bubbles told, and the newest row among them.
#[derive(Default, Serialize, Deserialize)]
struct State {
    told: u64,
    last: String,
    newest: i64,
    at: Option<i64>,
}

fields! {
    struct Composer {
        name: "name",
        created: "createdAt",
        updated: "lastUpdatedAt",
        headers: "fullConversationHeadersOnly",
        inline: "conversation",
        model: "modelConfig",
        status: "status",
        sub: "subagentInfo",
        place: "workspaceIdentifier",
        archived: "isArchived",
        limit: "contextTokenLimit",
    }
}

pub(super) fn parse(
    source: &Source,
    from: &Checkpoint,
    sink: &mut dyn EventSink,
) -> std::io::Result<Checkpoint> {
    let read = || -> Result<(Db, String, HashMap<String, i64>), ParseIssue> {
        let db = Db::open(&rows::database(source))?;
        let value = value(&db, &format!("composerData:{}", source.native))?;
        let mut numbers = HashMap::new();
        let (low, high) = (
            format!("bubbleId:{}:", source.native),
            format!("bubbleId:{};", source.native),
        );
        let sql = "SELECT key, rowid FROM cursorDiskKV WHERE key >= ?1 AND key < ?2";
        db.query(sql, &[&low, &high], &mut |row| {
            let key = row.text(0).unwrap_or_default();
            numbers.insert(key[low.len().min(key.len())..].to_owned(), row.int(1));
            Flow::Go
        })?;
        Ok((db, value, numbers))
    };
    let (db, value, numbers) = match read() {
        Ok(read) => read,
        Err(issue) => return rows::failed(issue, sink),
    };
    let read = Raw::parse(&value)
        .ok()
        .and_then(Raw::object::<Composer<'_>>);
    if read.is_none() {
        sink.issue(ParseIssue {
            path: source.path.display().to_string(),
            line: 0,
            kind: IssueKind::BadRecord,
            detail: "the conversation is not the object it should be".to_owned(),
        });
    }
    let composer = read.unwrap_or_default();
    let headers = composer.headers.map(Raw::items).unwrap_or_default();
    let inline = composer.inline.map(Raw::items).unwrap_or_default();
    // an empty window; or one whose words another machine has
    if headers.is_empty() && inline.is_empty() {
        return Ok(Checkpoint::default());
    }
    let ids: Vec<String> = headers
        .iter()
        .filter_map(|header| header.get("bubbleId").and_then(Raw::owned))
        .collect();
    let mut state: State = rows::state(from).unwrap_or_default();
    let told = state.told as usize;
    let newest = |ids: &[String]| ids.iter().filter_map(|id| numbers.get(id)).max().copied();
    let goes_on = from.offset > 0
        && inline.is_empty()
        && told <= ids.len()
        && (told == 0 || ids[told - 1] == state.last)
        && newest(&ids[..told]).unwrap_or(0) <= state.newest;
    let (mode, seq) = match goes_on {
        true => (SourceMode::Append, from.seq),
        false => (SourceMode::Replace, 0),
    };
    if !goes_on {
        state = State::default();
    }
    let mut teller = Teller::open(sink, &source.native, mode, seq);
    about(&mut teller, source, &composer);
    let created = composer.created.and_then(Raw::time);
    let model = composer.model.and_then(|model| model.get("modelName"));
    let model = model.and_then(Raw::filled).filter(|name| name != "default");
    if !inline.is_empty() {
        let mut at = created;
        for (number, raw) in (1..).zip(inline) {
            let id = raw.get("bubbleId").and_then(Raw::text).unwrap_or_default();
            at = bubble::tell(&mut teller, &id, raw, number, at, model.as_deref()).or(at);
        }
        return Ok(rows::checkpoint(1, teller.seq(), &State::default()));
    }
    // the last bubble grows while the answer comes in
    let open = composer
        .status
        .is_some_and(|status| status.is("generating") || status.is("streaming"));
    let end = ids.len() - usize::from(open && !ids.is_empty());
    for (at, id) in ids.iter().enumerate().take(end).skip(state.told as usize) {
        let json = match self::value(&db, &format!("bubbleId:{}:{id}", source.native)) {
            Ok(json) => json,
            Err(issue) => return rows::failed(issue, sink),
        };
        let number = at as u64 + 1;
        match Raw::parse(&json) {
            Ok(raw) => {
                let before = state.at.or(created);
                let own = bubble::tell(&mut teller, id, raw, number, before, model.as_deref());
                state.at = own.or(state.at);
            }
            Err(_) => {
                let detail = "a message of the conversation is not there";
                teller.issue(&source.path, number, IssueKind::BadRecord, detail);
            }
        }
        state.told = number;
        id.clone_into(&mut state.last);
        state.newest = state.newest.max(numbers.get(id).copied().unwrap_or(0));
        if teller.flow() == Flow::Stop {
            break;
        }
    }
    Ok(rows::checkpoint(state.told, teller.seq(), &state))
}

fn about(teller: &mut Teller<'_>, source: &Source, composer: &Composer<'_>) {
    if let Some(name) = composer.name.and_then(Raw::text) {
        teller.title(TitleRank::Generated, &name);
    }
    let user = rows::database(source);
    let user = user.parent().and_then(Path::parent);
    let mut folders = user.map(place::folders).unwrap_or_default();
    let uri = composer.place.and_then(|place| place.get("uri"));
    let own = uri.and_then(|uri| uri.get("fsPath")).and_then(Raw::owned);
    if let Some(folder) = folders.remove(&source.native).or(own) {
        teller.fact(Fact::Cwd(folder));
    }
    let parent = composer.sub.and_then(|sub| sub.get("parentComposerId"));
    if let Some(native) = parent.and_then(Raw::owned) {
        teller.fact(Fact::Parent {
            native,
            relation: Relation::SubAgent,
        });
    }
    if composer.archived.and_then(Raw::bool) == Some(true) {
        teller.fact(Fact::Archived);
    }
    if let Some(limit) = composer.limit.and_then(Raw::int).filter(|limit| *limit > 0) {
        teller.fact(Fact::ContextWindow(limit));
    }
    let time = |raw: Option<Raw<'_>>| raw.and_then(Raw::time);
    teller.span(time(composer.created), time(composer.updated));
}

fn value(db: &Db, key: &str) -> Result<String, ParseIssue> {
    let mut value = String::new();
    let tail = "WHERE key = ?1";
    db.select("cursorDiskKV", &["value"], tail, &[&key], &mut |row| {
        value = row.text(0).unwrap_or_default();
        Flow::Stop
    })?;
    if Raw::parse(&value).is_err()
        && let Some(mended) = without_lone_surrogates(&value)
    {
        return Ok(mended);
    }
    Ok(value)
}
