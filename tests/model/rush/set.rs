//! Job sets in a crowd: every job that was accepted comes out once, whatever else is submitted, cancelled or taken meanwhile.

use std::sync::Arc;

use corepool::{JobSet, SubmitErrorKind};

use super::{Actor, Record, job};
use crate::cast::{Outcome, let_go};
use crate::crowd::{SetEnd, SetStep, Task};
use crate::program::Verb;

/// A set, and what is known of the jobs that were submitted into it.
struct Set<'a> {
    actor: &'a Actor,
    jobs: JobSet<Outcome>,
    records: Vec<Arc<Record>>,
    accepted: usize,
    taken: usize,
}

impl Actor {
    pub(super) fn set(&self, steps: Vec<SetStep>, end: SetEnd) {
        let (jobs, records) = (self.scene.pool.job_set(), Vec::new());
        let mut set = Set { actor: self, jobs, records, accepted: 0, taken: 0 };
        steps.into_iter().for_each(|step| set.make(step));
        set.end(end);
    }
}

impl Set<'_> {
    fn make(&mut self, step: SetStep) {
        match step {
            SetStep::Submit(verb, task) => self.submit(verb, task),
            SetStep::Next => _ = self.take(JobSet::join_next),
            SetStep::TryNext => _ = self.take(JobSet::try_join_next),
            SetStep::Await => _ = self.take(|jobs| pollster::block_on(jobs.join_next_async())),
            SetStep::CancelAll => {
                self.note_cancel();
                self.jobs.cancel_all();
            }
        }
        let left = self.accepted - self.taken;
        self.actor.scene.expect(self.jobs.len() == left, || format!("a set holds {}, not {left}", self.jobs.len()));
    }

    fn submit(&mut self, verb: Verb, task: Task) {
        let Actor { scene, list, place, .. } = self.actor;
        let record = Record::new(format!("{list}of set {}", self.records.len()), list, *place, task.panics());
        let record = Arc::new(Record { verb, ..record });
        scene.write_down(&record);
        let job = job(scene, &record, task);
        let submitted: Result<(), SubmitErrorKind> = match verb {
            Verb::Submit => self.jobs.submit(job).map_err(let_go),
            Verb::TrySubmit => self.jobs.try_submit(job).map_err(let_go),
            Verb::Within(time) => self.jobs.submit_timeout(job, time.into()).map_err(let_go),
            Verb::SubmitAsync => pollster::block_on(self.jobs.submit_async(job)).map_err(let_go),
        };
        record.seen().submitted = Some(submitted);
        self.accepted += usize::from(submitted.is_ok());
        self.records.push(record);
    }

    /// An error does not tell whose it is.
    fn take(&mut self, take: impl FnOnce(&mut JobSet<Outcome>) -> Option<Result<Outcome, corepool::JobError>>) -> bool {
        let Some(result) = take(&mut self.jobs) else { return false };
        self.taken += 1;
        let scene = &self.actor.scene;
        if let Ok(outcome) = &result {
            let whose = self.records.iter().find(|record| outcome.is_of(&record.life));
            let is_new = whose.is_some_and(|record| record.seen().end.is_none());
            scene.expect(is_new, || format!("a set of {} gives a value twice, or another's", self.actor.list));
            if let Some(record) = whose {
                scene.hear(record, &result);
            }
        }
        true
    }

    fn note_cancel(&self) {
        self.records.iter().for_each(|record| record.seen().was_cancelled = true);
    }

    fn end(mut self, end: SetEnd) {
        match end {
            SetEnd::Drain => {
                while self.take(JobSet::join_next) {}
                let (accepted, taken) = (self.accepted, self.taken);
                self.actor.scene.expect(accepted == taken, || format!("a set gives {taken} results of {accepted}"));
            }
            SetEnd::Drop => self.note_cancel(),
            SetEnd::Detach => self.jobs.detach_all(),
        }
    }
}
