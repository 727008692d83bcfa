//! (under construction)
use super::{Agent, EventSink, Listing};
use crate::model::{AgentInfo, Capabilities, Checkpoint, Source};
use std::path::Path;

pub struct Codex;

static INFO: AgentInfo = AgentInfo {
    id: "codex",
    name: "Codex",
    color: "#60a5fa",
    roots: &[],
    resume: None,
    capabilities: Capabilities {
        usage: true,
        tool_calls: true,
        sub_agents: true,
        timestamps: true,
        thinking: true,
    },
};

impl Agent for Codex {
    fn info(&self) -> &'static AgentInfo {
        &INFO
    }
    fn discover(&self, _root: &Path, _found: &mut dyn FnMut(Source)) -> Listing {
        Listing::default()
    }
    fn parse(
        &self,
        _source: &Source,
        from: &Checkpoint,
        _sink: &mut dyn EventSink,
    ) -> std::io::Result<Checkpoint> {
        Ok(from.clone())
    }
}
