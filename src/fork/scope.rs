//! Jobs that borrow from outside of a scope, which ends only once they have.
//!
//! ```text
//!   caller            cell in the queue            worker
//!     | scope(f)
//!     |   f: spawn -----> job ------------------------> runs it, drops it
//!     |   end of f                                     |
//!     |   runs or waits for those that are left  <-----+ "nothing of it is left"
//!     v returns
//! ```
//!
//! **Borrowed data stays.** A job borrows for the lifetime `'scope` at most, which ends after [`scope`] has returned to its caller,
//! or unwinds into it. That happens only once every job that was spawned has told that nothing of it is left:
//!
//! 1. A job is counted once it is there, and before its [`Runnable`] is given away. Who has that resolves the job, in whatever way
//!    it leaves the queue; one that was rejected is resolved by who has spawned it. A `Runnable` that is forgotten, as no code here
//!    does, would keep the scope from ending.
//! 2. The closure is in the cell only until then: it is called, or dropped, before the outcome is put there.
//! 3. The outcome is in the cell only while there is a [`Spawned`] to take it. One that is dropped takes the outcome out, or leaves
//!    word that there is to be none: who resolves the job then drops it instead, before it is counted down. Both are under the cell's
//!    lock. A `Spawned` cannot outlive `'scope`, unless it is forgotten; it keeps the cell then, and nobody ever drops the outcome.
//! 4. Only then is the job counted down. What others may still hold of the cell (the queue's thread, a registry, somebody who was
//!    about to cancel it) has nothing of the job's in it, whenever they let go of it.
//! 5. The body's panics are caught, and nothing unwinds out of the wait: all of it happens inside one function of ours, and there is
//!    no guard that a user could forget.
//!
//! `'scope` and `'env` are invariant, as in [`std::thread::scope`]: or else a shorter `'scope` might be had from a longer one,
//! and jobs would borrow what the scope does not outlive.

use std::fmt;
use std::marker::PhantomData;
use std::panic::{self, AssertUnwindSafe, Location, RefUnwindSafe, UnwindSafe, resume_unwind};
use std::sync::Arc;

use crate::base::error::SubmitErrorKind;
use crate::base::ids::PoolId;
use crate::base::panic::{AbortOnUnwind, contain};
use crate::base::park::with_parker;
use crate::base::spin::spin_until;
use crate::fork::erased::{run_end, wait_end};
use crate::fork::inherit::Inherited;
use crate::fork::scoped::{InScope, Jobs};
use crate::job::cell::{JobCell, WaitEnd};
use crate::job::header::Header;
use crate::job::runnable::{RunEnd, Runnable};
use crate::observe::label::JobLabel;
use crate::worker::inline::run_until_finished;
use crate::worker::join::{claim, may_claim};
use crate::worker::seat;
use crate::worker::shared::Shared;

/// A scope for jobs that borrow. Made by [`Pool::scope`](crate::Pool::scope).
///
/// Jobs are [spawned](Self::spawn) by what is called with it, and by its jobs.
///
/// ```
/// use corepool::{Pool, Scope};
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
///
/// fn count_down<'scope>(scope: &'scope Scope<'scope, '_>, from: u32, steps: &'scope AtomicU32) {
///     steps.fetch_add(1, Relaxed);
///     if from > 0 {
///         scope.spawn(move || count_down(scope, from - 1, steps));
///     }
/// }
/// let (pool, steps) = (Pool::new().unwrap(), AtomicU32::new(0));
/// pool.scope(|scope| count_down(scope, 3, &steps));
/// assert_eq!(steps.into_inner(), 4);
/// ```
pub struct Scope<'scope, 'env: 'scope> {
    pub(crate) pool: &'scope Arc<Shared>,
    jobs: Arc<Jobs>,
    /// Whether it was called in a forked child, where nobody will run a job.
    pub(crate) is_in_child: bool,
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// Calls `f`, and returns once nothing is left of the jobs that were spawned meanwhile.
pub(crate) fn scope<'env, F, R>(pool: &Arc<Shared>, called_at: &'static Location<'static>, f: F) -> R
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
{
    let owner_runs = pool.id.is_inline() || may_claim();
    let jobs = Arc::new(Jobs::new(owner_runs, Inherited::from_job_here()));
    let scope = Scope { pool, jobs, is_in_child: pool.id.is_of_parent(), scope: PhantomData, env: PhantomData };
    let result = panic::catch_unwind(AssertUnwindSafe(|| f(&scope)));
    let guard = AbortOnUnwind;
    wait_for(pool, &scope.jobs, called_at);
    guard.disarm();
    scope.jobs.forget_shown();
    match (result, scope.jobs.take_panic()) {
        (Ok(value), None) => value,
        (Ok(value), Some(payload)) => {
            contain(|| drop(value));
            resume_unwind(payload)
        }
        (Err(payload), unwanted) => {
            contain(|| drop(unwanted));
            resume_unwind(payload)
        }
    }
}

/// Runs those that are queued, if the owner does that; waits for the others.
fn wait_for(pool: &Arc<Shared>, jobs: &Jobs, called_at: &'static Location<'static>) {
    with_parker(|parker, waker| {
        while jobs.left() > 0 {
            if let Some(job) = jobs.next_shown() {
                run_if_queued(pool, job.header());
                continue;
            }
            if !pool.id.is_inline() {
                spin_until(|| jobs.left() == 0);
            }
            if jobs.leave(waker) {
                let _shown = seat::show_wait(|| JobLabel::new(None, called_at));
                parker.park_until(None);
            }
        }
    });
}

/// Wherever it is if not in the queue, it tells of its end.
fn run_if_queued(pool: &Arc<Shared>, job: &Header) {
    if job.is_finished() {
        return;
    }
    match pool.id.is_inline() {
        true => run_until_finished(pool, job, &|| false),
        false => drop(claim(job, pool.id)),
    }
}

impl<'scope> Scope<'scope, '_> {
    /// Makes a job, and has it submitted. One that is rejected resolves here.
    pub(crate) fn lend<F, T>(
        &'scope self,
        job: F,
        submitted_at: &'static Location<'static>,
        submit: impl FnOnce(Runnable, &Header) -> Result<(), SubmitErrorKind>,
    ) -> Spawned<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        // It may panic, as it asks for the current span: so there is a job before it is counted.
        let cell = Arc::new(JobCell::new(job, InScope::new(&self.jobs), submitted_at));
        self.jobs.count_spawned();
        // SAFETY: see the top of this file. The job is counted, so that `'scope` goes on until it has resolved; and the outcome is
        // taken out by the `Spawned`, unless that is leaked.
        let run_end = || -> Arc<dyn RunEnd> { unsafe { run_end(cell.clone()) } };
        // Without a `Spawned` an outcome would stay in the cell.
        let guard = AbortOnUnwind;
        match submit(Runnable::new(run_end()), cell.header()) {
            Ok(()) => self.jobs.show(run_end),
            Err(why) => cell.resolve_rejected(why.as_outcome()),
        }
        guard.disarm();
        // SAFETY: as above.
        Spawned { cell: unsafe { wait_end(cell) }, pool: self.pool.id, scope: PhantomData }
    }
}

/// What the scope itself has is changed under locks.
impl UnwindSafe for Scope<'_, '_> {}
impl RefUnwindSafe for Scope<'_, '_> {}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("jobs", &self.jobs.left()).finish_non_exhaustive()
    }
}

/// The right to the outcome of a job in a scope. Whoever drops it must have let go of other ways to the cell that take the
/// outcome before.
pub(crate) struct Spawned<'scope, T> {
    cell: Arc<dyn WaitEnd<T>>,
    pool: PoolId,
    scope: PhantomData<&'scope ()>,
}

impl<T> Spawned<'_, T> {
    pub(crate) fn cell(&self) -> Arc<dyn WaitEnd<T>> {
        Arc::clone(&self.cell)
    }

    pub(crate) fn pool(&self) -> PoolId {
        self.pool
    }
}

impl<T> Drop for Spawned<'_, T> {
    fn drop(&mut self) {
        self.cell.abandon();
    }
}
