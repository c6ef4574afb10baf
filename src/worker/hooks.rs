//! The user's hooks.

use std::any::Any;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::base::job_panic::JobPanic;
use crate::base::panic::contain;
use crate::job::runnable::RunEnd;

type WorkerHook = Box<dyn Fn(usize) + Send + Sync>;
type PanicHook = Box<dyn Fn(&JobPanic) + Send + Sync>;

/// The user's hooks; each runs contained.
#[derive(Default)]
pub(crate) struct Hooks {
    pub(crate) start: Option<WorkerHook>,
    pub(crate) stop: Option<WorkerHook>,
    pub(crate) panic: Option<PanicHook>,
}

/// A hook that has panicked is called again as one that has not: that is between it and its user.
impl UnwindSafe for Hooks {}
impl RefUnwindSafe for Hooks {}

impl Drop for Hooks {
    /// The last owner may be a worker, which must not die of a hook's destructor.
    fn drop(&mut self) {
        let (start, stop, panic) = (self.start.take(), self.stop.take(), self.panic.take());
        contain(|| drop(start));
        contain(|| drop(stop));
        contain(|| drop(panic));
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("start", &self.start.is_some())
            .field("stop", &self.stop.is_some())
            .field("panic", &self.panic.is_some())
            .finish()
    }
}

impl Hooks {
    pub(crate) fn run_start(&self, index: usize) {
        if let Some(hook) = &self.start {
            hook(index);
        }
    }

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
