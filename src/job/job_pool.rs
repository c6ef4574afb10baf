//! A job's pool, to those who end the job from outside while it waits to run, or would wait for it.

use std::sync::{Arc, Weak};

use crate::base::panic::contain;
use crate::base::unrun::Unrun;
use crate::job::header::{Header, Standing};
use crate::job::runnable::{RunEnd, Runnable};

/// A pool, to those who know its jobs but not the pool.
pub(crate) trait JobPool: Send + Sync {
    /// Takes a job out of the queue, or out of the line for room, and resolves or rejects it.
    fn dequeue(self: Arc<Self>, job: &Header, why: Unrun) -> Dequeued;

    /// Takes a job out of the line for room, if it stands there, and rejects it.
    fn reject(&self, job: &Header, why: Unrun);

    /// Runs a job on this thread, a worker of another pool, if it is still queued. Says whether it did.
    fn run_here(self: Arc<Self>, job: &Header) -> bool;

    /// Runs what is queued in an inline pool until the job has resolved or `is_over` says so; one of the pool's own jobs runs
    /// that job only.
    fn run_until_finished(self: Arc<Self>, job: &Header, is_over: &dyn Fn() -> bool);
}

/// What somebody who ends a job from outside finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dequeued {
    /// It was queued, and has resolved.
    Resolved,
    /// It stood in line, was rejected, and its submitter is told.
    Rejected,
    /// It has not been offered yet, or it runs, or it has resolved.
    NotFound,
}

/// One job and its pool. Weak, as who may end a job keeps neither alive.
#[derive(Clone)]
pub(crate) struct Target {
    pool: Weak<dyn JobPool>,
    job: Weak<dyn RunEnd>,
}

impl Target {
    pub(crate) fn new(pool: Weak<dyn JobPool>, job: &Runnable) -> Self {
        Self { pool, job: job.downgrade() }
    }

    /// Ends jobs that wait to run:
    ///
    /// 1. Whoever waits for one of several is told, in line for room or for its outcome, before it has resolved.
    /// 2. One after the other is dequeued and resolved, which runs its destructors.
    ///
    /// For a destructor may wait for somebody who waits for a job that comes after; and so may whoever is woken in step 2 for a
    /// place that comes free. He has been told, finds that the job has ended, and resolves it himself. Where he is only about
    /// to wait, nothing is lost either: his waker is put into the cell before he looks, and taken from it once the end is
    /// noted there, both under the cell's lock.
    pub(crate) fn end_all(targets: &[Self], why: Unrun) {
        if targets.len() > 1 {
            targets.iter().for_each(|target| target.tell(why));
        }
        targets.iter().for_each(|target| target.dequeue(why));
    }

    fn tell(&self, why: Unrun) {
        let Some((pool, job)) = self.upgrade() else { return };
        if job.header().standing() == Standing::InLine {
            pool.reject(job.header(), why);
        } else if let Some(waker) = job.end(why) {
            contain(|| waker.wake());
        }
    }

    pub(crate) fn dequeue(&self, why: Unrun) {
        if let Some((pool, job)) = self.upgrade() {
            pool.dequeue(job.header(), why);
        }
    }

    /// What is gone has resolved.
    fn upgrade(&self) -> Option<(Arc<dyn JobPool>, Arc<dyn RunEnd>)> {
        Some((self.pool.upgrade()?, self.job.upgrade()?))
    }
}
