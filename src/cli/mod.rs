//! Verbs: what can be asked and done from a terminal.
//!
//! A verb asks the running server when there is one and opens the stores itself otherwise; `ask` hides
//! which, and since both ways run the endpoints of `web::api`, the answers are the same. `--json` prints
//! exactly what the endpoint answers, as documented there.
//!
//! Reading order: `args` (every verb and flag), `ask` with `client`, `owner` and `open` (how an answer
//! is got), then one file a verb.

mod agents;
mod args;
mod ask;
mod client;
pub mod demo;
mod doctor;
mod export;
mod facets;
mod filters;
mod import;
mod index;
mod list;
mod log;
pub mod open;
mod owner;
mod search;
mod serve;
mod show;
mod stats;
mod text;

use args::{Cli, Verb};
use clap::{CommandFactory, Parser};
use std::io::Write;
use std::process::ExitCode;

/// What was asked for is not allowed: exit code 2, like a flag that clap refuses.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(String);

/// Parses the command line, runs one verb, prints what went wrong.
///
/// Exit codes: 0 done, 1 failed, 2 wrongly asked. A reader that went away (`| head`) is no failure.
pub fn main() -> ExitCode {
    restrict_new_files();
    let cli = Cli::parse_from(args::shielded(std::env::args_os()));
    match run(cli) {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // nothing is left to do when even this cannot be printed
            let _ = writeln!(anstream::stderr(), "codedash: {error:#}");
            ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.verb {
        None => serve::run(&cli.serve),
        Some(Verb::Serve(args)) => serve::run(&args),
        Some(Verb::Index(args)) => index::run(&args),
        Some(Verb::Search(args)) => search::run(&args),
        Some(Verb::List(args)) => list::run(&args),
        Some(Verb::Show(args)) => show::run(&args),
        Some(Verb::Export(args)) => export::run(&args),
        Some(Verb::Stats(args)) => stats::run(&args),
        Some(Verb::Agents(args)) => agents::run(&args),
        Some(Verb::Import(args)) => import::run(&args),
        Some(Verb::Doctor(args)) => doctor::run(&args),
        Some(Verb::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "codedash", &mut script);
            std::io::stdout().write_all(&script)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Histories are private: whatever this process makes is for its owner alone.
fn restrict_new_files() {
    #[cfg(unix)]
    // SAFETY: umask only swaps a number of this process and cannot fail
    unsafe {
        libc::umask(0o077);
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<std::io::Error>().map(|e| e.kind());
        let json = cause
            .downcast_ref::<serde_json::Error>()
            .and_then(|e| e.io_error_kind());
        io.or(json) == Some(std::io::ErrorKind::BrokenPipe)
    })
}

/// Prints an answer as JSON, indented, with a line end.
fn print_json(answer: &impl serde::Serialize) -> anyhow::Result<ExitCode> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    serde_json::to_writer_pretty(&mut out, answer)?;
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
