//! One worker: what it runs jobs with.

use std::any::Any;
use std::sync::Arc;

use crate::base::ids::Epoch;
use crate::base::job_panic::JobPanic;
use crate::base::unrun::Unrun;
use crate::ending::keeper::Keeper;
use crate::job::runnable::{RunEnd, Runnable, Runner};
use crate::queue::stats::Meter;
use crate::worker::seat;
use crate::worker::shared::Shared;
use crate::worker::stack::Stack;

/// One worker, seen from its own thread.
pub(crate) struct Worker {
    pub(super) shared: Arc<Shared>,
    pub(super) index: usize,
    meter: Arc<Meter>,
    /// Of its thread, in bytes.
    pub(super) stack_size: usize,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, index: usize, meter: Arc<Meter>) -> Self {
        let stack_size = shared.stack_size;
        Self { shared, index, meter, stack_size }
    }

    pub(crate) fn keeper(&self) -> &Arc<Keeper> {
        &self.shared.keeper
    }

    /// The same worker on another thread, for while its own one waits for that: a meter has one writer.
    pub(super) fn moved_to(&self, stack_size: usize) -> Self {
        Self { shared: Arc::clone(&self.shared), index: self.index, meter: Arc::clone(&self.meter), stack_size }
    }

    /// Runs a job; returns the epoch to retire it from, now that nothing of it is left here.
    pub(crate) fn execute(&self, job: Runnable) -> Epoch {
        seat::with_stack(|stack| self.execute_on(stack, job))
    }

    /// The same with the thread's stack in hand.
    #[inline]
    pub(crate) fn execute_on(&self, stack: &Stack, job: Runnable) -> Epoch {
        stack.run(job.into_cell(), |job| job.run(self, self.shared.monitor.is_aborting()))
    }
}

impl Runner for Worker {
    fn completed(&self) {
        self.meter.count_completed();
    }

    fn panicked(&self, payload: Box<dyn Any + Send>, job: &dyn RunEnd) -> JobPanic {
        self.meter.count_panicked();
        self.shared.hooks.report(payload, job)
    }

    fn unrun(&self, why: Unrun) {
        self.meter.count_unrun(why);
    }
}
