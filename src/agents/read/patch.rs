//! Edits as unified diffs.

use similar::{Algorithm, TextDiff};

/// A pair of texts with more lines than this is shown as all removed, all added.
const MAX_LINES: usize = 20_000;

/// `--- path` / `+++ path` / hunks with three lines around them. Line numbers count from the
/// beginning of the fragment, as the edit does not say where in the file it lies.
pub fn unified(path: &str, old: &str, new: &str) -> String {
    let mut out = String::with_capacity(old.len() + new.len() + path.len() * 2 + 64);
    header(&mut out, path, path);
    hunks(&mut out, old, new);
    out
}

/// A file that comes into being.
pub fn created(path: &str, content: &str) -> String {
    let mut out = String::with_capacity(content.len() + content.len() / 16 + path.len() + 64);
    header(&mut out, "/dev/null", path);
    out.push_str(&format!("@@ -0,0 +1,{} @@\n", content.lines().count()));
    prefixed(&mut out, '+', content);
    out
}

/// Hunks only: for several edits of one file behind one header.
pub fn hunks(out: &mut String, old: &str, new: &str) {
    let lines = |text: &str| memchr::memchr_iter(b'\n', text.as_bytes()).count() + 1;
    if lines(old) + lines(new) > MAX_LINES {
        out.push_str(&format!(
            "@@ -1,{} +1,{} @@\n",
            old.lines().count(),
            new.lines().count()
        ));
        prefixed(out, '-', old);
        prefixed(out, '+', new);
        return;
    }
    let diff = TextDiff::configure()
        .algorithm(Algorithm::Myers)
        .diff_lines(old, new);
    let text = diff
        .unified_diff()
        .context_radius(3)
        .missing_newline_hint(false)
        .to_string();
    out.push_str(&text);
}

pub fn header(out: &mut String, from: &str, to: &str) {
    out.push_str(&format!("--- {from}\n+++ {to}\n"));
}

fn prefixed(out: &mut String, sign: char, text: &str) {
    for line in text.lines() {
        out.push(sign);
        out.push_str(line);
        out.push('\n');
    }
}

/// The `*** Begin Patch` form as unified diffs, with the files it names. Text around the patch
/// (a shell line that pipes it in) stays in front. `None` when there is no such patch.
pub fn from_apply_patch(text: &str) -> Option<(String, Vec<String>)> {
    let begin = text.find("*** Begin Patch")?;
    let mut out = String::with_capacity(text.len() + 64);
    let mut files = Vec::new();
    for line in text[..begin].lines().filter(|line| !line.trim().is_empty()) {
        out.push_str(line);
        out.push('\n');
    }
    let mut lines = text[begin..].lines().skip(1).peekable();
    while let Some(line) = lines.next() {
        let named = |prefix: &str| line.strip_prefix(prefix).map(str::trim);
        if let Some(path) = named("*** Update File:") {
            let moved = lines
                .next_if(|next| next.starts_with("*** Move to:"))
                .map(|next| next["*** Move to:".len()..].trim());
            header(&mut out, path, moved.unwrap_or(path));
            files.push(path.to_owned());
            files.extend(moved.map(str::to_owned));
        } else if let Some(path) = named("*** Add File:") {
            header(&mut out, "/dev/null", path);
            out.push_str("@@\n");
            files.push(path.to_owned());
        } else if let Some(path) = named("*** Delete File:") {
            header(&mut out, path, "/dev/null");
            files.push(path.to_owned());
        } else if line.starts_with("*** End of File") || line.starts_with("*** End Patch") {
            continue;
        } else {
            out.push_str(line);
            out.push('\n');
        }
    }
    Some((out, files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_is_a_diff_with_context() {
        let old = "a\nb\nc\nd\ne\nf\n";
        let new = "a\nb\nc\nD\ne\nf\n";
        assert_eq!(
            unified("src/x.rs", old, new),
            "--- src/x.rs\n+++ src/x.rs\n@@ -1,6 +1,6 @@\n a\n b\n c\n-d\n+D\n e\n f\n"
        );
    }

    #[test]
    fn a_fragment_without_newline_still_ends_its_lines() {
        let diff = unified("x", "one", "two");
        assert!(diff.ends_with("-one\n+two\n"), "{diff:?}");
    }

    #[test]
    fn a_new_file_is_all_plus() {
        let diff = created("x", "one\ntwo");
        assert_eq!(diff, "--- /dev/null\n+++ x\n@@ -0,0 +1,2 @@\n+one\n+two\n");
    }

    #[test]
    fn a_huge_pair_is_not_compared() {
        let old = "x\n".repeat(MAX_LINES);
        let diff = unified("x", &old, "y\n");
        assert_eq!(diff.matches("\n-x").count(), MAX_LINES);
        assert!(diff.ends_with("+y\n"));
    }

    #[test]
    fn apply_patch_names_its_files() {
        let text = "cd app && apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: a.rs\n*** Move to: b.rs\n@@ fn x\n-old\n+new\n\
                    *** Add File: c.rs\n+hi\n*** Delete File: d.rs\n*** End Patch\nEOF";
        let (diff, files) = from_apply_patch(text).unwrap();
        assert_eq!(files, ["a.rs", "b.rs", "c.rs", "d.rs"]);
        assert_eq!(
            diff,
            "cd app && apply_patch <<'EOF'\n--- a.rs\n+++ b.rs\n@@ fn x\n-old\n+new\n\
             --- /dev/null\n+++ c.rs\n@@\n+hi\n--- d.rs\n+++ /dev/null\nEOF\n"
        );
        assert_eq!(from_apply_patch("ls"), None);
    }
}
