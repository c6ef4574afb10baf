//! What is said of the front without its lock.

use crate::base::sync::{AtomicBool, AtomicU8, Ordering};
use crate::queue::lanes::LaneSet;

/// Which lanes of the front hold jobs: what searching workers spin on, and what tells a worker that pops from the back
/// whether it may. Written under the front's lock.
#[derive(Debug)]
pub(crate) struct Hint {
    in_front: AtomicU8,
    /// Whether halves are on offer. Written under the back's lock.
    has_offers: AtomicBool,
}

impl Hint {
    pub(crate) fn new() -> Self {
        Self { in_front: AtomicU8::new(0), has_offers: AtomicBool::new(false) }
    }

    pub(crate) fn read(&self) -> LaneSet {
        // ORDERING: Relaxed. A searching worker looks under the lock. A worker that pops from the back may miss a push
        // that it is not ordered after by anything else, and then pops as if that push came next.
        LaneSet::from_bits(self.in_front.load(Ordering::Relaxed))
    }

    pub(crate) fn set(&self, in_front: LaneSet) {
        // ORDERING: Relaxed, see `read`.
        self.in_front.store(in_front.bits(), Ordering::Relaxed);
    }

    pub(crate) fn has_offers(&self) -> bool {
        // ORDERING: Relaxed, as a searching worker looks under the lock.
        self.has_offers.load(Ordering::Relaxed)
    }

    pub(crate) fn set_offers(&self, has_offers: bool) {
        // ORDERING: Relaxed, see `has_offers`.
        self.has_offers.store(has_offers, Ordering::Relaxed);
    }
}
