//! Code to spans of a few classes, bounded: a highlighter on foreign text must not hold up a page.

use std::sync::LazyLock;
use syntect::easy::ScopeRegionIterator;
use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

/// Longer blocks, and blocks with longer lines, stay plain.
const MAX_BLOCK: usize = 16 * 1024;
const MAX_LINE: usize = 1000;
/// Highlighted on one page.
pub const PAGE_BUDGET: usize = 96 * 1024;

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(SyntaxSet::load_defaults_newlines);

/// Scope prefix and class, the most telling first.
static CLASSES: LazyLock<Vec<(Scope, &'static str)>> = LazyLock::new(|| {
    [
        ("comment", "c"),
        ("string", "s"),
        ("constant.numeric", "n"),
        ("constant", "n"),
        ("markup.inserted", "i"),
        ("markup.deleted", "d"),
        ("keyword", "k"),
        ("storage", "k"),
        ("entity.name.function", "f"),
        ("support.function", "f"),
        ("variable.function", "f"),
        ("entity.name.tag", "g"),
        ("entity.other.attribute-name", "t"),
        ("entity.name", "t"),
        ("support", "t"),
    ]
    .into_iter()
    .map(|(prefix, class)| (Scope::new(prefix).expect("a scope of our own"), class))
    .collect()
});

/// HTML of `code` in `language` (a fence's word or a file extension), escaped; `None` where it stays
/// plain: unknown language, too long, or the page has had its share (`budget`, bytes).
pub fn html(code: &str, language: &str, budget: &mut usize) -> Option<String> {
    if code.len() > MAX_BLOCK || code.len() > *budget || code.lines().any(|l| l.len() > MAX_LINE) {
        return None;
    }
    let syntax = syntax(language)?;
    *budget -= code.len();
    spans(code, syntax)
}

fn syntax(language: &str) -> Option<&'static SyntaxReference> {
    let word = language
        .split([' ', ',', '{'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let token = match word.as_str() {
        "" | "text" | "txt" | "plain" | "output" => return None,
        "ts" | "tsx" | "jsx" | "typescript" | "javascript" | "mjs" | "cjs" => "js",
        "jsonc" | "json5" | "jsonl" => "json",
        "console" | "shell" | "zsh" | "shellsession" | "terminal" => "sh",
        "yml" => "yaml",
        "toml" | "ini" | "env" | "conf" => "properties",
        "svelte" | "vue" | "astro" => "html",
        word => word,
    };
    SYNTAXES
        .find_syntax_by_token(token)
        .filter(|syntax| syntax.name != "Plain Text")
}

fn spans(code: &str, syntax: &SyntaxReference) -> Option<String> {
    let mut state = ParseState::new(syntax);
    let mut stack = ScopeStack::new();
    let mut html = String::with_capacity(code.len() * 2);
    let mut open: Option<&str> = None;
    for line in code.split_inclusive('\n') {
        let ops = state.parse_line(line, &SYNTAXES).ok()?;
        for (text, op) in ScopeRegionIterator::new(&ops, line) {
            stack.apply(op).ok()?;
            if text.is_empty() {
                continue;
            }
            let class = class(&stack);
            if class != open {
                if open.is_some() {
                    html.push_str("</span>");
                }
                if let Some(class) = class {
                    html.push_str("<span class=\"");
                    html.push_str(class);
                    html.push_str("\">");
                }
                open = class;
            }
            escape(text, &mut html);
        }
    }
    if open.is_some() {
        html.push_str("</span>");
    }
    Some(html)
}

fn class(stack: &ScopeStack) -> Option<&'static str> {
    let scopes = stack.as_slice();
    scopes.iter().rev().find_map(|scope| {
        CLASSES
            .iter()
            .find(|(prefix, _)| prefix.is_prefix_of(*scope))
            .map(|(_, class)| *class)
    })
}

pub fn escape(text: &str, html: &mut String) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c => html.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(html: &str) -> String {
        let mut text = String::new();
        let mut inside = false;
        for c in html.chars() {
            match c {
                '<' => inside = true,
                '>' => inside = false,
                c if !inside => text.push(c),
                _ => {}
            }
        }
        text.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&amp;", "&")
    }

    #[test]
    fn code_keeps_its_text_and_gains_classes() {
        for (language, code, class) in [
            ("rust", "fn a() -> &str { \"<b>\" } // c\n", "s"),
            ("ts", "const a = 1;\n", "k"),
            ("bash", "# hi\necho \"$A\"\n", "c"),
            ("json", "{\"a\": 1}", "n"),
            ("py", "def f():\n    return 1\n", "f"),
        ] {
            let html = html(code, language, &mut PAGE_BUDGET.clone()).unwrap();
            assert!(html.contains(&format!("class=\"{class}\"")), "{html}");
            assert_eq!(text_of(&html), code);
        }
    }

    #[test]
    fn what_is_long_or_unknown_stays_plain() {
        let mut budget = PAGE_BUDGET;
        assert!(html("x", "", &mut budget).is_none());
        assert!(html("x", "no such language", &mut budget).is_none());
        assert!(html(&"a".repeat(MAX_LINE + 1), "rust", &mut budget).is_none());
        assert!(html(&"a\n".repeat(MAX_BLOCK), "rust", &mut budget).is_none());
        let mut none = 3;
        assert!(html("let a = 1;", "rust", &mut none).is_none());
        assert_eq!(none, 3);
    }
}
