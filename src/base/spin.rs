//! Busy waiting: how long a thread looks again before it parks.
//!
//! Parking and being woken costs 2 to 20 microseconds, so a short wait is worth burning; it is bounded, so an idle pool
//! uses no CPU.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::base::tick::{Tick, nanos};

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

/// How long a thread spins before it sleeps, by how long it slept last.
///
/// To wake a thread whose processor has gone to sleep takes ten times as long as [`spin_until`] spins. So where two threads wait
/// for each other in turn, and both have slept once, both would go on doing so: each sleeps again before the other has woken up. A
/// round trip then takes 50 microseconds instead of half a one, for thousands of round trips in a row. So who was up again soon
/// spins on for as long the next time; who was not, or has spun on in vain, does not any more.
#[derive(Debug, Default)]
pub(crate) struct AdaptiveSpin {
    /// Whether the last sleep was short. Read and written by the thread alone, so it is no matter for the model checker.
    was_short: AtomicBool,
}

impl AdaptiveSpin {
    /// A sleep is short that takes no longer, the time to wake up among it.
    const SHORT: Duration = Duration::from_micros(100);
    /// How long to spin on after a short sleep: longer than another thread takes to wake up.
    const SPIN: Duration = Duration::from_micros(60);

    /// As [`spin_until`], but for longer if the last sleep was short.
    #[inline]
    pub(crate) fn until(&self, done: impl Fn() -> bool) {
        spin_until(&done);
        self.on_until(done);
    }

    /// The same for who has spun already.
    pub(crate) fn on_until(&self, done: impl Fn() -> bool) {
        if self.is_due() && !done() {
            let is_in_time = yield_until(Self::SPIN, done);
            // ORDERING: Relaxed, as no other thread takes part.
            self.was_short.store(is_in_time, Ordering::Relaxed);
        }
    }

    /// Whether there is a reason to spin on.
    pub(crate) fn is_due(&self) -> bool {
        // ORDERING: Relaxed, as above.
        !cfg!(corepool_loom) && self.was_short.load(Ordering::Relaxed)
    }

    /// Notes how long that sleep takes.
    pub(crate) fn sleep<R>(&self, sleep: impl FnOnce() -> R) -> R {
        let begin = Tick::now();
        let slept = sleep();
        if !cfg!(corepool_loom) {
            let is_short = Tick::now().since(begin) < nanos(Self::SHORT);
            // ORDERING: Relaxed, see `on_until`.
            self.was_short.store(is_short, Ordering::Relaxed);
        }
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
