//! Which sessions there are: agents, projects, times, sizes, families and first prompts.

use super::out::Class;
use super::prose::{self, fill};
use super::random::Rng;
use super::words::Project;
use super::{claude, codex};
use std::collections::{BTreeMap, HashSet};

/// How much to make. The same plan gives the same bytes.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    /// Nothing is later than this, ms since the epoch; the newest session is minutes old.
    pub now_ms: i64,
    /// All of them, helpers and sub-agents included.
    pub sessions: usize,
    pub helpers: usize,
    pub sub_agents: usize,
    pub forks: usize,
    /// Prompts in a history whose transcript is gone.
    pub stand_ins: usize,
    pub projects: usize,
    /// About this many bytes in all.
    pub bytes: u64,
    /// One transcript of this size, out of `bytes`.
    pub huge: Option<u64>,
    /// Share of sessions that open a conversation of their own; the others repeat an earlier prompt.
    pub fresh: f64,
    /// Length of tool output: 1.0 = some ten lines.
    pub size: f64,
}

impl Plan {
    /// A lively home of a few megabytes for a look around.
    pub fn demo(now_ms: i64) -> Plan {
        Plan {
            seed: 20,
            now_ms,
            sessions: 60,
            helpers: 8,
            sub_agents: 9,
            forks: 2,
            stand_ins: 1,
            projects: 8,
            bytes: 6_000_000,
            huge: None,
            fresh: 0.8,
            size: 1.0,
        }
    }

    /// The history that figures are measured on: 4,873 sessions, 1.1 GB, some 1.2 million messages.
    pub fn large(now_ms: i64) -> Plan {
        Plan {
            seed: 1,
            now_ms,
            sessions: 4_873,
            helpers: 2_166,
            sub_agents: 320,
            forks: 60,
            stand_ins: 12,
            projects: 56,
            bytes: 1_100_000_000,
            huge: Some(199_000_000),
            fresh: 0.33,
            size: 0.25,
        }
    }

    /// The same mix with `factor` times as many sessions and bytes (0.01 for smoke runs, 10 for scale).
    pub fn times(mut self, factor: f64) -> Plan {
        let scaled = |n: usize| ((n as f64 * factor).round() as usize).max(2);
        self.sessions = scaled(self.sessions);
        self.helpers = scaled(self.helpers);
        self.sub_agents = scaled(self.sub_agents);
        self.forks = scaled(self.forks);
        self.stand_ins = scaled(self.stand_ins);
        self.bytes = (self.bytes as f64 * factor) as u64;
        if factor < 1.0 {
            self.projects = self.projects.min(scaled(self.projects) + 5);
            self.huge = self.huge.map(|bytes| (bytes as f64 * factor) as u64);
        }
        self
    }

    pub fn all_projects(&self) -> Vec<Project> {
        (0..self.projects)
            .map(|n| Project::new(self.seed, n))
            .collect()
    }
}

/// How a session begins.
#[derive(Clone, Debug)]
pub enum Opening {
    Typed(String),
    WithImage(String),
    Slash(&'static str, String),
}

impl Opening {
    /// The prompt as it is shown.
    pub fn text(&self) -> String {
        match self {
            Opening::Typed(text) | Opening::WithImage(text) => text.clone(),
            Opening::Slash(name, args) => format!("/{name} {args}"),
        }
    }
}

/// A session to write, with what hangs on it.
#[derive(Clone, Debug)]
pub struct Session {
    pub number: u64,
    pub agent: &'static str,
    pub class: Class,
    /// A program drove it, and the agent says so.
    pub scripted: bool,
    pub stand_in: bool,
    /// Began in an editor's extension.
    pub editor: bool,
    pub id: String,
    pub project: usize,
    pub start: i64,
    pub limit: i64,
    pub modern: bool,
    pub bytes: u64,
    /// Relative size of its sub-agents.
    pub weight: f64,
    pub size: f64,
    pub opening: Opening,
    pub title: Option<String>,
    pub custom_title: Option<String>,
    /// Summary of the session that it continues.
    pub resumes: Option<String>,
    pub sub_agents: usize,
    /// Id of a fork of it.
    pub fork: Option<String>,
}

const DAY: i64 = 86_400_000;

pub fn sessions(plan: &Plan, projects: &[Project]) -> (Vec<Session>, u64) {
    let main = plan.sessions - plan.sub_agents - plan.forks;
    let shown = main - plan.helpers;
    let mut conversations: BTreeMap<(&str, usize), Vec<Opening>> = BTreeMap::new();
    let mut list: Vec<Session> = Vec::with_capacity(main);
    for number in 0..main {
        let mut rng = Rng::new(plan.seed, 3, number as u64);
        let mut session = blank(plan, projects.len(), number, &mut rng);
        let project = &projects[session.project];
        if number < shown {
            show(
                plan,
                &mut session,
                number,
                project,
                &mut rng,
                &mut conversations,
            );
        } else {
            help(&mut session, project, &mut rng);
        }
        list.push(session);
    }
    families(plan, &mut list, shown);
    budgets(plan, &mut list);
    let distinct = distinct_conversations(&list);
    (list, distinct)
}

fn blank(plan: &Plan, projects: usize, number: usize, rng: &mut Rng) -> Session {
    // more sessions lately than a year ago; the first few end just now
    let age = match number {
        0 => 6 * 60_000,
        1..=3 => number as i64 * 7_900_000,
        _ => (365.0 * rng.unit().powi(2) * DAY as f64) as i64,
    };
    let mut start = plan.now_ms - age;
    if age > DAY {
        // people work by day
        let hour = 8 + rng.below(7) + rng.below(7);
        start =
            start - start.rem_euclid(DAY) + hour as i64 * 3_600_000 + rng.below(3_600_000) as i64;
        start = start.min(plan.now_ms - 600_000);
    }
    Session {
        number: number as u64,
        agent: claude::AGENT,
        class: Class::Shown,
        scripted: false,
        stand_in: false,
        editor: rng.chance(0.08),
        id: String::new(),
        project: rng.rank(projects),
        start,
        limit: plan.now_ms,
        modern: age < 60 * DAY,
        bytes: 0,
        weight: 1.0,
        size: plan.size,
        opening: Opening::Typed(String::new()),
        title: None,
        custom_title: None,
        resumes: None,
        sub_agents: 0,
        fork: None,
    }
}

fn show(
    plan: &Plan,
    session: &mut Session,
    number: usize,
    project: &Project,
    rng: &mut Rng,
    conversations: &mut BTreeMap<(&'static str, usize), Vec<Opening>>,
) {
    session.stand_in = (5..5 + plan.stand_ins).contains(&number);
    let huge = number == 4 && plan.huge.is_some();
    if rng.chance(0.5) && !session.stand_in && !huge {
        session.agent = codex::AGENT;
        session.id = rng.uuid_at(session.start);
    } else {
        session.id = rng.uuid();
    }
    let known = conversations
        .entry((session.agent, session.project))
        .or_default();
    if known.is_empty() || rng.chance(plan.fresh) || session.stand_in {
        let text = prose::prompt(rng, project);
        let opening = match rng.below(30) {
            0 if session.agent == claude::AGENT => {
                Opening::Slash("review", project.files[rng.below(20)].clone())
            }
            1 if session.agent == claude::AGENT => Opening::WithImage(text),
            _ => Opening::Typed(text),
        };
        known.push(opening);
    }
    session.opening = known[rng.rank(known.len())].clone();
    if session.stand_in {
        session.opening = known[known.len() - 1].clone();
        if !matches!(session.opening, Opening::Typed(_)) {
            session.opening = Opening::Typed(session.opening.text());
        }
    }
    if rng.chance(0.6) {
        session.title = Some(prose::title(rng, project));
    }
    if rng.chance(0.05) {
        session.custom_title = Some(prose::title(rng, project));
    }
    if rng.chance(0.06) {
        session.resumes = Some(prose::title(rng, project));
    }
}

/// A run that a program started.
fn help(session: &mut Session, project: &Project, rng: &mut Rng) {
    session.class = Class::Helper;
    session.editor = false;
    let mut text = String::new();
    if rng.chance(0.8) {
        session.scripted = true;
        let prompt = rng.pick(&[
            "Summarise the change {h} in three sentences for the release notes.",
            "Classify this log excerpt as one of: flaky, regression, environment. Answer with one word.",
            "Check {f} for the {w} {o} and answer with JSON: {t}.",
            "Translate the strings of the {o} dialog.",
        ]);
        fill(prompt, rng, project, &mut text);
    } else {
        text = format!("You are in {}. ", project.cwd);
        let prompt = rng.pick(&[
            "",
            "Read-only task. ",
            "Work only in /srv/{o}: ",
            "Pair-local {o} lane: ",
            "## {t} Agent\n\n",
            "Read $OMX_TASK_FILE first, then ",
        ]);
        if !prompt.is_empty() {
            text.clear();
            match prompt.starts_with("##") {
                true => text.push_str("## Code Review Agent\n\n"),
                false => fill(prompt, rng, project, &mut text),
            }
        }
        fill(
            "{v} the {a} {o} in {f} and report.",
            rng,
            project,
            &mut text,
        );
    }
    session.opening = Opening::Typed(text);
    if session.scripted || rng.chance(0.6) {
        session.agent = codex::AGENT;
        session.id = rng.uuid_at(session.start);
    } else {
        session.id = rng.uuid();
    }
}

/// Hands out sub-agents and forks; most go to one agent, as in life.
fn families(plan: &Plan, list: &mut [Session], shown: usize) {
    let mut rng = Rng::new(plan.seed, 8, 0);
    let mut left = plan.sub_agents;
    while left > 0 {
        let session = &mut list[rng.below(shown)];
        let few = session.agent == codex::AGENT && rng.chance(0.8);
        if session.stand_in || few {
            continue;
        }
        let group = rng.range(1, 4).min(left);
        session.sub_agents += group;
        left -= group;
    }
    let mut left = plan.forks;
    while left > 0 {
        let session = &mut list[rng.below(shown)];
        if session.stand_in || session.fork.is_some() {
            continue;
        }
        session.fork = Some(match session.agent == codex::AGENT {
            true => rng.uuid_at(session.start + 7_200_000),
            false => rng.uuid(),
        });
        left -= 1;
    }
}

/// Shares out the bytes: many small transcripts, few large ones.
fn budgets(plan: &Plan, list: &mut [Session]) {
    let mean = plan.bytes as f64 / plan.sessions as f64;
    let weight = (mean / 180_000.0).clamp(0.25, 1.0);
    let small = 45_000.0 * weight * plan.sub_agents as f64 + 30_000.0 * plan.forks as f64;
    let rest = plan.bytes as f64 - plan.huge.unwrap_or(0) as f64 - small;
    let mut wanted: Vec<f64> = Vec::with_capacity(list.len());
    for session in list.iter() {
        let mut rng = Rng::new(plan.seed, 11, session.number);
        wanted.push(match session.class {
            Class::Shown => rng.skewed(1.0, 1.2).min(40.0),
            _ => rng.skewed(0.35, 0.8),
        });
    }
    let sum: f64 = wanted.iter().sum();
    for (session, share) in list.iter_mut().zip(wanted) {
        // a turn is finished beyond the budget, hence a little less
        session.bytes = ((rest * share / sum) as u64)
            .saturating_sub(7_000)
            .max(2_000);
        session.weight = weight;
        if session.number == 4 && plan.huge.is_some() {
            session.bytes = plan.huge.unwrap_or(0);
            session.start = session.start.min(plan.now_ms - 20 * DAY);
        }
    }
}

fn distinct_conversations(list: &[Session]) -> u64 {
    let keys: HashSet<(&str, usize, String)> = list
        .iter()
        .filter(|session| session.class == Class::Shown)
        .map(|session| {
            let start: String = session.opening.text().chars().take(200).collect();
            (session.agent, session.project, start)
        })
        .collect();
    keys.len() as u64
}
