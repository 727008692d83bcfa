//! What must not matter: being killed, damaged stores, a lost index.

use super::ingest::{World, talk};
use codedash::config::Config;
use codedash::engine::view::{SearchPage, SearchQuery};
use serde_json::json;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Enough work that a kill meets every stage of it.
fn busy_world() -> World {
    let world = World::new();
    for at in 0..30 {
        let id = format!("s{at}");
        world.write(
            &world.session(&id),
            &talk(&id, &format!("tag{at}"), at * 500, 20),
        );
    }
    let mut fork: Vec<_> = talk("s3", "tag3", 1500, 10);
    fork.iter_mut()
        .for_each(|line| line["sessionId"] = json!("fork"));
    fork.extend(talk("fork", "forked", 90_000, 3));
    world.write(&world.session("fork"), &fork);
    world
}

/// The real program, reading once.
fn indexing(world: &World) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_codedash"));
    command
        .arg("index")
        .env("HOME", world.home())
        .env("CODEDASH_HOME", world.data())
        .env("TZ", "UTC")
        .env_remove("CLAUDE_CONFIG_DIR")
        .env_remove("CODEX_HOME")
        .env_remove("XDG_DATA_HOME")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

#[test]
fn killed_at_any_moment_the_next_start_ends_the_same() {
    let world = busy_world();
    let beside = world.beside();
    let started = Instant::now();
    assert!(indexing(&beside).status().unwrap().success());
    let whole = started.elapsed();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..24 {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let share = (seed >> 40) as f64 / (1u64 << 24) as f64;
        let mut child = indexing(&world).spawn().unwrap();
        std::thread::sleep(whole.mul_f64(share).max(Duration::from_millis(1)));
        child.kill().unwrap();
        child.wait().unwrap();
        if round % 4 == 3 {
            // life goes on between the kills
            let id = format!("s{round}");
            world.append(
                &world.session(&id),
                &talk(&id, &format!("later{round}"), 200_000 + round, 2),
            );
            let new = format!("new{round}");
            world.write(&world.session(&new), &talk(&new, &new, 300_000 + round, 2));
        }
    }
    world.run();
    beside.run();
    assert_eq!(world.state(), beside.state());
}

#[test]
fn a_damaged_store_is_set_aside_and_built_again() {
    let world = busy_world();
    assert!(indexing(&world).status().unwrap().success());
    let before = world.state();
    let store = world.data().join("data/sessions.redb");
    let bytes = std::fs::read(&store).unwrap();
    for damage in [
        Vec::new(),
        b"nonsense".to_vec(),
        bytes[..bytes.len() / 2].to_vec(),
    ] {
        if damage.is_empty() {
            std::fs::remove_file(&store).unwrap();
        } else {
            std::fs::write(&store, damage).unwrap();
        }
        assert!(indexing(&world).status().unwrap().success());
        assert_eq!(world.state(), before);
    }
}

#[test]
fn a_damaged_index_is_set_aside_and_built_again() {
    let world = busy_world();
    assert!(indexing(&world).status().unwrap().success());
    let before = world.state();
    let index = world.data().join("data/index");
    let files = || {
        walkdir::WalkDir::new(&index)
            .into_iter()
            .map(Result::unwrap)
            .filter(|e| e.file_type().is_file())
    };
    for victim in ["meta.json", "store", "idx", "term"] {
        let file = files()
            .find(|e| e.file_name().to_string_lossy().ends_with(victim))
            .expect("there is such a file");
        std::fs::write(file.path(), b"broken").unwrap();
        assert!(indexing(&world).status().unwrap().success(), "{victim}");
        assert_eq!(world.state(), before, "{victim}");
    }
}

/// Some sessions lose their file: one alone, one that another one was forked from.
fn busy_world_with_vanished_files() -> World {
    let world = busy_world();
    assert!(indexing(&world).status().unwrap().success());
    for id in ["s3", "s7"] {
        std::fs::remove_file(world.session(id)).unwrap();
    }
    assert!(indexing(&world).status().unwrap().success());
    world
}

fn make_index_older(world: &World) {
    std::fs::write(world.data().join("data/index/version"), "0").unwrap();
}

fn make_store_older(world: &World) {
    let db = redb::Database::open(world.data().join("data/sessions.redb")).unwrap();
    let txn = db.begin_write().unwrap();
    let meta: redb::TableDefinition<&str, &[u8]> = redb::TableDefinition::new("meta");
    txn.open_table(meta)
        .unwrap()
        .insert("schema", &0u64.to_le_bytes()[..])
        .unwrap();
    txn.commit().unwrap();
}

/// What lies in the data folder, without the new index's own files.
fn kept(world: &World) -> Vec<String> {
    let items = std::fs::read_dir(world.data().join("data")).unwrap();
    let names = items.map(|item| item.unwrap().file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names
        .filter(|name| name.contains("-earlier") || name.contains(".aside-"))
        .collect();
    names.sort();
    names
}

#[test]
fn an_older_index_answers_until_the_new_one_is_complete() {
    let world = busy_world_with_vanished_files();
    let before = world.state();
    for older in [make_index_older, make_store_older] {
        older(&world);
        let config = Arc::new(Config::for_home(&world.home(), &world.data()));
        let opened = codedash::cli::open::stores(config).unwrap();
        let engine = opened.engine;
        let index = codedash::cli::open::index(&engine).unwrap();
        let find = |word: &str| -> SearchPage {
            let query = SearchQuery {
                text: word.to_owned(),
                limit: 10,
                ..SearchQuery::default()
            };
            engine.search(&query).unwrap()
        };
        let first = find("tag7");
        let listed = !engine.store.read().unwrap().sessions().unwrap().is_empty();
        assert!(first.earlier && first.filling);
        assert_eq!(first.messages > 0, listed, "found as soon as listed");
        let status = engine.status().unwrap();
        assert!(
            status
                .notes
                .iter()
                .any(|note| note.contains("goes on answering"))
        );
        index.bring_up_to_date(&engine, false).unwrap();
        let (gone, there) = (find("tag7"), find("tag9"));
        assert!(!gone.earlier && gone.messages == 40 && there.messages == 40);
        assert!(engine.status().unwrap().notes.is_empty());
        drop(engine);
        assert_eq!(world.state(), before);
        assert_eq!(kept(&world), Vec::<String>::new());
    }
}

#[test]
fn texts_of_vanished_files_survive_a_damaged_index() {
    let world = busy_world_with_vanished_files();
    let before = world.state();
    for (at, victim) in ["term", "idx", "pos", "fieldnorm"].into_iter().enumerate() {
        let folder = world.data().join("data/index");
        let files: Vec<PathBuf> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|item| item.unwrap().path())
            .filter(|path| path.extension().is_some_and(|ending| ending == victim))
            .collect();
        assert!(!files.is_empty());
        for file in files {
            std::fs::write(file, b"broken").unwrap();
        }
        assert!(indexing(&world).status().unwrap().success(), "{victim}");
        assert_eq!(world.state(), before, "{victim}");
        assert_eq!(kept(&world).len(), at + 1, "the damaged one is kept aside");
    }
}

#[test]
fn what_is_lost_with_a_damaged_index_is_counted() {
    let world = busy_world_with_vanished_files();
    let folder = world.data().join("data/index");
    for item in std::fs::read_dir(&folder).unwrap() {
        let path = item.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "store") {
            std::fs::write(path, b"broken").unwrap();
        }
    }
    assert!(indexing(&world).status().unwrap().success());
    let config = Arc::new(Config::for_home(&world.home(), &world.data()));
    let opened = codedash::cli::open::stores(config).unwrap();
    let notes = opened.engine.status().unwrap().notes;
    let lost = notes
        .iter()
        .find(|note| note.contains("could not be taken over"));
    let lost = lost.expect("it is said");
    assert!(lost.contains("0 sessions and 80 messages"), "{lost}");
}

#[test]
fn a_kill_while_what_is_older_is_rebuilt_loses_nothing() {
    let world = busy_world_with_vanished_files();
    let before = world.state();
    let started = Instant::now();
    make_index_older(&world);
    assert!(indexing(&world).status().unwrap().success());
    let whole = started.elapsed();
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..16 {
        match round % 4 {
            0 => make_index_older(&world),
            2 => make_store_older(&world),
            _ => {}
        }
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let share = (seed >> 40) as f64 / (1u64 << 24) as f64;
        let mut child = indexing(&world).spawn().unwrap();
        std::thread::sleep(whole.mul_f64(share * 1.2).max(Duration::from_millis(1)));
        child.kill().unwrap();
        child.wait().unwrap();
        if round % 4 == 1 || round % 4 == 3 {
            let ended = indexing(&world).stderr(Stdio::piped()).output().unwrap();
            let said = String::from_utf8_lossy(&ended.stderr);
            assert!(ended.status.success(), "round {round}: {said}");
            assert!(world.state() == before, "round {round}");
        }
    }
}
