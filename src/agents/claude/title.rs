//! What a session is called, by the lines that say so.

use super::record::Record;
use super::state::State;
use crate::agents::read::json::Raw;
use crate::agents::read::text::{MAX_TITLE, one_line};
use crate::model::{Fact, TitleRank};
use std::borrow::Cow;

pub fn custom(raw: Option<Raw<'_>>) -> Option<Fact> {
    title(TitleRank::Custom, &raw?.text()?)
}

pub fn generated(raw: Option<Raw<'_>>) -> Option<Fact> {
    title(TitleRank::Generated, &raw?.text()?)
}

/// The name that an agent goes by among others.
pub fn name(raw: Option<Raw<'_>>) -> Option<Fact> {
    title(TitleRank::Summary, &raw?.text()?)
}

/// `/rename new name`, as the runtime records the command.
pub fn renamed(command: &str) -> Option<Fact> {
    title(TitleRank::Custom, command.strip_prefix("/rename ")?)
}

/// A recap of what happened while the person was away.
pub fn recap(content: &str) -> Option<Fact> {
    let text = content
        .trim()
        .trim_end_matches("(disable recaps in /config)");
    title(TitleRank::Summary, text)
}

/// A `summary` line, when it is about this session.
pub fn summary(record: &Record<'_>, state: &mut State) -> Option<Fact> {
    let text = record.summary?.filled().map(Cow::into_owned)?;
    let own = match record.leaf.and_then(Raw::filled) {
        Some(leaf) => state.pass_summary(&leaf, text)?,
        None => text,
    };
    title(TitleRank::Summary, &own)
}

/// A `summary` line whose record has not been seen here, and may be another session's: record and title.
pub fn of_another<'a>(record: &Record<'a>, state: &State) -> Option<(Cow<'a, str>, String)> {
    let leaf = record.leaf.and_then(Raw::filled)?;
    let title = one_line(&record.summary?.filled()?, MAX_TITLE);
    (!title.is_empty() && !state.has_seen(&leaf)).then_some((leaf, title))
}

pub fn title(rank: TitleRank, text: &str) -> Option<Fact> {
    let text = one_line(text, MAX_TITLE);
    (!text.is_empty()).then_some(Fact::Title { rank, text })
}
