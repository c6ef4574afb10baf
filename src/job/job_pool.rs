//! A job's pool, to those who end the job from outside while it waits to run, or would wait for it.

use std::sync::Arc;

use crate::base::unrun::Unrun;
use crate::job::header::Header;

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
