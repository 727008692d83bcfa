//! Moments to local days and hours, cheaply.

use crate::model::Day;
use jiff::tz::TimeZone;

/// The local calendar of one zone. Remembers the last quarter hour: events come in runs, and no zone
/// changes its offset within one.
#[derive(Clone, Debug)]
pub struct LocalDays {
    zone: TimeZone,
    slot: i64,
    last: (Day, u8, u8),
}

const SLOT_MS: i64 = 15 * 60 * 1000;

impl LocalDays {
    pub fn new(zone: TimeZone) -> LocalDays {
        LocalDays {
            zone,
            slot: i64::MIN,
            last: (Day(0), 0, 0),
        }
    }

    /// Local day, hour 0-23 and weekday (Monday = 0) of a moment in ms since the epoch.
    pub fn at(&mut self, ms: i64) -> (Day, u8, u8) {
        let slot = ms.div_euclid(SLOT_MS);
        if slot != self.slot {
            let stamp =
                jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
            let local = self.zone.to_datetime(stamp);
            let weekday = local.date().weekday().to_monday_zero_offset() as u8;
            self.last = (Day::from_date(local.date()), local.hour() as u8, weekday);
            self.slot = slot;
        }
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_local_and_survive_the_clock_change() {
        let mut days = LocalDays::new(TimeZone::get("Europe/Berlin").unwrap());
        let at = |text: &str| crate::model::time::from_text(text).unwrap();
        // the clock went back at 01:00 UTC: both moments are hour 2 of the same day
        assert_eq!(
            days.at(at("2026-10-25T00:30:00Z")),
            (Day::parse("2026-10-25").unwrap(), 2, 6)
        );
        assert_eq!(
            days.at(at("2026-10-25T01:30:00Z")),
            (Day::parse("2026-10-25").unwrap(), 2, 6)
        );
        assert_eq!(
            days.at(at("2026-10-24T22:00:00Z")).0,
            Day::parse("2026-10-25").unwrap()
        );
        assert_eq!(
            days.at(at("2026-10-24T21:59:59Z")).0,
            Day::parse("2026-10-24").unwrap()
        );
    }

    #[test]
    fn offsets_of_three_quarters_of_an_hour_are_exact() {
        let mut days = LocalDays::new(TimeZone::get("Asia/Kathmandu").unwrap());
        let at = |text: &str| crate::model::time::from_text(text).unwrap();
        assert_eq!(
            days.at(at("2026-03-01T18:14:59Z")).0,
            Day::parse("2026-03-01").unwrap()
        );
        assert_eq!(
            days.at(at("2026-03-01T18:15:00Z")).0,
            Day::parse("2026-03-02").unwrap()
        );
    }
}
