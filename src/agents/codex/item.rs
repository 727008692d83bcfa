//! Items of a rollout as messages: what the person, the model and the tools said.

use super::output;
use super::prompt::{self, Prompt};
use super::reader::{Call, Out, Reader};
use super::record::{self, DoneItem, Event as Told, Item, Part, filled, is, owned, word};
use super::twice::{Form, Voice, fingerprint};
use crate::agents::read::json::Raw;
use crate::agents::read::text::{self, Body};
use crate::agents::read::tool;
use crate::agents::read::value::is_id;
use crate::model::{BodyFormat, Message, PromptKind, Role, ToolCall};
use memchr::memmem::Finder;
use std::borrow::Cow;
use std::sync::LazyLock;

impl Reader<'_> {
    pub(super) fn item(&mut self, item: Item<'_>, out: &mut Out<'_>) {
        // the API's ids are long and unique; what gateways hand out may be `msg_1` in every session
        out.uuid = owned(item.id)
            .filter(|id| id.len() >= 24)
            .unwrap_or_default();
        match word(item.kind) {
            "message" => match word(item.role) {
                "user" => self.user_item(&item, out),
                "assistant" => self.assistant_item(&item, out),
                _ => self.system_item(&item, out),
            },
            "reasoning" => self.reasoning_item(&item, out),
            "function_call" | "custom_tool_call" | "local_shell_call" | "tool_search_call" => {
                self.call(&item, out);
            }
            "web_search_call" | "image_generation_call" => self.whole_call(&item, out),
            "function_call_output" | "custom_tool_call_output" | "local_shell_call_output" => {
                self.output(&item, item.output, out);
            }
            "tool_search_output" => self.output(&item, item.tools, out),
            "agent_message" => self.system_item(&item, out),
            _ => {}
        }
    }

    /// A user-role item: each block that the runtime wrote is a message of its own, what is left is the
    /// person's prompt, with images as stubs below.
    fn user_item(&mut self, item: &Item<'_>, out: &mut Out<'_>) {
        let mut parts: Vec<Part<'_>> = Vec::new();
        match item.content {
            Some(content) if content.is_text() => parts.push(Part {
                text: Some(content),
                ..Part::default()
            }),
            Some(content) => parts = record::parts(content),
            None => {}
        }
        let mut said = Said::default();
        for part in parts {
            if let Some(url) = part.image_url {
                said.stubs.push(output::image(url));
            } else if is(part.kind, "input_image") {
                said.stubs.push("[image]".to_owned());
            }
            let Some(block) = filled(part.text).filter(|block| !prompt::is_image_tag(block)) else {
                continue;
            };
            self.block(&block, Form::Item, &mut said, out);
        }
        self.prompt(said, Form::Item, out);
    }

    /// The same as the interface was told it.
    pub(super) fn said(&mut self, told: &Told<'_>, out: &mut Out<'_>) {
        let mut said = Said::default();
        if let Some(images) = told.images {
            said.stubs
                .extend(images.items().into_iter().map(output::image));
        }
        if let Some(files) = told.local_images {
            said.stubs
                .extend(files.items().into_iter().map(output::image));
        }
        if let Some(block) = filled(told.message) {
            // versions of 2025 said so when the text was not the person's
            let plain = told.prompt_kind.is_none() || is(told.prompt_kind, "plain");
            match plain {
                true => self.block(&block, Form::Event, &mut said, out),
                false => self.injected(Cow::Borrowed(block.trim()), Form::Event, out),
            }
        }
        self.prompt(said, Form::Event, out);
    }

    pub(super) fn said_item(&mut self, item: &DoneItem<'_>, out: &mut Out<'_>) {
        let mut said = Said::default();
        for part in item.content.map(Raw::items).unwrap_or_default() {
            match part.get("text").and_then(Raw::filled) {
                Some(block) => self.block(&block, Form::Event, &mut said, out),
                None => {
                    let place = part.get("url").or(part.get("path"));
                    let stub = place.map_or_else(|| "[image]".to_owned(), output::image);
                    said.stubs.push(stub);
                }
            }
        }
        self.prompt(said, Form::Event, out);
    }

    fn block(&mut self, block: &str, form: Form, said: &mut Said, out: &mut Out<'_>) {
        let Prompt {
            kind,
            text,
            result,
            interruption,
        } = prompt::read(block);
        if kind == PromptKind::Injected {
            if let Some(cwd) = prompt::folder(block) {
                self.folder(cwd, out);
            }
            if interruption {
                self.interrupted(out);
            }
            self.injected(text, form, out);
            return;
        }
        said.kind = said.kind.or(Some(kind));
        said.texts.push(text.into_owned());
        said.results.extend(result.map(str::to_owned));
    }

    fn injected(&mut self, text: Cow<'_, str>, form: Form, out: &mut Out<'_>) {
        if self.state.twins.is_second(Voice::Person, form, &text) {
            return;
        }
        let body = self.person_body(text);
        let message = Message {
            prompt: PromptKind::Injected,
            ..message(Role::User, body)
        };
        self.push(message, out);
    }

    fn prompt(&mut self, said: Said, form: Form, out: &mut Out<'_>) {
        if said.texts.is_empty() && said.stubs.is_empty() {
            return;
        }
        let images = said.stubs.len() as u32;
        let words = said.texts.join("\n\n");
        if self.state.twins.is_second(Voice::Person, form, &words) {
            return;
        }
        let print = fingerprint(&words);
        let turn = &mut self.state.turn;
        // a turn that was stopped before anything came of it has its prompt written again
        let again = turn.aborted && !turn.answered && turn.prompt == print;
        if again {
            // by an id of its own it would count as a record of its own
            out.uuid.clear();
        }
        turn.prompt = print;
        turn.answered = false;
        turn.aborted = false;
        let mut lines = said.stubs;
        lines.splice(..0, Some(words).filter(|words| !words.is_empty()));
        let body = self.person_body(Cow::Owned(lines.join("\n")));
        let message = Message {
            prompt: said.kind.unwrap_or_default(),
            copy: again,
            images: body.images + images,
            ..message(Role::User, body)
        };
        self.push(message, out);
        for result in said.results {
            let body = self.rest_body(Cow::Owned(result));
            let message = Message {
                format: BodyFormat::Plain,
                ..message_of(Role::Output, body, 0)
            };
            self.push(message, out);
        }
    }

    fn assistant_item(&mut self, item: &Item<'_>, out: &mut Out<'_>) {
        for part in texts(item.content) {
            self.answer(Some(part), Form::Item, out);
        }
    }

    pub(super) fn answer(&mut self, said: Option<Cow<'_, str>>, form: Form, out: &mut Out<'_>) {
        let Some(said) = said else { return };
        self.works();
        if self.state.twins.is_second(Voice::Answer, form, &said) {
            return;
        }
        let body = match self.wants.prose {
            true => text::body(said),
            false => unwanted(&said),
        };
        self.push(message(Role::Assistant, body), out);
    }

    fn reasoning_item(&mut self, item: &Item<'_>, out: &mut Out<'_>) {
        let summary = texts(item.summary);
        let raw = texts(item.content);
        // what the summary says too is not said twice
        let extra: Vec<_> = raw
            .into_iter()
            .filter(|text| !summary.contains(text))
            .collect();
        for part in summary.into_iter().chain(extra) {
            self.thought(Some(part), Form::Item, out);
        }
    }

    pub(super) fn thought(&mut self, thought: Option<Cow<'_, str>>, form: Form, out: &mut Out<'_>) {
        let Some(thought) = thought else { return };
        self.works();
        if self.state.twins.is_second(Voice::Thought, form, &thought) {
            return;
        }
        let body = self.rest_body(thought);
        self.push(message(Role::Thinking, body), out);
    }

    /// Instructions of the runtime, and what agents say to each other.
    fn system_item(&mut self, item: &Item<'_>, out: &mut Out<'_>) {
        for part in texts(item.content) {
            self.notice(Some(part), out);
        }
    }

    pub(super) fn notice(&mut self, said: Option<Cow<'_, str>>, out: &mut Out<'_>) {
        if let Some(said) = said {
            let body = self.rest_body(said);
            self.push(message(Role::System, body), out);
        }
    }

    fn call(&mut self, item: &Item<'_>, out: &mut Out<'_>) {
        let fallback = match word(item.kind) {
            "local_shell_call" => "local_shell",
            "tool_search_call" => "tool_search",
            _ => "tool",
        };
        let name = filled(item.name).unwrap_or(Cow::Borrowed(fallback));
        let namespace = filled(item.namespace).unwrap_or_default();
        let given = item.arguments.or(item.input).or(item.action);
        let mut shown = present(&name, &namespace, given, self.wants.rest || pictured(given));
        shown.call.call_id = owned(item.call_id.or(item.id)).unwrap_or_default();
        shown.call.failed = is(item.status, "failed");
        self.called(Call {
            id: shown.call.call_id.clone(),
            name: shown.call.name.clone(),
            kind: shown.call.kind,
            ..Call::default()
        });
        self.tool(shown, out);
    }

    /// Calls that the model's side answers: one item is all there is.
    fn whole_call(&mut self, item: &Item<'_>, out: &mut Out<'_>) {
        let (name, given) = match word(item.kind) {
            "web_search_call" => ("web_search", item.action),
            _ => ("image_generation", item.revised_prompt),
        };
        let mut shown = present(name, "", given, self.wants.rest || pictured(given));
        shown.call.call_id = owned(item.call_id.or(item.id)).unwrap_or_default();
        shown.call.failed = ["failed", "error", "incomplete"]
            .iter()
            .any(|status| is(item.status, status));
        self.tool(shown, out);
        if let Some(image) = item.result.filter(|result| result.as_json().len() > 2) {
            let call = ToolCall {
                name: name.to_owned(),
                kind: tool::kind(name),
                call_id: owned(item.call_id.or(item.id)).unwrap_or_default(),
                ..ToolCall::default()
            };
            let stub = text::stub("image/png", image.as_json().len());
            let body = self.rest_body(Cow::Owned(stub));
            let message = Message {
                tool: Some(Box::new(call)),
                format: BodyFormat::Plain,
                ..message_of(Role::Output, body, 1)
            };
            self.push(message, out);
        }
    }

    fn tool(&mut self, shown: tool::Presented, out: &mut Out<'_>) {
        self.works();
        let body = self.rest_body(Cow::Owned(shown.text));
        let message = Message {
            tool: Some(Box::new(shown.call)),
            format: shown.format,
            ..message(Role::Tool, body)
        };
        self.push(message, out);
    }

    fn output(&mut self, item: &Item<'_>, given: Option<Raw<'_>>, out: &mut Out<'_>) {
        self.works();
        let id = owned(item.call_id).unwrap_or_default();
        let calls = &mut self.state.calls;
        let known = calls.iter().position(|call| call.id == id);
        let call = known.map(|at| calls.remove(at)).unwrap_or_default();
        let failed = call.failed || given.is_some_and(output::failed) || is(item.status, "failed");
        let child = call.child.or_else(|| spawned(&call.name, given));
        let (body, images) = match given {
            Some(given) if self.wants.rest => {
                let (text, images) = output::shown(given);
                (text::body(Cow::Owned(text)), images)
            }
            Some(given) if may_hold_images(given.as_json()) => {
                let (text, images) = output::shown(given);
                (unwanted(&text), images)
            }
            Some(given) => (unwanted(given.as_json()), 0),
            None => (Body::default(), 0),
        };
        let message = Message {
            tool: Some(Box::new(ToolCall {
                kind: call.kind,
                mcp: server(&call.name),
                name: call.name,
                call_id: id,
                failed,
                child,
                ..ToolCall::default()
            })),
            format: BodyFormat::Plain,
            ..message_of(Role::Output, body, images)
        };
        self.push(message, out);
    }

    /// The model or a tool did something.
    fn works(&mut self) {
        self.state.turn.answered = true;
    }

    /// Titles and rules need the beginning of what a person said, whatever is wanted.
    fn person_body(&self, text: Cow<'_, str>) -> Body {
        let mut body = text::body(text);
        if !self.wants.prose {
            let head = text::head(&body.text, text::PROMPT_HEAD).len();
            body.text.truncate(head);
        }
        body
    }

    fn rest_body(&self, text: Cow<'_, str>) -> Body {
        match self.wants.rest {
            true => text::body(text),
            false => unwanted(&text),
        }
    }
}

/// What of a user-role record is the person's.
#[derive(Default)]
struct Said {
    kind: Option<PromptKind>,
    texts: Vec<String>,
    results: Vec<String>,
    stubs: Vec<String>,
}

/// A body that is not wanted: its images are counted all the same.
fn unwanted(text: &str) -> Body {
    let found = may_hold_images(text).then(|| text::without_data(text));
    Body {
        bytes: text.len() as u64,
        images: found.flatten().map_or(0, |(_, images)| images),
        ..Body::default()
    }
}

fn pictured(given: Option<Raw<'_>>) -> bool {
    given.is_some_and(|given| may_hold_images(given.as_json()))
}

/// What every image in a text begins with, as a `data:` address, a block or bare base64. Megabytes of
/// output are not decoded to find that they hold none.
fn may_hold_images(text: &str) -> bool {
    static SIGNS: LazyLock<[Finder; 6]> = LazyLock::new(|| {
        ["data:", "image", "iVBORw0KGgo", "/9j/", "R0lGOD", "UklGR"].map(Finder::new)
    });
    let bytes = text.as_bytes();
    SIGNS.iter().any(|sign| sign.find(bytes).is_some())
}

fn message(role: Role, body: Body) -> Message {
    message_of(role, body, 0)
}

fn message_of(role: Role, body: Body, images: u32) -> Message {
    Message {
        role,
        images: body.images + images,
        text: body.text,
        bytes: body.bytes,
        cut: body.cut,
        ..Message::default()
    }
}

/// The texts of an array of blocks, or of a bare string.
fn texts(content: Option<Raw<'_>>) -> Vec<Cow<'_, str>> {
    let Some(content) = content else {
        return Vec::new();
    };
    if content.is_text() {
        return content.filled().into_iter().collect();
    }
    let parts = record::parts(content);
    parts
        .into_iter()
        .filter_map(|part| filled(part.text))
        .collect()
}

/// `namespace` qualifies a name; an MCP server's is written as in `mcp__server__tool`.
fn present(name: &str, namespace: &str, given: Option<Raw<'_>>, wanted: bool) -> tool::Presented {
    let input = match given {
        Some(raw) if raw.is_text() => raw.text().unwrap_or_default(),
        Some(raw) => Cow::Borrowed(raw.as_json()),
        None => Cow::Borrowed(""),
    };
    let mut shown = tool::present(name, &input, wanted);
    let space = namespace.trim_end_matches('_');
    shown.call.name = match space {
        "" | "functions" => name.to_owned(),
        _ if space.starts_with("mcp__") => format!("{space}__{name}"),
        _ => format!("{space}.{name}"),
    };
    shown.call.mcp = server(&shown.call.name);
    shown
}

/// `mcp__server__tool`, or `server__tool` as the first versions wrote it.
fn server(name: &str) -> Option<String> {
    let old = || name.split_once("__").map(|(server, _)| server);
    tool::mcp_server(name)
        .or_else(old)
        .filter(|server| !server.is_empty() && *server != "mcp")
        .map(str::to_owned)
}

/// The thread that a `spawn_agent` call began.
fn spawned(name: &str, given: Option<Raw<'_>>) -> Option<String> {
    if !name.ends_with("spawn_agent") {
        return None;
    }
    let answer = given?.text()?;
    let answer = Raw::parse(&answer).ok()?;
    answer
        .get("agent_id")
        .or_else(|| answer.get("thread_id"))
        .and_then(Raw::owned)
        .filter(|id| is_id(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_in_every_way_of_writing() {
        let named = |name, space| {
            let call = present(name, space, None, false).call;
            (call.name, call.mcp)
        };
        let some = |name: &str, server: &str| (name.to_owned(), Some(server.to_owned()));
        assert_eq!(named("mcp__gh__search", ""), some("mcp__gh__search", "gh"));
        assert_eq!(named("search", "mcp__gh__"), some("mcp__gh__search", "gh"));
        assert_eq!(named("gh__search", "functions"), some("gh__search", "gh"));
        assert_eq!(named("shell", "functions"), ("shell".to_owned(), None));
        assert_eq!(named("create", "desk"), ("desk.create".to_owned(), None));
    }
}
