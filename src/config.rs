//! Paths, port, limits, time zone: the only reader of environment, home and clock.
//!
//! Everything else is handed values. (skeleton: the face is fixed, the body is filled by its owner)

use crate::model::AgentInfo;
use std::path::{Path, PathBuf};

/// All settings of a run, resolved: flags over environment over `config.toml` over defaults.
#[derive(Clone, Debug)]
pub struct Config {
    /// `~/.codedash` or `CODEDASH_HOME`: `config.toml`, `marks.redb`, `data/`, `cache/`, `logs/`.
    pub dir: PathBuf,
    /// Homes whose histories are read; the first is the user's own.
    pub homes: Vec<Home>,
    pub host: String,
    pub port: u16,
    /// Zone of local days.
    pub zone: jiff::tz::TimeZone,
    /// IANA name (or offset) of `zone`, as pages show it.
    pub zone_name: String,
    /// Resident memory that ingest may plan with, bytes.
    pub memory: u64,
    /// `CODEDASH_LOG`: mirror the log on the terminal.
    pub log_mirror: bool,
    /// Environment variables that agents' roots name, as they were at start.
    pub agent_env: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub struct Home {
    pub path: PathBuf,
    /// `""` for the user's own; a machine or container name for others.
    pub label: String,
}

/// A folder to discover in.
#[derive(Clone, Debug)]
pub struct Root {
    pub agent: &'static str,
    pub path: PathBuf,
    /// Index into `Config::homes`.
    pub home: usize,
}

impl Config {
    /// A configuration for tests and benches: nothing of the environment is read.
    pub fn for_home(home: &Path, dir: &Path) -> Config {
        Config {
            dir: dir.to_owned(),
            homes: vec![Home {
                path: home.to_owned(),
                label: String::new(),
            }],
            host: "127.0.0.1".into(),
            port: 0,
            zone: jiff::tz::TimeZone::UTC,
            zone_name: "UTC".into(),
            memory: 400 << 20,
            log_mirror: false,
            agent_env: Vec::new(),
        }
    }

    /// Where every agent's histories are looked for: homes x `AgentInfo::roots`, with the
    /// environment overrides applied to the first home only. Folders need not exist.
    pub fn roots(&self, infos: impl Iterator<Item = &'static AgentInfo>) -> Vec<Root> {
        let mut roots: Vec<Root> = Vec::new();
        for info in infos {
            for (index, home) in self.homes.iter().enumerate() {
                for spec in info.roots {
                    let overriding = spec
                        .env
                        .filter(|_| index == 0)
                        .and_then(|name| self.agent_env.iter().find(|(key, _)| key == name));
                    let paths: Vec<PathBuf> = match overriding {
                        Some((_, value)) => value
                            .split(',')
                            .map(str::trim)
                            .filter(|part| !part.is_empty())
                            .map(|part| PathBuf::from(part).join(spec.env_suffix))
                            .collect(),
                        None => vec![home.path.join(spec.path)],
                    };
                    for path in paths {
                        if !roots
                            .iter()
                            .any(|root| root.agent == info.id && root.path == path)
                        {
                            roots.push(Root {
                                agent: info.id,
                                path,
                                home: index,
                            });
                        }
                    }
                }
            }
        }
        roots
    }

    pub fn data_dir(&self) -> PathBuf {
        self.dir.join("data")
    }
    pub fn index_dir(&self) -> PathBuf {
        self.data_dir().join("index")
    }
    pub fn store_path(&self) -> PathBuf {
        self.data_dir().join("sessions.redb")
    }
    pub fn marks_path(&self) -> PathBuf {
        self.dir.join("marks.redb")
    }
    pub fn logs_dir(&self) -> PathBuf {
        self.dir.join("logs")
    }
    /// Address, pid and token of the running server.
    pub fn server_file(&self) -> PathBuf {
        self.dir.join("server.json")
    }
}

/// Now, in ms since the epoch: the one clock.
pub fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
