//! Long computations: one per key at a time, watched by many.

use super::view::Job;
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Finished jobs that stay in memory.
const KEPT: usize = 16;

/// All jobs of one kind.
pub(super) struct Jobs<T> {
    slots: Mutex<Slots<T>>,
}

struct Slots<T> {
    by_key: HashMap<String, (u64, Arc<Slot<T>>)>,
    started: u64,
}

/// One job's state, with a bell.
pub(super) struct Slot<T> {
    job: Mutex<Job<T>>,
    changed: Condvar,
    asked: Mutex<Instant>,
}

impl<T> Default for Jobs<T> {
    fn default() -> Self {
        let slots = Slots {
            by_key: HashMap::new(),
            started: 0,
        };
        Jobs {
            slots: Mutex::new(slots),
        }
    }
}

impl<T: Default + Send + Sync + 'static> Jobs<T> {
    /// The job for `key`: the running one; a finished one that is `good` still; one made of what
    /// `stored` finds, if that is good; or a new one, whose `work` begins on a thread of its own and
    /// which shows until then what was known before. It is registered before anything else happens,
    /// so that askers of the same moment share it.
    pub fn join(
        &self,
        key: &str,
        good: impl Fn(&T) -> bool,
        stored: impl FnOnce() -> Option<T>,
        work: impl FnOnce(&Slot<T>) -> anyhow::Result<()> + Send + 'static,
    ) -> Arc<Slot<T>> {
        let mut slots = self.slots.lock().expect("no panic while held");
        slots.started += 1;
        let number = slots.started;
        let before = match slots.by_key.get(key) {
            Some((_, slot)) => {
                let job = slot.get();
                if !job.done || (job.error.is_none() && good(&job.result)) {
                    let slot = slot.clone();
                    slots.put(key, number, &slot);
                    return slot;
                }
                Some(job.result)
            }
            None => stored().map(Arc::new),
        };
        let done = before
            .as_ref()
            .filter(|_| !slots.by_key.contains_key(key))
            .is_some_and(|result| good(result));
        let slot = Arc::new(Slot::new(Job {
            done,
            progress: if done { 1.0 } else { 0.0 },
            result: before.unwrap_or_default(),
            error: None,
            cached: done,
        }));
        slots.put(key, number, &slot);
        if done {
            return slot;
        }
        let (worker, key) = (slot.clone(), key.to_owned());
        let spawned = std::thread::Builder::new()
            .name("job".into())
            .spawn(move || {
                let started = Instant::now();
                run(&worker, work);
                let took = started.elapsed().as_millis();
                match worker.get().error {
                    None => tracing::info!("job {key} done in {took} ms"),
                    Some(error) => tracing::warn!("job {key} failed after {took} ms: {error}"),
                }
            });
        if let Err(error) = spawned {
            slot.end(Some(format!("cannot start a thread: {error}")));
        }
        slot
    }
}

impl<T> Slots<T> {
    fn put(&mut self, key: &str, number: u64, slot: &Arc<Slot<T>>) {
        self.by_key.insert(key.to_owned(), (number, slot.clone()));
        if self.by_key.len() > KEPT {
            let done = self.by_key.iter().filter(|(_, (_, slot))| slot.done());
            let oldest = done
                .min_by_key(|(_, (number, _))| *number)
                .map(|(key, _)| key.clone());
            if let Some(key) = oldest {
                self.by_key.remove(&key);
            }
        }
    }
}

/// A job that fails or panics ends, and says so.
fn run<T>(slot: &Slot<T>, work: impl FnOnce(&Slot<T>) -> anyhow::Result<()>) {
    struct Ends<'s, T>(&'s Slot<T>);
    impl<T> Drop for Ends<'_, T> {
        fn drop(&mut self) {
            if !self.0.done() {
                self.0.end(Some("the computation broke off".into()));
            }
        }
    }
    let ends = Ends(slot);
    if let Err(error) = work(slot) {
        slot.end(Some(format!("{error:#}")));
    }
    drop(ends);
}

impl<T> Slot<T> {
    fn new(job: Job<T>) -> Slot<T> {
        Slot {
            job: Mutex::new(job),
            changed: Condvar::new(),
            asked: Mutex::new(Instant::now()),
        }
    }

    pub fn get(&self) -> Job<T> {
        self.look();
        copy(&self.job.lock().expect("no panic while held"))
    }

    /// Somebody asked within the last `span`.
    pub fn watched(&self, span: Duration) -> bool {
        self.asked.lock().expect("no panic while held").elapsed() < span
    }

    fn done(&self) -> bool {
        self.job.lock().expect("no panic while held").done
    }

    fn look(&self) {
        *self.asked.lock().expect("no panic while held") = Instant::now();
    }

    /// A partial result. Progress grows with each, so that who has seen one can wait for the next.
    pub fn publish(&self, result: T, progress: f32) {
        let mut job = self.job.lock().expect("no panic while held");
        let least = job.progress + (1.0 - job.progress) / 1000.0;
        job.progress = progress.clamp(least, least.max(0.999));
        job.result = Arc::new(result);
        self.changed.notify_all();
    }

    pub fn finish(&self, result: T) {
        let mut job = self.job.lock().expect("no panic while held");
        job.result = Arc::new(result);
        job.progress = 1.0;
        job.done = true;
        self.changed.notify_all();
    }

    fn end(&self, error: Option<String>) {
        let mut job = self.job.lock().expect("no panic while held");
        job.error = error;
        job.done = true;
        self.changed.notify_all();
    }

    /// Waits until the job has got further than `seen` or is done, at most `limit`.
    pub fn wait(&self, seen: f32, limit: Duration) -> Job<T> {
        self.look();
        let job = self.job.lock().expect("no panic while held");
        let (job, _) = self
            .changed
            .wait_timeout_while(job, limit, |job| !job.done && job.progress <= seen)
            .expect("no panic while held");
        copy(&job)
    }
}

/// The result is shared, whatever it is.
fn copy<T>(job: &Job<T>) -> Job<T> {
    Job {
        done: job.done,
        progress: job.progress,
        result: job.result.clone(),
        error: job.error.clone(),
        cached: job.cached,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn askers_of_one_moment_share_one_job() {
        let jobs: Arc<Jobs<u32>> = Arc::default();
        let runs = Arc::new(AtomicUsize::new(0));
        let (go, gate) = mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let barrier = Arc::new(Barrier::new(8));
        let askers: Vec<_> = (0..8)
            .map(|_| {
                let (jobs, runs) = (jobs.clone(), runs.clone());
                let (gate, barrier) = (gate.clone(), barrier.clone());
                std::thread::spawn(move || {
                    barrier.wait();
                    let work = move |slot: &Slot<u32>| {
                        runs.fetch_add(1, Ordering::SeqCst);
                        let _ = gate.lock().unwrap().recv();
                        slot.finish(7);
                        Ok(())
                    };
                    jobs.join("a", |_| true, || None, work)
                })
            })
            .collect();
        let slots: Vec<_> = askers
            .into_iter()
            .map(|asker| asker.join().unwrap())
            .collect();
        drop(go);
        for slot in &slots {
            let job = slot.wait(2.0, LONG);
            assert!(job.done && *job.result == 7 && job.error.is_none());
        }
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        // another key is another job
        let other = jobs.join(
            "b",
            |_| true,
            || None,
            |slot| {
                slot.finish(8);
                Ok(())
            },
        );
        assert_eq!(*other.wait(2.0, LONG).result, 8);
    }

    #[test]
    fn finished_results_serve_until_they_are_no_good() {
        let jobs: Jobs<u32> = Jobs::default();
        let ask = |good: bool, value: u32| {
            let slot = jobs.join(
                "a",
                move |_| good,
                || None,
                move |slot| {
                    slot.finish(value);
                    Ok(())
                },
            );
            *slot.wait(2.0, LONG).result
        };
        assert_eq!(ask(true, 1), 1);
        assert_eq!(ask(true, 2), 1);
        assert_eq!(ask(false, 3), 3);
    }

    #[test]
    fn stored_results_come_at_once_and_failures_are_tried_again() {
        let jobs: Jobs<u32> = Jobs::default();
        let never =
            |_: &Slot<u32>| -> anyhow::Result<()> { unreachable!("there is a stored result") };
        let job = jobs.join("a", |_| true, || Some(5), never).get();
        assert!(job.done && job.cached && *job.result == 5);

        let fail = |_: &Slot<u32>| -> anyhow::Result<()> { anyhow::bail!("no disk") };
        let job = jobs.join("b", |_| true, || None, fail).wait(2.0, LONG);
        assert_eq!(job.error.as_deref(), Some("no disk"));
        let job = jobs.join(
            "b",
            |_| true,
            || None,
            |slot| {
                slot.finish(1);
                Ok(())
            },
        );
        assert!(job.wait(2.0, LONG).error.is_none());
    }

    #[test]
    fn a_panic_ends_the_job() {
        let jobs: Jobs<u32> = Jobs::default();
        let slot = jobs.join(
            "a",
            |_| true,
            || None,
            |_| std::panic::resume_unwind(Box::new(())),
        );
        let job = slot.wait(2.0, LONG);
        assert!(job.done && job.error.is_some());
    }

    #[test]
    fn partial_results_climb() {
        let jobs: Jobs<u32> = Jobs::default();
        let (go, gate) = mpsc::channel::<()>();
        let slot = jobs.join(
            "a",
            |_| true,
            || None,
            move |slot| {
                for (value, progress) in [(1, 0.5), (2, 0.5), (3, 0.1), (4, 7.0)] {
                    gate.recv()?;
                    slot.publish(value, progress);
                }
                gate.recv()?;
                slot.finish(5);
                Ok(())
            },
        );
        let mut seen = slot.get().progress;
        for value in 1..=5 {
            go.send(()).unwrap();
            let job = slot.wait(seen, LONG);
            assert_eq!((*job.result, job.done), (value, value == 5));
            assert!(job.progress > seen);
            seen = job.progress;
        }
    }

    #[test]
    fn finished_jobs_do_not_pile_up() {
        let jobs: Jobs<u32> = Jobs::default();
        for key in 0..100 {
            let done = |slot: &Slot<u32>| {
                slot.finish(1);
                Ok(())
            };
            jobs.join(&key.to_string(), |_| true, || None, done)
                .wait(2.0, LONG);
        }
        assert!(jobs.slots.lock().unwrap().by_key.len() <= KEPT + 1);
    }
}
