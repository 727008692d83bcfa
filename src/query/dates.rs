//! Days in questions: `2026-11-01`, `2026-11`, `2026`, `7d`, `2w`, `3m`, `1y`, `today`, `yesterday`.

use crate::model::Day;
use jiff::Span;
use jiff::civil::Date;

/// A month or a year is its first day; `7d` is that long before `today`.
pub(super) fn parse(text: &str, today: Day) -> Option<Day> {
    match text {
        "today" => return Some(today),
        "yesterday" => return Some(Day(today.0.checked_sub(1)?)),
        _ => {}
    }
    if let Some((number, unit)) = text
        .char_indices()
        .next_back()
        .map(|(i, c)| (&text[..i], c))
        && let Some(day) = ago(number, unit, today)
    {
        return Some(day);
    }
    let mut fields = text.split('-');
    let year = digits(fields.next()?, 4)?;
    let month = fields.next().map_or(Some(1), |f| digits(f, 2))?;
    let day = fields.next().map_or(Some(1), |f| digits(f, 2))?;
    if fields.next().is_some() {
        return None;
    }
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    Some(Day::from_date(date))
}

fn digits(text: &str, at_most: usize) -> Option<i16> {
    let plain = text.len() <= at_most && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

fn ago(number: &str, unit: char, today: Day) -> Option<Day> {
    let n = i64::from(digits(number, 4)?);
    let span = match unit {
        'd' => Span::new().days(n),
        'w' => Span::new().weeks(n),
        'm' => Span::new().months(n),
        'y' => Span::new().years(n),
        _ => return None,
    };
    today.date().checked_sub(span).ok().map(Day::from_date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_and_relative() {
        let today = Day::parse("2026-11-21").expect("a date");
        for (text, day) in [
            ("2026-11-01", "2026-11-01"),
            ("2026-11", "2026-11-01"),
            ("2025", "2025-01-01"),
            ("2026-3-7", "2026-03-07"),
            ("today", "2026-11-21"),
            ("yesterday", "2026-11-20"),
            ("7d", "2026-11-14"),
            ("2w", "2026-11-07"),
            ("3m", "2026-08-21"),
            ("1y", "2025-11-21"),
        ] {
            assert_eq!(parse(text, today), Day::parse(day), "{text}");
        }
        for text in [
            "",
            "d",
            "2026-13",
            "2026-02-30",
            "soon",
            "7x",
            "-3d",
            "1-2-3-4",
            "99999d",
        ] {
            assert_eq!(parse(text, today), None, "{text}");
        }
    }
}
