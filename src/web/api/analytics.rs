//! `/api/analytics/cost`: the figures as a job that answers at once.

use super::costs::CostReport;
use super::params::Params;
use super::reply::{Failure, Reply};
use crate::engine::Engine;
use crate::engine::view::{Analytics, AnalyticsQuery, Job, Runs};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A job as it stands. `done` also spreads the fields of `result` at top level, for clients that know
/// no jobs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CostJob {
    /// `running`, `done` or `error`.
    pub status: String,
    /// 0 to 1.
    pub progress: f32,
    /// While running: the figures of what has been read so far.
    pub partial_result: Option<CostReport>,
    pub result: Option<CostReport>,
    /// Ms since the epoch when the figures were computed.
    pub as_of: i64,
    /// They were computed for an earlier request.
    pub cached: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(flatten, skip_deserializing)]
    spread: Option<CostReport>,
}

/// `GET /api/analytics/cost`: [`CostJob`], at once, whether or not it is done.
///
/// Costs cover all runs, helpers included, whatever `include_helpers` says. Parameters: the shared
/// filters ([`Params::filters`]), `helpers` ([`query`]), `refresh=1` (compute again), `wait` (answer only when there is news
/// or this many seconds have passed, at most 30) with `seen` (the `progress` that is known already).
///
/// # Errors
/// 400 for a parameter that is not allowed. A job that failed is a 200 with `status` `error`.
pub fn cost(engine: &Engine, params: &Params) -> Result<Reply<CostJob>, Failure> {
    let query = query(engine, params)?;
    let refresh = params.flag("refresh")?;
    let wait: Option<u64> = params.number("wait")?;
    let seen = params.one("seen").map(|text| {
        let refuse = || Failure::parameter("seen", text, "a number from 0 to 1");
        text.parse::<f32>().map_err(|_| refuse())
    });
    let seen = seen.transpose()?.unwrap_or(0.0);
    let mut job = engine.analytics(&query, refresh)?;
    if let Some(seconds) = wait.filter(|_| !job.done) {
        let limit = Duration::from_secs(seconds.min(30));
        job = engine.analytics_wait(&query, seen, limit)?;
    }
    Ok(CostJob::new(&job).into())
}

/// The question of analytics endpoints: the shared filters, and `helpers=without` (helper runs and
/// sub-agents are left out of costs too) or `helpers=only`.
pub(super) fn query(engine: &Engine, params: &Params) -> Result<AnalyticsQuery, Failure> {
    let runs = [
        ("all", Runs::All),
        ("without", Runs::People),
        ("only", Runs::Helpers),
    ];
    Ok(AnalyticsQuery {
        filters: params.filters(engine.today())?,
        runs: params.choice("helpers", &runs)?.unwrap_or_default(),
    })
}

impl CostJob {
    fn new(job: &Job<Analytics>) -> CostJob {
        let report = CostReport::new(&job.result);
        let as_of = job.result.as_of;
        let mut answer = CostJob {
            progress: job.progress,
            as_of,
            cached: job.cached,
            ..CostJob::default()
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    fn fields(job: &CostJob) -> BTreeMap<String, Box<serde_json::value::RawValue>> {
        serde_json::from_str(&serde_json::to_string(job).unwrap()).unwrap()
    }

    fn job(done: bool, error: Option<&str>) -> Job<Analytics> {
        let mut figures = Analytics {
            as_of: 1_795_220_910_461,
            ..Analytics::default()
        };
        figures.total.cost = 2_500_000;
        Job {
            done,
            progress: if done { 1.0 } else { 0.25 },
            result: Arc::new(figures),
            error: error.map(str::to_owned),
            cached: false,
        }
    }

    #[test]
    fn the_envelope_says_how_far_it_is_and_spreads_the_result_when_done() {
        let running = fields(&CostJob::new(&job(false, None)));
        assert_eq!(running["status"].get(), "\"running\"");
        assert_eq!(running["result"].get(), "null");
        assert!(running["partialResult"].get().contains("\"totalCost\":2.5"));
        assert!(!running.contains_key("totalCost"));

        let done = fields(&CostJob::new(&job(true, None)));
        assert_eq!(done["status"].get(), "\"done\"");
        assert_eq!(done["totalCost"].get(), "2.5");
        assert_eq!(done["partialResult"].get(), "null");
        assert_eq!(done["asOf"].get(), "1795220910461");

        let failed = fields(&CostJob::new(&job(false, Some("disk gone"))));
        assert_eq!(failed["status"].get(), "\"error\"");
        assert_eq!(failed["error"].get(), "\"disk gone\"");
    }

    #[test]
    fn an_answer_reads_back() {
        let sent = CostJob::new(&job(true, None));
        let read: CostJob = serde_json::from_str(&serde_json::to_string(&sent).unwrap()).unwrap();
        assert_eq!(read.result, sent.result);
    }
}
