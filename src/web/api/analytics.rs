//! `/api/analytics/cost`: the figures as a job that answers at once.

use super::costs::CostReport;
use super::job::{Envelope, asked};
use super::params::Params;
use super::reply::{Failure, Reply};
use crate::engine::Engine;
use crate::engine::view::{Analytics, AnalyticsQuery, Job, Runs};

/// The figures of `/api/analytics/cost` on their way.
pub type CostJob = Envelope<CostReport>;

/// `GET /api/analytics/cost`: [`CostJob`], at once, whether or not it is done.
///
/// Costs cover all runs, helpers included, whatever `include_helpers` says. Parameters: the shared
/// filters ([`Params::filters`]), `helpers` ([`query`]), and those of jobs ([`asked`]).
///
/// # Errors
/// 400 for a parameter that is not allowed. A job that failed is a 200 with `status` `error`.
pub fn cost(engine: &Engine, params: &Params) -> Result<Reply<CostJob>, Failure> {
    let query = query(engine, params)?;
    let job = asked(engine, params, &query)?;
    Ok(answer(&job).into())
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

fn answer(job: &Job<Analytics>) -> CostJob {
    Envelope::new(job, CostReport::new(&job.result))
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
        let running = fields(&answer(&job(false, None)));
        assert_eq!(running["status"].get(), "\"running\"");
        assert_eq!(running["result"].get(), "null");
        assert!(running["partialResult"].get().contains("\"totalCost\":2.5"));
        assert!(!running.contains_key("totalCost"));

        let done = fields(&answer(&job(true, None)));
        assert_eq!(done["status"].get(), "\"done\"");
        assert_eq!(done["totalCost"].get(), "2.5");
        assert_eq!(done["partialResult"].get(), "null");
        assert_eq!(done["asOf"].get(), "1795220910461");

        let failed = fields(&answer(&job(false, Some("disk gone"))));
        assert_eq!(failed["status"].get(), "\"error\"");
        assert_eq!(failed["error"].get(), "\"disk gone\"");
    }

    #[test]
    fn an_answer_reads_back() {
        let sent = answer(&job(true, None));
        let read: CostJob = serde_json::from_str(&serde_json::to_string(&sent).unwrap()).unwrap();
        assert_eq!(read.result, sent.result);
    }
}
