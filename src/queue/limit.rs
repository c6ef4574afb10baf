//! How many halves a thread that joins keeps exposed, at a place of its own where others may raise it: that is how they ask
//! the thread to hand one over.

#[cfg(not(corepool_loom))]
use parking_lot::Mutex;

use crate::base::sync::{AtomicBool, AtomicU32, Ordering};

/// A thread's limit: while it has as many halves exposed, a join costs it two plain calls.
///
/// It lives for ever, so that its thread reads it without counting who holds it; who needs none any more leaves it to the
/// next. On a cache line of its own, or two where a processor fetches them in pairs: it is read at every join.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Limit {
    at: AtomicU32,
    /// Whether somebody asks who waits for what this thread runs.
    is_awaited: AtomicBool,
}

impl Limit {
    /// Enough for the halves exposed to be the largest ones: two of the third depth, four of the fourth, and so on.
    pub(crate) const USUAL: u32 = 6;
    const RAISED: u32 = u32::MAX;

    #[cfg(not(corepool_loom))]
    pub(crate) const fn new() -> Self {
        Self { at: AtomicU32::new(Self::USUAL), is_awaited: AtomicBool::new(false) }
    }

    #[cfg(corepool_loom)]
    pub(crate) fn new() -> Self {
        Self { at: AtomicU32::new(Self::USUAL), is_awaited: AtomicBool::new(false) }
    }

    #[inline]
    pub(crate) fn get(&self) -> u32 {
        // ORDERING: Relaxed. It says when to look; what there is to see is under a lock.
        self.at.load(Ordering::Relaxed)
    }

    pub(crate) fn is_raised(&self) -> bool {
        self.get() == Self::RAISED
    }

    /// Asks. Under the back's lock, as all that changes it.
    pub(super) fn raise(&self) {
        // ORDERING: Relaxed, see `get`. Only the lock orders this and `lower`.
        self.at.store(Self::RAISED, Ordering::Relaxed);
    }

    /// The same for who waits for what this thread runs.
    pub(super) fn raise_for_waiter(&self) {
        // ORDERING: Relaxed, see `raise`.
        self.is_awaited.store(true, Ordering::Relaxed);
        self.raise();
    }

    /// The thread has heard it; tells whether one who waits for what it runs has asked.
    pub(super) fn lower(&self) -> bool {
        // ORDERING: Relaxed, see `raise`.
        self.at.store(Self::USUAL, Ordering::Relaxed);
        let is_awaited = self.is_awaited.load(Ordering::Relaxed);
        self.is_awaited.store(false, Ordering::Relaxed);
        is_awaited
    }

    /// That of a thread which is in no join.
    #[cfg(not(corepool_loom))]
    pub(crate) const fn nobodys() -> &'static Self {
        static NOBODYS: Limit = Limit::new();
        &NOBODYS
    }
}

/// Limits that nobody needs at the moment.
#[cfg(not(corepool_loom))]
static SPARE: Mutex<Vec<&'static Limit>> = Mutex::new(Vec::new());

/// A limit in use, until this is dropped.
#[derive(Debug)]
pub(crate) struct Lease(&'static Limit);

#[cfg(not(corepool_loom))]
impl Lease {
    pub(crate) fn new() -> Self {
        let spare = SPARE.lock().pop();
        Self(spare.unwrap_or_else(|| Box::leak(Box::new(Limit::new()))))
    }
}

#[cfg(not(corepool_loom))]
impl Drop for Lease {
    fn drop(&mut self) {
        self.0.lower();
        SPARE.lock().push(self.0);
    }
}

/// The model checker's atomics are of one execution only.
#[cfg(corepool_loom)]
impl Limit {
    pub(crate) fn nobodys() -> &'static Self {
        Box::leak(Box::new(Self::new()))
    }
}

#[cfg(corepool_loom)]
impl Lease {
    pub(crate) fn new() -> Self {
        Self(Limit::nobodys())
    }
}

impl Lease {
    pub(crate) fn limit(&self) -> &'static Limit {
        self.0
    }
}
