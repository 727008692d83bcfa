//! Parameters of an endpoint: read from a query string, checked one by one, written back to one.

use super::reply::Failure;
use crate::engine::view::{Filters, bands};
use crate::model::Day;
use axum_extra::extract::Query;
use std::fmt::Display;
use std::str::FromStr;

/// Names and values in order; a name may come several times. An empty value counts as absent, since
/// a form sends its empty fields too.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// # Errors
    /// Not a query string.
    pub fn parse(query: &str) -> Result<Params, Failure> {
        let uri = format!("/?{query}").parse::<axum::http::Uri>();
        let pairs = uri.ok().and_then(|uri| {
            Query::<Vec<(String, String)>>::try_from_uri(&uri)
                .ok()
                .map(|Query(pairs)| pairs)
        });
        let pairs = pairs.ok_or_else(|| Failure::bad("the query string cannot be read"))?;
        Ok(Params(pairs))
    }

    /// Adds a parameter.
    pub fn with(mut self, name: &str, value: impl Display) -> Params {
        self.0.push((name.to_owned(), value.to_string()));
        self
    }

    /// Adds a parameter when there is a value.
    pub fn with_some(self, name: &str, value: Option<impl Display>) -> Params {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds a parameter as often as there are values.
    pub fn with_each(self, name: &str, values: impl IntoIterator<Item = impl Display>) -> Params {
        values
            .into_iter()
            .fold(self, |params, value| params.with(name, value))
    }

    /// As a query string, without `?`.
    pub fn to_query(&self) -> String {
        use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pairs: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        pairs.join("&")
    }

    /// The last value of a name.
    pub fn one(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// Every value of a name.
    pub fn many(&self, name: &str) -> Vec<String> {
        self.0
            .iter()
            .filter(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.clone())
            .collect()
    }

    /// A whole number.
    ///
    /// # Errors
    /// 400: something else.
    pub fn number<N: FromStr>(&self, name: &str) -> Result<Option<N>, Failure> {
        self.one(name)
            .map(|text| {
                let refuse = || Failure::parameter(name, text, "a whole number, 0 or more");
                text.parse().map_err(|_| refuse())
            })
            .transpose()
    }

    /// `1`, `true`, `yes`, `on` or `0`, `false`, `no`, `off`; absent is `false`.
    ///
    /// # Errors
    /// 400: something else.
    pub fn flag(&self, name: &str) -> Result<bool, Failure> {
        match self.one(name) {
            None | Some("0" | "false" | "no" | "off") => Ok(false),
            Some("1" | "true" | "yes" | "on") => Ok(true),
            Some(other) => Err(Failure::parameter(name, other, "1 or 0")),
        }
    }

    /// A local day: `YYYY-MM-DD`, `today`, `yesterday`, or how long ago (`7d`, `2w`, `3m`, `1y`).
    ///
    /// # Errors
    /// 400: something else.
    pub fn day(&self, name: &str, today: Day) -> Result<Option<Day>, Failure> {
        const ALLOWED: &str = "a day such as 2026-11-21, today, yesterday, 7d, 2w, 3m or 1y";
        self.one(name)
            .map(|text| day(text, today).ok_or_else(|| Failure::parameter(name, text, ALLOWED)))
            .transpose()
    }

    /// One of a few words, each with what it stands for.
    ///
    /// # Errors
    /// 400: another word.
    pub fn choice<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, Failure> {
        let Some(text) = self.one(name) else {
            return Ok(None);
        };
        let found = words.iter().find(|(word, _)| *word == text);
        found.map(|(_, value)| Some(*value)).ok_or_else(|| {
            let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            Failure::parameter(name, text, &format!("one of {}", allowed.join(", ")))
        })
    }

    /// Every value of a closed facet.
    fn banded(&self, name: &str) -> Result<Vec<String>, Failure> {
        let known = bands(name).unwrap_or_default();
        let values = self.many(name);
        let strange = |value: &&String| known.iter().all(|band| band.value != **value);
        match values.iter().find(strange) {
            None => Ok(values),
            Some(value) => {
                let allowed: Vec<&str> = known.iter().map(|band| band.value).collect();
                let allowed = format!("one of {}", allowed.join(", "));
                Err(Failure::parameter(name, value, &allowed))
            }
        }
    }

    /// The filters that every list shares: `agent`, `project`, `repo`, `model`, `branch`, `tool`, `tag`,
    /// `mcp`, `skill`, `helper` (`none`, `scripted`, `pattern`, `sub-agent`), `has` (`errors`,
    /// `sub-agents`: both when both are given), `cost` (`0-0.1`, `0.1-1`, `1-10`, `10-100`, `100-`,
    /// `unknown`), `length` (`0-9`, `10-49`, `50-199`, `200-999`, `1000-` messages) (each may repeat), `starred`, `from`, `to` (local days, both included), `include_helpers`,
    /// `include_empty`.
    ///
    /// # Errors
    /// 400: a day or a switch that is none, or days in the wrong order.
    pub fn filters(&self, today: Day) -> Result<Filters, Failure> {
        let filters = Filters {
            agents: self.many("agent"),
            projects: self.many("project"),
            repos: self.many("repo"),
            models: self.many("model"),
            branches: self.many("branch"),
            tools: self.many("tool"),
            tags: self.many("tag"),
            mcp: self.many("mcp"),
            skills: self.many("skill"),
            helpers: self.banded("helper")?,
            has: self.banded("has")?,
            costs: self.banded("cost")?,
            lengths: self.banded("length")?,
            starred: self.flag("starred")?,
            from: self.day("from", today)?,
            to: self.day("to", today)?,
            include_helpers: self.flag("include_helpers")?,
            include_empty: self.flag("include_empty")?,
        };
        match (filters.from, filters.to) {
            (Some(from), Some(to)) if from > to => Err(Failure::parameter(
                "from",
                &from.to_string(),
                &format!("no later than to={to}"),
            )),
            _ => Ok(filters),
        }
    }
}

fn day(text: &str, today: Day) -> Option<Day> {
    match text {
        "today" => return Some(today),
        "yesterday" => return Some(Day(today.0 - 1)),
        _ => {}
    }
    if let Some(day) = Day::parse(text) {
        return Some(day);
    }
    let unit = text.chars().last()?;
    let count: i32 = text[..text.len() - unit.len_utf8()].parse().ok()?;
    let span = match unit {
        'd' => jiff::Span::new().try_days(count),
        'w' => jiff::Span::new().try_weeks(count),
        'm' => jiff::Span::new().try_months(count),
        'y' => jiff::Span::new().try_years(count),
        _ => return None,
    };
    let back = today.date().checked_sub(span.ok()?).ok()?;
    (count >= 0).then(|| Day::from_date(back))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> Day {
        Day::parse("2026-11-21").unwrap()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let params = Params::default()
            .with("q", "päth/to:file & \"a+b\" 100%")
            .with_each("agent", ["one", "two"])
            .with_some("limit", Some(3))
            .with_some("offset", None::<u32>);
        let read = Params::parse(&params.to_query()).unwrap();
        assert_eq!(read, params);
        assert_eq!(read.many("agent"), ["one", "two"]);
        assert_eq!(Params::parse("q=a+b&q=").unwrap().one("q"), Some("a b"));
    }

    #[test]
    fn days_are_absolute_or_back_from_today() {
        for (text, want) in [
            ("2026-02-28", "2026-02-28"),
            ("today", "2026-11-21"),
            ("yesterday", "2026-11-20"),
            ("7d", "2026-11-14"),
            ("2w", "2026-11-07"),
            ("9m", "2026-02-21"),
            ("1y", "2025-11-21"),
        ] {
            let params = Params::default().with("from", text);
            let day = params.day("from", today()).unwrap().unwrap();
            assert_eq!(day.to_string(), want, "{text}");
        }
    }

    #[test]
    fn a_bad_value_names_its_parameter() {
        for (name, value) in [
            ("from", "2026-02-30"),
            ("from", "soon"),
            ("to", "-3d"),
            ("to", "99999999999y"),
            ("to", "日"),
            ("starred", "maybe"),
            ("include_helpers", "2"),
        ] {
            let params = Params::default().with(name, value);
            let failure = params.filters(today()).unwrap_err();
            assert_eq!(failure.status, 400, "{name}={value}");
            assert!(failure.error.starts_with(name), "{}", failure.error);
        }
        let params = Params::default().with("limit", "-1");
        let failure = params.number::<usize>("limit").unwrap_err();
        assert!(failure.error.starts_with("limit"), "{}", failure.error);
        let params = Params::default().with("from", "today").with("to", "2d");
        assert!(params.filters(today()).unwrap_err().error.contains("from"));
    }
}
