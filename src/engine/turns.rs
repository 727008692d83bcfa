//! One session, prompt by prompt: what each cost, how long it took, how full the context was.

use super::Engine;
use super::cost::even_shares;
use super::view::{Amount, Course, CourseStep, STEPS, TurnView};
use crate::model::{Response, Sid};
use crate::pricing;
use crate::store::Reader;
use anyhow::Result;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

impl Engine {
    /// By prompt, in order; responses before the first prompt come first, under `None`.
    pub(super) fn list_turns(&self, sid: Sid) -> Result<Vec<TurnView>> {
        Ok(self.spend(sid)?.turns.clone())
    }

    /// The same, and the responses one after the other.
    pub(super) fn spend(&self, sid: Sid) -> Result<Arc<Course>> {
        let reader = self.store.read()?;
        let generation = reader.generation()?;
        let changed = |since| self.store.changed_since(since);
        if let Some(course) = self.courses.known(sid, generation, changed) {
            return Ok(course);
        }
        let course = Arc::new(self.follow(sid, &reader)?);
        self.courses.keep(sid, generation, course.clone());
        Ok(course)
    }

    fn follow(&self, sid: Sid, reader: &Reader) -> Result<Course> {
        let told = reader
            .bare_session(sid)?
            .and_then(|session| session.context_window);
        let mut pricer = self.catalog.pricer();
        let days = reader.responses_of(sid)?;
        let length = days.values().map(Vec::len).sum::<usize>().div_ceil(STEPS);
        let mut turns: BTreeMap<Option<u32>, TurnView> = BTreeMap::new();
        let mut steps: Vec<CourseStep> = Vec::new();
        let mut seen = 0;
        for (day, responses) in days {
            let amounts = pricer.responses(day, &responses);
            for (response, amount) in responses.iter().zip(&amounts) {
                let window = window(told, &response.model, response.tokens.prompt());
                let turn = turns
                    .entry(response.turn)
                    .or_insert_with(|| begun(response));
                turn.add(response, amount, window);
                if seen % length == 0 {
                    steps.push(CourseStep {
                        at: response.at,
                        turn: response.turn,
                        ..CourseStep::default()
                    });
                }
                seen += 1;
                if let Some(step) = steps.last_mut() {
                    step.add(response, amount, window);
                }
            }
        }
        Ok(Course {
            turns: turns.into_values().collect(),
            steps,
        })
    }

    /// What a session's own responses cost by the tools that they called, costliest first.
    pub(super) fn list_tools(&self, sid: Sid) -> Result<Vec<(String, Amount)>> {
        let mut pricer = self.catalog.pricer();
        let mut tools: BTreeMap<String, Amount> = BTreeMap::new();
        for (day, responses) in self.store.read()?.responses_of(sid)? {
            let amounts = pricer.responses(day, &responses);
            for (response, amount) in responses.iter().zip(&amounts) {
                for (tool, share) in by_tool(response, amount) {
                    *tools.entry(tool.to_owned()).or_default() += &share;
                }
            }
        }
        let mut list: Vec<_> = tools.into_iter().collect();
        list.sort_by_key(|(_, amount)| std::cmp::Reverse((amount.cost, amount.tokens.total())));
        Ok(list)
    }
}

/// Sessions whose courses are kept.
const KEPT: usize = 12;

/// The courses of the sessions that were looked at last.
#[derive(Default)]
pub(super) struct Courses {
    /// With the generation of the store that each was true at.
    kept: Mutex<Vec<(Sid, u64, Arc<Course>)>>,
}

impl Courses {
    /// `changed`: sessions that changed after a generation; `None` when nobody knows.
    fn known(
        &self,
        sid: Sid,
        generation: u64,
        changed: impl Fn(u64) -> Option<Vec<Sid>>,
    ) -> Option<Arc<Course>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(known, ..)| *known == sid)?;
        let (_, since, course) = kept.remove(at);
        let same = since == generation || changed(since).is_some_and(|sids| !sids.contains(&sid));
        same.then(|| {
            kept.push((sid, generation, course.clone()));
            course
        })
    }

    fn keep(&self, sid: Sid, generation: u64, course: Arc<Course>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, ..)| *known != sid);
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((sid, generation, course));
    }
}

fn begun(response: &Response) -> TurnView {
    TurnView {
        seq: response.turn,
        at: response.at,
        until: response.until,
        amount: Amount::default(),
        context: 0,
        window: None,
        fill_sum: 0.0,
        fill_count: 0,
    }
}

impl TurnView {
    fn add(&mut self, response: &Response, amount: &Amount, window: Option<u64>) {
        self.at = self.at.min(response.at);
        self.until = self.until.max(response.until);
        self.amount += amount;
        let prompt = response.tokens.prompt();
        if let Some(window) = window {
            self.fill_sum += prompt as f64 / window as f64;
            self.fill_count += 1;
        }
        if prompt > self.context {
            (self.context, self.window) = (prompt, window);
        }
    }
}

impl CourseStep {
    fn add(&mut self, response: &Response, amount: &Amount, window: Option<u64>) {
        self.until = self.until.max(response.until);
        self.amount += amount;
        let prompt = response.tokens.prompt();
        if prompt > self.context {
            (self.context, self.window) = (prompt, window);
        }
    }
}

/// A response's money by the tools that it called, in even parts that add up to it; under `""` when it
/// called none.
pub(super) fn by_tool<'r>(response: &'r Response, amount: &Amount) -> Vec<(&'r str, Amount)> {
    if response.tools.is_empty() {
        return vec![("", amount.clone())];
    }
    let names = response.tools.iter().map(String::as_str);
    names
        .zip(even_shares(amount, response.tools.len() as u64))
        .collect()
}

/// Tokens that fit into a prompt of this model: as the agent says, else as the price table says. A prompt
/// that does not fit proves the larger window of the long-context beta, which records do not tell.
pub(super) fn window(told: Option<u64>, model: &str, prompt: u64) -> Option<u64> {
    const LONG: u64 = 1_000_000;
    let window = told.or_else(|| pricing::context_window(model))?;
    Some(if prompt > window {
        window.max(LONG)
    } else {
        window
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_is_kept_until_its_session_changes() {
        let courses = Courses::default();
        let one = Arc::new(Course::default());
        courses.keep(Sid(1), 5, one.clone());
        let others = |_| Some(vec![Sid(2)]);
        let known = courses.known(Sid(1), 7, others);
        assert!(known.is_some_and(|known| Arc::ptr_eq(&known, &one)));
        assert!(courses.known(Sid(2), 7, others).is_none());
        // true at 7 by now, so that nobody is asked about what came before
        let unknown = |_| None;
        assert!(courses.known(Sid(1), 7, unknown).is_some());
        assert!(courses.known(Sid(1), 8, unknown).is_none(), "nobody knows");
        courses.keep(Sid(1), 8, one);
        assert!(courses.known(Sid(1), 9, |_| Some(vec![Sid(1)])).is_none());
        for n in 0..=KEPT as u32 {
            courses.keep(Sid(n), 9, Arc::default());
        }
        assert!(
            courses.known(Sid(0), 9, unknown).is_none(),
            "the oldest went"
        );
    }
}
