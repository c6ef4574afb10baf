//! Running a job of one pool on a worker of another, which has joined it while it was queued. So jobs of several pools may
//! wait for each other's children, however few workers each has.
//!
//! The job stays its pool's: it is counted there, as running and as it ends; its pool's hook sees its panic; `checkpoint()`
//! speaks for it and its pool; what it submits to its pool comes from inside, and its pool waits for it when it shuts down.
//! The thread stays the worker's: `current_worker()` and thread-locals are those of the job that joins.

use std::any::Any;
use std::sync::Arc;

use crate::base::job_panic::JobPanic;
use crate::base::unrun::Unrun;
use crate::job::header::Header;
use crate::job::runnable::{RunEnd, Runner};
use crate::queue::front::Origin;
use crate::worker::seat;
use crate::worker::shared::Shared;
use crate::worker::stack::Role;

/// Runs a job of `pool` on this thread, a worker of another one, if it is still queued. Says whether it did.
pub(crate) fn run_as_guest(pool: &Arc<Shared>, header: &Header) -> bool {
    let Some(job) = pool.monitor.claim(header, Origin::Outside) else { return false };
    let role = Role::Guest(Arc::clone(pool));
    let epoch = seat::with_stack(|stack| {
        stack.run_as(role, job.into_cell(), |job| job.run(&Guest(pool), pool.monitor.is_aborting()))
    });
    pool.monitor.retire_guest(epoch);
    true
}

struct Guest<'a>(&'a Shared);

impl Runner for Guest<'_> {
    fn completed(&self) {
        self.0.monitor.count_for_guest(|meter| meter.count_completed());
    }

    fn panicked(&self, payload: Box<dyn Any + Send>, job: &dyn RunEnd) -> JobPanic {
        self.0.monitor.count_for_guest(|meter| meter.count_panicked());
        self.0.hooks.report(payload, job)
    }

    fn unrun(&self, why: Unrun) {
        self.0.monitor.count_for_guest(|meter| meter.count_unrun(why));
    }
}
