//! Job sets, in jobs and outside of them: filled and drained in turn, cancelled, dropped and let go of.

use std::sync::Arc;

use corepool::{JobError, JobSet};
use fastrand::Rng;

use super::job::{DEEPEST, Output, Work, closure, contain, draw_work};
use super::ledger::{Answer, Record};
use super::submitter::Submitter;

const MOST_STEPS: usize = 16;

/// A set, and those of its jobs that were accepted and not heard of.
struct Set<'s> {
    submitter: &'s Submitter,
    depth: u8,
    jobs: JobSet<Output>,
    unheard: Vec<Arc<Record>>,
}

/// The work of a job that has a set.
pub fn set(submitter: Submitter, mut rng: Rng, depth: u8) -> Work {
    Box::new(move |_| fill_and_drain(&submitter, &mut rng, depth))
}

/// The same outside of jobs.
pub fn set_outside(submitter: &Submitter, rng: &mut Rng) {
    fill_and_drain(submitter, rng, 0);
}

fn fill_and_drain(submitter: &Submitter, rng: &mut Rng, depth: u8) {
    submitter.subject.books.sets.add_one();
    let mut set = Set { submitter, depth, jobs: submitter.subject.pool.job_set(), unheard: Vec::new() };
    for _ in 0..rng.usize(..MOST_STEPS) {
        match rng.u8(..10) {
            0..6 => set.submit(rng),
            6 => _ = set.hear(JobSet::join_next),
            7..9 => _ = set.hear(JobSet::try_join_next),
            _ => set.jobs.cancel_all(),
        }
    }
    match rng.u8(..4) {
        0..2 => while set.hear(JobSet::join_next) {},
        2 => set.jobs.detach_all(),
        _ => {}
    }
    drop(set.jobs);
    // An error does not tell whose it is.
    set.unheard.iter().for_each(|record| record.heard(Answer::LetGo));
}

impl Set<'_> {
    fn submit(&mut self, rng: &mut Rng) {
        let record = self.submitter.subject.books.open();
        record.allow(Answer::Cancelled);
        let work = draw_work(self.submitter, rng, (self.depth + 1).min(DEEPEST));
        let closure = closure(&record, work, rng);
        let submitted = if rng.bool() { self.jobs.submit(closure) } else { self.jobs.try_submit(closure) };
        match submitted {
            Ok(()) => {
                record.accepted();
                self.unheard.push(record);
            }
            Err(rejected) => {
                record.rejected(rejected.kind());
                contain(|| drop(rejected));
                record.heard(Answer::NotAccepted);
            }
        }
    }

    /// Whether there was a result.
    fn hear(&mut self, take: impl FnOnce(&mut JobSet<Output>) -> Option<Result<Output, JobError>>) -> bool {
        let result = take(&mut self.jobs);
        if let Some(Ok(output)) = &result {
            let whose = self.unheard.iter().position(|record| Arc::ptr_eq(record, &output.record));
            self.submitter.subject.books.check(whose.is_some());
            if let Some(place) = whose {
                self.unheard.swap_remove(place).heard(Answer::Completed);
            }
        }
        let is_some = result.is_some();
        contain(|| drop(result));
        is_some
    }
}
