//! `/session/{id}/export.json`: a session whole.

use super::message::MessageRecord;
use super::session::SessionDetail;
use crate::engine::Engine;
use crate::model::Sid;
use anyhow::Context;
use std::io::Write;

/// Writes `{"session": ..., "messages": [...]}`: the session as `GET /api/session/{id}` has it, and every
/// message of every role in its order. Outputs of tools are messages of their own here (`role` is
/// `output`), since they come when they come.
///
/// # Errors
/// The session is not known, its source cannot be read, or the writer fails.
pub fn write(engine: &Engine, sid: Sid, out: &mut dyn Write) -> anyhow::Result<()> {
    let view = engine.session(sid)?.context("no such session")?;
    out.write_all(b"{\"session\":")?;
    serde_json::to_writer(&mut *out, &SessionDetail::new(&view, &engine.config().zone))?;
    out.write_all(b",\"messages\":[")?;
    let mut failed: Option<anyhow::Error> = None;
    let mut first = true;
    engine.each_message(sid, &mut |item| {
        let comma: &[u8] = if first { b"\n" } else { b",\n" };
        first = false;
        let written = out.write_all(comma).map_err(anyhow::Error::from);
        let written = written.and_then(|()| {
            Ok(serde_json::to_writer(
                &mut *out,
                &MessageRecord::from(&item),
            )?)
        });
        failed = written.err();
        failed.is_none()
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    out.write_all(b"\n]}\n")?;
    Ok(())
}
