//! A session as a log of operations: `0` the whole document, `1` set, `2` push or splice, `3` delete.

use crate::agents::read::json::without_lone_surrogates;
use crate::agents::read::jsonl::{self, Lines};
use crate::agents::read::whole::Document;
use crate::agents::{EventSink, Flow};
use crate::model::{Checkpoint, IssueKind};
use serde::Deserialize;
use serde_json::Value;
use std::path::Path;

/// An index beyond this is damage, not a list.
const MAX_INDEX: usize = 100_000;

#[derive(Deserialize)]
struct Operation {
    kind: Option<Value>,
    #[serde(default)]
    k: Vec<Value>,
    #[serde(default)]
    v: Value,
    #[serde(default)]
    i: Option<u64>,
}

/// The document that the log makes, as JSON; `None` when there is none.
///
/// # Errors
/// The file cannot be read.
pub(super) fn read(path: &Path, sink: &mut dyn EventSink) -> std::io::Result<Option<Document>> {
    let mut lines = Lines::open(path, &Checkpoint::default())?.limit(64 << 20);
    let mut document = Value::Null;
    let mut odd = 0u64;
    let flow = jsonl::each(&mut lines, sink, &mut |line, _| {
        let operation: Operation = match serde_json::from_str(line.text) {
            Ok(operation) => operation,
            Err(error) => match without_lone_surrogates(line.text) {
                Some(mended) => serde_json::from_str(&mended)?,
                None => return Err(error),
            },
        };
        odd += u64::from(apply(&mut document, operation).is_none());
        Ok(Flow::Go)
    })?;
    if odd > 0 {
        let detail = format!("{odd} operations fit nowhere in the document");
        lines.issue(0, IssueKind::WrongShape, &detail, sink);
    }
    if flow == Flow::Stop || document.is_null() {
        return Ok(None);
    }
    Ok(Document::made(document.to_string()))
}

/// `None` when the operation does not fit.
fn apply(document: &mut Value, operation: Operation) -> Option<()> {
    match operation.kind.as_ref()?.as_u64()? {
        0 => *document = operation.v,
        1 => *at(document, &operation.k)? = operation.v,
        2 => {
            let list = at(document, &operation.k)?;
            if list.is_null() {
                *list = Value::Array(Vec::new());
            }
            let list = list.as_array_mut()?;
            // from this place on the list is what follows
            if let Some(from) = operation.i {
                list.truncate(usize::try_from(from).ok()?);
            }
            match operation.v {
                Value::Array(items) => list.extend(items),
                Value::Null => {}
                item => list.push(item),
            }
        }
        3 => {
            let (last, path) = operation.k.split_last()?;
            match at(document, path)? {
                Value::Object(members) => {
                    members.remove(last.as_str()?);
                }
                Value::Array(items) => {
                    let index = usize::try_from(last.as_u64()?).ok()?;
                    (index < items.len()).then(|| items.remove(index))?;
                }
                _ => return None,
            }
        }
        _ => return None,
    }
    Some(())
}

/// The place at a path, made where it is missing.
fn at<'v>(document: &'v mut Value, path: &[Value]) -> Option<&'v mut Value> {
    let mut place = document;
    for step in path {
        place = match step {
            Value::String(key) => {
                if place.is_null() {
                    *place = Value::Object(serde_json::Map::new());
                }
                let members = place.as_object_mut()?;
                members.entry(key.as_str()).or_insert(Value::Null)
            }
            Value::Number(number) => {
                let index = usize::try_from(number.as_u64()?).ok()?;
                if place.is_null() {
                    *place = Value::Array(Vec::new());
                }
                let items = place.as_array_mut()?;
                if index > items.len() || index >= MAX_INDEX {
                    return None;
                }
                if index == items.len() {
                    items.push(Value::Null);
                }
                &mut items[index]
            }
            _ => return None,
        };
    }
    Some(place)
}
