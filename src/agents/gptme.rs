//! gptme: `logs/<name>/conversation.jsonl` below its data folder, one message a line.
//!
//! Calls stand in the answers as code blocks and are told as part of them; what the tools printed follows
//! as a system message, told as an output where the record names the tool. Times without a zone are
//! local ones. `config.toml` beside the log names the workspace.
//!
//! Checked against real files: none were at hand; the layout follows the agent's published sources. Not
//! read: `branches/`, which hold what was edited away.

use super::read::json::{Raw, fields};
use super::read::tell::{self, Out, Record, count, dollars, wrong};
use super::read::{folder, parts, whole};
use super::{Agent, EventSink, Listing};
use crate::model::{AgentInfo, Capabilities, Checkpoint, RootSpec, Source, Tokens, time};
use std::io;
use std::path::Path;

pub struct Gptme;

static INFO: AgentInfo = AgentInfo {
    id: "gptme",
    name: "gptme",
    color: "#a3e635",
    roots: &[
        RootSpec::moved("GPTME_LOGS_HOME", "", ".local/share/gptme/logs"),
        RootSpec::moved("XDG_DATA_HOME", "gptme/logs", ".local/share/gptme/logs"),
        RootSpec::fixed("Library/Application Support/gptme/logs"),
        RootSpec::fixed("AppData/Local/gptme/gptme/logs"),
    ],
    resume: Some("gptme --name {id}"),
    worktrees: None,
    capabilities: Capabilities {
        usage: true,
        tool_calls: false,
        sub_agents: false,
        timestamps: true,
        thinking: false,
    },
};

fields! {
    struct Message {
        role: "role",
        content: "content",
        at: "timestamp",
        call: "call_id",
        metadata: "metadata",
    }
}

fields! {
    struct Metadata {
        model: "model",
        cost: "cost",
        usage: "usage",
        tool: "tool",
        // older versions kept the counts here
        input: "input_tokens",
        output: "output_tokens",
        read: "cache_read_tokens",
        created: "cache_creation_tokens",
        reasoning: "reasoning_tokens",
    }
}

impl Agent for Gptme {
    fn info(&self) -> &'static AgentInfo {
        &INFO
    }

    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        let mut listing = Listing::new();
        for entry in folder::entries(root, &mut listing) {
            let path = entry.path.join("conversation.jsonl");
            if let Some(fingerprint) = entry
                .is_folder
                .then(|| folder::fingerprint(&path, &mut listing))
                .flatten()
            {
                found(Source::whole(
                    path,
                    fingerprint,
                    tell::id_of_name(&entry.name),
                ));
            }
        }
        listing
    }

    fn parse(
        &self,
        source: &Source,
        from: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> io::Result<Checkpoint> {
        let workspace = workspace(&source.path.with_file_name("config.toml"));
        let zone = sink.zone();
        tell::lines(
            source,
            from,
            sink,
            &source.native,
            &mut |record, _: &mut (), out| message(record, &workspace, &zone, out),
        )
    }
}

/// `workspace = "/a/b"` of the configuration.
fn workspace(config: &Path) -> String {
    let text = whole::small(config).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once('='));
    let mut values = lines
        .filter(|(key, _)| key.trim() == "workspace")
        .map(|(_, value)| value.trim().trim_matches(['"', '\'']).to_owned());
    values.next().unwrap_or_default()
}

fn message(
    record: Record<'_>,
    workspace: &str,
    zone: &jiff::tz::TimeZone,
    out: &mut Out<'_>,
) -> Result<(), serde_json::Error> {
    let message: Message<'_> = serde_json::from_str(record.raw.as_json())?;
    let Some(role) = message.role.and_then(Raw::text) else {
        return Err(wrong("no role"));
    };
    let at = message.at.and_then(Raw::text);
    let at = at.and_then(|at| time::from_local(&at, zone));
    out.record(at, record.offset, "");
    // the folder `@log` is the log's own
    if !workspace.starts_with('@') {
        out.cwd(workspace);
    }
    let metadata: Metadata<'_> = message.metadata.and_then(Raw::object).unwrap_or_default();
    let (words, images) = message.content.map(parts::words).unwrap_or_default();
    match role.as_ref() {
        "user" => out.user(&words, images),
        "assistant" => {
            out.model(&model(
                &metadata.model.and_then(Raw::text).unwrap_or_default(),
            ));
            out.answer(words);
            let key = format!("{}@{}", out.teller.told.native, record.offset);
            out.usage(&key, tokens(&metadata), dollars(metadata.cost));
        }
        _ if message.call.is_some() || metadata.tool.is_some() => {
            let id = message.call.and_then(Raw::text).unwrap_or_default();
            let name = metadata.tool.and_then(Raw::text).unwrap_or_default();
            out.output_with(&id, &name, words, images, false);
        }
        _ => out.note(words),
    }
    Ok(())
}

/// `provider/model`, the provider being no part of the model's name.
fn model(name: &str) -> String {
    name.rsplit('/').next().unwrap_or(name).to_owned()
}

fn tokens(metadata: &Metadata<'_>) -> Tokens {
    let nested = metadata.usage.and_then(Raw::object::<Metadata<'_>>);
    let counts = nested.as_ref().unwrap_or(metadata);
    let output = count(counts.output);
    Tokens {
        input: count(counts.input),
        cache_read: count(counts.read),
        cache_write_5m: count(counts.created),
        output,
        reasoning: count(counts.reasoning).min(output),
        ..Tokens::default()
    }
}
