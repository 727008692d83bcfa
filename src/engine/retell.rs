//! A whole session, message by message, in bounded memory: for exports.

use super::Engine;
use super::messages::{item, restored};
use super::reading::{Consumer, run};
use super::view::*;
use crate::agents;
use crate::model::{Message, Sid, Wants};
use crate::rollup::uuid_hash;
use crate::transcript::{Markdown, Parts};
use anyhow::{Context, Result};
use std::io::{ErrorKind, Write};

/// Messages read from the index at a time.
const CHUNK: u32 = 512;

/// Takes a message and its time; `false`: no more is wanted.
type Each<'e> = &'e mut dyn FnMut(Message, Option<i64>) -> bool;

impl Engine {
    pub(super) fn retell(
        &self,
        sid: Sid,
        each: &mut dyn FnMut(TranscriptItem) -> bool,
    ) -> Result<()> {
        self.every_message(sid, &mut |message, at| {
            each(item(crate::transcript::Told {
                message,
                at,
                output: None,
            }))
        })
    }

    pub(super) fn markdown_of(
        &self,
        sid: Sid,
        options: ExportOptions,
        out: &mut dyn Write,
    ) -> Result<()> {
        let view = self.session(sid)?.context("no such session")?;
        let parts = Parts {
            tools: options.tools,
            thinking: options.thinking,
        };
        let mut markdown = Markdown::new(out, self.config().zone.clone(), parts);
        let name = match view.card.session.name().trim() {
            "" => "Untitled session",
            name => name,
        };
        markdown.head(name, &self.facts(&view))?;
        let mut failed = None;
        self.every_message(sid, &mut |message, at| {
            failed = markdown.message(&message, at).err();
            failed.is_none()
        })?;
        failed.map_or(Ok(()), |error| Err(error.into()))
    }

    fn facts(&self, view: &SessionView) -> Vec<(&'static str, String)> {
        let session = &view.card.session;
        let at = |at: Option<i64>| {
            let at = at.and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
            at.map(|at| at.to_zoned(self.config().zone.clone()))
                .map_or_else(String::new, |at| {
                    at.strftime("%Y-%m-%d %H:%M %Z").to_string()
                })
        };
        let code = |text: &str| match text {
            "" => String::new(),
            text => format!("`{}`", text.replace('`', "'")),
        };
        vec![
            ("Agent", view.card.agent.name.to_owned()),
            ("Project", code(&session.project)),
            ("Branch", session.branches.join(", ")),
            ("Model", session.models.join(", ")),
            ("Started", at(session.first_at)),
            ("Last message", at(session.last_at)),
            ("Session", code(&session.key.native)),
            (
                "Resume",
                view.resume.as_deref().map(code).unwrap_or_default(),
            ),
        ]
    }

    /// From the source, else from what the index keeps of it.
    fn every_message(&self, sid: Sid, each: Each<'_>) -> Result<()> {
        let catalog = self.catalog.get()?;
        let entry = catalog.get(sid).context("no such session")?;
        let reader = self.store.read()?;
        let source = reader.source_of(sid)?;
        let copied = reader.copied(sid)?;
        drop(reader);
        let Some(source) = source.filter(|source| !source.gone && !entry.summary.gone) else {
            return self.every_archived(sid, each);
        };
        let room = agents::room(source.agent.as_str()).context("no room reads this agent")?;
        let all = All {
            each: &mut |mut message, at| {
                message.copy |= !message.uuid.is_empty()
                    && copied.binary_search(&uuid_hash(&message.uuid)).is_ok();
                each(message, at)
            },
            enough: false,
        };
        let native = &entry.summary.key.native;
        match run(room, native, &self.config().zone, &source, all) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            done => {
                return done
                    .map(drop)
                    .with_context(|| format!("cannot read {}", source.source.path.display()));
            }
        }
        self.every_archived(sid, each)
    }

    fn every_archived(&self, sid: Sid, each: Each<'_>) -> Result<()> {
        let Some(index) = self.index.get() else {
            return Ok(());
        };
        let end = index
            .message_seqs(sid, None)?
            .last()
            .map_or(0, |(seq, _)| seq + 1);
        for from in (0..end).step_by(CHUNK as usize) {
            for stored in index.messages(sid, from..from.saturating_add(CHUNK), None)? {
                let at = stored.at;
                if !each(restored(stored), at) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

struct All<'e> {
    each: Each<'e>,
    enough: bool,
}

impl Consumer for All<'_> {
    const WANTS: Wants = Wants::PAGE;
    fn has_enough(&self) -> bool {
        self.enough
    }
    fn push(&mut self, message: Message, at: Option<i64>) {
        self.enough = !(self.each)(message, at);
    }
}
