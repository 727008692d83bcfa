//! What this machine says: its time zone, how much memory it grants, who may read a folder.

use jiff::tz::TimeZone;
use std::path::Path;

/// The zone of local days with its name: `TZ`, else the file's, else the system's.
pub(super) fn zone(
    variable: Option<&str>,
    file: Option<String>,
    warnings: &mut Vec<String>,
) -> (TimeZone, String) {
    if let Some(name) = variable {
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
    if let Some(zone) = file.and_then(|name| named_zone(&name)) {
        return zone;
    }
    match TimeZone::try_system() {
        Ok(zone) => {
            let name = zone.iana_name().map(str::to_owned);
            let name = name.unwrap_or_else(|| offset_now(&zone));
            (zone, name)
        }
        Err(_) => (TimeZone::UTC, "UTC".into()),
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
