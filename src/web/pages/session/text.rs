//! One message alone: as it was recorded, or as Markdown for another document.

use super::LIMIT;
use crate::engine::view::{MessagesQuery, TranscriptItem};
use crate::model::BodyFormat;
use crate::web::ask::Ask;
use crate::web::error::{Answer, Failure};
use crate::web::marks::find;
use crate::web::respond;
use crate::web::{App, blocking};
use axum::extract::{Path, State};

/// One message whole, as plain text: where the page shows only its beginning. `form=markdown` gives
/// a call with what it printed.
pub async fn text(
    State(app): State<App>,
    Path((id, seq)): Path<(String, u32)>,
    ask: Ask,
) -> Answer {
    blocking::page(app, move |app| {
        let sid = find(&app.engine, &id)?;
        let query = MessagesQuery {
            around: Some(seq),
            limit: LIMIT,
            ..MessagesQuery::default()
        };
        let found = app.engine.messages(sid, &query)?;
        let nothing = || Failure::not_found("this session has no such message");
        if ask.params.get("form") == Some("markdown") {
            let holds = |item: &TranscriptItem| {
                item.seq == seq || item.output.as_ref().is_some_and(|output| output.seq == seq)
            };
            let item = found.items.iter().find(|item| holds(item));
            return respond::plain(markdown(item.ok_or_else(nothing)?));
        }
        found
            .items
            .into_iter()
            .flat_map(|item| {
                let output = item.output.clone().map(|output| *output);
                std::iter::once(item).chain(output)
            })
            .find(|item| item.seq == seq)
            .ok_or_else(nothing)
            .and_then(|item| respond::plain(item.text))
    })
    .await
}

fn markdown(item: &TranscriptItem) -> String {
    let mut text = String::new();
    if let Some(tool) = &item.tool {
        text.push_str(&format!("**{}** {}\n\n", tool.name, tool.title));
    }
    text.push_str(&body(item));
    if let Some(output) = &item.output {
        text.push_str(&format!("\n\nOutput:\n\n{}", body(output)));
    }
    text.push('\n');
    text
}

fn body(item: &TranscriptItem) -> String {
    let language = match item.format {
        BodyFormat::Markdown => return item.text.trim_end().to_owned(),
        BodyFormat::Plain => "",
        BodyFormat::Diff => "diff",
        BodyFormat::Shell => "sh",
        BodyFormat::Json => "json",
    };
    let text = item.text.trim_end_matches('\n');
    let fence = fence(text);
    format!("{fence}{language}\n{text}\n{fence}")
}

/// Longer than every run of backticks in the text.
fn fence(text: &str) -> String {
    let runs = text.split(|c| c != '`').map(str::len);
    "`".repeat(runs.max().unwrap_or(0).max(2) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::sample;

    #[test]
    fn a_call_is_fenced_with_what_it_printed() {
        let items = sample::messages().items;
        let call = items.iter().find(|item| item.seq == 8).unwrap();
        let text = markdown(call);
        assert!(
            text.starts_with("**Bash** cargo test upload\n\n```sh\n"),
            "{text}"
        );
        assert!(
            text.contains("\n```\n\nOutput:\n\n```\nrunning 3 tests"),
            "{text}"
        );
        let prompt = items.iter().find(|item| item.seq == 12).unwrap();
        assert_eq!(markdown(prompt), format!("{}\n", prompt.text));
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(fence("a `b` c"), "```");
        assert_eq!(fence("```rust\n````"), "`````");
    }
}
