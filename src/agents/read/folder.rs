//! Listing folders that others write to: links are not followed, what cannot be read is said.

use crate::agents::Listing;
use crate::model::{Fingerprint, IssueKind, ParseIssue};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// An entry of a folder.
pub struct Entry {
    pub path: PathBuf,
    pub name: String,
    pub is_folder: bool,
}

/// The files and folders directly in `folder`, sorted by name; links and devices are left out. A
/// folder that is not there is empty; one that cannot be read makes the listing incomplete.
pub fn entries(folder: &Path, listing: &mut Listing) -> Vec<Entry> {
    let read = match fs::read_dir(folder) {
        Ok(read) => read,
        Err(error) => {
            failed(folder, &error, listing);
            return Vec::new();
        }
    };
    let mut found = Vec::new();
    for entry in read {
        match entry.and_then(|entry| Ok((entry.file_type()?, entry))) {
            Ok((kind, entry)) if kind.is_dir() || kind.is_file() => found.push(Entry {
                path: entry.path(),
                name: entry.file_name().to_string_lossy().into_owned(),
                is_folder: kind.is_dir(),
            }),
            Ok(_) => {}
            Err(error) => failed(folder, &error, listing),
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// The same for a folder below a root: when it is itself a link, nothing is listed.
pub fn inside(folder: &Path, listing: &mut Listing) -> Vec<Entry> {
    match is_link(folder) {
        true => Vec::new(),
        false => entries(folder, listing),
    }
}

pub fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_symlink())
}

/// Whether what `path` names lies elsewhere than below `root`, by way of a link on the way.
pub fn leads_out(root: &Path, path: &Path) -> bool {
    match (root.canonicalize(), path.canonicalize()) {
        (Ok(root), Ok(path)) => !path.starts_with(root),
        // not there: nowhere to lead to
        _ => false,
    }
}

/// Every file below `folder`, at most `depth` folders deep, in the order of their paths. `enter` says
/// into which folders to look.
pub fn walk(
    folder: &Path,
    depth: usize,
    enter: &dyn Fn(&Entry) -> bool,
    listing: &mut Listing,
    found: &mut dyn FnMut(Entry, &mut Listing),
) {
    for entry in entries(folder, listing) {
        if !entry.is_folder {
            found(entry, listing);
        } else if depth > 0 && enter(&entry) {
            walk(&entry.path, depth - 1, enter, listing, found);
        }
    }
}

/// The fingerprint of a regular file by one metadata call; `None` when it is gone or no such file.
pub fn fingerprint(path: &Path, listing: &mut Listing) -> Option<Fingerprint> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.is_file().then(|| super::fingerprint(&metadata)),
        Err(error) => {
            failed(path, &error, listing);
            None
        }
    }
}

fn failed(path: &Path, error: &std::io::Error, listing: &mut Listing) {
    // gone between two looks, or never there: that is an answer, not a failure
    if error.kind() == ErrorKind::NotFound {
        return;
    }
    listing.complete = false;
    listing.issues.push(ParseIssue {
        path: path.to_string_lossy().into_owned(),
        line: 0,
        kind: IssueKind::Unreadable,
        detail: match error.kind() {
            ErrorKind::PermissionDenied => "permission denied".to_owned(),
            ErrorKind::NotADirectory => "not a folder".to_owned(),
            kind => format!("cannot be read: {kind}"),
        },
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_folder_is_a_complete_empty_listing() {
        let home = tempfile::tempdir().unwrap();
        let mut listing = Listing::new();
        assert!(entries(&home.path().join("none"), &mut listing).is_empty());
        assert!(listing.complete && listing.issues.is_empty());
    }

    #[test]
    fn a_file_in_place_of_a_folder_is_said() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("x"), "").unwrap();
        let mut listing = Listing::new();
        assert!(entries(&home.path().join("x"), &mut listing).is_empty());
        assert!(!listing.complete);
        assert_eq!(listing.issues[0].kind, IssueKind::Unreadable);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_left_out() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("real")).unwrap();
        std::os::unix::fs::symlink("/", home.path().join("link")).unwrap();
        let mut listing = Listing::default();
        let names: Vec<String> = entries(home.path(), &mut listing)
            .into_iter()
            .map(|entry| entry.name)
            .collect();
        assert_eq!(names, ["real"]);
    }
}
