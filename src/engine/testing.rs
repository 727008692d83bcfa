//! Made-up sessions for the tests of this room.

use super::catalog::{Catalog, Changes, Input, Setting};
use crate::agents;
use crate::model::{AgentId, SessionKey, SessionSummary, Sid};
use std::collections::{HashMap, HashSet};

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
        ..SessionSummary::default()
    }
}

pub fn setting() -> Setting {
    Setting {
        homes: vec!["/home/ann".into()],
        zone: jiff::tz::TimeZone::UTC,
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
