//! How many sessions the patterns of helper runs match.

use super::Engine;
use crate::rollup::{PATTERNS, pattern_matches};
use anyhow::Result;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Counts remembered: one is asked for with every key that somebody types.
const REMEMBERED: usize = 64;

/// What patterns matched, with the generation of the store that they were counted at.
pub(super) type PatternsTold = Mutex<(u64, HashMap<String, Option<usize>>)>;

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
        let mut told = self.patterns.lock().unwrap_or_else(PoisonError::into_inner);
        if told.0 != catalog.generation || told.1.len() > REMEMBERED {
            *told = (catalog.generation, HashMap::new());
        }
        let counts = all.chain(built_in).map(|(name, pattern)| {
            let count = || {
                let prompts = catalog
                    .iter()
                    .map(|entry| &entry.summary)
                    .filter(|session| !session.is_sub_agent())
                    .map(|session| session.first_prompt.as_str());
                pattern_matches(pattern, prompts)
            };
            PatternCount {
                name,
                pattern: pattern.to_owned(),
                sessions: *told.1.entry(pattern.to_owned()).or_insert_with(count),
            }
        });
        Ok(counts.collect())
    }
}
