//! The corpus that every bench runs on: made once per plan and generator version, then reused.

use anyhow::{Context, Result};
use codedash::cli::demo::{self, Class, Made, Plan};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A fixed end of the made-up year, so that the bytes do not change from day to day.
const NOW_MS: i64 = 1_795_220_910_461;

pub struct Corpus {
    /// A home: `.claude`, `.codex`.
    pub home: PathBuf,
    pub plan: Plan,
    pub made: Made,
    /// Seconds that writing took; `None` when it lay there already.
    pub seconds: Option<f64>,
}

/// `--scale f` (default 1.0; `--smoke` = 0.01).
pub fn scale_argument() -> Result<f64> {
    let mut scale = 1.0;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--smoke" => scale = 0.01,
            "--scale" => {
                let value = args.next().context("--scale needs a number")?;
                scale = value.parse().context("--scale needs a number")?;
            }
            // what cargo adds by itself
            "--bench" => {}
            other => anyhow::bail!("unknown argument {other} (known: --smoke, --scale <number>)"),
        }
    }
    Ok(scale)
}

pub fn target_dir() -> PathBuf {
    // benches run from target/<profile>/deps
    let exe = std::env::current_exe().expect("a running program has a path");
    exe.ancestors()
        .nth(3)
        .map_or_else(|| "target".into(), Path::to_owned)
}

/// The corpus of this scale; makes it when it is not there yet.
pub fn corpus(scale: f64) -> Result<Corpus> {
    let plan = match scale == 1.0 {
        true => Plan::large(NOW_MS),
        false => Plan::large(NOW_MS).times(scale),
    };
    let name = format!("v{}-seed{}-x{scale}", demo::VERSION, plan.seed);
    let home = target_dir().join("corpus").join(&name);
    let done = target_dir().join("corpus").join(format!("{name}.made"));
    let known = std::fs::read(&done).ok();
    if let Some(made) = known.and_then(|bytes| postcard::from_bytes(&bytes).ok()) {
        return Ok(Corpus {
            home,
            plan,
            made,
            seconds: None,
        });
    }
    if home.exists() {
        std::fs::remove_dir_all(&home).context("removing an unfinished corpus")?;
    }
    let start = Instant::now();
    let made = demo::generate(&home, &plan).context("writing the corpus")?;
    let seconds = start.elapsed().as_secs_f64();
    std::fs::write(&done, postcard::to_stdvec(&made)?).context("marking the corpus as complete")?;
    Ok(Corpus {
        home,
        plan,
        made,
        seconds: Some(seconds),
    })
}

impl Corpus {
    /// One line for the head of a table.
    pub fn describe(&self) -> String {
        let total = self.made.total();
        let of = |class| self.made.class(class).sessions;
        let written = match self.seconds {
            Some(seconds) => format!("written in {seconds:.1} s"),
            None => "made before".to_owned(),
        };
        format!(
            "{} sessions ({} shown, {} helpers, {} sub-agents; {} conversations), {} projects, {} files, {:.1} MB, {} messages, {} prompts, {} responses ({written})",
            total.sessions,
            of(Class::Shown),
            of(Class::Helper),
            of(Class::SubAgent),
            self.made.conversations,
            self.plan.projects,
            self.made.files,
            self.made.bytes as f64 / 1e6,
            total.units(),
            total.prompts,
            total.responses,
        )
    }
}
