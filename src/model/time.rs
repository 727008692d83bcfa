//! The one parser for foreign times.

/// Milliseconds since the epoch from seconds, milliseconds, microseconds, nanoseconds or a float of
/// seconds, told apart by size. `None` outside 2000-01-01 .. 2100-01-01.
pub fn from_number(value: f64) -> Option<i64> {
    const LOW: f64 = 946_684_800.0;
    const HIGH: f64 = 4_102_444_800.0;
    for scale in [1.0, 1e3, 1e6, 1e9] {
        if (LOW * scale..HIGH * scale).contains(&value) {
            return Some((value * (1e3 / scale)).round() as i64);
        }
    }
    None
}

/// Milliseconds since the epoch from RFC 3339 (any fraction, any offset; a missing offset is UTC,
/// a blank for the `T` is taken) or from a number written as text.
pub fn from_text(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Some(ms) = fast_utc(text.as_bytes()) {
        return Some(ms);
    }
    if let Ok(stamp) = text.parse::<jiff::Timestamp>() {
        return Some(stamp.as_millisecond());
    }
    if let Ok(civil) = text.parse::<jiff::civil::DateTime>() {
        return civil
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()
            .map(|z| z.timestamp().as_millisecond());
    }
    text.parse::<f64>().ok().and_then(from_number)
}

/// The same for a time that its writer meant locally: without an offset it is one of `zone`.
pub fn from_local(text: &str, zone: &jiff::tz::TimeZone) -> Option<i64> {
    let civil = text.trim().parse::<jiff::civil::DateTime>();
    match civil {
        Ok(civil) if text.parse::<jiff::Timestamp>().is_err() => {
            let zoned = civil.to_zoned(zone.clone()).ok()?;
            Some(zoned.timestamp().as_millisecond())
        }
        _ => from_text(text),
    }
}

/// `YYYY-MM-DDTHH:MM:SS[.fff...]Z`, which is nearly every stamp there is, without a general parser.
fn fast_utc(b: &[u8]) -> Option<i64> {
    if b.len() < 20 || b[b.len() - 1] != b'Z' || b[4] != b'-' || b[7] != b'-' || b[10] != b'T' {
        return None;
    }
    if b[13] != b':' || b[16] != b':' {
        return None;
    }
    let num = |range: std::ops::Range<usize>| -> Option<i64> {
        b[range].iter().try_fold(0i64, |n, c| {
            c.is_ascii_digit().then(|| n * 10 + i64::from(c - b'0'))
        })
    };
    let (year, month, day) = (num(0..4)?, num(5..7)?, num(8..10)?);
    let (hour, minute, second) = (num(11..13)?, num(14..16)?, num(17..19)?);
    if !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || hour > 23
        || minute > 59
        || second > 59
    {
        return None;
    }
    let fraction = &b[19..b.len() - 1];
    let mut millis = 0;
    if let Some((dot, digits)) = fraction.split_first() {
        if *dot != b'.' || digits.is_empty() || digits.iter().any(|c| !c.is_ascii_digit()) {
            return None;
        }
        for place in 0..3 {
            millis = millis * 10 + digits.get(place).map_or(0, |c| i64::from(c - b'0'));
        }
    }
    // days from civil, Howard Hinnant's algorithm
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    let days = era * 146_097 + doe - 719_468;
    if day > 28 && jiff::civil::Date::new(year as i16, month as i8, day as i8).is_err() {
        return None;
    }
    Some(((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_time_is_one_of_its_zone() {
        let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(
            from_local("2026-01-01 02:00:00", &zone),
            Some(1_767_225_600_000)
        );
        assert_eq!(
            from_local("2026-01-01T00:00:00Z", &zone),
            Some(1_767_225_600_000)
        );
        assert_eq!(from_local("soon", &zone), None);
    }

    #[test]
    fn every_unit_gives_the_same_moment() {
        let want = Some(1_795_220_910_461);
        for text in [
            "2026-11-21T00:28:30.461Z",
            "2026-11-21T00:28:30.461000Z",
            "2026-11-21T01:28:30.461+01:00",
            "2026-11-21 00:28:30.461",
            "1795220910461",
            "1795220910.461",
            "2026-11-21T00:28:30.4619999Z",
        ] {
            assert_eq!(from_text(text), want, "{text}");
        }
        assert_eq!(from_number(1_795_220_910.0), Some(1_795_220_910_000));
        assert_eq!(from_number(1_795_220_910_461_000.0), want);
        assert_eq!(from_text("2026-11-21T00:28:30Z"), Some(1_795_220_910_000));
    }

    #[test]
    fn nonsense_is_no_time() {
        for text in [
            "",
            "soon",
            "2026-02-30T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "12",
            "NaN",
            "inf",
        ] {
            assert_eq!(from_text(text), None, "{text}");
        }
    }
}
