//! A passage of a message around what was found, with the places to mark.

use super::marks::{Found, Marks};

/// Bytes of a passage, more or less.
const WIDTH: usize = 220;
/// How far a cut may move to fall between words.
const SLACK: usize = 24;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Passage {
    pub text: String,
    pub marks: Vec<(usize, usize)>,
    pub cut_before: bool,
    pub cut_after: bool,
}

/// The passage with the most different words of the query; the beginning where there is none.
pub(super) fn passage(text: &str, marks: &Marks) -> Passage {
    let mut found = if marks.is_empty() {
        Vec::new()
    } else {
        marks.find(text, WIDTH - SLACK * 2)
    };
    found.sort_by_key(|f| (f.start, std::cmp::Reverse(f.end)));
    let (from, to) = best_window(&found, marks.leaves);
    let (start, end) = around(text, from, to);
    cut(text, start, end, &found)
}

/// Byte range from the first to the last match of the best group that fits.
fn best_window(found: &[Found], leaves: usize) -> (usize, usize) {
    let mut best = (0, 0, 0);
    let mut last = 0;
    let mut seen: Vec<(u32, u32)> = vec![(0, 0); leaves];
    for (i, first) in found.iter().enumerate() {
        while last < found.len() && (last <= i || found[last].end <= first.start + WIDTH - SLACK) {
            let (strong, weak) = &mut seen[found[last].leaf];
            *(if found[last].strong { strong } else { weak }) += 1;
            last += 1;
        }
        let score: u32 = seen
            .iter()
            .map(|(strong, weak)| match (*strong, *weak) {
                (0, 0) => 0,
                (0, weak) => 60 + weak.min(5),
                (strong, weak) => 100 + (strong + weak).min(5),
            })
            .sum();
        if score > best.0 {
            let end = found[i..last].iter().map(|f| f.end).max().unwrap_or(0);
            best = (score, first.start, end.min(first.start + WIDTH * 2));
        }
        let (strong, weak) = &mut seen[first.leaf];
        *(if first.strong { strong } else { weak }) -= 1;
    }
    (best.1, best.2)
}

/// Widens `from..to` to a passage that begins and ends between words where it can.
fn around(text: &str, from: usize, to: usize) -> (usize, usize) {
    let spare = WIDTH.saturating_sub(to - from);
    let mut start = from.saturating_sub(spare / 3);
    let mut end = (to + spare - (from - start)).min(text.len());
    if end == text.len() {
        start = start.min(end.saturating_sub(WIDTH)).min(from);
    }
    start = floor(text, start);
    end = ceil(text, end.max(to.min(text.len())));
    if start > 0 {
        let limit = floor(text, (start + SLACK).min(from));
        if limit > start
            && let Some(blank) = text[start..limit].find(char::is_whitespace)
        {
            start += blank;
        }
    }
    if end < text.len() {
        let limit = ceil(text, end.saturating_sub(SLACK).max(to).min(end));
        if let Some(blank) = text[limit..end].rfind(char::is_whitespace) {
            end = limit + blank;
        }
    }
    (start, end)
}

fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn ceil(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

/// Copies the range with every run of blanks as one, and carries the marks over.
fn cut(text: &str, start: usize, end: usize, found: &[Found]) -> Passage {
    let inside = found.iter().filter(|f| f.start >= start && f.end <= end);
    let spans = joined(inside);
    let mut passage = Passage {
        text: String::with_capacity(end - start),
        marks: Vec::with_capacity(spans.len()),
        cut_before: !text[..start].trim().is_empty(),
        cut_after: !text[end..].trim().is_empty(),
    };
    let mut at = start;
    for (from, to) in spans {
        copy(&mut passage.text, &text[at..from]);
        let mark = passage.text.len();
        copy(&mut passage.text, &text[from..to]);
        passage.marks.push((mark, passage.text.len()));
        at = to;
    }
    copy(&mut passage.text, &text[at..end]);
    let kept = passage.text.trim_end().len();
    passage.text.truncate(kept);
    passage
}

/// Byte ranges of all that was found, in order, those that meet as one.
pub(super) fn spans(found: &[Found]) -> Vec<(usize, usize)> {
    let mut found = found.to_vec();
    found.sort_by_key(|f| (f.start, std::cmp::Reverse(f.end)));
    joined(found.iter())
}

fn joined<'f>(found: impl Iterator<Item = &'f Found>) -> Vec<(usize, usize)> {
    let mut spans: Vec<(usize, usize)> = Vec::new();
    for f in found {
        match spans.last_mut() {
            Some(last) if f.start < last.1 => last.1 = last.1.max(f.end),
            _ => spans.push((f.start, f.end)),
        }
    }
    spans
}

fn copy(out: &mut String, text: &str) {
    for c in text.chars() {
        if !c.is_whitespace() && !c.is_control() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(words: &[&str]) -> Marks {
        let mut marks = Marks::default();
        for word in words {
            let leaf = marks.leaf();
            marks.term(leaf, (*word).to_owned());
            marks.term(leaf, format!("\u{1}{word}"));
        }
        marks
    }

    fn marked(passage: &Passage) -> Vec<&str> {
        let marks = passage.marks.iter();
        marks.map(|(a, b)| &passage.text[*a..*b]).collect()
    }

    #[test]
    fn takes_the_passage_with_most_words() {
        let text = format!(
            "alpha {} beta alpha {} beta",
            "x ".repeat(400),
            "y ".repeat(400)
        );
        let passage = passage(&text, &marks(&["alpha", "beta"]));
        assert_eq!(marked(&passage), ["beta", "alpha"]);
        assert!(passage.cut_before && passage.cut_after);
        assert!(passage.text.len() <= WIDTH + SLACK);
    }

    #[test]
    fn marks_only_the_part() {
        let passage = passage("call getUserName now", &marks(&["user"]));
        assert_eq!(marked(&passage), ["User"]);
        assert_eq!(passage.text, "call getUserName now");
        assert!(!passage.cut_before && !passage.cut_after);
    }

    #[test]
    fn blanks_shrink_and_characters_stay_whole() {
        let text = "ä\n\n\n ö ünder  ".repeat(100);
        let passage = passage(&text, &marks(&["ö"]));
        assert!(passage.text.contains("ä ö ünder"));
        assert!(!passage.text.contains("  "));
    }

    #[test]
    fn without_matches_the_beginning() {
        let passage = passage(&"word ".repeat(100), &Marks::default());
        assert!(passage.text.starts_with("word word"));
        assert!(!passage.cut_before && passage.cut_after);
    }
}
