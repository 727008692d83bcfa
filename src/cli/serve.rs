//! `codedash serve`: the dashboard.
//!
//! Order of a start: settle who owns the folder, take the port, open marks and sessions (milliseconds),
//! answer; then, behind the first pages, open the index, start ingest, open the browser. A stop tells
//! every stream, lets ingest finish its batch, closes the stores; what does not follow within the limit
//! is left behind, which the stores survive as they survive a power cut.

use super::args::{ServeArgs, is_loopback};
use super::owner::{self, Claim};
use super::{ask, demo, log, open};
use crate::config::{Config, Flags, Surroundings, now_ms};
use crate::engine::Engine;
use crate::ingest::Ingest;
use crate::web::{self, App};
use anyhow::Context;
use std::io::{IsTerminal, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A stop is over by then, whatever hangs.
const STOP: Duration = Duration::from_millis(1900);

/// Requests that are open when it begins may end until then.
const DRAIN: Duration = Duration::from_millis(1200);

pub fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let mut config = ask::config(&args.flags())?;
    let demo = args.demo.then(Demo::make).transpose()?;
    if let Some(demo) = &demo {
        config = demo.settings(&config)?;
    }
    let lock = match owner::claim(&config, "serve")? {
        Claim::Mine(lock) => lock,
        Claim::Server(server) => {
            say(&format!(
                "codedash is already running at {} (pid {})",
                server.url, server.pid
            ))?;
            browse(&config, &server.url);
            return Ok(ExitCode::SUCCESS);
        }
    };
    let _log = log::start(&config, true)?;
    let listener = listen(&config)?;
    let address = listener.local_addr()?;
    if !is_loopback(&config.host) {
        warn(&format!(
            "{} can be reached from other machines, and whoever reaches it reads every conversation",
            config.host
        ))?;
    }
    let config = Arc::new(config);
    let opened = open::stores(config.clone())?;
    let served = serve(&config, &opened.engine, listener, address);
    owner::withdraw(&config);
    drop(opened);
    drop(lock);
    served?;
    Ok(ExitCode::SUCCESS)
}

/// Answers until a signal comes.
fn serve(
    config: &Arc<Config>,
    engine: &Arc<Engine>,
    listener: TcpListener,
    address: SocketAddr,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let (stop, stopping) = watch::channel(false);
    let token: Arc<str> = token()?.into();
    let app = App {
        engine: engine.clone(),
        token: token.clone(),
        assets: web::assets::hash(),
        stopping: stopping.clone(),
        memo: Default::default(),
    };
    let mut pages = runtime.block_on(async {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        anyhow::Ok(tokio::spawn(web::serve(listener, app, stopping)))
    })?;
    let url = url(&config.host, address);
    owner::announce(config, &url, reachable(address), &token)?;
    tracing::info!("codedash {VERSION} listens at {url}");
    say(&format!("codedash {VERSION} at {url}  (Ctrl-C stops it)"))?;
    let engine = engine.clone();
    let writing = std::thread::spawn(move || start_writing(&engine));
    browse(config, &url);
    let ended = runtime.block_on(async {
        tokio::select! {
            ended = &mut pages => Err(match ended {
                Ok(Ok(())) => anyhow::anyhow!("the server ended by itself"),
                Ok(Err(error)) => error,
                Err(error) => error.into(),
            }),
            signal = signal() => signal,
        }
    });
    tracing::info!("stopping");
    give_up_after(STOP, config.clone());
    // a receiver that is gone has stopped
    let _ = stop.send(true);
    let ingest = std::thread::spawn(move || {
        if let Ok(Some(ingest)) = writing.join() {
            ingest.stop();
        }
    });
    if !pages.is_finished() {
        // open requests may end; what does not is cut off with the runtime
        let _ = runtime.block_on(async { tokio::time::timeout(DRAIN, pages).await });
    }
    if ingest.join().is_err() {
        tracing::error!("ingest did not stop well");
    }
    runtime.shutdown_timeout(Duration::from_millis(200));
    ended
}

/// Opens the index and starts ingest. A failure leaves the pages that need neither.
fn start_writing(engine: &Engine) -> Option<Ingest> {
    // the first page comes before everything that would take the processor from it
    engine.prepare();
    let started = open::index(engine).and_then(|index| index.keep_up(engine));
    match started {
        Ok(ingest) => Some(ingest),
        Err(error) => {
            tracing::error!("nothing can be found or read in: {error:#}");
            let text = format!("{error:#}");
            engine.status.update(|status| status.error = Some(text));
            None
        }
    }
}

/// Ends the process when its orderly stop has not come to an end by then.
fn give_up_after(limit: Duration, config: Arc<Config>) {
    std::thread::spawn(move || {
        std::thread::sleep(limit);
        tracing::warn!("the stop takes too long, the rest is left behind");
        owner::withdraw(&config);
        std::process::exit(0);
    });
}

fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    let host = config.host.trim_start_matches('[').trim_end_matches(']');
    TcpListener::bind((host, config.port)).map_err(|error| {
        if error.kind() == std::io::ErrorKind::AddrInUse {
            anyhow::anyhow!(
                "port {} on {} is in use by another program; choose another with --port (0 takes \
                 any free one) or with port = ... in {}",
                config.port,
                config.host,
                config.file().display()
            )
        } else {
            anyhow::Error::new(error).context(format!(
                "cannot listen on port {} of {}",
                config.port, config.host
            ))
        }
    })
}

/// A made-up history in a folder of its own, gone with the process.
struct Demo {
    dir: PathBuf,
}

impl Demo {
    fn make() -> anyhow::Result<Demo> {
        let dir = std::env::temp_dir().join(format!("codedash-demo-{}", std::process::id()));
        std::fs::create_dir(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        let demo = Demo { dir };
        demo::generate(&demo.home(), &demo::Plan::demo(now_ms()))
            .with_context(|| format!("cannot write the demo into {}", demo.dir.display()))?;
        Ok(demo)
    }

    fn home(&self) -> PathBuf {
        self.dir.join("home")
    }

    /// Every path points into the folder, which has settings of its own; port, host, zone and whether
    /// the browser is opened stay.
    fn settings(&self, own: &Config) -> anyhow::Result<Config> {
        let flags = Flags {
            host: Some(own.host.clone()),
            port: Some(own.port),
            memory: Some(own.memory),
            no_browser: !own.open_browser,
            ..Flags::default()
        };
        let dir = self.dir.join("codedash");
        let kept = ["TZ", "CODEDASH_LOG"];
        let mut around = Surroundings::of_process();
        around
            .vars
            .retain(|(name, _)| kept.contains(&name.as_str()));
        let named = ("CODEDASH_HOME".to_owned(), dir.display().to_string());
        around.vars.push(named);
        around.home = Some(self.home());
        around.windows_users = None;
        around.zone = Some(own.zone.clone());
        Config::resolve(&flags, &around, crate::agents::all_infos())
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // what stays is in the folder for temporary files
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// What a person on this machine types. A name stays one: the guard knows the server by it.
fn url(host: &str, address: SocketAddr) -> String {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(_) => format!("http://{}/", reachable(address)),
        Err(_) => format!("http://{host}:{}/", address.port()),
    }
}

/// An address that this machine reaches a listener by, which may listen on all of them.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, address.port()).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, address.port()).into(),
        _ => address,
    }
}

fn token() -> anyhow::Result<String> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(unix)]
async fn signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
    }
}

#[cfg(not(unix))]
async fn signal() -> anyhow::Result<()> {
    Ok(tokio::signal::ctrl_c().await?)
}

/// Opens the browser where there is somebody to look at it.
fn browse(config: &Config, url: &str) {
    if !config.open_browser || !std::io::stdout().is_terminal() || !has_display() {
        return;
    }
    for mut command in ::open::commands(url) {
        share_files_again(&mut command);
        if command.spawn().is_ok() {
            return;
        }
    }
}

/// The browser makes files of its own: not all of them are as private as ours.
fn share_files_again(command: &mut std::process::Command) {
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        // SAFETY: umask may be called between fork and exec
        unsafe {
            command.pre_exec(|| {
                libc::umask(0o022);
                Ok(())
            });
        }
    }
    #[cfg(not(unix))]
    let _ = command;
}

fn has_display() -> bool {
    !cfg!(target_os = "linux")
        || ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

fn say(line: &str) -> anyhow::Result<()> {
    let mut out = anstream::stdout();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

fn warn(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(anstream::stderr(), "codedash: {line}")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_leads_to_where_it_listens() {
        for (host, address, want) in [
            ("127.0.0.1", "127.0.0.1:3847", "http://127.0.0.1:3847/"),
            ("0.0.0.0", "0.0.0.0:80", "http://127.0.0.1:80/"),
            ("::", "[::]:80", "http://[::1]:80/"),
            ("[::1]", "[::1]:80", "http://[::1]:80/"),
            ("localhost", "127.0.0.1:80", "http://localhost:80/"),
            ("box.lan", "192.168.1.5:80", "http://box.lan:80/"),
        ] {
            assert_eq!(url(host, address.parse().unwrap()), want, "{host}");
        }
    }

    #[test]
    fn tokens_differ() {
        let (one, two) = (token().unwrap(), token().unwrap());
        assert!(one.len() == 32 && one != two);
    }
}
