//! Paths, port, limits, time zone: the only reader of environment, home and clock.
//!
//! Everything else is handed values. A run resolves once, flags over environment over `config.toml`
//! over defaults, and what is wrong is one sentence that names the place, the key and what is allowed.
//!
//! Reading order: [`Config`] here, then `file` (the lasting settings), `homes` (whose histories),
//! `system` (zone and memory of this machine), [`Live`] (a running server follows the file) and
//! `change` (and writes it).

mod change;
mod file;
mod homes;
mod live;
mod system;

pub use change::{Change, Setting};
pub use file::{GROUPINGS, KEYS, Secret, Settings, THEMES, Titles, Wrong};
pub use live::{Live, Refused};

use crate::model::{AgentInfo, CostMode, OwnPrice};
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    /// Colour scheme of browsers that have not chosen for themselves: one of [`THEMES`].
    pub theme: String,
    /// The clock has twelve hours.
    pub twelve: bool,
    /// Moments are told by the clock, not by their distance.
    pub absolute: bool,
    /// How the session list is grouped unless its address says so: one of [`GROUPINGS`].
    pub grouping: String,
    /// Program that sessions are resumed in; `""`: not chosen.
    pub terminal: String,
    pub titles: Titles,
    /// Settings that could not be followed and what was done instead, one sentence each.
    pub warnings: Vec<String>,
    /// What `config.toml` says by itself.
    pub saved: Settings,
    /// Keys that the command line or the environment decide, whatever the file says, and by what.
    pub fixed: Vec<(&'static str, String)>,
    start: Arc<Start>,
}

/// What a run was started with: with it the file can be read again.
#[derive(Clone, Debug, Default)]
struct Start {
    flags: Flags,
    around: Surroundings,
    agents: Vec<&'static AgentInfo>,
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
    /// The system's time zone; `None` when it knows none.
    pub zone: Option<jiff::tz::TimeZone>,
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
            zone: jiff::tz::TimeZone::try_system().ok(),
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
        let start = Arc::new(Start {
            flags: flags.clone(),
            around: around.clone(),
            agents: agents.collect(),
        });
        Config::of(dir, start)
    }

    /// The same run with the file as it is now.
    fn again(&self) -> anyhow::Result<Config> {
        Config::of(self.dir.clone(), self.start.clone())
    }

    fn of(dir: PathBuf, start: Arc<Start>) -> anyhow::Result<Config> {
        let saved = file::read(&dir.join("config.toml"))?;
        Config::with(dir, start, saved)
    }

    fn with(dir: PathBuf, start: Arc<Start>, saved: Settings) -> anyhow::Result<Config> {
        let Start {
            flags,
            around,
            agents,
        } = &*start;
        let mut warnings = Vec::new();
        let (zone, zone_name) = system::zone(around, saved.zone.as_deref(), &mut warnings);
        let planned = flags.memory.or(saved.memory);
        let file_roots = saved.roots.clone();
        let or = |value: &Option<String>, default: &str| {
            value.clone().unwrap_or_else(|| default.to_owned())
        };
        Ok(Config {
            homes: homes::all(&flags.roots, file_roots, around, agents, &mut warnings)?,
            host: flags
                .host
                .clone()
                .or_else(|| around.var("CODEDASH_HOST").map(str::to_owned))
                .unwrap_or_else(|| or(&saved.host, "127.0.0.1")),
            port: flags.port.or(saved.port).unwrap_or(DEFAULT_PORT),
            zone,
            zone_name,
            memory: system::within(planned.unwrap_or(DEFAULT_MEMORY), around.memory_limit),
            log_mirror: around.var("CODEDASH_LOG").is_some_and(|value| value != "0"),
            agent_env: agent_env(around, agents),
            helper_patterns: saved.helper_patterns.clone(),
            cost_mode: saved.cost_mode.unwrap_or_default(),
            prices: saved.prices.clone(),
            open_browser: !flags.no_browser && saved.open_browser.unwrap_or(true),
            theme: or(&saved.theme, THEMES[0]),
            twelve: saved.twelve.unwrap_or(false),
            absolute: saved.absolute.unwrap_or(false),
            grouping: or(&saved.grouping, GROUPINGS[0]),
            terminal: or(&saved.terminal, ""),
            titles: saved.titles.clone(),
            warnings,
            fixed: fixed(flags, around),
            saved,
            dir,
            start: start.clone(),
        })
    }

    /// A configuration for tests and benches: nothing of the environment is read, and the file is read
    /// only once it is followed ([`Live`]).
    pub fn for_home(home: &Path, dir: &Path) -> Config {
        let start = Start {
            flags: Flags {
                port: Some(0),
                no_browser: true,
                ..Flags::default()
            },
            around: Surroundings {
                home: Some(home.to_owned()),
                ..Surroundings::default()
            },
            agents: Vec::new(),
        };
        let config = Config::with(dir.to_owned(), Arc::new(start), Settings::default());
        config.expect("without a flag that names a folder nothing is refused")
    }

    /// The folder that a root of the file names.
    pub fn home_at(&self, path: &str) -> PathBuf {
        homes::expand(path, &self.start.around)
    }

    /// What decides this key in the place of the file, such as `TZ`.
    pub fn fixed_by(&self, key: &str) -> Option<&str> {
        let found = self.fixed.iter().find(|(name, _)| *name == key);
        found.map(|(_, by)| by.as_str())
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
                            .map(|part| match spec.env_suffix {
                                // joined with nothing, a file would be called a folder
                                "" => PathBuf::from(part),
                                suffix => PathBuf::from(part).join(suffix),
                            })
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

fn fixed(flags: &Flags, around: &Surroundings) -> Vec<(&'static str, String)> {
    let var = |name: &str| around.var(name).map(|value| format!("{name}={value}"));
    let host = flags.host.as_ref().map(|host| format!("--host {host}"));
    let port = flags.port.map(|port| format!("--port {port}"));
    let memory = flags
        .memory
        .map(|bytes| format!("--memory {}", bytes >> 20));
    [
        ("host", host.or_else(|| var("CODEDASH_HOST"))),
        ("port", port),
        ("memory", memory),
        ("zone", var("TZ")),
        (
            "open_browser",
            flags.no_browser.then(|| "--no-browser".to_owned()),
        ),
    ]
    .into_iter()
    .filter_map(|(key, by)| Some((key, by?)))
    .collect()
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
