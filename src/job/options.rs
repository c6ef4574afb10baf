//! What a job may carry beside its closure: a name, a priority, and what may end it early.
//!
//! A plain job carries none of it. Its cell is made for `()` where that of a configured job holds [`Options`], so options
//! cost nothing where there are none, and no allocation of their own where there are.

use std::borrow::Cow;

use crate::base::error::{Interrupted, JobError};
use crate::base::priority::Priority;
use crate::base::unrun::Unrun;

/// What may end a job early: its token and its deadline, which know the job for as long as it waits to run, and a limit
/// on how long it runs.
pub(crate) trait Ending: Send + Sync {
    /// Why the job must not start any more.
    fn ended(&self) -> Option<Unrun>;

    /// The job starts, for good.
    fn start(&self);

    /// Why the job, which runs, should stop.
    fn interruption(&self) -> Option<Interrupted>;

    /// Whether its token is cancelled.
    fn is_cancelled(&self) -> bool;

    /// Has the job forgotten. For the owner of its `Runnable`, or of the closure that was returned.
    fn unregister(&self);
}

/// The options of one job.
#[derive(Default)]
pub(crate) struct Options<E> {
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) priority: Priority,
    pub(crate) ending: E,
}

/// What a cell holds beside the job: nothing, [`Options`], or the scope that the job belongs to, which outlives what the job
/// borrows, but not what is left of its cell.
pub(crate) trait Extras: Send + Sync {
    fn name(&self) -> Option<&Cow<'static, str>>;
    fn priority(&self) -> Priority;
    fn ending(&self) -> Option<&dyn Ending>;

    /// Notes that nobody will take the outcome, which must not stay in the cell then. Under the cell's lock, as is the next.
    fn abandon(&self) {}

    fn is_abandoned(&self) -> bool {
        false
    }

    /// Drops an outcome that nobody takes.
    fn drop_outcome<T>(&self, outcome: Result<T, JobError>) {
        drop(outcome);
    }

    /// The job has resolved: nothing of it is left but an outcome that somebody will take.
    fn resolved(&self) {}
}

impl Extras for () {
    fn name(&self) -> Option<&Cow<'static, str>> {
        None
    }

    fn priority(&self) -> Priority {
        Priority::Normal
    }

    fn ending(&self) -> Option<&dyn Ending> {
        None
    }
}

impl<E: Ending> Extras for Options<E> {
    fn name(&self) -> Option<&Cow<'static, str>> {
        self.name.as_ref()
    }

    fn priority(&self) -> Priority {
        self.priority
    }

    fn ending(&self) -> Option<&dyn Ending> {
        Some(&self.ending)
    }
}
