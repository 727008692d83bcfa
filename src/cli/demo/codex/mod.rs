//! Rollouts as Codex writes them: responses and events side by side, the text of both the same.

mod rollout;

use super::json;
use super::out::{Class, Outcome, stamp};
use super::plan::Session;
use super::prose;
use super::random::Rng;
use super::words::Project;
use rollout::Rollout;
use std::io;
use std::path::{Path, PathBuf};

pub const AGENT: &str = "codex";
/// Numbers of its files among those that many sessions share.
pub const HISTORY: usize = 1;
pub const TITLES: usize = 2;

/// `sessions/YYYY/MM/DD/rollout-<local time>-<id>.jsonl`
fn rollout_path(root: &Path, at: i64, id: &str) -> PathBuf {
    let time = jiff::Timestamp::from_millisecond(at)
        .expect("made-up times lie within our century")
        .to_zoned(jiff::tz::TimeZone::UTC);
    root.join("sessions")
        .join(time.strftime("%Y/%m/%d").to_string())
        .join(format!(
            "rollout-{}-{id}.jsonl",
            time.strftime("%Y-%m-%dT%H-%M-%S")
        ))
}

/// Writes a session and its fork below `root` (`~/.codex`).
pub fn family(
    root: &Path,
    project: &Project,
    plan: &Session,
    seed: u64,
    outcome: &mut Outcome,
) -> io::Result<()> {
    let mut talk = Rollout::open(root, project, plan, &plan.id, plan.start, seed)?;
    talk.keep = if plan.fork.is_some() { 40 } else { 0 };
    let origin = match (&plan.scripted, plan.editor) {
        (true, _) => "\"codex_exec\",\"source\":\"exec\"",
        (_, true) => "\"codex_vscode\",\"source\":\"vscode\"",
        _ => "\"codex_cli_rs\",\"source\":\"cli\"",
    };
    talk.meta(&plan.id, origin, "")?;
    talk.injected()?;
    talk.work(plan)?;
    if plan.class == Class::Shown {
        for (at, text) in &talk.history {
            let mut line = format!(
                "{{\"session_id\":\"{}\",\"ts\":{},\"text\":",
                plan.id,
                at / 1000
            );
            json::string(&mut line, text);
            line.push('}');
            outcome.lines.push((HISTORY, *at, line));
        }
        if let Some(title) = plan.title.as_ref().or(plan.custom_title.as_ref()) {
            let at = stamp(talk.now);
            let line = format!(
                "{{\"id\":\"{}\",\"thread_name\":\"{title}\",\"updated_at\":\"{at}\"}}",
                plan.id
            );
            outcome.lines.push((TITLES, talk.now, line));
        }
    }
    let (kept, totals, now) = (std::mem::take(&mut talk.kept), talk.totals, talk.now);
    talk.finish(plan.class, outcome)?;
    if let Some(id) = &plan.fork {
        fork(
            root,
            project,
            plan,
            (id, totals_of(&kept).unwrap_or(totals)),
            (&kept, now),
            seed,
            outcome,
        )?;
    }
    if plan.sub_agents > 0 {
        spawned(root, project, plan, now, seed, outcome)?;
    }
    Ok(())
}

/// The running totals that the last of these lines tells.
fn totals_of(lines: &[String]) -> Option<[u64; 4]> {
    let line = lines
        .iter()
        .rev()
        .find(|line| line.contains("\"total_token_usage\""))?;
    let number = |name: &str| -> u64 {
        let rest = line.split(name).nth(1).unwrap_or_default();
        rest.chars()
            .take_while(char::is_ascii_digit)
            .fold(0, |n, digit| {
                n * 10 + u64::from(digit.to_digit(10).unwrap_or_default())
            })
    };
    Some([
        number("\"total_token_usage\":{\"input_tokens\":"),
        number("\"cached_input_tokens\":"),
        number("\"output_tokens\":"),
        number("\"reasoning_output_tokens\":"),
    ])
}

/// The parent's first lines replayed under a new id and time, then turns of its own.
fn fork(
    root: &Path,
    project: &Project,
    plan: &Session,
    (id, totals): (&str, [u64; 4]),
    (kept, parent_end): (&[String], i64),
    seed: u64,
    outcome: &mut Outcome,
) -> io::Result<()> {
    let at = (parent_end + 1_800_000).min(plan.limit);
    let mut talk = Rollout::open(root, project, plan, id, at, seed ^ 0x5eed)?;
    let forked = format!(",\"forked_from_id\":\"{}\"", plan.id);
    talk.meta(id, "\"codex_cli_rs\",\"source\":\"cli\"", &forked)?;
    let burst = stamp(at);
    for line in kept {
        let rest = &line["{\"timestamp\":\"".len() + burst.len()..];
        talk.lines
            .push(&format!("{{\"timestamp\":\"{burst}{rest}"))?;
    }
    talk.totals = totals;
    talk.wait(30_000, 90_000);
    let text = prose::prompt(&mut talk.rng, project);
    talk.prompt(&text)?;
    talk.turn(5)?;
    talk.finish(Class::Shown, outcome)
}

/// A thread that the session spawned; it has a fresh counter and no replay.
fn spawned(
    root: &Path,
    project: &Project,
    plan: &Session,
    parent_end: i64,
    seed: u64,
    outcome: &mut Outcome,
) -> io::Result<()> {
    for number in 0..plan.sub_agents {
        let at = parent_end - 60_000 + number as i64 * 1_000;
        let mut rng = Rng::new(seed, 12, plan.number ^ (number as u64) << 40);
        let id = rng.uuid_at(at);
        let mut talk = Rollout::open(root, project, plan, &id, at, rng.next())?;
        let source = format!(
            "\"codex_cli_rs\",\"source\":{{\"subagent\":{{\"thread_spawn\":{{\"parent_thread_id\":\"{}\",\"depth\":1,\"agent_nickname\":\"{}\",\"agent_role\":\"explorer\"}}}}}}",
            plan.id,
            rng.pick(&["Kepler", "Hopper", "Curie", "Noether"])
        );
        talk.meta(&id, &source, "")?;
        let mut text = String::new();
        prose::paragraphs(&mut talk.rng, project, 3, &mut text);
        talk.prompt(&text)?;
        talk.tally.prompts = 0;
        talk.turn(4)?;
        talk.finish(Class::SubAgent, outcome)?;
    }
    Ok(())
}
