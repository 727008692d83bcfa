//! One page of a stream of messages.

use super::Told;
use crate::model::{Message, Role};
use std::collections::HashMap;
use xxhash_rust::xxh3::xxh3_64;

/// Messages read behind a full page in search of outputs of its calls.
const LOOK_AHEAD: usize = 256;

/// Pairs outputs with their calls by call id; agents without ids print right behind the call.
#[derive(Clone, Debug, Default)]
pub struct Pairs {
    /// Hash of the call id -> ordinal of the call's item.
    calls: HashMap<u64, usize>,
    /// The message before was a call without id: its item.
    open: Option<usize>,
}

impl Pairs {
    /// Notes a message that is item number `item`.
    pub fn call(&mut self, message: &Message, item: usize) {
        self.open = None;
        if message.role != Role::Tool {
            return;
        }
        match id(message) {
            Some(id) => drop(self.calls.insert(id, item)),
            None => self.open = Some(item),
        }
    }

    /// The item whose call this is the output of.
    pub fn of_output(&mut self, message: &Message) -> Option<usize> {
        if message.role != Role::Output {
            return None;
        }
        match id(message) {
            Some(id) => self.calls.get(&id).copied(),
            None => self.open.take(),
        }
    }
}

fn id(message: &Message) -> Option<u64> {
    let tool = message.tool.as_ref()?;
    (!tool.call_id.is_empty()).then(|| xxh3_64(tool.call_id.as_bytes()))
}

/// Which messages are items of the page; outputs of calls never are.
pub type Filter = fn(&Message) -> bool;

/// Keeps the items `offset..offset + limit` of those that pass a filter.
pub struct Pager {
    filter: Filter,
    offset: usize,
    limit: usize,
    pairs: Pairs,
    /// All items so far, filtered or not.
    items: usize,
    /// Items that pass the filter so far.
    passed: usize,
    page: Vec<Told>,
    /// Item number of each of `page`.
    numbers: Vec<usize>,
    waiting: usize,
    behind: usize,
    /// Keep counting behind the page.
    to_the_end: bool,
}

impl Pager {
    /// `to_the_end`: count every item, so that [`passed`](Self::passed) is the exact total.
    pub fn new(filter: Filter, offset: usize, limit: usize, to_the_end: bool) -> Pager {
        Pager {
            filter,
            offset,
            limit,
            pairs: Pairs::default(),
            items: 0,
            passed: 0,
            page: Vec::new(),
            numbers: Vec::new(),
            waiting: 0,
            behind: 0,
            to_the_end,
        }
    }

    /// Nothing more can change the page, and nothing more is to be counted.
    pub fn is_full(&self) -> bool {
        let looking = self.waiting > 0 && self.behind < LOOK_AHEAD;
        !self.to_the_end && self.passed > self.offset + self.limit && !looking
    }

    pub fn push(&mut self, message: Message, at: Option<i64>) {
        if self.passed > self.offset + self.limit {
            self.behind += 1;
        }
        if let Some(item) = self.pairs.of_output(&message) {
            if let Ok(place) = self.numbers.binary_search(&item) {
                self.attach(
                    place,
                    Told {
                        message,
                        at,
                        output: None,
                    },
                );
            }
            return;
        }
        self.pairs.call(&message, self.items);
        self.items += 1;
        if !(self.filter)(&message) {
            return;
        }
        self.passed += 1;
        if self.passed > self.offset && self.page.len() < self.limit {
            self.waiting += usize::from(message.role == Role::Tool);
            self.numbers.push(self.items - 1);
            self.page.push(Told {
                message,
                at,
                output: None,
            });
        }
    }

    /// A call that prints several times has all of it in one output.
    fn attach(&mut self, place: usize, output: Told) {
        match &mut self.page[place].output {
            None => {
                self.waiting = self.waiting.saturating_sub(1);
                self.page[place].output = Some(Box::new(output));
            }
            Some(known) => {
                let more = output.message;
                known.message.text.push('\n');
                known.message.text.push_str(&more.text);
                known.message.bytes += more.bytes;
                known.message.cut |= more.cut;
                known.message.images += more.images;
                if let (Some(known), Some(more)) = (&mut known.message.tool, &more.tool) {
                    known.failed |= more.failed;
                }
            }
        }
    }

    /// Items that passed so far: the total, when everything was pushed.
    pub fn passed(&self) -> usize {
        self.passed
    }

    pub fn into_page(self) -> Vec<Told> {
        self.page
    }
}

/// Finds the ordinal, among the items that pass a filter, of the message `seq` (of its call, when
/// it is an output; of the next item, when it does not pass).
pub struct Locator {
    filter: Filter,
    seq: u32,
    pairs: Pairs,
    passed: usize,
    found: Option<usize>,
}

impl Locator {
    pub fn new(filter: Filter, seq: u32) -> Locator {
        Locator {
            filter,
            seq,
            pairs: Pairs::default(),
            passed: 0,
            found: None,
        }
    }

    pub fn push(&mut self, message: &Message) {
        if self.found.is_some() {
            return;
        }
        let output_of = self.pairs.of_output(message);
        if message.seq >= self.seq {
            self.found = Some(output_of.unwrap_or(self.passed));
            return;
        }
        if output_of.is_none() {
            // a call's number is its ordinal among the passing ones here
            self.pairs.call(message, self.passed);
            self.passed += usize::from((self.filter)(message));
        }
    }

    /// `None` until the message was seen.
    pub fn found(&self) -> Option<usize> {
        self.found
    }

    /// Where it would be when the stream has ended without it: the last item.
    pub fn last(&self) -> usize {
        self.found.unwrap_or(self.passed.saturating_sub(1))
    }
}

#[cfg(test)]
#[path = "pager_tests.rs"]
mod tests;
