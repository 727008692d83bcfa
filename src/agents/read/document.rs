//! Whole JSON documents: files that their agents write anew each time.

use super::json;
use crate::agents::EventSink;
use crate::model::{IssueKind, ParseIssue};
use std::io;
use std::path::Path;

/// A larger document is not read.
pub const MOST: u64 = 256 << 20;

/// Reads `path` as JSON text that parses: BOM and NULs off, invalid UTF-8 and lone surrogates
/// replaced. `None` when it is no JSON, which is said to the sink.
///
/// # Errors
/// The file cannot be read.
pub fn read(path: &Path, sink: &mut dyn EventSink) -> io::Result<Option<String>> {
    let issue = |kind, detail: &str| ParseIssue {
        path: path.display().to_string(),
        line: 0,
        kind,
        detail: detail.to_owned(),
    };
    if std::fs::metadata(path)?.len() > MOST {
        sink.issue(issue(
            IssueKind::TooLong,
            "the document is over the limit and was not read",
        ));
        return Ok(None);
    }
    let bytes = std::fs::read(path)?;
    if bytes
        .iter()
        .all(|byte| byte.is_ascii_whitespace() || *byte == 0)
    {
        // a document in the making, or one that a crash left empty
        if !bytes.is_empty() {
            sink.issue(issue(IssueKind::NulBytes, "the document is blank"));
        }
        return Ok(None);
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let detail = "bytes that are not UTF-8 were replaced";
            sink.issue(issue(IssueKind::InvalidUtf8, detail));
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        }
    };
    let trimmed = text
        .trim_start_matches('\u{feff}')
        .trim_matches('\0')
        .trim();
    if json::Raw::parse(trimmed).is_err() {
        let detail = "the document is not whole JSON";
        sink.issue(issue(IssueKind::BadRecord, detail));
        return Ok(None);
    }
    Ok(Some(match trimmed.len() == text.len() {
        true => text,
        false => trimmed.to_owned(),
    }))
}

/// Reads a small document beside a source (labels, workspace names); `None` for whatever reason.
pub fn beside(path: &Path) -> Option<String> {
    const SMALL: u64 = 4 << 20;
    let meta = std::fs::symlink_metadata(path).ok()?;
    if !meta.is_file() || meta.len() > SMALL {
        return None;
    }
    let text = String::from_utf8_lossy(&std::fs::read(path).ok()?).into_owned();
    let trimmed = text.trim_start_matches('\u{feff}').trim();
    json::Raw::parse(trimmed).ok()?;
    Some(trimmed.to_owned())
}
