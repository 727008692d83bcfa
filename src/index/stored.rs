//! Messages as the index keeps them.

use super::entry::{StoredDoc, role_code, role_of};
use super::rows::{NO_TIME, Unpacked};
use super::schema::{Fields, Head, NONE};
use super::{Role, Sid, StoredMessage, ValueField};
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;
use tantivy::columnar::{Column, ColumnValues, StrColumn};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, DocId, DocSet, Searcher, TERMINATED, Term};

/// Columns beside the document store, opened once per segment that is asked.
pub(super) struct Store<'a> {
    searcher: &'a Searcher,
    fields: Fields,
    /// By segment, where a search has opened them.
    open: &'a [Arc<Unpacked>],
    columns: HashMap<u32, Columns>,
}

struct Columns {
    head: Arc<dyn ColumnValues<u64>>,
    seq: Arc<dyn ColumnValues<u64>>,
    ts: Column<i64>,
    model: Option<StrColumn>,
}

impl<'a> Store<'a> {
    pub fn new(searcher: &'a Searcher, fields: Fields) -> Store<'a> {
        Store::with(searcher, fields, &[])
    }

    pub fn with(searcher: &'a Searcher, fields: Fields, open: &'a [Arc<Unpacked>]) -> Store<'a> {
        Store {
            searcher,
            fields,
            open,
            columns: HashMap::new(),
        }
    }

    fn columns(&mut self, segment: u32) -> tantivy::Result<&Columns> {
        if !self.columns.contains_key(&segment) {
            let fast = self.searcher.segment_reader(segment).fast_fields();
            let columns = Columns {
                head: fast.u64("head")?.values,
                seq: fast.u64("seq")?.values,
                ts: fast.i64("ts")?,
                model: fast.str("model")?,
            };
            self.columns.insert(segment, columns);
        }
        Ok(&self.columns[&segment])
    }

    pub fn message(&mut self, address: DocAddress) -> tantivy::Result<StoredMessage> {
        let doc = address.doc_id;
        let mut model = String::new();
        let (head, seq, at);
        if let Some(open) = self.open.get(address.segment_ord as usize) {
            let row = open.rows[doc as usize];
            (head, seq) = (row.head(), open.seq.get_val(doc) as u32);
            at = (row.at != NO_TIME).then_some(row.at);
            open.model_of(doc, &mut model)?;
        } else {
            let columns = self.columns(address.segment_ord)?;
            head = Head(columns.head.get_val(doc));
            seq = columns.seq.get_val(doc) as u32;
            at = columns.ts.first(doc);
            if let Some(column) = &columns.model {
                column.ord_to_str(column.ords().values.get_val(doc), &mut model)?;
            }
        }
        if model == NONE {
            model.clear();
        }
        let stored: StoredDoc = self.searcher.doc(address)?;
        Ok(StoredMessage {
            sid: Sid(head.sid()),
            seq,
            role: role_of(head.role()),
            at,
            model,
            text: stored.text,
            meta: stored.meta,
        })
    }

    /// Where the messages of a session are, in order.
    pub fn places(
        &mut self,
        sid: Sid,
        seqs: &Range<u32>,
        roles: Option<&[Role]>,
    ) -> tantivy::Result<Vec<(u32, Role, DocAddress)>> {
        let term = Term::from_field_u64(self.fields.sid, u64::from(sid.0));
        let wanted = |role: usize| {
            roles.is_none_or(|roles| roles.iter().any(|r| usize::from(role_code(*r)) == role))
        };
        let mut places = Vec::new();
        for (ord, segment) in self.searcher.segment_readers().iter().enumerate() {
            let inverted = segment.inverted_index(self.fields.sid)?;
            let Some(mut docs) = inverted.read_postings(&term, IndexRecordOption::Basic)? else {
                continue;
            };
            let ord = ord as u32;
            let columns = self.columns(ord)?;
            let mut doc: DocId = docs.doc();
            while doc != TERMINATED {
                let seq = columns.seq.get_val(doc) as u32;
                let role = Head(columns.head.get_val(doc)).role();
                if !segment.is_deleted(doc) && seqs.contains(&seq) && wanted(role) {
                    places.push((seq, role_of(role), DocAddress::new(ord, doc)));
                }
                doc = docs.advance();
            }
        }
        places.sort_by_key(|(seq, _, address)| (*seq, *address));
        Ok(places)
    }
}

/// Names in the index that begin with `prefix` (any case), in order.
pub(super) fn values(
    searcher: &Searcher,
    field: ValueField,
    prefix: &str,
    n: usize,
) -> tantivy::Result<Vec<String>> {
    let name = match field {
        ValueField::Tool => "tool",
        ValueField::Model => "model",
    };
    let prefix = prefix.to_lowercase();
    let mut found = BTreeSet::new();
    for segment in searcher.segment_readers() {
        let Some(column) = segment.fast_fields().str(name)? else {
            continue;
        };
        let mut names = column.dictionary().stream()?;
        while names.advance() {
            let name = String::from_utf8_lossy(names.key());
            if name != NONE && name.to_lowercase().starts_with(&prefix) {
                found.insert(name.into_owned());
            }
        }
    }
    Ok(found.into_iter().take(n).collect())
}
