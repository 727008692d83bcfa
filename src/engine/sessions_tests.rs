use super::super::testing::*;
use super::*;
use crate::model::HelperReason;
use crate::model::Sid;
use crate::rollup::conversation_key;
use proptest::prelude::*;
use std::collections::HashSet;

fn query(group: GroupBy, offset: usize, limit: usize) -> SessionsQuery {
    SessionsQuery {
        group,
        offset,
        limit,
        ..SessionsQuery::default()
    }
}

fn natives(page: &SessionsPage) -> Vec<String> {
    let cards = page.groups.iter().flat_map(|group| &group.cards);
    cards.map(|card| card.session.key.native.clone()).collect()
}

proptest! {
    #[test]
    fn conversations_are_the_shared_rule(sessions in any_sessions(), filters in any_filters()) {
        let catalog = marked(sessions);
        let selection = select(&catalog, &filters, "");
        let drafts = conversations(&catalog, &selection.shown);
        let members: Vec<Sid> = drafts.iter().flat_map(|d| d.members().map(|e| e.sid)).collect();
        let once: HashSet<Sid> = members.iter().copied().collect();
        prop_assert_eq!(members.len(), once.len(), "nobody twice");
        prop_assert_eq!(members.len(), selection.shown.len(), "nobody lost");
        let keys = |draft: &Draft| -> HashSet<Option<u64>> {
            draft.members().map(|e| conversation_key(&e.summary)).collect()
        };
        let mut known = HashSet::new();
        for draft in &drafts {
            let keys = keys(draft);
            prop_assert_eq!(keys.len(), 1);
            match keys.into_iter().next().unwrap() {
                None => prop_assert!(draft.more.is_empty(), "what has no key never groups"),
                Some(key) => prop_assert!(known.insert(key), "one card per conversation"),
            }
            let newest = draft.newest.summary.last_at;
            prop_assert!(draft.more.iter().all(|other| other.summary.last_at <= newest));
        }
    }
}

#[test]
fn pages_put_together_are_the_whole_list_in_every_grouping() {
    let bench = Bench::new();
    for n in 0..23 {
        let mut s = session(
            &format!("s{n}"),
            ["/p/a", "/p/b", "/q"][n % 3],
            &format!("do {}", n % 9),
        );
        s.first_at = Some(START + n as i64 * DAY / 2);
        s.last_at = s.first_at;
        if n % 7 == 0 {
            s.helper = Some(HelperReason::Scripted);
        }
        bench.put(&s, &[]);
    }
    for group in [GroupBy::None, GroupBy::Project, GroupBy::Repo, GroupBy::Day] {
        let whole = bench.engine.sessions(&query(group, 0, 1000)).unwrap();
        assert_eq!(whole.shown_sessions + whole.hidden_sessions, 23);
        assert_eq!(whole.all_sessions, 23);
        assert_eq!(whole.next, None);
        assert_eq!(natives(&whole).len(), whole.total);
        assert_eq!(
            whole.groups.iter().map(|group| group.count).sum::<usize>(),
            whole.total
        );
        let (mut together, mut next) = (Vec::new(), Some(0));
        while let Some(offset) = next {
            let page = bench.engine.sessions(&query(group, offset, 4)).unwrap();
            for part in &page.groups {
                let same = whole.groups.iter().find(|g| g.key == part.key).unwrap();
                assert_eq!(part.count, same.count, "counts are of the whole group");
            }
            together.extend(natives(&page));
            next = page.next;
        }
        assert_eq!(together, natives(&whole), "{group:?}");
    }
}

#[test]
fn starred_conversations_come_first_and_members_are_told_apart() {
    let bench = Bench::new();
    let mut sids = Vec::new();
    for (n, (name, prompt)) in [
        ("old", "same"),
        ("lone", "other"),
        ("new", "same"),
        ("last", "third"),
    ]
    .iter()
    .enumerate()
    {
        let mut s = session(name, "/p", prompt);
        s.last_at = Some(START + n as i64 * DAY);
        sids.push(bench.put(&s, &[]));
    }
    let page = bench.engine.sessions(&query(GroupBy::None, 0, 9)).unwrap();
    assert_eq!(natives(&page), ["last", "new", "lone"]);
    assert_eq!(page.groups[0].cards[1].more[0].session.key.native, "old");

    bench.engine.set_star(sids[0], true).unwrap();
    let page = bench.engine.sessions(&query(GroupBy::None, 0, 9)).unwrap();
    assert_eq!(natives(&page), ["new", "last", "lone"]);
    let card = &page.groups[0].cards[0];
    assert!(
        !card.starred && card.more[0].starred,
        "the star is the member's"
    );

    let oldest = SessionsQuery {
        sort: SessionSort::Oldest,
        ..query(GroupBy::None, 0, 9)
    };
    assert_eq!(
        natives(&bench.engine.sessions(&oldest).unwrap()),
        ["lone", "new", "last"]
    );
}

#[test]
fn the_costliest_conversation_counts_all_its_runs() {
    let bench = Bench::new();
    let day = crate::model::Day::parse("2026-11-02").unwrap();
    for (name, prompt, tokens) in [("a1", "a", 700), ("a2", "a", 700), ("b", "b", 1_000)] {
        let mut s = session(name, "/p", prompt);
        s.assistant_messages = 1;
        bench.put(&s, &[(day, day_of("gpt-5", 3, tokens))]);
    }
    let query = SessionsQuery {
        sort: SessionSort::Costliest,
        ..query(GroupBy::None, 0, 9)
    };
    let page = bench.engine.sessions(&query).unwrap();
    let cards = &page.groups[0].cards;
    assert_eq!(cards[0].session.first_prompt, "a");
    // 700 tokens at 1.25 $/M
    assert_eq!((cards[0].cost.micros, cards[1].cost.micros), (875, 1_250));
    assert_eq!(cards[0].tokens.input, 700);
}

#[test]
fn rows_are_sessions_not_conversations() {
    let bench = Bench::new();
    for n in 0..3 {
        bench.put(&session(&format!("s{n}"), "/p", "same"), &[]);
    }
    let mut helper = session("h", "/p", "run");
    helper.helper = Some(HelperReason::Scripted);
    bench.put(&helper, &[]);
    let found = bench
        .engine
        .session_rows(&query(GroupBy::None, 1, 1))
        .unwrap();
    assert_eq!((found.rows.len(), found.total, found.hidden), (1, 3, 1));
    let cards = bench.engine.cards(&found.rows).unwrap();
    assert_eq!(cards[0].sid, found.rows[0].0);
}

#[test]
fn sessions_without_a_message_are_counted_and_shown_when_asked_for() {
    let bench = Bench::new();
    bench.put(&session("talk", "/p", "go"), &[]);
    let mut helper = session("run", "/p", "run");
    helper.helper = Some(HelperReason::Scripted);
    bench.put(&helper, &[]);
    for name in ["title-1", "title-2"] {
        let mut bare = session(name, "/p", "");
        bare.all_messages = 0;
        bench.put(&bare, &[]);
    }
    let mut asked = query(GroupBy::None, 0, 60);
    let count = |asked: &SessionsQuery| {
        let page = bench.engine.sessions(asked).unwrap();
        let (shown, hidden) = (page.shown_sessions, page.hidden_sessions);
        (shown, hidden, page.empty_sessions, page.all_sessions)
    };
    assert_eq!(count(&asked), (1, 1, 2, 4));
    asked.filters.include_empty = true;
    assert_eq!(count(&asked), (3, 1, 0, 4));
    asked.filters.include_helpers = true;
    assert_eq!(count(&asked), (4, 0, 0, 4));
    asked.filters.include_empty = false;
    assert_eq!(count(&asked), (2, 0, 2, 4));
    let status = bench.engine.status().unwrap();
    assert_eq!((status.sessions, status.empty_sessions), (4, 2));
}

#[test]
fn every_run_has_a_card_below_its_conversation() {
    let bench = Bench::new();
    for (n, (name, prompt)) in [
        ("a1", "same"),
        ("lone", "other"),
        ("a2", "same"),
        ("last", "third"),
        ("end", "fourth"),
    ]
    .iter()
    .enumerate()
    {
        let mut s = session(name, "/p", prompt);
        s.last_at = Some(START + n as i64 * DAY);
        bench.put(&s, &[]);
    }
    let page = bench
        .engine
        .sessions(&query(GroupBy::Conversation, 0, 9))
        .unwrap();
    let told: Vec<(&str, usize, usize)> = page
        .groups
        .iter()
        .map(|group| (group.label.as_str(), group.count, group.cards.len()))
        .collect();
    // conversations of one run stand together and need no heading
    assert!(page.groups[0].key.is_empty() && !page.groups[1].key.is_empty());
    assert_eq!(told, [("fourth", 2, 2), ("same", 2, 2), ("other", 1, 1)]);
    assert_eq!(natives(&page), ["end", "last", "a2", "a1", "lone"]);
    assert_eq!((page.total, page.shown_sessions), (4, 5));
    let second = bench
        .engine
        .sessions(&query(GroupBy::Conversation, 2, 1))
        .unwrap();
    assert_eq!(natives(&second), ["a2", "a1"], "pages count conversations");
}

#[test]
fn costs_and_lengths_are_counted_in_their_bands() {
    let bench = Bench::new();
    let day = crate::model::Day::parse("2026-11-02").unwrap();
    for (name, tokens, messages) in [("cheap", 800, 3), ("dear", 4_000_000, 60)] {
        let mut s = session(name, "/p", name);
        s.assistant_messages = 1;
        s.messages = messages;
        bench.put(&s, &[(day, day_of("gpt-5", 3, tokens))]);
    }
    bench.put(&session("bare", "/p", "bare"), &[]);
    // costs are told once the listing is complete
    bench
        .engine
        .status
        .update(|status| status.listing_complete = true);
    let counts = |filters: Filters, field: &str| {
        let asked = SessionsQuery {
            filters,
            ..query(GroupBy::None, 0, 9)
        };
        let page = bench.engine.sessions(&asked).unwrap();
        let facet = page.facets.iter().find(|facet| facet.field == field);
        let facet = facet.unwrap();
        assert!(!facet.pending);
        let values = facet.values.iter();
        let values: Vec<_> = values.map(|v| (v.value.clone(), v.count)).collect();
        (values, natives(&page))
    };
    let told = |all: &[(&str, u64)]| -> Vec<(String, u64)> {
        all.iter()
            .map(|(value, n)| ((*value).to_owned(), *n))
            .collect()
    };
    let all = told(&[("0-0.1", 1), ("1-10", 1), ("unknown", 1)]);
    assert_eq!(counts(Filters::default(), "cost").0, all);
    let dear = Filters {
        costs: vec!["1-10".into()],
        ..Filters::default()
    };
    let (costs, shown) = counts(dear.clone(), "cost");
    assert_eq!((costs, shown), (all, vec!["dear".to_owned()]));
    assert_eq!(counts(dear, "length").0, told(&[("50-199", 1)]));
}

#[test]
fn a_ticked_kind_of_helper_is_shown_and_what_is_selected_may_be_filtered_out() {
    let bench = Bench::new();
    let own = bench.put(&session("own", "/p", "go"), &[]);
    let mut helper = session("run", "/p", "run");
    helper.helper = Some(HelperReason::Scripted);
    let run = bench.put(&helper, &[]);
    let mut asked = query(GroupBy::None, 0, 9);
    let helpers = |asked: &SessionsQuery| {
        let page = bench.engine.sessions(asked).unwrap();
        let facet = page.facets.iter().find(|facet| facet.field == "helper");
        let counts: Vec<u64> = facet.unwrap().values.iter().map(|v| v.count).collect();
        (counts, natives(&page).join(" "), page.hidden_sessions)
    };
    assert_eq!(helpers(&asked), (vec![1, 1], "own".into(), 1));
    let out = |asked: &SessionsQuery| bench.engine.filtered_out(&[own, run], asked).unwrap();
    assert_eq!(out(&asked), [run]);
    asked.filters.helpers = vec!["scripted".into()];
    assert_eq!(helpers(&asked), (vec![1, 1], "run".into(), 0));
    assert_eq!(out(&asked), [own]);
}

#[test]
fn a_session_page_knows_its_family_and_its_retries() {
    let bench = Bench::new();
    let parent = bench.put(&session("parent", "/p", "go"), &[]);
    bench.put(&session("again", "/p", "go"), &[]);
    let mut child = session("child", "/p", "dig");
    child.parent = Some("parent".into());
    child.relation = crate::model::Relation::SubAgent;
    let child = bench.put(&child, &[]);
    let view = bench.engine.session(parent).unwrap().unwrap();
    assert_eq!(view.children[0].sid, child);
    assert_eq!(view.card.sub_agents, 1);
    assert_eq!(view.retries[0].session.key.native, "again");
    let view = bench.engine.session(child).unwrap().unwrap();
    assert_eq!(view.parent.unwrap().sid, parent);
    assert_eq!(view.resume, None, "only its parent can be resumed");
    assert!(bench.engine.session(Sid(99)).unwrap().is_none());
}

#[test]
fn tags_are_counted_and_bad_ones_refused() {
    let bench = Bench::new();
    let one = bench.put(&session("one", "/p", "x"), &[]);
    let two = bench.put(&session("two", "/p", "y"), &[]);
    bench.engine.set_tag(one, " bug ", true).unwrap();
    bench.engine.set_tag(two, "bug", true).unwrap();
    bench.engine.set_tag(two, "infra", true).unwrap();
    let told = || {
        let rows = bench.engine.tags().unwrap().into_iter();
        let rows: Vec<_> = rows.map(|row| (row.tag.name, row.sessions)).collect();
        rows
    };
    assert_eq!(told(), [("bug".to_owned(), 2), ("infra".to_owned(), 1)]);
    bench.engine.set_tag(two, "bug", false).unwrap();
    assert_eq!(told()[0], ("bug".to_owned(), 1));
    for bad in ["", "  ", "a\nb", &"x".repeat(65)] {
        assert!(bench.engine.set_tag(one, bad, true).is_err(), "{bad:?}");
    }
    assert!(bench.engine.set_star(Sid(99), true).is_err());
}

#[test]
fn projects_gather_the_folders_of_a_repository() {
    let bench = Bench::new();
    let day = crate::model::Day::parse("2026-11-02").unwrap();
    let mut tree = session("tree", "/src/shop-fix", "x");
    tree.worktree_of = Some("/src/shop".into());
    bench.put(&tree, &[(day, day_of("gpt-5", 3, 800))]);
    bench.put(&session("main", "/src/shop", "y"), &[]);
    let mut helper = session("helper", "/src/shop", "z");
    helper.helper = Some(HelperReason::Scripted);
    bench.put(&helper, &[(day, day_of("gpt-5", 3, 800))]);
    let page = bench.engine.projects(&Filters::default()).unwrap();
    assert_eq!((page.rows.len(), page.hidden_sessions), (1, 1));
    let row = &page.rows[0];
    assert_eq!(row.name.path, "/src/shop");
    assert_eq!(row.folders, ["/src/shop", "/src/shop-fix"]);
    assert_eq!((row.sessions, row.conversations), (2, 2));
    assert_eq!(
        row.cost.micros, 2_000,
        "money of all runs, helpers included"
    );
}
