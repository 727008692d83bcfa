//! Other settings: what was read under those before is brought under those of now.
//!
//! The store notes the zone and the helper patterns that it was told by, so that a change is found
//! whenever it was made. Helpers are judged again from their first prompts. Days need the files: what
//! responses used is moved at once, from the times that the store has, and prompts, messages and calls
//! follow as the metadata of every file is read again. Of sessions whose files are gone those stay on the
//! days of the zone before.

use super::Shared;
use crate::model::{Day, DayStats, HelperReason, Response, Sid};
use crate::rollup::{PATTERNS, usage};
use crate::store::{Pass, Reader, Told, Writer};
use anyhow::Result;
use std::collections::BTreeMap;

/// Cheap where nothing has changed: two looks into the store.
pub fn adjust(shared: &Shared) -> Result<()> {
    let reader = shared.store.read()?;
    let zone = &shared.config.zone_name;
    let rules = rules(&shared.config.helper_patterns);
    let (told_zone, told_rules) = (reader.setting(Told::Zone)?, reader.setting(Told::Helpers)?);
    if told_zone.as_ref() == Some(zone) && told_rules.as_ref() == Some(&rules) {
        return Ok(());
    }
    let mut writer = shared.store.write()?;
    if told_rules.as_ref() != Some(&rules) {
        judge(shared, &reader, &mut writer)?;
        writer.put_setting(Told::Helpers, &rules)?;
    }
    // a store of a build that did not note its zone is taken for one of this zone
    let moved = told_zone.is_some_and(|told| told != *zone);
    if moved {
        tracing::info!("days are those of {zone} now: reading all metadata again");
        move_days(shared, &reader, &mut writer)?;
        forget_metadata(&reader, &mut writer)?;
    }
    writer.put_setting(Told::Zone, zone)?;
    let generation = writer.commit()?;
    shared.status.update(|status| {
        status.generation = generation;
        status.listing_complete &= !moved;
    });
    Ok(())
}

/// Equal for equal rules, the built-in ones included: a build may bring others.
fn rules(own: &[String]) -> String {
    let built_in = PATTERNS.map(|(_, pattern)| pattern);
    let all = built_in.into_iter().chain(own.iter().map(String::as_str));
    let all: Vec<&str> = all.collect();
    format!(
        "{:016x}",
        xxhash_rust::xxh3::xxh3_64(all.join("\n").as_bytes())
    )
}

fn judge(shared: &Shared, reader: &Reader, writer: &mut Writer<'_>) -> Result<()> {
    for sid in (0..reader.next_sid()?).map(Sid) {
        let Some(mut session) = reader.bare_session(sid)? else {
            continue;
        };
        let scripted = session.helper == Some(HelperReason::Scripted);
        let helper = match session.is_sub_agent() {
            true => None,
            false => shared.rules.reason(&session, scripted),
        };
        if session.helper != helper {
            session.helper = helper;
            writer.put_session(sid, &session)?;
        }
    }
    Ok(())
}

fn move_days(shared: &Shared, reader: &Reader, writer: &mut Writer<'_>) -> Result<()> {
    let mut clock = shared.days.clone();
    for sid in (0..reader.next_sid()?).map(Sid) {
        let before = reader.responses_of(sid)?;
        let mut after: BTreeMap<Day, Vec<Response>> = BTreeMap::new();
        for day in before.keys() {
            after.insert(*day, Vec::new());
        }
        for response in before.into_values().flatten() {
            let day = clock.at(response.at).0;
            after.entry(day).or_default().push(response);
        }
        if after.is_empty() {
            continue;
        }
        let mut days = reader.days(sid)?;
        for (day, mut responses) in after {
            responses.sort_unstable();
            days.entry(day).or_default().usage = usage::buckets(&responses, &mut clock);
            writer.put_responses(sid, day, &responses)?;
        }
        days.retain(|_, day| *day != DayStats::default());
        writer.put_days(sid, &days)?;
    }
    Ok(())
}

fn forget_metadata(reader: &Reader, writer: &mut Writer<'_>) -> Result<()> {
    for mut row in reader.sources()? {
        if !row.gone {
            row.meta = Pass::default();
            writer.put_source(&row)?;
        }
    }
    Ok(())
}
