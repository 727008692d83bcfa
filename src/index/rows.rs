//! The columns that every search reads, opened once, the busiest unpacked: sixteen bytes per document
//! in memory.
//!
//! Packed columns cost four calls and some arithmetic per matching document, which is most of a
//! frequent word's time. Segments never change, so each is unpacked once.

use super::schema::Head;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tantivy::columnar::{ColumnValues, StrColumn};
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

/// One segment's columns. Opening them anew for every search would cost as much as a rare word's search.
pub(super) struct Unpacked {
    /// By document.
    pub rows: Vec<Row>,
    /// Least and greatest time, ms.
    pub span: (i64, i64),
    pub seq: Arc<dyn ColumnValues<u64>>,
    pub tool: Option<StrColumn>,
    pub model: Option<StrColumn>,
}

impl Unpacked {
    /// The model's name in the column; `NONE` where there is none.
    pub fn model_of(&self, doc: DocId, name: &mut String) -> std::io::Result<()> {
        if let Some(column) = &self.model {
            let ord = self.rows[doc as usize].model();
            let ord = ord.map_or_else(|| column.ords().values.get_val(doc), |ord| ord as u64);
            column.ord_to_str(ord, name)?;
        }
        Ok(())
    }
}

/// Columns of the segments that are searched now.
#[derive(Default)]
pub(super) struct RowCache {
    segments: Mutex<HashMap<SegmentId, Arc<Unpacked>>>,
}

impl RowCache {
    /// Columns of every segment, in the searcher's order.
    pub fn of(&self, searcher: &Searcher) -> tantivy::Result<Vec<Arc<Unpacked>>> {
        let readers = searcher.segment_readers();
        let known = self.lock().clone();
        let mut all = Vec::with_capacity(readers.len());
        for reader in readers {
            all.push(match known.get(&reader.segment_id()) {
                Some(columns) => columns.clone(),
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

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SegmentId, Arc<Unpacked>>> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unpack(reader: &SegmentReader) -> tantivy::Result<Unpacked> {
    let fast = reader.fast_fields();
    let head = fast.u64("head")?.values;
    let ts = fast.i64("ts")?;
    let (tool, model) = (fast.str("tool")?, fast.str("model")?);
    let ords = |column: &Option<StrColumn>| {
        let column = column.as_ref();
        column.map(|column| column.ords().values.clone())
    };
    let (tool_ords, model_ords) = (ords(&tool), ords(&model));
    let narrow = |ord: u64| u16::try_from(ord).unwrap_or(WIDE);
    let row = |doc: DocId| Row {
        at: ts.first(doc).unwrap_or(NO_TIME),
        head: head.get_val(doc) as u32,
        tool: tool_ords.as_ref().map_or(WIDE, |c| narrow(c.get_val(doc))),
        model: model_ords.as_ref().map_or(WIDE, |c| narrow(c.get_val(doc))),
    };
    Ok(Unpacked {
        rows: (0..reader.max_doc()).map(row).collect(),
        span: (ts.min_value(), ts.max_value()),
        seq: fast.u64("seq")?.values,
        tool,
        model,
    })
}
