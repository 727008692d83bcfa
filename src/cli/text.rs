//! How facts look on a terminal.

use anstyle::{AnsiColor, Style};
use std::io::IsTerminal;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub const BOLD: Style = Style::new().bold();
pub const DIM: Style = Style::new().dimmed();
pub const MARK: Style = AnsiColor::Yellow.on_default().bold();
pub const GOOD: Style = AnsiColor::Green.on_default();
pub const BAD: Style = AnsiColor::Red.on_default().bold();

/// Foreign text for one line: no control characters (a transcript may hold sequences that drive the
/// terminal), white space as single blanks.
pub fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace(char::is_control, "")
}

/// Foreign text over several lines, otherwise as [`line`].
pub fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
        .replace('\t', "    ")
        .replace(|c: char| c.is_control() && c != '\n', "")
}

/// Columns that a text takes: two for each wide character (Chinese, Japanese, Korean, emoji).
pub fn columns_of(text: &str) -> usize {
    text.width()
}

/// At most so many columns, `…` where it was cut.
pub fn cut(text: &str, columns: usize) -> String {
    if columns_of(text) <= columns {
        return text.to_owned();
    }
    let mut room = columns.saturating_sub(1);
    let fits = |c: &char| {
        let wide = c.width().unwrap_or(0);
        let fits = wide <= room;
        room = room.saturating_sub(wide);
        fits
    };
    let mut short: String = text.chars().take_while(fits).collect();
    short.push('…');
    short
}

/// Blanks behind the text up to so many columns; a longer text stays as it is.
pub fn padded(text: &str, columns: usize) -> String {
    let blanks = columns.saturating_sub(columns_of(text));
    format!("{text}{:blanks$}", "")
}

/// The part of an id that is enough to name a session (ids that begin with a time need 13).
pub fn short_id(id: &str) -> &str {
    id.char_indices().nth(13).map_or(id, |(end, _)| &id[..end])
}

/// `1234567` as `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 session`, `2 sessions`.
pub fn plural(number: u64, noun: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {noun}{s}", count(number))
}

pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut size = number as f64;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{number} B")
    } else {
        format!("{size:.1} {}", UNITS[unit])
    }
}

/// A field of a CSV file (RFC 4180).
pub fn csv(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

pub fn dollars(amount: f64) -> String {
    let cents = (amount.abs() * 100.0).round() as u64;
    let sign = if amount < 0.0 { "-" } else { "" };
    format!("{sign}${}.{:02}", count(cents / 100), cents % 100)
}

/// Columns of the terminal; `None` when output goes elsewhere, which is then not cut.
pub fn width() -> Option<usize> {
    let terminal = std::io::stdout().is_terminal();
    terminal.then(columns).flatten()
}

#[cfg(unix)]
fn columns() -> Option<usize> {
    // SAFETY: the call fills in the struct that it is given, or fails; zeroes are a valid one
    let size = unsafe {
        let mut size: libc::winsize = std::mem::zeroed();
        (libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &mut size) == 0).then_some(size)
    };
    size.map(|size| usize::from(size.ws_col))
        .filter(|columns| *columns > 0)
}

#[cfg(not(unix))]
fn columns() -> Option<usize> {
    std::env::var("COLUMNS").ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_drive_the_terminal() {
        let hostile = "a\x1b[31mb\x07\u{9b}2Jc\r\n\td\0";
        assert_eq!(line(hostile), "a[31mb2Jc d");
        assert_eq!(lines(hostile), "a[31mb2Jc\n    d");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(plural(1, "session"), "1 session");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(dollars(1234.5), "$1,234.50");
        assert_eq!(dollars(0.999), "$1.00");
    }

    #[test]
    fn cuts_fall_between_characters() {
        assert_eq!(cut("größer", 4), "grö…");
        assert_eq!(cut("größer", 6), "größer");
        assert_eq!(cut("xy", 0), "…");
        assert_eq!(cut("検索を直す", 10), "検索を直す");
        assert_eq!(cut("検索を直す", 8), "検索を…");
        assert_eq!(cut("検索を直す", 7), "検索を…");
        assert_eq!(padded("検索", 6), "検索  ");
        assert_eq!(padded("long", 2), "long");
        assert_eq!(short_id("019a1b2c-3d4e-7000-8000"), "019a1b2c-3d4e");
    }
}
