//! One transcript, record by record.

use super::AGENT;
use super::tools::{self, Used};
use crate::cli::demo::code;
use crate::cli::demo::json;
use crate::cli::demo::out::{Class, Lines, Outcome, Tally, stamp};
use crate::cli::demo::plan::{Opening, Session};
use crate::cli::demo::prose;
use crate::cli::demo::random::Rng;
use crate::cli::demo::words::Project;
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

/// A transcript while it is written.
pub struct Talk<'a> {
    pub rng: Rng,
    pub project: &'a Project,
    pub folder: PathBuf,
    pub lines: Lines,
    pub session: String,
    /// Set in a sub-agent's transcript.
    pub agent: Option<String>,
    pub model: &'static str,
    pub entrypoint: &'static str,
    pub branch: String,
    /// Records of this year's second half carry more fields.
    pub modern: bool,
    pub now: i64,
    pub limit: i64,
    pub last_uuid: Option<String>,
    /// Tokens in the model's context.
    pub context: u64,
    pub tally: Tally,
    pub history: Vec<(i64, String)>,
    /// The first records, for a fork to copy.
    pub kept: Vec<String>,
    pub keep: usize,
    pub size: f64,
}

impl<'a> Talk<'a> {
    /// An empty transcript of the planned session.
    pub fn open(
        path: &Path,
        project: &'a Project,
        plan: &Session,
        mut rng: Rng,
    ) -> io::Result<Talk<'a>> {
        const MODELS: [&str; 4] = [
            "claude-opus-4-6",
            "claude-sonnet-4-6",
            "claude-opus-4-5",
            "claude-haiku-4-5",
        ];
        Ok(Talk {
            project,
            folder: path.parent().map_or_else(PathBuf::new, Path::to_owned),
            lines: Lines::create(path)?,
            session: plan.id.clone(),
            agent: None,
            model: MODELS[rng.rank(MODELS.len())],
            entrypoint: if plan.editor { "claude-vscode" } else { "cli" },
            branch: rng.name(&project.branches).to_owned(),
            modern: plan.modern,
            now: plan.start,
            limit: plan.limit,
            last_uuid: None,
            context: 12_000,
            tally: Tally {
                sessions: 1,
                ..Tally::default()
            },
            history: Vec::new(),
            kept: Vec::new(),
            keep: 0,
            size: plan.size,
            rng,
        })
    }

    pub fn finish(self, class: Class, outcome: &mut Outcome) -> io::Result<()> {
        outcome.count(AGENT, class, &self.tally);
        outcome.file(self.lines.close(self.now)?);
        Ok(())
    }

    fn wait(&mut self, low_ms: usize, high_ms: usize) {
        let later = self.now + self.rng.range(low_ms, high_ms) as i64;
        self.now = later.min(self.limit);
    }

    /// What precedes the first prompt, and that prompt.
    pub fn begin(&mut self, plan: &Session) -> io::Result<()> {
        if let Some(before) = &plan.resumes {
            let leaf = self.rng.uuid();
            self.lines.push(&format!(
                "{{\"type\":\"summary\",\"summary\":\"{before}\",\"leafUuid\":\"{leaf}\"}}"
            ))?;
        }
        self.snapshot()?;
        match &plan.opening {
            Opening::Typed(text) => self.prompt(text, &[]),
            Opening::WithImage(text) => {
                let bytes = self.rng.range(4_000, 24_000);
                let mut image = String::with_capacity(bytes);
                self.rng.base62(bytes, &mut image);
                self.prompt(text, &[image])
            }
            Opening::Slash(name, args) => self.slash(name, args),
        }
    }

    /// Turns until the transcript has its size and all its sub-agents.
    pub fn go_on(
        &mut self,
        bytes: u64,
        sub_agents: usize,
        plan: Option<&Session>,
        outcome: &mut Outcome,
    ) -> io::Result<()> {
        let mut started = 0;
        loop {
            let left = bytes.saturating_sub(self.lines.bytes());
            let steps = self.rng.range(1, 14).min(1 + left as usize / 2_000);
            self.turn(steps)?;
            if let (Some(plan), true) = (plan, started < sub_agents) {
                started += 1;
                self.task(plan, started, outcome)?;
                continue;
            }
            if self.lines.bytes() >= bytes {
                return Ok(());
            }
            if self.context > 150_000 {
                self.compaction()?;
            }
            if self.agent.is_none() {
                self.next_prompt()?;
            }
        }
    }

    fn next_prompt(&mut self) -> io::Result<()> {
        match self.rng.below(400) {
            0 => self.wait(60_000_000, 86_400_000),
            1..=40 => self.wait(600_000, 7_200_000),
            _ => self.wait(8_000, 240_000),
        }
        let text = prose::prompt(&mut self.rng, self.project);
        match self.rng.below(60) {
            0 => self.slash("review", self.project.files[0].clone().as_str()),
            1 => self.slash("compact", ""),
            2 => self.shell_line(),
            3 => {
                self.interrupted()?;
                self.prompt(&text, &[])
            }
            4 => self.queued(&text),
            5..=14 => {
                self.snapshot()?;
                self.prompt(&text, &[])
            }
            _ => self.prompt(&text, &[]),
        }
    }

    /// One record: the envelope around `body`, which starts with a comma.
    fn record(&mut self, kind: &str, body: &str) -> io::Result<()> {
        let uuid = self.rng.uuid();
        let mut line = String::with_capacity(body.len() + 420);
        line.push_str("{\"parentUuid\":");
        match &self.last_uuid {
            Some(uuid) => json::string(&mut line, uuid),
            None => line.push_str("null"),
        }
        let (cwd, session, branch) = (&self.project.cwd, &self.session, &self.branch);
        let side = self.agent.is_some();
        write!(line, ",\"isSidechain\":{side},\"userType\":\"external\"").expect("a String");
        if self.modern {
            write!(line, ",\"entrypoint\":\"{}\"", self.entrypoint).expect("a String");
        }
        let version = if self.modern { "2.1.165" } else { "1.0.112" };
        write!(
            line,
            ",\"cwd\":\"{cwd}\",\"sessionId\":\"{session}\",\"version\":\"{version}\",\"gitBranch\":\"{branch}\""
        )
        .expect("a String");
        if let Some(agent) = &self.agent {
            write!(line, ",\"agentId\":\"{agent}\"").expect("a String");
        }
        let at = stamp(self.now);
        write!(
            line,
            ",\"type\":\"{kind}\"{body},\"uuid\":\"{uuid}\",\"timestamp\":\"{at}\"}}"
        )
        .expect("a String");
        if self.kept.len() < self.keep {
            self.kept.push(line.clone());
        }
        self.last_uuid = Some(uuid);
        self.lines.push(&line)
    }

    fn user(&mut self, text: &str, more: &str) -> io::Result<()> {
        let mut body = String::from(",\"message\":{\"role\":\"user\",\"content\":");
        json::string(&mut body, text);
        body.push('}');
        body.push_str(more);
        self.record("user", &body)
    }

    pub fn prompt(&mut self, text: &str, images: &[String]) -> io::Result<()> {
        if self.agent.is_none() {
            self.tally.prompts += 1;
            self.history.push((self.now, text.to_owned()));
        }
        if images.is_empty() {
            return self.user(text, "");
        }
        let mut body = String::from(
            ",\"message\":{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":",
        );
        json::string(&mut body, text);
        body.push('}');
        for image in images {
            write!(body, ",{{\"type\":\"image\",\"source\":{{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"{image}\"}}}}")
                .expect("a String");
        }
        body.push_str("]}");
        self.record("user", &body)
    }

    fn slash(&mut self, name: &str, args: &str) -> io::Result<()> {
        self.tally.prompts += 1;
        self.history
            .push((self.now, format!("/{name} {args}").trim_end().to_owned()));
        let text = format!(
            "<command-name>/{name}</command-name>\n            <command-message>{name}</command-message>\n            <command-args>{args}</command-args>"
        );
        self.user(&text, "")?;
        if args.is_empty() {
            self.user("<local-command-stdout>Done.</local-command-stdout>", "")
        } else {
            self.user(
                "Review the named files and list what is wrong.",
                ",\"isMeta\":true",
            )
        }
    }

    fn shell_line(&mut self) -> io::Result<()> {
        self.tally.prompts += 1;
        let mut output = String::new();
        let command = code::shell(&mut self.rng, self.project, 0.3, &mut output);
        self.history.push((self.now, format!("!{command}")));
        self.user(&format!("<bash-input>{command}</bash-input>"), "")?;
        let text = format!("<bash-stdout>{output}</bash-stdout><bash-stderr></bash-stderr>");
        self.user(&text, "")
    }

    fn interrupted(&mut self) -> io::Result<()> {
        let body = ",\"message\":{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"[Request interrupted by user]\"}]}";
        self.record("user", body)
    }

    /// Typed while the model was busy; then handed to it as any prompt.
    fn queued(&mut self, text: &str) -> io::Result<()> {
        let mut content = String::new();
        json::string(&mut content, text);
        let (at, session) = (stamp(self.now), self.session.clone());
        self.lines.push(&format!("{{\"type\":\"queue-operation\",\"operation\":\"enqueue\",\"timestamp\":\"{at}\",\"sessionId\":\"{session}\",\"content\":{content}}}"))?;
        self.turn(2)?;
        let at = stamp(self.now);
        self.lines.push(&format!("{{\"type\":\"queue-operation\",\"operation\":\"dequeue\",\"timestamp\":\"{at}\",\"sessionId\":\"{session}\"}}"))?;
        self.prompt(text, &[])
    }

    fn snapshot(&mut self) -> io::Result<()> {
        let (id, at) = (self.rng.uuid(), stamp(self.now));
        self.lines.push(&format!("{{\"type\":\"file-history-snapshot\",\"messageId\":\"{id}\",\"snapshot\":{{\"messageId\":\"{id}\",\"trackedFileBackups\":{{}},\"timestamp\":\"{at}\"}},\"isSnapshotUpdate\":false}}"))
    }

    fn compaction(&mut self) -> io::Result<()> {
        self.tally.compactions += 1;
        let (before, logical) = (self.context, self.last_uuid.take().unwrap_or_default());
        let body = format!(
            ",\"logicalParentUuid\":\"{logical}\",\"subtype\":\"compact_boundary\",\"content\":\"Conversation compacted\",\"isMeta\":false,\"level\":\"info\",\"compactMetadata\":{{\"trigger\":\"auto\",\"preTokens\":{before}}}"
        );
        self.record("system", &body)?;
        let mut text = String::from(
            "This session is being continued from a previous conversation that ran out of context. Summary:\n\n",
        );
        prose::paragraphs(&mut self.rng, self.project, 14, &mut text);
        self.context = 9_000;
        self.user(
            &text,
            ",\"isVisibleInTranscriptOnly\":true,\"isCompactSummary\":true",
        )
    }

    /// Steps of thinking, tool calls and their results, and a closing answer.
    pub fn turn(&mut self, steps: usize) -> io::Result<()> {
        for _ in 0..steps {
            self.wait(900, 9_000);
            let calls = if self.rng.chance(0.12) { 2 } else { 1 };
            let used: Vec<Used> = (0..calls)
                .map(|_| tools::call(&mut self.rng, self.project, self.size))
                .collect();
            self.response(&used, 0.22)?;
            for call in &used {
                self.result(call)?;
            }
            if self.rng.chance(0.03) {
                let body =
                    ",\"attachment\":{\"type\":\"task_reminder\",\"content\":[],\"itemCount\":0}";
                self.record("attachment", body)?;
            }
        }
        self.wait(1_500, 20_000);
        self.response(&[], 1.0)
    }

    /// The records of one model response; all repeat its id, the last has its final usage.
    fn response(&mut self, calls: &[Used], say: f64) -> io::Result<()> {
        let mut blocks: Vec<String> = Vec::new();
        if self.rng.chance(if self.modern { 0.12 } else { 0.3 }) {
            blocks.push(self.thinking());
        }
        if self.rng.chance(say) {
            let mut text = String::new();
            match calls.is_empty() {
                true => prose::answer(&mut self.rng, self.project, &mut text),
                false => prose::remark(&mut self.rng, self.project, &mut text),
            }
            let mut block = String::from("{\"type\":\"text\",\"text\":");
            json::string(&mut block, &text);
            block.push('}');
            blocks.push(block);
            self.tally.answers += 1;
        }
        for call in calls {
            blocks.push(call.block());
            self.tally.calls += 1;
        }
        let output = 20 + blocks.iter().map(String::len).sum::<usize>() as u64 / 4;
        let written = self.rng.range(150, 2_400) as u64;
        let fresh = self.rng.range(1, 12) as u64;
        self.spend(fresh, written, output);
        let (mut message, mut request) = (String::from("msg_01"), String::from("req_011C"));
        self.rng.base62(22, &mut message);
        self.rng.base62(20, &mut request);
        let last = blocks.len() - 1;
        for (n, block) in blocks.iter().enumerate() {
            let so_far = if n == last { output } else { 1 + n as u64 };
            let usage = self.usage(fresh, written, so_far);
            let stop = if calls.is_empty() {
                "end_turn"
            } else {
                "tool_use"
            };
            let body = format!(
                ",\"message\":{{\"model\":\"{}\",\"id\":\"{message}\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[{block}],\"stop_reason\":\"{stop}\",\"stop_sequence\":null,\"usage\":{usage}}},\"requestId\":\"{request}\"",
                self.model
            );
            self.record("assistant", &body)?;
            self.wait(1, 900);
        }
        self.context += written + output;
        Ok(())
    }

    fn thinking(&mut self) -> String {
        let mut text = String::new();
        // newer versions keep the signature only
        if !self.modern || self.rng.chance(0.2) {
            prose::thought(&mut self.rng, self.project, &mut text);
            self.tally.thoughts += 1;
        }
        let mut block = String::from("{\"type\":\"thinking\",\"thinking\":");
        json::string(&mut block, &text);
        block.push_str(",\"signature\":\"");
        let letters = self.rng.range(60, 260);
        self.rng.base62(letters, &mut block);
        block.push_str("\"}");
        block
    }

    fn spend(&mut self, input: u64, written: u64, output: u64) {
        let tokens = &mut self.tally.tokens;
        tokens.input += input;
        tokens.cache_read += self.context;
        tokens.output += output;
        match self.modern {
            true => tokens.cache_write_1h += written,
            false => tokens.cache_write_5m += written,
        }
        self.tally.responses += 1;
    }

    /// Older records do not split cache writes by lifetime.
    fn usage(&self, input: u64, written: u64, output: u64) -> String {
        let read = self.context;
        let more = match self.modern {
            true => format!(
                ",\"cache_creation\":{{\"ephemeral_5m_input_tokens\":0,\"ephemeral_1h_input_tokens\":{written}}},\"server_tool_use\":{{\"web_search_requests\":0,\"web_fetch_requests\":0}},\"speed\":\"standard\""
            ),
            false => String::new(),
        };
        format!(
            "{{\"input_tokens\":{input},\"cache_creation_input_tokens\":{written},\"cache_read_input_tokens\":{read},\"output_tokens\":{output},\"service_tier\":\"standard\"{more}}}"
        )
    }

    fn result(&mut self, call: &Used) -> io::Result<()> {
        self.wait(30, 4_000);
        self.tally.outputs += 1;
        self.tally.failed_calls += u64::from(call.failed);
        let body = call.result();
        self.record("user", &body)
    }

    /// A sub-agent: the call here, its transcript in a file of its own, the report here.
    fn task(&mut self, plan: &Session, number: usize, outcome: &mut Outcome) -> io::Result<()> {
        let folder = self.folder.clone();
        let mut agent = String::new();
        self.rng.hex(17, &mut agent);
        let label = self
            .rng
            .pick(&["Explore", "general-purpose", "code-reviewer", "test-runner"]);
        let mut text = String::from("Report back with file names and line numbers. ");
        prose::paragraphs(&mut self.rng, self.project, 4, &mut text);
        let (id, block) = tools::task(&mut self.rng, self.project, label, &text);
        let call = Used {
            block,
            id,
            failed: false,
            output: String::new(),
            extra: String::new(),
        };
        self.response(std::slice::from_ref(&call), 0.3)?;
        let native = match number % 5 {
            0 => agent[..8].to_owned(),
            _ => agent,
        };
        let path = folder.join(match number % 5 {
            0 => format!("agent-{native}.jsonl"),
            4 => format!(
                "{}/subagents/workflows/wf_a1b2c3d4-e5f/agent-{native}.jsonl",
                plan.id
            ),
            _ => format!("{}/subagents/agent-{native}.jsonl", plan.id),
        });
        let rng = Rng::new(self.rng.next(), 7, number as u64);
        let mut child = Talk::open(&path, self.project, plan, rng)?;
        child.session = self.session.clone();
        child.model = "claude-haiku-4-5";
        child.now = self.now;
        child.agent = Some(native.clone());
        child.prompt(&text, &[])?;
        let bytes = child.rng.skewed(40_000.0 * plan.weight, 0.6) as u64;
        child.go_on(bytes, 0, None, outcome)?;
        self.now = child.now;
        child.finish(Class::SubAgent, outcome)?;
        let mut report = String::new();
        prose::answer(&mut self.rng, self.project, &mut report);
        let done = tools::report(call, &native, &text, &report);
        self.result(&done)?;
        self.response(&[], 1.0)
    }

    pub fn titles(&mut self, plan: &Session) -> io::Result<()> {
        let session = self.session.clone();
        for (kind, field, text) in [
            ("ai-title", "aiTitle", &plan.title),
            ("custom-title", "customTitle", &plan.custom_title),
        ] {
            if let Some(text) = text {
                self.lines.push(&format!(
                    "{{\"type\":\"{kind}\",\"{field}\":\"{text}\",\"sessionId\":\"{session}\"}}"
                ))?;
            }
        }
        Ok(())
    }
}
