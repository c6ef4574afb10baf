//! Busy waiting: how long a thread looks again before it parks.
//!
//! Parking and being woken costs 2 to 20 microseconds, so a short wait is worth burning; it is bounded, so an idle pool
//! uses no CPU.

use std::cell::Cell;
use std::time::Duration;

use crate::base::tick::{Tick, nanos};

/// Some half a microsecond on the processors of the day: looks in between two pauses of 10 to 40 nanoseconds.
const SPINS: u32 = 25;
const YIELDS: u32 = 4;

/// Spins for a few microseconds at most, until `done`, and yields in between: what it waits for may need this very processor. The
/// caller looks again: this only decides when, so under the model checker it returns at once.
#[inline]
pub(crate) fn spin_until(done: impl Fn() -> bool) {
    if cfg!(corepool_loom) {
        return;
    }
    for _ in 0..YIELDS {
        for _ in 0..SPINS {
            if done() {
                return;
            }
            std::hint::spin_loop();
        }
        std::thread::yield_now();
    }
}

/// How long a worker spins before it sleeps, by how long it slept last.
///
/// To wake a thread whose processor has gone to sleep takes ten times as long as [`spin_until`] spins. So where a worker and a
/// submitter wait for each other in turn, and both have slept once, both would go on doing so: each sleeps again before the other
/// has woken up. A round trip then takes 50 microseconds instead of half a one, for thousands of round trips in a row. So a worker
/// that was up again soon spins on for as long the next time; one that was not, or has spun on in vain, does not any more. One of
/// the two is enough, and a worker knows whether more than one job at a time comes in, so that spinning wins nothing.
#[derive(Debug, Default)]
pub(crate) struct AdaptiveSpin {
    was_short: Cell<bool>,
}

impl AdaptiveSpin {
    /// A sleep is short that takes no longer, the time to wake up among it.
    const SHORT: Duration = Duration::from_micros(100);
    /// How long to spin on after a short sleep: longer than another thread takes to wake up.
    const SPIN: Duration = Duration::from_micros(60);

    /// Whether there is a reason to spin on. None for the model checker, as it only decides when.
    pub(crate) fn is_due(&self) -> bool {
        !cfg!(corepool_loom) && self.was_short.get()
    }

    /// Spins on until `done`.
    pub(crate) fn until(&self, done: impl Fn() -> bool) {
        self.was_short.set(yield_until(Self::SPIN, done));
    }

    /// Notes how long that sleep takes.
    pub(crate) fn sleep<R>(&self, sleep: impl FnOnce() -> R) -> R {
        let begin = Tick::now();
        let slept = sleep();
        self.was_short.set(Tick::now().since(begin) < nanos(Self::SHORT));
        slept
    }
}

/// Gives other threads way until `done`, for so long at most; says whether it is.
fn yield_until(time: Duration, done: impl Fn() -> bool) -> bool {
    let begin = Tick::now();
    while Tick::now().since(begin) < nanos(time) {
        if done() {
            return true;
        }
        std::thread::yield_now();
    }
    done()
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
