//! The parts of one word, by case, `_` and digits.

use super::fold::{Kind, kind};

pub(super) const LOWER: u8 = 1;
pub(super) const UPPER: u8 = 2;
pub(super) const DIGIT: u8 = 4;
pub(super) const UNDER: u8 = 8;
pub(super) const BEYOND: u8 = 16;

/// Of each byte; 0 separates, `BEYOND` is not ASCII.
pub(super) const CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' => LOWER,
            b'A'..=b'Z' => UPPER,
            b'0'..=b'9' => DIGIT,
            b'_' => UNDER,
            0x80.. => BEYOND,
            _ => 0,
        };
        byte += 1;
    }
    table
};

pub(super) fn is_hex(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_hexdigit()) && word.bytes().any(|b| b.is_ascii_digit())
}

pub(super) fn class_of(c: char) -> u8 {
    match c {
        _ if c.is_ascii() => CLASS[c as usize],
        _ if c.is_uppercase() => UPPER,
        _ if c.is_numeric() => DIGIT,
        _ if kind(c) == Kind::Mark => 0,
        _ => LOWER,
    }
}

/// Cuts one word: `_`, `aB` and `ABc` (before the B) are hard cuts between segments; letters and
/// digits are soft cuts inside a segment, taken when there are few of them.
pub(super) struct Split {
    word: (usize, usize),
    segment: Option<usize>,
    /// Starts of the runs of the segment.
    runs: [usize; 4],
    count: usize,
    /// The last two classes, the latest first, and where the latest began.
    last: (u8, u8, usize),
    /// Of case and digits.
    pub turns: usize,
}

impl Split {
    pub fn new(start: usize, end: usize) -> Split {
        Split {
            word: (start, end),
            segment: None,
            runs: [0; 4],
            count: 0,
            last: (0, 0, 0),
            turns: 0,
        }
    }

    pub fn step(&mut self, at: usize, class: u8, mut found: impl FnMut(usize, usize)) {
        let class = match (class, self.segment) {
            (0, Some(_)) => return,
            // a mark without a letter before it begins a part like one
            (0, None) => LOWER,
            (class, _) => class,
        };
        let (last, before, last_at) = self.last;
        if class == UNDER {
            self.close(at, &mut found);
        } else if self.segment.is_none() {
            self.open(at);
        } else if class == UPPER && last != UPPER {
            self.turns += 1;
            self.close(at, &mut found);
            self.open(at);
        } else if class == LOWER && last == UPPER && before == UPPER {
            self.turns += 1;
            self.close(last_at, &mut found);
            self.open(last_at);
        } else if (class == DIGIT) != (last == DIGIT) {
            self.turns += 1;
            if self.count < self.runs.len() {
                self.runs[self.count] = at;
            }
            self.count += 1;
        }
        self.last = (class, last, at);
    }

    fn open(&mut self, at: usize) {
        self.segment = Some(at);
        self.runs[0] = at;
        self.count = 1;
    }

    pub fn close(&mut self, end: usize, found: &mut impl FnMut(usize, usize)) {
        let Some(start) = self.segment.take() else {
            return;
        };
        if start == end {
            return;
        }
        if (start, end) != self.word {
            found(start, end);
        }
        if (2..self.runs.len()).contains(&self.count) {
            for i in 0..self.count {
                let to = if i + 1 < self.count {
                    self.runs[i + 1]
                } else {
                    end
                };
                found(self.runs[i], to);
            }
        }
    }
}
