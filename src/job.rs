//! The job's cell: one allocation that holds the closure until a worker claims it and the outcome from then on.
//!
//! It is shared by two ends, and each end sees a trait object: the [`Runnable`] in the queue, which exists exactly
//! once a job, and the handle's [`WaitEnd`].
//!
//! | stage | holds | who may move it on | to |
//! |---|---|---|---|
//! | `Queued` | the closure | the owner of the `Runnable`: `run` | `Running` |
//! | | | the owner of the `Runnable`: `give_up` | `Running`, then `Finished(Err(reason))` |
//! | | | the submitter, once its `Runnable` was handed back: `reclaim` | `Taken` |
//! | `Running` | nothing | the owner of the `Runnable` | `Finished(Ok or Err)` |
//! | `Finished` | the outcome | the handle | `Taken` |
//! | `Taken` | nothing | nobody | |
//!
//! **Exactly once** is a matter of ownership, not of flags. There is one `Runnable` a job; it cannot be cloned, and
//! both ways to resolve the job consume it. It stands in one list at a time, and who takes it out of that list (under
//! the monitor's lock) owns it: a worker, a joiner that claims its target, a shutdown that aborts. So no two of them
//! ever settle the same job. Dropping a `Runnable` gives the job up as aborted, so none is lost either.
//!
//! The cell's own lock guards only moves of plain values. Closures, destructors and wakers run outside it.

use std::mem;
use std::panic::{self, AssertUnwindSafe, Location};
use std::sync::Arc;
use std::task::{Poll, Waker};

use crate::error::JobError;
use crate::fifo::Key;
use crate::idle::Epoch;
use crate::panic::contain;
use crate::sync::{AtomicU8, AtomicU32, Mutex, Ordering};
use crate::worker::Worker;

/// What a handle waits for.
pub(crate) type Outcome<T> = Result<T, JobError>;

/// Where a job stands, as far as waiting threads need to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// Queued or running. The phase a cell is born in: most jobs never stand in line.
    Accepted,
    /// Waits in line for room in the queue; its submitter waits with it.
    InLine,
    /// Left the line because the pool shut down; the closure is still in the cell.
    Refused,
    /// Resolved.
    Finished,
}

/// The part of the cell that the queue and both ends read without knowing its types.
#[derive(Debug)]
pub(crate) struct Header {
    phase: AtomicU8,
    /// Which of the two counts of [`crate::idle`] this job is in. Written and read under the monitor's lock, then read
    /// by the owner of the `Runnable`.
    epoch: AtomicU8,
    /// Key in the list that holds the `Runnable`. Written and read under the monitor's lock only.
    slot: AtomicU32,
    submitted_at: &'static Location<'static>,
}

impl Header {
    fn new(submitted_at: &'static Location<'static>) -> Self {
        Self {
            phase: AtomicU8::new(Phase::Accepted as u8),
            epoch: AtomicU8::new(0),
            slot: AtomicU32::new(0),
            submitted_at,
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        // ORDERING: Acquire pairs with the Release in `set_phase`: what was done to the cell before is seen after.
        match self.phase.load(Ordering::Acquire) {
            phase if phase == Phase::Accepted as u8 => Phase::Accepted,
            phase if phase == Phase::InLine as u8 => Phase::InLine,
            phase if phase == Phase::Refused as u8 => Phase::Refused,
            _ => Phase::Finished,
        }
    }

    pub(crate) fn set_phase(&self, phase: Phase) {
        // ORDERING: Release pairs with the Acquire in `phase`.
        self.phase.store(phase as u8, Ordering::Release);
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.phase() == Phase::Finished
    }

    pub(crate) fn slot(&self) -> Key {
        // ORDERING: Relaxed, as the monitor's lock is held here and was held by every writer.
        self.slot.load(Ordering::Relaxed)
    }

    pub(crate) fn set_slot(&self, slot: Key) {
        // ORDERING: Relaxed, see `slot`.
        self.slot.store(slot, Ordering::Relaxed);
    }

    pub(crate) fn epoch(&self) -> Epoch {
        // ORDERING: Relaxed, as it was written under the monitor's lock, which the owner of the `Runnable` has held
        // since to take it out of the queue.
        Epoch::from_index(self.epoch.load(Ordering::Relaxed))
    }

    pub(crate) fn set_epoch(&self, epoch: Epoch) {
        // ORDERING: Relaxed, see `epoch`.
        self.epoch.store(epoch.index() as u8, Ordering::Relaxed);
    }

    pub(crate) fn submitted_at(&self) -> &'static Location<'static> {
        self.submitted_at
    }

    /// Whether this is the header of the same job. A cell's address is its identity while anybody holds it.
    pub(crate) fn is(&self, other: &Header) -> bool {
        std::ptr::eq(self, other)
    }
}

/// Why a job resolves without having run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unrun {
    Aborted,
}

impl From<Unrun> for JobError {
    fn from(why: Unrun) -> Self {
        match why {
            Unrun::Aborted => JobError::Aborted,
        }
    }
}

/// The runner's end of a cell.
pub(crate) trait RunEnd: Send + Sync {
    fn header(&self) -> &Header;
    fn run(&self, worker: &Worker);
    fn give_up(&self, why: Unrun);
}

/// The waiter's end of a cell. Only the handle holds it, so it has one caller at a time.
pub(crate) trait WaitEnd<T>: Send + Sync {
    fn header(&self) -> &Header;

    /// The outcome, the first time it is asked for after the job has resolved.
    fn take(&self) -> Option<Outcome<T>>;

    /// The outcome, or the promise to wake `waker` once there is one.
    fn poll(&self, waker: &Waker) -> Poll<Outcome<T>>;
}

/// The right and the duty to resolve one job.
#[must_use = "dropping it aborts the job"]
pub(crate) struct Runnable(Option<Arc<dyn RunEnd>>);

impl Runnable {
    pub(crate) fn new(cell: Arc<dyn RunEnd>) -> Self {
        Self(Some(cell))
    }

    pub(crate) fn header(&self) -> &Header {
        self.0.as_ref().expect("only consuming methods empty it").header()
    }

    pub(crate) fn into_queued(mut self) -> Queued {
        Queued(self.0.take().expect("only consuming methods empty it"))
    }

    /// Runs the closure on this thread, counts the job and resolves its handle.
    pub(crate) fn run(mut self, worker: &Worker) {
        if let Some(cell) = self.0.take() {
            cell.run(worker);
        }
    }

    /// Drops the closure and resolves the handle with the reason.
    pub(crate) fn give_up(mut self, why: Unrun) {
        if let Some(cell) = self.0.take() {
            cell.give_up(why);
        }
    }

    /// Leaves the closure in the cell for the submitter, who holds the cell, to take back.
    pub(crate) fn hand_back(mut self) {
        self.0 = None;
    }
}

/// A [`Runnable`] in the queue: the same right and duty in one word less, as it leaves out the guard against being
/// dropped. Only becoming a `Runnable` again makes use of it.
#[must_use = "dropping it loses the job"]
pub(crate) struct Queued(Arc<dyn RunEnd>);

impl Queued {
    pub(crate) fn header(&self) -> &Header {
        self.0.header()
    }

    pub(crate) fn into_runnable(self) -> Runnable {
        Runnable::new(self.0)
    }
}

impl Drop for Runnable {
    fn drop(&mut self) {
        if let Some(cell) = self.0.take() {
            cell.give_up(Unrun::Aborted);
        }
    }
}

/// One job: see the table at the top of this file.
pub(crate) struct JobCell<F, T> {
    header: Header,
    body: Mutex<Body<F, T>>,
}

struct Body<F, T> {
    stage: Stage<F, T>,
    /// Whom to wake once the stage is `Finished`.
    waiter: Option<Waker>,
}

enum Stage<F, T> {
    Queued(F),
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
            _ => None,
        }
    }
}

impl<F, T> JobCell<F, T> {
    pub(crate) fn new(job: F, submitted_at: &'static Location<'static>) -> Self {
        let body = Body { stage: Stage::Queued(job), waiter: None };
        Self { header: Header::new(submitted_at), body: Mutex::new(body) }
    }

    /// Takes back the closure of a job that was not accepted.
    pub(crate) fn reclaim(&self) -> F {
        match self.replace(Stage::Taken) {
            Stage::Queued(job) => job,
            _ => unreachable!("a job that was not accepted has not run"),
        }
    }

    fn replace(&self, stage: Stage<F, T>) -> Stage<F, T> {
        mem::replace(&mut self.body.lock().stage, stage)
    }

    fn finish(&self, outcome: Outcome<T>) {
        let waiter = {
            let mut body = self.body.lock();
            body.stage = Stage::Finished(outcome);
            body.waiter.take()
        };
        // After the lock, so that who spins on the phase finds the lock free; before the wake-up, so that who is
        // woken finds the job finished.
        self.header.set_phase(Phase::Finished);
        if let Some(waiter) = waiter {
            contain(|| waiter.wake());
        }
    }
}

impl<F, T> RunEnd for JobCell<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn header(&self) -> &Header {
        &self.header
    }

    fn run(&self, worker: &Worker) {
        let Stage::Queued(job) = self.replace(Stage::Running) else {
            unreachable!("one Runnable a job, and it is consumed by running");
        };
        let outcome = match panic::catch_unwind(AssertUnwindSafe(job)) {
            Ok(value) => {
                worker.count_completed();
                Ok(value)
            }
            Err(payload) => Err(JobError::Panicked(worker.report_panic(payload, &self.header))),
        };
        self.finish(outcome);
    }

    fn give_up(&self, why: Unrun) {
        if let Stage::Queued(job) = self.replace(Stage::Running) {
            // Before the handle resolves: who has joined finds the closure gone.
            contain(|| drop(job));
        }
        self.finish(Err(why.into()));
    }
}

impl<F, T> WaitEnd<T> for JobCell<F, T>
where
    F: Send,
    T: Send,
{
    fn header(&self) -> &Header {
        &self.header
    }

    fn take(&self) -> Option<Outcome<T>> {
        self.body.lock().take_outcome()
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
}

impl<F, T> Drop for JobCell<F, T> {
    /// Drops for the user what nobody took: the outcome of a detached job, the waker of a dropped handle.
    fn drop(&mut self) {
        let body = self.body.get_mut();
        match mem::replace(&mut body.stage, Stage::Taken) {
            Stage::Running | Stage::Taken => {}
            left => drop(contain(|| drop(left))),
        }
        if let Some(waiter) = body.waiter.take() {
            contain(|| drop(waiter));
        }
    }
}
