//! Local days of moments, without asking the time zone for each.

use crate::model::Day;
use jiff::Timestamp;
use jiff::tz::TimeZone;

const DAY_MS: i64 = 86_400_000;

/// Remembers the span between two changes of the offset in which it was asked last.
pub(super) struct Days {
    zone: TimeZone,
    /// `[from, to)` in ms, and the offset there.
    span: (i64, i64, i64),
}

impl Days {
    pub fn new(zone: &TimeZone) -> Days {
        Days {
            zone: zone.clone(),
            span: (0, 0, 0),
        }
    }

    #[inline]
    pub fn day(&mut self, at: i64) -> Day {
        if at < self.span.0 || at >= self.span.1 {
            self.span = self.look_up(at);
        }
        Day((at + self.span.2).div_euclid(DAY_MS) as i32)
    }

    #[cold]
    fn look_up(&self, at: i64) -> (i64, i64, i64) {
        let Ok(stamp) = Timestamp::from_millisecond(at) else {
            return (at, at + 1, 0);
        };
        let offset = i64::from(self.zone.to_offset(stamp).seconds()) * 1000;
        let ms = |t: jiff::tz::TimeZoneTransition<'_>| t.timestamp().as_millisecond();
        let to = self.zone.following(stamp).next().map_or(i64::MAX, ms);
        // `preceding` leaves out a change at this very moment: ask one step later
        let later = Timestamp::from_millisecond(at + 1).unwrap_or(stamp);
        let from = self.zone.preceding(later).next().map_or(i64::MIN, ms);
        (from.min(at), to, offset)
    }
}

/// The first moment of a local day, ms since the epoch.
pub(super) fn start_of(day: Day, zone: &TimeZone) -> i64 {
    day.date()
        .to_zoned(zone.clone())
        .map_or(i64::from(day.0) * DAY_MS, |z| {
            z.timestamp().as_millisecond()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_follow_the_zone_through_its_changes() {
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a rule");
        let mut days = Days::new(&berlin);
        let start = start_of(Day::parse("2026-03-27").expect("a date"), &berlin);
        for step in 0..300 {
            // forth and back over both changes of the year
            let at = start + (step * 97 % 300) * 3_600_000 * 20;
            let stamp = Timestamp::from_millisecond(at).expect("in range");
            let want = Day::from_date(stamp.to_zoned(berlin.clone()).date());
            assert_eq!(days.day(at), want, "{stamp}");
            assert_eq!(days.day(start_of(want, &berlin)), want);
            assert_eq!(days.day(start_of(want, &berlin) - 1), Day(want.0 - 1));
        }
    }
}
