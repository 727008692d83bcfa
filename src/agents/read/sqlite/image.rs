//! A database and its write-ahead log put together in memory, for a log that nobody has open.
//!
//! The log's layout is part of SQLite's published file format: a header of 32 bytes, then frames of 24
//! bytes and one page each. Frames count up to the last commit whose salts and running checksum are right.

use super::{Stand, beside};
use rusqlite::{Connection, ErrorCode, MAIN_DB, ffi};
use std::fs;
use std::path::Path;

/// Above this the image is not made and the database opens the normal way.
const MOST: u64 = 128 << 20;

pub(super) fn load(path: &Path) -> rusqlite::Result<Connection> {
    let wal = beside(path, "-wal");
    let stand = Stand::settled(path).map_err(|error| failure(&error))?;
    let size = |path: &Path| fs::metadata(path).map_or(0, |meta| meta.len());
    if size(path) + size(&wal) > MOST {
        return super::connect(path, "mode=ro");
    }
    let mut image = fs::read(path).map_err(|error| failure(&error))?;
    let log = fs::read(&wal).unwrap_or_default();
    // written back or opened meanwhile: the two do not fit together
    if !stand.holds(path) {
        return Err(super::stirred());
    }
    apply(&mut image, &log);
    if let Some(modes) = image.get_mut(18..20) {
        // in memory there is no log; rollback mode is what can be opened
        modes.fill(1);
    }
    let mut conn = Connection::open_in_memory()?;
    conn.deserialize_read_exact(MAIN_DB, image.as_slice(), image.len(), true)?;
    conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(conn)
}

/// Puts every committed page of `log` into `image`.
fn apply(image: &mut Vec<u8>, log: &[u8]) {
    let Some((header, mut rest)) = log.split_at_checked(32) else {
        return;
    };
    let big_endian = match word(header, 0) {
        0x377f_0682 => false,
        0x377f_0683 => true,
        _ => return,
    };
    let page = word(header, 8) as usize;
    if !page.is_power_of_two() || !(512..=65_536).contains(&page) {
        return;
    }
    let mut sum = checksum((0, 0), &header[..24], big_endian);
    if sum != (word(header, 24), word(header, 28)) {
        return;
    }
    let mut pending: Vec<(usize, &[u8])> = Vec::new();
    while let Some((frame, after)) = rest.split_at_checked(24 + page) {
        rest = after;
        let (head, body) = frame.split_at(24);
        sum = checksum(checksum(sum, &head[..8], big_endian), body, big_endian);
        if head[8..16] != header[16..24] || sum != (word(head, 16), word(head, 20)) {
            break;
        }
        pending.push((word(head, 0) as usize, body));
        let pages = word(head, 4) as usize;
        if pages == 0 {
            continue;
        }
        image.resize(pages.saturating_mul(page).min(MOST as usize), 0);
        for (number, body) in pending.drain(..) {
            let at = number.saturating_sub(1).saturating_mul(page);
            if let Some(place) = image.get_mut(at..at.saturating_add(page)) {
                place.copy_from_slice(body);
            }
        }
    }
}

fn checksum((mut a, mut b): (u32, u32), bytes: &[u8], big_endian: bool) -> (u32, u32) {
    for pair in bytes.chunks_exact(8) {
        let (x, y) = match big_endian {
            true => (word(pair, 0), word(pair, 4)),
            false => (word(pair, 0).swap_bytes(), word(pair, 4).swap_bytes()),
        };
        a = a.wrapping_add(x).wrapping_add(b);
        b = b.wrapping_add(y).wrapping_add(a);
    }
    (a, b)
}

/// Big-endian 32 bits at `at`; the callers have checked the length.
fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn failure(error: &std::io::Error) -> rusqlite::Error {
    let code = ffi::Error {
        code: ErrorCode::CannotOpen,
        extended_code: ffi::SQLITE_CANTOPEN,
    };
    rusqlite::Error::SqliteFailure(code, Some(error.to_string()))
}
