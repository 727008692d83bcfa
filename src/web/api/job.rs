//! Answers of computations that may take longer than anybody waits for.

use super::params::Params;
use super::reply::Failure;
use crate::engine::Engine;
use crate::engine::view::{Analytics, AnalyticsQuery, Job};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A job as it stands. `done` also spreads the fields of `result` at top level, for clients that know
/// no jobs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope<T> {
    /// `running`, `done` or `error`.
    pub status: String,
    /// 0 to 1.
    pub progress: f32,
    /// While running: the figures of what has been read so far.
    pub partial_result: Option<T>,
    pub result: Option<T>,
    /// Ms since the epoch when the figures were computed.
    pub as_of: i64,
    /// They were computed for an earlier request.
    pub cached: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(flatten, skip_deserializing)]
    spread: Option<T>,
}

impl<T: Clone + Default> Envelope<T> {
    /// `report`: the job's figures as the endpoint tells them.
    pub fn new(job: &Job<Analytics>, report: T) -> Envelope<T> {
        let mut answer = Envelope {
            progress: job.progress,
            as_of: job.result.as_of,
            cached: job.cached,
            ..Envelope::default()
        };
        if let Some(error) = &job.error {
            answer.status = "error".into();
            answer.error = Some(error.clone());
        } else if job.done {
            answer.status = "done".into();
            answer.result = Some(report.clone());
            answer.spread = Some(report);
        } else {
            answer.status = "running".into();
            answer.partial_result = Some(report);
        }
        answer
    }
}

/// The job for this question, started if nobody has. Parameters: `refresh=1` (compute again), `wait`
/// (answer only when there is news or this many seconds have passed, at most 30) with `seen` (the
/// `progress` that is known already).
///
/// # Errors
/// 400 for a parameter that is not allowed.
pub fn asked(
    engine: &Engine,
    params: &Params,
    query: &AnalyticsQuery,
) -> Result<Job<Analytics>, Failure> {
    let refresh = params.flag("refresh")?;
    let wait: Option<u64> = params.number("wait")?;
    let seen = params.one("seen").map(|text| {
        let refuse = || Failure::parameter("seen", text, "a number from 0 to 1");
        text.parse::<f32>().map_err(|_| refuse())
    });
    let seen = seen.transpose()?.unwrap_or(0.0);
    let job = engine.analytics(query, refresh)?;
    match wait.filter(|_| !job.done) {
        Some(seconds) => {
            let limit = Duration::from_secs(seconds.min(30));
            Ok(engine.analytics_wait(query, seen, limit)?)
        }
        None => Ok(job),
    }
}
