//! One worker: what it runs jobs with.

use std::any::Any;
use std::sync::Arc;

use crate::base::ids::Epoch;
use crate::base::job_panic::JobPanic;
use crate::base::unrun::Unrun;
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
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, index: usize, meter: Arc<Meter>) -> Self {
        Self { shared, index, meter }
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
