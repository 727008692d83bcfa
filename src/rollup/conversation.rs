//! Which runs are one conversation.

use crate::model::SessionSummary;
use xxhash_rust::xxh3::Xxh3;

/// Runs with the same key are one conversation: same agent, project and first 200 characters of the
/// first prompt. Helper runs are one per project, sub-agents one per parent. `None` (no prompt)
/// never groups: sessions without a prompt have nothing in common but that.
pub fn conversation_key(session: &SessionSummary) -> Option<u64> {
    let mut hash = Xxh3::new();
    let mut part = |text: &str| {
        hash.update(text.as_bytes());
        hash.update(&[0]);
    };
    if session.is_sub_agent() {
        part("sub-agent");
        part(session.key.agent.as_str());
        part(session.parent.as_deref()?);
    } else if session.helper.is_some() {
        part("helper");
        part(&session.project);
    } else {
        let prompt: String = session.first_prompt.trim().chars().take(200).collect();
        if prompt.is_empty() {
            return None;
        }
        part("prompt");
        part(session.agent.as_str());
        part(&session.project);
        part(&prompt);
    }
    Some(hash.digest())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HelperReason, Relation};

    fn session(prompt: &str, project: &str) -> SessionSummary {
        SessionSummary {
            first_prompt: prompt.into(),
            project: project.into(),
            ..Default::default()
        }
    }

    #[test]
    fn retries_group_and_projects_do_not_mix() {
        let key = |prompt: &str, project: &str| conversation_key(&session(prompt, project));
        assert_eq!(key("fix the login", "/a"), key(" fix the login\n", "/a"));
        assert_ne!(key("fix the login", "/a"), key("fix the login", "/b"));
        assert_ne!(key("fix the login", "/a"), key("fix the logout", "/a"));
        let long = "x".repeat(200);
        assert_eq!(
            key(&format!("{long}one"), "/a"),
            key(&format!("{long}two"), "/a")
        );
    }

    #[test]
    fn nothing_groups_by_an_empty_prompt() {
        assert_eq!(conversation_key(&session("", "/a")), None);
        assert_eq!(conversation_key(&session(" \n", "/a")), None);
    }

    #[test]
    fn helpers_group_by_project_and_sub_agents_by_parent() {
        let mut one = session("You are in /w", "/a");
        let mut two = session("Read-only task.", "/a");
        one.helper = Some(HelperReason::Scripted);
        two.helper = Some(HelperReason::Scripted);
        assert_eq!(conversation_key(&one), conversation_key(&two));
        one.relation = Relation::SubAgent;
        one.parent = Some("p".into());
        two.relation = Relation::SubAgent;
        two.parent = Some("q".into());
        assert_ne!(conversation_key(&one), conversation_key(&two));
    }
}
