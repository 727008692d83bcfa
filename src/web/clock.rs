//! Moments as people read them: how long ago, with the exact time in the title.

use crate::model::Day;
use askama::filters::Safe;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Now and the zone of local days, taken once per page.
#[derive(Clone, Debug)]
pub struct Clock {
    pub now: i64,
    pub zone: TimeZone,
    /// Twelve hours and a half of the day, in the place of 24.
    pub twelve: bool,
    /// Moments are told by the clock where they would be told by their distance.
    pub absolute: bool,
}

impl Clock {
    /// `<time>` with the distance; `no time` for records without one.
    pub fn ago(&self, at: &Option<i64>) -> Safe<String> {
        self.element(at, |clock, at| match clock.absolute {
            true => clock.stamp_of(at),
            false => clock.distance(at),
        })
    }
    /// `<time>` with the hour and minute, and the day when it is not today.
    pub fn at(&self, at: &Option<i64>) -> Safe<String> {
        self.element(at, |clock, at| clock.stamp_of(at))
    }
    /// `<time>` with the wall-clock time alone: within a transcript the day stands above.
    pub fn hour(&self, at: &Option<i64>) -> Safe<String> {
        self.element(at, Clock::time_of)
    }
    /// Hour and minute alone.
    pub fn time_of(&self, at: i64) -> String {
        self.format(at, if self.twelve { "%-I:%M %p" } else { "%H:%M" })
    }
    /// Day and wall-clock time to the second, as text alone.
    pub fn moment(&self, at: i64) -> String {
        self.format(at, "%a %-d %b %Y, %H:%M:%S")
    }
    pub fn day(&self, at: i64) -> Day {
        Day::from_date(self.zoned(at).date())
    }
    /// `2h 14m` between two moments, `""` when either is missing.
    pub fn span(&self, first: &Option<i64>, last: &Option<i64>) -> String {
        match (first, last) {
            (Some(first), Some(last)) if last > first => lasting(last.saturating_sub(*first)),
            _ => String::new(),
        }
    }
    /// A day as a heading: `Today`, `Yesterday`, `Tue 3 Mar`, with the year when it is another.
    pub fn day_name(&self, day: Day) -> String {
        let today = self.day(self.now);
        let date = day.date();
        match today.0 - day.0 {
            0 => "Today".into(),
            1 => "Yesterday".into(),
            _ if date.year() == today.date().year() => date.strftime("%a %-d %b").to_string(),
            _ => date.strftime("%a %-d %b %Y").to_string(),
        }
    }

    fn element(&self, at: &Option<i64>, text: impl Fn(&Clock, i64) -> String) -> Safe<String> {
        Safe(match at {
            Some(at) => format!(
                "<time datetime=\"{}\" title=\"{}\">{}</time>",
                self.format(*at, "%Y-%m-%dT%H:%M:%S%:z"),
                self.exact(*at),
                text(self, *at)
            ),
            None => "<span class=\"faint\" title=\"the files of this session record no time\">no time</span>".into(),
        })
    }
    /// To the second, with the zone.
    fn exact(&self, at: i64) -> String {
        let form = match self.twelve {
            true => "%a %-d %b %Y, %-I:%M:%S %p %Z",
            false => "%a %-d %b %Y, %H:%M:%S %Z",
        };
        self.format(at, form)
    }
    fn distance(&self, at: i64) -> String {
        let seconds = self.now.saturating_sub(at) / 1000;
        match seconds {
            ..-60 => self.stamp_of(at),
            -60..60 => "just now".into(),
            60..3_600 => format!("{}m ago", seconds / 60),
            3_600..86_400 => format!("{}h ago", seconds / 3_600),
            86_400..1_209_600 => format!("{}d ago", seconds / 86_400),
            _ if self.zoned(at).year() == self.zoned(self.now).year() => self.format(at, "%-d %b"),
            _ => self.format(at, "%-d %b %Y"),
        }
    }
    /// Hour and minute, and the day when it is not today.
    pub fn stamp_of(&self, at: i64) -> String {
        let day = self.day(at);
        let hour = self.time_of(at);
        if day == self.day(self.now) {
            return hour;
        }
        format!("{}, {hour}", self.day_name(day))
    }
    fn format(&self, at: i64, form: &str) -> String {
        self.zoned(at).strftime(form).to_string()
    }
    fn zoned(&self, at: i64) -> jiff::Zoned {
        Timestamp::from_millisecond(at)
            .unwrap_or(Timestamp::UNIX_EPOCH)
            .to_zoned(self.zone.clone())
    }
}

/// Two units at most.
fn lasting(ms: i64) -> String {
    let minutes = ms / 60_000;
    match minutes {
        0 => format!("{}s", ms / 1000),
        1..60 => format!("{minutes}m"),
        60..1_440 => format!("{}h {}m", minutes / 60, minutes % 60),
        _ => format!("{}d {}h", minutes / 1_440, minutes % 1_440 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_772_971_200_000; // 2026-03-08T12:00:00Z

    fn clock(zone: TimeZone) -> Clock {
        Clock {
            now: NOON,
            zone,
            twelve: false,
            absolute: false,
        }
    }

    #[test]
    fn the_clock_is_the_one_that_was_chosen() {
        let mut clock = clock(TimeZone::UTC);
        clock.twelve = true;
        let at = Some(NOON + 3_600_000);
        assert_eq!(clock.time_of(NOON), "12:00 PM");
        assert_eq!(clock.time_of(NOON - 43_200_000), "12:00 AM");
        let hour = clock.hour(&at).0;
        assert!(
            hour.contains(">1:00 PM<") && hour.contains("1:00:00 PM UTC"),
            "{hour}"
        );
        assert!(
            hour.contains("datetime=\"2026-03-08T13:00:00+00:00\""),
            "{hour}"
        );
        clock.absolute = true;
        let ago = clock.ago(&Some(NOON - 90_000_000)).0;
        assert!(ago.contains(">Yesterday, 11:00 AM<"), "{ago}");
    }

    #[test]
    fn distances_and_days_in_the_readers_zone() {
        let clock = clock(TimeZone::get("Asia/Tokyo").unwrap());
        let ago = clock.ago(&Some(NOON - 7_200_000)).0;
        assert!(ago.contains(">2h ago<"), "{ago}");
        assert!(ago.contains("19:00:00 JST"), "{ago}");
        assert_eq!(
            clock.day(NOON - 21 * 3_600_000 - 1).to_string(),
            "2026-03-07"
        );
        assert_eq!(clock.day_name(clock.day(NOON)), "Today");
        assert!(clock.ago(&None).0.contains(">no time<"));
    }

    #[test]
    fn spans_have_two_units_at_most() {
        let clock = clock(TimeZone::UTC);
        assert_eq!(clock.span(&Some(0), &Some(8_040_000)), "2h 14m");
        assert_eq!(clock.span(&Some(0), &Some(200_000_000)), "2d 7h");
        assert_eq!(clock.span(&Some(5), &Some(5)), "");
        assert_eq!(clock.span(&None, &Some(5)), "");
    }

    #[test]
    fn a_time_far_outside_does_not_panic() {
        let clock = clock(TimeZone::UTC);
        clock.ago(&Some(i64::MAX));
        clock.ago(&Some(i64::MIN));
    }
}
