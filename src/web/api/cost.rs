//! `GET /api/cost/{id}`: what one session cost, by prompt, model and tool.

use super::params::Params;
use super::record::{CostRecord, TokenRecord, dollars};
use super::reply::{Failure, Reply};
use super::session::{ModelCost, find, unknown};
use crate::engine::Engine;
use crate::engine::view::{Amount, TurnView};
use serde::{Deserialize, Serialize};

/// The session's own responses; sub-agents are sessions of their own. The first members have the names
/// that older clients know.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CostAnswer {
    /// US dollars of what could be priced.
    pub cost: f64,
    /// Fresh input.
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub cache_read_tokens: u64,
    pub cache_create_tokens: u64,
    /// How full the context was, added up over the responses whose model's window is known, in
    /// percent, and how many these are: their quotient is the mean.
    pub context_pct_sum: f64,
    pub context_turn_count: u64,
    /// The model that cost most.
    pub model: String,
    /// Some of the tokens are estimates.
    pub estimated: bool,
    /// The agent records no tokens: `cost` says nothing.
    pub unavailable: bool,
    /// Responses without a known price: not in `cost`.
    pub unpriced_responses: u32,
    /// What the agent itself recorded; `null`: nothing.
    pub recorded_cost: Option<f64>,
    pub by_model: Vec<ModelCost>,
    /// Costliest first; `name` is `""` for responses that called no tool.
    pub by_tool: Vec<ToolCost>,
    /// In order.
    pub turns: Vec<TurnCost>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolCost {
    pub name: String,
    pub tokens: TokenRecord,
    /// US dollars; `null`: none of it has a price.
    pub usd: Option<f64>,
}

/// One prompt and everything that the model did for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TurnCost {
    /// Ordinal of the prompt in its session; `null`: before the first one.
    pub seq: Option<u32>,
    /// Time of the first and last record of its responses, ms since the epoch.
    pub first_ts: i64,
    pub last_ts: i64,
    pub responses: u64,
    pub tokens: TokenRecord,
    /// US dollars; `null`: none of it has a price.
    pub usd: Option<f64>,
    /// Tokens of its largest prompt, and how many fit where that is known.
    pub context: u64,
    pub window: Option<u64>,
}

/// [`CostAnswer`].
///
/// # Errors
/// 404 for an id that no session, or more than one, has.
pub fn one(engine: &Engine, id: &str, _params: &Params) -> Result<Reply<CostAnswer>, Failure> {
    let sid = find(engine, id)?;
    let view = engine.session(sid)?.ok_or_else(|| unknown(id))?;
    let (cost, tokens) = (&view.card.cost, &view.card.tokens);
    let turns = engine.turns(sid)?;
    Ok(Reply::from(CostAnswer {
        cost: dollars(cost.micros),
        input_tokens: tokens.input,
        output_tokens: tokens.output,
        cache_read_tokens: tokens.cache_read,
        cache_create_tokens: tokens.cache_write(),
        context_pct_sum: turns.iter().map(|turn| turn.fill_sum * 100.0).sum(),
        context_turn_count: turns.iter().map(|turn| turn.fill_count).sum(),
        model: view
            .cost_by_model
            .first()
            .map_or_else(String::new, |(model, ..)| model.clone()),
        estimated: cost.estimated > 0,
        unavailable: cost.unrecorded,
        unpriced_responses: cost.unpriced,
        recorded_cost: (cost.recorded > 0).then(|| dollars(cost.recorded_micros)),
        by_model: view
            .cost_by_model
            .iter()
            .map(|(model, tokens, cost)| ModelCost {
                model: model.clone(),
                tokens: tokens.into(),
                cost: CostRecord::from(cost),
            })
            .collect(),
        by_tool: engine
            .tool_costs(sid)?
            .iter()
            .map(|(name, amount)| ToolCost {
                name: name.clone(),
                tokens: (&amount.tokens).into(),
                usd: usd(amount),
            })
            .collect(),
        turns: turns.iter().map(TurnCost::from).collect(),
    }))
}

/// `None` where nothing has a price.
fn usd(amount: &Amount) -> Option<f64> {
    let priced = amount.unpriced_responses == 0 || amount.unpriced_responses < amount.responses;
    priced.then(|| dollars(amount.cost))
}

impl From<&TurnView> for TurnCost {
    fn from(turn: &TurnView) -> TurnCost {
        TurnCost {
            seq: turn.seq,
            first_ts: turn.at,
            last_ts: turn.until,
            responses: turn.amount.responses,
            tokens: (&turn.amount.tokens).into(),
            usd: usd(&turn.amount),
            context: turn.context,
            window: turn.window,
        }
    }
}
