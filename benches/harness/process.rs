//! The program as its users start it, and what the kernel says of it.

use super::http::{self, Answer};
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub struct Server {
    child: Child,
    pub address: SocketAddr,
    /// When the process was started.
    pub started: Instant,
}

#[derive(Deserialize)]
struct ServerFile {
    address: SocketAddr,
    pid: u32,
}

impl Server {
    /// Starts `codedash serve` with nothing of this process's environment and waits until it listens.
    pub fn start(home: &Path, dir: &Path) -> Result<Server> {
        let file = dir.join("server.json");
        let started = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_codedash"))
            .args(["serve", "--no-browser", "--port", "0"])
            .env_clear()
            .env("HOME", home)
            .env("CODEDASH_HOME", dir)
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("starting the server")?;
        let pid = child.id();
        loop {
            let known = std::fs::read(&file).ok();
            let known = known.and_then(|text| serde_json::from_slice::<ServerFile>(&text).ok());
            if let Some(known) = known.filter(|known| known.pid == pid) {
                return Ok(Server {
                    child,
                    address: known.address,
                    started,
                });
            }
            if let Some(status) = child.try_wait()? {
                bail!("the server ended at once: {status}");
            }
            ensure!(
                started.elapsed() < Duration::from_secs(60),
                "the server does not listen"
            );
            std::thread::sleep(Duration::from_micros(300));
        }
    }

    pub fn get(&self, path: &str) -> Result<Answer> {
        http::ok(self.address, path)
    }
    pub fn json<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let answer = self.get(path)?;
        serde_json::from_slice(&answer.body).with_context(|| format!("the answer of {path}"))
    }

    /// SIGTERM; returns how long it took to end.
    pub fn stop(&mut self) -> Result<Duration> {
        let start = Instant::now();
        // SAFETY: a plain system call; the child has not been waited for, so the id is its own
        unsafe { libc::kill(self.child.id() as i32, libc::SIGTERM) };
        loop {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "the server ended with {status}");
                return Ok(start.elapsed());
            }
            ensure!(
                start.elapsed() < Duration::from_secs(10),
                "the server does not stop"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Resident memory in bytes, now and at most.
    pub fn resident(&self) -> Result<(u64, u64)> {
        let text = self.proc("status")?;
        let bytes = |name: &str| -> Result<u64> {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let digits = line.context("no such line")?.trim().trim_end_matches(" kB");
            Ok(digits.parse::<u64>()? * 1024)
        };
        Ok((bytes("VmRSS:")?, bytes("VmHWM:")?))
    }

    /// Resident memory that is its own: not files mapped into it.
    pub fn anonymous(&self) -> Result<u64> {
        let text = self.proc("status")?;
        let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let digits = line.context("no RssAnon")?.trim().trim_end_matches(" kB");
        Ok(digits.parse::<u64>()? * 1024)
    }

    /// Processor time so far.
    pub fn cpu(&self) -> Result<Duration> {
        let text = self.proc("stat")?;
        let after = text.rsplit(')').next().context("no name in stat")?;
        let fields: Vec<&str> = after.split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
        Ok(Duration::from_millis(ticks * 10))
    }

    /// Bytes sent to storage so far.
    pub fn written(&self) -> Result<u64> {
        let text = self.proc("io")?;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("write_bytes: "));
        Ok(line.context("no write_bytes")?.parse()?)
    }

    fn proc(&self, file: &str) -> Result<String> {
        let path = format!("/proc/{}/{file}", self.child.id());
        std::fs::read_to_string(&path).with_context(|| path)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // after stop() there is nothing left to end
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
