//! The job's cell: one allocation that holds the closure until a worker claims it and the outcome from then on.
//!
//! It is shared by two ends, and each end sees a trait object: the [`Runnable`](crate::job::runnable::Runnable) in the queue, which
//! exists exactly once a job, and the handle's [`WaitEnd`].
//!
//! | stage | holds | who may move it on | to |
//! |---|---|---|---|
//! | `Queued` | the closure | the owner of the `Runnable`: `run` | `Running` |
//! | | | the owner of the `Runnable`: `abort` | `Running`, then `Finished(Err(reason))` |
//! | | | the submitter, once the job was rejected: `take_closure` | `Taken` |
//! | `Running` | nothing | the owner of the `Runnable` | `Finished(Ok or Err)`; `Taken` if it is of a scope, and abandoned |
//! | `Finished` | the outcome | the handle | `Taken` |
//! | `Taken` | nothing | nobody | |
//!
//! The lock guards only moves of plain values. Closures, destructors and wakers run outside it.

use std::borrow::Cow;
use std::mem;
use std::panic::{self, AssertUnwindSafe, Location};
use std::task::{Poll, Waker};

use crate::base::error::JobError;
use crate::base::ids::Epoch;
use crate::base::panic::contain;
use crate::base::sync::Mutex;
use crate::base::unrun::Unrun;
use crate::job::header::{Header, Standing};
use crate::job::options::{Ending, Extras};
use crate::job::runnable::{RunEnd, Runner};
use crate::job::trace::Submitted;

/// What a handle waits for.
pub(crate) type Outcome<T> = Result<T, JobError>;

/// A cell to somebody who only lets go of it.
pub(crate) trait Remains: Send + Sync {}

/// The waiter's end of a cell. Only the handle holds it, so it has one caller at a time.
pub(crate) trait WaitEnd<T>: Remains {
    fn header(&self) -> &Header;
    fn name(&self) -> Option<&Cow<'static, str>>;

    /// The outcome, the first time it is asked for after the job has resolved.
    fn take(&self) -> Option<Outcome<T>>;

    /// Whether its token is cancelled.
    fn is_cancelled(&self) -> bool;

    /// The outcome, or the promise to wake `waker` once there is one.
    fn poll(&self, waker: &Waker) -> Poll<Outcome<T>>;

    /// Takes back what [`poll`](Self::poll) has promised, and gives the waker to drop.
    fn forget_waker(&self) -> Option<Waker>;

    /// Nobody will take the outcome. That of a job in a scope is dropped now, or as soon as there is one.
    fn abandon(&self);
}

/// One job: see the table at the top of this file.
pub(crate) struct JobCell<F, T, O> {
    header: Header,
    extras: O,
    body: Mutex<Body<F, T>>,
}

struct Body<F, T> {
    stage: Stage<F, T>,
    /// Whom to wake once the stage is `Finished`.
    waiter: Option<Waker>,
}

enum Stage<F, T> {
    Queued(F, Submitted),
    Running,
    Finished(Outcome<T>),
    Taken,
}

impl<F, T> Body<F, T> {
    fn take_outcome(&mut self) -> Option<Outcome<T>> {
        if !matches!(self.stage, Stage::Finished(_)) {
            return None;
        }
        match mem::replace(&mut self.stage, Stage::Taken) {
            Stage::Finished(outcome) => Some(outcome),
            _ => unreachable!("it was finished just now"),
        }
    }
}

impl<T> JobCell<(), T, ()> {
    /// That of a job which has resolved, and never was one.
    pub(crate) fn resolved(outcome: Outcome<T>, made_at: &'static Location<'static>) -> Self {
        let cell = Self::new((), (), made_at);
        cell.finish(outcome);
        cell
    }
}

impl<F, T, O: Extras> JobCell<F, T, O> {
    pub(crate) fn new(job: F, extras: O, submitted_at: &'static Location<'static>) -> Self {
        let priority = extras.priority();
        let body = Body { stage: Stage::Queued(job, Submitted::here()), waiter: None };
        Self { header: Header::new(submitted_at, priority), extras, body: Mutex::new(body) }
    }

    /// Takes the closure of a job that was rejected.
    pub(crate) fn take_closure(&self) -> F {
        self.unregister();
        match self.replace(Stage::Taken) {
            Stage::Queued(job, submitted) => {
                // A subscriber's panic would take the closure along.
                contain(|| {
                    let _gone = submitted;
                });
                job
            }
            _ => unreachable!("a job that was rejected has not run"),
        }
    }

    /// Resolves a job that was rejected.
    pub(crate) fn resolve_rejected(&self, why: JobError) {
        let job = self.take_closure();
        contain(|| drop(job));
        self.finish(Err(why));
    }

    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    pub(crate) fn extras(&self) -> &O {
        &self.extras
    }

    /// Who may end the job from outside forgets it. For the owner of the job's `Runnable`, or of its closure.
    pub(crate) fn unregister(&self) {
        if let Some(ending) = self.extras.ending() {
            ending.unregister();
        }
    }

    fn ended_from_outside(&self) -> Option<Unrun> {
        self.extras.ending().and_then(Ending::ended)
    }

    /// Takes the closure, for the owner of the job's `Runnable`; with the reason not to start it, if there is one by now.
    /// One that is given later finds the job begun.
    #[inline(always)]
    fn begin(&self) -> (F, Submitted, Option<Unrun>) {
        let mut body = self.body.lock();
        let Stage::Queued(job, submitted) = mem::replace(&mut body.stage, Stage::Running) else {
            unreachable!("one Runnable a job, and it is consumed by who takes the closure");
        };
        (job, submitted, self.header.ended().or_else(|| self.ended_from_outside()))
    }

    fn replace(&self, stage: Stage<F, T>) -> Stage<F, T> {
        mem::replace(&mut self.body.lock().stage, stage)
    }

    fn finish(&self, outcome: Outcome<T>) {
        let waiter = self.put(outcome);
        self.tell(waiter);
    }

    /// Puts the outcome where a handle finds it, or drops it if there is none; gives the waker of who waits.
    fn put(&self, outcome: Outcome<T>) -> Option<Waker> {
        let (waiter, unwanted) = {
            let mut body = self.body.lock();
            let is_abandoned = self.extras.is_abandoned();
            let (stage, unwanted) =
                if is_abandoned { (Stage::Taken, Some(outcome)) } else { (Stage::Finished(outcome), None) };
            body.stage = stage;
            (body.waiter.take(), unwanted)
        };
        if let Some(outcome) = unwanted {
            self.extras.drop_outcome(outcome);
        }
        waiter
    }

    /// Tells that the job has resolved. What a job of a scope borrows may be gone before this returns, so no function that is
    /// called with a value of the job's, of which the compiler may take it that it is good until the end, is going on by then.
    fn tell(&self, waiter: Option<Waker>) {
        // After the lock, so that who spins on the header finds the lock free; before the wake-up, so that who is
        // woken finds the job finished.
        self.header.set_standing(Standing::Finished);
        if let Some(waiter) = waiter {
            contain(|| waiter.wake());
        }
        self.extras.resolved();
    }
}

impl<F, T, O> RunEnd for JobCell<F, T, O>
where
    F: FnOnce() -> T + Send,
    T: Send,
    O: Extras,
{
    fn header(&self) -> &Header {
        &self.header
    }

    fn name(&self) -> Option<&Cow<'static, str>> {
        self.extras.name()
    }

    fn ending(&self) -> Option<&dyn Ending> {
        self.extras.ending()
    }

    fn run(&self, runner: &dyn Runner, is_aborting: bool) -> Epoch {
        let epoch = self.header.epoch();
        let (job, submitted, ended) = self.begin();
        self.unregister();
        if let Some(why) = ended.or_else(|| is_aborting.then_some(Unrun::Aborted)) {
            contain(|| drop(job));
            submitted.end(self, why);
            runner.unrun(why);
            self.finish(Err(why.into()));
            return epoch;
        }
        if let Some(ending) = self.extras.ending() {
            ending.start();
        }
        let running = submitted.start(self);
        let outcome = match panic::catch_unwind(AssertUnwindSafe(|| running.in_scope(job))) {
            Ok(value) => {
                runner.completed();
                Ok(value)
            }
            Err(payload) => Err(JobError::Panicked(running.in_scope_contained(|| {
                let panic = runner.panicked(payload, self);
                running.tell_panic(&panic);
                panic
            }))),
        };
        running.end();
        let waiter = self.put(outcome);
        self.tell(waiter);
        epoch
    }

    fn end(&self, why: Unrun) -> Option<Waker> {
        let mut body = self.body.lock();
        if !matches!(body.stage, Stage::Queued(..)) {
            return None;
        }
        self.header.end(why);
        body.waiter.take()
    }

    fn abort(&self, why: Unrun) {
        self.unregister();
        let (job, submitted, _) = self.begin();
        // Before the handle resolves: who has joined finds the closure gone.
        contain(|| drop(job));
        submitted.end(self, why);
        self.finish(Err(why.into()));
    }
}

impl<F: Send, T: Send, O: Extras> Remains for JobCell<F, T, O> {}

impl<F, T, O> WaitEnd<T> for JobCell<F, T, O>
where
    F: Send,
    T: Send,
    O: Extras,
{
    fn header(&self) -> &Header {
        &self.header
    }

    fn name(&self) -> Option<&Cow<'static, str>> {
        self.extras.name()
    }

    fn take(&self) -> Option<Outcome<T>> {
        self.body.lock().take_outcome()
    }

    fn is_cancelled(&self) -> bool {
        self.extras.ending().is_some_and(Ending::is_cancelled)
    }

    fn poll(&self, waker: &Waker) -> Poll<Outcome<T>> {
        // A waker is cloned and dropped outside the lock because both run the executor's code.
        let mut spare: Option<Waker> = None;
        loop {
            let mut body = self.body.lock();
            let outcome = body.take_outcome();
            if outcome.is_some() || body.waiter.as_ref().is_some_and(|waiter| waiter.will_wake(waker)) {
                drop(body);
                contain(|| drop(spare));
                return outcome.map_or(Poll::Pending, Poll::Ready);
            }
            let Some(mine) = spare.take() else {
                drop(body);
                spare = Some(waker.clone());
                continue;
            };
            let old = body.waiter.replace(mine);
            drop(body);
            contain(|| drop(old));
            return Poll::Pending;
        }
    }

    fn forget_waker(&self) -> Option<Waker> {
        self.body.lock().waiter.take()
    }

    fn abandon(&self) {
        let outcome = {
            let mut body = self.body.lock();
            self.extras.abandon();
            body.take_outcome()
        };
        if let Some(outcome) = outcome {
            self.extras.drop_outcome(outcome);
        }
    }
}

impl<F, T, O> Drop for JobCell<F, T, O> {
    /// Drops for the user what nobody took: the outcome of a detached job, the closure of a future that left the line. No
    /// waker is left: finishing took it.
    fn drop(&mut self) {
        match mem::replace(&mut self.body.get_mut().stage, Stage::Taken) {
            Stage::Running | Stage::Taken => {}
            left => drop(contain(|| drop(left))),
        }
    }
}
