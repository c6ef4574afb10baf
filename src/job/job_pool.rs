//! A job's pool, to those who end the job from outside while it waits to run, or would wait for it.

use std::sync::{Arc, Weak};

use crate::base::unrun::Unrun;
use crate::job::header::Header;
use crate::job::runnable::{RunEnd, Runnable};

/// A pool, to those who know its jobs but not the pool.
pub(crate) trait JobPool: Send + Sync {
    /// Takes a job out of the queue, or out of the line for room, and resolves or rejects it.
    fn dequeue(self: Arc<Self>, job: &Header, why: Unrun) -> Dequeued;

    /// Runs a job on this thread, a worker of another pool, if it is still queued. Says whether it did.
    fn run_here(self: Arc<Self>, job: &Header) -> bool;

    /// Whether no queued job will run any more.
    fn is_aborting(&self) -> bool;
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

    pub(crate) fn dequeue(&self, why: Unrun) {
        // What is gone has resolved.
        if let (Some(pool), Some(job)) = (self.pool.upgrade(), self.job.upgrade()) {
            pool.dequeue(job.header(), why);
        }
    }
}
