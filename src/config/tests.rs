use super::*;
use crate::model::{Capabilities, RootSpec};

static INFO: AgentInfo = AgentInfo {
    id: "probe",
    name: "Probe",
    color: "#000000",
    roots: &[
        RootSpec {
            env: Some("PROBE_DIR"),
            env_suffix: "logs",
            path: ".probe/logs",
        },
        RootSpec {
            env: None,
            env_suffix: "",
            path: ".config/probe",
        },
    ],
    resume: None,
    worktrees: None,
    capabilities: Capabilities {
        usage: false,
        tool_calls: false,
        sub_agents: false,
        timestamps: false,
        thinking: false,
    },
};

fn around(home: &Path, vars: &[(&str, &str)]) -> Surroundings {
    Surroundings {
        vars: vars
            .iter()
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect(),
        home: Some(home.to_owned()),
        ..Surroundings::default()
    }
}

fn resolve(flags: &Flags, around: &Surroundings) -> anyhow::Result<Config> {
    Config::resolve(flags, around, std::iter::once(&INFO))
}

#[test]
fn flags_win_over_environment_over_file_over_defaults() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("data here");
    std::fs::create_dir(&dir).unwrap();
    let bare = around(home.path(), &[("TZ", "UTC")]);
    let config = resolve(&Flags::default(), &bare).unwrap();
    assert_eq!(config.dir, home.path().join(".codedash"));
    assert_eq!(
        (config.host.as_str(), config.port),
        ("127.0.0.1", DEFAULT_PORT)
    );
    assert!(config.open_browser && !config.log_mirror);

    std::fs::write(
        dir.join("config.toml"),
        "host = 'from-file'\nport = 4001\nzone = 'Asia/Tokyo'\nopen_browser = false",
    )
    .unwrap();
    let dir_text = dir.to_str().unwrap();
    let mut set = vec![("CODEDASH_HOME", dir_text), ("CODEDASH_LOG", "1")];
    let config = resolve(&Flags::default(), &around(home.path(), &set)).unwrap();
    assert_eq!((config.host.as_str(), config.port), ("from-file", 4001));
    assert_eq!(config.zone_name, "Asia/Tokyo");
    assert!(!config.open_browser && config.log_mirror);

    set.extend([("CODEDASH_HOST", "from-env"), ("TZ", "America/New_York")]);
    let config = resolve(&Flags::default(), &around(home.path(), &set)).unwrap();
    assert_eq!(config.host, "from-env");
    assert_eq!(config.zone_name, "America/New_York");

    let flags = Flags {
        host: Some("from-flag".into()),
        port: Some(0),
        ..Flags::default()
    };
    let config = resolve(&flags, &around(home.path(), &set)).unwrap();
    assert_eq!((config.host.as_str(), config.port), ("from-flag", 0));
}

#[test]
fn a_zone_is_found_by_name_file_and_rule_and_nonsense_is_said() {
    let home = tempfile::tempdir().unwrap();
    for (tz, shown) in [
        (":Europe/Berlin", "Europe/Berlin"),
        ("/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"),
        ("EST5EDT,M3.2.0,M11.1.0", "EST5EDT,M3.2.0,M11.1.0"),
    ] {
        let config = resolve(&Flags::default(), &around(home.path(), &[("TZ", tz)])).unwrap();
        assert_eq!(config.zone_name, shown);
        assert!(config.warnings.is_empty(), "{tz}: {:?}", config.warnings);
    }
    let config = resolve(&Flags::default(), &around(home.path(), &[("TZ", "Mars/X")])).unwrap();
    assert_eq!(config.zone_name, "UTC");
    assert!(config.warnings[0].contains("Mars/X"));
}

#[test]
fn further_homes_carry_labels_and_come_once() {
    let home = tempfile::tempdir().unwrap();
    let users = home.path().join("Users");
    for folder in [
        "own",
        "box=1",
        "Users/ann/.probe/logs",
        "Users/bob/music",
        "filed",
    ] {
        std::fs::create_dir_all(home.path().join(folder)).unwrap();
    }
    let own = home.path().join("own");
    let dir = own.join(".codedash");
    std::fs::create_dir(&dir).unwrap();
    let at = |folder: &str| home.path().join(folder).to_str().unwrap().to_owned();
    std::fs::write(
        dir.join("config.toml"),
        format!(
            "roots = [{{ path = '{}', label = 'disk' }}, {{ path = '/nowhere/at/all' }}]",
            at("filed")
        ),
    )
    .unwrap();
    let mut around = around(&own, &[("TZ", "UTC")]);
    around.windows_users = Some(users.clone());
    let flags = Flags {
        roots: vec![at("box=1"), format!("again={}", at("box=1")), at("own")],
        ..Flags::default()
    };
    let config = resolve(&flags, &around).unwrap();
    let found: Vec<(PathBuf, &str)> = config
        .homes
        .iter()
        .map(|home| (home.path.clone(), home.label.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (own.clone(), ""),
            (home.path().join("box=1"), "box=1"),
            (home.path().join("filed"), "disk"),
            (users.join("ann"), "windows-ann"),
        ]
    );
    assert!(config.warnings[0].contains("/nowhere/at/all"));

    let flags = Flags {
        roots: vec!["box=/nowhere/at/all".into()],
        ..Flags::default()
    };
    let error = resolve(&flags, &around).unwrap_err().to_string();
    assert!(
        error.contains("--root") && error.contains("/nowhere/at/all"),
        "{error}"
    );
}

#[test]
fn the_agents_own_variables_move_the_first_home_only() {
    let home = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let flags = Flags {
        roots: vec![format!("box={}", other.path().display())],
        ..Flags::default()
    };
    let vars = [("PROBE_DIR", "/a, /b"), ("OTHER_DIR", "/c")];
    let config = resolve(&flags, &around(home.path(), &vars)).unwrap();
    assert_eq!(
        config.agent_env,
        [("PROBE_DIR".to_owned(), "/a, /b".to_owned())]
    );
    let roots: Vec<PathBuf> = config
        .roots(std::iter::once(&INFO))
        .into_iter()
        .map(|root| root.path)
        .collect();
    assert_eq!(
        roots,
        [
            PathBuf::from("/a/logs"),
            PathBuf::from("/b/logs"),
            home.path().join(".config/probe"),
            other.path().join(".probe/logs"),
            other.path().join(".config/probe"),
        ]
    );
}

#[test]
fn the_budget_stays_under_what_the_system_grants() {
    let home = tempfile::tempdir().unwrap();
    let mut around = around(home.path(), &[]);
    around.memory_limit = Some(200 << 20);
    assert_eq!(
        resolve(&Flags::default(), &around).unwrap().memory,
        150 << 20
    );
    around.memory_limit = Some(8 << 30);
    assert_eq!(
        resolve(&Flags::default(), &around).unwrap().memory,
        DEFAULT_MEMORY
    );
}

#[cfg(unix)]
#[test]
fn folders_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("dash");
    std::fs::create_dir(&dir).unwrap();
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = Config::for_home(home.path(), &dir);
    config.make_dirs().unwrap();
    for folder in [
        config.dir.clone(),
        config.data_dir(),
        config.logs_dir(),
        config.cache_dir(),
    ] {
        let mode = std::fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", folder.display());
    }
}
