//! The oldest rollouts: one JSON document `{"session":{...},"items":[...]}`.

use super::reader::Reader;
use crate::agents::EventSink;
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::jsonl::Line;
use crate::model::{Checkpoint, IssueKind, ParseIssue, Source};
use std::io;

/// No document of those times comes near this.
const MOST: u64 = 64 << 20;

fields! {
    struct Document {
        session: "session",
        items: "items",
    }
}

/// Read whole, and whole again when it changed. Items count as lines, from 2 on.
pub(super) fn parse(source: &Source, sink: &mut dyn EventSink) -> io::Result<Checkpoint> {
    let start = Checkpoint::default();
    let issue = |kind, detail: &str| ParseIssue {
        path: source.path.display().to_string(),
        line: 0,
        kind,
        detail: detail.to_owned(),
    };
    if std::fs::metadata(&source.path)?.len() > MOST {
        sink.issue(issue(
            IssueKind::TooLong,
            "the document is over the limit and was not read",
        ));
        return Ok(start);
    }
    let bytes = std::fs::read(&source.path)?;
    let whole = String::from_utf8_lossy(&bytes);
    if matches!(whole, std::borrow::Cow::Owned(_)) {
        sink.issue(issue(
            IssueKind::InvalidUtf8,
            "bytes that are not UTF-8 were replaced",
        ));
    }
    let Ok(document) = serde_json::from_str::<Document>(whole.trim_start_matches('\u{feff}'))
    else {
        sink.issue(issue(
            IssueKind::BadRecord,
            "the document is not whole JSON",
        ));
        return Ok(start);
    };
    let mut reader = Reader::resume(source, &start, sink.wants());
    let items = document.items.map(Raw::items).unwrap_or_default();
    for (record, number) in document.session.into_iter().chain(items).zip(1..) {
        let text = record.as_json();
        let line = Line {
            text,
            offset: text.as_ptr() as u64 - whole.as_ptr() as u64,
            number,
            cut: false,
        };
        match reader.record(line, sink) {
            Ok(crate::agents::Flow::Go) => {}
            Ok(crate::agents::Flow::Stop) => break,
            Err(_) => sink.issue(ParseIssue {
                line: number,
                ..issue(
                    IssueKind::WrongShape,
                    "an item is not the object it should be",
                )
            }),
        }
    }
    Ok(start)
}
