//! A counter for many threads at once.

use crate::base::sync::{AtomicU64, Ordering};

const STRIPES: usize = if cfg!(corepool_loom) { 1 } else { 4 };

/// A counter in parts, each on a cache line of its own, so that threads which add to it seldom meet.
#[derive(Debug)]
pub(crate) struct Striped([Stripe; STRIPES]);

#[derive(Debug)]
#[repr(align(128))]
struct Stripe(AtomicU64);

impl Striped {
    pub(crate) fn new() -> Self {
        Self([(); STRIPES].map(|()| Stripe(AtomicU64::new(0))))
    }

    #[inline]
    pub(crate) fn add_one(&self) {
        // ORDERING: Relaxed, as it orders nothing but itself.
        self.own().fetch_add(1, Ordering::Relaxed);
    }

    /// What was added before, by whoever this thread knows of, and perhaps more.
    pub(crate) fn sum(&self) -> u64 {
        // ORDERING: Relaxed, see `add_one`.
        self.all().map(|stripe| stripe.load(Ordering::Relaxed)).sum()
    }

    /// This thread's part.
    #[inline]
    pub(crate) fn own(&self) -> &AtomicU64 {
        &self.0[own_stripe()].0
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &AtomicU64> {
        self.0.iter().map(|stripe| &stripe.0)
    }
}

/// The threads take the stripes in turn.
#[cfg(not(corepool_loom))]
#[inline]
fn own_stripe() -> usize {
    use std::cell::Cell;
    use std::sync::atomic::AtomicUsize;

    static THREADS: AtomicUsize = AtomicUsize::new(0);

    std::thread_local! {
        /// 0: not given yet.
        static OWN: Cell<usize> = const { Cell::new(0) };
    }
    OWN.with(|own| {
        if own.get() == 0 {
            // ORDERING: Relaxed, as any number will do.
            own.set(1 + THREADS.fetch_add(1, Ordering::Relaxed) % STRIPES);
        }
        own.get() - 1
    })
}

/// Models must take the same way each time.
#[cfg(corepool_loom)]
fn own_stripe() -> usize {
    0
}

#[cfg(all(test, not(corepool_loom)))]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn nothing_is_lost_of_what_threads_add_at_once() {
        let counter = Striped::new();
        thread::scope(|scope| {
            for _ in 0..2 * STRIPES {
                scope.spawn(|| (0..1_000).for_each(|_| counter.add_one()));
            }
        });
        assert_eq!(counter.sum(), 2_000 * STRIPES as u64);
    }
}
