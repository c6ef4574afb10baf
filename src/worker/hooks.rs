//! The user's hooks.

use std::any::Any;
use std::fmt;

use crate::base::job_panic::JobPanic;
use crate::base::panic::{Shareable, contain};
use crate::job::runnable::RunEnd;

pub(crate) type WorkerHook = Shareable<dyn Fn(usize) + Send + Sync>;
type PanicHook = Shareable<dyn Fn(&JobPanic) + Send + Sync>;

/// The user's hooks that are called while the pool lives; each runs contained.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) stop: Option<WorkerHook>,
    pub(crate) panic: Option<PanicHook>,
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").field("stop", &self.stop.is_some()).field("panic", &self.panic.is_some()).finish()
    }
}

impl Hooks {
    /// Shows a job's panic to the hook, contained: the worker goes on.
    pub(crate) fn report(&self, payload: Box<dyn Any + Send>, job: &dyn RunEnd) -> JobPanic {
        let report = JobPanic::new(payload, job.name().cloned(), job.header().submitted_at());
        if let Some(hook) = &self.panic {
            contain(|| hook(&report));
        }
        report
    }

    pub(crate) fn run_stop(&self, index: usize) {
        if let Some(hook) = &self.stop {
            hook(index);
        }
    }
}
