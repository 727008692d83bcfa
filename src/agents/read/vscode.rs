//! What VS Code and the editors made of it have in common: where they keep what, and for which folder.

use super::json::Raw;
use super::whole::Document;
use std::path::Path;

/// A folder below `User` of several editors, on Linux, macOS and Windows.
macro_rules! user_roots {
    ($below:literal: $($product:literal),+; $($server:literal),*) => {
        &[
            $(
                $crate::model::RootSpec {
                    env: Some("XDG_CONFIG_HOME"),
                    env_suffix: concat!($product, "/User/", $below),
                    path: concat!(".config/", $product, "/User/", $below),
                },
                $crate::model::RootSpec {
                    env: None,
                    env_suffix: "",
                    path: concat!("Library/Application Support/", $product, "/User/", $below),
                },
                $crate::model::RootSpec {
                    env: Some("APPDATA"),
                    env_suffix: concat!($product, "/User/", $below),
                    path: concat!("AppData/Roaming/", $product, "/User/", $below),
                },
            )+
            $(
                $crate::model::RootSpec {
                    env: None,
                    env_suffix: "",
                    path: concat!($server, "/data/User/", $below),
                },
            )*
        ]
    };
}
pub(crate) use user_roots;

/// Several lists of roots as one, at compile time.
pub const fn joined<const N: usize>(
    lists: &[&'static [crate::model::RootSpec]],
) -> [crate::model::RootSpec; N] {
    const NONE: crate::model::RootSpec = crate::model::RootSpec {
        env: None,
        env_suffix: "",
        path: "",
    };
    let mut all = [NONE; N];
    let (mut list, mut next) = (0, 0);
    while list < lists.len() {
        let mut at = 0;
        while at < lists[list].len() {
            let spec = &lists[list][at];
            all[next] = crate::model::RootSpec {
                env: spec.env,
                env_suffix: spec.env_suffix,
                path: spec.path,
            };
            (at, next) = (at + 1, next + 1);
        }
        list += 1;
    }
    assert!(next == N, "the number of roots");
    all
}

/// The folder that a `workspaceStorage/<hash>` folder is of.
pub fn folder(workspace: &Path) -> Option<String> {
    let document = Document::beside(&workspace.join("workspace.json"))?;
    let raw = document.root();
    if let Some(folder) = raw.get("folder").and_then(Raw::filled) {
        return path(&folder);
    }
    // several folders in one window: where the file that names them lies
    let several = raw.get("workspace").or(raw.get("configuration"));
    let file = path(&several.and_then(Raw::filled)?)?;
    let end = file.rfind(['/', '\\'])?;
    Some(file[..end].to_owned()).filter(|folder| !folder.is_empty())
}

/// The path of a `file:` or `vscode-remote:` URI, or a plain path.
pub fn path(uri: &str) -> Option<String> {
    let Some((scheme, rest)) = uri.split_once("://") else {
        return Some(uri.to_owned()).filter(|path| !path.is_empty());
    };
    if !matches!(scheme, "file" | "vscode-remote" | "vscode-userdata") {
        return None;
    }
    let (host, encoded) = rest.split_at(rest.find('/')?);
    let decoded = percent_encoding::percent_decode_str(encoded);
    let decoded = decoded.decode_utf8_lossy().into_owned();
    let bytes = decoded.as_bytes();
    let drive = bytes.len() > 2 && bytes[1].is_ascii_alphabetic() && bytes[2] == b':';
    Some(match (scheme, drive) {
        ("file", true) => {
            let upper = decoded[1..2].to_ascii_uppercase();
            format!("{upper}{}", decoded[2..].replace('/', "\\"))
        }
        ("file", false) if !host.is_empty() => {
            format!(r"\\{host}{}", decoded.replace('/', "\\"))
        }
        _ => decoded,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_paths() {
        for (uri, want) in [
            ("file:///home/u/my%20work", Some("/home/u/my work")),
            ("file:///c%3A/Users/u/p", Some(r"C:\Users\u\p")),
            ("file://srv/share/p", Some(r"\\srv\share\p")),
            ("vscode-remote://ssh-remote%2Bbox/srv/p", Some("/srv/p")),
            ("vscode-remote://wsl%2Bubuntu/home/u", Some("/home/u")),
            ("untitled:x", Some("untitled:x")),
            ("http://x/y", None),
            ("file://", None),
        ] {
            assert_eq!(path(uri).as_deref(), want, "{uri}");
        }
    }
}
