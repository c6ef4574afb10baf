//! How a job is ended from outside while it waits to run.

use std::sync::Weak;

use crate::base::unrun::Unrun;
use crate::job::header::Header;
use crate::job::runnable::{RunEnd, Runnable};

/// A pool, to those who end its jobs.
pub(crate) trait Dequeue: Send + Sync {
    /// Takes a job out of the queue, or out of the line for room, and resolves or rejects it.
    fn dequeue(&self, job: &Header, why: Unrun) -> Dequeued;
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
    pool: Weak<dyn Dequeue>,
    job: Weak<dyn RunEnd>,
}

impl Target {
    pub(crate) fn new(pool: Weak<dyn Dequeue>, job: &Runnable) -> Self {
        Self { pool, job: job.downgrade() }
    }

    pub(crate) fn dequeue(&self, why: Unrun) {
        // What is gone has resolved.
        if let (Some(pool), Some(job)) = (self.pool.upgrade(), self.job.upgrade()) {
            pool.dequeue(job.header(), why);
        }
    }
}
