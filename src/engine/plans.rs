//! What plans cost beside what the same use would have cost by the token.
//!
//! A plan is paid by the day: a month's price spread over the days of that month of the plan. So a
//! plan that has run for two months and ten days has cost two months and a third, and any stretch of
//! days can be compared with what was used in it.

use super::Engine;
use super::view::*;
use crate::model::Day;
use crate::pricing::plans::{self, SERVICES};
use crate::store::PlanRow;
use anyhow::Result;
use std::collections::HashSet;

impl Engine {
    pub(super) fn list_plans(
        &self,
        figures: &Analytics,
        query: &AnalyticsQuery,
    ) -> Result<Subscriptions> {
        let today = self.today();
        let last = query.filters.to.map_or(today, |to| to.min(today));
        let first = query.filters.from.unwrap_or(Day(i32::MIN));
        let rows = self.marks.plans()?.into_iter();
        Ok(compare(rows, figures, first, last))
    }

    pub(super) fn put_plan(&self, entry: &Subscription) -> Result<u64> {
        let row = PlanRow {
            service: entry.service.clone(),
            plan: entry.plan.clone(),
            monthly: entry.monthly,
            from: entry.from,
            to: entry.to,
        };
        self.marks.put_plan(entry.id, &row)
    }
}

fn compare(
    rows: impl Iterator<Item = (u64, PlanRow)>,
    figures: &Analytics,
    first: Day,
    last: Day,
) -> Subscriptions {
    // a day of an agent that two plans cover was used once
    let mut covered: HashSet<(usize, Day)> = HashSet::new();
    let mut view = Subscriptions {
        services: SERVICES.iter().map(offer).collect(),
        ..Subscriptions::default()
    };
    for (id, row) in rows {
        let (from, to) = (row.from.max(first), row.to.map_or(last, |to| to.min(last)));
        let months_milli = months_milli(row.from, from, to);
        let service = plans::service(&row.service);
        let mut used = 0;
        for (at, series) in figures.agent_days.iter().enumerate() {
            let mine = service.is_none_or(|service| service.agents.contains(&&*series.name));
            if !mine {
                continue;
            }
            for (day, cost) in series
                .days
                .iter()
                .filter(|(day, _)| from <= *day && *day <= to)
            {
                used += cost;
                if covered.insert((at, *day)) {
                    view.used += cost;
                }
            }
        }
        let paid = row.monthly * months_milli / 1000;
        view.paid += paid;
        view.rows.push(Subscription {
            id,
            service_name: service
                .map_or("All agents", |service| service.name)
                .to_owned(),
            service: row.service,
            plan: row.plan,
            monthly: row.monthly,
            from: row.from,
            to: row.to,
            months_milli,
            paid,
            used,
        });
    }
    view.rows.sort_by_key(|row| (row.from, row.id));
    view
}

fn offer(service: &plans::Service) -> Service {
    let plans = service.plans.iter();
    Service {
        id: service.id.to_owned(),
        name: service.name.to_owned(),
        plans: plans
            .map(|(name, dollars)| ((*name).to_owned(), dollars * 1_000_000))
            .collect(),
    }
}

/// Months of a plan that began on `start` within these days, both included, in thousandths.
fn months_milli(start: Day, from: Day, to: Day) -> i64 {
    if from > to {
        return 0;
    }
    position(start, Day(to.0 + 1)) - position(start, from)
}

/// Months from `start` to the beginning of `day`, in thousandths; days count by the length of the
/// month of the plan that they lie in.
fn position(start: Day, day: Day) -> i64 {
    let date = start.date();
    let month = |n: i32| {
        let span = jiff::Span::new().try_months(n).ok();
        let day = span.and_then(|span| date.checked_add(span).ok());
        day.map_or(Day(i32::MAX), Day::from_date)
    };
    // at most one too many: a month has 28 days at least
    let mut whole = (day.0 - start.0).max(0) / 28;
    while whole > 0 && month(whole) > day {
        whole -= 1;
    }
    let (begin, end) = (month(whole), month(whole + 1));
    let length = i64::from(end.0.saturating_sub(begin.0)).max(1);
    i64::from(whole) * 1000 + i64::from(day.0 - begin.0) * 1000 / length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn plan(service: &str, monthly: i64, from: &str) -> PlanRow {
        PlanRow {
            service: service.into(),
            plan: "Plan".into(),
            monthly,
            from: day(from),
            to: None,
        }
    }

    fn figures() -> Analytics {
        let series = |name: &str, days: &[(&str, i64)]| Series {
            name: name.into(),
            days: days.iter().map(|(at, cost)| (day(at), *cost)).collect(),
            ..Series::default()
        };
        let service = &SERVICES[0];
        Analytics {
            agent_days: vec![
                series(
                    service.agents[0],
                    &[("2026-01-01", 5), ("2026-02-10", 30), ("2026-03-31", 70)],
                ),
                series(SERVICES[1].agents[0], &[("2026-02-10", 1000)]),
            ],
            ..Analytics::default()
        }
    }

    #[test]
    fn months_that_have_passed_are_paid() {
        let all = |from: &str, to: &str| months_milli(day(from), day(from), day(to));
        assert_eq!(all("2026-01-15", "2026-02-14"), 1000);
        assert_eq!(all("2026-01-15", "2026-04-14"), 3000);
        assert_eq!(
            all("2026-01-31", "2026-02-27"),
            1000,
            "short months are months"
        );
        assert_eq!(all("2026-02-01", "2026-02-14"), 500);
        assert_eq!(all("2026-02-10", "2026-02-09"), 0);
        let view = compare(
            [(1, plan(SERVICES[0].id, 200_000_000, "2026-01-15"))].into_iter(),
            &figures(),
            Day(i32::MIN),
            day("2026-04-14"),
        );
        assert_eq!(view.paid, 600_000_000);
        assert_eq!(view.used, 100, "before the plan began it covered nothing");
    }

    #[test]
    fn parts_of_a_plan_add_up_to_the_whole() {
        let start = day("2025-12-31");
        let (from, to) = (start.0, day("2027-02-11").0);
        let whole = months_milli(start, Day(from), Day(to));
        for cut in (from..to).step_by(13) {
            let parts = months_milli(start, Day(from), Day(cut))
                + months_milli(start, Day(cut + 1), Day(to));
            assert_eq!(parts, whole, "{}", Day(cut));
        }
    }

    #[test]
    fn what_two_plans_cover_was_used_once() {
        let rows = [
            (1, plan(SERVICES[0].id, 1, "2026-01-01")),
            (2, plan("", 1, "2026-01-01")),
        ];
        let view = compare(
            rows.into_iter(),
            &figures(),
            day("2026-02-01"),
            day("2026-12-31"),
        );
        let used: Vec<i64> = view.rows.iter().map(|row| row.used).collect();
        assert_eq!((used, view.used), (vec![100, 1100], 1100));
    }
}
