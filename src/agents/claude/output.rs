//! What tools printed, and bodies made of blocks.

use super::record::{Block, ToolResult, blocks, is};
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::text;
use std::borrow::Cow;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

fields! {
    struct Media {
        media: "media_type",
        data: "data",
        kind: "type",
        url: "url",
        base64: "base64",
    }
}

/// Text of blocks joined by newlines, with a stub for each image; counts the images.
pub fn joined(blocks: &[Block<'_>], images: &mut u32) -> String {
    let mut out = String::new();
    for block in blocks {
        let part = if let Some(stub) = image(block) {
            *images += 1;
            Cow::Owned(stub)
        } else {
            words(block)
        };
        if !part.is_empty() {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(&part);
        }
    }
    out
}

/// How many images the content of a result holds.
pub fn images(content: Raw<'_>) -> u32 {
    let images = blocks(content);
    images
        .iter()
        .filter(|block| is(block.kind, "image"))
        .count() as u32
}

/// `[image/png, 34 KB]` for an image or document block.
pub fn image(block: &Block<'_>) -> Option<String> {
    if !is(block.kind, "image") && !is(block.kind, "document") {
        return None;
    }
    let source: Media<'_> = block.source.and_then(Raw::object).unwrap_or_default();
    let media = source.media.and_then(Raw::text).unwrap_or_default();
    if let Some(url) = source.url.and_then(Raw::text) {
        return Some(text::image_at(&url));
    }
    // plain text documents are words, not bytes
    if is(source.kind, "text") {
        return source.data.and_then(Raw::owned);
    }
    let file: Media<'_> = block.file.and_then(Raw::object).unwrap_or_default();
    let data = source.data.or(file.base64);
    let length = data.map_or(0, |data| data.as_json().len().saturating_sub(2));
    let media = if media.is_empty() {
        "image".into()
    } else {
        media
    };
    Some(text::stub(&media, length))
}

fn words<'a>(block: &Block<'a>) -> Cow<'a, str> {
    if let Some(text) = block.text.text() {
        return text;
    }
    if let Some(name) = block.tool_name.and_then(Raw::text) {
        return name;
    }
    let line = [block.title, block.url].into_iter().flatten();
    let line: Vec<Cow<'_, str>> = line.filter_map(Raw::text).collect();
    if !line.is_empty() {
        return Cow::Owned(line.join(" "));
    }
    match block.content {
        Some(content) => Cow::Owned(content_text(content, &mut 0)),
        None => Cow::Borrowed(""),
    }
}

/// The content of a result: a string, a list of blocks, or anything else as it is written.
pub fn content_text(content: Raw<'_>, images: &mut u32) -> String {
    if let Some(text) = content.text() {
        return text.into_owned();
    }
    if content.is_array() {
        return joined(&blocks(content), images);
    }
    crate::agents::read::tool::listing(content)
}

/// The text of a tool result whose block is empty, from the structured result beside it.
pub fn beside(result: Raw<'_>) -> String {
    if let Some(text) = result.text() {
        return text.into_owned();
    }
    let result: ToolResult<'_> = result.object().unwrap_or_default();
    let parts = [result.stdout, result.stderr].into_iter().flatten();
    let parts: Vec<Cow<'_, str>> = parts.filter_map(Raw::filled).collect();
    parts.join("\n")
}

/// An output that was too long for the transcript and lies in a file of its own. Only a plain name
/// directly in `folder` is opened, whatever path the record names. Gives the text (its first
/// [`text::MAX_BODY`] bytes) and the file's size.
pub fn persisted(text: &str, named: Option<Raw<'_>>, folder: &Path) -> Option<(String, u64)> {
    const MARK: &str = "Full output saved to: ";
    let told = named.and_then(Raw::text);
    let path = match &told {
        Some(path) => path.as_ref(),
        None => {
            let inside = text.strip_prefix("<persisted-output>")?;
            inside.split_once(MARK)?.1.lines().next()?.trim()
        }
    };
    let name = path.rsplit(['/', '\\']).next()?;
    if name.is_empty() || name == "." || name == ".." || name.contains(['\0', ':']) {
        return None;
    }
    let file = folder.join(name);
    // neither the file nor its folder may be a link to elsewhere
    let plain = fs::symlink_metadata(folder).ok()?.is_dir();
    let metadata = fs::symlink_metadata(&file).ok()?;
    if !plain || !metadata.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    let limit = text::MAX_BODY as u64 + 4;
    File::open(&file)
        .ok()?
        .take(limit)
        .read_to_end(&mut bytes)
        .ok()?;
    Some((String::from_utf8_lossy(&bytes).into_owned(), metadata.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_sessions_own_folder_is_read() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("tool-results");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("a.txt"), "all of it").unwrap();
        fs::write(home.path().join("secret.txt"), "no").unwrap();
        let read = |path: &str| {
            let text = format!(
                "<persisted-output>\nOutput too large (9KB). Full output saved to: {path}\n\nPreview:\nal"
            );
            persisted(&text, None, &folder).map(|(text, _)| text)
        };
        assert_eq!(
            read("/elsewhere/S/tool-results/a.txt").as_deref(),
            Some("all of it")
        );
        assert_eq!(
            read(r"C:\u\S\tool-results\a.txt").as_deref(),
            Some("all of it")
        );
        for path in [
            "../secret.txt",
            "tool-results/..",
            "",
            "/",
            "b.txt",
            "a.txt:stream",
        ] {
            assert_eq!(read(path), None, "{path}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(home.path().join("secret.txt"), folder.join("l.txt"))
                .unwrap();
            assert_eq!(read("l.txt"), None);
        }
    }
}
