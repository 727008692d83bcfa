use super::*;

type Seen = Vec<(Option<String>, Option<f64>)>;

fn read(path: &Path) -> Result<Seen, ParseIssue> {
    let mut seen = Vec::new();
    Db::open(path)?.rows("t", &["name", "n", "of_a_later_version"], &mut |row| {
        assert_eq!(row.text(2), None, "a missing column reads as NULL");
        seen.push((row.text(0), row.number(1)));
        Flow::Go
    })?;
    Ok(seen)
}

/// What lies in the folder, with sizes: reading must not change it.
fn listing(dir: &Path) -> Vec<(String, u64)> {
    let mut all: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|e| {
            (
                e.file_name().into_string().unwrap(),
                e.metadata().unwrap().len(),
            )
        })
        .collect();
    all.sort();
    all
}

fn writer(path: &Path, mode: &str) -> Connection {
    let conn = Connection::open(path).unwrap();
    conn.pragma_update(None, "journal_mode", mode).unwrap();
    conn.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    conn.execute_batch(
        "CREATE TABLE t (name TEXT, n);
         INSERT INTO t VALUES ('one', 1), ('two', '2.5'), (NULL, 'x');",
    )
    .unwrap();
    conn
}

fn rows() -> Seen {
    vec![
        (Some("one".into()), Some(1.0)),
        (Some("two".into()), Some(2.5)),
        (None, None),
    ]
}

#[test]
fn rows_of_a_live_log_are_seen() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("odd %name?#.sqlite");
    let conn = writer(&path, "WAL");
    assert_eq!(read(&path).unwrap(), rows());
    conn.execute("INSERT INTO t VALUES ('late', 4)", [])
        .unwrap();
    assert_eq!(read(&path).unwrap().len(), 4);
}

#[test]
fn a_log_left_behind_is_read_without_touching_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let live = dir.path().join("live.sqlite");
    let conn = writer(&live, "WAL");
    // an uncommitted change of another page must not show
    conn.execute_batch("BEGIN; INSERT INTO t VALUES ('not yet', 9);")
        .unwrap();
    let copy = tempfile::tempdir().unwrap();
    let path = copy.path().join("copy.sqlite");
    fs::copy(&live, &path).unwrap();
    fs::copy(beside(&live, "-wal"), beside(&path, "-wal")).unwrap();
    let before = listing(copy.path());
    assert_eq!(read(&path).unwrap(), rows());
    assert_eq!(listing(copy.path()), before);

    // a torn last frame ends the log there, it does not spoil it
    let log = fs::read(beside(&path, "-wal")).unwrap();
    fs::write(beside(&path, "-wal"), [&log[..], &[7; 900]].concat()).unwrap();
    assert_eq!(read(&path).unwrap(), rows());
}

#[test]
fn a_cleanly_closed_database_gets_no_log_beside_it() {
    for mode in ["WAL", "DELETE"] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.sqlite");
        drop(writer(&path, mode));
        let before = listing(dir.path());
        assert_eq!(before.len(), 1, "closed: only the database is left");
        assert_eq!(read(&path).unwrap(), rows());
        assert_eq!(listing(dir.path()), before, "{mode}");
    }
}

#[test]
fn what_was_read_while_somebody_opened_a_closed_database_is_worth_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.sqlite");
    drop(writer(&path, "WAL"));
    let db = Db::open(&path).unwrap();
    let rows = |db: &Db| db.rows("t", &["name"], &mut |_| Flow::Go);
    rows(&db).unwrap();
    let conn = Connection::open(&path).unwrap();
    conn.execute("INSERT INTO t VALUES ('late', 4)", [])
        .unwrap();
    assert_eq!(rows(&db).unwrap_err().kind, IssueKind::Locked);
    assert_eq!(
        read(&path).unwrap().len(),
        4,
        "the next look sees all of it"
    );
}

/// Agents that open, write and close again and again: whatever is read is one state of the database, of
/// before or during the reading, and nothing is left in the folder.
#[test]
fn what_is_read_between_writers_is_neither_torn_nor_stale() {
    use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.sqlite");
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
         CREATE TABLE t (n INTEGER, filler TEXT);
         WITH RECURSIVE s(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM s WHERE i < 200)
         INSERT INTO t SELECT 0, hex(zeroblob(1000)) FROM s;",
    )
    .unwrap();
    drop(conn);
    let (written, stop) = (AtomicI64::new(0), AtomicBool::new(false));
    let (mut read, mut busy, mut newest) = (0, 0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 1i64.. {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let conn = Connection::open(&path).unwrap();
                conn.busy_timeout(Duration::from_secs(5)).unwrap();
                conn.execute_batch("PRAGMA synchronous = OFF").unwrap();
                conn.execute("UPDATE t SET n = ?1", [round]).unwrap();
                drop(conn);
                written.store(round, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(round as u64 * 7 % 45));
            }
        });
        let until = std::time::Instant::now() + Duration::from_secs(2);
        while std::time::Instant::now() < until {
            let before = written.load(Ordering::SeqCst);
            let mut seen = Vec::new();
            let rows = Db::open(&path).and_then(|db| {
                db.rows("t", &["n"], &mut |row| {
                    seen.push(row.int(0));
                    if seen.len() == 100 {
                        std::thread::sleep(Duration::from_millis(2));
                    }
                    Flow::Go
                })
            });
            match rows {
                Ok(()) => {
                    assert_eq!(seen.len(), 200);
                    assert!(seen.iter().all(|n| *n == seen[0]), "torn: {seen:?}");
                    assert!(seen[0] >= before, "{} after {before} was there", seen[0]);
                    (read, newest) = (read + 1, seen[0]);
                }
                Err(issue) => {
                    assert_eq!(issue.kind, IssueKind::Locked, "{}", issue.detail);
                    busy += 1;
                }
            }
        }
        stop.store(true, Ordering::SeqCst);
    });
    assert!(
        read > 3 && newest > 3,
        "{read} read, {busy} busy, newest {newest}"
    );
    // a writer that closed while we read was not the last one: the next one is
    let conn = Connection::open(&path).unwrap();
    conn.execute("UPDATE t SET n = 0", []).unwrap();
    drop(conn);
    assert_eq!(listing(dir.path()).len(), 1, "nothing of ours is left");
}

#[test]
fn every_kind_of_failure_is_an_issue_of_its_kind() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.sqlite");
    let kind = |path: &Path| read(path).unwrap_err().kind;

    assert_eq!(kind(&path), IssueKind::Unreadable);
    fs::write(&path, vec![0x5a; 8192]).unwrap();
    assert_eq!(kind(&path), IssueKind::Corrupt);
    fs::remove_file(&path).unwrap();

    let conn = writer(&path, "DELETE");
    conn.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert_eq!(kind(&path), IssueKind::Locked);
    conn.execute_batch("ROLLBACK; ALTER TABLE t RENAME TO other;")
        .unwrap();
    assert_eq!(kind(&path), IssueKind::UnknownLayout);
    drop(conn);

    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.len() - 4096;
    bytes[end..].fill(0xff);
    fs::write(&path, bytes).unwrap();
    let issue = Db::open(&path)
        .and_then(|db| db.rows("other", &["name"], &mut |_| Flow::Go))
        .unwrap_err();
    assert_eq!(issue.kind, IssueKind::Corrupt);
}
