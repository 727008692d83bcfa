//! From the fields of a section to changes of the file. What is allowed is the file's own business:
//! numbers that are none go there as they were typed, and come back with what is allowed.

use crate::config::{Change, Setting, Wrong};
use crate::web::params::Params;

/// Every section that can be saved.
const SECTIONS: [&str; 9] = [
    "appearance",
    "time",
    "sessions",
    "histories",
    "costs",
    "prices",
    "resume",
    "titles",
    "server",
];

/// Rates of an own price, as the file calls them.
pub const RATES: [(&str, &str); 5] = [
    ("input", "Input"),
    ("output", "Output"),
    ("cache_read", "Cache read"),
    ("cache_write", "Cache write"),
    ("cache_write_1h", "Cache write, 1 h"),
];

pub fn section(name: &str) -> Option<&'static str> {
    SECTIONS.into_iter().find(|known| *known == name)
}

pub fn changes(section: &str, form: &Params) -> Result<Vec<Change>, Wrong> {
    let text = |key: &str| Change::text(&[key], form.get(key).unwrap_or_default());
    Ok(match section {
        "appearance" => vec![text("theme")],
        "time" => vec![text("zone"), text("time_format"), text("times")],
        "sessions" => vec![text("grouping"), patterns(form)],
        "histories" => root(form)?,
        "costs" => vec![text("cost")],
        "prices" => price(form)?,
        "resume" => vec![text("terminal")],
        "titles" => titles(form),
        _ => vec![
            text("host"),
            number("port", form),
            number("memory", form),
            Change::set(&["open_browser"], Setting::Flag(form.flag("open_browser"))),
        ],
    })
}

/// Lines that hold something.
pub fn lines(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| line.trim_end_matches('\r'))
        .filter(|line| !line.trim().is_empty())
        .map(str::to_owned)
        .collect()
}

fn patterns(form: &Params) -> Change {
    match lines(form.get("helper_patterns").unwrap_or_default()) {
        none if none.is_empty() => Change::unset(&["helper_patterns"]),
        lines => Change::set(&["helper_patterns"], Setting::List(lines)),
    }
}

fn number(key: &str, form: &Params) -> Change {
    match form.get(key).map(str::trim) {
        None => Change::unset(&[key]),
        Some(typed) => match typed.parse() {
            Ok(number) => Change::set(&[key], Setting::Whole(number)),
            Err(_) => Change::set(&[key], Setting::Text(typed.to_owned())),
        },
    }
}

fn root(form: &Params) -> Result<Vec<Change>, Wrong> {
    if let Some(path) = form.get("remove") {
        return Ok(vec![Change::RemoveRoot(path.to_owned())]);
    }
    let path = form.get("path").map(str::trim).unwrap_or_default();
    if path.is_empty() {
        return Err(wrong("roots", "a home needs the path of its folder"));
    }
    let label = form.get("label").map(|label| label.trim().to_owned());
    Ok(vec![Change::AddRoot(path.to_owned(), label)])
}

fn price(form: &Params) -> Result<Vec<Change>, Wrong> {
    if let Some(model) = form.get("remove") {
        return Ok(vec![Change::unset(&["prices", model])]);
    }
    let model = form.get("model").map(str::trim).unwrap_or_default();
    if model.is_empty() {
        return Err(wrong("prices", "a price needs the name of its model"));
    }
    let mut changes = Vec::new();
    for (key, name) in RATES {
        let path = ["prices", model, key];
        let typed = form.get(key).map(str::trim).unwrap_or_default();
        let typed = typed.trim_start_matches('$');
        changes.push(match typed.parse() {
            _ if typed.is_empty() => Change::unset(&path),
            Ok(rate) => Change::set(&path, Setting::Number(rate)),
            Err(_) => {
                let text = format!("{name} is {typed:?}, it must be dollars for a million tokens");
                return Err(wrong("prices", &text));
            }
        });
    }
    let given = |key: &str| form.get(key).is_some();
    if !given("input") || !given("output") {
        return Err(wrong("prices", "a price needs input and output at least"));
    }
    Ok(changes)
}

/// An empty field for the key keeps the one that is there: it is never shown.
fn titles(form: &Params) -> Vec<Change> {
    let text = |key: &str| Change::text(&["titles", key], form.get(key).unwrap_or_default());
    let mut changes = vec![text("url"), text("model")];
    match (form.flag("forget"), form.get("api_key")) {
        (true, _) => changes.push(Change::unset(&["titles", "api_key"])),
        (false, Some(key)) => changes.push(Change::text(&["titles", "api_key"], key)),
        (false, None) => {}
    }
    changes
}

fn wrong(key: &str, text: &str) -> Wrong {
    Wrong {
        key: key.to_owned(),
        text: text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_endpoint_stays_unless_it_is_typed_or_forgotten() {
        let of = |form: &str| changes("titles", &Params::parse(form)).unwrap();
        assert_eq!(of("url=https%3A%2F%2Fx%2Fv1&api_key=").len(), 2);
        let key = Change::set(&["titles", "api_key"], Setting::Text("k".into()));
        assert_eq!(of("api_key=k")[2], key);
        let gone = Change::unset(&["titles", "api_key"]);
        assert_eq!(of("api_key=k&forget=1")[2], gone);
    }

    #[test]
    fn a_price_says_what_it_lacks() {
        let of = |form: &str| changes("prices", &Params::parse(form));
        assert_eq!(of("model=m&input=1&output=2").unwrap().len(), RATES.len());
        for (form, lacks) in [
            ("input=1&output=2", "name"),
            ("model=m&input=1", "output"),
            ("model=m&input=much&output=1", "dollars"),
        ] {
            let wrong = of(form).unwrap_err();
            assert!(
                wrong.key == "prices" && wrong.text.contains(lacks),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn patterns_are_lines() {
        assert_eq!(lines("^a\r\n\n  \n^b c\r\n"), ["^a", "^b c"]);
        let none = changes("sessions", &Params::parse("grouping=day")).unwrap();
        assert_eq!(none[1], Change::unset(&["helper_patterns"]));
    }
}
