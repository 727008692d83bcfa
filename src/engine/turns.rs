//! One session, prompt by prompt: what each cost, how long it took, how full the context was.

use super::Engine;
use super::cost::even_shares;
use super::view::{Amount, Course, CourseStep, STEPS, TurnView};
use crate::model::{Response, Sid};
use crate::pricing;
use anyhow::Result;
use std::collections::BTreeMap;

impl Engine {
    /// By prompt, in order; responses before the first prompt come first, under `None`.
    pub(super) fn list_turns(&self, sid: Sid) -> Result<Vec<TurnView>> {
        Ok(self.spend(sid)?.turns)
    }

    /// The same, and the responses one after the other.
    pub(super) fn spend(&self, sid: Sid) -> Result<Course> {
        let reader = self.store.read()?;
        let told = reader
            .bare_session(sid)?
            .and_then(|session| session.context_window);
        let mut pricer = self.catalog.pricer();
        let days = reader.responses_of(sid)?;
        let length = days.values().map(Vec::len).sum::<usize>().div_ceil(STEPS);
        let mut turns: BTreeMap<Option<u32>, TurnView> = BTreeMap::new();
        let mut steps: Vec<CourseStep> = Vec::new();
        let mut seen = 0;
        for (day, responses) in days {
            let amounts = pricer.responses(day, &responses);
            for (response, amount) in responses.iter().zip(&amounts) {
                let window = window(told, &response.model, response.tokens.prompt());
                let turn = turns
                    .entry(response.turn)
                    .or_insert_with(|| begun(response));
                turn.add(response, amount, window);
                if seen % length == 0 {
                    steps.push(CourseStep {
                        at: response.at,
                        turn: response.turn,
                        ..CourseStep::default()
                    });
                }
                seen += 1;
                if let Some(step) = steps.last_mut() {
                    step.add(response, amount, window);
                }
            }
        }
        Ok(Course {
            turns: turns.into_values().collect(),
            steps,
        })
    }

    /// What a session's own responses cost by the tools that they called, costliest first.
    pub(super) fn list_tools(&self, sid: Sid) -> Result<Vec<(String, Amount)>> {
        let mut pricer = self.catalog.pricer();
        let mut tools: BTreeMap<String, Amount> = BTreeMap::new();
        for (day, responses) in self.store.read()?.responses_of(sid)? {
            let amounts = pricer.responses(day, &responses);
            for (response, amount) in responses.iter().zip(&amounts) {
                for (tool, share) in by_tool(response, amount) {
                    *tools.entry(tool.to_owned()).or_default() += &share;
                }
            }
        }
        let mut list: Vec<_> = tools.into_iter().collect();
        list.sort_by_key(|(_, amount)| std::cmp::Reverse((amount.cost, amount.tokens.total())));
        Ok(list)
    }
}

fn begun(response: &Response) -> TurnView {
    TurnView {
        seq: response.turn,
        at: response.at,
        until: response.until,
        amount: Amount::default(),
        context: 0,
        window: None,
        fill_sum: 0.0,
        fill_count: 0,
    }
}

impl TurnView {
    fn add(&mut self, response: &Response, amount: &Amount, window: Option<u64>) {
        self.at = self.at.min(response.at);
        self.until = self.until.max(response.until);
        self.amount += amount;
        let prompt = response.tokens.prompt();
        if let Some(window) = window {
            self.fill_sum += prompt as f64 / window as f64;
            self.fill_count += 1;
        }
        if prompt > self.context {
            (self.context, self.window) = (prompt, window);
        }
    }
}

impl CourseStep {
    fn add(&mut self, response: &Response, amount: &Amount, window: Option<u64>) {
        self.until = self.until.max(response.until);
        self.amount += amount;
        let prompt = response.tokens.prompt();
        if prompt > self.context {
            (self.context, self.window) = (prompt, window);
        }
    }
}

/// A response's money by the tools that it called, in even parts that add up to it; under `""` when it
/// called none.
pub(super) fn by_tool<'r>(response: &'r Response, amount: &Amount) -> Vec<(&'r str, Amount)> {
    if response.tools.is_empty() {
        return vec![("", amount.clone())];
    }
    let names = response.tools.iter().map(String::as_str);
    names
        .zip(even_shares(amount, response.tools.len() as u64))
        .collect()
}

/// Tokens that fit into a prompt of this model: as the agent says, else as the price table says. A prompt
/// that does not fit proves the larger window of the long-context beta, which records do not tell.
pub(super) fn window(told: Option<u64>, model: &str, prompt: u64) -> Option<u64> {
    const LONG: u64 = 1_000_000;
    let window = told.or_else(|| pricing::context_window(model))?;
    Some(if prompt > window {
        window.max(LONG)
    } else {
        window
    })
}
