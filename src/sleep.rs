//! How idle workers sleep and are woken, with no wake-up lost and none wasted.
//!
//! A worker without a job *searches*: it leaves the lock, spins for a moment on a hint that the queue has work, takes
//! the lock again and looks. Only then it *sleeps*, until it is *called*. All counts below change under the monitor's
//! lock; the condition variable belongs to it.
//!
//! 1. A worker that finds nothing: `searching += 1`; unlock; spin; lock; `searching -= 1`; look.
//! 2. Still nothing: `sleeping += 1`; wait until `calls > 0`; `calls -= 1`; `searching -= 1`; look.
//! 3. Whoever changed the queue, before unlocking: while `queued > searching` and `sleeping > 0`, call one:
//!    `sleeping -= 1`, `searching += 1`, `calls += 1`. After unlocking: notify once for each.
//!
//! **No lost wake-up.** Claim: whenever the lock is free, `queued <= searching` or `sleeping == 0`. Step 3 restores it
//! after any growth of the queue. A searching worker that takes the lock lowers `searching` by one, and either takes a
//! job (`queued` falls by one too) or finds the queue empty (`0 <= searching`). A worker goes to sleep only on an empty
//! queue. A caller moves one from `sleeping` to `searching`, which can only help. And every worker counted as searching
//! does look: in step 1 by itself; in step 2 because a call is a number under the lock and not an event, so it cannot
//! pass between looking and waiting, and whoever is woken without one (spuriously, or late) waits on. So a queued job
//! is always met by a worker that is busy, and will look when done, or by one that searches.
//!
//! **No herd.** A worker that searches already stands for one job, so while one spins a single submitter wakes nobody.

/// How many workers search, sleep and have been called but not yet woken up.
#[derive(Debug, Default)]
pub(crate) struct Sleep {
    searching: usize,
    sleeping: usize,
    calls: usize,
}

/// Whether a sleeping worker was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Called {
    Yes,
    NotYet,
}

impl Sleep {
    pub(crate) fn start_searching(&mut self) {
        self.searching += 1;
    }

    pub(crate) fn stop_searching(&mut self) {
        self.searching -= 1;
    }

    pub(crate) fn fall_asleep(&mut self) {
        self.sleeping += 1;
    }

    /// What a sleeper asks whenever it is notified.
    pub(crate) fn answer_call(&mut self) -> Called {
        if self.calls == 0 {
            return Called::NotYet;
        }
        self.calls -= 1;
        self.searching -= 1;
        Called::Yes
    }

    /// Step 3: calls as many workers as `queued` jobs need; returns how many to notify once the lock is free.
    #[must_use]
    pub(crate) fn call_for(&mut self, queued: usize) -> usize {
        let called = queued.saturating_sub(self.searching).min(self.sleeping);
        self.call(called);
        called
    }

    /// Calls every sleeper, to leave.
    pub(crate) fn call_all(&mut self) {
        self.call(self.sleeping);
    }

    fn call(&mut self, workers: usize) {
        self.sleeping -= workers;
        self.searching += workers;
        self.calls += workers;
    }
}
