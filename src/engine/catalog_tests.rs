use super::super::entry::LAST_DAY;
use super::super::names::Names;
use super::super::testing::*;
use super::*;
use proptest::prelude::*;

/// Everything that can be seen of a catalog.
fn seen(catalog: &Catalog) -> Vec<String> {
    let name = |entry: &Arc<Entry>| entry.summary.key.native.clone();
    let mut lines: Vec<String> = catalog
        .iter()
        .map(|entry| {
            let retries: Vec<_> = catalog.retries(entry.sid).into_iter().map(name).collect();
            let children: Vec<_> = catalog.children(entry).map(name).collect();
            let project = &catalog.project(entry).name;
            let names = |names: &Names, ids: &[u32]| {
                ids.iter()
                    .map(|id| names.get(*id).to_owned())
                    .collect::<Vec<_>>()
            };
            format!(
                "{} {:?} {:?} {:?} {:?} {:?} {:?} {} {:?} {:?}",
                name(entry),
                entry.summary.last_at,
                retries,
                children,
                catalog.parent(entry).map(name),
                project.path,
                project.repo,
                catalog.starred.contains(&entry.sid),
                catalog.tags.get(&entry.sid),
                names(&catalog.tables.tools, &entry.tools),
            )
        })
        .collect();
    for row in catalog.attrs.rows.iter().filter(|row| row.live) {
        let agent = &catalog.attrs.agents[usize::from(row.agent)];
        let project = &catalog.attrs.projects[row.project as usize];
        lines.push(format!(
            "{agent} {project} {} {}",
            row.helper, row.sub_agent
        ));
    }
    lines
}

proptest! {
    #[test]
    fn changes_applied_one_by_one_give_what_a_rebuild_gives(
        before in any_sessions(),
        changes in prop::collection::vec((0..50u32, prop::option::of(any_session())), 0..20),
    ) {
        let setting = setting();
        let mut all: std::collections::BTreeMap<Sid, SessionSummary> =
            before.into_iter().enumerate().map(|(n, s)| (Sid(n as u32), s)).collect();
        let first = all.iter().map(|(sid, s)| (*sid, s.clone())).collect();
        let mut catalog = Catalog::build(None, marked_input(1, Changes::All(first)), &setting);
        for (n, change) in changes {
            let change = change.map(|mut session| {
                session.key.native = format!("s{n}");
                session
            });
            match &change {
                Some(session) => drop(all.insert(Sid(n), session.clone())),
                None => drop(all.remove(&Sid(n))),
            }
            let changed = Changes::Some(vec![(Sid(n), change)]);
            catalog = Catalog::build(Some(&catalog), marked_input(2, changed), &setting);
        }
        let anew = Catalog::build(None, marked_input(2, Changes::All(all.into_iter().collect())), &setting);
        prop_assert_eq!(seen(&catalog), seen(&anew));
    }
}

#[test]
fn newest_first_and_without_a_time_last() {
    let mut timeless = session("old", "/p", "x");
    timeless.first_at = None;
    let all = vec![
        (Sid(0), timeless),
        (
            Sid(1),
            SessionSummary {
                last_at: Some(START),
                ..session("a", "/p", "x")
            },
        ),
        (
            Sid(2),
            SessionSummary {
                last_at: Some(START + 1),
                ..session("b", "/p", "y")
            },
        ),
    ];
    let catalog = Catalog::build(None, input(1, Changes::All(all)), &setting());
    let order: Vec<Sid> = catalog.iter().map(|entry| entry.sid).collect();
    assert_eq!(order, [Sid(2), Sid(1), Sid(0)]);
    assert!(!catalog.get(Sid(0)).unwrap().lies_in(i32::MIN, i32::MAX));
}

#[test]
fn worktrees_belong_to_their_original_checkout() {
    let mut tree = session("a", "/home/ann/shop-fix", "x");
    tree.worktree_of = Some("/home/ann/shop".into());
    let catalog = catalog(vec![tree, session("b", "/home/ann/shop", "y")]);
    let name = &catalog.project(catalog.get(Sid(0)).unwrap()).name;
    assert_eq!(name.repo.as_deref(), Some("/home/ann/shop"));
    assert_eq!(name.short, "~/shop-fix");
}

#[test]
fn a_repository_found_later_renames_what_is_known() {
    let first = catalog(vec![session("a", "/p/a", "x")]);
    assert_eq!(first.project(first.get(Sid(0)).unwrap()).repo, NONE);
    let later = Catalog::build(
        Some(&first),
        marked_input(2, Changes::Some(Vec::new())),
        &setting(),
    );
    let project = later.project(later.get(Sid(0)).unwrap());
    assert_eq!(project.name.repo.as_deref(), Some("/r"));
    assert_eq!(later.tables.repos.get(project.repo), "/r");
}

#[test]
fn times_beyond_reason_do_not_stretch_the_calendar() {
    let mut odd = session("a", "/p", "x");
    odd.first_at = Some(i64::MIN / 2);
    odd.last_at = Some(i64::MAX / 2);
    let catalog = catalog(vec![odd]);
    let entry = catalog.get(Sid(0)).unwrap();
    assert!(entry.last_day - entry.first_day <= LAST_DAY - FIRST_DAY);
}

#[test]
fn the_cell_reads_what_changed_and_sees_marks_at_once() {
    let bench = Bench::new();
    let one = session("one", "/p", "x");
    let sid = bench.put(&one, &[]);
    let cell = &bench.engine.catalog;
    let first = cell.get().unwrap();
    assert!(
        Arc::ptr_eq(&first, &cell.get().unwrap()),
        "nothing changed: the same snapshot"
    );

    let untouched = first.get(sid).unwrap().clone();
    bench.put(&session("two", "/p", "y"), &[]);
    let second = cell.get().unwrap();
    assert_eq!(second.len(), 2);
    assert!(
        Arc::ptr_eq(&untouched, second.get(sid).unwrap()),
        "only what changed is read again"
    );
    assert_eq!(first.len(), 1, "a snapshot in use stays as it is");

    bench.engine.set_star(sid, true).unwrap();
    assert!(cell.get().unwrap().starred.contains(&sid));
    bench.engine.set_star(sid, false).unwrap();
    assert!(!cell.get().unwrap().starred.contains(&sid));
}

#[test]
fn askers_of_one_moment_get_one_snapshot() {
    let bench = Bench::new();
    for n in 0..20 {
        bench.put(&session(&format!("s{n}"), "/p", "x"), &[]);
    }
    let barrier = std::sync::Barrier::new(8);
    let snapshots: Vec<Arc<Catalog>> = std::thread::scope(|scope| {
        let asker = || {
            barrier.wait();
            bench.engine.catalog.get().unwrap()
        };
        let askers: Vec<_> = (0..8).map(|_| scope.spawn(asker)).collect();
        askers
            .into_iter()
            .map(|asker| asker.join().unwrap())
            .collect()
    });
    assert!(
        snapshots
            .iter()
            .all(|snapshot| Arc::ptr_eq(snapshot, &snapshots[0]))
    );
}
