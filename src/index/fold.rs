//! Which characters make words, and what they are once case and accents no longer count.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What a character beyond ASCII means to the tokenizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Separator,
    Word,
    /// Belongs to the character before it.
    Mark,
    /// Written without blanks between words: indexed by pairs.
    Cjk,
    /// Emoji and the like: a word of its own.
    Symbol,
}

pub(super) fn kind(c: char) -> Kind {
    match c {
        '\u{2600}'..='\u{27bf}' | '\u{1f300}'..='\u{1faff}' => Kind::Symbol,
        // punctuation, arrows, boxes: most of what tool output has beyond ASCII
        '\u{2010}'..='\u{206f}' | '\u{2190}'..='\u{245f}' | '\u{2500}'..='\u{2bff}' => {
            Kind::Separator
        }
        _ if joins_cjk(c) || is_combining_mark(c) => Kind::Mark,
        _ if is_cjk(c) => Kind::Cjk,
        _ if c.is_alphanumeric() || c == '_' => Kind::Word,
        _ => Kind::Separator,
    }
}

fn is_cjk(c: char) -> bool {
    matches!(c,
        '\u{4e00}'..='\u{9fff}' | '\u{3041}'..='\u{309f}' | '\u{30a1}'..='\u{30fa}'
        | '\u{30fc}'..='\u{30ff}' | '\u{ac00}'..='\u{d7a3}' | '\u{3400}'..='\u{4dbf}'
        | '\u{3005}'..='\u{3007}' | '\u{3105}'..='\u{318e}' | '\u{31a0}'..='\u{31bf}'
        | '\u{31f0}'..='\u{31ff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9d}'
        | '\u{ffa0}'..='\u{ffdc}' | '\u{1100}'..='\u{115f}' | '\u{a960}'..='\u{a97f}'
        | '\u{20000}'..='\u{3ffff}')
}

/// Half-width voicing marks and the vowels and finals of decomposed Hangul.
fn joins_cjk(c: char) -> bool {
    matches!(c, '\u{ff9e}' | '\u{ff9f}' | '\u{1160}'..='\u{11ff}' | '\u{d7b0}'..='\u{d7ff}')
}

/// Appends `text` without case, accents and compatibility forms.
///
/// Only marks of alphabets where they are optional are dropped; the vowel signs of Indic scripts
/// and the voicing of kana tell words apart.
pub(super) fn fold_into(out: &mut String, text: &str) {
    let from = out.len();
    if text.is_ascii() {
        out.push_str(text);
        out[from..].make_ascii_lowercase();
    } else if text.chars().all(is_settled) {
        out.push_str(text);
    } else {
        let plain = text
            .nfkd()
            .filter(|c| !is_accent(*c))
            .flat_map(char::to_lowercase)
            .filter(|c| !is_accent(*c))
            .flat_map(|c| {
                replacement(c)
                    .chars()
                    .chain(replacement(c).is_empty().then_some(c))
            });
        out.extend(plain.nfc());
    }
}

/// Characters that folding leaves as they are, in scripts that are all but never ASCII.
fn is_settled(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{3041}'..='\u{3096}'
        | '\u{30a1}'..='\u{30fa}' | '\u{30fc}')
}

fn is_accent(c: char) -> bool {
    matches!(c,
        '\u{0300}'..='\u{036f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}' | '\u{0591}'..='\u{05c7}'
        | '\u{064b}'..='\u{065f}')
}

/// Letters that people type differently and that Unicode does not take apart; `""` for others.
fn replacement(c: char) -> &'static str {
    match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' => "d",
        'ı' => "i",
        'ς' => "σ",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        let mut out = String::new();
        fold_into(&mut out, text);
        out
    }

    #[test]
    fn case_accents_and_forms_do_not_count() {
        for (typed, same) in [
            ("Größe", "grosse"),
            ("CAFÉ", "cafe"),
            ("cafe\u{301}", "cafe"),
            ("İstanbul", "istanbul"),
            ("ISTANBUL", "istanbul"),
            ("ıstanbul", "istanbul"),
            ("ΟΔΟΣ", "οδοσ"),
            ("Ｆｕｌｌ", "full"),
            ("Ærø", "aero"),
            ("ё", "е"),
        ] {
            assert_eq!(folded(typed), same, "{typed}");
        }
    }

    #[test]
    fn marks_that_tell_words_apart_stay() {
        assert_ne!(folded("か"), folded("が"));
        assert_eq!(folded("ｶﾞ"), folded("ガ"));
        assert_eq!(folded("\u{1112}\u{1161}\u{11ab}"), "한");
        assert_ne!(folded("हिन्दी"), folded("हनद"));
    }
}
