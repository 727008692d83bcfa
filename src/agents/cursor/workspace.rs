//! Conversations that workspaces kept themselves, before there was one database for all: composers with
//! their `conversation` in them, and the tabs of the chat. Each is read whole when it changes.

use super::{bubble, layout, place};
use crate::agents::read::json::Raw;
use crate::agents::read::record::Kept;
use crate::agents::read::rows::{self, Seen};
use crate::agents::read::sqlite::{Db, with_log};
use crate::agents::read::tell::{Teller, Told};
use crate::agents::read::{folder, vscode};
use crate::agents::{EventSink, Listing};
use crate::model::{Checkpoint, Fingerprint, ParseIssue, Source, SourceMode, TitleRank};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use xxhash_rust::xxh3::xxh3_64;

/// What the databases held when they had these fingerprints: most never change again.
static KNOWN: Mutex<Option<Known>> = Mutex::new(None);

type Known = HashMap<PathBuf, (Fingerprint, Vec<Seen>)>;

pub(super) fn discover(root: &Path, listing: &mut Listing, found: &mut dyn FnMut(Source)) {
    for entry in folder::entries(root, listing) {
        let database = entry.path.join(place::STATE);
        let Some(print) = folder::fingerprint(&database, listing) else {
            continue;
        };
        let print = with_log(print, &database);
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_default();
        let fresh = known.get(&database).filter(|(made, _)| *made == print);
        let fresh = fresh.map(|(_, seen)| seen.clone());
        rows::discover(&database, listing, found, &mut |db| {
            let seen = match &fresh {
                Some(seen) => seen.clone(),
                None => list(db)?,
            };
            known.insert(database.clone(), (print, seen.clone()));
            Ok(seen)
        });
    }
}

const COMPOSERS: &str = "composer.composerData";
const TABS: &str = "workbench.panel.aichat.view.aichat.chatdata";

pub(super) fn list(db: &Db) -> Result<Vec<Seen>, ParseIssue> {
    // whether this is a database at all
    db.tables()?;
    let mut seen = Vec::new();
    each(db, &mut |one| {
        seen.push(Seen {
            native: one.id.to_owned(),
            parent: None,
            updated: one.updated.or(one.created),
            digest: vec![xxh3_64(one.raw.as_json().as_bytes()) as i64],
            layout: one.layout,
        });
    });
    Ok(seen)
}

struct Inline<'a> {
    id: &'a str,
    raw: Raw<'a>,
    bubbles: Vec<Raw<'a>>,
    title: Option<Raw<'a>>,
    created: Option<i64>,
    updated: Option<i64>,
    layout: u8,
}

fn each(db: &Db, with: &mut dyn FnMut(Inline<'_>)) {
    let kinds = [
        (
            COMPOSERS,
            "allComposers",
            "composerId",
            "conversation",
            "name",
            layout::INLINE,
        ),
        (TABS, "tabs", "tabId", "bubbles", "chatTitle", layout::TAB),
    ];
    for (key, list, id, bubbles, title, layout) in kinds {
        let json = place::item(db, key).unwrap_or_default();
        let all = Raw::parse(&json).ok().and_then(|value| value.get(list));
        for raw in all.map(Raw::items).unwrap_or_default() {
            let time = |key: &str| raw.get(key).and_then(Raw::time);
            let bubbles = raw.get(bubbles).map(Raw::items).unwrap_or_default();
            let Some(id) = raw
                .get(id)
                .and_then(Raw::text)
                .filter(|_| !bubbles.is_empty())
            else {
                continue;
            };
            with(Inline {
                id: &id,
                raw,
                bubbles,
                title: raw.get(title),
                created: time("createdAt"),
                updated: time("lastUpdatedAt").or(time("lastSendTime")),
                layout,
            });
        }
    }
}

pub(super) fn parse(source: &Source, sink: &mut dyn EventSink) -> std::io::Result<Checkpoint> {
    let database = rows::database(source);
    let db = match Db::open(&database) {
        Ok(db) => db,
        Err(issue) => return rows::failed(issue, sink),
    };
    let folder = database.parent().and_then(vscode::folder);
    let mut told = false;
    each(&db, &mut |one| {
        if told || one.id != source.native || one.layout != source.layout {
            return;
        }
        told = true;
        let mut teller = Teller::at(Told::of(&source.native), SourceMode::Replace, 0, sink);
        let out = &mut teller.out(sink);
        if let Some(title) = one.title.and_then(Raw::text) {
            out.title(TitleRank::Generated, &title);
        }
        out.cwd(&folder.clone().unwrap_or_default());
        out.span(one.created, one.updated);
        // bubbles had no times then: the conversation's beginning stands in where it is known
        let mut at = one.created.or(one.updated);
        for (number, raw) in (1..).zip(one.bubbles) {
            let id = raw.get("bubbleId").or(raw.get("id")).and_then(Raw::text);
            let id = id.unwrap_or_default();
            out.kept(&[Kept::member("bubbles", number, raw.as_json())]);
            at = bubble::tell(out, &id, raw, number, at, None).or(at);
        }
    });
    Ok(Checkpoint::default())
}
