//! Prompts typed while the agent was busy.
//!
//! Every queued prompt is told two or three times: as it enters the queue, as it leaves, and as the
//! record that hands it over (a user record or an attachment). The record is the prompt. Only one
//! that has left the queue without a record is given from the queue line, and not before the agent
//! has gone on to answer twice. What still waits at the end of the file is given to who asks for it
//! (`Wants::waiting`): it is counted and indexed when it is handed over.

use super::record::Record;
use super::state::{Queued, State};
use crate::agents::read::json::Raw;
use crate::agents::read::text::head;

/// Longer text in the queue is kept by its beginning.
const MAX_TEXT: usize = 64 << 10;
const ANSWERS: u8 = 2;

pub fn operation(record: &Record<'_>, at: Option<i64>, offset: u64, state: &mut State) {
    let text = record.content.and_then(Raw::text).unwrap_or_default();
    let text = head(text.trim(), MAX_TEXT);
    match record.operation.and_then(Raw::text).as_deref() {
        Some("enqueue") => state.queue(Queued {
            text: text.to_owned(),
            at,
            offset,
            taken: false,
            answers: 0,
        }),
        // the person took them back to edit them
        Some("popAll") => state.queued.clear(),
        Some("dequeue" | "remove" | "pop") => {
            if state.settled > 0 {
                state.settled -= 1;
                return;
            }
            let waiting =
                |queued: &&mut Queued| !queued.taken && (text.is_empty() || queued.text == text);
            if let Some(queued) = state.queued.iter_mut().find(waiting) {
                queued.taken = true;
            }
        }
        _ => {}
    }
}

/// A record hands over this text: one prompt of the queue, or several joined.
pub fn delivered(text: &str, state: &mut State) -> bool {
    let text = head(text.trim(), MAX_TEXT);
    let before = state.queued.len();
    if let Some(at) = state.queued.iter().position(|queued| queued.text == text) {
        // its way out of the queue may be told only after the record
        state.settled += u8::from(!state.queued[at].taken);
        state.queued.remove(at);
    }
    state
        .queued
        .retain(|queued| !queued.taken || queued.text.is_empty() || !text.contains(&queued.text));
    state.queued.len() < before
}

/// A record hands over a prompt: by its text, or else the one whose turn it is (images and pastes
/// make the two differ).
pub fn delivered_in_turn(text: &str, state: &mut State) {
    if delivered(text, state) {
        return;
    }
    if let Some(at) = state.queued.iter().position(|queued| queued.taken) {
        state.queued.remove(at);
    }
}

/// An answer was written; gives what left the queue and never came.
pub fn answered(state: &mut State) -> Vec<Queued> {
    if state.queued.is_empty() {
        return Vec::new();
    }
    for queued in state.queued.iter_mut().filter(|queued| queued.taken) {
        queued.answers += 1;
    }
    let all = std::mem::take(&mut state.queued);
    let (lost, waiting): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|queued| queued.answers >= ANSWERS);
    state.queued = waiting;
    lost.into_iter()
        .filter(|queued| !queued.text.is_empty())
        .collect()
}
