//! From what a person types to a session.

use super::catalog::Catalog;
use super::{Engine, Found};
use anyhow::Result;

/// Prefixes shorter than this name nothing.
const SHORTEST: usize = 4;
/// Candidates told when a prefix is not unique.
const TOLD: usize = 8;

impl Engine {
    pub(super) fn find(&self, id: &str) -> Result<Found> {
        Ok(find(&*self.catalog.get()?, id.trim()))
    }
}

/// An exact id wins over a prefix; `agent:` in front narrows either.
fn find(catalog: &Catalog, id: &str) -> Found {
    if id.is_empty() {
        return Found::None;
    }
    let (agent, native) = match id.split_once(':') {
        Some((agent, native))
            if catalog
                .iter()
                .any(|e| e.summary.key.agent.as_str() == agent) =>
        {
            (Some(agent), native)
        }
        _ => (None, id),
    };
    let of_agent = |name: &str| agent.is_none_or(|agent| agent == name);
    let exact: Vec<_> = catalog
        .iter()
        .filter(|e| e.summary.key.native == native && of_agent(e.summary.key.agent.as_str()))
        .collect();
    let candidates = match exact.is_empty() && native.chars().count() >= SHORTEST {
        true => catalog
            .iter()
            .filter(|e| {
                let key = &e.summary.key;
                key.native.starts_with(native) && of_agent(key.agent.as_str())
            })
            .collect(),
        false => exact,
    };
    match candidates.as_slice() {
        [] => Found::None,
        [one] => Found::One(one.sid),
        many => Found::Many(
            many.iter()
                .take(TOLD)
                .map(|e| e.summary.key.to_string())
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{catalog, session};
    use super::*;
    use crate::model::Sid;

    #[test]
    fn ids_prefixes_and_agents() {
        let mut other = session("aaaa-1111", "/p", "one");
        other.key.agent = crate::model::AgentId::new("other");
        let catalog = catalog(vec![
            session("aaaa-1111", "/p", "one"),
            session("aaaa-2222", "/p", "two"),
            session("aaaa-22223", "/p", "three"),
            other,
        ]);
        let one = |id: &str| match find(&catalog, id) {
            Found::One(sid) => Some(sid),
            _ => None,
        };
        let agent = catalog.get(Sid(0)).unwrap().summary.key.agent.clone();
        assert_eq!(one("aaaa-2222"), Some(Sid(1)), "exact wins over prefix");
        assert_eq!(one(&format!("{agent}:aaaa-1111")), Some(Sid(0)));
        assert_eq!(one("other:aaaa"), Some(Sid(3)));
        assert_eq!(one("aaaa-22223"), Some(Sid(2)));
        assert_eq!(one("aaa"), None);
        assert!(matches!(find(&catalog, "zzzz"), Found::None));
        assert!(matches!(find(&catalog, ""), Found::None));
        let Found::Many(ids) = find(&catalog, "aaaa") else {
            panic!("four begin so")
        };
        assert_eq!(ids.len(), 4);
        let Found::Many(ids) = find(&catalog, "aaaa-1111") else {
            panic!("two agents have it")
        };
        assert!(ids.contains(&"other:aaaa-1111".to_owned()));
    }
}
