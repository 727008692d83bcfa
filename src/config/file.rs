//! `config.toml`: the settings that are lasting.

use crate::model::{CostMode, OwnPrice};
use anyhow::{Context, bail};
use std::path::Path;
use toml::{Table, Value};

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
];

/// The file as read; `None` where it says nothing.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Settings {
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
}

/// Reads and checks the file. A missing file says nothing.
///
/// # Errors
/// One sentence with the file, the key and what is allowed there.
pub(super) fn read(path: &Path) -> anyhow::Result<Settings> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Settings::default());
        }
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", path.display()));
        }
    };
    parse(&text).with_context(|| path.display().to_string())
}

fn parse(text: &str) -> anyhow::Result<Settings> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error
            .span()
            .map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        anyhow::anyhow!("line {line} is not TOML: {}", error.message())
    })?;
    let mut settings = Settings::default();
    for (key, value) in table {
        let Some((_, allowed)) = KEYS.iter().find(|(name, _)| *name == key) else {
            let names: Vec<&str> = KEYS.iter().map(|(name, _)| *name).collect();
            bail!("unknown key {key:?}, allowed are {}", names.join(", "));
        };
        if take(&mut settings, &key, &value).is_none() {
            bail!("{key} = {value} is not allowed, it must be {allowed}");
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
        _ => return None,
    }
    Some(())
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
             [prices.\"my-model\"]\ninput = 1\noutput = 2.5\ncache_read = 0.1\n",
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
            }
        );
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
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(key), "{text}: {error}");
            assert!(error.contains(allowed), "{text}: {error}");
            assert_eq!(error.lines().count(), 1, "{text}: {error}");
        }
        let torn = parse("port = 1\nhost = \n").unwrap_err().to_string();
        assert!(torn.contains("line 2"), "{torn}");
    }
}
