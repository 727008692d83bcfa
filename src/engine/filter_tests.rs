use super::super::sessions::select;
use super::super::testing::*;
use super::super::view::FacetList;
use super::*;
use crate::model::{Day, SessionSummary, Sid};
use proptest::prelude::*;

/// The filters as a person would check them by hand, one facet left out.
fn passes(catalog: &Catalog, sid: Sid, filters: &Filters, without: Option<&str>) -> bool {
    let entry = catalog.get(sid).unwrap();
    let s: &SessionSummary = &entry.summary;
    let ticked = |facet: &str, values: &[String], has: &dyn Fn(&String) -> bool| {
        without == Some(facet) || values.is_empty() || values.iter().any(has)
    };
    let repo = catalog.project(entry).name.repo.clone();
    let tags = catalog.tags.get(&sid).cloned().unwrap_or_default();
    let day = |ms: i64| Day(ms.div_euclid(DAY) as i32);
    let inside = match (s.first_at, s.last_at) {
        (Some(first), Some(last)) => {
            filters.from.is_none_or(|from| day(last) >= from)
                && filters.to.is_none_or(|to| day(first) <= to)
        }
        _ => filters.from.is_none() && filters.to.is_none(),
    };
    ticked("agent", &filters.agents, &|v| v == s.agent.as_str())
        && ticked("project", &filters.projects, &|v| *v == s.project)
        && ticked("repo", &filters.repos, &|v| Some(v) == repo.as_ref())
        && ticked("model", &filters.models, &|v| s.models.contains(v))
        && ticked("branch", &filters.branches, &|v| s.branches.contains(v))
        && ticked("tool", &filters.tools, &|v| {
            s.tools.iter().any(|tool| tool.name == *v)
        })
        && ticked("tag", &filters.tags, &|v| tags.contains(v))
        && ticked("mcp", &filters.mcp, &|v| s.mcp_servers.contains(v))
        && ticked("skill", &filters.skills, &|v| s.skills.contains(v))
        && ticked("helper", &filters.helpers, &|v| v == helper(s))
        && ticked("length", &filters.lengths, &|v| v == length(s))
        && filters
            .has
            .iter()
            .all(|v| without == Some(v) || holds(catalog, sid, v))
        && (!filters.starred || catalog.starred.contains(&sid))
        && (without == Some("day") || inside)
}

fn helper(s: &SessionSummary) -> &'static str {
    match &s.helper {
        _ if s.is_sub_agent() => "sub-agent",
        None => "none",
        Some(crate::model::HelperReason::Scripted) => "scripted",
        Some(_) => "pattern",
    }
}

fn length(s: &SessionSummary) -> &'static str {
    ["0-9", "10-49", "50-199", "200-999", "1000-"][[10, 50, 200, 1000]
        .iter()
        .filter(|end| s.messages >= **end)
        .count()]
}

fn holds(catalog: &Catalog, sid: Sid, what: &str) -> bool {
    let entry = catalog.get(sid).unwrap();
    let key = &entry.summary.key;
    let child = |other: &SessionSummary| {
        other.is_sub_agent()
            && other.key.agent == key.agent
            && other.parent.as_ref() == Some(&key.native)
    };
    match what {
        "errors" => entry.summary.tool_errors > 0,
        _ => catalog.iter().any(|other| child(&other.summary)),
    }
}

/// Whether a session has a value of a facet.
fn has(catalog: &Catalog, sid: Sid, facet: &str, value: &str) -> bool {
    let entry = catalog.get(sid).unwrap();
    let s = &entry.summary;
    let any = |list: &[String]| list.iter().any(|v| v == value);
    match facet {
        "agent" => s.agent.as_str() == value,
        "project" => s.project == value,
        "repo" => catalog.project(entry).name.repo.as_deref() == Some(value),
        "model" => any(&s.models),
        "branch" => any(&s.branches),
        "tool" => s.tools.iter().any(|tool| tool.name == value),
        "mcp" => any(&s.mcp_servers),
        "skill" => any(&s.skills),
        "helper" => helper(s) == value,
        "length" => length(s) == value,
        "has" => holds(catalog, sid, value),
        "tag" => catalog.tags.get(&sid).is_some_and(|tags| any(tags)),
        other => panic!("no facet {other}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn each_facet_counts_without_its_own_ticks(sessions in any_sessions(), filters in any_filters()) {
        let catalog = marked(sessions);
        let selection = select(&catalog, &filters, "");
        let sids: Vec<Sid> = catalog.iter().map(|entry| entry.sid).collect();
        let visible = |sid: Sid| filters.with_helpers() || !catalog.get(sid).unwrap().hidden;
        let priced = |facet: &FacetList| facet.field != "cost";
        for facet in selection.counts.lists(&filters).into_iter().filter(priced) {
            let mut told = 0;
            for value in &facet.values {
                // each thing that a session may have is a facet of its own, and so is the helper switch
                let without = if facet.field == "has" { &value.value } else { facet.field };
                let want = sids.iter().filter(|sid| {
                    (visible(**sid) || facet.field == "helper")
                        && passes(&catalog, **sid, &filters, Some(without))
                        && has(&catalog, **sid, facet.field, &value.value)
                });
                prop_assert_eq!(value.count, want.count() as u64, "{} {:?}", facet.field, value);
                told += value.count;
            }
            if facet.field == "project" {
                let all = sids.iter().filter(|sid| visible(**sid) && passes(&catalog, **sid, &filters, Some("project")));
                prop_assert_eq!(told, all.count() as u64, "every session has one project");
            }
        }
        for (day, count) in selection.counts.days() {
            let alone = Filters { from: Some(day), to: Some(day), ..filters.clone() };
            prop_assert_eq!(select(&catalog, &alone, "").shown.len(), count as usize, "{}", day);
        }
    }

    #[test]
    fn shown_and_hidden_are_all_that_match(sessions in any_sessions(), filters in any_filters()) {
        let catalog = marked(sessions);
        let selection = select(&catalog, &filters, "");
        let matching = catalog.iter().filter(|e| passes(&catalog, e.sid, &filters, None)).count();
        prop_assert_eq!(selection.shown.len() + selection.hidden.len(), matching);
        prop_assert!(selection.hidden.iter().all(|entry| entry.hidden));
        let with = Filters { include_helpers: true, ..filters.clone() };
        let with = select(&catalog, &with, "");
        prop_assert_eq!((with.shown.len(), with.hidden.len()), (matching, 0));
    }
}

#[test]
fn every_word_must_occur_somewhere_case_and_accents_aside() {
    let mut titled = session("abcd-12", "/home/ann/Café", "Bitte den Zähler reparieren");
    titled.title = Some("Counter repair".into());
    let catalog = catalog(vec![titled]);
    let found = |text: &str| select(&catalog, &Filters::default(), text).shown.len();
    for text in [
        "",
        "  ",
        "zahler",
        "CAFE counter",
        "abcd",
        "cou rep",
        "bitte ABCD-12",
    ] {
        assert_eq!(found(text), 1, "{text}");
    }
    for text in ["zahler missing", "counterrepair"] {
        assert_eq!(found(text), 0, "{text}");
    }
    let name = catalog.get(Sid(0)).unwrap().info.name;
    assert_eq!(found(name), 1, "the agent's name counts");
}

#[test]
fn ticked_values_stay_though_nothing_has_them() {
    let catalog = catalog(vec![session("a", "/p", "x")]);
    let filters = Filters {
        models: vec!["gone-model".into()],
        ..Filters::default()
    };
    let selection = select(&catalog, &filters, "");
    let lists = selection.counts.lists(&filters);
    let models = lists.iter().find(|list| list.field == "model").unwrap();
    assert_eq!(models.values.len(), 1);
    assert!(models.values[0].ticked && models.values[0].count == 0);
    assert!(selection.shown.is_empty());
}

#[test]
fn agents_are_labelled_from_their_table() {
    let catalog = catalog(vec![session("a", "/p", "x")]);
    let lists = select(&catalog, &Filters::default(), "")
        .counts
        .lists(&Filters::default());
    let info = crate::agents::AGENTS[0].info();
    let value = &lists[0].values[0];
    assert_eq!(
        (value.label.as_str(), value.color),
        (info.name, Some(info.color))
    );
}
