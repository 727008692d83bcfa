//! What a request asks of every matching document, worked out once.
//!
//! Filters of the query text drop a document. Ticks of a facet are bits: a document that fails one
//! only still counts in that facet, so that its other values keep their numbers.

use super::days::start_of;
use super::entry::role_code;
use super::{AttrRow, SearchRequest, Sort, Standing};
use crate::model::Role;
use crate::query::{Field, Filter};

/// The session misses one facet of sessions; which one, `Plan::misses` says.
pub(super) const SESSION: u8 = 1;
pub(super) const ROLE: u8 = 4;
pub(super) const TOOL: u8 = 8;
pub(super) const MODEL: u8 = 16;
pub(super) const DAY: u8 = 32;
/// Only the helper switch keeps it away.
pub(super) const HIDDEN: u8 = 64;
/// A filter drops it.
pub(super) const DROP: u8 = 128;

/// Facets of sessions that are counted here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Miss {
    Agent,
    Project,
    /// One of the asker's.
    Asker,
}

pub(super) struct Plan {
    /// By sid.
    pub sids: Vec<u8>,
    /// By sid, for those with [`SESSION`].
    pub misses: Vec<Option<Miss>>,
    /// By role code.
    pub roles: [u8; 8],
    pub tools: Names,
    pub models: Names,
    /// Filter `[from, to)`, ms since the epoch.
    pub times: Option<(i64, i64)>,
    /// Tick of the day facet.
    pub day_tick: Option<(i64, i64)>,
    pub failed: Option<bool>,
    pub sort: Sort,
    pub facets: bool,
}

impl Plan {
    pub fn new(request: &SearchRequest, sort: Sort) -> Plan {
        let filters = &request.query.filters;
        let ticks = &request.ticks;
        let (sids, misses) = sid_flags(request).into_iter().unzip();
        Plan {
            sids,
            misses,
            roles: role_flags(filters, &ticks.roles),
            tools: Names::new(filters, &ticks.tools, TOOL, |field| match field {
                Field::Tool(name) => Some(name),
                _ => None,
            }),
            models: Names::new(filters, &ticks.models, MODEL, |field| match field {
                Field::Model(name) => Some(name),
                _ => None,
            }),
            times: times(filters, &request.zone),
            day_tick: window(ticks.from, ticks.to),
            failed: failed(filters),
            sort,
            facets: request.facets,
        }
    }
}

fn window(from: Option<i64>, to: Option<i64>) -> Option<(i64, i64)> {
    (from.is_some() || to.is_some()).then(|| (from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX)))
}

/// A field given several times is "either", the earliest `after` and the latest `before`; what is
/// excluded is so by each of them.
fn times(filters: &[Filter], zone: &jiff::tz::TimeZone) -> Option<(i64, i64)> {
    let days = |after: bool, negated: bool| {
        let kind = filters.iter().filter(move |f| f.negated == negated);
        kind.filter_map(move |f| match f.field {
            Field::After(day) if after => Some(start_of(day, zone)),
            Field::Before(day) if !after => Some(start_of(day, zone)),
            _ => None,
        })
    };
    let from = days(true, false)
        .min()
        .into_iter()
        .chain(days(false, true))
        .max();
    let to = days(false, false)
        .max()
        .into_iter()
        .chain(days(true, true))
        .min();
    window(from, to)
}

fn failed(filters: &[Filter]) -> Option<bool> {
    let found = filters.iter().find(|f| f.field == Field::HasError)?;
    Some(!found.negated)
}

fn role_flags(filters: &[Filter], ticks: &[Role]) -> [u8; 8] {
    let matches = |role: Role, negated: bool| {
        filters.iter().any(|f| {
            f.negated == negated && matches!(&f.field, Field::Role(r) if r == role.as_str())
        })
    };
    let asked = filters
        .iter()
        .any(|f| !f.negated && matches!(f.field, Field::Role(_)));
    let mut flags = [0; 8];
    for role in Role::ALL {
        let flag = &mut flags[role_code(role) as usize];
        if asked && !matches(role, false) || matches(role, true) {
            *flag |= DROP;
        }
        if !ticks.is_empty() && !ticks.contains(&role) {
            *flag |= ROLE;
        }
    }
    flags
}

fn sid_flags(request: &SearchRequest) -> Vec<(u8, Option<Miss>)> {
    let attrs = &request.attrs;
    let filters = &request.query.filters;
    let agents: Vec<u8> = attrs
        .agents
        .iter()
        .map(|agent| {
            let drop = dropped(filters, |field| match field {
                Field::Agent(value) => Some(same(value, agent)),
                _ => None,
            });
            drop | ticked(&request.ticks.agents, agent, SESSION)
        })
        .collect();
    let projects: Vec<u8> = attrs
        .projects
        .iter()
        .map(|project| {
            let drop = dropped(filters, |field| match field {
                Field::Project(value) => Some(project_matches(value, project)),
                _ => None,
            });
            drop | ticked(&request.ticks.projects, project, SESSION)
        })
        .collect();
    let kind_asked = filters
        .iter()
        .any(|f| !f.negated && matches!(f.field, Field::IsHelper | Field::IsSubAgent));
    let show_hidden = request.include_hidden || kind_asked;
    let flag = |(sid, row): (usize, &AttrRow)| {
        let only = request.only.as_ref();
        let standing = only.map_or(Standing::In, |only| {
            only.get(sid).copied().unwrap_or_default()
        });
        if !row.live || standing == Standing::Out {
            return (DROP, None);
        }
        let kind = dropped(filters, |field| match field {
            Field::IsHelper => Some(row.helper),
            Field::IsSubAgent => Some(row.sub_agent),
            _ => None,
        });
        let hidden = !show_hidden && (row.helper || row.sub_agent);
        let agent = agents.get(usize::from(row.agent)).copied().unwrap_or(DROP);
        let project = projects.get(row.project as usize).copied().unwrap_or(DROP);
        let asker = if standing == Standing::Near {
            SESSION
        } else {
            0
        };
        let missed = [
            (agent, Miss::Agent),
            (project, Miss::Project),
            (asker, Miss::Asker),
        ];
        let mut missed = missed.iter().filter(|(flags, _)| flags & SESSION != 0);
        let miss = missed.next().map(|(_, miss)| *miss);
        let twice = if missed.next().is_some() { DROP } else { 0 };
        let hidden = if hidden { HIDDEN } else { 0 };
        (kind | agent | project | asker | twice | hidden, miss)
    };
    attrs.rows.iter().enumerate().map(flag).collect()
}

/// `DROP` when a positive filter of this kind is given and none matches, or a negated one matches.
/// `test` says for filters of the kind whether they match.
fn dropped(filters: &[Filter], test: impl Fn(&Field) -> Option<bool>) -> u8 {
    let (mut asked, mut matched) = (false, false);
    for filter in filters {
        match (test(&filter.field), filter.negated) {
            (Some(true), true) => return DROP,
            (Some(hit), false) => {
                asked = true;
                matched |= hit;
            }
            _ => {}
        }
    }
    if asked && !matched { DROP } else { 0 }
}

fn ticked(ticks: &[String], value: &str, bit: u8) -> u8 {
    let passes = ticks.is_empty() || ticks.iter().any(|tick| tick == value);
    if passes { 0 } else { bit }
}

fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

/// The whole path, a folder on it, or a piece of its last folder.
fn project_matches(value: &str, project: &str) -> bool {
    let value = value.to_lowercase();
    let value = value.trim_end_matches(['/', '\\']);
    let project = project.to_lowercase();
    let mut folders = project.split(['/', '\\']).filter(|f| !f.is_empty());
    let last = folders.clone().next_back().unwrap_or("");
    project.trim_end_matches(['/', '\\']) == value
        || folders.any(|folder| folder == value)
        || !value.is_empty() && last.contains(value)
}

/// Ticks and filters on the names of a column.
pub(super) struct Names {
    ticks: Vec<String>,
    /// Lower case.
    any: Vec<String>,
    none: Vec<String>,
    bit: u8,
}

impl Names {
    fn new<'f>(
        filters: &'f [Filter],
        ticks: &[String],
        bit: u8,
        pick: impl Fn(&'f Field) -> Option<&'f String>,
    ) -> Names {
        let values = |negated| {
            let kind = filters.iter().filter(move |f| f.negated == negated);
            kind.filter_map(|f| pick(&f.field))
                .map(|v| v.to_lowercase())
        };
        Names {
            ticks: ticks.to_vec(),
            any: values(false).collect(),
            none: values(true).collect(),
            bit,
        }
    }

    pub fn asks_nothing(&self) -> bool {
        self.ticks.is_empty() && self.any.is_empty() && self.none.is_empty()
    }

    pub fn flags(&self, name: &str) -> u8 {
        let lower = name.to_lowercase();
        let hit = |values: &[String]| values.iter().any(|v| self.matches(v, &lower));
        let drop = !self.any.is_empty() && !hit(&self.any) || hit(&self.none);
        ticked(&self.ticks, name, self.bit) | if drop { DROP } else { 0 }
    }

    /// A tool by its whole name or a `__` segment of it (MCP server, tool); a model by any piece.
    fn matches(&self, value: &str, name: &str) -> bool {
        if self.bit == MODEL {
            return name.contains(value);
        }
        name == value || name.split("__").any(|segment| segment == value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projects_by_path_folder_or_piece() {
        let path = "/home/ana/work/web-shop";
        for value in [path, "/home/ana/work/web-shop/", "work", "Web-Shop", "shop"] {
            assert!(project_matches(value, path), "{value}");
        }
        for value in ["wor", "/home", "shopping", "/"] {
            assert!(!project_matches(value, path), "{value}");
        }
    }
}
