//! Fast successes that are counted without the lock, where counting is all there is to do: in windows of time that hold nothing
//! else, while nobody listens. However many there are, no rate is above zero.
//!
//! 1. Under the lock they are let in: each stripe is given the generation, and `until` says when the latest bucket ends.
//! 2. A success of that generation that ends before then adds one to its thread's stripe, if that has the generation still.
//! 3. Under the lock, before any other step, they are settled: the stripes are shut, and what they held goes into the windows.
//!
//! So a success is either in its stripe when that is shut, and comes before the step, or finds it shut, and takes the lock. One
//! that read an earlier `until` takes the lock too, and one that read a later is counted as having come a moment later.

use std::time::Duration;

use crate::base::striped::Striped;
use crate::base::sync::{AtomicU64, Ordering};

/// A stripe: the generation's low half, plus one, above so many successes.
const GENERATION_SHIFT: u32 = 32;
const COUNT: u64 = (1 << GENERATION_SHIFT) - 1;
const SHUT: u64 = 0;

pub(super) struct Pending {
    /// In nanoseconds of the clock.
    until: AtomicU64,
    stripes: Striped<AtomicU64>,
}

impl Pending {
    pub(super) fn new() -> Self {
        Self { until: AtomicU64::new(0), stripes: Striped::default() }
    }

    /// Counts a success of this generation, unless it must take the lock.
    #[inline]
    pub(super) fn add(&self, generation: u64, nanos: impl FnOnce() -> Option<u64>) -> bool {
        // ORDERING: Relaxed, as a wrong one only sends the caller to the lock, or makes it count a moment later.
        let until = self.until.load(Ordering::Relaxed);
        if nanos().is_none_or(|now| now >= until) {
            return false;
        }
        let (stripe, tag) = (self.stripes.own(), tag(generation));
        // ORDERING: Relaxed, as the count orders nothing but itself: whoever shuts the stripe takes what is in it.
        let add_one = |old| (old & !COUNT == tag && old & COUNT < COUNT).then_some(old + 1);
        stripe.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add_one).is_ok()
    }

    /// Lets successes in. Under the lock only.
    pub(super) fn let_in(&self, generation: u64, until: Duration) {
        // ORDERING: Relaxed, see `add`.
        self.until.store(u64::try_from(until.as_nanos()).unwrap_or(0), Ordering::Relaxed);
        for stripe in self.stripes.all() {
            // ORDERING: Relaxed, see `add`.
            stripe.store(tag(generation), Ordering::Relaxed);
        }
    }

    /// Takes those that came, and lets no more in. Under the lock only.
    pub(super) fn settle(&self) -> u64 {
        // ORDERING: Relaxed, see `add`.
        self.stripes.all().map(|stripe| stripe.swap(SHUT, Ordering::Relaxed) & COUNT).sum()
    }
}

fn tag(generation: u64) -> u64 {
    // Never that of a shut stripe.
    ((generation & (COUNT >> 1)) + 1) << GENERATION_SHIFT
}
