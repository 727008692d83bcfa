//! What was asked? Text to a query tree; knows no engine and never fails.
//!
//! Grammar: words, `"phrases"`, `-word`, `OR`, `prefix*`, and `field:value` for the fields of
//! [`Field`]. Anything else, unknown fields included, is text. Fields filter the whole query
//! (the same field twice is "either"; `-field:value` excludes); words combine by AND, `OR` binds
//! its two neighbours.

use crate::model::Day;

/// A parsed question.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// `None`: no text, filters only.
    pub text: Option<Node>,
    pub filters: Vec<Filter>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A word as typed, e.g. `getUserName`, `std::vec`, `src/main.rs`: the index decides its tokens.
    Word(String),
    Phrase(String),
    Prefix(String),
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    pub field: Field,
    pub negated: bool,
}

/// The known fields, with their values.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    Agent(String),
    Project(String),
    Role(String),
    Tool(String),
    Model(String),
    Branch(String),
    File(String),
    /// First day included.
    After(Day),
    /// First day no longer included.
    Before(Day),
    IsHelper,
    IsSubAgent,
    HasError,
}

/// Parses a question. `today` resolves relative dates (`after:7d`, `after:yesterday`, `before:2w`).
pub fn parse(_text: &str, _today: Day) -> Query {
    Query::default()
}
