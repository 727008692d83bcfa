//! JSON as people read it: indented, and nothing else about it changed. Numbers, escapes and the order of
//! members stay as they were written; a text that ends in the middle is indented as far as it goes.

/// Deeper nesting is not indented further.
const DEEPEST: usize = 40;

/// `None`: it does not begin as JSON does, and is to be shown as it is.
pub fn json(text: &str) -> Option<String> {
    let text = text.trim();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut depth = 0_usize;
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        match c {
            '"' => {
                let length = string(&text[at..]);
                out.push_str(&text[at..at + length]);
                while rest.next_if(|(next, _)| *next < at + length).is_some() {}
            }
            '{' | '[' => {
                out.push(c);
                let close = if c == '{' { '}' } else { ']' };
                while rest.next_if(|(_, c)| c.is_whitespace()).is_some() {}
                if rest.next_if(|(_, c)| *c == close).is_some() {
                    out.push(close);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_whitespace() => {}
            c => out.push(c),
        }
    }
    Some(out)
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth.min(DEEPEST)));
}

/// Bytes of the string that begins here, quotes included; of one that never ends, all.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_white_space_changes() {
        let text = r#"{"b":[1.50, {}, [ ]],"a\"{":"é,:{","n":-0e5}"#;
        let want = "{\n  \"b\": [\n    1.50,\n    {},\n    []\n  ],\n  \"a\\\"{\": \"é,:{\",\n  \"n\": -0e5\n}";
        assert_eq!(json(text).unwrap(), want);
        assert_eq!(json(want).unwrap(), want, "indented once is indented");
    }

    #[test]
    fn torn_text_is_shown_as_far_as_it_goes() {
        assert_eq!(json("[{\"a\":\"b").unwrap(), "[\n  {\n    \"a\": \"b");
        assert_eq!(json("]").as_deref(), None);
        assert_eq!(json("# heading"), None);
        assert!(json(&"[".repeat(100_000)).is_some());
    }
}
