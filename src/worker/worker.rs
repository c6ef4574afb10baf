//! One worker: what it runs jobs with.

use std::any::Any;
use std::sync::Arc;

use crate::base::ids::Epoch;
use crate::base::job_panic::JobPanic;
use crate::base::unrun::Unrun;
use crate::job::runnable::{RunEnd, Runnable, Runner};
use crate::queue::stats::Meter;
use crate::worker::shared::Shared;
use crate::worker::stack::Stack;

/// One worker, seen from its own thread.
pub(crate) struct Worker {
    pub(super) shared: Arc<Shared>,
    pub(super) index: usize,
    pub(super) stack: Stack,
    meter: Arc<Meter>,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, index: usize, meter: Arc<Meter>) -> Self {
        Self { shared, index, meter, stack: Stack::default() }
    }

    /// Runs a job; returns the epoch to retire it from, now that nothing of it is left here.
    pub(crate) fn execute(&self, job: Runnable) -> Epoch {
        self.stack.run(job, |job| job.run(self))
    }
}

impl Runner for Worker {
    fn completed(&self) {
        self.meter.count_completed();
    }

    fn panicked(&self, payload: Box<dyn Any + Send>, job: &dyn RunEnd) -> JobPanic {
        self.meter.count_panicked();
        let report = JobPanic::new(payload, job.name().cloned(), job.header().submitted_at());
        self.shared.hooks.run_panic(&report);
        report
    }

    fn unrun(&self, why: Unrun) {
        self.meter.count_unrun(why);
    }
}
