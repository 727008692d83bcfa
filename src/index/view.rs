//! The columns of one segment, as the pass reads them.

use super::plan::{Names, Plan};
use super::schema::NONE;
use crate::model::Day;
use std::collections::HashMap;
use std::sync::Arc;
use tantivy::columnar::{Column, ColumnValues, StrColumn};
use tantivy::{DocId, SegmentReader};

const DAY_MS: i64 = 86_400_000;
/// More local days than a segment can span between the first and the last moment that is a time.
const DAYS_MAX: i64 = 60_000;

/// The columns of one segment.
pub(super) struct View {
    pub ord: u32,
    pub head: Arc<dyn ColumnValues<u64>>,
    pub ts: Column<i64>,
    pub tools: NameView,
    pub models: NameView,
    /// Counts from `first_day` on.
    pub days: Vec<u64>,
    pub first_day: Day,
}

impl View {
    pub fn open(plan: &Plan, reader: &SegmentReader, ord: u32) -> tantivy::Result<View> {
        let fast = reader.fast_fields();
        let ts = fast.i64("ts")?;
        // an offset is less than a day: one more on both sides holds every local day
        let first = ts.min_value().div_euclid(DAY_MS) - 1;
        let last = ts.max_value().div_euclid(DAY_MS) + 1;
        let slots = if plan.facets {
            (last - first + 1).clamp(0, DAYS_MAX)
        } else {
            0
        };
        Ok(View {
            ord,
            head: fast.u64("head")?.values,
            ts,
            tools: NameView::open(fast.str("tool")?, &plan.tools, plan.facets)?,
            models: NameView::open(fast.str("model")?, &plan.models, plan.facets)?,
            days: vec![0; slots as usize],
            first_day: Day(first as i32),
        })
    }

    #[inline]
    pub fn count_day(&mut self, day: Day) {
        if let Some(slot) = self.days.get_mut((day.0 - self.first_day.0) as usize) {
            *slot += 1;
        }
    }
}

/// A column of names of one segment: what each ordinal fails, and how often it was counted.
pub(super) struct NameView {
    column: Option<(StrColumn, Arc<dyn ColumnValues<u64>>)>,
    flags: Vec<u8>,
    counts: Vec<u64>,
    current: usize,
}

impl NameView {
    pub fn open(
        column: Option<StrColumn>,
        names: &Names,
        facets: bool,
    ) -> tantivy::Result<NameView> {
        let used = facets || !names.asks_nothing();
        let Some(column) = column.filter(|_| used) else {
            return Ok(NameView {
                column: None,
                flags: Vec::new(),
                counts: Vec::new(),
                current: 0,
            });
        };
        let terms = column.num_terms();
        let mut flags = vec![0; terms];
        if !names.asks_nothing() {
            let mut name = String::new();
            for (ord, flag) in flags.iter_mut().enumerate() {
                name.clear();
                column.ord_to_str(ord as u64, &mut name)?;
                *flag = names.flags(if name == NONE { "" } else { &name });
            }
        }
        let values = column.ords().values.clone();
        Ok(NameView {
            column: Some((column, values)),
            flags,
            counts: vec![0; terms],
            current: 0,
        })
    }

    #[inline]
    pub fn flags(&mut self, doc: DocId) -> u8 {
        let Some((_, values)) = &self.column else {
            return 0;
        };
        self.current = values.get_val(doc) as usize;
        self.flags.get(self.current).copied().unwrap_or(0)
    }

    /// Counts the document that was asked last.
    #[inline]
    pub fn count(&mut self) {
        if let Some(count) = self.counts.get_mut(self.current) {
            *count += 1;
        }
    }

    pub fn pour(&self, into: &mut HashMap<String, u64>) -> tantivy::Result<()> {
        let Some((column, _)) = &self.column else {
            return Ok(());
        };
        for (ord, &count) in self.counts.iter().enumerate().filter(|(_, n)| **n > 0) {
            let mut name = String::new();
            column.ord_to_str(ord as u64, &mut name)?;
            if name != NONE {
                *into.entry(name).or_default() += count;
            }
        }
        Ok(())
    }
}
