//! Amp: `threads/T-<uuid>.json` below its data folder, one document a thread.
//!
//! Newer versions keep threads on the maker's server; what they leave here (a stub without messages)
//! gives a session without messages. Credits are the maker's own unit and no money: they are not shown.
//!
//! Checked against real files: none were at hand; the layout follows published descriptions of it.

use super::read::json::{Raw, fields};
use super::read::record::Cut;
use super::read::tell::{self, Out, Teller, count};
use super::read::whole::Document;
use super::read::{blocks, folder};
use super::{Agent, EventSink, Listing};
use crate::model::{
    AgentInfo, Capabilities, Checkpoint, Fact, IssueKind, Rank, Relation, RootSpec, Source,
    TitleRank, Tokens,
};
use std::collections::HashMap;
use std::io;
use std::path::Path;

pub struct Amp;

static INFO: AgentInfo = AgentInfo {
    id: "amp",
    name: "Amp",
    color: "#fb7185",
    roots: &[
        RootSpec::moved("XDG_DATA_HOME", "amp", ".local/share/amp"),
        RootSpec::fixed("Library/Application Support/amp"),
        RootSpec::fixed("AppData/Roaming/amp"),
    ],
    resume: Some("amp threads continue {id}"),
    worktrees: None,
    capabilities: Capabilities {
        usage: true,
        tool_calls: true,
        sub_agents: false,
        timestamps: true,
        thinking: true,
    },
};

fields! {
    struct Thread {
        id: "id",
        created: "created",
        title: "title",
        env: "env",
        messages: "messages",
        ledger: "usageLedger",
        meta: "meta",
        parent: "parentThreadID",
    }
}

fields! {
    struct Message {
        id: "messageId",
        role: "role",
        content: "content",
        usage: "usage",
        meta: "meta",
        at: "timestamp",
    }
}

fields! {
    struct Usage {
        model: "model",
        input: "inputTokens",
        output: "outputTokens",
        created: "cacheCreationInputTokens",
        read: "cacheReadInputTokens",
        total: "totalInputTokens",
        at: "timestamp",
    }
}

fields! {
    struct Charge {
        id: "id",
        at: "timestamp",
        model: "model",
        tokens: "tokens",
        to: "toMessageId",
    }
}

fields! {
    struct Counts {
        input: "input",
        output: "output",
        created: "cacheCreationInputTokens",
        read: "cacheReadInputTokens",
    }
}

impl Agent for Amp {
    fn info(&self) -> &'static AgentInfo {
        &INFO
    }

    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        let mut listing = Listing::new();
        for entry in folder::inside(&root.join("threads"), &mut listing) {
            let stem = entry.name.strip_suffix(".json");
            let Some(stem) = stem.filter(|stem| stem.starts_with("T-") && !entry.is_folder) else {
                continue;
            };
            if let Some(fingerprint) = folder::fingerprint(&entry.path, &mut listing) {
                found(Source {
                    native: tell::id_of_name(stem),
                    path: entry.path,
                    fingerprint,
                    rank: Rank::Primary,
                    layout: 0,
                    parent: None,
                });
            }
        }
        listing
    }

    fn cut(&self, _: &Source) -> Cut {
        Cut::Value
    }
    fn parse(
        &self,
        source: &Source,
        _: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> io::Result<Checkpoint> {
        let Some(document) = Document::read(&source.path, sink)? else {
            return Ok(Checkpoint::default());
        };
        let thread: Thread<'_> = document.root().object().unwrap_or_default();
        let mut teller = Teller::whole(&source.native, sink);
        let out = &mut teller.out(sink);
        out.record(thread.created.and_then(Raw::time), 0, "");
        head(&thread, out);
        let charged = charged(&thread);
        for (number, raw) in thread
            .messages
            .map(Raw::items)
            .unwrap_or_default()
            .into_iter()
            .enumerate()
        {
            let Some(message) = raw.object::<Message<'_>>() else {
                let detail = "a message is not the object it should be";
                out.issue(source, number as u64 + 1, IssueKind::WrongShape, detail);
                continue;
            };
            said(&message, number, document.offset(raw), &charged, out);
            if out.stopped() {
                break;
            }
        }
        charges(&thread, &document, out);
        Ok(Checkpoint::default())
    }
}

fn head(thread: &Thread<'_>, out: &mut Out<'_>) {
    let title = thread.title.and_then(Raw::filled);
    out.title(TitleRank::Generated, &title.unwrap_or_default());
    let initial = thread.env.and_then(|env| env.get("initial"));
    let trees = initial.and_then(|initial| initial.get("trees"));
    let tree = trees.and_then(|trees| trees.items().into_iter().next());
    let part = |key: &str| tree.and_then(|tree| tree.get(key)).and_then(Raw::filled);
    if let Some(folder) = part("uri")
        .map(|uri| path_of(&uri))
        .or(part("displayName").map(Into::into))
    {
        out.cwd(&folder);
    }
    let repository = tree.and_then(|tree| tree.get("repository"));
    let told = |key: &str| repository.and_then(|it| it.get(key)).and_then(Raw::filled);
    out.remote(&told("url").unwrap_or_default());
    let branch = told("ref").unwrap_or_default();
    out.branch(branch.strip_prefix("refs/heads/").unwrap_or(&branch));
    let platform = initial.and_then(|initial| initial.get("platform"));
    let client = |key: &str| platform.and_then(|it| it.get(key)).and_then(Raw::filled);
    out.version(&client("clientVersion").unwrap_or_default());
    out.origin(&client("client").unwrap_or_default());
    if let Some(parent) = tell::id(thread.parent) {
        let relation = Relation::Fork;
        out.fact(Fact::Parent {
            native: parent,
            relation,
        });
    }
    // traces tell when the last step ended, which messages do not
    let traces = thread
        .meta
        .and_then(|meta| meta.get("traces"))
        .map(Raw::items);
    let ends = traces.unwrap_or_default().into_iter();
    let last = ends
        .filter_map(|trace| trace.get("endTime").and_then(Raw::time))
        .max();
    if let (Some(first), Some(last)) = (thread.created.and_then(Raw::time), last) {
        out.fact(Fact::Span {
            first,
            last: last.max(first),
        });
    }
}

/// A path out of `file:///a%20b`, or what stands there.
fn path_of(uri: &str) -> String {
    let Some(path) = uri.strip_prefix("file://") else {
        return uri.to_owned();
    };
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    // file:///C:/x is C:/x
    let drive = path.as_bytes().get(2) == Some(&b':') && path.starts_with('/');
    path[usize::from(drive)..].to_owned()
}

fn said(message: &Message<'_>, number: usize, offset: u64, charged: &[u64], out: &mut Out<'_>) {
    let usage: Usage<'_> = message.usage.and_then(Raw::object).unwrap_or_default();
    let sent = message.meta.and_then(|meta| meta.get("sentAt"));
    let at = usage.at.or(message.at).or(sent).and_then(Raw::time);
    let id = message.id.and_then(Raw::int).unwrap_or(number as u64);
    let uuid = format!("{}:{id}", out.teller.told.native);
    out.record(at, offset, &uuid);
    let Some(content) = message.content else {
        return;
    };
    if message.role.is_some_and(|role| role.is("user")) {
        blocks::user(content, out);
        return;
    }
    out.model(&usage.model.and_then(Raw::text).unwrap_or_default());
    blocks::assistant(content, out);
    // the ledger tells of this response, with the title calls and sub-agents besides
    if !charged.contains(&id) {
        out.usage(&uuid, tokens(&usage), None);
    }
}

/// `input` is fresh where it is less than the total says. Models of OpenAI have what was not cached
/// in `created`, which costs as input does.
fn tokens(usage: &Usage<'_>) -> Tokens {
    let (read, created) = (count(usage.read), count(usage.created));
    let (input, total) = (count(usage.input), count(usage.total));
    let fresh = match total {
        0 => input,
        total => total.saturating_sub(read + created),
    };
    let model = usage.model.and_then(Raw::text).unwrap_or_default();
    let free = model.starts_with("gpt") || model.starts_with('o');
    Tokens {
        input: if free { fresh + created } else { fresh },
        cache_read: read,
        cache_write_5m: if free { 0 } else { created },
        output: count(usage.output),
        ..Tokens::default()
    }
}

/// The messages that the ledger tells of.
fn charged(thread: &Thread<'_>) -> Vec<u64> {
    let events = thread.ledger.and_then(|ledger| ledger.get("events"));
    let events = events.map(Raw::items).unwrap_or_default().into_iter();
    events
        .filter_map(|event| event.get("toMessageId").and_then(Raw::int))
        .collect()
}

/// The ledger: one event a response; the cached tokens stand with the message that it made.
fn charges(thread: &Thread<'_>, document: &Document, out: &mut Out<'_>) {
    let events = thread.ledger.and_then(|ledger| ledger.get("events"));
    let messages = thread.messages.map(Raw::items).unwrap_or_default();
    let by_id: HashMap<u64, Raw<'_>> = messages
        .into_iter()
        .enumerate()
        .map(|(number, raw)| {
            let id = raw.get("messageId").and_then(Raw::int);
            (id.unwrap_or(number as u64), raw)
        })
        .collect();
    for (number, raw) in events
        .map(Raw::items)
        .unwrap_or_default()
        .into_iter()
        .enumerate()
    {
        let charge: Charge<'_> = raw.object().unwrap_or_default();
        let counts: Counts<'_> = charge.tokens.and_then(Raw::object).unwrap_or_default();
        let to = charge.to.and_then(Raw::int);
        let made = to
            .and_then(|id| by_id.get(&id))
            .and_then(|raw| raw.get("usage"));
        let mut usage: Usage<'_> = made.and_then(Raw::object).unwrap_or_default();
        usage.model = charge.model.or(usage.model);
        usage.input = counts.input.or(usage.input);
        usage.output = counts.output.or(usage.output);
        usage.read = counts.read.or(usage.read);
        usage.created = counts.created.or(usage.created);
        let native = &out.teller.told.native;
        let key = match (charge.id.and_then(Raw::filled), to) {
            (Some(id), _) => tell::unique(native, &id),
            (None, Some(to)) => format!("{native}:{to}"),
            (None, None) => format!("{native}:ledger:{number}"),
        };
        let at = charge.at.or(usage.at).and_then(Raw::time);
        out.record(at, document.offset(raw), "");
        out.model(&usage.model.and_then(Raw::text).unwrap_or_default());
        out.usage(&key, tokens(&usage), None);
    }
}
