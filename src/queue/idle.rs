//! Who waits for an idle moment.
//!
//! An idle moment, one at which nothing is queued, in line or running, may be over before who waits for it looks. So whoever
//! brings it about notes it:
//!
//! 1. Who comes to wait, and finds the pool busy, closes the epoch (see [`crate::queue::epochs`]) and is counted as waiting.
//! 2. Whoever retires the last job of a closed epoch looks, if somebody waits. If the pool is idle, that is the moment of all
//!    who wait; else the epoch is closed anew.
//! 3. Who waits is woken whenever a closed epoch has run empty, and finds its moment noted or waits on.
//!
//! **No moment is missed.** While somebody waits and the pool is not idle, a closed epoch holds a job that is not retired: by
//! step 1, and by step 2 whenever the last such job goes. An idle pool has none, so the last job to retire before it is idle
//! empties a closed epoch, and who retires it looks, with the locks held since. Nor is the line a way to miss one: somebody in
//! line waits for a job that is queued.

/// When somebody came: after so many idle moments that others waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Since(u64);

/// Who waits for an idle moment. Changes under the back's lock.
#[derive(Debug, Default)]
pub(crate) struct Idle {
    /// Those who have come since the last one.
    waiting: u64,
    moments: u64,
}

impl Idle {
    pub(crate) fn is_awaited(&self) -> bool {
        self.waiting > 0
    }

    pub(super) fn wait(&mut self) -> Since {
        self.waiting += 1;
        Since(self.moments)
    }

    pub(super) fn has_come_since(&self, Since(moments): Since) -> bool {
        self.moments > moments
    }

    /// The moment of all who wait.
    pub(crate) fn come(&mut self) {
        self.waiting = 0;
        self.moments += 1;
    }

    pub(super) fn give_up(&mut self, since: Since) {
        if !self.has_come_since(since) {
            self.waiting -= 1;
        }
    }
}
