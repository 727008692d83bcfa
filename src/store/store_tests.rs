use super::*;
use crate::model::*;
use std::collections::BTreeMap;

fn store(folder: &tempfile::TempDir) -> Store {
    Store::open(&folder.path().join("data/sessions.redb")).unwrap()
}

fn session(native: &str) -> SessionSummary {
    let key = SessionKey::new(&AgentId::new("any"), native);
    SessionSummary {
        key,
        project: "/w".into(),
        ..Default::default()
    }
}

#[test]
fn what_is_committed_is_read_and_the_rest_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let one = session("one");
    let mut writer = store.write().unwrap();
    let sid = writer.sid_for(&one.key).unwrap();
    writer.put_session(sid, &one).unwrap();
    assert_eq!(store.read().unwrap().sessions().unwrap(), []);
    let generation = writer.commit().unwrap();
    let reader = store.read().unwrap();
    assert_eq!(reader.sessions().unwrap(), [(sid, one.clone())]);
    assert_eq!(
        (reader.generation().unwrap(), reader.sid(&one.key).unwrap()),
        (generation, Some(sid))
    );
    let mut writer = store.write().unwrap();
    writer.put_session(sid, &session("other")).unwrap();
    drop(writer);
    assert_eq!(store.read().unwrap().session(sid).unwrap(), Some(one));
}

#[test]
fn sids_are_never_given_twice_even_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let first = {
        let store = store(&folder);
        let mut writer = store.write().unwrap();
        let sid = writer.sid_for(&session("one").key).unwrap();
        writer.commit().unwrap();
        sid
    };
    let store = store(&folder);
    let mut writer = store.write().unwrap();
    assert_eq!(writer.sid_for(&session("one").key).unwrap(), first);
    assert_ne!(writer.sid_for(&session("two").key).unwrap(), first);
}

#[test]
fn putting_days_takes_back_the_old_ones() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let row = |prompts| DayStats {
        prompts,
        ..Default::default()
    };
    let mut writer = store.write().unwrap();
    writer
        .put_days(
            Sid(1),
            &BTreeMap::from([(Day(5), row(1)), (Day(6), row(2))]),
        )
        .unwrap();
    writer
        .put_days(Sid(2), &BTreeMap::from([(Day(5), row(9))]))
        .unwrap();
    writer
        .put_days(Sid(1), &BTreeMap::from([(Day(6), row(3))]))
        .unwrap();
    writer.commit().unwrap();
    let mut all = Vec::new();
    let each = |sid, day, stats: DayStats| {
        all.push((sid, day, stats.prompts));
        true
    };
    store.read().unwrap().all_days(each).unwrap();
    assert_eq!(all, [(Sid(1), Day(6), 3), (Sid(2), Day(5), 9)]);
}

#[test]
fn changes_are_told_by_generation() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let put = |native: &str| {
        let mut writer = store.write().unwrap();
        let sid = writer.sid_for(&session(native).key).unwrap();
        writer.put_session(sid, &session(native)).unwrap();
        (sid, writer.commit().unwrap())
    };
    assert_eq!(
        store.changed_since(0),
        None,
        "nothing is known of the time before this process"
    );
    let (one, first) = put("one");
    let (two, second) = put("two");
    assert_eq!(store.changed_since(first), Some(vec![two]));
    assert_eq!(store.changed_since(first - 1), Some(vec![one, two]));
    assert_eq!(store.changed_since(second), Some(vec![]));
}

#[test]
fn notes_fill_in_and_the_sessions_own_better_title_stays() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let mut one = session("one");
    one.title = Some("mine".into());
    one.title_rank = TitleRank::Custom;
    let two = session("two");
    let mut writer = store.write().unwrap();
    for s in [&one, &two] {
        let note = Note {
            source: "index".into(),
            title: Some((TitleRank::Index, "theirs".into())),
            ..Default::default()
        };
        writer.put_note(&s.key, note).unwrap();
        let sid = writer.sid_for(&s.key).unwrap();
        writer.put_session(sid, s).unwrap();
    }
    writer.commit().unwrap();
    let names: Vec<_> = store
        .read()
        .unwrap()
        .sessions()
        .unwrap()
        .into_iter()
        .map(|(_, s)| s.name().to_owned())
        .collect();
    assert_eq!(names, ["mine", "theirs"]);
}

fn claim(variant: u16, output: u64) -> Claim {
    Claim {
        variant,
        tokens: Tokens {
            output,
            ..Default::default()
        },
        ..Default::default()
    }
}

fn keyed(key: u64, claim: Claim) -> Claim {
    Claim { key, ..claim }
}

#[test]
fn claims_are_kept_by_response_and_session() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let mut writer = store.write().unwrap();
    let two = vec![claim(0, 1), claim(1, 2)];
    writer.put_claims(7, Sid(1), two.clone()).unwrap();
    writer.put_claims(7, Sid(2), vec![claim(0, 3)]).unwrap();
    writer.put_claims(8, Sid(1), vec![claim(0, 4)]).unwrap();
    // the same bucket, another key
    writer
        .put_claims(7 + 4096, Sid(3), vec![claim(0, 5)])
        .unwrap();
    writer.commit().unwrap();
    let mut writer = store.write().unwrap();
    assert_eq!(writer.claimers(7).unwrap(), [Sid(1), Sid(2)]);
    let of = |sid, claims: &[Claim]| {
        claims
            .iter()
            .map(|c| (Sid(sid), keyed(7, c.clone())))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        writer.claims(7).unwrap(),
        [of(1, &two), of(2, &[claim(0, 3)])].concat()
    );
    let taken = writer.take_claims(Sid(1)).unwrap();
    assert_eq!(
        taken.iter().map(|claim| claim.key).collect::<Vec<_>>(),
        [7, 7, 8]
    );
    writer.put_claims(8, Sid(1), vec![claim(0, 9)]).unwrap();
    writer.commit().unwrap();
    let mut writer = store.write().unwrap();
    assert_eq!(writer.claims(7).unwrap(), of(2, &[claim(0, 3)]));
    assert_eq!(
        store.read().unwrap().claims_of(Sid(1)).unwrap(),
        [keyed(8, claim(0, 9))]
    );
    assert_eq!(writer.claimers(7 + 4096).unwrap(), [Sid(3)]);
}

#[test]
fn a_claim_of_long_ago_is_changed_where_it_lies() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    // several chunks, over several commits
    for part in 0..4u64 {
        let mut writer = store.write().unwrap();
        for hash in part * 100..(part + 1) * 100 {
            writer
                .put_claims(hash, Sid(1), vec![claim(0, hash)])
                .unwrap();
        }
        writer.commit().unwrap();
    }
    let mut writer = store.write().unwrap();
    writer
        .put_claims(3, Sid(1), vec![claim(0, 1003), claim(1, 2003)])
        .unwrap();
    writer.put_claims(250, Sid(1), Vec::new()).unwrap();
    writer.commit().unwrap();
    let all = store.read().unwrap().claims_of(Sid(1)).unwrap();
    assert_eq!(all.len(), 400);
    assert_eq!(all[3], keyed(3, claim(0, 1003)));
    assert_eq!(all[399], keyed(3, claim(1, 2003)));
    assert!(all.iter().all(|claim| claim.key != 250));
    let mut writer = store.write().unwrap();
    assert_eq!(writer.claims(3).unwrap().len(), 2);
    assert_eq!(writer.claims(250).unwrap(), []);
}

#[test]
fn a_damaged_store_says_so_and_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.redb");
    std::fs::write(&path, b"not a store at all").unwrap();
    assert!(matches!(Store::open(&path), Err(OpenError::Damaged { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), b"not a store at all");
}

#[test]
fn an_open_store_is_locked() {
    let folder = tempfile::tempdir().unwrap();
    let _held = store(&folder);
    let second = Store::open(&folder.path().join("data/sessions.redb"));
    assert!(matches!(second, Err(OpenError::Locked { .. })));
}

#[test]
fn a_store_of_another_schema_stays_beside_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.redb");
    let of_another_schema = || {
        let db = redb::Database::create(&path).unwrap();
        let txn = db.begin_write().unwrap();
        txn.open_table(tables::META)
            .unwrap()
            .insert("schema", &999u64.to_le_bytes()[..])
            .unwrap();
        txn.commit().unwrap();
    };
    let key = SessionKey::new(&AgentId::new("a"), "one");
    let store = Store::open(&path).unwrap();
    let id = store.read().unwrap().store_id().unwrap();
    let mut writer = store.write().unwrap();
    let sid = writer.sid_for(&key).unwrap();
    writer.put_batch(7).unwrap();
    writer.commit().unwrap();
    drop(store);
    of_another_schema();
    let store = Store::open(&path).unwrap();
    assert!(store.earlier().unwrap().is_some());
    let reader = store.read().unwrap();
    assert_eq!(reader.store_id().unwrap(), id);
    assert_eq!(
        reader.sid(&key).unwrap(),
        Some(sid),
        "sids keep their meaning"
    );
    assert!(reader.batch().unwrap() > 8, "the index is behind");
    drop((reader, store));
    // while there is an earlier one, another is not taken for it
    of_another_schema();
    assert!(matches!(
        Store::open(&path),
        Err(OpenError::OtherVersion { found: 999, .. })
    ));
}

#[test]
fn another_store_has_another_id() {
    let folder = tempfile::tempdir().unwrap();
    let id = |name: &str| {
        let store = Store::open(&folder.path().join(name)).unwrap();
        let id = store.read().unwrap().store_id().unwrap();
        drop(store);
        id
    };
    assert_ne!(id("a.redb"), id("b.redb"));
    assert_eq!(id("a.redb"), id("a.redb"));
}

#[test]
fn results_of_a_family_replace_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    store.put_result("a|", "a|1", b"one").unwrap();
    store.put_result("b|", "b|1", b"b").unwrap();
    store.put_result("a|", "a|2", b"two").unwrap();
    let reader = store.read().unwrap();
    assert_eq!(reader.result("a|1").unwrap(), None);
    assert_eq!(reader.result("a|2").unwrap().as_deref(), Some(&b"two"[..]));
    assert_eq!(reader.result("b|1").unwrap().as_deref(), Some(&b"b"[..]));
}

#[test]
fn stars_and_tags_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("marks.redb");
    let key = session("one").key;
    {
        let marks = Marks::open(&path).unwrap();
        let before = marks.generation();
        marks
            .set_stars(std::slice::from_ref(&key), Some(5))
            .unwrap();
        marks
            .set_tags(std::slice::from_ref(&key), "bug", Some(5))
            .unwrap();
        marks
            .set_tags(std::slice::from_ref(&key), "alpha", Some(6))
            .unwrap();
        marks
            .set_tags(std::slice::from_ref(&key), "gone", Some(6))
            .unwrap();
        marks
            .set_tags(std::slice::from_ref(&key), "gone", None)
            .unwrap();
        assert!(marks.generation() > before);
    }
    let marks = Marks::open(&path).unwrap();
    assert!(marks.starred().unwrap().contains("any:one"));
    assert_eq!(marks.tags().unwrap()["any:one"], ["alpha", "bug"]);
    marks.set_stars(std::slice::from_ref(&key), None).unwrap();
    assert!(marks.starred().unwrap().is_empty());
}

/// The tables as they were first written, by their names in the file: what `tables` says of them must
/// never come to mean anything else.
#[test]
fn marks_of_every_version_are_read() {
    use redb::TableDefinition;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("marks.redb");
    let stars = TableDefinition::<&str, i64>::new("stars");
    let tags = TableDefinition::<(&str, &str), i64>::new("tags");
    {
        let db = Database::create(&path).unwrap();
        let txn = db.begin_write().unwrap();
        txn.open_table(stars).unwrap().insert("any:one", 5).unwrap();
        let mut table = txn.open_table(tags).unwrap();
        table.insert(("any:one", "bug"), 5).unwrap();
        drop(table);
        txn.commit().unwrap();
    }
    {
        let marks = Marks::open(&path).unwrap();
        assert!(marks.starred().unwrap().contains("any:one"));
        assert_eq!(marks.tags().unwrap()["any:one"], ["bug"]);
        assert!(marks.titles().unwrap().is_empty() && marks.saved().unwrap().is_empty());
        assert!(marks.tag_colors().unwrap().is_empty() && marks.plans().unwrap().is_empty());
        marks.rename_tag("bug", "defect").unwrap();
        assert_eq!(marks.tags().unwrap()["any:one"], ["defect"]);
    }
    {
        let db = Database::create(&path).unwrap();
        let txn = db.begin_write().unwrap();
        let titles = TableDefinition::<&str, (&str, i64)>::new("titles");
        let mut table = txn.open_table(titles).unwrap();
        table.insert("any:one", ("Mine", 7)).unwrap();
        drop(table);
        let colors = TableDefinition::<&str, &str>::new("tag_colors");
        let mut table = txn.open_table(colors).unwrap();
        table.insert("bug", "red").unwrap();
        drop(table);
        let saved = TableDefinition::<u64, (&str, &str, &str, i64)>::new("saved");
        let mut table = txn.open_table(saved).unwrap();
        table.insert(3, ("Bugs", "/", "tag=bug", 7)).unwrap();
        drop(table);
        txn.commit().unwrap();
    }
    let marks = Marks::open(&path).unwrap();
    assert_eq!(marks.titles().unwrap()["any:one"], "Mine");
    assert_eq!(marks.tag_colors().unwrap()["bug"], "red");
    let (id, saved) = marks.saved().unwrap().remove(0);
    assert_eq!(
        (id, saved.name.as_str(), saved.query.as_str()),
        (3, "Bugs", "tag=bug")
    );
}
