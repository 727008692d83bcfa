use super::super::testing::*;
use super::*;
use crate::model::HelperReason;
use std::sync::Arc;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(30);

fn utc() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::UTC
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

/// Two shown sessions, a helper, and one that records nothing.
fn four() -> Catalog {
    let mut helper = session("helper", "/p/b", "run");
    helper.helper = Some(HelperReason::Scripted);
    let mut silent = session("silent", "/p/b", "hush");
    silent.assistant_messages = 2;
    catalog(vec![
        session("one", "/p/a", "x"),
        session("two", "/p/a", "y"),
        helper,
        silent,
    ])
}

#[test]
fn money_of_all_runs_counts_of_those_shown() {
    let catalog = four();
    let filters = Filters::default();
    let now = crate::model::time::from_text("2026-11-03T10:15:00Z").unwrap();
    let mut tally = Tally::new(&catalog, &filters, &utc(), now);
    tally.add(Sid(0), day("2026-11-01"), &day_of("gpt-5", 9, 800)); // 1,000 micro-dollars
    tally.add(Sid(0), day("2026-11-03"), &day_of("gpt-5", 9, 1_600)); // 2,000
    tally.add(Sid(1), day("2026-11-03"), &day_of("home-grown", 10, 50));
    tally.add(Sid(2), day("2026-11-03"), &day_of("gpt-5", 10, 8_000)); // 10,000
    let sum = tally.result();
    assert_eq!(
        (
            sum.sessions_all,
            sum.sessions_hidden,
            sum.sessions_with_data
        ),
        (4, 1, 3)
    );
    assert_eq!((sum.prompts, sum.messages, sum.conversations), (3, 6, 3));
    assert_eq!(
        (
            sum.total.cost,
            sum.total.responses,
            sum.total.unpriced_responses
        ),
        (13_000, 4, 1)
    );
    assert_eq!((sum.days, sum.active_days), (3, 2));
    assert_eq!(
        (sum.first_day, sum.last_day),
        (Some(day("2026-11-01")), Some(day("2026-11-03")))
    );
    assert_eq!(sum.today.cost, 12_000);
    // 10:15: the hour from 10 whole, three quarters of the hour from 9
    assert_eq!(sum.last_hour.cost, 10_000 + 1_500);
    let costs = |list: &[NamedAmount]| -> Vec<(String, u64, i64)> {
        list.iter()
            .map(|row| (row.label.clone(), row.sessions, row.amount.cost))
            .collect()
    };
    assert_eq!(
        costs(&sum.by_project),
        [("b".to_owned(), 1, 10_000), ("a".to_owned(), 2, 3_000)]
    );
    assert_eq!(
        costs(&sum.by_model),
        [
            ("gpt-5".to_owned(), 1, 13_000),
            ("home-grown".to_owned(), 1, 0)
        ]
    );
    assert_eq!(sum.unpriced.len(), 1);
    assert_eq!(sum.unpriced[0].amount.tokens.input, 50);
    let agent = crate::agents::AGENTS[0].info().id.to_owned();
    assert_eq!(sum.unrecorded, [(agent, 1)]);
    assert_eq!(sum.top_sessions[0].name, "run");
    // 2026-11-03 is a Tuesday; the helper's messages are not in the week
    assert_eq!((sum.week[1][9], sum.week[1][10]), (2, 2));
    assert_eq!(sum.by_day.len(), 2);
    assert_eq!(
        (sum.by_day[1].sessions, sum.by_day[1].amount.cost),
        (2, 12_000)
    );
}

#[test]
fn parts_add_up_to_the_whole() {
    let catalog = four();
    let filters = Filters {
        include_helpers: true,
        ..Filters::default()
    };
    let mut tally = Tally::new(&catalog, &filters, &utc(), START);
    for n in 0..40u32 {
        let model = ["gpt-5", "gpt-5-mini", "claude-opus-4-8"][n as usize % 3];
        let at = Day(day("2026-10-01").0 + n as i32 % 11);
        tally.add(
            Sid(n / 10),
            at,
            &day_of(model, (n % 24) as u8, 37 * u64::from(n) + 1),
        );
    }
    let sum = tally.result();
    let of = |list: &[NamedAmount]| list.iter().map(|row| row.amount.cost).sum::<i64>();
    assert!(sum.total.cost > 0);
    for list in [&sum.by_agent, &sum.by_model, &sum.by_project, &sum.by_repo] {
        assert_eq!(of(list), sum.total.cost);
    }
    let days: i64 = sum.by_day.iter().map(|day| day.amount.cost).sum();
    let agents: i64 = sum
        .by_day
        .iter()
        .flat_map(|day| &day.by_agent)
        .map(|(_, cost)| cost)
        .sum();
    let top: i64 = sum
        .top_sessions
        .iter()
        .map(|session| session.amount.cost)
        .sum();
    assert_eq!(
        (days, agents, top),
        (sum.total.cost, sum.total.cost, sum.total.cost)
    );
    assert_eq!(sum.total.parts.total(), sum.total.cost);
    assert_eq!(sum.sessions_hidden, 0);
}

#[test]
fn days_and_models_outside_the_filters_are_left_out() {
    let catalog = four();
    let filters = Filters {
        from: Some(day("2026-11-01")),
        to: Some(day("2026-11-01")),
        ..Filters::default()
    };
    let mut tally = Tally::new(&catalog, &filters, &utc(), START);
    for at in ["2026-10-31", "2026-11-01", "2026-11-02"] {
        tally.add(Sid(0), day(at), &day_of("gpt-5", 9, 800));
    }
    let sum = tally.result();
    assert_eq!(
        (sum.total.cost, sum.prompts, sum.sessions_all),
        (1_000, 1, 1)
    );

    let mut mixed = session("mixed", "/p", "x");
    mixed.models = vec!["gpt-5".into(), "gpt-5-mini".into()];
    let catalog = super::super::testing::catalog(vec![mixed]);
    let filters = Filters {
        models: vec!["gpt-5".into()],
        ..Filters::default()
    };
    let mut tally = Tally::new(&catalog, &filters, &utc(), START);
    let mut both = day_of("gpt-5", 9, 800);
    both.usage.extend(day_of("gpt-5-mini", 9, 800).usage);
    tally.add(Sid(0), day("2026-11-01"), &both);
    assert_eq!(tally.result().total.cost, 1_000);
}

#[test]
fn the_job_follows_ingest_and_its_result_survives_a_restart() {
    let bench = Bench::new();
    let at = day("2026-11-01");
    bench.put(
        &session("one", "/p/a", "x"),
        &[(at, day_of("gpt-5", 9, 800))],
    );
    let filters = Filters::default();
    let first = bench.engine.analytics(&filters, false).unwrap();
    assert!(!first.done);
    let partial = bench.engine.analytics_wait(&filters, 0.0, LONG).unwrap();
    assert!(!partial.done, "ingest still lists");
    assert_eq!(partial.result.total.cost, 1_000);

    bench.put(
        &session("two", "/p/a", "y"),
        &[(at, day_of("gpt-5", 9, 1_600))],
    );
    bench
        .engine
        .status
        .update(|status| status.listing_complete = true);
    let done = wait(&bench, &filters);
    assert_eq!(
        (done.result.total.cost, done.result.sessions_all),
        (3_000, 2)
    );
    assert_eq!(done.result.zone, "UTC");

    let again = bench.engine.analytics(&filters, false).unwrap();
    assert!(again.done && Arc::ptr_eq(&again.result, &done.result));

    let kept = kept(bench, &filters);
    let again = kept.engine.analytics(&filters, false).unwrap();
    assert!(again.done && again.cached, "at once after a restart");
    assert_eq!(*again.result, *done.result);

    kept.engine
        .status
        .update(|status| status.listing_complete = true);
    let fresh = kept.engine.analytics(&filters, true).unwrap();
    assert!(!fresh.cached, "a refresh computes");
    let fresh = wait(&kept, &filters);
    assert!(fresh.result.as_of >= done.result.as_of);
    let other = Filters {
        include_helpers: true,
        ..filters
    };
    assert!(
        !kept.engine.analytics(&other, false).unwrap().cached,
        "another question"
    );
}

fn wait(bench: &Bench, filters: &Filters) -> Job<Analytics> {
    let mut seen = 0.0;
    loop {
        let job = bench.engine.analytics_wait(filters, seen, LONG).unwrap();
        if job.done {
            return job;
        }
        assert!(job.progress > seen, "no progress within {LONG:?}");
        seen = job.progress;
    }
}

/// Restarts once the finished result is in the store.
fn kept(bench: Bench, filters: &Filters) -> Bench {
    let place = super::super::analytics::kept_at(&bench.config, filters);
    while bench
        .engine
        .store
        .read()
        .unwrap()
        .result(&place)
        .unwrap()
        .is_none()
    {
        std::thread::sleep(Duration::from_millis(5));
    }
    bench.restarted()
}
