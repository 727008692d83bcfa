//! An archive that is written while its files are made: nothing of it is held but what is being packed.

use jiff::tz::TimeZone;
use std::collections::HashSet;
use std::io::Write;
use zip::ZipWriter;
use zip::write::{SimpleFileOptions, StreamWriter};

/// Characters of a title that go into a name.
const TITLE: usize = 48;

pub struct Archive<'w> {
    zip: ZipWriter<StreamWriter<&'w mut dyn Write>>,
    names: HashSet<String>,
}

impl<'w> Archive<'w> {
    pub fn new(out: &'w mut dyn Write) -> Archive<'w> {
        Archive {
            zip: ZipWriter::new_stream(out),
            names: HashSet::new(),
        }
    }

    /// Adds what `write` writes; a name that is taken gets a number.
    ///
    /// # Errors
    /// The writer's.
    pub fn add(
        &mut self,
        name: &str,
        ending: &str,
        write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut full = format!("{name}.{ending}");
        let mut number = 2;
        while !self.names.insert(full.clone()) {
            full = format!("{name}-{number}.{ending}");
            number += 1;
        }
        // a session may be of any size
        let options = SimpleFileOptions::default().large_file(true);
        self.zip.start_file(full, options)?;
        write(&mut self.zip)
    }

    /// # Errors
    /// The writer's.
    pub fn finish(self) -> anyhow::Result<()> {
        self.zip.finish()?;
        Ok(())
    }

    /// `2026-03-08-light-the-lantern-`: what a person finds a file by, of characters that any file system
    /// takes.
    pub fn name(title: &str, at: Option<i64>, zone: &TimeZone) -> String {
        let day = at.and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
        let day = day.map(|at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d-").to_string());
        let mut words = String::new();
        for c in title.chars().flat_map(char::to_lowercase) {
            if c.is_alphanumeric() {
                words.push(c);
            } else if !words.is_empty() && !words.ends_with('-') {
                words.push('-');
            }
            if words.chars().count() >= TITLE {
                break;
            }
        }
        if !words.is_empty() && !words.ends_with('-') {
            words.push('-');
        }
        format!("{}{words}", day.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Read};

    #[test]
    fn a_streamed_archive_opens_and_no_name_leads_out_of_it() {
        let mut bytes = Vec::new();
        let mut archive = Archive::new(&mut bytes);
        for text in ["one", "two"] {
            let name = Archive::name("../../Etc: Päßwort\n\0", Some(0), &TimeZone::UTC);
            archive
                .add(&name, "md", |out| Ok(out.write_all(text.as_bytes())?))
                .unwrap();
        }
        archive.finish().unwrap();
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut read = |name: &str| {
            let mut text = String::new();
            zip.by_name(name)
                .unwrap()
                .read_to_string(&mut text)
                .unwrap();
            text
        };
        assert_eq!(read("1970-01-01-etc-päßwort-.md"), "one");
        assert_eq!(read("1970-01-01-etc-päßwort--2.md"), "two");
        assert_eq!(Archive::name("", None, &TimeZone::UTC), "");
    }
}
