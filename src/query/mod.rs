//! What was asked? Text to a query tree; knows no engine and never fails.
//!
//! Grammar: words, `"phrases"`, `-word`, `OR`, `prefix*`, and `field:value` for the fields of
//! [`Field`]. Anything else, unknown fields included, is text. Fields filter the whole query
//! (the same field twice is "either"; `-field:value` excludes); words combine by AND, `OR` binds
//! its two neighbours.

use crate::model::Day;

mod complete;
mod dates;
mod lex;
mod render;

pub use complete::{Completing, Place, completing, settled};

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
    Repo(String),
    Tag(String),
    File(String),
    /// First day included.
    After(Day),
    /// First day no longer included.
    Before(Day),
    IsHelper,
    IsSubAgent,
    HasError,
}

/// What a person may write, for help and completion.
#[derive(Clone, Copy, Debug)]
pub struct FieldHelp {
    /// With its colon, e.g. `agent:`.
    pub name: &'static str,
    /// All values, where they are few and fixed.
    pub values: &'static [&'static str],
    pub example: &'static str,
    pub about: &'static str,
}

const fn help(
    name: &'static str,
    values: &'static [&'static str],
    example: &'static str,
    about: &'static str,
) -> FieldHelp {
    FieldHelp {
        name,
        values,
        example,
        about,
    }
}

const ROLES: &[&str] = &["user", "assistant", "thinking", "tool", "output", "system"];
const TIMES: &[&str] = &["today", "yesterday", "7d", "2w", "3m", "1y"];

/// Every field of the grammar.
pub const FIELDS: &[FieldHelp] = &[
    help(
        "agent:",
        &[],
        "agent:\"name\"",
        "sessions of one agent, by its id",
    ),
    help(
        "project:",
        &[],
        "project:webshop",
        "path of the project, or a folder in it",
    ),
    help("role:", ROLES, "role:user", "who says it"),
    help("tool:", &[], "tool:Bash", "calls and output of a tool"),
    help(
        "model:",
        &[],
        "model:opus",
        "the model, or a piece of its name",
    ),
    help("branch:", &[], "branch:main", "git branch of the session"),
    help(
        "repo:",
        &[],
        "repo:webshop",
        "repository of the session, or a piece of its path",
    ),
    help("tag:", &[], "tag:infra", "sessions that you tagged so"),
    help(
        "file:",
        &[],
        "file:src/main.rs",
        "tool calls that name a file",
    ),
    help("after:", TIMES, "after:2026-11-01", "from this day on"),
    help("before:", TIMES, "before:2026-11", "until the day before"),
    help(
        "is:",
        &["helper", "subagent"],
        "is:helper",
        "runs that are hidden otherwise",
    ),
    help("has:", &["error"], "has:error", "tool calls that failed"),
];

/// Parses a question. `today` resolves relative dates (`after:7d`, `after:yesterday`, `before:2w`).
///
/// Every text is a question: what is not grammar is words. A text without any letter or digit and
/// without filters is kept as one word, which finds nothing, since only an empty question asks for
/// everything.
pub fn parse(text: &str, today: Day) -> Query {
    let mut filters = Vec::new();
    let mut items = Vec::new();
    for item in lex::items(text, today) {
        match item {
            lex::Item::Filter(filter) => filters.push(filter),
            other => items.push(other),
        }
    }
    let mut nodes = combine(items);
    let asked = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if nodes.is_empty() && filters.is_empty() && !asked.is_empty() {
        nodes.push(Node::Word(asked.to_owned()));
    }
    let text = match nodes.len() {
        0 => None,
        1 => nodes.pop(),
        _ => Some(Node::All(nodes)),
    };
    Query { text, filters }
}

/// `OR` joins the operands on both its sides; at an end, or beside another `OR`, it is a word.
fn combine(items: Vec<lex::Item>) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut items = items.into_iter().peekable();
    while let Some(item) = items.next() {
        let node = match item {
            lex::Item::Operand(node) => node,
            lex::Item::Or => {
                let right = items.next_if(|next| matches!(next, lex::Item::Operand(_)));
                match (nodes.pop(), right) {
                    (Some(Node::Any(mut any)), Some(lex::Item::Operand(right))) => {
                        any.push(right);
                        Node::Any(any)
                    }
                    (Some(left), Some(lex::Item::Operand(right))) => Node::Any(vec![left, right]),
                    (left, right) => {
                        nodes.extend(left);
                        nodes.push(Node::Word("OR".to_owned()));
                        match right {
                            Some(lex::Item::Operand(right)) => right,
                            _ => continue,
                        }
                    }
                }
            }
            lex::Item::Filter(_) => continue,
        };
        nodes.push(node);
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TODAY: Day = Day(20_778);

    fn word(text: &str) -> Node {
        Node::Word(text.to_owned())
    }

    fn text(question: &str) -> Node {
        parse(question, TODAY).text.expect("there is text")
    }

    #[test]
    fn words_phrases_signs() {
        assert_eq!(parse("", TODAY), Query::default());
        assert_eq!(parse(" \t\n", TODAY), Query::default());
        assert_eq!(text("borrow"), word("borrow"));
        assert_eq!(
            text("fix \"borrow checker\" -lifetime conf*"),
            Node::All(vec![
                word("fix"),
                Node::Phrase("borrow checker".into()),
                Node::Not(Box::new(word("lifetime"))),
                Node::Prefix("conf".into()),
            ])
        );
        assert_eq!(
            text("-\"a b\""),
            Node::Not(Box::new(Node::Phrase("a b".into())))
        );
    }

    #[test]
    fn or_binds_its_neighbours() {
        assert_eq!(
            text("a OR b c OR d OR e"),
            Node::All(vec![
                Node::Any(vec![word("a"), word("b")]),
                Node::Any(vec![word("c"), word("d"), word("e")]),
            ])
        );
        assert_eq!(text("OR a"), Node::All(vec![word("OR"), word("a")]));
        assert_eq!(text("a OR"), Node::All(vec![word("a"), word("OR")]));
        assert_eq!(
            text("a or b"),
            Node::All(vec![word("a"), word("or"), word("b")])
        );
        assert_eq!(
            text("a OR agent:x b"),
            Node::Any(vec![word("a"), word("b")]),
            "filters stand beside the text"
        );
    }

    #[test]
    fn real_world_text_is_text() {
        for question in [
            "std::vec",
            "foo.bar:baz(",
            "path/to:file",
            "[x",
            "AND",
            "it's",
            "--no-verify",
            "(unclosed",
            "agent:",
            "after:soon",
            "role:nobody",
            "is:this",
            "https://host/x?a=b&c",
        ] {
            let query = parse(question, TODAY);
            assert_eq!(query.text, Some(word(question)), "{question}");
            assert_eq!(query.filters, [], "{question}");
        }
        assert_eq!(
            text("\"never closed"),
            Node::All(vec![word("never"), word("closed")])
        );
        assert_eq!(
            text("->"),
            word("->"),
            "asks for something, so not for everything"
        );
        assert_eq!(
            text("a -> b && c"),
            Node::All(vec![word("a"), word("b"), word("c")])
        );
    }

    #[test]
    fn filters_with_values() {
        let query = parse(
            "agent:Codex -tool:Bash project:\"my shop\" after:7d IS:Helper has:error x",
            TODAY,
        );
        let plain = |field| Filter {
            field,
            negated: false,
        };
        assert_eq!(query.text, Some(word("x")));
        assert_eq!(
            query.filters,
            [
                plain(Field::Agent("Codex".into())),
                Filter {
                    field: Field::Tool("Bash".into()),
                    negated: true
                },
                plain(Field::Project("my shop".into())),
                plain(Field::After(Day(20_771))),
                plain(Field::IsHelper),
                plain(Field::HasError),
            ]
        );
    }

    #[test]
    fn every_field_of_the_help_parses() {
        for field in FIELDS {
            let query = parse(field.example, TODAY);
            assert_eq!(
                (query.filters.len(), &query.text),
                (1, &None),
                "{}",
                field.name
            );
            for value in field.values {
                let query = parse(&format!("{}{value}", field.name), TODAY);
                assert_eq!(query.filters.len(), 1, "{}{value}", field.name);
            }
        }
    }

    fn question() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("OR".to_owned()),
            Just("AND".to_owned()),
            Just("\"".to_owned()),
            Just("-".to_owned()),
            Just("*".to_owned()),
            Just(":".to_owned()),
            Just("agent:".to_owned()),
            Just("after:7d".to_owned()),
            Just("file:\"a b\"".to_owned()),
            Just("世界".to_owned()),
            "[a-zA-Z0-9_]{1,8}",
            "\\PC{0,6}",
        ];
        let blank = prop_oneof![Just(" "), Just(""), Just("\n")];
        proptest::collection::vec((piece, blank), 0..12)
            .prop_map(|pieces| pieces.into_iter().map(|(p, b)| p + b).collect())
    }

    proptest! {
        #[test]
        fn no_word_is_lost(question in question()) {
            let query = parse(&question, TODAY);
            let kept = format!("{query:?}").to_lowercase() + &query.to_text().to_lowercase();
            let names = ["agent", "project", "role", "tool", "model", "branch", "repo", "tag", "file", "after",
                "before", "is", "has", "7d", "or"];
            for run in question.split(|c: char| !c.is_alphanumeric()).filter(|r| !r.is_empty()) {
                let run = run.to_lowercase();
                prop_assert!(names.contains(&run.as_str()) || kept.contains(&run), "{run} of {question:?} in {query:?}");
            }
        }

        #[test]
        fn rendering_parses_to_the_same(question in question()) {
            let query = parse(&question, TODAY);
            prop_assert_eq!(parse(&query.to_text(), TODAY), query);
        }

        #[test]
        fn any_text_is_a_question(question in "\\PC*") {
            let query = parse(&question, TODAY);
            let blank = question.trim_matches(|c: char| c.is_whitespace() || c == '\0').is_empty();
            prop_assert_eq!(query == Query::default(), blank);
        }
    }
}
