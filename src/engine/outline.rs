//! One session from above: its prompts, its strip, its files, and where the next thing of a kind is.

use super::Engine;
use super::map::{Mark, SessionMap};
use super::view::*;
use crate::model::Sid;
use anyhow::{Context, Result};
use std::collections::HashMap;

impl Engine {
    pub(super) fn outline_of(&self, sid: Sid, query: &OutlineQuery) -> Result<Outline> {
        let catalog = self.catalog.get()?;
        let entry = catalog.get(sid).context("no such session")?;
        let map = self.map(entry)?;
        let turns = turns(&map);
        let limit = query.limit.max(1);
        let offset = match query.around {
            Some(seq) => {
                let behind = turns.partition_point(|turn| turn.seq <= seq);
                window(behind.saturating_sub(1), limit)
            }
            None => query.offset,
        };
        let total = turns.len();
        let mut turns: Vec<_> = turns.into_iter().skip(offset).take(limit).collect();
        let course = self.spend(sid)?;
        let amounts: HashMap<Option<u32>, &Amount> = course
            .turns
            .iter()
            .map(|turn| (turn.seq, &turn.amount))
            .collect();
        for turn in &mut turns {
            if let Some(amount) = amounts.get(&turn.prompt.then_some(turn.seq)) {
                turn.amount = (*amount).clone();
            }
        }
        Ok(Outline {
            strip: strip(&map.marks, STRETCHES),
            items: map.marks.len(),
            turns,
            offset,
            total,
        })
    }

    /// The next item of a kind behind this message (or before it); of all, when there is none.
    pub(super) fn next_landmark(
        &self,
        sid: Sid,
        landmark: &Landmark,
        from: Option<u32>,
        way: Way,
    ) -> Result<Option<u32>> {
        let catalog = self.catalog.get()?;
        let map = self.map(catalog.get(sid).context("no such session")?)?;
        let seqs: Vec<u32> = map.only(landmark).map(|mark| mark.seq).collect();
        Ok(step(&seqs, from, way))
    }

    pub(super) fn touched_files(&self, sid: Sid) -> Result<Vec<Touched>> {
        let catalog = self.catalog.get()?;
        let map = self.map(catalog.get(sid).context("no such session")?)?;
        let mut files: Vec<Touched> = map
            .files
            .iter()
            .map(|(path, edits)| {
                let marks: Vec<&Mark> = edits.iter().map(|at| &map.marks[*at as usize]).collect();
                Touched {
                    path: path.clone(),
                    edits: marks.len(),
                    failed: marks.iter().filter(|mark| mark.failed()).count(),
                    first: marks.first().map_or(0, |mark| mark.seq),
                    last: marks.last().map_or(0, |mark| mark.seq),
                }
            })
            .collect();
        files.sort_by_key(|file| file.first);
        Ok(files)
    }

    /// A file's edits, in order.
    pub(super) fn edits_of(
        &self,
        sid: Sid,
        path: &str,
        offset: usize,
        limit: usize,
    ) -> Result<MessagesPage> {
        let catalog = self.catalog.get()?;
        let entry = catalog.get(sid).context("no such session")?;
        let map = self.map(entry)?;
        let places = map.files.get(path).map(Vec::as_slice).unwrap_or_default();
        let shown = places.iter().skip(offset).take(limit);
        let marks: Vec<Mark> = shown.map(|at| map.marks[*at as usize]).collect();
        let end = offset.saturating_add(limit);
        Ok(MessagesPage {
            items: super::messages::items(self.pick(entry, &map, &marks)?),
            offset,
            total: places.len(),
            next: (end < places.len()).then_some(end),
            previous: (offset > 0).then(|| offset.min(places.len()).saturating_sub(limit)),
            from_archive: map.from_archive,
        })
    }
}

/// Where the window begins that a turn stands in. Windows overlap, so that turns before and behind any
/// one are in sight with it, and so that a step over an edge and back again is one change.
fn window(place: usize, limit: usize) -> usize {
    let half = limit.div_ceil(2);
    (place / half * half).saturating_sub(half / 2)
}

impl OutlineTurn {
    fn add(&mut self, mark: &Mark) {
        self.until = self.until.max(mark.at);
        self.items += 1;
        self.calls += u32::from(mark.is_call());
        self.errors += u32::from(mark.failed());
        self.edits += u32::from(mark.is_edit());
        self.compactions += u32::from(mark.compacted());
    }
}

/// From prompt to prompt. What comes before the first is a turn of its own when it holds work.
fn turns(map: &SessionMap) -> Vec<OutlineTurn> {
    let mut turns = Vec::with_capacity(map.prompts.len() + 1);
    let first = map
        .prompts
        .first()
        .map_or(map.marks.len(), |prompt| prompt.at as usize);
    let before = turn(&map.marks[..first], None);
    if before.calls > 0 || (map.prompts.is_empty() && before.items > 0) {
        turns.push(before);
    }
    for (n, prompt) in map.prompts.iter().enumerate() {
        let end = map
            .prompts
            .get(n + 1)
            .map_or(map.marks.len(), |next| next.at as usize);
        turns.push(turn(
            &map.marks[prompt.at as usize..end],
            Some(&prompt.text),
        ));
    }
    turns
}

fn turn(marks: &[Mark], prompt: Option<&str>) -> OutlineTurn {
    let mut turn = OutlineTurn {
        seq: marks.first().map_or(0, |mark| mark.seq),
        at: marks.first().and_then(|mark| mark.at),
        prompt: prompt.is_some(),
        text: prompt.unwrap_or_default().to_owned(),
        ..OutlineTurn::default()
    };
    marks.iter().for_each(|mark| turn.add(mark));
    turn
}

fn strip(marks: &[Mark], most: usize) -> Vec<Stretch> {
    let length = marks.len().div_ceil(most).max(1);
    let note = |marked: &mut Marked, seq: u32| {
        if marked.count == 0 {
            marked.first = seq;
        }
        marked.count += 1;
    };
    marks
        .chunks(length)
        .map(|marks| {
            let mut stretch = Stretch {
                seq: marks[0].seq,
                items: marks.len() as u32,
                ..Stretch::default()
            };
            for mark in marks {
                for (is, kind) in [
                    (mark.is_prompt(), &mut stretch.prompts),
                    (mark.failed(), &mut stretch.errors),
                    (mark.is_edit(), &mut stretch.edits),
                    (mark.compacted(), &mut stretch.compactions),
                ] {
                    if is {
                        note(kind, mark.seq);
                    }
                }
            }
            stretch
        })
        .collect()
}
