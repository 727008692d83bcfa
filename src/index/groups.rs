//! Matching messages by session: how many, and the best few.

use tantivy::DocAddress;

/// Messages kept per session.
pub(super) const BEST: usize = 3;

#[derive(Clone, Copy, Debug)]
pub(super) struct Best {
    /// Greater is better; by the sort of the request.
    pub key: i64,
    pub address: DocAddress,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    pub sid: u32,
    pub count: u32,
    best: [Best; BEST],
}

impl Group {
    /// Best first.
    pub fn best(&self) -> &[Best] {
        &self.best[..BEST.min(self.count as usize)]
    }

    #[inline]
    fn add(&mut self, new: Best) {
        let held = BEST.min(self.count as usize);
        self.count += 1;
        self.hold(held, new);
    }

    /// Puts `new` in its place among the `held` best.
    #[inline]
    fn hold(&mut self, held: usize, new: Best) {
        if held == BEST && new.key <= self.best[BEST - 1].key {
            return;
        }
        let mut at = held.min(BEST - 1);
        while at > 0 && self.best[at - 1].key < new.key {
            self.best[at] = self.best[at - 1];
            at -= 1;
        }
        self.best[at] = new;
    }
}

const EMPTY: Best = Best {
    key: i64::MIN,
    address: DocAddress {
        segment_ord: 0,
        doc_id: 0,
    },
};

/// Sessions are dense numbers, and the documents of one mostly neighbours: no hashing.
pub(super) struct Groups {
    /// Place in `list` plus one, by sid.
    slots: Vec<u32>,
    pub list: Vec<Group>,
}

impl Groups {
    pub fn new(sids: usize) -> Groups {
        Groups {
            slots: vec![0; sids],
            list: Vec::new(),
        }
    }

    #[inline]
    pub fn add(&mut self, sid: u32, best: Best) {
        self.group(sid).add(best);
    }

    #[inline]
    fn group(&mut self, sid: u32) -> &mut Group {
        let slot = &mut self.slots[sid as usize];
        if *slot == 0 {
            self.list.push(Group {
                sid,
                count: 0,
                best: [EMPTY; BEST],
            });
            *slot = self.list.len() as u32;
        }
        &mut self.list[*slot as usize - 1]
    }

    pub fn absorb(&mut self, other: Groups) {
        for theirs in other.list {
            let mine = self.group(theirs.sid);
            for (i, best) in theirs.best().iter().enumerate() {
                let held = BEST.min(mine.count as usize + i);
                mine.hold(held, *best);
            }
            mine.count += theirs.count;
        }
    }

    /// The page `offset..offset + limit` of the sessions by `rank`, greatest first; equal ranks in
    /// order of sid, so that pages do not overlap.
    pub fn page<R: PartialOrd>(
        mut self,
        offset: usize,
        limit: usize,
        rank: impl Fn(&Group) -> R,
    ) -> Vec<Group> {
        let order = |a: &(R, Group), b: &(R, Group)| {
            let by_rank = b.0.partial_cmp(&a.0).unwrap_or(std::cmp::Ordering::Equal);
            by_rank.then(a.1.sid.cmp(&b.1.sid))
        };
        let mut ranked: Vec<_> = self.list.drain(..).map(|g| (rank(&g), g)).collect();
        let end = offset.saturating_add(limit).min(ranked.len());
        if offset >= end {
            return Vec::new();
        }
        if end < ranked.len() {
            ranked.select_nth_unstable_by(end, order);
            ranked.truncate(end);
        }
        ranked.sort_unstable_by(order);
        ranked.drain(offset..).map(|(_, group)| group).collect()
    }
}
