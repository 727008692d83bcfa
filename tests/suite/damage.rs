//! Damage to whole homes: every fixture of every room, broken in ways that files, people and attackers
//! break them. No room panics, none reads what lies outside of its root, and what is lost is told.

use super::agents::{cases, home, read};
use codedash::agents;
use codedash::config::Config;
use codedash::model::{Checkpoint, Rank, Source, Wants};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// Stands in every file that no room may read.
const OUTSIDE: &str = "LEAKED";

#[derive(Clone, Debug)]
enum Break {
    /// Cut a file off.
    Truncate(usize),
    /// Put something else in the place of one value of a JSON file.
    Value {
        line: usize,
        place: usize,
        with: usize,
    },
    /// Replace bytes.
    Bytes { at: usize, with: Vec<u8> },
    /// Put a link to a copy outside in the place of a file or folder.
    LinkOut { place: usize },
    /// Put a link to a folder above in a folder.
    Cycle { place: usize },
    /// Give a file or folder another name.
    Rename { place: usize, with: usize },
    /// Put a folder in the place of a file.
    Folder,
}

fn breaks() -> impl Strategy<Value = Break> {
    let place = 0..1_000_000usize;
    prop_oneof![
        3 => place.clone().prop_map(Break::Truncate),
        6 => (place.clone(), place.clone(), place.clone())
            .prop_map(|(line, place, with)| Break::Value { line, place, with }),
        2 => (place.clone(), prop::collection::vec(any::<u8>(), 1..40))
            .prop_map(|(at, with)| Break::Bytes { at, with }),
        3 => place.clone().prop_map(|place| Break::LinkOut { place }),
        1 => place.clone().prop_map(|place| Break::Cycle { place }),
        2 => (place.clone(), place).prop_map(|(place, with)| Break::Rename { place, with }),
        1 => Just(Break::Folder),
    ]
}

/// What a value may be that nobody expects.
fn hostile(which: usize) -> Value {
    let deep = (0..100).fold(json!("x"), |inner, _| json!([inner]));
    let all = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(""),
        json!("\u{0}\u{7}\n\u{2028}"),
        json!("../../../../etc/passwd"),
        json!("C:\\..\\..\\x"),
        json!("/dev/zero"),
        json!("file://%2e%2e/%00"),
        json!("x".repeat(200_000)),
        json!([]),
        json!({}),
        json!([[[null]], {"type": "text"}]),
        json!({"type": 7, "id": [], "text": {}, "content": -1}),
        deep,
    ];
    all[which % all.len()].clone()
}

const NAMES: &[&str] = &[
    "..jsonl",
    " .json",
    "a\nb.jsonl",
    "\u{1b}[31mred.jsonl",
    "-rf",
    "%2e%2e%2f.jsonl",
    "CON.jsonl",
    "x.db",
];

/// A copy of a fixture's home, with a folder beside it that is none of anybody's business.
struct Copy {
    top: tempfile::TempDir,
}

impl Copy {
    fn of(case: &Path) -> Copy {
        let top = tempfile::tempdir().unwrap();
        let (from, to) = (home(case), top.path().join("home"));
        // a text that names its own home names the copy's
        let moved = |bytes| match String::from_utf8(bytes) {
            Ok(text) => text
                .replace(from.to_str().unwrap(), to.to_str().unwrap())
                .into(),
            Err(binary) => binary.into_bytes(),
        };
        copy(&from, &to, &moved);
        Copy { top }
    }
    fn home(&self) -> PathBuf {
        self.top.path().join("home")
    }
    /// Files and folders that lie below a root, sorted.
    fn places(&self) -> Vec<PathBuf> {
        let roots = self.roots();
        let walk = walkdir::WalkDir::new(self.home()).sort_by_file_name();
        walk.into_iter()
            .flatten()
            .map(walkdir::DirEntry::into_path)
            .filter(|path| {
                roots
                    .iter()
                    .any(|root| path.starts_with(root) && path != root)
                    && !roots.iter().any(|root| root.starts_with(path))
            })
            .collect()
    }
    fn files(&self) -> Vec<PathBuf> {
        let places = self.places().into_iter();
        places
            .filter(|path| path.symlink_metadata().is_ok_and(|meta| meta.is_file()))
            .collect()
    }
    fn roots(&self) -> Vec<PathBuf> {
        let config = Config::for_home(&self.home(), &self.top.path().join("none"));
        let roots = config.roots(agents::all_infos()).into_iter();
        roots
            .map(|root| root.path)
            .filter(|path| path.is_dir())
            .collect()
    }

    fn apply(&self, how: &Break, pick: &prop::sample::Index) {
        let files = self.files();
        let places = self.places();
        if files.is_empty() {
            return;
        }
        let file = pick.get(&files);
        match how {
            Break::Truncate(at) => {
                let bytes = fs::read(file).unwrap();
                fs::write(file, &bytes[..at % (bytes.len() + 1)]).unwrap();
            }
            Break::Value { line, place, with } => change(file, *line, *place, hostile(*with)),
            Break::Bytes { at, with } => {
                let mut bytes = fs::read(file).unwrap();
                let at = at % (bytes.len() + 1);
                let end = (at + with.len()).min(bytes.len());
                bytes.splice(at..end, with.iter().copied());
                fs::write(file, bytes).unwrap();
            }
            Break::LinkOut { place } => {
                let from = &places[place % places.len()];
                let outside = self.top.path().join("outside");
                let to = outside.join(from.file_name().unwrap());
                let marked = |bytes: Vec<u8>| match String::from_utf8(bytes) {
                    Ok(text) => text.replace("/w/", &format!("/{OUTSIDE}/")).into_bytes(),
                    Err(error) => error.into_bytes(),
                };
                copy(from, &to, &marked);
                remove(from);
                link(&to, from);
            }
            Break::Cycle { place } => {
                let at = &places[place % places.len()];
                let folder = if at.is_dir() {
                    at.as_path()
                } else {
                    at.parent().unwrap()
                };
                let up = folder.parent().unwrap();
                link(up, &folder.join("loop"));
            }
            Break::Rename { place, with } => {
                let from = &places[place % places.len()];
                let to = from.with_file_name(NAMES[with % NAMES.len()]);
                if !to.exists() {
                    fs::rename(from, to).unwrap();
                }
            }
            Break::Folder => {
                fs::remove_file(file).unwrap();
                fs::create_dir(file).unwrap();
            }
        }
    }
}

fn copy(from: &Path, to: &Path, change: &dyn Fn(Vec<u8>) -> Vec<u8>) {
    let meta = from.symlink_metadata().unwrap();
    if meta.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().flatten() {
            copy(&entry.path(), &to.join(entry.file_name()), change);
        }
    } else if meta.is_file() {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, change(fs::read(from).unwrap())).unwrap();
    }
}

fn remove(path: &Path) {
    if path.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
        fs::remove_dir_all(path).unwrap();
    } else {
        fs::remove_file(path).unwrap();
    }
}

fn link(to: &Path, at: &Path) {
    #[cfg(unix)]
    let _ = std::os::unix::fs::symlink(to, at);
    #[cfg(not(unix))]
    let _ = (to, at);
}

/// Changes one value of a document, or of one line; a file that is neither stays.
fn change(file: &Path, line: usize, place: usize, with: Value) {
    let Ok(text) = fs::read_to_string(file) else {
        return;
    };
    if let Ok(mut document) = serde_json::from_str::<Value>(&text) {
        put(&mut document, place, with);
        fs::write(file, document.to_string()).unwrap();
        return;
    }
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.is_empty() {
        return;
    }
    let at = line % lines.len();
    if let Ok(mut record) = serde_json::from_str::<Value>(&lines[at]) {
        put(&mut record, place, with);
        lines[at] = record.to_string();
        fs::write(file, lines.join("\n") + "\n").unwrap();
    }
}

/// Puts a value in the place of the `place`th one, counted from the outside in.
fn put(value: &mut Value, place: usize, with: Value) {
    let mut left = place % count(value);
    fn walk(value: &mut Value, left: &mut usize, with: &mut Option<Value>) {
        if *left == 0 {
            if let Some(with) = with.take() {
                *value = with;
            }
            return;
        }
        *left -= 1;
        let inner: Vec<&mut Value> = match value {
            Value::Array(values) => values.iter_mut().collect(),
            Value::Object(values) => values.values_mut().collect(),
            _ => return,
        };
        for value in inner {
            if with.is_none() {
                return;
            }
            walk(value, left, with);
        }
    }
    walk(value, &mut left, &mut Some(with));
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(values) => values.iter().map(count).sum(),
        Value::Object(values) => values.values().map(count).sum(),
        _ => 0,
    }
}

/// Whether a file that should be JSON (one value, or one a line) is not.
fn is_broken(path: &Path) -> bool {
    let Ok(bytes) = fs::read(path) else {
        return false;
    };
    let json = |bytes: &[u8]| serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok();
    let blank = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_whitespace);
    match path.extension().and_then(|end| end.to_str()) {
        Some("json") => !json(&bytes) && !blank(&bytes),
        Some("jsonl") => !bytes
            .split(|byte| *byte == b'\n')
            .all(|line| blank(line) || json(line)),
        _ => false,
    }
}

fn check(
    home: &Path,
    source: &Source,
    room: &'static dyn agents::Agent,
) -> Result<(), TestCaseError> {
    let shown = source.path.display();
    let (real, inside) = (source.path.canonicalize(), home.canonicalize().unwrap());
    // a session that is rows of a database has a path of its own making
    if let Ok(real) = real {
        prop_assert!(
            real.starts_with(&inside),
            "{shown} lies outside of the home"
        );
    }
    let got = read(room, source, &Checkpoint::default(), Wants::ALL);
    for (session, event) in &got.events {
        let ok = !session.is_empty() && !session.contains(['/', '\\']);
        prop_assert!(
            ok && !session.chars().any(char::is_control),
            "{shown}: id {session:?}"
        );
        let text = format!("{event:?}");
        prop_assert!(
            !text.contains(OUTSIDE),
            "{shown} tells what lies outside: {text}"
        );
    }
    let meta = read(room, source, &Checkpoint::default(), Wants::META);
    prop_assert_eq!(meta.events.len(), got.events.len(), "{}", shown);
    if source.rank == Rank::Primary && is_broken(&source.path) {
        prop_assert!(
            !got.issues.is_empty(),
            "{shown} is damaged and nobody says so"
        );
    }
    Ok(())
}

#[test]
fn every_room_has_fixtures_and_a_fuzz_target() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rows = fs::read_to_string(top.join("fuzz/Cargo.toml")).unwrap();
    let targets = fs::read_dir(top.join("fuzz/fuzz_targets")).unwrap();
    let mut targets: Vec<String> = targets
        .flatten()
        .map(|entry| {
            entry
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    targets.sort();
    let mut rooms: Vec<&str> = agents::AGENTS.iter().map(|room| room.info().id).collect();
    rooms.sort_unstable();
    assert_eq!(targets, rooms);
    for id in rooms {
        let fixtures = top.join("tests/fixtures").join(id);
        assert!(fixtures.is_dir(), "{id} has no fixtures");
        let row = format!("name = \"{id}\"");
        assert!(rows.contains(&row), "{id} is not in fuzz/Cargo.toml");
        let target = fs::read_to_string(top.join(format!("fuzz/fuzz_targets/{id}.rs"))).unwrap();
        assert!(
            target.contains(&format!("target!(\"{id}\")")),
            "{id} reads another room"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, max_shrink_iters: 64, ..ProptestConfig::default() })]
    #[test]
    fn no_damage_to_a_home_does_harm(
        case in any::<prop::sample::Index>(),
        how in prop::collection::vec((breaks(), any::<prop::sample::Index>()), 1..4),
    ) {
        let cases = cases();
        let case: &PathBuf = case.get(&cases);
        let copy = Copy::of(case);
        for (how, pick) in &how {
            copy.apply(how, pick);
        }
        let config = Config::for_home(&copy.home(), &copy.top.path().join("none"));
        for root in config.roots(agents::all_infos()) {
            let room = agents::room(root.agent).expect("roots name agents");
            let mut sources = Vec::new();
            room.discover(&root.path, &mut |source| sources.push(source));
            for source in sources {
                check(&copy.home(), &source, room)?;
            }
        }
    }
}
