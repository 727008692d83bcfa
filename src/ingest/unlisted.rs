//! Folders that could not be listed: said on the status until they can be.

use super::Shared;
use crate::model::ParseIssue;
use anyhow::Result;
use std::collections::BTreeMap;

/// Stands before a root in the keys of the issues; no path of a source begins with it.
const LISTING: &str = "listing ";

/// What went wrong with the listing of each root that was listed.
pub type Listings = BTreeMap<String, Vec<ParseIssue>>;

/// Keeps what went wrong, and forgets what is well again; roots that were not listed this time stay
/// as they are, unless `everything` was. Unchanged state writes nothing.
pub fn settle(shared: &Shared, listings: &Listings, everything: bool) -> Result<()> {
    let reader = shared.store.read()?;
    let mut changes: Vec<(String, &[ParseIssue])> = Vec::new();
    let mut known: BTreeMap<String, Vec<ParseIssue>> = BTreeMap::new();
    for path in reader.issues(0)?.by_path.into_keys() {
        if let Some(root) = path.strip_prefix(LISTING) {
            known.insert(root.to_owned(), reader.issues_of(&path)?);
        }
    }
    for (root, issues) in listings {
        if known.get(root).map_or(&[][..], Vec::as_slice) != issues.as_slice() {
            changes.push((format!("{LISTING}{root}"), issues));
            for issue in issues {
                tracing::warn!("cannot list {}: {}", issue.path, issue.detail);
            }
        }
    }
    // no agent's root any more
    let left = known.keys().filter(|root| !listings.contains_key(*root));
    for root in left.filter(|_| everything) {
        changes.push((format!("{LISTING}{root}"), &[]));
    }
    if changes.is_empty() {
        return Ok(());
    }
    drop(reader);
    let mut writer = shared.store.write()?;
    for (key, issues) in changes {
        writer.put_issues(&key, issues)?;
    }
    let generation = writer.commit()?;
    shared
        .status
        .update(|status| status.generation = generation);
    Ok(())
}
