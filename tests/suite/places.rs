//! Every place of every agent is looked into: on Linux, macOS and Windows (whose places differ below a
//! home), where its variable moves it to, and in a Windows home beside a Linux one.

use super::agents::{cases, home};
use codedash::agents::{self, Agent};
use codedash::config::{Config, Flags, Root, Surroundings};
use codedash::model::{AgentInfo, RootSpec};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder (or file) of a fixture that holds histories of an agent, and how many sources it gives.
struct Held {
    path: PathBuf,
    sources: usize,
}

fn sources(room: &dyn Agent, root: &Path) -> usize {
    let mut count = 0;
    room.discover(root, &mut |_| count += 1);
    count
}

/// What fixtures hold of an agent that lies as this place wants it.
fn held(room: &dyn Agent, spec: &RootSpec) -> Option<Held> {
    let mut best: Option<(bool, Held)> = None;
    for case in cases() {
        let config = Config::for_home(&home(&case), &case.join("none"));
        for root in config.roots(std::iter::once(room.info())) {
            let sources = sources(room, &root.path);
            // rooms tell places apart by their last name, or not at all
            let alike = Path::new(spec.path).file_name() == root.path.file_name();
            let better = best.as_ref().is_none_or(|(was, _)| alike && !was);
            if sources > 0 && better {
                let path = root.path;
                best = Some((alike, Held { path, sources }));
            }
        }
    }
    best.map(|(_, held)| held)
}

fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from).into_iter().flatten() {
        let to = match entry.path().strip_prefix(from).unwrap() {
            inner if inner.as_os_str().is_empty() => to.to_owned(),
            inner => to.join(inner),
        };
        if entry.file_type().is_dir() {
            fs::create_dir_all(&to).unwrap();
        } else {
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(entry.path(), &to).unwrap();
        }
    }
}

fn all_places() -> Vec<(&'static AgentInfo, &'static RootSpec)> {
    let infos = agents::all_infos();
    infos
        .flat_map(|info| info.roots.iter().map(move |spec| (info, spec)))
        .collect()
}

/// The place that a spec names below a home; a `*` is a project's folder.
fn below(home: &Path, spec: &RootSpec) -> PathBuf {
    home.join(spec.path.replace('*', "some project"))
}

#[track_caller]
fn check(config: &Config, at: &Path, agent: &'static AgentInfo, want: usize, what: &str) -> Root {
    let roots = config.roots(std::iter::once(agent));
    let root = roots.into_iter().find(|root| root.path == at);
    let root = root.unwrap_or_else(|| panic!("{what}: {} is no root", at.display()));
    let room = agents::room(agent.id).unwrap();
    assert_eq!(sources(room, &root.path), want, "{what}: {}", at.display());
    root
}

#[test]
fn every_place_below_a_home_is_looked_into() {
    for (agent, spec) in all_places() {
        let held = held(agents::room(agent.id).unwrap(), spec)
            .unwrap_or_else(|| panic!("{}: no fixture lies as {} does", agent.id, spec.path));
        let top = tempfile::tempdir().unwrap();
        let at = below(top.path(), spec);
        copy(&held.path, &at);
        let config = Config::for_home(top.path(), &top.path().join("none"));
        check(&config, &at, agent, held.sources, agent.id);
    }
}

#[test]
fn every_variable_moves_its_place() {
    for (agent, spec) in all_places() {
        let Some(variable) = spec.env else {
            continue;
        };
        let held = held(agents::room(agent.id).unwrap(), spec).unwrap();
        let top = tempfile::tempdir().unwrap();
        let moved = top.path().join("moved");
        let at = match spec.env_suffix {
            "" => moved.clone(),
            suffix => moved.join(suffix),
        };
        copy(&held.path, &at);
        let around = Surroundings {
            vars: vec![(variable.to_owned(), moved.to_string_lossy().into_owned())],
            home: Some(top.path().join("home")),
            ..Surroundings::default()
        };
        let config = Config::resolve(&Flags::default(), &around, agents::all_infos()).unwrap();
        check(&config, &at, agent, held.sources, variable);
    }
}

#[test]
fn every_place_of_a_windows_home_is_looked_into_from_linux() {
    let top = tempfile::tempdir().unwrap();
    let users = top.path().join("Users");
    // a home without any history is none
    fs::create_dir_all(users.join("Public/Documents")).unwrap();
    let ann = users.join("ann");
    fs::create_dir_all(ann.join(".claude/projects")).unwrap();
    let places = all_places();
    for (agent, spec) in &places {
        let held = held(agents::room(agent.id).unwrap(), spec).unwrap();
        copy(&held.path, &below(&ann, spec));
    }
    let around = Surroundings {
        home: Some(top.path().join("home")),
        windows_users: Some(users),
        ..Surroundings::default()
    };
    let config = Config::resolve(&Flags::default(), &around, agents::all_infos()).unwrap();
    assert_eq!(config.homes.len(), 2, "{:?}", config.homes);
    for (agent, spec) in places {
        let at = below(&ann, spec);
        let roots = config.roots(std::iter::once(agent));
        let root = roots.iter().find(|root| root.path == at).unwrap();
        assert_eq!(root.home, 1);
        assert!(
            sources(agents::room(agent.id).unwrap(), &at) > 0,
            "{}",
            at.display()
        );
    }
}
