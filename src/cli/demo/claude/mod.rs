//! Transcripts as Claude Code writes them: one record a line, several records a response.

mod talk;
mod tools;

use super::json;
use super::out::{Class, Outcome, Tally};
use super::plan::{Opening, Session};
use super::prose;
use super::random::Rng;
use super::words::Project;
use std::fmt::Write;
use std::io;
use std::path::Path;
use talk::Talk;

pub const AGENT: &str = "claude";
/// Number of the prompt history among the files that many sessions share.
pub const HISTORY: usize = 0;

/// Writes a session with its sub-agents and its fork below `root` (`~/.claude`).
pub fn family(
    root: &Path,
    project: &Project,
    plan: &Session,
    seed: u64,
    outcome: &mut Outcome,
) -> io::Result<()> {
    let folder = root
        .join("projects")
        .join(Project::folder_key(&project.cwd));
    let path = folder.join(format!("{}.jsonl", plan.id));
    let mut talk = Talk::open(&path, project, plan, Rng::new(seed, 4, plan.number))?;
    talk.keep = if plan.fork.is_some() { 30 } else { 0 };
    talk.begin(plan)?;
    talk.go_on(plan.bytes, plan.sub_agents, Some(plan), outcome)?;
    talk.titles(plan)?;
    if plan.class == Class::Shown && !plan.editor {
        for (at, text) in &talk.history {
            outcome
                .lines
                .push((HISTORY, *at, history_line(project, &plan.id, *at, text)));
        }
    }
    let (kept, now) = (std::mem::take(&mut talk.kept), talk.now);
    talk.finish(plan.class, outcome)?;
    match &plan.fork {
        Some(id) => fork(root, project, plan, id, (&kept, now), seed, outcome),
        None => Ok(()),
    }
}

/// A prompt of which nothing but the history tells.
pub fn stand_in(project: &Project, plan: &Session, outcome: &mut Outcome) {
    let Opening::Typed(text) = &plan.opening else {
        unreachable!("stand-ins are planned with typed prompts")
    };
    let line = history_line(project, &plan.id, plan.start, text);
    outcome.lines.push((HISTORY, plan.start, line));
    let tally = Tally {
        sessions: 1,
        prompts: 1,
        ..Tally::default()
    };
    outcome.count(AGENT, Class::Shown, &tally);
}

fn history_line(project: &Project, session: &str, at: i64, text: &str) -> String {
    let mut line = String::from("{\"display\":");
    json::string(&mut line, text);
    write!(
        line,
        ",\"pastedContents\":{{}},\"timestamp\":{at},\"project\":\"{}\",\"sessionId\":\"{session}\"}}",
        project.cwd
    )
    .expect("a String takes everything");
    line
}

/// Copies of the parent's first records under a new id, then two turns of its own.
fn fork(
    root: &Path,
    project: &Project,
    parent: &Session,
    id: &str,
    (kept, parent_end): (&[String], i64),
    seed: u64,
    outcome: &mut Outcome,
) -> io::Result<()> {
    let folder = root
        .join("projects")
        .join(Project::folder_key(&project.cwd));
    let path = folder.join(format!("{id}.jsonl"));
    let mut talk = Talk::open(&path, project, parent, Rng::new(seed, 6, parent.number))?;
    talk.session = id.to_owned();
    talk.now = (parent_end + 3_600_000).min(parent.limit);
    for line in kept {
        let uuid = line
            .split_once("\"uuid\":\"")
            .map_or("", |(_, rest)| &rest[..36]);
        let copy = line.replace(&parent.id, id);
        let open = &copy[..copy.len() - 1];
        talk.lines.push(&format!(
            "{open},\"forkedFrom\":{{\"sessionId\":\"{}\",\"messageUuid\":\"{uuid}\"}}}}",
            parent.id
        ))?;
    }
    let text = prose::prompt(&mut talk.rng, project);
    talk.prompt(&text, &[])?;
    talk.turn(6)?;
    talk.finish(Class::Shown, outcome)
}
