//! Which files a session's tool calls read and wrote.

use crate::model::{FileCount, ToolCall, ToolKind};

/// Files that are kept of one session, those named first: enough to say what it was about.
const MAX_FILES: usize = 64;
const MAX_PATH: usize = 240;

/// Counts the files of one call.
pub(super) fn note(files: &mut Vec<FileCount>, project: &str, tool: &ToolCall) {
    let edit = match tool.kind {
        ToolKind::Edit | ToolKind::Write => true,
        ToolKind::Read => false,
        // what other tools call a path is a folder as often as not
        _ => return,
    };
    for path in &tool.files {
        let path = within(project, path);
        if path.is_empty() || path.len() > MAX_PATH || path.chars().any(char::is_control) {
            continue;
        }
        add(files, path, u32::from(!edit), u32::from(edit));
    }
}

/// Adds what a session named since to what it had named before.
pub fn merge_files(before: &mut Vec<FileCount>, new: &[FileCount]) {
    for file in new {
        add(before, &file.path, file.reads, file.edits);
    }
}

fn add(files: &mut Vec<FileCount>, path: &str, reads: u32, edits: u32) {
    let place = files.iter().position(|known| known.path == path);
    let place = place.unwrap_or(files.len());
    if place >= MAX_FILES {
        return;
    }
    if place == files.len() {
        files.push(FileCount {
            path: path.to_owned(),
            ..FileCount::default()
        });
    }
    let file = &mut files[place];
    file.reads = file.reads.saturating_add(reads);
    file.edits = file.edits.saturating_add(edits);
}

/// The part of a path below the project; the path itself when it lies elsewhere.
fn within<'p>(project: &str, path: &'p str) -> &'p str {
    let path = path.trim();
    let project = project.trim_end_matches(['/', '\\']);
    let below = match path.strip_prefix(project) {
        Some(rest) if !project.is_empty() && rest.starts_with(['/', '\\']) => &rest[1..],
        _ => path,
    };
    below.strip_prefix("./").unwrap_or(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(kind: ToolKind, paths: &[&str]) -> ToolCall {
        ToolCall {
            kind,
            files: paths.iter().map(|path| (*path).to_owned()).collect(),
            ..ToolCall::default()
        }
    }

    #[test]
    fn a_file_is_the_same_however_its_path_is_written() {
        let mut files = Vec::new();
        note(
            &mut files,
            "/w/app",
            &call(ToolKind::Read, &["/w/app/src/a.rs"]),
        );
        note(
            &mut files,
            "/w/app/",
            &call(ToolKind::Edit, &["src/a.rs", "./src/a.rs"]),
        );
        note(
            &mut files,
            "/w/app",
            &call(ToolKind::Read, &["/w/apple/b.rs", "", "/w/app"]),
        );
        let told: Vec<(&str, u32, u32)> = files
            .iter()
            .map(|file| (file.path.as_str(), file.reads, file.edits))
            .collect();
        assert_eq!(
            told,
            [
                ("src/a.rs", 1, 2),
                ("/w/apple/b.rs", 1, 0),
                ("/w/app", 1, 0)
            ]
        );
    }

    #[test]
    fn searches_and_commands_name_no_files() {
        let mut files = Vec::new();
        for kind in [ToolKind::Search, ToolKind::Shell, ToolKind::Other] {
            note(&mut files, "", &call(kind, &["src"]));
        }
        assert!(files.is_empty());
    }

    #[test]
    fn a_damaged_file_cannot_fill_the_store() {
        let mut files = Vec::new();
        for n in 0..1_000 {
            note(&mut files, "", &call(ToolKind::Read, &[&format!("f{n}")]));
        }
        note(
            &mut files,
            "",
            &call(ToolKind::Read, &["f3", &"x".repeat(999)]),
        );
        assert_eq!(files.len(), MAX_FILES);
        assert_eq!(files[3].reads, 2);
        let mut before = files.clone();
        merge_files(&mut before, &files);
        assert_eq!((before.len(), before[3].reads), (MAX_FILES, 4));
    }
}
