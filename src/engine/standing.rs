//! What only sessions know in a search: repository, branch, tag, cost and the like, star, and being the
//! one that is asked for. The index is told by session, and counts by session come back as facets.

use super::catalog::Catalog;
use super::counts::FacetCounts;
use super::filter::{Matcher, Misses};
use super::names::fold;
use super::view::Filters;
use crate::index::{SearchResponse, Standing};
use crate::model::Sid;
use crate::query::{Field, Query};

/// Facets of sessions, lowered to one catalog.
pub(super) struct Standings<'c> {
    catalog: &'c Catalog,
    matcher: Matcher<'c>,
    /// Something is ticked.
    ticked: bool,
    branches: Branches,
    session: Option<Sid>,
}

/// The filters of a search that sessions answer; the others are the index's.
pub(super) fn of_sessions(filters: &Filters) -> Filters {
    Filters {
        repos: filters.repos.clone(),
        branches: filters.branches.clone(),
        tags: filters.tags.clone(),
        mcp: filters.mcp.clone(),
        skills: filters.skills.clone(),
        helpers: filters.helpers.clone(),
        has: filters.has.clone(),
        costs: filters.costs.clone(),
        lengths: filters.lengths.clone(),
        starred: filters.starred,
        ..Filters::default()
    }
}

impl<'c> Standings<'c> {
    /// `filters` as [`of_sessions`] gives them.
    pub fn new(
        catalog: &'c Catalog,
        filters: &'c Filters,
        query: &Query,
        session: Option<Sid>,
    ) -> Standings<'c> {
        Standings {
            catalog,
            matcher: Matcher::new(catalog, filters, ""),
            ticked: *filters != Filters::default(),
            branches: Branches::of(query),
            session,
        }
    }

    /// By sid; `None` when every session is in.
    pub fn list(&self) -> Option<Vec<Standing>> {
        if !self.ticked && self.branches.is_empty() && self.session.is_none() {
            return None;
        }
        let mut standings = vec![Standing::Out; self.catalog.end()];
        for entry in self.catalog.iter() {
            let named = self.session.is_none_or(|sid| sid == entry.sid);
            if !named || !self.branches.pass(&entry.summary.branches) {
                continue;
            }
            let misses = self.matcher.misses(entry);
            standings[entry.sid.0 as usize] = match misses {
                _ if misses.none() => Standing::In,
                _ if misses.one() => Standing::Near,
                _ => Standing::Out,
            };
        }
        Some(standings)
    }

    /// Messages by value of what only sessions know, each facet without its own ticks. A message counts
    /// for every branch and tag of its session.
    pub fn facets(&self, found: &SearchResponse) -> FacetCounts<'c> {
        let mut counts = FacetCounts::new(self.catalog);
        for (sid, messages) in found.counts.iter().chain(&found.near) {
            let Some(entry) = self.catalog.get(*sid) else {
                continue;
            };
            let misses = match self.ticked {
                true => self.matcher.misses(entry),
                false => Misses::default(),
            };
            counts.add_own(entry, misses, u64::from(*messages));
        }
        counts
    }
}

/// `branch:` of the query text: any of the wanted, none of the others; case and accents aside, a
/// part of the name is enough.
struct Branches {
    wanted: Vec<String>,
    unwanted: Vec<String>,
}

impl Branches {
    fn of(query: &Query) -> Branches {
        let values = |negated: bool| {
            let of_kind = query
                .filters
                .iter()
                .filter(move |filter| filter.negated == negated);
            of_kind
                .filter_map(|filter| match &filter.field {
                    Field::Branch(value) => Some(fold(value)),
                    _ => None,
                })
                .collect()
        };
        Branches {
            wanted: values(false),
            unwanted: values(true),
        }
    }

    fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.unwanted.is_empty()
    }

    fn pass(&self, branches: &[String]) -> bool {
        let has = |value: &String| {
            branches
                .iter()
                .any(|branch| fold(branch).contains(value.as_str()))
        };
        (self.wanted.is_empty() || self.wanted.iter().any(has)) && !self.unwanted.iter().any(has)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Filter;

    fn query(fields: &[(&str, bool)]) -> Query {
        let filter = |(value, negated): &(&str, bool)| Filter {
            field: Field::Branch((*value).to_owned()),
            negated: *negated,
        };
        Query {
            text: None,
            filters: fields.iter().map(filter).collect(),
        }
    }

    #[test]
    fn branches_of_the_query() {
        let of = |list: &[&str]| list.iter().map(|b| (*b).to_owned()).collect::<Vec<_>>();
        let either = Branches::of(&query(&[("main", false), ("FIX", false)]));
        assert!(either.pass(&of(&["fix/login"])) && either.pass(&of(&["dev", "main"])));
        assert!(!either.pass(&of(&["dev"])) && !either.pass(&[]));
        let without = Branches::of(&query(&[("main", true)]));
        assert!(without.pass(&of(&["dev"])) && without.pass(&[]) && !without.pass(&of(&["main"])));
        assert!(Branches::of(&query(&[])).is_empty());
    }
}
