//! What no source holds any more is taken over from what was there before: sessions from a store of
//! another schema, documents from an index of another version or a damaged one.
//!
//! Sessions whose file is not there come before the passes, so that copies of their records are known
//! as copies; all other sessions that nothing gave again, and the documents, when everything has been
//! read. A kill at any moment is caught up by the next start: who has been taken over is known by what
//! is there.

use super::Shared;
use super::commit::{self, Payload};
use super::sink::{Purpose, SessionRead, SourceRead};
use crate::model::{Checkpoint, Fingerprint, SessionKey, Sid, SourceMode};
use crate::rollup::SessionFold;
use crate::store::{EarlierSession, Note, Reader, SourceRow};
use anyhow::Result;
use std::path::Path;
use std::sync::Arc;

/// Sessions of one commit.
const AT_ONCE: usize = 200;

/// Takes over the sessions of an earlier store whose file is not there.
pub fn vanished(shared: &Shared) -> Result<()> {
    let gone = |path: &str| !path.is_empty() && !Path::new(path).exists();
    sessions(shared, &|session| gone(&session.summary.path)).map(drop)
}

/// Takes over what is left when everything that can be read has been read, and lets go of what was
/// before.
pub fn rest(shared: &Shared) -> Result<()> {
    let had_store = shared.store.earlier()?.is_some();
    let lost_sessions = sessions(shared, &|_| true)?;
    if shared.stopping() {
        return Ok(());
    }
    let Some(lost_documents) = documents(shared)? else {
        return Ok(()); // stopped
    };
    if lost_sessions + lost_documents > 0 {
        tracing::warn!(
            "of what no source holds any more {lost_sessions} sessions and {lost_documents} messages \
             could not be taken over"
        );
        let mut writer = shared.store.write()?;
        writer.add_lost(lost_sessions, lost_documents)?;
        writer.commit()?;
    }
    shared.index.let_earlier_go(lost_documents > 0);
    if had_store {
        shared.store.let_earlier_go(lost_sessions > 0);
    }
    Ok(())
}

/// Sessions of the earlier store that the new one does not have; returns how many do not decode.
fn sessions(shared: &Shared, wanted: &dyn Fn(&EarlierSession) -> bool) -> Result<u64> {
    let Some(earlier) = shared.store.earlier()? else {
        return Ok(0);
    };
    let reader = shared.store.read()?;
    let mut left = Vec::new();
    for (key, sid) in earlier.sessions()? {
        if reader.bare_session(sid)?.is_none() {
            left.push((key, sid));
        }
    }
    let (mut lost, mut taken) = (0, 0);
    for chunk in left.chunks(AT_ONCE) {
        if shared.stopping() {
            return Ok(lost);
        }
        let (mut reads, mut copied) = (Vec::new(), Vec::new());
        for (key, sid) in chunk {
            match earlier.session(key, *sid) {
                Ok(session) if wanted(&session) => {
                    copied.push((*sid, session.copied.clone()));
                    reads.push(read(shared, &reader, *sid, session)?);
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!("{key} of the earlier store is lost: {error:#}");
                    lost += 1;
                }
            }
        }
        taken += reads.len();
        commit::commit(shared, reads)?;
        let mut writer = shared.store.write()?;
        for (sid, hashes) in copied.iter().filter(|(_, hashes)| !hashes.is_empty()) {
            writer.put_copied(*sid, hashes)?;
        }
        writer.commit()?;
    }
    if taken > 0 {
        tracing::info!("{taken} sessions were taken over from the earlier store");
    }
    Ok(lost)
}

/// A session of the earlier store as if its source had been read.
fn read(shared: &Shared, reader: &Reader, sid: Sid, earlier: EarlierSession) -> Result<SourceRead> {
    let summary = earlier.summary;
    let key = SessionKey::clone(&summary.key);
    let mut row = earlier.source.unwrap_or_default();
    row.agent = key.agent.as_str().to_owned();
    row.path = match reader.source(&summary.path)? {
        // the file is there and does not hold the session any more: the row is its own
        Some(_) => format!("{}#{}", summary.path, key.native),
        None => summary.path.clone(),
    };
    row.sids.clear();
    row.reset();
    row.gone = true;
    // should it come back, it is another file
    row.fingerprint = Fingerprint {
        size: summary.file_size,
        ..Fingerprint::default()
    };
    row.indexed = true;
    let mut fold = SessionFold::new(key.clone(), Arc::default(), shared.days.clone());
    let stand_in = summary.stand_in;
    fold.summary = summary;
    fold.days = earlier.days;
    fold.claims = earlier.claims;
    fold.records = earlier.records;
    fold.files = earlier.files;
    let note = Note {
        source: row.path.clone(),
        ..Note::default()
    };
    Ok(SourceRead {
        purpose: Purpose {
            fold: true,
            documents: None,
        },
        checkpoint: Some(Checkpoint::default()),
        sessions: vec![SessionRead {
            key,
            mode: match stand_in {
                true => SourceMode::StandIn,
                false => SourceMode::Replace,
            },
            sid: Some(sid),
            fold: Some(fold),
            note,
            first_document: None,
            documents: 0,
        }],
        issues: Vec::new(),
        titles: Vec::new(),
        from_start: true,
        row,
    })
}

/// Documents of the earlier index whose session cannot be read whole now; returns how many are lost, or
/// `None` when it was stopped.
fn documents(shared: &Shared) -> Result<Option<u64>> {
    if shared.index.earlier().is_none() {
        return Ok(Some(0));
    }
    let reader = shared.store.read()?;
    let (mut wanted, mut rows): (Vec<Sid>, Vec<SourceRow>) = (Vec::new(), Vec::new());
    for (sid, session) in reader.sessions()? {
        let source = reader.source_of(sid)?;
        let readable = source.is_some_and(|source| source.complete && !source.gone);
        if readable && !session.gone {
            continue;
        }
        wanted.push(sid);
        rows.extend(reader.source(&session.path)?.filter(|row| !row.indexed));
    }
    if !rows.is_empty() {
        // before the documents: should a source come back, they must go before it is read
        let mut writer = shared.store.write()?;
        for row in rows {
            let row = SourceRow {
                indexed: true,
                ..row
            };
            writer.put_source(&row)?;
        }
        writer.commit()?;
    }
    let payload = Payload {
        store_id: reader.store_id()?,
        batch: reader.batch()?,
        touched: Vec::new(),
    };
    let go_on = || !shared.stopping();
    let carried = shared
        .index
        .carry_over(&wanted, &payload.to_text(), &go_on)?;
    Ok(carried.map(|carried| {
        tracing::info!(
            "{} messages of {} sessions were taken over from the earlier index",
            carried.documents,
            carried.sessions
        );
        carried.lost
    }))
}
