//! What this machine says: its time zone, how much memory it grants, who may read a folder.

use super::Surroundings;
use jiff::tz::TimeZone;
use std::io::Write;
use std::path::Path;

/// The zone of local days with its name: `TZ`, else the file's, else the system's.
pub(super) fn zone(
    around: &Surroundings,
    file: Option<&str>,
    warnings: &mut Vec<String>,
) -> (TimeZone, String) {
    if let Some(name) = around.var("TZ") {
        match named_zone(name) {
            Some(zone) => return zone,
            // what the C library does with a TZ that it does not know, but said
            None => {
                warnings.push(format!(
                    "TZ={name} is no known time zone, days are those of UTC"
                ));
                return (TimeZone::UTC, "UTC".into());
            }
        }
    }
    if let Some(zone) = file.and_then(named_zone) {
        return zone;
    }
    match around.zone.clone() {
        Some(zone) => {
            let name = zone.iana_name().map(str::to_owned);
            let name = name.unwrap_or_else(|| offset_now(&zone));
            (zone, name)
        }
        None => (TimeZone::UTC, "UTC".into()),
    }
}

/// A zone by IANA name, by the path of its file, or as a POSIX rule (`EST5EDT,M3.2.0,M11.1.0`).
pub(super) fn named_zone(name: &str) -> Option<(TimeZone, String)> {
    let plain = name.strip_prefix(':').unwrap_or(name);
    let plain = plain
        .rsplit_once("zoneinfo/")
        .map_or(plain, |(_, iana)| iana);
    let zone = TimeZone::get(plain)
        .or_else(|_| TimeZone::posix(plain))
        .ok()?;
    let shown = zone.iana_name().unwrap_or(plain).to_owned();
    Some((zone, shown))
}

fn offset_now(zone: &TimeZone) -> String {
    zone.to_offset(jiff::Timestamp::now()).to_string()
}

/// A budget under what the system grants: a quarter of that is left for the rest of the process.
pub(super) fn within(planned: u64, limit: Option<u64>) -> u64 {
    limit.map_or(planned, |limit| planned.min(limit / 4 * 3))
}

/// The memory limit of the control group this process is in, bytes.
pub(super) fn memory_limit() -> Option<u64> {
    [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ]
    .iter()
    .find_map(|path| std::fs::read_to_string(path).ok()?.trim().parse().ok())
}

/// Makes a folder readable by its owner alone.
pub(super) fn own_only(dir: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let now = std::fs::metadata(dir)?.permissions().mode();
        if now & 0o077 != 0 {
            std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))?;
        }
    }
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

/// Puts a text in the place of a file, readable by its owner alone: whole or not at all, whatever
/// happens meanwhile. A link (people keep their settings elsewhere) stays one.
pub(super) fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let fresh = folder.join(format!(".{name}.{}", std::process::id()));
    let written = write_new(&fresh, text).and_then(|()| std::fs::rename(&fresh, &path));
    if written.is_err() {
        // what stays is a hidden file beside ours
        let _ = std::fs::remove_file(&fresh);
    }
    written?;
    #[cfg(unix)]
    std::fs::File::open(folder)?.sync_all()?;
    Ok(())
}

fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    // left by a process that was killed
    let _ = std::fs::remove_file(path);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
