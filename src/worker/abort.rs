//! Ending jobs that will not run, on whatever thread: steps 2 and 3 of [`crate::queue::aborts`].
//!
//! The destructors and wakers of step 2 are user code, which may call the pool again. The thread's stack holds the job
//! meanwhile, so that a wait for the pool or for this very job, which would be for itself, fails.

use crate::base::unrun::Unrun;
use crate::job::header::Header;
use crate::job::job_pool::Dequeued;
use crate::job::runnable::Runnable;
use crate::monitor::monitor::Found;
use crate::queue::front::{Origin, Phase, Rejected};
use crate::worker::seat;
use crate::worker::shared::Shared;
use crate::worker::stack::Role;

fn abort(pool: &Shared, job: Runnable, why: Unrun) {
    let epoch = job.header().epoch();
    seat::with_stack(|stack| stack.run_as(Role::Aborter(pool.id), job.into_cell(), |job| job.abort(why)));
    pool.monitor.retire_aborted(epoch);
}

/// Ends a job that waits to run, wherever it waits.
pub(crate) fn dequeue(pool: &Shared, header: &Header, why: Unrun) -> Dequeued {
    match pool.monitor.dequeue(header, why) {
        Found::InQueue(job) => {
            abort(pool, job, why);
            Dequeued::Resolved
        }
        Found::InLine => Dequeued::Rejected,
        Found::Nowhere => Dequeued::NotFound,
    }
}

/// Accepts a job that has ended before it was submitted, and resolves it here and now.
pub(crate) fn accept_ended(pool: &Shared, job: Runnable, origin: Origin, why: Unrun) -> Result<(), Rejected> {
    let job = pool.monitor.accept_ended(job, origin, why)?;
    abort(pool, job, why);
    Ok(())
}

/// Moves the pool to `phase`, unless it is past it. Where that is to abort, ends what is queued: on this thread, and on
/// workers that are free, which come to their next jobs as ever.
pub(crate) fn close(pool: &Shared, phase: Phase) {
    pool.monitor.close(phase);
    if phase == Phase::Aborting {
        while let Some(job) = pool.monitor.take_to_abort() {
            abort(pool, job, Unrun::Aborted);
        }
    }
}
