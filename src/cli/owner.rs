//! One owner: the stores of a data folder are open in one process at a time.
//!
//! Whoever opens them holds the lock on `lock`, which the system releases however the process ends. A
//! server also writes `server.json`, so that others ask it instead. A server file alone proves nothing:
//! it may be left from a crash, and its pid and port may be another program's by now. So the server is
//! asked, and has to answer for this very folder.

use super::client;
use crate::config::{Config, now_ms};
use crate::web::api::status::Health;
use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a verb waits for another one that has the stores open.
const PATIENCE: Duration = Duration::from_secs(10);

/// `server.json`: where the server of this data folder listens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServerFile {
    /// Where programs on this machine reach it.
    pub address: SocketAddr,
    pub url: String,
    pub pid: u32,
    /// Ms since the epoch.
    pub started_at: i64,
    /// What changing requests must carry.
    pub token: String,
    pub version: String,
}

impl ServerFile {
    /// Asks the server.
    ///
    /// # Errors
    /// See [`client::get`].
    pub fn get(&self, path: &str, patience: Duration) -> anyhow::Result<client::Response> {
        let host = self.url.trim_start_matches("http://").trim_end_matches('/');
        client::get(self.address, host, path, patience)
    }
}

/// The right to open the stores, until dropped.
pub struct Lock {
    _file: File,
}

pub enum Claim {
    Mine(Lock),
    Server(ServerFile),
}

/// Takes the stores, or finds the server that has them. Waits a while for a verb that has them.
///
/// # Errors
/// Another process keeps them and does not answer as a server, or the folder cannot be used.
pub fn claim(config: &Config, verb: &str) -> anyhow::Result<Claim> {
    config.make_dirs()?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(server) = running(config) {
            return Ok(Claim::Server(server));
        }
        match try_lock(&config.lock_file(), verb)? {
            Ok(lock) => return Ok(Claim::Mine(lock)),
            Err(holder) if Instant::now() > deadline => bail!(
                "{holder} has {} open and answers nobody; try again when it has ended, or set \
                 CODEDASH_HOME to use another folder",
                config.dir.display()
            ),
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// The server of this data folder, when it answers.
pub fn running(config: &Config) -> Option<ServerFile> {
    let text = std::fs::read(config.server_file()).ok()?;
    let server: ServerFile = serde_json::from_slice(&text).ok()?;
    let answer = server.get("/health", Duration::from_secs(3)).ok()?;
    let health: Health = serde_json::from_slice(&answer.body).ok()?;
    let same = |a: &Path, b: &Path| {
        a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
    };
    same(Path::new(&health.data_dir), &config.dir).then_some(server)
}

/// Writes the server file, whole or not at all.
///
/// # Errors
/// The folder cannot be written.
pub fn announce(
    config: &Config,
    url: &str,
    address: SocketAddr,
    token: &str,
) -> anyhow::Result<()> {
    let server = ServerFile {
        address,
        url: url.to_owned(),
        pid: std::process::id(),
        started_at: now_ms(),
        token: token.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let path = config.server_file();
    let fresh = path.with_extension("json.new");
    std::fs::write(&fresh, serde_json::to_vec_pretty(&server)?)
        .and_then(|()| std::fs::rename(&fresh, &path))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Removes the server file of this process.
pub fn withdraw(config: &Config) {
    let path = config.server_file();
    let server: Option<ServerFile> = std::fs::read(&path)
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok());
    if server.is_some_and(|server| server.pid == std::process::id()) {
        // a file that stays is taken for stale by whoever comes next
        let _ = std::fs::remove_file(path);
    }
}

/// The lock, or who holds it.
fn try_lock(path: &Path, verb: &str) -> anyhow::Result<Result<Lock, String>> {
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0)?;
            file.rewind()?;
            write!(file, "codedash {verb} (pid {})", std::process::id())?;
            Ok(Ok(Lock { _file: file }))
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // only words for the message: unreadable is as good as empty
            let _ = file.read_to_string(&mut holder);
            Ok(Err(match holder.trim() {
                "" => "another codedash".to_owned(),
                holder => holder.to_owned(),
            }))
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_once_and_says_by_whom() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let first = try_lock(&path, "index").unwrap();
        assert!(first.is_ok());
        let holder = try_lock(&path, "list").unwrap().err().unwrap();
        assert!(holder.contains("index") && holder.contains(&std::process::id().to_string()));
        drop(first);
        assert!(try_lock(&path, "list").unwrap().is_ok());
    }

    #[test]
    fn a_server_file_that_nobody_answers_for_is_no_server() {
        let dir = tempfile::tempdir().unwrap();
        let config = Config::for_home(dir.path(), &dir.path().join("dash"));
        config.make_dirs().unwrap();
        assert!(running(&config).is_none());
        // a listener of another kind on the port
        let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = other.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in other.incoming().flatten() {
                let _ = (&stream).write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"status\":\"ok\"}");
            }
        });
        announce(&config, "http://x/", address, "t").unwrap();
        assert!(running(&config).is_none());
        std::fs::write(config.server_file(), "torn {").unwrap();
        assert!(running(&config).is_none());
        assert!(matches!(claim(&config, "list").unwrap(), Claim::Mine(_)));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_of_ours_goes_and_one_of_others_stays() {
        let dir = tempfile::tempdir().unwrap();
        let config = Config::for_home(dir.path(), dir.path());
        let address = "127.0.0.1:1".parse().unwrap();
        announce(&config, "http://x/", address, "t").unwrap();
        withdraw(&config);
        assert!(!config.server_file().exists());
        announce(&config, "http://x/", address, "t").unwrap();
        let text = std::fs::read_to_string(config.server_file()).unwrap();
        let pid = std::process::id();
        std::fs::write(
            config.server_file(),
            text.replace(&format!("\"pid\": {pid}"), "\"pid\": 1"),
        )
        .unwrap();
        withdraw(&config);
        assert!(config.server_file().exists());
    }
}
