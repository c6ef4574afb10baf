//! Cancelling one job, through its handle or its dropped future.

use std::sync::Arc;

use crate::base::unrun::Unrun;
use crate::job::header::Header;
use crate::job::job_pool::{Dequeued, JobPool};

/// The effect of [`JobHandle::cancel`](crate::JobHandle::cancel).
///
/// ```
/// use corepool::{Cancel, Pool};
///
/// let pool = Pool::new().unwrap();
/// let job = pool.submit(|| 42).unwrap();
/// pool.wait_idle(None).unwrap();
/// assert_eq!(job.cancel(), Cancel::Finished);
/// assert_eq!(job.join().unwrap(), 42);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cancel {
    /// The job was queued. It has resolved as [`JobError::Cancelled`](crate::JobError::Cancelled), and its place in
    /// the queue is free.
    Dequeued,
    /// The job was no longer queued. It is asked to stop, through [`checkpoint`](crate::checkpoint). It may be
    /// running, about to start, or about to be resolved by another thread: only its outcome tells. If it has not run,
    /// that is [`JobError::Cancelled`](crate::JobError::Cancelled).
    Requested,
    /// The job had already resolved.
    Finished,
}

/// Ends an accepted job, wherever it has got to. A pool that is gone has resolved all its jobs.
pub(crate) fn cancel(pool: Option<Arc<dyn JobPool>>, job: &Header) -> Cancel {
    if job.is_finished() {
        return Cancel::Finished;
    }
    // Before dequeuing, as that may wait for the locks: a worker that takes the job meanwhile finds it requested.
    job.end(Unrun::Cancelled);
    match pool.map(|pool| pool.dequeue(job, Unrun::Cancelled)) {
        Some(Dequeued::Resolved) => Cancel::Dequeued,
        _ => Cancel::Requested,
    }
}
