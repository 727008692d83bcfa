//! After a start: what did the last process leave half done?

use super::Shared;
use super::commit::Payload;
use crate::index::RoleSet;
use crate::model::Sid;
use anyhow::Result;
use std::sync::atomic::Ordering;

/// Brings index and store to the same batch. `payload`: what the index was last committed with.
pub fn recover(shared: &Shared, payload: Option<&str>) -> Result<()> {
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
        // the index is another store's, or older than ours: its documents cannot be trusted
        tracing::warn!(
            "the index does not belong to this state (batch {}, not {batch}): reading all text again",
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
