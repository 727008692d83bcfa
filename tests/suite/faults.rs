//! What must not matter: being killed, damaged stores, a lost index.

use super::ingest::{World, talk};
use serde_json::json;
use std::process::{Command, Stdio};
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
