//! What a join inside a job does: it runs the job it would wait for, if that is still queued.

use crate::job::header::Header;
use crate::worker::seat;

/// What a thread that wants to wait for a job finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The job was queued in this worker's pool; it has run here.
    Ran,
    /// It runs further down on this very stack: waiting would be for ever.
    OnOwnStack,
    /// It is somebody else's: wait.
    NotHere,
}

/// Runs the job on this thread if this is a worker of its pool and the job is still queued.
pub(crate) fn claim(header: &Header) -> Claim {
    let Some(worker) = seat::current() else { return Claim::NotHere };
    // A job of another pool is not found here, as the queue compares the job itself.
    let Some(job) = worker.shared.monitor.claim(header) else {
        // Looked at last, and only where the alternative is to wait: it takes longer the deeper the nesting is.
        return if worker.stack.holds(header) { Claim::OnOwnStack } else { Claim::NotHere };
    };
    let epoch = worker.execute(job);
    worker.shared.monitor.retire(epoch);
    Claim::Ran
}

/// Whether the job runs on this thread, so that nobody else will finish it.
pub(crate) fn is_on_own_stack(header: &Header) -> bool {
    seat::current().is_some_and(|worker| worker.stack.holds(header))
}
