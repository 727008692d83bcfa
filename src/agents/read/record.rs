//! One record as it lies in its source: what the agent wrote, byte by byte.
//!
//! A record of a file is told by the offset of its events ([`Cut`] says how it ends). What is a row, a
//! member of a document or a file of its own is shown by its room while it is read ([`Kept`]).

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// How a record is cut out of its source, from the offset of its events on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// To the end of the line.
    Line,
    /// One JSON value of a document.
    Value,
    /// Text up to where the next record begins.
    Block,
}

/// Something that a room shows of the record that it tells next, as the agent keeps it.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a> {
    pub place: Place<'a>,
    pub bytes: &'a [u8],
}

#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// A column of the row (or rows) of a table that a key names.
    Row {
        table: &'a str,
        column: &'a str,
        key: &'a str,
        value: &'a str,
    },
    /// An element of a list, from 1.
    Member { list: &'a str, number: u64 },
    /// A file, or all files of a folder, beside the source.
    File(&'a Path),
}

impl<'a> Kept<'a> {
    pub fn row(
        (table, column): (&'a str, &'a str),
        (key, value): (&'a str, &'a str),
        text: &'a str,
    ) -> Kept<'a> {
        Kept {
            place: Place::Row {
                table,
                column,
                key,
                value,
            },
            bytes: text.as_bytes(),
        }
    }

    pub fn member(list: &'a str, number: u64, json: &'a str) -> Kept<'a> {
        Kept {
            place: Place::Member { list, number },
            bytes: json.as_bytes(),
        }
    }

    pub fn file(path: &'a Path, text: &'a str) -> Kept<'a> {
        Kept {
            place: Place::File(path),
            bytes: text.as_bytes(),
        }
    }
}

/// A file's bytes from `offset` on.
///
/// # Errors
/// The file cannot be opened or positioned.
pub fn open(path: &Path, offset: u64) -> io::Result<Box<dyn Read + Send>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    Ok(Box::new(file))
}

/// The bytes of one record out of what begins there.
pub struct Cutter {
    input: BufReader<Box<dyn Read + Send>>,
    end: End,
    done: bool,
}

enum End {
    Line,
    Value(Scan),
    After(u64),
}

/// Where a JSON value ends: how deep inside it we are, and whether inside a string.
#[derive(Default)]
struct Scan {
    depth: u32,
    text: bool,
    escaped: bool,
    bare: bool,
}

impl Cutter {
    /// `length`: of a block, where it is known.
    pub fn new(input: Box<dyn Read + Send>, cut: Cut, length: Option<u64>) -> Cutter {
        Cutter {
            input: BufReader::with_capacity(64 << 10, input),
            end: match cut {
                Cut::Line => End::Line,
                Cut::Value => End::Value(Scan::default()),
                Cut::Block => End::After(length.unwrap_or(u64::MAX)),
            },
            done: false,
        }
    }
}

impl Read for Cutter {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.done || buffer.is_empty() {
            return Ok(0);
        }
        let chunk = self.input.fill_buf()?;
        let chunk = &chunk[..chunk.len().min(buffer.len())];
        let (taken, done) = self.end.of(chunk);
        buffer[..taken].copy_from_slice(&chunk[..taken]);
        self.done = done || taken == 0;
        self.input.consume(taken);
        Ok(taken)
    }
}

impl End {
    /// How much of a chunk belongs to the record, and whether that was all of it.
    fn of(&mut self, chunk: &[u8]) -> (usize, bool) {
        match self {
            End::Line => match memchr::memchr(b'\n', chunk) {
                Some(at) => (at, true),
                None => (chunk.len(), false),
            },
            End::After(left) => {
                let taken = (*left).min(chunk.len() as u64);
                *left -= taken;
                (taken as usize, *left == 0)
            }
            End::Value(scan) => match chunk.iter().position(|byte| scan.ends_before(*byte)) {
                Some(at) => (at, true),
                None => (chunk.len(), false),
            },
        }
    }
}

impl Scan {
    /// The value was complete before this byte.
    fn ends_before(&mut self, byte: u8) -> bool {
        if self.bare && self.depth == 0 && !self.text {
            return true;
        }
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.text => self.escaped = true,
            b'"' => self.text = !self.text,
            _ if self.text => return false,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => return false,
        }
        // a string, an object or a list has begun: what closes it ends the value
        self.bare = self.depth == 0 && !self.text && !self.escaped;
        false
    }
}

/// Where in a document's file the value lies that its reader found at `offset` of the text. Readers
/// leave a byte order mark out of their count; what they mended otherwise is not found again.
///
/// # Errors
/// The file cannot be read.
pub fn value_at(path: &Path, offset: u64) -> io::Result<Option<u64>> {
    for at in [offset, offset + 3] {
        let from = at.saturating_sub(64);
        let mut around = Vec::new();
        open(path, from)?
            .take(at - from + 1)
            .read_to_end(&mut around)?;
        let Some((first, before)) = around.split_last() else {
            continue;
        };
        let before = before.strip_prefix(b"\xef\xbb\xbf").unwrap_or(before);
        let last = before.iter().rfind(|byte| !byte.is_ascii_whitespace());
        let fits = last.is_none_or(|byte| b"[,:{".contains(byte));
        if fits && around.len() as u64 == at - from + 1 && b"{[\"".contains(first) {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// How many lines end before `offset`.
///
/// # Errors
/// The source cannot be read.
pub fn lines_before(input: Box<dyn Read + Send>, offset: u64) -> io::Result<u64> {
    let mut input = input.take(offset);
    let mut chunk = vec![0; 256 << 10];
    let mut lines = 0;
    loop {
        match input.read(&mut chunk)? {
            0 => return Ok(lines),
            read => lines += memchr::memchr_iter(b'\n', &chunk[..read]).count() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &'static str, cut: Cut, length: Option<u64>) -> String {
        let mut cutter = Cutter::new(Box::new(text.as_bytes()), cut, length);
        // a byte at a time: what is known of the value must outlive a chunk
        let (mut all, mut one) = (Vec::new(), [0]);
        while cutter.read(&mut one).unwrap() == 1 {
            all.push(one[0]);
        }
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn records_end_where_they_end() {
        for (text, how, want) in [
            ("{\"a\":1}\n{\"b\":2}\n", Cut::Line, "{\"a\":1}"),
            ("no end", Cut::Line, "no end"),
            ("\nx", Cut::Line, ""),
            (
                "{\"a\":\"}\\\"]\",\"b\":[1,{}]},{",
                Cut::Value,
                "{\"a\":\"}\\\"]\",\"b\":[1,{}]}",
            ),
            ("[[],[]]]", Cut::Value, "[[],[]]"),
            ("\"a\\\\\",\"b\"", Cut::Value, "\"a\\\\\""),
            ("{\"torn\":[", Cut::Value, "{\"torn\":["),
        ] {
            assert_eq!(cut(text, how, None), want, "{text}");
        }
        assert_eq!(cut("#### a\nb\n#### c", Cut::Block, Some(9)), "#### a\nb\n");
        assert_eq!(cut("to the end", Cut::Block, None), "to the end");
    }

    #[test]
    fn values_are_found_behind_a_byte_order_mark_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        let at = |text: &str, offset: u64| {
            std::fs::write(&path, text).unwrap();
            value_at(&path, offset).unwrap()
        };
        assert_eq!(at("[ {\"a\":1}]", 2), Some(2));
        assert_eq!(at("\u{feff}[ {\"a\":1}]", 2), Some(5));
        assert_eq!(at("{\"a\":1}", 0), Some(0));
        assert_eq!(at("\u{feff}{\"a\":1}", 0), Some(3));
        assert_eq!(at("[ {\"a\":1}]", 4), None);
        assert_eq!(at("[]", 40), None);
    }

    #[test]
    fn lines_are_counted_to_the_offset() {
        let text: Box<dyn Read + Send> = Box::new("a\nb\nc".as_bytes());
        assert_eq!(lines_before(text, 3).unwrap(), 1);
    }
}
