//! What changed for the people who use this, as `CHANGELOG.md` tells it.

const TEXT: &str = include_str!("../../CHANGELOG.md");

/// One version, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    /// `0.1.0`, or `Unreleased`.
    pub version: String,
    /// `YYYY-MM-DD`; `""` where none is given.
    pub date: String,
    /// The first sentence below the heading; `""` where the list begins at once.
    pub title: String,
    /// One a list item, as Markdown, on one line.
    pub changes: Vec<String>,
}

pub fn releases() -> Vec<Release> {
    read(TEXT)
}

/// `## version (date)` or `## version - date`, a paragraph, a list; anything in front is no release.
fn read(text: &str) -> Vec<Release> {
    let mut releases: Vec<Release> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            let (version, date) = match heading.split_once([' ', '(']) {
                Some((version, date)) => (version, date.trim_matches([' ', '(', ')', '-'])),
                None => (heading, ""),
            };
            releases.push(Release {
                version: version.trim_matches(['[', ']']).to_owned(),
                date: date.to_owned(),
                title: String::new(),
                changes: Vec::new(),
            });
            continue;
        }
        let Some(release) = releases.last_mut() else {
            continue;
        };
        let said = line.trim();
        if let Some(change) = line.strip_prefix("- ") {
            release.changes.push(change.trim().to_owned());
            open = true;
        } else if said.is_empty() {
            open = false;
        } else {
            let last = release.changes.last_mut().filter(|_| open);
            let to = last.unwrap_or(&mut release.title);
            if !to.is_empty() {
                to.push(' ');
            }
            to.push_str(said);
        }
    }
    releases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_paragraphs_and_items_over_several_lines() {
        let text = "# Changelog\n\nwords\n\n## Unreleased\n\n- one\n  goes on\n- two\n\n## 1.2.0 (2026-05-01)\n\nFaster\nthan before.\n\n- three\n";
        let read = read(text);
        assert_eq!(read[0].version, "Unreleased");
        assert_eq!(read[0].changes, ["one goes on", "two"]);
        let last = &read[1];
        assert_eq!((&*last.version, &*last.date), ("1.2.0", "2026-05-01"));
        assert_eq!(last.title, "Faster than before.");
        assert_eq!(last.changes, ["three"]);
    }

    #[test]
    fn our_own_is_read_whole() {
        let releases = releases();
        assert!(!releases.is_empty());
        for release in &releases {
            assert!(!release.changes.is_empty(), "{}", release.version);
        }
        let items = TEXT.lines().filter(|line| line.starts_with("- ")).count();
        let read: usize = releases.iter().map(|release| release.changes.len()).sum();
        assert_eq!(read, items);
    }
}
