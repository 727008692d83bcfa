use super::super::testing::*;
use super::*;
use crate::index::{Document, IndexOptions, SearchIndex};
use crate::model::{HelperReason, Sid};

/// Three sessions that all say "lantern": on main, on a branch, and a helper.
fn lanterns() -> (Bench, Vec<Sid>) {
    let bench = Bench::new();
    let mut sids = Vec::new();
    for (n, (name, project, branch)) in [
        ("one-1111", "/p/a", "main"),
        ("two-2222", "/p/b", "fix/lamp"),
        ("run-3333", "/p/b", "main"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut s = session(name, project, name);
        s.branches = vec![branch.into()];
        s.last_at = Some(START + n as i64 * DAY);
        s.first_at = s.last_at;
        s.helper = name.starts_with("run").then_some(HelperReason::Scripted);
        sids.push(bench.put(&s, &[]));
    }
    let options = IndexOptions {
        heap_bytes: 32 << 20,
        threads: 1,
    };
    let index = SearchIndex::open(&bench.config.index_dir(), &options)
        .unwrap()
        .index;
    for (n, sid) in sids.iter().enumerate() {
        let document = Document {
            sid: *sid,
            at: Some(START + n as i64 * DAY),
            text: "light the lantern".into(),
            ..Document::default()
        };
        index.add(vec![document]).unwrap();
    }
    index.commit("1").unwrap();
    assert!(bench.engine.index.set(Arc::new(index)).is_ok());
    (bench, sids)
}

fn found(bench: &Bench, asked: &SearchQuery) -> Vec<Sid> {
    let page = bench.engine.search(asked).unwrap();
    let mut sids: Vec<Sid> = page.hits.iter().map(|hit| hit.card.sid).collect();
    assert_eq!(page.sessions as usize, sids.len(), "all fit on one page");
    sids.sort_unstable();
    sids
}

fn asked(text: &str) -> SearchQuery {
    SearchQuery {
        text: text.into(),
        limit: 20,
        ..SearchQuery::default()
    }
}

#[test]
fn sessions_narrow_what_is_found() {
    let (bench, sids) = lanterns();
    let (one, two, run) = (sids[0], sids[1], sids[2]);
    bench.engine.set_star(two, true).unwrap();
    bench.engine.set_tag(one, "keep", true).unwrap();
    let all = asked("lantern");
    let with = |change: &dyn Fn(&mut SearchQuery)| {
        let mut asked = all.clone();
        change(&mut asked);
        found(&bench, &asked)
    };
    let page = bench.engine.search(&all).unwrap();
    assert_eq!(
        (page.sessions, page.hidden_sessions, page.messages),
        (2, 1, 2)
    );
    assert!(page.filling, "ingest has not said that it is done");
    assert!(!page.hits[0].snippets[0].marks.is_empty());
    assert_eq!(with(&|a| a.filters.include_helpers = true), [one, two, run]);
    assert_eq!(with(&|a| a.filters.branches = vec!["main".into()]), [one]);
    assert_eq!(with(&|a| a.filters.starred = true), [two]);
    assert_eq!(with(&|a| a.filters.tags = vec!["keep".into()]), [one]);
    assert_eq!(with(&|a| a.session = Some("two-".into())), [two]);
    assert_eq!(with(&|a| a.session = Some("nobody".into())), []);
    assert_eq!(with(&|a| a.filters.projects = vec!["/p/a".into()]), [one]);
    assert_eq!(
        with(&|a| a.filters.from = Some(Day::parse("2026-11-02").unwrap())),
        [two]
    );
    assert_eq!(
        with(&|a| a.filters.to = Some(Day::parse("2026-11-01").unwrap())),
        [one]
    );
    assert_eq!(found(&bench, &asked("lantern branch:LAMP")), [two]);
    assert_eq!(found(&bench, &asked("lantern -branch:lamp")), [one]);
}

#[test]
fn facets_of_sessions_count_messages_without_their_own_ticks() {
    let (bench, sids) = lanterns();
    bench.engine.set_tag(sids[0], "keep", true).unwrap();
    bench.engine.set_tag(sids[1], "drop", true).unwrap();
    let counts = |field: &str, change: &dyn Fn(&mut Filters)| {
        let mut asked = asked("lantern");
        change(&mut asked.filters);
        let page = bench.engine.search(&asked).unwrap();
        let list = page.facets.into_iter().find(|list| list.field == field);
        let values = list.unwrap().values.into_iter();
        values
            .map(|v| format!("{}={}{}", v.value, v.count, if v.ticked { "*" } else { "" }))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let main = |f: &mut Filters| f.branches = vec!["main".into()];
    let both = |f: &mut Filters| {
        main(f);
        f.tags = vec!["drop".into()];
    };
    assert_eq!(counts("branch", &|_| {}), "fix/lamp=1 main=1");
    assert_eq!(counts("branch", &main), "fix/lamp=1 main=1*");
    assert_eq!(counts("tag", &main), "keep=1");
    assert_eq!(counts("project", &main), "/p/a=1");
    assert_eq!(counts("branch", &both), "fix/lamp=1 main=0*");
    assert_eq!(counts("tag", &both), "keep=1 drop=0*");
    assert_eq!(counts("branch", &|f| f.starred = true), "");
    assert_eq!(
        counts("branch", &|f| f.include_helpers = true),
        "main=2 fix/lamp=1"
    );
}

#[test]
fn an_index_that_is_still_opening_says_so() {
    let bench = Bench::new();
    let page = bench.engine.search(&asked("anything")).unwrap();
    assert!(page.filling && page.hits.is_empty());
    bench.engine.health().unwrap();
}

#[test]
fn health_asks_the_real_index() {
    let (bench, _) = lanterns();
    bench.engine.health().unwrap();
    bench
        .engine
        .status
        .update(|status| status.error = Some("disk full".into()));
    let error = bench.engine.health().unwrap_err();
    assert!(error.to_string().contains("disk full"));
}

#[test]
fn the_status_counts_what_there_is() {
    let (bench, _) = lanterns();
    std::fs::write(bench.config.data_dir().join("sessions.redb.aside-1"), "x").unwrap();
    let status = bench.engine.status().unwrap();
    assert_eq!(
        (status.sessions, status.hidden_sessions, status.documents),
        (3, 1, 3)
    );
    assert_eq!(status.set_aside.len(), 1);
    let agent = crate::agents::AGENTS[0].info();
    let row = status
        .agents
        .iter()
        .find(|row| row.agent.id == agent.id)
        .unwrap();
    assert_eq!(row.sessions, 3);
    assert!(row.roots.iter().all(|(_, exists)| !exists));
}
