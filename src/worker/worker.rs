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
        seat::with_stack(|stack| stack.run(job.into_cell(), |job| job.run(self)))
    }
}

impl Runner for Worker {
    fn is_aborting(&self) -> bool {
        self.shared.monitor.is_aborting()
    }

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
