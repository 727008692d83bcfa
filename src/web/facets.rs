//! Facets and view options as links: every state of a list is an address.

use super::params::{Params, carried};
use crate::engine::view::{FacetList, FacetValue, bands};
use crate::model::Day;

/// Values shown at once; the rest is folded.
const SHOWN: usize = 8;
/// Of the folded ones that are there at all: hundreds of branches would be half of the page.
const FOLDED: usize = 24;
/// Bytes of a label that fit into the side bar; longer ones may be cut.
const FITS: usize = 22;
/// Facets that are folded until somebody wants them.
const QUIET: [&str; 6] = ["mcp", "skill", "has", "cost", "length", "helper"];

/// One facet of the side bar.
pub struct Facet {
    pub field: &'static str,
    pub title: &'static str,
    pub values: Vec<Value>,
    pub folded: Vec<Value>,
    /// Rarer values than those: the search box offers them by name.
    pub rest: usize,
    /// Removes all ticks of this facet; `None` when there are none.
    pub clear: Option<String>,
    /// Asked for seldom: folded unless something is ticked.
    pub quiet: bool,
    /// Not counted yet.
    pub pending: bool,
}

pub struct Value {
    pub label: String,
    /// Where it lies, when another value has the same label; `""` otherwise.
    pub within: String,
    /// The whole value, for the title.
    pub value: String,
    /// The label does not say all of it, or may not fit: it is the title too.
    pub told: bool,
    pub count: u64,
    pub ticked: bool,
    pub href: String,
    /// Class of its colour, `""` for none.
    pub class: String,
}

/// Links that tick and untick, in the engine's order of facets.
pub fn facets(lists: &[FacetList], params: &Params, path: &str) -> Vec<Facet> {
    lists
        .iter()
        .filter(|list| list.field != "day" && !list.values.is_empty() && tells(list))
        .map(|list| facet(list, params, path))
        .collect()
}

/// Of a closed facet one value alone says nothing that the list does not say.
fn tells(list: &FacetList) -> bool {
    let closed = bands(list.field).is_some_and(|all| list.field != "has" && !all.is_empty());
    !closed || list.values.len() > 1 || list.values[0].ticked
}

fn facet(list: &FacetList, params: &Params, path: &str) -> Facet {
    let twins = |value: &FacetValue| {
        let same = list
            .values
            .iter()
            .filter(|other| other.label == value.label);
        value.label != value.value && same.count() > 1
    };
    let mut values: Vec<Value> = list
        .values
        .iter()
        .map(|value| Value {
            label: match value.label.is_empty() {
                true => format!("(no {})", list.field),
                false => value.label.clone(),
            },
            within: match twins(value) {
                true => parent(&value.value).to_owned(),
                false => String::new(),
            },
            told: value.label != value.value || value.label.len() > FITS,
            value: value.value.clone(),
            count: value.count,
            ticked: value.ticked,
            href: params.toggled(list.field, carried(&value.value)).url(path),
            class: match (list.field, value.color) {
                ("tag", Some("") | None) | (_, None) => String::new(),
                ("tag", Some(color)) => format!("dot t-{color}"),
                (_, Some(_)) => format!("dot a-{}", value.value),
            },
        })
        .collect();
    // a tick is never hidden in the fold; closed facets keep their own order, and are short
    if bands(list.field).is_none() {
        values.sort_by_key(|value| !value.ticked);
    }
    let ticked = values.iter().filter(|value| value.ticked).count();
    let shown = SHOWN.max(ticked);
    let mut folded = if values.len() > shown + 1 {
        values.split_off(shown)
    } else {
        Vec::new()
    };
    let rest = folded.len().saturating_sub(FOLDED);
    folded.truncate(FOLDED);
    Facet {
        field: list.field,
        title: title(list.field),
        values,
        folded,
        rest,
        clear: (ticked > 0).then(|| params.without(list.field).url(path)),
        quiet: ticked == 0 && QUIET.contains(&list.field),
        pending: list.pending,
    }
}

/// The folder that a path lies in, by its last segment.
fn parent(path: &str) -> &str {
    let mut folders = path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']);
    folders.nth(1).unwrap_or_default()
}

fn title(field: &str) -> &'static str {
    match field {
        "agent" => "Agent",
        "project" => "Project",
        "repo" => "Repository",
        "model" => "Model",
        "role" => "Role",
        "tool" => "Tool",
        "branch" => "Branch",
        "tag" => "Tag",
        "mcp" => "MCP server",
        "skill" => "Skill",
        "has" => "Has",
        "cost" => "Cost",
        "length" => "Length",
        "helper" => "Started by",
        _ => "More",
    }
}

/// One of a few ways to see the list.
pub struct Choice {
    pub label: &'static str,
    pub href: String,
    pub current: bool,
}

/// The other state of an on-off parameter.
pub fn switch(params: &Params, path: &str, name: &'static str, on: bool) -> Choice {
    Choice {
        label: name,
        href: params.with(name, if on { "" } else { "1" }).url(path),
        current: on,
    }
}

/// The options of one parameter; the first is the default and leaves the address clean.
pub fn choices(
    params: &Params,
    path: &str,
    name: &str,
    options: &[(&'static str, &'static str)],
) -> Vec<Choice> {
    let default = options.first().map_or("", |first| first.0);
    choices_from(params, path, name, options, default)
}

/// The same where another one than the first is the default.
pub fn choices_from(
    params: &Params,
    path: &str,
    name: &str,
    options: &[(&'static str, &'static str)],
    default: &str,
) -> Vec<Choice> {
    let current = params
        .get(name)
        .filter(|value| options.iter().any(|option| option.0 == *value))
        .unwrap_or(default);
    options
        .iter()
        .map(|(value, label)| Choice {
            label,
            href: params
                .with(name, if *value == default { "" } else { value })
                .url(path),
            current: *value == current,
        })
        .collect()
}

/// The date range with its presets.
pub struct Range {
    pub from: String,
    pub to: String,
    pub presets: Vec<Choice>,
    /// Removes the range; `None` when there is none.
    pub clear: Option<String>,
}

pub fn range(params: &Params, path: &str, today: Day) -> Range {
    let filters = params.filters();
    let text = |day: Option<Day>| day.map_or_else(String::new, |day| day.to_string());
    let since = |label, from: Day| Choice {
        label,
        href: params
            .without("to")
            .with("from", &from.to_string())
            .url(path),
        current: filters.from == Some(from) && filters.to.is_none(),
    };
    let preset = |label, days: i32| since(label, Day(today.0 - days + 1));
    let yesterday = Day(today.0 - 1);
    let whole = params.without("from").without("to").url(path);
    let bounded = filters.from.is_some() || filters.to.is_some();
    Range {
        from: text(filters.from),
        to: text(filters.to),
        presets: vec![
            Choice {
                label: "All",
                href: whole.clone(),
                current: !bounded,
            },
            preset("Today", 1),
            Choice {
                label: "Yesterday",
                href: params
                    .with("from", &yesterday.to_string())
                    .with("to", &yesterday.to_string())
                    .url(path),
                current: (filters.from, filters.to) == (Some(yesterday), Some(yesterday)),
            },
            preset("7 d", 7),
            preset("30 d", 30),
            preset("90 d", 90),
            since("This month", Day::from_date(today.date().first_of_month())),
        ],
        clear: bounded.then_some(whole),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(n: usize, ticked: usize) -> FacetList {
        FacetList {
            field: "tool",
            pending: false,
            values: (0..n)
                .map(|i| FacetValue {
                    value: format!("t{i}"),
                    label: format!("t{i}"),
                    count: 9,
                    ticked: i == ticked,
                    color: None,
                })
                .collect(),
        }
    }

    #[test]
    fn a_tick_is_shown_even_when_its_value_is_rare() {
        let params = Params::parse("tool=t20");
        let facet = facet(&list(30, 20), &params, "/");
        assert_eq!(facet.values[0].value, "t20");
        assert_eq!(facet.values[0].href, "/", "its link unticks it");
        assert_eq!(facet.values.len() + facet.folded.len(), 30);
        assert_eq!(facet.clear.as_deref(), Some("/"));
    }

    #[test]
    fn of_very_many_values_the_rarest_are_counted_alone() {
        let facet = facet(&list(200, 190), &Params::parse("tool=t190"), "/");
        let there = facet.values.len() + facet.folded.len();
        assert_eq!((facet.folded.len(), there + facet.rest), (FOLDED, 200));
        assert_eq!(facet.values[0].value, "t190", "a tick is there");
    }

    #[test]
    fn folders_of_one_name_say_where_they_lie() {
        let mut two = list(0, 0);
        for path in ["/srv/shop/api", "/srv/blog/api", "/srv/docs"] {
            two.values.push(FacetValue {
                value: path.into(),
                label: path.rsplit('/').next().unwrap().into(),
                count: 1,
                ..FacetValue::default()
            });
        }
        let facet = facet(&two, &Params::default(), "/");
        let within: Vec<&str> = facet.values.iter().map(|v| &*v.within).collect();
        assert_eq!(within, ["shop", "blog", ""]);
    }

    #[test]
    fn the_default_option_leaves_the_address_clean() {
        let params = Params::parse("sort=oldest&agent=x");
        let options = [("newest", "Newest"), ("oldest", "Oldest")];
        let choices = choices(&params, "/", "sort", &options);
        assert_eq!(choices[0].href, "/?agent=x");
        assert!(choices[1].current && !choices[0].current);
    }

    #[test]
    fn presets_count_today() {
        let today = Day::parse("2026-03-08").unwrap();
        let range = range(&Params::default(), "/", today);
        assert_eq!(range.presets[3].href, "/?from=2026-03-02");
        assert_eq!(
            range.presets[2].href, "/?from=2026-03-07&to=2026-03-07",
            "yesterday alone"
        );
        assert_eq!(range.presets[6].href, "/?from=2026-03-01");
        assert!(range.presets[0].current);
    }
}
