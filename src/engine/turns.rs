//! One session, prompt by prompt: what each cost, how long it took, how full the context was.

use super::Engine;
use super::cost::even_shares;
use super::view::{Amount, TurnView};
use crate::model::{Response, Sid};
use crate::pricing;
use anyhow::Result;
use std::collections::BTreeMap;

impl Engine {
    /// By prompt, in order; responses before the first prompt come first, under `None`.
    pub(super) fn list_turns(&self, sid: Sid) -> Result<Vec<TurnView>> {
        let reader = self.store.read()?;
        let told = reader
            .bare_session(sid)?
            .and_then(|session| session.context_window);
        let mut pricer = self.catalog.pricer();
        let mut turns: BTreeMap<Option<u32>, TurnView> = BTreeMap::new();
        for (day, responses) in reader.responses_of(sid)? {
            let amounts = pricer.responses(day, &responses);
            for (response, amount) in responses.iter().zip(&amounts) {
                let turn = turns.entry(response.turn).or_insert_with(|| TurnView {
                    seq: response.turn,
                    at: response.at,
                    until: response.until,
                    amount: Amount::default(),
                    context: 0,
                    window: None,
                    fill_sum: 0.0,
                    fill_count: 0,
                });
                turn.at = turn.at.min(response.at);
                turn.until = turn.until.max(response.until);
                turn.amount += amount;
                let prompt = response.tokens.prompt();
                if let Some(window) = window(told, &response.model, prompt) {
                    turn.fill_sum += prompt as f64 / window as f64;
                    turn.fill_count += 1;
                }
                if prompt > turn.context {
                    turn.context = prompt;
                    turn.window = window(told, &response.model, prompt);
                }
            }
        }
        Ok(turns.into_values().collect())
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
