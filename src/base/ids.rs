//! The numbers that pools and epochs are known by.

use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

/// A pool's number, which no two pools of a process share, and the process that built it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PoolId {
    number: u64,
    process: u32,
}

impl PoolId {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // ORDERING: Relaxed, as only the number matters.
        Self { number: NEXT.fetch_add(1, Ordering::Relaxed), process: process::id() }
    }

    /// Whether this process is a forked child of the one that built the pool, whose threads it has not got: to wait for them
    /// would be for ever. A system call, so ask where the alternative is to wait.
    pub(crate) fn is_of_parent(self) -> bool {
        self.process != process::id()
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
