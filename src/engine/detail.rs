//! What is told of single responses: tools, prompts, how full the context was.

use super::cost::Pricer;
use super::names::Names;
use super::turns::{by_tool, window};
use crate::model::{Day, Response};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Tenths of the context window; the last one holds what is full.
pub(super) const TENTHS: usize = 10;

/// One session's responses, as far as day rows do not tell of them.
#[derive(Default)]
pub(super) struct Detail {
    pub tools: Box<[ToolCell]>,
    pub turns: Box<[Turn]>,
    pub fills: Box<[Fill]>,
}

/// What filters ask of a response.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub day: Day,
    /// Numbers in the ledger's name tables.
    pub model: u32,
    pub branch: u32,
}

/// Responses that called one tool, as far as they are its own: a response's money is shared evenly
/// among its calls.
pub(super) struct ToolCell {
    pub place: Place,
    pub tool: u32,
    pub spent: Spent,
}

/// Responses of one prompt; a prompt may have several of these.
pub(super) struct Turn {
    pub place: Place,
    /// Ordinal of the prompt; `None`: before the first one.
    pub seq: Option<u32>,
    /// Time of the first response, ms.
    pub at: i64,
    pub spent: Spent,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Spent {
    /// Micro-dollars.
    pub cost: i64,
    pub tokens: u64,
    pub responses: u64,
    pub unpriced: u64,
}

/// How much of the window prompts filled, where the window is known.
pub(super) struct Fill {
    pub place: Place,
    pub sum: FillSum,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FillSum {
    /// Hundredths of a percent, added up.
    pub filled: u64,
    pub responses: u64,
    pub tenths: [u64; TENTHS],
}

/// Numbers for names, given out as they are met.
pub(super) struct Numbers<'n> {
    pub models: &'n mut Arc<Names>,
    pub branches: &'n mut Arc<Names>,
    pub tools: &'n mut Arc<Names>,
}

impl Detail {
    /// `told`: the context window that the session's own records name.
    pub fn of(
        days: &BTreeMap<Day, Vec<Response>>,
        told: Option<u64>,
        pricer: &mut Pricer,
        numbers: &mut Numbers<'_>,
    ) -> Detail {
        let mut tools: BTreeMap<(Place, u32), Spent> = BTreeMap::new();
        let mut turns: Vec<Turn> = Vec::new();
        let mut fills: BTreeMap<Place, FillSum> = BTreeMap::new();
        let (mut models, mut branches) = (Last::default(), Last::default());
        for (day, responses) in days {
            let amounts = pricer.responses(*day, responses);
            for (response, amount) in responses.iter().zip(&amounts) {
                let place = Place {
                    day: *day,
                    model: models.number(numbers.models, &response.model),
                    branch: branches.number(numbers.branches, &response.branch),
                };
                let spent = Spent::from(amount);
                let mut share = |tool: &str, spent: &Spent| {
                    let tool = Names::intern(numbers.tools, tool);
                    tools.entry((place, tool)).or_default().add(spent);
                };
                match response.tools.as_slice() {
                    [] => share("", &spent),
                    [tool] => share(tool, &spent),
                    _ => by_tool(response, amount)
                        .iter()
                        .for_each(|(tool, amount)| share(tool, &amount.into())),
                }
                add_turn(&mut turns, place, response, &spent);
                let prompt = response.tokens.prompt();
                if let Some(window) = window(told, &response.model, prompt).filter(|_| prompt > 0) {
                    fills.entry(place).or_default().fill(prompt, window);
                }
            }
        }
        Detail {
            tools: tools
                .into_iter()
                .map(|((place, tool), spent)| ToolCell { place, tool, spent })
                .collect(),
            turns: turns.into(),
            fills: fills
                .into_iter()
                .map(|(place, sum)| Fill { place, sum })
                .collect(),
        }
    }
}

/// Responses come in order of time, so that those of one prompt come together but for a few.
fn add_turn(turns: &mut Vec<Turn>, place: Place, response: &Response, spent: &Spent) {
    let mut newest = turns.iter_mut().rev().take(3);
    match newest.find(|turn| turn.place == place && turn.seq == response.turn) {
        Some(turn) => {
            turn.at = turn.at.min(response.at);
            turn.spent.add(spent);
        }
        None => turns.push(Turn {
            place,
            seq: response.turn,
            at: response.at,
            spent: *spent,
        }),
    }
}

/// The number of the last name: names come in runs.
#[derive(Default)]
struct Last<'r>(Option<(&'r str, u32)>);

impl<'r> Last<'r> {
    fn number(&mut self, names: &mut Arc<Names>, name: &'r str) -> u32 {
        match self.0 {
            Some((last, number)) if last == name => number,
            _ => {
                let number = Names::intern(names, name);
                self.0 = Some((name, number));
                number
            }
        }
    }
}

impl From<&super::view::Amount> for Spent {
    fn from(amount: &super::view::Amount) -> Spent {
        Spent {
            cost: amount.cost,
            tokens: amount.tokens.total(),
            responses: amount.responses,
            unpriced: amount.unpriced_responses,
        }
    }
}

impl Spent {
    pub fn add(&mut self, other: &Spent) {
        self.shift(other, 1);
    }

    /// Adds (`sign` 1) or takes back (-1).
    pub fn shift(&mut self, other: &Spent, sign: i64) {
        self.cost += sign * other.cost;
        for (sum, by) in [
            (&mut self.tokens, other.tokens),
            (&mut self.responses, other.responses),
            (&mut self.unpriced, other.unpriced),
        ] {
            *sum = sum.wrapping_add_signed(sign * by as i64);
        }
    }
}

impl FillSum {
    fn fill(&mut self, prompt: u64, window: u64) {
        let filled = (prompt.saturating_mul(10_000) / window.max(1)).min(10_000);
        self.filled += filled;
        self.responses += 1;
        let tenth = (filled as usize * TENTHS / 10_000).min(TENTHS - 1);
        self.tenths[tenth] += 1;
    }

    /// Adds (`sign` 1) or takes back (-1).
    pub fn shift(&mut self, other: &FillSum, sign: i64) {
        let step = |sum: &mut u64, by: u64| *sum = sum.wrapping_add_signed(sign * by as i64);
        step(&mut self.filled, other.filled);
        step(&mut self.responses, other.responses);
        for (sum, by) in self.tenths.iter_mut().zip(other.tenths) {
            step(sum, by);
        }
    }
}
