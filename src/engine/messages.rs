//! The messages of one session, page by page.
//!
//! They come from the session's own file, read as far as the page needs; from the index when that
//! holds every message and the file is long, or when the agent has deleted the file. A long file that
//! the index does not hold whole is entered where its map knows a place before the page.

use super::Engine;
use super::catalog::Entry;
use super::map::{Mark, SessionMap};
use super::reading::{Consumer, Part, SHORT, run, run_part};
use super::view::*;
use crate::agents::Agent;
use crate::index::{SearchIndex, StoredMessage};
use crate::model::{Message, Role, SessionSummary, Sid, Wants};
use crate::rollup::uuid_hash;
use crate::store::SourceRef;
use crate::transcript::{Filter, Locator, Pager, Told};
use anyhow::{Context, Result};
use jiff::tz::TimeZone;
use std::sync::Arc;

/// Messages looked at before and behind a page from the index, to pair calls with outputs.
const AROUND: u32 = 256;
/// Items from the beginning of a long file to which it is read without a map.
const NEAR: usize = 400;

impl RoleFilter {
    fn passes(self) -> Filter {
        match self {
            RoleFilter::All => |_| true,
            RoleFilter::User => |m| m.role == Role::User && m.prompt.is_prompt(),
            RoleFilter::Assistant => |m| m.role == Role::Assistant,
            RoleFilter::Tools => |m| matches!(m.role, Role::Tool | Role::Output),
        }
    }

    /// Total as the summary knows it: exact but for outputs without a call and copied records.
    fn total(self, s: &SessionSummary) -> usize {
        let total = match self {
            RoleFilter::All => s.all_messages.saturating_sub(s.tool_calls),
            RoleFilter::User => s.prompts,
            RoleFilter::Assistant => s.assistant_messages,
            RoleFilter::Tools => s.tool_calls,
        };
        total as usize
    }
}

impl Engine {
    pub(super) fn page_of_messages(&self, sid: Sid, query: &MessagesQuery) -> Result<MessagesPage> {
        let catalog = self.catalog.get()?;
        let entry = catalog.get(sid).context("no such session")?;
        let query = MessagesQuery {
            limit: query.limit.max(1),
            ..query.clone()
        };
        if let Some(only) = &query.only {
            return self.page_of_landmarks(entry, only, &query);
        }
        let held = self.held(entry)?;
        let Some(source) = &held.source else {
            return self.page_of_archive(entry, &query);
        };
        if let Some(index) = held.index {
            return from_index(index, sid, &query);
        }
        let now = &source.source.fingerprint;
        if now.size > SHORT {
            let far = query.around.is_some() || query.offset > NEAR;
            let map = match self.maps.known(sid, now) {
                None if far => Some(self.map(entry)?),
                known => known,
            };
            if let Some(map) = map {
                let passing = map.filtered(query.filter).copied().collect();
                return self.page_of_marks(entry, &map, passing, &query);
            }
        }
        let room = held.room()?;
        let zone = self.config().zone.clone();
        match from_source(room, &zone, entry, source, &held.copied, &query) {
            // deleted since the last scan
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.page_of_archive(entry, &query)
            }
            page => page.with_context(|| format!("cannot read {}", source.source.path.display())),
        }
    }

    fn page_of_archive(&self, entry: &Arc<Entry>, query: &MessagesQuery) -> Result<MessagesPage> {
        let mut page = match self.index.get() {
            Some(index) => from_index(index, entry.sid, query)?,
            None => MessagesPage {
                total: query.filter.total(&entry.summary),
                ..MessagesPage::default()
            },
        };
        page.from_archive = true;
        Ok(page)
    }

    /// The calls, prompts or notices of one kind, as the map says.
    fn page_of_landmarks(
        &self,
        entry: &Arc<Entry>,
        only: &Landmark,
        query: &MessagesQuery,
    ) -> Result<MessagesPage> {
        let map = self.map(entry)?;
        let passing = map.only(only).copied().collect();
        self.page_of_marks(entry, &map, passing, query)
    }

    fn page_of_marks(
        &self,
        entry: &Arc<Entry>,
        map: &SessionMap,
        passing: Vec<Mark>,
        query: &MessagesQuery,
    ) -> Result<MessagesPage> {
        let offset = match query.around {
            Some(seq) => {
                let of_output = passing.iter().position(|mark| mark.output == seq);
                let before = || {
                    let behind = passing.partition_point(|mark| mark.seq <= seq);
                    behind.saturating_sub(1)
                };
                of_output.unwrap_or_else(before) / query.limit * query.limit
            }
            None => query.offset,
        };
        let shown = passing.iter().skip(offset).take(query.limit);
        let told = self.pick(entry, map, &shown.copied().collect::<Vec<_>>())?;
        let more = offset.saturating_add(query.limit) < passing.len();
        let mut page = page(told, offset, passing.len(), query.limit, more);
        page.from_archive = map.from_archive;
        Ok(page)
    }

    /// Some messages of a session, each call with its output, wherever they lie.
    pub(super) fn pick(
        &self,
        entry: &Arc<Entry>,
        map: &SessionMap,
        marks: &[Mark],
    ) -> Result<Vec<Told>> {
        let mut wanted: Vec<u32> = marks.iter().flat_map(|mark| mark.seqs()).collect();
        wanted.sort_unstable();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let held = self.held(entry)?;
        let from_source = || -> std::io::Result<Option<Vec<Told>>> {
            let (Some(source), None) = (&held.source, held.index) else {
                return Ok(None);
            };
            let Ok(room) = held.room() else {
                return Ok(None);
            };
            let native = &entry.summary.key.native;
            let zone = self.config().zone.clone();
            let mut pager = Pager::new(|_| true, 0, usize::MAX / 2, true);
            for (from, wanted) in map.runs(&wanted) {
                let picker = Picker {
                    wanted,
                    passed: false,
                    pager,
                };
                let (picker, _) = run_part(room, native, &zone, source, &Part::from(from), picker)?;
                pager = picker.pager;
            }
            Ok(Some(pager.into_page()))
        };
        let mut told = match from_source() {
            Ok(Some(told)) => told,
            Ok(None) => picked_from(self.index.get(), entry.sid, &wanted)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                picked_from(self.index.get(), entry.sid, &wanted)?
            }
            Err(error) => return Err(error.into()),
        };
        mark_copies(&mut told, &held.copied);
        Ok(told)
    }
}

fn picked_from(index: Option<&Arc<SearchIndex>>, sid: Sid, wanted: &[u32]) -> Result<Vec<Told>> {
    let Some(index) = index else {
        return Ok(Vec::new());
    };
    let mut pager = Pager::new(|_| true, 0, usize::MAX / 2, true);
    for message in index.messages_at(sid, wanted)? {
        let at = message.at;
        pager.push(restored(message), at);
    }
    Ok(pager.into_page())
}

/// Keeps the messages of these ordinals, which are sorted.
struct Picker<'w> {
    wanted: &'w [u32],
    passed: bool,
    pager: Pager,
}

impl Consumer for Picker<'_> {
    const WANTS: Wants = Wants::PAGE;
    fn has_enough(&self) -> bool {
        self.passed
    }
    fn push(&mut self, message: Message, at: Option<i64>) {
        self.passed = self.wanted.last().is_none_or(|last| message.seq >= *last);
        if self.wanted.binary_search(&message.seq).is_ok() {
            self.pager.push(message, at);
        }
    }
}

impl Consumer for Pager {
    const WANTS: Wants = Wants::PAGE;
    fn has_enough(&self) -> bool {
        self.is_full()
    }
    fn push(&mut self, message: Message, at: Option<i64>) {
        Pager::push(self, message, at);
    }
}

impl Consumer for Locator {
    const WANTS: Wants = Wants::META;
    fn has_enough(&self) -> bool {
        self.found().is_some()
    }
    fn push(&mut self, message: Message, _at: Option<i64>) {
        Locator::push(self, &message);
    }
}

fn from_source(
    room: &dyn Agent,
    zone: &TimeZone,
    entry: &Entry,
    source: &SourceRef,
    copied: &[u64],
    query: &MessagesQuery,
) -> std::io::Result<MessagesPage> {
    let filter = query.filter.passes();
    let native = &entry.summary.key.native;
    let offset = match query.around {
        Some(seq) => {
            let (locator, _) = run(room, native, zone, source, Locator::new(filter, seq))?;
            locator.last() / query.limit * query.limit
        }
        None => query.offset,
    };
    let short = source.source.fingerprint.size <= SHORT;
    let pager = Pager::new(filter, offset, query.limit, short);
    let (pager, ended) = run(room, native, zone, source, pager)?;
    let passed = pager.passed();
    let total = match ended {
        true => passed,
        false => query.filter.total(&entry.summary).max(passed),
    };
    let mut told = pager.into_page();
    mark_copies(&mut told, copied);
    Ok(page(
        told,
        offset,
        total,
        query.limit,
        passed > offset + query.limit,
    ))
}

fn mark_copies(told: &mut [Told], copied: &[u64]) {
    for message in told.iter_mut().map(|told| &mut told.message) {
        message.copy |=
            !message.uuid.is_empty() && copied.binary_search(&uuid_hash(&message.uuid)).is_ok();
    }
}

fn from_index(index: &SearchIndex, sid: Sid, query: &MessagesQuery) -> Result<MessagesPage> {
    if query.filter == RoleFilter::User {
        return prompts_from_index(index, sid, query);
    }
    let roles: Option<&[Role]> = match query.filter {
        RoleFilter::All | RoleFilter::User => None,
        RoleFilter::Assistant => Some(&[Role::Assistant]),
        RoleFilter::Tools => Some(&[Role::Tool, Role::Output]),
    };
    let mut seqs = index.message_seqs(sid, roles)?;
    seqs.retain(|(_, role)| *role != Role::Output);
    let total = seqs.len();
    let offset = match query.around {
        Some(seq) => {
            let behind = seqs.partition_point(|(known, _)| *known <= seq);
            behind.saturating_sub(1) / query.limit * query.limit
        }
        None => query.offset,
    };
    let end = offset.saturating_add(query.limit).min(total);
    let Some(wanted) = seqs.get(offset..end).filter(|wanted| !wanted.is_empty()) else {
        return Ok(page(Vec::new(), offset, total, query.limit, false));
    };
    // up to the next item, so that an output without a call shows in its place
    let first = if offset == 0 { 0 } else { wanted[0].0 };
    let last = match seqs.get(end) {
        Some((next, _)) => next - 1,
        None => u32::MAX - AROUND - 1,
    };
    let stored = index.messages(sid, first.saturating_sub(AROUND)..last + AROUND + 1, roles)?;
    let mut pager = Pager::new(|_| true, 0, usize::MAX / 2, true);
    for message in stored {
        let pairs_only = (message.seq < first && message.role == Role::Tool)
            || (message.seq > last && message.role == Role::Output);
        if pairs_only || (first..=last).contains(&message.seq) {
            let at = message.at;
            pager.push(restored(message), at);
        }
    }
    let mut told = pager.into_page();
    told.retain(|told| (first..=last).contains(&told.message.seq));
    Ok(page(told, offset, total, query.limit, end < total))
}

/// Which user messages are prompts is known from their documents only; they are few and short.
fn prompts_from_index(
    index: &SearchIndex,
    sid: Sid,
    query: &MessagesQuery,
) -> Result<MessagesPage> {
    let mut prompts = index.messages(sid, 0..u32::MAX, Some(&[Role::User]))?;
    prompts.retain(|message| message.meta.prompt.is_prompt());
    let total = prompts.len();
    let offset = match query.around {
        Some(seq) => {
            let behind = prompts.partition_point(|message| message.seq <= seq);
            behind.saturating_sub(1) / query.limit * query.limit
        }
        None => query.offset,
    };
    let told = prompts.into_iter().skip(offset).take(query.limit);
    let told = told.map(|message| Told {
        at: message.at,
        message: restored(message),
        output: None,
    });
    let more = offset.saturating_add(query.limit) < total;
    Ok(page(told.collect(), offset, total, query.limit, more))
}

pub(super) fn restored(stored: StoredMessage) -> Message {
    let meta = stored.meta;
    Message {
        seq: stored.seq,
        uuid: meta.uuid,
        role: stored.role,
        prompt: meta.prompt,
        text: stored.text,
        format: meta.format,
        bytes: meta.bytes,
        cut: meta.cut,
        tool: meta.tool.map(Box::new),
        model: (!stored.model.is_empty()).then_some(stored.model),
        copy: false,
        sidechain: meta.sidechain,
        images: meta.images,
    }
}

fn page(told: Vec<Told>, offset: usize, total: usize, limit: usize, more: bool) -> MessagesPage {
    MessagesPage {
        items: items(told),
        offset,
        total,
        next: more.then(|| offset + limit),
        previous: (offset > 0).then(|| offset.min(total).saturating_sub(limit)),
        from_archive: false,
    }
}

pub(super) fn items(told: Vec<Told>) -> Vec<TranscriptItem> {
    told.into_iter().map(item).collect()
}

pub(super) fn item(told: Told) -> TranscriptItem {
    let m = told.message;
    TranscriptItem {
        seq: m.seq,
        uuid: m.uuid,
        role: m.role,
        prompt: m.prompt,
        at: told.at,
        model: m.model,
        text: m.text,
        format: m.format,
        bytes: m.bytes,
        cut: m.cut,
        copy: m.copy,
        sidechain: m.sidechain,
        images: m.images,
        tool: m.tool.map(|tool| *tool),
        output: told.output.map(|output| Box::new(item(*output))),
    }
}

#[cfg(test)]
#[path = "messages_tests.rs"]
mod tests;
