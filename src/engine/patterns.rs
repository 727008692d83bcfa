//! How many sessions the patterns of helper runs match.

use super::Engine;
use crate::rollup::{PATTERNS, pattern_matches};
use anyhow::Result;

/// One pattern with what it matches now.
#[derive(Clone, Debug, PartialEq)]
pub struct PatternCount {
    /// Of a built-in pattern; `""` for a person's own.
    pub name: &'static str,
    pub pattern: String,
    /// Sessions whose first prompt it matches, whatever else makes them helpers or not; `None`: it is
    /// no regular expression.
    pub sessions: Option<usize>,
}

impl Engine {
    pub(super) fn count_patterns(&self, own: &[String]) -> Result<Vec<PatternCount>> {
        let catalog = self.catalog.get()?;
        let built_in = PATTERNS.iter().map(|(name, pattern)| (*name, *pattern));
        let all = own.iter().map(|pattern| ("", pattern.as_str()));
        let counts = all.chain(built_in).map(|(name, pattern)| {
            let prompts = catalog
                .iter()
                .map(|entry| &entry.summary)
                .filter(|session| !session.is_sub_agent())
                .map(|session| session.first_prompt.as_str());
            PatternCount {
                name,
                pattern: pattern.to_owned(),
                sessions: pattern_matches(pattern, prompts),
            }
        });
        Ok(counts.collect())
    }
}
