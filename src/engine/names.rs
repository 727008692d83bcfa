//! Names of things: interned facet values, project labels, folded text.

use super::view::ProjectName;
use std::collections::HashMap;
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Values of one facet, numbered in order of first sight. Numbers never change.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    list: Vec<Arc<str>>,
    index: HashMap<Arc<str>, u32>,
}

impl Names {
    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn get(&self, id: u32) -> &str {
        &self.list[id as usize]
    }

    pub fn find(&self, name: &str) -> Option<u32> {
        self.index.get(name).copied()
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|name| &**name)
    }

    /// The number of a name; readers of an earlier snapshot keep theirs.
    pub fn intern(this: &mut Arc<Names>, name: &str) -> u32 {
        if let Some(id) = this.find(name) {
            return id;
        }
        let names = Arc::make_mut(this);
        let name: Arc<str> = name.into();
        let id = names.list.len() as u32;
        names.list.push(name.clone());
        names.index.insert(name, id);
        id
    }
}

/// Label, short form and colour of a project. `homes` are shortened to `~` at a separator only.
pub(super) fn project_name(path: &str, homes: &[String], repo: Option<&str>) -> ProjectName {
    let color = xxhash_rust::xxh3::xxh3_64(repo.unwrap_or(path).as_bytes()) % 20;
    ProjectName {
        path: path.to_owned(),
        short: shorten(path, homes),
        label: last_segment(path).to_owned(),
        repo: repo.map(str::to_owned),
        color: color as u8,
    }
}

fn shorten(path: &str, homes: &[String]) -> String {
    for home in homes {
        if home.len() > 1
            && let Some(rest) = path.strip_prefix(home.as_str())
            && (rest.is_empty() || rest.starts_with(['/', '\\']))
        {
            return format!("~{rest}");
        }
    }
    path.to_owned()
}

/// Last segment of a path of either kind of separator; the path itself when it has none.
pub(super) fn last_segment(path: &str) -> &str {
    let trimmed = path.trim_end_matches(['/', '\\']);
    match trimmed.rsplit(['/', '\\']).next() {
        Some(segment) if !segment.is_empty() => segment,
        _ => path,
    }
}

/// Text for comparison: lower case without accents.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_end_at_separators_and_both_slashes_split() {
        let homes = ["/home/ann".to_owned()];
        let name = |path: &str| project_name(path, &homes, None);
        assert_eq!(name("/home/ann/web/shop").short, "~/web/shop");
        assert_eq!(name("/home/ann").short, "~");
        assert_eq!(name("/home/anna/shop").short, "/home/anna/shop");
        assert_eq!(name("/home/ann/web/shop/").label, "shop");
        assert_eq!(name("C:\\work\\shop").label, "shop");
        assert_eq!(name("/").label, "/");
        assert_eq!(name("").label, "");
    }

    #[test]
    fn worktrees_share_the_colour_of_their_repository() {
        let homes = [];
        let one = project_name("/src/a-fix", &homes, Some("/src/a"));
        let two = project_name("/src/a", &homes, Some("/src/a"));
        assert_eq!(one.color, two.color);
        assert!(one.color < 20);
    }

    #[test]
    fn folding() {
        assert_eq!(fold("Füße ÉCLAIR"), "fuße eclair");
        assert_eq!(fold("Plain"), "plain");
    }

    #[test]
    fn interning_leaves_snapshots_alone() {
        let mut names = Arc::new(Names::default());
        assert_eq!(Names::intern(&mut names, "a"), 0);
        let before = names.clone();
        assert_eq!(Names::intern(&mut names, "b"), 1);
        assert_eq!(Names::intern(&mut names, "a"), 0);
        assert_eq!((before.len(), names.len()), (1, 2));
        assert_eq!(names.get(1), "b");
    }
}
