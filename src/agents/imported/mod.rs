//! What was put into codedash's own import folder (`codedash import FILE`, or by hand): three rooms.
//!
//! | place below `~/.codedash/import` | whose |
//! |---|---|
//! | `claude-ai/<name>/conversations.json` | the export archive of Claude.ai, unpacked |
//! | `chatgpt/<name>/conversations.json` | the export archive of ChatGPT, unpacked |
//! | `sessions/*.jsonl` | anything else, in the schema that [`generic`] documents |
//!
//! Checked against real files: none were at hand; both exports follow published descriptions.

mod chatgpt;
mod claude_ai;
pub mod generic;

use super::read::record::Cut;
use super::read::tell;
use super::read::{folder, whole};
use super::{Agent, EventSink, Listing};
use crate::model::{AgentInfo, Capabilities, Checkpoint, RootSpec, Source};
use std::io;
use std::path::Path;

pub struct ClaudeAi;
pub struct ChatGpt;
pub struct Generic;

const CHAT: Capabilities = Capabilities {
    usage: false,
    tool_calls: true,
    sub_agents: false,
    timestamps: true,
    thinking: true,
};

static CLAUDE_AI: AgentInfo = AgentInfo {
    id: "claude-ai",
    name: "Claude.ai",
    color: "#fbbf24",
    roots: &[RootSpec::moved(
        "CODEDASH_HOME",
        "import/claude-ai",
        ".codedash/import/claude-ai",
    )],
    resume: None,
    worktrees: None,
    capabilities: CHAT,
};

static CHATGPT: AgentInfo = AgentInfo {
    id: "chatgpt",
    name: "ChatGPT",
    color: "#10b981",
    roots: &[RootSpec::moved(
        "CODEDASH_HOME",
        "import/chatgpt",
        ".codedash/import/chatgpt",
    )],
    resume: None,
    worktrees: None,
    capabilities: CHAT,
};

static GENERIC: AgentInfo = AgentInfo {
    id: "imported",
    name: "Imported",
    color: "#9ca3af",
    roots: &[RootSpec::moved(
        "CODEDASH_HOME",
        "import/sessions",
        ".codedash/import/sessions",
    )],
    resume: None,
    worktrees: None,
    capabilities: Capabilities {
        usage: true,
        sub_agents: true,
        ..CHAT
    },
};

/// What a file that somebody wants to import is: the folder it belongs into, below `import/`, or `None`.
/// `head` is its beginning (some KiB are enough).
pub fn kind_of(head: &str) -> Option<&'static str> {
    let head = head.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']);
    let has = |key: &str| head.contains(&format!("\"{key}\""));
    if head.starts_with('[') {
        let kinds = [("chat_messages", "claude-ai"), ("mapping", "chatgpt")];
        return kinds
            .iter()
            .find(|(key, _)| has(key))
            .map(|(_, kind)| *kind);
    }
    let first = head.lines().next()?;
    (first.starts_with('{') && first.contains("\"session\"") && has("type")).then_some("sessions")
}

impl Agent for ClaudeAi {
    fn info(&self) -> &'static AgentInfo {
        &CLAUDE_AI
    }
    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        archives(root, found)
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
        if let Some(document) = whole::Document::read(&source.path, sink)? {
            claude_ai::tell(source, &document, sink);
        }
        Ok(Checkpoint::default())
    }
}

impl Agent for ChatGpt {
    fn info(&self) -> &'static AgentInfo {
        &CHATGPT
    }
    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        archives(root, found)
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
        if let Some(document) = whole::Document::read(&source.path, sink)? {
            chatgpt::tell(source, &document, sink);
        }
        Ok(Checkpoint::default())
    }
}

impl Agent for Generic {
    fn info(&self) -> &'static AgentInfo {
        &GENERIC
    }
    fn discover(&self, root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
        let mut listing = Listing::new();
        for entry in folder::entries(root, &mut listing) {
            let stem = entry.name.strip_suffix(".jsonl");
            if let Some(stem) = stem.filter(|_| !entry.is_folder) {
                let native = tell::id_of_name(stem);
                source(&entry.path, native, &mut listing, found);
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
        tell::lines(
            source,
            from,
            sink,
            &source.native,
            &mut |record, _: &mut (), out| generic::tell(record, out),
        )
    }
}

/// `<name>/conversations.json`, and `conversations-000.json` where an export has several.
fn archives(root: &Path, found: &mut dyn FnMut(Source)) -> Listing {
    let mut listing = Listing::new();
    for archive in folder::entries(root, &mut listing) {
        if !archive.is_folder {
            continue;
        }
        for entry in folder::entries(&archive.path, &mut listing) {
            let named = entry.name.starts_with("conversations") && entry.name.ends_with(".json");
            if named && !entry.is_folder {
                source(&entry.path, String::new(), &mut listing, found);
            }
        }
    }
    listing
}

fn source(path: &Path, native: String, listing: &mut Listing, found: &mut dyn FnMut(Source)) {
    if let Some(fingerprint) = folder::fingerprint(path, listing) {
        found(Source::whole(path.to_owned(), fingerprint, native));
    }
}

#[cfg(test)]
mod tests {
    use super::kind_of;

    #[test]
    fn files_are_known_by_their_beginning() {
        for (head, kind) in [
            ("[{\"uuid\":\"x\",\"chat_messages\":[", Some("claude-ai")),
            (
                "\u{feff}[\n {\"title\": \"a\", \"mapping\": {",
                Some("chatgpt"),
            ),
            ("{\"type\":\"session\",\"id\":\"a\"}\n", Some("sessions")),
            ("{\"type\":\"message\"}\n", None),
            ("[]", None),
            ("PK", None),
        ] {
            assert_eq!(kind_of(head), kind, "{head}");
        }
    }
}
