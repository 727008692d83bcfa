use super::*;
use std::fs;

/// 2026-03-08T12:00:00Z
const NOON: i64 = 1_772_971_200_000;
const MINUTE: i64 = 60_000;

struct Repository {
    home: tempfile::TempDir,
}

impl Repository {
    fn new() -> Repository {
        let repository = Repository {
            home: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(repository.path()).unwrap();
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    fn path(&self) -> PathBuf {
        self.home.path().join("work")
    }

    /// Plain git, as somebody would run it there.
    fn git(&self, args: &[&str]) -> bool {
        self.git_at(args, NOON)
    }

    fn git_at(&self, args: &[&str], at: i64) -> bool {
        let date = format!("@{} +0000", at / 1000);
        let run = Command::new("git")
            .args(["-c", "user.name=Ann", "-c", "user.email=ann@example.com"])
            .args(["-c", "commit.gpgSign=false"])
            .args(args)
            .current_dir(self.path())
            .env("GIT_CONFIG_GLOBAL", self.home.path().join("none"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .output();
        run.expect("the tests of git need git").status.success()
    }

    fn commit(&self, file: &str, text: &str, subject: &str, at: i64) {
        fs::write(self.path().join(file), text).unwrap();
        assert!(self.git(&["add", "--all"]));
        assert!(self.git_at(&["commit", "--quiet", "--message", subject], at));
    }
}

fn found<T: std::fmt::Debug>(answer: GitAnswer<T>) -> T {
    match answer {
        GitAnswer::Found(it) => it,
        other => panic!("{other:?}"),
    }
}

#[test]
fn commits_between_two_moments_of_all_branches() {
    let repository = Repository::new();
    repository.commit("a", "1\n", "before", NOON - MINUTE);
    repository.commit("a", "1\n2\n", "first", NOON);
    assert!(repository.git(&["checkout", "--quiet", "-b", "side"]));
    repository.commit(
        "b",
        "x\ny\n",
        "on the side: 100% | \u{1f}odd",
        NOON + MINUTE,
    );
    assert!(repository.git(&["checkout", "--quiet", "main"]));
    repository.commit("a", "2\n", "after", NOON + 10 * MINUTE);
    let span = Some((NOON - 10_000, NOON + 2 * MINUTE));
    let commits = found(log(&repository.path(), span)).commits;
    let told: Vec<_> = commits
        .iter()
        .map(|c| (c.subject.as_str(), c.at, c.files, c.added, c.deleted))
        .collect();
    assert_eq!(
        told,
        [
            ("on the side: 100% | \u{1f}odd", NOON + MINUTE, 1, 2, 0),
            ("first", NOON, 1, 1, 0)
        ]
    );
    assert!(
        commits
            .iter()
            .all(|c| c.author == "Ann" && c.hash.starts_with(&c.short))
    );
    assert_eq!(found(log(&repository.path(), None)).commits.len(), 4);
}

#[test]
fn where_a_repository_stands_and_where_there_is_none() {
    let repository = Repository::new();
    assert_eq!(found(log(&repository.path(), None)), Commits::default());
    repository.commit("a", "1\n", "first", NOON);
    let remote = "https://ann:secret@example.com/ann/work.git";
    repository.git(&["remote", "add", "origin", remote]);
    let below = repository.path().join("below");
    fs::create_dir(&below).unwrap();
    let info = found(info(&below));
    assert_eq!(info.branch, "main");
    assert_eq!(
        info.remote.as_deref(),
        Some("https://example.com/ann/work.git")
    );
    assert_eq!(info.last.unwrap().subject, "first");
    assert!(info.root.ends_with("/work"), "{}", info.root);
    let nothing = repository.home.path();
    assert_eq!(log(nothing, None), GitAnswer::NoRepository);
    let missing = folder("/no/such/folder/anywhere", None);
    assert_eq!(missing, GitAnswer::NoFolder);
    assert_eq!(folder("", None), GitAnswer::NotRecorded);
    assert_eq!(folder("--upload-pack=x", None), GitAnswer::NoFolder);
    assert_eq!(
        folder("work", None),
        GitAnswer::NoFolder,
        "relative to whom?"
    );
}

/// Everything in a repository's settings that makes git run a program.
#[cfg(unix)]
#[test]
fn nothing_that_a_repository_names_is_run() {
    use std::os::unix::fs::PermissionsExt;
    let repository = Repository::new();
    repository.commit("a.evil", "1\n", "first", NOON);
    fs::write(
        repository.path().join(".gitattributes"),
        "* diff=evil filter=evil\n",
    )
    .unwrap();
    repository.commit("a.evil", "2\n", "second", NOON + MINUTE);

    let marker = repository.home.path().join("ran");
    let script = repository.home.path().join("evil.sh");
    let text = format!(
        "#!/bin/sh\necho \"$0 $*\" >> '{}'\nexit 0\n",
        marker.display()
    );
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let hooks = repository.path().join(".git/hooks");
    fs::create_dir_all(&hooks).unwrap();
    for hook in [
        "post-index-change",
        "reference-transaction",
        "fsmonitor-watchman",
    ] {
        fs::copy(&script, hooks.join(hook)).unwrap();
    }
    let program = script.to_str().unwrap();
    let shell = format!("!{program}");
    for (key, value) in [
        ("core.fsmonitor", program),
        ("core.pager", program),
        ("pager.log", program),
        ("core.editor", program),
        ("core.askPass", program),
        ("core.sshCommand", program),
        ("core.gitProxy", program),
        ("core.alternateRefsCommand", program),
        ("alias.log", &shell),
        ("alias.config", &shell),
        ("alias.rev-parse", &shell),
        ("diff.external", program),
        ("diff.evil.command", program),
        ("diff.evil.textconv", program),
        ("filter.evil.clean", program),
        ("filter.evil.smudge", program),
        ("filter.evil.process", program),
        ("gpg.program", program),
        ("gpg.ssh.program", program),
        ("log.showSignature", "true"),
        ("credential.helper", &shell),
        ("protocol.allow", "always"),
        ("protocol.ext.allow", "always"),
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.url", &format!("ext::{program} %S")),
        ("remote.origin.promisor", "true"),
        ("remote.origin.uploadpack", program),
    ] {
        assert!(repository.git(&["config", key, value]), "{key}");
    }

    // the trap is set: what people run there runs it
    repository.git(&["status"]);
    assert!(marker.exists(), "the test's own script is never run");
    fs::remove_file(&marker).unwrap();

    let commits = found(log(&repository.path(), None)).commits;
    assert_eq!(commits.len(), 2, "{commits:?}");
    assert_eq!(
        found(info(&repository.path())).last.unwrap().subject,
        "second"
    );
    // what the commits changed is gone: it would be fetched
    let objects = repository.path().join(".git/objects");
    for folder in fs::read_dir(&objects).unwrap().flatten() {
        let lost = folder.path();
        if folder.file_name().len() == 2 && !commits.iter().any(|c| lost.ends_with(&c.hash[..2])) {
            fs::remove_dir_all(lost).unwrap();
        }
    }
    log(&repository.path(), None);
    let ran = fs::read_to_string(&marker).unwrap_or_default();
    assert_eq!(ran, "", "the repository made git run a program");
}

#[test]
fn refusals_are_told_apart() {
    let dubious = "fatal: detected dubious ownership in repository at '/x'\n";
    assert!(matches!(refused(dubious), GitAnswer::Failed(why) if why.contains("safe.directory")));
    let none = "fatal: not a git repository (or any of the parent directories): .git\n";
    assert_eq!(refused(none), GitAnswer::NoRepository);
    assert!(matches!(refused(""), GitAnswer::Failed(_)));
}

#[test]
fn an_answer_is_kept_for_a_while() {
    let desk: Kept<u8, u8> = Mutex::default();
    assert_eq!(kept(&desk, 1, |_| GitAnswer::Found(1)), GitAnswer::Found(1));
    assert_eq!(kept(&desk, 1, |_| GitAnswer::NoGit), GitAnswer::Found(1));
    assert_eq!(kept(&desk, 2, |_| GitAnswer::NoGit), GitAnswer::NoGit);
}
