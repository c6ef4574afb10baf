//! Busy waiting: how long a thread looks again before it parks.
//!
//! Parking and being woken costs 2 to 20 microseconds, so a short wait is worth burning; it is bounded, so an idle pool
//! uses no CPU.

/// Some 2 microseconds on the processors of the day: looks in between two pauses of 10 to 40 nanoseconds.
const SPINS: u32 = 100;
const YIELDS: u32 = 4;

/// Spins, then yields, for a few microseconds at most, until `done`. The caller looks again: this only decides when, so
/// under the model checker it returns at once.
#[inline]
pub(crate) fn spin_until(done: impl Fn() -> bool) {
    if cfg!(corepool_loom) {
        return;
    }
    for _ in 0..SPINS {
        if done() {
            return;
        }
        std::hint::spin_loop();
    }
    for _ in 0..YIELDS {
        if done() {
            return;
        }
        std::thread::yield_now();
    }
}

/// Some half a microsecond, in which a submitter pushes some five jobs.
const PAUSES: u32 = 25;

/// Pauses for a moment in which others may work on what the caller is about to lock.
pub(crate) fn let_gather() {
    if cfg!(corepool_loom) {
        return;
    }
    for _ in 0..PAUSES {
        std::hint::spin_loop();
    }
}

/// How long to look away between two looks at what others change: so many spins of some 20 nanoseconds, and so many times; after
/// that others may have the processor.
pub(crate) struct Glances {
    pub(crate) spins: u32,
    pub(crate) spinning: u32,
}

impl Glances {
    /// After the `look`th look. `true` once it `is_over`.
    pub(crate) fn pause(&self, look: u32, is_over: impl Fn() -> bool) -> bool {
        if cfg!(corepool_loom) {
            return is_over();
        }
        if look >= self.spinning {
            std::thread::yield_now();
            return is_over();
        }
        (0..self.spins).any(|_| {
            std::hint::spin_loop();
            is_over()
        })
    }
}
