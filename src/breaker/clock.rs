//! Where a breaker has the time from.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::base::panic::{Contained, contain};
use crate::base::sync::{AtomicU64, Ordering};

/// Tells a breaker the time. Any origin will do that is less than 584 years ago: calls that begin later are never slow. The
/// buckets of a time window are aligned to it; all else goes by differences.
///
/// A clock that goes backwards is taken to stand still, and one that panics to tell the latest time that the breaker has gone
/// by. A reading that is too far ahead is forgotten by [`reset`](super::CircuitBreaker::reset) and any other change by hand. A
/// call that cannot be timed because of a panic is not slow. It is read outside the breaker's lock, on the thread that calls.
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
    System(MonotonicClock),
    Custom(CustomClock),
}

pub(super) struct CustomClock {
    clock: Contained<Box<dyn Clock>>,
    /// The furthest that a rejection without the lock, or a step under it, has gone by, in nanoseconds.
    furthest: AtomicU64,
}

/// What was read before the lock was taken.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reading {
    /// Nothing: the system's clock can be read under the lock, if a step asks for the time at all.
    NotYet,
    /// `None`: the clock panicked.
    Read(Option<Duration>),
}

/// The time of one step under the lock.
pub(super) struct Now<'a> {
    clock: Option<&'a MonotonicClock>,
    raw: Option<Duration>,
    /// For the machine, time never goes back.
    latest: &'a mut Duration,
}

impl TimeSource {
    pub(super) fn custom(clock: impl Clock) -> Self {
        Self::Custom(CustomClock { clock: Contained::new(Box::new(clock)), furthest: AtomicU64::new(0) })
    }

    /// Reads the clock, if it is the user's, or if most steps need the time: then it is better read without the lock.
    #[inline]
    pub(super) fn read_ahead(&self, is_needed: bool) -> Reading {
        match self {
            Self::System(_) if !is_needed => Reading::NotYet,
            _ => Reading::Read(self.read()),
        }
    }

    /// As the clock tells it; `None` if it panics.
    #[inline]
    pub(super) fn read(&self) -> Option<Duration> {
        match self {
            Self::System(clock) => Some(clock.now()),
            Self::Custom(custom) => contain(|| custom.clock.now()),
        }
    }

    /// The time in nanoseconds for who does without the lock; `None` if it takes more than that.
    #[inline]
    pub(super) fn nanos(&self) -> Option<u64> {
        let now = self.read()?;
        let nanos = now.as_secs().checked_mul(1_000_000_000)?.checked_add(now.subsec_nanos().into())?;
        match self {
            Self::System(_) => Some(nanos),
            // ORDERING: Relaxed, as it orders nothing but itself.
            Self::Custom(custom) => Some(nanos.max(custom.furthest.fetch_max(nanos, Ordering::Relaxed))),
        }
    }

    /// The time of a step, under the lock.
    #[inline]
    pub(super) fn now<'a>(&'a self, reading: Reading, latest: &'a mut Duration) -> Now<'a> {
        let (clock, raw) = match (self, reading) {
            (Self::System(clock), Reading::NotYet) => (Some(clock), None),
            (_, Reading::Read(raw)) => (None, raw),
            (Self::Custom(_), Reading::NotYet) => (None, None),
        };
        *latest = self.furthest((*latest).max(raw.unwrap_or_default()));
        Now { clock, raw, latest }
    }

    /// The time for who must not change anything, under the lock.
    pub(super) fn peek(&self, raw: Option<Duration>, latest: Duration) -> Duration {
        let furthest = match self {
            Self::System(_) => Duration::ZERO,
            // ORDERING: Relaxed, see `nanos`.
            Self::Custom(custom) => Duration::from_nanos(custom.furthest.load(Ordering::Relaxed)),
        };
        latest.max(furthest).max(raw.unwrap_or_default())
    }

    /// Tells those without the lock how far time has come, and is told.
    #[inline]
    fn furthest(&self, latest: Duration) -> Duration {
        match self {
            Self::System(_) => latest,
            Self::Custom(custom) => {
                let nanos = u64::try_from(latest.as_nanos()).unwrap_or(u64::MAX);
                // ORDERING: Relaxed, see `nanos`.
                latest.max(Duration::from_nanos(custom.furthest.fetch_max(nanos, Ordering::Relaxed)))
            }
        }
    }

    /// Time goes on from `now`, under the lock, however far it had come.
    pub(super) fn forget_the_furthest(&self, now: Duration) {
        if let Self::Custom(custom) = self {
            let nanos = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
            // ORDERING: Relaxed, see `nanos`.
            custom.furthest.store(nanos, Ordering::Relaxed);
        }
    }
}

impl<'a> Now<'a> {
    /// A time that is known.
    pub(super) fn at(time: &'a mut Duration) -> Self {
        Self { clock: None, raw: Some(*time), latest: time }
    }

    #[inline]
    pub(super) fn get(&mut self) -> Duration {
        if let Some(clock) = self.clock.take() {
            let now = clock.now();
            self.raw = Some(now);
            *self.latest = now.max(*self.latest);
        }
        *self.latest
    }

    /// As the clock told it; `None` if it panicked.
    #[inline]
    pub(super) fn raw(&mut self) -> Option<Duration> {
        self.get();
        self.raw
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
