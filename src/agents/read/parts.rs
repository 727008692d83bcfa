//! The content of messages: a string, one block, or a list of blocks of several makers' kinds.

use super::json::{Raw, fields};
use super::{text, tool};
use std::borrow::Cow;

fields! {
    /// One block of a message's content.
    pub struct Part {
        kind: "type",
        text: "text",
        content: "content",
        source: "source",
        data: "data",
        media: "mimeType",
        media_type: "media_type",
        image_url: "image_url",
        inline: "inlineData",
        url: "url",
        file: "fileData",
        uri: "fileUri",
    }
}

/// The words of a content, with a stub for each image, and how many images there are. Blocks that
/// hold neither (calls, results, thoughts) give nothing here.
pub fn words(content: Raw<'_>) -> (Cow<'_, str>, u32) {
    if let Some(text) = content.text() {
        return (text, 0);
    }
    let mut out = String::new();
    let mut images = 0;
    let blocks = match content.is_object() {
        true => vec![content],
        false => content.items(),
    };
    for block in blocks {
        let part = match block.text() {
            Some(text) => text,
            None => {
                let part: Part<'_> = block.object().unwrap_or_default();
                match picture(&part) {
                    Some(stub) => {
                        images += 1;
                        Cow::Owned(stub)
                    }
                    None if spoken(&part) => part.text.and_then(Raw::text).unwrap_or_default(),
                    None => continue,
                }
            }
        };
        if part.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&part);
    }
    (Cow::Owned(out), images)
}

/// Blocks of other kinds (thoughts, say) may have a `text` too.
fn spoken(part: &Part<'_>) -> bool {
    part.kind.is_none_or(|kind| {
        ["text", "input_text", "output_text", "markdown"]
            .iter()
            .any(|known| kind.is(known))
    })
}

/// What a tool gave: text and blocks as [`words`], anything else as a listing.
pub fn output(content: Raw<'_>) -> (Cow<'_, str>, u32) {
    let (text, images) = words(content);
    if !text.is_empty() || content.is_text() {
        return (text, images);
    }
    let empty = matches!(content.as_json(), "[]" | "{}" | "null");
    match empty {
        true => (Cow::Borrowed(""), 0),
        false => (Cow::Owned(tool::listing(content)), images),
    }
}

/// The text of a value that may be a string, a list of `{text}` blocks (or strings), or something
/// else, which is shown as it is listed.
pub fn content(value: Raw<'_>) -> String {
    if let Some(text) = value.text() {
        return text.into_owned();
    }
    if value.is_array() {
        let blocks = value.items().into_iter().map(block);
        let filled = blocks.filter(|text| !text.is_empty());
        return filled.collect::<Vec<_>>().join("\n");
    }
    match value.is_object() {
        true => block(value),
        false if value.as_json() == "null" => String::new(),
        false => value.as_json().to_owned(),
    }
}

fn block(value: Raw<'_>) -> String {
    let Some(kind) = value.is_object().then(|| value.get("type")).flatten() else {
        return match value.text() {
            Some(text) => text.into_owned(),
            None => match value.get("text").and_then(Raw::text) {
                Some(text) => text.into_owned(),
                None => tool::listing(value),
            },
        };
    };
    if let Some(text) = value.get("text").and_then(Raw::text) {
        return text.into_owned();
    }
    let data = value.get("data").and_then(Raw::text);
    let is_image = kind.text().is_some_and(|kind| kind.starts_with("image"));
    match (is_image, data) {
        (true, Some(data)) => {
            let media = value.get("mimeType").and_then(Raw::text);
            text::stub(media.as_deref().unwrap_or("image/png"), data.len())
        }
        (true, None) => "[image]".to_owned(),
        _ => tool::listing(value),
    }
}

/// How many images a content holds.
pub fn images(content: Raw<'_>) -> u32 {
    let parts = content.items().into_iter().filter_map(Raw::object);
    parts.filter(|part| picture(part).is_some()).count() as u32
}

/// `[image/png, 34 KB]` for a block that is an image.
fn picture(part: &Part<'_>) -> Option<String> {
    let kind = part.kind.and_then(Raw::text).unwrap_or_default();
    let named = matches!(
        kind.as_ref(),
        "image" | "image_url" | "input_image" | "media"
    );
    if !named && part.inline.is_none() && part.file.is_none() {
        return None;
    }
    let inner: Part<'_> = part
        .source
        .or(part.inline)
        .or(part.file)
        .or(part.image_url)
        .and_then(Raw::object)
        .unwrap_or_default();
    let url = [part.url, inner.url, inner.uri, part.image_url];
    let data = part.data.or(inner.data);
    if let (None, Some(url)) = (data, url.into_iter().flatten().find_map(Raw::filled)) {
        let shown = match url
            .strip_prefix("data:")
            .and_then(|rest| rest.split_once(';'))
        {
            Some((media, body)) => text::stub(media, body.len()),
            None => text::image_at(&url),
        };
        return Some(shown);
    }
    let media = [part.media, part.media_type, inner.media, inner.media_type];
    let media = media.into_iter().flatten().find_map(Raw::filled);
    let length = data.map_or(0, |data| data.as_json().len().saturating_sub(2));
    Some(text::stub(media.as_deref().unwrap_or("image"), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, want: &str, images: u32) {
        let got = words(Raw::parse(json).unwrap());
        assert_eq!((got.0.as_ref(), got.1), (want, images), "{json}");
    }

    #[test]
    fn words_of_every_shape() {
        check(r#""plain""#, "plain", 0);
        check(r#"{"text":"one"}"#, "one", 0);
        check(
            r#"["a",{"type":"text","text":"b"},{"type":"x","text":"c"},7]"#,
            "a\nb",
            0,
        );
        check("null", "", 0);
    }

    #[test]
    fn images_of_every_maker_are_stubs() {
        for block in [
            r#"{"type":"image","data":"AAAA","mimeType":"image/png"}"#,
            r#"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}"#,
            r#"{"inlineData":{"mimeType":"image/png","data":"AAAA"}}"#,
        ] {
            check(&format!("[{block}]"), "[image/png, 3 B]", 1);
            assert_eq!(super::images(Raw::parse(&format!("[{block}]")).unwrap()), 1);
        }
        check(
            r#"[{"type":"image_url","image_url":{"url":"https://x/y.png"}}]"#,
            "[image, https://x/y.png]",
            1,
        );
    }
}
