//! Pictures that stand in records as base64, whoever wrote them: in a block of their own, as a `data:`
//! address, or somewhere in a text. And those that a record names by the path of a file.

use percent_encoding::percent_decode_str;
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::ops::Range;
use std::path::{Component, Path, PathBuf, Prefix};

/// A picture that decodes to more is not shown.
pub const MOST: usize = 20 << 20;
/// One with more pixels neither, however small its file: it would take gigabytes to draw.
const PIXELS: u64 = 64 << 20;
/// Shorter runs are no pictures.
const SHORTEST: usize = 32;

/// How the base64 of each kind begins.
const BEGINNINGS: [&str; 5] = ["iVBORw0KGgo", "/9j/", "\\/9j\\/", "R0lGOD", "UklGR"];

/// A picture that a browser may be given.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    pub media: &'static str,
    pub bytes: Vec<u8>,
}

/// Where the base64 of each picture of a record stands, in order.
pub fn find(record: &[u8]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for beginning in BEGINNINGS {
        for from in memchr::memmem::find_iter(record, beginning) {
            // at the beginning of a string, or behind `base64,`
            if from == 0 || !matches!(record[from - 1], b'"' | b',') {
                continue;
            }
            let inside = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=\\".contains(byte);
            let length = record[from..]
                .iter()
                .take_while(|byte| inside(byte))
                .count();
            // the quote behind an escape is the text's, not ours
            let run = from..from + length;
            if length >= SHORTEST {
                found.push(run);
            }
        }
    }
    found.sort_by_key(|run| run.start);
    found
}

/// Bytes that a run stands for, by its length.
pub fn size(run: &Range<usize>) -> usize {
    run.len() * 3 / 4
}

/// Decodes a run of base64. `None`: it is none, too large, or no picture that we show.
pub fn decode(base64: &[u8]) -> Option<Picture> {
    if base64.len() / 4 * 3 > MOST {
        return None;
    }
    let mut bytes = Vec::with_capacity(base64.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0u32, 0);
    for byte in base64 {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            // `\/` is how some write a slash
            b'\\' => continue,
            b'=' => break,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    checked(bytes)
}

fn checked(bytes: Vec<u8>) -> Option<Picture> {
    let media = media(&bytes)?;
    let (width, height) = dimensions(media, &bytes)?;
    (u64::from(width) * u64::from(height) <= PIXELS).then_some(Picture { media, bytes })
}

/// Endings of the names of files that are looked into.
const ENDINGS: [&str; 5] = ["png", "jpg", "jpeg", "gif", "webp"];

/// The picture in a file that a record names by its whole path, or as a `file:` address. `None`: there is
/// none that we show.
///
/// Whoever wrote the record chose the path. So nothing is opened but a plain file of this machine with the
/// name of a picture (a link could lead anywhere, a pipe never ends, a share would be called up), and
/// nothing is given out that does not begin as a picture does.
pub fn of_file(named: &str) -> Option<Picture> {
    let path = local(named)?;
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    if !ENDINGS.contains(&ending.as_str()) || !fs::symlink_metadata(&path).ok()?.is_file() {
        return None;
    }
    let file = open(&path).ok()?;
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() || metadata.len() > MOST as u64 {
        return None;
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    file.take(MOST as u64 + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() <= MOST).then(|| checked(bytes)).flatten()
}

/// A path of this machine, whole and without detours.
fn local(named: &str) -> Option<PathBuf> {
    let path = match named.strip_prefix("file://") {
        Some(rest) => {
            let rest = rest.strip_prefix("localhost").unwrap_or(rest);
            let path = percent_decode_str(rest).decode_utf8().ok()?;
            // `file:///C:/x` is `C:/x`
            let drive = path.as_bytes().get(2) == Some(&b':') && cfg!(windows);
            PathBuf::from(if drive { &path[1..] } else { &path })
        }
        None => PathBuf::from(named),
    };
    let shared = named.starts_with("//") || named.starts_with("\\\\");
    let plain = path.components().all(|component| match component {
        Component::ParentDir => false,
        Component::Prefix(prefix) => matches!(prefix.kind(), Prefix::Disk(_)),
        _ => true,
    });
    (path.is_absolute() && plain && !shared).then_some(path)
}

/// A link that has come into the file's place meanwhile is not followed, a pipe not waited for.
#[cfg(unix)]
fn open(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

/// What the bytes are by their own beginning; nothing that can hold a script is on the list.
fn media(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("image/webp"),
        _ => None,
    }
}

fn dimensions(media: &str, bytes: &[u8]) -> Option<(u32, u32)> {
    let big = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let little = |at: usize| {
        let pair = bytes.get(at..at + 2)?.try_into().ok()?;
        Some(u32::from(u16::from_le_bytes(pair)))
    };
    let three = |at: usize| Some(little(at)? | u32::from(*bytes.get(at + 2)?) << 16);
    match media {
        "image/png" => Some((big(16)?, big(20)?)),
        "image/gif" => Some((little(6)?, little(8)?)),
        "image/jpeg" => jpeg(bytes),
        _ => match bytes.get(12..16)? {
            b"VP8X" => Some((three(24)? + 1, three(27)? + 1)),
            b"VP8L" => {
                let packed = little(21)? | little(23)? << 16;
                Some(((packed & 0x3fff) + 1, (packed >> 14 & 0x3fff) + 1))
            }
            b"VP8 " => Some((little(26)? & 0x3fff, little(28)? & 0x3fff)),
            _ => None,
        },
    }
}

/// From the first frame header.
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let pair = |at: usize| {
        let pair = bytes.get(at..at + 2)?.try_into().ok()?;
        Some(u32::from(u16::from_be_bytes(pair)))
    };
    let mut at = 2;
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        match *bytes.get(at + 1)? {
            0xff => at += 1,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Some((pair(at + 7)?, pair(at + 5)?));
            }
            0x01 | 0xd0..=0xd8 => at += 2,
            _ => at += 2 + pair(at + 2)?.max(2) as usize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PNG of one pixel.
    const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    /// A GIF of one.
    const GIF: &str = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";

    #[test]
    fn pictures_are_found_wherever_they_stand() {
        let record = format!(
            r#"{{"a":{{"data":"{PNG}"}},"b":"data:image/gif;base64,{GIF}","c":"x {PNG}","d":"iVBORw0KGgo"}}"#
        );
        let found = find(record.as_bytes());
        assert_eq!(found.len(), 2);
        let of = |n: usize| decode(&record.as_bytes()[found[n].clone()]).map(|it| it.media);
        assert_eq!((of(0), of(1)), (Some("image/png"), Some("image/gif")));
    }

    #[test]
    fn of_files_only_plain_ones_with_pictures_in_them_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let png = decode(PNG.as_bytes()).unwrap().bytes;
        for name in ["a b.png", "odd\u{202f}name.PNG", "secret", "deep.svg"] {
            fs::write(at(name), &png).unwrap();
        }
        fs::write(at("key.png"), "-----BEGIN KEY-----").unwrap();
        fs::write(at("drawing.png"), "<svg xmlns='x'><script/></svg>").unwrap();
        fs::create_dir(at("folder.png")).unwrap();
        let large = File::create(at("large.png")).unwrap();
        large.set_len(MOST as u64 + 1).unwrap();
        let shown = |named: &str| of_file(named).map(|picture| picture.media);
        let address = format!("file://{}", at("a b.png").replace(' ', "%20"));
        for named in [&at("a b.png"), &at("odd\u{202f}name.PNG"), &address] {
            assert_eq!(shown(named), Some("image/png"), "{named}");
        }
        for named in [
            &at("secret"),
            &at("deep.svg"),
            &at("key.png"),
            &at("drawing.png"),
            &at("folder.png"),
            &at("large.png"),
            &at("missing.png"),
            &at("folder.png/../a b.png"),
            &format!("/{}", at("a b.png")),
            &format!("file://box{}", at("a b.png")),
            "\\\\box\\share\\a.png",
            "a b.png",
            "/dev/zero",
            "",
        ] {
            assert_eq!(shown(named), None, "{named}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("a b.png"), at("link.png")).unwrap();
            assert_eq!(shown(&at("link.png")), None);
            let pipe = std::ffi::CString::new(at("pipe.png")).unwrap();
            // SAFETY: a path that ends in NUL, and lives as long as the call
            assert_eq!(unsafe { libc::mkfifo(pipe.as_ptr(), 0o600) }, 0);
            assert_eq!(shown(&at("pipe.png")), None, "nobody waits for its writer");
        }
    }

    #[test]
    fn only_pictures_of_a_sane_size_are_given_out() {
        let svg = "PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=";
        assert_eq!(decode(svg.as_bytes()), None, "a drawing can hold a script");
        assert_eq!(decode(b"iVBORw0KGgo<script>"), None);
        assert_eq!(decode(b"iVBORw0KGgoAAAAN"), None, "no size in it");
        let bomb = PNG.replace("AAAAEAAAAB", "AP//8A//8A");
        assert_ne!(bomb, PNG);
        assert_eq!(decode(bomb.as_bytes()), None, "billions of pixels");
        assert_eq!(decode(&b"iVBORw0KGgo".repeat(3 << 20)), None, "too large");
        assert!(decode(PNG.as_bytes()).is_some());
        let slashes = "/9j/4AAQSkZJRgABAQEASABIAAD/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AVN//2Q==";
        for jpeg in [slashes.to_owned(), slashes.replace('/', "\\/")] {
            assert_eq!(decode(jpeg.as_bytes()).unwrap().media, "image/jpeg");
        }
    }
}
