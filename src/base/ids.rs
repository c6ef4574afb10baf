//! The numbers that pools and epochs are known by.

use std::sync::atomic::{AtomicU64, Ordering};

/// A pool's number: no two pools of a process have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PoolId(u64);

impl PoolId {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // ORDERING: Relaxed, as only the number matters.
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The epoch a job was accepted in, modulo 2^8: never more than that many are open at once. See `queue::epochs`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Epoch(u8);

impl Epoch {
    pub(crate) fn from_index(index: u8) -> Self {
        Self(index)
    }

    pub(crate) fn index(self) -> u8 {
        self.0
    }

    pub(crate) fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }

    /// How many epochs ago this one was current, when `current` is.
    pub(crate) fn age(self, current: Self) -> usize {
        usize::from(current.0.wrapping_sub(self.0))
    }
}
