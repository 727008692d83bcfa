//! `codedash index`: read what is new, then end.

use super::args::IndexArgs;
use super::ask::config;
use super::owner::{self, Claim, ServerFile};
use super::{log, open, text};
use crate::store::status::{IngestStatus, Phase};
use crate::web::api::status::Warming;
use anyhow::bail;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

pub fn run(args: &IndexArgs) -> anyhow::Result<ExitCode> {
    let config = config(&args.sources.flags())?;
    let lock = match owner::claim(&config, "index")? {
        Claim::Server(server) if args.full => bail!(
            "the server at {} has the stores open: stop it, then run this again",
            server.url
        ),
        Claim::Server(server) => return follow(&server),
        Claim::Mine(lock) => lock,
    };
    let _log = log::start(&config, true)?;
    let engine = open::stores(Arc::new(config))?.engine;
    let index = open::index(&engine)?;
    let bar = Bar::new(std::io::stderr().is_terminal());
    let board = engine.status.clone();
    let ended = std::thread::scope(|scope| {
        let pass = scope.spawn(|| index.bring_up_to_date(&engine, args.full));
        let mut seen = board.version();
        while !pass.is_finished() {
            bar.show(&board.get());
            seen = board.wait(seen, Duration::from_millis(100));
        }
        pass.join()
    });
    bar.clear();
    match ended {
        Ok(result) => result?,
        Err(panic) => std::panic::resume_unwind(panic),
    }
    report(&(&board.get()).into())?;
    drop((engine, lock));
    Ok(ExitCode::SUCCESS)
}

/// The server reads by itself: shows how far it is until it is done.
fn follow(server: &ServerFile) -> anyhow::Result<ExitCode> {
    writeln!(
        anstream::stderr(),
        "the server at {} keeps the index up to date; waiting for it",
        server.url
    )?;
    let bar = Bar::new(std::io::stderr().is_terminal());
    loop {
        let answer = server.get("/api/warming", Duration::from_secs(10))?;
        let warming: Warming = serde_json::from_slice(&answer.body)?;
        if !warming.running {
            bar.clear();
            report(&warming)?;
            return Ok(ExitCode::SUCCESS);
        }
        bar.show_warming(&warming);
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn report(warming: &Warming) -> anyhow::Result<()> {
    if let Some(error) = &warming.error {
        bail!("the last pass failed: {}", text::line(error));
    }
    writeln!(
        anstream::stdout(),
        "up to date: {} read, {} indexed",
        text::plural(warming.done, "source"),
        text::plural(warming.documents, "message"),
    )?;
    Ok(())
}

/// A progress bar on a terminal, a line whenever the phase changes elsewhere.
pub struct Bar {
    bar: Option<ProgressBar>,
    last_phase: std::cell::Cell<Option<Phase>>,
}

impl Bar {
    pub fn new(on_terminal: bool) -> Bar {
        let bar = on_terminal.then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
            bar.set_style(
                ProgressStyle::with_template(
                    "{msg:<14} [{bar:30}] {binary_bytes}/{binary_total_bytes} {prefix}",
                )
                .expect("the template is well formed")
                .progress_chars("=> "),
            );
            bar
        });
        Bar {
            bar,
            last_phase: Default::default(),
        }
    }

    pub fn show(&self, status: &IngestStatus) {
        if self.bar.is_some() {
            self.show_warming(&status.into());
        } else if self.last_phase.replace(Some(status.phase)) != Some(status.phase)
            && status.phase != Phase::Idle
            && status.bytes_total > 0
        {
            // progress is a courtesy: nobody to read it is no reason to stop
            let _ = writeln!(
                anstream::stderr(),
                "{}: {} in {}",
                status.phase.as_str(),
                text::bytes(status.bytes_total),
                text::plural(status.sources_total, "source"),
            );
        }
    }

    fn show_warming(&self, warming: &Warming) {
        if let Some(bar) = &self.bar {
            bar.set_message(warming.phase.clone());
            bar.set_prefix(text::plural(warming.documents, "message"));
            bar.set_length(warming.bytes_total);
            bar.set_position(warming.bytes_done);
        }
    }

    pub fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
