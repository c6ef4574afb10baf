//! What a join of a job does where it would wait: on a worker, of whatever pool, it runs the job it would wait for, if that is
//! still queued. So it does on a thread that runs a half for a worker.

use crate::base::ids::PoolId;
use crate::ending::registry;
use crate::job::header::Header;
use crate::job::runnable::Runnable;
use crate::observe::label::JobLabel;
use crate::queue::front::{Origin, Rejected};
use crate::worker::seat;
use crate::worker::stack::Stack;
use crate::worker::worker::Worker;

/// What a thread that wants to wait for a job finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The job was queued; it has run here.
    Ran,
    /// This thread is in the middle of it: waiting would be for ever.
    OnOwnStack,
    /// It is somebody else's: wait.
    NotHere,
}

/// Runs the job on this thread if this is a worker, or stands in for one, and the job is still queued in its `pool`.
pub(crate) fn claim(header: &Header, pool: PoolId) -> Claim {
    let has_run = match seat::current() {
        Some(worker) if worker.shared.id == pool => run_own(&worker, header),
        Some(_) => registry::find(pool).is_some_and(|pool| pool.run_here(header)),
        // Workers may wait for the half that runs here, the job's own among them.
        None => seat::with_stack(Stack::runs_half) && registry::find(pool).is_some_and(|pool| pool.run_here(header)),
    };
    if has_run {
        return Claim::Ran;
    }
    // Looked at last, and only where the alternative is to wait: it takes longer the deeper the nesting is.
    if seat::holds(header) { Claim::OnOwnStack } else { Claim::NotHere }
}

/// Whether a join on this thread runs the job it would wait for.
pub(crate) fn may_claim() -> bool {
    seat::current().is_some() || seat::with_stack(Stack::runs_half)
}

/// Runs a job that is not queued, on a worker of its pool, if that still takes jobs of its own.
pub(crate) fn run_here(worker: &Worker, job: Runnable) -> Result<(), Rejected> {
    let monitor = &worker.shared.monitor;
    let job = monitor.accept_begun(job)?;
    let _shown = seat::show_wait_of_guest(|| JobLabel::of(job.job.cell()));
    monitor.retire(worker.execute(job));
    Ok(())
}

fn run_own(worker: &Worker, header: &Header) -> bool {
    let monitor = &worker.shared.monitor;
    let Some(job) = monitor.claim(header, Origin::Inside) else { return false };
    let _shown = seat::show_wait_of_guest(|| JobLabel::of(job.job.cell()));
    monitor.retire(worker.execute(job));
    true
}
