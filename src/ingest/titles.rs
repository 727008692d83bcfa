//! Titles that one session's file gives to another session, named by one of its records.
//!
//! Such a title waits as a note on the record until a session holds that as its own; from then on it is
//! a note on the session.

use super::Shared;
use crate::model::{AgentId, SessionKey, Sid, TitleRank};
use crate::store::{Note, SourceRow, Writer};
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Stands in the place of an agent in the key of a note on a record.
const RECORD: &str = "record";

fn key(record: u64) -> SessionKey {
    SessionKey::new(&AgentId::new(RECORD), &format!("{record:016x}"))
}

/// Notes a title for whoever holds this record.
pub fn note(writer: &mut Writer<'_>, row: &SourceRow, record: u64, text: &str) -> Result<()> {
    let note = Note {
        source: row.path.clone(),
        title: Some((TitleRank::Summary, text.to_owned())),
        ..Note::default()
    };
    writer.put_note(&key(record), note)
}

/// Hands the titles that wait to the sessions that hold their records now.
pub fn settle(shared: &Shared) -> Result<()> {
    let reader = shared.store.read()?;
    let mut waiting: HashMap<u64, Vec<Note>> = HashMap::new();
    for (name, notes) in reader.notes_of(RECORD)? {
        if let Ok(record) = u64::from_str_radix(&name, 16) {
            waiting.insert(record, notes);
        }
    }
    if waiting.is_empty() {
        return Ok(());
    }
    let mut holders: BTreeSet<(Sid, u64)> = BTreeSet::new();
    reader.all_records(|sid, record| {
        if waiting.contains_key(&record.hash) {
            holders.insert((sid, record.hash));
        }
    })?;
    let mut copied: BTreeMap<Sid, Vec<u64>> = BTreeMap::new();
    let mut writer = shared.store.write()?;
    let mut given = BTreeSet::new();
    for (sid, record) in holders {
        let copied = match copied.entry(sid) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => entry.insert(reader.copied(sid)?),
        };
        let Some(session) = reader.bare_session(sid)? else {
            continue;
        };
        if copied.binary_search(&record).is_ok() {
            continue;
        }
        for note in &waiting[&record] {
            // its own file says so itself
            if note.source != session.path {
                writer.put_note(&session.key, note.clone())?;
            }
        }
        given.insert(record);
    }
    if !given.is_empty() {
        for record in given {
            writer.remove_notes(&key(record))?;
        }
        writer.commit()?;
    }
    Ok(())
}
