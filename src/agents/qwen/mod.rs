//! Qwen Code: `projects/<key>/chats/<session>.jsonl` below its folder, one record a line, appended.
//!
//! Older versions wrote into `sessions/` or directly below `<key>`; sub-agents have files of their own
//! in `subagents/<session>/`. The file stem is the session. Records carry folder, branch and version
//! themselves, so that `<key>` need not be decoded.
//!
//! Checked against real files: none were at hand; the layout follows the agent's published sources.

mod discover;
mod record;

use super::read::tell;
use super::{Agent, EventSink, Listing};
use crate::model::{AgentInfo, Capabilities, Checkpoint, RootSpec, Source};
use std::path::Path;

pub struct Qwen;

static INFO: AgentInfo = AgentInfo {
    id: "qwen",
    name: "Qwen Code",
    color: "#f472b6",
    roots: &[
        RootSpec::moved("QWEN_RUNTIME_DIR", "", ".qwen"),
        RootSpec::moved("QWEN_HOME", "", ".qwen"),
    ],
    resume: Some("qwen --resume {id}"),
    worktrees: Some(".qwen/worktrees"),
    capabilities: Capabilities {
        usage: true,
        tool_calls: true,
        sub_agents: true,
        timestamps: true,
        thinking: true,
    },
};

impl Agent for Qwen {
    fn info(&self) -> &'static AgentInfo {
        &INFO
    }

    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        discover::discover(root, found)
    }

    fn parse(
        &self,
        source: &Source,
        from: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> std::io::Result<Checkpoint> {
        tell::lines(
            source,
            from,
            sink,
            &source.native,
            &mut |record, state, out| record::tell(source, record, state, out),
        )
    }
}
