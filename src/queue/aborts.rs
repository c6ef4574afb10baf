//! Jobs that will not run: they were taken out of the queue because they were cancelled, have expired, or the pool aborts.
//!
//! 1. Under both locks, who takes the job out of the queue counts it here, by its reason and as in flight.
//! 2. Without a lock it drops the closure, then resolves the handle, then wakes who waits for that.
//! 3. Under the back's lock it retires the job.
//!
//! Jobs are taken out one at a time: the destructor that runs in step 2 may join a job that is still queued, and whoever
//! joins a queued job that has ended takes it out and resolves it.

use crate::base::unrun::Unrun;
use crate::queue::stats::Stats;

#[derive(Debug, Default)]
pub(crate) struct Aborts {
    /// Jobs in step 2.
    in_flight: u64,
    /// Jobs past step 3.
    retired: u64,
    /// Jobs since the pool was built, by reason.
    cancelled: u64,
    expired: u64,
    aborted: u64,
}

impl Aborts {
    /// Step 1.
    pub(crate) fn start(&mut self, why: Unrun) {
        *match why {
            Unrun::Cancelled => &mut self.cancelled,
            Unrun::Expired => &mut self.expired,
            Unrun::Aborted => &mut self.aborted,
        } += 1;
        self.in_flight += 1;
    }

    /// Step 3.
    pub(crate) fn retire(&mut self) {
        self.in_flight -= 1;
        self.retired += 1;
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight
    }

    pub(crate) fn retired(&self) -> u64 {
        self.retired
    }

    pub(crate) fn add_to(&self, stats: &mut Stats) {
        stats.cancelled += self.cancelled;
        stats.expired += self.expired;
        stats.aborted += self.aborted;
    }
}
