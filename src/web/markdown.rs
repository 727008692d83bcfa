//! Markdown of foreign text to HTML that can do no harm.
//!
//! Two walls. Raw HTML in the text is shown as text, which is also what its writer meant (people talk
//! about tags, and a dropped `<Button>` would be a lost word). Then the whole output is sanitised: only
//! known elements, only our highlighter's classes, only web and mail addresses. An image is its text:
//! showing a page must not call anybody.

use super::highlight;
use ammonia::{Builder, UrlRelative};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};
use std::collections::HashSet;
use std::sync::LazyLock;

static SANITIZER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::default();
    builder
        .tags(HashSet::from([
            "a",
            "blockquote",
            "br",
            "code",
            "del",
            "em",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "hr",
            "li",
            "ol",
            "p",
            "pre",
            "span",
            "strong",
            "table",
            "tbody",
            "td",
            "th",
            "thead",
            "tr",
            "ul",
        ]))
        .generic_attributes(HashSet::new())
        .tag_attributes(
            [
                ("a", HashSet::from(["href"])),
                ("ol", HashSet::from(["start"])),
            ]
            .into(),
        )
        .allowed_classes(
            [(
                "span",
                HashSet::from(["c", "d", "f", "g", "i", "k", "n", "s", "t"]),
            )]
            .into(),
        )
        // code that scrolls sideways must be reachable by keyboard
        .set_tag_attribute_value("pre", "tabindex", "0")
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"));
    builder
});

/// Sanitised HTML. `breaks`: a single line break is one, as people who type prompts mean it.
/// `budget` bytes of code may be highlighted.
pub fn html(text: &str, breaks: bool, budget: &mut usize) -> String {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut writer = Writer {
        breaks,
        budget,
        code: None,
    };
    let events = Parser::new_ext(text, options).flat_map(|event| writer.harmless(event));
    let mut dirty = String::with_capacity(text.len() * 3 / 2);
    html::push_html(&mut dirty, events);
    SANITIZER.clean(&dirty).to_string()
}

struct Writer<'b> {
    breaks: bool,
    budget: &'b mut usize,
    /// Language and text of the code block that is open.
    code: Option<(String, String)>,
}

impl Writer<'_> {
    /// The event as it may be written: one, none, or one with a line break behind it.
    fn harmless<'t>(&mut self, event: Event<'t>) -> impl Iterator<Item = Event<'t>> + use<'t> {
        let mut line_break = None;
        let event = match (&mut self.code, event) {
            (Some(_), Event::End(TagEnd::CodeBlock)) => {
                let (language, body) = self.code.take().expect("a code block is open");
                Some(Event::Html(block(&body, &language, self.budget).into()))
            }
            (Some((_, body)), Event::Text(part)) => {
                body.push_str(&part);
                None
            }
            (Some(_), _) => None,
            (None, Event::Start(Tag::CodeBlock(kind))) => {
                let language = match kind {
                    CodeBlockKind::Fenced(language) => language.into_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some((language, String::new()));
                None
            }
            (None, Event::Start(Tag::Heading { level, .. })) => Some(Event::Start(heading(level))),
            (None, Event::End(TagEnd::Heading(level))) => {
                Some(Event::End(TagEnd::Heading(below(level))))
            }
            (None, Event::Start(Tag::HtmlBlock)) => Some(Event::Start(Tag::Paragraph)),
            (None, Event::End(TagEnd::HtmlBlock)) => Some(Event::End(TagEnd::Paragraph)),
            (None, Event::Html(raw)) => {
                line_break = Some(Event::HardBreak);
                Some(Event::Text(raw))
            }
            (None, Event::InlineHtml(raw)) => Some(Event::Text(raw)),
            (None, Event::SoftBreak) if self.breaks => Some(Event::HardBreak),
            (None, Event::TaskListMarker(done)) => {
                Some(Event::Text(if done { "☑ " } else { "☐ " }.into()))
            }
            (None, Event::Start(Tag::Image { .. })) => Some(Event::Text("[image: ".into())),
            (None, Event::End(TagEnd::Image)) => Some(Event::Text("]".into())),
            (None, event) => Some(event),
        };
        event.into_iter().chain(line_break)
    }
}

/// Attributes of headings are not asked for.
fn heading(level: HeadingLevel) -> Tag<'static> {
    Tag::Heading {
        level: below(level),
        id: None,
        classes: Vec::new(),
        attrs: Vec::new(),
    }
}

/// Headings of a message stand below the message's own, which is of the third level.
fn below(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H4,
        HeadingLevel::H2 => HeadingLevel::H5,
        _ => HeadingLevel::H6,
    }
}

fn block(code: &str, language: &str, budget: &mut usize) -> String {
    let mut html = String::from("<pre><code>");
    match highlight::html(code, language, budget) {
        Some(spans) => html.push_str(&spans),
        None => highlight::escape(code, &mut html),
    }
    html.push_str("</code></pre>\n");
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        html(text, false, &mut highlight::PAGE_BUDGET.clone())
    }

    #[test]
    fn nothing_foreign_runs() {
        for text in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "<svg onload=alert(1)><a xlink:href=\"javascript:alert(1)\">x</a></svg>",
            "<style>body{display:none}</style>",
            "<a href=\"javascript:alert(1)\" onclick=\"alert(1)\">x</a>",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "[x](vbscript:alert(1))",
            "<iframe src=\"//evil.example\"></iframe>",
            "![x](https://evil.example/pixel.png)",
            "<p style=\"position:fixed\" class=\"topbar\" id=\"main\">x</p>",
            "```\"><script>alert(1)</script>\nx\n```",
            "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
        ] {
            let html = plain(text);
            for tag in html.split('<').skip(1) {
                let tag = tag.split('>').next().unwrap_or_default();
                let name = tag.trim_start_matches('/').split(' ').next().unwrap();
                assert!(
                    ["p", "a", "pre", "code", "br", "em"].contains(&name),
                    "{text} gave <{tag}>"
                );
                assert!(
                    !tag.contains("on") || tag.contains("rel=\"noopener"),
                    "{text} gave <{tag}>"
                );
                assert!(!tag.contains("href"), "{text} gave <{tag}>");
            }
        }
    }

    #[test]
    fn raw_markup_is_kept_as_text() {
        assert_eq!(
            plain("use <Button> here"),
            "<p>use &lt;Button&gt; here</p>\n"
        );
        let block = plain("<div>\nx\n</div>");
        assert!(
            block.contains("&lt;div&gt;") && block.contains("<br>"),
            "{block}"
        );
    }

    #[test]
    fn prose_code_and_tables_are_rendered() {
        let html =
            plain("# T\n\n- [x] done\n\n|a|b|\n|-|-|\n|1|2|\n\n```rust\nfn f() {}\n```\n~~x~~");
        for want in [
            "<h4>T</h4>",
            "☑ done",
            "<td>1</td>",
            "<span class=\"k\">fn</span>",
            "<del>x</del>",
        ] {
            assert!(html.contains(want), "{want} in {html}");
        }
        assert!(plain("[x](https://example.org)").contains("rel=\"noopener noreferrer nofollow\""));
    }

    #[test]
    fn line_breaks_of_prompts_are_kept() {
        let mut budget = 0;
        assert!(html("a\nb", true, &mut budget).contains("<br>"));
        assert!(!html("a\nb", false, &mut budget).contains("<br>"));
    }
}
