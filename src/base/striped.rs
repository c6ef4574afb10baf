//! What many threads write at once, in parts.

use std::cell::Cell;
use std::sync::atomic::AtomicU64 as StdAtomicU64;

use crate::base::sync::{AtomicU64, Ordering, thread_local};

const STRIPES: usize = if cfg!(corepool_loom) { 1 } else { 4 };

/// No thread's number.
const NOBODY: u64 = 0;

/// Parts on cache lines of their own, so that threads which write to theirs seldom meet.
#[derive(Debug, Default)]
pub(crate) struct Striped<T>([Stripe<T>; STRIPES]);

#[derive(Debug, Default)]
#[repr(align(128))]
struct Stripe<T>(T);

/// Part of a count.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    /// What any thread may add to.
    shared: AtomicU64,
    /// What the owner has added. Nobody else writes it, so that takes no read-modify-write.
    owned: AtomicU64,
    /// The number of the first thread that added one here: for good, as no number is used twice.
    owner: AtomicU64,
}

impl<T> Striped<T> {
    /// This thread's part.
    #[inline]
    pub(crate) fn own(&self) -> &T {
        self.part_of(thread_number())
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|stripe| &stripe.0)
    }

    #[inline]
    fn part_of(&self, thread: u64) -> &T {
        &self.0[thread as usize % STRIPES].0
    }
}

impl Striped<Counter> {
    #[inline]
    pub(crate) fn add_one(&self) {
        let thread = thread_number();
        self.part_of(thread).add_one(thread);
    }

    /// What was added before, by whoever this thread knows of, and perhaps more.
    pub(crate) fn sum(&self) -> u64 {
        self.all().map(Counter::count).sum()
    }
}

impl Counter {
    #[inline]
    fn add_one(&self, thread: u64) {
        // ORDERING: Relaxed throughout, as a count orders nothing but itself, and a thread knows what it owns.
        let owner = self.owner.load(Ordering::Relaxed);
        if owner == thread || owner == NOBODY && self.take(thread) {
            // ORDERING: Relaxed, see above.
            self.owned.store(self.owned.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        } else {
            // ORDERING: Relaxed, see above.
            self.shared.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[cold]
    fn take(&self, thread: u64) -> bool {
        // ORDERING: Relaxed, see `add_one`.
        self.owner.compare_exchange(NOBODY, thread, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn count(&self) -> u64 {
        // ORDERING: Relaxed, see `add_one`.
        self.shared.load(Ordering::Relaxed) + self.owned.load(Ordering::Relaxed)
    }
}

thread_local! {
    /// This thread's number, once it has one.
    static NUMBER: Cell<u64> = const { Cell::new(NOBODY) };
}

/// Threads are numbered from 1 up, so they take the stripes in turn.
#[inline]
fn thread_number() -> u64 {
    // Not the model's: a thread has another number in each run of a model, and goes the same way.
    static LAST: StdAtomicU64 = StdAtomicU64::new(NOBODY);

    NUMBER.with(|number| {
        if number.get() == NOBODY {
            // ORDERING: Relaxed, as any number will do that no other thread has.
            number.set(1 + LAST.fetch_add(1, Ordering::Relaxed));
        }
        number.get()
    })
}

#[cfg(all(test, not(corepool_loom)))]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn nothing_is_lost_of_what_threads_add_at_once() {
        let counter = Striped::default();
        thread::scope(|scope| {
            for _ in 0..2 * STRIPES {
                scope.spawn(|| (0..1_000).for_each(|_| counter.add_one()));
            }
        });
        assert_eq!(counter.sum(), 2_000 * STRIPES as u64);
    }
}
