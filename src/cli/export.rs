//! `codedash export`: one session as a file.

use super::args::SourceArgs;
use super::ask::{Ask, Need};
use crate::engine::view::ExportOptions;
use anyhow::Context;
use clap::{Args, ValueHint};
use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Write one session as Markdown: facts, prompts, answers, tool calls with input and output.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  codedash export 019a1b2c > session.md
  codedash export 019a1b2c --out session.md --no-tools

A file that is there already is not overwritten.")]
pub struct ExportArgs {
    /// Id of the session, or a beginning of it (4 characters or more)
    #[arg(value_name = "ID")]
    pub id: String,
    /// Write to this file, not to the standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: Option<PathBuf>,
    /// Leave out tool calls and what they printed
    #[arg(long)]
    pub no_tools: bool,
    /// Leave out what the model thought
    #[arg(long)]
    pub no_thinking: bool,
    #[command(flatten)]
    pub sources: SourceArgs,
}

pub fn run(args: &ExportArgs) -> anyhow::Result<ExitCode> {
    let ask = Ask::open(&args.sources.flags(), "export", Need::Listing)?;
    let options = ExportOptions {
        tools: !args.no_tools,
        thinking: !args.no_thinking,
    };
    let Some(path) = &args.out else {
        let mut out = BufWriter::new(std::io::stdout().lock());
        ask.export(&args.id, options, &mut out)?;
        out.flush()?;
        return Ok(ExitCode::SUCCESS);
    };
    let named = || path.display().to_string();
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let mut out = BufWriter::new(file.with_context(named)?);
    let written = ask.export(&args.id, options, &mut out);
    let written = written.and_then(|()| out.flush().with_context(named));
    if written.is_err() {
        // a part of a session is no session; that it stays is not worth another error
        let _ = std::fs::remove_file(path);
    }
    written.map(|()| ExitCode::SUCCESS)
}
