//! Cancelling one job, through its handle or its dropped future.

use crate::base::unrun::Unrun;
use crate::job::dequeue::{Dequeue, Dequeued};
use crate::job::header::Header;

/// What [`JobHandle::cancel`](crate::JobHandle::cancel) did.
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
    /// The job was queued: it has resolved as [`JobError::Cancelled`](crate::JobError::Cancelled), and its place is free.
    Dequeued,
    /// The job was taken by a worker: it is asked to stop through [`checkpoint`](crate::checkpoint), and does not start
    /// if it has not yet. Or another thread is just ending it.
    Requested,
    /// The job had resolved before.
    Finished,
}

/// Ends an accepted job, wherever it has got to. A pool that is gone has resolved all its jobs.
pub(crate) fn cancel(pool: Option<&dyn Dequeue>, job: &Header) -> Cancel {
    if job.is_finished() {
        return Cancel::Finished;
    }
    // Before dequeuing, as that may wait for the locks: a worker that takes the job meanwhile may find it requested.
    job.request_stop();
    match pool.map(|pool| pool.dequeue(job, Unrun::Cancelled)) {
        Some(Dequeued::Resolved) => Cancel::Dequeued,
        _ => Cancel::Requested,
    }
}
