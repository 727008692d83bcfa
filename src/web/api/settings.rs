//! `/api/settings`: what holds now. No secret leaves.

use super::params::Params;
use super::reply::{Failure, Reply};
use crate::config::Config;
use crate::engine::Engine;
use crate::model::{CostMode, OwnPrice};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The settings as they hold now: the file where it speaks, flags and environment above it, defaults
/// below.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SettingsRecord {
    /// Path of `config.toml`.
    pub file: String,
    /// Why the file as it is now is not followed; `null` where it is.
    pub trouble: Option<String>,
    pub warnings: Vec<String>,
    /// Keys that flags or the environment decide, and by what.
    pub fixed: BTreeMap<String, String>,
    /// Of `host`, `port` and `memory`: what holds only after a restart.
    pub restart: Vec<String>,
    pub theme: String,
    pub zone: String,
    /// `24h` or `12h`.
    pub time_format: String,
    /// `relative` or `absolute`.
    pub times: String,
    pub grouping: String,
    pub helper_patterns: Vec<String>,
    pub roots: Vec<HomeRecord>,
    /// `auto`, `calculate` or `recorded`.
    pub cost: String,
    /// Dollars for a million tokens, by model.
    pub prices: BTreeMap<String, PriceRecord>,
    pub terminal: String,
    pub titles: TitlesRecord,
    pub host: String,
    pub port: u16,
    /// MiB.
    pub memory: u64,
    pub open_browser: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HomeRecord {
    pub path: String,
    /// `""`: the user's own.
    pub label: String,
    pub found: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PriceRecord {
    pub input: f64,
    pub output: f64,
    pub cache_read: Option<f64>,
    pub cache_write: Option<f64>,
    pub cache_write_1h: Option<f64>,
}

/// The endpoint for titles. Its key is never told, only that there is one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TitlesRecord {
    pub url: Option<String>,
    pub model: Option<String>,
    pub has_key: bool,
}

/// `GET /api/settings`: [`SettingsRecord`]. They are changed by forms (`POST /settings/{section}`) or in
/// the file.
///
/// # Errors
/// None.
pub fn get(engine: &Engine, _params: &Params) -> Result<Reply<SettingsRecord>, Failure> {
    engine.settings.look();
    let config = engine.config();
    let mut record = record(&config);
    record.trouble = engine.settings.trouble();
    record.restart = waiting(&engine.started, &config);
    Ok(Reply::from(record))
}

fn waiting(now: &Config, then: &Config) -> Vec<String> {
    [
        ("host", now.host != then.host),
        ("port", now.port != then.port),
        ("memory", now.memory != then.memory),
    ]
    .into_iter()
    .filter(|(_, differs)| *differs)
    .map(|(key, _)| key.to_owned())
    .collect()
}

fn record(config: &Config) -> SettingsRecord {
    let mode = CostMode::WORDS
        .iter()
        .find(|(_, mode)| *mode == config.cost_mode);
    SettingsRecord {
        file: config.file().display().to_string(),
        trouble: None,
        warnings: config.warnings.clone(),
        fixed: config
            .fixed
            .iter()
            .map(|(key, by)| ((*key).to_owned(), by.clone()))
            .collect(),
        restart: Vec::new(),
        theme: config.theme.clone(),
        zone: config.zone_name.clone(),
        time_format: if config.twelve { "12h" } else { "24h" }.to_owned(),
        times: if config.absolute {
            "absolute"
        } else {
            "relative"
        }
        .to_owned(),
        grouping: config.grouping.clone(),
        helper_patterns: config.helper_patterns.clone(),
        roots: config
            .homes
            .iter()
            .map(|home| HomeRecord {
                path: home.path.display().to_string(),
                label: home.label.clone(),
                found: home.path.is_dir(),
            })
            .collect(),
        cost: mode.map_or("auto", |(word, _)| word).to_owned(),
        prices: config.prices.iter().map(price).collect(),
        terminal: config.terminal.clone(),
        titles: TitlesRecord {
            url: config.titles.url.clone(),
            model: config.titles.model.clone(),
            has_key: config.titles.api_key.is_some(),
        },
        host: config.host.clone(),
        port: config.port,
        memory: config.memory >> 20,
        open_browser: config.open_browser,
    }
}

fn price(price: &OwnPrice) -> (String, PriceRecord) {
    let record = PriceRecord {
        input: price.input,
        output: price.output,
        cache_read: price.cache_read,
        cache_write: price.cache_write,
        cache_write_1h: price.cache_write_1h,
    };
    (price.model.clone(), record)
}
