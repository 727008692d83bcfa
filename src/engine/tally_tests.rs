use super::super::cost::Pricer;
use super::super::ledger::LedgerCell;
use super::super::testing::*;
use super::super::view::*;
use super::*;
use crate::model::{DayStats, HelperReason, Response, Tokens};
use crate::rollup::LocalDays;
use proptest::prelude::*;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(30);

fn utc() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::UTC
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn all() -> AnalyticsQuery {
    AnalyticsQuery::default()
}

/// Two shown sessions, a helper, and one that records nothing.
fn four(bench: &Bench) -> [Sid; 4] {
    let mut helper = dated("helper", "/p/b", "run", 2);
    helper.helper = Some(HelperReason::Scripted);
    let mut silent = dated("silent", "/p/b", "hush", 2);
    silent.assistant_messages = 2;
    let (first, third) = (day("2026-11-01"), day("2026-11-03"));
    let mut one = dated("one", "/p/a", "x", 0);
    one.last_at = one.last_at.map(|at| at + 2 * DAY);
    [
        bench.put(
            &one,
            &[
                (first, day_of("gpt-5", 9, 800)),   // 1,000 micro-dollars
                (third, day_of("gpt-5", 9, 1_600)), // 2,000
            ],
        ),
        bench.put(
            &dated("two", "/p/a", "y", 2),
            &[(third, day_of("home-grown", 10, 50))],
        ),
        bench.put(&helper, &[(third, day_of("gpt-5", 10, 8_000))]), // 10,000
        bench.put(&silent, &[]),
    ]
}

/// A session of the n-th day from [`START`].
fn dated(native: &str, project: &str, prompt: &str, n: i64) -> crate::model::SessionSummary {
    let at = START + n * DAY;
    crate::model::SessionSummary {
        first_at: Some(at),
        last_at: Some(at + 60_000),
        ..session(native, project, prompt)
    }
}

/// The figures of everything in the bench, at this moment.
fn report(bench: &Bench, query: &AnalyticsQuery, now: i64) -> Analytics {
    let ledger = LedgerCell::new(bench.engine.store.clone(), bench.engine.catalog.clone());
    let ledger = ledger.get(|_, _| ()).unwrap();
    let mut tally = Tally::new(query);
    tally.advance(&bench.engine.catalog.get().unwrap(), &ledger);
    tally.report(&utc(), now)
}

#[test]
fn money_of_all_runs_counts_of_those_shown() {
    let bench = Bench::new();
    four(&bench);
    let now = crate::model::time::from_text("2026-11-03T10:15:00Z").unwrap();
    let sum = report(&bench, &all(), now);
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
    assert_eq!((sum.today.cost, sum.minutes_today), (12_000, 615));
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
    let cover = &sum.coverage[0];
    assert_eq!(
        (
            cover.sessions,
            cover.priced,
            cover.unpriced,
            cover.silent,
            cover.partly + cover.idle
        ),
        (4, 2, 1, 1, 0)
    );
    assert_eq!(sum.top_sessions[0].name, "run");
    // 2026-11-03 is a Tuesday; the helper's messages are not in the week, its money is
    assert_eq!((sum.week[1][9], sum.week[1][10]), (2, 2));
    assert_eq!((sum.week_cost[1][9], sum.week_cost[1][10]), (2_000, 10_000));
    assert_eq!(sum.by_day.len(), 2);
    assert_eq!(
        (sum.by_day[1].sessions, sum.by_day[1].amount.cost),
        (2, 12_000)
    );
}

#[test]
fn helpers_can_be_left_out_or_asked_for_alone() {
    let bench = Bench::new();
    four(&bench);
    let of = |runs| {
        let query = AnalyticsQuery { runs, ..all() };
        let sum = report(&bench, &query, START);
        (sum.total.cost, sum.sessions_all, sum.prompts)
    };
    assert_eq!(of(Runs::People), (3_000, 3, 3));
    assert_eq!(of(Runs::Helpers), (10_000, 1, 1));
    assert_eq!(of(Runs::All), (13_000, 4, 3));
}

#[test]
fn days_and_models_outside_the_filters_are_left_out() {
    let bench = Bench::new();
    let mut mixed = dated("mixed", "/p", "x", 0);
    mixed.models = vec!["gpt-5".into(), "gpt-5-mini".into()];
    mixed.first_at = Some(START - DAY);
    mixed.last_at = Some(START + DAY);
    let mut both = day_of("gpt-5", 9, 800);
    both.usage.extend(day_of("gpt-5-mini", 9, 800).usage);
    let days = ["2026-10-31", "2026-11-01", "2026-11-02"];
    bench.put(&mixed, &days.map(|at| (day(at), both.clone())));
    let query = AnalyticsQuery {
        filters: Filters {
            from: Some(day("2026-11-01")),
            to: Some(day("2026-11-01")),
            models: vec!["gpt-5".into()],
            ..Filters::default()
        },
        ..all()
    };
    let sum = report(&bench, &query, START);
    assert_eq!(
        (sum.total.cost, sum.prompts, sum.sessions_all),
        (1_000, 1, 1)
    );
}

#[test]
fn windows_open_with_the_first_use_after_the_last_one_ended() {
    let bench = Bench::new();
    let at = day("2026-11-01");
    let mut stats = DayStats::default();
    for hour in [3, 7, 8, 21] {
        stats.usage.extend(day_of("gpt-5", hour, 800).usage);
    }
    bench.put(&dated("one", "/p", "x", 0), &[(at, stats)]);
    let sum = report(&bench, &all(), START);
    let hour = 3_600_000;
    let spans: Vec<(i64, i64, i64, u32)> = sum
        .windows
        .iter()
        .map(|w| {
            (
                (w.from - START) / hour,
                (w.to - START) / hour,
                w.amount.cost,
                w.busy_hours,
            )
        })
        .collect();
    // 3 to 8 holds 3 and 7; the use at 8 opens the next
    assert_eq!(
        spans,
        [(21, 26, 1_000, 1), (8, 13, 1_000, 1), (3, 8, 2_000, 2)]
    );
}

#[test]
fn hours_are_where_they_are_when_the_clock_changes() {
    let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let mut pricer = Pricer::new(zone.clone());
    let mut days = LocalDays::new(zone);
    // the clock went back at 2026-10-25T01:00Z
    for text in [
        "2026-10-24T22:00:00Z",
        "2026-10-25T03:00:00Z",
        "2026-10-25T22:00:00Z",
    ] {
        let at = crate::model::time::from_text(text).unwrap();
        let (day, hour, _) = days.at(at);
        assert_eq!(pricer.at(day, hour), at, "{text}");
    }
}

#[test]
fn the_job_follows_ingest_and_its_result_survives_a_restart() {
    let bench = Bench::new();
    let at = day("2026-11-01");
    bench.put(
        &dated("one", "/p/a", "x", 0),
        &[(at, day_of("gpt-5", 9, 800))],
    );
    let first = bench.engine.analytics(&all(), false).unwrap();
    assert!(!first.done);
    let partial = bench.engine.analytics_wait(&all(), 0.0, LONG).unwrap();
    assert!(!partial.done, "ingest still lists");
    assert_eq!(partial.result.total.cost, 1_000);

    bench.put(
        &dated("two", "/p/a", "y", 0),
        &[(at, day_of("gpt-5", 9, 1_600))],
    );
    bench
        .engine
        .status
        .update(|status| status.listing_complete = true);
    let done = wait(&bench, &all());
    assert_eq!(
        (done.result.total.cost, done.result.sessions_all),
        (3_000, 2)
    );
    assert_eq!(done.result.zone, "UTC");

    let again = bench.engine.analytics(&all(), false).unwrap();
    assert!(again.done && Arc::ptr_eq(&again.result, &done.result));

    let kept = kept(bench, &all());
    let again = kept.engine.analytics(&all(), false).unwrap();
    assert!(again.done && again.cached, "at once after a restart");
    assert_eq!(*again.result, *done.result);

    kept.engine
        .status
        .update(|status| status.listing_complete = true);
    let fresh = kept.engine.analytics(&all(), true).unwrap();
    assert!(!fresh.cached, "a refresh computes");
    let fresh = wait(&kept, &all());
    assert!(fresh.result.as_of >= done.result.as_of);
    let other = AnalyticsQuery {
        runs: Runs::People,
        ..all()
    };
    assert!(
        !kept.engine.analytics(&other, false).unwrap().cached,
        "another question"
    );
}

#[test]
fn what_was_known_is_shown_until_there_is_more() {
    let bench = Bench::new();
    let at = day("2026-11-01");
    bench
        .engine
        .status
        .update(|status| status.listing_complete = true);
    bench.put(
        &dated("one", "/p/a", "x", 0),
        &[(at, day_of("gpt-5", 9, 800))],
    );
    wait(&bench, &all());
    let bench = kept(bench, &all());
    // the new process has not listed anything yet, and there is more in the store
    bench.put(
        &dated("two", "/p/a", "y", 0),
        &[(at, day_of("gpt-5", 9, 1_600))],
    );
    let job = bench.engine.analytics_wait(&all(), -1.0, LONG).unwrap();
    assert!(!job.done);
    assert!(job.result.total.cost >= 1_000, "no fall back to nothing");
}

#[test]
fn a_period_is_compared_with_the_one_before() {
    let bench = Bench::new();
    four(&bench);
    bench
        .engine
        .status
        .update(|status| status.listing_complete = true);
    let query = AnalyticsQuery {
        filters: Filters {
            from: Some(day("2026-11-03")),
            to: Some(day("2026-11-04")),
            ..Filters::default()
        },
        ..all()
    };
    let sum = wait(&bench, &query).result;
    assert_eq!(sum.total.cost, 12_000);
    let before = sum.previous.as_ref().unwrap();
    assert_eq!(
        (before.from, before.to),
        (day("2026-11-01"), day("2026-11-02"))
    );
    assert_eq!((before.amount.cost, before.prompts), (1_000, 1));
}

/// A response of the n-th second from [`START`].
fn response(n: i64, model: &str, branch: &str, turn: u32, tools: &[&str]) -> Response {
    Response {
        at: START + n * 1_000,
        until: START + n * 1_000 + 500,
        key: n as u64,
        turn: Some(turn),
        model: model.into(),
        branch: branch.into(),
        tokens: Tokens {
            input: 800,
            cache_read: 9_200 * u64::from(turn),
            ..Tokens::default()
        },
        tools: tools.iter().map(|tool| (*tool).to_owned()).collect(),
        ..Response::default()
    }
}

#[test]
fn prompts_tools_and_branches_have_their_cost() {
    let bench = Bench::new();
    let mut one = dated("one", "/p", "x", 0);
    one.context_window = Some(10_000);
    bench.put_told(
        &one,
        &[
            response(10, "gpt-5", "main", 0, &["sh", "sh"]),
            response(20, "gpt-5", "main", 0, &["sh", "read"]),
            response(30, "gpt-5", "dev", 4, &[]),
        ],
    );
    let sum = report(&bench, &all(), START);
    // 800 fresh tokens are 1,000 micro-dollars, and each turn reads 1,150 from the cache
    let tools: Vec<(&str, i64)> = sum
        .by_tool
        .iter()
        .map(|tool| (tool.name.as_str(), tool.spent.cost))
        .collect();
    assert_eq!(tools, [("", 5_600), ("sh", 1_500), ("read", 500)]);
    let branches: Vec<(&str, i64)> = sum
        .by_branch
        .iter()
        .map(|row| (row.name.as_str(), row.amount.cost))
        .collect();
    assert_eq!(branches, [("dev", 5_600), ("main", 2_000)]);
    let prompts: Vec<(Option<u32>, i64, u64)> = sum
        .top_prompts
        .iter()
        .map(|row| (row.seq, row.spent.cost, row.spent.responses))
        .collect();
    assert_eq!(prompts, [(Some(4), 5_600, 1), (Some(0), 2_000, 2)]);
    // 8% twice; 37,600 tokens do not fit into 10,000, so the window is the long one: 3.8%
    assert_eq!(sum.context.responses, 3);
    assert_eq!(sum.context.tenths[0], 3);
    assert_eq!(sum.context.mean, (800 + 800 + 376) / 3);
    let query = AnalyticsQuery {
        filters: Filters {
            branches: vec!["dev".into()],
            ..Filters::default()
        },
        ..all()
    };
    bench
        .engine
        .status
        .update(|status| status.listing_complete = true);
    one.branches = vec!["main".into(), "dev".into()];
    bench.put_told(
        &one,
        &[
            response(10, "gpt-5", "main", 0, &[]),
            response(30, "gpt-5", "dev", 4, &[]),
        ],
    );
    let sum = wait(&bench, &query).result;
    assert_eq!(sum.total.cost, 5_600, "of a session with two branches");
    assert_eq!(sum.by_tool.iter().map(|t| t.spent.cost).sum::<i64>(), 5_600);
}

#[test]
fn the_last_hour_is_sixty_minutes_of_responses() {
    let bench = Bench::new();
    let mut one = dated("one", "/p", "x", 0);
    one.last_at = Some(START + 7_000_000);
    let told: Vec<Response> = [100, 3_399, 3_401, 6_900]
        .iter()
        .map(|n| response(*n, "gpt-5", "", 0, &[]))
        .collect();
    bench.put_told(&one, &told);
    let ledger = LedgerCell::new(bench.engine.store.clone(), bench.engine.catalog.clone());
    let ledger = ledger.get(|_, _| ()).unwrap();
    let mut tally = Tally::new(&all());
    tally.advance(&bench.engine.catalog.get().unwrap(), &ledger);
    let reader = bench.engine.store.read().unwrap();
    let now = START + 7_000_000;
    let last = tally
        .last_hour(&reader, &mut Pricer::new(utc()), now)
        .unwrap();
    assert_eq!((last.responses, last.cost), (2, 2_000));
}

fn wait(bench: &Bench, query: &AnalyticsQuery) -> Job<Analytics> {
    let mut seen = 0.0;
    loop {
        let job = bench.engine.analytics_wait(query, seen, LONG).unwrap();
        if job.done {
            return job;
        }
        assert!(job.progress > seen, "no progress within {LONG:?}");
        seen = job.progress;
    }
}

/// Restarts once the finished result is in the store.
fn kept(bench: Bench, query: &AnalyticsQuery) -> Bench {
    let key = bench.engine.analytics_key(query, bench.engine.today());
    let place = super::super::analytics::kept_at(&key);
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

/// What a session did on a few days.
fn any_days() -> impl Strategy<Value = Vec<(Day, DayStats)>> {
    let bucket = (0..3usize, 0..24u8, 1..5_000u64);
    let one = (0..6i32, prop::collection::vec(bucket, 0..4));
    prop::collection::vec(one, 0..4).prop_map(|days| {
        let mut all: BTreeMap<Day, DayStats> = BTreeMap::new();
        for (at, buckets) in days {
            let stats = all.entry(Day(20_758 + at)).or_default();
            stats.prompts += 1;
            for (model, hour, input) in buckets {
                let model = ["gpt-5", "gpt-5-mini", "home-grown"][model];
                let more = day_of(model, hour, input);
                stats.messages += 2;
                stats.by_hour[usize::from(hour)] += 2;
                stats.usage.extend(more.usage);
            }
        }
        all.into_iter().collect()
    })
}

/// Responses of a few days, models, branches and tools.
fn any_told() -> impl Strategy<Value = Vec<Response>> {
    let tools = prop::sample::subsequence(vec!["sh", "edit", "read"], 0..=3);
    let one = (0..500_000i64, 0..3usize, 0..3usize, 0..4u32, tools);
    prop::collection::vec(one, 0..8).prop_map(|all| {
        all.into_iter()
            .map(|(n, model, branch, turn, tools)| {
                let model = ["m1", "gpt-5", "gpt-5-mini"][model];
                response(n, model, ["", "main", "dev"][branch], turn, &tools)
            })
            .collect()
    })
}

fn any_query() -> impl Strategy<Value = AnalyticsQuery> {
    let runs = prop::sample::select(vec![Runs::All, Runs::People, Runs::Helpers]);
    (any_filters(), runs).prop_map(|(filters, runs)| AnalyticsQuery { filters, runs })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn kept_up_is_the_same_as_added_up_anew(
        sessions in any_sessions(),
        days in prop::collection::vec(any_days(), 40),
        later in prop::collection::vec((0..40usize, any_days()), 0..12),
        query in any_query(),
    ) {
        let bench = Bench::new();
        let ledger = LedgerCell::new(bench.engine.store.clone(), bench.engine.catalog.clone());
        let mut kept = Tally::new(&query);
        let mut follow = || {
            let ledger = ledger.get(|_, _| ()).unwrap();
            kept.advance(&bench.engine.catalog.get().unwrap(), &ledger);
        };
        for (n, session) in sessions.iter().enumerate() {
            bench.put(session, &days[n]);
            if n % 7 == 0 {
                follow();
            }
        }
        for (n, days) in &later {
            if let Some(session) = sessions.get(*n) {
                let mut session = session.clone();
                session.helper = days.is_empty().then_some(HelperReason::Scripted);
                bench.put(&session, days);
                follow();
            }
        }
        follow();
        let at = START + 2 * DAY;
        prop_assert_eq!(kept.report(&utc(), at), report(&bench, &query, at));
    }

    #[test]
    fn parts_add_up_to_the_whole(
        sessions in any_sessions(),
        told in prop::collection::vec(any_told(), 40),
        query in any_query(),
    ) {
        let bench = Bench::new();
        for (n, session) in sessions.iter().enumerate() {
            bench.put_told(session, &told[n]);
        }
        let sum = report(&bench, &query, START + 2 * DAY);
        let named = |list: &[NamedAmount]| list.iter().fold(Amount::default(), |mut all, row| {
            all += &row.amount;
            all
        });
        let lists = [&sum.by_agent, &sum.by_model, &sum.by_project, &sum.by_repo, &sum.by_branch];
        for list in lists {
            prop_assert_eq!(&named(list), &sum.total);
        }
        let tools: i64 = sum.by_tool.iter().map(|tool| tool.spent.cost).sum();
        prop_assert_eq!(tools, sum.total.cost);
        if sum.top_prompts.len() < 50 {
            let prompts = sum.top_prompts.iter().map(|row| (row.spent.cost, row.spent.tokens));
            let prompts = prompts.fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
            prop_assert_eq!(prompts, (sum.total.cost, sum.total.tokens.total()));
        }
        let windows = sum.windows.iter().map(|window| window.amount.cost).sum::<i64>();
        prop_assert!(windows <= sum.total.cost);
        let by_day = sum.by_day.iter().fold(Amount::default(), |mut all, row| {
            all += &row.amount;
            all
        });
        prop_assert_eq!(&by_day, &sum.total);
        for series in [&sum.agent_days, &sum.model_days, &sum.project_days] {
            let cost: i64 = series.iter().flat_map(|s| &s.days).map(|(_, cost)| cost).sum();
            prop_assert_eq!(cost, sum.total.cost);
        }
        let week: i64 = sum.week_cost.iter().flatten().sum();
        let top: i64 = sum.top_sessions.iter().map(|one| one.amount.cost).sum();
        prop_assert_eq!((week, top), (sum.total.cost, sum.total.cost));
        prop_assert_eq!(sum.total.parts.total(), sum.total.cost);
        let prompts: u64 = sum.by_day.iter().map(|day| day.prompts).sum();
        prop_assert_eq!(prompts, sum.prompts);
        let covered: u64 = sum.coverage.iter().map(|row| row.sessions).sum();
        prop_assert_eq!(covered, sum.sessions_all);
        for row in &sum.coverage {
            let parts = row.priced + row.estimated + row.partly + row.unpriced + row.silent + row.idle;
            prop_assert_eq!(parts, row.sessions);
        }
    }
}
