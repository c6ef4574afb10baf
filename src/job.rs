//! A job as the queue knows it: the right and duty to resolve it ([`Runnable`]), and the header that both ends of its
//! cell share. The cell itself, with closure and outcome, is in [`crate::cell`].
//!
//! **Exactly once** is a matter of ownership, not of flags. There is one `Runnable` a job; it cannot be cloned, and
//! both ways to resolve the job consume it. It stands in one list at a time, and who takes it out of that list (under
//! that list's lock) owns it: a worker, a joiner that claims its target, a shutdown that aborts. So no two of them
//! ever settle the same job. As a backstop, dropping a `Runnable` gives the job up as aborted: its handle still resolves.

use std::mem;
use std::panic::Location;
use std::sync::{Arc, Weak};

use crate::fifo::Key;
use crate::idle::Epoch;
use crate::options::{Options, Priority};
use crate::sync::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use crate::unrun::Unrun;
use crate::worker::Worker;

/// Where a job stands, as far as those who wait for it need to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Standing {
    /// Queued or running. What a cell is born as: most jobs never stand in line.
    Accepted,
    /// Waits in line for room in the queue; its submitter waits with it.
    InLine,
    /// Left the line because the pool shut down; the closure is still in the cell.
    Refused,
    /// The same, because its deadline passed.
    TimedOut,
    /// The same, because its token was cancelled.
    Cancelled,
    /// Resolved.
    Finished,
}

/// The part of the cell that the queue and both ends read without knowing its types.
#[derive(Debug)]
pub(crate) struct Header {
    standing: AtomicU8,
    /// Whether the handle has asked it not to run, or to stop.
    is_asked: AtomicBool,
    priority: Priority,
    /// Which count of [`crate::idle`] this job is in. Written under the front's lock, then read by the owner of the
    /// `Runnable`.
    epoch: AtomicU8,
    /// Key in the list that holds the `Runnable`. Written under the front's lock, read under both.
    slot: AtomicU32,
    submitted_at: &'static Location<'static>,
}

impl Header {
    pub(crate) fn new(submitted_at: &'static Location<'static>, priority: Priority) -> Self {
        Self {
            standing: AtomicU8::new(Standing::Accepted as u8),
            is_asked: AtomicBool::new(false),
            priority,
            epoch: AtomicU8::new(0),
            slot: AtomicU32::new(0),
            submitted_at,
        }
    }

    pub(crate) fn standing(&self) -> Standing {
        // ORDERING: Acquire pairs with the Release in `set_standing`: what was done to the cell before is seen after.
        match self.standing.load(Ordering::Acquire) {
            byte if byte == Standing::Accepted as u8 => Standing::Accepted,
            byte if byte == Standing::InLine as u8 => Standing::InLine,
            byte if byte == Standing::Refused as u8 => Standing::Refused,
            byte if byte == Standing::TimedOut as u8 => Standing::TimedOut,
            byte if byte == Standing::Cancelled as u8 => Standing::Cancelled,
            _ => Standing::Finished,
        }
    }

    pub(crate) fn set_standing(&self, standing: Standing) {
        // ORDERING: Release pairs with the Acquire in `standing`.
        self.standing.store(standing as u8, Ordering::Release);
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.standing() == Standing::Finished
    }

    /// Whether the handle has cancelled a job that it could not take out of the queue.
    pub(crate) fn is_asked(&self) -> bool {
        // ORDERING: Relaxed, as a job that is asked to stop reads nothing that the asker wrote.
        self.is_asked.load(Ordering::Relaxed)
    }

    pub(crate) fn ask(&self) {
        // ORDERING: Relaxed, see `is_asked`.
        self.is_asked.store(true, Ordering::Relaxed);
    }

    pub(crate) fn priority(&self) -> Priority {
        self.priority
    }

    pub(crate) fn slot(&self) -> Key {
        // ORDERING: Relaxed, as the front's lock is held here and was held by every writer. For a job of another pool it
        // is another front's lock: the key may then be out of date, and whoever uses it compares the job it leads to.
        self.slot.load(Ordering::Relaxed)
    }

    pub(crate) fn set_slot(&self, slot: Key) {
        // ORDERING: Relaxed, see `slot`.
        self.slot.store(slot, Ordering::Relaxed);
    }

    pub(crate) fn epoch(&self) -> Epoch {
        // ORDERING: Relaxed, as it was written under the front's lock, and the `Runnable` came to its owner through that
        // lock, or through the back's from somebody who held both.
        Epoch::from_index(self.epoch.load(Ordering::Relaxed))
    }

    pub(crate) fn set_epoch(&self, epoch: Epoch) {
        // ORDERING: Relaxed, see `epoch`.
        self.epoch.store(epoch.index(), Ordering::Relaxed);
    }

    pub(crate) fn submitted_at(&self) -> &'static Location<'static> {
        self.submitted_at
    }

    /// Whether this is the header of the same job. A cell's address is its identity while anybody holds it.
    pub(crate) fn is(&self, other: &Header) -> bool {
        std::ptr::eq(self, other)
    }
}

/// The runner's end of a cell.
pub(crate) trait RunEnd: Send + Sync {
    fn header(&self) -> &Header;
    fn options(&self) -> Option<&Options>;
    /// Resolves the job; gives the epoch to retire it from.
    fn run(&self, worker: &Worker) -> Epoch;
    fn give_up(&self, why: Unrun);
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

    pub(crate) fn options(&self) -> Option<&Options> {
        self.0.as_ref().expect("only consuming methods empty it").options()
    }

    pub(crate) fn into_queued(self) -> Queued {
        Queued(self.into_cell())
    }

    /// The cell, for whoever runs it: its [`RunEnd::run`] resolves the job, or leaves it to nobody.
    pub(crate) fn into_cell(mut self) -> Arc<dyn RunEnd> {
        let cell = self.0.take().expect("only consuming methods empty it");
        // Empty: this only spares the look at it.
        mem::forget(self);
        cell
    }

    pub(crate) fn downgrade(&self) -> Weak<dyn RunEnd> {
        Arc::downgrade(self.0.as_ref().expect("only consuming methods empty it"))
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
