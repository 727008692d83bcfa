//! `/api/changelog`: what changed, version by version.

use super::params::Params;
use super::reply::{Failure, Reply};
use crate::engine::Engine;
use crate::web::changelog::releases;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReleaseRecord {
    pub version: String,
    /// `YYYY-MM-DD`; `""` where none is given.
    pub date: String,
    pub title: String,
    /// Markdown.
    pub changes: Vec<String>,
}

/// `GET /api/changelog`: an array of [`ReleaseRecord`], newest first.
///
/// # Errors
/// None.
pub fn list(_: &Engine, _: &Params) -> Result<Reply<Vec<ReleaseRecord>>, Failure> {
    let record = |release: crate::web::changelog::Release| ReleaseRecord {
        version: release.version,
        date: release.date,
        title: release.title,
        changes: release.changes,
    };
    Ok(releases()
        .into_iter()
        .map(record)
        .collect::<Vec<_>>()
        .into())
}
