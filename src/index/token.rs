//! The tokenizer: whole identifiers, their parts at the same position, pairs of CJK characters.
//!
//! A word is a longest run of letters, digits and `_`. It is one term, folded; the parts that case,
//! `_` and digits tell apart are terms of a second space (they begin with [`PART`]), so that
//! `user` as a word and `user` inside `get_user_name` can be told apart when scoring. Everything
//! else separates, so `a::b`, `a-b` and `a/b` are neighbours that a phrase finds.

use super::fold::{Kind, fold_into, kind};
use super::parts::{BEYOND, CLASS, DIGIT, LOWER, Split, UNDER, UPPER, class_of, is_hex};
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// First character of every term that is part of a word.
pub(super) const PART: char = '\u{1}';
/// Longer words are known by their beginning.
const MAX_CHARS: usize = 64;
const MAX_PARTS: usize = 32;
/// From this length on a word may be a hash or base64, whose parts nobody looks for.
const NOISE_FROM: usize = 16;

#[derive(Clone, Default)]
pub(super) struct CodeTokenizer {
    token: Token,
    queue: Vec<Piece>,
}

/// A term to come: a byte range of the text.
#[derive(Clone, Copy)]
struct Piece {
    start: usize,
    end: usize,
    part: bool,
    position: usize,
}

pub(super) struct CodeStream<'a> {
    text: &'a str,
    /// Where scanning goes on.
    at: usize,
    position: usize,
    /// Where the last CJK character ended: the next one continues its run.
    cjk_end: usize,
    next: usize,
    tokenizer: &'a mut CodeTokenizer,
}

impl Tokenizer for CodeTokenizer {
    type TokenStream<'a> = CodeStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> CodeStream<'a> {
        self.queue.clear();
        CodeStream {
            text,
            at: 0,
            position: 0,
            cjk_end: usize::MAX,
            next: 0,
            tokenizer: self,
        }
    }
}

impl TokenStream for CodeStream<'_> {
    fn advance(&mut self) -> bool {
        loop {
            while let Some(&piece) = self.tokenizer.queue.get(self.next) {
                self.next += 1;
                if self.emit(piece) {
                    return true;
                }
            }
            self.tokenizer.queue.clear();
            self.next = 0;
            match self.scan() {
                Scan::Emitted => return true,
                Scan::Queued => {}
                Scan::End => return false,
            }
        }
    }

    fn token(&self) -> &Token {
        &self.tokenizer.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.tokenizer.token
    }
}

enum Scan {
    Emitted,
    Queued,
    End,
}

impl CodeStream<'_> {
    fn emit(&mut self, piece: Piece) -> bool {
        let token = &mut self.tokenizer.token;
        token.text.clear();
        if piece.part {
            token.text.push(PART);
        }
        let before = token.text.len();
        fold_into(&mut token.text, &self.text[piece.start..piece.end]);
        token.offset_from = piece.start;
        token.offset_to = piece.end;
        token.position = piece.position;
        token.text.len() > before
    }

    /// Reads up to the end of the next word. ASCII words without parts, which are most, become the
    /// token at once.
    fn scan(&mut self) -> Scan {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        while at < bytes.len() && CLASS[bytes[at] as usize] == 0 {
            at += 1;
        }
        if at == bytes.len() {
            self.at = at;
            return Scan::End;
        }
        let start = at;
        let first = CLASS[bytes[at] as usize];
        if first == BEYOND {
            self.at = at;
            self.scan_beyond();
            return Scan::Queued;
        }
        let mut rest = 0;
        at += 1;
        while at < bytes.len() {
            let class = CLASS[bytes[at] as usize];
            if class == 0 {
                break;
            }
            rest |= class;
            at += 1;
            if class == BEYOND {
                self.at = start;
                self.scan_word();
                return Scan::Queued;
            }
        }
        self.at = at;
        let plain = rest == 0 || rest == first || (first == UPPER && rest == LOWER);
        if plain && first != UNDER && at - start <= MAX_CHARS {
            let token = &mut self.tokenizer.token;
            token.text.clear();
            token.text.push_str(&self.text[start..at]);
            if first == UPPER {
                token.text.make_ascii_lowercase();
            }
            token.offset_from = start;
            token.offset_to = at;
            token.position = self.position;
            self.position += 1;
            return Scan::Emitted;
        }
        self.push_word(start, at, first | rest);
        Scan::Queued
    }

    /// At a character beyond ASCII.
    fn scan_beyond(&mut self) {
        let rest = &self.text[self.at..];
        let c = rest
            .chars()
            .next()
            .expect("scan stopped before a character");
        match kind(c) {
            // a vowel sign without its consonant
            Kind::Mark if c.is_alphanumeric() => self.scan_word(),
            Kind::Separator | Kind::Mark => self.at += c.len_utf8(),
            Kind::Word => self.scan_word(),
            Kind::Symbol => {
                let end = self.at + c.len_utf8();
                self.push(self.at, end, false);
                self.position += 1;
                self.at = end;
            }
            Kind::Cjk => self.scan_cjk(),
        }
    }

    /// One character of a CJK run: its pair with the next one as a word, itself as a part. The
    /// last of a run is a part only; one that stands alone is both.
    fn scan_cjk(&mut self) {
        let start = self.at;
        let end = self.cluster_end(start);
        let next = self.text[end..].chars().next();
        if next.is_some_and(|c| kind(c) == Kind::Cjk) {
            let pair_end = self.cluster_end(end);
            self.push(start, pair_end, false);
        } else if self.cjk_end != start {
            self.push(start, end, false);
        }
        self.push(start, end, true);
        self.position += 1;
        self.cjk_end = end;
        self.at = end;
    }

    fn cluster_end(&self, start: usize) -> usize {
        let mut chars = self.text[start..].char_indices();
        chars.next();
        chars
            .find(|(_, c)| c.is_ascii() || kind(*c) != Kind::Mark)
            .map_or(self.text.len(), |(i, _)| start + i)
    }

    /// A word that holds characters beyond ASCII, from `self.at`.
    fn scan_word(&mut self) {
        let start = self.at;
        let mut classes = BEYOND;
        let mut end = self.text.len();
        for (i, c) in self.text[start..].char_indices() {
            if c.is_ascii() {
                let class = CLASS[c as usize];
                if class == 0 {
                    end = start + i;
                    break;
                }
                classes |= class;
            } else if !matches!(kind(c), Kind::Word | Kind::Mark) {
                end = start + i;
                break;
            }
        }
        self.at = end;
        self.push_word(start, end, classes);
    }

    fn push(&mut self, start: usize, end: usize, part: bool) {
        let position = self.position;
        self.tokenizer.queue.push(Piece {
            start,
            end,
            part,
            position,
        });
    }

    fn push_word(&mut self, start: usize, end: usize, classes: u8) {
        let word = &self.text[start..end];
        if classes == UNDER {
            return;
        }
        let cut = word.char_indices().nth(MAX_CHARS).map(|(i, _)| start + i);
        self.push(start, cut.unwrap_or(end), false);
        let long = word.len() >= NOISE_FROM;
        let mixed = LOWER | UPPER | DIGIT;
        let blob = classes & mixed == mixed && classes & UNDER == 0;
        if !(long && (is_hex(word) || cut.is_some() && blob)) {
            let mark = self.tokenizer.queue.len();
            let turns = self.push_parts(start, end);
            if long && turns * 5 > word.len() * 2 {
                self.tokenizer.queue.truncate(mark);
            }
        }
        self.position += 1;
    }

    /// Queues the parts of a word; gives the number of turns of case and digits in it.
    fn push_parts(&mut self, start: usize, end: usize) -> usize {
        let text = self.text;
        let mut split = Split::new(start, end);
        for (i, c) in text[start..end].char_indices() {
            split.step(start + i, class_of(c), |from, to| {
                if self.tokenizer.queue.len() <= MAX_PARTS {
                    let position = self.position;
                    self.tokenizer.queue.push(Piece {
                        start: from,
                        end: to,
                        part: true,
                        position,
                    });
                }
            });
        }
        let position = self.position;
        let queue = &mut self.tokenizer.queue;
        split.close(end, &mut |from, to| {
            if queue.len() <= MAX_PARTS {
                queue.push(Piece {
                    start: from,
                    end: to,
                    part: true,
                    position,
                });
            }
        });
        split.turns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<(usize, String)> {
        let mut tokenizer = CodeTokenizer::default();
        let mut stream = tokenizer.token_stream(text);
        let mut out = Vec::new();
        while stream.advance() {
            let token = stream.token();
            let shown = token.text.replace(PART, "+");
            assert!(text.is_char_boundary(token.offset_from));
            assert!(text.is_char_boundary(token.offset_to));
            out.push((token.position, shown));
        }
        out
    }

    fn terms(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|(_, t)| t).collect()
    }

    #[test]
    fn identifiers_and_parts_share_a_position() {
        assert_eq!(
            terms("getUserName"),
            ["getusername", "+get", "+user", "+name"]
        );
        assert_eq!(
            terms("HTTPServer_v2"),
            ["httpserver_v2", "+http", "+server", "+v2", "+v", "+2"]
        );
        assert_eq!(terms("__init__"), ["__init__", "+init"]);
        assert_eq!(terms("utf8"), ["utf8", "+utf", "+8"]);
        assert_eq!(terms("Plain WORDS 42"), ["plain", "words", "42"]);
        assert!(tokens("parse_line x").contains(&(0, "+line".into())));
        assert!(tokens("parse_line x").contains(&(1, "x".into())));
        assert_eq!(terms("größenWert"), ["grossenwert", "+grossen", "+wert"]);
    }

    #[test]
    fn separators_split() {
        assert_eq!(terms("foo.bar::baz"), ["foo", "bar", "baz"]);
        assert_eq!(terms("src/main.rs"), ["src", "main", "rs"]);
        assert_eq!(terms("a-b — c│d"), ["a", "b", "c", "d"]);
        assert_eq!(terms("_ __ -> ::"), Vec::<String>::new());
        assert_eq!(terms("ok ✅ done"), ["ok", "✅", "done"]);
    }

    #[test]
    fn cjk_in_pairs() {
        assert_eq!(
            tokens("你好世界"),
            [
                (0, "你好".into()),
                (0, "+你".into()),
                (1, "好世".into()),
                (1, "+好".into()),
                (2, "世界".into()),
                (2, "+世".into()),
                (3, "+界".into())
            ]
        );
        assert_eq!(terms("Rust语言x"), ["rust", "语言", "+语", "+言", "x"]);
        assert_eq!(terms("界"), ["界", "+界"]);
        assert_eq!(
            terms("\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}"),
            terms("한글")
        );
    }

    #[test]
    fn noise_has_no_parts_and_long_words_are_cut() {
        assert_eq!(terms("d41d8cd98f00b204e9800998ecf8427e").len(), 1);
        assert_eq!(terms("aGVsbG8gd29ybGQhIQ1x2Y3z").len(), 1);
        let long = "x".repeat(500);
        assert_eq!(terms(&long), ["x".repeat(64)]);
        let named = "very_long_test_name_".repeat(5);
        assert!(terms(&named).contains(&"+test".to_owned()));
        assert_eq!(terms(&named)[0].len(), 64);
    }
}
