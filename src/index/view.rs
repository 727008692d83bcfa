//! The columns of one segment, as the pass reads them.

use super::plan::{Names, Plan};
use super::rows::Unpacked;
use super::schema::NONE;
use crate::model::Day;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tantivy::DocId;
use tantivy::columnar::{ColumnValues, StrColumn};

const DAY_MS: i64 = 86_400_000;
/// Days counted by index; a segment whose clocks are further apart counts the rest in a map.
const DAYS_MAX: i64 = 20_000;

/// The columns of one segment.
pub(super) struct View {
    pub ord: u32,
    pub columns: Arc<Unpacked>,
    pub tools: NameView,
    pub models: NameView,
    /// Counts from `first_day` on.
    days: Vec<u64>,
    first_day: Day,
    far_days: BTreeMap<Day, u64>,
}

impl View {
    pub fn open(plan: &Plan, ord: u32, columns: Arc<Unpacked>) -> tantivy::Result<View> {
        let (first, last) = columns.span;
        // an offset is less than a day: one more on both sides holds every local day
        let first = first.div_euclid(DAY_MS) - 1;
        let last = last.div_euclid(DAY_MS) + 1;
        let slots = if plan.facets {
            (last - first + 1).clamp(0, DAYS_MAX)
        } else {
            0
        };
        Ok(View {
            ord,
            tools: NameView::open(columns.tool.clone(), &plan.tools, plan.facets)?,
            models: NameView::open(columns.model.clone(), &plan.models, plan.facets)?,
            columns,
            days: vec![0; slots as usize],
            first_day: Day(first as i32),
            far_days: BTreeMap::new(),
        })
    }

    #[inline]
    pub fn count_day(&mut self, day: Day) {
        let at = i64::from(day.0) - i64::from(self.first_day.0);
        match usize::try_from(at).ok().and_then(|i| self.days.get_mut(i)) {
            Some(slot) => *slot += 1,
            None => *self.far_days.entry(day).or_default() += 1,
        }
    }

    pub fn pour_days(&self, into: &mut BTreeMap<Day, u64>) {
        let near = self.days.iter().enumerate().filter(|(_, n)| **n > 0);
        let near = near.map(|(i, n)| (Day(self.first_day.0 + i as i32), *n));
        for (day, count) in near.chain(self.far_days.iter().map(|(d, n)| (*d, *n))) {
            *into.entry(day).or_default() += count;
        }
    }
}

/// A column of names of one segment: what each ordinal fails, and how often it was counted.
pub(super) struct NameView {
    column: Option<(StrColumn, Arc<dyn ColumnValues<u64>>)>,
    flags: Vec<u8>,
    counts: Vec<u64>,
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
        })
    }

    /// What the name fails; `ord` as in the row.
    #[inline]
    pub fn flags(&self, doc: DocId, ord: Option<usize>) -> u8 {
        let flag = self.flags.get(self.ord(doc, ord));
        flag.copied().unwrap_or(0)
    }

    #[inline]
    pub fn count(&mut self, doc: DocId, ord: Option<usize>) {
        let ord = self.ord(doc, ord);
        if let Some(count) = self.counts.get_mut(ord) {
            *count += 1;
        }
    }

    #[inline]
    fn ord(&self, doc: DocId, ord: Option<usize>) -> usize {
        ord.unwrap_or_else(|| match &self.column {
            Some((_, values)) => values.get_val(doc) as usize,
            None => usize::MAX,
        })
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
