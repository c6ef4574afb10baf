//! How long the breaker stays open: the wait of each attempt.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use super::state::BreakerConfigError;
use crate::base::panic::Contained;

/// Waits that grow with every attempt, so that a dependency that stays down is asked ever more rarely.
///
/// The attempt is 1 when a closed breaker opens, one more each time its probes fail, and 1 again after it has closed. A
/// wait that would be longer than `Duration` can hold is `Duration::MAX`.
///
/// ```
/// use corepool::breaker::{Backoff, CircuitBreaker};
/// use std::time::Duration;
///
/// // 1 s, 2 s, 4 s, ..., 60 s, each shortened by up to a tenth, so that not all clients come back at once.
/// let backoff = Backoff::exponential(Duration::from_secs(1), 2.0).cap(Duration::from_secs(60)).random_jitter(0.1);
/// let breaker = CircuitBreaker::builder().open_backoff(backoff).build().unwrap();
/// # drop(breaker);
/// ```
#[derive(Clone)]
#[must_use = "a back-off does nothing until it is given to a builder"]
pub struct Backoff {
    base: Base,
    cap: Duration,
    jitter: Jitter,
}

type Function = Contained<Box<dyn Fn(u32) -> Duration + Send + Sync>>;

#[derive(Clone)]
enum Base {
    Exponential { first: Duration, factor: f64 },
    Function(Arc<Function>),
}

#[derive(Clone, Copy, Debug)]
struct Jitter {
    fraction: f64,
    /// `None` until a breaker is built with it.
    seed: Option<u64>,
}

impl Backoff {
    /// Waits `first`, then each time `factor` times as long. A factor below 1, or not finite, makes `build` fail.
    ///
    /// ```
    /// use corepool::breaker::Backoff;
    /// use std::time::Duration;
    ///
    /// let backoff = Backoff::exponential(Duration::from_secs(5), 1.5);
    /// assert_eq!(backoff.wait(2), Duration::from_millis(7_500));
    /// ```
    pub fn exponential(first: Duration, factor: f64) -> Self {
        Self::new(Base::Exponential { first, factor })
    }

    /// Waits what `wait(attempt)` says.
    ///
    /// It is asked outside the breaker's lock, once whenever the breaker opens by itself, by the call that opened it (unless
    /// that call changes the state by hand); and by [`is_call_permitted`] and [`snapshot`] where they must foresee the wait
    /// after a lease that has run out. Where it panics, the wait is `open_wait`.
    ///
    /// ```
    /// use corepool::breaker::Backoff;
    /// use std::time::Duration;
    ///
    /// let linear = Backoff::from_fn(|attempt| Duration::from_secs(10) * attempt);
    /// assert_eq!(linear.wait(3), Duration::from_secs(30));
    /// ```
    ///
    /// [`is_call_permitted`]: super::CircuitBreaker::is_call_permitted
    /// [`snapshot`]: super::CircuitBreaker::snapshot
    pub fn from_fn(wait: impl Fn(u32) -> Duration + Send + Sync + 'static) -> Self {
        Self::new(Base::Function(Arc::new(Contained::new(Box::new(wait)))))
    }

    fn new(base: Base) -> Self {
        Self { base, cap: Duration::MAX, jitter: Jitter { fraction: 0.0, seed: None } }
    }

    /// Waits at most `max`.
    ///
    /// ```
    /// use corepool::breaker::Backoff;
    /// use std::time::Duration;
    ///
    /// let backoff = Backoff::exponential(Duration::from_secs(1), 10.0).cap(Duration::from_secs(30));
    /// assert_eq!(backoff.wait(9), Duration::from_secs(30));
    /// ```
    pub fn cap(mut self, max: Duration) -> Self {
        self.cap = max;
        self
    }

    /// Shortens each wait `w` to one in `[(1 - fraction) * w, w]`, the cap's included, by a seed that each breaker draws for itself
    /// when it is built. So breakers with the same rules, in one process or in many, do not come back at the same moments. A
    /// fraction outside `[0, 1]` makes `build` fail.
    ///
    /// ```
    /// use corepool::breaker::Backoff;
    /// use std::time::Duration;
    ///
    /// let second = Duration::from_secs(1);
    /// let wait = Backoff::exponential(second, 2.0).random_jitter(0.25).wait(1);
    /// assert!(Duration::from_millis(750) <= wait && wait <= second);
    /// ```
    pub fn random_jitter(mut self, fraction: f64) -> Self {
        self.jitter = Jitter { fraction, seed: None };
        self
    }

    /// The same by a seed of your own, for waits that can be told beforehand: the seed and the attempt say which. Breakers that
    /// share a seed wait alike.
    ///
    /// ```
    /// use corepool::breaker::Backoff;
    /// use std::time::Duration;
    ///
    /// let waits = || Backoff::exponential(Duration::from_secs(1), 2.0).jitter(0.25, 7);
    /// assert_eq!(waits().wait(1), waits().wait(1));
    /// ```
    pub fn jitter(mut self, fraction: f64, seed: u64) -> Self {
        self.jitter = Jitter { fraction, seed: Some(seed) };
        self
    }

    /// With a seed, for one breaker.
    pub(super) fn seeded(mut self) -> Self {
        self.jitter.seed.get_or_insert_with(draw_seed);
        self
    }

    /// The wait of an attempt, counted from 1. With [`random_jitter`](Self::random_jitter) another one each time: a breaker has its own.
    ///
    /// # Panics
    ///
    /// If a function was given and panics.
    ///
    /// ```
    /// use corepool::breaker::Backoff;
    /// use std::time::Duration;
    ///
    /// let backoff = Backoff::exponential(Duration::from_millis(100), 3.0);
    /// let waits: Vec<_> = (1..=4).map(|attempt| backoff.wait(attempt).as_millis()).collect();
    /// assert_eq!(waits, [100, 300, 900, 2_700]);
    /// ```
    #[must_use]
    pub fn wait(&self, attempt: u32) -> Duration {
        let wait = match &self.base {
            Base::Exponential { first, factor } => exponential(*first, *factor, attempt),
            Base::Function(wait) => (**wait)(attempt),
        };
        self.jitter.shorten(wait.min(self.cap), attempt)
    }

    /// The wait of an attempt, unless that takes user code.
    pub(super) fn known_wait(&self, attempt: u32) -> Option<Duration> {
        match self.base {
            Base::Exponential { .. } => Some(self.wait(attempt)),
            Base::Function(_) => None,
        }
    }

    pub(super) fn check(&self) -> Result<(), BreakerConfigError> {
        let refuse =
            |part, value, range| Err(BreakerConfigError::OutOfRange { field: "open_backoff", part, value, range });
        match self.base {
            Base::Exponential { factor, .. } if !(1.0..f64::INFINITY).contains(&factor) => {
                refuse("factor", factor, "from 1 up")
            }
            _ if !(0.0..=1.0).contains(&self.jitter.fraction) => {
                refuse("jitter fraction", self.jitter.fraction, "from 0 to 1")
            }
            _ => Ok(()),
        }
    }
}

fn exponential(first: Duration, factor: f64, attempt: u32) -> Duration {
    if attempt <= 1 || factor == 1.0 || first.is_zero() {
        return first; // exactly, where a float would round
    }
    let seconds = first.as_secs_f64() * factor.powf(f64::from(attempt - 1));
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

impl Jitter {
    fn shorten(self, wait: Duration, attempt: u32) -> Duration {
        if self.fraction == 0.0 {
            return wait;
        }
        let share = self.fraction * unit(self.seed.unwrap_or_else(draw_seed), attempt);
        let off = Duration::try_from_secs_f64(wait.as_secs_f64() * share).unwrap_or(wait);
        wait.saturating_sub(off)
    }
}

/// std seeds its hash maps so: from the system's randomness, a different one for each.
fn draw_seed() -> u64 {
    RandomState::new().hash_one(0)
}

/// A number in [0, 1) for each attempt: SplitMix64, the generator of Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators" (2014), started at `seed` and read at `attempt`.
fn unit(seed: u64, attempt: u32) -> f64 {
    const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut z = seed.wrapping_add(GOLDEN_GAMMA.wrapping_mul(u64::from(attempt)));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    // The upper 53 bits are what an f64 holds exactly.
    (z >> 11) as f64 / (1_u64 << 53) as f64
}

impl fmt::Debug for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut backoff = f.debug_struct("Backoff");
        match &self.base {
            Base::Exponential { first, factor } => backoff.field("first", first).field("factor", factor),
            Base::Function(_) => backoff.field("wait", &"a function"),
        };
        backoff.field("cap", &self.cap).field("jitter", &self.jitter).finish()
    }
}
