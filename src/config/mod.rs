//! Paths, port, limits, time zone: the only reader of environment, home and clock.
//!
//! Everything else is handed values. A run resolves once, flags over environment over `config.toml`
//! over defaults, and what is wrong is one sentence that names the place, the key and what is allowed.
//!
//! Reading order: [`Config`] here, then `file` (the lasting settings), `homes` (whose histories) and
//! `system` (zone and memory of this machine).

mod file;
mod homes;
mod system;

pub use file::KEYS;

use crate::model::{AgentInfo, CostMode, OwnPrice};
use anyhow::Context;
use std::path::{Path, PathBuf};

/// Port that a server listens on unless told otherwise.
pub const DEFAULT_PORT: u16 = 3847;

/// Memory that ingest plans with unless told otherwise, bytes.
pub const DEFAULT_MEMORY: u64 = 400 << 20;

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
    /// Regular expressions for first prompts of helper runs, besides the built-in ones.
    pub helper_patterns: Vec<String>,
    /// Which cost counts where an agent records one.
    pub cost_mode: CostMode,
    /// The user's own prices.
    pub prices: Vec<OwnPrice>,
    /// Whether a server that starts may open the browser.
    pub open_browser: bool,
    /// Settings that could not be followed and what was done instead, one sentence each.
    pub warnings: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
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

/// What the command line says; `None` and empty mean "not said".
#[derive(Clone, Debug, Default)]
pub struct Flags {
    pub host: Option<String>,
    pub port: Option<u16>,
    /// `PATH` or `LABEL=PATH` of further homes.
    pub roots: Vec<String>,
    /// Bytes.
    pub memory: Option<u64>,
    pub no_browser: bool,
}

/// The surroundings of a run: what [`Config::resolve`] may look at besides flags and the file.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    pub vars: Vec<(String, String)>,
    /// The user's home; `None` when the system knows none.
    pub home: Option<PathBuf>,
    /// Where a Linux inside Windows sees the Windows homes.
    pub windows_users: Option<PathBuf>,
    /// Memory that the system grants this process, bytes, when it is limited.
    pub memory_limit: Option<u64>,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_process() -> Surroundings {
        Surroundings {
            vars: std::env::vars_os()
                .filter_map(|(key, value)| {
                    Some((key.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
            home: std::env::home_dir().filter(|home| !home.as_os_str().is_empty()),
            windows_users: homes::windows_users(),
            memory_limit: system::memory_limit(),
        }
    }

    /// A variable that is set to something.
    fn var(&self, name: &str) -> Option<&str> {
        self.vars
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}

impl Config {
    /// Resolves the settings of this run. `agents` tells which variables their roots are named by.
    ///
    /// # Errors
    /// No home is known, `config.toml` cannot be read or says something that is not allowed, a flag
    /// names a folder that is not there.
    pub fn resolve(
        flags: &Flags,
        around: &Surroundings,
        agents: impl Iterator<Item = &'static AgentInfo>,
    ) -> anyhow::Result<Config> {
        let dir = match (around.var("CODEDASH_HOME"), &around.home) {
            (Some(dir), _) => std::path::absolute(dir).context("CODEDASH_HOME")?,
            (None, Some(home)) => home.join(".codedash"),
            (None, None) => anyhow::bail!("no home folder is known: set HOME or CODEDASH_HOME"),
        };
        let agents: Vec<&'static AgentInfo> = agents.collect();
        let settings = file::read(&dir.join("config.toml"))?;
        let mut warnings = Vec::new();
        let (zone, zone_name) = system::zone(around.var("TZ"), settings.zone, &mut warnings);
        let planned = flags.memory.or(settings.memory);
        let host = flags
            .host
            .clone()
            .or_else(|| around.var("CODEDASH_HOST").map(str::to_owned))
            .or(settings.host)
            .unwrap_or_else(|| "127.0.0.1".into());
        Ok(Config {
            homes: homes::all(&flags.roots, settings.roots, around, &agents, &mut warnings)?,
            host,
            port: flags.port.or(settings.port).unwrap_or(DEFAULT_PORT),
            zone,
            zone_name,
            memory: system::within(planned.unwrap_or(DEFAULT_MEMORY), around.memory_limit),
            log_mirror: around.var("CODEDASH_LOG").is_some_and(|value| value != "0"),
            agent_env: agent_env(around, &agents),
            helper_patterns: settings.helper_patterns,
            cost_mode: settings.cost_mode.unwrap_or_default(),
            prices: settings.prices,
            open_browser: !flags.no_browser && settings.open_browser.unwrap_or(true),
            warnings,
            dir,
        })
    }

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
            memory: DEFAULT_MEMORY,
            log_mirror: false,
            agent_env: Vec::new(),
            helper_patterns: Vec::new(),
            cost_mode: CostMode::default(),
            prices: Vec::new(),
            open_browser: false,
            warnings: Vec::new(),
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
                        None => homes::matching(&home.path, spec.path),
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

    /// Makes the folders of `dir`, readable by their owner alone; tightens those that are there.
    ///
    /// # Errors
    /// A folder that cannot be made, named.
    pub fn make_dirs(&self) -> anyhow::Result<()> {
        for dir in [
            self.dir.clone(),
            self.data_dir(),
            self.cache_dir(),
            self.logs_dir(),
        ] {
            std::fs::create_dir_all(&dir)
                .with_context(|| format!("cannot make the folder {}", dir.display()))?;
            system::own_only(&dir)
                .with_context(|| format!("cannot restrict the folder {}", dir.display()))?;
        }
        Ok(())
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
    /// What a rebuild makes again.
    pub fn cache_dir(&self) -> PathBuf {
        self.dir.join("cache")
    }
    pub fn logs_dir(&self) -> PathBuf {
        self.dir.join("logs")
    }
    /// Address, pid and token of the running server.
    pub fn server_file(&self) -> PathBuf {
        self.dir.join("server.json")
    }
    /// Locked by the one process that has the stores open.
    pub fn lock_file(&self) -> PathBuf {
        self.dir.join("lock")
    }
    pub fn file(&self) -> PathBuf {
        self.dir.join("config.toml")
    }
}

/// The variables that agents' roots name, where they are set.
fn agent_env(around: &Surroundings, agents: &[&AgentInfo]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for name in agents
        .iter()
        .flat_map(|info| info.roots)
        .filter_map(|spec| spec.env)
    {
        if let Some(value) = around.var(name)
            && !found.iter().any(|(key, _)| key == name)
        {
            found.push((name.to_owned(), value.to_owned()));
        }
    }
    found
}

/// Now, in ms since the epoch: the one clock.
pub fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests;
