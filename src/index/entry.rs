//! A document on its way through the writer, and back.

use super::schema::{Fields, Head, NONE};
use super::{DocMeta, Document, Role};
use anyhow::Result;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;
use tantivy::schema::Field;
use tantivy::schema::document::{
    DeserializeError, DocumentDeserialize, DocumentDeserializer, ReferenceValue,
    ReferenceValueLeaf, Value,
};

/// Bytes handed to the writer and not indexed yet. Its queue counts batches only, which says
/// nothing about memory.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    bytes: Mutex<usize>,
    freed: Condvar,
}

impl InFlight {
    /// Waits until less than `limit` is under way. `false`: nothing moves any more.
    pub fn wait_below(&self, limit: usize) -> bool {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let stuck = Duration::from_secs(120);
        let (_guard, timeout) = self
            .freed
            .wait_timeout_while(bytes, stuck, |bytes| *bytes >= limit)
            .unwrap_or_else(PoisonError::into_inner);
        !timeout.timed_out()
    }

    fn charge(self: &Arc<Self>, bytes: usize) -> Charge {
        *self.bytes.lock().unwrap_or_else(PoisonError::into_inner) += bytes;
        Charge {
            account: self.clone(),
            bytes,
        }
    }
}

struct Charge {
    account: Arc<InFlight>,
    bytes: usize,
}

impl Drop for Charge {
    fn drop(&mut self) {
        let account = &self.account;
        *account.bytes.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        account.freed.notify_all();
    }
}

/// A document as tantivy takes it, without copying the body.
pub(super) struct Entry {
    fields: Fields,
    doc: Document,
    meta: Vec<u8>,
    files: String,
    failed: bool,
    _charge: Charge,
}

impl Entry {
    pub fn new(fields: Fields, doc: Document, account: &Arc<InFlight>) -> Result<Entry> {
        let meta = postcard::to_stdvec(&doc.meta)?;
        let tool = doc.meta.tool.as_ref();
        let files = tool.map(|t| t.files.join("\n")).unwrap_or_default();
        Ok(Entry {
            fields,
            meta,
            files,
            failed: tool.is_some_and(|t| t.failed),
            _charge: account.charge(doc.text.len() + 512),
            doc,
        })
    }
}

pub(super) fn role_code(role: Role) -> u8 {
    Role::ALL
        .iter()
        .position(|r| *r == role)
        .expect("ALL holds every role") as u8
}

pub(super) fn role_of(code: usize) -> Role {
    Role::ALL.get(code).copied().unwrap_or(Role::System)
}

#[derive(Clone, Debug)]
pub(super) struct Leaf<'a>(ReferenceValueLeaf<'a>);

impl<'a> Value<'a> for Leaf<'a> {
    type ArrayIter = std::iter::Empty<Self>;
    type ObjectIter = std::iter::Empty<(&'a str, Self)>;

    fn as_value(&self) -> ReferenceValue<'a, Self> {
        ReferenceValue::Leaf(self.0.clone())
    }
}

type FieldValue<'a> = Option<(Field, Leaf<'a>)>;

impl tantivy::Document for Entry {
    type Value<'a> = Leaf<'a>;
    type FieldsValuesIter<'a> = std::iter::Flatten<std::array::IntoIter<FieldValue<'a>, 10>>;

    fn iter_fields_and_values(&self) -> Self::FieldsValuesIter<'_> {
        let (fields, doc) = (&self.fields, &self.doc);
        let role = role_code(doc.role);
        let number = |field, n: u64| Some((field, Leaf(n.into())));
        [
            number(fields.sid, u64::from(doc.sid.0)),
            number(fields.role, u64::from(role)),
            number(fields.head, Head::new(doc.sid.0, role, self.failed).0),
            number(fields.seq, u64::from(doc.seq)),
            doc.at.map(|at| (fields.ts, Leaf(at.into()))),
            Some((fields.tool, Leaf(or_none(self.tool()).into()))),
            Some((fields.model, Leaf(or_none(&doc.model).into()))),
            Some((fields.text, Leaf(doc.text.as_str().into()))),
            (!self.files.is_empty()).then(|| (fields.file, Leaf(self.files.as_str().into()))),
            Some((fields.meta, Leaf(self.meta.as_slice().into()))),
        ]
        .into_iter()
        .flatten()
    }
}

impl Entry {
    fn tool(&self) -> &str {
        self.doc.meta.tool.as_ref().map_or("", |t| &t.name)
    }
}

fn or_none(name: &str) -> &str {
    if name.is_empty() { NONE } else { name }
}

/// What the document store gives back.
#[derive(Debug, Default)]
pub(super) struct StoredDoc {
    pub text: String,
    pub meta: DocMeta,
}

impl DocumentDeserialize for StoredDoc {
    fn deserialize<'de, D>(mut deserializer: D) -> Result<Self, DeserializeError>
    where
        D: DocumentDeserializer<'de>,
    {
        let text = deserializer.next_field::<String>()?;
        let meta = deserializer.next_field::<RawBytes>()?;
        let meta = meta.map(|(_, raw)| raw.0).unwrap_or_default();
        Ok(StoredDoc {
            text: text.map(|(_, text)| text).unwrap_or_default(),
            meta: postcard::from_bytes(&meta).map_err(DeserializeError::custom)?,
        })
    }
}

/// A document of an earlier index: the words count, and what is said about them as far as it can
/// still be read.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub text: String,
    pub meta: DocMeta,
}

impl DocumentDeserialize for Kept {
    fn deserialize<'de, D>(mut deserializer: D) -> Result<Self, DeserializeError>
    where
        D: DocumentDeserializer<'de>,
    {
        let text = deserializer.next_field::<String>()?;
        let meta = deserializer.next_field::<RawBytes>()?;
        let meta = meta.map(|(_, raw)| raw.0).unwrap_or_default();
        Ok(Kept {
            text: text.map(|(_, text)| text).unwrap_or_default(),
            meta: postcard::from_bytes(&meta).unwrap_or_default(),
        })
    }
}

struct RawBytes(Vec<u8>);

impl tantivy::schema::document::ValueDeserialize for RawBytes {
    fn deserialize<'de, D>(deserializer: D) -> Result<Self, DeserializeError>
    where
        D: tantivy::schema::document::ValueDeserializer<'de>,
    {
        deserializer.deserialize_bytes().map(RawBytes)
    }
}
