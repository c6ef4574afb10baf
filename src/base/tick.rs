//! A moment in one word, for who reads the clock for every job: three times as fast as an `Instant` where the processor counts
//! its own cycles, which `quanta` finds out.

use std::sync::OnceLock;
use std::time::Duration;

#[cfg(not(target_family = "wasm"))]
use quanta::Clock;
#[cfg(target_family = "wasm")]
use wasm::Clock;

/// A reading of the clock, in units of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tick(u64);

impl Tick {
    /// No reading.
    pub(crate) const ZERO: Self = Self(0);

    #[inline]
    pub(crate) fn now() -> Self {
        // Not `ZERO`, whatever the clock says.
        Self(clock().raw().max(1))
    }

    /// In nanoseconds; 0 where `earlier` is later.
    #[inline]
    pub(crate) fn since(self, earlier: Self) -> u64 {
        clock().delta_as_nanos(earlier.0, self.0)
    }
}

#[inline]
fn clock() -> &'static Clock {
    static CLOCK: OnceLock<Clock> = OnceLock::new();
    CLOCK.get_or_init(Clock::new)
}

/// As many as fit, which is 584 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Where there are no cycles to count.
#[cfg(target_family = "wasm")]
mod wasm {
    use std::time::Instant;

    pub(super) struct Clock(Instant);

    impl Clock {
        pub(super) fn new() -> Self {
            Self(Instant::now())
        }

        pub(super) fn raw(&self) -> u64 {
            super::nanos(self.0.elapsed())
        }

        pub(super) fn delta_as_nanos(&self, start: u64, end: u64) -> u64 {
            end.saturating_sub(start)
        }
    }
}
