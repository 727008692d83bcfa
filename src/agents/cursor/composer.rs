//! The editor's conversations in its global database.
//!
//! The table of keys and values replaces a row to change it, so that the newest row number of a
//! conversation tells of any change, and the index alone lists everything: values are not touched.

use super::{bubble, layout, place};
use crate::agents::read::json::{Raw, fields, without_lone_surrogates};
use crate::agents::read::record::Kept;
use crate::agents::read::rows::{self, Seen};
use crate::agents::read::sqlite::Db;
use crate::agents::read::tell::{self, Out, Teller, Told};
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

/// A conversation's own value, and the row number of each of its bubbles.
struct Held {
    db: Db,
    value: String,
    numbers: HashMap<String, i64>,
}

fn held(source: &Source) -> Result<Held, ParseIssue> {
    let db = Db::open(&rows::database(source))?;
    let native = &source.native;
    let value = value(&db, &format!("composerData:{native}"))?;
    let mut numbers = HashMap::new();
    let (low, high) = (format!("bubbleId:{native}:"), format!("bubbleId:{native};"));
    let sql = "SELECT key, rowid FROM cursorDiskKV WHERE key >= ?1 AND key < ?2";
    db.query(sql, &[&low, &high], &mut |row| {
        let key = row.text(0).unwrap_or_default();
        numbers.insert(key.get(low.len()..).unwrap_or("").to_owned(), row.int(1));
        Flow::Go
    })?;
    Ok(Held { db, value, numbers })
}

pub(super) fn parse(
    source: &Source,
    from: &Checkpoint,
    sink: &mut dyn EventSink,
) -> std::io::Result<Checkpoint> {
    let held = match held(source) {
        Ok(held) => held,
        Err(issue) => return rows::failed(issue, sink),
    };
    let Some(composer) = Raw::parse(&held.value)
        .ok()
        .and_then(Raw::object::<Composer<'_>>)
    else {
        sink.issue(ParseIssue {
            path: source.path.display().to_string(),
            line: 0,
            kind: IssueKind::BadRecord,
            detail: "the conversation is not the object it should be".to_owned(),
        });
        return Ok(Checkpoint::default());
    };
    let inline = composer.inline.map(Raw::items).unwrap_or_default();
    let headers = composer.headers.map(Raw::items).unwrap_or_default();
    let ids: Vec<String> = headers
        .iter()
        .filter_map(|header| header.get("bubbleId").and_then(Raw::owned))
        .collect();
    // an empty window; or one whose words another machine has
    if ids.is_empty() && inline.is_empty() {
        return Ok(Checkpoint::default());
    }
    let known: State = rows::state(from).unwrap_or_default();
    let goes_on = from.offset > 0 && inline.is_empty() && known.fits(&ids, &held.numbers);
    let (mode, seq, mut state) = match goes_on {
        true => (SourceMode::Append, from.seq, known),
        false => (SourceMode::Replace, 0, State::default()),
    };
    let mut teller = Teller::at(Told::of(&source.native), mode, seq, sink);
    let out = &mut teller.out(sink);
    about(out, source, &composer);
    let told = match inline.is_empty() {
        true => listed(out, source, &held, &composer, &ids, &mut state),
        false => {
            within(out, &composer, inline);
            Ok(())
        }
    };
    let seq = out.seq();
    match told {
        Ok(()) => Ok(rows::checkpoint(state.told, seq, &state)),
        Err(issue) => rows::failed(issue, sink),
    }
}

impl State {
    /// What was told is still there as it was: the same bubbles, none of them written since.
    fn fits(&self, ids: &[String], numbers: &HashMap<String, i64>) -> bool {
        let Some(told) = ids.get(..self.told as usize) else {
            return false;
        };
        let newest = told.iter().filter_map(|id| numbers.get(id)).max();
        told.last().is_none_or(|last| *last == self.last)
            && newest.is_none_or(|newest| *newest <= self.newest)
    }
}

fn model_of<'a>(composer: &Composer<'a>) -> Option<std::borrow::Cow<'a, str>> {
    let model = composer.model.and_then(|model| model.get("modelName"));
    model.and_then(Raw::filled).filter(|name| name != "default")
}

/// Bubbles in rows of their own, named by the conversation's list.
fn listed(
    out: &mut Out<'_>,
    source: &Source,
    held: &Held,
    composer: &Composer<'_>,
    ids: &[String],
    state: &mut State,
) -> Result<(), ParseIssue> {
    let created = composer.created.and_then(Raw::time);
    let model = model_of(composer);
    // the last bubble grows while the answer comes in
    let open = composer
        .status
        .is_some_and(|status| status.is("generating") || status.is("streaming"));
    let end = ids.len().saturating_sub(usize::from(open));
    for (at, id) in ids.iter().enumerate().take(end).skip(state.told as usize) {
        let key = format!("bubbleId:{}:{id}", source.native);
        let json = value(&held.db, &key)?;
        out.kept(&[Kept::row(("cursorDiskKV", "value"), ("key", &key), &json)]);
        let number = at as u64 + 1;
        match Raw::parse(&json) {
            Ok(raw) => {
                let before = state.at.or(created);
                let own = bubble::tell(out, id, raw, number, before, model.as_deref());
                state.at = own.or(state.at);
            }
            Err(_) => {
                let detail = "a message of the conversation is not there";
                tell::issue(&source.path, number, IssueKind::BadRecord, detail, out.sink);
            }
        }
        state.told = number;
        id.clone_into(&mut state.last);
        let newest = held.numbers.get(id).copied().unwrap_or(0);
        state.newest = state.newest.max(newest);
        if out.flow() == Flow::Stop {
            break;
        }
    }
    Ok(())
}

/// Bubbles inside the conversation's own value, as it was once.
fn within(out: &mut Out<'_>, composer: &Composer<'_>, bubbles: Vec<Raw<'_>>) {
    let model = model_of(composer);
    let mut at = composer.created.and_then(Raw::time);
    for (number, raw) in (1..).zip(bubbles) {
        let id = raw.get("bubbleId").and_then(Raw::text).unwrap_or_default();
        out.kept(&[Kept::member("conversation", number, raw.as_json())]);
        at = bubble::tell(out, &id, raw, number, at, model.as_deref()).or(at);
    }
}

fn about(out: &mut Out<'_>, source: &Source, composer: &Composer<'_>) {
    if let Some(name) = composer.name.and_then(Raw::text) {
        out.title(TitleRank::Generated, &name);
    }
    let user = rows::database(source);
    let user = user.parent().and_then(Path::parent);
    let mut folders = user.map(place::folders).unwrap_or_default();
    let uri = composer.place.and_then(|place| place.get("uri"));
    let own = uri.and_then(|uri| uri.get("fsPath")).and_then(Raw::owned);
    if let Some(folder) = folders.remove(&source.native).or(own) {
        out.fact(Fact::Cwd(folder));
    }
    let parent = composer.sub.and_then(|sub| sub.get("parentComposerId"));
    if let Some(native) = parent.and_then(Raw::owned) {
        out.fact(Fact::Parent {
            native,
            relation: Relation::SubAgent,
        });
    }
    if composer.archived.and_then(Raw::bool) == Some(true) {
        out.fact(Fact::Archived);
    }
    if let Some(limit) = composer.limit.and_then(Raw::int).filter(|limit| *limit > 0) {
        out.fact(Fact::ContextWindow(limit));
    }
    let time = |raw: Option<Raw<'_>>| raw.and_then(Raw::time);
    out.span(time(composer.created), time(composer.updated));
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
