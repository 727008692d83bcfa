//! Files that are one JSON document, or anything else that is read whole.

use super::json::Raw;
use super::{salvage, tell, text};
use crate::agents::{EventSink, Flow};
use crate::model::IssueKind;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Of a longer file the beginning is read.
pub const MOST: u64 = 256 << 20;
/// A small file beside a transcript (a title, a project) that is longer than this is not one.
const SMALL: u64 = 4 << 20;

/// The text of a file, whatever its encoding; what was lost is an issue. `None` when the sink stopped
/// the read.
///
/// # Errors
/// The file cannot be opened or read.
pub fn text(path: &Path, sink: &mut dyn EventSink) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let size = File::open(path)?.take(MOST + 1).read_to_end(&mut bytes)? as u64;
    if size > MOST {
        bytes.truncate(MOST as usize);
        let detail = format!("only the first {} of the file were read", text::size(MOST));
        tell::issue(path, 0, IssueKind::TooLong, &detail, sink);
    }
    if sink.progress(size) == Flow::Stop {
        return Ok(None);
    }
    if bytes.contains(&0) {
        bytes.retain(|byte| *byte != 0);
        let detail = "NUL bytes were removed";
        tell::issue(path, 0, IssueKind::NulBytes, detail, sink);
    }
    let text = String::from_utf8(bytes).unwrap_or_else(|error| {
        let detail = "bytes that are not UTF-8 were replaced";
        tell::issue(path, 0, IssueKind::InvalidUtf8, detail, sink);
        String::from_utf8_lossy(error.as_bytes()).into_owned()
    });
    Ok(Some(match text.strip_prefix('\u{feff}') {
        Some(bare) => bare.to_owned(),
        None => text,
    }))
}

/// A document, checked to be JSON.
pub struct Document {
    text: String,
}

impl Document {
    /// Reads a document; of a damaged one what stands before the damage. `None`: nothing can be read
    /// of it, which is an issue.
    ///
    /// # Errors
    /// The file cannot be opened or read.
    pub fn read(path: &Path, sink: &mut dyn EventSink) -> io::Result<Option<Document>> {
        let Some(text) = text(path, sink)? else {
            return Ok(None);
        };
        // a document in the making, or one that a crash left empty
        if text.trim().is_empty() {
            return Ok(None);
        }
        let Err(error) = Raw::parse(&text) else {
            return Ok(Some(Document { text }));
        };
        let (kind, what) = match error.is_eof() {
            true => (IssueKind::TornTail, "the document ends in the middle"),
            false => (IssueKind::BadRecord, "the document is damaged"),
        };
        let mended = salvage::close(&text[..place(&text, &error)]);
        let document = Some(Document { text: mended }).filter(|it| Raw::parse(&it.text).is_ok());
        let rest = match document {
            Some(_) => "what stands before that was read",
            None => "nothing of it could be read",
        };
        tell::issue(path, 0, kind, &format!("{what}; {rest}"), sink);
        Ok(document)
    }

    /// A small document beside a transcript; anything that is wrong with it is its absence.
    pub fn beside(path: &Path) -> Option<Document> {
        Document::made(small(path)?)
    }

    /// A document that was made here.
    pub fn made(text: String) -> Option<Document> {
        Raw::parse(&text).ok()?;
        Some(Document { text })
    }

    pub fn into_text(self) -> String {
        self.text
    }

    pub fn root(&self) -> Raw<'_> {
        Raw::parse(&self.text).expect("checked when it was read")
    }

    /// Where a value of this document stands in it.
    pub fn offset(&self, value: Raw<'_>) -> u64 {
        (value.as_json().as_ptr() as u64).saturating_sub(self.text.as_ptr() as u64)
    }
}

/// A small text file that is no link; anything that is wrong with it is its absence.
pub fn small(path: &Path) -> Option<String> {
    let meta = std::fs::symlink_metadata(path).ok()?;
    if !meta.is_file() || meta.len() > SMALL {
        return None;
    }
    let bytes = std::fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    Some(text.trim_start_matches('\u{feff}').to_owned())
}

/// `key: value` lines, the keys at the beginning of their lines: as much of YAML as agents write for
/// what is flat. Quotes around a value are taken off.
pub fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| {
        let (key, value) = line.split_once(':')?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if key.is_empty() || !key.chars().all(plain) {
            return None;
        }
        let value = value.trim();
        let bare = ['"', '\'']
            .into_iter()
            .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
        Some((key, bare.unwrap_or(value)))
    })
}

/// The byte at which the parser gave up.
fn place(text: &str, error: &serde_json::Error) -> usize {
    if error.is_eof() {
        return text.len();
    }
    let lines = error.line().saturating_sub(1);
    let start: usize = text.split_inclusive('\n').take(lines).map(str::len).sum();
    text.floor_char_boundary((start + error.column().saturating_sub(1)).min(text.len()))
}
