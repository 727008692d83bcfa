//! Made-up histories in the agents' real on-disk formats: `--demo`, the benches' corpus and an oracle
//! for tests. Seeded and deterministic; every word comes from the lists in here.
//!
//! Agents are named in here: whoever writes their files cannot do without. Nothing else may.

mod claude;
mod code;
mod codex;
mod json;
mod out;
mod plan;
mod prose;
mod random;
mod words;

pub use out::{Class, Made, Tally};
pub use plan::Plan;

use out::{Lines, Outcome};
use plan::Session;
use rayon::prelude::*;
use std::io;
use std::path::Path;
use words::Project;

/// Goes up whenever the bytes of a plan change, so that cached corpora are made again.
pub const VERSION: u32 = 3;

/// Writes the histories of `plan` below `home` (`.claude`, `.codex`) and says what they hold.
///
/// # Errors
/// Whatever the file system says. `home` should be empty: nothing in it is removed.
pub fn generate(home: &Path, plan: &Plan) -> io::Result<Made> {
    let projects = plan.all_projects();
    let (mut sessions, conversations) = plan::sessions(plan, &projects);
    // the largest first, so that no thread is left with it at the end
    sessions.sort_by_key(|session| std::cmp::Reverse(session.bytes));
    let mut outcome = sessions
        .par_iter()
        .map(|session| write(home, &projects[session.project], session, plan.seed))
        .try_reduce(Outcome::default, |mut left, right| {
            left.merge(right);
            Ok(left)
        })?;
    shared_files(home, plan, &mut outcome)?;
    outcome.made.conversations = conversations;
    Ok(outcome.made)
}

/// Search queries that people might type over the histories of `plan`.
pub fn queries(plan: &Plan, count: usize) -> Vec<String> {
    prose::queries(plan.seed, &plan.all_projects(), count)
}

fn write(home: &Path, project: &Project, session: &Session, seed: u64) -> io::Result<Outcome> {
    let mut outcome = Outcome::default();
    if session.stand_in {
        claude::stand_in(project, session, &mut outcome);
    } else if session.agent == codex::AGENT {
        codex::family(&home.join(".codex"), project, session, seed, &mut outcome)?;
    } else {
        claude::family(&home.join(".claude"), project, session, seed, &mut outcome)?;
    }
    Ok(outcome)
}

/// Prompt histories and the title index, in order of time.
fn shared_files(home: &Path, plan: &Plan, outcome: &mut Outcome) -> io::Result<()> {
    let mut all = std::mem::take(&mut outcome.lines);
    all.sort();
    for (number, path) in [
        (claude::HISTORY, ".claude/history.jsonl"),
        (codex::HISTORY, ".codex/history.jsonl"),
        (codex::TITLES, ".codex/session_index.jsonl"),
    ] {
        let mut lines = Lines::create(&home.join(path))?;
        for (_, _, line) in all.iter().filter(|(of, _, _)| *of == number) {
            lines.push(line)?;
        }
        outcome.file(lines.close(plan.now_ms)?);
    }
    Ok(())
}
