//! What the pool has done, in numbers.
//!
//! Every job is counted once when it is accepted and once when it is resolved, the latter before its handle knows.
//! What happens under a lock is counted there; what a worker runs it counts in a [`Meter`] of its own, so
//! that counting costs no contended write.

use std::ops::Sub;

use crate::base::sync::{AtomicU64, Ordering};
use crate::base::unrun::Unrun;

/// The counters of a pool at one moment. All but `workers` and `waiting` count jobs.
///
/// At any moment `submitted == completed + panicked + cancelled + expired + aborted + queued + busy`. Each of these
/// is counted independently. Subtract an earlier reading from a later one to see what happened in between: see
/// [`Sub`](#impl-Sub-for-Stats).
///
/// ```
/// let pool = corepool::Pool::builder().workers(2).build().unwrap();
/// pool.submit(|| ()).unwrap().join().unwrap();
/// let stats = pool.stats();
/// assert_eq!((stats.workers, stats.submitted, stats.completed), (2, 1, 1));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Worker threads the pool was built with.
    pub workers: u64,
    /// Jobs that are running, including those that wait for other jobs, and those that workers of other pools run.
    pub busy: u64,
    /// Jobs that are accepted and have not started: those of the three priorities, and those of a broadcast.
    pub queued: u64,
    /// Queued jobs of [`Priority::High`](crate::Priority::High).
    pub queued_high: u64,
    /// Queued jobs of [`Priority::Normal`](crate::Priority::Normal).
    pub queued_normal: u64,
    /// Queued jobs of [`Priority::Low`](crate::Priority::Low).
    pub queued_low: u64,
    /// Submitters that wait for room in the queue.
    pub waiting: u64,
    /// Jobs accepted since the pool was built.
    pub submitted: u64,
    /// Jobs that returned a value.
    pub completed: u64,
    /// Jobs that panicked.
    pub panicked: u64,
    /// Jobs cancelled before they ran.
    pub cancelled: u64,
    /// Jobs whose deadline passed before they ran.
    pub expired: u64,
    /// Jobs dropped before they ran by a shutdown with [`Shutdown::Abort`](crate::Shutdown::Abort).
    pub aborted: u64,
    /// Submissions that were rejected, for any of the four reasons that follow.
    pub rejected: u64,
    /// Submissions that were rejected because the queue was full.
    pub rejected_full: u64,
    /// Submissions whose timeout or deadline passed while they waited for room.
    pub rejected_timed_out: u64,
    /// Submissions whose token was cancelled, or whose future was dropped, while they waited for room.
    pub rejected_cancelled: u64,
    /// Submissions to a pool that was shut down, or that waited for room as it was.
    pub rejected_shut_down: u64,
}

impl Stats {
    /// Jobs that have ended, whichever way.
    pub(super) fn resolved(&self) -> u64 {
        self.completed + self.panicked + self.cancelled + self.expired + self.aborted
    }
}

/// What happened between two readings: `later - earlier`. Counters are subtracted; divided by the time in between
/// they are rates. `workers`, `busy`, `queued`, `queued_high`, `queued_normal`, `queued_low` and `waiting` describe
/// one moment, and are those of the later reading.
///
/// ```
/// let pool = corepool::Pool::new().unwrap();
/// pool.run(|| ()).unwrap();
/// let before = pool.stats();
/// for _ in 0..10 {
///     pool.run(|| ()).unwrap();
/// }
/// assert_eq!((pool.stats() - before).completed, 10);
/// ```
impl Sub for Stats {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            submitted: self.submitted.saturating_sub(earlier.submitted),
            completed: self.completed.saturating_sub(earlier.completed),
            panicked: self.panicked.saturating_sub(earlier.panicked),
            cancelled: self.cancelled.saturating_sub(earlier.cancelled),
            expired: self.expired.saturating_sub(earlier.expired),
            aborted: self.aborted.saturating_sub(earlier.aborted),
            rejected: self.rejected.saturating_sub(earlier.rejected),
            rejected_full: self.rejected_full.saturating_sub(earlier.rejected_full),
            rejected_timed_out: self.rejected_timed_out.saturating_sub(earlier.rejected_timed_out),
            rejected_cancelled: self.rejected_cancelled.saturating_sub(earlier.rejected_cancelled),
            rejected_shut_down: self.rejected_shut_down.saturating_sub(earlier.rejected_shut_down),
            ..self
        }
    }
}

/// The counters of one worker since the pool was built, in jobs.
///
/// ```
/// let pool = corepool::Pool::builder().workers(2).build().unwrap();
/// pool.broadcast(|_worker| ()).unwrap();
/// assert!(pool.worker_stats().iter().all(|worker| worker.completed == 1));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerStats {
    /// Jobs that returned a value.
    pub completed: u64,
    /// Jobs that panicked.
    pub panicked: u64,
    /// Jobs that it took from the queue and did not run, because they had been cancelled, had expired or were
    /// aborted.
    pub unrun: u64,
}

/// What happened between two readings, `later - earlier`, as for [`Stats`].
impl Sub for WorkerStats {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            completed: self.completed.saturating_sub(earlier.completed),
            panicked: self.panicked.saturating_sub(earlier.panicked),
            unrun: self.unrun.saturating_sub(earlier.unrun),
        }
    }
}

/// One worker's counts, on a cache line of its own: nobody else writes them.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Meter {
    completed: AtomicU64,
    panicked: AtomicU64,
    /// Jobs that had ended by the time this worker was to start them.
    cancelled: AtomicU64,
    expired: AtomicU64,
    aborted: AtomicU64,
}

impl Meter {
    pub(crate) fn new() -> Self {
        let zero = || AtomicU64::new(0);
        Self { completed: zero(), panicked: zero(), cancelled: zero(), expired: zero(), aborted: zero() }
    }

    pub(crate) fn count_completed(&self) {
        bump(&self.completed);
    }

    pub(crate) fn count_panicked(&self) {
        bump(&self.panicked);
    }

    pub(crate) fn count_unrun(&self, why: Unrun) {
        bump(match why {
            Unrun::Cancelled => &self.cancelled,
            Unrun::Expired => &self.expired,
            Unrun::Aborted => &self.aborted,
        });
    }

    pub(crate) fn read(&self) -> WorkerStats {
        WorkerStats {
            completed: read(&self.completed),
            panicked: read(&self.panicked),
            unrun: [&self.cancelled, &self.expired, &self.aborted].into_iter().map(read).sum(),
        }
    }

    /// Adds what this worker has counted.
    pub(crate) fn add_to(&self, stats: &mut Stats) {
        stats.completed += read(&self.completed);
        stats.panicked += read(&self.panicked);
        stats.cancelled += read(&self.cancelled);
        stats.expired += read(&self.expired);
        stats.aborted += read(&self.aborted);
    }
}

fn bump(counter: &AtomicU64) {
    // ORDERING: Relaxed, and no read-modify-write: only this worker writes. The handle's resolution, which follows,
    // releases the count to whoever sees the job finished.
    counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    // ORDERING: Relaxed, see `bump`: a reader that must see a job counted has acquired its resolution before.
    counter.load(Ordering::Relaxed)
}
