//! What those who look at the pool from outside call: the counts, the wait for idleness, the workers' coming and going.

use std::sync::Arc;
use std::time::Instant;

use crate::error::WaitError;
use crate::queue::Monitor;
use crate::sides::Back;
use crate::stats::{Meter, Stats};
use crate::sync::Woken;

/// Who is left once a worker has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    Others,
    Nobody,
}

impl Monitor {
    /// A worker starts, and counts what it runs in `meter`.
    pub(crate) fn enter(&self, meter: Arc<Meter>) {
        let mut back = self.lock_back();
        back.live += 1;
        back.meters.push(meter);
    }

    /// A worker has left its loop and run its last hook. Tells whether it was the last.
    pub(crate) fn leave(&self) -> Left {
        let mut back = self.lock_back();
        back.live -= 1;
        if back.live > 0 {
            return Left::Others;
        }
        self.quiet.notify_all();
        Left::Nobody
    }

    /// Waits until every job accepted before is retired.
    pub(crate) fn wait_idle(&self, deadline: Option<Instant>) -> Result<(), WaitError> {
        let mut goal = None;
        self.watch(deadline, |back| {
            goal = goal.or_else(|| self.lock_front().accepted.close_epoch(&mut back.retired));
            goal.is_some_and(|goal| back.retired.has_reached(goal))
        })
    }

    /// Waits until every worker has left and every job that another thread gives up has resolved.
    pub(crate) fn wait_left(&self, deadline: Option<Instant>) -> Result<(), WaitError> {
        self.watch(deadline, |back| back.live == 0 && back.giving_up == 0)
    }

    /// Waits until `done`, looking whenever [`Monitor::quiet`] is notified.
    fn watch(&self, deadline: Option<Instant>, mut done: impl FnMut(&mut Back) -> bool) -> Result<(), WaitError> {
        let mut back = self.lock_back();
        let mut woken = Woken::Notified;
        while !done(&mut back) {
            if woken == Woken::TimedOut {
                return Err(WaitError::TimedOut);
            }
            (back, woken) = self.quiet.wait_until(back, deadline);
        }
        Ok(())
    }

    pub(crate) fn stats(&self) -> Stats {
        let both = self.lock_both();
        let (back, front) = (&both.back, &both.front);
        let mut stats = Stats {
            workers: back.meters.len() as u64,
            queued: both.queued() as u64,
            waiting: front.line.len() as u64,
            submitted: front.accepted.total(),
            rejected: front.rejected,
            ..Stats::default()
        };
        back.unrun.add_to(&mut stats);
        back.meters.iter().for_each(|meter| meter.add_to(&mut stats));
        let resolved = stats.completed + stats.panicked + stats.cancelled + stats.expired + stats.aborted;
        // What was accepted and is neither queued nor resolved has been begun. It was begun under a lock held now, and a
        // meter counts its end after that, so `busy` is never negative.
        stats.busy = stats.submitted - stats.queued - resolved;
        stats
    }
}
