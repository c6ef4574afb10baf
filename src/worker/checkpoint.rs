//! How a running job learns that it should stop.

use crate::base::error::Interrupted;
use crate::job::options::Ending;
use crate::job::runnable::RunEnd;
use crate::monitor::monitor::Monitor;
use crate::worker::seat;

/// Asks, inside a job, whether it should stop: call it now and then in long jobs, and return when it says so.
///
/// It speaks for the innermost job on this thread: the one whose closure this is, though it may run inside another's
/// `join`; in `on_panic`, the one that panicked. Nothing is inherited: a job that a cancelled job submits is not
/// cancelled. Of several reasons it gives the first in the order of [`Interrupted`]. Costs some nanoseconds, some tens in a
/// job with a deadline or a run limit.
///
/// # Errors
///
/// Why the job should stop. Never outside of a job.
///
/// ```
/// use corepool::{Cancel, Interrupted, Pool, checkpoint};
///
/// let pool = Pool::new().unwrap();
/// let (started, running) = std::sync::mpsc::channel();
/// let job = pool
///     .submit(move || -> Result<(), Interrupted> {
///         started.send(()).unwrap();
///         loop {
///             checkpoint()?; // and some work
///         }
///     })
///     .unwrap();
/// running.recv().unwrap();
/// assert_eq!(job.cancel(), Cancel::Requested);
/// assert_eq!(job.join().unwrap(), Err(Interrupted::Cancelled));
/// assert_eq!(checkpoint(), Ok(()));
/// ```
pub fn checkpoint() -> Result<(), Interrupted> {
    match seat::innermost_running(interruption).flatten() {
        Some(why) => Err(why),
        None => Ok(()),
    }
}

fn interruption(job: &dyn RunEnd, monitor: &Monitor) -> Option<Interrupted> {
    if job.header().ended().is_some() {
        return Some(Interrupted::Cancelled);
    }
    let own = job.ending().and_then(Ending::interruption);
    own.or_else(|| monitor.is_aborting().then_some(Interrupted::ShuttingDown))
}
