//! How a running job learns that it should stop.

use crate::base::error::Interrupted;
use crate::base::unrun::Unrun;
use crate::job::options::Ending;
use crate::job::runnable::RunEnd;
use crate::monitor::monitor::Monitor;
use crate::worker::seat;

/// Checks inside a job whether the job should stop. Call it now and then in long jobs, and return when it is an
/// error.
///
/// It is about the innermost job on this thread: the job whose closure calls it, even if that runs inside the `join`
/// of another job; in `on_panic`, the job that panicked. Nothing is inherited: a job that is submitted by a cancelled
/// job is not cancelled. A job of a [scope](crate::Pool::scope) is told, too, when the job that has called the scope
/// should stop.
///
/// If there are several reasons to stop, it returns the first one in the order of [`Interrupted`]. It takes a few
/// nanoseconds, or some tens of nanoseconds in a job with a deadline or a run limit.
///
/// # Errors
///
/// Why the job should stop. Outside of jobs it is always `Ok`.
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

/// Why that job should stop.
pub(crate) fn interruption(job: &dyn RunEnd, monitor: &Monitor) -> Option<Interrupted> {
    if job.header().ended() == Some(Unrun::Cancelled) {
        return Some(Interrupted::Cancelled);
    }
    let own = job.ending().and_then(Ending::interruption);
    own.or_else(|| monitor.is_aborting().then_some(Interrupted::ShuttingDown))
}
