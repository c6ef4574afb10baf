//! The numbers that pools and epochs are known by.

use std::fmt;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

/// A pool's number, which no two pools of a process share; in its lower bits the process that built it, or that it is an
/// inline one. Every handle holds one, so it is one word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PoolId(u64);

impl PoolId {
    /// More than a process's id has, where processes fork.
    const PROCESS_BITS: u32 = 24;
    const INLINE: u64 = 1 << Self::PROCESS_BITS;

    /// No pool's: numbers never come so far. As an inline one's it is of no process either.
    pub(crate) const NONE: Self = Self(u64::MAX);

    pub(crate) fn new(is_inline: bool) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // ORDERING: Relaxed, as only the number matters.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // Where there are no threads there may be no processes to ask for either.
        let built_by = if is_inline { Self::INLINE } else { Self::this_process() };
        Self(number << (Self::PROCESS_BITS + 1) | built_by)
    }

    /// Whether the pool has no threads, and whoever waits for its jobs runs them.
    #[inline]
    pub(crate) fn is_inline(self) -> bool {
        self.0 & Self::INLINE != 0
    }

    fn this_process() -> u64 {
        u64::from(process::id()) & ((1 << Self::PROCESS_BITS) - 1)
    }

    /// Whether this process is a forked child of the one that built the pool, whose threads it has not got: to wait for them
    /// would be for ever. A system call, so ask where the alternative is to wait.
    pub(crate) fn is_of_parent(self) -> bool {
        // An inline pool has none in the parent either.
        !self.is_inline() && self.0 & ((1 << Self::PROCESS_BITS) - 1) != Self::this_process()
    }
}

/// The number alone, as one process's pools are what a log tells apart.
impl fmt::Debug for PoolId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&(self.0 >> (Self::PROCESS_BITS + 1)), f)
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

#[cfg(all(test, not(corepool_loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_no_pool_is_nobodys_and_of_no_parent() {
        assert!(!PoolId::NONE.is_of_parent());
        assert!(PoolId::new(true) < PoolId::NONE);
        let as_in_a_child = PoolId(PoolId::new(false).0 ^ 1);
        assert!(as_in_a_child.is_of_parent());
    }
}
