//! The columns that every search reads, unpacked: sixteen bytes per document in memory.
//!
//! Packed columns cost four calls and some arithmetic per matching document, which is most of a
//! frequent word's time. Segments never change, so each is unpacked once.

use super::schema::Head;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tantivy::index::SegmentId;
use tantivy::{DocId, Searcher, SegmentReader};

/// In [`Row::at`] where the record has no time.
pub(super) const NO_TIME: i64 = i64::MIN;
/// Ordinals from here on do not fit; the column has them.
const WIDE: u16 = u16::MAX;

#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub at: i64,
    head: u32,
    tool: u16,
    model: u16,
}

impl Row {
    #[inline]
    pub fn head(self) -> Head {
        Head(u64::from(self.head))
    }
    #[inline]
    pub fn tool(self) -> Option<usize> {
        (self.tool != WIDE).then_some(usize::from(self.tool))
    }
    #[inline]
    pub fn model(self) -> Option<usize> {
        (self.model != WIDE).then_some(usize::from(self.model))
    }
}

/// Rows of the segments that are searched now.
#[derive(Default)]
pub(super) struct RowCache {
    segments: Mutex<HashMap<SegmentId, Arc<Vec<Row>>>>,
}

impl RowCache {
    /// Rows of every segment, in the searcher's order.
    pub fn of(&self, searcher: &Searcher) -> tantivy::Result<Vec<Arc<Vec<Row>>>> {
        let readers = searcher.segment_readers();
        let known = self.lock().clone();
        let mut all = Vec::with_capacity(readers.len());
        for reader in readers {
            all.push(match known.get(&reader.segment_id()) {
                Some(rows) => rows.clone(),
                None => Arc::new(unpack(reader)?),
            });
        }
        let ids = readers.iter().map(SegmentReader::segment_id);
        let current: HashMap<_, _> = ids.zip(all.iter().cloned()).collect();
        if current.len() != known.len() || current.keys().any(|id| !known.contains_key(id)) {
            *self.lock() = current;
        }
        Ok(all)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SegmentId, Arc<Vec<Row>>>> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unpack(reader: &SegmentReader) -> tantivy::Result<Vec<Row>> {
    let fast = reader.fast_fields();
    let head = fast.u64("head")?.values;
    let ts = fast.i64("ts")?;
    let tool = fast.str("tool")?.map(|column| column.ords().values.clone());
    let model = fast
        .str("model")?
        .map(|column| column.ords().values.clone());
    let narrow = |ord: u64| u16::try_from(ord).unwrap_or(WIDE);
    let row = |doc: DocId| Row {
        at: ts.first(doc).unwrap_or(NO_TIME),
        head: head.get_val(doc) as u32,
        tool: tool.as_ref().map_or(WIDE, |c| narrow(c.get_val(doc))),
        model: model.as_ref().map_or(WIDE, |c| narrow(c.get_val(doc))),
    };
    Ok((0..reader.max_doc()).map(row).collect())
}
