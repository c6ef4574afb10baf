//! Where a breaker has the time from.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::base::panic::{Contained, contain};

/// Tells a breaker the time. Any origin will do that is less than 584 years ago: calls that begin later are never slow. The
/// buckets of a time window are aligned to it; all else goes by differences.
///
/// A clock that goes backwards is taken to stand still, and one that panics to tell the latest time that the breaker has gone
/// by. A call that cannot be timed because of a panic is not slow. It is read outside the breaker's lock, on the thread that
/// calls.
///
/// ```
/// use corepool::breaker::{CircuitBreaker, Clock};
/// use std::time::Duration;
///
/// /// Time stands still.
/// struct Frozen;
///
/// impl Clock for Frozen {
///     fn now(&self) -> Duration {
///         Duration::ZERO
///     }
/// }
///
/// let breaker = CircuitBreaker::builder().clock(Frozen).build().unwrap();
/// # drop(breaker);
/// ```
pub trait Clock: Send + Sync + 'static {
    /// The time since the clock's origin.
    ///
    /// ```
    /// use corepool::breaker::{Clock, MonotonicClock};
    ///
    /// let clock = MonotonicClock::new();
    /// assert!(clock.now() <= clock.now());
    /// ```
    fn now(&self) -> Duration;
}

/// The system's monotonic clock: what a breaker uses unless it is given another. Starts when it is made.
///
/// ```
/// use corepool::breaker::{CircuitBreaker, MonotonicClock};
///
/// let breaker = CircuitBreaker::builder().clock(MonotonicClock::new()).build().unwrap(); // the default
/// # drop(breaker);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MonotonicClock {
    origin: Instant,
}

impl MonotonicClock {
    /// A clock that shows zero now.
    ///
    /// ```
    /// use corepool::breaker::{Clock, MonotonicClock};
    ///
    /// assert!(MonotonicClock::new().now().as_secs() < 60);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Default for MonotonicClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for MonotonicClock {
    #[inline]
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }
}

/// A breaker's own clock. The usual one is called directly, as nothing in it can panic.
pub(super) enum TimeSource {
    Monotonic(MonotonicClock),
    Custom(Contained<Box<dyn Clock>>),
}

impl TimeSource {
    /// `None` if the clock panics.
    #[inline]
    pub(super) fn now(&self) -> Option<Duration> {
        match self {
            Self::Monotonic(clock) => Some(clock.now()),
            Self::Custom(clock) => contain(|| clock.now()),
        }
    }
}

/// A clock that moves when it is told to, for tests. Clones are the same clock.
///
/// ```
/// use corepool::breaker::{CircuitBreaker, ManualClock, State};
/// use std::time::Duration;
///
/// let clock = ManualClock::new();
/// let breaker = CircuitBreaker::builder().clock(clock.clone()).build().unwrap();
/// for _ in 0..5 {
///     breaker.try_acquire().unwrap().failure();
/// }
/// assert!(breaker.try_acquire().is_err());
/// clock.advance(Duration::from_secs(30));
/// assert!(breaker.try_acquire().is_ok());
/// ```
#[derive(Clone, Default)]
pub struct ManualClock(Arc<Mutex<Duration>>);

impl ManualClock {
    /// A clock that shows zero.
    ///
    /// ```
    /// use corepool::breaker::{Clock, ManualClock};
    ///
    /// assert!(ManualClock::new().now().is_zero());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves the clock on, at most to `Duration::MAX`.
    ///
    /// ```
    /// use corepool::breaker::{Clock, ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let twin = clock.clone();
    /// clock.advance(Duration::from_millis(5));
    /// assert_eq!(twin.now(), Duration::from_millis(5));
    /// ```
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock();
        *now = now.saturating_add(by);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Duration {
        *self.0.lock()
    }
}

// Nothing panics under its lock.
impl UnwindSafe for ManualClock {}
impl RefUnwindSafe for ManualClock {}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ManualClock").field(&self.now()).finish()
    }
}
