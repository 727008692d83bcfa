//! What the page shows.

use super::PATH;
use super::form::RATES;
use crate::config::{Config, Wrong};
use crate::engine::view::Trial;
use crate::engine::{PatternCount, agents};
use crate::model::CostMode;
use crate::web::ask::Theme;
use crate::web::error::Failure;
use crate::web::params::Params;
use crate::web::respond::fragment;
use crate::web::shell::Shell;
use crate::web::{App, filters};
use askama::Template;
use std::collections::{BTreeMap, BTreeSet};

/// What came of the form that was sent, if one was.
pub enum Outcome {
    None,
    Saved(&'static str),
    Tried(Option<Trial>),
    Refused {
        section: &'static str,
        typed: Params,
        wrong: Wrong,
    },
}

#[derive(Template)]
#[template(path = "pages/settings.html", blocks = ["results"])]
pub struct SettingsPage {
    pub shell: Shell,
    pub outcome: Outcome,
    /// Why the file is not followed.
    pub trouble: Option<String>,
    pub warnings: Vec<String>,
    /// What stands in the fields, by key.
    values: BTreeMap<&'static str, String>,
    fixed: Vec<(&'static str, String)>,
    pub zones: Vec<String>,
    pub zone: String,
    pub homes: Vec<HomeRow>,
    pub patterns: Vec<PatternCount>,
    pub prices: Vec<PriceRow>,
    pub rates: [(&'static str, &'static str); 5],
    pub has_key: bool,
    /// Where the test goes to: an address and a model are set.
    pub testable: Option<String>,
    pub tried: Option<Tried>,
    pub open_browser: bool,
    /// What holds only after a restart: name, value now, value then.
    pub waiting: Vec<(&'static str, String, String)>,
    pub about: About,
}
fragment!(SettingsPage);

/// What came of the test of the endpoint for titles.
#[derive(Template)]
#[template(path = "parts/tried.html")]
pub struct Tried {
    pub trial: Option<Trial>,
}

/// The counts alone, as patterns are typed.
#[derive(Template)]
#[template(path = "parts/patterns.html")]
pub struct Patterns {
    pub patterns: Vec<PatternCount>,
}

pub struct HomeRow {
    pub path: String,
    pub label: String,
    /// Where it was named, when that is not the file.
    pub source: &'static str,
    pub found: bool,
    /// Agents of which a folder is there.
    pub agents: usize,
    pub removable: bool,
}

pub struct PriceRow {
    pub model: String,
    pub rates: Vec<String>,
}

pub struct About {
    pub version: &'static str,
    pub file: String,
    pub data: String,
    pub sessions: u64,
    pub index_bytes: u64,
    pub store_bytes: u64,
    pub marks_bytes: u64,
}

impl SettingsPage {
    pub fn new(app: &App, mut shell: Shell, outcome: Outcome) -> Result<SettingsPage, Failure> {
        shell.here = PATH.into();
        let tried = match &outcome {
            Outcome::Tried(trial) => Some(Tried {
                trial: trial.clone(),
            }),
            _ => None,
        };
        let config = app.engine.config();
        let mut values = values(&config);
        // forms that add something keep nothing here, and call their fields as others do
        if let Outcome::Refused { section, typed, .. } = &outcome
            && !["prices", "histories"].contains(section)
        {
            for (key, value) in &mut values {
                if typed.pairs().iter().any(|(name, _)| name == key) {
                    *value = typed.get(key).unwrap_or_default().to_owned();
                }
            }
        }
        let open_browser = config.saved.open_browser.unwrap_or(true);
        let status = app.engine.status()?;
        Ok(SettingsPage {
            outcome,
            trouble: app.engine.settings.trouble(),
            warnings: config.warnings.clone(),
            values,
            fixed: config.fixed.clone(),
            zones: zones(),
            zone: config.zone_name.clone(),
            homes: homes(&config),
            patterns: app.engine.pattern_counts(&config.saved.helper_patterns)?,
            prices: config.saved.prices.iter().map(price).collect(),
            rates: RATES,
            has_key: config.saved.titles.api_key.is_some(),
            testable: config
                .titles
                .url
                .clone()
                .filter(|_| config.titles.model.is_some()),
            tried,
            open_browser,
            waiting: waiting(&app.engine.started, &config),
            about: About {
                version: env!("CARGO_PKG_VERSION"),
                file: config.file().display().to_string(),
                data: config.data_dir().display().to_string(),
                sessions: status.sessions,
                index_bytes: status.index_bytes,
                store_bytes: status.store_bytes,
                marks_bytes: std::fs::metadata(config.marks_path()).map_or(0, |m| m.len()),
            },
            shell,
        })
    }

    pub fn value(&self, key: &str) -> &str {
        self.values.get(key).map_or("", String::as_str)
    }
    pub fn is(&self, key: &str, value: &str) -> bool {
        self.value(key) == value
    }
    /// What decides a key in the place of the file.
    pub fn fixed(&self, key: &str) -> Option<&str> {
        let found = self.fixed.iter().find(|(name, _)| *name == key);
        found.map(|(_, by)| by.as_str())
    }
    pub fn saved(&self, section: &str) -> bool {
        matches!(self.outcome, Outcome::Saved(saved) if saved == section)
    }
    /// What is wrong with this field.
    pub fn wrong(&self, key: &str) -> Option<&str> {
        match &self.outcome {
            Outcome::Refused { wrong, .. } if wrong.key == key => Some(&wrong.text),
            _ => None,
        }
    }
    /// What is wrong with a section as a whole: nothing that one of its fields can say.
    pub fn refused(&self, section: &str, fields: &[&str]) -> Option<&str> {
        match &self.outcome {
            Outcome::Refused {
                section: refused,
                wrong,
                ..
            } if *refused == section && !fields.contains(&wrong.key.as_str()) => Some(&wrong.text),
            _ => None,
        }
    }
    /// What was typed into a form that keeps nothing of its own.
    pub fn typed(&self, section: &str, key: &str) -> &str {
        match &self.outcome {
            Outcome::Refused {
                section: refused,
                typed,
                ..
            } if *refused == section => typed.get(key).unwrap_or_default(),
            _ => "",
        }
    }
    pub fn themes(&self) -> [Theme; 4] {
        Theme::ALL
    }
}

/// What the fields show: the file where it speaks, else what holds without it.
fn values(config: &Config) -> BTreeMap<&'static str, String> {
    let saved = &config.saved;
    let word = |on: bool, yes: &str, no: &str| if on { yes } else { no }.to_owned();
    let cost = CostMode::WORDS
        .iter()
        .find(|(_, mode)| *mode == config.cost_mode)
        .map_or("auto", |(word, _)| word);
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    BTreeMap::from([
        ("theme", config.theme.clone()),
        ("zone", text(&saved.zone)),
        ("time_format", word(config.twelve, "12h", "24h")),
        ("times", word(config.absolute, "absolute", "relative")),
        ("grouping", config.grouping.clone()),
        ("helper_patterns", saved.helper_patterns.join("\n")),
        ("cost", cost.to_owned()),
        ("terminal", config.terminal.clone()),
        ("url", text(&saved.titles.url)),
        ("model", text(&saved.titles.model)),
        ("host", text(&saved.host)),
        (
            "port",
            saved.port.map_or_else(String::new, |port| port.to_string()),
        ),
        (
            "memory",
            saved
                .memory
                .map_or_else(String::new, |bytes| (bytes >> 20).to_string()),
        ),
    ])
}

fn zones() -> Vec<String> {
    jiff::tz::db()
        .available()
        .map(|name| name.to_string())
        .collect()
}

fn homes(config: &Config) -> Vec<HomeRow> {
    let roots = config.roots(agents());
    let mut rows: Vec<HomeRow> = Vec::new();
    let filed: Vec<_> = config
        .saved
        .roots
        .iter()
        .map(|root| config.home_at(&root.0))
        .collect();
    for (index, home) in config.homes.iter().enumerate() {
        let here = roots
            .iter()
            .filter(|root| root.home == index && root.path.exists());
        let agents: BTreeSet<&str> = here.map(|root| root.agent).collect();
        let place = filed.iter().position(|path| *path == home.path);
        rows.push(HomeRow {
            path: match place {
                Some(place) => config.saved.roots[place].0.clone(),
                None => home.path.display().to_string(),
            },
            label: home.label.clone(),
            source: match (index, place) {
                (_, Some(_)) => "",
                (0, None) => "your own home",
                _ => "found by itself, or named on the command line",
            },
            found: home.path.is_dir(),
            agents: agents.len(),
            removable: place.is_some(),
        });
    }
    for ((path, label), folder) in config.saved.roots.iter().zip(&filed) {
        if !config.homes.iter().any(|home| home.path == *folder) {
            rows.push(HomeRow {
                path: path.clone(),
                label: label.clone().unwrap_or_default(),
                source: "",
                found: folder.is_dir(),
                agents: 0,
                removable: true,
            });
        }
    }
    rows
}

fn price(price: &crate::model::OwnPrice) -> PriceRow {
    let some = |rate: Option<f64>| rate.map_or_else(String::new, |rate| rate.to_string());
    PriceRow {
        model: price.model.clone(),
        rates: vec![
            price.input.to_string(),
            price.output.to_string(),
            some(price.cache_read),
            some(price.cache_write),
            some(price.cache_write_1h),
        ],
    }
}

fn waiting(now: &Config, then: &Config) -> Vec<(&'static str, String, String)> {
    let mib = |config: &Config| format!("{} MiB", config.memory >> 20);
    [
        ("Host", now.host.clone(), then.host.clone()),
        ("Port", now.port.to_string(), then.port.to_string()),
        ("Memory", mib(now), mib(then)),
    ]
    .into_iter()
    .filter(|(_, now, then)| now != then)
    .collect()
}
