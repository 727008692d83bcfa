//! Lines of JSON out of files that others are still writing, or have damaged.
//!
//! A record is what lies between two `\n`: no other character ends one. What cannot be read as it
//! should be is an issue with its line, and reading goes on behind it.

use super::json;
use super::salvage::{close, describe, salvage};
use crate::agents::{EventSink, Flow};
use crate::model::{Checkpoint, IssueKind, ParseIssue};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use xxhash_rust::xxh3::xxh3_64;

/// A longer record is cut to this many bytes.
pub const MAX_RECORD: usize = 16 << 20;
/// Bytes before a checkpoint that its hash covers.
const TAIL: usize = 4096;
const CHUNK: usize = 256 << 10;
const PROGRESS: u64 = 1 << 20;

/// One record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line<'a> {
    /// Neither blank nor framed by whitespace; not checked to be JSON.
    pub text: &'a str,
    /// Of the record's first byte.
    pub offset: u64,
    /// 1-based.
    pub number: u64,
    /// The record was over the limit: this is its beginning, closed so that it is JSON.
    pub cut: bool,
}

/// Reads lines from a checkpoint on. Memory is one record at most.
pub struct Lines<R> {
    input: R,
    path: String,
    buffer: Vec<u8>,
    /// The unread part of `buffer`; up to [`TAIL`] bytes before `start` are kept for the hash.
    start: usize,
    end: usize,
    /// Bytes from `start` on that are known to hold no `\n`.
    scanned: usize,
    /// Of `buffer[start]` in the file.
    offset: u64,
    /// Number of `\n` before `start`.
    line: u64,
    limit: usize,
    read: u64,
    reported: u64,
    ended: bool,
    stopped: bool,
    /// The line given out last, when it had to be made (lossy or closed).
    made: String,
}

impl Lines<File> {
    /// # Errors
    /// The file cannot be opened or positioned.
    pub fn open(path: &Path, from: &Checkpoint) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let before = from.offset.min(TAIL as u64);
        file.seek(SeekFrom::Start(from.offset - before))?;
        Lines::behind(file, path, from, before)
    }
}

impl<R: Read> Lines<R> {
    /// Over a stream that cannot be positioned (a decompressor); offsets count its own bytes. What
    /// lies before the checkpoint is read and dropped.
    ///
    /// # Errors
    /// The stream cannot be read.
    pub fn over(mut input: R, path: &Path, from: &Checkpoint) -> io::Result<Self> {
        let before = from.offset.min(TAIL as u64);
        io::copy(
            &mut (&mut input).take(from.offset - before),
            &mut io::sink(),
        )?;
        Lines::behind(input, path, from, before)
    }

    fn behind(mut input: R, path: &Path, from: &Checkpoint, before: u64) -> io::Result<Self> {
        let mut buffer = Vec::with_capacity(CHUNK + TAIL);
        (&mut input).take(before).read_to_end(&mut buffer)?;
        let start = buffer.len();
        buffer.resize(start + CHUNK, 0);
        Ok(Lines {
            input,
            path: path.to_string_lossy().into_owned(),
            buffer,
            start,
            end: start,
            scanned: 0,
            offset: from.offset,
            line: from.line,
            limit: MAX_RECORD,
            read: 0,
            reported: 0,
            ended: false,
            stopped: false,
            made: String::new(),
        })
    }

    /// Another limit than [`MAX_RECORD`].
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// The next record that is not blank, or `None` at the end (or when the sink stopped us). An
    /// unterminated last line is given, and consumed, when it is a whole object; a torn one stays for
    /// the next read and is an issue of this one.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn next(&mut self, sink: &mut dyn EventSink) -> io::Result<Option<Line<'_>>> {
        loop {
            if self.stopped {
                return Ok(None);
            }
            let unread = &self.buffer[self.start + self.scanned..self.end];
            let found = memchr::memchr(b'\n', unread).map(|at| self.scanned + at);
            let known = found.unwrap_or(self.end - self.start);
            if known > self.limit && !self.skip_nuls() {
                if let Some((offset, number)) = self.skip_long(sink)? {
                    return Ok(Some(Line {
                        text: &self.made,
                        offset,
                        number,
                        cut: true,
                    }));
                }
                continue;
            }
            let (length, terminator) = match found {
                Some(_) if known > self.limit => continue,
                Some(length) => (length, 1),
                None if self.ended => {
                    if !self.tail_is_whole(sink) {
                        return Ok(None);
                    }
                    (known, 0)
                }
                None => {
                    self.scanned = self.end - self.start;
                    self.fill(sink)?;
                    continue;
                }
            };
            let (from, offset, number) = (self.start, self.offset, self.line + 1);
            self.consume(length + terminator);
            self.line += terminator as u64;
            let Some((from, to)) = self.trim(from, from + length, number, sink) else {
                continue;
            };
            let text = match std::str::from_utf8(&self.buffer[from..to]) {
                Ok(text) => text,
                Err(_) => {
                    self.made = String::from_utf8_lossy(&self.buffer[from..to]).into_owned();
                    let detail = "bytes that are not UTF-8 were replaced";
                    self.issue(number, IssueKind::InvalidUtf8, detail, sink);
                    &self.made
                }
            };
            return Ok(Some(Line {
                text,
                offset,
                number,
                cut: false,
            }));
        }
    }

    /// The sink asked to stop: what was read so far is not a whole answer.
    pub fn stopped(&self) -> bool {
        self.stopped
    }

    /// Offset, line and hash of what was consumed; `seq` and `state` are the room's.
    pub fn checkpoint(&self) -> Checkpoint {
        let tail = &self.buffer[self.start.saturating_sub(TAIL)..self.start];
        Checkpoint {
            offset: self.offset,
            line: self.line,
            tail_hash: xxh3_64(tail),
            ..Checkpoint::default()
        }
    }

    /// Raises an issue about a line of this file.
    pub fn issue(&self, number: u64, kind: IssueKind, detail: &str, sink: &mut dyn EventSink) {
        sink.issue(ParseIssue {
            path: self.path.clone(),
            line: number,
            kind,
            detail: detail.to_owned(),
        });
    }

    fn consume(&mut self, bytes: usize) {
        self.start += bytes;
        self.offset += bytes as u64;
        self.scanned = 0;
    }

    /// Reads more behind what is unread, moving it to the front first where there is need.
    fn fill(&mut self, sink: &mut dyn EventSink) -> io::Result<()> {
        if self.buffer.len() - self.end < CHUNK / 2 {
            let keep = self.start.saturating_sub(TAIL);
            self.buffer.copy_within(keep..self.end, 0);
            self.start -= keep;
            self.end -= keep;
            // grows with the record, and never much past the limit
            let unread = self.end - self.start;
            let room = unread.min(self.limit.saturating_sub(unread)).max(CHUNK);
            let wanted = self.end + room;
            if self.buffer.len() < wanted {
                self.buffer.resize(wanted, 0);
            }
        }
        let known = self.offset + (self.end - self.start) as u64;
        let left = sink.until().saturating_sub(known);
        let free = &mut self.buffer[self.end..];
        let wanted = free.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        match self.input.read(&mut free[..wanted]) {
            Ok(0) => self.ended = true,
            Ok(bytes) => {
                self.end += bytes;
                self.read += bytes as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if self.read - self.reported >= PROGRESS {
            self.reported = self.read;
            self.stopped = sink.progress(self.read) == Flow::Stop;
        }
        Ok(())
    }

    /// A hole of NUL bytes before a record is not part of it, however long it is. One NUL stays, so
    /// that the line tells of it when it is whole.
    fn skip_nuls(&mut self) -> bool {
        let unread = &self.buffer[self.start..self.end];
        let nuls = unread.iter().take_while(|byte| **byte == 0).count();
        if nuls > 1 {
            self.consume(nuls - 1);
        }
        nuls > 1
    }

    /// Gives the beginning of an over-long record (in `made`) and passes over its rest. `None`: the
    /// file ended first, and the record stays for the next read.
    fn skip_long(&mut self, sink: &mut dyn EventSink) -> io::Result<Option<(u64, u64)>> {
        let (offset, number, at) = (self.offset, self.line + 1, self.start);
        let head = &self.buffer[at..at + self.limit];
        self.made = close(&String::from_utf8_lossy(head));
        let history = self.buffer[at.saturating_sub(TAIL)..at].to_vec();
        let mut length = self.limit as u64;
        self.consume(self.limit);
        loop {
            let unread = &self.buffer[self.start..self.end];
            let end = memchr::memchr(b'\n', unread);
            length += end.unwrap_or(unread.len()) as u64;
            self.consume(end.map_or(unread.len(), |end| end + 1));
            if end.is_some() {
                self.line += 1;
                break;
            }
            self.fill(sink)?;
            if self.stopped || (self.ended && self.start == self.end) {
                // back to before the record, with the bytes that its checkpoint hash covers
                self.buffer.clear();
                self.buffer.extend_from_slice(&history);
                (self.start, self.end) = (history.len(), history.len());
                self.offset = offset;
                if self.ended {
                    let detail = "the last record is over the limit and has no end yet";
                    self.issue(number, IssueKind::TornTail, detail, sink);
                }
                return Ok(None);
            }
        }
        let detail = format!(
            "a record of {} was cut to {}",
            super::text::size(length),
            super::text::size(self.limit as u64)
        );
        self.issue(number, IssueKind::TooLong, &detail, sink);
        Ok(Some((offset, number)))
    }

    fn tail_is_whole(&mut self, sink: &mut dyn EventSink) -> bool {
        let tail = &self.buffer[self.start..self.end];
        let tail = tail.strip_prefix(BOM).unwrap_or(tail);
        let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
        let Some(first) = tail.iter().position(|byte| !blank(byte)) else {
            if tail.contains(&0) {
                let detail = "the file ends in NUL bytes";
                self.issue(self.line + 1, IssueKind::NulBytes, detail, sink);
            }
            return false;
        };
        let whole = json::is_whole_object(
            String::from_utf8_lossy(&tail[first..]).trim_end_matches(['\0', '\r', ' ', '\t']),
        );
        if !whole {
            let detail = "the last record is torn and nothing follows it";
            self.issue(self.line + 1, IssueKind::TornTail, detail, sink);
        }
        whole
    }

    /// Takes off whitespace, BOM and NULs.
    fn trim(
        &self,
        mut from: usize,
        mut to: usize,
        number: u64,
        sink: &mut dyn EventSink,
    ) -> Option<(usize, usize)> {
        if self.buffer[from..to].starts_with(BOM) {
            from += BOM.len();
        }
        let mut nuls = false;
        let mut strip = |byte: u8| {
            nuls |= byte == 0;
            byte == 0 || byte.is_ascii_whitespace()
        };
        while from < to && strip(self.buffer[from]) {
            from += 1;
        }
        while from < to && strip(self.buffer[to - 1]) {
            to -= 1;
        }
        if nuls {
            let detail = if from == to {
                "the line holds only NUL bytes"
            } else {
                "NUL bytes around a record were removed"
            };
            self.issue(number, IssueKind::NulBytes, detail, sink);
        }
        (from < to).then_some((from, to))
    }
}

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Whether the file still holds, before the checkpoint's offset, what was read there: `true` means
/// that what follows was appended, `false` that the file was rewritten or shortened.
///
/// # Errors
/// The file cannot be opened or read.
pub fn verify(path: &Path, checkpoint: &Checkpoint) -> io::Result<bool> {
    if checkpoint.offset == 0 {
        return Ok(true);
    }
    let mut file = File::open(path)?;
    if file.metadata()?.len() < checkpoint.offset {
        return Ok(false);
    }
    let before = checkpoint.offset.min(TAIL as u64);
    file.seek(SeekFrom::Start(checkpoint.offset - before))?;
    let mut tail = Vec::with_capacity(TAIL);
    file.take(before).read_to_end(&mut tail)?;
    Ok(tail.len() as u64 == before && xxh3_64(&tail) == checkpoint.tail_hash)
}

/// Hands every record to `record`, which must not push anything before it knows that the record is
/// JSON: on a syntax error the whole objects that the line still holds are handed over instead.
///
/// # Errors
/// The file cannot be read.
pub fn each<R: Read>(
    lines: &mut Lines<R>,
    sink: &mut dyn EventSink,
    record: &mut dyn FnMut(Line<'_>, &mut dyn EventSink) -> Result<Flow, serde_json::Error>,
) -> io::Result<Flow> {
    let path = lines.path.clone();
    while let Some(line) = lines.next(sink)? {
        let error = match record(line, sink) {
            Ok(Flow::Go) => continue,
            Ok(Flow::Stop) => return Ok(Flow::Stop),
            Err(error) => error,
        };
        let pieces = if error.is_data() {
            Vec::new()
        } else {
            salvage(line.text)
        };
        let (kind, detail) = describe(&error, line.text, pieces.len());
        sink.issue(ParseIssue {
            path: path.clone(),
            line: line.number,
            kind,
            detail,
        });
        for (at, text) in pieces {
            let piece = Line {
                text: &text,
                offset: line.offset + at as u64,
                ..line
            };
            if record(piece, sink).ok() == Some(Flow::Stop) {
                return Ok(Flow::Stop);
            }
        }
    }
    Ok(if lines.stopped { Flow::Stop } else { Flow::Go })
}

#[cfg(test)]
mod tests;
