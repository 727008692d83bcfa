//! Which session says what of which model response.
//!
//! Claims lie by session, in chunks in the order of their arrival; beside them, by hash of the
//! response key, the sessions that claim it. Keys are random: a row for each would touch a page for
//! each, so they share [`BUCKETS`] rows, and a batch writes each row once.

use super::rows::{decode, encode};
use super::tables::{CLAIMERS, CLAIMS};
use crate::model::{Claim, Sid};
use anyhow::Result;
use redb::{ReadableTable, WriteTransaction};
use std::collections::{BTreeMap, HashMap};

/// Rows of [`CLAIMERS`]: a power of two.
const BUCKETS: u64 = 4096;
/// Bytes of an entry of such a row: hash and sid.
const ENTRY: usize = 12;
/// Claims of one chunk: what changing one of them costs.
const CHUNK: usize = 128;

/// What one transaction has looked at or changed; written by [`ClaimBook::flush`].
#[derive(Default)]
pub(super) struct ClaimBook {
    buckets: BTreeMap<u32, Bucket>,
    sessions: BTreeMap<u32, Chunks>,
}

#[derive(Default)]
struct Bucket {
    /// [`ENTRY`] bytes each, in order of arrival.
    entries: Vec<u8>,
    changed: bool,
}

/// A session's chunks, unpacked from the last one backwards as far as needed.
struct Chunks {
    /// All below this are not unpacked yet.
    unread: u32,
    rows: BTreeMap<u32, Chunk>,
    /// Chunks whose claims were taken away.
    emptied: Vec<u32>,
}

#[derive(Default)]
struct Chunk {
    rows: Vec<Claim>,
    changed: bool,
}

impl ClaimBook {
    /// Sessions that claim a response key, each once.
    pub fn claimers(&mut self, txn: &WriteTransaction, hash: u64) -> Result<Vec<Sid>> {
        let bucket = self.bucket(txn, hash)?;
        Ok(bucket.of(hash).collect())
    }

    /// All claims on a response key.
    pub fn claims(&mut self, txn: &WriteTransaction, hash: u64) -> Result<Vec<(Sid, Claim)>> {
        let mut claims = Vec::new();
        for sid in self.claimers(txn, hash)? {
            let found = self.session(txn, sid)?.find(txn, sid, hash)?;
            claims.extend(found.into_iter().map(|claim| (sid, claim)));
        }
        Ok(claims)
    }

    /// Puts what `sid` says of a response in the place of what it said before.
    pub fn put(
        &mut self,
        txn: &WriteTransaction,
        hash: u64,
        sid: Sid,
        claims: Vec<Claim>,
    ) -> Result<()> {
        let bucket = self.bucket(txn, hash)?;
        let known = bucket.of(hash).any(|claimer| claimer == sid);
        match (known, claims.is_empty()) {
            (false, true) => return Ok(()),
            (false, false) => bucket.add(hash, sid),
            (true, true) => bucket.remove(hash, sid),
            (true, false) => {}
        }
        let session = self.session(txn, sid)?;
        if known {
            session.replace(txn, sid, hash, claims)
        } else {
            claims
                .into_iter()
                .try_for_each(|claim| session.push(txn, sid, hash, claim))
        }
    }

    /// Takes everything away that a session claims.
    pub fn take(&mut self, txn: &WriteTransaction, sid: Sid) -> Result<Vec<Claim>> {
        let session = self.session(txn, sid)?;
        while session.unread > 0 {
            session.read_one(txn, sid)?;
        }
        let mut all = Vec::new();
        for (at, mut chunk) in std::mem::take(&mut session.rows) {
            session.emptied.push(at);
            all.append(&mut chunk.rows);
        }
        for claim in &all {
            self.bucket(txn, claim.key)?.remove(claim.key, sid);
        }
        Ok(all)
    }

    /// Writes what changed.
    pub fn flush(&mut self, txn: &WriteTransaction) -> Result<()> {
        let mut table = txn.open_table(CLAIMERS)?;
        for (at, bucket) in self.buckets.iter().filter(|(_, bucket)| bucket.changed) {
            if bucket.entries.is_empty() {
                table.remove(at)?;
            } else {
                table.insert(at, bucket.entries.as_slice())?;
            }
        }
        let mut table = txn.open_table(CLAIMS)?;
        for (sid, session) in &self.sessions {
            for at in &session.emptied {
                table.remove((*sid, *at))?;
            }
            for (at, chunk) in session.rows.iter().filter(|(_, chunk)| chunk.changed) {
                if chunk.rows.is_empty() {
                    table.remove((*sid, *at))?;
                } else {
                    table.insert((*sid, *at), encode(&chunk.rows).as_slice())?;
                }
            }
        }
        *self = ClaimBook::default();
        Ok(())
    }

    fn bucket(&mut self, txn: &WriteTransaction, hash: u64) -> Result<&mut Bucket> {
        let at = (hash % BUCKETS) as u32;
        Ok(match self.buckets.entry(at) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let table = txn.open_table(CLAIMERS)?;
                let entries = table.get(at)?.map(|bytes| bytes.value().to_vec());
                entry.insert(Bucket {
                    entries: entries.unwrap_or_default(),
                    changed: false,
                })
            }
        })
    }

    fn session(&mut self, txn: &WriteTransaction, sid: Sid) -> Result<&mut Chunks> {
        Ok(match self.sessions.entry(sid.0) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let table = txn.open_table(CLAIMS)?;
                let last = table.range((sid.0, 0)..=(sid.0, u32::MAX))?.next_back();
                entry.insert(Chunks {
                    unread: last.transpose()?.map_or(0, |(key, _)| key.value().1 + 1),
                    rows: BTreeMap::new(),
                    emptied: Vec::new(),
                })
            }
        })
    }
}

impl Bucket {
    fn of(&self, hash: u64) -> impl Iterator<Item = Sid> + '_ {
        let entries = self.entries.as_chunks::<ENTRY>().0;
        entries
            .iter()
            .map(split)
            .filter(move |entry| entry.0 == hash)
            .map(|entry| entry.1)
    }

    fn add(&mut self, hash: u64, sid: Sid) {
        self.entries.extend(hash.to_le_bytes());
        self.entries.extend(sid.0.to_le_bytes());
        self.changed = true;
    }

    fn remove(&mut self, hash: u64, sid: Sid) {
        let entries = self.entries.as_chunks::<ENTRY>().0;
        if let Some(at) = entries.iter().position(|entry| split(entry) == (hash, sid)) {
            self.entries.drain(at * ENTRY..(at + 1) * ENTRY);
            self.changed = true;
        }
    }
}

fn split(entry: &[u8; ENTRY]) -> (u64, Sid) {
    let (hash, sid) = entry.split_at(8);
    (
        u64::from_le_bytes(hash.try_into().expect("eight bytes")),
        Sid(u32::from_le_bytes(sid.try_into().expect("four bytes"))),
    )
}

impl Chunks {
    /// Unpacks the chunk before those that are unpacked.
    fn read_one(&mut self, txn: &WriteTransaction, sid: Sid) -> Result<()> {
        self.unread -= 1;
        let table = txn.open_table(CLAIMS)?;
        let rows = table
            .get((sid.0, self.unread))?
            .map(|bytes| decode(bytes.value()));
        let chunk = Chunk {
            rows: rows.transpose()?.unwrap_or_default(),
            changed: false,
        };
        self.rows.insert(self.unread, chunk);
        Ok(())
    }

    /// The claims on a key.
    fn find(&mut self, txn: &WriteTransaction, sid: Sid, hash: u64) -> Result<Vec<Claim>> {
        self.reach(txn, sid, hash)?;
        let rows = self.rows.values().flat_map(|chunk| &chunk.rows);
        Ok(rows.filter(|row| row.key == hash).cloned().collect())
    }

    /// Unpacks back to the first claim on this key: the one with variant 0.
    fn reach(&mut self, txn: &WriteTransaction, sid: Sid, hash: u64) -> Result<()> {
        let first = |chunk: &Chunk| {
            chunk
                .rows
                .iter()
                .any(|row| row.key == hash && row.variant == 0)
        };
        if self.rows.values().any(first) {
            return Ok(());
        }
        while self.unread > 0 {
            self.read_one(txn, sid)?;
            if self.rows.get(&self.unread).is_some_and(first) {
                break;
            }
        }
        Ok(())
    }

    fn replace(
        &mut self,
        txn: &WriteTransaction,
        sid: Sid,
        hash: u64,
        claims: Vec<Claim>,
    ) -> Result<()> {
        self.reach(txn, sid, hash)?;
        let keyed = |claim: Claim| (claim.variant, Claim { key: hash, ..claim });
        let mut claims: HashMap<u16, Claim> = claims.into_iter().map(keyed).collect();
        for chunk in self.rows.values_mut() {
            chunk.rows.retain_mut(|row| {
                if row.key != hash {
                    return true;
                }
                match claims.remove(&row.variant) {
                    Some(claim) => {
                        if *row != claim {
                            (*row, chunk.changed) = (claim, true);
                        }
                        true
                    }
                    None => {
                        chunk.changed = true;
                        false
                    }
                }
            });
        }
        let mut left: Vec<Claim> = claims.into_values().collect();
        left.sort_by_key(|claim| claim.variant);
        left.into_iter()
            .try_for_each(|claim| self.push(txn, sid, hash, claim))
    }

    /// Adds a claim to the last chunk, or begins a new one.
    fn push(
        &mut self,
        txn: &WriteTransaction,
        sid: Sid,
        hash: u64,
        mut claim: Claim,
    ) -> Result<()> {
        claim.key = hash;
        if self.rows.is_empty() && self.unread > 0 {
            self.read_one(txn, sid)?;
        }
        let full = self
            .rows
            .last_entry()
            .is_none_or(|last| last.get().rows.len() >= CHUNK);
        if full {
            let next = self.rows.last_key_value().map_or(0, |(at, _)| at + 1);
            self.rows.insert(next, Chunk::default());
        }
        let mut last = self.rows.last_entry().expect("there is one now");
        last.get_mut().rows.push(claim);
        last.get_mut().changed = true;
        Ok(())
    }
}
