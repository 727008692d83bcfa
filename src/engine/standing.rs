//! What only sessions know in a search: repository, branch, tag, cost and the like, star, and being the
//! one that is asked for. The index is told by session, and counts by session come back as facets.

use super::catalog::{Catalog, Entry, NONE};
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
    branches: Named,
    repos: Named,
    tags: Named,
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
            branches: Named::of(query, |field| match field {
                Field::Branch(value) => Some(value),
                _ => None,
            }),
            repos: Named::of(query, |field| match field {
                Field::Repo(value) => Some(value),
                _ => None,
            }),
            tags: Named::of(query, |field| match field {
                Field::Tag(value) => Some(value),
                _ => None,
            }),
            session,
        }
    }

    /// By sid; `None` when every session is in.
    pub fn list(&self) -> Option<Vec<Standing>> {
        let named = [&self.branches, &self.repos, &self.tags];
        let asked = named.iter().any(|named| !named.is_empty());
        if !self.ticked && !asked && self.session.is_none() {
            return None;
        }
        let mut standings = vec![Standing::Out; self.catalog.end()];
        for entry in self.catalog.iter() {
            let named = self.session.is_none_or(|sid| sid == entry.sid);
            if !named || (asked && !self.passes(entry)) {
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

    /// What the query's own words ask of sessions.
    fn passes(&self, entry: &Entry) -> bool {
        let piece = |value: &str, wanted: &str| value.contains(wanted);
        let whole = |value: &str, wanted: &str| value == wanted;
        let branches = entry.summary.branches.iter().map(String::as_str);
        let repo = self.catalog.project(entry).repo;
        let repo = (repo != NONE).then(|| self.catalog.tables.repos.get(repo));
        let tags = self.catalog.tags.get(&entry.sid).into_iter().flatten();
        self.branches.pass(branches, piece)
            && self.repos.pass(repo.into_iter(), piece)
            && self.tags.pass(tags.map(String::as_str), whole)
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

/// `branch:`, `repo:` or `tag:` of the query text: any of the wanted, none of the others; case and
/// accents aside.
struct Named {
    wanted: Vec<String>,
    unwanted: Vec<String>,
}

impl Named {
    fn of(query: &Query, value: fn(&Field) -> Option<&String>) -> Named {
        let values = |negated: bool| {
            let of_kind = query
                .filters
                .iter()
                .filter(move |filter| filter.negated == negated);
            of_kind
                .filter_map(|filter| value(&filter.field).map(|value| fold(value)))
                .collect()
        };
        Named {
            wanted: values(false),
            unwanted: values(true),
        }
    }

    fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.unwanted.is_empty()
    }

    /// `is`: whether a folded value is what is asked for.
    fn pass<'v>(&self, values: impl Iterator<Item = &'v str>, is: fn(&str, &str) -> bool) -> bool {
        if self.is_empty() {
            return true;
        }
        let values: Vec<String> = values.map(fold).collect();
        let has = |wanted: &String| values.iter().any(|value| is(value, wanted));
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
        let of = |fields: &[(&str, bool)]| {
            Named::of(&query(fields), |field| match field {
                Field::Branch(value) => Some(value),
                _ => None,
            })
        };
        let pass = |named: &Named, values: &[&str]| {
            named.pass(values.iter().copied(), |value, wanted| {
                value.contains(wanted)
            })
        };
        let either = of(&[("main", false), ("FIX", false)]);
        assert!(pass(&either, &["fix/login"]) && pass(&either, &["dev", "main"]));
        assert!(!pass(&either, &["dev"]) && !pass(&either, &[]));
        let without = of(&[("main", true)]);
        assert!(pass(&without, &["dev"]) && pass(&without, &[]) && !pass(&without, &["main"]));
        assert!(of(&[]).is_empty());
    }
}
