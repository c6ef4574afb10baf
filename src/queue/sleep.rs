//! How idle workers sleep and are woken, with no wake-up lost and none wasted.
//!
//! A worker without a job *searches*: it leaves the locks, spins for a moment on a hint that the queue has work, takes
//! the locks again and looks. Only then it *sleeps*, until it is *woken*; then it searches, but looks at once. The
//! counts below belong to the front of the queue and change under its lock; the condition variable goes with that lock.
//! To *look* is to hold both locks, so that nothing queued is missed.
//!
//! 1. A worker that looked and found nothing: `searching += 1`; unlock; spin; lock both; `searching -= 1`; look.
//! 2. Still nothing: `sleeping += 1`; let go of the back only; wait until `wakeups > 0`; `wakeups -= 1`; lock both;
//!    `searching -= 1`; look.
//! 3. Who pushes to the front, before unlocking: while `front.len() > searching` and `sleeping > 0`, wake one:
//!    `sleeping -= 1`, `searching += 1`, `wakeups += 1`. After unlocking: notify once for each.
//! 4. Who looks and takes a job does the same for all that is left, front and back.
//!
//! **No lost wake-up.** Claim: whenever the locks are free and a job is queued, nobody sleeps or somebody searches.
//!
//! - A worker goes to sleep only on an empty queue, and holds the front's lock from its last look until it waits. So the
//!   next job to be queued is pushed while it is counted as sleeping, and step 3 leaves somebody searching.
//! - Who searches does look: in step 1 by itself; in step 2 because a wakeup is a number under the lock and not an
//!   event, so it cannot pass between looking and waiting, and whoever is notified without one (spuriously, or late)
//!   waits on.
//! - Who looks stops searching, and may have been the last. It leaves nothing queued, or step 4 leaves as many searching
//!   as there are jobs, or nobody sleeping. Pops from the back alone only make the queue shorter.
//!
//! So a queued job is met by a worker that searches, or every worker is busy, or pauses ([`crate::monitor`]), and looks
//! when that is over. While several jobs arrive faster than searchers, step 3 may wake fewer than there are jobs; the first to
//! look makes up for it.
//!
//! **No herd.** A worker that searches already stands for one job, so while one spins a single submitter wakes nobody.
//!
//! **Halves of joins.** They are no jobs, but a worker that searches looks for those too ([`crate::steal`]), and who exposes one may
//! have to wake a worker:
//!
//! 5. Before a worker sleeps that has found no halves, it has all threads in joins call a worker when they expose one next; if one is
//!    exposed now, it does not sleep. To call is to count the call with the front's lock, and to wake a worker unless one searches.
//!    A worker that finds the count changed since before it asked does not fall asleep. So who searches finds the half, or
//!    somebody is woken for it.
//! 6. A worker that finds halves which come and go *dozes*: it sleeps for a time only, and then looks whether one stays. One dozes
//!    at a time; others may sleep meanwhile without being called.
//! 7. So a worker that dozed, or may have been called, and now has something to run, sees to it that others hear of halves: it asks
//!    once more as in step 5, or wakes another.

use std::time::Duration;

/// How many workers search, sleep, and have been woken but have not noticed yet.
#[derive(Debug, Default)]
pub(crate) struct Sleep {
    searching: u32,
    sleeping: u32,
    wakeups: u32,
    /// Whether one of those that sleep dozes.
    is_dozing: bool,
    calls: Calls,
}

/// How often a worker was called for a half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Calls(u64);

impl Calls {
    pub(crate) const NONE: Self = Self(0);
}

/// How long a worker that finds nothing sleeps.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rest {
    /// Not at all: it looks again.
    None,
    /// Until it is woken; not at all if a worker has been called since.
    SleepUnlessCalled(Calls),
    /// For no longer than this, unless another one dozes.
    Doze(Duration),
}

/// Whether a sleeping worker was woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wakeup {
    Received,
    NotYet,
}

impl Sleep {
    pub(crate) fn start_searching(&mut self) {
        self.searching += 1;
    }

    pub(crate) fn stop_searching(&mut self) {
        self.searching -= 1;
    }

    /// Steps 5 and 6: how long the worker may sleep now, if it may.
    pub(crate) fn fall_asleep(&mut self, rest: Rest) -> Option<Option<Duration>> {
        let time = match rest {
            Rest::None => return None,
            Rest::SleepUnlessCalled(calls) if calls != self.calls => return None,
            Rest::Doze(time) if !self.is_dozing => Some(time),
            Rest::SleepUnlessCalled(_) | Rest::Doze(_) => None,
        };
        self.is_dozing |= time.is_some();
        self.sleeping += 1;
        Some(time)
    }

    /// Who has dozed does so no more.
    pub(crate) fn stop_dozing(&mut self) {
        self.is_dozing = false;
    }

    pub(crate) fn calls(&self) -> Calls {
        self.calls
    }

    /// A worker is called for a half. Returns how many to notify once the lock is free.
    #[must_use]
    pub(crate) fn call(&mut self) -> usize {
        self.calls.0 += 1;
        self.wake_for(1)
    }

    /// What a sleeper asks whenever it is notified.
    pub(crate) fn take_wakeup(&mut self) -> Wakeup {
        if self.wakeups == 0 {
            return Wakeup::NotYet;
        }
        self.wakeups -= 1;
        Wakeup::Received
    }

    /// A sleeper wakes for a reason of its own.
    pub(crate) fn wake_up(&mut self) -> Wakeup {
        self.sleeping -= 1;
        self.searching += 1;
        Wakeup::Received
    }

    /// Steps 3 and 4: wakes as many workers as `queued` jobs need; returns how many to notify once the lock is free.
    #[inline]
    #[must_use]
    pub(crate) fn wake_for(&mut self, queued: usize) -> usize {
        let unmet = queued.saturating_sub(self.searching as usize);
        let woken = unmet.min(self.sleeping as usize);
        self.wake(woken as u32);
        woken
    }

    /// Wakes every sleeper, to exit.
    pub(crate) fn wake_all(&mut self) {
        self.wake(self.sleeping);
    }

    fn wake(&mut self, workers: u32) {
        self.sleeping -= workers;
        self.searching += workers;
        self.wakeups += workers;
    }

    #[cfg(corepool_loom)]
    pub(crate) fn sleeping(&self) -> u32 {
        self.sleeping
    }
}
