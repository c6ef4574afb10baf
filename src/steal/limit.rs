//! How many joins a thread may be in that expose their second halves. One that finds as many calls both halves, and that is all
//! that it costs. Others raise the limit, and so ask the thread to expose more.

#[cfg(not(corepool_loom))]
use parking_lot::Mutex;

use crate::base::sync::{AtomicU32, Ordering};

/// A thread's limit. It lives for ever, so that its thread reads it without counting who holds it; who needs none any more
/// leaves it to the next. On a cache line of its own, or two where a processor fetches them in pairs: every join reads it.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Limit(AtomicU32);

impl Limit {
    /// Those of the first joins in a balanced recursion are the largest halves: that many are enough to start with, and few enough
    /// to cost nothing.
    pub(crate) const USUAL: u32 = 6;
    const RAISED: u32 = u32::MAX;

    #[cfg(not(corepool_loom))]
    const fn new() -> Self {
        Self(AtomicU32::new(Self::USUAL))
    }

    #[cfg(corepool_loom)]
    fn new() -> Self {
        Self(AtomicU32::new(Self::USUAL))
    }

    #[inline]
    pub(crate) fn get(&self) -> u32 {
        // ORDERING: Relaxed, as it only says when to look. What there is to see is behind the lane's lock.
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn set(&self, limit: u32) {
        // ORDERING: Relaxed, see `get`.
        self.0.store(limit, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn is_raised(&self) -> bool {
        self.get() == Self::RAISED
    }

    pub(super) fn raise(&self) {
        if !self.is_raised() {
            self.set(Self::RAISED);
        }
    }

    /// That of a thread in no join.
    #[cfg(not(corepool_loom))]
    pub(crate) const fn nobodys() -> &'static Self {
        static NOBODYS: Limit = Limit::new();
        &NOBODYS
    }

    /// The model checker's atomics are of one execution only.
    #[cfg(corepool_loom)]
    pub(crate) fn nobodys() -> &'static Self {
        Box::leak(Box::new(Self::new()))
    }
}

/// A limit in use, until this is dropped.
#[derive(Debug)]
pub(super) struct Lease(&'static Limit);

impl Lease {
    pub(super) fn limit(&self) -> &'static Limit {
        self.0
    }
}

/// Limits that nobody needs at the moment.
#[cfg(not(corepool_loom))]
static SPARE: Mutex<Vec<&'static Limit>> = Mutex::new(Vec::new());

#[cfg(not(corepool_loom))]
impl Lease {
    pub(super) fn new() -> Self {
        let spare = SPARE.lock().pop();
        Self(spare.unwrap_or_else(|| Box::leak(Box::new(Limit::new()))))
    }
}

#[cfg(not(corepool_loom))]
impl Drop for Lease {
    fn drop(&mut self) {
        self.0.set(Limit::USUAL);
        SPARE.lock().push(self.0);
    }
}

#[cfg(corepool_loom)]
impl Lease {
    pub(super) fn new() -> Self {
        Self(Limit::nobodys())
    }
}
