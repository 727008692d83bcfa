//! From reads to durable state: index commit first, then one store transaction.

use super::Shared;
use super::scan::Scan;
use super::sink::{SessionRead, SourceRead};
use crate::index::RoleSet;
use crate::model::*;
use crate::rollup::{LocalDays, merge_files, usage};
use crate::store::{Pass, SourceRow, Writer};
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering;
use xxhash_rust::xxh3::xxh3_64;

/// What an index commit carries, so that a crash before the store's commit can be undone.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Payload {
    pub store_id: u64,
    pub batch: u64,
    /// Session, first new document, which pass: `p`rose, `r`est, `a`ll.
    pub touched: Vec<(u32, u32, char)>,
}

impl Payload {
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("plain data serialises")
    }
    pub fn parse(text: &str) -> Option<Payload> {
        serde_json::from_str(text).ok()
    }
}

pub fn role_letter(roles: RoleSet) -> char {
    match roles {
        RoleSet::Prose => 'p',
        RoleSet::Rest => 'r',
        RoleSet::All => 'a',
    }
}

/// Makes a batch of reads durable; returns the number of documents it carried.
pub fn commit(shared: &Shared, reads: Vec<SourceRead>) -> Result<u64> {
    if reads.is_empty() {
        return Ok(0);
    }
    let indexed = reads.iter().any(|read| read.purpose.documents.is_some());
    let (mut touched, mut documents) = (Vec::new(), 0);
    for read in &reads {
        let Some(roles) = read.purpose.documents else {
            continue;
        };
        for session in &read.sessions {
            documents += session.documents;
            if let (Some(sid), Some(first)) = (session.sid, session.first_document) {
                touched.push((
                    sid.0,
                    if read.from_start { 0 } else { first },
                    role_letter(roles),
                ));
            }
        }
    }
    let before = shared.batch.load(Ordering::Relaxed);
    if indexed
        && (!touched.is_empty() || reads.iter().any(|read| read.from_start && read.row.indexed))
    {
        let payload = Payload {
            store_id: shared.store.read()?.store_id()?,
            batch: before + 1,
            touched,
        };
        shared.index.commit(&payload.to_text())?;
        shared.batch.store(before + 1, Ordering::Relaxed);
    }
    let mut batch = Batch::new(shared, shared.store.write()?);
    for read in reads {
        batch.source(read)?;
    }
    let generation = batch.finish(shared.batch.load(Ordering::Relaxed))?;
    shared
        .status
        .update(|status| status.generation = generation);
    Ok(documents)
}

/// Writes what a scan found out without reading.
pub fn apply_scan(shared: &Shared, scan: &Scan) -> Result<()> {
    let reader = shared.store.read()?;
    let mut issues = Vec::new();
    for (key, met) in &scan.issues {
        if reader.issues_of(key)? != *met {
            issues.push((key, met));
        }
    }
    drop(reader);
    if scan.rows.is_empty() && scan.removed.is_empty() && issues.is_empty() {
        return Ok(());
    }
    let mut writer = shared.store.write()?;
    for (key, met) in issues {
        writer.put_issues(key, met)?;
        for issue in met {
            tracing::warn!("cannot list {}: {}", issue.path, issue.detail);
        }
    }
    for path in &scan.removed {
        writer.remove_source(path)?;
    }
    let moved = scan
        .work
        .iter()
        .filter(|row| !row.sids.is_empty() && !row.shadowed);
    for row in scan.rows.iter().chain(moved) {
        writer.put_source(row)?;
        for sid in &row.sids {
            let Some(mut session) = writer.session(Sid(*sid))? else {
                continue;
            };
            let held = session.path == row.path || scan.removed.contains(&session.path);
            if held && (session.gone != row.gone || session.path != row.path) {
                session.gone = row.gone;
                session.path = row.path.clone();
                writer.put_session(Sid(*sid), &session)?;
            }
        }
    }
    let generation = writer.commit()?;
    shared
        .status
        .update(|status| status.generation = generation);
    Ok(())
}

#[derive(Clone, Copy)]
enum Change {
    Add,
    TakeBack,
}

/// One store transaction in the making.
struct Batch<'s> {
    writer: Writer<'s>,
    clock: LocalDays,
    /// Day rows touched so far: written once, at the end.
    days: HashMap<Sid, BTreeMap<Day, DayStats>>,
    /// Responses of the days touched so far: the usage part of the day rows is told from them.
    responses: HashMap<(Sid, Day), Vec<Response>>,
}

impl<'s> Batch<'s> {
    fn new(shared: &Shared, writer: Writer<'s>) -> Batch<'s> {
        Batch {
            writer,
            clock: shared.days.clone(),
            days: HashMap::new(),
            responses: HashMap::new(),
        }
    }

    fn finish(mut self, batch: u64) -> Result<u64> {
        for ((sid, day), mut responses) in std::mem::take(&mut self.responses) {
            responses.sort_unstable();
            let usage = usage::buckets(&responses, &mut self.clock);
            self.days_of(sid)?.entry(day).or_default().usage = usage;
            self.writer.put_responses(sid, day, &responses)?;
        }
        for (sid, mut days) in std::mem::take(&mut self.days) {
            days.retain(|_, day| *day != DayStats::default());
            self.writer.put_days(sid, &days)?;
        }
        self.writer.put_batch(batch)?;
        self.writer.commit()
    }

    fn source(&mut self, read: SourceRead) -> Result<()> {
        let stored = self.writer.source(&read.row.path)?;
        let mut row = read.row;
        if let Some(stored) = stored {
            // another pass may have moved on meanwhile
            let SourceRow {
                meta,
                prose,
                rest,
                sids,
                indexed,
                ..
            } = stored;
            let reset = row.meta == Pass::default() && read.purpose.fold;
            if !reset {
                (row.meta, row.prose, row.rest) = (meta, prose, rest);
            }
            row.sids = sids;
            row.indexed |= indexed;
        }
        for (record, text) in &read.titles {
            super::titles::note(&mut self.writer, &row, *record, text)?;
        }
        // told anew without being asked to: rows were changed where they had been read
        let anew = read.from_start
            || read
                .sessions
                .iter()
                .any(|session| session.mode == SourceMode::Replace);
        for session in read.sessions {
            self.session(
                &mut row,
                session,
                read.purpose.fold,
                read.from_start,
                read.issues.len() as u32,
            )?;
        }
        let done = Pass {
            done: Some(row.fingerprint),
            checkpoint: Checkpoint::default(),
        };
        let pass = read.checkpoint.map_or(done, |checkpoint| Pass {
            done: Some(row.fingerprint),
            checkpoint,
        });
        if read.purpose.fold {
            row.meta = pass.clone();
        }
        match read.purpose.documents {
            None => {}
            Some(RoleSet::Prose) => row.prose = pass,
            Some(RoleSet::Rest) => row.rest = pass,
            Some(RoleSet::All) => (row.prose, row.rest) = (pass.clone(), pass),
        }
        row.indexed |= read.purpose.documents.is_some();
        if row.rank == Rank::Secondary && read.purpose.documents.is_some() {
            (row.prose.done, row.rest.done) = (Some(row.fingerprint), Some(row.fingerprint));
        }
        if read.purpose.fold {
            let mut issues = if anew {
                Vec::new()
            } else {
                self.writer.issues(&row.path)?
            };
            // a torn tail is judged anew at every read
            issues.retain(|issue| issue.kind != IssueKind::TornTail);
            issues.extend(read.issues);
            self.writer.put_issues(&row.path, &issues)?;
        }
        self.writer.put_source(&row)
    }

    fn session(
        &mut self,
        row: &mut SourceRow,
        read: SessionRead,
        folded: bool,
        from_start: bool,
        issues: u32,
    ) -> Result<()> {
        if folded
            && read.note
                != (crate::store::Note {
                    source: row.path.clone(),
                    ..Default::default()
                })
        {
            self.writer.put_note(&read.key, read.note)?;
        }
        let (Some(fold), true) = (read.fold, folded) else {
            return Ok(());
        };
        let sid = self.writer.sid_for(&read.key)?;
        if !row.sids.contains(&sid.0) {
            row.sids.push(sid.0);
        }
        let fresh = from_start || read.mode == SourceMode::Replace;
        let mut summary = fold.summary;
        let known = self.writer.session(sid)?;
        if read.mode == SourceMode::StandIn && known.as_ref().is_some_and(|known| !known.stand_in) {
            return Ok(());
        }
        // what another file gave of it stands in the index: the pass that indexes this one takes it out
        row.indexed |= known.is_some_and(|known| known.path != row.path);
        summary.path = row.path.clone();
        summary.file_size = row.fingerprint.size;
        summary.gone = row.gone;
        summary.stand_in = read.mode == SourceMode::StandIn;
        summary.issues = if fresh {
            issues
        } else {
            summary.issues + issues
        };
        self.writer.put_session(sid, &summary)?;
        self.files(sid, fold.files, fresh)?;
        self.fold_days(sid, fold.days, fresh)?;
        self.responses(sid, fold.claims, fresh)?;
        if fresh {
            self.writer.clear_records(sid)?;
        }
        self.writer.add_records(sid, &fold.records)
    }

    /// A fold has the files that were named since the last one.
    fn files(&mut self, sid: Sid, new: Vec<FileCount>, fresh: bool) -> Result<()> {
        if fresh {
            return self.writer.put_files(sid, &new);
        }
        if new.is_empty() {
            return Ok(());
        }
        let mut files = self.writer.files(sid)?;
        merge_files(&mut files, &new);
        self.writer.put_files(sid, &files)
    }

    /// The counted part of the day rows is the fold's; the usage part is this batch's.
    fn fold_days(&mut self, sid: Sid, folded: BTreeMap<Day, DayStats>, fresh: bool) -> Result<()> {
        let current = self.days_of(sid)?;
        let mut usage: BTreeMap<Day, Vec<UsageBucket>> = current
            .iter_mut()
            .map(|(day, stats)| (*day, std::mem::take(&mut stats.usage)))
            .collect();
        if fresh {
            current.clear();
        }
        for (day, stats) in folded {
            current.insert(day, stats);
        }
        current.values_mut().for_each(|stats| stats.usage.clear());
        for (day, buckets) in std::mem::take(&mut usage) {
            if !buckets.is_empty() {
                current.entry(day).or_default().usage = buckets;
            }
        }
        Ok(())
    }

    fn days_of(&mut self, sid: Sid) -> Result<&mut BTreeMap<Day, DayStats>> {
        Ok(match self.days.entry(sid) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(self.writer.days(sid)?),
        })
    }

    /// Puts a session's claims in the place of its old ones (or behind them) and moves what the
    /// responses count to whom they belong now.
    fn responses(&mut self, sid: Sid, claims: Vec<Claim>, fresh: bool) -> Result<()> {
        let mut old: BTreeMap<u64, Vec<Claim>> = BTreeMap::new();
        if fresh {
            for claim in self.writer.take_claims(sid)? {
                old.entry(claim.key).or_default().push(claim);
            }
        }
        let mut new: Vec<(u64, Vec<Claim>)> = Vec::new();
        let mut places: HashMap<u64, usize> = HashMap::with_capacity(claims.len());
        for claim in claims {
            let hash = claim.key;
            let place = *places.entry(hash).or_insert(new.len());
            if place == new.len() {
                new.push((hash, Vec::new()));
            }
            new[place].1.push(claim);
        }
        for (hash, claims) in new {
            let mine = old.remove(&hash);
            self.response(sid, hash, mine, claims)?;
        }
        for (hash, claims) in old {
            self.response(sid, hash, Some(claims), Vec::new())?;
        }
        Ok(())
    }

    /// One response key: `taken` is what the session claimed of it before, where that is to go.
    fn response(
        &mut self,
        sid: Sid,
        hash: u64,
        taken: Option<Vec<Claim>>,
        new: Vec<Claim>,
    ) -> Result<()> {
        let mut before = self.writer.claims(hash)?;
        let mut mine: Vec<Claim> = Vec::new();
        if taken.is_none() {
            let held = before.iter().filter(|(owner, _)| *owner == sid);
            mine.extend(held.map(|(_, claim)| claim.clone()));
        }
        for claim in new {
            let mut held = mine.iter_mut().rev();
            match held.find(|held| usage::same_response(held, &claim)) {
                Some(held) => usage::merge(held, &claim),
                None => {
                    let variant = mine.len() as u16;
                    mine.push(Claim { variant, ..claim });
                }
            }
        }
        let others = before.iter().filter(|(owner, _)| *owner != sid);
        let mut after: Vec<(Sid, Claim)> = others.cloned().collect();
        after.extend(mine.iter().map(|claim| (sid, claim.clone())));
        before.extend(taken.into_iter().flatten().map(|claim| (sid, claim)));
        self.writer.put_claims(hash, sid, mine)?;
        self.count(hash, before, Change::TakeBack)?;
        self.count(hash, after, Change::Add)
    }

    /// Adds (or takes back) the responses behind these claims in their owners' days.
    fn count(&mut self, hash: u64, claims: Vec<(Sid, Claim)>, change: Change) -> Result<()> {
        if let [(sid, claim)] = claims.as_slice() {
            return self.count_one(*sid, Response::of(claim, hash), change);
        }
        let mut tied = Vec::with_capacity(claims.len());
        let mut owners = Vec::with_capacity(claims.len());
        for (sid, claim) in claims {
            tied.push((self.tie(sid)?, claim));
            owners.push(sid);
        }
        for response in usage::resolve(&tied) {
            let counted = Response::of(&response.claim, hash);
            self.count_one(owners[response.owner], counted, change)?;
        }
        Ok(())
    }

    fn count_one(&mut self, owner: Sid, response: Response, change: Change) -> Result<()> {
        let day = self.clock.at(response.at).0;
        let list = match self.responses.entry((owner, day)) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(self.writer.responses(owner, day)?),
        };
        match change {
            Change::Add => list.push(response),
            Change::TakeBack => {
                match list.iter().rposition(|known| *known == response) {
                    Some(place) => drop(list.swap_remove(place)),
                    // our own defect, and no reason never to read anything again
                    None => tracing::error!("a response of {} was not counted", owner.0),
                }
            }
        }
        Ok(())
    }

    /// Orders sessions with equal rights alike in every run, whatever their sids.
    fn tie(&self, sid: Sid) -> Result<u64> {
        let session = self.writer.session(sid)?;
        Ok(session.map_or(u64::from(sid.0), |session| {
            xxh3_64(session.key.to_string().as_bytes())
        }))
    }
}
