//! The right and duty to resolve a job.
//!
//! **Exactly once** is a matter of ownership, not of flags. There is one [`Runnable`] a job; it cannot be cloned, and
//! both ways to resolve the job consume it. It stands in one list at a time, and who takes it out of that list (under
//! that list's lock) owns it: a worker, a joiner that claims its target, a shutdown that aborts. So no two of them
//! ever resolve the same job. As a backstop, dropping a `Runnable` aborts the job: its handle still resolves.

use std::any::Any;
use std::borrow::Cow;
use std::mem;
use std::sync::{Arc, Weak};
use std::task::Waker;

use crate::base::ids::Epoch;
use crate::base::job_panic::JobPanic;
use crate::base::tick::Tick;
use crate::base::unrun::Unrun;
use crate::job::header::Header;
use crate::job::options::Ending;

/// Who runs a job. Told how it ended before the handle resolves, so that who has joined finds it counted.
pub(crate) trait Runner {
    fn completed(&self);

    /// Counts a panic, and shows it to the user's hook.
    fn panicked(&self, payload: Box<dyn Any + Send>, job: &dyn RunEnd) -> JobPanic;

    /// The job had ended by the time it was to start.
    fn unrun(&self, why: Unrun);
}

/// The runner's end of a cell.
pub(crate) trait RunEnd: Send + Sync {
    fn header(&self) -> &Header;
    fn name(&self) -> Option<&Cow<'static, str>>;
    fn ending(&self) -> Option<&dyn Ending>;

    /// Resolves the job by running it, unless it must not start: its pool may be aborting. Gives the epoch to retire it from.
    fn run(&self, runner: &dyn Runner, is_aborting: bool) -> Epoch;

    /// Notes that the job, unless it has begun, must not start any more; gives the waker of who waits for it.
    fn end(&self, why: Unrun) -> Option<Waker>;

    /// Resolves the job without running it.
    fn abort(&self, why: Unrun);

    /// Why the job must not start any more, by its token or its deadline.
    fn ended(&self) -> Option<Unrun> {
        self.ending().and_then(Ending::ended)
    }
}

/// The right and the duty to resolve one job.
#[must_use = "dropping it aborts the job"]
pub(crate) struct Runnable(Option<Arc<dyn RunEnd>>);

impl Runnable {
    pub(crate) fn new(cell: Arc<dyn RunEnd>) -> Self {
        Self(Some(cell))
    }

    /// The runner's end of a cell that the caller goes on to hold. Once for each cell.
    pub(crate) fn of<C: RunEnd + 'static>(cell: &Arc<C>) -> Self {
        Self::new(Arc::<C>::clone(cell))
    }

    pub(crate) fn header(&self) -> &Header {
        self.0.as_ref().expect("only consuming methods empty it").header()
    }

    pub(crate) fn cell(&self) -> &dyn RunEnd {
        &**self.0.as_ref().expect("only consuming methods empty it")
    }

    pub(crate) fn ended(&self) -> Option<Unrun> {
        self.0.as_ref().expect("only consuming methods empty it").ended()
    }

    pub(crate) fn into_queued(self) -> Queued {
        Queued(self.into_cell())
    }

    /// The cell, for whoever runs or aborts the job: [`RunEnd::run`] and [`RunEnd::abort`] resolve it, each for good.
    pub(crate) fn into_cell(mut self) -> Arc<dyn RunEnd> {
        let cell = self.0.take().expect("only consuming methods empty it");
        // Empty: this only spares the look at it.
        mem::forget(self);
        cell
    }

    pub(crate) fn downgrade(&self) -> Weak<dyn RunEnd> {
        Arc::downgrade(self.0.as_ref().expect("only consuming methods empty it"))
    }

    /// The job is not accepted: the closure stays in the cell for the submitter, who holds the cell, to take.
    pub(crate) fn reject(mut self) {
        self.0 = None;
    }
}

/// A job that was taken out of the queue to be run.
#[must_use = "dropping it aborts the job"]
pub(crate) struct Begun {
    pub(crate) job: Runnable,
    /// When it was submitted; [`Tick::ZERO`] where that is not recorded.
    pub(crate) since: Tick,
}

/// A [`Runnable`] in the queue: the same right and duty in one word less, as it leaves out the guard against being
/// dropped. Only becoming a `Runnable` again makes use of it.
#[must_use = "dropping it loses the job"]
pub(crate) struct Queued(Arc<dyn RunEnd>);

impl Queued {
    pub(crate) fn header(&self) -> &Header {
        self.0.header()
    }

    pub(crate) fn cell(&self) -> &dyn RunEnd {
        &*self.0
    }

    /// As [`RunEnd::end`].
    pub(crate) fn end(&self, why: Unrun) -> Option<Waker> {
        self.0.end(why)
    }

    pub(crate) fn into_runnable(self) -> Runnable {
        Runnable::new(self.0)
    }

    #[inline]
    pub(crate) fn begin(self, since: Tick) -> Begun {
        Begun { job: self.into_runnable(), since }
    }
}

impl Drop for Runnable {
    fn drop(&mut self) {
        if let Some(cell) = self.0.take() {
            cell.abort(Unrun::Aborted);
        }
    }
}
