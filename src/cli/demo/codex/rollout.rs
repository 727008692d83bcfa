//! One rollout, record by record.

use super::{AGENT, rollout_path};
use crate::cli::demo::code;
use crate::cli::demo::json;
use crate::cli::demo::out::{Class, Lines, Outcome, Tally, stamp};
use crate::cli::demo::plan::{Opening, Session};
use crate::cli::demo::prose::{self, fill};
use crate::cli::demo::random::Rng;
use crate::cli::demo::words::Project;
use std::fmt::Write;
use std::io;
use std::path::Path;

/// A rollout while it is written.
pub struct Rollout<'a> {
    pub rng: Rng,
    pub project: &'a Project,
    pub lines: Lines,
    pub model: &'static str,
    pub modern: bool,
    pub now: i64,
    pub limit: i64,
    pub context: u64,
    /// Running totals of the thread: input, cached, output, reasoning.
    pub totals: [u64; 4],
    pub tally: Tally,
    pub kept: Vec<String>,
    pub keep: usize,
    pub size: f64,
    pub history: Vec<(i64, String)>,
}

impl<'a> Rollout<'a> {
    pub fn open(
        root: &Path,
        project: &'a Project,
        plan: &Session,
        id: &str,
        at: i64,
        seed: u64,
    ) -> io::Result<Rollout<'a>> {
        let mut rng = Rng::new(seed, 10, plan.number);
        let models: &[&'static str] = match plan.modern {
            true => &["gpt-5.2-codex", "gpt-5.2", "gpt-5-mini"],
            false => &["gpt-5-codex", "gpt-5"],
        };
        Ok(Rollout {
            model: models[rng.rank(models.len())],
            rng,
            project,
            lines: Lines::create(&rollout_path(root, at, id))?,
            modern: plan.modern,
            now: at,
            limit: plan.limit,
            context: 9_000,
            totals: [0; 4],
            tally: Tally {
                sessions: 1,
                ..Tally::default()
            },
            kept: Vec::new(),
            keep: 0,
            size: plan.size,
            history: Vec::new(),
        })
    }

    pub fn finish(self, class: Class, outcome: &mut Outcome) -> io::Result<()> {
        outcome.count(AGENT, class, &self.tally);
        outcome.file(self.lines.close(self.now)?);
        Ok(())
    }

    pub fn wait(&mut self, low_ms: usize, high_ms: usize) {
        let later = self.now + self.rng.range(low_ms, high_ms) as i64;
        self.now = later.min(self.limit);
    }

    fn record(&mut self, kind: &str, payload: &str) -> io::Result<()> {
        let at = stamp(self.now);
        let line = format!("{{\"timestamp\":\"{at}\",\"type\":\"{kind}\",\"payload\":{payload}}}");
        if self.kept.len() < self.keep {
            self.kept.push(line.clone());
        }
        self.lines.push(&line)
    }

    pub fn meta(&mut self, id: &str, origin: &str, more: &str) -> io::Result<()> {
        let (cwd, name, at) = (&self.project.cwd, &self.project.name, stamp(self.now));
        let mut commit = String::new();
        self.rng.hex(40, &mut commit);
        let version = if self.modern { "0.101.0" } else { "0.46.0" };
        let branch = self.rng.name(&self.project.branches);
        let payload = format!(
            "{{\"id\":\"{id}\",\"timestamp\":\"{at}\",\"cwd\":\"{cwd}\",\"originator\":{origin},\"cli_version\":\"{version}\"{more},\"instructions\":null,\"git\":{{\"commit_hash\":\"{commit}\",\"branch\":\"{branch}\",\"repository_url\":\"git@example.com:dev/{name}.git\"}}}}"
        );
        self.record("session_meta", &payload)
    }

    fn message(&mut self, role: &str, block: &str, text: &str) -> io::Result<()> {
        let mut payload = format!(
            "{{\"type\":\"message\",\"role\":\"{role}\",\"content\":[{{\"type\":\"{block}\",\"text\":"
        );
        json::string(&mut payload, text);
        payload.push_str("}]}");
        self.record("response_item", &payload)
    }

    fn event(&mut self, kind: &str, field: &str, text: &str) -> io::Result<()> {
        let mut payload = format!("{{\"type\":\"{kind}\",\"{field}\":");
        json::string(&mut payload, text);
        payload.push('}');
        self.record("event_msg", &payload)
    }

    /// What the runtime tells the model before the first prompt.
    pub fn injected(&mut self) -> io::Result<()> {
        let mut rules = String::from("# AGENTS.md instructions\n\n<INSTRUCTIONS>\n");
        prose::paragraphs(&mut self.rng, self.project, 6, &mut rules);
        rules.push_str("\n</INSTRUCTIONS>");
        self.message("user", "input_text", &rules)?;
        let text = format!(
            "<environment_context>\n  <cwd>{}</cwd>\n  <approval_policy>on-request</approval_policy>\n  <shell>zsh</shell>\n</environment_context>",
            self.project.cwd
        );
        self.message("user", "input_text", &text)
    }

    pub fn work(&mut self, plan: &Session) -> io::Result<()> {
        let first = match &plan.opening {
            Opening::Typed(text) | Opening::WithImage(text) => text.clone(),
            Opening::Slash(name, args) => format!("/{name} {args}"),
        };
        self.prompt(&first)?;
        loop {
            let left = plan.bytes.saturating_sub(self.lines.bytes());
            let steps = self.rng.range(1, 16).min(1 + left as usize / 2_500);
            self.turn(steps)?;
            if self.lines.bytes() >= plan.bytes {
                return Ok(());
            }
            if self.context > 220_000 {
                self.compaction()?;
            }
            if self.rng.below(300) == 0 {
                self.wait(60_000_000, 86_400_000);
            }
            self.wait(8_000, 1_200_000);
            if self.rng.chance(0.03) {
                self.event("turn_aborted", "reason", "interrupted")?;
            }
            let text = prose::prompt(&mut self.rng, self.project);
            self.prompt(&text)?;
        }
    }

    pub fn prompt(&mut self, text: &str) -> io::Result<()> {
        self.tally.prompts += 1;
        self.history.push((self.now, text.to_owned()));
        if self.modern {
            let turn = self.rng.uuid_at(self.now);
            let payload = format!(
                "{{\"type\":\"task_started\",\"turn_id\":\"{turn}\",\"started_at\":{},\"model_context_window\":258400,\"collaboration_mode_kind\":\"default\"}}",
                self.now / 1000
            );
            self.record("event_msg", &payload)?;
        }
        self.message("user", "input_text", text)?;
        self.event("user_message", "message", text)?;
        let payload = format!(
            "{{\"cwd\":\"{}\",\"approval_policy\":\"on-request\",\"sandbox_policy\":{{\"mode\":\"workspace-write\",\"network_access\":false}},\"model\":\"{}\",\"effort\":\"high\",\"summary\":\"auto\"}}",
            self.project.cwd, self.model
        );
        self.record("turn_context", &payload)
    }

    pub fn turn(&mut self, steps: usize) -> io::Result<()> {
        for _ in 0..steps {
            self.wait(900, 9_000);
            let mut output = 30;
            let mut reasoning = 0;
            if self.rng.chance(0.4) {
                reasoning = self.think()?;
                output += reasoning;
            }
            if self.rng.chance(0.15) {
                let mut text = String::new();
                prose::remark(&mut self.rng, self.project, &mut text);
                self.answer(&text)?;
                output += text.len() as u64 / 4;
            }
            match self.rng.below(10) {
                0 | 1 => self.patch()?,
                2 => self.plan()?,
                _ => self.shell()?,
            }
            self.tokens(output, reasoning)?;
        }
        self.wait(1_500, 20_000);
        let mut text = String::new();
        prose::answer(&mut self.rng, self.project, &mut text);
        self.answer(&text)?;
        self.tokens(text.len() as u64 / 4, 0)
    }

    fn answer(&mut self, text: &str) -> io::Result<()> {
        self.tally.answers += 1;
        self.event("agent_message", "message", text)?;
        self.message("assistant", "output_text", text)
    }

    /// Returns the tokens it took.
    fn think(&mut self) -> io::Result<u64> {
        let mut text = String::from("**");
        fill(
            "Checking the {a} {o}",
            &mut self.rng,
            self.project,
            &mut text,
        );
        text.push_str("**\n\n");
        prose::thought(&mut self.rng, self.project, &mut text);
        self.tally.thoughts += 1;
        self.event("agent_reasoning", "text", &text)?;
        let mut payload = String::from(
            "{\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\",\"text\":",
        );
        json::string(&mut payload, &text);
        payload.push_str("}],\"content\":null,\"encrypted_content\":\"");
        let letters = self.rng.range(80, 320);
        self.rng.base62(letters, &mut payload);
        payload.push_str("\"}");
        self.record("response_item", &payload)?;
        Ok(text.len() as u64 / 3)
    }

    fn call_id(&mut self) -> String {
        let mut id = String::from("call_");
        self.rng.base62(24, &mut id);
        id
    }

    fn function(&mut self, name: &str, arguments: &str, output: &str) -> io::Result<()> {
        let id = self.call_id();
        self.tally.calls += 1;
        self.tally.outputs += 1;
        let mut payload =
            format!("{{\"type\":\"function_call\",\"name\":\"{name}\",\"arguments\":");
        json::string(&mut payload, arguments);
        write!(payload, ",\"call_id\":\"{id}\"}}").expect("a String takes everything");
        self.record("response_item", &payload)?;
        self.wait(30, 5_000);
        let mut payload =
            format!("{{\"type\":\"function_call_output\",\"call_id\":\"{id}\",\"output\":");
        json::string(&mut payload, output);
        payload.push('}');
        self.record("response_item", &payload)
    }

    fn shell(&mut self) -> io::Result<()> {
        let mut output = String::new();
        let command = code::shell(&mut self.rng, self.project, self.size, &mut output);
        let failed = self.rng.chance(0.05);
        self.tally.failed_calls += u64::from(failed);
        let (mut arguments, mut result) = (String::new(), String::new());
        let exit = u8::from(failed);
        if self.modern {
            arguments.push_str("{\"cmd\":");
            json::string(&mut arguments, &command);
            write!(
                arguments,
                ",\"workdir\":\"{}\",\"yield_time_ms\":10000}}",
                self.project.cwd
            )
            .expect("a String takes everything");
            write!(result, "Chunk ID: 3fa9c1\nWall time: 0.2 seconds\nProcess exited with code {exit}\nOriginal token count: {}\nOutput:\n{output}", output.len() / 4)
                .expect("a String takes everything");
            return self.function("exec_command", &arguments, &result);
        }
        arguments.push_str("{\"command\":[\"bash\",\"-lc\",");
        json::string(&mut arguments, &command);
        arguments.push_str("]}");
        result.push_str("{\"output\":");
        json::string(&mut result, &output);
        write!(
            result,
            ",\"metadata\":{{\"exit_code\":{exit},\"duration_seconds\":0.2}}}}"
        )
        .expect("a String takes everything");
        self.function("shell", &arguments, &result)
    }

    fn patch(&mut self) -> io::Result<()> {
        let file = self.rng.name(&self.project.files).to_owned();
        let mut patch = format!("*** Begin Patch\n*** Update File: {file}\n");
        code::hunk(&mut self.rng, self.project, &mut patch);
        patch.push_str("*** End Patch\n");
        let id = self.call_id();
        self.tally.calls += 1;
        self.tally.outputs += 1;
        let mut payload = format!(
            "{{\"type\":\"custom_tool_call\",\"status\":\"completed\",\"call_id\":\"{id}\",\"name\":\"apply_patch\",\"input\":"
        );
        json::string(&mut payload, &patch);
        payload.push('}');
        self.record("response_item", &payload)?;
        let output = format!(
            "{{\\\"output\\\":\\\"Success. Updated the following files:\\\\nM {file}\\\\n\\\",\\\"metadata\\\":{{\\\"exit_code\\\":0}}}}"
        );
        let payload = format!(
            "{{\"type\":\"custom_tool_call_output\",\"call_id\":\"{id}\",\"output\":\"{output}\"}}"
        );
        self.record("response_item", &payload)
    }

    fn plan(&mut self) -> io::Result<()> {
        let mut step = String::new();
        fill("{v} the {o} in {t}", &mut self.rng, self.project, &mut step);
        let arguments =
            format!("{{\"plan\":[{{\"status\":\"in_progress\",\"step\":\"{step}\"}}]}}");
        self.function("update_plan", &arguments, "Plan updated")
    }

    fn compaction(&mut self) -> io::Result<()> {
        self.tally.compactions += 1;
        self.context = 10_000;
        let mut text = String::new();
        prose::paragraphs(&mut self.rng, self.project, 10, &mut text);
        let mut payload = String::from("{\"message\":");
        json::string(&mut payload, &text);
        payload.push('}');
        self.record("compacted", &payload)
    }

    /// Running totals and the last response's, sometimes said twice.
    fn tokens(&mut self, output: u64, reasoning: u64) -> io::Result<()> {
        let fresh = self.rng.range(120, 2_500) as u64;
        let last = [self.context + fresh, self.context, output, reasoning];
        for (total, part) in self.totals.iter_mut().zip(last) {
            *total += part;
        }
        let sum = &mut self.tally.tokens;
        sum.input += fresh;
        sum.cache_read += self.context;
        sum.output += output;
        sum.reasoning += reasoning;
        self.tally.responses += 1;
        self.context += fresh + output;
        let vector = |[input, cached, output, reasoning]: [u64; 4]| {
            format!(
                "{{\"input_tokens\":{input},\"cached_input_tokens\":{cached},\"output_tokens\":{output},\"reasoning_output_tokens\":{reasoning},\"total_tokens\":{}}}",
                input + output
            )
        };
        let payload = format!(
            "{{\"type\":\"token_count\",\"info\":{{\"total_token_usage\":{},\"last_token_usage\":{},\"model_context_window\":258400}},\"rate_limits\":null}}",
            vector(self.totals),
            vector(last)
        );
        self.record("event_msg", &payload)?;
        if self.rng.chance(0.04) {
            self.record("event_msg", &payload)?;
        }
        Ok(())
    }
}
