//! Identities: which agent, which session, which dense ordinal.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// An agent's stable lower-case id (`claude`, `codex`, ...), as in `AgentInfo::id`, URLs and facets.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AgentId(pub Arc<str>);

impl AgentId {
    pub fn new(id: &str) -> Self {
        AgentId(id.into())
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for AgentId {
    fn default() -> Self {
        AgentId("".into())
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What makes a session one session: the room that reads it and the agent's own id for it.
///
/// `native` is unique within `agent`, holds no `/`, and is what URLs carry.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default)]
pub struct SessionKey {
    pub agent: AgentId,
    pub native: String,
}

impl SessionKey {
    pub fn new(agent: &AgentId, native: &str) -> Self {
        SessionKey {
            agent: agent.clone(),
            native: native.to_owned(),
        }
    }
}

impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.agent, self.native)
    }
}

/// Dense session ordinal given out by the store; never reused within one store file.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default,
)]
pub struct Sid(pub u32);
