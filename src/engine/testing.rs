//! Made-up sessions for the tests of this room.

use super::Engine;
use super::catalog::{Catalog, Changes, Input, Setting};
use crate::agents;
use crate::config::Config;
use crate::model::{
    AgentId, Day, DayStats, HelperReason, Relation, Response, SessionKey, SessionSummary, Sid,
    Tokens, ToolCount, UsageBucket,
};
use crate::store::{Marks, Store, status::StatusBoard};
use proptest::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// 2026-11-01T00:00Z; session n of a list is n days later.
pub const START: i64 = 1_793_491_200_000;
pub const DAY: i64 = 86_400_000;

/// A session of the first agent there is.
pub fn session(native: &str, project: &str, prompt: &str) -> SessionSummary {
    let agent = AgentId::new(agents::AGENTS[0].info().id);
    SessionSummary {
        key: SessionKey::new(&agent, native),
        agent,
        project: project.into(),
        first_prompt: prompt.into(),
        all_messages: 2,
        ..SessionSummary::default()
    }
}

pub fn setting() -> Setting {
    Setting {
        version: 1,
        homes: vec!["/home/ann".into()],
        zone: jiff::tz::TimeZone::UTC,
        prices: Default::default(),
        cost_mode: Default::default(),
    }
}

pub fn input(generation: u64, changes: Changes) -> Input {
    Input {
        generation,
        marks_generation: 1,
        changes,
        repo_roots: HashMap::new(),
        starred: HashSet::new(),
        tags: HashMap::new(),
        tag_colors: BTreeMap::new(),
        titles: HashMap::new(),
    }
}

/// Sids in list order; sessions without a time get one, a day apart.
pub fn catalog(sessions: Vec<SessionSummary>) -> Catalog {
    let dated = |(n, mut session): (usize, SessionSummary)| {
        let at = START + n as i64 * DAY;
        session.first_at.get_or_insert(at);
        session.last_at.get_or_insert(at + 60_000);
        (Sid(n as u32), session)
    };
    let all = sessions.into_iter().enumerate().map(dated).collect();
    Catalog::build(None, input(1, Changes::All(all)), &setting())
}

/// A few values of everything, so that filters meet and miss.
pub fn any_session() -> impl Strategy<Value = SessionSummary> {
    let some = |names: &'static [&'static str]| prop::sample::subsequence(names, 0..=names.len());
    (
        (
            0..3usize,
            prop::sample::select(vec!["", "fix it", "add tests", "explain"]),
        ),
        prop::option::of((0..12i64, 0..3i64)),
        (
            some(&["m1", "m2", "m3"]),
            some(&["main", "dev"]),
            some(&["sh", "edit", "read"]),
        ),
        (0..6u8, 0..agents::AGENTS.len()),
        (
            some(&["gh", "db"]),
            some(&["pdf"]),
            prop::bool::ANY,
            prop::sample::select(vec![0, 9, 10, 250, 5000]),
        ),
    )
        .prop_map(
            |(
                (project, prompt),
                days,
                (models, branches, tools),
                (kind, agent),
                (mcp, skills, failed, messages),
            )| {
                let agent = AgentId::new(agents::AGENTS[agent].info().id);
                let text =
                    |list: Vec<&str>| list.into_iter().map(str::to_owned).collect::<Vec<_>>();
                let mut session = SessionSummary {
                    key: SessionKey::new(&agent, ""),
                    agent,
                    models: text(models),
                    mcp_servers: text(mcp),
                    skills: text(skills),
                    tool_errors: u32::from(failed),
                    messages,
                    branches: text(branches),
                    tools: tools
                        .into_iter()
                        .map(|name| ToolCount {
                            name: name.into(),
                            ..ToolCount::default()
                        })
                        .collect(),
                    first_at: days.map(|(first, _)| START + first * DAY),
                    last_at: days.map(|(first, length)| START + (first + length) * DAY),
                    ..session("", ["/p/a", "/p/b", ""][project], prompt)
                };
                match kind {
                    0 => session.helper = Some(HelperReason::Scripted),
                    2 => session.helper = Some(HelperReason::Pattern("lane".into())),
                    1 => {
                        session.relation = Relation::SubAgent;
                        session.parent = Some("s0".into());
                    }
                    _ => {}
                }
                session
            },
        )
}

/// Sessions named `s0`, `s1`, ...
pub fn any_sessions() -> impl Strategy<Value = Vec<SessionSummary>> {
    prop::collection::vec(any_session(), 0..40).prop_map(|mut sessions| {
        for (n, session) in sessions.iter_mut().enumerate() {
            session.key.native = format!("s{n}");
        }
        sessions
    })
}

pub fn any_filters() -> impl Strategy<Value = super::view::Filters> {
    let some = |names: &'static [&'static str]| {
        prop::sample::subsequence(names, 0..=1)
            .prop_map(|list| list.into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    let two = |names: &'static [&'static str]| {
        prop_oneof![
            3 => Just(Vec::new()),
            1 => prop::sample::subsequence(names, 1..=names.len())
                .prop_map(|list| list.into_iter().map(str::to_owned).collect::<Vec<_>>()),
        ]
    };
    (
        (
            two(&["/p/a", "/p/b", ""]),
            two(&["/r"]),
            two(&["m1", "m2", "m9"]),
        ),
        (two(&["main", "dev"]), two(&["sh", "edit"]), some(&["keep"])),
        (
            prop::bool::weighted(0.1),
            prop::option::weighted(0.3, 0..12i32),
            any::<bool>(),
        ),
        (
            two(&["gh", "db"]),
            two(&["pdf"]),
            two(&["none", "scripted", "sub-agent"]),
            two(&["errors", "sub-agents"]),
            two(&["0-9", "200-999"]),
        ),
    )
        .prop_map(
            |(
                (projects, repos, models),
                (branches, tools, tags),
                (starred, from, include_helpers),
                (mcp, skills, helpers, has, lengths),
            )| {
                let first = Day::parse("2026-11-01").unwrap().0;
                super::view::Filters {
                    projects,
                    repos,
                    models,
                    branches,
                    tools,
                    tags,
                    mcp,
                    skills,
                    helpers,
                    has,
                    lengths,
                    starred,
                    from: from.map(|day| Day(first + day)),
                    to: from.map(|day| Day(first + day + 3)),
                    include_helpers,
                    ..Default::default()
                }
            },
        )
}

/// A catalog with marks and one repository.
pub fn marked(sessions: Vec<SessionSummary>) -> Catalog {
    let all = sessions
        .into_iter()
        .enumerate()
        .map(|(n, s)| (Sid(n as u32), s))
        .collect();
    Catalog::build(None, marked_input(1, Changes::All(all)), &setting())
}

pub fn marked_input(generation: u64, changes: Changes) -> Input {
    let agent = agents::AGENTS[0].info().id;
    Input {
        repo_roots: [("/p/a".to_owned(), "/r".to_owned())].into(),
        starred: [format!("{agent}:s1"), format!("{agent}:s5")].into(),
        tags: [(format!("{agent}:s2"), vec!["keep".to_owned()])].into(),
        ..input(generation, changes)
    }
}

/// An engine over stores in a folder of its own.
pub struct Bench {
    pub engine: Engine,
    pub config: Arc<Config>,
    pub dir: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Bench {
        let dir = tempfile::tempdir().unwrap();
        Bench::open(dir)
    }

    fn open(dir: tempfile::TempDir) -> Bench {
        let config = Arc::new(Config::for_home(
            &dir.path().join("home"),
            &dir.path().join("data"),
        ));
        let store = Arc::new(Store::open(&config.store_path()).unwrap());
        let marks = Arc::new(Marks::open(&config.marks_path()).unwrap());
        let status = Arc::new(StatusBoard::default());
        let engine = Engine::new(config.clone(), store, marks, status);
        Bench {
            engine,
            config,
            dir,
        }
    }

    /// The same folder in a new process, as far as stores can tell.
    pub fn restarted(self) -> Bench {
        let Bench { engine, dir, .. } = self;
        drop(engine);
        Bench::open(dir)
    }

    /// Writes a session with its day rows, in one commit.
    pub fn put(&self, session: &SessionSummary, days: &[(Day, DayStats)]) -> Sid {
        let mut writer = self.engine.store.write().unwrap();
        let sid = writer.sid_for(&session.key).unwrap();
        writer.put_session(sid, session).unwrap();
        let days: BTreeMap<Day, DayStats> = days.iter().cloned().collect();
        writer.put_days(sid, &days).unwrap();
        writer.commit().unwrap();
        sid
    }
}

impl Bench {
    /// Writes a session with the day rows that these responses make, one prompt and message each.
    pub fn put_told(&self, session: &SessionSummary, told: &[Response]) -> Sid {
        let mut clock = crate::rollup::LocalDays::new(jiff::tz::TimeZone::UTC);
        let mut days: BTreeMap<Day, Vec<Response>> = BTreeMap::new();
        for response in told {
            days.entry(clock.at(response.at).0)
                .or_default()
                .push(response.clone());
        }
        let mut writer = self.engine.store.write().unwrap();
        let sid = writer.sid_for(&session.key).unwrap();
        writer.put_session(sid, session).unwrap();
        let mut rows = BTreeMap::new();
        for (day, responses) in &mut days {
            responses.sort_unstable();
            let count = responses.len() as u32;
            let stats = DayStats {
                prompts: count,
                messages: count,
                usage: crate::rollup::usage::buckets(responses, &mut clock),
                ..DayStats::default()
            };
            rows.insert(*day, stats);
        }
        writer.put_days(sid, &rows).unwrap();
        for (day, responses) in &days {
            writer.put_responses(sid, *day, responses).unwrap();
        }
        writer.commit().unwrap();
        sid
    }
}

/// A day with one response of this many fresh input tokens.
pub fn day_of(model: &str, hour: u8, input: u64) -> DayStats {
    let mut day = DayStats {
        prompts: 1,
        messages: 2,
        ..DayStats::default()
    };
    day.by_hour[usize::from(hour)] = 2;
    day.usage.push(UsageBucket {
        hour,
        model: model.into(),
        responses: 1,
        tokens: Tokens {
            input,
            ..Tokens::default()
        },
        ..UsageBucket::default()
    });
    day
}
