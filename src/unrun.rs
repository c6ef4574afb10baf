//! Jobs that will not run: how they are resolved once they have been taken out of the queue.
//!
//! 1. Under both locks, who takes the jobs out counts them: as aborted, and as `giving_up` until they are retired.
//! 2. Without a lock it drops each closure, then resolves its handle, then wakes who waits for that.
//! 3. Under the back's lock it retires the job.
//!
//! The destructors and wakers of step 2 are user code on a thread that the pool may not even know. They may call the pool
//! again, and a wait for the pool would there be a wait for themselves; so the thread is marked, and waits are refused.

use std::cell::RefCell;

use crate::error::JobError;
use crate::job::Queued;
use crate::panic::contain;
use crate::queue::Monitor;
use crate::sync::thread_local;

/// Why a job resolves without having run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unrun {
    Aborted,
}

impl From<Unrun> for JobError {
    fn from(why: Unrun) -> Self {
        match why {
            Unrun::Aborted => JobError::Aborted,
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
