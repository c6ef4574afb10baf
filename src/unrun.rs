//! Jobs that will not run: how they are taken out of the queue or the line, and resolved.
//!
//! 1. Under both locks, who takes the jobs out of the queue counts them, by their reason and as `giving_up`.
//! 2. Without a lock it drops each closure, then resolves its handle, then wakes who waits for that.
//! 3. Under the back's lock it retires the job.
//!
//! The destructors and wakers of step 2 are user code on a thread that the pool may not even know. They may call the pool
//! again, and a wait for the pool would there be a wait for themselves; so the thread is marked, and waits are refused.
//!
//! A job that still stands in line was not accepted: it is turned away, and its submitter gets the closure back.

use std::cell::RefCell;
use std::iter;
use std::sync::{Arc, Weak};

use crate::error::JobError;
use crate::error::SubmitErrorKind;
use crate::job::{Header, Queued, RunEnd, Runnable, Standing};
use crate::panic::contain;
use crate::queue::{Monitor, Refused};
use crate::sides::Origin;
use crate::sync::thread_local;
use crate::worker::Shared;

/// Why a job resolves without having run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unrun {
    Cancelled,
    Expired,
    Aborted,
}

impl Unrun {
    /// What becomes of a job that ends for this reason while it stands in line.
    pub(crate) fn in_line(self) -> Standing {
        match self {
            Self::Cancelled => Standing::Cancelled,
            Self::Expired => Standing::TimedOut,
            Self::Aborted => unreachable!("a shutdown refuses the line as a whole"),
        }
    }
}

impl From<Unrun> for JobError {
    fn from(why: Unrun) -> Self {
        match why {
            Unrun::Cancelled => JobError::Cancelled,
            Unrun::Expired => JobError::Expired,
            Unrun::Aborted => JobError::Aborted,
        }
    }
}

/// What somebody who ends a job from outside finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Withdrawn {
    /// It was queued, and has resolved.
    Resolved,
    /// It stood in line, and its submitter is told.
    TurnedAway,
    /// It has not been offered yet, or it runs, or it has resolved.
    NotWaiting,
}

/// A job that may be ended from outside while it waits to run.
pub(crate) struct Target {
    pool: Weak<Shared>,
    job: Weak<dyn RunEnd>,
}

impl Target {
    pub(crate) fn new(pool: &Arc<Shared>, job: &Runnable) -> Self {
        Self { pool: Arc::downgrade(pool), job: job.downgrade() }
    }

    pub(crate) fn withdraw(&self, why: Unrun) {
        // What is gone has resolved.
        if let (Some(pool), Some(job)) = (self.pool.upgrade(), self.job.upgrade()) {
            pool.monitor.withdraw(job.header(), why);
        }
    }
}

thread_local! {
    /// Addresses of the monitors whose jobs this thread gives up, outermost first.
    static GIVES_UP: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// Marks this thread as giving up a monitor's jobs, for as long as it lives.
struct Mark;

impl Mark {
    fn new(monitor: &Monitor) -> Self {
        // Fails only while the thread is torn down. A destructor that waits for the pool there waits for itself.
        let _ = GIVES_UP.try_with(|marks| marks.borrow_mut().push(address(monitor)));
        Self
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        let _ = GIVES_UP.try_with(|marks| marks.borrow_mut().pop());
    }
}

fn address(monitor: &Monitor) -> usize {
    std::ptr::from_ref(monitor).addr()
}

impl Monitor {
    /// Ends a job that waits to run, wherever it waits.
    pub(crate) fn withdraw(&self, header: &Header, why: Unrun) -> Withdrawn {
        let mut both = self.lock_both();
        if let Some(job) = both.remove(header) {
            both.back.count_unrun(why, 1);
            let signals = both.settle(0, self.capacity(), &self.hint);
            drop(both);
            // A waker is woken on the marked thread too: a wait for the pool there would wait for this very job.
            self.give_up(iter::once(job), why, || self.send(signals));
            return Withdrawn::Resolved;
        }
        let Some(waiting) = both.leave_line(header) else {
            return Withdrawn::NotWaiting;
        };
        both.front.rejected += 1;
        let waker = waiting.turn_away(why.in_line());
        drop(both);
        contain(|| waker.wake());
        Withdrawn::TurnedAway
    }

    /// Accepts a job that has ended before it was submitted: it takes no place, and resolves here and now.
    pub(crate) fn accept_ended(&self, job: Runnable, origin: Origin, why: Unrun) -> Result<(), Refused> {
        let mut both = self.lock_both();
        if !both.front.takes_from(origin) {
            return Err(both.front.reject(job, SubmitErrorKind::ShutDown));
        }
        job.header().set_epoch(both.front.accepted.count());
        both.back.count_unrun(why, 1);
        drop(both);
        self.give_up(iter::once(job.into_queued()), why, || ());
        Ok(())
    }

    /// Steps 2 and 3, for jobs that were counted in step 1; before them runs `first`, on the marked thread too.
    pub(crate) fn give_up(&self, jobs: impl Iterator<Item = Queued>, why: Unrun, first: impl FnOnce()) {
        let _mark = Mark::new(self);
        contain(first);
        for job in jobs {
            let epoch = job.header().epoch();
            job.into_runnable().give_up(why);
            let mut back = self.lock_back();
            back.giving_up -= 1;
            self.retire_from(&mut back, epoch);
            if back.giving_up == 0 {
                self.quiet.notify_all();
            }
        }
    }

    /// Whether this thread gives up this pool's jobs right now, so that it is a destructor or a waker that asks.
    pub(crate) fn is_given_up_here(&self) -> bool {
        GIVES_UP.try_with(|marks| marks.borrow().contains(&address(self))).unwrap_or(false)
    }
}
