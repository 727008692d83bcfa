//! Which sessions were started by a program and not by a person.
//!
//! Two signs: the agent says so itself (`Fact::Scripted`), or the first prompt begins like the
//! prompts that orchestrating scripts write. The list is data, each entry with its tests; people's
//! prompts that look similar must not match.

use crate::model::{HelperReason, SessionSummary};
use regex::Regex;

/// Name and pattern of each built-in rule. Patterns see the first prompt, trimmed, at most 400
/// characters of it.
pub const PATTERNS: [(&str, &str); 9] = [
    ("work folder", r"^You are in /\S+[.:;,\n]"),
    ("read-only task", r"^Read-only task\."),
    ("work only in", r"^Work (only )?in /\S"),
    ("pair-local lane", r"^Pair-local .{0,80} lane"),
    ("agent heading", r"^## \S+ \S+ Agent\b"),
    ("orchestrator file", r"^Read \$OMX_[A-Z_]+"),
    (
        "json only",
        r"^(?:Return|Respond|Reply|Answer|Output)(?: with)? only (?:valid |raw |strict )?JSON\b",
    ),
    (
        "non-interactive",
        r"^You are (?:a|an) (?:non-interactive|headless|autonomous|background) (?:\S+ ){0,3}(?:agent|worker|reviewer|subagent)\b",
    ),
    (
        "task record",
        r"^(?:\[task:[^\]\s]+\]|<task[ >]|TASK_ID[=:])",
    ),
];

/// The built-in rules with the user's own behind them.
#[derive(Clone, Debug)]
pub struct HelperRules {
    rules: Vec<(String, Regex)>,
}

impl HelperRules {
    /// # Errors
    /// A pattern of the user's that is no regular expression; names it.
    pub fn new(own: &[String]) -> Result<HelperRules, regex::Error> {
        let mut rules = Vec::with_capacity(PATTERNS.len() + own.len());
        for (name, pattern) in PATTERNS {
            rules.push((name.to_owned(), Regex::new(pattern)?));
        }
        for pattern in own {
            rules.push((pattern.clone(), Regex::new(pattern)?));
        }
        Ok(HelperRules { rules })
    }

    /// Why this session is a helper run, if it is one. `scripted`: the agent said so.
    pub fn reason(&self, session: &SessionSummary, scripted: bool) -> Option<HelperReason> {
        if scripted {
            return Some(HelperReason::Scripted);
        }
        self.pattern_of(&session.first_prompt)
            .map(|name| HelperReason::Pattern(name.to_owned()))
    }

    fn pattern_of(&self, prompt: &str) -> Option<&str> {
        let prompt = prompt.trim_start();
        self.rules
            .iter()
            .find(|(_, rule)| rule.is_match(prompt))
            .map(|(name, _)| name.as_str())
    }
}

/// How many of these first prompts a pattern matches; `None` when it is no regular expression.
pub fn pattern_matches<'p>(pattern: &str, prompts: impl Iterator<Item = &'p str>) -> Option<usize> {
    let rule = Regex::new(pattern).ok()?;
    Some(
        prompts
            .filter(|prompt| rule.is_match(prompt.trim_start()))
            .count(),
    )
}

impl Default for HelperRules {
    fn default() -> Self {
        HelperRules::new(&[]).expect("the built-in patterns compile: a test runs them")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pattern_knows_its_prompts() {
        let cases = [
            (
                "work folder",
                "You are in /srv/build/app. List the failing tests.",
            ),
            (
                "read-only task",
                "Read-only task. Do not edit files. Summarise the parser.",
            ),
            ("work only in", "Work only in /tmp/wt/alpha and report back"),
            ("work only in", "Work in /tmp/wt/alpha. No other folder."),
            (
                "pair-local lane",
                "Pair-local verification lane: check the diff",
            ),
            (
                "agent heading",
                "## Code Review Agent\n\nYou check one file.",
            ),
            (
                "orchestrator file",
                "Read $OMX_STATE_FILE and continue from there",
            ),
            (
                "json only",
                "Respond with only valid JSON: {\"title\": ...}",
            ),
            ("json only", "Return only JSON describing the risk"),
            (
                "non-interactive",
                "You are a non-interactive code review agent. Never ask.",
            ),
            ("non-interactive", "You are an autonomous worker on queue 7"),
            ("task record", "[task:7f3a] rebase and run the suite"),
            ("task record", "<task id=\"9\">split the module</task>"),
            ("task record", "TASK_ID=12 fix flaky test"),
        ];
        let rules = HelperRules::default();
        for (name, prompt) in cases {
            assert_eq!(rules.pattern_of(prompt), Some(name), "{prompt}");
        }
        for (name, _) in PATTERNS {
            assert!(
                cases.iter().any(|case| case.0 == name),
                "no case for {name}"
            );
        }
    }

    #[test]
    fn people_who_sound_similar_are_people() {
        let rules = HelperRules::default();
        for prompt in [
            "You are in charge of the release today, what is missing?",
            "You are in / right? cd to the repo first",
            "Read-only tasks should not take the lock, why do they?",
            "Work in progress: finish the login form",
            "Work on /settings page next",
            "Can two lanes be pair-local at once? explain the lane",
            "## Login Agents are broken",
            "Read $HOME/notes.md and plan the week",
            "Return only JSONP when a callback is given",
            "please respond with only json",
            "You are an autonomous car expert, explain lidar",
            "task: rename the button",
            "<tasks> tag is not closed in index.html",
            "",
        ] {
            assert_eq!(rules.pattern_of(prompt), None, "{prompt}");
        }
    }

    #[test]
    fn the_agents_own_word_counts_and_own_patterns_join() {
        let mut session = SessionSummary {
            first_prompt: "nightly: sweep".into(),
            ..Default::default()
        };
        let rules = HelperRules::new(&["^nightly:".into()]).unwrap();
        assert_eq!(
            rules.reason(&session, false),
            Some(HelperReason::Pattern("^nightly:".into()))
        );
        session.first_prompt = "hello".into();
        assert_eq!(rules.reason(&session, false), None);
        assert_eq!(rules.reason(&session, true), Some(HelperReason::Scripted));
        assert!(HelperRules::new(&["(".into()]).is_err());
    }
}
