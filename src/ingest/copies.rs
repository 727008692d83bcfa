//! Records that several sessions hold: resumed and forked transcripts begin with a copy of another one.
//!
//! Each record counts and is indexed once, for the session that it was written for. Which one that is
//! follows from the files alone, so that it does not matter in which order they were read:
//! a record that says itself that it is a copy yields to one that does not; a transcript that holds
//! nothing but what another one also holds was there first; else the one that went on first was.

use super::Shared;
use crate::model::{RecordRef, Sid};
use crate::store::{Reader, SourceRow};
use anyhow::Result;
use rayon::slice::ParallelSliceMut;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Finds what the sources at `paths`, just read from their beginning, share with other sessions, and
/// returns the sources that must be folded again because other records count for them now.
pub fn settle(shared: &Shared, paths: &[String]) -> Result<Vec<SourceRow>> {
    let reader = shared.store.read()?;
    let mut fresh: BTreeSet<Sid> = BTreeSet::new();
    for path in paths {
        if let Some(row) = reader.source(path)? {
            fresh.extend(row.sids.iter().map(|sid| Sid(*sid)));
        }
    }
    let involved = involved(&reader, fresh)?;
    if involved.is_empty() {
        return Ok(Vec::new());
    }
    let mut sessions = Vec::new();
    for sid in &involved {
        let gone = reader
            .bare_session(*sid)?
            .is_none_or(|session| session.gone);
        let key = reader
            .bare_session(*sid)?
            .map(|session| session.key.to_string())
            .unwrap_or_default();
        let before = if gone {
            reader.copied(*sid)?.into_iter().collect()
        } else {
            HashSet::new()
        };
        sessions.push(Held::new(*sid, key, gone, before, reader.records(*sid)?));
    }
    // one order whatever the sids
    sessions.sort_by(|a, b| a.key.cmp(&b.key));
    let copied = copied_records(&sessions);
    drop(reader);
    store(shared, &sessions, copied)
}

/// Remembers over a kill that folded sources were not settled yet.
pub fn unsettle(shared: &Shared, unsettled: bool) -> Result<()> {
    if shared.store.read()?.unsettled()? != unsettled {
        let mut writer = shared.store.write()?;
        writer.put_unsettled(unsettled)?;
        writer.commit()?;
    }
    Ok(())
}

/// Whether what a source grew by may be copies: a fork that is still being written, say. Only sessions
/// that share records already, or have none yet, are under this suspicion.
pub fn may_copy(reader: &Reader, row: &SourceRow) -> Result<bool> {
    for sid in &row.sids {
        if reader.shares(Sid(*sid))? || !reader.has_records(Sid(*sid))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Sessions that share a record with one of `fresh`, and what they share records with, and so on.
fn involved(reader: &Reader, fresh: BTreeSet<Sid>) -> Result<BTreeSet<Sid>> {
    let all = reader.next_sid()? as usize;
    let mut involved: BTreeSet<Sid> = BTreeSet::new();
    for sid in &fresh {
        if !reader.copied(*sid)?.is_empty() {
            involved.insert(*sid);
        }
    }
    let mut looked: BTreeSet<Sid> = BTreeSet::new();
    let mut asked = fresh;
    while !asked.is_empty() {
        let mut wanted: Option<HashSet<u64>> = None;
        // when most sessions are asked about, a filter costs more than it saves
        if asked.len() * 2 < all {
            let mut hashes = HashSet::new();
            for sid in &asked {
                hashes.extend(reader.records(*sid)?.into_iter().map(|record| record.hash));
            }
            wanted = Some(hashes);
        }
        let mut held: Vec<(u64, u32)> = Vec::new();
        reader.all_records(|sid, record| {
            if wanted
                .as_ref()
                .is_none_or(|hashes| hashes.contains(&record.hash))
            {
                held.push((record.hash, sid.0));
            }
        })?;
        held.par_sort_unstable();
        let mut found: BTreeSet<Sid> = BTreeSet::new();
        for shared in held.chunk_by(|a, b| a.0 == b.0) {
            if shared.first().map(|of| of.1) != shared.last().map(|of| of.1) {
                found.extend(shared.iter().map(|of| Sid(of.1)));
            }
        }
        drop(held);
        looked.extend(asked);
        involved.extend(&found);
        asked = if wanted.is_none() {
            BTreeSet::new()
        } else {
            found.difference(&looked).copied().collect()
        };
    }
    Ok(involved)
}

/// A session that shares records, with its records.
struct Held {
    sid: Sid,
    key: String,
    /// Its source is gone: what it owns it keeps, what it does not own it cannot take.
    gone: bool,
    disowned: HashSet<u64>,
    records: Vec<RecordRef>,
    marked: HashMap<u64, bool>,
}

impl Held {
    fn new(
        sid: Sid,
        key: String,
        gone: bool,
        disowned: HashSet<u64>,
        records: Vec<RecordRef>,
    ) -> Held {
        let marked = records
            .iter()
            .map(|record| (record.hash, record.marked))
            .collect();
        Held {
            sid,
            key,
            gone,
            disowned,
            records,
            marked,
        }
    }

    fn holds(&self, hash: u64) -> bool {
        self.marked.contains_key(&hash)
    }

    /// Time of the first record that `other` does not hold; `None` when it holds them all.
    fn went_on(&self, other: &Held) -> Option<i64> {
        let own = self
            .records
            .iter()
            .filter(|record| !other.holds(record.hash));
        own.map(|record| if record.at == 0 { i64::MAX } else { record.at })
            .min()
    }
}

/// Whether `a` was there before `b`, as far as their records tell (`a` wins a draw).
fn precedes(a: &Held, b: &Held) -> bool {
    match (a.went_on(b), b.went_on(a)) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(a), Some(b)) => a <= b,
    }
}

/// For each session the records that are others'.
fn copied_records(sessions: &[Held]) -> BTreeMap<Sid, Vec<u64>> {
    let mut holders: HashMap<u64, Vec<usize>> = HashMap::new();
    for (at, session) in sessions.iter().enumerate() {
        for hash in session.marked.keys() {
            holders.entry(*hash).or_default().push(at);
        }
    }
    let mut order: HashMap<(usize, usize), bool> = HashMap::new();
    let mut copied: BTreeMap<Sid, Vec<u64>> =
        sessions.iter().map(|s| (s.sid, Vec::new())).collect();
    for (hash, holders) in holders {
        if holders.len() < 2 {
            continue;
        }
        let mut owner: Option<usize> = None;
        for at in &holders {
            let candidate = &sessions[*at];
            if candidate.disowned.contains(&hash) {
                continue;
            }
            owner = Some(match owner {
                None => *at,
                Some(best) => {
                    let rank = |s: &Held| (!s.gone, s.marked[&hash]);
                    let better = match rank(candidate).cmp(&rank(&sessions[best])) {
                        std::cmp::Ordering::Less => true,
                        std::cmp::Ordering::Greater => false,
                        std::cmp::Ordering::Equal => !*order
                            .entry((best, *at))
                            .or_insert_with(|| precedes(&sessions[best], candidate)),
                    };
                    if better { *at } else { best }
                }
            });
        }
        for at in holders {
            if owner.is_some_and(|owner| owner != at) {
                copied
                    .get_mut(&sessions[at].sid)
                    .expect("filled above")
                    .push(hash);
            }
        }
    }
    copied
        .values_mut()
        .for_each(|hashes| hashes.sort_unstable());
    copied
}

/// Writes what changed; the sources concerned begin again.
fn store(
    shared: &Shared,
    sessions: &[Held],
    copied: BTreeMap<Sid, Vec<u64>>,
) -> Result<Vec<SourceRow>> {
    let mut writer = shared.store.write()?;
    let mut again: BTreeMap<String, SourceRow> = BTreeMap::new();
    for session in sessions.iter().filter(|session| !session.gone) {
        if !writer.put_copied(session.sid, &copied[&session.sid])? {
            continue;
        }
        let Some(summary) = writer.session(session.sid)? else {
            continue;
        };
        if let Some(mut row) = writer.source(&summary.path)? {
            row.reset();
            writer.put_source(&row)?;
            again.insert(row.path.clone(), row);
        }
    }
    writer.commit()?;
    Ok(again.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(sid: u32, key: &str, records: &[(u64, i64)]) -> Held {
        let records = records
            .iter()
            .map(|(hash, at)| RecordRef {
                hash: *hash,
                at: *at,
                marked: false,
            })
            .collect();
        Held::new(Sid(sid), key.into(), false, HashSet::new(), records)
    }

    fn owners(mut sessions: Vec<Held>) -> BTreeMap<Sid, Vec<u64>> {
        sessions.sort_by(|a, b| a.key.cmp(&b.key));
        copied_records(&sessions)
    }

    #[test]
    fn a_resumed_transcript_that_ended_was_there_first() {
        let found = owners(vec![
            held(1, "z", &[(1, 10), (2, 20)]),
            held(2, "a", &[(1, 10), (2, 20), (3, 90)]),
        ]);
        assert_eq!(
            found,
            BTreeMap::from([(Sid(1), vec![]), (Sid(2), vec![1, 2])])
        );
    }

    #[test]
    fn of_two_that_went_on_the_earlier_is_the_original() {
        let found = owners(vec![
            held(1, "z", &[(1, 10), (2, 30)]),
            held(2, "a", &[(1, 10), (3, 90)]),
        ]);
        assert_eq!(found, BTreeMap::from([(Sid(1), vec![]), (Sid(2), vec![1])]));
    }

    #[test]
    fn a_chain_of_resumptions_keeps_each_part_where_it_was_written() {
        let found = owners(vec![
            held(1, "c", &[(1, 10), (2, 20), (3, 30)]),
            held(2, "b", &[(1, 10), (2, 20)]),
            held(3, "a", &[(1, 10)]),
        ]);
        assert_eq!(
            found,
            BTreeMap::from([(Sid(1), vec![1, 2]), (Sid(2), vec![1]), (Sid(3), vec![])])
        );
    }

    #[test]
    fn a_marked_copy_yields_and_a_gone_session_keeps_what_it_has() {
        let mut marked = held(1, "a", &[(1, 10), (2, 11)]);
        marked.marked.insert(1, true);
        let found = owners(vec![marked, held(2, "b", &[(1, 10), (3, 90)])]);
        assert_eq!(found[&Sid(1)], [1]);
        let mut gone = held(1, "z", &[(1, 10), (9, 99)]);
        gone.gone = true;
        let found = owners(vec![gone, held(2, "a", &[(1, 10), (3, 20)])]);
        assert_eq!(
            (found[&Sid(1)].len(), found[&Sid(2)].as_slice()),
            (0, &[1][..])
        );
    }
}
