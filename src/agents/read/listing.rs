//! Any JSON as lines for people.

use super::json::Raw;
use std::borrow::Cow;

/// Nesting below this is shown as the JSON it is.
const MAX_DEPTH: usize = 12;

/// `key: value` lines; what is nested is indented below its key.
pub fn listing(object: Raw<'_>) -> String {
    let mut out = String::with_capacity(object.as_json().len() + 32);
    write_value(&mut out, object, 0, 0);
    out.truncate(out.trim_end().len());
    out
}

fn write_value(out: &mut String, value: Raw<'_>, indent: usize, depth: usize) {
    if depth >= MAX_DEPTH {
        out.push_str(value.as_json());
        out.push('\n');
    } else if value.is_object() {
        for (key, value) in value.members() {
            pad(out, indent);
            out.push_str(&key);
            out.push(':');
            write_below(out, value, indent, depth);
        }
    } else if value.is_array() {
        for value in value.items() {
            pad(out, indent);
            out.push('-');
            write_below(out, value, indent, depth);
        }
    } else {
        out.push_str(&value.text().unwrap_or(Cow::Borrowed(value.as_json())));
        out.push('\n');
    }
}

fn write_below(out: &mut String, value: Raw<'_>, indent: usize, depth: usize) {
    if (value.is_object() || value.is_array()) && value.as_json().len() > 2 {
        out.push('\n');
        write_value(out, value, indent + 2, depth + 1);
        return;
    }
    let Some(text) = value.text() else {
        out.push_str(&format!(" {}\n", value.as_json()));
        return;
    };
    if !text.trim_end().contains('\n') {
        out.push_str(&format!(" {}\n", text.trim_end()));
        return;
    }
    out.push('\n');
    for line in text.lines() {
        pad(out, indent + 2);
        out.push_str(line);
        out.push('\n');
    }
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}
