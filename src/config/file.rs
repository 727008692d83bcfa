//! `config.toml`: the settings that are lasting.

use crate::model::{CostMode, OwnPrice};
use std::fmt;
use std::path::Path;
use toml::{Table, Value};

/// Colour schemes that a browser gets that has not chosen for itself; the first is the default.
pub const THEMES: [&str; 4] = ["auto", "light", "dark", "contrast"];
/// How the session list can be grouped at first; the first is the default.
pub const GROUPINGS: [&str; 5] = ["none", "project", "repo", "day", "conversation"];

/// Every key with what it may be, in the order of the docs.
pub const KEYS: &[(&str, &str)] = &[
    ("port", "a whole number from 0 to 65535 (0 = any free one)"),
    ("host", "an address or host name, such as \"127.0.0.1\""),
    ("zone", "a time zone, such as \"Europe/Berlin\" or \"UTC\""),
    ("memory", "a whole number of MiB, 64 or more"),
    (
        "roots",
        "a list of { path = \"/a/home\", label = \"name\" }",
    ),
    (
        "helper_patterns",
        "a list of regular expressions that first prompts of helper runs match",
    ),
    ("open_browser", "true or false"),
    (
        "cost",
        "\"auto\" (from the price table, else as recorded), \"calculate\" or \"recorded\"",
    ),
    (
        "prices",
        "tables such as [prices.\"my-model\"] with input and output (and cache_read, cache_write, cache_write_1h) in dollars for a million tokens",
    ),
    ("theme", "\"auto\", \"light\", \"dark\" or \"contrast\""),
    ("time_format", "\"24h\" or \"12h\""),
    ("times", "\"relative\" (2h ago) or \"absolute\" (14:05)"),
    (
        "grouping",
        "\"none\", \"project\", \"repo\", \"day\" or \"conversation\"",
    ),
    (
        "terminal",
        "the name or path of a terminal program, such as \"kitty\"",
    ),
    (
        "titles",
        "a table [titles] with url (http:// or https://), model and, where it is needed, api_key",
    ),
];

/// The file as read; `None` where it says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    pub port: Option<u16>,
    pub host: Option<String>,
    pub zone: Option<String>,
    /// Bytes.
    pub memory: Option<u64>,
    /// Path and label.
    pub roots: Vec<(String, Option<String>)>,
    pub helper_patterns: Vec<String>,
    pub open_browser: Option<bool>,
    pub cost_mode: Option<CostMode>,
    pub prices: Vec<OwnPrice>,
    /// One of [`THEMES`].
    pub theme: Option<String>,
    /// The clock has twelve hours.
    pub twelve: Option<bool>,
    /// Moments are told by the clock, not by their distance.
    pub absolute: Option<bool>,
    /// One of [`GROUPINGS`].
    pub grouping: Option<String>,
    pub terminal: Option<String>,
    pub titles: Titles,
}

/// An OpenAI-compatible endpoint that sessions may be named by. Nothing is sent while `url` or `model`
/// is missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Titles {
    pub url: Option<String>,
    pub model: Option<String>,
    pub api_key: Option<Secret>,
}

/// A text that no log and no answer repeats.
#[derive(Clone, PartialEq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(...)")
    }
}

/// What is wrong with the file, in one sentence.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{text}")]
pub struct Wrong {
    /// The key that it is about; `""`: the file as a whole.
    pub key: String,
    pub text: String,
}

impl Wrong {
    pub fn whole(text: impl Into<String>) -> Wrong {
        Wrong {
            key: String::new(),
            text: text.into(),
        }
    }
}

/// Reads and checks the file. A missing file says nothing.
///
/// # Errors
/// One sentence with the file, the key and what is allowed there.
pub(super) fn read(path: &Path) -> anyhow::Result<Settings> {
    use anyhow::Context;
    parse(&text(path)?).with_context(|| path.display().to_string())
}

/// What the file holds; a missing one holds nothing.
pub(super) fn text(path: &Path) -> anyhow::Result<String> {
    use anyhow::Context;
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        text => text.with_context(|| format!("cannot read {}", path.display())),
    }
}

pub(super) fn parse(text: &str) -> Result<Settings, Wrong> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error
            .span()
            .map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        Wrong::whole(format!("line {line} is not TOML: {}", error.message()))
    })?;
    let mut settings = Settings::default();
    for (key, value) in table {
        let Some((_, allowed)) = KEYS.iter().find(|(name, _)| *name == key) else {
            let names: Vec<&str> = KEYS.iter().map(|(name, _)| *name).collect();
            let text = format!("unknown key {key:?}, allowed are {}", names.join(", "));
            return Err(Wrong { key, text });
        };
        if take(&mut settings, &key, &value).is_none() {
            let text = match key == "titles" {
                // it may hold a key that no message repeats
                true => format!("{key} is not allowed as it is, it must be {allowed}"),
                false => {
                    let shown = value.to_string().replace('\n', " ");
                    format!("{key} = {shown} is not allowed, it must be {allowed}")
                }
            };
            return Err(Wrong { key, text });
        }
    }
    Ok(settings)
}

/// Sets one known key; `None` when the value is not allowed.
fn take(settings: &mut Settings, key: &str, value: &Value) -> Option<()> {
    match key {
        "port" => settings.port = Some(u16::try_from(value.as_integer()?).ok()?),
        "host" => settings.host = Some(words(value)?),
        "zone" => {
            let name = words(value)?;
            super::system::named_zone(&name)?;
            settings.zone = Some(name);
        }
        "memory" => {
            let mib = u64::try_from(value.as_integer()?).ok()?;
            settings.memory = Some(mib.checked_mul(1 << 20).filter(|_| mib >= 64)?);
        }
        "roots" => {
            settings.roots = value
                .as_array()?
                .iter()
                .map(root)
                .collect::<Option<Vec<_>>>()?;
        }
        "helper_patterns" => {
            settings.helper_patterns = value
                .as_array()?
                .iter()
                .map(|pattern| words(pattern).filter(|text| regex::Regex::new(text).is_ok()))
                .collect::<Option<Vec<_>>>()?;
        }
        "open_browser" => settings.open_browser = Some(value.as_bool()?),
        "cost" => settings.cost_mode = Some(CostMode::parse(value.as_str()?)?),
        "prices" => {
            let models = value.as_table()?.iter();
            settings.prices = models
                .map(|(model, price)| own_price(model, price.as_table()?))
                .collect::<Option<Vec<_>>>()?;
        }
        "theme" => settings.theme = Some(one_of(value, &THEMES)?),
        "time_format" => settings.twelve = Some(one_of(value, &["24h", "12h"])? == "12h"),
        "times" => {
            settings.absolute = Some(one_of(value, &["relative", "absolute"])? == "absolute")
        }
        "grouping" => settings.grouping = Some(one_of(value, &GROUPINGS)?),
        "terminal" => {
            let name = words(value)?;
            // a name or a path: what is started is never a line for a shell
            settings.terminal = Some(name).filter(|name| !name.contains(char::is_control));
            settings.terminal.as_ref()?;
        }
        "titles" => settings.titles = titles(value.as_table()?)?,
        _ => return None,
    }
    Some(())
}

fn one_of(value: &Value, allowed: &[&str]) -> Option<String> {
    let word = value.as_str()?;
    allowed.contains(&word).then(|| word.to_owned())
}

fn titles(table: &Table) -> Option<Titles> {
    if table
        .keys()
        .any(|key| !["url", "model", "api_key"].contains(&key.as_str()))
    {
        return None;
    }
    let text = |key: &str| match table.get(key) {
        None => Some(None),
        Some(value) => words(value).map(Some),
    };
    let url = text("url")?;
    Some(Titles {
        url: match url {
            Some(url) if !is_address(&url) => return None,
            url => url,
        },
        model: text("model")?,
        api_key: text("api_key")?.map(Secret),
    })
}

/// `http://host...` or `https://host...`, without blanks.
fn is_address(url: &str) -> bool {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', ':', '?', '#']))
        && !url.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// A text that is not blank.
fn words(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    (!text.trim().is_empty()).then(|| text.to_owned())
}

fn own_price(model: &str, table: &Table) -> Option<OwnPrice> {
    const RATES: [&str; 5] = [
        "input",
        "output",
        "cache_read",
        "cache_write",
        "cache_write_1h",
    ];
    if model.trim().is_empty() || table.keys().any(|key| !RATES.contains(&key.as_str())) {
        return None;
    }
    let rate = |key: &str| match table.get(key) {
        None => Some(None),
        Some(value) => {
            let rate = value
                .as_float()
                .or(value.as_integer().map(|whole| whole as f64));
            // a million dollars a token is a slip of the pen, and would not fit
            rate.filter(|rate| (0.0..=1e6).contains(rate)).map(Some)
        }
    };
    Some(OwnPrice {
        model: model.to_owned(),
        input: rate("input")??,
        output: rate("output")??,
        cache_read: rate("cache_read")?,
        cache_write: rate("cache_write")?,
        cache_write_1h: rate("cache_write_1h")?,
    })
}

fn root(value: &Value) -> Option<(String, Option<String>)> {
    let table = value.as_table()?;
    if table.keys().any(|key| key != "path" && key != "label") {
        return None;
    }
    let label = match table.get("label") {
        Some(label) => Some(words(label)?),
        None => None,
    };
    Some((words(table.get("path")?)?, label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_taken() {
        let settings = parse(
            "port = 4000\nhost = \"::1\"\nzone = \"Europe/Berlin\"\nmemory = 256\n\
             roots = [{ path = \"/srv/box\", label = \"box\" }, { path = \"/srv/two\" }]\n\
             helper_patterns = [\"^You are lane\"]\nopen_browser = false\ncost = \"recorded\"\n\
             theme = \"contrast\"\ntime_format = \"12h\"\ntimes = \"absolute\"\n\
             grouping = \"repo\"\nterminal = \"kitty\"\n\
             [prices.\"my-model\"]\ninput = 1\noutput = 2.5\ncache_read = 0.1\n\
             [titles]\nurl = \"https://box.lan/v1\"\nmodel = \"small\"\napi_key = \"k-1\"\n",
        )
        .unwrap();
        assert_eq!(
            settings,
            Settings {
                port: Some(4000),
                host: Some("::1".into()),
                zone: Some("Europe/Berlin".into()),
                memory: Some(256 << 20),
                roots: vec![
                    ("/srv/box".into(), Some("box".into())),
                    ("/srv/two".into(), None)
                ],
                helper_patterns: vec!["^You are lane".into()],
                open_browser: Some(false),
                cost_mode: Some(CostMode::Recorded),
                prices: vec![OwnPrice {
                    model: "my-model".into(),
                    input: 1.0,
                    output: 2.5,
                    cache_read: Some(0.1),
                    ..OwnPrice::default()
                }],
                theme: Some("contrast".into()),
                twelve: Some(true),
                absolute: Some(true),
                grouping: Some("repo".into()),
                terminal: Some("kitty".into()),
                titles: Titles {
                    url: Some("https://box.lan/v1".into()),
                    model: Some("small".into()),
                    api_key: Some(Secret("k-1".into())),
                },
            }
        );
        assert!(!format!("{settings:?}").contains("k-1"), "logs hold no key");
        assert_eq!(parse("").unwrap(), Settings::default());
    }

    #[test]
    fn what_is_wrong_is_named_with_what_is_allowed() {
        for (text, key, allowed) in [
            ("prot = 1", "\"prot\"", "port, host"),
            ("port = 70000", "port", "65535"),
            ("port = \"3847\"", "port", "whole number"),
            ("host = ''", "host", "address"),
            ("zone = 'Mars/Olympus'", "zone", "Europe/Berlin"),
            ("memory = 3", "memory", "MiB"),
            ("roots = ['/a']", "roots", "path ="),
            ("roots = [{ path = '/a', name = 'x' }]", "roots", "label ="),
            (
                "helper_patterns = ['(']",
                "helper_patterns",
                "regular expressions",
            ),
            ("open_browser = 'no'", "open_browser", "true or false"),
            ("cost = 'cheap'", "cost", "calculate"),
            ("[prices.m]\ninput = 1", "prices", "output"),
            ("[prices.m]\ninput = -1\noutput = 1", "prices", "dollars"),
            (
                "[prices.m]\ninput = 1\noutput = 1\nouput = 1",
                "prices",
                "dollars",
            ),
            ("theme = 'pink'", "theme", "contrast"),
            ("time_format = '25h'", "time_format", "12h"),
            ("times = 'soon'", "times", "absolute"),
            ("grouping = 'mood'", "grouping", "project"),
            ("terminal = \"a\\nb\"", "terminal", "program"),
            ("titles = { url = 'box' }", "titles", "https://"),
            ("titles = { url = 'http:///v1' }", "titles", "https://"),
            ("titles = { key = 'x' }", "titles", "api_key"),
        ] {
            let wrong = parse(text).unwrap_err();
            assert!(!wrong.key.is_empty(), "{text}");
            let error = wrong.to_string();
            assert!(error.contains(key), "{text}: {error}");
            assert!(error.contains(allowed), "{text}: {error}");
            assert_eq!(error.lines().count(), 1, "{text}: {error}");
        }
        let torn = parse("port = 1\nhost = \n").unwrap_err().to_string();
        assert!(torn.contains("line 2"), "{torn}");
    }
}
