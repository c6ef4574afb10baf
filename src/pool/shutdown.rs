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
//!    threads to end. Joining knows no deadline, and what a thread still does may be user code (thread-local destructors,
//!    wakers of those who watch the pool); so callers with a deadline leave it to a helper thread,
//!    which they share, and wait for that.

use std::convert::Infallible;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use parking_lot::Mutex;

use crate::base::error::WaitError;
use crate::base::park::deadline_in;
use crate::base::thread;
use crate::ending::keeper::Keeper;
use crate::queue::front::Phase;
use crate::worker::abort;
use crate::worker::seat::{is_own_thread, would_wait_for_itself};
use crate::worker::shared::Shared;

/// What a shutdown does with jobs that are queued.
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
    /// Finish what was accepted, and what those jobs submit in turn.
    Drain,
    /// Resolve what is queued as [`JobError::Aborted`](crate::JobError::Aborted); let running jobs end.
    Abort,
}

/// What a shutdown found when it came back.
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
    /// Jobs that aborting dropped unrun since the pool was built.
    pub aborted: u64,
    /// 0: every worker's thread has ended. Otherwise the time ran out, and this many jobs ran then; 1 where the only
    /// thing still running was a worker on its way out.
    pub still_running: usize,
    /// Jobs still queued when the time ran out.
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

/// What there is to join of a pool.
#[derive(Clone)]
pub(crate) struct Threads {
    helper_name: String,
    /// Its workers: empty once they were joined. Locked until the keeper's threads are joined too, so that every caller
    /// comes back to ended threads.
    unjoined: Arc<Mutex<Vec<JoinHandle<()>>>>,
    /// Started by the first caller with a deadline, for all of them, and joined after the others.
    helper: Arc<Mutex<Option<Helper>>>,
}

struct Helper {
    thread: JoinHandle<()>,
    /// Closed once it has joined the others.
    joined: Receiver<Infallible>,
}

impl Threads {
    pub(crate) fn new(pool_name: &str) -> Self {
        Self { helper_name: format!("{pool_name}-join"), unjoined: Arc::default(), helper: Arc::default() }
    }

    pub(crate) fn add(&self, thread: JoinHandle<()>) {
        self.unjoined.lock().push(thread);
    }

    /// Waits for the pool's threads to end, or until `deadline`.
    pub(crate) fn join_all(&self, pool: &Shared, deadline: Option<Instant>) -> Result<(), WaitError> {
        if is_own_thread(pool.id) {
            return Ok(());
        }
        if let Some(deadline) = deadline
            && let Some(joined) = self.joined_by_helper(&pool.keeper)
            && let Err(RecvTimeoutError::Timeout) = joined.recv_deadline(deadline)
        {
            return Err(WaitError::TimedOut);
        }
        join(&self.unjoined, &pool.keeper);
        let mut helper = self.helper.lock();
        if let Some(Helper { thread, .. }) = helper.take() {
            // It has nothing left to do.
            let _ = thread.join();
        }
        Ok(())
    }

    /// Nothing where no helper can be started, or none is needed any more: better late than not at all.
    fn joined_by_helper(&self, keeper: &Arc<Keeper>) -> Option<Receiver<Infallible>> {
        if self.unjoined.try_lock().is_some_and(|unjoined| unjoined.is_empty()) {
            return None;
        }
        let mut helper = self.helper.lock();
        if helper.is_none() {
            let (joins, joined) = bounded(0);
            let (unjoined, keeper) = (Arc::clone(&self.unjoined), Arc::clone(keeper));
            let spawned = thread::named(self.helper_name.clone(), None).spawn(move || {
                join(&unjoined, &keeper);
                drop(joins);
            });
            *helper = spawned.ok().map(|thread| Helper { thread, joined });
        }
        helper.as_ref().map(|helper| helper.joined.clone())
    }
}

fn join(threads: &Mutex<Vec<JoinHandle<()>>>, keeper: &Keeper) {
    let mut unjoined = threads.lock();
    for thread in unjoined.drain(..) {
        // It fails only where a panic escaped the worker, which contains all it runs.
        let _ = thread.join();
    }
    keeper.join();
}

/// Steps 1 to 3 at the top of this file.
pub(crate) fn shut_down(
    shared: &Arc<Shared>,
    threads: &Threads,
    mode: Shutdown,
    timeout: Option<Duration>,
) -> Result<ShutdownReport, WaitError> {
    if would_wait_for_itself(shared) {
        return Err(WaitError::WouldDeadlock);
    }
    let deadline: Option<Instant> = timeout.and_then(deadline_in);
    close(shared, mode);
    let ended = shared.monitor.wait_ended(deadline).and_then(|()| threads.join_all(shared, deadline));
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
