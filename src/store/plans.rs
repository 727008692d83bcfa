//! Plans that somebody pays for, as they noted them: part of the marks, whose format is read for ever.

use super::marks::Marks;
use super::tables::PLANS;
use crate::model::Day;
use anyhow::Result;
use redb::{ReadableDatabase, ReadableTable};

/// One plan over one stretch of days.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanRow {
    /// Service of the price table, or `""` for every agent.
    pub service: String,
    pub plan: String,
    /// Micro-dollars a month.
    pub monthly: i64,
    pub from: Day,
    /// Last day; `None` while it runs.
    pub to: Option<Day>,
}

impl Marks {
    /// All plans with their numbers, in the order in which they were noted.
    pub fn plans(&self) -> Result<Vec<(u64, PlanRow)>> {
        let txn = self.db.begin_read()?;
        let table = match txn.open_table(PLANS) {
            // files of earlier versions have none
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
            table => table?,
        };
        let mut plans = Vec::new();
        for row in table.iter()? {
            let (id, value) = row?;
            let (service, plan, monthly, from, to) = value.value();
            plans.push((
                id.value(),
                PlanRow {
                    service: service.to_owned(),
                    plan: plan.to_owned(),
                    monthly,
                    from: Day(from),
                    to: (to != i32::MAX).then_some(Day(to)),
                },
            ));
        }
        Ok(plans)
    }

    /// Notes a plan under a number; 0 gives it a new one. The number.
    pub fn put_plan(&self, id: u64, row: &PlanRow) -> Result<u64> {
        let mut number = id;
        self.change(|txn| {
            let mut table = txn.open_table(PLANS)?;
            if number == 0 {
                let last = table.last()?.map_or(0, |(id, _)| id.value());
                number = last + 1;
            }
            let to = row.to.map_or(i32::MAX, |day| day.0);
            let value = (
                row.service.as_str(),
                row.plan.as_str(),
                row.monthly,
                row.from.0,
                to,
            );
            table.insert(number, value)?;
            Ok(())
        })?;
        Ok(number)
    }

    pub fn remove_plan(&self, id: u64) -> Result<()> {
        self.change(|txn| {
            txn.open_table(PLANS)?.remove(id)?;
            Ok(())
        })
    }
}
