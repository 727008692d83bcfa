//! After a start: what did the last process leave half done?

use super::Shared;
use super::commit::Payload;
use crate::index::{RoleSet, SearchIndex};
use crate::model::Sid;
use crate::store::Store;
use anyhow::Result;
use std::sync::atomic::Ordering;

/// How what an index holds stands to what the store knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Of the same batch, or killed between their two commits; or the index is empty.
    Together,
    /// Its sessions are ours, as the store knew them some time ago.
    Behind,
    /// Its numbers mean other sessions than ours.
    Foreign,
}

/// Compares the payload of an index with the store.
///
/// # Errors
/// The store cannot be read.
pub fn standing(store: &Store, payload: Option<&str>) -> Result<Standing> {
    let Some(payload) = payload else {
        return Ok(Standing::Together);
    };
    let reader = store.read()?;
    let (store_id, batch) = (reader.store_id()?, reader.batch()?);
    Ok(match Payload::parse(payload) {
        Some(found) if found.store_id != store_id => Standing::Foreign,
        Some(found) if found.batch == batch || found.batch == batch + 1 => Standing::Together,
        Some(found) if found.batch < batch => Standing::Behind,
        _ => Standing::Foreign,
    })
}

/// An earlier index that means our sessions answers until the new one is complete; another one is moved
/// aside.
///
/// # Errors
/// The store cannot be read.
pub fn settle_earlier(store: &Store, index: &SearchIndex) -> Result<()> {
    let Some(earlier) = index.earlier() else {
        return Ok(());
    };
    match standing(store, earlier.payload.as_deref())? {
        Standing::Foreign => index.let_earlier_go(true),
        Standing::Together | Standing::Behind => index.admit_earlier(),
    }
    Ok(())
}

/// Brings index and store to the same batch. `payload`: what the index was last committed with.
pub fn recover(shared: &Shared, payload: Option<&str>) -> Result<()> {
    settle_earlier(&shared.store, &shared.index)?;
    let reader = shared.store.read()?;
    let (store_id, batch) = (reader.store_id()?, reader.batch()?);
    drop(reader);
    shared.batch.store(batch, Ordering::Relaxed);
    let found = payload.and_then(Payload::parse).unwrap_or_default();
    let ours = found.store_id == store_id;
    if (ours && found.batch == batch) || (payload.is_none() && batch == 0) {
        return Ok(());
    }
    if ours && found.batch == batch + 1 {
        // killed between the two commits: take the batch's documents back, they are read again
        tracing::info!("undoing {} half-committed sessions", found.touched.len());
        for (sid, from, roles) in &found.touched {
            shared
                .index
                .delete_from(Sid(*sid), *from, roles_of(*roles))?;
        }
    } else {
        // a new index, or one of another state: its documents cannot be trusted
        tracing::warn!(
            "the index is at batch {}, the store at {batch}: reading all text again",
            found.batch
        );
        shared.index.clear()?;
        let mut writer = shared.store.write()?;
        for mut row in shared.store.read()?.sources()? {
            row.reset_documents();
            row.indexed = false;
            writer.put_source(&row)?;
        }
        writer.commit()?;
    }
    let payload = Payload {
        store_id,
        batch,
        touched: Vec::new(),
    };
    shared.index.commit(&payload.to_text())
}

/// Everything is to be read from its beginning (`index --full`); what is known stays until then.
pub fn forget_progress(shared: &Shared) -> Result<()> {
    let mut writer = shared.store.write()?;
    for mut row in shared.store.read()?.sources()? {
        if !row.gone {
            row.reset();
            writer.put_source(&row)?;
        }
    }
    writer.commit()?;
    Ok(())
}

fn roles_of(letter: char) -> RoleSet {
    match letter {
        'p' => RoleSet::Prose,
        'r' => RoleSet::Rest,
        _ => RoleSet::All,
    }
}
