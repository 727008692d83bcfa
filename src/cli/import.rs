//! `codedash import`: puts exports of other services, and sessions of other programs, where a room reads
//! them. Only what is needed is unpacked: the conversations.

use super::Usage;
use super::args::ImportArgs;
use super::ask::{self, Ask, Need};
use crate::agents::imported::kind_of;
use crate::agents::read::value::id_of_name;
use anyhow::{Context, bail};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Beginning of a file by which it is known.
const HEAD: u64 = 64 << 10;
/// More than any export unpacks to: a longer file is none.
const MOST: u64 = 4 << 30;

pub fn run(args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let flags = args.sources.flags();
    let config = ask::config(&flags)?;
    config.make_dirs()?;
    let folder = config.dir.join("import");
    let mut out = anstream::AutoStream::auto(io::stdout()).lock();
    for file in &args.files {
        let path = Path::new(file);
        for made in import(path, &folder).with_context(|| file.clone())? {
            writeln!(out, "imported {}", made.display())?;
        }
    }
    drop(out);
    // reads them, where no server does
    Ask::open(&flags, "import", Need::Listing)?;
    Ok(ExitCode::SUCCESS)
}

/// Copies what `path` holds below `folder`; gives the files made.
fn import(path: &Path, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = id_of_name(&stem);
    let mut file = File::open(path)?;
    let mut start = [0; 4];
    let read = file.read(&mut start)?;
    file.seek(SeekFrom::Start(0))?;
    if &start[..read] != b"PK\x03\x04" {
        return Ok(vec![put(file, folder, &name, "conversations.json")?]);
    }
    let mut archive = zip::ZipArchive::new(file).context("not a whole zip archive")?;
    let mut made = Vec::new();
    for at in 0..archive.len() {
        let entry = archive.by_index(at).context("a damaged entry")?;
        let named = entry.name().context("an entry without a name")?;
        let inner = named.rsplit(['/', '\\']).next().unwrap_or("").to_owned();
        drop(named);
        let wanted = inner.starts_with("conversations") && inner.ends_with(".json");
        if wanted && entry.is_file() {
            made.push(put(entry, folder, &name, &id_of_name(&inner))?);
        }
    }
    if made.is_empty() {
        bail!(Usage("the archive holds no conversations.json".to_owned()));
    }
    Ok(made)
}

/// Copies a stream to the place that its beginning tells; an earlier import of the same name is replaced.
fn put(mut from: impl Read, folder: &Path, name: &str, inner: &str) -> anyhow::Result<PathBuf> {
    let mut head = Vec::new();
    (&mut from).take(HEAD).read_to_end(&mut head)?;
    let Some(kind) = kind_of(&String::from_utf8_lossy(&head)) else {
        let known = "this is no export that is known, and no file of the codedash schema";
        bail!(Usage(known.to_owned()));
    };
    let path = match kind {
        "sessions" => folder.join(kind).join(format!("{name}.jsonl")),
        _ => folder.join(kind).join(name).join(inner),
    };
    let parent = path.parent().expect("joined to a folder");
    fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
    // whole or not at all: a server may be reading
    let part = path.with_extension("part");
    let mut to = File::create(&part).with_context(|| part.display().to_string())?;
    to.write_all(&head)?;
    let copied = io::copy(&mut (&mut from).take(MOST), &mut to)?;
    if copied == MOST {
        fs::remove_file(&part)?;
        bail!("it unpacks to more than 4 GiB");
    }
    to.sync_all()?;
    fs::rename(&part, &path)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPORT: &str = r#"[{"uuid":"a","chat_messages":[]}]"#;

    fn archive(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, text) in entries {
            zip.start_file(*name, zip::write::SimpleFileOptions::default())
                .unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn only_conversations_leave_an_archive_and_none_leaves_its_folder() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("my export.zip");
        let entries = [("users.json", "[]"), ("../../conversations.json", EXPORT)];
        fs::write(&file, archive(&entries)).unwrap();
        let folder = home.path().join("import");
        let made = import(&file, &folder).unwrap();
        assert_eq!(
            made,
            [folder.join("claude-ai/my export/conversations.json")]
        );
        assert_eq!(fs::read_to_string(&made[0]).unwrap(), EXPORT);
        assert!(!home.path().join("conversations.json").exists());
    }

    #[test]
    fn what_is_no_export_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("import");
        for bytes in [
            b"hello".to_vec(),
            Vec::new(),
            archive(&[("users.json", "[]")]),
        ] {
            let file = home.path().join("x");
            fs::write(&file, bytes).unwrap();
            assert!(import(&file, &folder).unwrap_err().is::<Usage>());
        }
        assert!(!folder.exists());
    }

    #[test]
    fn plain_files_are_known_by_what_they_hold() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("import");
        for (name, text, place) in [
            ("a.json", EXPORT, "claude-ai/a/conversations.json"),
            (
                "b.json",
                r#"[{"mapping":{}}]"#,
                "chatgpt/b/conversations.json",
            ),
            ("c.jsonl", "{\"type\":\"session\"}\n", "sessions/c.jsonl"),
        ] {
            fs::write(home.path().join(name), text).unwrap();
            let made = import(&home.path().join(name), &folder).unwrap();
            assert_eq!(made, [folder.join(place)]);
        }
    }
}
