//! Tokens and money.

use super::id::AgentId;
use serde::{Deserialize, Serialize};
use std::ops::{Add, AddAssign, SubAssign};
use xxhash_rust::xxh3::Xxh3;

/// What one record says that one model response used. Several records may tell of one response.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UsageEvent {
    /// Names the response within the agent, whatever the file: the same key is the same response.
    pub key: String,
    /// The record's own id, as in `Message::uuid` without the block; `""` where there is none.
    pub record: String,
    /// `request_id` and friends, where ids are not unique by themselves (accounting.md 1.4 rule 2).
    pub request: Option<String>,
    /// `""` when not recorded.
    pub model: String,
    pub tier: Tier,
    pub tokens: Tokens,
    /// Recorded by the agent, micro-dollars.
    pub recorded_cost: Option<i64>,
    /// Processed in the US region at its surcharge.
    pub us_region: bool,
    /// A copy from another session (`forkedFrom`, replayed prefix).
    pub copy: bool,
    pub sidechain: bool,
    /// The tokens are the agent's own estimate, not the provider's count.
    pub estimated: bool,
    /// A running sum of the whole session, told again whenever it has grown: no response of its own.
    pub sum: bool,
}

/// Names a response across files and sessions.
pub fn response_key(agent: &AgentId, key: &str) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(agent.as_str().as_bytes());
    hash.update(&[0]);
    hash.update(key.as_bytes());
    hash.digest()
}

/// What one session says of one model response; several sessions may tell of the same one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// Hash of the agent and of `UsageEvent::key`: [`response_key`].
    pub key: u64,
    /// Tells responses apart that share a key within this session.
    pub variant: u16,
    /// Hash of `UsageEvent::request`.
    pub request: Option<u64>,
    /// Time of the first and last record, ms; 0 where nothing in the session has a time.
    pub first_at: i64,
    pub last_at: i64,
    pub model: String,
    pub tier: Tier,
    pub tokens: Tokens,
    pub recorded_cost: Option<i64>,
    pub us_region: bool,
    pub copy: bool,
    pub sidechain: bool,
    pub estimated: bool,
    /// Branch that was checked out; `""` when not recorded.
    pub branch: String,
    /// Ordinal of the prompt in its session that this answers; `None` before the first one.
    pub turn: Option<u32>,
    /// Names of the tools that it called, in order, one for each call.
    pub tools: Vec<String>,
}

/// A response as it counts: once, on one day, for one session.
///
/// Everything finer than a [`UsageBucket`](super::UsageBucket) is told from these: single prompts, tools, the
/// last sixty minutes, context fill.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Response {
    /// Time of its first record, ms: the time that it counts at.
    pub at: i64,
    /// Time of its last record, ms.
    pub until: i64,
    /// Part of the hash of agent and response key.
    pub key: u64,
    pub turn: Option<u32>,
    pub model: String,
    pub branch: String,
    pub tier: Tier,
    pub us_region: bool,
    pub estimated: bool,
    pub tokens: Tokens,
    /// Micro-dollars.
    pub recorded_cost: Option<i64>,
    pub tools: Vec<String>,
}

impl Response {
    pub fn of(claim: &Claim, key: u64) -> Response {
        Response {
            at: claim.first_at,
            until: claim.last_at,
            key,
            turn: claim.turn,
            model: claim.model.clone(),
            branch: claim.branch.clone(),
            tier: claim.tier,
            us_region: claim.us_region,
            estimated: claim.estimated,
            tokens: claim.tokens,
            recorded_cost: claim.recorded_cost,
            tools: claim.tools.clone(),
        }
    }
}

/// Token counts of one or many responses. All exclusive of each other, but for `reasoning`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tokens {
    /// Fresh input: without cache reads and writes.
    pub input: u64,
    pub cache_read: u64,
    pub cache_write_5m: u64,
    pub cache_write_1h: u64,
    /// Output, reasoning included.
    pub output: u64,
    /// The part of `output` that was reasoning.
    pub reasoning: u64,
    pub web_searches: u64,
}

impl Tokens {
    /// Everything that the model read: what long-context tiers and context fill go by.
    pub fn prompt(&self) -> u64 {
        self.input
            .saturating_add(self.cache_read)
            .saturating_add(self.cache_write())
    }
    pub fn total(&self) -> u64 {
        self.prompt().saturating_add(self.output)
    }
    pub fn cache_write(&self) -> u64 {
        self.cache_write_5m.saturating_add(self.cache_write_1h)
    }
    /// No response has more of anything than this: a greater count is damage, and sums must hold.
    pub const MOST: u64 = 1 << 40;

    /// No count beyond [`Tokens::MOST`].
    pub fn believable(self) -> Tokens {
        const MOST: u64 = Tokens::MOST;
        Tokens {
            input: self.input.min(MOST),
            cache_read: self.cache_read.min(MOST),
            cache_write_5m: self.cache_write_5m.min(MOST),
            cache_write_1h: self.cache_write_1h.min(MOST),
            output: self.output.min(MOST),
            reasoning: self.reasoning.min(MOST),
            web_searches: self.web_searches.min(MOST),
        }
    }
    /// Per-field maximum: two partial reports of one response. One of them may not tell how what was
    /// written to the cache is split: the sum and its 1 h part are compared, and the rest is 5 min.
    pub fn max(self, other: Tokens) -> Tokens {
        let written = self.cache_write().max(other.cache_write());
        let long = self.cache_write_1h.max(other.cache_write_1h);
        Tokens {
            input: self.input.max(other.input),
            cache_read: self.cache_read.max(other.cache_read),
            cache_write_5m: written - long,
            cache_write_1h: long,
            output: self.output.max(other.output),
            reasoning: self.reasoning.max(other.reasoning),
            web_searches: self.web_searches.max(other.web_searches),
        }
    }
}

impl Add for Tokens {
    type Output = Tokens;
    fn add(self, o: Tokens) -> Tokens {
        Tokens {
            input: self.input.saturating_add(o.input),
            cache_read: self.cache_read.saturating_add(o.cache_read),
            cache_write_5m: self.cache_write_5m.saturating_add(o.cache_write_5m),
            cache_write_1h: self.cache_write_1h.saturating_add(o.cache_write_1h),
            output: self.output.saturating_add(o.output),
            reasoning: self.reasoning.saturating_add(o.reasoning),
            web_searches: self.web_searches.saturating_add(o.web_searches),
        }
    }
}

impl AddAssign for Tokens {
    fn add_assign(&mut self, o: Tokens) {
        *self = *self + o;
    }
}

impl SubAssign for Tokens {
    fn sub_assign(&mut self, o: Tokens) {
        self.input -= o.input;
        self.cache_read -= o.cache_read;
        self.cache_write_5m -= o.cache_write_5m;
        self.cache_write_1h -= o.cache_write_1h;
        self.output -= o.output;
        self.reasoning -= o.reasoning;
        self.web_searches -= o.web_searches;
    }
}

/// Service tier or speed of a response, as billed.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub enum Tier {
    #[default]
    Standard,
    Fast,
    Priority,
    Flex,
    Batch,
}

/// Money for some tokens, in integer micro-dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostParts {
    pub input: i64,
    pub output: i64,
    pub cache_read: i64,
    pub cache_write: i64,
    pub other: i64,
}

impl CostParts {
    pub fn total(&self) -> i64 {
        self.input + self.output + self.cache_read + self.cache_write + self.other
    }
}

impl AddAssign for CostParts {
    fn add_assign(&mut self, o: CostParts) {
        self.input += o.input;
        self.output += o.output;
        self.cache_read += o.cache_read;
        self.cache_write += o.cache_write;
        self.other += o.other;
    }
}

impl SubAssign for CostParts {
    fn sub_assign(&mut self, o: CostParts) {
        self.input -= o.input;
        self.output -= o.output;
        self.cache_read -= o.cache_read;
        self.cache_write -= o.cache_write;
        self.other -= o.other;
    }
}

/// The answer of the price table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    Priced(CostParts),
    /// No price is known for this model at this time: said so, never zero and never a guess.
    Unpriced,
}

/// Which of two costs counts: ours from the price table, or the one that the agent recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CostMode {
    /// Ours; the recorded one where no price is known.
    #[default]
    Auto,
    /// Ours alone.
    Calculate,
    /// The recorded one alone.
    Recorded,
}

impl CostMode {
    /// The words of settings and parameters.
    pub const WORDS: [(&str, CostMode); 3] = [
        ("auto", CostMode::Auto),
        ("calculate", CostMode::Calculate),
        ("recorded", CostMode::Recorded),
    ];

    pub fn parse(word: &str) -> Option<CostMode> {
        let found = CostMode::WORDS.iter().find(|(known, _)| *known == word);
        found.map(|(_, mode)| *mode)
    }
}

/// A person's own price of a model, dollars for a million tokens; it holds for every response of that
/// model, whatever its time, tier and size.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnPrice {
    /// As recorded, any case.
    pub model: String,
    pub input: f64,
    pub output: f64,
    /// `None`: as fresh input.
    pub cache_read: Option<f64>,
    /// `None`: as fresh input.
    pub cache_write: Option<f64>,
    /// `None`: twice the fresh input.
    pub cache_write_1h: Option<f64>,
}
