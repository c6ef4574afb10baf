//! How a pool ends: what is done with the jobs it has, and how long to wait for it.
//!
//! Who may still submit in which [`Phase`], and when a worker may exit, is the queue's. Here:
//!
//! 1. The pool moves to the phase that the mode asks for: the line is rejected, and what is queued may be aborted, on the
//!    calling thread.
//! 2. The caller waits, until its deadline, for every worker to leave its loop and for other callers to abort what they
//!    took from the queue.
//! 3. Then it joins the threads, thread-local destructors and the keeper of deadlines included, or waits for another
//!    caller who does. Where such a destructor is the caller, on one of the pool's own threads, it must not wait for
//!    threads to end. See [`crate::worker::threads`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::error::WaitError;
use crate::base::park::deadline_in;
use crate::pool::watch::may_wait;
use crate::queue::awaited::Awaited;
use crate::queue::front::Phase;
use crate::worker::abort;
use crate::worker::inline::wait_for;
use crate::worker::seat::is_own_thread;
use crate::worker::shared::Shared;

/// What a shutdown does with queued jobs.
///
/// ```
/// use corepool::{Pool, Shutdown};
///
/// let pool = Pool::new().unwrap();
/// let job = pool.submit(|| 42).unwrap();
/// pool.shutdown(Shutdown::Drain, None).unwrap();
/// assert_eq!(job.join().unwrap(), 42);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Shutdown {
    /// Finish all accepted jobs, and the jobs that these submit.
    Drain,
    /// Resolve queued jobs as [`JobError::Aborted`](crate::JobError::Aborted), ask running ones to stop, and wait for
    /// those.
    Abort,
}

/// What became of the pool's jobs, as of the moment at which a shutdown returned.
///
/// ```
/// use corepool::{Pool, Shutdown};
///
/// let pool = Pool::new().unwrap();
/// pool.submit(|| ()).unwrap().detach();
/// let report = pool.shutdown(Shutdown::Drain, None).unwrap();
/// assert_eq!((report.completed, report.aborted, report.still_running), (1, 0, 0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Jobs that returned a value since the pool was built.
    pub completed: u64,
    /// Jobs that panicked since the pool was built.
    pub panicked: u64,
    /// Jobs that an abort dropped before they ran, since the pool was built.
    pub aborted: u64,
    /// 0 if every worker thread has ended. Otherwise the timeout passed, and this many jobs were running; 1 if there
    /// was no job any more, but a thread that had not ended yet.
    pub still_running: usize,
    /// Jobs that were still queued when the timeout passed.
    pub still_queued: usize,
}

impl Shutdown {
    fn phase(self) -> Phase {
        match self {
            Self::Drain => Phase::Draining,
            Self::Abort => Phase::Aborting,
        }
    }
}

/// Step 1 at the top of this file.
pub(crate) fn close(shared: &Shared, mode: Shutdown) {
    abort::close(shared, mode.phase());
}

/// Step 3: waits for the pool's threads to end, or until `deadline`.
pub(crate) fn join_threads(pool: &Shared, deadline: Option<Instant>) -> Result<(), WaitError> {
    // A model joins its threads itself.
    match is_own_thread(pool.id) || cfg!(corepool_loom) {
        true => Ok(()),
        false => pool.threads.join_all(&pool.keeper, deadline),
    }
}

/// Steps 1 to 3 at the top of this file.
pub(crate) fn shut_down(
    shared: &Arc<Shared>,
    mode: Shutdown,
    timeout: Option<Duration>,
) -> Result<ShutdownReport, WaitError> {
    may_wait(shared)?;
    let deadline: Option<Instant> = timeout.and_then(deadline_in);
    close(shared, mode);
    let ended = wait_for(shared, Awaited::End, deadline).and_then(|()| join_threads(shared, deadline));
    let at_least = if ended.is_ok() { 0 } else { 1 };
    Ok(report(shared, at_least))
}

/// What is to be said by now; that `at_least` so many jobs run, though their last traces may be gone.
pub(crate) fn report(shared: &Shared, at_least: usize) -> ShutdownReport {
    let stats = shared.monitor.stats();
    ShutdownReport {
        completed: stats.completed,
        panicked: stats.panicked,
        aborted: stats.aborted,
        still_running: at_least.max(stats.busy as usize),
        still_queued: stats.queued as usize,
    }
}
