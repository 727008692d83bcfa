//! Bodies fit to keep: no base64, no megabytes, one-line titles.

use crate::model::{Message, Role, Wants};
use std::borrow::Cow;

/// A longer body is cut.
pub const MAX_BODY: usize = 1 << 20;
/// Characters of a one-line title.
pub const MAX_TITLE: usize = 200;
/// Bytes of a prompt that every sink is given.
pub const PROMPT_HEAD: usize = 400;
/// A shorter `data:` body is text like any other.
const MIN_DATA: usize = 128;
/// A shorter run of base64 letters may be a key, a hash or a path.
const MIN_BASE64: usize = 2048;

/// A body as it is shown and indexed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    pub text: String,
    /// Before the cut, stubs in place.
    pub bytes: u64,
    pub cut: bool,
    /// Images that are stubs in it.
    pub images: u32,
}

/// Takes out terminal colours, replaces base64 and `data:` bodies by stubs and cuts at [`MAX_BODY`].
pub fn body(text: Cow<'_, str>) -> Body {
    let text = match without_escapes(&text) {
        Some(plain) => Cow::Owned(plain),
        None => text,
    };
    let (text, images) = match without_data(&text) {
        Some((replaced, images)) => (Cow::Owned(replaced), images),
        None => (text, 0),
    };
    let bytes = text.len() as u64;
    let kept = head(&text, MAX_BODY).len();
    let cut = kept < text.len();
    let mut text = text.into_owned();
    if cut {
        text.truncate(kept);
        text.shrink_to_fit();
    }
    Body {
        text,
        bytes,
        cut,
        images,
    }
}

/// Fills the text of a message as far as the sink wants it.
pub fn fill(message: &mut Message, text: Cow<'_, str>, wants: Wants) {
    let wanted = match message.role {
        Role::User | Role::Assistant => wants.prose,
        _ => wants.rest,
    };
    if !wanted && message.role != Role::User {
        return;
    }
    let body = body(text);
    (message.text, message.bytes, message.cut) = (body.text, body.bytes, body.cut);
    if !wanted {
        message
            .text
            .truncate(head(&message.text, PROMPT_HEAD).len());
    }
}

/// The first `limit` bytes, less where a character would be cut through.
pub fn head(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

/// One line of at most `limit` characters: blanks joined, `…` where something is missing.
pub fn one_line(text: &str, limit: usize) -> String {
    // four bytes a character at most, and some for the blanks: never walks a megabyte for a title
    let near = head(text, limit * 8 + 256);
    let mut line = String::with_capacity(near.len().min(limit * 2));
    let mut count = 0;
    for word in near.split_whitespace() {
        let gap = usize::from(count > 0);
        let length = word.chars().count();
        if count + gap + length > limit {
            let room = limit.saturating_sub(count + gap + 1);
            if room > 8 || count == 0 {
                line.extend((gap == 1).then_some(' '));
                line.extend(word.chars().take(room));
            }
            line.push('…');
            return line;
        }
        line.extend((gap == 1).then_some(' '));
        line.push_str(word);
        count += gap + length;
    }
    if near.len() < text.len() && !text[near.len()..].trim().is_empty() {
        line.push('…');
    }
    line
}

/// `34 KB`: for stubs and notes.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KB", (bytes + 512) / 1024),
        _ => format!("{:.1} MB", bytes as f64 / 1_048_576.0),
    }
}

/// What stands for a body: `[image/png, 34 KB]`.
pub fn stub(media: &str, base64_length: usize) -> String {
    let media = if media.is_empty() { "base64" } else { media };
    format!("[{media}, {}]", size(base64_length as u64 * 3 / 4))
}

/// What stands for an image that lies elsewhere: `[image, https://...]`, `[image, /home/...]`. A path stays
/// as it is, letter by letter, where it is one line: file names have blanks of many kinds.
pub fn image_at(address: &str) -> String {
    const LONGEST: usize = 1024;
    match address.len() <= LONGEST && !address.contains(char::is_control) {
        true => format!("[image, {address}]"),
        false => format!("[image, {}]", one_line(address, MAX_TITLE)),
    }
}

/// The text with stubs and how many of them are images; `None` when there is nothing to replace.
pub fn without_data(text: &str) -> Option<(String, u32)> {
    let mut found = data_uris(text);
    if text.len() >= MIN_BASE64 {
        base64_runs(text.as_bytes(), &mut found);
    }
    if found.is_empty() {
        return None;
    }
    found.sort_by_key(|body| body.from);
    let (mut out, mut done, mut images) = (String::new(), 0, 0);
    for body in found {
        if body.from < done {
            continue;
        }
        out.push_str(&text[done..body.from]);
        out.push_str(&stub(body.media, body.payload));
        images += u32::from(body.media.starts_with("image/"));
        done = body.to;
    }
    out.push_str(&text[done..]);
    Some((out, images))
}

/// The text without terminal escape sequences, which would glue `[32m` to the words they colour;
/// `None` when there is none.
pub fn without_escapes(text: &str) -> Option<String> {
    const ESCAPE: u8 = 0x1b;
    let mut at = memchr::memchr(ESCAPE, text.as_bytes())?;
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    loop {
        out.push_str(&text[done..at]);
        done = at + escape_length(&text.as_bytes()[at..]);
        match memchr::memchr(ESCAPE, &text.as_bytes()[done..]) {
            Some(next) => at = done + next,
            None => break,
        }
    }
    out.push_str(&text[done..]);
    Some(out)
}

/// Bytes of the sequence that begins with an escape; an unknown one is the escape alone.
fn escape_length(bytes: &[u8]) -> usize {
    let past = |from: usize, last: &dyn Fn(u8) -> bool| {
        let body = bytes[from..].iter().take(4096);
        body.take_while(|byte| byte.is_ascii() && !last(**byte))
            .count()
            + from
    };
    match bytes.get(1) {
        Some(b'[') => {
            let end = past(2, &|byte| !(0x20..0x40).contains(&byte));
            let ends_well = bytes
                .get(end)
                .is_some_and(|byte| (0x40..0x7f).contains(byte));
            end + usize::from(ends_well)
        }
        // a title or a link, ended by BEL or by the next escape
        Some(b']') => {
            let end = past(2, &|byte| byte == 7 || byte == 0x1b || byte == b'\n');
            end + usize::from(bytes.get(end) == Some(&7))
        }
        Some(b'(' | b')') if bytes.len() > 2 && bytes[2].is_ascii() => 3,
        Some(byte) if (0x30..0x7f).contains(byte) => 2,
        _ => 1,
    }
}

struct Found<'a> {
    from: usize,
    to: usize,
    media: &'a str,
    payload: usize,
}

fn data_uris(text: &str) -> Vec<Found<'_>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    for from in memchr::memmem::find_iter(bytes, b"data:") {
        let head = &bytes[from + 5..bytes.len().min(from + 5 + 120)];
        let Some(comma) = memchr::memchr(b',', head) else {
            continue;
        };
        let plain = |b: &u8| b.is_ascii_alphanumeric() || b"/+-.;=_\"".contains(b);
        if !head[..comma].iter().all(plain) || !head[..comma].contains(&b'/') {
            continue;
        }
        let start = from + 5 + comma + 1;
        let base64 = head[..comma].ends_with(b";base64");
        let length = bytes[start..]
            .iter()
            .take_while(|b| {
                if base64 {
                    is_base64(**b) || **b == b'='
                } else {
                    b.is_ascii_graphic() && !b"\"'()<>\\`".contains(b)
                }
            })
            .count();
        if length >= MIN_DATA {
            let media = text[from + 5..start - 1].split(';').next().unwrap_or("");
            found.push(Found {
                from,
                to: start + length,
                media,
                payload: length,
            });
        }
    }
    found
}

/// Runs of base64 letters that nobody wrote. Every run of `MIN_BASE64` covers a multiple of half of
/// that, so that only those places are looked at.
fn base64_runs(bytes: &[u8], found: &mut Vec<Found<'_>>) {
    let mut at = MIN_BASE64 / 2;
    while at + 64 <= bytes.len() {
        let window = &bytes[at..at + 64];
        if !window.iter().all(|b| is_base64(*b)) {
            at += MIN_BASE64 / 2;
            continue;
        }
        let back = bytes[..at].iter().rev();
        let from = at - back.take_while(|b| is_base64(**b)).count();
        let letters = bytes[at..].iter().take_while(|b| is_base64(**b)).count();
        let pad = bytes[at + letters..].iter().take(2);
        let to = at + letters + pad.take_while(|b| **b == b'=').count();
        let run = &bytes[from..to];
        let mixed = run.iter().any(u8::is_ascii_uppercase)
            && run.iter().any(u8::is_ascii_lowercase)
            && run.iter().any(u8::is_ascii_digit);
        if run.len() >= MIN_BASE64 && mixed {
            found.push(Found {
                from,
                to,
                media: media_of(run),
                payload: run.len(),
            });
        }
        at = to.max(at) + MIN_BASE64 / 2;
    }
}

/// What the first bytes of well-known files look like in base64.
fn media_of(run: &[u8]) -> &'static str {
    const HEADS: [(&[u8], &str); 6] = [
        (b"iVBORw0KGgo", "image/png"),
        (b"/9j/", "image/jpeg"),
        (b"R0lGOD", "image/gif"),
        (b"UklGR", "image/webp"),
        (b"JVBERi0", "application/pdf"),
        (b"UEsDB", "application/zip"),
    ];
    let head = HEADS.iter().find(|(head, _)| run.starts_with(head));
    head.map_or("", |(_, media)| media)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize) -> String {
        "aB3dEf9hIjK1mNoP5".chars().cycle().take(length).collect()
    }

    #[test]
    fn data_uris_become_stubs() {
        let text = format!("see ![x](data:image/png;base64,{}==) end", noise(4096));
        let body = body(text.into());
        assert_eq!(body.text, "see ![x]([image/png, 3 KB]) end");
        assert_eq!(body.images, 1);
        assert!(!body.cut);
    }

    #[test]
    fn bare_base64_becomes_a_stub_with_its_type() {
        let text = format!("{{\"data\":\"iVBORw0KGgo{}\"}} tail", noise(9000));
        let (text, images) = without_data(&text).unwrap();
        assert_eq!(text, "{\"data\":\"[image/png, 7 KB]\"} tail");
        assert_eq!(images, 1);
    }

    #[test]
    fn terminal_colours_go() {
        for (text, want) in [
            ("\u{1b}[32;1mName\u{1b}[0m x", "Name x"),
            ("\u{1b}]0;title\u{7}a\u{1b}(Bb\u{1b}=c", "abc"),
            (
                "link \u{1b}]8;;http://x\u{1b}\\here\u{1b}]8;;\u{1b}\\",
                "link here",
            ),
            ("end\u{1b}", "end"),
            ("\u{1b}é\u{1b}[é\u{1b}[3", "éé"),
        ] {
            assert_eq!(body(text.into()).text, want, "{text:?}");
        }
    }

    #[test]
    fn what_people_write_stays() {
        for text in [
            "data: the last run, with a comma".to_owned(),
            "use data:text/plain;base64,aGk= here".to_owned(),
            "a/b/c ".repeat(2000),
            "=".repeat(5000),
            "/".repeat(5000),
            noise(1000),
        ] {
            assert_eq!(without_data(&text), None, "{}", head(&text, 40));
        }
    }

    #[test]
    fn a_long_body_is_cut_between_characters() {
        let body = body("é ".repeat(MAX_BODY / 2).into());
        assert!(body.cut);
        assert_eq!(body.bytes, 3 * (MAX_BODY as u64) / 2);
        assert!(body.text.len() <= MAX_BODY && body.text.len() > MAX_BODY - 4);
    }

    #[test]
    fn a_title_is_one_line() {
        assert_eq!(one_line("  a\n\tb  c ", 20), "a b c");
        assert_eq!(one_line("hello big world", 11), "hello big…");
        assert_eq!(one_line(&"x".repeat(500), 20).chars().count(), 20);
        assert_eq!(one_line(&"wort ".repeat(500), 200).chars().count(), 200);
        assert_eq!(one_line("", 5), "");
    }
}
