//! Jobs that will not run: they were taken out of the queue because they were cancelled, have expired, or the pool aborts.
//!
//! 1. Under both locks, who takes the jobs out of the queue counts them here, by their reason and as in flight.
//! 2. Without a lock it drops each closure, then resolves its handle, then wakes who waits for that.
//! 3. Under the back's lock it retires the job.
//!
//! The destructors and wakers of step 2 are user code on a thread that the pool may not even know. They may call the pool
//! again, and a wait for the pool would there be a wait for themselves; so the thread is listed, and such waits fail.

use crate::base::ids::ThreadId;
use crate::base::unrun::Unrun;
use crate::queue::stats::Stats;

#[derive(Debug, Default)]
pub(crate) struct Aborts {
    /// Jobs in step 2.
    in_flight: u64,
    /// Jobs since the pool was built, by reason.
    cancelled: u64,
    expired: u64,
    aborted: u64,
    /// Threads in step 2; one is listed as often as its calls are nested.
    threads: Vec<ThreadId>,
}

impl Aborts {
    /// Step 1, for so many jobs.
    pub(crate) fn start(&mut self, jobs: usize, why: Unrun, thread: ThreadId) {
        let jobs = jobs as u64;
        *match why {
            Unrun::Cancelled => &mut self.cancelled,
            Unrun::Expired => &mut self.expired,
            Unrun::Aborted => &mut self.aborted,
        } += jobs;
        self.in_flight += jobs;
        self.threads.push(thread);
    }

    /// Step 3, for one job.
    pub(crate) fn retire(&mut self) {
        self.in_flight -= 1;
    }

    /// After step 3 of the last job.
    pub(crate) fn finish(&mut self, thread: ThreadId) {
        if let Some(listed) = self.threads.iter().rposition(|&listed| listed == thread) {
            self.threads.swap_remove(listed);
        }
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// Whether it is a destructor or a waker of step 2 that asks on this thread.
    pub(crate) fn are_run_by(&self, thread: ThreadId) -> bool {
        self.threads.contains(&thread)
    }

    pub(crate) fn add_to(&self, stats: &mut Stats) {
        stats.cancelled += self.cancelled;
        stats.expired += self.expired;
        stats.aborted += self.aborted;
    }
}
