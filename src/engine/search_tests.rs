use super::super::testing::*;
use super::*;
use crate::index::{Document, IndexOptions, SearchIndex};
use crate::model::{HelperReason, Sid};
use crate::query::Filter;

fn query(fields: &[(&str, bool)]) -> Query {
    let filter = |(value, negated): &(&str, bool)| Filter {
        field: Field::Branch((*value).to_owned()),
        negated: *negated,
    };
    Query {
        text: None,
        filters: fields.iter().map(filter).collect(),
    }
}

#[test]
fn branches_of_the_query() {
    let of = |list: &[&str]| list.iter().map(|b| (*b).to_owned()).collect::<Vec<_>>();
    let either = Branches::of(&query(&[("main", false), ("FIX", false)]));
    assert!(either.pass(&of(&["fix/login"])) && either.pass(&of(&["dev", "main"])));
    assert!(!either.pass(&of(&["dev"])) && !either.pass(&[]));
    let without = Branches::of(&query(&[("main", true)]));
    assert!(without.pass(&of(&["dev"])) && without.pass(&[]) && !without.pass(&of(&["main"])));
    assert!(Branches::of(&query(&[])).is_empty());
}

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
