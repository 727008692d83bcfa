//! What tools printed: out of its wrappings, images as stubs, and whether the call failed.

use super::record::{self, Part, is, owned};
use crate::agents::read::json::{Raw, fields};
use crate::agents::read::text;
use std::borrow::Cow;

/// How far from either end of an output its exit code is looked for, in bytes as written.
const NEAR: usize = 400;

/// What an output that tells of a failure begins with, where it carries no exit code.
const FAILURES: &[&str] = &[
    "failed in sandbox",
    "exec command rejected",
    "exec_command failed",
    "execution error",
    "command timed out",
    "aborted by user",
    "failed to parse function arguments",
    "unsupported call",
    "unsupported custom tool call",
    "apply_patch verification failed",
    "patch rejected",
    "tool call error",
    "err: ",
    "Error:",
];

fields! {
    struct Wrapped {
        output: "output",
        content: "content",
        success: "success",
        metadata: "metadata",
    }
}

fields! {
    struct Metadata {
        exit_code: "exit_code",
    }
}

/// Whether the output tells of a failure; bodies of megabytes are not decoded for this.
pub(super) fn failed(raw: Raw<'_>) -> bool {
    if raw.is_object() {
        let wrapped: Wrapped = raw.object().unwrap_or_default();
        let refused = wrapped.success.and_then(Raw::bool) == Some(false);
        return refused || wrapped.content.is_some_and(failed);
    }
    if raw.is_array() {
        let first = raw.items().into_iter().next();
        let part: Part = first.and_then(Raw::object).unwrap_or_default();
        return part.text.is_some_and(failed);
    }
    let written = raw.as_json().trim_start_matches('"');
    let head = text::head(written, NEAR);
    let tail = &written[written.floor_char_boundary(written.len().saturating_sub(NEAR))..];
    if head.starts_with(['{', '[']) {
        let code = [tail, head].iter().find_map(|part| {
            let (_, rest) = part.rsplit_once(r#"\"exit_code\":"#)?;
            number(rest)
        });
        let error = [head, tail]
            .iter()
            .any(|part| part.contains(r#"\"isError\":true"#));
        return error || code.is_some_and(|code| code != 0);
    }
    let header = head.split(r"Output:\n").next().unwrap_or(head);
    let code = ["Exit code: ", "exited with code "]
        .iter()
        .find_map(|words| number(header.split_once(words)?.1));
    match code {
        Some(code) => code != 0,
        None => FAILURES.iter().any(|start| head.starts_with(start)),
    }
}

fn number(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '-')
        .unwrap_or(text.len());
    text[..end].parse().ok()
}

/// The body as it is shown, and the images in it.
pub(super) fn shown(raw: Raw<'_>) -> (String, u32) {
    if raw.is_object() {
        let wrapped: Wrapped = raw.object().unwrap_or_default();
        return match wrapped.content.or(wrapped.output) {
            Some(inner) if inner.is_text() || inner.is_array() => shown(inner),
            _ => (raw.as_json().to_owned(), 0),
        };
    }
    if raw.is_array() {
        return parts(raw);
    }
    let Some(whole) = raw.text() else {
        return (raw.as_json().to_owned(), 0);
    };
    if whole.starts_with(['{', '['])
        && let Some(inner) = unwrapped(&whole)
    {
        return inner;
    }
    (without_header(whole).into_owned(), 0)
}

/// JSON inside the string: a shell's output with its metadata, or the blocks of an MCP server.
fn unwrapped(whole: &str) -> Option<(String, u32)> {
    let raw = Raw::parse(whole).ok()?;
    if raw.is_array() {
        return blocks(raw);
    }
    let wrapped: Wrapped = raw.object()?;
    if let Some(content) = wrapped.content.filter(|content| content.is_array()) {
        return blocks(content);
    }
    let printed = wrapped.output?.text()?.into_owned();
    let metadata: Metadata = wrapped.metadata.and_then(Raw::object)?;
    Some(match metadata.exit_code.and_then(Raw::float) {
        Some(code) if code != 0.0 => (format!("exit code {code}\n{printed}"), 0),
        _ => (printed, 0),
    })
}

/// `None` when these are no content blocks but data.
fn blocks(array: Raw<'_>) -> Option<(String, u32)> {
    let items = array.items();
    let is_block = |raw: &Raw<'_>| {
        let part: Part = raw.object().unwrap_or_default();
        part.kind.is_some() && (part.text.is_some() || part.image_url.is_some())
    };
    (!items.is_empty() && items.iter().all(is_block)).then(|| parts(array))
}

/// Lines that a shell tool puts in front of what was printed.
const HEADER: &[&str] = &[
    "Chunk ID:",
    "Wall time:",
    "Exit code: 0",
    "Process exited with code 0",
    "Original token count:",
    "Total output lines:",
];

fn without_header(text: Cow<'_, str>) -> Cow<'_, str> {
    let mut rest = &text[..];
    let mut kept = String::new();
    while let Some((line, after)) = rest.split_once('\n') {
        rest = after;
        if line.trim_end() == "Output:" {
            return Cow::Owned(kept + rest);
        }
        if HEADER.iter().any(|known| line.starts_with(known)) {
            continue;
        }
        if !["Exit code:", "Process "]
            .iter()
            .any(|known| line.starts_with(known))
        {
            break;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    text
}

/// Texts of content blocks, images as stubs, one below the other.
pub(super) fn parts(array: Raw<'_>) -> (String, u32) {
    let (mut out, mut images) = (String::new(), 0);
    for part in record::parts(array) {
        let line = match part.image_url {
            Some(url) => {
                images += 1;
                Some(image(url))
            }
            None if is(part.kind, "input_image") || is(part.kind, "image") => {
                images += 1;
                Some("[image]".to_owned())
            }
            None => owned(part.text),
        };
        if let Some(line) = line {
            out.extend((!out.is_empty()).then_some('\n'));
            out.push_str(&line);
        }
    }
    (out, images)
}

/// A stub with type and size for a `data:` image, the address of any other.
pub(super) fn image(url: Raw<'_>) -> String {
    let written = url.as_json().trim_matches('"');
    if let Some((media, data)) = written
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(','))
    {
        return text::stub(media.split(';').next().unwrap_or(""), data.len());
    }
    let address = url.text().or_else(|| url.get("url").and_then(Raw::text));
    text::image_at(&address.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &serde_json::Value) -> (bool, String) {
        let json = json.to_string();
        let raw = Raw::parse(&json).unwrap();
        (failed(raw), shown(raw).0)
    }

    #[test]
    fn a_shells_exit_code_is_found_in_every_wrapping() {
        let wrapped = |code: i32| {
            let inner = serde_json::json!({"output": "x\ny", "metadata": {"exit_code": code, "duration_seconds": 0.1}});
            serde_json::Value::String(inner.to_string())
        };
        assert_eq!(read(&wrapped(0)), (false, "x\ny".into()));
        assert_eq!(read(&wrapped(2)), (true, "exit code 2\nx\ny".into()));
        for (text, fails, body) in [
            (
                "Exit code: 0\nWall time: 0.1 seconds\nOutput:\nhi\n",
                false,
                "hi\n",
            ),
            (
                "Exit code: 101\nWall time: 1 seconds\nOutput:\nno\n",
                true,
                "Exit code: 101\nno\n",
            ),
            (
                "Chunk ID: a1\nWall time: 0.1 seconds\nProcess exited with code 1\nOutput:\nbad",
                true,
                "Process exited with code 1\nbad",
            ),
            (
                "Wall time: 0.1 seconds\nOutput:\nExit code: 7",
                false,
                "Exit code: 7",
            ),
            (
                "exec command rejected by user",
                true,
                "exec command rejected by user",
            ),
            (
                "the Exit code: 3 of an earlier run",
                true,
                "the Exit code: 3 of an earlier run",
            ),
            ("plain words", false, "plain words"),
        ] {
            assert_eq!(read(&text.into()), (fails, body.into()), "{text}");
        }
    }

    #[test]
    fn blocks_and_refusals() {
        let image = format!("data:image/png;base64,{}", "A".repeat(4096));
        let blocks = serde_json::json!([{"type": "input_text", "text": "seen"}, {"type": "input_image", "image_url": image}]);
        assert_eq!(read(&blocks), (false, "seen\n[image/png, 3 KB]".into()));
        assert_eq!(
            read(&serde_json::json!({"content": "no such file", "success": false})),
            (true, "no such file".into())
        );
        let served =
            serde_json::json!({"content": [{"type": "text", "text": "refused"}], "isError": true});
        assert_eq!(read(&served.to_string().into()), (true, "refused".into()));
    }

    #[test]
    fn data_stays_data() {
        for text in [
            r#"{"output": 3}"#,
            r#"[1, 2]"#,
            "{torn",
            r#"[{"type": "row"}]"#,
        ] {
            assert_eq!(read(&text.into()), (false, text.into()));
        }
    }
}
