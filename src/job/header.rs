//! What the queue and both ends of a cell read of a job without knowing its types.

use std::panic::Location;

use crate::base::fifo::Key;
use crate::base::ids::Epoch;
use crate::base::priority::Priority;
use crate::base::sync::{AtomicU8, AtomicU32, Ordering};
use crate::base::unrun::Unrun;

/// Where a job stands, as far as those who wait for it need to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Standing {
    /// Queued or running. What a cell is born as: most jobs never stand in line.
    Accepted,
    /// Waits in line for room in the queue; its submitter waits with it.
    InLine,
    /// Left the line because the pool shut down; the closure is still in the cell.
    Rejected,
    /// The same, because its deadline passed.
    TimedOut,
    /// The same, because its token was cancelled.
    Cancelled,
    /// Resolved.
    Finished,
}

/// The part of a cell that is the same for all types.
#[derive(Debug)]
pub(crate) struct Header {
    standing: AtomicU8,
    /// Why it must not start any more or, if it has begun, should stop: by its handle, or by who ends it from outside. 0: nobody
    /// has said so.
    ended: AtomicU8,
    priority: Priority,
    /// The epoch it was accepted in. Written under the front's lock, then read by the owner of the
    /// `Runnable`.
    epoch: AtomicU8,
    /// Key in the list that holds the `Runnable`. Written under the front's lock while it stands there, read under the lock of the
    /// list that holds it.
    slot: AtomicU32,
    submitted_at: &'static Location<'static>,
}

impl Header {
    pub(crate) fn new(submitted_at: &'static Location<'static>, priority: Priority) -> Self {
        Self {
            standing: AtomicU8::new(Standing::Accepted as u8),
            ended: AtomicU8::new(0),
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
            byte if byte == Standing::Rejected as u8 => Standing::Rejected,
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

    /// Why the job must not start any more or, if it has begun, should stop.
    pub(crate) fn ended(&self) -> Option<Unrun> {
        // ORDERING: Acquire pairs with the Release in `end`: what was done before is seen by a job that finds out.
        match self.ended.load(Ordering::Acquire) {
            0 => None,
            byte if byte == Unrun::Cancelled as u8 => Some(Unrun::Cancelled),
            byte if byte == Unrun::Expired as u8 => Some(Unrun::Expired),
            _ => Some(Unrun::Aborted),
        }
    }

    pub(crate) fn end(&self, why: Unrun) {
        // ORDERING: Release, see `ended`.
        self.ended.store(why as u8, Ordering::Release);
    }

    /// The same, unless it has been said before.
    pub(crate) fn end_unless_ended(&self, why: Unrun) {
        // ORDERING: Release, see `ended`; Relaxed, as nothing is done about the other.
        let _ = self.ended.compare_exchange(0, why as u8, Ordering::Release, Ordering::Relaxed);
    }

    pub(crate) fn priority(&self) -> Priority {
        self.priority
    }

    pub(crate) fn slot(&self) -> Key {
        // ORDERING: Relaxed, as the list came from the front to where it is with both locks held. For a job of another pool the
        // key may be out of date: whoever uses it compares the job it leads to.
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
