//! Which folder a project's name or digest stands for.

use crate::agents::read::digest;
use crate::agents::read::json::Raw;
use crate::agents::read::whole::{self, Document};
use std::path::Path;

/// The folder of the project in whose `tmp/<project>/` a source lies.
pub fn folder(source: &Path) -> Option<String> {
    let project = source
        .ancestors()
        .find(|path| path.parent().is_some_and(|up| up.ends_with("tmp")))?;
    if let Some(told) = whole::small(&project.join(".project_root")) {
        let line = told.lines().next().unwrap_or("").trim().to_owned();
        if !line.is_empty() {
            return Some(line);
        }
    }
    let name = project.file_name()?.to_str()?;
    let root = project.parent()?.parent()?;
    let projects = Document::beside(&root.join("projects.json"));
    let listed = projects
        .as_ref()
        .and_then(|document| document.root().get("projects"))
        .map(Raw::members)
        .unwrap_or_default();
    let named = listed
        .iter()
        .find(|(_, slug)| slug.text().is_some_and(|slug| slug == name));
    if let Some((path, _)) = named {
        return Some(path.to_string());
    }
    let trusted = Document::beside(&root.join("trustedFolders.json"));
    let trusted = trusted.as_ref().map(|document| document.root().members());
    let known = listed.iter().chain(trusted.iter().flatten());
    known
        .map(|(path, _)| path)
        .find(|path| digest::sha256(path) == name)
        .map(|path| path.to_string())
}
