use super::super::testing::{Bench, session};
use super::*;

fn names(bench: &Bench) -> Vec<String> {
    let query = SessionsQuery {
        limit: 9,
        ..SessionsQuery::default()
    };
    let page = bench.engine.sessions(&query).unwrap();
    let cards = page.groups.iter().flat_map(|group| &group.cards);
    cards.map(|card| card.session.name().to_owned()).collect()
}

fn told(bench: &Bench) -> Vec<(String, &'static str, usize)> {
    let rows = bench.engine.tags().unwrap().into_iter();
    rows.map(|row| (row.tag.name, row.tag.color, row.sessions))
        .collect()
}

#[test]
fn a_title_of_ones_own_stands_everywhere_and_can_be_taken_back() {
    let bench = Bench::new();
    let mut titled = session("titled", "/p", "first prompt");
    titled.title = Some("The agent's".into());
    titled.last_at = Some(2);
    let sid = bench.put(&titled, &[]);
    let mut plain = session("plain", "/p", "another prompt");
    plain.last_at = Some(1);
    let other = bench.put(&plain, &[]);
    assert_eq!(names(&bench), ["The agent's", "another prompt"]);

    bench.engine.set_title(sid, "  Mine ").unwrap();
    bench.engine.set_title(other, "Mine too").unwrap();
    assert_eq!(names(&bench), ["Mine", "Mine too"]);
    let card = bench.engine.session(sid).unwrap().unwrap().card;
    assert_eq!(card.called.as_deref(), Some("The agent's"));
    let found = |text: &str| {
        let query = SessionsQuery {
            text: text.into(),
            limit: 9,
            ..SessionsQuery::default()
        };
        bench.engine.sessions(&query).unwrap().total
    };
    assert_eq!(
        (found("mine"), found("agent's")),
        (2, 1),
        "both names find it"
    );

    // the agent goes on, and gives another title of its own
    titled.title = Some("The agent's second".into());
    bench.put(&titled, &[]);
    assert_eq!(names(&bench)[0], "Mine");
    let bench = bench.restarted();
    assert_eq!(names(&bench), ["Mine", "Mine too"]);
    bench.engine.set_title(sid, "").unwrap();
    bench.engine.set_title(other, " ").unwrap();
    assert_eq!(names(&bench), ["The agent's second", "another prompt"]);
    let card = bench.engine.session(sid).unwrap().unwrap().card;
    assert_eq!(card.called, None);
    for bad in ["a\nb", &"x".repeat(201)] {
        assert!(bench.engine.set_title(sid, bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_title_changes_nothing_else() {
    let bench = Bench::new();
    let day = crate::model::Day::parse("2026-11-02").unwrap();
    let usage = super::super::testing::day_of("gpt-5", 3, 800);
    let sid = bench.put(&session("one", "/p", "same"), &[(day, usage)]);
    bench.put(&session("two", "/p", "same"), &[]);
    let before = bench.engine.session(sid).unwrap().unwrap();
    bench.engine.set_title(sid, "Mine").unwrap();
    let after = bench.engine.session(sid).unwrap().unwrap();
    assert_eq!(after.card.cost, before.card.cost);
    assert_eq!(after.retries.len(), 1, "still one conversation");
}

#[test]
fn tags_are_made_coloured_renamed_joined_and_removed() {
    let bench = Bench::new();
    let one = bench.put(&session("one", "/p", "x"), &[]);
    let two = bench.put(&session("two", "/p", "y"), &[]);
    let tag = |sids: &[Sid], tag: &str| bench.engine.set_tags(sids, tag, true).unwrap();
    tag(&[one, two], "bug");
    tag(&[two], "defect");
    bench.engine.color_tag("idea", "teal").unwrap();
    let row = |name: &str, color, sessions| (name.to_owned(), color, sessions);
    assert_eq!(
        told(&bench),
        [
            row("bug", "red", 2),
            row("defect", "", 1),
            row("idea", "teal", 0)
        ],
        "an offered tag has its colour before anybody chooses one"
    );
    bench.engine.color_tag("bug", "pink").unwrap();
    bench.engine.rename_tag("bug", "broken").unwrap();
    assert_eq!(told(&bench)[0], row("broken", "pink", 2));
    bench.engine.rename_tag("defect", "broken").unwrap();
    assert_eq!(
        told(&bench),
        [row("broken", "pink", 2), row("idea", "teal", 0)]
    );
    let card = bench.engine.session(two).unwrap().unwrap().card;
    assert_eq!(card.tags.len(), 1, "both were on it, and are one now");
    bench.engine.rename_tag("broken", "broken").unwrap();
    bench.engine.remove_tag("broken").unwrap();
    assert_eq!(told(&bench), [row("idea", "teal", 0)]);
    assert!(bench.engine.color_tag("idea", "ultraviolet").is_err());
    assert!(bench.engine.rename_tag("idea", " ").is_err());
}

#[test]
fn many_sessions_are_marked_all_or_none() {
    let bench = Bench::new();
    let one = bench.put(&session("one", "/p", "x"), &[]);
    let two = bench.put(&session("two", "/p", "y"), &[]);
    let starred = || bench.engine.marks.starred().unwrap().len();
    bench.engine.set_stars(&[one, two], true).unwrap();
    assert_eq!(starred(), 2);
    assert!(bench.engine.set_stars(&[one, Sid(99)], false).is_err());
    assert_eq!(starred(), 2);
}

#[test]
fn searches_are_saved_renamed_and_forgotten() {
    let bench = Bench::new();
    let search = SavedSearch {
        id: 0,
        name: " Bugs of mine ".into(),
        path: "/".into(),
        query: "tag=bug".into(),
    };
    let id = bench.engine.put_saved(&search).unwrap();
    let second = bench.engine.put_saved(&search).unwrap();
    assert_ne!(id, second);
    let renamed = SavedSearch {
        id,
        name: "Bugs".into(),
        ..search
    };
    bench.engine.put_saved(&renamed).unwrap();
    bench.engine.remove_saved(second).unwrap();
    let bench = bench.restarted();
    assert_eq!(
        bench.engine.saved().unwrap(),
        std::slice::from_ref(&renamed)
    );
    let nameless = SavedSearch {
        name: String::new(),
        ..renamed
    };
    assert!(bench.engine.put_saved(&nameless).is_err());
}
