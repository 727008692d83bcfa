//! Marks in a body what was searched for.

use crate::index::Marker;

/// A text in turns: what is marked, and what is not.
pub type Parts = Vec<(bool, String)>;

/// The whole text as one part.
pub fn unmarked(text: String) -> Parts {
    vec![(false, text)]
}

/// Parts of a text that is no markup.
pub fn in_text(text: String, marker: &Marker) -> Parts {
    let spans = marker.find(&text);
    if spans.is_empty() {
        return unmarked(text);
    }
    let mut parts = Vec::with_capacity(spans.len() * 2 + 1);
    let mut at = 0;
    for (from, to) in spans {
        if from > at {
            parts.push((false, text[at..from].to_owned()));
        }
        parts.push((true, text[from..to].to_owned()));
        at = to;
    }
    if at < text.len() {
        parts.push((false, text[at..].to_owned()));
    }
    parts
}

/// Puts `<mark>` around every find in the text of HTML that our own renderers made. A word that tags
/// divide is found whole and marked in its pieces.
pub fn in_html(html: String, marker: &Marker) -> String {
    let (plain, chars) = text_of(&html);
    let spans = marker.find(&plain);
    if spans.is_empty() {
        return html;
    }
    let mut marked = String::with_capacity(html.len() + spans.len() * 13);
    let (mut copied, mut next) = (0, 0);
    for (from, to) in spans {
        while chars.get(next).is_some_and(|c| c.plain < from) {
            next += 1;
        }
        while let Some(first) = chars.get(next).filter(|c| c.plain < to) {
            let mut end = first.html.1;
            next += 1;
            while let Some(c) = chars.get(next).filter(|c| c.plain < to && c.html.0 == end) {
                end = c.html.1;
                next += 1;
            }
            marked.push_str(&html[copied..first.html.0]);
            marked.push_str("<mark>");
            marked.push_str(&html[first.html.0..end]);
            marked.push_str("</mark>");
            copied = end;
        }
    }
    marked.push_str(&html[copied..]);
    marked
}

/// A character of the text: where it begins there, and what stands for it in the markup.
struct Char {
    plain: usize,
    html: (usize, usize),
}

/// Tags that do not end a word.
const INLINE: [&str; 7] = ["span", "a", "code", "em", "strong", "del", "mark"];

fn text_of(html: &str) -> (String, Vec<Char>) {
    let mut plain = String::with_capacity(html.len());
    let mut chars = Vec::with_capacity(html.len());
    let mut at = 0;
    while let Some(c) = html[at..].chars().next() {
        let rest = &html[at..];
        let mut end = at + c.len_utf8();
        let shown = match c {
            '<' => {
                let length = tag_length(rest);
                let name = rest[1..length].trim_start_matches('/');
                let name = name.split([' ', '>', '/']).next().unwrap_or_default();
                if !INLINE.contains(&name) {
                    plain.push('\n');
                }
                at += length;
                continue;
            }
            '&' => match entity(rest) {
                Some((c, length)) => {
                    end = at + length;
                    c
                }
                None => c,
            },
            c => c,
        };
        chars.push(Char {
            plain: plain.len(),
            html: (at, end),
        });
        plain.push(shown);
        at = end;
    }
    (plain, chars)
}

/// Up to and with the `>` that ends a tag; values in quotes may hold one.
fn tag_length(html: &str) -> usize {
    let mut quote = None;
    for (at, c) in html.char_indices() {
        match (quote, c) {
            (None, '>') => return at + 1,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    html.len()
}

/// The character that an entity of our own writers stands for, and the entity's length.
fn entity(html: &str) -> Option<(char, usize)> {
    let end = html.bytes().take(12).position(|byte| byte == b';')?;
    let c = match &html[1..end] {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "nbsp" => '\u{a0}',
        name => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((c, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker(words: &[&str]) -> Marker {
        Marker::of_words(words)
    }

    fn marked(html: &str, words: &[&str]) -> String {
        in_html(html.to_owned(), &marker(words))
    }

    #[test]
    fn words_are_marked_and_markup_is_not() {
        for (html, want) in [
            ("<p>a lantern</p>", "<p>a <mark>lantern</mark></p>"),
            (
                "<p class=\"lantern\">&lt;lantern&gt;</p>",
                "<p class=\"lantern\">&lt;<mark>lantern</mark>&gt;</p>",
            ),
            (
                "<a href=\"x>lantern\">Lantern &amp; co</a>",
                "<a href=\"x>lantern\"><mark>Lantern</mark> &amp; co</a>",
            ),
            ("<p>lan</p><p>tern</p>", "<p>lan</p><p>tern</p>"),
            (
                "<code><span>lan</span>tern</code>",
                "<code><span><mark>lan</mark></span><mark>tern</mark></code>",
            ),
            ("<p>no such word", "<p>no such word"),
            ("é <b", "é <b"),
        ] {
            assert_eq!(marked(html, &["lantern"]), want);
        }
    }

    #[test]
    fn a_text_in_turns_is_the_text() {
        let parts = in_text("one lantern, two Lantern".into(), &marker(&["lantern"]));
        let whole: String = parts.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(whole, "one lantern, two Lantern");
        let hits: Vec<&str> = parts.iter().filter(|p| p.0).map(|p| p.1.as_str()).collect();
        assert_eq!(hits, ["lantern", "Lantern"]);
        assert_eq!(in_text("x".into(), &marker(&[])).len(), 1);
    }
}
