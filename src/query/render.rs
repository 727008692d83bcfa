//! A query back to text that parses to the same query.

use super::{Field, Filter, Node, Query};
use std::fmt;

impl Query {
    /// The question in its canonical spelling: filters first, so that a stray quote of the
    /// text cannot pair with one of theirs; dates absolute.
    pub fn to_text(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut blank = "";
        for filter in &self.filters {
            write!(f, "{blank}{filter}")?;
            blank = " ";
        }
        if let Some(text) = &self.text {
            write!(f, "{blank}{text}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, nodes: &[Node], between: &str| {
            for (i, node) in nodes.iter().enumerate() {
                write!(f, "{}{node}", if i > 0 { between } else { "" })?;
            }
            Ok(())
        };
        match self {
            Node::Word(word) => f.write_str(word),
            Node::Phrase(phrase) => write!(f, "\"{phrase}\""),
            Node::Prefix(stem) => write!(f, "{stem}*"),
            Node::All(nodes) => list(f, nodes, " "),
            Node::Any(nodes) => list(f, nodes, " OR "),
            Node::Not(node) => write!(f, "-{node}"),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negated { "-" } else { "" };
        let value = |value: &str| {
            if value.contains(|c: char| c.is_whitespace() || c == '\0') {
                format!("\"{value}\"")
            } else {
                value.to_owned()
            }
        };
        let (name, value) = match &self.field {
            Field::Agent(v) => ("agent", value(v)),
            Field::Project(v) => ("project", value(v)),
            Field::Role(v) => ("role", value(v)),
            Field::Tool(v) => ("tool", value(v)),
            Field::Model(v) => ("model", value(v)),
            Field::Branch(v) => ("branch", value(v)),
            Field::Repo(v) => ("repo", value(v)),
            Field::Tag(v) => ("tag", value(v)),
            Field::File(v) => ("file", value(v)),
            Field::After(day) => ("after", day.to_string()),
            Field::Before(day) => ("before", day.to_string()),
            Field::IsHelper => ("is", "helper".to_owned()),
            Field::IsSubAgent => ("is", "subagent".to_owned()),
            Field::HasError => ("has", "error".to_owned()),
        };
        write!(f, "{sign}{name}:{value}")
    }
}
