//! The query string as pages use it: an ordered list of known names, from which every link is made.

use crate::engine::view::{Filters, bands};
use crate::model::Day;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stays readable in a query value or a path segment.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/')
    .remove(b':')
    .remove(b',')
    .remove(b'@');
const SEGMENT: &AsciiSet = &QUERY.remove(b'+').add(b'/').add(b':');

/// Stands in addresses for the value "not recorded", since empty values do not exist there.
pub const NONE: &str = "(none)";

/// A facet value as addresses carry it.
pub fn carried(value: &str) -> &str {
    if value.is_empty() { NONE } else { value }
}

/// Values by name in the order of the address; empty values do not exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads a query string or a form body. Broken percent-encodings are text, never an error.
    pub fn parse(query: &str) -> Params {
        let decode = |part: &str| -> String {
            percent_decode_str(&part.replace('+', " "))
                .decode_utf8_lossy()
                .into_owned()
        };
        Params(
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .map(|(name, value)| (decode(name), decode(value)))
                .filter(|(_, value)| !value.trim().is_empty())
                .collect(),
        )
    }
    /// Only these names, in this order, each value once: the canonical state of a page.
    pub fn only(&self, names: &[&str]) -> Params {
        let mut kept: Vec<(String, String)> = Vec::new();
        for name in names {
            for pair in self.0.iter().filter(|(key, _)| key == name) {
                if !kept.contains(pair) {
                    kept.push(pair.clone());
                }
            }
        }
        Params(kept)
    }
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
    pub fn flag(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| matches!(value, "1" | "true" | "on"))
    }
    pub fn number(&self, name: &str) -> Option<usize> {
        self.get(name)?.parse().ok()
    }
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Without this name, and without the page position, which belongs to the old list.
    pub fn without(&self, name: &str) -> Params {
        let mut next = self.clone();
        next.0.retain(|(key, _)| key != name && key != "offset");
        next
    }
    /// Without any of these names, and without the page position.
    pub fn without_any(&self, names: &[&str]) -> Params {
        let mut next = self.clone();
        next.0
            .retain(|(key, _)| key != "offset" && !names.contains(&key.as_str()));
        next
    }
    /// With this one value under this name (`""` removes it).
    pub fn with(&self, name: &str, value: &str) -> Params {
        let mut next = self.without(name);
        if !value.is_empty() {
            next.0.push((name.to_owned(), value.to_owned()));
        }
        next
    }
    /// Adds the value to the name's values, or takes it away when it is one of them.
    pub fn toggled(&self, name: &str, value: &str) -> Params {
        let mut next = self.clone();
        next.0.retain(|(key, _)| key != "offset");
        let before = next.0.len();
        next.0.retain(|(key, old)| key != name || old != value);
        if next.0.len() == before {
            next.0.push((name.to_owned(), value.to_owned()));
        }
        next
    }
    pub fn query(&self) -> String {
        let mut query = String::new();
        for (name, value) in &self.0 {
            if !query.is_empty() {
                query.push('&');
            }
            query.extend(utf8_percent_encode(name, QUERY));
            query.push('=');
            query.extend(utf8_percent_encode(value, QUERY));
        }
        query
    }
    pub fn url(&self, path: &str) -> String {
        match self.query() {
            query if query.is_empty() => path.to_owned(),
            query => format!("{path}?{query}"),
        }
    }

    /// The filters that every view shares. Values that make no sense filter nothing.
    pub fn filters(&self) -> Filters {
        let list = |name| {
            let meant = |value| if value == NONE { "" } else { value };
            self.all(name)
                .map(|value| meant(value).to_owned())
                .collect()
        };
        let known = |name: &'static str| {
            let known = |value: &&str| {
                bands(name).is_some_and(|all| all.iter().any(|band| band.value == *value))
            };
            self.all(name).filter(known).map(str::to_owned).collect()
        };
        let day = |name| self.get(name).and_then(Day::parse);
        let (mut from, mut to) = (day("from"), day("to"));
        if let (Some(first), Some(last)) = (from, to)
            && first > last
        {
            (from, to) = (to, from);
        }
        Filters {
            agents: list("agent"),
            projects: list("project"),
            repos: list("repo"),
            models: list("model"),
            branches: list("branch"),
            tools: list("tool"),
            tags: list("tag"),
            mcp: list("mcp"),
            skills: list("skill"),
            helpers: known("helper"),
            has: known("has"),
            costs: known("cost"),
            lengths: known("length"),
            starred: self.flag("starred"),
            from,
            to,
            include_helpers: self.flag("include_helpers"),
            include_empty: self.flag("include_empty"),
        }
    }
}

/// One path segment, encoded.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// Names that [`Params::filters`] reads.
pub const FILTERS: [&str; 18] = [
    "agent",
    "project",
    "repo",
    "model",
    "branch",
    "tool",
    "tag",
    "mcp",
    "skill",
    "helper",
    "has",
    "cost",
    "length",
    "starred",
    "from",
    "to",
    "include_helpers",
    "include_empty",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_the_round_trip() {
        let params = Params::parse("q=a+b%26c&agent=x&agent=y&from=&project=%2Fsrv%2Fé");
        assert_eq!(params.get("q"), Some("a b&c"));
        assert_eq!(params.all("agent").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(params.get("from"), None, "empty values do not exist");
        assert_eq!(Params::parse(&params.query()), params);
    }

    #[test]
    fn broken_encodings_are_text() {
        assert_eq!(
            Params::parse("q=100%&r=%zz&s=%ff").get("q"),
            Some("100%"),
            "a lone percent sign is what was typed"
        );
    }

    #[test]
    fn ticking_twice_is_as_before_and_leaves_the_page_position() {
        let params = Params::parse("agent=x&offset=60");
        let ticked = params.toggled("agent", "y");
        assert_eq!(ticked.query(), "agent=x&agent=y");
        assert_eq!(ticked.toggled("agent", "y").query(), "agent=x");
    }

    #[test]
    fn what_is_not_recorded_can_be_asked_for() {
        let params = Params::default().toggled("project", carried(""));
        assert_eq!(Params::parse(&params.query()).filters().projects, [""]);
    }

    #[test]
    fn swapped_dates_are_put_in_order() {
        let filters = Params::parse("from=2026-05-02&to=2026-05-01").filters();
        assert_eq!(filters.from, Day::parse("2026-05-01"));
        assert_eq!(filters.to, Day::parse("2026-05-02"));
        assert_eq!(Params::parse("from=someday").filters().from, None);
    }
}
