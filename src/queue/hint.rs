//! What is said of the front without its lock.

use crate::base::sync::{AtomicU8, Ordering};
use crate::queue::lanes::LaneSet;

/// Which lanes of the front hold jobs: what searching workers spin on, and what tells a worker that pops from the back
/// whether it may. Written under the front's lock.
#[derive(Debug)]
pub(crate) struct Hint(AtomicU8);

impl Hint {
    pub(crate) fn new() -> Self {
        Self(AtomicU8::new(0))
    }

    pub(crate) fn read(&self) -> LaneSet {
        // ORDERING: Relaxed. A searching worker looks under the lock. A worker that pops from the back may miss a push
        // that it is not ordered after by anything else, and then pops as if that push came next.
        LaneSet::from_bits(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn set(&self, in_front: LaneSet) {
        // ORDERING: Relaxed, see `read`.
        self.0.store(in_front.bits(), Ordering::Relaxed);
    }
}
