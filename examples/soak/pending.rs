//! What is submitted and not over yet: joined, awaited, cancelled or let go in all the ways there are.

use std::sync::Arc;
use std::time::Duration;

use async_task::Runnable;
use corepool::{Cancel, JobError, JobHandle};
use fastrand::Rng;
use parking_lot::Mutex;
use pollster::block_on;

use super::job::{Output, contain};
use super::ledger::{Answer, Record};
use super::submitter::{Submission, accept};

/// A job, or what may become one, that somebody still has to see to.
pub struct Pending {
    pub record: Arc<Record>,
    pub stage: Stage,
    pub rng: Rng,
}

pub enum Stage {
    InLine(Submission),
    Accepted(JobHandle<Output>),
}

/// Where somebody sees to a handle.
#[derive(Clone, Copy)]
enum Place {
    Outside,
    /// In a job, where whatever waits for a job may wait for ever, but for `join`.
    Inside,
}

impl Pending {
    pub fn is_finished(&self) -> bool {
        matches!(&self.stage, Stage::Accepted(handle) if handle.is_finished())
    }

    /// As a client does.
    pub fn see_to(mut self) {
        match (self.rng.u8(..10), &self.stage) {
            (0, _) => self.see_to_inline(),
            (1..3, Stage::InLine(_)) => self.leave_the_line(),
            _ => block_on(self.end(Place::Outside)),
        }
    }

    pub fn see_to_inside(self) {
        block_on(self.end(Place::Inside));
    }

    fn leave_the_line(self) {
        let Self { record, stage, .. } = self;
        record.allow(Answer::Cancelled);
        drop(stage);
        record.heard(Answer::Abandoned);
    }

    /// Leaves it to a task that is polled within `wake`: on the worker that ends the job or, where it stands in line,
    /// on whoever gives it a place, which joins it there and then.
    fn see_to_inline(self) {
        let task = async move {
            match self.stage {
                Stage::Accepted(handle) => hear_of(&self.record, handle.await),
                Stage::InLine(_) => self.end(Place::Inside).await,
            }
        };
        let (runnable, task) = async_task::spawn(task, |runnable: Runnable| _ = runnable.run());
        task.detach();
        runnable.run();
    }

    async fn end(self, place: Place) {
        let Self { record, stage, rng } = self;
        let accepted = match stage {
            Stage::Accepted(handle) => Ok(handle),
            Stage::InLine(submission) => accept(&record, submission.await),
        };
        match accepted {
            Ok(handle) => see_to_handle(&record, handle, rng, place),
            Err(closure) => {
                contain(|| drop(closure));
                record.heard(Answer::NotAccepted);
            }
        }
    }
}

fn see_to_handle(record: &Arc<Record>, handle: JobHandle<Output>, mut rng: Rng, place: Place) {
    let may_wait = matches!(place, Place::Outside);
    let outcome = match rng.u8(..85) {
        0..10 if may_wait => {
            let timeout = Duration::from_micros(rng.u64(..100));
            handle.join_timeout(timeout).unwrap_or_else(JobHandle::join)
        }
        10..20 if may_wait => handle.try_join().unwrap_or_else(JobHandle::join),
        20..30 if may_wait => block_on(handle),
        30..35 => handle.cancel_on_drop().join(),
        35..45 => {
            record.allow(Answer::Cancelled);
            let is_dequeued = handle.cancel() == Cancel::Dequeued;
            let outcome = handle.join();
            record.books.check(!is_dequeued || matches!(outcome, Err(JobError::Cancelled)));
            outcome
        }
        45..65 => return let_go(record, handle, &mut rng),
        _ => handle.join(),
    };
    hear_of(record, outcome);
}

fn let_go(record: &Record, handle: JobHandle<Output>, rng: &mut Rng) {
    let is_cancelled = rng.bool();
    if is_cancelled {
        record.allow(Answer::Cancelled);
    }
    match (is_cancelled, rng.bool()) {
        (false, false) => drop(handle),
        (false, true) => handle.detach(),
        (true, false) => _ = handle.cancel(),
        (true, true) => drop(handle.cancel_on_drop()),
    }
    record.heard(Answer::LetGo);
}

/// The same of one of many jobs, of which nobody was told whether it was accepted. Where it is aborted, it may have been rejected.
pub fn hear_of_one_of_many(record: &Arc<Record>, outcome: Result<Output, JobError>) {
    if matches!(outcome, Err(JobError::Aborted)) {
        return record.heard(Answer::Abandoned);
    }
    record.accepted();
    hear_of(record, outcome);
}

fn hear_of(record: &Arc<Record>, outcome: Result<Output, JobError>) {
    record.heard(match outcome {
        Ok(output) => {
            // The value must be that job's own.
            record.books.check(Arc::ptr_eq(&output.record, record));
            contain(|| drop(output));
            Answer::Completed
        }
        Err(JobError::Panicked(_)) => Answer::Panicked,
        Err(JobError::Cancelled) => Answer::Cancelled,
        Err(JobError::Expired) => Answer::Expired,
        Err(JobError::Aborted) => Answer::Aborted,
        // No job here joins itself.
        Err(_) => return record.books.check(false),
    });
}

/// A job that was submitted after that of the closure which shares this with its submitter: who lets go last joins it.
#[derive(Default)]
pub struct Later(pub Mutex<Option<Pending>>);

impl Drop for Later {
    fn drop(&mut self) {
        self.0.get_mut().take().into_iter().for_each(Pending::see_to_inside);
    }
}
